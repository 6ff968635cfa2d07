/* targets.c: the cells that a suite's targets compare. */
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "planning.h"

/* A target and the cells that it needs. */
typedef struct comparison {
  plan_target target;
  plan_cell cells[4];
  size_t count;
} comparison;

/* Whether the command line's lists have the collector and the workload. */
static bool is_wanted(planning *g, const chosen *with, spec *workload) {
  const chosen_list *wanted = &g->wanted.collectors;
  bool named = !g->selects;
  for (size_t i = 0; i < wanted->count; i++)
    named |= with->program && wanted->items[i].program == with->program;
  bool all_workloads = !g->listed.workloads.count;
  return named && (all_workloads || plan_select(g, workload));
}

/* Adds the cell of a side to the comparison, and if `untimed` its twin without
 * instruments.  What `side` leaves out is as in `base`.  *id becomes the cell's
 * identity, or NULL if the cell is not wanted.  False after a mistake. */
static bool add_side(planning *g, const suite_side *side,
                     const suite_side *base, bool untimed, comparison *x,
                     const char **id) {
  const char *word = side->workload ? side->workload : base->workload;
  const char *with_word = side->collector ? side->collector : base->collector;
  const char *heap_word = side->heap ? side->heap : "none";
  unsigned threads = side->threads   ? *side->threads
                     : base->threads ? *base->threads
                                     : 1;
  spec workload;
  heap_size heap;
  chosen with;
  *id = NULL;
  const char *wrong = resolve_workload(g->all, word, &workload);
  if (!wrong) {
    word = heap_word;
    wrong = heap_size_take(heap_word, &heap);
    if (!wrong && (threads < 1 || threads > THREADS_MAX))
      wrong = arena_text("a number of threads is from 1 to %d", THREADS_MAX);
  }
  if (!wrong) {
    word = with_word;
    wrong = resolve_collector(g->all, with_word, ABSENT_FINE, &with);
  }
  if (wrong) {
    plan_say(g, word, wrong);
    return false;
  }
  if (!is_wanted(g, &with, &workload))
    return true;
  /* Parameters of the command line may have been added: their order. */
  resolve_parameters(g->all, &workload);
  plan_cell c = plan_make_cell(g, &workload, &with, &heap, threads);
  *id = c.id;
  x->cells[x->count++] = c;
  if (untimed)
    x->cells[x->count++] = plan_untimed(&c);
  return true;
}

/* Adds the target, if all of its cells are wanted: half a comparison is none.
 * False after a mistake. */
static bool add_target(planning *g, const suite_target *t) {
  plan *p = g->plan;
  bool untimed = t->untimed && *t->untimed;
  comparison x = {.target = {.name = t->name,
                             .what = t->what,
                             .metric = t->metric,
                             .over_metric = t->over_metric,
                             .gate = t->gate,
                             .stretch = t->stretch ? *t->stretch : 0,
                             .rss = t->rss ? *t->rss : 0,
                             .floor = t->floor && *t->floor}};
  plan_target *its = &x.target;
  if (!add_side(g, &t->cell, &t->cell, untimed && !t->over, &x, &its->cell))
    return false;
  if (t->over && !add_side(g, t->over, &t->cell, untimed, &x, &its->over))
    return false;
  if (t->by_hand &&
      !add_side(g, t->by_hand, &t->cell, false, &x, &its->by_hand))
    return false;
  if (!its->cell || (t->over && !its->over))
    return true;
  if (untimed)
    its->over =
        arena_text("%s" RECORD_UNTIMED, t->over ? its->over : its->cell);
  for (size_t i = 0; i < x.count; i++)
    plan_add_cell(p, x.cells[i]);
  p->targets = arena_more(p->targets, p->targets_count, sizeof *its);
  p->targets[p->targets_count++] = *its;
  return true;
}

bool plan_add_targets(planning *g) {
  const suite *s = g->suite;
  if (s->targets_count && (g->request->heaps || g->request->threads)) {
    say("%s: suite '%s' compares cells in fixed heaps with fixed threads",
        g->request->heaps ? "--heap" : "--threads", s->name);
    return false;
  }
  for (unsigned i = 0; i < s->targets_count; i++)
    if (!add_target(g, &s->targets[i]))
      return false;
  return true;
}
