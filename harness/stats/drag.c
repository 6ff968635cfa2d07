/* drag.c: see drag.h. */
#include "harness/stats/drag.h"

void stat_drag_add(stat_drag *d, uint64_t latency, uint64_t bytes) {
  d->count++;
  d->sum += latency;
  d->max = latency > d->max ? latency : d->max;
  d->drag += latency * bytes;
}
