/* latency.c: see latency.h. */
#include "latency.h"
#include "harness/base/random.h"

#include <math.h>

void latency_schedule(uint64_t *arrival, size_t n, uint64_t rate, bool poisson,
                      uint64_t seed) {
  double at = 0;
  for (size_t i = 0; i < n; i++) {
    if (!poisson) {
      arrival[i] = (uint64_t)((unsigned __int128)i * 1000000000u / rate);
      continue;
    }
    /* Uniform in (0, 1], so that the logarithm is finite. */
    double u = (double)((random_next(&seed) >> 11) + 1) * 0x1p-53;
    at += -log(u) * 1e9 / (double)rate;
    arrival[i] = (uint64_t)at;
  }
}

uint64_t latency_hiccup(uint64_t *least, uint64_t elapsed) {
  *least = elapsed < *least ? elapsed : *least;
  return elapsed - *least;
}

void latency_metered(const uint64_t *start, const uint64_t *end, size_t n,
                     uint64_t window, uint64_t *out) {
  size_t first = 0, last = 0; /* requests of the window around request i */
  for (size_t i = 0; i < n; i++) {
    if (window == LATENCY_FULL)
      last = n - 1;
    else {
      while (start[i] - start[first] > window / 2)
        first++;
      while (last < n - 1 && start[last] < start[i] + window / 2)
        last++;
    }
    uint64_t smooth = start[first];
    if (last > first)
      smooth += (uint64_t)((unsigned __int128)(start[last] - start[first]) *
                           (i - first) / (last - first));
    uint64_t begin = smooth < start[i] ? smooth : start[i];
    out[i] = end[i] - begin;
  }
}
