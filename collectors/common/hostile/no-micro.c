/* no-micro.c: stands in for harness/cell/micro.c in programs whose interface is
 * not timed: those with seeded bugs, and those written by hand, which do not
 * use it. */
#include "harness/cell/cell.h"

const char *const cell_primitives[] = {NULL};

json_t *cell_micro(const char *primitives, double min_time) {
  (void)primitives, (void)min_time;
  cell_usage("this program has no micro benchmarks");
}

void cell_micro_fixed(const char *primitives, uint64_t iterations) {
  (void)primitives, (void)iterations;
  cell_usage("this program has no micro benchmarks");
}
