/* borrowing-counted.h: every register owns a count, and taking is copying and
 * clearing: what counting costs without knowing who owns a reference.
 * The part `borrowing` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_BORROWING_H
#define REAPMARK_REFCOUNT_BORROWING_H

#include "refcount/parts.h"

static inline void rc_take(gc_mutator *m, gc_object **place, gc_object **from) {
  rc_assign(m, place, *from);
  rc_replace(m, from, NULL);
}

static inline void rc_borrow(gc_mutator *m, gc_object **place, gc_object *o) {
  rc_assign(m, place, o);
}

static inline uint32_t rc_counted_registers(uint32_t owning,
                                            uint32_t borrowing) {
  return owning + borrowing;
}

#endif
