/* plan-json.h: plan.json (results/schema.md), which a results directory keeps
 * of its plan. */
#ifndef REAPMARK_PLAN_JSON_H
#define REAPMARK_PLAN_JSON_H

#include "plan.h"

/* The plan as plan.json has it, new. */
json_t *plan_to_json(const plan *p);

/* The programs of a recorded plan that were given by their paths, as words for
 * discover_collectors. */
word_list plan_programs(const json_t *json);

/* The plan that `json` describes, with its runs in the same order.  A cell
 * whose collector is no longer among `all` has no program.  False: it is not a
 * plan. */
bool plan_from_json(const json_t *json, const collectors *all, plan *out);

/* Where a recorded plan differs from the wanted one, for the user, or NULL. */
const char *plan_difference(const json_t *recorded, const json_t *wanted);

#endif
