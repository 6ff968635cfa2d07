/* leak-matrix.c: see leak-matrix.h. */
#include "leak-matrix.h"
#include "harness/base/arena.h"
#include "harness/record/record.h"
#include "harness/stats/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_verdict(const json_t *row, const char *wanted) {
  return !strcmp(record_text(row, "verdict"), wanted);
}

/* ------------------------------------------------------------------------- *
 * A row.
 * ------------------------------------------------------------------------- */

static json_int_t last_of(const json_t *list) {
  return json_integer_value(json_array_get(list, json_array_size(list) - 1));
}

/* Objects that are held after the collection of each round though nothing
 * reaches them, new. */
static json_t *unreachable_of(const json_t *leaks) {
  const json_t *reachable = json_object_get(leaks, "reachable");
  json_t *list = json_array(), *held;
  size_t i;
  json_array_foreach(record_get(leaks, "collected.objects"), i, held) {
    json_int_t live = json_integer_value(json_array_get(reachable, i + 1));
    json_array_append_new(list, json_integer(json_integer_value(held) - live));
  }
  return list;
}

/* How many of them there are in the end.  So few as a conservative collector
 * may keep are no leak. */
static json_int_t end_of_unreachable(const json_t *leaks, bool *is_leak) {
  json_t *list = unreachable_of(leaks);
  json_int_t last = last_of(list);
  json_decref(list);
  *is_leak = last > json_integer_value(json_object_get(leaks, "spare"));
  return last;
}

/* Sets `name` to the slope of a list, in whole objects or bytes. */
static void set_growth(json_t *row, const char *name, const json_t *list) {
  size_t n = json_array_size(list);
  double *values = arena_take(n * sizeof *values);
  for (size_t i = 0; i < n; i++)
    values[i] = json_number_value(json_array_get(list, i));
  double slope = stat_theil_sen(values, n);
  json_t *last = json_array_get(list, n - 1);
  if (json_is_integer(last) && isfinite(slope))
    json_object_set_new(row, name, json_integer((json_int_t)llround(slope)));
}

/* What was held at a moment of the last round, beyond the start. */
static void set_held(json_t *row, const json_t *leaks, const char *moment) {
  static const char *const kinds[] = {"objects", "bytes"};
  static const char *const suffixes[] = {"", "_bytes"};
  const json_t *start = json_object_get(leaks, "start");
  for (int k = 0; k < 2; k++) {
    const json_t *list =
        json_object_get(json_object_get(leaks, moment), kinds[k]);
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    const json_t *before = json_object_get(start, kinds[k]);
    char name[32];
    snprintf(name, sizeof name, "%s%s", moment, suffixes[k]);
    if (json_is_integer(last) && json_is_integer(before))
      json_object_set_new(
          row, name,
          json_integer(json_integer_value(last) - json_integer_value(before)));
  }
}

/* Whether in every round no more was held right after the drop than can be
 * reached; *known becomes whether that was told. */
static bool was_prompt(const json_t *leaks, bool *known) {
  const json_t *held = record_get(leaks, "dropped.objects");
  const json_t *reachable = json_object_get(leaks, "reachable");
  *known = true;
  bool prompt = true;
  size_t i;
  json_t *value;
  json_array_foreach(held, i, value) {
    *known = *known && json_is_integer(value);
    prompt = prompt && json_integer_value(value) <=
                           json_integer_value(json_array_get(reachable, i + 1));
  }
  return prompt;
}

static const char *judge(const json_t *leaks) {
  const json_t *reachable = json_object_get(leaks, "reachable");
  bool known, is_leak;
  end_of_unreachable(leaks, &is_leak);
  if (is_leak)
    return "LEAK";
  if (last_of(reachable) > json_integer_value(json_array_get(reachable, 0)))
    return "retained by design";
  bool prompt = was_prompt(leaks, &known);
  return !known ? "reclaimed" : prompt ? "prompt" : "at collection";
}

/* What the objects after the last collection are, and how many more of each
 * kind there are in each round. */
