/* cycles by hand (workloads/cycles.c).  The live table is one array. */
#include "cycles.h"

typedef struct part {
  HAND_HEAD struct part *slot[0]; /* the payload follows */
} part;

static hand_type parts;
static part *
    *table; /* outside the heap, and never freed: its elements are roots */

typedef struct maker {
  wl_thread *t;
  uint64_t size, payload;
  uint32_t slots;
  uint64_t pending; /* parts made since the last step */
} maker;

static inline uint64_t *words(const part *n, const maker *k) {
  return (uint64_t *)&n->slot[k->slots];
}

static inline part *new_part(maker *k, uint64_t id) {
  part *n = hand_new(&parts);
  for (uint32_t i = 0; i < k->slots; i++)
    n->slot[i] = NULL;
  stamp_words(words(n, k), k->payload, id);
  hand_built(n);
  if (++k->pending == STEP_NODES) {
    wl_step(k->t, CHURN, k->pending);
    k->pending = 0;
  }
  return n;
}

static part *make_chain(maker *k, uint64_t id, bool closed, bool linked_back) {
  part *first = new_part(k, id), *tail = first;
  for (uint64_t i = 1; i < k->size; i++) {
    part *n = new_part(k, id + i);
    if (linked_back)
      n->slot[PREVIOUS] = hand_share(tail);
    tail->slot[NEXT] = n;
    tail = n;
  }
  if (closed)
    tail->slot[NEXT] = hand_share(first);
  return first;
}

static part *make_tree(maker *k, uint64_t size, uint64_t id, bool linked_back) {
  const uint64_t sizes[] = {size / 2, size - 1 - size / 2};
  part *top = new_part(k, id++);
  for (uint32_t side = LEFT; side <= RIGHT; side++) {
    if (sizes[side] == 0)
      continue;
    part *child = make_tree(k, sizes[side], id, linked_back);
    if (linked_back)
      child->slot[PARENT] = hand_share(top);
    top->slot[side] = child;
    id += sizes[side];
  }
  return top;
}

static part *make_clique(maker *k, uint64_t id, bool both) {
  part *first = new_part(k, id);
  for (uint64_t i = 1; i < k->size; i++)
    first->slot[edge(0, i)] = new_part(k, id + i);
  for (uint64_t i = 1; i < k->size; i++) {
    part *from = first->slot[edge(0, i)];
    if (both)
      from->slot[edge(i, 0)] = hand_share(first);
    for (uint64_t j = both ? 1 : i + 1; j < k->size; j++)
      if (j != i)
        from->slot[edge(i, j)] = hand_share(first->slot[edge(0, j)]);
  }
  return first;
}

static part *make(maker *k, uint64_t shape, uint64_t id, bool cyclic) {
  switch (shape) {
  case RING:
    return make_chain(k, id, cyclic, false);
  case LIST:
    return make_chain(k, id, false, cyclic);
  case TREE:
    return make_tree(k, k->size, id, cyclic);
  default:
    return make_clique(k, id, cyclic);
  }
}

/* ------------------------------------------------------------------------- *
 * Death.
 * ------------------------------------------------------------------------- */

static void free_tree(part *top, uint64_t size) {
  const uint64_t sizes[] = {size / 2, size - 1 - size / 2};
  for (uint32_t side = LEFT; side <= RIGHT; side++)
    if (sizes[side])
      free_tree(top->slot[side], sizes[side]);
  hand_free(top);
}

static void free_chain(part *n, uint64_t size) {
  for (uint64_t i = 0; i < size; i++) {
    part *next = n->slot[NEXT];
    hand_free(n);
    n = next;
  }
}

static void free_clique(part *first, uint64_t size) {
  for (uint64_t i = 1; i < size; i++)
    hand_free(first->slot[edge(0, i)]);
  hand_free(first);
}

static void drop(const maker *k, uint64_t shape, part *first) {
  if (!first)
    return;
  if (!GC_EXPLICIT_FREE)
    hand_drop(first);
  else if (shape == TREE)
    free_tree(first, k->size);
  else if (shape == CLIQUE)
    free_clique(first, k->size);
  else
    free_chain(first, k->size);
}

/* ------------------------------------------------------------------------- *
 * Checking what is alive in the end.
 * ------------------------------------------------------------------------- */

static bool part_is(const part *n, const maker *k, uint64_t id) {
  return n && *words(n, k) == id && stamp_words_whole(words(n, k), k->payload);
}

