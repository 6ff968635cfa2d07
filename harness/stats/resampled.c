/* resampled.c: see resampled.h.
 *
 * Of n draws among the ranks 1 to n, all r of one group are at most i with
 * probability (i/n)^r.  So the r-th of the draws in order has rank i, and the
 * next one rank j > i, with probability
 *
 *   C(n, r) ((i/n)^r - ((i-1)/n)^r) ((1 - (j-1)/n)^(n-r) - (1 - j/n)^(n-r)),
 *
 * and the r-th has at most rank i if r or more of n draws are at most i. */
#include "harness/stats/resampled.h"
#include "harness/base/random.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is less likely is left out: all of it together moves no percentile. */
#define UNLIKELY 1e-16

typedef struct outcome {
  double value, probability;
} outcome;

typedef struct outcomes {
  outcome *items;
  size_t count, room;
} outcomes;

static bool add_outcome(outcomes *all, double value, double probability) {
  if (!(probability > UNLIKELY))
    return true;
  if (all->count == all->room) {
    all->room = all->room ? 2 * all->room : 64;
    outcome *more = reallocarray(all->items, all->room, sizeof *more);
    if (!more)
      return false;
    all->items = more;
  }
  all->items[all->count++] = (outcome){value, probability};
  return true;
}

static int by_value(const void *a, const void *b) {
  const outcome *x = a, *y = b;
  return (x->value > y->value) - (x->value < y->value);
}

/* ------------------------------------------------------------------------- *
 * Probabilities.  `r` is the rank of the median, or of the lower of the two
 * that it is the mean of.
 * ------------------------------------------------------------------------- */

/* log(C(n, k) x^k (1 - x)^(n - k)) */
static double log_binomial(double n, double k, double x) {
  return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) +
         (k > 0 ? k * log(x) : 0) + (n - k > 0 ? (n - k) * log1p(-x) : 0);
}

/* Of r or more of n draws at most i.  From the likeliest term outwards; what
 * comes after terms that add nothing adds nothing either. */
static double at_most(size_t n, size_t r, size_t i) {
  const double x = (double)i / (double)n, all = (double)n;
  if (i == 0 || i >= n)
    return i ? 1 : 0;
  const bool upper = (double)r > all * x; /* sum the tail without the mode */
  double sum = 0;
  for (size_t k = upper ? r : r - 1; k <= n; k += upper ? 1 : (size_t)-1) {
    const double term = exp(log_binomial(all, (double)k, x));
    sum += term;
    if (term < UNLIKELY * 1e-4 || (k == 0 && !upper))
      break;
  }
  return fmin(1, upper ? sum : 1 - sum);
}

/* log of C(n, r) ((i/n)^r - ((i-1)/n)^r) (1 - i/n)^(n-r): the r-th has rank i,
 * and all after it a higher one. */
static double log_alone(size_t n, size_t r, size_t i) {
  const double x = (double)i / (double)n;
  return log_binomial((double)n, (double)r, x) +
         log1p(-pow((double)(i - 1) / (double)i, (double)r));
}

/* Adds the medians of which the r-th draw is the value of rank i, with
 * probability `whole`; two draws make the median if n is even. */
static bool add_rank(outcomes *all, const double *sorted, size_t n, size_t r,
                     size_t i, double whole) {
  const double low = sorted[i - 1];
  if (n % 2)
    return add_outcome(all, low, whole);
  const double later = i < n ? exp(log_alone(n, r, i)) : 0;
  const double others = (double)(n - r), left = (double)(n - i);
  bool good = add_outcome(all, low, whole - later);
  double beyond = 1; /* all others are beyond the rank before j */
  for (size_t j = i + 1; good && j <= n && later * beyond > UNLIKELY; j++) {
    const double further = pow((double)(n - j) / left, others);
    good =
        add_outcome(all, (low + sorted[j - 1]) / 2, later * (beyond - further));
    beyond = further;
  }
  return good;
}

/* From the middle outwards, until what is left is unlikely. */
static bool find_outcomes(const double *sorted, size_t n, outcomes *all) {
  const size_t r = (n + 1) / 2;
  double before = at_most(n, r, r - 1), reached = before;
  bool good = true;
  for (size_t i = r; good && i <= n && 1 - reached > UNLIKELY; i++) {
    const double now = at_most(n, r, i);
    good = add_rank(all, sorted, n, r, i, now - reached);
    reached = now;
  }
  for (size_t i = r - 1; good && i > 0 && before > UNLIKELY; i--) {
    const double now = at_most(n, r, i - 1);
    good = add_rank(all, sorted, n, r, i, before - now);
    before = now;
  }
  return good;
}

