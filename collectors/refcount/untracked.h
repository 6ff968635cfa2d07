/* untracked.h: objects are in no lists, and have nothing before their headers.
 * For the parts `candidates` (parts.h) that need no list of all containers. */
#ifndef REAPMARK_REFCOUNT_UNTRACKED_H
#define REAPMARK_REFCOUNT_UNTRACKED_H

#include "refcount/parts.h"

enum { RC_PREFIX = 0 };

static inline void rc_track(gc_object *o) {
  (void)o;
}

static inline void rc_untrack(gc_object *o) {
  (void)o;
}

#endif
