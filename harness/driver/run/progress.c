/* progress.c: tells on stderr how far a run is. */
#include "progress.h"
#include "harness/driver/plan/order.h"
#include "harness/base/arena.h"
#include "harness/driver/live/live.h"
#include "harness/record/record.h"
#include "harness/report/load.h"
#include "harness/report/metrics.h"

#include <math.h>
#include <stdio.h>

/* The time that runs took so far. */
typedef struct tally {
  double seconds;
  unsigned runs;  /* that are done */
  unsigned ahead; /* runs that are not done yet */
} tally;

struct progress {
  const plan *plan;
  bool live;     /* the live view is on */
  tally *cells;  /* by cell */
  tally *blocks; /* by block */
  tally all;
  const plan_run *last; /* the one that was done last, or NULL */
  tally of_block;       /* of the same block and invocation as `last` */
};

progress *progress_begin(const plan *p) {
  progress *g = arena_take(sizeof *g);
  g->plan = p;
  g->live = live_begin();
  g->cells = arena_take(p->cells_count * sizeof *g->cells);
  g->blocks = arena_take(p->cells_count * sizeof *g->blocks);
  for (size_t i = 0; i < p->runs_count; i++)
    g->cells[p->runs[i].cell].ahead++;
  g->all.ahead = (unsigned)p->runs_count;
  return g;
}

static double mean(const tally *t) {
  return t->seconds / t->runs;
}

double progress_left(const progress *g) {
  double left = 0;
  for (size_t i = 0; i < g->plan->cells_count; i++) {
    const tally *cell = &g->cells[i];
    const tally *block = &g->blocks[g->plan->cells[i].block];
    const tally *from = cell->runs ? cell : block->runs ? block : &g->all;
    if (cell->ahead && from->runs)
      left += cell->ahead * mean(from);
  }
  return left;
}

static void add(tally *t, double seconds) {
  t->seconds += seconds;
  t->runs++;
}

/* The estimated time left, such as ", 3:41 left"; "" before the first run is
 * done. */
static const char *left_text(const progress *g) {
  return g->all.ahead && g->all.runs
             ? arena_text(", %s left", live_time(progress_left(g)))
             : "";
}

/* Elsewhere: a line when a block is left. */
static void print_block(progress *g) {
  const plan_run *run = g->last;
  if (g->live || !run || !g->of_block.runs)
    return;
  const plan_cell *c = &g->plan->cells[run->cell];
  fprintf(stderr, "[%zu/%zu%s] %s heap=%s threads=%u #%u: %u run%s in %.1f s\n",
          g->plan->runs_count - g->all.ahead, g->plan->runs_count, left_text(g),
          spec_text(&c->workload), c->heap.text, c->threads, run->invocation,
          g->of_block.runs, g->of_block.runs == 1 ? "" : "s",
          g->of_block.seconds);
  g->of_block = (tally){0};
}

void progress_done(progress *g, const plan_run *run, uint64_t elapsed_ns,
                   bool now) {
  double seconds = (double)elapsed_ns / 1e9;
  g->cells[run->cell].ahead--;
  g->all.ahead--;
  add(&g->cells[run->cell], seconds);
  add(&g->blocks[g->plan->cells[run->cell].block], seconds);
  add(&g->all, seconds);
  if (now) {
    add(&g->of_block, seconds);
    g->last = run;
  }
}

void progress_start(progress *g, const plan_run *run) {
  const plan_cell *cells = g->plan->cells;
  if (!g->live && g->last &&
      (g->last->invocation != run->invocation ||
       cells[g->last->cell].block != cells[run->cell].block))
    print_block(g);
  live_now("%s", plan_cell_text(&cells[run->cell]));
  live_done(g->plan->runs_count - g->all.ahead, g->plan->runs_count,
            g->all.runs ? progress_left(g) : NAN);
  live_draw();
}

/* Tells the view of the worst step, which is what a workload sees of its
 * collector. */
static void note_worst(const plan_cell *c, const json_t *record) {
  const double worst = metric_find("step_max_ns")->read(record);
  if (!c->canary && worst > 0)
    live_worst(worst, "step of %s: %s", table_number(TABLE_TIME, worst),
               plan_cell_text(c));
}

void progress_judge(progress *g, const plan_run *run, const json_t *record) {
  const verdict v = verdict_of_record(record);
  const bool suspect = v == VERDICT_SUSPECT, failed = verdict_is_failure(v);
  const char *word =
      suspect ? "suspect" : record_text(record, "verdict.status");
  live_verdict(word, failed);
  if (failed)
    live_say("%s: %s: %s", word, record_text(record, "key"),
             record_text(record, suspect ? "suspect" : "verdict.reason"));
  else
    note_worst(&g->plan->cells[run->cell], record);
}

void progress_end(progress *g) {
  live_end();
  print_block(g);
}
