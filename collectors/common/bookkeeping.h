/* bookkeeping.h: the memory beside the heap that every tracing collector needs,
 * whatever its heap is divided into: the lists of weak references and
 * finalizable objects (tracked.h), of ephemerons (ephemerons.h) and of external
 * memory (owned.h), the finalizer queue (finalizers.h), the tables of bags
 * (stack.h), the global roots. */
#ifndef REAPMARK_COMMON_BOOKKEEPING_H
#define REAPMARK_COMMON_BOOKKEEPING_H

#include "gc.h"
#include "common/ephemerons.h"
#include "common/finalizers.h"
#include "common/owned.h"
#include "common/tracked.h"

/* What happened to weak references, ephemerons, finalizable objects and
 * external memory, as counters of gc_heap_counters; those that are events, and
 * those that are work (gc.h). */
#define BOOKKEEPING_COUNTERS                                                   \
  {"weak-cleared", tracked_counted.cleared},                                   \
      {"ephemerons-cleared", ephemerons_counted.cleared},                      \
      {"ephemerons-visited", ephemerons_counted.visited},                      \
      {"finalizers-queued", finalizers_counted.queued},                        \
      {"finalizers-taken", finalizers_counted.taken},                          \
      {"tracked-visited", tracked_counted.visited},                            \
      {"queue-visited", finalizers_counted.visited},                           \
      {"external-visited", owned.visited}, {"external-due", external.due},     \
      EXTERNAL_COUNTERS
#define BOOKKEEPING_EVENTS                                                     \
  "weak-cleared", "ephemerons-cleared", "finalizers-queued",                   \
      "finalizers-taken", EXTERNAL_EVENTS, "external-due"
#define BOOKKEEPING_WORK                                                       \
  "tracked-visited", "ephemerons-visited", "queue-visited", "external-visited"

/* Empties all of it, before the space is destroyed.  Bags must be empty. */
void bookkeeping_destroy(void);

/* The footprint of a heap whose collector holds `side` bytes of its own beside
 * the space: as gc_heap_footprint returns it.  Any thread. */
gc_footprint bookkeeping_footprint(uint64_t side);

#endif
