/* interval.c: see interval.h. */
#include "harness/stats/interval.h"
#include "harness/base/random.h"
#include "harness/stats/distributions.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const stat_interval none = {NAN, NAN};

/* ------------------------------------------------------------------------- *
 * Median.
 * ------------------------------------------------------------------------- */

size_t stat_median_rank(size_t n, double confidence, double *coverage) {
  size_t rank = 0;
  for (size_t k = 1; 2 * k <= n; k++) {
    double covered = 1 - 2 * stat_binomial(k - 1, n, 0.5);
    if (covered < confidence)
      break;
    rank = k;
    if (coverage)
      *coverage = covered;
  }
  return rank;
}

size_t stat_fewest_for_median(double confidence) {
  size_t n = 2;
  while (!stat_median_rank(n, confidence, NULL))
    n++;
  return n;
}

stat_interval stat_median_interval(const double *values, size_t n,
                                   double confidence) {
  size_t rank = stat_median_rank(n, confidence, NULL);
  double *sorted = rank ? malloc(n * sizeof *sorted) : NULL;
  if (!sorted)
    return none;
  memcpy(sorted, values, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, stat_ascending);
  stat_interval i = {sorted[rank - 1], sorted[n - rank]};
  free(sorted);
  return i;
}

double stat_half_spread(const double *values, size_t n, double confidence) {
  double *copy = n > 1 ? malloc(n * sizeof *copy) : NULL;
  if (!copy)
    return 0;
  memcpy(copy, values, n * sizeof *copy);
  stat_summary s = stat_summarize(copy, n);
  free(copy);
  stat_interval i = stat_median_interval(values, n, confidence);
  if (isnan(i.low) || s.spread <= 0)
    return s.spread / 2;
  return (i.high - i.low) / 2 / fabs(s.median);
}

/* ------------------------------------------------------------------------- *
 * Means.
 * ------------------------------------------------------------------------- */

static double mean_of(const double *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += values[i];
  return sum / (double)n;
}

stat_moments stat_moments_of(const double *values, size_t n) {
  stat_moments m = {n, mean_of(values, n), NAN};
  double squares = 0;
  for (size_t i = 0; i < n; i++)
    squares += (values[i] - m.mean) * (values[i] - m.mean);
  if (n > 1)
    m.deviation = sqrt(squares / (double)(n - 1));
  return m;
}

static double half_width(const stat_moments *m, double confidence) {
  if (m->n < 2)
    return NAN;
  return stat_student_t(1 - confidence, (double)(m->n - 1)) * m->deviation /
         sqrt((double)m->n);
}

stat_interval stat_mean_interval(const stat_moments *m, double confidence) {
  double half = half_width(m, confidence);
  return (stat_interval){m->mean - half, m->mean + half};
}

stat_interval stat_fieller(const stat_moments *above, const stat_moments *below,
                           double confidence) {
  double x = below->mean, y = above->mean;
  double hx = half_width(below, confidence);
  double hy = half_width(above, confidence);
  double scale = x * x - hx * hx;
  if (!(scale > 0)) /* or NAN */
    return none;
  double root = sqrt(x * y * x * y - (y * y - hy * hy) * scale);
  return (stat_interval){(x * y - root) / scale, (x * y + root) / scale};
}

/* ------------------------------------------------------------------------- *
 * Ratios.
 * ------------------------------------------------------------------------- */

static bool positive(const double *values, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!(values[i] > 0))
      return false;
  return n > 0;
}

/* A sample of which resamples are drawn.  A resample is known by how often each
 * value was drawn, so that its median takes no sorting. */
typedef struct drawn {
  const double *values; /* as they came */
  size_t n;
  double *sorted;
  uint32_t *ranks; /* of each value: its place in `sorted` */
} drawn;

/* What is needed to draw: two samples for each pair, and for the longest one
 * how often each value was drawn. */
typedef struct drawing {
  drawn *samples;
  size_t count;
  uint32_t *times;
  stat_location location;
} drawing;

static void free_drawing(drawing *d) {
  for (size_t i = 0; d->samples && i < d->count; i++) {
    free(d->samples[i].sorted);
    free(d->samples[i].ranks);
  }
  free(d->samples);
  free(d->times);
}

typedef struct placed {
  double value;
  size_t at;
} placed;

static int by_value(const void *a, const void *b) {
  const placed *x = a, *y = b;
  return (x->value > y->value) - (x->value < y->value);
}

