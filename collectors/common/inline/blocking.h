/* blocking.h: gc_blocking_enter and gc_blocking_leave of a collector that has
 * nothing to do about a mutator's blocking stretch: the world is stopped
 * without it.  To be included by the collector's .c, after its header. */
#ifndef REAPMARK_COMMON_BLOCKING_H
#define REAPMARK_COMMON_BLOCKING_H

#include "common/hostile/mutants.h"
#include "common/world.h"

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
