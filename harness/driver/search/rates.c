/* rates.c: see rates.h. */
#include "rates.h"
#include "harness/base/arena.h"
#include "harness/record/exercised.h"
#include "harness/record/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  SECONDS = 2,   /* of a probe, at least */
  LENGTHENED = 3 /* how often one is made longer */
};
static const double SLACK = 1.15; /* collections do not come evenly */
static const double OF_TIMEOUT = 0.6;

/* One collection ends the warm-up. */
enum { WANTED = EXERCISED_WANTED + 1 };

rate_grid rate_grid_make(probing *p, uint64_t from, uint64_t to, double step) {
  step = fmax(step, 0.001);
  double steps = log((double)to / (double)from) / log1p(step);
  uint64_t count = (uint64_t)ceil(steps) + 1;
  return (rate_grid){.probing = p,
                     .high = (double)to,
                     .low = (double)from,
                     .step = step,
                     .count = count,
                     .slowest = count - 1,
                     .points = arena_take(count * sizeof(rate_point)),
                     .set_up = 1};
}

uint64_t rate_at(const rate_grid *g, uint64_t index) {
  double rate = g->high / pow(1 + g->step, (double)index);
  return (uint64_t)round(fmax(g->low, rate));
}

void rate_grid_forget(rate_grid *g) {
  memset(g->points, 0, g->count * sizeof *g->points);
}

/* ------------------------------------------------------------------------- *
 * How long a probe lasts.
 * ------------------------------------------------------------------------- */

static const char *setting(const rate_grid *g, const char *key) {
  const spec *s = &g->probing->cell->workload;
  for (size_t i = 0; i < s->count; i++)
    if (!strcmp(s->settings[i].key, key))
      return s->settings[i].value;
  return NULL;
}

/* Whether the user has fixed the number of requests. */
static bool is_fixed(const rate_grid *g) {
  const char *duration = setting(g, "duration");
  return duration && !strcmp(duration, "0");
}

static uint64_t longest(const rate_grid *g) {
  double left = OF_TIMEOUT * g->probing->plan->timeout - g->set_up;
  return (uint64_t)fmax(1, floor(left));
}

/* Seconds in which enough collections are expected at that rate. */
static uint64_t seconds_for(const rate_grid *g, uint64_t rate) {
  const char *asked = setting(g, "duration");
  double least = asked ? atof(asked) : SECONDS;
  double wanted =
      g->collects ? SLACK * WANTED * g->requests / (double)rate : least;
  return (uint64_t)fmin((double)longest(g), ceil(fmax(least, wanted)));
}

/* The slowest rate at which enough collections fit into a probe. */
static void find_slowest(rate_grid *g) {
  if (!g->collects || is_fixed(g))
    return;
  while (g->slowest > 0 &&
         SLACK * WANTED * g->requests >
             (double)longest(g) * (double)rate_at(g, g->slowest))
    g->slowest--;
}

/* ------------------------------------------------------------------------- *
 * A probe.
 * ------------------------------------------------------------------------- */

/* Runs the cell for that many seconds; new. */
static json_t *run_for(rate_grid *g, uint64_t rate, uint64_t seconds) {
  probing *p = g->probing;
  plan_cell c = *p->cell;
  const char *text = arena_text("%ju", (uintmax_t)rate);
  const char *tried = text;
  c.workload = spec_with(&c.workload, "rate", text);
  if (!is_fixed(g)) {
    const char *duration = arena_text("%ju", (uintmax_t)seconds);
    c.workload = spec_with(&c.workload, "duration", duration);
    tried = arena_text("%s, %s s", text, duration);
  }
  g->probes++;
  return probe_run(p, &c, tried);
}

/* Takes what the run tells of the point. */
static void read_point(rate_grid *g, const json_t *probe, rate_point *point) {
  exercise e = record_exercise(probe);
  const json_t *steady = record_get(probe, "latency.steady.p99");
  const json_t *p99 =
      steady ? steady : record_get(probe, "latency.intended.p99");
  point->ended = probe_judge(g->probing, probe);
  point->p99 = json_is_number(p99) ? json_number_value(p99) : NAN;
  point->collections = e.collects && e.count ? e.count - 1 : 0;
  point->only_young = e.full_known && !e.full;
  g->collects = e.collects;
  double span = record_number(probe, "latency.span") / 1e9;
  double rest = record_number(probe, "elapsed") / 1e9 - span;
  if (rest > 0)
    g->set_up = fmin(rest, g->probing->plan->timeout);
  double served = record_number(probe, "latency.simple.count");
  if (e.collects && e.count && served > 0)
    g->requests = served / (double)e.count;
}

/* Whether half of the requests waited for longer than any limit: the rate is
 * beyond what the program can do, and more collections would not help. */
static bool is_hopeless(const rate_grid *g, const json_t *probe) {
  return record_number(probe, "latency.steady.p50") > g->probing->hopeless;
}

/* Of an answer that is no number: why the search has to end.  A long probe that
 * was out of time proves nothing of the rate: a busy machine puts arrivals off.
 */
static void explain(probing *p, const json_t *probe, double seconds,
                    rate_point *point) {
  const char *status = record_text(probe, "verdict.status");
  if (!strcmp(status, "TIMEOUT") && 2 * seconds > p->plan->timeout) {
    p->reason = arena_text("requests of %g s were not served in %g s: the "
                           "machine is busy; a longer --timeout would help",
                           seconds, p->plan->timeout);
    point->ended = SEARCH_STOP;
  }
  if (!strcmp(status, "OOM")) { /* too little memory is not too high a rate */
    p->reason = arena_text("OOM: %s", record_text(probe, "verdict.reason"));
    point->ended = SEARCH_STOP;
  } else if (point->ended == SEARCH_PASSED && isnan(point->p99)) {
    p->reason = "fewer than 100 requests: their p99 cannot be told";
    point->ended = SEARCH_STOP;
  }
}

const rate_point *rate_probe(rate_grid *g, uint64_t index) {
  rate_point *point = &g->points[index];
  uint64_t rate = rate_at(g, index), seconds = seconds_for(g, rate);
  for (unsigned i = 0; !point->known; i++) {
    json_t *probe = run_for(g, rate, seconds);
    if (!probe) {
      point->ended = SEARCH_STOP;
      return point;
    }
    read_point(g, probe, point);
    explain(g->probing, probe, (double)seconds, point);
    bool enough = !g->collects || point->collections >= EXERCISED_WANTED ||
                  point->ended != SEARCH_PASSED || is_hopeless(g, probe);
    json_decref(probe);
    uint64_t longer = g->requests > 0 ? seconds_for(g, rate) : 4 * seconds;
    longer = longer < longest(g) ? longer : longest(g);
    point->known = enough || is_fixed(g) || longer <= seconds || i > LENGTHENED;
    if (!point->known)
      seconds = longer;
    else if (!enough) {
      point->ended = SEARCH_STOP;
      g->probing->not_exercised = true;
      g->probing->reason = arena_text(
          "at %ju/s: %ju collections in the steady state, %d are wanted; a "
          "smaller heap or %s would help",
          (uintmax_t)rate, (uintmax_t)point->collections, EXERCISED_WANTED,
          is_fixed(g) ? "more requests" : "a longer --timeout");
    }
  }
  find_slowest(g);
  return point;
}
