/* plan.c: cells x collectors x heaps x threads, and their order. */
#include "plan.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "spec.h"
#include "suite.h"
#include "sweep.h"
#include "harness/base/random.h"
#include "harness/base/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 1024 };

/* ------------------------------------------------------------------------- *
 * Order: in each invocation every block, in each block every collector.  So the
 * invocations of a cell are spread over the whole time, a drift of the machine
 * hits all collectors of a block alike, and no collector always runs after the
 * same neighbour.  Of the heap sizes of a sweep the ends and the middle come
 * first, then what lies between, so that what was run when it is interrupted
 * is a coarse picture and not half of a fine one.
 * ------------------------------------------------------------------------- */

/* Fisher and Yates's shuffle. */
static void shuffle(plan_run *runs, size_t n, uint64_t *state) {
  for (size_t i = n; i > 1; i--) {
    size_t j = random_below(state, i);
    plan_run swapped = runs[i - 1];
    runs[i - 1] = runs[j];
    runs[j] = swapped;
  }
}

/* The canary: small, single-threaded, half mutator and half collector.  Never
 * to be changed: then results of different times would not share one. */
#define CANARY_COLLECTOR "mark-sweep"
#define CANARY_WORKLOAD  "binary-trees:depth=12,stretch=14,array=100000"
#define CANARY_HEAP      "3x"

/* Adds a run of the canary, if there is one. */
static void add_canary_run(plan *p) {
  unsigned before = 0;
  size_t canary = 0;
  while (canary < p->cells_count && !p->cells[canary].canary)
    canary++;
  if (canary == p->cells_count)
    return;
  for (size_t i = 0; i < p->runs_count; i++)
    before += p->runs[i].cell == canary;
  p->runs[p->runs_count++] = (plan_run){canary, before + 1};
}

/* When the heap size of each block has its turn (sweep_levels), among those of
 * the same work.  Returns the number of blocks. */
static size_t find_levels(const plan *p, unsigned **levels) {
  size_t blocks = 0;
  for (size_t i = 0; i < p->cells_count; i++)
    if (p->cells[i].block >= blocks)
      blocks = p->cells[i].block + 1;
  const plan_cell **of = arena_take((blocks + 1) * sizeof *of);
  for (size_t i = p->cells_count; i-- > 0;)
    of[p->cells[i].block] = &p->cells[i];
  *levels = arena_take((blocks + 1) * sizeof **levels);
  for (size_t b = 0; b < blocks; b++) {
    size_t sizes = 0, before = 0;
    for (size_t k = 0; k < blocks; k++)
      if (!strcmp(of[k]->workload, of[b]->workload) &&
          of[k]->threads == of[b]->threads && !of[k]->canary) {
        before += k < b;
        sizes++;
      }
    unsigned *all = arena_take((sizes + 1) * sizeof *all);
    sweep_levels(sizes, all);
    (*levels)[b] = all[before];
  }
  return blocks;
}

/* Adds a round: every cell that can run, or those that are wanted. */
static void add_round(plan *p, unsigned invocation, const bool *wanted) {
  unsigned *levels;
  size_t blocks = find_levels(p, &levels), seen = 0;
  add_canary_run(p);
  for (unsigned level = 0; seen < blocks; level++)
    for (size_t block = 0; block < blocks; block++) {
      if (levels[block] != level)
        continue;
      size_t begin = p->runs_count;
      for (size_t i = 0; i < p->cells_count; i++)
        if (p->cells[i].block == block && !p->cells[i].missing &&
            !p->cells[i].canary && (!wanted || wanted[i]))
          p->runs[p->runs_count++] = (plan_run){i, invocation};
      shuffle(p->runs + begin, p->runs_count - begin, &p->order);
      if (seen++ == blocks / 2)
        add_canary_run(p);
    }
}

/* At most two runs of the canary in each round, and the last one. */
static size_t runs_of_rounds(const plan *p, unsigned rounds) {
  return (p->cells_count + 2) * rounds + 1;
}

static const plan_cell *find_cell(const plan *p, const char *id) {
  for (size_t i = 0; i < p->cells_count; i++)
    if (!strcmp(p->cells[i].id, id))
      return &p->cells[i];
  return NULL;
}

