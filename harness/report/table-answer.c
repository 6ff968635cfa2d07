/* table-answer.c: the table answer: in words, and as a row for each collector,
 * which collectors meet the user's goals, and which is fastest, smallest,
 * smoothest and most responsive at equal memory; which of the others can be
 * told apart. */
#include "answer.h"
#include "standing.h"
#include "tables.h"
#include "harness/base/arena.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * The questions that are asked without being asked.
 * ------------------------------------------------------------------------- */

static const struct {
  const char *name, *metric, *of;
} questions[] = {{"Fastest", "wall_ns", "wall time"},
                 {"Smallest", "peak_rss_bytes", "peak RSS"},
                 {"Smoothest", "step_max_ns", "worst step"},
                 {"Most responsive", "latency_p99_ns", "p99 of requests"}};

enum { QUESTIONS = sizeof questions / sizeof *questions };

static const char *const stands_names[] = {
    [STANDS_BEST] = "best",
    [STANDS_TIED] = "cannot be told apart",
    [STANDS_BEHIND] = "behind",
    [STANDS_MIXED] = "depends on the workload",
    [STANDS_OUT] = "not ranked"};

static const table_column columns[] = {
    {.name = "question", .header = "question", .traits = TABLE_KEY},
    {.name = "collector", .header = "collector", .traits = TABLE_KEY},
    {.name = "heap", .header = "heap", .traits = TABLE_KEY, .leaves = 2},
    {.name = "workload",
     .header = "workload",
     .traits = TABLE_KEY | TABLE_OPTIONAL,
     .help = "absent: over all workloads that can be compared"},
    {.name = "answer", .header = "answer"},
    {.name = "value",
     .kind = TABLE_SCALED,
     .help = "of a goal's figure, in its base unit; absent if not known"},
    {.name = "ratio",
     .header = "ratio",
     .kind = TABLE_RATIO,
     .traits = TABLE_OPTIONAL,
     .help = "to the best: geometric mean over the workloads"},
    {.name = "low",
     .header = "95 %",
     .unit = "from",
     .kind = TABLE_RATIO,
     .traits = TABLE_OPTIONAL,
     .help = "of the ratio: the lower end of its bootstrap interval; of a "
             "goal: of the median, or of all runs",
     .leaves = 3},
    {.name = "high",
     .header = "",
     .unit = "to",
     .kind = TABLE_RATIO,
     .traits = TABLE_OPTIONAL,
     .help = "the upper end",
     .leaves = 3},
    {.name = "runs_more",
     .header = "more runs",
     .unit = "to tell",
     .kind = TABLE_INTEGER,
     .traits = TABLE_OPTIONAL,
     .help = "of each cell, with which it could be told; absent: none could",
     .leaves = 1},
    {.name = "reason", .header = "reason", .traits = TABLE_OPTIONAL}};

enum { COLUMNS = sizeof columns / sizeof *columns };

/* ------------------------------------------------------------------------- *
 * Rankings.
 * ------------------------------------------------------------------------- */

static bool has_models(const report *r) {
  for (size_t i = 0; i < r->count; i++)
    if (!r->cells[i].reference)
      return true;
  return false;
}

static double more_runs(const standing *s) {
  return fmax(1, s->needed - (double)s->runs);
}

static const char *ratio_text(double ratio) {
  return isnan(ratio) ? ""
                      : arena_text(" %sx", table_number(TABLE_RATIO, ratio));
}

static bool no_difference(const standing *s) {
  return fabs(s->ratio - 1) < 1e-9;
}

/* Whether a number of runs that people may have would tell it from the best. */
static bool runs_would_tell(const standing *s) {
  return s->stands == STANDS_TIED && !no_difference(s) && !isinf(s->needed) &&
         more_runs(s) <= ANSWER_RUNS_MOST;
}

static const char *tied_text(const standing *s) {
  return arena_text("%s%s (%s)", s->collector, ratio_text(s->ratio),
                    no_difference(s)     ? "no difference was seen"
                    : runs_would_tell(s) ? answer_more_runs(more_runs(s))
                                         : "hardly with any number of runs");
}

