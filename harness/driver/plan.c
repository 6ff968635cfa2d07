/* plan.c: cells x collectors x heaps x threads, and their order. */
#include "plan.h"
#include "memory.h"
#include "say.h"
#include "spec.h"
#include "suite.h"
#include "harness/words/words.h"

#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 1024 };

/* ------------------------------------------------------------------------- *
 * Order: in each invocation every block, in each block every collector.  So the
 * invocations of a cell are spread over the whole time, a drift of the machine
 * hits all collectors of a block alike, and no collector always runs after the
 * same neighbour.
 * ------------------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea & Flood, OOPSLA 2014). */
static uint64_t random_next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* Fisher and Yates's shuffle. */
static void shuffle(plan_run *runs, size_t n, uint64_t *state) {
  for (size_t i = n; i > 1; i--) {
    size_t j = (size_t)(((unsigned __int128)random_next(state) * i) >> 64);
    plan_run swapped = runs[i - 1];
    runs[i - 1] = runs[j];
    runs[j] = swapped;
  }
}

static void make_order(plan *p) {
  size_t blocks = 0;
  for (size_t i = 0; i < p->cells_count; i++)
    if (p->cells[i].block >= blocks)
      blocks = p->cells[i].block + 1;
  p->runs = memory_take(p->cells_count * p->invocations * sizeof *p->runs);
  p->runs_count = 0;
  uint64_t state = p->seed;
  for (unsigned invocation = 1; invocation <= p->invocations; invocation++)
    for (size_t block = 0; block < blocks; block++) {
      size_t begin = p->runs_count;
      for (size_t i = 0; i < p->cells_count; i++)
        if (p->cells[i].block == block && !p->cells[i].missing)
          p->runs[p->runs_count++] = (plan_run){i, invocation};
      shuffle(p->runs + begin, p->runs_count - begin, &state);
    }
}

const char *plan_key(const plan *p, const plan_run *run) {
  return memory_text("%s#%u", p->cells[run->cell].id, run->invocation);
}

/* Adds a cell, unless it is there.  Blocks are numbered as they come. */
static void add_cell(plan *p, plan_cell c) {
  size_t blocks = 0;
  bool known = false;
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *other = &p->cells[i];
    if (!strcmp(other->id, c.id))
      return;
    if (!known && !strcmp(other->workload, c.workload) &&
        !strcmp(other->heap, c.heap) && other->threads == c.threads) {
      c.block = other->block;
      known = true;
    }
    if (other->block >= blocks)
      blocks = other->block + 1;
  }
  if (!known)
    c.block = blocks;
  p->cells = memory_more(p->cells, p->cells_count, sizeof *p->cells);
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
  const collector *collector;
  const char *text; /* with options */
} chosen;
typedef struct chosen_list {
  chosen *items;
  size_t count;
} chosen_list;

static void choose_one(chosen_list *list, chosen c) {
  list->items = memory_more(list->items, list->count, sizeof c);
  list->items[list->count++] = c;
}

