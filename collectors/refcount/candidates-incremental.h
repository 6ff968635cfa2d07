/* candidates-incremental.h: a detector that examines containers by increments
 * (incremental.c).
 * The part `candidates` of a counting collector (parts.h). */
#ifndef REAPMARK_REFCOUNT_CANDIDATES_H
#define REAPMARK_REFCOUNT_CANDIDATES_H

#include "refcount/containers.h"

#define RC_SOURCE "CPython 3.14.0 to 3.14.4: Shannon's incremental detector"

/* The counters of incremental.c. */
#define RC_CANDIDATES_EVENTS                                                   \
  "increments", "markings", "scavenges", "full-collections", "returned-early", \
      "objects-marked", "objects-joined", RC_CONTAINERS_EVENTS,
#define RC_CANDIDATES_WORK RC_CONTAINERS_WORK,
/* Small increments; those of 3.14.0, large ones first; without what makes a
 * debt. */
#define RC_CANDIDATES_TIGHT                                                    \
  "young=50,debt=0", "young=5,scale=2,divisor=1,debt=0,early=0",               \
      "young=20,early=0", "young=3,twice=0,debt=10",
/* Increments alone find all garbage, but for values that lead to a key without
 * slots. */
#define RC_CANDIDATES_PARTIAL                                                  \
  { "young=20,debt=0", GC_RECLAIMS_ALL }

#endif
