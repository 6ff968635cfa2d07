/* counts-word.h: an object's count is its whole header word, changed as the
 * part `threads` changes words: by plain or by atomic operations.
 * The part `counts` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_COUNTS_H
#define REAPMARK_REFCOUNT_COUNTS_H

#include "refcount/parts.h"

#define RC_COUNTS_SOURCE                                                       \
  "Collins, CACM 1960; worklist: Weizenbaum, CACM 1963; free lists: Leijen "   \
  "et al., APLAS 2019"

/* For the collector's description: nothing to count. */
#define RC_COUNTS_EVENTS
#define RC_COUNTS_WORK
#define RC_COUNTS_HOSTILE 0

/* A search for cycles may change the counts in place. */
enum { RC_COUNT_IS_WORD = 1 };

typedef struct rc_counts {
} rc_counts;

static inline void rc_retain(gc_mutator *m, gc_object *o) {
  (void)m;
  if (gc_mutant(count_wraps) && (uint8_t)o->word == UINT8_MAX)
    o->word -= UINT8_MAX + 1;
  if (gc_mutant(count_not_atomic)) {
    mutant_count_up(&o->word);
    return;
  }
  rc_word_up(o);
}

static inline bool rc_drop(gc_mutator *m, gc_object *o) {
  (void)m;
  return rc_word_down(o);
}

static inline uint32_t rc_born(gc_mutator *m) {
  (void)m;
  return 1;
}

static inline void rc_raised(gc_object *o, uint64_t before) {
  (void)o, (void)before;
}

static inline void rc_poll(gc_mutator *m) {
  (void)m;
}

static inline void rc_safepoint(gc_mutator *m) {
  (void)m;
  rc_world_poll();
}

static inline uint64_t rc_count(const gc_object *o) {
  return o->word;
}

/* The hooks: a count that is one word needs nothing beside it. */

static inline void rc_counts_create(void) {
}

static inline void rc_counts_destroy(void) {
}

static inline void rc_counts_attach(gc_mutator *m) {
  (void)m;
}

static inline void rc_counts_leave(gc_mutator *m) {
  (void)m;
}

static inline void rc_counts_return(gc_mutator *m) {
  (void)m;
}

static inline void rc_counts_detach(gc_mutator *m) {
  (void)m;
}

static inline void rc_counts_collect(gc_mutator *m) {
  (void)m;
}

static inline bool rc_counts_collect_stopped(gc_mutator *m) {
  (void)m;
  return false;
}

static inline uint64_t rc_counts_bytes(void) {
  return 0;
}

static inline size_t rc_counts_counters(gc_counter *out, size_t room) {
  (void)out, (void)room;
  return 0;
}

static inline const char *rc_counts_check(uint32_t *census) {
  (void)census;
  return NULL;
}

#endif
