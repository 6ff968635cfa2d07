/* list-drop by hand (workloads/list-drop.c). */
#include "list-drop.h"

typedef struct element {
  HAND_HEAD struct element *next;
  uint64_t payload[];
} element;

static hand_type elements;
static element *list; /* a root */

__attribute__((noinline)) static void build(wl_thread *t, const uint64_t *p) {
  uint64_t pending = 0;
  for (uint64_t i = p[LENGTH]; i > 0; i--) {
    element *n = hand_new(&elements);
    n->next = list;
    stamp_words(n->payload, p[PAYLOAD], i - 1);
    hand_built(n);
    list = n;
    if (++pending == STEP_NODES || i == 1) {
      wl_step(t, BUILD, pending);
      pending = 0;
    }
  }
}

__attribute__((noinline)) static void drop(void) {
  element *first = list;
  list = NULL;
  if (!GC_EXPLICIT_FREE) {
    hand_drop(first);
    return;
  }
  while (first) {
    element *next = first->next;
    hand_free(first);
    first = next;
  }
}

static bool whole(const uint64_t *p) {
  uint64_t i = 0;
  const element *n = list;
  while (n && n->payload[0] == i && stamp_words_whole(n->payload, p[PAYLOAD])) {
    n = n->next;
    i++;
  }
  return !n && i == p[LENGTH];
}

static void run(wl_thread *t) {
  const uint64_t *p = t->run->params;
  const uint64_t all = (p[ROUNDS] + 1) * p[LENGTH];
  hand_type_begin(&elements, 1, sizeof(element) + p[PAYLOAD] / 8 * 8);
  hand_root(&list, 1);

  wl_begin(t);
  for (uint64_t i = 0; i < p[ROUNDS]; i++) {
    build(t, p);
    drop();
    wl_step(t, DROP, 0);
  }
  build(t, p);
  wl_end(t);

  wl_check(t, whole(p), "the list is damaged");
  wl_expect(t, (wl_expectation){.live = p[LENGTH], .allocated = all});
  drop();
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_list_drop = {LIST_DROP_DESCRIPTION, .run = run};
