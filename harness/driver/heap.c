/* heap.c: `reapmark heap`: makes a graph of a heap dump, and tells what a graph
 * is like. */
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/driver/commands.h"
#include "harness/driver/written.h"
#include "harness/heap/import.h"
#include "harness/heap/stat.h"
#include "harness/output/format.h"
#include "harness/stats/rates.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

typedef struct heap_options {
  const char *output, *format, *key;
  bool anonymous;
  uint64_t most;
} heap_options;

#define FIELD(member) offsetof(heap_options, member)

/* ------------------------------------------------------------------------- *
 * import
 * ------------------------------------------------------------------------- */

static const char *take_anonymous(void *values, const char *text) {
  heap_options *o = values;
  o->anonymous = true;
  o->key = text;
  return NULL;
}

static const option_row import_rows[] = {
    {"output", 'o', "FILE", "file for the graph (-, standard output)",
     .kind = OPTION_TEXT, .offset = FIELD(output)},
    {"anonymous", 0, "[=KEY]",
     "write hashes of names, by KEY or one that is thrown away",
     .kind = OPTION_CALL, .call = take_anonymous},
    {0}};

static const option_usage import_usage = {
    .name = "heap import",
    .summary = "make a graph of a heap dump",
    .synopsis = "FILE [options]",
    .description = "Makes a graph (docs/heap-format.md) of a heap dump: of a "
                   "JVM (HPROF: jcmd PID\n"
                   "GC.heap_dump), V8 (.heapsnapshot), Ruby "
                   "(ObjectSpace.dump_all) or CPython\n"
                   "(scripts/heap_of_python.py). Only sizes, edges, roots and "
                   "names of types are\n"
                   "kept: no text, number or content of a buffer. The dump is "
                   "checked; the first\n"
                   "fault ends the import.\n"
                   "\n"
                   "With --anonymous=KEY the same name always has the same "
                   "hash, so that graphs\n"
                   "can be compared; who knows the key can try guesses.",
    .example = "FILE -o heap.graph",
    .options = import_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a heap dump"};

/* The key of the hashes; NULL: names are written as they are. */
static const unsigned char *key_of(const heap_options *o) {
  static unsigned char key[16];
  static const unsigned char fixed[2][16] = {{1}, {2}};
  if (!o->anonymous)
    return NULL;
  if (!o->key) {
    if (getrandom(key, sizeof key, 0) == sizeof key)
      return key;
    say("heap import: no random key: %s", strerror(errno));
    exit(EXIT_SOME_FAILED);
  }
  for (int i = 0; i < 2; i++) {
    uint64_t half = heap_hash(fixed[i], o->key, strlen(o->key));
    memcpy(key + 8 * i, &half, 8);
  }
  return key;
}

static int import_to(heap_input *in, const heap_format *format,
                     const heap_options *o) {
  heap_import im = {.in = in, .out = heap_writer_open(o->output, key_of(o))};
  if (!im.out) {
    written_badly(o->output);
    return EXIT_USAGE;
  }
  heap_write_comment(
      im.out, arena_text("imported: %s of %s", format->name, format->origin));
  if (!format->import(&im)) {
    say("%s", in->error);
    heap_writer_abandon(im.out);
    return EXIT_USAGE;
  }
  const heap_counts c = *heap_written(im.out);
  if (!heap_writer_close(im.out)) {
    written_badly(o->output);
    return EXIT_SOME_FAILED;
  }
  if (im.dangling)
    say_warning("W-dangling",
                "%" PRIu64 " references became null, to objects that the dump "
                "does not have",
                im.dangling);
  if (strcmp(o->output, "-"))
    printf("%s: %" PRIu64 " objects of %" PRIu64 " bytes, %" PRIu64
           " slots, %" PRIu64 " of them weak, %" PRIu64 " roots, %" PRIu64
           " types\n",
           o->output, c.objects, c.bytes, c.slots, c.weak, c.roots, c.types);
  return EXIT_OK;
}

static int import(const heap_options *o, char **operands) {
  if (written_over("heap import", "dump", operands[0], o->output))
    return EXIT_USAGE;
  heap_input *in = heap_input_open(operands[0]);
  const heap_format *format = heap_format_of(in);
  int code = EXIT_USAGE;
  if (format)
    code = import_to(in, format, o);
  else
    say("%s", in->error);
  heap_input_close(in);
  return code;
}

/* ------------------------------------------------------------------------- *
 * stat
 * ------------------------------------------------------------------------- */

static const option_row stat_rows[] = {
    {"format", 'f', "FORMAT", FORMAT_NAMES " (table)", .kind = OPTION_TEXT,
     .offset = FIELD(format)},
    {"most", 0, "N", "dominators, and types, that are listed (10)",
     .kind = OPTION_NUMBER, .offset = FIELD(most), .max = 10000},
    {0}};

static const option_usage stat_usage = {
    .name = "heap stat",
    .summary = "tell what a heap is like for a collector",
    .synopsis = "GRAPH [options]",
    .description = "What is a heap like for a collector? Prints sizes, "
                   "references from and to\n"
                   "objects, cycles and what reference counting alone would "
                   "never free, the depth\n"
                   "and how much of 2 to 1024 markers an ideal parallel trace "
                   "could use (Barabash\n"
                   "& Petrank, ISMM 2010), and the objects that most is only "
                   "reached through\n"
                   "(dominators). Bytes are nominal: a header word and the "
                   "slots, and the rest of\n"
                   "the stated size in whole words.",
    .example = "heap.graph --format markdown",
    .options = stat_rows,
    .min_operands = 1,
    .max_operands = 1,
    .missing = "a graph"};

static const table_column figure_columns[] = {
    {.name = "figure", .header = "figure"},
    {.name = "value", .header = "value", .kind = TABLE_INTEGER},
    {.name = "help", .header = "", .traits = TABLE_ONLY_PEOPLE}};

static const table_column top_columns[] = {
    {.name = "object", .header = "object", .kind = TABLE_INTEGER},
    {.name = "type", .header = "type of the dominator"},
    {.name = "objects", .header = "objects", .kind = TABLE_COUNT},
    {.name = "bytes", .header = "MiB", .kind = TABLE_BYTES},
    {.name = "percent", .header = "% of bytes", .kind = TABLE_PERCENT}};

static const table_column type_columns[] = {
    {.name = "type", .header = "type"},
    {.name = "objects", .header = "objects", .kind = TABLE_COUNT},
    {.name = "bytes", .header = "MiB", .kind = TABLE_BYTES},
    {.name = "percent", .header = "% of bytes", .kind = TABLE_PERCENT}};

#define COLUMNS(c) c, sizeof c / sizeof *c

static table_row *add_figure(table *t, const char *name, const char *help) {
  table_row *row = table_add(t, 0);
  table_set_text(row, "figure", name);
  table_set_text(row, "help", help);
  return row;
}

static void add_whole(table *t, const char *name, uint64_t value,
                      const char *help) {
  table_set_integer(add_figure(t, name, help), "value", (long long)value);
}

static void add_real(table *t, const char *name, double value,
                     const char *help) {
  table_row *row = add_figure(t, name, help);
  table_set_real(row, "value", value);
  table_show(row, "value", "%.4f", value);
}

static void add_spread(table *t, const char *name, const heap_spread_of *s,
                       const char *help) {
  add_real(t, arena_text("%s-mean", name), s->mean, help);
  add_whole(t, arena_text("%s-p50", name), s->p50, "");
  add_whole(t, arena_text("%s-p90", name), s->p90, "");
  add_whole(t, arena_text("%s-p99", name), s->p99, "");
  add_whole(t, arena_text("%s-max", name), s->max, "");
}

/* "count-4-7" */
static const char *count_name(int k) {
  uint32_t least = heap_count_classes[k];
  if (k == HEAP_COUNTS - 1)
    return arena_text("count-%u-or-more-percent", least);
  uint32_t most = heap_count_classes[k + 1] - 1;
  return most > least ? arena_text("count-%u-%u-percent", least, most)
                      : arena_text("count-%u-percent", least);
}

static table *make_figures(const heap_graph *g, const heap_figures *f) {
  table *t = table_new(COLUMNS(figure_columns));
  add_whole(t, "objects", f->objects, "reachable, as all below but for three");
  add_whole(t, "bytes", f->bytes, "nominal");
  add_whole(t, "bytes-stated", f->stated, "by the dump");
  add_whole(t, "unreachable-objects", f->unreachable, "garbage in the dump");
  add_whole(t, "unreachable-bytes", f->unreachable_bytes, "");
  add_whole(t, "unreachable-cyclic-objects", f->unreachable_cyclic,
            "of these: counting alone never frees them");
  add_whole(t, "roots", g->roots_count, "references from outside");
  add_whole(t, "types", g->types, "");
  add_spread(t, "size", &f->size, "bytes of an object");
  add_whole(t, "slots", f->slots, "");
  add_real(t, "slots-null-percent", stat_percent(f->nulls, f->slots), "");
  add_whole(t, "weak-edges", f->weak, "");
  add_spread(t, "fan-out", &f->out, "strong references of an object");
  add_spread(t, "fan-in", &f->in, "strong references to an object");
  for (int k = 0; k < HEAP_COUNTS; k++)
    add_real(t, count_name(k), stat_percent(f->counted[k], f->objects),
             k ? "" : "of the objects have so many references to them");
  add_whole(t, "cycles", f->cycles, "strongly connected components");
  add_whole(t, "cycle-largest", f->largest_cycle, "objects");
  add_real(t, "on-cycles-percent", stat_percent(f->on_cycles, f->objects),
           "of the objects");
  add_real(t, "counting-leaks-percent", stat_percent(f->leaked, f->objects),
           "of the objects, if all roots go: on cycles, or held by these");
  add_real(t, "counting-leaks-bytes-percent",
           stat_percent(f->leaked_bytes, f->bytes), "");
  add_whole(t, "depth", f->depth, "objects on the longest shortest path");
  for (int i = 0; i < HEAP_MARKERS; i++)
    add_real(t, arena_text("utilisation-%u", heap_markers[i]),
             f->utilisation[i],
             i ? "" : "of so many markers, in an ideal parallel trace");
  return t;
}

static table *make_tops(const heap_graph *g, const heap_figures *f) {
  table *t = table_new(COLUMNS(top_columns));
  size_t group = table_add_group(t, "what most is only reached through");
  for (size_t i = 0; i < f->tops_count; i++) {
    const heap_top *top = &f->tops[i];
    table_row *row = table_add(t, group);
    table_set_integer(row, "object", top->object);
    table_set_text(row, "type", g->name[top->type]);
    table_set_integer(row, "objects", (long long)top->objects);
    table_set_integer(row, "bytes", (long long)top->bytes);
    table_set_real(row, "percent", stat_percent(top->bytes, f->bytes));
  }
  return t;
}

static table *make_types(const heap_graph *g, const heap_figures *f) {
  table *t = table_new(COLUMNS(type_columns));
  size_t group = table_add_group(t, "types");
  for (size_t i = 0; i < f->type_sums_count; i++) {
    const heap_type_sum *sum = &f->type_sums[i];
    table_row *row = table_add(t, group);
    table_set_text(row, "type", g->name[sum->type]);
    table_set_integer(row, "objects", (long long)sum->objects);
    table_set_integer(row, "bytes", (long long)sum->bytes);
    table_set_real(row, "percent", stat_percent(sum->bytes, f->bytes));
  }
  return t;
}

static void print_stat(const heap_graph *g, const heap_figures *f,
                       const output_format *format) {
  table *figures = make_figures(g, f), *tops = make_tops(g, f);
  table *types = make_types(g, f);
  page *p = page_new(figures);
  page_tables(p, figures);
  if (f->tops_count)
    page_tables(p, tops);
  if (f->type_sums_count)
    page_tables(p, types);
  p->json =
      json_pack("{s:i, s:o, s:o, s:o}", "schema", 1, "figures",
                table_members_json(figures, "figure", "value"), "dominators",
                table_rows_json(tops), "types", table_rows_json(types));
  format_print(format, p, stdout);
}

static int stat_of(const heap_options *o, char **operands) {
  const output_format *format;
  const char *wrong = format_find(o->format, NULL, &format);
  char error[HEAP_ERROR];
  heap_graph g;
  if (wrong) {
    say("heap stat: %s", wrong);
    return EXIT_USAGE;
  }
  if (!heap_graph_read(operands[0], &g, error)) {
    say("%s", error);
    return EXIT_USAGE;
  }
  heap_figures f = heap_figures_of(&g, o->most);
  print_stat(&g, &f, format);
  heap_figures_free(&f);
  heap_graph_free(&g);
  return EXIT_OK;
}

/* ------------------------------------------------------------------------- */

static const option_usage *const usages[] = {&import_usage, &stat_usage, NULL};
static int (*const actions[])(const heap_options *o,
                              char **operands) = {import, stat_of};

static const option_row no_rows[] = {{0}};
const option_usage heap_usage = {
    .name = "heap",
    .summary = "import the heap of a program, tell what it is like",
    .synopsis = "ACTION FILE [options]",
    .description = "Works on the heap of a real program as a graph "
                   "(docs/heap-format.md), which\n"
                   "the workload 'heap' builds and collects on any collector; "
                   "FILE '-' is standard\n"
                   "input. 'reapmark help heap ACTION' describes an action.",
    .example = "import FILE -o heap.graph",
    .options = no_rows,
    .actions = usages};

int heap_command(int argc, char **argv) {
  heap_options o = {.output = "-", .format = "table", .most = 10};
  size_t action;
  char **operands;
  int code =
      options_parse_action(&heap_usage, argc, argv, &o, &action, &operands);
  return code != OPTIONS_GO ? code : actions[action](&o, operands);
}
