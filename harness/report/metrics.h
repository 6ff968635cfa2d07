/* metrics.h: every number of a cell that is reported, stated once.
 *
 * A metric says how its number is read from one record, how the numbers of a
 * cell's invocations become one, and how it is called.  The columns of the main
 * table, the comparisons and the targets are made from this list. */
#ifndef REAPMARK_METRICS_H
#define REAPMARK_METRICS_H

#include "harness/output/table.h"

#include <jansson.h>
#include <stddef.h>

typedef enum metric_combine {
  COMBINE_MEDIAN,  /* the median of the invocations */
  COMBINE_SPREAD,  /* how precisely the median is known, in % of it */
  COMBINE_MAXIMUM, /* the largest; none if one invocation has no number */
  COMBINE_P50,     /* the median of the pauses of all invocations together */
  COMBINE_P99,     /* their 99th percentile */
  COMBINE_TOTAL    /* the sum over all invocations */
} metric_combine;

/* What must have happened for the number to mean something (exercise.h). */
typedef enum metric_claims {
  CLAIMS_NEITHER, /* memory, counts of steps */
  CLAIMS_TIME,    /* a time with the collector's work in it */
  CLAIMS_STOPS,   /* how long collections stop the program, seen from outside */
  CLAIMS_PAUSES   /* the same, as the collector reports it */
} metric_claims;

typedef struct metric {
  const char *name;   /* for programs, with the base unit at its end */
  const char *header; /* for people; NULL: not in the main table */
  table_kind kind;
  int better; /* +1: higher is better, -1: lower, 0: neither */
  metric_combine combine;
  double (*read)(const json_t *record); /* NAN: not available */
  const char *help;                     /* one line */
  metric_claims claims;
  unsigned leaves; /* of its column in the main table (table_column.leaves) */
} metric;

/* The confidence of every interval in reports.  The interval of a median needs
 * 6 invocations; below that, half their range is shown instead. */
#define REPORT_CONFIDENCE 0.95

enum { METRICS = 39 };
extern const metric metrics[METRICS];
/* Where these stand. */
enum { METRIC_THROUGHPUT = 0, METRIC_CPU = 12, METRIC_REPLAYER = 38 };

/* The metric of this name, or NULL. */
const metric *metric_find(const char *name);

/* A number of this metric as a new JSON number. */
json_t *metric_json(const metric *m, double value);

/* The unit and the direction, for a header: "MiB ↓".  A rate's "/s ↑" is to be
 * preceded by what is counted. */
const char *metric_unit(const metric *m);

/* The header, or the name of a metric without one. */
const char *metric_title(const metric *m);

#endif
