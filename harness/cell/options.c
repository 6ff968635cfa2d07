/* options.c: the command line of a collector program, described by one
 * table. */
#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "harness/base/arena.h"
#include "harness/base/options.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "harness/trace/writer.h"

/* More threads than any machine has; a larger number is a mistake. */
enum { THREADS_MAX = 1024 };

void cell_usage(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say_list(format, args);
  va_end(args);
  exit(EXIT_USAGE);
}

void cell_die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say_list(format, args);
  va_end(args);
  _exit(EXIT_SOME_FAILED); /* not exit(): other mutators may still be running */
}

/* ------------------------------------------------------------------------- *
 * Options that are more than a value.
 * ------------------------------------------------------------------------- */

static const char *set_mode(cell_options *o, cell_mode mode) {
  if (o->mode != CELL_NO_MODE)
    return "only one of --describe, --volume, --run, --micro and --micro-fixed";
  o->mode = mode;
  return NULL;
}

static const char *describe(void *values, const char *text) {
  (void)text;
  return set_mode(values, CELL_DESCRIBE);
}

static const char *volume(void *values, const char *text) {
  (void)text;
  return set_mode(values, CELL_VOLUME);
}

static const char *run(void *values, const char *text) {
  cell_options *o = values;
  o->workload = text;
  return set_mode(o, CELL_RUN);
}

static const char *micro(void *values, const char *text) {
  cell_options *o = values;
  o->primitives = text;
  return set_mode(o, CELL_MICRO);
}

static const char *micro_fixed(void *values, const char *text) {
  cell_options *o = values;
  o->primitives = text;
  return set_mode(o, CELL_MICRO_FIXED);
}

static const char *set_option(void *values, const char *text) {
  static char error[CELL_REASON];
  (void)values;
  return cell_parse_option(text, &gc_this_collector, error) ? NULL : error;
}

static const char *set_hostile(void *values, const char *text) {
  static char error[CELL_REASON];
  (void)values;
  return cell_parse_hostile(text, error) ? NULL : error;
}

static const char *set_trace(void *values, const char *text) {
  (void)values;
  trace_output = text;
  return NULL;
}

#ifdef GC_MUTANTS
static const char *plant(void *values, const char *text) {
  const char *near = NULL;
  (void)values;
  if (mutant_plant(text, &near))
    return NULL;
  return near ? arena_text("unknown mutant '%s' (did you mean '%s'?)", text,
                           near)
              : arena_text("unknown mutant '%s' (see --mutant list)", text);
}
#endif

/* A place where nothing can be written is better known before the run. */
static const char *set_timeline(void *values, const char *text) {
  const char *part = arena_text("%s.part", text);
  FILE *file = fopen(part, "w");
  if (!file)
    return arena_text("--timeline: cannot write %s: %s", text, strerror(errno));
  fclose(file);
  remove(part);
  ((cell_options *)values)->timeline = text;
  return NULL;
}

static const char *set_instrument(void *values, const char *text) {
  cell_options *o = values;
  o->instrument = !strcmp(text, "on");
  return o->instrument || !strcmp(text, "off")
             ? NULL
             : arena_text("--instrument is on or off, not '%s'", text);
}

/* ------------------------------------------------------------------------- *
 * The table.
 * ------------------------------------------------------------------------- */

#define FIELD(member) offsetof(cell_options, member)
static const option_row option_rows[] = {
    {"describe", 0, NULL, "print what this collector is and can do, as JSON",
     .kind = OPTION_CALL, .call = describe},
    {"run", 0, "WORKLOAD[:KEY=VALUE,...]", "run a workload, print its record",
     .kind = OPTION_CALL, .call = run},
    {"volume", 0, NULL, "print how many bytes workloads need, as JSON",
     .kind = OPTION_CALL, .call = volume},
    {"micro", 0, "[=PRIMITIVE,...]",
     "time these primitives of the collector (all)", .kind = OPTION_CALL,
     .call = micro},
    {"micro-fixed", 0, "PRIMITIVE,...",
     "run these primitives ITERATIONS times each, untimed", .kind = OPTION_CALL,
     .call = micro_fixed},
    {"heap", 0, "SIZE", "64M, 3x (times the bytes to be held) or none (none)",
     .kind = OPTION_TEXT, .offset = FIELD(heap)},
    {"threads", 0, "N", "mutator threads, for workloads that take threads (1)",
     .kind = OPTION_NUMBER, .offset = FIELD(threads), .min = 1,
     .max = THREADS_MAX},
    {"seed", 0, "N", "seed of the workload's random numbers (1)",
     .kind = OPTION_NUMBER, .offset = FIELD(seed),
     .max = INT64_MAX}, /* the largest integer in JSON */
    {"option", 0, "NAME=VALUE", "set an option of the collector",
     .kind = OPTION_CALL, .call = set_option, .repeats = true},
    {"hostile", 0, "KEY=VALUE,...", "set hostile conditions",
     .kind = OPTION_CALL, .call = set_hostile, .repeats = true},
    {"input", 0, "FILE", "the file that the workload reads, if it reads one",
     .kind = OPTION_TEXT, .offset = FIELD(input)},
    {"latencies", 0, "FILE",
     "write the times of single requests to FILE as CSV", .kind = OPTION_TEXT,
     .offset = FIELD(latencies)},
    {"trace", 0, "FILE", "write the operations to FILE, if the collector can",
     .kind = OPTION_CALL, .call = set_trace},
#ifdef GC_MUTANTS
    {"mutant", 0, "NAME", "plant a seeded bug; 'list' prints their names",
     .kind = OPTION_CALL, .call = plant},
#endif
    {"pin", 0, "PUS",
     "where threads run: auto, none, or PUs as in 0,2-3 (auto)",
     .kind = OPTION_TEXT, .offset = FIELD(pin)},
    {"check", 0, NULL, "check the heap's invariants at every expectation",
     .kind = OPTION_FLAG, .offset = FIELD(check)},
    {"instrument", 0, "on|off", "time steps and listen to pauses (on)",
     .kind = OPTION_CALL, .call = set_instrument},
    {"timeline", 0, "FILE", "write what happened when to FILE, as trace events",
     .kind = OPTION_CALL, .call = set_timeline},
    {"timeline-events", 0, "N", "the longest N of them (65536)",
     .kind = OPTION_NUMBER, .offset = FIELD(timeline_events), .min = 1,
     .max = 1 << 24},
    {"min-time", 0, "SECONDS", "measuring time for each primitive (0.1)",
     .kind = OPTION_SECONDS, .offset = FIELD(min_time)},
    {"record-fd", 0, "FD", "file descriptor for the record (1, stdout)",
     .kind = OPTION_NUMBER, .offset = FIELD(record_fd), .max = INT32_MAX},
    {0}};