/* ------------------------------------------------------------------------- *
 * The distribution.
 * ------------------------------------------------------------------------- */

/* Equal values become one. */
static bool take_outcomes(outcomes *all, stat_resampled *r) {
  qsort(all->items, all->count, sizeof *all->items, by_value);
  r->values = malloc(all->count * sizeof *r->values);
  r->below = malloc(all->count * sizeof *r->below);
  if (!r->values || !r->below)
    return false;
  double sum = 0;
  for (size_t i = 0; i < all->count; i++) {
    sum += all->items[i].probability;
    if (!i || all->items[i].value > r->values[r->count - 1])
      r->values[r->count++] = all->items[i].value;
    r->below[r->count - 1] = sum;
  }
  for (size_t i = 0; i < r->count; i++)
    r->below[i] = i + 1 < r->count ? r->below[i] / sum : 1;
  return true;
}

bool stat_resample(const double *values, size_t n, stat_resampled *r) {
  outcomes all = {0};
  *r = (stat_resampled){0};
  double *sorted = malloc(n * sizeof *sorted);
  bool good = sorted;
  if (good) {
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, stat_ascending);
    good = sorted[0] < sorted[n - 1] ? find_outcomes(sorted, n, &all)
                                     : add_outcome(&all, sorted[0], 1);
  }
  good = good && take_outcomes(&all, r);
  free(sorted);
  free(all.items);
  if (!good)
    stat_resampled_free(r);
  return good;
}

void stat_resampled_free(stat_resampled *r) {
  free(r->values);
  free(r->below);
  free(r->guide);
  *r = (stat_resampled){0};
}

/* Many entries for each median, so that the first one that is looked at is
 * nearly always the right one: a search costs more by the branches that the
 * processor cannot foresee than by its steps. */
bool stat_resampled_guide(stat_resampled *r) {
  enum { ENTRIES_EACH = 16 };
  r->guide_bits = 4;
  while ((size_t)1 << r->guide_bits < ENTRIES_EACH * r->count)
    r->guide_bits++;
  const size_t entries = (size_t)1 << r->guide_bits;
  r->guide = malloc(entries * sizeof *r->guide);
  if (!r->guide)
    return false;
  for (size_t i = 0, at = 0; i < r->count; i++)
    for (; at < entries && (double)at / (double)entries < r->below[i]; at++)
      r->guide[at] = (uint32_t)i;
  return true;
}

void stat_resampled_add(const stat_resampled *r, uint64_t *state,
                        double *restrict sums, size_t n) {
  const double *const below = r->below, *const values = r->values;
  const uint32_t *const guide = r->guide;
  const unsigned shift = 64 - r->guide_bits;
  uint64_t at = *state;
  for (size_t k = 0; k < n; k++) {
    const uint64_t random = random_next(&at);
    const double share = (double)(random >> 11) * 0x1p-53;
    size_t i = guide[random >> shift];
    while (below[i] <= share)
      i++;
    sums[k] += values[i];
  }
  *state = at;
}

/* The probability of a ratio of at most `ratio`. */
static double ratio_at_most(const stat_resampled *above,
                            const stat_resampled *below, double ratio) {
  double sum = 0, before = 0;
  size_t i = 0; /* medians of `above` that are small enough */
  for (size_t k = 0; k < below->count; k++) {
    while (i < above->count && above->values[i] / below->values[k] <= ratio)
      i++;
    sum += (below->below[k] - before) * (i ? above->below[i - 1] : 0);
    before = below->below[k];
  }
  return sum;
}

/* By bisection, down to neighbouring numbers. */
double stat_resampled_ratio(const stat_resampled *above,
                            const stat_resampled *below, double share) {
  double low = above->values[0] / below->values[below->count - 1];
  double high = above->values[above->count - 1] / below->values[0];
  if (ratio_at_most(above, below, low) >= share)
    return low;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (!(middle > low && middle < high))
      return high;
    if (ratio_at_most(above, below, middle) >= share)
      high = middle;
    else
      low = middle;
  }
}