/* The collectors of a list; all if it is empty.  False after a mistake. */
static bool find_collectors(const asked *a, const suite *s,
                            const collectors *all, chosen_list *out) {
  *out = (chosen_list){0};
  if (!a->words.count)
    for (size_t i = 0; i < all->count; i++)
      if (!all->items[i].trouble)
        choose_one(out, (chosen){&all->items[i], all->items[i].name});
  for (size_t i = 0; i < a->words.count; i++) {
    const char *word = a->words.words[i];
    spec named;
    const collector *c;
    const char *wrong = discover_choose(all, word, &named, &c);
    if (wrong) {
      mistake(s, a->option, word, wrong);
      return false;
    }
    choose_one(out, (chosen){c, spec_text(&named)});
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

/* Parses a workload and checks it against its description. */
static const char *check_workload(const char *word, const collectors *all,
                                  spec *out) {
  const char *wrong = spec_parse(word, out);
  if (wrong)
    return wrong;
  const json_t *described = discover_workload(all, out->name);
  if (described)
    return spec_check(out, json_object_get(described, "params"), "parameter");
  candidates known = {0};
  size_t k;
  json_t *w;
  for (size_t i = 0; i < all->count; i++)
    if (!all->items[i].trouble)
      json_array_foreach(json_object_get(all->items[i].about, "workloads"), k,
                         w)
          candidates_add(&known, json_string_value(json_object_get(w, "name")));
  return memory_text("unknown workload '%s'%s", out->name,
                     suggest(out->name, &known));
}

static bool needs(const json_t *workload, const char *what) {
  size_t i;
  json_t *need;
  json_array_foreach(json_object_get(workload, "needs"), i, need) {
    if (!strcmp(json_string_value(need), what))
      return true;
  }
  return false;
}

/* Why a collector cannot run a workload, or NULL. */
static const char *find_missing(const collector *c, const char *workload,
                                const char *heap) {
  static const char *const capabilities[][2] = {
      {"threads", "needs threads"},
      {"weak", "needs weak references"},
      {"finalizers", "needs finalizers"}};
  const json_t *w = collector_workload(c, workload);
  if (!w)
    return "was built without this workload";
  for (size_t i = 0; i < 3; i++)
    if (needs(w, capabilities[i][0]) && !collector_can(c, capabilities[i][0]))
      return capabilities[i][1];
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
  char **words = memory_take(n * sizeof *words);
  for (unsigned i = 0; i < n; i++)
    words[i] = memory_text("%u", numbers[i]);
  return words;
}

/* Adds the cells of one workload in one heap with so many threads. */
static void plan_block(const planning *g, const spec *workload,
                       chosen_list with, const char *heap, unsigned threads) {
  for (size_t i = 0; i < with.count; i++) {
    plan_cell c = {.workload = spec_text(workload),
                   .collector = with.items[i].text,
                   .heap = heap,
                   .threads = threads};
    c.missing = find_missing(with.items[i].collector, workload->name, heap);
    c.id = memory_text("%s/%s/heap=%s/threads=%u/seed=%ju", c.workload,
                       c.collector, heap, threads, (uintmax_t)g->request->seed);
    add_cell(g->plan, c);
  }
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
  if (r->collectors)
    with = intersect(g->wanted, with);

  asked heaps = choose("--heap", r->heaps, cell->heaps, cell->heaps_count,
                       s->heaps, s->heaps_count);
  asked threads = choose(
      "--threads", r->threads, number_words(cell->threads, cell->threads_count),
      cell->threads_count, number_words(s->threads, s->threads_count),
      s->threads_count);
  if (!heaps.words.count)
    heaps.words = spec_split(SUITE_HEAP);
  if (!threads.words.count)
    threads.words = spec_split(memory_text("%d", SUITE_THREADS));
  bool threaded = needs(discover_workload(g->all, workload->name), "threads");

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
                memory_text("'%s' threads: a number from 1 to %d is wanted",
                            word, THREADS_MAX));
        return false;
      }
      plan_block(g, workload, with, heap, threaded ? (unsigned)n : 1);
    }
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
  suite *s = memory_take(sizeof *s);
  s->name = memory_text("custom");
  s->cells_count = (unsigned)workloads.count;
  s->cells = memory_take(workloads.count * sizeof *s->cells);
  for (size_t i = 0; i < workloads.count; i++)
    s->cells[i].workload = memory_text("%s", workloads.words[i]);
  return s;
}

static bool plan_cells(const planning *g, word_list listed_words) {
  size_t n = listed_words.count;
  spec *listed = memory_take(n * sizeof *listed);
  bool *used = memory_take(n * sizeof *used);
  for (size_t i = 0; i < n; i++) {
    const char *wrong =
        check_workload(listed_words.words[i], g->all, &listed[i]);
    if (wrong) {
      say("--workloads: %s", wrong);
      return false;
    }
  }
  for (unsigned i = 0; i < g->suite->cells_count; i++) {
    const suite_cell *cell = &g->suite->cells[i];
    spec workload;
    const char *wrong = check_workload(cell->workload, g->all, &workload);
    if (wrong) {
      mistake(g->suite, NULL, cell->workload, wrong);
      return false;
    }
    if (g->request->suite && n) {
      if (!select_workload(listed, used, n, &workload))
        continue;
      const char *again; /* to put the parameters into their order */
      again = spec_text(&workload);
      check_workload(again, g->all, &workload);
    }
    if (!plan_workload(g, cell, &workload))
      return false;
  }
  for (size_t i = 0; i < n; i++)
    if (g->request->suite && !used[i])
      say("suite '%s' has no workload '%s'", g->suite->name, listed[i].name);
  return true;
}

