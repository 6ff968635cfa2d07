/* micro.c: `reapmark micro`: asks each collector program to time its
 * primitives, or counts their instructions by running it under callgrind, and
 * prints one table. */
#include "micro.h"
#include "discover.h"
#include "machine.h"
#include "harness/base/arena.h"
#include "harness/driver/commands.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "program.h"
#include "spawn.h"
#include "harness/driver/plan/resolve.h"
#include "harness/record/record.h"
#include "harness/output/view.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct request {
  const char *collectors, *primitives; /* lists; NULL: all */
  double min_time;
  bool instructions;
  const char *format;
  table_view view;
} request;

static const option_row option_rows[] = {
    {"collectors", 'c', "COLLECTOR,...", "NAME[:OPTION=VALUE,...] (models)",
     .kind = OPTION_LIST, .offset = offsetof(request, collectors)},
    {"primitives", 'p', "PRIMITIVE,...", "time only these primitives (all)",
     .kind = OPTION_LIST, .offset = offsetof(request, primitives)},
    {"min-time", 0, "SECONDS", "measuring time for each primitive (0.1)",
     .kind = OPTION_SECONDS, .offset = offsetof(request, min_time)},
    {"instructions", 0, NULL, "count instructions instead of time (valgrind)",
     .kind = OPTION_FLAG, .offset = offsetof(request, instructions)},
    {"format", 'f', "FORMAT", FORMAT_NAMES " (table)", .kind = OPTION_TEXT,
     .offset = offsetof(request, format)},
    VIEW_OPTIONS(request, view),
    {0}};

const option_usage micro_usage = {
    .name = "micro",
    .summary = "time the primitives of collectors",
    .synopsis = "[options]",
    .description =
        "What does one allocation, one write barrier, one frame cost?  Prints "
        "nanoseconds of\nCPU time per operation, for each primitive of each "
        "collector: the median of five\nrepetitions and half their range.  "
        "'loop' is the empty loop that every other figure\ncontains.",
    .example = "-c mark-sweep,refcount -p alloc,store\n"
               "-c mark-sweep --instructions",
    .options = option_rows};

/* A collector, and what was found out. */
typedef struct column {
  const collector *c;
  spec spec;
  json_t *record; /* "The micro record" of results/schema.md; NULL: failed */
} column;

typedef struct matrix {
  column *columns;
  size_t columns_count;
  word_list primitives;
} matrix;

/* ------------------------------------------------------------------------- *
 * What is asked for.
 * ------------------------------------------------------------------------- */

static void add_word(word_list *list, const char *word) {
  if (!word_list_has(list, word))
    word_list_add(list, word);
}

/* The primitives that a collector says it times. */
static word_list primitives_of(const collector *c) {
  word_list names = {0};
  size_t i;
  json_t *name;
  json_array_foreach(json_object_get(c->about, "primitives"), i,
                     name) if (json_is_string(name))
      add_word(&names, json_string_value(name));
  return names;
}

static void add_column(matrix *t, const collector *c, spec s) {
  t->columns = arena_more(t->columns, t->columns_count, sizeof *t->columns);
  t->columns[t->columns_count++] = (column){c, s, NULL};
}

/* Both return what is wrong with the list, or NULL. */
static const char *choose_collectors(matrix *t, const collectors *all,
                                     const char *list) {
  if (!list)
    for (size_t i = 0; i < all->count; i++)
      if (collector_is_measured(&all->items[i]))
        add_column(t, &all->items[i], (spec){.name = all->items[i].name});
  word_list words = list ? words_split(list) : (word_list){0};
  for (size_t i = 0; i < words.count; i++) {
    chosen one;
    const char *wrong =
        resolve_collector(all, words.words[i], ABSENT_WRONG, &one);
    if (wrong)
      return wrong;
    add_column(t, one.program, one.options);
  }
  return NULL;
}

