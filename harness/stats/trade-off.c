/* trade-off.c: see trade-off.h. */
#include "trade-off.h"

#include <math.h>
#include <stdlib.h>

static int by_cost(const void *a, const void *b) {
  const stat_point *x = a, *y = b;
  if (x->cost != y->cost)
    return x->cost < y->cost ? -1 : 1;
  return (x->value > y->value) - (x->value < y->value);
}

size_t stat_front(stat_point *points, size_t n) {
  size_t kept = 0;
  qsort(points, n, sizeof *points, by_cost);
  for (size_t i = 0; i < n; i++)
    if (!kept || points[i].value < points[kept - 1].value)
      points[kept++] = points[i];
  return kept;
}

double stat_front_at(const stat_point *front, size_t n, double cost) {
  if (!n || cost < front[0].cost)
    return NAN;
  size_t i = 0;
  while (i + 1 < n && front[i + 1].cost <= cost)
    i++;
  if (i + 1 == n)
    return front[i].value;
  double share =
      log(cost / front[i].cost) / log(front[i + 1].cost / front[i].cost);
  return front[i].value * pow(front[i + 1].value / front[i].value, share);
}

static double best_at(const stat_point *const *fronts, const size_t *counts,
                      size_t fronts_count, double cost) {
  double best = NAN;
  for (size_t k = 0; k < fronts_count; k++)
    best = fmin(best, stat_front_at(fronts[k], counts[k], cost));
  return best;
}

double stat_front_excess(const stat_point *const *fronts, const size_t *counts,
                         size_t fronts_count, size_t of, double from,
                         double to) {
  enum { PARTS = 64 }; /* each judged in its middle */
  double sum = 0;
  if (!(from < to))
    return NAN;
  for (unsigned i = 0; i < PARTS; i++) {
    double cost = from * pow(to / from, (i + .5) / PARTS);
    sum += log(stat_front_at(fronts[of], counts[of], cost) /
               best_at(fronts, counts, fronts_count, cost));
  }
  return exp(sum / PARTS);
}
