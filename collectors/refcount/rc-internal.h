/* rc-internal.h: what the counting core (refcount.c) and the cycle detector
 * (../refcount-cycles/cycles.c) share beyond the inline half. */
#ifndef REAPMARK_RC_INTERNAL_H
#define REAPMARK_RC_INTERNAL_H

#include "gc.h"

struct gc_heap {
  gc_listener listener;
  uint64_t cascades, cascade_freed; /* of mutators that have detached */
};

/* A cascade is timed from this many objects on.  Two clock reads cost as much
 * as freeing a few objects, so short ones, a microsecond or two, go unreported;
 * of a long one the first part is lost, the same few microseconds. */
enum { RC_CASCADE_TIMED = 128 };

/* In the tables of gc_heap_check: this object is in a candidate buffer. */
#define RC_CENSUS_CANDIDATE ((uint32_t)1 << 31)

/* Reports a pause of the calling thread that ends now. */
void rc_report(gc_heap *heap, gc_pause_kind kind, uint64_t begin_ns);

/* Clears every weak reference to an object that had one a moment ago. */
void rc_weak_clear(gc_object *target);

/* Flags of an object that other threads may be counting. */
static inline uint32_t rc_meta(const gc_object *o) {
#if RC_ATOMIC
  return (uint32_t)(__atomic_load_n(&o->header, __ATOMIC_ACQUIRE) >> 32);
#else
  return o->meta;
#endif
}

static inline void rc_meta_set(gc_object *o, uint32_t flag) {
#if RC_ATOMIC
  __atomic_fetch_or(&o->header, (uint64_t)flag << 32, __ATOMIC_RELAXED);
#else
  o->meta |= flag;
#endif
}

static inline void rc_meta_clear(gc_object *o, uint32_t flag) {
#if RC_ATOMIC
  /* To a dead object this may be the last that this thread does. */
  __atomic_fetch_and(&o->header, ~((uint64_t)flag << 32), __ATOMIC_RELEASE);
#else
  o->meta &= ~flag;
#endif
}

#if RC_CYCLES
void rc_cycles_create(const gc_config *config);
void rc_cycles_destroy(void);
/* A new mutator's candidates; a dying one's go to the heap. */
void rc_cycles_attach(gc_mutator *m);
void rc_cycles_detach(gc_mutator *m);
/* Looks for dead cycles among all candidates and frees them.  (S) */
void rc_detect(gc_mutator *m);
/* The same with the world stopped, unreported. */
void rc_detect_stopped(gc_mutator *m);
/* rc_detect if the buffer is full enough.  (S) */
void rc_detect_if_due(gc_mutator *m);
/* Drops a count and, unless it was the last, makes the object a candidate, if
 * it may be one.  Returns whether it was the last. */
bool rc_release_buffering(gc_mutator *m, gc_object *o);
/* Sets RC_CENSUS_CANDIDATE of every candidate's word in a table by granule;
 * returns what is wrong with the buffers, or NULL. */
const char *rc_cycles_check(uint32_t *census);
uint64_t rc_cycles_bytes(void);
size_t rc_cycles_counters(gc_counter *out, size_t room);
#endif

#if RC_BIASED
/* In biased.c. */
void rc_biased_create(void);
void rc_biased_destroy(void);
void rc_biased_attach(gc_mutator *m);
/* Others may merge this mutator's objects from now on, and no more. */
void rc_biased_leave(gc_mutator *m);
void rc_biased_return(gc_mutator *m);
void rc_biased_detach(gc_mutator *m);
/* Serves the queues of all.  (S) */
void rc_biased_collect(gc_mutator *m);
/* The same with the world stopped, unreported. */
void rc_biased_collect_stopped(gc_mutator *m);
uint64_t rc_biased_bytes(void);
size_t rc_biased_counters(gc_counter *out, size_t room);
const char *rc_biased_check(void);
/* How many references an object has; the world is stopped. */
uint64_t rc_biased_count(const gc_object *o);
#endif

/* The references that an object counts; nothing else runs. */
static inline uint64_t rc_count(const gc_object *o) {
#if RC_BIASED
  return rc_biased_count(o);
#else
  return o->word;
#endif
}

#if RC_LAZY
void rc_lazy_create(void);
/* Tears down dead objects of up to `budget` bytes in slots and headers; false
 * if there were none. */
bool rc_lazy_tear(gc_mutator *m, uint64_t budget);
/* The same before an allocation of `bytes` gets memory that was no object. */
void rc_lazy_pay(gc_mutator *m, size_t bytes);
uint64_t rc_lazy_torn(void);
/* What is wrong with the lists, or NULL.  `references`: by granule, how many an
 * object has from what is reachable. */
const char *rc_lazy_check(const uint32_t *references);
#endif

/* Drops a dying object's count of a child: returns whether it was the last, and
 * leaves it to the caller to bury it. */
static inline bool rc_release_in_cascade(gc_mutator *m, gc_object *child) {
#if RC_CYCLES
  /* Most have one count: they need no look at the buffers. */
  if (!RC_ATOMIC && child->word == 1)
    return rc_drop(m, child);
  return rc_release_buffering(m, child);
#else
  return rc_drop(m, child);
#endif
}

#endif