/* The cells of a target run next to each other: their blocks become one. */
static void join_blocks(plan *p) {
  for (size_t i = 0; i < p->targets_count; i++) {
    const plan_cell *of = find_cell(p, p->targets[i].cell);
    const plan_cell *over =
        p->targets[i].over ? find_cell(p, p->targets[i].over) : NULL;
    if (!of || !over)
      continue;
    size_t from = over->block, to = of->block;
    for (size_t k = 0; k < p->cells_count; k++)
      if (p->cells[k].block == from)
        p->cells[k].block = to;
  }
  /* No number may be left out. */
  size_t blocks = 0, *old = arena_take((p->cells_count + 1) * sizeof *old);
  for (size_t i = 0; i < p->cells_count; i++) {
    size_t first = 0;
    old[i] = p->cells[i].block;
    while (old[first] != old[i])
      first++;
    p->cells[i].block = first < i ? p->cells[first].block : blocks++;
  }
}

static void make_order(plan *p) {
  join_blocks(p);
  p->runs = arena_take(runs_of_rounds(p, p->invocations) * sizeof *p->runs);
  p->runs_count = 0;
  p->order = p->seed;
  for (unsigned invocation = 1; invocation <= p->invocations; invocation++)
    add_round(p, invocation, NULL);
  add_canary_run(p);
}

void plan_add_round(plan *p, unsigned invocation, const bool *wanted) {
  plan_run *more =
      arena_take((p->runs_count + runs_of_rounds(p, 1)) * sizeof *more);
  memcpy(more, p->runs, p->runs_count * sizeof *more);
  p->runs = more;
  add_round(p, invocation, wanted);
  add_canary_run(p);
}

const char *plan_key(const plan *p, const plan_run *run) {
  return arena_text("%s#%u", p->cells[run->cell].id, run->invocation);
}

/* Adds a cell, unless it is there.  Blocks are numbered as they come. */
static void add_cell(plan *p, plan_cell c) {
  size_t blocks = 0;
  bool known = false;
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *other = &p->cells[i];
    if (!strcmp(other->id, c.id))
      return;
    if (!known && other->canary == c.canary &&
        !strcmp(other->workload, c.workload) && !strcmp(other->heap, c.heap) &&
        other->threads == c.threads) {
      c.block = other->block;
      known = true;
    }
    if (other->block >= blocks)
      blocks = other->block + 1;
  }
  if (!known)
    c.block = blocks;
  p->cells = arena_more(p->cells, p->cells_count, sizeof *p->cells);
  p->cells[p->cells_count++] = c;
}

/* ------------------------------------------------------------------------- *
 * What is asked for.  Every list comes from the command line, or else from the
 * suite's cell, the suite, or the default; `where` says so in messages.
 * ------------------------------------------------------------------------- */

typedef struct asked {
  word_list words;
  const char *option; /* the command line's option, or NULL: of the suite */
} asked;

static asked choose(const char *option, const char *given, char **of_cell,
                    unsigned of_cell_count, char **of_suite,
                    unsigned of_suite_count) {
  if (given)
    return (asked){spec_split(given), option};
  asked a = {{(const char **)of_cell, of_cell_count}, NULL};
  if (!of_cell_count)
    a.words = (word_list){(const char **)of_suite, of_suite_count};
  return a;
}

static void mistake(const suite *s, const char *option, const char *word,
                    const char *what) {
  if (option)
    say("%s: %s", option, what);
  else
    say("%s: %s", suite_locate(s->path, word), what);
}

/* A collector to run with, and what it was called. */
typedef struct chosen {
  const collector *collector; /* NULL: is not built; then why */
  const char *text;           /* with options */
  const char *missing;
} chosen;
typedef struct chosen_list {
  chosen *items;
  size_t count;
} chosen_list;

static void choose_one(chosen_list *list, chosen c) {
  list->items = arena_more(list->items, list->count, sizeof c);
  list->items[list->count++] = c;
}

/* All that a word for many means. */
static void choose_group(chosen_list *list, const collectors *all,
                         const char *word) {
  for (size_t i = 0; i < all->count; i++) {
    const collector *c = &all->items[i];
    if (collector_is_in(c, word))
      choose_one(list, (chosen){c, c->name, NULL});
  }
}

/* Why a cell is missing whose collector is. */
static const char *not_built(const char *package) {
  return package ? arena_text("not built (package %s)", package) : "not built";
}

