/* describe.h: `reapmark describe`. */
#ifndef REAPMARK_DESCRIBE_H
#define REAPMARK_DESCRIBE_H

#include "discover.h"

#include <stdint.h>

/* Runs a workload, NAME:KEY=VALUE,..., on the collector `oracle` within
 * `timeout` seconds.  Returns the record, new, whose counters are exact figures
 * of the whole run; or NULL, after saying why there is none. */
json_t *describe_count(const collector *oracle, const char *workload,
                       uint64_t threads, uint64_t seed, double timeout);

#endif
