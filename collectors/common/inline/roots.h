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

/* Calls visit(data, place) for every root: global roots, the finalizer queue,
 * thread-local roots, and registers, owning and borrowing.  *place may be null;
 * a moving collector may change it.  The world is stopped.  Inlined together
 * with `visit`. */
static inline __attribute__((always_inline)) void
roots_each(void (*visit)(void *data, gc_object **place), void *data) {
  if (!gc_mutant(globals_skipped))
    for (unsigned g = 0; g < GC_GLOBALS; g++)
      visit(data, &object_globals[g]);
  if (!gc_mutant(queue_not_root))
    for (size_t i = 0; i < finalizers_count(); i++)
      visit(data, &finalizers_first()[i]);
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

#endif
