/* cells.c: makes one cell of a plan. */
#include "harness/base/arena.h"
#include "harness/base/capabilities.h"
#include "planning.h"

#include <string.h>

/* The canary: small, single-threaded, half mutator and half collector.  It must
 * never change, or results of different times would not share a canary. */
#define CANARY_WORKLOAD "binary-trees:depth=12,stretch=14,array=100000"
#define CANARY_HEAP     "3x"

/* ------------------------------------------------------------------------- *
 * What a cell follows from.
 * ------------------------------------------------------------------------- */

/* Adapters to production runtimes, and diagnostics, are in groups of their own
 * beside the models. */
static bool stands_apart(const collector *c) {
  return c && strcmp(collector_kind(c), "model") != 0;
}

/* The heap that a collector gets of those asked for.  A multiple puts the
 * models on a level; one of the others that cannot be held to a limit keeps its
 * own policy, in a block of its own. */
static heap_size heap_for(const collector *c, const heap_size *asked) {
  heap_size none;
  heap_size_parse("none", &none);
  bool keeps_own = stands_apart(c) && !collector_can(c, "heap_limit");
  return keeps_own && asked->kind == HEAP_MULTIPLE ? none : *asked;
}

/* Why a collector cannot run a workload, or NULL. */
static const char *find_missing(const collector *c, const spec *workload,
                                heap_kind heap, unsigned threads) {
  const json_t *w = collector_workload(c, workload->name);
  if (!w)
    return "was built without this workload";
  for (size_t i = 0; i < CAPABILITIES; i++) {
    const struct capability_words *needed = &capability_words[i];
    if (workload_needs_with(w, workload, needed->name) &&
        !collector_can(c, needed->name))
      return needed->needs;
  }
  if (threads > 1 && !collector_can(c, "threads"))
    return capability_words[CAPABILITY_THREADS].needs;
  if (collector_can(c, "explicit_free") &&
      !json_is_true(json_object_get(w, "knows_deaths")))
    return "needs to be told of deaths";
  if (heap != HEAP_UNLIMITED && !collector_can(c, "heap_limit"))
    return capability_words[CAPABILITY_HEAP_LIMIT].needs;
  return NULL;
}

/* What a smallest heap is found by. */
static const char *minimum_key(const char *workload, const char *with,
                               json_int_t threads) {
  return arena_text("%s\n%s\n%lld", workload, with, (long long)threads);
}

json_t *plan_index_minimums(const json_t *minheap) {
  json_t *index = minheap ? json_object() : NULL;
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(minheap, "minimums"), i, row) {
    const char *workload, *with, *found;
    json_int_t threads, bytes = 0;
    if (!json_unpack(row, "{s:s, s:s, s:I, s:s, s?I}", "workload", &workload,
                     "collector", &with, "threads", &threads, "found", &found,
                     "heap", &bytes) &&
        !strcmp(found, "minimum"))
      json_object_set_new(index, minimum_key(workload, with, threads),
                          json_integer(bytes));
  }
  return index;
}

/* Makes a multiple one of the cell's own minimum heap.  Without a known minimum
 * the cell cannot run. */
static void take_minimum(const json_t *minimums, plan_cell *c) {
  const char *key =
      minimum_key(spec_text(&c->workload), spec_text(&c->options), c->threads);
  const uint64_t minimum =
      (uint64_t)json_integer_value(json_object_get(minimums, key));
  c->heap = heap_size_of_minimum(&c->heap, minimum);
  if (!c->missing && !minimum)
    c->missing = "no minimum heap known";
}

/* ------------------------------------------------------------------------- *
 * Cells.
 * ------------------------------------------------------------------------- */

plan_cell plan_make_cell(const planning *g, const spec *workload,
                         const chosen *with, const heap_size *heap,
                         unsigned threads) {
  const collector *its = with->program;
  plan_cell c = {.workload = *workload,
                 .program = its,
                 .options = with->options,
                 .heap = heap_for(its, heap),
                 .reference = stands_apart(its),
                 .turns = its && threads > 1 && collector_can(its, "turns"),
                 .threads = threads};
  c.missing =
      its ? find_missing(its, workload, c.heap.kind, threads) : with->missing;
  if (g->minimums && c.heap.kind == HEAP_MULTIPLE)
    take_minimum(g->minimums, &c);
  c.id = arena_text("%s/%s/heap=%s/threads=%u/seed=%ju", spec_text(&c.workload),
                    spec_text(&c.options), c.heap.text, threads,
                    (uintmax_t)g->request->seed);
  return c;
}

const char *plan_cell_text(const plan_cell *c) {
  return arena_text("%s, %s, heap %s%s", spec_text(&c->options),
                    spec_text(&c->workload), c->heap.text,
                    c->threads > 1 ? arena_text(", %u threads", c->threads)
                                   : "");
}

plan_cell plan_untimed(const plan_cell *c) {
  plan_cell twin = *c;
  twin.id = arena_text("%s" RECORD_UNTIMED, c->id);
  twin.untimed = true;
  return twin;
}

void plan_add_cell(plan *p, plan_cell c) {
  p->cells = arena_more(p->cells, p->cells_count, sizeof c);
  p->cells[p->cells_count++] = c;
}

void plan_add_canary(const planning *g) {
  const collector *program = discover_find(g->all, PLAN_CANARY_COLLECTOR);
  plan_cell c = {.id = "canary/" CANARY_WORKLOAD "/" PLAN_CANARY_COLLECTOR
                       "/heap=" CANARY_HEAP,
                 .program = program,
                 .options = {.name = PLAN_CANARY_COLLECTOR},
                 .threads = 1,
                 .canary = true};
  heap_size_parse(CANARY_HEAP, &c.heap);
  if (program && !resolve_workload(g->all, CANARY_WORKLOAD, &c.workload) &&
      !find_missing(program, &c.workload, c.heap.kind, c.threads))
    plan_add_cell(g->plan, c);
}
