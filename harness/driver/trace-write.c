/* trace-write.c: the actions of `reapmark trace` that write a trace: annotate,
 * convert, prepare. */
#include "harness/driver/trace-inside.h"
#include "harness/base/say.h"
#include "harness/driver/written.h"
#include "harness/trace/prepare.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const option_row no_rows[] = {{0}};

/* ------------------------------------------------------------------------- *
 * annotate
 * ------------------------------------------------------------------------- */

static const option_row annotate_rows[] = {
    {"output", 'o', "FILE", "file for the trace (-, standard output)",
     .kind = OPTION_TEXT, .offset = FIELD(output)},
    {0}};

const option_usage trace_annotate_usage = {
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

static int annotate_to(const twice *s, const trace_deaths *deaths,
                       const char *output) {
  trace_writer *w = written_open(output);
  if (!w)
    return EXIT_USAGE;
  trace_reader *r = twice_read(s);
  if (!trace_annotate(r, deaths, w)) {
    trace_writer_abandon(w);
    return trace_unreadable(r);
  }
  trace_reader_close(r);
  return written_close(w, output);
}

int trace_annotate_action(const trace_options *o, char **operands) {
  if (written_over("trace annotate", "trace", operands[0], o->output))
    return EXIT_USAGE;
  twice s;
  trace_deaths deaths;
  if (!twice_open(operands[0], &s))
    return EXIT_USAGE;
  int code = twice_find_deaths(&s, &deaths);
  if (code == EXIT_OK)
    code = annotate_to(&s, &deaths, o->output);
  trace_deaths_free(&deaths);
  twice_close(&s);
  return code;
}

/* ------------------------------------------------------------------------- *
 * convert
 * ------------------------------------------------------------------------- */

const option_usage trace_convert_usage = {
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
    return trace_unreadable(r);
  }
  trace_reader_close(r);
  return written_close(w, output);
}

int trace_convert_action(const trace_options *o, char **operands) {
  (void)o;
  if (written_over("trace convert", "trace", operands[0], operands[1]))
    return EXIT_USAGE;
  return convert_lines(trace_reader_open(operands[0]), operands[1]);
}

/* ------------------------------------------------------------------------- *
 * prepare
 * ------------------------------------------------------------------------- */

const option_usage trace_prepare_usage = {
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

int trace_prepare_action(const trace_options *o, char **operands) {
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
      return trace_unreadable(r);
    say("trace prepare: no room for a temporary file: %s", strerror(trouble));
    trace_reader_close(r);
    return EXIT_SOME_FAILED;
  }
  trace_reader_close(r);
  say_report(operands[0], &report);
  return written_close(w, o->output);
}