static bool chain_whole(const part *first, const maker *k, uint64_t id,
                        bool closed, bool linked_back) {
  const part *n = first;
  for (uint64_t i = 0; i < k->size; i++) {
    const bool last = i + 1 == k->size;
    if (!part_is(n, k, id + i) ||
        (last && n->slot[NEXT] != (closed ? first : NULL)) ||
        (!last && linked_back && n->slot[NEXT] &&
         n->slot[NEXT]->slot[PREVIOUS] != n))
      return false;
    n = n->slot[NEXT];
  }
  return true;
}

static bool tree_is_whole(const part *top, const maker *k, uint64_t size,
                          uint64_t id, bool linked_back) {
  const uint64_t sizes[] = {size / 2, size - 1 - size / 2};
  if (!part_is(top, k, id++))
    return false;
  for (uint32_t side = LEFT; side <= RIGHT; side++) {
    const part *child = top->slot[side];
    if (!child != !sizes[side])
      return false;
    if (!child)
      continue;
    if (child->slot[PARENT] != (linked_back ? top : NULL) ||
        !tree_is_whole(child, k, sizes[side], id, linked_back))
      return false;
    id += sizes[side];
  }
  return true;
}

static bool clique_whole(const part *first, const maker *k, uint64_t id,
                         bool both) {
  if (!part_is(first, k, id))
    return false;
  for (uint64_t i = 0; i < k->size; i++) {
    const part *from = i ? first->slot[edge(0, i)] : first;
    for (uint64_t j = 0; j < k->size; j++)
      if (j != i && (both || j > i ? !part_is(from->slot[edge(i, j)], k, id + j)
                                   : from->slot[edge(i, j)] != NULL))
        return false;
  }
  return true;
}

static bool whole(const maker *k, uint64_t shape, const part *first,
                  uint64_t id, bool cyclic) {
  switch (shape) {
  case RING:
    return chain_whole(first, k, id, cyclic, false);
  case LIST:
    return chain_whole(first, k, id, false, cyclic);
  case TREE:
    return tree_is_whole(first, k, k->size, id, cyclic);
  default:
    return clique_whole(first, k, id, cyclic);
  }
}

/* ------------------------------------------------------------------------- */

static void pass(maker *k) {
  wl_step(k->t, CHURN, k->pending);
  k->pending = 0;
}

/* With a frame of its own, which has ended when the survivors are counted. */
__attribute__((noinline)) static void replace_all(maker *k, const uint64_t *p,
                                                  uint64_t round,
                                                  const uint32_t *order) {
  const bool big = k->size >= STEP_NODES / 2;
  for (uint64_t i = 0; i < p[LIVE]; i++) {
    uint64_t place = order[i];
    part *fresh = make(k, p[SHAPE], (round * p[LIVE] + place) * k->size,
                       place_is_cyclic(p, place));
    if (big)
      pass(k);
    part *old = table[place];
    table[place] = fresh;
    drop(k, p[SHAPE], old);
    if (big)
      wl_step(k->t, DROP, 0);
  }
}

__attribute__((noinline)) static void drop_all(const maker *k,
                                               const uint64_t *p) {
  for (uint64_t place = 0; place < p[LIVE]; place++) {
    part *old = table[place];
    table[place] = NULL;
    drop(k, p[SHAPE], old);
  }
}

static void run(wl_thread *t) {
  const uint64_t *p = t->run->params;
  const uint64_t live = p[LIVE], rounds = p[ROUNDS], size = p[SIZE];
  const gc_shape shape = node_shape(p);
  maker k = {.t = t, .size = size, .payload = p[PAYLOAD], .slots = shape.slots};
  uint32_t *order = order_new(live);
  table = own_memory(live, sizeof *table);
  hand_type_begin(&parts, shape.slots,
                  sizeof(part) + shape.slots * sizeof(part *) +
                      p[PAYLOAD] / 8 * 8);
  hand_root(table, live);

  for (uint64_t round = 0; round <= rounds; round++) {
    pass(&k);
    order_shuffle(t, order, live);
    if (round == 1)
      wl_begin(t);
    wl_skip(t);
    replace_all(&k, p, round, order);
  }
  pass(&k);
  wl_end(t);

  for (uint64_t place = 0; place < live; place++)
    wl_check(t,
             whole(&k, p[SHAPE], table[place], (rounds * live + place) * size,
                   place_is_cyclic(p, place)),
             "structure %llu is damaged", (unsigned long long)place);
  const uint64_t cyclic = cyclic_places(p) * size;
  const uint64_t all = live * (rounds + 1) * size;
  wl_expect(t, (wl_expectation){.live = live * size,
                                .cyclic = rounds * cyclic,
                                .allocated = all});
  drop_all(&k, p);
  wl_expect(
      t, (wl_expectation){.cyclic = (rounds + 1) * cyclic, .allocated = all});
  free(order);
}

const workload workload_cycles = {CYCLES_DESCRIPTION, .run = run};
