/* trace-stat.c: `reapmark trace stat`: what a trace does, in exact figures. */
#include "harness/driver/trace-inside.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/output/format.h"

#include <string.h>

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

const option_usage trace_stat_usage = {
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

int trace_stat_action(const trace_options *o, char **operands) {
  const output_format *format;
  const char *wrong = format_find(o->format, NULL, &format);
  if (wrong) {
    say("trace stat: %s", wrong);
    return EXIT_USAGE;
  }
  twice s;
  trace_deaths deaths;
  trace_count count;
  if (!twice_open(operands[0], &s))
    return EXIT_USAGE;
  int code = twice_find_deaths(&s, &deaths);
  if (code == EXIT_OK) {
    trace_reader *r = twice_read(&s);
    if (trace_count_up(r, &deaths, &count)) {
      trace_reader_close(r);
      print_stat(&count, format);
      code = EXIT_OK;
    } else
      code = trace_unreadable(r);
  }
  trace_deaths_free(&deaths);
  twice_close(&s);
  return code;
}
