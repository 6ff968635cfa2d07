/* death-now.h: a dead object is torn down at once, with everything that dies
 * with it (cascade.c).
 * The part `death` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_DEATH_H
#define REAPMARK_REFCOUNT_DEATH_H

#include "refcount/parts.h"

/* For the collector's description: cascades are counted by refcount.c. */
#define RC_DEATH_EVENTS "cascades",
#define RC_DEATH_WORK   "cascade-freed",

static inline void rc_last(gc_mutator *m, gc_object *o) {
  rc_dead(m, o);
}

static inline gc_object *rc_reuse(gc_mutator *m, size_t bytes) {
  (void)m, (void)bytes;
  return NULL;
}

/* The hooks: no dead object is ever left to be torn down. */

static inline void rc_death_create(void) {
}

static inline void rc_death_pay(gc_mutator *m, size_t bytes) {
  (void)m, (void)bytes;
}

static inline bool rc_death_make_room(gc_mutator *m, size_t bytes) {
  (void)m, (void)bytes;
  return false;
}

static inline void rc_death_collect(gc_mutator *m) {
  (void)m;
}

static inline size_t rc_death_counters(gc_counter *out, size_t room) {
  (void)out, (void)room;
  return 0;
}

static inline const char *rc_death_check(uint32_t *census) {
  (void)census;
  return NULL;
}

#endif
