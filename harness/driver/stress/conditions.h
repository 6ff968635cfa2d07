/* conditions.h: the hostile conditions that `reapmark stress` puts collectors
 * under, in one table. */
#ifndef REAPMARK_CONDITIONS_H
#define REAPMARK_CONDITIONS_H

#include "harness/base/spec.h"
#include "harness/driver/programs/discover.h"

#include <stdbool.h>
#include <stddef.h>

/* What a condition asks of a collector, bits; for others it is n/a. */
enum {
  NEEDS_THREADS = 1,
  NEEDS_LIMIT = 2,      /* honours a heap limit */
  NEEDS_FREEING = 4,    /* frees anything */
  NEEDS_TRAVERSING = 8, /* goes through the heap, with lists of its own */
  NEEDS_DEPTH = 16,     /* drops structures of any depth */
};

typedef struct condition {
  const char *name;
  const char *provokes; /* what it brings to light, one line */

  /* Of the collector program. */
  const char *hostile;    /* --hostile; of a sweep the key alone; or NULL */
  spec_setting params[3]; /* of the workload; the key after the last is NULL */
  unsigned heap;   /* limit, in percent of what an episode without one had
                      as its footprint while it collected all the time; 0:
                      none */
  bool live;       /* ... or of the bytes that were alive */
  bool one_thread; /* else as many as were asked for, if it has threads */

  unsigned needs;
  const char *proof; /* what in the record (results/schema.md) says how often
                        the condition came about; NULL: nothing in it */
  bool uncertain;    /* a proof count of 0 is acceptable */
  unsigned share;    /* of operations, in percent of an ordinary condition's */
  bool sweep;  /* a short episode again and again with KEY=1, 2, ..., until the
                  condition no longer comes about: all the places there are */
  bool scarce; /* out of memory is no failure */
  bool races;  /* not the same every time */
} condition;

extern const condition conditions[];
extern const size_t conditions_count;

/* What an episode takes where no limit stands in its way.  Not in the table: it
 * is run for those that have a limit. */
extern const condition condition_peak;

/* NULL if there is none. */
const condition *condition_find(const char *name);

/* Its parameters of the workload as one writes them, KEY=VALUE,...; NULL if
 * there are none. */
const char *condition_params(const condition *c);

/* Why the collector cannot be put under it ("needs threads"), or NULL. */
const char *condition_missing(const condition *c, const collector *of);

#endif
