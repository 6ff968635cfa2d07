/* stress.c: `reapmark stress`: puts collectors under hostile conditions, in
 * rounds, and prints what came of it. */
#include "campaign.h"
#include "failure.h"
#include "harness/base/arena.h"
#include "seeded-bugs.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/driver/plan/resolve.h"
#include "harness/driver/programs/spawn.h"
#include "harness/output/format.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ------------------------------------------------------------------------- *
 * Command line.
 * ------------------------------------------------------------------------- */

/* The workload that draws operations at random, and the seconds in which a
 * program shows whether it can run it. */
#define MUTATOR       "fuzz"
#define TRIAL_TIMEOUT 10.0

typedef struct stress_options {
  const char *collectors, *conditions, *workload, *dir, *format, *repeat;
  uint64_t operations, seeds, first_seed, threads, tries;
  double time, timeout;
  bool quick, resume, list, shrink, mutants;
} stress_options;

#define FIELD(member) offsetof(stress_options, member)
static const option_row option_rows[] = {
    {"collectors", 'c', "COLLECTOR,...",
     "the same as COLLECTOR without an option", .kind = OPTION_LIST,
     .offset = FIELD(collectors)},
    {"conditions", 'C', "CONDITION,...",
     "only under these conditions (all; see --list)", .kind = OPTION_LIST,
     .offset = FIELD(conditions)},
    {"ops", 0, "N", "operations of each collector, in all rounds (10000000)",
     .kind = OPTION_NUMBER, .offset = FIELD(operations), .min = 1,
     .max = INT64_MAX / 100},
    {"seeds", 0, "N", "rounds, each with a seed of its own (5)",
     .kind = OPTION_NUMBER, .offset = FIELD(seeds), .min = 1, .max = 1000000},
    {"seed", 0, "N", "seed of the first round; others count up from it (1)",
     .kind = OPTION_NUMBER, .offset = FIELD(first_seed), .max = INT64_MAX / 2},
    {"threads", 't', "N",
     "mutator threads, in conditions that have several (4)",
     .kind = OPTION_NUMBER, .offset = FIELD(threads), .min = 1, .max = 64},
    {"workloads", 'w', "WORKLOAD",
     "the random mutator, fuzz[:KEY=VALUE,...] (fuzz)", .kind = OPTION_TEXT,
     .offset = FIELD(workload)},
    {"time", 0, "SECONDS", "begin no episode after this time (no limit)",
     .kind = OPTION_SECONDS, .offset = FIELD(time)},
    {"timeout", 0, "SECONDS", "an episode that takes longer hangs (60)",
     .kind = OPTION_SECONDS, .offset = FIELD(timeout)},
    {"quick", 0, NULL, "1000000 operations, in one round", .kind = OPTION_FLAG,
     .offset = FIELD(quick)},
    {"shrink", 0, NULL, "reduce a failure to as few operations as possible",
     .kind = OPTION_FLAG, .offset = FIELD(shrink)},
    {"invocations", 'n', "N",
     "repeat a failed race until it fails again, N times at most (10)",
     .kind = OPTION_NUMBER, .offset = FIELD(tries), .min = 1, .max = 1000,
     .former = "tries"},
    {"output", 'o', "DIR", "directory for what is found (results/stress/TIME)",
     .kind = OPTION_TEXT, .offset = FIELD(dir)},
    {"resume", 0, NULL, "continue the campaign in DIR, with the same settings",
     .kind = OPTION_FLAG, .offset = FIELD(resume)},
    {"format", 'f', "FORMAT", FORMAT_NAMES " (table)", .kind = OPTION_TEXT,
     .offset = FIELD(format)},
    {"mutants", 0, NULL, "instead, check that every seeded bug is caught",
     .kind = OPTION_FLAG, .offset = FIELD(mutants)},
    {"repeat", 0, "DIR/failure-N", "instead, run a failure again",
     .kind = OPTION_TEXT, .offset = FIELD(repeat)},
    {"list", 0, NULL, "instead, list the conditions", .kind = OPTION_FLAG,
     .offset = FIELD(list)},
    {0}};

