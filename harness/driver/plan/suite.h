/* suite.h: suite files. */
#ifndef REAPMARK_SUITE_H
#define REAPMARK_SUITE_H

#include <stdbool.h>
#include <stdint.h>

/* One entry of `cells`.  Empty lists: as the suite, or as the default, has
 * it. */
typedef struct suite_cell {
  char *workload; /* NAME:KEY=VALUE,... */
  char **collectors;
  unsigned collectors_count;
  char **heaps;
  unsigned heaps_count;
  uint32_t *threads;
  unsigned threads_count;
} suite_cell;

/* A cell that a target names. */
typedef struct suite_side {
  char *workload, *collector;
  char *heap;        /* NULL: none */
  uint32_t *threads; /* NULL: 1 */
} suite_side;

/* One entry of `targets`: what a measurement is to show.
 *
 *   name, what   one line each
 *   metric       of one cell (the median of its invocations), as in reports
 *   cell         that cell: workload, collector, heap (none), threads (1)
 *   over         the cell by whose metric it is divided: a collector, and where
 *                they are others a workload and threads; heap as above. Without
 *                one, the metric itself is meant, in its base unit (ns, bytes,
 *                per second)
 *   untimed      true: `over` runs without instruments, and without `over` the
 *                same cell does; the metric is then wall_ns
 *   gate         the number that is to be reached; from which side, the metric
 *                says: if less of it is better, from above
 *   stretch      a better one (as the gate)
 *   rss          peak RSS of both cells must be equal within so many percent,
 *                or they are not comparable
 *   floor        true: what the interface of the other one costs, by
 *                floors.json, is taken off its time first
 */
typedef struct suite_target {
  char *name, *what, *metric;
  suite_side cell, *over;
  double gate, *stretch, *rss;
  bool *floor, *untimed;
} suite_target;

/* A suite file is a mapping with these keys:
 *
 *   name, description   one line each
 *   invocations         processes per cell (3)
 *   timeout             seconds that a run may take (60)
 *   collectors          names (all that are found)
 *   heaps               sizes (3x)
 *   threads             numbers, for workloads that have threads (2)
 *   cells               list of mappings with `workload` and, where they
 *                       differ from the suite's, collectors, heaps, threads
 *   targets             list of mappings as above; their cells need not be in
 *                       `cells`, and without other ones `cells` is left out
 *   table               the one that the run ends with, instead of all metrics
 */
typedef struct suite {
  char *name, *description;
  uint32_t *invocations;
  double *timeout;
  char **collectors;
  unsigned collectors_count;
  char **heaps;
  unsigned heaps_count;
  uint32_t *threads;
  unsigned threads_count;
  suite_cell *cells;
  unsigned cells_count;
  suite_target *targets;
  unsigned targets_count;
  char *table;
  const char *path;
} suite;

enum { SUITE_INVOCATIONS = 3, SUITE_TIMEOUT = 60, SUITE_THREADS = 2 };
#define SUITE_HEAP "3x"

/* The suite in a file, or NULL when it is not one, which was said with line and
 * column.  Lives as long as the process. */
const suite *suite_load(const char *path);

/* "PATH:LINE:COLUMN" of the first place where `word` stands in the file outside
 * a comment, or "PATH" if it does not. */
const char *suite_locate(const char *path, const char *word);

#endif
