/* candidates-none.h: nobody searches for dead cycles, so a release does no more
 * than count.
 * The part `candidates` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_CANDIDATES_H
#define REAPMARK_REFCOUNT_CANDIDATES_H

#include "refcount/parts.h"
#include "refcount/unbuffered.h"
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

/* The hooks. */

static inline void rc_before_new(gc_mutator *m) {
  (void)m;
}

static inline void rc_candidates_create(void) {
}

static inline void rc_candidates_destroy(void) {
}

static inline void rc_candidates_collect(gc_mutator *m) {
  (void)m;
}

static inline bool rc_candidates_collect_stopped(gc_mutator *m) {
  (void)m;
  return false;
}

static inline void rc_candidates_report(uint64_t begin_ns) {
  (void)begin_ns;
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