/* The collectors of a list; the models if it is empty.  False after a
 * mistake. */
static bool find_collectors(const asked *a, const suite *s,
                            const collectors *all, chosen_list *out) {
  *out = (chosen_list){0};
  if (!a->words.count)
    choose_group(out, all, "models");
  for (size_t i = 0; i < a->words.count; i++) {
    const char *word = a->words.words[i];
    if (discover_is_group(word)) {
      choose_group(out, all, word);
      continue;
    }
    spec named;
    const collector *c;
    const char *wrong = discover_choose(all, word, &named, &c);
    const char *package = NULL; /* a suite may name what is optional */
    if (wrong && !a->option && !c && named.name)
      package = discover_package(named.name);
    if (wrong && !package) {
      mistake(s, a->option, word, wrong);
      return false;
    }
    choose_one(out, (chosen){c, spec_text(&named),
                             package ? not_built(package) : NULL});
  }
  return true;
}

/* Those of `wanted` that are also in `allowed`, by their names. */
static chosen_list intersect(chosen_list wanted, chosen_list allowed) {
  chosen_list both = {0};
  for (size_t i = 0; i < wanted.count; i++)
    for (size_t k = 0; k < allowed.count; k++)
      if (wanted.items[i].collector == allowed.items[k].collector) {
        choose_one(&both, wanted.items[i]);
        break;
      }
  return both;
}

/* The heap for a collector of those asked for.  A multiple puts models on a
 * level; a reference that cannot be held to a limit keeps its own policy, in a
 * block of its own. */
static const char *heap_for(const collector *c, const char *heap) {
  if (!c)
    return heap;
  bool multiple = heap[strlen(heap) - 1] == 'x';
  bool free_to = !strcmp(collector_kind(c), "reference") &&
                 !collector_can(c, "heap_limit");
  return multiple && free_to ? "none" : heap;
}

