/* rates.h: probes of one cell at different rates of requests.
 *
 * The rates that are tried are those of a grid: index 0 is the highest, and
 * each is lower than the one before by the same share.  A probe lasts until the
 * collector has collected often enough in its steady state; how long that takes
 * is learned from the probes before.  What a probe found is kept, so that
 * searches for several limits share it. */
#ifndef REAPMARK_RATES_H
#define REAPMARK_RATES_H

#include "probes.h"

#include <stdint.h>

typedef struct rate_point {
  bool known;
  search_answer ended; /* SEARCH_PASSED: it ran as declared, and p99 is known */
  double p99;          /* ns, in the steady state */
  uint64_t collections; /* in the steady state */
  bool only_young;      /* it tells full collections, and there was none */
} rate_point;

typedef struct rate_grid {
  probing *probing;
  double high, low; /* the rates of the first and the last index, a second */
  double step;      /* share by which the next rate is lower */
  uint64_t count;   /* of rates */
  uint64_t slowest; /* the last index that a probe's time allows */
  rate_point *points;
  /* Learned from the probes so far. */
  bool collects;   /* collections decide whether a probe is long enough */
  double requests; /* between two collections; 0: unknown */
  double set_up;   /* seconds that a run takes beside its requests */
  unsigned probes;
} rate_grid;

/* A grid from `from` to `to` requests a second.  `step`: at least 0.001. */
rate_grid rate_grid_make(probing *p, uint64_t from, uint64_t to, double step);

/* The rate at an index. */
uint64_t rate_at(const rate_grid *g, uint64_t index);

/* Forgets the points, for searches that repeat the measurement, but not what
 * was learned. */
void rate_grid_forget(rate_grid *g);

/* The point at an index, which is run if it is not known.  If the probe could
 * not be made long enough, the probing's `not_exercised` is set. */
const rate_point *rate_probe(rate_grid *g, uint64_t index);

#endif
