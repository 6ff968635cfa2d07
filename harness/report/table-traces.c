/* table-traces.c: the tables memory-time and leaks, which need the course of a
 * run. */
#include "leak-matrix.h"
#include "tables.h"
#include "harness/base/arena.h"
#include "harness/record/record.h"

#include <string.h>

#define LEAK_PREFIX "leak-"

/* What is kept of a cell. */
typedef struct trace {
  json_t *curve;   /* memory.curve of the first invocation; NULL: none */
  json_t *garbage; /* its garbage.curve, at the same times; NULL: none */
  int invocation;
  json_t *leaks; /* leaks_row of the last one */
} trace;

void report_gather_traces(report *r, const report_cell *c,
                          const json_t *record) {
  if (!r->traces)
    r->traces = arena_take(r->count * sizeof(trace));
  trace *t = (trace *)r->traces + (c - r->cells);
  json_t *curve = record_get(record, "memory.curve");
  if (!t->curve && json_array_size(curve) > 1) {
    t->curve = json_incref(curve);
    t->garbage = json_incref(record_get(record, "garbage.curve"));
    t->invocation =
        (int)json_integer_value(json_object_get(record, "invocation"));
  }
  if (!strncmp(c->workload, LEAK_PREFIX, strlen(LEAK_PREFIX))) {
    json_decref(t->leaks);
    t->leaks = leaks_row(record);
  }
}

void report_free_traces(report *r) {
  trace *t = r->traces;
  for (size_t i = 0; i < r->count && t; i++) {
    json_decref(t[i].curve);
    json_decref(t[i].garbage);
    json_decref(t[i].leaks);
  }
}

/* ------------------------------------------------------------------------- *
 * Memory over time.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    CELL_COLUMNS,
    {.name = "invocation",
     .header = "run",
     .kind = TABLE_INTEGER,
     .traits = TABLE_KEY,
     .leaves = 3},
    {.name = "at_ns",
     .header = "at",
     .kind = TABLE_TIME,
     .help = "from the beginning of the measured part",
     .traits = TABLE_KEY},
    {.name = "footprint_bytes",
     .header = "footprint",
     .unit = "MiB",
     .kind = TABLE_BYTES,
     .help = "as the collector reports it"},
    {.name = "resident_bytes",
     .header = "resident",
     .unit = "MiB",
     .kind = TABLE_BYTES,
     .help = "of the whole process, as the kernel keeps it, roughly"},
    {.name = "live_bytes",
     .header = "live",
     .unit = "MiB",
     .kind = TABLE_BYTES,
     .traits = TABLE_OPTIONAL,
     .help = "of workloads that state what is alive",
     .leaves = 1},
    {.name = "garbage_objects",
     .header = "garbage",
     .unit = "most, objects",
     .kind = TABLE_INTEGER,
     .traits = TABLE_OPTIONAL,
     .help = "the most dead objects held since the sample before",
     .leaves = 2}};

static void add_curve(const report_cell *c, const trace *of, table *t) {
  size_t i;
  json_t *sample;
  json_array_foreach(of->curve, i, sample) {
    table_row *row = report_add_row(t, c, report_heap_title(c));
    table_set_integer(row, "invocation", of->invocation);
    table_set_json(row, "at_ns", json_array_get(sample, 0));
    table_set_json(row, "footprint_bytes", json_array_get(sample, 1));
    table_set_json(row, "resident_bytes", json_array_get(sample, 2));
    const json_t *garbage = json_array_get(of->garbage, i);
    table_set_json(row, "live_bytes", json_array_get(garbage, 2));
    table_set_json(row, "garbage_objects", json_array_get(garbage, 4));
  }
}

page *report_memory_time(const report *r) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  const trace *all = r->traces;
  for (size_t i = 0; i < r->count && all; i++)
    if (report_is_good(&r->cells[i]))
      add_curve(&r->cells[i], &all[i], t);
  if (!t->rows_count)
    return NULL;
  page *p = page_new(t);
  report_add_title(p, r);
  page_tables(p, t);
  report_set_json(p, r, "memory-time");
  return p;
}

/* ------------------------------------------------------------------------- *
 * Leaks.
 * ------------------------------------------------------------------------- */

/* Splits "leak-cache:remedy=off,size=5" into its cause, "cache:size=5", and the
 * value of `remedy`; NULL if there is none. */
static const char *split_cause(const char *workload, const char **remedy) {
  const char *at = strstr(workload, "remedy=");
  if (!at || (at[-1] != ':' && at[-1] != ','))
    return NULL;
  const char *value = at + strlen("remedy=");
  const size_t n = strcspn(value, ",");
  *remedy = arena_text("%.*s", (int)n, value);
  const char *rest = value[n] ? value + n + 1 : value + n;
  const int before = (int)(at - workload) - (*rest ? 0 : 1);
  const int prefix = (int)strlen(LEAK_PREFIX);
  return arena_text("%.*s%s", before - prefix, workload + prefix, rest);
}

static void add_leaks(json_t *rows, const report_cell *c, const trace *t) {
  const char *remedy, *cause = split_cause(c->workload, &remedy);
  if (!cause || (!c->missing && !t->leaks))
    return;
  json_t *row = c->missing ? json_pack("{s:s, s:s}", "verdict", "n/a", "reason",
                                       c->missing)
                           : json_copy(t->leaks);
  json_object_set_new(row, "cause", json_string(cause));
  json_object_set_new(row, "collector", json_string(c->collector));
  json_object_set_new(row, "remedy", json_string(remedy));
  json_object_set_new(row, "root", json_string(""));
  json_array_append_new(rows, row);
}

page *report_leaks(const report *r) {
  static const trace none;
  const trace *all = r->traces;
  json_t *rows = json_array();
  for (size_t i = 0; i < r->count; i++)
    add_leaks(rows, &r->cells[i], all ? &all[i] : &none);
  page *p = json_array_size(rows) ? leaks_page(rows, false) : NULL;
  json_decref(rows);
  return p;
}