/* The default comes last; of words, the others after the help. */
static void print_option(const gc_option *o) {
  const char *const *words = cell_option_words(&gc_this_collector, o);
  printf("  %-24s  %s", o->name, o->help);
  if (!words) {
    printf(" (%llu)\n", (unsigned long long)*o->value);
    return;
  }
  for (size_t i = 0; words[i]; i++)
    printf("%s%s", i ? ", " : ": ", words[i]);
  printf(" (%s)\n", words[*o->value]);
}

static void print_rest(void) {
  puts("\nOptions of the collector (--option NAME=VALUE):");
  for (const gc_option *o = gc_this_collector.options; o && o->name; o++)
    print_option(o);
  puts("\nHostile conditions (--hostile KEY=VALUE,...):");
  for (const gc_option *o = hostile_options; o->name; o++)
    printf("  %-24s  %s\n", o->name, o->help);
  puts("\nWorkloads:");
  for (const workload *const *w = wl_all; *w; w++)
    printf("  %-24s  %s\n", (*w)->name, (*w)->summary);
}

/* ------------------------------------------------------------------------- *
 * Parsing.
 * ------------------------------------------------------------------------- */

/* Takes the words that are no options: the workloads of --volume, the
 * primitives of --micro, the iterations of --micro-fixed. */
static void take_operands(cell_options *o, char **words) {
  if (o->mode == CELL_MICRO && !o->primitives && *words)
    o->primitives = *words++;
  if (o->mode == CELL_VOLUME) {
    if (!*words)
      cell_usage("--volume needs a workload");
    o->workloads = words;
    return;
  }
  if (o->mode == CELL_MICRO_FIXED) {
    if (!*words)
      cell_usage("--micro-fixed needs a number of iterations");
    if (!words_number(*words, &o->iterations) || !o->iterations ||
        o->iterations > INT64_MAX)
      cell_usage("--micro-fixed: '%s' is not a number of iterations", *words);
    words++;
  }
  if (*words)
    cell_usage("unexpected argument '%s'", *words);
}

cell_options cell_read_options(int argc, char **argv) {
  const option_usage usage = {
      .name = "",
      .synopsis = "--describe | --run WORKLOAD | --volume WORKLOAD... |\n"
                  "       --micro [PRIMITIVE,...] | --micro-fixed "
                  "PRIMITIVE,... ITERATIONS  [options]",
      .description = gc_this_collector.summary,
      .example = "--run binary-trees:depth=10 --heap 3x",
      .options = option_rows,
      .max_operands = INT_MAX,
      .more_help = print_rest};
  cell_options o = {.heap = "none",
                    .pin = "auto",
                    .threads = 1,
                    .seed = 1,
                    .min_time = 0.1,
                    .instrument = true,
                    .timeline_events = 1 << 16,
                    .record_fd = STDOUT_FILENO};
  char **words;
  say_program = gc_this_collector.name;
  int code = options_parse(&usage, argc, argv, &o, &words);
  if (code != OPTIONS_GO)
    exit(code);
  take_operands(&o, words);
  if (o.mode == CELL_NO_MODE)
    cell_usage(
        "nothing to do (--describe, --volume, --run, --micro, or see --help)");
  if (o.timeline && !o.instrument)
    cell_usage("--timeline needs --instrument on");
  if (fcntl((int)o.record_fd, F_GETFD) < 0)
    cell_usage("--record-fd %d: %s", (int)o.record_fd, strerror(errno));
  hostile.seed = o.seed;
  return o;
}
