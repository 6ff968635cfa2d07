/* exercised.h: the one rule that decides whether a run exercised its collector.
 *
 * Pauses, shares of time and latencies of a collector that never collected are
 * not low, they are not known.  So every table, comparison and search asks this
 * rule before it shows them.  It needs no name of a collector: the program
 * records by what it is to be judged (`exercise.by`, results/schema.md). */
#ifndef REAPMARK_EXERCISED_H
#define REAPMARK_EXERCISED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* From most to least proof. */
typedef enum exercised {
  EXERCISED_ENOUGH,
  EXERCISED_APART, /* the workload times what is not the collector's work, and
                      keeps collections out of it */
  EXERCISED_FEW,   /* too few collections to tell how long pauses are */
  EXERCISED_NOT    /* none */
} exercised;

/* Fewer collections than this are few; and how many a search or --exercise
 * wants, so that the next run of the cell has enough, too. */
enum { EXERCISED_LEAST = 3, EXERCISED_WANTED = 5 };

typedef struct exercise {
  exercised state;
  bool told; /* by the record; if not, the state is EXERCISED_ENOUGH */
  /* Whether collections decide.  If not, `count` is 0: the collector reclaims
   * nothing by itself or at every death, or the record does not say. */
  bool collects;
  uint64_t count; /* of collections, or of what stands for them */
  /* What was counted, plural: "collections", or "stops" of a collector that
   * does not count its collections. */
  const char *unit;
  /* How many of them were full, if the collector tells (full_known). */
  bool full_known;
  uint64_t full;
  /* Less than half of the collections that it counts were reported as pauses:
   * so what it reports says nothing of how long its collections stop the
   * program.  Steps do. */
  bool unreported;
} exercise;

static inline bool exercised_shows_pauses(exercised e) {
  return e == EXERCISED_ENOUGH || e == EXERCISED_FEW;
}

/* What a run record tells.
 *
 * - A collector that collects needs collections or searches for dead cycles,
 *   by its counters; without such counters, the stops and searches that it
 *   reports stand for them.
 * - Counting with a search for dead cycles is judged like pure counting in a
 *   run that gave the search nothing to do: the workload makes no cyclic
 *   garbage, and no object became a candidate.
 * - Pure counting is judged by what died: cascades, drops, or other deaths.
 * - A workload may say that it keeps collections out of what it measures
 *   (wl_apart in workload.h).
 * - What reclaims nothing by itself has nothing to exercise, and neither has
 *   the record of a program that says nothing of it. */
exercise record_exercise(const json_t *record);

#endif
