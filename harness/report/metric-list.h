/* metric-list.h: the metrics that a user chooses for a comparison, by name. */
#ifndef REAPMARK_REPORT_METRIC_LIST_H
#define REAPMARK_REPORT_METRIC_LIST_H

#include "metrics.h"

#include <stdbool.h>
#include <stddef.h>

/* What is compared unless the user chooses. */
#define METRICS_MAIN                                                           \
  "throughput,cpu,gc_share,pause_p99,pause_max,step_max,peak_rss,footprint"

/* In the arena, each metric once. */
typedef struct metric_list {
  const metric **items;
  size_t count;
} metric_list;
void metric_list_add(metric_list *list, const metric *m);

/* The metric of this name, which may go without its last words: "throughput"
 * for throughput_per_s.  Only numbers of one invocation count that are better
 * one way.  NULL, which was said of the option, if there is none of that name
 * or more than one. */
const metric *metric_list_find(const char *option, const char *name);

/* Adds the metrics that the value of the option names.  Returns false, which
 * was said, if a name is not right. */
bool metric_list_choose(const char *option, const char *text,
                        metric_list *list);

#endif
