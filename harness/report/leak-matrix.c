/* leak-matrix.c: see leaks.h. */
#include "leak-matrix.h"
#include "format.h"
#include "harness/output/emit.h"
#include "harness/output/rows.h"
#include "harness/record/record.h"
#include "harness/stats/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *row, const char *member) {
  const char *text = json_string_value(json_object_get(row, member));
  return text ? text : "";
}

static bool is_verdict(const json_t *row, const char *wanted) {
  return !strcmp(text_of(row, "verdict"), wanted);
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
  double *values = calloc(n, sizeof *values);
  for (size_t i = 0; values && i < n; i++)
    values[i] = json_number_value(json_array_get(list, i));
  double slope = values ? stat_theil_sen(values, n) : NAN;
  free(values);
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

enum { CELL = 64 };

static json_int_t integer_of(const json_t *row, const char *member) {
  return json_integer_value(json_object_get(row, member));
}

/* "LEAK +100": what grows in each round, or else what there is. */
static void write_count(char *out, const char *word, const json_t *row,
                        const char *kind) {
  char growth[32];
  snprintf(growth, sizeof growth, "%s_growth", kind);
  if (integer_of(row, growth) > 0)
    snprintf(out, CELL, "%s +%lld", word, (long long)integer_of(row, growth));
  else
    snprintf(out, CELL, "%s %lld", word, (long long)integer_of(row, kind));
}

/* A verdict in few words. */
static void short_verdict(char *out, const json_t *row) {
  char words[CELL], kept[32] = "";
  if (is_verdict(row, "n/a")) {
    snprintf(out, CELL, "n/a: %.40s", text_of(row, "reason"));
    return;
  }
  if (is_verdict(row, "LEAK"))
    write_count(words, "LEAK", row, "leaked");
  else if (is_verdict(row, "retained by design"))
    write_count(words, "retained", row, "retained");
  else
    snprintf(words, CELL, "%s", text_of(row, "verdict"));
  if (integer_of(row, "kept"))
    snprintf(kept, sizeof kept, ", kept %lld",
             (long long)integer_of(row, "kept"));
  snprintf(out, CELL, "%.35s%.20s%s", words, kept,
           json_is_true(json_object_get(row, "declared")) ? "" : " !");
}

static json_t *find_row(const json_t *rows, const char *cause,
                        const char *collector, const char *remedy) {
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    if (!strcmp(text_of(row, "cause"), cause) &&
        !strcmp(text_of(row, "collector"), collector) &&
        !strcmp(text_of(row, "remedy"), remedy))
      return row;
  }
  return NULL;
}

/* The different values of a member, in the order in which they come. */
static json_t *values_of(const json_t *rows, const char *member) {
  json_t *seen = json_object(), *row;
  size_t i;
  json_array_foreach(rows, i, row) {
    json_object_set_new(seen, text_of(row, member), json_true());
  }
  return seen;
}

static void set_cell(json_t *line, const json_t *rows, const char *cause,
                     const char *collector) {
  const json_t *off = find_row(rows, cause, collector, "off");
  const json_t *on = find_row(rows, cause, collector, "on");
  char before[CELL], after[CELL], both[2 * CELL + 8];
  short_verdict(before, off);
  short_verdict(after, on);
  snprintf(both, sizeof both, "%s → %s", before, after);
  json_object_set_new(line, collector,
                      json_string(is_verdict(off, "n/a") ? before : both));
  if (*text_of(off, "root"))
    json_object_set(line, "root", json_object_get(off, "root"));
}

static void print_matrix(const json_t *rows, const char *format, FILE *out) {
  json_t *causes = values_of(rows, "cause"), *lines = json_array();
  json_t *collectors = values_of(rows, "collector"), *value;
  size_t count = json_object_size(collectors) + 2, n = 0;
  rows_column *columns = calloc(count, sizeof *columns);
  if (!columns)
    exit(1);
  const char *cause, *name;
  columns[n++] = (rows_column){"cause", "cause", ROWS_TEXT};
  json_object_foreach(collectors, name, value) {
    columns[n++] = (rows_column){name, name, ROWS_TEXT};
  }
  columns[n++] = (rows_column){"root", "retained by", ROWS_TEXT};
  json_object_foreach(causes, cause, value) {
    json_t *line = json_pack("{s:s}", "cause", cause), *other;
    json_object_foreach(collectors, name, other) {
      set_cell(line, rows, cause, name);
    }
    json_array_append_new(lines, line);
  }
  rows_print(lines, columns, n, format, out);
  free(columns);
  json_decref(lines);
  json_decref(causes);
  json_decref(collectors);
}

