/* fifo.h: a cache that knows the order in which its entries came: a list with
 * a global root at each end. */
#ifndef REAPMARK_LEAKS_FIFO_H
#define REAPMARK_LEAKS_FIFO_H

#include "cause.h"

enum { OLDEST, NEWEST }; /* global roots */
enum { NEXT };

/* Adds a new entry after the newest. */
static inline void fifo_add(gc_mutator *m) {
  gc_reg frame = gc_frame_enter(m, 1, 1), entry = frame, newest = frame + 1;
  leak_node(m, entry);
  gc_global_borrow(m, newest, NEWEST);
  if (gc_is_null(m, newest))
    gc_global_store(m, OLDEST, entry);
  else
    gc_store(m, newest, NEXT, entry);
  gc_unborrow(m, newest);
  gc_global_store(m, NEWEST, entry);
  gc_frame_leave(m, frame, 1, 1);
}

static inline void fifo_clear(gc_mutator *m) {
  gc_global_clear(m, NEWEST);
  gc_global_clear(m, OLDEST);
}

static inline void fifo_end(wl_thread *t) {
  fifo_clear(t->m);
}

static const char *const words[] = {
    "global 0", "the cache, from its oldest entry",
    "global 1", "the cache's newest entry",
    "object 2", "entry",
    NULL};

#endif
