/* plan.c: makes the plan of a request: workloads x heaps x threads x
 * collectors. */
#include "plan.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "order.h"
#include "planning.h"
#include "volumes.h"

#include <string.h>

/* ------------------------------------------------------------------------- *
 * Lists of words.  Each comes from the command line, where `option` says which
 * one and is part of messages, or from the suite, where `option` is NULL and
 * messages have the place in the file.
 * ------------------------------------------------------------------------- */

static void say_wrong(const planning *g, const char *option, const char *word,
                      const char *wrong) {
  if (option)
    say("%s: %s", option, wrong);
  else
    plan_say(g, word, wrong);
}

static bool read_collectors(const planning *g, const char *option,
                            word_list words, chosen_list *out) {
  absence absent = option ? ABSENT_WRONG : ABSENT_OPTIONAL;
  for (size_t i = 0; i < words.count; i++) {
    const char *word = words.words[i];
    const char *wrong = resolve_collectors(g->all, word, absent, out);
    if (wrong) {
      say_wrong(g, option, word, wrong);
      return false;
    }
  }
  return true;
}

static bool read_heaps(const planning *g, const char *option, word_list words,
                       heap_list *out) {
  for (size_t i = 0; i < words.count; i++) {
    const char *wrong = sweep_add(out, words.words[i]);
    if (wrong) {
      say_wrong(g, option, words.words[i], wrong);
      return false;
    }
  }
  return true;
}

static bool add_threads(const planning *g, const char *option, const char *word,
                        uint64_t n, thread_list *out) {
  if (n < 1 || n > THREADS_MAX) {
    say_wrong(g, option, word,
              arena_text("'%s' threads: a number from 1 to %d is wanted", word,
                         THREADS_MAX));
    return false;
  }
  out->items = arena_more(out->items, out->count, sizeof *out->items);
  out->items[out->count++] = (unsigned)n;
  return true;
}

/* The lists of the command line. */
static bool read_request(planning *g) {
  const plan_request *r = g->request;
  choice *wanted = &g->wanted;
  wanted->collectors = r->chosen_collectors;
  g->selects = r->collectors || r->chosen_collectors.count;
  if (r->collectors &&
      !read_collectors(g, "--collectors", words_split(r->collectors),
                       &wanted->collectors))
    return false;
  if (r->heaps &&
      !read_heaps(g, "--heap", words_split(r->heaps), &wanted->heaps))
    return false;
  word_list words = r->threads ? words_split(r->threads) : (word_list){0};
  for (size_t i = 0; i < words.count; i++) {
    uint64_t n = 0;
    words_number(words.words[i], &n);
    if (!add_threads(g, "--threads", words.words[i], n, &wanted->threads))
      return false;
  }
  return true;
}

/* The workloads of the command line. */
static bool read_workloads(planning *g) {
  spec_list *list = &g->listed.workloads;
  const plan_request *r = g->request;
  *list = r->chosen_workloads;
  word_list words = r->workloads ? words_split(r->workloads) : (word_list){0};
  for (size_t i = 0; i < words.count; i++) {
    spec workload;
    const char *wrong = resolve_workload(g->all, words.words[i], &workload);
    if (wrong) {
      say("--workloads: %s", wrong);
      return false;
    }
    spec_list_add(list, workload);
  }
  g->listed.used = arena_take(list->count * sizeof *g->listed.used);
  return true;
}

/* A workload of a suite takes one list of parameters.  False after a mistake,
 * which was said. */
static bool is_listed_once(const planning *g) {
  const spec_list *listed = &g->listed.workloads;
  for (size_t i = 0; i < listed->count; i++) {
    for (size_t k = 0; k < i; k++) {
      if (strcmp(listed->items[i].name, listed->items[k].name))
        continue;
      say("--workloads: '%s' is listed twice, and a suite's cells of a "
          "workload take one list of parameters (without a suite, each is a "
          "workload of its own)",
          listed->items[i].name);
      return false;
    }
  }
  return true;
}

/* The lists that a suite has, or one of its cells. */
static bool read_lists(const planning *g, char **names, unsigned names_count,
                       char **heaps, unsigned heaps_count,
                       const uint32_t *threads, unsigned threads_count,
                       choice *out) {
  *out = (choice){0};
  for (unsigned i = 0; i < threads_count; i++)
    if (!add_threads(g, NULL, arena_text("%u", threads[i]), threads[i],
                     &out->threads))
      return false;
  return read_collectors(g, NULL,
                         (word_list){(const char **)names, names_count},
                         &out->collectors) &&
         read_heaps(g, NULL, (word_list){(const char **)heaps, heaps_count},
                    &out->heaps);
}

