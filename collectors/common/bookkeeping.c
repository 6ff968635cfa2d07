/* bookkeeping.c: see bookkeeping.h. */
#include "common/bookkeeping.h"
#include "common/ephemerons.h"
#include "common/space.h"
#include <stdatomic.h>

/* The most that bookkeeping_footprint has told.  Lists shrink, so that the most
 * cannot be told from what they are now. */
static _Atomic uint64_t bookkeeping_peak;

void bookkeeping_destroy(void) {
  tracked_destroy();
  ephemerons_destroy();
  finalizers_destroy();
  bag_tables_free();
  memset(object_globals, 0, sizeof object_globals);
  atomic_store(&bookkeeping_peak, 0);
}

gc_footprint bookkeeping_footprint(uint64_t side) {
  side += tracked_bytes() + ephemerons_bytes() + finalizers_bytes() +
          space_metadata();
  uint64_t now = space_used_peak() + side;
  uint64_t peak = atomic_load(&bookkeeping_peak);
  while (now > peak &&
         !atomic_compare_exchange_weak(&bookkeeping_peak, &peak, now))
    continue;
  return (gc_footprint){space_used() + side, now > peak ? now : peak};
}
