/* describe.c: what a workload does, in exact figures.  The collector "oracle"
 * runs it and counts; nothing is timed. */
#include "describe.h"
#include "discover.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "program.h"
#include "spawn.h"
#include "harness/driver/plan/resolve.h"
#include "harness/record/record.h"
#include "harness/output/format.h"
#include "harness/stats/rates.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Figures that follow from the counters.
 * ------------------------------------------------------------------------- */

static double counter(const json_t *counters, const char *name) {
  return json_number_value(json_object_get(counters, name));
}

static double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

static double turnover(const json_t *c) {
  return stat_turnover(counter(c, "bytes"), counter(c, "peak-bytes"));
}
static double size_mean(const json_t *c) {
  return ratio(counter(c, "bytes"), counter(c, "objects"));
}
static double gini(const json_t *c) {
  return counter(c, "lifetime-gini-millionths") / 1e6;
}
static double young_64k(const json_t *c) {
  return 100 * ratio(counter(c, "died-within-64K"), counter(c, "objects"));
}
static double young_1m(const json_t *c) {
  return 100 * ratio(counter(c, "died-within-1M"), counter(c, "objects"));
}
static double young_16m(const json_t *c) {
  return 100 * ratio(counter(c, "died-within-16M"), counter(c, "objects"));
}
static double to_end(const json_t *c) {
  return 100 * ratio(counter(c, "lived-to-the-end"), counter(c, "objects"));
}
static double density(const json_t *c) {
  return ratio(counter(c, "slots"), counter(c, "bytes") / 8);
}
static double cyclic(const json_t *c) {
  return 100 * ratio(counter(c, "cyclic-bytes"), counter(c, "bytes"));
}
static double stores(const json_t *c) {
  return ratio(counter(c, "stores"), counter(c, "objects"));
}
static double stores_of_references(const json_t *c) {
  return 100 * ratio(counter(c, "stores") - counter(c, "stores-of-null"),
                     counter(c, "stores"));
}
static double reads(const json_t *c) {
  return ratio(counter(c, "loads") + counter(c, "borrows"),
               counter(c, "objects"));
}