/* Why a collector cannot run a workload, or NULL. */
static const char *find_missing(const collector *c, const char *workload,
                                const char *heap, unsigned threads) {
  static const char *const capabilities[][2] = {
      {"threads", "needs threads"},
      {"weak", "needs weak references"},
      {"finalizers", "needs finalizers"},
      {"deep", "needs drops of any depth"}};
  const json_t *w = collector_workload(c, workload);
  if (!w)
    return "was built without this workload";
  for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
    if (workload_needs(w, capabilities[i][0]) &&
        !collector_can(c, capabilities[i][0]))
      return capabilities[i][1];
  if (threads > 1 && !collector_can(c, "threads"))
    return capabilities[0][1];
  if (collector_can(c, "explicit_free") &&
      !json_is_true(json_object_get(w, "knows_deaths")))
    return "needs to be told of deaths";
  if (strcmp(heap, "none") && !collector_can(c, "heap_limit"))
    return "needs a heap limit";
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * The product.
 * ------------------------------------------------------------------------- */

typedef struct planning {
  const plan_request *request;
  const collectors *all;
  const suite *suite;
  chosen_list wanted; /* by the command line */
  plan *plan;
} planning;

/* Numbers of threads as words, so that they are handled like heaps. */
static char **number_words(const uint32_t *numbers, unsigned n) {
  char **words = arena_take(n * sizeof *words);
  for (unsigned i = 0; i < n; i++)
    words[i] = arena_text("%u", numbers[i]);
  return words;
}

/* Makes a multiple one of the collector's own minimum heap.  If that is not
 * known the cell is missing. */
static void take_minimum(const json_t *minimums, plan_cell *c) {
  char *end;
  double multiple = strtod(c->heap, &end);
  if (strcmp(end, "x"))
    return;
  size_t i;
  json_t *row;
  c->missing = c->missing ? c->missing : "no minimum heap known";
  json_array_foreach(json_object_get(minimums, "minimums"), i, row) {
    const char *workload, *with, *found;
    int threads;
    json_int_t bytes = 0;
    if (!json_unpack(row, "{s:s, s:s, s:i, s:s, s?I}", "workload", &workload,
                     "collector", &with, "threads", &threads, "found", &found,
                     "heap", &bytes) &&
        !strcmp(workload, c->workload) && !strcmp(with, c->collector) &&
        (unsigned)threads == c->threads && !strcmp(found, "minimum")) {
      c->limit = (uint64_t)ceil(multiple * (double)bytes);
      c->missing = NULL;
    }
  }
  c->heap = arena_text("%smin", c->heap);
}

/* Adds a cell, and if `untimed` its twin without instruments.  Returns its
 * identity. */
static const char *plan_one(const planning *g, const spec *workload,
                            const chosen *with, const char *heap,
                            unsigned threads, bool untimed) {
  const collector *its = with->collector;
  plan_cell c = {.workload = spec_text(workload),
                 .collector = with->text,
                 .heap = heap_for(its, heap),
                 .reference = its && !strcmp(collector_kind(its), "reference"),
                 .turns = its && threads > 1 && collector_can(its, "turns"),
                 .threads = threads};
  c.missing =
      its ? find_missing(its, workload->name, c.heap, threads) : with->missing;
  if (g->request->minimums && strcmp(c.heap, "none"))
    take_minimum(g->request->minimums, &c);
  c.id = arena_text("%s/%s/heap=%s/threads=%u/seed=%ju", c.workload,
                    c.collector, c.heap, threads, (uintmax_t)g->request->seed);
  add_cell(g->plan, c);
  const char *id = c.id;
  if (untimed) {
    c.id = arena_text("%s" PLAN_UNTIMED, c.id);
    c.untimed = true;
    add_cell(g->plan, c);
  }
  return id;
}

/* Adds the cells of one workload in one heap with so many threads. */
static void plan_block(const planning *g, const spec *workload,
                       chosen_list with, const char *heap, unsigned threads) {
  for (size_t i = 0; i < with.count; i++)
    plan_one(g, workload, &with.items[i], heap, threads, g->request->observer);
}

static bool plan_workload(const planning *g, const suite_cell *cell,
                          const spec *workload) {
  const suite *s = g->suite;
  const plan_request *r = g->request;
  asked listed = choose(NULL, NULL, cell->collectors, cell->collectors_count,
                        s->collectors, s->collectors_count);
  chosen_list with;
  if (!find_collectors(&listed, s, g->all, &with))
    return false;
  if (r->collectors) /* those of the suite are a default, not a limit */
    with = cell->collectors_count ? intersect(g->wanted, with) : g->wanted;

  asked heaps = choose("--heap", r->heaps, cell->heaps, cell->heaps_count,
                       s->heaps, s->heaps_count);
  asked threads = choose(
      "--threads", r->threads, number_words(cell->threads, cell->threads_count),
      cell->threads_count, number_words(s->threads, s->threads_count),
      s->threads_count);
  if (!heaps.words.count)
    heaps.words = spec_split(SUITE_HEAP);
  const json_t *about = discover_workload(g->all, workload->name);
  if (!threads.words.count)
    threads.words = spec_split(
        arena_text("%d", workload_takes_threads(about) ? 1 : SUITE_THREADS));
  const char *wrong_range = sweep_expand(&heaps.words);
  if (wrong_range) {
    mistake(s, heaps.option, "range:", wrong_range);
    return false;
  }
  bool threaded = workload_is_threaded(about);

  for (size_t h = 0; h < heaps.words.count; h++) {
    const char *heap = heaps.words.words[h];
    const char *wrong = spec_check_heap(heap);
    if (wrong) {
      mistake(s, heaps.option, heap, wrong);
      return false;
    }
    for (size_t t = 0; t < threads.words.count; t++) {
      const char *word = threads.words.words[t];
      uint64_t n;
      if (!words_number(word, &n) || n < 1 || n > THREADS_MAX) {
        mistake(s, threads.option, word,
                arena_text("'%s' threads: a number from 1 to %d is wanted",
                           word, THREADS_MAX));
        return false;
      }
      plan_block(g, workload, with, heap, threaded ? (unsigned)n : 1);
    }
  }
  return true;
}

static bool has_rate(const json_t *workload) {
  size_t i;
  json_t *param;
  json_array_foreach(json_object_get(workload, "params"), i, param) {
    if (!strcmp(json_string_value(json_object_get(param, "name")), "rate"))
      return true;
  }
  return false;
}

/* The workload as it is, or at each of the rates asked for. */
static bool plan_rates(const planning *g, const suite_cell *cell,
                       spec *workload) {
  if (!g->request->rates)
    return plan_workload(g, cell, workload);
  if (!has_rate(discover_workload(g->all, workload->name))) {
    say("%s: left out, as it has no parameter rate: %s",
        g->request->searched ? "--workloads" : "--rate", workload->name);
    return true;
  }
  word_list rates = spec_split(g->request->rates);
  for (size_t i = 0; i < rates.count; i++) {
    spec_set(workload, "rate", rates.words[i]);
    spec at_rate;
    const char *wrong =
        discover_check_workload(g->all, spec_text(workload), &at_rate);
    if (wrong) {
      say("--rate: %s ('reapmark rate' finds the highest)", wrong);
      return false;
    }
    if (!plan_workload(g, cell, &at_rate))
      return false;
  }
  return true;
}

/* Of the workloads that the command line lists, the one with this name; its
 * parameters are put over those of the suite. */
static bool select_workload(const spec *listed, bool *used, size_t n,
                            spec *workload) {
  bool found = false;
  for (size_t i = 0; i < n; i++)
    if (!strcmp(listed[i].name, workload->name)) {
      for (size_t k = 0; k < listed[i].count; k++)
        spec_set(workload, listed[i].settings[k].key,
                 listed[i].settings[k].value);
      found = used[i] = true;
    }
  return found;
}

/* The cells that are asked for without a suite: the workloads listed. */
static const suite *suite_of_workloads(word_list workloads) {
  suite *s = arena_take(sizeof *s);
  s->name = arena_text("custom");
  s->cells_count = (unsigned)workloads.count;
  s->cells = arena_take(workloads.count * sizeof *s->cells);
  for (size_t i = 0; i < workloads.count; i++)
    s->cells[i].workload = arena_text("%s", workloads.words[i]);
  return s;
}

/* ------------------------------------------------------------------------- *
 * Targets.
 * ------------------------------------------------------------------------- */

/* The collector of a target, which need not be there.  False after a
 * mistake. */
static bool choose_for_target(const planning *g, const char *word,
                              chosen *out) {
  spec named;
  const collector *c = NULL;
  const char *wrong = discover_choose(g->all, word, &named, &c);
  *out = (chosen){c, spec_text(&named), NULL};
  if (wrong && (c || !named.name)) {
    mistake(g->suite, NULL, word, wrong);
    return false;
  }
  if (!c)
    out->missing = not_built(discover_package(named.name));
  return true;
}

/* Whether the command line's lists have the collector and the workload; its
 * parameters are put over those of the target. */
static bool target_wanted(const planning *g, const chosen *with,
                          const spec *listed, bool *used, size_t n,
                          spec *workload) {
  bool named = !g->request->collectors;
  for (size_t i = 0; i < g->wanted.count; i++)
    named |= with->collector && g->wanted.items[i].collector == with->collector;
  return named && (n == 0 || select_workload(listed, used, n, workload));
}

/* Adds the cell of a side of a target; *id becomes its identity, or NULL if it
 * is not wanted.  False after a mistake. */
static bool plan_side(const planning *g, const suite_side *side,
                      const suite_side *base, const spec *listed, bool *used,
                      size_t n, bool untimed, const char **id) {
  const char *word = side->workload ? side->workload : base->workload;
  const char *with_word = side->collector ? side->collector : base->collector;
  const char *heap = side->heap ? side->heap : "none";
  unsigned threads = side->threads   ? *side->threads
                     : base->threads ? *base->threads
                                     : 1;
  spec workload;
  chosen with;
  *id = NULL;
  const char *wrong = discover_check_workload(g->all, word, &workload);
  if (wrong) {
    mistake(g->suite, NULL, word, wrong);
    return false;
  }
  wrong = spec_check_heap(heap);
  if (wrong || threads < 1 || threads > THREADS_MAX) {
    mistake(g->suite, NULL, heap,
            wrong ? wrong : "a number of threads is from 1 to 1024");
    return false;
  }
  if (!choose_for_target(g, with_word, &with))
    return false;
  if (!target_wanted(g, &with, listed, used, n, &workload))
    return true;
  const char *text = spec_text(&workload); /* parameters in their order */
  discover_check_workload(g->all, text, &workload);
  *id = plan_one(g, &workload, &with, heap, threads, untimed);
  return true;
}

/* Adds the cells of the targets for which all cells are wanted. */
static bool plan_targets(const planning *g, const spec *listed, bool *used,
                         size_t n) {
  const suite *s = g->suite;
  plan *p = g->plan;
  if (s->targets_count && (g->request->heaps || g->request->threads)) {
    say("%s: suite '%s' compares cells in fixed heaps with fixed threads",
        g->request->heaps ? "--heap" : "--threads", s->name);
    return false;
  }
  for (unsigned i = 0; i < s->targets_count; i++) {
    const suite_target *t = &s->targets[i];
    size_t cells = p->cells_count;
    bool untimed = t->untimed && *t->untimed;
    plan_target x = {.name = t->name,
                     .what = t->what,
                     .metric = t->metric,
                     .gate = t->gate,
                     .stretch = t->stretch ? *t->stretch : 0,
                     .rss = t->rss ? *t->rss : 0,
                     .floor = t->floor && *t->floor};
    if (!plan_side(g, &t->cell, &t->cell, listed, used, n, untimed && !t->over,
                   &x.cell) ||
        (t->over &&
         !plan_side(g, t->over, &t->cell, listed, used, n, untimed, &x.over)))
      return false;
    if (untimed && x.cell && (!t->over || x.over))
      x.over = arena_text("%s" PLAN_UNTIMED, t->over ? x.over : x.cell);
    if (!x.cell || (t->over && !x.over)) {
      p->cells_count = cells; /* half a comparison is none */
      continue;
    }
    p->targets = arena_more(p->targets, p->targets_count, sizeof x);
    p->targets[p->targets_count++] = x;
  }
  return true;
}

/* ------------------------------------------------------------------------- *
 * All of it.
 * ------------------------------------------------------------------------- */

static bool plan_cells(const planning *g, word_list listed_words) {
  size_t n = listed_words.count;
  spec *listed = arena_take(n * sizeof *listed);
  bool *used = arena_take(n * sizeof *used);
  for (size_t i = 0; i < n; i++) {
    const char *wrong =
        discover_check_workload(g->all, listed_words.words[i], &listed[i]);
    if (wrong) {
      say("--workloads: %s", wrong);
      return false;
    }
  }
  for (unsigned i = 0; i < g->suite->cells_count; i++) {
    const suite_cell *cell = &g->suite->cells[i];
    spec workload;
    const char *wrong =
        discover_check_workload(g->all, cell->workload, &workload);
    if (wrong) {
      mistake(g->suite, NULL, cell->workload, wrong);
      return false;
    }
    if (g->request->suite && n) {
      if (!select_workload(listed, used, n, &workload))
        continue;
      const char *again; /* to put the parameters into their order */
      again = spec_text(&workload);
      discover_check_workload(g->all, again, &workload);
    }
    if (!plan_rates(g, cell, &workload))
      return false;
  }
  if (!plan_targets(g, listed, used, g->request->suite ? n : 0))
    return false;
  for (size_t i = 0; i < n; i++)
    if (g->request->suite && !used[i])
      say("suite '%s' has no workload '%s'", g->suite->name, listed[i].name);
  return true;
}

/* Only where its collector and its workload are. */
static void plan_canary(const planning *g) {
  const collector *c = discover_find(g->all, CANARY_COLLECTOR);
  spec workload;
  if (!c || discover_check_workload(g->all, CANARY_WORKLOAD, &workload) ||
      find_missing(c, workload.name, CANARY_HEAP, 1))
    return;
  add_cell(g->plan,
           (plan_cell){.id = arena_text("canary/%s/%s/heap=%s", CANARY_WORKLOAD,
                                        CANARY_COLLECTOR, CANARY_HEAP),
                       .workload = CANARY_WORKLOAD,
                       .collector = CANARY_COLLECTOR,
                       .heap = CANARY_HEAP,
                       .threads = 1,
                       .canary = true});
}

int plan_make(const plan_request *request, const collectors *all, plan *out) {
  *out = (plan){.seed = request->seed,
                .until_ci = request->until_ci,
                .budget = request->budget};
  planning g = {.request = request, .all = all, .plan = out};
  word_list listed = {0};
  if (request->workloads)
    listed = spec_split(request->workloads);
  if (request->suite || !request->workloads) {
    const char *path =
        discover_suite(request->suite ? request->suite : "quick");
    g.suite = path ? suite_load(path) : NULL;
    if (!g.suite)
      return EXIT_USAGE;
  } else
    g.suite = suite_of_workloads(listed);

  asked wanted = {{0}, "--collectors"};
  if (request->collectors)
    wanted.words = spec_split(request->collectors);
  bool usable = false;
  for (size_t i = 0; i < all->count; i++)
    usable |= !all->items[i].trouble;
  if (!usable) {
    say("no collectors found (is anything in collectors/ beside reapmark, or "
        "in REAPMARK_PATH?)");
    return EXIT_NOTHING;
  }
  out->suite = g.suite->name;
  out->table = g.suite->table;
  out->invocations = request->invocations   ? (unsigned)request->invocations
                     : g.suite->invocations ? *g.suite->invocations
                                            : SUITE_INVOCATIONS;
  out->timeout = request->timeout > 0 ? request->timeout
                 : g.suite->timeout   ? *g.suite->timeout
                                      : SUITE_TIMEOUT;
  if (!find_collectors(&wanted, NULL, all, &g.wanted) ||
      !plan_cells(&g, listed))
    return EXIT_USAGE;
  if (out->cells_count && (request->suite || !request->workloads))
    plan_canary(&g);
  make_order(out);
  if (!out->cells_count) {
    say("nothing matches: suite '%s' has no cell with these collectors and "
        "workloads",
        out->suite);
    return EXIT_NOTHING;
  }
  return EXIT_OK;
}

/* ------------------------------------------------------------------------- *
 * plan.json.
 * ------------------------------------------------------------------------- */

static json_t *targets_to_json(const plan *p) {
  json_t *list = json_array();
  for (size_t i = 0; i < p->targets_count; i++) {
    const plan_target *t = &p->targets[i];
    json_t *target =
        json_pack("{s:s, s:s, s:s, s:s, s:f}", "name", t->name, "what", t->what,
                  "metric", t->metric, "cell", t->cell, "gate", t->gate);
    if (t->over)
      json_object_set_new(target, "over", json_string(t->over));
    if (t->stretch > 0)
      json_object_set_new(target, "stretch", json_real(t->stretch));
    if (t->rss > 0)
      json_object_set_new(target, "rss", json_real(t->rss));
    if (t->floor)
      json_object_set_new(target, "floor", json_true());
    json_array_append_new(list, target);
  }
  return list;
}

static bool target_from_json(const json_t *json, plan *out) {
  const char *name, *what, *metric, *cell, *over = NULL;
  plan_target t = {.floor = json_object_get(json, "floor") != NULL};
  if (json_unpack((json_t *)json, "{s:s, s:s, s:s, s:s, s:F, s?s, s?F, s?F}",
                  "name", &name, "what", &what, "metric", &metric, "cell",
                  &cell, "gate", &t.gate, "over", &over, "stretch", &t.stretch,
                  "rss", &t.rss))
    return false;
  t.name = arena_text("%s", name);
  t.what = arena_text("%s", what);
  t.metric = arena_text("%s", metric);
  t.cell = arena_text("%s", cell);
  t.over = over ? arena_text("%s", over) : NULL;
  out->targets = arena_more(out->targets, out->targets_count, sizeof t);
  out->targets[out->targets_count++] = t;
  return true;
}

json_t *plan_to_json(const plan *p) {
  json_t *cells = json_array(), *canary = NULL;
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *c = &p->cells[i];
    json_t *cell = json_pack("{s:s, s:s, s:s, s:s, s:i}", "cell", c->id,
                             "workload", c->workload, "collector", c->collector,
                             "heap", c->heap, "threads", (int)c->threads);
    if (c->missing)
      json_object_set_new(cell, "n/a", json_string(c->missing));
    if (c->limit)
      json_object_set_new(cell, "limit", json_integer((json_int_t)c->limit));
    if (c->reference)
      json_object_set_new(cell, "kind", json_string("reference"));
    if (c->turns)
      json_object_set_new(cell, "turns", json_true());
    if (c->untimed)
      json_object_set_new(cell, "untimed", json_true());
    if (c->canary)
      canary = cell;
    else
      json_array_append_new(cells, cell);
  }
  json_t *json =
      json_pack("{s:i, s:s, s:i, s:f, s:I, s:o}", "schema", 1, "suite",
                p->suite, "invocations", (int)p->invocations, "timeout",
                p->timeout, "seed", (json_int_t)p->seed, "cells", cells);
  if (canary)
    json_object_set_new(json, "canary", canary);
  if (p->targets_count)
    json_object_set_new(json, "targets", targets_to_json(p));
  if (p->table)
    json_object_set_new(json, "table", json_string(p->table));
  if (p->until_ci > 0)
    json_object_set_new(json, "until_ci", json_real(p->until_ci));
  if (p->budget > 0)
    json_object_set_new(json, "budget", json_real(p->budget));
  return json;
}

