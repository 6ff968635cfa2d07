/* trace.c: `reapmark trace`: verifies a trace, counts what it does, adds the
 * deaths of its objects, shrinks one that fails. */
#include "harness/driver/programs/discover.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/driver/trace-infer.h"
#include "harness/driver/written.h"
#include "harness/base/say.h"
#include "harness/driver/stress/replay-shrink.h"
#include "harness/output/format.h"
#include "harness/trace/deaths.h"
#include "harness/trace/prepare.h"
#include "harness/trace/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct trace_options {
  bool lenient;
  const char *format, *output;
  double timeout;
  uint64_t repeat, tries, most_held;
} trace_options;

#define FIELD(member) offsetof(trace_options, member)

/* Says why a trace could not be read, closes it. */
static int unreadable(trace_reader *r) {
  say("%s", trace_reader_error(r));
  trace_reader_close(r);
  return EXIT_USAGE;
}

/* ------------------------------------------------------------------------- *
 * A source that can be read twice.
 * ------------------------------------------------------------------------- */

typedef struct source {
  const char *name;
  FILE *copy; /* of what is no regular file; NULL: `name` is opened again */
} source;

static bool copy_all(FILE *from, FILE *to) {
  char buffer[1 << 16];
  size_t bytes;
  while ((bytes = fread(buffer, 1, sizeof buffer, from)) > 0)
    if (fwrite(buffer, 1, bytes, to) != bytes)
      return false;
  return !ferror(from) && !fflush(to);
}

/* Returns false, and said why, if a pipe could not be copied. */
static bool source_open(const char *path, source *s) {
  struct stat about;
  *s = (source){.name = path};
  if (strcmp(path, "-") && (stat(path, &about) || !S_ISFIFO(about.st_mode)))
    return true;
  if (!strcmp(path, "-"))
    s->name = "standard input";
  FILE *pipe = strcmp(path, "-") ? fopen(path, "re") : stdin;
  s->copy = tmpfile();
  bool good = pipe && s->copy && copy_all(pipe, s->copy);
  if (!good)
    say("%s: %s", s->name, strerror(errno));
  if (pipe && pipe != stdin)
    fclose(pipe);
  if (!good && s->copy)
    fclose(s->copy);
  return good;
}

static trace_reader *source_read(const source *s) {
  if (!s->copy)
    return trace_reader_open(s->name);
  rewind(s->copy);
  return trace_reader_from(s->copy, s->name);
}

static void source_close(source *s) {
  if (s->copy)
    fclose(s->copy);
}

/* The deaths of the trace; EXIT_OK, or the exit code after saying why not. */
static int find_deaths(const source *s, trace_deaths *deaths) {
  trace_reader *r = source_read(s);
  if (!trace_find_deaths(r, deaths))
    return unreadable(r);
  trace_reader_close(r);
  return EXIT_OK;
}

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
    return unreadable(r);
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
 * stat
 * ------------------------------------------------------------------------- */

