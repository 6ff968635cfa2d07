/* followed.c: see followed.h.
 *
 * Sources of the formats: bencher.dev/docs/reference/bencher-metric-format, and
 * the README of github.com/benchmark-action/github-action-benchmark. */
#include "followed.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * What is known of a figure.
 * ------------------------------------------------------------------------- */

/* The 95 % interval of the median; with too few values for one, their range. */
static stat_interval bounds(const compare_sample *s) {
  if (!isnan(s->interval.low))
    return s->interval;
  stat_interval range = {s->values[0], s->values[0]};
  for (size_t i = 1; i < s->n; i++) {
    range.low = fmin(range.low, s->values[i]);
    range.high = fmax(range.high, s->values[i]);
  }
  return range;
}

/* The unit, by the end of the metric's name. */
static const char *unit_of(const report_cell *c, const metric *m) {
  static const char *const units[][2] = {{"_ns", "ns"},
                                         {"_bytes_per_s", "bytes/s"},
                                         {"_bytes", "bytes"},
                                         {"_percent", "%"},
                                         {"_objects", "objects"},
                                         {"_object_ms", "objects * ms"},
                                         {"_byte_ms", "bytes * ms"}};
  const size_t length = strlen(m->name);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    const size_t end = strlen(units[i][0]);
    if (length > end && !strcmp(m->name + length - end, units[i][0]))
      return units[i][1];
  }
  return m->kind == TABLE_RATE ? arena_text("%s/s", c->ops ? c->ops : "ops")
                               : "ratio";
}

/* ------------------------------------------------------------------------- *
 * The formats.
 * ------------------------------------------------------------------------- */

/* Bencher has measures of its own for two of our metrics, in the same units. */
static const char *measure(const metric *m) {
  return !strcmp(m->name, "throughput_per_s") ? "throughput"
         : !strcmp(m->name, "op_ns")          ? "latency"
                                              : m->name;
}

static void add_bmf(json_t *to, const report_cell *c, const metric *m,
                    const compare_sample *s) {
  const stat_interval b = bounds(s);
  json_t *measures = json_object_get(to, c->id);
  if (!measures)
    json_object_set_new(to, c->id, measures = json_object());
  json_object_set_new(measures, measure(m),
                      json_pack("{s:f, s:f, s:f}", "value", s->median,
                                "lower_value", b.low, "upper_value", b.high));
}

static void add_entry(json_t *to, const report_cell *c, const metric *m,
                      const compare_sample *s) {
  const stat_interval b = bounds(s);
  json_array_append_new(
      to,
      json_pack("{s:s, s:s, s:f, s:s, s:s}", "name",
                arena_text("%s %s", c->id, m->name), "unit", unit_of(c, m),
                "value", s->median, "range",
                arena_text("%.6g to %.6g", b.low, b.high), "extra",
                arena_text("median of %zu invocation%s; the range is %s", s->n,
                           s->n == 1 ? "" : "s",
                           isnan(s->interval.low) ? "that of the invocations"
                                                  : "its 95 % interval")));
}

const followed_format followed_formats[FOLLOWED_FORMATS] = {
    {"bmf", 0, add_bmf},
    {"smaller-is-better", -1, add_entry},
    {"bigger-is-better", +1, add_entry}};

const followed_format *followed_find(const char *name) {
  for (size_t i = 0; i < FOLLOWED_FORMATS; i++)
    if (!strcmp(followed_formats[i].name, name))
      return &followed_formats[i];
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * A page.
 * ------------------------------------------------------------------------- */

static bool takes(const followed_format *f, const metric *m) {
  return !f->better || f->better == m->better;
}

bool followed_choose(const followed_format *f, const char *names,
                     metric_list *chosen) {
  metric_list named = {0};
  if (!metric_list_choose("columns", names ? names : METRICS_MAIN, &named))
    return false;
  for (size_t i = 0; i < named.count; i++) {
    const metric *m = named.items[i];
    if (takes(f, m))
      metric_list_add(chosen, m);
    else if (names) {
      say("--columns: of %s, %s is better: it is for the format %s", m->name,
          m->better > 0 ? "more" : "less",
          m->better > 0 ? "bigger-is-better" : "smaller-is-better");
      return false;
    }
  }
  return true;
}

page *followed_page(const followed_format *f, const report *r,
                    const metric_list *chosen, size_t *count) {
  page *p = page_new(NULL);
  p->json = f->better ? json_array() : json_object();
  *count = 0;
  size_t most = 0;
  for (size_t i = 0; i < r->count; i++)
    if (r->cells[i].count > most)
      most = r->cells[i].count;
  double *scratch = arena_take(most * sizeof *scratch);
  for (size_t i = 0; i < r->count; i++)
    for (size_t m = 0; m < chosen->count; m++) {
      compare_sample s = {0};
      compare_read(&s, r, &r->cells[i], chosen->items[m], scratch);
      if (!s.values)
        continue;
      f->add(p->json, &r->cells[i], chosen->items[m], &s);
      ++*count;
    }
  return p;
}
