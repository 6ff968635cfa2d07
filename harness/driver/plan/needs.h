/* needs.h: which collectors a run needs, told before any collector is built. */
#ifndef REAPMARK_NEEDS_H
#define REAPMARK_NEEDS_H

#include "harness/base/words.h"
#include "plan.h"

/* The names of the collectors that the plan of this request would name, each
 * once, without their options; words that mean many collectors (`models`) stay
 * as they are.  Looks at the request and its suite file only, for no collector.
 * Returns false if there is no such suite, which was said. */
bool needs_of_request(const plan_request *request, word_list *out);

/* The same of a plan. */
void needs_of_plan(const plan *p, word_list *out);

#endif