const option_usage stress_usage = {
    .name = "stress",
    .summary = "look for bugs in collectors",
    .synopsis = "[COLLECTOR[:OPTION=VALUE,...]...] [options]",
    .description =
        "Does a collector have bugs?  Runs random operations on each COLLECTOR "
        "(all models, if\nnone is named) under hostile conditions, each "
        "episode in a process of its own, and\ncompares the heap with a shadow "
        "heap: the exact picture of what should be alive.  An\nepisode in "
        "which its condition never came about, or nothing was collected, fails "
        "as\nvacuous.  A failed episode is run again with its operations "
        "recorded, and DIR keeps\nthe recording.  docs/stress.md says how to "
        "go on.\n\nexit status: 0 nothing found, 1 something failed, 2 usage, "
        "3 nothing to run,\n130 interrupted (DIR is kept).",
    .example = "mark-sweep refcount -C poison,heap-90 --quick",
    .options = option_rows,
    .max_operands = INT_MAX};

/* Why a collector cannot take part at all, or NULL.  A diagnostic one may need
 * more than an episode gives it, which it alone knows: it is asked. */
static const char *find_obstacle(const collector *c) {
  if (collector_can(c, "explicit_free"))
    return "it frees what it is told is dead, and the random mutator does not "
           "know what is";
  if (strcmp(collector_kind(c), "diagnostic"))
    return NULL;
  char *argv[] = {(char *)c->path,
                  (char *)"--run",
                  (char *)MUTATOR ":ops=0",
                  (char *)"--record-fd",
                  arena_text("%d", SPAWN_RECORD),
                  NULL};
  spawn_result r;
  spawn_run(argv, SPAWN_RECORD, TRIAL_TIMEOUT, &r);
  const char *obstacle = r.end == SPAWN_EXITED && r.code == EXIT_USAGE
                             ? arena_text("it says: %s", r.last_words)
                             : NULL;
  spawn_result_free(&r);
  return obstacle;
}

/* Finds the collectors that the words name (none: all models that can take
 * part).  Returns NULL, or what is wrong with a word. */
static const char *choose_subjects(campaign *c, const collectors *all,
                                   const word_list *names, subject **out,
                                   size_t *n) {
  *out = NULL;
  *n = 0;
  for (size_t i = 0; !names->count && i < all->count; i++)
    if (collector_is_measured(&all->items[i]) &&
        !find_obstacle(&all->items[i])) {
      *out = arena_more(*out, *n, sizeof **out);
      (*out)[(*n)++] = (subject){.name = all->items[i].name,
                                 .program = &all->items[i],
                                 .options = {.name = all->items[i].name}};
    }
  for (size_t i = 0; i < names->count; i++) {
    chosen one;
    const char *word = names->words[i];
    const char *wrong = resolve_collector(all, word, ABSENT_WRONG, &one);
    if (wrong)
      return condition_find(word)
                 ? arena_text("'%s' is a condition: it goes to --conditions "
                              "(-C)",
                              word)
                 : wrong;
    const char *obstacle = find_obstacle(one.program);
    if (obstacle)
      return arena_text("%s cannot take part: %s", one.program->name, obstacle);
    const subject s = {.name = spec_text(&one.options),
                       .program = one.program,
                       .options = one.options};
    *out = arena_more(*out, *n, sizeof **out);
    (*out)[(*n)++] = s;
  }
  for (size_t i = 0; i < *n; i++)
    word_list_add(&c->names, (*out)[i].name);
  return NULL;
}