static bool cell_from_json(const json_t *json, plan *out, bool canary) {
  const char *id, *workload, *with, *heap, *missing = NULL;
  int threads, untimed = 0, turns = 0;
  json_int_t limit = 0;
  if (json_unpack((json_t *)json,
                  "{s:s, s:s, s:s, s:s, s:i, s?s, s?I, s?b, s?b}", "cell", &id,
                  "workload", &workload, "collector", &with, "heap", &heap,
                  "threads", &threads, "n/a", &missing, "limit", &limit,
                  "untimed", &untimed, "turns", &turns))
    return false;
  add_cell(out,
           (plan_cell){.id = arena_text("%s", id),
                       .workload = arena_text("%s", workload),
                       .collector = arena_text("%s", with),
                       .heap = arena_text("%s", heap),
                       .threads = (unsigned)threads,
                       .missing = missing ? arena_text("%s", missing) : NULL,
                       .limit = (uint64_t)limit,
                       .canary = canary,
                       .reference = json_object_get(json, "kind") != NULL,
                       .turns = turns != 0,
                       .untimed = untimed != 0});
  return true;
}

bool plan_from_json(const json_t *json, plan *out) {
  int schema, invocations;
  json_int_t seed;
  json_t *cells, *cell;
  const char *name;
  *out = (plan){0};
  if (json_unpack((json_t *)json, "{s:i, s:s, s:i, s:F, s:I, s:o}", "schema",
                  &schema, "suite", &name, "invocations", &invocations,
                  "timeout", &out->timeout, "seed", &seed, "cells", &cells) ||
      schema != 1 || invocations < 1)
    return false;
  out->suite = arena_text("%s", name);
  out->invocations = (unsigned)invocations;
  out->seed = (uint64_t)seed;
  out->until_ci = json_real_value(json_object_get(json, "until_ci"));
  out->budget = json_real_value(json_object_get(json, "budget"));
  size_t i;
  json_array_foreach(cells, i, cell) {
    if (!cell_from_json(cell, out, false))
      return false;
  }
  const json_t *canary = json_object_get(json, "canary");
  if (canary && !cell_from_json(canary, out, true))
    return false;
  json_t *target;
  json_array_foreach(json_object_get(json, "targets"), i, target) {
    if (!target_from_json(target, out))
      return false;
  }
  const char *table = json_string_value(json_object_get(json, "table"));
  out->table = table ? arena_text("%s", table) : NULL;
  make_order(out);
  return true;
}