static const char *behind_text(const standing *s) {
  if (isnan(s->interval.low))
    return arena_text("%s%s", s->collector, ratio_text(s->ratio));
  return arena_text("%s%s [%s, %s]", s->collector, ratio_text(s->ratio),
                    table_number(TABLE_RATIO, s->interval.low),
                    table_number(TABLE_RATIO, s->interval.high));
}

static const char *mixed_text(const standing *s, const ranking *k) {
  return arena_text("%s (worse in %zu, better in %zu of %zu workloads)",
                    s->collector, s->worse, s->better, k->workloads_count);
}

/* The best, with its figure if there is one workload. */
static const char *best_text(const ranking *k) {
  const standing *best = k->standings;
  return isnan(best->value)
             ? best->collector
             : arena_text("%s, %s%s", best->collector,
                          table_number(k->metric->kind, best->value),
                          k->metric->kind == TABLE_BYTES ? " MiB" : "");
}

static void say_ranking(page *p, const ranking *k, size_t question,
                        size_t most) {
  answer_list tied = {"", 0, most}, behind = tied, mixed = tied;
  for (size_t i = 0; i < k->ranked; i++) {
    const standing *s = &k->standings[i];
    if (s->stands == STANDS_TIED)
      answer_add(&tied, tied_text(s));
    else if (s->stands == STANDS_BEHIND)
      answer_add(&behind, behind_text(s));
    else if (s->stands == STANDS_MIXED)
      answer_add(&mixed, mixed_text(s, k));
  }
  answer_say(p, "%s (%s): %s.%s%s%s%s", questions[question].name,
             questions[question].of, best_text(k),
             k->ranked == 1 ? " No other collector can be ranked." : "",
             answer_sentence("Cannot be told apart from it:", &tied),
             answer_sentence("Behind it:", &behind),
             answer_sentence("Depends on the workload:", &mixed));
}

static void say_unranked(page *p, const ranking *k, size_t most) {
  answer_list out = {"", 0, most};
  for (size_t i = k->ranked; i < k->count; i++)
    answer_add(&out, arena_text("%s (%s)", k->standings[i].collector,
                                k->standings[i].reason));
  if (out.count)
    answer_say(p, "Not ranked: %s.", answer_text(&out));
}

static void add_standing_row(table *t, const char *question,
                             const char *workload, const ranking *k,
                             const standing *s) {
  table_row *row = table_add(t, table_group_of(t, workload ? workload : ""));
  table_set_text(row, "question", question);
  table_set_text(row, "collector", s->collector);
  table_set_text(row, "heap", k->heap);
  table_set_text(row, "workload", workload);
  table_set_text(row, "answer", stands_names[s->stands]);
  table_set_tone(row, "answer",
                 s->stands == STANDS_BEST   ? TONE_BEST
                 : s->stands == STANDS_TIED ? TONE_TIE
                                            : TONE_PLAIN);
  table_set_real(row, "value", s->value);
  table_set_real(row, "ratio", s->ratio);
  table_set_real(row, "low", s->interval.low);
  table_set_real(row, "high", s->interval.high);
  if (s->stands == STANDS_TIED)
    table_set_real(row, "runs_more", more_runs(s));
  table_set_text(row, "reason", s->reason);
}

/* "Answer at equal memory: heap 3x, 5 workloads." */
static void say_frame(page *p, const ranking *k) {
  const bool limited = strcmp(k->heap, "none") != 0;
  page_text(p, PAGE_TITLE, "Answer%s: heap %s, %s%s",
            limited ? " at equal memory" : ", memory not limited", k->heap,
            k->workloads_count == 1
                ? k->workloads[0]
                : arena_text("%zu workloads", k->workloads_count),
            k->ranked > 1 ? arena_text(", %zu collectors", k->ranked) : "");
}

static size_t fewest_runs(const ranking *k) {
  size_t fewest = SIZE_MAX;
  for (size_t i = 0; i < k->ranked; i++)
    fewest = k->standings[i].runs < fewest ? k->standings[i].runs : fewest;
  return fewest;
}

