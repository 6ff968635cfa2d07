/* utilisation.c: raw pause intervals, and the curves of mutator utilisation
 * that are made of them after the run. */
#include "cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/hostile/mutants.h"
#include "harness/record/record.h"

/* Enough for most runs, and few enough for the curves' quadratic time. */
enum { INTERVALS = 4096 };

/* The width of the first gaps that are closed when there are more. */
enum { FIRST_GAP_NS = 1000 };

void cell_intervals_init(cell_intervals *list) {
  list->items = malloc(INTERVALS * sizeof *list->items);
  if (!list->items)
    cell_die("no memory for pause intervals");
  /* No page fault is to come later. */
  memset(list->items, 0, INTERVALS * sizeof *list->items);
  list->room = INTERVALS;
}

void cell_intervals_free(cell_intervals *list) {
  free(list->items);
}

/* Joins neighbours that are less than `gap` apart.  The intervals are sorted by
 * their ends, the order in which they were reported. */
static size_t join(mmu_interval *items, size_t n, uint64_t gap) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    mmu_interval *last = kept ? &items[kept - 1] : NULL;
    if (!last || items[i].begin > last->end + gap)
      items[kept++] = items[i];
    else {
      if (items[i].begin < last->begin)
        last->begin = items[i].begin;
      if (items[i].end > last->end)
        last->end = items[i].end;
    }
  }
  return kept;
}

/* Joins intervals across ever wider gaps until at most `room` are left. */
static void shrink(cell_intervals *list, size_t room) {
  while (list->count > room) {
    list->gap = list->gap ? 2 * list->gap : FIRST_GAP_NS;
    list->count = join(list->items, list->count, list->gap);
  }
}

void cell_intervals_add(cell_intervals *list, uint64_t begin, uint64_t end) {
  if (list->count == list->room)
    return; /* only if there is no room at all */
  list->items[list->count++] = (mmu_interval){begin, end};
  if (list->count == list->room)
    shrink(list, list->room / 2);
}

/* ------------------------------------------------------------------------- *
 * The curves.
 * ------------------------------------------------------------------------- */

static void append(cell_intervals *all, const cell_intervals *more) {
  if (!more->count)
    return; /* items may be NULL, which memcpy does not allow */
  memcpy(all->items + all->count, more->items,
         more->count * sizeof *more->items);
  all->count += more->count;
  all->gap = more->gap > all->gap ? more->gap : all->gap;
}

static json_t *curve(const double *values, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(list, json_real(values[i]));
  return list;
}

typedef struct curves {
  double mmu[MMU_WINDOWS], bmu[MMU_WINDOWS];
} curves;

static json_t *compose(const curves *c, size_t n) {
  return json_pack("{s:o,s:o}", "mmu", curve(c->mmu, n), "bmu",
                   curve(c->bmu, n));
}

static void keep_worse(curves *worst, const curves *c, size_t n) {
  for (size_t i = 0; i < n; i++) {
    worst->mmu[i] = fmin(worst->mmu[i], c->mmu[i]);
    worst->bmu[i] = fmin(worst->bmu[i], c->bmu[i]);
  }
}

json_t *cell_utilisation(const cell_thread *threads,
                         const cell_intervals *foreign) {
  uint64_t begin = cell_measurement.begin, end = cell_measurement.end;
  size_t most = foreign->count + 1, own = 0;
  for (const cell_thread *c = threads; c; c = c->next) {
    most += c->stops.count;
    own = c->own.count > own ? c->own.count : own;
  }
  cell_intervals stops = {.items = calloc(most, sizeof(mmu_interval))};
  cell_intervals mine = {.items =
                             calloc(INTERVALS + own, sizeof(mmu_interval))};
  if (!stops.items || !mine.items)
    cell_die("no memory for the curves");

  /* World stops halt every thread, whichever reported them. */
  append(&stops, foreign);
  for (const cell_thread *c = threads; c; c = c->next)
    append(&stops, &c->stops);
  stops.count = mmu_normalize(stops.items, stops.count, begin, end);
  shrink(&stops, INTERVALS);

  uint64_t windows[MMU_WINDOWS];
  size_t n = mmu_grid(end - begin, windows);
  curves worst;
  for (size_t i = 0; i < n; i++)
    worst.mmu[i] = worst.bmu[i] = 1;
  json_t *each = json_array();
  uint64_t gap = stops.gap;
  for (const cell_thread *c = threads; c; c = c->next) {
    if (!c->used)
      continue;
    curves x;
    mine.count = 0;
    mine.gap = 0;
    append(&mine, &stops);
    append(&mine, &c->own);
    mine.count = mmu_normalize(mine.items, mine.count, begin, end);
    shrink(&mine, INTERVALS);
    mmu_curves(mine.items, mine.count, begin, end, windows, n, x.mmu, x.bmu);
    for (size_t i = 0; gc_mutant(window_off) && i + 1 < n; i++)
      x.mmu[i] = x.mmu[i + 1];
    keep_worse(&worst, &x, n);
    json_array_append_new(each, compose(&x, n));
    gap = mine.gap > gap ? mine.gap : gap;
  }
  free(stops.items);
  free(mine.items);

  json_t *grid = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(grid, record_integer(windows[i]));
  return json_pack("{s:o,s:o,s:o,s:o}", "joined", record_integer(gap),
                   "windows", grid, "worst", compose(&worst, n), "threads",
                   each);
}
