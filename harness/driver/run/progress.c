/* progress.c: tells on stderr how far a run is. */
#include "progress.h"
#include "harness/driver/plan/order.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The time that runs took so far. */
typedef struct tally {
  double seconds;
  unsigned runs;  /* that are done */
  unsigned ahead; /* runs that are not done yet */
} tally;

struct progress {
  const plan *plan;
  bool live; /* a terminal that can rewrite a line */
  bool colour;
  tally *cells;  /* by cell */
  tally *blocks; /* by block */
  tally all;
  const plan_run *last; /* the one that was done last, or NULL */
  tally of_block;       /* of the same block and invocation as `last` */
};

progress *progress_begin(const plan *p) {
  progress *g = arena_take(sizeof *g);
  const char *term = getenv("TERM");
  const char *no_colour = getenv("NO_COLOR");
  g->plan = p;
  g->live = isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
  g->colour = g->live && !(no_colour && *no_colour);
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

/* The estimated time left, such as "3:41"; "" before the first run is done. */
static const char *left_text(const progress *g, char *out, size_t room) {
  unsigned long seconds = (unsigned long)(progress_left(g) + 0.5);
  out[0] = 0;
  if (!g->all.ahead)
    return out;
  if (g->all.runs && seconds < 3600)
    snprintf(out, room, ", %lu:%02lu left", seconds / 60, seconds % 60);
  else if (g->all.runs)
    snprintf(out, room, ", %lu h %02lu min left", seconds / 3600,
             seconds / 60 % 60);
  return out;
}

static void clear_line(const progress *g) {
  if (g->live)
    fputs("\r\033[K", stderr);
}

static const progress *drawn; /* whose line may be on the terminal */

static void clear_drawn(void) {
  if (drawn)
    clear_line(drawn);
}

/* On terminals: the line.  It must not wrap, or it could not be rewritten. */
static void draw(const progress *g, const plan_run *run) {
  struct winsize size = {0};
  char left[48], line[512];
  size_t columns = 80;
  if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col)
    columns = size.ws_col;
  if (columns > sizeof line)
    columns = sizeof line;
  snprintf(line, columns, "[%zu/%zu%s] %s", g->plan->runs_count - g->all.ahead,
           g->plan->runs_count, left_text(g, left, sizeof left),
           plan_key(g->plan, run));
  clear_line(g);
  fputs(line, stderr);
  fflush(stderr);
  drawn = g;
  say_before = clear_drawn;
}

/* Elsewhere: a line when a block is left. */
static void print_block(progress *g) {
  const plan_run *run = g->last;
  char left[48];
  if (g->live || !run || !g->of_block.runs)
    return;
  const plan_cell *c = &g->plan->cells[run->cell];
  fprintf(stderr, "[%zu/%zu%s] %s heap=%s threads=%u #%u: %u runs in %.1f s\n",
          g->plan->runs_count - g->all.ahead, g->plan->runs_count,
          left_text(g, left, sizeof left), spec_text(&c->workload),
          c->heap.text, c->threads, run->invocation, g->of_block.runs,
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
  if (g->live)
    draw(g, run);
  else if (g->last && (g->last->invocation != run->invocation ||
                       cells[g->last->cell].block != cells[run->cell].block))
    print_block(g);
}

void progress_say(progress *g, const char *format, ...) {
  va_list args;
  va_start(args, format);
  clear_line(g);
  if (g->colour)
    fputs("\033[31m", stderr);
  char *text = arena_vtext(format, args);
  words_clean(text, false); /* the reason may be a program's */
  fputs(text, stderr);
  fputs(g->colour ? "\033[0m\n" : "\n", stderr);
  va_end(args);
}

void progress_end(progress *g) {
  clear_line(g);
  drawn = NULL;
  print_block(g);
}
