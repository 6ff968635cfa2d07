/* broken.h: the inline half of mark-sweep with one of several faults, for tests
 * of the comparisons that are to find them.  What is defined here takes the
 * place of the operation in whatever is compiled against this header. */
#ifndef REAPMARK_TESTS_BROKEN_H
#define REAPMARK_TESTS_BROKEN_H

#include "mark-sweep/mark-sweep.h"
#include <signal.h>

typedef enum broken_fault {
  BROKEN_NOTHING,
  BROKEN_STORE,     /* a store is forgotten */
  BROKEN_SLOT,      /* every store into slot number broken_slot is */
  BROKEN_PAYLOAD,   /* a new object overlaps the payload of another */
  BROKEN_ROOT,      /* a thread-local root that is cleared stays */
  BROKEN_WEAK,      /* a weak reference is cleared although its target lives */
  BROKEN_STALE,     /* one is not cleared, although the target is dead */
  BROKEN_FORGOTTEN, /* an object is not handed out for finalization */
  BROKEN_CHECK,     /* the collector finds itself broken */
  BROKEN_BETWEEN,   /* it does so unless it has just collected */
  BROKEN_LIMIT,     /* an allocation fails with room left */
  BROKEN_FOOTPRINT, /* the heap holds half as much again as its limit */
  BROKEN_CRASH
} broken_fault;

extern broken_fault broken;
extern uint64_t broken_stores; /* made */
extern uint32_t broken_slot;

/* Whether it is time for the fault: now and then, but not at once. */
static inline bool broken_now(broken_fault fault, unsigned every) {
  static unsigned count;
  return broken == fault && ++count % every == 0;
}

static inline void broken_store(gc_mutator *m, gc_reg obj, uint32_t i,
                                gc_reg src) {
  broken_stores++;
  if (broken_now(BROKEN_CRASH, 100))
    raise(SIGSEGV); /* a null pointer's store would be UBSan's first */
  if (!broken_now(BROKEN_STORE, 100) &&
      !(broken == BROKEN_SLOT && i == broken_slot))
    gc_store(m, obj, i, src);
}

static inline bool broken_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                                  unsigned flags) {
  static uint64_t *victim;
  if (broken_now(BROKEN_LIMIT, 100) || !gc_try_new(m, dst, shape, flags))
    return false;
  if (broken == BROKEN_PAYLOAD && shape.bytes >= 8) {
    if (broken_now(BROKEN_PAYLOAD, 50) && victim)
      *victim ^= 1;
    victim = gc_payload(m, dst);
  }
  return true;
}

static inline void broken_tls_clear(gc_mutator *m, uint32_t t) {
  if (broken != BROKEN_ROOT)
    gc_tls_clear(m, t);
}

/* The last object that was got, kept from sight. */
static inline bool broken_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  if (broken_now(BROKEN_WEAK, 5)) {
    gc_clear(m, dst);
    return false;
  }
  bool got = gc_weak_get(m, dst, weak);
  if (broken == BROKEN_STALE && !got) {
    gc_reg temp = gc_frame_enter(m, 1, 0);
    if (!gc_try_new(m, temp, (gc_shape){0, 8}, GC_PLAIN))
      return false;
    *(uint64_t *)gc_payload(m, temp) = 0;
    gc_move(m, dst, temp);
    gc_frame_leave(m, temp, 1, 0);
    return true;
  }
  return got;
}

static inline bool broken_finalizer_next(gc_mutator *m, gc_reg dst) {
  if (broken_now(BROKEN_FORGOTTEN, 20) && gc_finalizer_next(m, dst))
    gc_clear(m, dst);
  return gc_finalizer_next(m, dst);
}

#define gc_store          broken_store
#define gc_try_new        broken_try_new
#define gc_tls_clear      broken_tls_clear
#define gc_weak_get       broken_weak_get
#define gc_finalizer_next broken_finalizer_next

#endif