static const char *choose_primitives(matrix *t, const char *list) {
  word_list known = {0};
  for (size_t i = 0; i < t->columns_count; i++) {
    word_list its = primitives_of(t->columns[i].c);
    for (size_t k = 0; k < its.count; k++)
      add_word(&known, its.words[k]);
  }
  if (!list) {
    t->primitives = known;
    return NULL;
  }
  word_list words = words_split(list);
  for (size_t i = 0; i < words.count; i++) {
    const candidates all = {known.words, known.count};
    if (!word_list_has(&known, words.words[i]))
      return arena_text("unknown primitive '%s'%s", words.words[i],
                        suggest_any(words.words[i], &all));
    add_word(&t->primitives, words.words[i]);
  }
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Asking a collector program.
 * ------------------------------------------------------------------------- */

typedef struct command_line {
  char **argv; /* NULL-terminated */
  size_t count;
} command_line;

static void add_argument(command_line *c, const char *text) {
  c->argv = arena_more(c->argv, c->count, sizeof *c->argv);
  c->argv[c->count++] = (char *)text;
}

/* The wanted primitives that a collector has, as a list. */
static const char *list_for(const column *col, const word_list *wanted) {
  word_list its = primitives_of(col->c);
  const char *list = "";
  for (size_t i = 0; i < wanted->count; i++)
    if (word_list_has(&its, wanted->words[i]))
      list = arena_text("%s%s%s", list, *list ? "," : "", wanted->words[i]);
  return list;
}

/* Adds the program, its options and what it is to do with these primitives. */
static void add_program(command_line *line, const column *col, const char *mode,
                        const char *list) {
  add_argument(line, col->c->path);
  for (size_t i = 0; i < col->spec.count; i++) {
    add_argument(line, "--option");
    add_argument(line, arena_text("%s=%s", col->spec.settings[i].key,
                                  col->spec.settings[i].value));
  }
  add_argument(line, mode);
  add_argument(line, list);
}

/* Runs it; the output, or NULL after having said what went wrong. */
static char *run(command_line *line, const column *col, double timeout) {
  add_argument(line, NULL);
  spawn_result r;
  spawn_run(line->argv, SPAWN_STDOUT, timeout, &r);
  if (r.end == SPAWN_EXITED && r.code == 0 && r.output) {
    char *output = r.output;
    r.output = NULL;
    spawn_result_free(&r);
    return output;
  }
  if (r.end != SPAWN_INTERRUPTED)
    say("micro: %s: %s", col->c->name, spawn_trouble(&r, timeout));
  spawn_result_free(&r);
  return NULL;
}

/* What a record tells that was not asked for, or NULL. */
static const char *find_stranger(const json_t *record, const collector *c,
                                 const spec *options, const char *list) {
  const word_list asked = words_split(list);
  size_t i;
  json_t *p;
  const char *its = record_text(record, "collector");
  if (strcmp(its, c->name))
    return arena_text("its collector is '%s', not '%s'", its, c->name);
  json_array_foreach(json_object_get(record, "primitives"), i, p) {
    if (!word_list_has(&asked, record_text(p, "name")))
      return arena_text("it has the primitive '%s', which was not asked for",
                        record_text(p, "name"));
  }
  return program_settings_differ(json_object_get(record, "options"), options,
                                 "option");
}

json_t *micro_time(const collector *c, const spec *options, double min_time,
                   const char *list) {
  const column col = {c, *options, NULL};
  command_line line = {0};
  add_program(&line, &col, "--micro", list);
  add_argument(&line, "--min-time");
  add_argument(&line, arena_text("%g", min_time));
  /* Ample: the search for the iteration count takes about as long again. */
  char *output = run(&line, &col, 60 + 100 * min_time);
  if (!output)
    return NULL;
  json_error_t error;
  json_t *record = json_loads(output, 0, &error);
  if (!record)
    say("micro: %s wrote no record: %s", c->name, error.text);
  free(output);
  record_clean(record);
  const char *stranger =
      record ? find_stranger(record, c, options, list) : NULL;
  if (!stranger)
    return record;
  say("micro: %s: no valid record: %s", c->name, stranger);
  json_decref(record);
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Instructions.
 * ------------------------------------------------------------------------- */

/* Two counts of operations: what the runs differ in is the loops alone. */
enum { FEW = 10000, MANY = 110000 };
#define COUNT_TIMEOUT 600.0

/* The path of a program that the shell would find, or NULL. */
static const char *find_program(const char *name) {
  const char *path = getenv("PATH");
  for (; path && *path; path += *path == ':') {
    size_t n = strcspn(path, ":");
    const char *file = arena_text("%.*s/%s", (int)n, path, name);
    if (n && !access(file, X_OK))
      return file;
    path += n;
  }
  return NULL;
}

static void remove_folder(const char *folder) {
  struct dirent **entries;
  int n = scandir(folder, &entries, NULL, NULL);
  for (int i = 0; i < n; i++) {
    unlink(arena_text("%s/%s", folder, entries[i]->d_name));
    free(entries[i]);
  }
  if (n >= 0)
    free(entries);
  rmdir(folder);
}

/* The instructions in a dump of callgrind, or -1. */
static double read_dump(const char *path) {
  double total = -1;
  char line[256];
  FILE *f = fopen(path, "r");
  while (f && total < 0 && fgets(line, sizeof line, f))
    sscanf(line, "totals: %lf", &total);
  if (f)
    fclose(f);
  return total;
}

/* One run under callgrind: the program calls a marker before and after each
 * loop, callgrind zeroes its count at the one and dumps it at the other, to
 * FOLDER/count.1, .2, ...  The names of the loops are the program's output.
 * Returns the instructions by name, or NULL after having said what went wrong.
 */
static json_t *count_loops(const column *col, const char *valgrind,
                           const char *folder, int operations,
                           const char *list) {
  command_line line = {0};
  add_argument(&line, valgrind);
  add_argument(&line, "--quiet");
  add_argument(&line, "--tool=callgrind");
  add_argument(&line, arena_text("--callgrind-out-file=%s/count", folder));
  add_argument(&line, "--zero-before=reapmark_count_begin");
  add_argument(&line, "--dump-before=reapmark_count_end");
  add_program(&line, col, "--micro-fixed", list);
  add_argument(&line, arena_text("%d", operations));
  char *output = run(&line, col, COUNT_TIMEOUT), *rest = output;
  json_t *counts = output ? json_object() : NULL;
  int part = 1;
  for (char *name; counts && (name = strsep(&rest, "\n")) && *name; part++) {
    double total = read_dump(arena_text("%s/count.%d", folder, part));
    json_object_set_new(counts, name, json_real(total));
    if (total < 0) {
      say("micro: %s: callgrind did not count '%s'", col->c->name, name);
      json_decref(counts);
      counts = NULL;
    }
  }
  free(output);
  return counts;
}

static json_t *count_instructions(const column *col, const char *valgrind,
                                  const char *list) {
  const int operations[] = {FEW, MANY};
  json_t *counts[] = {NULL, NULL};
  for (int i = 0; i < 2 && (i == 0 || counts[0]); i++) {
    const char *tmp = getenv("TMPDIR");
    char *folder = arena_text("%s/reapmark-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) {
      say("micro: cannot make a folder like '%s': %s", folder, strerror(errno));
      break;
    }
    counts[i] = count_loops(col, valgrind, folder, operations[i], list);
    remove_folder(folder);
  }
  json_t *rows = json_array(), *few;
  const char *name;
  json_object_foreach(counts[0], name, few) {
    double grown = json_real_value(json_object_get(counts[1], name)) -
                   json_real_value(few);
    json_array_append_new(rows,
                          json_pack("{s:s, s:f}", "name", name, "instructions",
                                    grown / (MANY - FEW)));
  }
  json_t *record =
      counts[1] ? json_pack("{s:i, s:s, s:O}", "schema", RECORD_SCHEMA,
                            "collector", col->c->name, "primitives", rows)
                : NULL;
  json_decref(rows);
  json_decref(counts[0]);
  json_decref(counts[1]);
  return record;
}

/* ------------------------------------------------------------------------- *
 * The table.
 * ------------------------------------------------------------------------- */

/* What a collector's record says of a primitive, or NULL. */
static const json_t *entry(const column *col, const char *primitive) {
  size_t i;
  json_t *p;
  json_array_foreach(json_object_get(col->record, "primitives"), i, p) {
    const char *name = json_string_value(json_object_get(p, "name"));
    if (name && !strcmp(name, primitive))
      return p;
  }
  return NULL;
}

static const table_column columns[] = {
    {.name = "collector", .traits = TABLE_KEY},
    {.name = "primitive", .traits = TABLE_KEY},
    {.name = "ns_median", .kind = TABLE_RATIO, .absent = "n/a"},
    {.name = "spread", .kind = TABLE_RATIO},
    {.name = "instructions", .kind = TABLE_RATIO, .absent = "n/a"}};

static const table_cross of_times = {"primitive", "collector", "ns_median",
                                     "ns/op ↓", NULL};
static const table_cross of_counts = {"primitive", "collector", "instructions",
                                      "instructions/op ↓", NULL};

static void add_row(table *out, const column *col, const char *primitive) {
  const json_t *p = entry(col, primitive);
  const json_t *ns = json_object_get(p, "ns_median");
  const json_t *instructions = json_object_get(p, "instructions");
  table_row *row = table_add(out, 0);
  table_set_text(row, "collector", spec_text(&col->spec));
  table_set_text(row, "primitive", primitive);
  table_set_json(row, "ns_median", ns);
  table_set_json(row, "spread", json_object_get(p, "spread"));
  table_set_json(row, "instructions", instructions);
  if (!col->record)
    table_show(row, out->cross->shown, "failed");
  else if (ns)
    table_show(row, "ns_median", "%s ±%3.0f %%",
               table_number(TABLE_RATIO, json_number_value(ns)),
               50 * json_number_value(json_object_get(p, "spread")));
  else if (instructions)
    table_show(row, "instructions", "%.2f", json_number_value(instructions));
}

/* The records, as an array. */
static json_t *records_of(const matrix *t) {
  json_t *list = json_array();
  for (size_t c = 0; c < t->columns_count; c++)
    if (t->columns[c].record)
      json_array_append(list, t->columns[c].record);
  return list;
}

static int print(const matrix *t, const request *r,
                 const output_format *format) {
  table *out = table_new(columns, sizeof columns / sizeof *columns);
  out->cross = r->instructions ? &of_counts : &of_times;
  for (size_t i = 0; i < t->primitives.count; i++)
    for (size_t c = 0; c < t->columns_count; c++)
      add_row(out, &t->columns[c], t->primitives.words[i]);
  page *p = page_new(out);
  page_tables(p, out);
  p->json = records_of(t);
  return view_print(&r->view, format, p, stdout);
}

/* Fills the columns.  Returns an exit code. */
static int measure(matrix *t, const request *r, const char *valgrind) {
  int code = EXIT_OK;
  for (size_t i = 0; i < t->columns_count; i++) {
    column *col = &t->columns[i];
    const char *name = spec_text(&col->spec);
    say("%s the primitives of %s (%zu of %zu)",
        valgrind ? "counting" : "timing", name, i + 1, t->columns_count);
    const char *list = list_for(col, &t->primitives);
    if (!*list)
      col->record =
          json_pack("{s:i, s:[]}", "schema", RECORD_SCHEMA, "primitives");
    else if (valgrind)
      col->record = count_instructions(col, valgrind, list);
    else
      col->record = micro_time(col->c, &col->spec, r->min_time, list);
    if (spawn_interrupted())
      return EXIT_INTERRUPTED;
    if (col->record)
      json_object_set_new(col->record, "collector", json_string(name));
    else
      code = EXIT_SOME_FAILED;
  }
  return code;
}

int micro_command(int argc, char **argv) {
  request r = {.min_time = 0.1, .format = "table"};
  char **operands;
  int code = options_parse(&micro_usage, argc, argv, &r, &operands);
  if (code != OPTIONS_GO)
    return code;
  const output_format *format;
  const char *wrong = format_find(r.format, NULL, &format);
  page *empty = page_new(table_new(columns, sizeof columns / sizeof *columns));
  if (!wrong) /* before anything runs */
    wrong = view_apply(&r.view, empty);
  json_decref(empty->json);
  if (wrong) {
    say("micro: %s", wrong);
    return EXIT_USAGE;
  }
  const char *valgrind = r.instructions ? find_program("valgrind") : NULL;
  if (r.instructions && !valgrind) {
    say("micro: --instructions needs valgrind: install the package "
        "'valgrind'");
    return EXIT_USAGE;
  }
  const word_list named = words_split(r.collectors);
  collectors all = discover_collectors(&named);
  matrix t = {0};
  wrong = choose_collectors(&t, &all, r.collectors);
  if (!wrong)
    wrong = choose_primitives(&t, r.primitives);
  if (wrong) {
    say("micro: %s", wrong);
    return EXIT_USAGE;
  }
  if (!t.columns_count) {
    say("micro: no collector was found");
    return EXIT_NOTHING;
  }
  machine_warn_emulated();
  spawn_catch_interrupts();
  code = measure(&t, &r, valgrind);
  if (code == EXIT_INTERRUPTED)
    return code;
  const int shown = print(&t, &r, format);
  for (size_t i = 0; i < t.columns_count; i++)
    json_decref(t.columns[i].record);
  return shown ? shown : code;
}
