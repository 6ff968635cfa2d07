/* threads.h, a template (include it after struct gc_mutator): attaching,
 * detaching and blocking of threads in a collector whose mutators are those of
 * common/world.h.
 *
 * To be defined before, both optional:
 *   THREAD_BEGIN(m)  prepares a zeroed mutator; no collection sees it yet
 *   THREAD_END(m)    hands on to others what the mutator holds, such as its
 *                    allocation buffer.  The mutator still counts as running,
 *                    so no collection can come in between.
 *
 * A blocking mutator needs nothing done here: the world is stopped without
 * it. */
#ifndef REAPMARK_COMMON_INLINE_THREADS_H
#define REAPMARK_COMMON_INLINE_THREADS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/hostile/mutants.h"
#include "common/world.h"

#ifndef THREAD_BEGIN
#define THREAD_BEGIN(m) ((void)(m))
#endif
#ifndef THREAD_END
#define THREAD_END(m) ((void)(m))
#endif

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = world_mutator_create(heap, sizeof *m);
  if (!m)
    return NULL;
  THREAD_BEGIN(m);
  world_join(m);
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  THREAD_END(m);
  world_leave(m);
  world_mutator_destroy(m);
}

void gc_blocking_enter(gc_mutator *m) {
  if (gc_mutant(blocked_forgotten))
    world_leave(m);
  else
    world_blocking_enter();
}

void gc_blocking_leave(gc_mutator *m) {
  if (gc_mutant(blocked_forgotten))
    world_join(m);
  else
    world_blocking_leave();
}

#endif
