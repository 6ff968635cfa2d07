/* mmu.c: see mmu.h. */
#include "harness/stats/mmu.h"

#include <stdlib.h>

static int by_begin(const void *a, const void *b) {
  uint64_t x = ((const mmu_interval *)a)->begin;
  uint64_t y = ((const mmu_interval *)b)->begin;
  return (x > y) - (x < y);
}

size_t mmu_normalize(mmu_interval *pauses, size_t n, uint64_t begin,
                     uint64_t end) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    mmu_interval p = pauses[i];
    p.begin = p.begin < begin ? begin : p.begin;
    p.end = p.end > end ? end : p.end;
    if (p.begin < p.end)
      pauses[kept++] = p;
  }
  qsort(pauses, kept, sizeof *pauses, by_begin);
  size_t merged = 0;
  for (size_t i = 0; i < kept; i++) {
    mmu_interval *last = merged ? &pauses[merged - 1] : NULL;
    if (!last || pauses[i].begin > last->end)
      pauses[merged++] = pauses[i];
    else if (pauses[i].end > last->end)
      last->end = pauses[i].end;
  }
  return merged;
}

/* One edge of a window that only moves forward.  It keeps the sum of the
 * pauses that lie wholly before it, so that all windows of one length take one
 * pass over the pauses for each edge. */
typedef struct edge {
  size_t next;     /* the first pause that ends after the edge */
  uint64_t before; /* pause time of the pauses before that one */
} edge;

/* Pause time before `at`, which must not be less than the time before. */
static uint64_t paused_before(edge *e, const mmu_interval *p, size_t n,
                              uint64_t at) {
  while (e->next < n && p[e->next].end <= at) {
    e->before += p[e->next].end - p[e->next].begin;
    e->next++;
  }
  if (e->next < n && p[e->next].begin < at)
    return e->before + (at - p[e->next].begin);
  return e->before;
}

typedef struct window_walk {
  const mmu_interval *pauses;
  size_t n;
  uint64_t length;
  edge left, right;
  uint64_t most; /* pause time in the worst window so far */
} window_walk;

static void visit(window_walk *w, uint64_t at) {
  uint64_t before = paused_before(&w->left, w->pauses, w->n, at);
  uint64_t until = paused_before(&w->right, w->pauses, w->n, at + w->length);
  if (until - before > w->most)
    w->most = until - before;
}

double mmu_at(const mmu_interval *pauses, size_t n, uint64_t begin,
              uint64_t end, uint64_t window) {
  if (n == 0)
    return 1;
  if (window > end - begin)
    window = end - begin;
  if (window == 0)
    return 0;
  /* The pause time in the window is piecewise linear in the window's position,
   * so that it is greatest where the left edge is at the begin of a pause, the
   * right edge at the end of a pause, or the window at an end of the run. */
  uint64_t last = end - window;
  window_walk lefts = {.pauses = pauses, .n = n, .length = window};
  window_walk rights = lefts;
  visit(&lefts, begin);
  for (size_t i = 0; i < n && pauses[i].begin <= last; i++)
    visit(&lefts, pauses[i].begin);
  for (size_t i = 0; i < n; i++)
    if (pauses[i].end - begin >= window)
      visit(&rights, pauses[i].end - window);
  visit(&rights, last);
  uint64_t most = lefts.most > rights.most ? lefts.most : rights.most;
  return 1 - (double)most / (double)window;
}

void mmu_curves(const mmu_interval *pauses, size_t n, uint64_t begin,
                uint64_t end, const uint64_t *windows, size_t count,
                double *mmu, double *bmu) {
  for (size_t k = 0; k < count; k++)
    bmu[k] = mmu[k] = mmu_at(pauses, n, begin, end, windows[k]);
  if (!count)
    return;
  /* Where MMU has a local minimum, the worst window reaches from the begin of
   * one pause to the end of another.  Each such window counts for the longest
   * requested window that is not longer than it. */
  double whole = mmu_at(pauses, n, begin, end, end - begin);
  for (size_t i = 0; i < n; i++) {
    uint64_t paused = 0;
    size_t k = 0;
    for (size_t j = i; j < n; j++) {
      uint64_t length = pauses[j].end - pauses[i].begin;
      paused += pauses[j].end - pauses[j].begin;
      while (k + 1 < count && windows[k + 1] <= length)
        k++;
      double utilisation = 1 - (double)paused / (double)length;
      if (length >= windows[k] && utilisation < bmu[k])
        bmu[k] = utilisation;
    }
  }
  double least = whole;
  for (size_t k = count; k-- > 0;) {
    least = bmu[k] < least ? bmu[k] : least;
    bmu[k] = least;
  }
}

size_t mmu_grid(uint64_t length, uint64_t *windows) {
  static const uint64_t steps[] = {1, 2, 5};
  size_t n = 0;
  for (uint64_t decade = 10000; n < MMU_WINDOWS - 4; decade *= 10)
    for (size_t i = 0; i < 3; i++) {
      if (steps[i] * decade >= length) {
        windows[n++] = length;
        return n;
      }
      windows[n++] = steps[i] * decade;
    }
  windows[n++] = length;
  return n;
}
