/* candidates-none.h: nobody searches for dead cycles, so a release does no more
 * than count.
 * The part `candidates` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_CANDIDATES_H
#define REAPMARK_REFCOUNT_CANDIDATES_H

#include "refcount/parts.h"
#include "refcount/untracked.h"

/* For the collector's description (describe.c). */
#define RC_RECLAIMS GC_RECLAIMS_ACYCLIC
#define RC_SOURCE   RC_COUNTS_SOURCE
#define RC_OPTIONS  ((const gc_option[]){{0}})

#define RC_CANDIDATES_EVENTS
#define RC_CANDIDATES_WORK
#define RC_CANDIDATES_TIGHT
#define RC_CANDIDATES_PARTIAL                                                  \
  { NULL, GC_RECLAIMS_NOTHING }
#define RC_CANDIDATES_HOSTILE 0
#define RC_EXTERNAL           GC_EXTERNALS_COUNTED

#define RC_BUFFERED 0u /* no object is a candidate */

typedef struct rc_candidates {
} rc_candidates;

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

static inline void rc_before_new(gc_mutator *m) {
  (void)m;
}

static inline void rc_candidates_create(void) {
}

static inline void rc_candidates_destroy(void) {
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

static inline void rc_candidates_collect(gc_mutator *m) {
  (void)m;
}

static inline bool rc_candidates_collect_stopped(gc_mutator *m) {
  (void)m;
  return false;
}

static inline void rc_candidates_report(gc_mutator *m, uint64_t begin_ns) {
  (void)m, (void)begin_ns;
}

static inline uint64_t rc_candidates_bytes(void) {
  return 0;
}

static inline size_t rc_candidates_counters(gc_counter *out, size_t room) {
  (void)out, (void)room;
  return 0;
}

static inline const char *rc_candidates_check(uint32_t *census) {
  (void)census;
  return NULL;
}

static inline const char *rc_candidates_check_object(const gc_object *o,
                                                     bool buffered) {
  (void)o, (void)buffered;
  return NULL;
}

#endif