static bool add_sample(drawn *s, const double *values, size_t n) {
  placed *order = malloc(n * sizeof *order);
  *s = (drawn){values, n, malloc(n * sizeof *s->sorted),
               malloc(n * sizeof *s->ranks)};
  bool good = order && s->sorted && s->ranks;
  for (size_t i = 0; good && i < n; i++)
    order[i] = (placed){values[i], i};
  if (good)
    qsort(order, n, sizeof *order, by_value);
  for (size_t i = 0; good && i < n; i++) {
    s->sorted[i] = order[i].value;
    s->ranks[order[i].at] = (uint32_t)i;
  }
  free(order);
  return good;
}

/* False if one of the ratios is not defined, or there is no memory; the drawing
 * is to be freed in any case. */
static bool make_drawing(const stat_pair *pairs, size_t n,
                         stat_location location, drawing *d) {
  size_t longest = 0;
  *d = (drawing){.location = location};
  for (size_t i = 0; i < n; i++)
    if (!positive(pairs[i].above, pairs[i].above_n) ||
        !positive(pairs[i].below, pairs[i].below_n))
      return false;
  d->samples = n ? malloc(2 * n * sizeof *d->samples) : NULL;
  for (size_t i = 0; d->samples && i < 2 * n; i++) {
    const stat_pair *p = &pairs[i / 2];
    const size_t size = i % 2 ? p->below_n : p->above_n;
    d->count++;
    if (!add_sample(&d->samples[i], i % 2 ? p->below : p->above, size))
      return false;
    longest = size > longest ? size : longest;
  }
  d->times = d->samples ? malloc(longest * sizeof *d->times) : NULL;
  return d->times;
}

/* The value of this rank, from 0, in a resample. */
static double value_at(const drawn *s, const uint32_t *times, size_t rank) {
  size_t seen = 0, i = 0;
  while ((seen += times[i]) <= rank)
    i++;
  return s->sorted[i];
}

/* The location of a sample of the same size that is drawn from this one with
 * replacement. */
static double draw(const drawing *d, const drawn *s, uint64_t *state) {
  const size_t n = s->n;
  if (d->location == STAT_MEAN) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
      sum += s->values[random_below(state, n)];
    return sum / (double)n;
  }
  memset(d->times, 0, n * sizeof *d->times);
  for (size_t i = 0; i < n; i++)
    d->times[s->ranks[random_below(state, n)]]++;
  const double upper = value_at(s, d->times, n / 2);
  return n % 2 ? upper : (value_at(s, d->times, n / 2 - 1) + upper) / 2;
}

static double locate(const drawing *d, const drawn *s) {
  const size_t n = s->n;
  if (d->location == STAT_MEAN)
    return mean_of(s->values, n);
  return n % 2 ? s->sorted[n / 2]
               : (s->sorted[n / 2 - 1] + s->sorted[n / 2]) / 2;
}

/* Of the samples, or with the state of a random generator of resamples. */
static double geomean(const drawing *d, uint64_t *state) {
  double logs = 0;
  for (size_t i = 0; i < d->count; i += 2) {
    const drawn *above = &d->samples[i], *below = above + 1;
    const double x = state ? draw(d, above, state) : locate(d, above);
    const double y = state ? draw(d, below, state) : locate(d, below);
    logs += log(x / y);
  }
  return exp(logs / (double)(d->count / 2));
}

double stat_geomean(const stat_pair *pairs, size_t n, stat_location location) {
  drawing d;
  double value = make_drawing(pairs, n, location, &d) ? geomean(&d, NULL) : NAN;
  free_drawing(&d);
  return value;
}

double stat_ratio(const stat_pair *pair, stat_location location) {
  return stat_geomean(pair, 1, location);
}

/* The index, in ascending order, of the resample below which this share of
 * them lies. */
static size_t percentile_rank(double share) {
  double rank = floor(share * STAT_RESAMPLES + 0.5);
  return rank < 1 ? 0 : (size_t)rank - 1;
}

stat_interval stat_bootstrap(const stat_pair *pairs, size_t n,
                             stat_location location, double confidence,
                             uint64_t seed) {
  drawing d;
  double *results = make_drawing(pairs, n, location, &d)
                        ? malloc(STAT_RESAMPLES * sizeof *results)
                        : NULL;
  stat_interval interval = none;
  if (results) {
    for (size_t i = 0; i < STAT_RESAMPLES; i++)
      results[i] = geomean(&d, &seed);
    qsort(results, STAT_RESAMPLES, sizeof *results, stat_ascending);
    interval.low = results[percentile_rank((1 - confidence) / 2)];
    interval.high = results[percentile_rank((1 + confidence) / 2)];
  }
  free(results);
  free_drawing(&d);
  return interval;
}
