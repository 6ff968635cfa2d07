/* pacing-causes.h: why a cell holds much, or grows: which input misled its heap
 * policy, in sentences.  Every sentence follows from figures of the record, and
 * says them. */
#ifndef REAPMARK_PACING_CAUSES_H
#define REAPMARK_PACING_CAUSES_H

#include "pacing-facts.h"

/* Memory is much above this multiple of what is alive. */
#define PACING_MUCH 3.0

/* What there is to explain, in one line: what is held, by how much that is more
 * than what is alive, whether it grows. */
const char *pacing_state_text(const pacing_facts *f);

/* Whether there is something: memory or garbage grows, much memory is held, at
 * the peak or at the end, or more than twice as many dead objects as live
 * ones. */
bool pacing_calls_for_causes(const pacing_facts *f);

/* The causes that the record shows, as arena_text, `*count` of them; none: the
 * record does not explain it. */
const char **pacing_find_causes(const pacing_facts *f, size_t *count);

#endif
