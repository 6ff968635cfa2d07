/* roots.h: where a tracing collector begins: every place outside the heap that
 * may refer to an object.  The world is stopped (world.h). */
#ifndef REAPMARK_COMMON_ROOTS_H
#define REAPMARK_COMMON_ROOTS_H

#include "common/finalizers.h"
#include "common/hostile/mutants.h"
#include "common/world.h"

/* Calls visit(data, place) for every root: the global ones, the queue of
 * objects that wait for their finalizer, thread-local ones, and registers of
 * every kind.  A place may be null; a moving collector changes it.
 *
 * The registers of a mutator begin right after its struct, whose size only the
 * collector's own source knows; so this is to be included after it, and is
 * inlined there together with `visit`.  `mutable`: the bugs of mutants.h may be
 * in it; a check walks without them. */
static inline __attribute__((always_inline)) void
roots_walk(void (*visit)(void *data, gc_object **place), void *data,
           bool mutable) {
  if (!mutable || !gc_mutant(globals_skipped))
    for (unsigned g = 0; g < GC_GLOBALS; g++)
      visit(data, &object_globals[g]);
  if (!mutable || !gc_mutant(queue_not_root))
    for (size_t i = 0; i < finalizers_count(); i++)
      visit(data, &finalizers_first()[i]);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    if (!mutable || !gc_mutant(tls_skipped))
      for (unsigned t = 0; t < GC_TLS; t++)
        visit(data, &m->base.tls[t]);
    gc_reg missed = mutable && gc_mutant(last_register_skipped);
    for (gc_reg r = 0; r + missed < m->base.top; r++)
      visit(data, &m->reg[r]);
    if (mutable && gc_mutant(other_mutators_skipped))
      break;
  }
}

static inline __attribute__((always_inline)) void
roots_each(void (*visit)(void *data, gc_object **place), void *data) {
  roots_walk(visit, data, true);
}

#endif
