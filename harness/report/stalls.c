/* stalls.c: what the workload met and the collector did not report. */
#include "load.h"
#include "harness/base/arena.h"
#include "harness/output/table.h"
#include "harness/record/record.h"

#include <math.h>
#include <string.h>

/* The rules of report_under_reports. */
enum {
  SHORT_NS = 50000, /* a step this short holds at most one pause */
  /* On a virtual machine a thread that does nothing but look at the clock sees
   * gaps of up to 0.6 ms that no counter of the guest explains. */
  NOISE_NS = 1000000,
  TYPICAL_STEPS = 100,
  LONG_NS = 50000000, /* a process that stood still as long is suspect */
  LONG_TIMES = 10, /* steps of a kind differ in their work, but not so much */
  LONG_STEPS = 5
};
#define EXPLAINED 0.78

/* A long stall in a step of any kind, that all pauses together do not explain:
 * then it is the sample's. */
static void read_long_stall(const json_t *kind, double pauses,
                            report_sample *s) {
  double typical = record_number(kind, "p50");
  double worst = record_number(kind, "max"), excess = worst - typical;
  if (!(record_number(kind, "count") >= LONG_STEPS) || !(excess > LONG_NS) ||
      !(worst > LONG_TIMES * typical) || !(pauses < EXPLAINED * excess) ||
      (s->stall_lone && excess <= s->stall))
    return;
  s->stall = excess;
  s->stall_step = worst;
  s->stall_pause = pauses;
  s->stall_lone = true;
}

void report_read_stall(report_sample *s, const json_t *record) {
  s->stall = NAN;
  json_t *steps = json_object_get(record, "steps"), *kind;
  const char *name;
  if (!json_is_true(json_object_get(steps, "corrected")))
    return;
  json_object_foreach(steps, name, kind) {
    double typical = record_number(kind, "p50"),
           worst = record_number(kind, "max");
    if (!strcmp(name, "all") ||
        !(record_number(kind, "count") >= TYPICAL_STEPS) ||
        !(typical <= SHORT_NS) || worst - typical <= s->stall)
      continue;
    s->stall = worst - typical;
    s->stall_step = worst;
  }
  double pause = record_number(record, "pauses.all.max");
  double pauses = record_number(record, "pauses.all.sum");
  s->stall_pause = isnan(pause) ? 0 : pause;
  json_object_foreach(steps, name, kind) {
    if (strcmp(name, "all") && json_is_object(kind))
      read_long_stall(kind, isnan(pauses) ? 0 : pauses, s);
  }
}

bool report_under_reports(const report_cell *c, const report_sample **shown) {
  size_t unexplained = 0;
  bool lone = false;
  *shown = NULL;
  for (size_t i = 0; i < c->count; i++) {
    const report_sample *s = &c->samples[i];
    if (!(s->stall > NOISE_NS && s->stall_pause < EXPLAINED * s->stall))
      continue;
    unexplained++;
    lone |= s->stall_lone;
    if (!*shown || s->stall > (*shown)->stall)
      *shown = s;
  }
  return (lone || 2 * unexplained > c->count) && report_is_good(c);
}

const char *report_stall_text(const report_cell *c) {
  const report_sample *shown;
  if (!report_under_reports(c, &shown))
    return NULL;
  return arena_text("a step took %s, %s longer than the typical one, but %s %s",
                    table_number(TABLE_TIME, shown->stall_step),
                    table_number(TABLE_TIME, shown->stall),
                    shown->stall_lone ? "all pauses that it reports take"
                                      : "the longest pause that it reports is",
                    table_number(TABLE_TIME, shown->stall_pause));
}
