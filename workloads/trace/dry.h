/* dry.h: what a replay costs without a collector. */
#ifndef REAPMARK_TRACE_DRY_H
#define REAPMARK_TRACE_DRY_H

#include <stdint.h>

/* Goes through the words of a window (tape.h) as a replay does, with operations
 * that do nothing, and returns how many nanoseconds of CPU time
 * that took. */
uint64_t trace_dry_pass(const uint64_t *words);

#endif
