/* metrics.h: every number that is reported, stated once.
 *
 * A row of the table says how the number is read from one record, how the
 * invocations of a cell become one, and what it is called.  All formats are
 * made from these rows. */
#ifndef REAPMARK_METRICS_H
#define REAPMARK_METRICS_H

#include <jansson.h>
#include <stddef.h>

typedef enum metric_unit {
  UNIT_RATE, /* per second, in the workload's unit */
  UNIT_PERCENT,
  UNIT_RATIO,
  UNIT_NS,
  UNIT_BYTES,
  UNIT_COUNT /* a whole number */
} metric_unit;

typedef enum metric_combine {
  COMBINE_MEDIAN,  /* of the invocations */
  COMBINE_SPREAD,  /* how far the median is known, in % of it */
  COMBINE_MAXIMUM, /* the worst of them; none if one of them has none */
  COMBINE_P50,     /* of the pauses of all invocations together */
  COMBINE_P99,
  COMBINE_TOTAL /* of all invocations together */
} metric_combine;

typedef struct metric {
  const char *name;   /* with its base unit: for programs */
  const char *header; /* for people; NULL: not in tables */
  metric_unit unit;
  int better; /* +1: higher is better, -1: lower, 0: says nothing of it */
  metric_combine combine;
  double (*read)(const json_t *record); /* NAN: cannot be said */
  const char *help;                     /* one line */
} metric;

/* Of all intervals in reports; of the median it takes 6 invocations, and up to
 * then half the range stands in its place. */
#define REPORT_CONFIDENCE 0.95

enum { METRICS = 18 };
extern const metric metrics[METRICS];
enum { METRIC_THROUGHPUT = 0, METRIC_CPU = 12 }; /* their rows */

/* NULL if there is none of that name. */
const metric *metric_find(const char *name);

/* What a cell of the table shows: the number, or a dash for NAN. */
enum { METRIC_TEXT = 32 };
char *metric_text(char *out, const metric *m, double value);

/* The number for programs: a new JSON number. */
json_t *metric_json(const metric *m, double value);

/* What its header says of unit and direction: "MiB ↓". */
char *metric_unit_text(char *out, const metric *m, const char *ops);

#endif