static void set_kinds(json_t *row, const json_t *leaks) {
  const json_t *reachable = json_object_get(leaks, "reachable");
  json_int_t first = json_integer_value(json_array_get(reachable, 0));
  bool is_leak;
  json_int_t end = end_of_unreachable(leaks, &is_leak);
  json_object_set_new(row, "retained",
                      json_integer(last_of(reachable) - first));
  json_object_set_new(row, "leaked", json_integer(is_leak ? end : 0));
  json_object_set_new(row, "kept", json_integer(is_leak || end < 0 ? 0 : end));
  json_t *rounds = json_copy((json_t *)reachable);
  json_array_remove(rounds, 0);
  set_growth(row, "retained_growth", rounds);
  json_decref(rounds);
  json_t *unreachable = unreachable_of(leaks);
  set_growth(row, "leaked_growth", unreachable);
  json_decref(unreachable);
}

json_t *leaks_row(const json_t *record) {
  const char *status = json_string_value(record_get(record, "verdict.status"));
  const json_t *leaks = json_object_get(record, "leaks");
  bool judged = leaks && (!strcmp(status, "ok") || !strcmp(status, "LEAK"));
  json_t *row =
      json_pack("{s:s, s:O, s:O}", "verdict", judged ? judge(leaks) : status,
                "declared", record_get(record, "verdict.declared"), "reason",
                record_get(record, "verdict.reason"));
  if (!leaks)
    return row;
  const json_t *objects = record_get(leaks, "collected.objects");
  json_object_set_new(row, "rounds",
                      json_integer((json_int_t)json_array_size(objects)));
  set_held(row, leaks, "dropped");
  set_held(row, leaks, "quiet");
  set_held(row, leaks, "collected");
  set_kinds(row, leaks);
  set_growth(row, "growth", objects);
  set_growth(row, "growth_bytes", record_get(leaks, "collected.bytes"));
  return row;
}

/* ------------------------------------------------------------------------- *
 * The matrix.
 * ------------------------------------------------------------------------- */

static json_int_t integer_of(const json_t *row, const char *member) {
  return json_integer_value(json_object_get(row, member));
}

/* "LEAK +100": what grows in each round, or else what there is. */
static const char *count_text(const char *word, const json_t *row,
                              const char *kind) {
  json_int_t growth = integer_of(row, arena_text("%s_growth", kind));
  return growth > 0
             ? arena_text("%s +%lld", word, (long long)growth)
             : arena_text("%s %lld", word, (long long)integer_of(row, kind));
}

/* A verdict in few words; "!" marks what the collector does not declare. */
static const char *short_verdict(const json_t *row) {
  const char *words = record_text(row, "verdict"), *kept = "";
  if (is_verdict(row, "n/a"))
    return arena_text("n/a: %.40s", record_text(row, "reason"));
  if (is_verdict(row, "LEAK"))
    words = count_text("LEAK", row, "leaked");
  else if (is_verdict(row, "retained by design"))
    words = count_text("retained", row, "retained");
  if (integer_of(row, "kept"))
    kept = arena_text(", kept %lld", (long long)integer_of(row, "kept"));
  return arena_text("%s%s%s", words, kept,
                    json_is_true(json_object_get(row, "declared")) ? "" : " !");
}

static json_t *find_row(const json_t *rows, const char *cause,
                        const char *collector, const char *remedy) {
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    if (!strcmp(record_text(row, "cause"), cause) &&
        !strcmp(record_text(row, "collector"), collector) &&
        !strcmp(record_text(row, "remedy"), remedy))
      return row;
  }
  return NULL;
}

/* The different values of a member, in the order in which they come: the keys
 * of an object, new. */
static json_t *values_of(const json_t *rows, const char *member) {
  json_t *seen = json_object(), *row;
  size_t i;
  json_array_foreach(rows, i, row) {
    json_object_set_new(seen, record_text(row, member), json_true());
  }
  return seen;
}

static void set_cell(table_row *line, const json_t *rows, const char *cause,
                     const char *collector) {
  const json_t *off = find_row(rows, cause, collector, "off");
  const json_t *on = find_row(rows, cause, collector, "on");
  if (is_verdict(off, "n/a"))
    table_set_text(line, collector, short_verdict(off));
  else
    table_set_text(
        line, collector,
        arena_text("%s → %s", short_verdict(off), short_verdict(on)));
  if (*record_text(off, "root"))
    table_set_text(line, "root", record_text(off, "root"));
}

