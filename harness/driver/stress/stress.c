/* stress.c: `reapmark stress`: the command line. */
#include "campaign.h"
#include "failure.h"
#include "harness/base/arena.h"
#include "rounds.h"
#include "seeded-bugs.h"
#include "harness/driver/run/runlog.h"
#include "summary.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/driver/plan/resolve.h"
#include "harness/driver/programs/spawn.h"
#include "harness/output/format.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sched.h>

/* ------------------------------------------------------------------------- *
 * Command line.
 * ------------------------------------------------------------------------- */

/* The workload that draws operations at random, and the seconds in which a
 * program shows whether it can run it. */
#define MUTATOR       "fuzz"
#define TRIAL_TIMEOUT 10.0

/* Seconds after which an episode hangs.  Many seeded bugs do, and their
 * episodes are short. */
enum { TIMEOUT = 60, TIMEOUT_MUTANTS = 5 };

typedef struct stress_options {
  const char *collectors, *conditions, *workload, *dir, *format, *repeat;
  uint64_t operations, seeds, first_seed, threads, tries, jobs;
  double time, timeout;
  bool quick, resume, list, shrink, mutants, alone;
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
    {"seeds", 0, "N",
     "rounds, each with a seed of its own (5; for seeded bugs 3)",
     .kind = OPTION_NUMBER, .offset = FIELD(seeds), .min = 1, .max = 1000000},
    {"seed", 0, "N", "seed of the first round; others count up from it (1)",
     .kind = OPTION_NUMBER, .offset = FIELD(first_seed), .max = INT64_MAX / 2},
    {"threads", 't', "N",
     "mutator threads where there are several, or 2 in turn (4)",
     .kind = OPTION_NUMBER, .offset = FIELD(threads), .min = 1, .max = 64},
    {"workloads", 'w', "WORKLOAD",
     "the random mutator, fuzz[:KEY=VALUE,...] (fuzz)", .kind = OPTION_TEXT,
     .offset = FIELD(workload)},
    {"jobs", 'j', "N", "episodes side by side (the number of processors)",
     .kind = OPTION_NUMBER, .offset = FIELD(jobs), .min = 1, .max = 1024},
    {"time", 0, "SECONDS", "begin no episode after this time (no limit)",
     .kind = OPTION_SECONDS, .offset = FIELD(time)},
    {"timeout", 0, "SECONDS",
     "an episode that takes longer hangs (60; for seeded bugs 5)",
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
    {"alone", 0, NULL,
     "with --mutants: also find which oracles catch each bug alone",
     .kind = OPTION_FLAG, .offset = FIELD(alone)},
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
    .example = "mark-sweep refcount -C poison,heap-90 --quick\n"
               "--list",
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

static const char *choose_conditions(campaign *c, const char *list) {
  candidates known = {0};
  for (size_t i = 0; i < conditions_count; i++)
    candidates_add(&known, conditions[i].name);
  const word_list words =
      list ? words_split(list) : (word_list){known.words, known.count};
  for (size_t i = 0; i < words.count; i++) {
    const char *word = words.words[i], *setting = strchr(word, ':');
    const condition *found = condition_find(word);
    if (!strcmp(word, condition_peak.name))
      return arena_text("condition '%s' is run by itself, before heap-...",
                        condition_peak.name);
    if (found && word_list_has(&c->names, word))
      return arena_text("condition '%s' is given twice", word);
    if (!found)
      return arena_text("unknown condition '%s'%s; see --list", word,
                        suggest_any(word, &known));
    condition_list_add(&c->conditions,
                       setting ? condition_with(found, setting + 1) : found);
    word_list_add(&c->names, word);
  }
  return NULL;
}

/* Gives the subject its conditions.  Returns NULL, or what is wrong with a
 * tight setting that its collector declares. */
static const char *spread_conditions(const collectors *all, const campaign *c,
                                     subject *s) {
  size_t i;
  json_t *setting;
  json_array_foreach(json_object_get(s->program->about, "tight"), i, setting) {
    chosen one;
    const char *text = json_string_value(setting);
    const char *wrong = resolve_collector(
        all, arena_text("%s:%s", s->program->name, text ? text : ""),
        ABSENT_WRONG, &one);
    if (wrong)
      return arena_text("%s: its tight setting '%s': %s", s->program->path,
                        text ? text : "", wrong);
  }
  s->conditions = condition_expand(&c->conditions, s->program);
  return NULL;
}

/* Says which chosen condition has a setting that no subject declares, or NULL.
 */
static const char *check_settings(const campaign *c, const subject *subjects,
                                  size_t n) {
  for (size_t k = 0; k < c->conditions.count; k++) {
    const condition *under = c->conditions.items[k];
    candidates known = {0};
    bool declared = !under->setting;
    for (size_t i = 0; i < n && !declared; i++) {
      const json_t *its = json_object_get(subjects[i].program->about, "tight");
      declared = condition_declares(subjects[i].program, under->setting);
      for (size_t m = 0; m < json_array_size(its); m++)
        candidates_add(&known, json_string_value(json_array_get(its, m)));
    }
    if (!declared)
      return arena_text("condition '%s': no collector here declares the tight "
                        "setting '%s'%s",
                        under->name, under->setting,
                        suggest_any(under->setting, &known));
  }
  return NULL;
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
  for (size_t i = 0; i < *n; i++) {
    word_list_add(&c->names, (*out)[i].name);
    const char *wrong = spread_conditions(all, c, &(*out)[i]);
    if (wrong)
      return wrong;
  }
  return check_settings(c, *out, *n);
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
 * The campaign.
 * ------------------------------------------------------------------------- */

static int run_rounds(campaign *c, const subject *subjects, size_t n,
                      const output_format *format) {
  const course *courses = rounds_run(c, subjects, n);
  const int lost = runlog_check(&c->log);
  if (lost) {
    say("%s/%s: %s: the episodes are lost", c->log.dir, c->log.name,
        strerror(lost));
    c->end = BROKEN;
  }
  bool good = summary_print(c, courses, n, format);
  if (c->end == OUT_OF_TIME)
    say("the time is used up after %.3g s; --resume -o %s goes on",
        c->spent / (double)c->jobs, c->log.dir);
  if (c->end == INTERRUPTED) {
    say("interrupted; --resume -o %s goes on", c->log.dir);
    return EXIT_INTERRUPTED;
  }
  return good && c->end != BROKEN ? EXIT_OK : EXIT_SOME_FAILED;
}

/* ------------------------------------------------------------------------- *
 * The list of conditions.
 * ------------------------------------------------------------------------- */

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
  else if (c->hostile || params)
    table_show(row, "by", "%s%s%s%s%s", c->hostile ? "--hostile " : "",
               c->hostile ? c->hostile : "", c->sweep ? "=1, 2, ..." : "",
               c->hostile && params ? ", " : "", params ? params : "");
  else if (c->needs & NEEDS_TIGHT)
    table_show(row, "by", "--option, for each tight setting of the collector");
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

/* Processors that this process may use. */
static uint64_t processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) ? 1 : (uint64_t)CPU_COUNT(&set);
}

int stress_command(int argc, char **argv) {
  stress_options o = {.first_seed = 1,
                      .threads = 4,
                      .tries = 10,
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
                .seeds = o.seeds     ? o.seeds
                         : o.mutants ? 3
                         : o.quick   ? 1
                                     : 5,
                .first_seed = o.first_seed,
                .threads = o.threads,
                .sweep = o.quick ? 150 : 400,
                .tries = o.tries,
                .jobs = o.jobs ? o.jobs : processors(),
                .timeout = o.timeout > 0 ? o.timeout
                           : o.mutants   ? TIMEOUT_MUTANTS
                                         : TIMEOUT,
                .time = o.time,
                .whole = !o.conditions,
                .keeps = true,
                .shrinks = o.shrink};
  if (o.resume && !o.dir) {
    say("--resume needs -o DIR");
    return EXIT_USAGE;
  }
  const char *dir = o.dir ? o.dir : runlog_default_dir("stress");
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
    say_warning("W-interrupts", "Ctrl-C will leave a collector running");
  if (o.mutants) {
    c.keeps = false;
    const bug_hunting how = {.workload = o.workload,
                             .words = &names,
                             .chosen = o.conditions,
                             .alone = o.alone};
    code = mutants_run(&c, &how, dir, o.resume, format);
    campaign_close(&c);
    return code;
  }
  collectors all = discover_collectors(&names);
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
