/* summary.h: prints what a stress campaign found. */
#ifndef REAPMARK_STRESS_SUMMARY_H
#define REAPMARK_STRESS_SUMMARY_H

#include "harness/output/format.h"
#include "rounds.h"

/* Shrinks one failure of each kind, if the campaign does, and prints the rows
 * of all courses, one failure of each kind, and what was reached.  In a
 * campaign over all conditions every declared event must have happened. Returns
 * whether all is good. */
bool summary_print(campaign *c, const course *courses, size_t n,
                   const output_format *format);

#endif