/* A row: a counter, or a figure that is computed from counters. */
static const struct row {
  const char *name; /* of the counter or the figure */
  double (*figure)(const json_t *counters);
  const char *help;
} rows[] = {
    {"objects", NULL, "allocated, weak references and ephemerons included"},
    {"bytes", NULL, "allocated: a header word, slots, payload in words"},
    {"peak-bytes", NULL, "reachable at the peak"},
    {"peak-objects", NULL, "reachable at the peak"},
    {"turnover", turnover, "bytes allocated / peak of reachable bytes"},
    {"size-mean", size_mean, "bytes of an object"},
    {"size-p10", NULL, ""},
    {"size-p50", NULL, ""},
    {"size-p90", NULL, ""},
    {"size-max", NULL, ""},
    {"lifetime-mean", NULL, "bytes allocated from birth to death"},
    {"lifetime-p10", NULL, ""},
    {"lifetime-p50", NULL, ""},
    {"lifetime-p90", NULL, ""},
    {"lifetime-p99", NULL, ""},
    {"lifetime-max", NULL, ""},
    {"lifetime-gini", gini, "0: all live alike; towards 1: few live long"},
    {"died-within-64K-percent", young_64k, "of the objects"},
    {"died-within-1M-percent", young_1m, ""},
    {"died-within-16M-percent", young_16m, ""},
    {"lived-to-the-end-percent", to_end, "died after the last allocation"},
    {"pointer-density", density, "slots / words of all objects"},
    {"cyclic-percent", cyclic, "of the bytes: dead only through cycles"},
    {"cyclic-objects", NULL, "dead only through cycles, or kept by those"},
    {"stores-per-object", stores, "to slots, for each object allocated"},
    {"stores-of-references-percent", stores_of_references, "the others: null"},
    {"reads-per-object", reads, "of slots, for each object allocated"},
    {"stores", NULL, "to slots"},
    {"loads", NULL, "of slots, to owning registers"},
    {"borrows", NULL, "of slots, to borrowing registers"},
    {"copies", NULL, "from register to register"},
    {"moves", NULL, ""},
    {"clears", NULL, "of owning registers"},
    {"unborrows", NULL, "of borrowing registers"},
    {"tests", NULL, "of registers: for null, for sameness"},
    {"frames", NULL, "entered"},
    {"payload-accesses", NULL, ""},
    {"safepoints", NULL, "besides those of allocation"},
    {"collections-asked", NULL, "gc_collect, by the harness or the workload"},
    {"global-stores", NULL, ""},
    {"global-reads", NULL, ""},
    {"thread-local-stores", NULL, ""},
    {"thread-local-reads", NULL, ""},
    {"weak-references", NULL, "made"},
    {"weak-reads", NULL, ""},
    {"weak-reads-cleared", NULL, "that found the target dead"},
    {"ephemerons", NULL, "made"},
    {"ephemeron-reads", NULL, ""},
    {"external-blocks", NULL, "of memory outside the heap"},
    {"external-bytes", NULL, "not among the other bytes"},
    {"finalizable", NULL, "objects made with a finalizer"},
    {"finalized", NULL, "handed to their finalizer"},
    {"mutators", NULL, "threads that attached, the main one included"},
    {"used-elsewhere", NULL, "objects used by another thread than their maker"},
    {"freed-elsewhere", NULL, "objects whose last reference such one dropped"},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ------------------------------------------------------------------------- *
 * Output.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "figure", .header = ""},
    {.name = "value", .header = "", .kind = TABLE_INTEGER},
    {.name = "help", .header = "", .traits = TABLE_ONLY_PEOPLE}};

static table *make_table(const json_t *counters) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  for (const struct row *r = rows; r < rows + ROWS; r++) {
    table_row *row = table_add(t, 0);
    table_set_text(row, "figure", r->name);
    table_set_text(row, "help", r->help);
    if (r->figure) {
      table_set_real(row, "value", r->figure(counters));
      table_show(row, "value", "%.4f", r->figure(counters));
    } else
      table_set_integer(row, "value",
                        json_integer_value(json_object_get(counters, r->name)));
  }
  return t;
}

static void print(const json_t *record, const char *workload,
                  const output_format *format) {
  json_int_t threads = json_integer_value(json_object_get(record, "threads"));
  table *t = make_table(json_object_get(record, "counters"));
  page *p = page_new(t);
  page_text(
      p, PAGE_LINE,
      "%s, %lld thread%s, seed %lld: the whole run, with set-up and checks.%s",
      workload, (long long)threads, threads == 1 ? "" : "s",
      (long long)json_integer_value(json_object_get(record, "seed")),
      threads == 1 ? ""
                   : "\nWhat depends on the order in which threads run is that "
                     "of one such order.");
  page_tables(p, t);
  p->json = json_pack("{s:i, s:O, s:O, s:O, s:O, s:o}", "schema", 1, "workload",
                      json_object_get(record, "workload"), "params",
                      json_object_get(record, "params"), "threads",
                      json_object_get(record, "threads"), "seed",
                      json_object_get(record, "seed"), "figures",
                      table_members_json(t, "figure", "value"));
  format_print(format, p, stdout);
}

/* ------------------------------------------------------------------------- *
 * The command.
 * ------------------------------------------------------------------------- */

typedef struct describe_options {
  uint64_t threads, seed;
  const char *format;
  double timeout;
} describe_options;

