/* threads-many.h: several threads share objects, so header words are changed by
 * atomic operations, and whoever searches the heap stops the world first.
 * The part `threads` of a counting collector (parts.h).
 *
 * Flags and count are one 64-bit word and change together.  A thread that has
 * dropped a count may not touch the object again: another thread may drop the
 * last count and free the object at once. */
#ifndef REAPMARK_REFCOUNT_THREADS_H
#define REAPMARK_REFCOUNT_THREADS_H

#include "common/pause.h"
#include "refcount/parts.h"

enum { RC_SHARED = 1 };
#define RC_IF_SHARED(...) __VA_ARGS__

static inline void rc_word_up(gc_object *o) {
  __atomic_fetch_add(&o->header, 1, __ATOMIC_RELAXED);
}

static inline bool rc_word_down(gc_object *o) {
  uint64_t old = __atomic_fetch_sub(&o->header, 1, __ATOMIC_ACQ_REL);
  return (uint32_t)old == 1;
}

static inline bool rc_has_one_count(const gc_object *o) {
  (void)o;
  return false;
}

static inline rc_dropped rc_word_down_or_flag(gc_object *o, uint32_t flag,
                                              void (*between)(void)) {
  const uint64_t mark = (uint64_t)flag << 32;
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_RELAXED), dropped;
  bool last;
  if (gc_mutant(flagged_after_drop)) {
    if (rc_word_down(o))
      return RC_DROPPED_LAST;
    return rc_meta_raise(o, flag) ? RC_DROPPED_BEFORE : RC_DROPPED_FLAGGED;
  }
  do {
    if (header & mark)
      return rc_word_down(o) ? RC_DROPPED_LAST : RC_DROPPED_BEFORE;
    if (between)
      between();
    last = (uint32_t)header == 1;
    dropped = last ? header - 1 : (header - 1) | mark;
  } while (!__atomic_compare_exchange_n(&o->header, &header, dropped, true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  return last ? RC_DROPPED_LAST : RC_DROPPED_FLAGGED;
}

static inline uint32_t rc_meta(const gc_object *o) {
  return (uint32_t)(__atomic_load_n(&o->header, __ATOMIC_ACQUIRE) >> 32);
}

static inline uint32_t rc_meta_relaxed(const gc_object *o) {
  return (uint32_t)(__atomic_load_n(&o->header, __ATOMIC_RELAXED) >> 32);
}

static inline void rc_meta_set(gc_object *o, uint32_t flag) {
  if (gc_mutant(flag_set_not_atomic)) {
    o->meta |= flag;
    return;
  }
  __atomic_fetch_or(&o->header, (uint64_t)flag << 32, __ATOMIC_RELAXED);
}

static inline bool rc_meta_raise(gc_object *o, uint32_t flag) {
  const uint64_t mark = (uint64_t)flag << 32;
  if (gc_mutant(flag_raise_not_atomic)) {
    const uint32_t before = o->meta;
    o->meta = before | flag;
    return before & flag;
  }
  return __atomic_fetch_or(&o->header, mark, __ATOMIC_RELAXED) & mark;
}

static inline void rc_meta_clear(gc_object *o, uint32_t flag) {
  /* Release: this may be the last that the thread does to a dead object. */
  __atomic_fetch_and(&o->header, ~((uint64_t)flag << 32), __ATOMIC_RELEASE);
}

static inline gc_object *rc_weak_read(gc_mutator *m, gc_object *weak) {
  (void)m;
  return rc_weak_get(weak);
}

static inline void rc_lock(pthread_mutex_t *mutex) {
  pthread_mutex_lock(mutex);
}

static inline void rc_unlock(pthread_mutex_t *mutex) {
  pthread_mutex_unlock(mutex);
}

static inline void rc_world_poll(void) {
  world_poll();
}

static inline bool rc_world_stop(void) {
  return pause_try();
}

static inline void rc_world_start(void) {
  pause_end();
}

static inline void rc_report_detection(uint64_t begin_ns) {
  (void)begin_ns;
}

static inline void rc_blocking_enter(void) {
  world_blocking_enter();
}

static inline void rc_blocking_leave(void) {
  world_blocking_leave();
}

#endif
