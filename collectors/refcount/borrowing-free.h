/* borrowing-free.h: a borrowing register owns no count, and taking a reference
 * moves its count.
 * The part `borrowing` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_BORROWING_H
#define REAPMARK_REFCOUNT_BORROWING_H

#include "refcount/parts.h"

static inline void rc_take(gc_mutator *m, gc_object **place, gc_object **from) {
  gc_object *o = *from;
  *from = NULL;
  if (gc_mutant(take_counts) && o)
    rc_retain(m, o);
  rc_replace(m, place, o);
}

static inline void rc_borrow(gc_mutator *m, gc_object **place, gc_object *o) {
  (void)m;
  *place = o;
}

static inline uint32_t rc_counted_registers(uint32_t owning,
                                            uint32_t borrowing) {
  (void)borrowing;
  return owning;
}

#endif
