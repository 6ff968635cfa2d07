/* cells-usage.h: what a collector over cells.h has to say of its heap, as far
 * as the cells alone know it.  To be included by its .c, after its header. */
#ifndef REAPMARK_COMMON_CELLS_USAGE_H
#define REAPMARK_COMMON_CELLS_USAGE_H

#include "common/cells.h"

static cells_hand *cells_hand_in(gc_mutator *m) {
  return &m->hand;
}

uint64_t gc_heap_objects(gc_heap *h) {
  (void)h;
  return cells.live_objects;
}

gc_usage gc_heap_usage(gc_heap *h) {
  (void)h;
  return cells_usage(cells_hand_in);
}

#endif
