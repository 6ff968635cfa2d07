/* coverage.h: what a subject's episodes have reached: the events that its
 * collector declares, and which of them followed each other.
 *
 * An algorithm whose parts never ran was not tested, however many operations
 * were performed (event coverage: GCFuzz, 2026). */
#ifndef REAPMARK_STRESS_COVERAGE_H
#define REAPMARK_STRESS_COVERAGE_H

#include "harness/driver/programs/discover.h"

#include <stdint.h>

typedef struct event {
  const char *name;
  uint64_t count;
  const char *first; /* the condition under which it happened first, or NULL */
} event;

/* A seed with which pairs of events were seen that none before had shown. */
typedef struct lead {
  uint64_t seed;
  size_t added; /* such pairs */
  bool followed;
} lead;

typedef struct coverage {
  event *events; /* as the collector declares them */
  size_t events_count;
  json_t *pairs; /* an object with a member "A>B" for each pair */
  lead *leads;
  size_t leads_count;
} coverage;

/* Of a collector that did nothing yet. */
coverage coverage_of(const collector *of);

/* Adds what an episode reached, by its entry. */
void coverage_add(coverage *v, const json_t *entry);

/* The lead that added most of those that were not followed, which it is from
 * now on; NULL if there is none. */
const lead *coverage_follow(coverage *v);

/* Pairs that were seen; events that happened. */
size_t coverage_pairs(const coverage *v);
size_t coverage_reached(const coverage *v);

#endif
