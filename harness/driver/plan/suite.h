/* suite.h: suite files, which say what `reapmark run` runs. */
#ifndef REAPMARK_SUITE_H
#define REAPMARK_SUITE_H

#include <stdbool.h>
#include <stdint.h>

/* One entry of `cells`.  Where a list is empty, that of the suite holds, or the
 * default. */
typedef struct suite_cell {
  char *workload; /* NAME:KEY=VALUE,... */
  char **collectors;
  unsigned collectors_count;
  char **heaps;
  unsigned heaps_count;
  uint32_t *threads;
  unsigned threads_count;
  char **size; /* for `choose` alone: the parameters that set how much is alive,
                  the coarsest first */
  unsigned size_count;
} suite_cell;

/* A cell that a target names. */
typedef struct suite_side {
  char *workload, *collector;
  char *heap;        /* NULL: none */
  uint32_t *threads; /* NULL: 1 */
} suite_side;

/* One entry of `targets`: a number that a measurement is to reach.
 *
 *   name, what   one line each
 *   metric       of one cell (the median of its invocations), as in reports
 *   cell         that cell: workload, collector, heap (none), threads (1)
 *   over         the cell by whose metric the first one's is divided: a
 *                collector, and if they differ a workload and threads; heap as
 *                above.  Without `over`, the gate is in the metric's base unit
 *                (ns, bytes, per second), and a time holds for one machine only
 *   over_metric  the metric of `over`, if it is another one of the same kind: a
 *                pause over the time of one access to memory, for example
 *   by_hand      a second cell, likewise, that is shown beside `over` and not
 *                judged: the same library, used by a program without our
 *                interface
 *   untimed      true: `over` runs without instruments, and without `over` the
 *                same cell does; the metric is then wall_ns
 *   gate         the number to reach: at most this where less of the metric is
 *                better, else at least this
 *   stretch      a better number, likewise
 *   rss          the cells are comparable only if their peaks of RSS are equal
 *                within this percentage
 *   floor        true: the time of `over` is taken less what its interface
 *                costs (floors.json)
 */
typedef struct suite_target {
  char *name, *what, *metric, *over_metric;
  suite_side cell, *over, *by_hand;
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
 *                       differ from the suite's, collectors, heaps, threads;
 *                       in a suite that `choose` starts from, also size
 *   targets             list of mappings as above; their cells need not be in
 *                       `cells`, and without other ones `cells` is left out
 *   table               the table that the run ends with, instead of all
 *                       metrics
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

/* The suite in a file; NULL if the file is none, which was said with line and
 * column.  The suite lives as long as the process. */
const suite *suite_load(const char *path);

/* "PATH:LINE:COLUMN" of the first place where `word` stands in the file outside
 * a comment, or "PATH" if it stands nowhere. */
const char *suite_locate(const char *path, const char *word);

#endif