/* A line for each cause, a column for each collector. */
static table *make_matrix(const json_t *rows) {
  json_t *causes = values_of(rows, "cause"), *value, *other;
  json_t *collectors = values_of(rows, "collector");
  size_t n = 0;
  table_column *columns =
      arena_take((json_object_size(collectors) + 2) * sizeof *columns);
  const char *cause, *name;
  columns[n++] = (table_column){.name = "cause", .header = "cause"};
  json_object_foreach(collectors, name, value) {
    const char *own = arena_text("%s", name);
    columns[n++] = (table_column){.name = own, .header = own};
  }
  columns[n++] = (table_column){.name = "root",
                                .header = "retained by",
                                .traits = TABLE_OPTIONAL,
                                .leaves = 1};
  table *t = table_new(columns, n);
  json_object_foreach(causes, cause, value) {
    table_row *line = table_add(t, 0);
    table_set_text(line, "cause", cause);
    json_object_foreach(collectors, name, other) {
      set_cell(line, rows, cause, name);
    }
  }
  json_decref(causes);
  json_decref(collectors);
  return t;
}

/* ------------------------------------------------------------------------- *
 * All of it.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "cause", .header = "cause", .traits = TABLE_KEY},
    {.name = "remedy", .header = "remedy", .traits = TABLE_KEY},
    {.name = "collector", .header = "collector", .traits = TABLE_KEY},
    {.name = "verdict", .header = "verdict"},
    {.name = "declared", .kind = TABLE_FLAG},
    {.name = "rounds", .kind = TABLE_INTEGER},
    {.name = "dropped",
     .header = "dropped",
     .kind = TABLE_INTEGER,
     .leaves = 2},
    {.name = "dropped_bytes",
     .header = "bytes",
     .kind = TABLE_INTEGER,
     .leaves = 6},
    {.name = "quiet", .header = "quiet", .kind = TABLE_INTEGER, .leaves = 3},
    {.name = "quiet_bytes",
     .header = "bytes",
     .kind = TABLE_INTEGER,
     .leaves = 7},
    {.name = "collected", .header = "collected", .kind = TABLE_INTEGER},
    {.name = "collected_bytes",
     .header = "bytes",
     .kind = TABLE_INTEGER,
     .leaves = 4},
    {.name = "retained", .kind = TABLE_INTEGER},
    {.name = "leaked", .kind = TABLE_INTEGER},
    {.name = "kept", .kind = TABLE_INTEGER},
    {.name = "growth", .header = "a round", .kind = TABLE_INTEGER, .leaves = 1},
    {.name = "growth_bytes",
     .header = "bytes",
     .kind = TABLE_INTEGER,
     .leaves = 5},
    {.name = "root", .header = "retained by"},
    {.name = "reason"},
};

static table *make_rows(const json_t *rows) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) table_set_object(table_add(t, 0), row);
  return t;
}

/* Why verdicts are not as declared. */
static void add_deviations(page *p, const json_t *rows) {
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    if (json_is_false(json_object_get(row, "declared")))
      page_text(p, PAGE_PARAGRAPH, "! %s, %s, remedy %s: %s",
                record_text(row, "collector"), record_text(row, "cause"),
                record_text(row, "remedy"), record_text(row, "reason"));
  }
}

static bool some_kept(const json_t *rows) {
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    if (integer_of(row, "kept"))
      return true;
  }
  return false;
}

static void add_legend(page *p, const json_t *rows, bool verbose) {
  page_text(
      p, PAGE_PARAGRAPH,
      "Before the remedy → with it, of what the program is done with:\n"
      "prompt: gone when the last reference was dropped; at collection: gone "
      "after one;\nreclaimed: gone after one, but when is not told.  retained "
      "N: N objects can still\nbe reached, by design; LEAK N: N objects are "
      "held that nothing reaches; +N: N more\nin each round.  All this as the "
      "collector declares, but for what is marked with !.%s",
      some_kept(rows) ? "\nkept N: N objects, no more than are declared, that "
                        "a conservative collector took\nfor reachable."
                      : "");
  if (verbose)
    page_text(p, PAGE_PARAGRAPH,
              "Objects and bytes beyond those at the start, in the last round: "
              "right after the\nlast reference was dropped, after a quiet "
              "period, after a collection; and how\nmany more of the last in "
              "each round (Theil-Sen).  The quiet period makes\ngarbage of its "
              "own.");
}

page *leaks_page(const json_t *rows, bool verbose) {
  const table *t = make_rows(rows);
  page *p = page_new(t);
  page_tables(p, make_matrix(rows));
  if (verbose)
    page_tables(p, t);
  add_deviations(p, rows);
  add_legend(p, rows, verbose);
  p->json = json_pack("{s:i, s:O}", "schema", 1, "rows", rows);
  return p;
}
