/* followed.h: a report as those services read it that follow figures from
 * commit to commit: Bencher, and github-action-benchmark.
 *
 * The figures are those that `compare` compares: the median of a cell's
 * invocations with its 95 % interval, or of fewer than six invocations with
 * their range.  A cell that failed has none: a service would take a 0 for the
 * best figure ever. */
#ifndef REAPMARK_REPORT_FOLLOWED_H
#define REAPMARK_REPORT_FOLLOWED_H

#include "compare.h"
#include "load.h"
#include "metric-list.h"
#include "harness/output/table.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct followed_format {
  const char *name; /* of `report --format` */
  int better;       /* the direction of its metrics, as in `metric`; 0: both */
  /* Adds a figure to what the service reads. */
  void (*add)(json_t *to, const report_cell *c, const metric *m,
              const compare_sample *s);
} followed_format;

/* bmf: the Bencher Metric Format.  smaller-is-better and bigger-is-better: of
 * github-action-benchmark the tools customSmallerIsBetter and
 * customBiggerIsBetter. */
enum { FOLLOWED_FORMATS = 3 };
extern const followed_format followed_formats[FOLLOWED_FORMATS];

/* The format of this name, or NULL. */
const followed_format *followed_find(const char *name);

/* Adds the metrics that the value of `--columns` names; NULL stands for those
 * that `compare` compares.  Returns false, which was said, if a name is not
 * right, or is of a metric for which the format has no place. */
bool followed_choose(const followed_format *f, const char *names,
                     metric_list *chosen);

/* The page of results of one machine, in the arena but for its JSON.  *count
 * becomes the number of figures in it. */
page *followed_page(const followed_format *f, const report *r,
                    const metric_list *chosen, size_t *count);

#endif
