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

/* What the identity of a cell ends in that runs without instruments. */
#define RECORD_UNTIMED "/instrument=off"

/* Whether `record` is a run record of this schema: every field that its
 * verdict calls for is there, and every field that is there has its type and
 * sense (no negative times, histograms that add up).  The driver's own fields
 * may be missing.  If not, writes one line to `why`. */
bool record_valid(const json_t *record, char *why, size_t room);

/* The value at a dotted path ("verdict.status"), borrowed, or NULL. */
json_t *record_get(const json_t *record, const char *path);

/* The text there, borrowed, or ""; and the number there, or NAN. */
const char *record_text(const json_t *record, const char *path);
double record_number(const json_t *record, const char *path);

/* An integer.  JSON as jansson has it ends at INT64_MAX: larger values, which
 * occur as "no limit" only, become that. */
json_t *record_integer(uint64_t value);

/* A histogram as the schema has it, and back.  Reading returns false, with `h`
 * empty, if `json` is not one. */
json_t *record_histogram(const hist *h);
bool record_read_histogram(const json_t *json, hist *h);

#endif
