/* bookkeeping.c: see bookkeeping.h. */
#include "common/bookkeeping.h"
#include "common/ephemerons.h"
#include "common/space.h"

void bookkeeping_destroy(void) {
  tracked_destroy();
  ephemerons_destroy();
  finalizers_destroy();
  owned_destroy();
  bag_tables_free();
  memset(object_globals, 0, sizeof object_globals);
}

gc_footprint bookkeeping_footprint(uint64_t side) {
  return space_footprint(side + tracked_bytes() + ephemerons_bytes() +
                         finalizers_bytes() + owned_bytes() + space_metadata());
}