/* ------------------------------------------------------------------------- *
 * The product.
 * ------------------------------------------------------------------------- */

/* Those of `wanted` that are also in `allowed`, by their names.  A mere name
 * stands for all that is allowed with that name; other options replace those
 * of the cell. */
static chosen_list intersect(const chosen_list *wanted,
                             const chosen_list *allowed) {
  chosen_list both = {0};
  for (size_t i = 0; i < wanted->count; i++) {
    const chosen *w = &wanted->items[i];
    for (size_t k = 0; k < allowed->count; k++)
      if (w->program == allowed->items[k].program) {
        chosen_add(&both, w->options.count ? *w : allowed->items[k]);
        if (w->options.count)
          break;
      }
  }
  return both;
}

/* What a cell of the suite is run with: by the command line, the cell, the
 * suite or by default, the first of these that says something. */
static choice choose(const planning *g, const suite_cell *cell,
                     const choice *of_cell, const json_t *workload) {
  choice c = *of_cell;
  if (!cell->collectors_count)
    c.collectors = g->of_suite.collectors;
  if (!cell->collectors_count && !g->suite->collectors_count)
    resolve_collectors(g->all, "models", ABSENT_WRONG, &c.collectors);
  /* A suite's collectors are a default; a cell's own ones are a limit. */
  if (g->selects)
    c.collectors = cell->collectors_count
                       ? intersect(&g->wanted.collectors, &c.collectors)
                       : g->wanted.collectors;
  if (!c.heaps.count)
    c.heaps = g->of_suite.heaps;
  if (g->wanted.heaps.count)
    c.heaps = g->wanted.heaps;
  if (!c.heaps.count)
    sweep_add(&c.heaps, SUITE_HEAP);
  if (!c.threads.count)
    c.threads = g->of_suite.threads;
  if (g->wanted.threads.count)
    c.threads = g->wanted.threads;
  if (!c.threads.count) {
    unsigned n = workload_takes_threads(workload) ? 1 : SUITE_THREADS;
    add_threads(g, NULL, "", n, &c.threads);
  }
  return c;
}

/* Whether a collector was meant for this workload: of a group, those that have
 * the workload.  Runtimes that replay traces have one, and would be n/a in
 * every other block. */
static bool is_meant(const chosen *with, const spec *workload) {
  return !with->by_group || collector_workload(with->program, workload->name);
}

/* Adds a cell for each collector. */
static void add_block(const planning *g, const spec *workload,
                      const chosen_list *with, const heap_size *heap,
                      unsigned threads) {
  for (size_t i = 0; i < with->count; i++) {
    if (!is_meant(&with->items[i], workload))
      continue;
    plan_cell c = plan_make_cell(g, workload, &with->items[i], heap, threads);
    plan_add_cell(g->plan, c);
    if (g->request->observer)
      plan_add_cell(g->plan, plan_untimed(&c));
  }
}

static bool add_workload(const planning *g, const suite_cell *cell,
                         const spec *workload) {
  const json_t *about = discover_workload(g->all, workload->name);
  bool threaded = workload_is_threaded(about);
  choice of_cell;
  if (!read_lists(g, cell->collectors, cell->collectors_count, cell->heaps,
                  cell->heaps_count, cell->threads, cell->threads_count,
                  &of_cell))
    return false;
  choice c = choose(g, cell, &of_cell, about);
  for (size_t h = 0; h < c.heaps.count; h++)
    for (size_t t = 0; t < c.threads.count; t++)
      add_block(g, workload, &c.collectors, &c.heaps.items[h],
                threaded ? c.threads.items[t] : 1);
  return true;
}

/* The workload as it is, or at each of the rates asked for. */
static bool add_rates(const planning *g, const suite_cell *cell,
                      const spec *workload) {
  if (!g->request->rates)
    return add_workload(g, cell, workload);
  if (!workload_has_rate(discover_workload(g->all, workload->name))) {
    say("%s: left out, as it has no parameter rate: %s",
        g->request->searched ? "--workloads" : "--rate", workload->name);
    return true;
  }
  word_list rates = words_split(g->request->rates);
  for (size_t i = 0; i < rates.count; i++) {
    spec at_rate = spec_with(workload, "rate", rates.words[i]);
    const char *wrong = resolve_parameters(g->all, &at_rate);
    if (wrong) {
      say("--rate: %s ('reapmark rate' finds the highest)", wrong);
      return false;
    }
    if (!add_workload(g, cell, &at_rate))
      return false;
  }
  return true;
}

/* The cells of the suite, or those of its workloads that the command line
 * lists. */
