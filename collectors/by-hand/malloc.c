/* by-hand/malloc.c: types of plain C with malloc and free. */
#include "gc.h"

uint64_t hand_made, hand_freed;

void hand_type_begin(hand_type *t, unsigned slots, size_t bytes) {
  (void)slots;
  t->bytes = bytes;
}

void hand_leaf_begin(hand_type *t, size_t bytes) {
  hand_type_begin(t, 0, bytes);
}

/* Nothing looks for references. */
void hand_root(void *from, size_t count) {
  (void)from, (void)count;
}

#ifdef MALLOC_JEMALLOC
/* jemalloc renews its statistics when the epoch changes. */
gc_footprint hand_jemalloc_held(void) {
  uint64_t epoch = 1;
  size_t held = 0, bytes = sizeof held, epoch_bytes = sizeof epoch;
  rmje_mallctl("epoch", &epoch, &epoch_bytes, &epoch, epoch_bytes);
  rmje_mallctl("stats.resident", &held, &bytes, NULL, 0);
  return (gc_footprint){held, held};
}
#endif
