/* pacing-facts.h: what one record tells of when its collector collected, and of
 * what it held meanwhile: for the tables pacing and pacing-space, and for the
 * explanations (pacing-causes.h).  A number that the record does not have is
 * NAN. */
#ifndef REAPMARK_PACING_FACTS_H
#define REAPMARK_PACING_FACTS_H

#include "harness/stats/stability.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A collection, as the heap policy saw it (`pacing` of the record, gc_paced in
 * gc.h).  Times are ns from the beginning of the measured part, sizes bytes. */
typedef struct pacing_line {
  double at;
  double full;            /* 1: of the whole heap; 0: partial */
  double due, used, live; /* the goal then, before, after */
  double external;        /* of `live` */
  double allocated;       /* since the collection before */
  double cost, mutator;   /* ns */
  double goal;            /* for the next full one; 0: none */
} pacing_line;

/* A sample of memory.curve, with that of garbage.curve at the same time. */
typedef struct pacing_sample {
  double at, footprint, resident;
  double live_objects, live; /* live: bytes */
  double garbage;            /* objects */
} pacing_sample;

/* Whether something settles (`stability` of the record). */
typedef struct pacing_stability {
  bool known;
  stability_verdict verdict;
  double slope; /* % a second */
} pacing_stability;

typedef struct pacing_facts {
  pacing_line *lines;
  pacing_sample *samples;
  size_t lines_count, samples_count;
  double length; /* ns of the measured part, by the clock */

  const char *policy; /* in force, borrowed; "" without one */

  /* The most that was alive: as the workload stated it step by step, else its
   * volume. */
  double live;
  double live_end;          /* bytes alive at the last sample */
  double live_objects_most; /* objects */
  double resident;          /* peak, less the baseline */
  double footprint_most, footprint_end;
  double footprint_mean, live_mean; /* over time */

  double garbage_most, garbage_median, garbage_end; /* objects */
  double held_most, held_median; /* bytes of the footprint beyond live ones */
  pacing_stability garbage, memory;

  double allocated;   /* nominal bytes */
  double collections; /* of all kinds */
  double full;        /* as far as they are counted */
  double overshoot;   /* by how many % the heap was above its goal, at most */

  /* Memory outside the heap that objects own. */
  double external_most;
  bool external_counted; /* it is part of the footprint */
  bool external_seen;    /* and of the goals */

  /* Settings of the policy; NAN: the collector has none of these. */
  double growth_least; /* bytes */
  double give_back;    /* collections; 0: never */

  /* Collectors with CPython's thresholds: new objects to a young collection,
   * young ones to a middle one, middle ones to a full one; NAN: it has none. */
  double thresholds[3];

  double leaked;         /* objects that the collector keeps for good */
  bool declared;         /* as it declares */
  double limit;          /* of the heap, bytes; 0: none */
  double cells_per_byte; /* memory of live objects over their nominal bytes */
  double settled_free, settled_pages; /* bytes, after the last collection */
} pacing_facts;

/* Reads a record; pacing_free releases what belongs to the facts. */
pacing_facts pacing_read(const json_t *record);
void pacing_free(pacing_facts *f);

#endif