#define FIELD(member) offsetof(describe_options, member)
static const option_row option_rows[] = {
    {"threads", 't', "N",
     "mutator threads, for workloads that take threads (1)",
     .kind = OPTION_NUMBER, .offset = FIELD(threads), .min = 1, .max = 1024},
    {"seed", 0, "N", "seed of the workload (42)", .kind = OPTION_NUMBER,
     .offset = FIELD(seed), .max = INT64_MAX},
    {"format", 'f', "FORMAT", FORMAT_NAMES " (table)", .kind = OPTION_TEXT,
     .offset = FIELD(format)},
    {"timeout", 0, "SECONDS", "end a run that takes longer (600)",
     .kind = OPTION_SECONDS, .offset = FIELD(timeout)},
    {0}};

const option_usage describe_usage = {
    .name = "describe",
    .summary = "count exactly what a workload does",
    .synopsis = "WORKLOAD[:KEY=VALUE,...] [options]",
    .description =
        "What does a workload do?  Runs it once, untimed, on the collector "
        "'oracle', which\ncounts, and prints exact figures.  With one thread, "
        "the same parameters and seed\nalways give the same figures.\n\n"
        "A lifetime is the number of bytes allocated between an object's "
        "allocation and its\ndeath.  Deaths are exact, also those of cycles "
        "(the Merlin algorithm).  The second\nlife of a dead cycle that has "
        "finalizers begins when a collection finds the cycle.",
    .example = "binary-trees:depth=10",
    .options = option_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a workload"};

json_t *describe_count(const collector *oracle, const char *workload,
                       uint64_t threads, uint64_t seed, double timeout) {
  const char *argv[] = {oracle->path,
                        "--run",
                        workload,
                        "--threads",
                        arena_text("%ju", (uintmax_t)threads),
                        "--seed",
                        arena_text("%ju", (uintmax_t)seed),
                        "--pin",
                        "none",
                        "--record-fd",
                        arena_text("%d", SPAWN_RECORD),
                        NULL};
  const word_list words = {argv, sizeof argv / sizeof *argv - 1};
  spawn_result r;
  spawn_run((char *const *)argv, SPAWN_RECORD, timeout, &r);
  char why[200] = "";
  json_t *record = NULL;
  const char *trouble = spawn_trouble(&r, timeout);
  if (trouble)
    snprintf(why, sizeof why, "%s", trouble);
  else {
    record = json_loadb(r.output, r.output_bytes, 0, NULL);
    record_clean(record);
    const bool valid = record_valid(record, why, sizeof why);
    const char *difference =
        valid ? program_difference(record, &words, oracle) : NULL;
    if (difference)
      snprintf(why, sizeof why, "no valid record: %s", difference);
    else if (valid && strcmp(record_text(record, "verdict.status"), "ok"))
      snprintf(why, sizeof why, "%s: %s", record_text(record, "verdict.status"),
               record_text(record, "verdict.reason"));
  }
  spawn_result_free(&r);
  if (!*why)
    return record;
  say("describe %s: %s", workload, why);
  json_decref(record);
  return NULL;
}

int describe_command(int argc, char **argv) {
  describe_options o = {
      .threads = 1, .seed = 42, .format = "table", .timeout = 600};
  char **operands;
  int code = options_parse(&describe_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const output_format *format;
  const char *wrong = format_find(o.format, NULL, &format);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  collectors all = discover_collectors(NULL);
  const collector *oracle = discover_find(&all, "oracle");
  if (!oracle) {
    say("collector 'oracle' is not found, which is what counts");
    return EXIT_NOTHING;
  }
  spec s;
  wrong = resolve_workload(&all, operands[0], &s);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  if (o.threads > 1 && !workload_is_threaded(discover_workload(&all, s.name)))
    say_warning("W-one-thread", "%s has one thread, and --threads is left out",
                s.name);
  const char *workload = spec_text(&s);
  json_t *record =
      describe_count(oracle, workload, o.threads, o.seed, o.timeout);
  if (!record)
    return EXIT_SOME_FAILED;
  print(record, workload, format);
  json_decref(record);
  return EXIT_OK;
}
