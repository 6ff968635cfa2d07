/* sizing.h: gives a workload as much live data as is asked for. */
#ifndef REAPMARK_SIZING_H
#define REAPMARK_SIZING_H

#include "harness/base/words.h"
#include "harness/driver/programs/discover.h"

#include <stdint.h>

/* What a workload needs, by its own account (collector --volume), in bytes.
 * `live` is the peak-bytes of `describe`. */
typedef struct volume {
  uint64_t live;
  uint64_t measured; /* allocated in the measured part */
} volume;

/* Asks the collector program.  Returns NULL, or in the arena why there is no
 * answer. */
const char *sizing_volume(const collector *c, const spec *workload,
                          unsigned threads, volume *out);

/* The description of a parameter (results/schema.md); NULL if the workload has
 * no such one. */
const json_t *sizing_param(const collector *c, const spec *workload,
                           const char *key);

/* Sets the parameters `keys` of the workload, each to its largest value with
 * which at most `wanted` bytes are alive, one after the other: the first may be
 * coarse (the depth of a tree), and the last fills up.  Asks, and runs nothing.
 * `live` becomes what was reached.  Returns NULL, or in the arena why nothing
 * near (within 5 %) can be reached. */
const char *sizing_fit(const collector *c, word_list keys, unsigned threads,
                       uint64_t wanted, spec *workload, uint64_t *live);

#endif