static bool add_suite_cells(planning *g) {
  for (unsigned i = 0; i < g->suite->cells_count; i++) {
    const suite_cell *cell = &g->suite->cells[i];
    spec workload;
    const char *wrong = resolve_workload(g->all, cell->workload, &workload);
    if (wrong) {
      plan_say(g, cell->workload, wrong);
      return false;
    }
    if (g->listed.workloads.count) {
      if (!plan_select(g, &workload))
        continue;
      resolve_parameters(g->all, &workload); /* for their order */
    }
    if (!add_rates(g, cell, &workload))
      return false;
  }
  return true;
}

/* Without a suite: the workloads that the command line lists. */
static bool add_listed_cells(const planning *g) {
  const spec_list *listed = &g->listed.workloads;
  for (size_t i = 0; i < listed->count; i++)
    if (!add_rates(g, &(suite_cell){0}, &listed->items[i]))
      return false;
  return true;
}

/* ------------------------------------------------------------------------- *
 * All of it.
 * ------------------------------------------------------------------------- */

static bool is_any_usable(const collectors *all) {
  for (size_t i = 0; i < all->count; i++)
    if (!all->items[i].trouble)
      return true;
  return false;
}

/* All cells; false after a mistake, which was said. */
static bool add_cells(planning *g, bool from_suite) {
  const suite *s = g->suite;
  if (!read_request(g) || !read_workloads(g) ||
      !read_lists(g, s->collectors, s->collectors_count, s->heaps,
                  s->heaps_count, s->threads, s->threads_count, &g->of_suite))
    return false;
  if (!from_suite)
    return add_listed_cells(g);
  if (!is_listed_once(g) || !add_suite_cells(g) || !plan_add_targets(g))
    return false;
  for (size_t i = 0; i < g->listed.workloads.count; i++)
    if (!g->listed.used[i])
      say("suite '%s' has no workload '%s'", s->name,
          g->listed.workloads.items[i].name);
  return true;
}

/* The rounds that the request wants alone; the plan has at least these.  False
 * after a mistake, which was said. */
static bool take_rounds(const plan_request *request, plan *out) {
  if (!request->rounds)
    return true;
  round_set *s = arena_take(sizeof *s);
  out->rounds = s;
  if (!round_set_read(s, request->rounds)) {
    say("--rounds: '%s' is no list of rounds, such as 3-5 or 1,4; they are "
        "numbered from 1, and %d is the last",
        request->rounds, ROUND_SET_MOST);
    return false;
  }
  if (request->invocations && s->last > out->invocations) {
    say("--rounds %s: with -n %u the plan has no round %u", request->rounds,
        out->invocations, s->last);
    return false;
  }
  if (s->last > out->invocations)
    out->invocations = s->last;
  return true;
}

int plan_make(const plan_request *request, const collectors *all, plan *out) {
  static const suite custom = {.name = (char *)"custom"};
  bool lists_workloads = request->workloads || request->chosen_workloads.count;
  bool from_suite = request->suite || !lists_workloads;
  planning g = {.request = request, .all = all, .suite = &custom, .plan = out};
  *out = (plan){.seed = request->seed,
                .until_ci = request->until_ci,
                .exercise = request->exercise,
                .pin = request->pin,
                .wrap = request->wrap,
                .latencies = request->latencies,
                .budget = request->budget};
  if (from_suite) {
    const char *path =
        discover_suite(request->suite ? request->suite : "quick");
    g.suite = path ? suite_load(path) : NULL;
    if (!g.suite)
      return EXIT_USAGE;
  }
  if (!is_any_usable(all)) {
    say("no collectors found (is anything in collectors/ beside reapmark, or "
        "in REAPMARK_PATH?)");
    return EXIT_NOTHING;
  }
  const suite *s = g.suite;
  out->suite = s->name;
  out->table = s->table;
  out->invocations = request->invocations ? (unsigned)request->invocations
                     : s->invocations     ? *s->invocations
                                          : SUITE_INVOCATIONS;
  out->timeout = request->timeout > 0 ? request->timeout
                 : s->timeout         ? *s->timeout
                                      : SUITE_TIMEOUT;
  if (!take_rounds(request, out))
    return EXIT_USAGE;
  g.minimums = plan_index_minimums(request->minimums);
  const bool good = add_cells(&g, from_suite);
  json_decref(g.minimums);
  if (!good)
    return EXIT_USAGE;
  g.minimums = NULL;
  if (request->canary && out->cells_count)
    plan_add_canary(&g);
  if (!out->cells_count) {
    say("nothing matches: suite '%s' has no cell with these collectors and "
        "workloads",
        out->suite);
    return EXIT_NOTHING;
  }
  if (!plan_check_volumes(out))
    return EXIT_USAGE;
  plan_order(out); /* of the cells that can run */
  return EXIT_OK;
}
