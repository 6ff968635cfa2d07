/* trace.c: `reapmark trace`: the actions of the command, of which this file has
 * those that check a trace, infer one of a recording, or shrink one. */
#include "harness/driver/trace-inside.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/driver/programs/discover.h"
#include "harness/driver/trace-infer.h"
#include "harness/base/say.h"
#include "harness/driver/stress/replay-shrink.h"
#include "harness/trace/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const option_row no_rows[] = {{0}};

/* ------------------------------------------------------------------------- *
 * verify
 * ------------------------------------------------------------------------- */

enum { PROBLEMS_SAID = 20 };

typedef struct problems {
  const char *path;
  uint64_t said;
} problems;

static void say_problem(void *data, uint64_t line, const char *what) {
  problems *p = data;
  if (p->said++ < PROBLEMS_SAID)
    say("%s:%" PRIu64 ": %s", p->path, line, what);
}

static const option_row verify_rows[] = {
    {"lenient", 0, NULL,
     "count operations that cannot be performed; they are no mistakes",
     .kind = OPTION_FLAG, .offset = FIELD(lenient)},
    {0}};

static const option_usage verify_usage = {
    .name = "trace verify",
    .summary = "check a trace against the rules of the mutator interface",
    .synopsis = "FILE [options]",
    .description =
        "Does a trace keep to the rules of the mutator interface?  Reports "
        "operations that\ncannot be performed, borrowed registers whose object "
        "nothing keeps alive, threads\nthat detach with frames open, misuse of "
        "the lock, and lines 'dead' of objects that do\nnot exist, are dead "
        "already, or are still used.  Prints counts of what it has read.\n\n"
        "exit status: 0 the trace keeps to the rules, 1 it does not, 2 it "
        "cannot be read.",
    .example = "FILE --lenient",
    .options = verify_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a trace"};

static int verify(const trace_options *o, char **operands) {
  problems p = {.path = operands[0]};
  verify_counts c;
  trace_reader *r = trace_reader_open(p.path);
  if (!trace_verify(r, o->lenient, say_problem, &p, &c))
    return trace_unreadable(r);
  trace_reader_close(r);
  if (p.said > PROBLEMS_SAID)
    say("%s: and %" PRIu64 " more", p.path, p.said - PROBLEMS_SAID);
  printf("%" PRIu64 " operations, %" PRIu64 " of them refused; %" PRIu64
         " objects, %" PRIu64 " of them dead at the end; %" PRIu64
         " lines 'dead', %" PRIu64 " of them exact; %" PRIu64 " problems\n",
         c.operations, c.refused, c.objects, c.deaths, c.dead, c.dead_exact,
         c.problems);
  return c.problems ? EXIT_SOME_FAILED : EXIT_OK;
}

/* ------------------------------------------------------------------------- *
 * infer
 * ------------------------------------------------------------------------- */

static const option_row infer_rows[] = {
    {"output", 'o', "FILE", "file for the trace (-, standard output)",
     .kind = OPTION_TEXT, .offset = FIELD(output)},
    {"most-held", 0, "PERCENT",
     "refuse a trace in which registers alone hold more of what is alive (25)",
     .kind = OPTION_NUMBER, .offset = FIELD(most_held), .max = 100},
    {0}};

static const option_usage infer_usage = {
    .name = "trace infer",
    .summary = "make a trace of a recorded Python program",
    .synopsis = "RECORDING [options]",
    .description =
        "Which operations would a program perform whose objects live and die "
        "as recorded?\nMakes a trace of what scripts/record-python recorded "
        "(docs/recorded-python.md), proves\nthat each object dies in it when "
        "it died in the program, and prints the proof.\n\nexit status: 0 "
        "proved and written, 1 not proved, 2 it cannot be read.",
    .example = "RECORDING -o FILE",
    .options = infer_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a recording"};

static int infer_action(const trace_options *o, char **operands) {
  return trace_infer(operands[0], o->output, (unsigned)o->most_held);
}

/* ------------------------------------------------------------------------- *
 * shrink
 * ------------------------------------------------------------------------- */

static const option_row shrink_rows[] = {
    {"output", 'o', "FILE", "file for the trace (-, standard output)",
     .kind = OPTION_TEXT, .offset = FIELD(output)},
    {"invocations", 'n', "N",
     "runs of each trace tried, for a failure that comes and goes (1)",
     .kind = OPTION_NUMBER, .offset = FIELD(repeat), .min = 1, .max = 1000,
     .former = "repeat"},
    {"tries", 0, "N", "try at most this many traces (10000)",
     .kind = OPTION_NUMBER, .offset = FIELD(tries), .min = 1, .max = INT64_MAX},
    {"timeout", 0, "SECONDS", "end a run that takes longer (60)",
     .kind = OPTION_SECONDS, .offset = FIELD(timeout)},
    {0}};

static const option_usage shrink_usage = {
    .name = "trace shrink",
    .summary = "find the shortest trace that still fails",
    .synopsis = "FILE [options] -- COLLECTOR [its options]",
    .description =
        "Which operations does a failure need?  Finds a trace as short and "
        "simple as possible\nthat still fails in the same way (signal, or "
        "verdict and oracle) when COLLECTOR, a\nname or the path of a program, "
        "replays the trace.  Ctrl-C ends the search with the\nsmallest trace "
        "so far.\n\nexit status: 0 shrunk, 1 the trace does not fail, 2 usage, "
        "130 interrupted.",
    .example = "FILE -o short -- mark-sweep --heap 1M",
    .options = shrink_rows,
    .min_operands = 2,
    .max_operands = 1000,
    .missing = "a trace, or the collector after --,"};

/* The path of a collector that is given by name or path, and its name, NULL if
 * only the path is known; NULL, and it was said, if there is none. */
static const char *find_program(const char *word, const char **name) {
  *name = strchr(word, '/') ? NULL : word;
  if (!*name)
    return word;
  collectors all = discover_collectors(NULL);
  const collector *c = discover_find(&all, word);
  if (c)
    return c->path;
  say("trace shrink: %s", discover_unknown(&all, word));
  return NULL;
}

static int shrink(const trace_options *o, char **operands) {
  const char *name, *program = find_program(operands[1], &name);
  if (!program)
    return EXIT_USAGE;
  operands[1] = arena_text("%s", program);
  return shrink_trace(operands[0],
                      &(shrink_replay){.program = operands + 1,
                                       .collector = name,
                                       .timeout = o->timeout,
                                       .repeat = o->repeat,
                                       .tries = o->tries},
                      o->output);
}

/* ------------------------------------------------------------------------- */

static const option_usage *const usages[] = {
    &verify_usage,         &trace_stat_usage,
    &trace_annotate_usage, &trace_convert_usage,
    &trace_prepare_usage,  &infer_usage,
    &shrink_usage,         NULL};
static int (*const actions[])(const trace_options *o,
                              char **operands) = {verify,
                                                  trace_stat_action,
                                                  trace_annotate_action,
                                                  trace_convert_action,
                                                  trace_prepare_action,
                                                  infer_action,
                                                  shrink};

const option_usage trace_usage = {
    .name = "trace",
    .summary =
        "verify, count, annotate, convert, prepare, infer or shrink a trace",
    .synopsis = "ACTION FILE [options]",
    .description =
        "Works on a trace, a file of mutator operations "
        "(docs/trace-format.md); FILE '-' is\nstandard input.  'reapmark help "
        "trace ACTION' describes an action.",
    .example = "stat FILE",
    .options = no_rows,
    .actions = usages};

int trace_command(int argc, char **argv) {
  trace_options o = {.format = "table",
                     .output = "-",
                     .timeout = 60,
                     .repeat = 1,
                     .tries = 10000,
                     .most_held = 25};
  size_t action;
  char **operands;
  int code =
      options_parse_action(&trace_usage, argc, argv, &o, &action, &operands);
  return code != OPTIONS_GO ? code : actions[action](&o, operands);
}
