/* trust.c: what decides whether to trust results, said first. */
#include "exercise.h"
#include "tables.h"
#include "harness/base/arena.h"

#include <math.h>

/* The cells of which `about` says something: one item that counts and names
 * them. */
static void add_named(page *p, const report *r, const char *what,
                      const char *(*about)(const report_cell *c)) {
  const char *names = "";
  size_t count = 0;
  for (size_t i = 0; i < r->count; i++) {
    const char *text = about(&r->cells[i]);
    if (!text)
      continue;
    names = arena_text("%s%s%s (%s)", names, count ? "; " : "",
                       r->cells[i].id, text);
    count++;
  }
  if (count)
    page_item(p, "%zu cell%s %s: %s.", count, count == 1 ? "" : "s", what,
              names);
}

static const char *failure_of(const report_cell *c) {
  const char *reason = report_failure_reason(c);
  if (!verdict_is_failure(c->verdict))
    return NULL;
  return *reason ? arena_text("%s: %s", report_verdict_text(c), reason)
                 : report_verdict_text(c);
}

static const char *declared_leak_of(const report_cell *c) {
  return c->verdict == VERDICT_LEAK_DECLARED ? report_verdict_text(c) : NULL;
}

static const char *below_granule_of(const report_cell *c) {
  return c->verdict == VERDICT_BELOW_GRANULE ? report_verdict_text(c) : NULL;
}

static const char *missing_of(const report_cell *c) {
  return c->verdict == VERDICT_NOT_RUN ? report_verdict_text(c) : NULL;
}

page *report_trust(const report *r) {
  page *p = page_new(NULL);
  report_add_title(p, r);
  const double drift = report_drift(r);
  if (isnan(drift))
    page_item(p, "No canary, or too few runs of it: a drift of the machine "
                 "would not be seen.");
  if (r->found < r->planned)
    page_item(p, "%zu of %zu runs are missing.", r->planned - r->found,
              r->planned);
  if (r->strays)
    page_item(p, "%zu records are not in the plan, or there twice, and were "
                 "ignored.",
              r->strays);
  add_named(p, r, "failed", failure_of);
  add_named(p, r, "not run yet", missing_of);
  add_named(p, r, "in too small a heap to tell of the algorithm",
            below_granule_of);
  add_named(p, r, "hardly exercised the collector, and not compared",
            report_exercise_mark);
  add_named(p, r, "leaked as declared, and not ranked", declared_leak_of);
  add_named(p, r, "met longer stalls than the collector reports",
            report_stall_text);
  return p;
}
