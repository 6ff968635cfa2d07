/* pacing-cells.c: see pacing-cells.h. */
#include "pacing-cells.h"
#include "harness/base/arena.h"
#include "harness/stats/summary.h"

#include <math.h>

/* The median, over full collections, of the goal over what was alive; NAN
 * without a goal. */
static double typical_goal(const pacing_facts *f) {
  double *ratios = arena_take((f->lines_count + 1) * sizeof *ratios);
  size_t n = 0;
  for (size_t i = 0; i < f->lines_count; i++)
    if (f->lines[i].full > 0 && f->lines[i].goal > 0 && f->lines[i].live > 0)
      ratios[n++] = f->lines[i].goal / f->lines[i].live;
  return n ? stat_summarize(ratios, n).median : NAN;
}

static void set_numbers(double *numbers, const pacing_facts *f) {
  numbers[PACING_RSS] = f->resident / f->live;
  numbers[PACING_MEAN] = f->footprint_mean / f->live_mean;
  numbers[PACING_END] = f->footprint_end / f->live_end;
  numbers[PACING_GARBAGE_MOST] = f->garbage_most;
  numbers[PACING_GARBAGE_MEDIAN] = f->garbage_median;
  numbers[PACING_HELD_MOST] = f->held_most;
  numbers[PACING_COLLECTIONS] = f->collections;
  numbers[PACING_PER_LIVE_SET] = f->collections * f->live / f->allocated;
  numbers[PACING_GOAL] = typical_goal(f);
  numbers[PACING_OVERSHOOT] = f->overshoot;
}

void pacing_gather(report *r, const report_cell *c, const json_t *record) {
  if (!r->gathered)
    r->gathered = arena_take(r->count * sizeof(pacing_cell));
  pacing_cell *g = (pacing_cell *)r->gathered + (c - r->cells);
  pacing_facts f = pacing_read(record);
  double numbers[PACING_NUMBERS];
  set_numbers(numbers, &f);
  for (unsigned k = 0; k < PACING_NUMBERS; k++) {
    g->numbers[k] = arena_more(g->numbers[k], g->count, sizeof(double));
    g->numbers[k][g->count] = isfinite(numbers[k]) ? numbers[k] : NAN;
  }
  if (*f.policy)
    g->policy = arena_text("%s", f.policy);
  g->count++;
  settling_add(&g->garbage, record, "stability.garbage.verdict");
  settling_add(&g->memory, record, "stability.memory.verdict");
  g->garbage_slope =
      fmax(g->count == 1 ? NAN : g->garbage_slope, f.garbage.slope);
  g->memory_slope = fmax(g->count == 1 ? NAN : g->memory_slope, f.memory.slope);
  pacing_free(&f);
}

double pacing_median(const pacing_cell *c, pacing_number n) {
  for (size_t i = 0; i < c->count; i++)
    if (isnan(c->numbers[n][i]))
      return NAN;
  return c->count ? stat_summarize(c->numbers[n], c->count).median : NAN;
}

const pacing_cell *pacing_cell_of(const report *r, size_t cell) {
  const pacing_cell *all = r->gathered;
  if (!all || !all[cell].count || !report_is_good(&r->cells[cell]))
    return NULL;
  const pacing_cell *c = &all[cell];
  bool tells = !isnan(pacing_median(c, PACING_HELD_MOST)) ||
               !isnan(pacing_median(c, PACING_GOAL)) ||
               !isnan(pacing_median(c, PACING_OVERSHOOT));
  return tells ? c : NULL;
}