static const char *choose_conditions(campaign *c, const char *list) {
  word_list words = {0};
  candidates known = {0};
  for (size_t i = 0; i < conditions_count; i++)
    candidates_add(&known, conditions[i].name);
  if (list)
    words = words_split(list);
  else
    words = (word_list){known.words, known.count};
  for (size_t i = 0; i < words.count; i++) {
    const condition *found = condition_find(words.words[i]);
    if (!strcmp(words.words[i], condition_peak.name))
      return arena_text("condition '%s' is run by itself, before heap-...",
                        condition_peak.name);
    if (found && word_list_has(&c->names, found->name))
      return arena_text("condition '%s' is given twice", found->name);
    if (!found)
      return arena_text("unknown condition '%s'%s; see --list", words.words[i],
                        suggest(words.words[i], &known));
    c->conditions =
        arena_more(c->conditions, c->conditions_count, sizeof *c->conditions);
    c->conditions[c->conditions_count++] = found;
    word_list_add(&c->names, found->name);
  }
  return NULL;
}

/* Whether the word is about the random mutator.  Its parameters are resolved
 * when the programs are known. */
static const char *check_mutator(const char *word) {
  size_t n = strcspn(word, ":");
  if (n == strlen(MUTATOR) && !strncmp(word, MUTATOR, n))
    return NULL;
  return arena_text("--workloads: the random mutator is " MUTATOR
                    "[:KEY=VALUE,...], and '%.*s' is not",
                    (int)n, word);
}

/* ------------------------------------------------------------------------- *
 * The table.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "collector", .header = "collector"},
    {.name = "condition", .header = "condition"},
    {.name = "verdict", .header = "verdict"},
    {.name = "episodes", .header = "episodes", .kind = TABLE_COUNT},
    {.name = "operations", .header = "operations", .kind = TABLE_COUNT},
    {.name = "collections", .header = "collections", .kind = TABLE_COUNT},
    {.name = "fired", .header = "fired", .kind = TABLE_COUNT},
    {.name = "allocated", .header = "bytes", .kind = TABLE_COUNT},
    {.name = "elapsed", .header = "time", .kind = TABLE_TIME},
    {.name = "reason"},
};

static const char *verdict_text(const tally *t) {
  if (t->fault && !strcmp(entry_text(t->fault, "result"), "vacuous"))
    return "VACUOUS";
  if (t->fault)
    return arena_text("FAILED: %s", entry_text(t->fault, "oracle"));
  if (t->missing)
    return arena_text("n/a: %s", t->missing);
  if (!t->episodes)
    return "not run";
  const char *text = "ok";
  if (t->cut)
    text = arena_text("ok, the first %ju places", (uintmax_t)t->places);
  else if (t->places)
    text = arena_text("ok, all %ju places", (uintmax_t)t->places);
  if (t->scarce)
    text = arena_text("%s; %ju out of memory", text, (uintmax_t)t->scarce);
  return text;
}

static void add_row(table *out, const char *name, const char *under,
                    const tally *t) {
  table_row *row = table_add(out, 0);
  table_set_text(row, "collector", name);
  table_set_text(row, "condition", under);
  table_set_text(row, "verdict", verdict_text(t));
  if (!t->episodes || (t->missing && !t->fault))
    return;
  table_set_integer(row, "episodes", (long long)t->episodes);
  table_set_integer(row, "operations", (long long)t->operations);
  table_set_integer(row, "collections", (long long)t->collections);
  table_set_integer(row, "fired", (long long)t->fired);
  table_set_integer(row, "allocated", (long long)t->allocated);
  table_set_integer(row, "elapsed", (long long)t->elapsed);
  if (t->fault)
    table_set_text(row, "reason", entry_text(t->fault, "reason"));
}

static void add_up(tally *sum, const tally *t) {
  sum->episodes += t->episodes;
  sum->operations += t->operations;
  sum->collections += t->collections;
  sum->fired += t->fired;
  sum->allocated += t->allocated;
  sum->elapsed += t->elapsed;
  if (!sum->fault)
    sum->fault = t->fault;
}

/* Whether the fault is in the list: several conditions may have failed in the
 * same episode of condition_peak. */
static bool has(const json_t *faults, const json_t *fault) {
  size_t i;
  const json_t *other;
  json_array_foreach(faults, i, other) {
    if (other == fault)
      return true;
  }
  return false;
}