const char *plan_difference(const json_t *recorded, const json_t *wanted) {
  static const char *const keys[] = {"suite",  "invocations", "timeout",
                                     "seed",   "canary",      "until_ci",
                                     "budget", "targets",     "table"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const json_t *then = json_object_get(recorded, keys[i]);
    const json_t *now = json_object_get(wanted, keys[i]);
    if (then == now || json_equal(then, now)) /* neither has it, or the same */
      continue;
    char *a = then ? json_dumps(then, JSON_ENCODE_ANY) : NULL;
    char *b = now ? json_dumps(now, JSON_ENCODE_ANY) : NULL;
    const char *text = arena_text("its %s is %s, not %s", keys[i],
                                  a ? a : "not set", b ? b : "not set");
    free(a);
    free(b);
    return text;
  }
  const json_t *then = json_object_get(recorded, "cells");
  const json_t *now = json_object_get(wanted, "cells");
  if (json_equal(then, now))
    return NULL;
  if (json_array_size(then) != json_array_size(now))
    return arena_text("it has %zu cells, not %zu", json_array_size(then),
                      json_array_size(now));
  for (size_t i = 0; i < json_array_size(now); i++) {
    const json_t *a = json_array_get(then, i), *b = json_array_get(now, i);
    if (!json_equal(a, b))
      return arena_text("its cell %s is now %s",
                        json_string_value(json_object_get(a, "cell")),
                        json_string_value(json_object_get(b, "cell")));
  }
  return NULL;
}
