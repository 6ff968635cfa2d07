/* table-answer.c: the table answer: in words, and as a row for each collector,
 * which collectors meet the user's goals, and which is fastest, smallest,
 * smoothest and most responsive at equal memory; which of the others can be
 * told apart. */
#include "goals.h"
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

static const char *const verdict_names[] = {[GOAL_UNKNOWN] = "not known",
                                            [GOAL_MET] = "met",
                                            [GOAL_MISSED] = "missed",
                                            [GOAL_UNDECIDED] = "undecided"};

static const table_column columns[] = {
    {.name = "question", .header = "question"},
    {.name = "collector", .header = "collector"},
    {.name = "heap", .header = "heap"},
    {.name = "workload",
     .header = "workload",
     .traits = TABLE_OPTIONAL,
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
             "goal: of the median, or of all runs"},
    {.name = "high",
     .header = "",
     .unit = "to",
     .kind = TABLE_RATIO,
     .traits = TABLE_OPTIONAL,
     .help = "the upper end"},
    {.name = "runs_more",
     .header = "more runs",
     .unit = "to tell",
     .kind = TABLE_INTEGER,
     .traits = TABLE_OPTIONAL,
     .help = "of each cell, with which it could be told; absent: none could"},
    {.name = "reason", .header = "reason", .traits = TABLE_OPTIONAL}};

enum { COLUMNS = sizeof columns / sizeof *columns };

/* ------------------------------------------------------------------------- *
 * Lists of words.
 * ------------------------------------------------------------------------- */

/* The items that a sentence names; `most` of them, then how many more. */
typedef struct list {
  const char *text;
  size_t count, most;
} list;

static void add(list *l, const char *item) {
  if (l->count++ < l->most)
    l->text = arena_text("%s%s%s", l->text, *l->text ? ", " : "", item);
}

static const char *text_of(const list *l) {
  return l->count > l->most
             ? arena_text("%s and %zu more", l->text, l->count - l->most)
             : l->text;
}

/* "  Cannot be told apart: a, b." or "". */
static const char *sentence(const char *words, const list *l) {
  return l->count ? arena_text(" %s %s.", words, text_of(l)) : "";
}

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

static const char *tied_text(const standing *s) {
  const char *ratio = ratio_text(s->ratio);
  if (fabs(s->ratio - 1) < 1e-9)
    return arena_text("%s%s (no difference was seen)", s->collector, ratio);
  if (isinf(s->needed) || more_runs(s) > 999)
    return arena_text("%s%s (hardly with any number of runs)", s->collector,
                      ratio);
  const double more = more_runs(s);
  return arena_text("%s%s (%.0f more run%s would tell)", s->collector, ratio,
                    more, more > 1 ? "s" : "");
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
  list tied = {"", 0, most}, behind = tied, mixed = tied;
  for (size_t i = 0; i < k->ranked; i++) {
    const standing *s = &k->standings[i];
    if (s->stands == STANDS_TIED)
      add(&tied, tied_text(s));
    else if (s->stands == STANDS_BEHIND)
      add(&behind, behind_text(s));
    else if (s->stands == STANDS_MIXED)
      add(&mixed, mixed_text(s, k));
  }
  page_item(p, "%s (%s): %s.%s%s%s%s", questions[question].name,
            questions[question].of, best_text(k),
            k->ranked == 1 ? " No other collector can be ranked." : "",
            sentence("Cannot be told apart from it:", &tied),
            sentence("Behind it:", &behind),
            sentence("Depends on the workload:", &mixed));
}

