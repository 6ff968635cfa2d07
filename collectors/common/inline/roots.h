/* roots.h, a template (include it after struct gc_mutator): visits the roots of
 * a tracing collector, that is every place outside the heap that may refer to
 * an object.
 *
 * It is a template because the registers begin right after the collector's
 * struct gc_mutator, whose size only the collector's own source knows. */
#ifndef REAPMARK_COMMON_INLINE_ROOTS_H
#define REAPMARK_COMMON_INLINE_ROOTS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/finalizers.h"
#include "common/hostile/mutants.h"
#include "common/world.h"

/* Calls visit(data, place) for every waiting object of the finalizer queue from
 * number `first` on: finalizers_settled() leaves out those that were there when
 * the last collection ended.  The world is stopped.  Inlined together with
 * `visit`, which may not change the queue. */
static inline __attribute__((always_inline)) void
roots_queue(size_t first, void (*visit)(void *data, gc_object **place),
            void *data) {
  gc_object **queue = finalizers_first();
  size_t count = gc_mutant(queue_not_root) ? 0 : finalizers_count();
  finalizers_counted.visited += count > first ? count - first : 0;
  for (size_t i = first; i < count; i++)
    visit(data, &queue[i]);
}

/* The same for every root that is in no queue: global roots, thread-local
 * roots, and registers, owning and borrowing.  *place may be null; a moving
 * collector may change it. */
static inline __attribute__((always_inline)) void
roots_outside_queue(void (*visit)(void *data, gc_object **place), void *data) {
  if (!gc_mutant(globals_skipped))
    for (unsigned g = 0; g < GC_GLOBALS; g++)
      visit(data, &object_globals[g]);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    if (!gc_mutant(tls_skipped))
      for (unsigned t = 0; t < GC_TLS; t++)
        visit(data, &m->base.tls[t]);
    for (gc_reg r = 0; r + gc_mutant(last_register_skipped) < m->base.top; r++)
      visit(data, &m->reg[r]);
    if (gc_mutant(other_mutators_skipped))
      break;
  }
}

/* The same for every root. */
static inline __attribute__((always_inline)) void
roots_each(void (*visit)(void *data, gc_object **place), void *data) {
  roots_queue(0, visit, data);
  roots_outside_queue(visit, data);
}

#endif
