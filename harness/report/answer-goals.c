/* answer-goals.c: of the answer, which collectors meet the user's goals, in
 * which heaps. */
#include "answer.h"
#include "goals.h"
#include "standing.h"
#include "harness/base/arena.h"

#include <math.h>
#include <string.h>

static const char *const verdict_names[] = {[GOAL_UNKNOWN] = "not known",
                                            [GOAL_MET] = "met",
                                            [GOAL_MISSED] = "missed",
                                            [GOAL_UNDECIDED] = "undecided"};

/* How a collector stands to a goal in a heap, over all workloads that have the
 * figure. */
typedef struct goal_total {
  goal_verdict verdict;
  double more;        /* runs */
  const char *reason; /* the first workload that decides, and why */
} goal_total;

/* Whether some cell has the figure of the goal in this cell's workload; or may
 * have, since no cell of this workload has run yet.  A run that was stopped
 * must not be said to meet what it did not try. */
static bool concerns(const report *r, const goal *g, const report_cell *c) {
  bool untried = true;
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *other = &r->cells[i];
    if (strcmp(other->workload, c->workload) || other->threads != c->threads ||
        other->missing)
      continue;
    if (standing_usable(other, g->metric))
      return true;
    untried &= other->verdict == VERDICT_NOT_RUN;
  }
  return untried && !c->missing;
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
  answer_list met, missed, undecided, unknown;
} goal_lists;

static const char *heaps_text(const answer_list *heaps, size_t all) {
  return heaps->count == all && all > 1 ? "all heaps" : answer_text(heaps);
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
    answer_list of[4];
    const char *why[4] = {"", "", "", ""};
    double more = 0;
    for (size_t v = 0; v < 4; v++)
      of[v] = (answer_list){"", 0, SIZE_MAX};
    for (size_t h = 0; h < heaps_count; h++) {
      const goal_total total = judge_in_heap(t, r, g, collectors[c], heaps[h]);
      met[c * heaps_count + h] &= total.verdict == GOAL_MET;
      if (!total.reason)
        continue; /* not planned */
      if (!of[total.verdict].count)
        why[total.verdict] = total.reason;
      more = fmax(more, total.more);
      answer_add(&of[total.verdict], heaps[h]);
    }
    if (of[GOAL_MET].count)
      answer_add(&l.met, arena_text("%s (%s)", collectors[c],
                                    heaps_text(&of[GOAL_MET], heaps_count)));
    if (of[GOAL_UNDECIDED].count)
      answer_add(&l.undecided,
                 isinf(more) || more > ANSWER_RUNS_MOST
                     ? arena_text("%s (%s)", collectors[c],
                                  heaps_text(&of[GOAL_UNDECIDED], heaps_count))
                     : arena_text("%s (%s; %s)", collectors[c],
                                  heaps_text(&of[GOAL_UNDECIDED], heaps_count),
                                  answer_more_runs(fmax(1, more))));
    if (of[GOAL_MISSED].count)
      answer_add(&l.missed,
                 arena_text("%s (%s; %s)", collectors[c],
                            heaps_text(&of[GOAL_MISSED], heaps_count),
                            why[GOAL_MISSED]));
    if (of[GOAL_UNKNOWN].count)
      answer_add(&l.unknown,
                 arena_text("%s (%s; %s)", collectors[c],
                            heaps_text(&of[GOAL_UNKNOWN], heaps_count),
                            why[GOAL_UNKNOWN]));
  }
  answer_say(p, "%s: %s%s%s%s", g->text,
             l.met.count ? arena_text("met by %s.", answer_text(&l.met))
                         : "met by none.",
             answer_sentence("Undecided:", &l.undecided),
             answer_sentence("Missed:", &l.missed),
             answer_sentence("Not known:", &l.unknown));
}

static void say_all_goals(page *p, const char **collectors,
                          size_t collectors_count, const char **heaps,
                          size_t heaps_count, const bool *met, size_t most) {
  answer_list all = {"", 0, most};
  for (size_t c = 0; c < collectors_count; c++) {
    answer_list in = {"", 0, SIZE_MAX};
    for (size_t h = 0; h < heaps_count; h++)
      if (met[c * heaps_count + h])
        answer_add(&in, heaps[h]);
    if (in.count)
      answer_add(&all, arena_text("%s (%s)", collectors[c],
                                  heaps_text(&in, heaps_count)));
  }
  answer_say(p, "All goals at once: %s.",
             all.count ? answer_text(&all) : "met by none");
}

void answer_goals(page *p, table *t, const report *r, size_t most) {
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
  answer_say(p,
             "Met or missed: the 95 %% interval of the median is on that side; "
             "of maxima and of fewer than 6 runs, all runs are.  Undecided: +N "
             "runs are how many more of each cell may tell.");
}
