/* trust.c: what decides whether to trust results, said first. */
#include "exercise.h"
#include "standing.h"
#include "tables.h"
#include "harness/base/arena.h"

#include <math.h>

/* Adds to what is said, by the text ("binary-trees: OOM") and the collector:
 * the heaps. */
static void add_said(json_t *all, const char *text, const report_cell *c) {
  json_t *heaps = json_object_get(all, text);
  if (!heaps) {
    heaps = json_object();
    json_object_set_new(all, text, heaps);
  }
  const char *before = json_string_value(json_object_get(heaps, c->collector));
  json_object_set_new(
      heaps, c->collector,
      json_string(before ? arena_text("%s, %s", before, c->heap) : c->heap));
}

/* Items that count and name the cells of which `about` says something; those of
 * which it says the same stand together. */
static void add_named(page *p, const report *r, const char *what,
                      const char *(*about)(const report_cell *c)) {
  json_t *all = json_object(), *heaps, *value;
  size_t count = 0;
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    const char *text = about(c);
    if (text)
      add_said(all, arena_text("%s: %s", standing_short_work(r, c), text), c);
    count += text ? 1 : 0;
  }
  const char *text, *collector, *names = "";
  json_object_foreach(all, text, heaps) {
    const char *list = "";
    json_object_foreach(heaps, collector, value) {
      list = arena_text("%s%s%s (%s)", list, *list ? ", " : "", collector,
                        json_string_value(value));
    }
    names = arena_text("%s%s%s: %s", names, *names ? "; " : "", text, list);
  }
  json_decref(all);
  if (count)
    page_item(p, "%zu cell%s %s. %s.", count, count == 1 ? "" : "s", what,
              names);
}

static const char *failure_of(const report_cell *c) {
  return verdict_is_failure(c->verdict) ? report_verdict_text(c) : NULL;
}

static const char *declared_leak_of(const report_cell *c) {
  return c->verdict == VERDICT_LEAK_DECLARED ? report_verdict_text(c) : NULL;
}

static const char *below_granule_of(const report_cell *c) {
  return c->verdict == VERDICT_BELOW_GRANULE ? report_verdict_text(c) : NULL;
}

static const char *unexercised_of(const report_cell *c) {
  return report_wrapped(c) ? NULL : report_exercise_mark(c);
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
    page_item(p,
              "%zu records are not in the plan, or there twice, and were "
              "ignored.",
              r->strays);
  add_named(p, r, "failed", failure_of);
  add_named(p, r, "not run yet", missing_of);
  add_named(p, r, "in too small a heap to tell of the algorithm",
            below_granule_of);
  add_named(p, r, "hardly exercised the collector, and not compared",
            unexercised_of);
  add_named(p, r, "ran within a command of the user, and are not compared",
            report_wrapped);
  add_named(p, r, "leaked as declared, and not ranked", declared_leak_of);
  add_named(p, r, "met longer stalls than the collector reports",
            report_stall_text);
  return p;
}
