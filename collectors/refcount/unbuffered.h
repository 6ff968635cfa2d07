/* unbuffered.h: no object becomes a candidate when it loses a reference, so a
 * release does no more than count.  For the parts `candidates` (parts.h) that
 * search for nothing, or through lists of all containers. */
#ifndef REAPMARK_REFCOUNT_UNBUFFERED_H
#define REAPMARK_REFCOUNT_UNBUFFERED_H

#include "refcount/parts.h"

static inline void rc_release(gc_mutator *m, gc_object *o) {
  if (rc_drop(m, o))
    rc_last(m, o);
}

static inline bool rc_release_in_cascade(gc_mutator *m, gc_object *child) {
  return rc_drop(m, child);
}

static inline void rc_lent(gc_mutator *m, gc_reg r) {
  (void)m, (void)r;
}

static inline void rc_unlent(gc_mutator *m, gc_reg first, uint32_t n) {
  (void)m, (void)first, (void)n;
}

static inline void rc_before_take(gc_mutator *m, gc_reg obj, gc_reg src) {
  (void)m, (void)obj, (void)src;
}

/* The hooks. */

static inline void rc_detect_if_due(gc_mutator *m) {
  (void)m;
}

static inline void rc_candidates_attach(gc_mutator *m) {
  (void)m;
}

static inline void rc_candidates_detach(gc_mutator *m) {
  (void)m;
}

static inline void rc_candidate_died(gc_mutator *m) {
  (void)m;
}

#endif
