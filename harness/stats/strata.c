/* strata.c: see strata.h. */
#include "harness/stats/strata.h"
#include "harness/base/random.h"
#include "harness/stats/distributions.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * What is drawn from: the logarithms of a comparison's ratios, by machine, with
 * the single rounds put together.
 * ------------------------------------------------------------------------- */

typedef struct layer {
  double *logs;
  size_t n;
} layer;

typedef struct layers {
  double *logs; /* of all layers, one after the other */
  layer *items; /* one for each machine, at most */
  size_t count;
  size_t rounds; /* of all layers */
} layers;

static void add_layer(layers *l, double *logs, size_t n) {
  if (n)
    l->items[l->count++] = (layer){logs, n};
}

/* The layer with the fewest rounds, of those before the last. */
static layer *fewest(const layers *l) {
  layer *found = &l->items[0];
  for (size_t i = 1; i + 1 < l->count; i++)
    if (l->items[i].n < found->n)
      found = &l->items[i];
  return found;
}

/* If the last layer is a single round, moves it to the smallest other one. */
static void join_single(layers *l) {
  if (l->count < 2 || l->items[l->count - 1].n > 1)
    return;
  layer *into = fewest(l);
  double *end = into->logs + into->n;
  const double single = l->items[l->count - 1].logs[0];
  /* Make room behind it: what follows moves up by one. */
  memmove(end + 1, end, (size_t)(l->logs + l->rounds - 1 - end) * sizeof *end);
  *end = single;
  into->n++;
  l->count--;
  for (layer *later = into + 1; later < l->items + l->count; later++)
    later->logs++;
}

static void free_layers(layers *l) {
  free(l->logs);
  free(l->items);
  *l = (layers){0};
}

/* False if a ratio is not positive, or there is none, or no memory. */
static bool make_layers(const stat_strata *s, layers *l) {
  *l = (layers){0};
  for (size_t i = 0; i < s->count; i++)
    l->rounds += s->items[i].n;
  l->logs = malloc((l->rounds + 1) * sizeof *l->logs);
  l->items = malloc((s->count + 1) * sizeof *l->items);
  bool good = l->logs && l->items && l->rounds;
  double *at = l->logs;
  for (unsigned singles = 0; good && singles < 2; singles++) {
    double *begin = at;
    for (size_t i = 0; i < s->count; i++) {
      const stat_stratum *of = &s->items[i];
      if ((of->n == 1) != (singles == 1))
        continue;
      for (size_t k = 0; k < of->n; k++) {
        good &= of->ratios[k] > 0 && isfinite(of->ratios[k]);
        *at++ = log(of->ratios[k]);
      }
      if (!singles)
        add_layer(l, at - of->n, of->n);
    }
    if (singles)
      add_layer(l, begin, (size_t)(at - begin));
  }
  if (good)
    join_single(l);
  if (!good)
    free_layers(l);
  return good;
}

/* The logarithm of the ratio over all machines. */
static double locate(const layers *l) {
  return stat_moments_of(l->logs, l->rounds).mean;
}

double stat_strata_ratio(const stat_strata *all, size_t n) {
  double sum = n ? 0 : NAN;
  for (size_t i = 0; i < n; i++) {
    layers l;
    sum += make_layers(&all[i], &l) ? locate(&l) : NAN;
    free_layers(&l);
  }
  return exp(sum / (double)n);
}

/* ------------------------------------------------------------------------- *
 * The bootstrap.
 * ------------------------------------------------------------------------- */

/* Replaces the logarithms by what is left without their machine, scaled so that
 * each machine has the variance of its rounds, and not of its sample. */
static void take_residuals(layers *l) {
  for (size_t i = 0; i < l->count; i++) {
    const layer *of = &l->items[i];
    const double mean = stat_moments_of(of->logs, of->n).mean;
    const double scale = sqrt((double)of->n / (double)(of->n - 1));
    for (size_t k = 0; k < of->n; k++)
      of->logs[k] = scale * (of->logs[k] - mean);
  }
}

/* Adds STAT_RESAMPLES logarithms of the comparison's ratio: its own, and the
 * mean of as many residuals as there are rounds. */
static void add_resamples(layers *l, uint64_t *state, double *logs) {
  const double own = locate(l);
  take_residuals(l);
  for (size_t k = 0; k < STAT_RESAMPLES; k++) {
    double sum = 0;
    for (size_t i = 0; i < l->rounds; i++)
      sum += l->logs[random_below(state, l->rounds)];
    logs[k] += own + sum / (double)l->rounds;
  }
}

