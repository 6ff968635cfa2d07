/* suite.h: suite files. */
#ifndef REAPMARK_SUITE_H
#define REAPMARK_SUITE_H

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
