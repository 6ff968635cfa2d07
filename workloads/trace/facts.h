/* facts.h: what the figures of a prepared trace say of the workload that
 * replays the trace, here and in runtimes that cannot be embedded. */
#ifndef REAPMARK_TRACE_FACTS_H
#define REAPMARK_TRACE_FACTS_H

#include "harness/trace/prepared.h"
#include "workload.h"

/* The parts of the interface that the trace uses, WL_NEEDS_... */
static inline unsigned trace_needs(const trace_prepared *is) {
  return (is->mutators > 1 ? WL_NEEDS_THREADS : 0) |
         (is->weak ? WL_NEEDS_WEAK : 0) |
         (is->ephemerons ? WL_NEEDS_EPHEMERONS : 0) |
         (is->finalizable ? WL_NEEDS_FINALIZERS : 0) |
         (is->external ? WL_NEEDS_EXTERNAL : 0);
}

/* What the trace holds and allocates, for sizes of heaps. */
static inline wl_volume trace_volume(const trace_prepared *is) {
  return (wl_volume){
      .live = is->live, .cyclic = is->cyclic, .allocated = is->bytes};
}

#endif