/* The percentile of the bootstrap in the place of (1 - confidence) / 2. */
static double lower_share(double confidence, size_t freedom) {
  const double t = stat_student_t(1 - confidence, (double)freedom);
  return erfc(t / sqrt(2)) / 2;
}

static size_t rank_of(double share) {
  const double rank = floor(share * STAT_RESAMPLES + 0.5);
  return rank < 1 ? 0 : (size_t)rank - 1;
}

stat_interval stat_strata_interval(const stat_strata *all, size_t n,
                                   double confidence, uint64_t seed) {
  double *logs = calloc(STAT_RESAMPLES, sizeof *logs);
  bool good = logs && n;
  size_t freedom = 0;
  for (size_t i = 0; good && i < n; i++) {
    layers l;
    good = make_layers(&all[i], &l) && l.rounds > l.count;
    freedom += good ? l.rounds - l.count : 0;
    if (good)
      add_resamples(&l, &seed, logs);
    free_layers(&l);
  }
  stat_interval interval = {NAN, NAN};
  if (good && freedom >= STAT_STRATA_FREEDOM) {
    const double share = lower_share(confidence, freedom);
    qsort(logs, STAT_RESAMPLES, sizeof *logs, stat_ascending);
    interval.low = exp(logs[rank_of(share)] / (double)n);
    interval.high = exp(logs[STAT_RESAMPLES - 1 - rank_of(share)] / (double)n);
  }
  free(logs);
  return interval;
}

/* ------------------------------------------------------------------------- *
 * Tests.
 * ------------------------------------------------------------------------- */

/* The logarithms of all ratios, machine after machine, in memory that is to be
 * freed; NULL without memory. */
static double *all_logs(const stat_strata *all, size_t n, size_t *count) {
  *count = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < all[i].count; k++)
      *count += all[i].items[k].n;
  double *logs = malloc((*count + 1) * sizeof *logs), *at = logs;
  for (size_t i = 0; logs && i < n; i++)
    for (size_t k = 0; k < all[i].count; k++)
      for (size_t r = 0; r < all[i].items[k].n; r++)
        *at++ = log(all[i].items[k].ratios[r]);
  return logs;
}

stat_test stat_strata_test(const stat_strata *all, size_t n) {
  size_t count;
  double *logs = all_logs(all, n, &count);
  const stat_test result =
      logs ? stat_signed_ranks(logs, count) : (stat_test){NAN, NAN};
  free(logs);
  return result;
}

/* The part of H that depends on who has which ranks: the sum over machines of
 * the square of their (doubled) ranks' sum over their number. */
static double squares_of(const stat_strata *s, const unsigned *doubled) {
  double all = 0;
  for (size_t i = 0; i < s->count; i++) {
    double sum = 0;
    for (size_t k = 0; k < s->items[i].n; k++)
      sum += *doubled++;
    all += sum * sum / (double)s->items[i].n;
  }
  return all;
}

/* The share of deals with a sum of squares of at least `seen`. */
static double share_of_deals(const stat_strata *s, unsigned *doubled, size_t n,
                             double seen, uint64_t seed) {
  size_t extreme = 1; /* the one that was seen */
  for (size_t deal = 1; deal < STAT_RESAMPLES; deal++) {
    for (size_t i = n; i > 1; i--) {
      const size_t j = random_below(&seed, i);
      const unsigned swapped = doubled[i - 1];
      doubled[i - 1] = doubled[j];
      doubled[j] = swapped;
    }
    extreme += squares_of(s, doubled) >= seen * (1 - 1e-12);
  }
  return (double)extreme / STAT_RESAMPLES;
}

stat_test stat_strata_interaction(const stat_strata *s, uint64_t seed) {
  size_t n;
  stat_test result = {NAN, NAN};
  double *logs = all_logs(s, 1, &n);
  unsigned *doubled = malloc((n + 1) * sizeof *doubled);
  double ties = NAN;
  if (logs && doubled && s->count > 1 && n > s->count)
    ties = stat_mid_ranks(logs, n, doubled);
  const double all = (double)n, cubed = all * all * all - all;
  if (ties < cubed) { /* not NAN, and not all equal */
    const double seen = squares_of(s, doubled);
    result.statistic =
        (3 / (all * (all + 1)) * seen - 3 * (all + 1)) / (1 - ties / cubed);
    result.p = share_of_deals(s, doubled, n, seen, seed);
  }
  free(doubled);
  free(logs);
  return result;
}
