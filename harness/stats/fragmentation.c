/* fragmentation.c: see fragmentation.h. */
#include "fragmentation.h"

#include <math.h>

static double ratio(double part, double whole) {
  return whole > 0 ? part / whole : NAN;
}

double stat_internal_fragmentation(double requested, double cells) {
  return 1 - ratio(requested, cells);
}

double stat_external_fragmentation(double largest, double free) {
  return free > 0 ? 1 - largest / free : 0;
}

double stat_heap_fragmentation(double live, double pages) {
  return 1 - ratio(live, pages);
}

double stat_space_overhead(double footprint, double live) {
  return ratio(footprint, live);
}

double stat_floating_garbage(double dead, double live) {
  return ratio(dead, live);
}
