/* coverage.c: see coverage.h. */
#include "coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the counters.  One that is not there in the end never counted. */
static size_t read_counters(executor *x, gc_counter *counters) {
  return gc_heap_counters(x->run->heap, counters, COVERAGE_COUNTERS);
}

/* The place of counter `name`; COVERAGE_COUNTERS if the collector has none. */
static uint8_t find(const gc_counter *counters, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (!strcmp(counters[i].name, name))
      return (uint8_t)i;
  return COVERAGE_COUNTERS;
}

void coverage_begin(executor *x) {
  executor_coverage *c = &x->coverage;
  const char *const *names = gc_this_collector.events;
  gc_counter now[COVERAGE_COUNTERS] = {0};
  size_t n = read_counters(x, now);
  c->of_collections[0] = find(now, n, "collections");
  c->of_collections[1] = find(now, n, "detections");
  for (; names && names[c->events]; c->events++) {
    uint8_t place = find(now, n, names[c->events]);
    if (place == COVERAGE_COUNTERS || c->events == WL_EVENTS) {
      fprintf(stderr, "executor: collector %s declares the event %s%s\n",
              gc_this_collector.name, names[c->events],
              c->events == WL_EVENTS ? ", which is one too many"
                                     : ", and has no such counter");
      exit(EXIT_FAILURE);
    }
    c->place[c->events] = place;
  }
  c->watched =
      c->events > 0 || c->of_collections[0] < n || c->of_collections[1] < n;
  c->found.names = names;
  c->found.events = c->events;
  coverage_skip(x);
}

/* Brings the last values up to date.  Returns the events that have happened
 * since then, one bit each, and counts them if `counts`. */
static uint64_t update(executor *x, bool counts) {
  executor_coverage *c = &x->coverage;
  gc_counter now[COVERAGE_COUNTERS + 1];
  now[COVERAGE_COUNTERS].value = 0;
  size_t n = read_counters(x, now);
  uint64_t happened = 0, collections = 0;
  for (size_t i = 0; i < 2; i++)
    if (c->of_collections[i] < n)
      collections += now[c->of_collections[i]].value;
  if (counts)
    c->found.collections += collections - c->collections;
  c->collections = collections;
  for (size_t i = 0; i < c->events; i++) {
    uint64_t value = now[c->place[i]].value;
    if (value == c->last[i])
      continue;
    if (counts && value > c->last[i]) {
      c->found.counts[i] += value - c->last[i];
      happened |= (uint64_t)1 << i;
    }
    c->last[i] = value;
  }
  return happened;
}

void coverage_sample(executor *x) {
  executor_coverage *c = &x->coverage;
  uint64_t happened = update(x, true);
  if (!happened)
    return;
  for (size_t i = 0; i < c->events; i++)
    if (c->happened >> i & 1)
      c->found.followers[i] |= happened;
  c->happened = happened;
}

void coverage_skip(executor *x) {
  update(x, false);
}

void coverage_record(executor_thread *t) {
  wl_covered(t->wl, &t->x->coverage.found);
}
