/* record.h: the form of a run record (results/schema.md), for the collector
 * programs that write records and the driver that reads them. */
#ifndef REAPMARK_RECORD_H
#define REAPMARK_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/stats/histogram.h"

enum { RECORD_SCHEMA = 1 };

/* The numbers of a line of `pacing`, by their places. */
enum {
  RECORD_PACED_AT,
  RECORD_PACED_FULL,
  RECORD_PACED_DUE,
  RECORD_PACED_USED,
  RECORD_PACED_LIVE,
  RECORD_PACED_EXTERNAL,
  RECORD_PACED_ALLOCATED,
  RECORD_PACED_COST,
  RECORD_PACED_MUTATOR,
  RECORD_PACED_GOAL,
  RECORD_PACED
};

/* The end of the identity of a cell that runs without instruments. */
#define RECORD_UNTIMED "/instrument=off"

/* Whether `record` is a run record of this schema: it has every field that its
 * verdict requires, and every field has the right type and a possible value
 * (no negative times, histograms that add up).  The fields that the driver
 * adds may be missing.  If the record is not valid, one line that says why
 * goes to `why`, which has `room` bytes. */
bool record_valid(const json_t *record, char *why, size_t room);

/* Whether the figures of a valid record agree with each other: a peak is above
 * the baseline and the samples, all pauses are those of the kinds, nothing took
 * longer than the run, threads have no more pause than time, utilisation
 * follows from pauses, something was done, and the verdict is not better than
 * what was found.  Figures that are missing agree.  If
 * they do not agree, one line that says which goes to `why`.  A program that is
 * not ours writes records, too, and the harness may have bugs of its own. */
bool record_consistent(const json_t *record, char *why, size_t room);

/* Whether a valid record tells of a run that its figures can be relied on: the
 * process did not stand still, stopped from outside, and held no memory far
 * beyond the heap's footprint.  If not, one line that names the figure and the
 * bound goes to `why`. */
bool record_undisturbed(const json_t *record, char *why, size_t room);

/* Makes the verdict of a valid record WRONG if it is not consistent; else gives
 * it the field `suspect`, the reason, if the run was disturbed.  A run that
 * failed anyway stays what it is.  Everyone who
 * takes a record from a program or from a file judges it. */
void record_judge(json_t *record);

/* The value at a dotted path ("verdict.status"), borrowed, or NULL. */
json_t *record_get(const json_t *record, const char *path);

/* The text there, borrowed, or ""; and the number there, or NAN. */
const char *record_text(const json_t *record, const char *path);
double record_number(const json_t *record, const char *path);

/* A new JSON integer.  Integers of jansson end at INT64_MAX; larger values,
 * which mean "no limit", become that. */
json_t *record_integer(uint64_t value);

/* Cleans all texts of a value that a program wrote (words_clean), and removes
 * members whose names are not clean. */
void record_clean(json_t *json);

/* A histogram as JSON (new), and back.  Reading returns false, with `h` empty,
 * if `json` is no histogram. */
json_t *record_histogram(const hist *h);
bool record_read_histogram(const json_t *json, hist *h);

/* The same, sparse: h->buckets is to be freed, and is NULL if there are none or
 * the result is false. */
bool record_read_sparse(const json_t *json, hist_sparse *h);

#endif