/* A number of trace_count, by its offset. */
static const struct number {
  const char *name, *help;
  size_t offset;
} numbers[] = {
#define ROW(name, member, help)                                                \
  { name, help, offsetof(trace_count, member) }
    ROW("operations", operations, "of all kinds; lines 'dead' not included"),
    ROW("refused", refused, "that could not be performed"),
    ROW("threads", threads, "that performed any"),
    ROW("objects", objects, "made, weak references and ephemerons included"),
    ROW("bytes", bytes, "a header word, slots, payload in words"),
    ROW("slots", slots, ""),
    ROW("peak-objects", peak_objects, "reachable at the peak"),
    ROW("peak-bytes", peak_bytes, "reachable at the peak"),
    ROW("peak-line", peak_line, "where that was first"),
    ROW("size-p10", size_p10, "bytes of an object"),
    ROW("size-p50", size_p50, ""),
    ROW("size-p90", size_p90, ""),
    ROW("size-p99", size_p99, ""),
    ROW("size-max", size_max, ""),
    ROW("end-objects", end_objects, "reachable at the end"),
    ROW("end-bytes", end_bytes, "reachable at the end"),
    ROW("lifetime-p10", lifetime_p10, "bytes allocated from birth to death"),
    ROW("lifetime-p50", lifetime_p50, ""),
    ROW("lifetime-p90", lifetime_p90, ""),
    ROW("lifetime-p99", lifetime_p99, ""),
    ROW("lifetime-max", lifetime_max, ""),
    ROW("cyclic-objects", cyclic_objects, "on dead cycles, or led to by them"),
    ROW("cyclic-bytes", cyclic_bytes, ""),
    ROW("stores", stores, "to slots of objects"),
    ROW("overwrites", overwrites, "of slots that held an object"),
    ROW("graph-objects", graph.objects,
        "alive at the moment (live-NN) with the most of them:"),
    ROW("graph-depth", graph.depth, "the longest of the shortest ways to one"),
    ROW("graph-cyclic", graph.cyclic, "objects in cycles then"),
    ROW("graph-component", graph.component, "in the largest knot of cycles"),
    ROW("weak-references", weak, "made"),
    ROW("weak-reads-cleared", weak_cleared, "that found the target dead"),
    ROW("ephemerons", ephemerons, "made"),
    ROW("ephemeron-reads-null", ephemerons_null, "that gave no value"),
    ROW("external-bytes", external, "of memory outside the heap"),
    ROW("finalizable", finalizable, "objects made with a finalizer"),
    ROW("finalized", finalized, "handed to their finalizer"),
#undef ROW
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static const table_column stat_columns[] = {
    {.name = "figure", .header = "figure"},
    {.name = "value", .header = "value", .kind = TABLE_INTEGER},
    {.name = "help", .header = "", .traits = TABLE_ONLY_PEOPLE}};

static table_row *add_number(table *t, const char *name, const char *help) {
  table_row *row = table_add(t, 0);
  table_set_text(row, "figure", name);
  table_set_text(row, "help", help);
  return row;
}

static double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

static void add_real(table *t, const char *name, const char *help,
                     double value) {
  table_row *row = add_number(t, name, help);
  table_set_real(row, "value", value);
  table_show(row, "value", "%.4f", value);
}

/* Figures that follow from others, as DaCapo's nominal statistics have them. */
static void add_reals(table *t, const trace_count *c) {
  double objects = (double)c->objects, bytes = (double)c->bytes, live = 0;
  for (int i = 0; i < TRACE_MOMENTS; i++)
    live += (double)c->live[i] / TRACE_MOMENTS;
  add_real(t, "lifetime-mean", "", c->lifetime_mean);
  add_real(t, "size-mean", "bytes of an object", ratio(bytes, objects));
  add_real(t, "turnover", "bytes allocated / peak of reachable bytes",
           ratio(bytes, (double)c->peak_bytes));
  add_real(t, "live-mean", "reachable bytes, mean over the allocation", live);
  add_real(t, "pointer-density", "slots / words of all objects",
           ratio((double)c->slots, bytes / 8));
  add_real(t, "stores-per-object", "to slots, for each object made",
           ratio((double)c->stores, objects));
  add_real(t, "overwrites-percent", "of the stores: mutation of what was set",
           100 * ratio((double)c->overwrites, (double)c->stores));
  add_real(t, "cyclic-percent", "of the bytes: dead only through cycles",
           100 * ratio((double)c->cyclic_bytes, bytes));
  add_real(t, "graph-cyclic-percent", "of the graph's objects: in cycles",
           100 * ratio((double)c->graph.cyclic, (double)c->graph.objects));
}

/* Those above, what is reachable over time, and the operations by kind. */
static table *make_stat(const trace_count *c) {
  table *t =
      table_new(stat_columns, sizeof stat_columns / sizeof *stat_columns);
  for (const struct number *n = numbers; n < numbers + NUMBERS; n++) {
    uint64_t value;
    memcpy(&value, (const char *)c + n->offset, sizeof value);
    table_set_integer(add_number(t, n->name, n->help), "value",
                      (long long)value);
  }
  add_reals(t, c);
  for (int i = 0; i < TRACE_MOMENTS; i++)
    table_set_integer(
        add_number(t, arena_text("live-%d", (i + 1) * 100 / TRACE_MOMENTS),
                   i ? "" : "reachable bytes when 5 % were allocated"),
        "value", (long long)c->live[i]);
  for (int k = 0; k < TRACE_KINDS; k++)
    if (c->kinds[k])
      table_set_integer(
          add_number(t, arena_text("op-%s", trace_kinds[k].name), ""), "value",
          (long long)c->kinds[k]);
  return t;
}

static void print_stat(const trace_count *c, const output_format *format) {
  table *t = make_stat(c);
  page *p = page_new(t);
  page_tables(p, t);
  p->json = json_pack("{s:i, s:o}", "schema", 1, "figures",
                      table_members_json(t, "figure", "value"));
  format_print(format, p, stdout);
}

static const option_row stat_rows[] = {
    {"format", 'f', "FORMAT", FORMAT_NAMES " (table)", .kind = OPTION_TEXT,
     .offset = FIELD(format)},
    {0}};

static const option_usage stat_usage = {
    .name = "trace stat",
    .summary = "count exactly what a trace does",
    .synopsis = "FILE [options]",
    .description =
        "What does a trace do?  Prints exact figures: objects, their sizes and "
        "lifetimes, what\nis reachable over time, turnover, mutation of "
        "references, cycles that are dead and that\nare alive, depth, weak "
        "references, finalizers, operations.  Bytes are nominal: a header\n"
        "word, the slots, and the payload in whole words.",
    .example = "FILE --format csv",
    .options = stat_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a trace"};

static int stat_of(const trace_options *o, char **operands) {
  const output_format *format;
  const char *wrong = format_find(o->format, NULL, &format);
  if (wrong) {
    say("trace stat: %s", wrong);
    return EXIT_USAGE;
  }
  source s;
  trace_deaths deaths;
  trace_count count;
  if (!source_open(operands[0], &s))
    return EXIT_USAGE;
  int code = find_deaths(&s, &deaths);
  if (code == EXIT_OK) {
    trace_reader *r = source_read(&s);
    if (trace_count_up(r, &deaths, &count)) {
      trace_reader_close(r);
      print_stat(&count, format);
      code = EXIT_OK;
    } else
      code = unreadable(r);
  }
  trace_deaths_free(&deaths);
  source_close(&s);
  return code;
}

/* ------------------------------------------------------------------------- *
 * annotate
 * ------------------------------------------------------------------------- */

static const option_row annotate_rows[] = {
    {"output", 'o', "FILE", "file for the trace (-, standard output)",
     .kind = OPTION_TEXT, .offset = FIELD(output)},
    {0}};

static const option_usage annotate_usage = {
    .name = "trace annotate",
    .summary = "add to a trace when each object dies",
    .synopsis = "FILE [options]",
    .description =
        "When does each object die?  Writes the trace with a line 'dead N' "
        "after the operation\nthat makes object N garbage: nothing in the rest "
        "of the trace reaches object N.  With\nthese lines, collectors that "
        "free explicitly can run the trace.",
    .example = "FILE -o annotated",
    .options = annotate_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a trace"};

static int annotate_to(const source *s, const trace_deaths *deaths,
                       const char *output) {
  trace_writer *w = written_open(output);
  if (!w)
    return EXIT_USAGE;
  trace_reader *r = source_read(s);
  if (!trace_annotate(r, deaths, w)) {
    trace_writer_abandon(w);
    return unreadable(r);
  }
  trace_reader_close(r);
  return written_close(w, output);
}

static int annotate(const trace_options *o, char **operands) {
  if (written_over("trace annotate", "trace", operands[0], o->output))
    return EXIT_USAGE;
  source s;
  trace_deaths deaths;
  if (!source_open(operands[0], &s))
    return EXIT_USAGE;
  int code = find_deaths(&s, &deaths);
  if (code == EXIT_OK)
    code = annotate_to(&s, &deaths, o->output);
  trace_deaths_free(&deaths);
  source_close(&s);
  return code;
}

/* ------------------------------------------------------------------------- *
 * convert
 * ------------------------------------------------------------------------- */

static const option_usage convert_usage = {
    .name = "trace convert",
    .summary = "write a trace in the other form: as a text, or binary",
    .synopsis = "FILE OUT",
    .description =
        "Writes the trace to OUT, line by line: in binary form if OUT is "
        "called "
        "NAME.btrace,\notherwise as a text, and compressed if .zst follows; "
        "'-' "
        "is standard output, as a text.\nNothing is lost: a text that was made "
        "binary comes back byte for byte.\n\nexit status: 0 converted, 1 OUT "
        "cannot be written, 2 FILE cannot be read.",
    .example = "FILE F.btrace.zst",
    .options = no_rows,
    .min_operands = 2,
    .max_operands = 2,
    .missing = "a trace, or the file to be written,"};

/* Writes the lines to `output`.  EXIT_OK, or the exit code after saying why
 * not. */
static int convert_lines(trace_reader *r, const char *output) {
  trace_op op;
  trace_line line;
  trace_writer *w = NULL;
  trace_status status = trace_read_line(r, &op, &line);
  if (status != TRACE_READ_FAILED) {
    w = trace_writer_open_version(output, trace_reader_version(r));
    if (!w) {
      written_badly(output);
      trace_reader_close(r);
      return EXIT_USAGE;
    }
  }
  for (; status == TRACE_READ_OP; status = trace_read_line(r, &op, &line))
    trace_write_line(w, &line, &op);
  if (status == TRACE_READ_FAILED) {
    trace_writer_abandon(w);
    return unreadable(r);
  }
  trace_reader_close(r);
  return written_close(w, output);
}

static int convert(const trace_options *o, char **operands) {
  (void)o;
  if (written_over("trace convert", "trace", operands[0], operands[1]))
    return EXIT_USAGE;
  return convert_lines(trace_reader_open(operands[0]), operands[1]);
}

/* ------------------------------------------------------------------------- *
 * prepare
 * ------------------------------------------------------------------------- */

static const option_usage prepare_usage = {
    .name = "trace prepare",
    .summary = "make a trace that the workload 'trace' replays at speed",
    .synopsis = "FILE [options]",
    .description =
        "Writes a trace that does the same on every collector, with its deaths "
        "and with what it\nmust come to: volumes for heap sizes, checksums, "
        "and "
        "what is alive at the end.  What\ncannot be performed is left out, and "
        "so "
        "is what followed from a decision of the\ncollector on which the trace "
        "was "
        "recorded; says how much that was.",
    .example = "FILE -o F.btrace.zst",
    .options = annotate_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a trace"};

static void say_report(const char *path, const prepare_report *r) {
  if (r->left_out)
    say("%s: %" PRIu64 " of %" PRIu64
        " operations cannot be performed, or follow from a decision of the "
        "collector, and were left out",
        path, r->left_out, r->read);
  if (r->uncertain)
    say("%s: %" PRIu64
        " reads of weak references gave an object that need not be alive, and "
        "give null",
        path, r->uncertain);
  if (r->finalized)
    say("%s: %" PRIu64 " objects were handed to finalizers, which do nothing",
        path, r->finalized);
}

static int prepare(const trace_options *o, char **operands) {
  if (written_over("trace prepare", "trace", operands[0], o->output))
    return EXIT_USAGE;
  trace_reader *r = trace_reader_open(operands[0]);
  trace_writer *w = written_open(o->output);
  if (!w) {
    trace_reader_close(r);
    return EXIT_USAGE;
  }
  prepare_report report;
  prepare_status status = trace_prepare(r, w, &report);
  if (status != PREPARE_DONE) {
    int trouble = errno;
    trace_writer_abandon(w);
    if (status == PREPARE_UNREADABLE)
      return unreadable(r);
    say("trace prepare: no room for a temporary file: %s", strerror(trouble));
    trace_reader_close(r);
    return EXIT_SOME_FAILED;
  }
  trace_reader_close(r);
  say_report(operands[0], &report);
  return written_close(w, o->output);
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
    &verify_usage,  &stat_usage,  &annotate_usage, &convert_usage,
    &prepare_usage, &infer_usage, &shrink_usage,   NULL};
static int (*const actions[])(const trace_options *o, char **operands) = {
    verify, stat_of, annotate, convert, prepare, infer_action, shrink};

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