int plan_make(const plan_request *request, const collectors *all, plan *out) {
  *out = (plan){.seed = request->seed};
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
  out->invocations = request->invocations   ? (unsigned)request->invocations
                     : g.suite->invocations ? *g.suite->invocations
                                            : SUITE_INVOCATIONS;
  out->timeout = request->timeout > 0 ? request->timeout
                 : g.suite->timeout   ? *g.suite->timeout
                                      : SUITE_TIMEOUT;
  if (!find_collectors(&wanted, NULL, all, &g.wanted) ||
      !plan_cells(&g, listed))
    return EXIT_USAGE;
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

json_t *plan_to_json(const plan *p) {
  json_t *cells = json_array();
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *c = &p->cells[i];
    json_t *cell = json_pack("{s:s, s:s, s:s, s:s, s:i}", "cell", c->id,
                             "workload", c->workload, "collector", c->collector,
                             "heap", c->heap, "threads", (int)c->threads);
    if (c->missing)
      json_object_set_new(cell, "n/a", json_string(c->missing));
    json_array_append_new(cells, cell);
  }
  return json_pack("{s:i, s:s, s:i, s:f, s:I, s:o}", "schema", 1, "suite",
                   p->suite, "invocations", (int)p->invocations, "timeout",
                   p->timeout, "seed", (json_int_t)p->seed, "cells", cells);
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
  out->suite = memory_text("%s", name);
  out->invocations = (unsigned)invocations;
  out->seed = (uint64_t)seed;
  size_t i;
  json_array_foreach(cells, i, cell) {
    const char *id, *workload, *with, *heap, *missing = NULL;
    int threads;
    if (json_unpack(cell, "{s:s, s:s, s:s, s:s, s:i, s?s}", "cell", &id,
                    "workload", &workload, "collector", &with, "heap", &heap,
                    "threads", &threads, "n/a", &missing))
      return false;
    add_cell(out, (plan_cell){.id = memory_text("%s", id),
                              .workload = memory_text("%s", workload),
                              .collector = memory_text("%s", with),
                              .heap = memory_text("%s", heap),
                              .threads = (unsigned)threads,
                              .missing =
                                  missing ? memory_text("%s", missing) : NULL});
  }
  make_order(out);
  return true;
}

const char *plan_difference(const json_t *recorded, const json_t *wanted) {
  static const char *const keys[] = {"suite", "invocations", "timeout", "seed"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const json_t *then = json_object_get(recorded, keys[i]);
    const json_t *now = json_object_get(wanted, keys[i]);
    if (json_equal(then, now))
      continue;
    char *a = json_dumps(then, JSON_ENCODE_ANY);
    char *b = json_dumps(now, JSON_ENCODE_ANY);
    const char *text = memory_text("its %s is %s, not %s", keys[i], a, b);
    free(a);
    free(b);
    return text;
  }
  const json_t *then = json_object_get(recorded, "cells");
  const json_t *now = json_object_get(wanted, "cells");
  if (json_equal(then, now))
    return NULL;
  if (json_array_size(then) != json_array_size(now))
    return memory_text("it has %zu cells, not %zu", json_array_size(then),
                       json_array_size(now));
  for (size_t i = 0; i < json_array_size(now); i++) {
    const json_t *a = json_array_get(then, i), *b = json_array_get(now, i);
    if (!json_equal(a, b))
      return memory_text("its cell %s is now %s",
                         json_string_value(json_object_get(a, "cell")),
                         json_string_value(json_object_get(b, "cell")));
  }
  return NULL;
}
