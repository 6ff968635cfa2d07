/* options.c: the command line of a collector program, from one table. */
#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "harness/trace/writer.h"
#include "harness/base/words.h"

enum {
  OPT_DESCRIBE = 1,
  OPT_RUN,
  OPT_MICRO,
  OPT_MICRO_FIXED,
  OPT_HEAP,
  OPT_THREADS,
  OPT_SEED,
  OPT_OPTION,
  OPT_HOSTILE,
  OPT_INPUT,
  OPT_TRACE,
  OPT_MUTANT,
  OPT_PIN,
  OPT_CHECK,
  OPT_INSTRUMENT,
  OPT_MIN_TIME,
  OPT_RECORD_FD,
  OPT_HELP
};

static const struct entry {
  const char *name;
  const char *value; /* NULL: takes none */
  const char *help;
  int id;
} table[] = {
    {"describe", NULL, "print what this collector is and can, as JSON",
     OPT_DESCRIBE},
    {"run", "WORKLOAD[:KEY=VALUE,...]", "run a workload, print its record",
     OPT_RUN},
    {"micro", "[PRIMITIVE,...]", "time the collector's primitives", OPT_MICRO},
    {"micro-fixed", "PRIMITIVE,... ITERATIONS",
     "run primitives so many times, untimed", OPT_MICRO_FIXED},
    {"heap", "SIZE|Nx|none",
     "limit of the heap: bytes, or a multiple of what must be held (none)",
     OPT_HEAP},
    {"threads", "N", "mutator threads, where the workload has them (1)",
     OPT_THREADS},
    {"seed", "N", "of the workload's random numbers (1)", OPT_SEED},
    {"option", "NAME=VALUE", "set an option of the collector", OPT_OPTION},
    {"hostile", "KEY=VALUE,...", "set hostile conditions", OPT_HOSTILE},
    {"input", "FILE", "what the workload reads, where it reads something",
     OPT_INPUT},
    {"trace", "FILE", "write operations there, where they are known",
     OPT_TRACE},
#ifdef GC_MUTANTS
    {"mutant", "NAME|list", "plant a bug", OPT_MUTANT},
#endif
    {"pin", "auto|none|LIST", "where threads run; PUs as in 0,2-3 (auto)",
     OPT_PIN},
    {"check", NULL, "check the heap's invariants at every expectation",
     OPT_CHECK},
    {"instrument", "on|off", "time steps and listen to pauses (on)",
     OPT_INSTRUMENT},
    {"min-time", "SECONDS", "for each primitive timed (0.1)", OPT_MIN_TIME},
    {"record-fd", "FD", "where the record goes (1, stdout)", OPT_RECORD_FD},
    {"help", NULL, "print this", OPT_HELP},
};
enum { ENTRIES = sizeof table / sizeof table[0] };

/* More threads than any machine has, and than anyone means. */
enum { THREADS_MAX = 1024 };

static void complain(const char *format, va_list args) {
  fprintf(stderr, "%s: ", gc_this_collector.name);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
}

void cell_usage(const char *format, ...) {
  va_list args;
  va_start(args, format);
  complain(format, args);
  va_end(args);
  exit(2);
}

void cell_die(const char *format, ...) {
  va_list args;
  va_start(args, format);
  complain(format, args);
  va_end(args);
  _exit(1); /* not exit: other mutators may still run */
}

static _Noreturn void help(void) {
  printf("%s: %s\n\n", gc_this_collector.name, gc_this_collector.summary);
  for (const struct entry *e = table; e < table + ENTRIES; e++) {
    char left[64];
    snprintf(left, sizeof left, "--%s %s", e->name, e->value ? e->value : "");
    printf("  %-32s  %s\n", left, e->help);
  }
  puts("\nOptions of the collector (--option NAME=VALUE):");
  for (const gc_option *o = gc_this_collector.options; o && o->name; o++)
    printf("  %-32s  %s (%llu)\n", o->name, o->help,
           (unsigned long long)*o->value);
  puts("\nHostile conditions (--hostile KEY=VALUE,...):");
  for (const gc_option *o = hostile_options; o->name; o++)
    printf("  %-32s  %s\n", o->name, o->help);
  puts("\nWorkloads:");
  for (const workload *const *w = wl_all; *w; w++)
    printf("  %-32s  %s\n", (*w)->name, (*w)->summary);
  exit(0);
}

/* An option that getopt_long did not take, for the reason it returned. */
static _Noreturn void reject(int reason, const char *word) {
  char name[64];
  const char *names[ENTRIES];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
  for (size_t i = 0; i < ENTRIES; i++)
    names[i] = table[i].name;
  if (reason == ':')
    cell_usage("option '%s' needs a value", name);
  if (optopt) /* known, so what was wrong is its value */
    cell_usage("option '%s' takes no value", name);
  const char *near = words_nearest(name + strspn(name, "-"), names, ENTRIES);
  if (near)
    cell_usage("unknown option '%s' (did you mean '--%s'?)", name, near);
  cell_usage("unknown option '%s' (see --help)", name);
}