/* ------------------------------------------------------------------------- *
 * All of it.
 * ------------------------------------------------------------------------- */

static const rows_column columns[] = {
    {"cause", "cause", ROWS_TEXT},
    {"remedy", "remedy", ROWS_TEXT},
    {"collector", "collector", ROWS_TEXT},
    {"verdict", "verdict", ROWS_TEXT},
    {"declared", NULL, ROWS_TEXT},
    {"rounds", NULL, ROWS_INTEGER},
    {"dropped", "dropped", ROWS_INTEGER},
    {"dropped_bytes", "bytes", ROWS_INTEGER},
    {"quiet", "quiet", ROWS_INTEGER},
    {"quiet_bytes", "bytes", ROWS_INTEGER},
    {"collected", "collected", ROWS_INTEGER},
    {"collected_bytes", "bytes", ROWS_INTEGER},
    {"retained", NULL, ROWS_INTEGER},
    {"leaked", NULL, ROWS_INTEGER},
    {"kept", NULL, ROWS_INTEGER},
    {"growth", "a round", ROWS_INTEGER},
    {"growth_bytes", "bytes", ROWS_INTEGER},
    {"root", "retained by", ROWS_TEXT},
    {"reason", NULL, ROWS_TEXT},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Rows in which what is true or false is a word. */
static json_t *with_words(const json_t *rows) {
  json_t *copies = json_array(), *row;
  size_t i;
  json_array_foreach(rows, i, row) {
    json_t *copy = json_copy(row), *declared = json_object_get(row, "declared");
    if (declared)
      json_object_set_new(copy, "declared",
                          json_string(json_is_true(declared) ? "yes" : "no"));
    json_array_append_new(copies, copy);
  }
  return copies;
}

/* Why verdicts are not as declared. */
static void print_deviations(const json_t *rows, FILE *out) {
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    if (json_is_false(json_object_get(row, "declared")))
      fprintf(out, "\n! %s, %s, remedy %s: %s\n", text_of(row, "collector"),
              text_of(row, "cause"), text_of(row, "remedy"),
              text_of(row, "reason"));
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

static void print_legend(const json_t *rows, bool verbose, FILE *out) {
  fputs(
      "\nBefore the remedy → with it, of what the program is done with:\n"
      "prompt: gone when the last reference was dropped; at collection: gone "
      "after one;\nreclaimed: gone after one, but when is not told.  retained "
      "N: N objects can still\nbe reached, by design; LEAK N: N objects are "
      "held that nothing reaches; +N: N more\nin each round.  All this as the "
      "collector declares, but for what is marked with !.\n",
      out);
  if (some_kept(rows))
    fputs("kept N: N objects, no more than are declared, that a conservative "
          "collector took\nfor reachable.\n",
          out);
  if (verbose)
    fputs("\nObjects and bytes beyond those at the start, in the last round: "
          "right after the\nlast reference was dropped, after a quiet period, "
          "after a collection; and how\nmany more of the last in each round "
          "(Theil-Sen).  The quiet period makes\ngarbage of its own.\n",
          out);
}

void leaks_print(const json_t *rows, const char *format, bool verbose,
                 FILE *out) {
  if (!strcmp(format, "json")) {
    emit_json(json_pack("{s:i, s:O}", "schema", 1, "rows", rows), out);
    return;
  }
  json_t *worded = with_words(rows);
  if (!strcmp(format, "csv"))
    rows_print(worded, columns, COLUMNS, format, out);
  else {
    print_matrix(rows, format, out);
    if (verbose) {
      fputc('\n', out);
      rows_print(worded, columns, COLUMNS, format, out);
    }
    print_deviations(rows, out);
    print_legend(rows, verbose, out);
  }
  json_decref(worded);
}
