/* fake.h: the inline half of a collector for tests of the harness.
 *
 * It takes objects from malloc and never frees one before the heap ends, so
 * its behaviour is known to the last object; and it misbehaves on request.
 * Options (--option NAME=VALUE), all 0 by default:
 *
 *   crash=1   abort in gc_collect
 *   hang=1    never return from gc_collect
 *   exit=N    end the process with status N in gc_collect, after a last line on
 *             stderr ("fake: gave up")
 *   lose=N    claim N objects fewer than there are
 *   leak=N    claim N objects more than there are
 *   pause=N   make and report a pause of N ns at every gc_safepoint
 *   future=N  report pauses that end N ns after the report
 *   backwards=1
 *             report pauses that end before they begin
 *   hidden=N  hold N bytes that are in no footprint
 *   stall=N   keep every 128th gc_safepoint for N ns of CPU time, and report
 *             nothing
 *   helper=N  in every gc_safepoint, wait busily until a thread of the
 *             collector's own has run for N ns; report that as a pause
 *   placed=1  that thread calls gc_helper_thread
 *   broken=1  claim a broken invariant in gc_heap_check
 *
 * It declares that it reclaims nothing, has threads, weak references and
 * finalizers, and honours a heap limit (of nominal bytes). */
#ifndef REAPMARK_FAKE_H
#define REAPMARK_FAKE_H

#include "gc.h"

typedef struct fake_object {
  struct fake_object *next; /* of all objects */
  uint32_t slots, bytes;
  struct fake_object *slot[]; /* then the payload */
} fake_object;

struct gc_mutator {
  gc_heap *heap;
  uint32_t top;
  fake_object *tls[GC_TLS];
  fake_object *reg[GC_REGISTERS];
};
#define GC_MUTATOR_DEFINED

extern fake_object *fake_globals[GC_GLOBALS];

/* A new object, or NULL if the limit is reached. */
fake_object *fake_new(gc_mutator *m, gc_shape shape);

void fake_safepoint(gc_mutator *m);

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  gc_reg frame = m->top;
  m->top += owning + borrowing;
  for (uint32_t r = frame; r < m->top; r++)
    m->reg[r] = NULL;
  return frame;
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  (void)owning, (void)borrowing;
  m->top = frame;
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  (void)flags;
  fake_object *o = fake_new(m, shape);
  if (o)
    m->reg[dst] = o;
  return o != NULL;
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  m->reg[dst] = m->reg[obj]->slot[i];
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  m->reg[obj]->slot[i] = m->reg[src];
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  m->reg[obj]->slot[i] = NULL;
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  fake_object *o = m->reg[obj];
  return &o->slot[o->slots];
}

/* Nothing dies, so that no weak reference is ever cleared, and nothing is
 * finalized. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  fake_object *o = fake_new(m, (gc_shape){1, 16});
  if (!o)
    return false;
  o->slot[0] = m->reg[target];
  m->reg[dst] = o;
  return true;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  gc_load(m, dst, weak, 0);
  return true;
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  (void)m, (void)dst;
  return false;
}

static inline void gc_safepoint(gc_mutator *m) {
  fake_safepoint(m);
}

#define ROOT_NULL    NULL
#define ROOT_GLOBALS fake_globals
#include "common/inline/root-operations.h"

#endif
