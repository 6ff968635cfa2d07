/* marking.c: see marking.h. */
#include "common/marking.h"
#include "common/hostile/hostile.h"

uint64_t marking_most = 0;

marking marking_init(uint64_t *marks) {
  size_t most = hostile.buffers ? hostile.buffers : (size_t)marking_most;
  return (marking){.marks = marks, .stack.most = most};
}

void marking_scan(marking *k, gc_object *o, bool beside) {
  uint32_t slots = marking_slots(o);
  for (gc_object **slot = o->slots, **end = slot + slots; slot < end; slot++) {
    gc_object *to = marking_load(slot, beside);
    if (to && marking_mark(k->marks, k->others, to, beside))
      marking_queue(k, to);
  }
}
