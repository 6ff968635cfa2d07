/* threads-one.h: one thread at a time uses the heap, so header words are
 * changed by plain operations and the world needs no stopping.
 * The part `threads` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_THREADS_H
#define REAPMARK_REFCOUNT_THREADS_H

#include "common/listener.h"
#include "refcount/parts.h"

enum { RC_SHARED = 0 };
#define RC_IF_SHARED(...)

static inline void rc_word_up(gc_object *o) {
  o->word++;
}

static inline bool rc_word_down(gc_object *o) {
  return --o->word == 0;
}

static inline bool rc_has_one_count(const gc_object *o) {
  return o->word == 1;
}

static inline rc_dropped rc_word_down_or_flag(gc_object *o, uint32_t flag,
                                              void (*between)(void)) {
  (void)between;
  if (rc_word_down(o))
    return RC_DROPPED_LAST;
  return rc_meta_raise(o, flag) ? RC_DROPPED_BEFORE : RC_DROPPED_FLAGGED;
}

static inline uint32_t rc_meta(const gc_object *o) {
  return o->meta;
}

static inline uint32_t rc_meta_relaxed(const gc_object *o) {
  return o->meta;
}

static inline void rc_meta_set(gc_object *o, uint32_t flag) {
  o->meta |= flag;
}

static inline bool rc_meta_raise(gc_object *o, uint32_t flag) {
  if (o->meta & flag)
    return true;
  o->meta |= flag;
  return false;
}

static inline void rc_meta_clear(gc_object *o, uint32_t flag) {
  o->meta &= ~flag;
}

/* A weak reference's payload starts with its target (refcount.c).  Nobody can
 * be about to kill the target, so it is read and counted without a lock. */
static inline gc_object *rc_weak_read(gc_mutator *m, gc_object *weak) {
  gc_object *target = weak->slots[0];
  if (target && !gc_mutant(weak_get_uncounted))
    rc_retain(m, target);
  return target;
}

static inline void rc_lock(pthread_mutex_t *mutex) {
  (void)mutex;
}

static inline void rc_unlock(pthread_mutex_t *mutex) {
  (void)mutex;
}

static inline void rc_world_poll(void) {
}

static inline bool rc_world_stop(void) {
  listener_reclaims();
  return true;
}

static inline void rc_world_start(void) {
}

static inline void rc_report_detection(uint64_t begin_ns) {
  listener_pause(GC_PAUSE_DETECT, begin_ns);
}

static inline void rc_blocking_enter(void) {
}

static inline void rc_blocking_leave(void) {
}

#endif