static void say_unranked(page *p, const ranking *k, size_t most) {
  list out = {"", 0, most};
  for (size_t i = k->ranked; i < k->count; i++)
    add(&out, arena_text("%s (%s)", k->standings[i].collector,
                         k->standings[i].reason));
  if (out.count)
    page_item(p, "Not ranked: %s.", text_of(&out));
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

static void say_rules(page *p, const ranking *k) {
  if (k->ranked > 1)
    page_text(p, PAGE_LINE,
              "By %zu runs of each cell.  [ ]: 95 %% interval of the ratio "
              "(bootstrap).  Told apart: rank sums over all workloads, Holm "
              "over %zu tests, p <= %g.",
              fewest_runs(k), k->tests, STANDING_ALPHA);
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
    page_item(p, "No collector can be ranked.");
  if (!all[0].ranked && first->ranked && all[0].count)
    page_item(p, "%s (%s): nobody is ranked (%s).", questions[0].name,
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
  say_rules(p, first);
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
 * Goals.
 * ------------------------------------------------------------------------- */

/* How a collector stands to a goal in a heap, over all workloads that have the
 * figure. */
typedef struct goal_total {
  goal_verdict verdict;
  double more;        /* runs */
  const char *reason; /* the first workload that decides, and why */
} goal_total;

/* Whether some cell has the figure of the goal in this cell's workload. */
static bool concerns(const report *r, const goal *g, const report_cell *c) {
  for (size_t i = 0; i < r->count; i++)
    if (!strcmp(r->cells[i].workload, c->workload) &&
        r->cells[i].threads == c->threads &&
        standing_usable(&r->cells[i], g->metric))
      return true;
  return false;
}

static const char *shown(const goal *g, double value) {
  return arena_text("%s%s", table_number(g->metric->kind, value),
                    g->metric->kind == TABLE_BYTES     ? " MiB"
                    : g->metric->kind == TABLE_PERCENT ? " %"
                                                       : "");
}

static void add_goal_row(table *t, const report *r, const goal *g,
                         const report_cell *c, const goal_result *result) {
  table_row *row = table_add(t, table_group_of(t, ""));
  table_set_text(row, "question", g->text);
  table_set_text(row, "collector", c->collector);
  table_set_text(row, "heap", c->heap);
  table_set_text(row, "workload", standing_short_work(r, c));
  table_set_text(row, "answer", verdict_names[result->verdict]);
  table_set_tone(row, "answer",
                 result->verdict == GOAL_MISSED ? TONE_BAD : TONE_PLAIN);
  table_set_real(row, "value", result->value);
  const char *const ends[] = {"low", "high"};
  const double values[] = {result->low, result->high};
  for (size_t k = 0; k < 2; k++) {
    table_set_real(row, ends[k], values[k]);
    if (!isnan(values[k]))
      table_show(row, ends[k], "%s", shown(g, values[k]));
  }
  if (result->verdict == GOAL_UNDECIDED)
    table_set_real(row, "runs_more",
                   fmax(1, result->needed - (double)c->count));
  table_set_text(row, "reason",
                 result->reason     ? result->reason
                 : result->interval ? NULL
                                    : arena_text("all %zu runs", c->count));
}

/* From best to worst, as a whole is as bad as its worst part. */
static int severity(goal_verdict v) {
  static const int of[] = {[GOAL_MET] = 0,
                           [GOAL_UNDECIDED] = 1,
                           [GOAL_UNKNOWN] = 2,
                           [GOAL_MISSED] = 3};
  return of[v];
}

static goal_total judge_in_heap(table *t, const report *r, const goal *g,
                                const char *collector, const char *heap) {
  goal_total total = {.verdict = GOAL_UNKNOWN, .reason = NULL};
  bool any = false;
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    if (strcmp(c->collector, collector) || strcmp(c->heap, heap) ||
        !concerns(r, g, c))
      continue;
    const goal_result one = goal_judge(g, c);
    if (t)
      add_goal_row(t, r, g, c, &one);
    total.more =
        fmax(total.more,
             one.verdict == GOAL_UNDECIDED ? one.needed - (double)c->count : 0);
    if (any && severity(one.verdict) <= severity(total.verdict))
      continue;
    any = true;
    total.verdict = one.verdict;
    total.reason = arena_text("%s: %s", standing_short_work(r, c),
                              one.reason ? one.reason : shown(g, one.value));
  }
  return total;
}

/* A collector's heaps by how it stands in them: "generational (2x, 3x)". */
typedef struct goal_lists {
  list met, missed, undecided, unknown;
} goal_lists;

static const char *heaps_text(const list *heaps, size_t all) {
  return heaps->count == all && all > 1 ? "all heaps" : text_of(heaps);
}

/* Says how all collectors stand to one goal; met[] keeps for each collector and
 * heap whether all goals so far are met. */
static void say_goal(page *p, table *t, const report *r, const goal *g,
                     const char **collectors, size_t collectors_count,
                     const char **heaps, size_t heaps_count, bool *met,
                     size_t most) {
  goal_lists l = {.met = {"", 0, most},
                  .missed = {"", 0, most},
                  .undecided = {"", 0, most},
                  .unknown = {"", 0, most}};
  for (size_t c = 0; c < collectors_count; c++) {
    list of[4];
    const char *why[4] = {"", "", "", ""};
    double more = 0;
    for (size_t v = 0; v < 4; v++)
      of[v] = (list){"", 0, SIZE_MAX};
    for (size_t h = 0; h < heaps_count; h++) {
      const goal_total total = judge_in_heap(t, r, g, collectors[c], heaps[h]);
      met[c * heaps_count + h] &= total.verdict == GOAL_MET;
      if (!total.reason)
        continue; /* not planned */
      if (!of[total.verdict].count)
        why[total.verdict] = total.reason;
      more = fmax(more, total.more);
      add(&of[total.verdict], heaps[h]);
    }
    if (of[GOAL_MET].count)
      add(&l.met, arena_text("%s (%s)", collectors[c],
                             heaps_text(&of[GOAL_MET], heaps_count)));
    if (of[GOAL_UNDECIDED].count)
      add(&l.undecided,
          isinf(more) || more > 999
              ? arena_text("%s (%s)", collectors[c],
                           heaps_text(&of[GOAL_UNDECIDED], heaps_count))
              : arena_text("%s (%s; %.0f more runs may tell)", collectors[c],
                           heaps_text(&of[GOAL_UNDECIDED], heaps_count),
                           fmax(1, more)));
    if (of[GOAL_MISSED].count)
      add(&l.missed, arena_text("%s (%s; %s)", collectors[c],
                                heaps_text(&of[GOAL_MISSED], heaps_count),
                                why[GOAL_MISSED]));
    if (of[GOAL_UNKNOWN].count)
      add(&l.unknown, arena_text("%s (%s; %s)", collectors[c],
                                 heaps_text(&of[GOAL_UNKNOWN], heaps_count),
                                 why[GOAL_UNKNOWN]));
  }
  page_item(p, "%s: %s%s%s%s", g->text,
            l.met.count ? arena_text("met by %s.", text_of(&l.met))
                        : "met by none.",
            sentence("Undecided:", &l.undecided),
            sentence("Missed:", &l.missed), sentence("Not known:", &l.unknown));
}

static void say_all_goals(page *p, const char **collectors,
                          size_t collectors_count, const char **heaps,
                          size_t heaps_count, const bool *met, size_t most) {
  list all = {"", 0, most};
  for (size_t c = 0; c < collectors_count; c++) {
    list in = {"", 0, SIZE_MAX};
    for (size_t h = 0; h < heaps_count; h++)
      if (met[c * heaps_count + h])
        add(&in, heaps[h]);
    if (in.count)
      add(&all,
          arena_text("%s (%s)", collectors[c], heaps_text(&in, heaps_count)));
  }
  page_item(p, "All goals at once: %s.",
            all.count ? text_of(&all) : "met by none");
}

static void add_goals(page *p, table *t, const report *r, size_t most) {
  const goal_list *goals = r->goals;
  if (!goals || !goals->count)
    return;
  size_t heaps_count;
  const char **heaps = standing_heaps(r, &heaps_count);
  const char **collectors = arena_take(r->count * sizeof *collectors);
  json_t *numbers = json_object();
  for (size_t i = 0; i < r->count; i++)
    collectors[report_number(numbers, r->cells[i].collector)] =
        r->cells[i].collector;
  const size_t count = json_object_size(numbers);
  json_decref(numbers);
  bool *met = arena_take(count * heaps_count * sizeof *met);
  memset(met, 1, count * heaps_count * sizeof *met);
  page_text(p, PAGE_TITLE, "Goals, in each heap (in brackets)");
  for (size_t g = 0; g < goals->count; g++)
    say_goal(p, t, r, &goals->items[g], collectors, count, heaps, heaps_count,
             met, most);
  if (goals->count > 1)
    say_all_goals(p, collectors, count, heaps, heaps_count, met, most);
  page_text(p, PAGE_LINE,
            "Met or missed: the 95 %% interval of the median is on that side; "
            "of maxima and of fewer than 6 runs, all runs are.");
}

/* ------------------------------------------------------------------------- *
 * The page.
 * ------------------------------------------------------------------------- */

page *report_answer(const report *r) {
  if (!r->count)
    return NULL;
  table *t = table_new(columns, COLUMNS);
  page *p = page_new(t);
  add_goals(p, t, r, SIZE_MAX);
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
  add_goals(p, NULL, r, most);
  add_rankings(p, NULL, r, most);
  return p;
}
