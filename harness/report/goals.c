/* goals.c: see goals.h. */
#include "goals.h"
#include "standing.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "harness/stats/difference.h"
#include "harness/stats/interval.h"
#include "harness/stats/summary.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Names.
 * ------------------------------------------------------------------------- */

static const struct {
  const char *name, *metric;
} short_names[] = {{"p99", "latency_p99_ns"},
                   {"p99.9", "latency_p999_ns"},
                   {"pause", "pause_max_ns"},
                   {"step", "step_max_ns"},
                   {"heap", "footprint_bytes"},
                   {"rss", "peak_rss_bytes"},
                   {"throughput", "throughput_per_s"},
                   {"cpu", "cpu_ns"},
                   {"wall", "wall_ns"},
                   {"gc", "gc_share_percent"}};

enum { SHORT_NAMES = sizeof short_names / sizeof *short_names };

static bool can_be_goal(const metric *m) {
  return m->better && m->combine != COMBINE_SPREAD;
}

/* Returns NULL, or what is wrong with the name. */
static const char *find_metric(const char *name, const metric **found) {
  candidates known = {0};
  for (size_t i = 0; i < SHORT_NAMES; i++) {
    candidates_add(&known, short_names[i].name);
    *found = metric_find(short_names[i].metric);
    if (!strcmp(short_names[i].name, name))
      return NULL;
  }
  for (size_t m = 0; m < METRICS; m++) {
    *found = &metrics[m];
    if (!can_be_goal(&metrics[m]))
      continue;
    candidates_add(&known, metrics[m].name);
    if (!strcmp(metrics[m].name, name))
      return NULL;
  }
  return arena_text("unknown figure '%s'%s", name, suggest_any(name, &known));
}

/* ------------------------------------------------------------------------- *
 * Values.
 * ------------------------------------------------------------------------- */

typedef struct unit {
  const char *name;
  double factor;
} unit;

static const unit time_units[] = {{"ns", 1},   {"us", 1e3}, {"µs", 1e3},
                                  {"ms", 1e6}, {"s", 1e9},  {NULL, 0}};
static const unit byte_units[] = {
    {"", 1},         {"B", 1},        {"k", 0x1p10},   {"K", 0x1p10},
    {"M", 0x1p20},   {"G", 0x1p30},   {"kB", 0x1p10},  {"KB", 0x1p10},
    {"MB", 0x1p20},  {"GB", 0x1p30},  {"KiB", 0x1p10}, {"kiB", 0x1p10},
    {"MiB", 0x1p20}, {"GiB", 0x1p30}, {NULL, 0}};
static const unit percent_units[] = {{"", 1}, {"%", 1}, {NULL, 0}};
static const unit count_units[] = {{"", 1},      {"k", 1e3},   {"K", 1e3},
                                   {"M", 1e6},   {"G", 1e9},   {"/s", 1},
                                   {"k/s", 1e3}, {"M/s", 1e6}, {NULL, 0}};

static const unit *units_of(const metric *m, const char **example) {
  switch (m->kind) {
  case TABLE_TIME:
    *example = "5ms";
    return time_units;
  case TABLE_BYTES:
    *example = "512M";
    return byte_units;
  case TABLE_PERCENT:
    *example = "10%";
    return percent_units;
  default:
    *example = "1.5";
    return count_units;
  }
}

/* Returns NULL, or what is wrong with the value. */
static const char *read_value(const char *text, const metric *m,
                              double *value) {
  const char *example;
  const unit *u = units_of(m, &example);
  const char *rest = words_decimal(text, value);
  if (rest)
    rest += strspn(rest, " ");
  for (; rest && u->name; u++)
    if (!strcmp(rest, u->name)) {
      *value *= u->factor;
      return NULL;
    }
  return arena_text("'%s' is not a value of %s, such as %s", text, m->name,
                    example);
}

/* The text from `begin` to `end` without blanks around it. */
static char *trimmed(const char *begin, const char *end) {
  while (begin < end && isspace((unsigned char)*begin))
    begin++;
  while (begin < end && isspace((unsigned char)end[-1]))
    end--;
  return arena_text("%.*s", (int)(end - begin), begin);
}

const char *goal_add(goal_list *list, const char *text) {
  const size_t n = strcspn(text, "<>=");
  const char *op = text + n;
  const size_t length = strspn(op, "<>=");
  const char *name = trimmed(text, op);
  const char *value = trimmed(op + length, text + strlen(text));
  const bool known = (*op == '<' || *op == '>') &&
                     (length == 1 || (length == 2 && op[1] == '='));
  if (!known || !*name || !*value)
    return arena_text("'%s' is no goal, such as 'p99 <= 5ms'", text);
  goal g = {.at_most = *op == '<'};
  const char *wrong = find_metric(name, &g.metric);
  if (!wrong)
    wrong = read_value(value, g.metric, &g.bound);
  if (wrong)
    return wrong;
  g.text = arena_text("%s %.*s %s", name, (int)length, op, value);
  list->items = arena_more(list->items, list->count, sizeof g);
  list->items[list->count++] = g;
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Judging.
 * ------------------------------------------------------------------------- */

static bool is_within(const goal *g, double value) {
  return g->at_most ? value <= g->bound : value >= g->bound;
}

goal_result goal_judge(const goal *g, const report_cell *c) {
  goal_result r = {.value = NAN, .low = NAN, .high = NAN, .needed = HUGE_VAL};
  if (!standing_usable(c, g->metric)) {
    r.reason = standing_unusable_text(c, g->metric);
    if (verdict_is_failure(c->verdict)) /* nobody reaches a goal by failing */
      r.verdict = GOAL_MISSED;
    return r;
  }
  double *values = arena_take(c->count * sizeof *values);
  for (size_t i = 0; i < c->count; i++)
    values[i] = c->samples[i].values[g->metric - metrics];
  const stat_interval i =
      stat_median_interval(values, c->count, REPORT_CONFIDENCE);
  const stat_summary s = stat_summarize(values, c->count);
  const bool maximum = g->metric->combine == COMBINE_MAXIMUM;
  r.value = maximum ? s.max : s.median;
  r.interval = !maximum && !isnan(i.low);
  r.low = r.interval ? i.low : s.min;
  r.high = r.interval ? i.high : s.max;
  if (is_within(g, r.low) && is_within(g, r.high))
    r.verdict = GOAL_MET;
  else if (maximum || (!is_within(g, r.low) && !is_within(g, r.high)))
    r.verdict = GOAL_MISSED;
  else {
    r.verdict = GOAL_UNDECIDED;
    r.needed = fmax(stat_values_needed(c->count, (r.high - r.low) / 2,
                                       fabs(r.value - g->bound)),
                    (double)stat_fewest_for_median(REPORT_CONFIDENCE));
  }
  return r;
}
