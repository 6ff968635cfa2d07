/* acts.h: what a thread may do to an object that others use at the same time.
 *
 * Each act changes something that belongs to the object and not to the thread,
 * which other acts change as well: its header with flags and counts, its marks,
 * the lists and tables that it is in.  A change that is not atomic loses one of
 * another thread, if both act at the same moment. */
#ifndef REAPMARK_ACTS_H
#define REAPMARK_ACTS_H

#include "parts.h"

typedef enum act {
  ACT_STORE,    /* stores into a slot of its own */
  ACT_WEAK,     /* makes a weak reference to the object */
  ACT_LOOSEN,   /* drops a weak reference to it, made before */
  ACT_PAIR,     /* makes an ephemeron of which the object is the key */
  ACT_EXTERNAL, /* gives it external memory */
  ACT_HOLD,     /* takes a reference, and drops it */
  ACT_MOVE,     /* moves a reference to it into a slot of its neighbour */
  ACT_DROP,     /* drops the reference that its maker put there */
  ACT_RETIRE,   /* drops something finalizable */
  ACTS
} act;

/* The shape of what retires: no other finalizable object is there. */
#define ACT_RETIRED ((gc_shape){2, 8})

/* One of the acts that the collector can do. */
static inline act act_of(uint64_t random) {
  const gc_capabilities *can = &gc_this_collector.can;
  const act which = (act)(random % ACTS);
  if (((which == ACT_WEAK || which == ACT_LOOSEN) && !can->weak) ||
      (which == ACT_PAIR && !can->ephemerons) ||
      (which == ACT_RETIRE && !can->finalizers) ||
      (which == ACT_EXTERNAL && can->external == GC_EXTERNALS_NONE))
    return ACT_STORE;
  return which;
}

/* Whether the act is on a slot of the neighbour, as well as on the object. */
static inline bool act_needs_neighbour(act which) {
  return which == ACT_MOVE || which == ACT_DROP;
}

/* Whether the act needs a new object in `young`. */
static inline bool act_takes(act which) {
  return which == ACT_STORE || which == ACT_PAIR;
}

/* What is done before the threads meet at the object in register `o`.  Returns
 * how many objects were made.  (S) */
static inline uint64_t act_prepare(gc_mutator *m, act which, gc_reg o,
                                   gc_reg young) {
  if (which == ACT_LOOSEN)
    gc_weak_new(m, young, o);
  else if (which == ACT_MOVE)
    gc_copy(m, young, o);
  else if (which == ACT_RETIRE)
    gc_new(m, young, ACT_RETIRED, GC_FINALIZABLE);
  return which == ACT_LOOSEN || which == ACT_RETIRE;
}

/* Acts on the object in register `o`, and on its neighbour in `beside`; both
 * may be borrowing registers.  Of either the slot `slot` is the thread's own.
 * `young`, if the act takes it, goes to the object's slot, or is the value of
 * the ephemeron; dst <- the weak reference or ephemeron.  `young` is null then.
 * Returns how many objects were made.  (S) */
static inline uint64_t act_on(gc_mutator *m, act which, gc_reg o, gc_reg beside,
                              uint32_t slot, gc_reg young, gc_reg dst) {
  enum { EXTERNAL_BYTES = 24 };
  switch (which) {
  case ACT_STORE:
    gc_store_take(m, o, slot, young);
    return 0;
  case ACT_WEAK:
    gc_weak_new(m, dst, o);
    return 1;
  case ACT_LOOSEN:
  case ACT_RETIRE:
    gc_clear(m, young);
    return 0;
  case ACT_PAIR:
    gc_ephemeron_new(m, dst, o, young);
    gc_clear(m, young);
    return 1;
  case ACT_EXTERNAL:
    gc_external(m, o, EXTERNAL_BYTES);
    return 0;
  case ACT_MOVE:
    gc_store_take(m, beside, slot, young);
    return 0;
  case ACT_DROP:
    gc_store_null(m, beside, slot);
    return 0;
  default:
    gc_copy(m, young, o);
    gc_clear(m, young);
    return 0;
  }
}

/* got <- what the weak reference or ephemeron of this act in register `from`
 * leads to; returns whether its object was still there. */
static inline bool act_look(gc_mutator *m, act which, gc_reg got, gc_reg from) {
  return which == ACT_WEAK ? gc_weak_get(m, got, from)
                           : gc_ephemeron_get(m, got, from);
}

#endif