static bool any_would_tell(const ranking *all) {
  for (size_t q = 0; q < QUESTIONS; q++)
    for (size_t i = 0; i < all[q].ranked; i++)
      if (runs_would_tell(&all[q].standings[i]))
        return true;
  return false;
}

/* How `all` rankings were made; of `k`, which ranks anybody, are the numbers.
 */
static void say_rules(page *p, const report *r, const ranking *all,
                      const ranking *k) {
  const bool several = r->machines_count > 1;
  if (k->ranked > 1)
    answer_say(p,
               "By %zu run%s of each cell%s.  [ ]: 95 %% interval of the ratio "
               "(bootstrap%s).  Told apart: %s over all workloads, Holm "
               "over %zu test%s, p <= %g.",
               fewest_runs(k), fewest_runs(k) == 1 ? "" : "s",
               several ? arena_text(" on %zu machines", r->machines_count) : "",
               several ? ", of ratios within a machine and round" : "",
               several ? "signed ranks" : "rank sums", k->tests,
               k->tests == 1 ? "" : "s", STANDING_ALPHA);
  if (any_would_tell(all))
    answer_say(p, "+N runs: so many more of each cell would tell the two "
                  "apart.");
}

/* Says the rankings, and adds their rows to `t` unless it is NULL. */
static void add_rankings(page *p, table *t, const report *r, size_t most) {
  const char *heap = standing_heap(r);
  const bool references = !has_models(r);
  ranking all[QUESTIONS];
  for (size_t q = 0; q < QUESTIONS; q++)
    all[q] = standing_rank(r, metric_find(questions[q].metric), heap,
                           references, NULL);
  const ranking *first = &all[0]; /* that ranks anybody */
  while (first < &all[QUESTIONS - 1] && !first->ranked)
    first++;
  say_frame(p, first);
  if (!first->ranked)
    answer_say(p, "No collector can be ranked.");
  if (!all[0].ranked && first->ranked && all[0].count)
    answer_say(p, "%s (%s): nobody is ranked (%s).", questions[0].name,
               questions[0].of, all[0].standings[0].reason);
  for (size_t q = 0; q < QUESTIONS; q++) {
    if (!all[q].ranked)
      continue;
    say_ranking(p, &all[q], q, most);
    for (size_t i = 0; i < all[q].count && t; i++)
      add_standing_row(t, questions[q].name, NULL, &all[q],
                       &all[q].standings[i]);
  }
  say_unranked(p, first, most);
  say_rules(p, r, all, first);
}

/* The same for each workload by itself, if there are several. */
static void add_each_workload(table *t, const report *r) {
  size_t works;
  const size_t *of = report_works(r, &works);
  const char *heap = standing_heap(r);
  const bool references = !has_models(r);
  bool *done = arena_take(works * sizeof *done);
  for (size_t i = 0; i < r->count && works > 1; i++) {
    const report_cell *c = &r->cells[i];
    if (done[of[i]] || strcmp(c->heap, heap))
      continue;
    done[of[i]] = true;
    for (size_t q = 0; q < QUESTIONS; q++) {
      const ranking k = standing_rank(r, metric_find(questions[q].metric), heap,
                                      references, c);
      for (size_t s = 0; s < k.count && k.ranked; s++)
        add_standing_row(t, questions[q].name, standing_short_work(r, c), &k,
                         &k.standings[s]);
    }
  }
}

/* ------------------------------------------------------------------------- *
 * The page.
 * ------------------------------------------------------------------------- */

page *report_answer(const report *r) {
  if (!r->count)
    return NULL;
  table *t = table_new(columns, COLUMNS);
  page *p = page_new(t);
  answer_goals(p, t, r, SIZE_MAX);
  add_rankings(p, t, r, SIZE_MAX);
  add_each_workload(t, r);
  page_tables(p, t);
  report_set_json(p, r, "answer");
  return p;
}

page *report_short_answer(const report *r, size_t most) {
  if (!r->found || !r->count)
    return NULL;
  page *p = page_new(NULL);
  answer_goals(p, NULL, r, most);
  add_rankings(p, NULL, r, most);
  return p;
}