static uint64_t number(const char *name, const char *text, uint64_t min,
                       uint64_t max) {
  uint64_t value;
  if (!words_number(text, &value) || value < min || value > max)
    cell_usage("--%s is a whole number within %llu and %llu, not '%s'", name,
               (unsigned long long)min, (unsigned long long)max, text);
  return value;
}

static double seconds(const char *name, const char *text) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !isfinite(value) || value <= 0)
    cell_usage("--%s is a number of seconds, not '%s'", name, text);
  return value;
}

static void set_mode(cell_options *o, cell_mode mode) {
  if (o->mode != CELL_NO_MODE)
    cell_usage("only one of --describe, --run, --micro and --micro-fixed");
  o->mode = mode;
}

static void take(cell_options *o, int id, char *value) {
  char error[CELL_REASON];
  switch (id) {
  case OPT_DESCRIBE:
    set_mode(o, CELL_DESCRIBE);
    break;
  case OPT_RUN:
    set_mode(o, CELL_RUN);
    o->workload = value;
    break;
  case OPT_MICRO:
    set_mode(o, CELL_MICRO);
    o->primitives = value;
    break;
  case OPT_MICRO_FIXED:
    set_mode(o, CELL_MICRO_FIXED);
    o->primitives = value;
    break;
  case OPT_HEAP:
    o->heap = value;
    break;
  case OPT_THREADS:
    o->threads = number("threads", value, 1, THREADS_MAX);
    break;
  case OPT_SEED: /* what JSON integers can hold */
    o->seed = number("seed", value, 0, INT64_MAX);
    break;
  case OPT_OPTION:
    if (!cell_parse_option(value, &gc_this_collector, error))
      cell_usage("%s", error);
    break;
  case OPT_HOSTILE:
    if (!cell_parse_hostile(value, error))
      cell_usage("%s", error);
    break;
  case OPT_INPUT:
    o->input = value;
    break;
  case OPT_TRACE:
    trace_output = value;
    break;
#ifdef GC_MUTANTS
  case OPT_MUTANT: {
    const char *near = NULL;
    if (mutant_plant(value, &near))
      break;
    if (near)
      cell_usage("unknown mutant '%s' (did you mean '%s'?)", value, near);
    cell_usage("unknown mutant '%s' (see --mutant list)", value);
  }
#endif
  case OPT_PIN:
    o->pin = value;
    break;
  case OPT_CHECK:
    o->check = true;
    break;
  case OPT_INSTRUMENT:
    o->instrument = !strcmp(value, "on");
    if (!o->instrument && strcmp(value, "off"))
      cell_usage("--instrument is on or off, not '%s'", value);
    break;
  case OPT_MIN_TIME:
    o->min_time = seconds("min-time", value);
    break;
  case OPT_RECORD_FD:
    o->record_fd = (int)number("record-fd", value, 0, INT32_MAX);
    break;
  case OPT_HELP:
    help();
  }
}

cell_options cell_read_options(int argc, char **argv) {
  struct option getopt_table[ENTRIES + 1] = {0};
  for (size_t i = 0; i < ENTRIES; i++)
    getopt_table[i] = (struct option){.name = table[i].name,
                                      .has_arg = !table[i].value ? no_argument
                                                 : table[i].id == OPT_MICRO
                                                     ? optional_argument
                                                     : required_argument,
                                      .val = table[i].id};

  cell_options o = {.heap = "none",
                    .pin = "auto",
                    .threads = 1,
                    .seed = 1,
                    .min_time = 0.1,
                    .instrument = true,
                    .record_fd = STDOUT_FILENO};
  opterr = 0;
  int id;
  while ((id = getopt_long(argc, argv, "+:", getopt_table, NULL)) != -1) {
    if (id == '?' || id == ':')
      reject(id, argv[optind - 1]);
    /* An optional value may stand apart, as every other value may. */
    if (id == OPT_MICRO && !optarg && optind < argc && argv[optind][0] != '-')
      optarg = argv[optind++];
    take(&o, id, optarg);
    if (id == OPT_MICRO_FIXED) {
      if (optind == argc)
        cell_usage("--micro-fixed needs a number of iterations");
      o.iterations = number("micro-fixed", argv[optind++], 1, INT64_MAX);
    }
  }
  if (optind < argc)
    cell_usage("unexpected argument '%s'", argv[optind]);
  if (o.mode == CELL_NO_MODE)
    cell_usage("nothing to do (--describe, --run, --micro, or see --help)");
  if (fcntl(o.record_fd, F_GETFD) < 0)
    cell_usage("--record-fd %d: %s", o.record_fd, strerror(errno));
  hostile.seed = o.seed;
  return o;
}
