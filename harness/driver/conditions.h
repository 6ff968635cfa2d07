/* conditions.h: the hostile conditions that `reapmark stress` puts collectors
 * under, in one table. */
#ifndef REAPMARK_CONDITIONS_H
#define REAPMARK_CONDITIONS_H

#include "discover.h"

#include <stdbool.h>
#include <stddef.h>

/* What a condition asks of a collector; of others it is n/a. */
typedef enum condition_need {
  NEEDS_NOTHING,
  NEEDS_THREADS,
  NEEDS_LIMIT,      /* honours a heap limit */
  NEEDS_FREEING,    /* frees anything */
  NEEDS_TRAVERSING, /* goes through the heap, with lists of its own */
} condition_need;

typedef struct condition {
  const char *name;
  const char *provokes; /* what it brings to light, one line */

  /* Of the collector program. */
  const char *hostile; /* --hostile; of a sweep the key alone; or NULL */
  const char *params;  /* KEY=VALUE,... of the workload, or NULL */
  unsigned heap;       /* limit, in percent of the known peak; 0: none */
  bool one_thread;     /* else as many as were asked for, if it has threads */

  condition_need needs;
  const char *proof; /* what in the record (results/schema.md) must be above 0,
                        or the condition never was; NULL: nothing in it */
  unsigned share;    /* of operations, in percent of an ordinary condition's */
  bool sweep;  /* a short episode again and again with KEY=1, 2, ..., until the
                  condition no longer comes about: all the places there are */
  bool scarce; /* out of memory is no failure */
  bool races;  /* not the same every time */
} condition;

extern const condition conditions[];
extern const size_t conditions_count;

/* NULL if there is none. */
const condition *condition_find(const char *name);

/* Why the collector cannot be put under it ("needs threads"), or NULL. */
const char *condition_missing(const condition *c, const collector *of);

#endif