/* Prints the tallies, by subject and condition.  Returns whether all are
 * good. */
static bool print_all(const campaign *c, const subject *subjects, size_t n,
                      const tally *tallies, const output_format *format) {
  table *out = table_new(columns, sizeof columns / sizeof *columns);
  json_t *faults = json_array();
  bool good = true;
  size_t unrun = 0;
  for (size_t i = 0; i < n; i++) {
    tally sum = {0};
    for (size_t k = 0; k < c->conditions_count; k++) {
      const tally *t = &tallies[i * c->conditions_count + k];
      add_row(out, subjects[i].name, c->conditions[k]->name, t);
      if (t->fault && !has(faults, t->fault))
        json_array_append(faults, (json_t *)t->fault);
      unrun += !t->episodes && !t->missing;
      add_up(&sum, t);
    }
    if (c->conditions_count > 1)
      add_row(out, subjects[i].name, "(all)", &sum);
    good &= !sum.fault;
  }
  page *p = page_new(out);
  size_t i;
  json_t *fault;
  page_tables(p, out);
  json_array_foreach(faults, i, fault)
      page_text(p, PAGE_CODE, "%s", failure_text(c->log.dir, fault));
  p->json = json_pack("{s:i, s:o, s:O}", "schema", 1, "rows",
                      table_rows_json(out), "failures", faults);
  format_print(format, p, stdout);
  json_decref(faults);
  if (unrun)
    say("%zu of %zu rows were not run: they prove nothing", unrun,
        n * c->conditions_count);
  return good && !unrun;
}

/* ------------------------------------------------------------------------- *
 * All rounds.
 * ------------------------------------------------------------------------- */

/* One round of a subject; false if the campaign ends here. */
static bool run_subject(campaign *c, const subject *s, uint64_t round,
                        tally *tallies) {
  tally now = {0};
  double before = c->spent;
  bool going = true;
  for (size_t k = 0; k < c->conditions_count && going; k++) {
    trial one = {
        .subject = s, .under = c->conditions[k], .seed = c->first_seed + round};
    tally *t = &tallies[k];
    if (t->fault || t->missing)
      continue; /* more would not tell more */
    going = campaign_try(c, &one);
    add_up(t, &one.tally);
    t->scarce += one.tally.scarce;
    t->places += one.tally.places;
    t->cut |= one.tally.cut;
    t->missing = one.tally.missing;
    add_up(&now, &one.tally);
  }
  if (c->spent > before)
    say("round %ju of %ju, %s: %ju episodes, %ju operations, %.1f s",
        (uintmax_t)round + 1, (uintmax_t)c->seeds, s->name,
        (uintmax_t)now.episodes, (uintmax_t)now.operations, c->spent - before);
  return going;
}

static int run_rounds(campaign *c, const subject *subjects, size_t n,
                      const output_format *format) {
  tally *tallies = arena_take(n * c->conditions_count * sizeof *tallies);
  bool going = true;
  for (uint64_t round = 0; round < c->seeds && going; round++)
    for (size_t i = 0; i < n && going; i++)
      going = run_subject(c, &subjects[i], round,
                          &tallies[i * c->conditions_count]);
  const int lost = runlog_check(&c->log);
  if (lost) {
    say("%s/%s: %s: the episodes are lost", c->log.dir, c->log.name,
        strerror(lost));
    c->end = BROKEN;
  }
  bool good = print_all(c, subjects, n, tallies, format);
  if (c->end == OUT_OF_TIME)
    say("the time is used up after %.3g s; --resume -o %s goes on", c->spent,
        c->log.dir);
  if (c->end == INTERRUPTED) {
    say("interrupted; --resume -o %s goes on", c->log.dir);
    return EXIT_INTERRUPTED;
  }
  return good && c->end != BROKEN ? EXIT_OK : EXIT_SOME_FAILED;
}

