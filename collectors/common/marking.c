/* marking.c: see marking.h. */
#include "common/marking.h"
#include "common/hostile/hostile.h"

uint64_t marking_most = 0;

/* Those of helpers, by number; 0 is not used.  Zero while there are none. */
static marking marking_helpers[MARKERS_MOST];

static bool marking_is_helper(const marking *k) {
  return k >= marking_helpers && k < marking_helpers + MARKERS_MOST;
}

marking marking_init(uint64_t *marks) {
  size_t most = hostile.buffers ? hostile.buffers : (size_t)marking_most;
  return (marking){.marks = marks, .stack.most = most};
}

void marking_scan(marking *k, gc_object *o, marking_mode mode) {
  uint32_t slots = marking_slots(o);
  for (gc_object **slot = o->slots, **end = slot + slots; slot < end; slot++) {
    gc_object *to = marking_load(slot, mode);
    if (!to || !marking_mark(k->marks, k->others, to, mode))
      continue;
    if (gc_mutant(helper_overflow_lost) && mode == MARKING_SHARED &&
        marking_is_helper(k))
      (void)object_push(&k->stack, to);
    else
      marking_queue(k, to);
  }
}

/* ------------------------------------------------------------------------- *
 * Several markers.
 * ------------------------------------------------------------------------- */

void marking_begin(const marking *k, void (*work)(unsigned number)) {
  for (unsigned n = 1; n < markers_most(); n++) {
    marking_helpers[n].marks = k->marks;
    marking_helpers[n].stack.most = k->stack.most;
  }
  markers_begin(work);
}

marking *marking_helper(unsigned number) {
  return &marking_helpers[number];
}

void marking_end(marking *k) {
  for (unsigned n = 1; n < markers_most(); n++) {
    marking *helper = &marking_helpers[n];
    k->scanned += helper->scanned;
    markers_counted.scanned += helper->scanned;
    k->turns += helper->turns;
    k->rescans += helper->rescans;
    helper->scanned = helper->turns = helper->rescans = 0;
    object_stack_rest(&helper->stack);
  }
}

uint64_t marking_helpers_bytes(void) {
  uint64_t bytes = 0;
  for (unsigned n = 1; n < MARKERS_MOST; n++)
    bytes += object_stack_bytes(&marking_helpers[n].stack);
  return bytes;
}

void marking_helpers_free(void) {
  markers_destroy();
  for (unsigned n = 1; n < MARKERS_MOST; n++) {
    object_stack_free(&marking_helpers[n].stack);
    marking_helpers[n] = (marking){0};
  }
}

bool marking_can_give(const marking *k) {
  return markers_have_many(&k->stack, k->ends) || cells_any_flagged();
}

void marking_give(marking *k) {
  if (markers_have_many(&k->stack, k->ends))
    markers_give(&k->stack, &k->ends);
  else if (cells_any_flagged())
    markers_call();
}

/* What a stack without room refuses is flagged. */
int marking_take(marking *k) {
  gc_object *taken[MARKERS_POOL];
  unsigned number = marking_is_helper(k) ? (unsigned)(k - marking_helpers) : 0;
  int n = markers_take(number, taken, MARKERS_POOL, cells_any_flagged);
  for (int i = 0; i < n; i++)
    marking_queue(k, taken[i]);
  return n > 0 ? 1 : n == MARKERS_ELSEWHERE ? -1 : 0;
}
