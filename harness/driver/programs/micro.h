/* micro.h: `reapmark micro`, what the primitives of each collector cost. */
#ifndef REAPMARK_MICRO_H
#define REAPMARK_MICRO_H

#include "discover.h"
#include "harness/base/spec.h"

/* Times primitives (a list of names) of a collector with options, for so many
 * seconds each.  Returns "The micro record" of results/schema.md, or NULL after
 * having said why there is none. */
json_t *micro_time(const collector *c, const spec *options, double min_time,
                   const char *list);

#endif