static const table_column condition_columns[] = {
    {.name = "condition", .header = "condition"},
    {.name = "provokes", .header = "provokes"},
    {.name = "by", .header = "by"}};

static void list_condition(table *t, const condition *c) {
  const char *params = condition_params(c);
  table_row *row = table_add(t, 0);
  table_set_text(row, "condition", c->name);
  table_set_text(row, "provokes", c->provokes);
  if (c->heap)
    table_show(row, "by", "--heap, %u %% of the %s without a limit", c->heap,
               c->live ? "live bytes" : "footprint");
  else
    table_show(row, "by", "%s%s%s%s%s", c->hostile ? "--hostile " : "",
               c->hostile ? c->hostile : "", c->sweep ? "=1, 2, ..." : "",
               c->hostile && params ? ", " : "", params ? params : "");
}

static int list_conditions(void) {
  table *t = table_new(condition_columns,
                       sizeof condition_columns / sizeof *condition_columns);
  for (size_t i = 0; i < conditions_count; i++)
    list_condition(t, &conditions[i]);
  list_condition(t, &condition_peak);
  page *p = page_new(t);
  page_tables(p, t);
  format_text(p, stdout);
  return EXIT_OK;
}

static const char *default_dir(void) {
  char stamp[32];
  time_t now = time(NULL);
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H%M%SZ", gmtime(&now));
  return arena_text("results/stress/%s", stamp);
}

/* Beside six busy threads on two processors an episode of threads that take
 * turns in a full heap took more than eight times as long as alone. */
enum { PATIENCE = 5 };

int stress_command(int argc, char **argv) {
  stress_options o = {.first_seed = 1,
                      .threads = 4,
                      .tries = 10,
                      .timeout = 60,
                      .workload = MUTATOR,
                      .format = "table"};
  char **operands;
  int code = options_parse(&stress_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  word_list names = words_chosen(o.collectors, operands);
  if ((o.list || o.repeat) && names.count) {
    say("stress: unexpected argument '%s': --%s takes no collectors",
        names.words[0], o.list ? "list" : "repeat");
    return EXIT_USAGE;
  }
  if (o.list)
    return list_conditions();
  program_fix_addresses();
  if (o.repeat)
    return failure_repeat(o.repeat, o.shrink);
  campaign c = {.operations = o.operations ? o.operations
                              : o.quick    ? 1000000
                                           : 10000000,
                .seeds = o.seeds   ? o.seeds
                         : o.quick ? 1
                                   : 5,
                .first_seed = o.first_seed,
                .threads = o.threads,
                .sweep = o.quick ? 150 : 400,
                .tries = o.tries,
                .timeout = o.timeout,
                .patience = o.mutants ? 0 : PATIENCE,
                .time = o.time,
                .keeps = true,
                .shrinks = o.shrink};
  if (o.resume && !o.dir) {
    say("--resume needs -o DIR");
    return EXIT_USAGE;
  }
  const char *dir = o.dir ? o.dir : default_dir();
  const output_format *format;
  const char *wrong = format_find(o.format, NULL, &format);
  if (!wrong)
    wrong = choose_conditions(&c, o.conditions);
  if (!wrong)
    wrong = check_mutator(o.workload);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  if (!spawn_catch_interrupts())
    say("warning: Ctrl-C will leave a collector running");
  if (o.mutants) {
    c.keeps = false;
    code = mutants_run(&c, o.workload, &names, dir, o.resume, format);
    campaign_close(&c);
    return code;
  }
  collectors all = discover_collectors();
  subject *subjects;
  size_t n;
  wrong = choose_subjects(&c, &all, &names, &subjects, &n);
  if (!wrong && n)
    wrong = resolve_workload(&all, o.workload, &c.workload);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  if (!n) {
    say("there is no collector to put to the test");
    return EXIT_NOTHING;
  }
  code = campaign_open(&c, dir, o.resume) ? run_rounds(&c, subjects, n, format)
                                          : EXIT_USAGE;
  campaign_close(&c);
  return code;
}
