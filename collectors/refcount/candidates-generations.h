/* candidates-generations.h: a detector that examines containers by generations
 * (generations.c).
 * The part `candidates` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_CANDIDATES_H
#define REAPMARK_REFCOUNT_CANDIDATES_H

#include "refcount/containers.h"

#define RC_SOURCE                                                              \
  "CPython 2.0 to 3.13: Schemenauer's detector; a full collection waits for "  \
  "a quarter: von Loewis, 2008"

/* The counters of generations.c. */
#define RC_CANDIDATES_EVENTS                                                   \
  "young-collections", "middle-collections", "full-collections",               \
      "full-delayed", RC_CONTAINERS_EVENTS,
#define RC_CANDIDATES_WORK RC_CONTAINERS_WORK,
/* Collections all the time, each setting with other generations in front. */
#define RC_CANDIDATES_TIGHT                                                    \
  "young=20,middle=2,old=2", "young=1,middle=1,old=1,quarter=0",               \
      "young=50,middle=0,old=0,quarter=1", "young=4,middle=20,old=1",
/* Without full collections old garbage stays. */
#define RC_CANDIDATES_PARTIAL                                                  \
  { NULL, GC_RECLAIMS_NOTHING }

#endif
