/* marking.c: see marking.h. */
#include "common/marking.h"

void marking_scan(marking *k, gc_object *o) {
  uint32_t slots = marking_slots(o);
  for (gc_object **slot = o->slots, **end = slot + slots; slot < end; slot++)
    if (*slot)
      marking_push(k, *slot);
}
