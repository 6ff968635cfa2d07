/* section-cells.c: every cell, with the command that repeats it and the raw
 * record of one of its runs. */
#include "section.h"
#include "harness/base/arena.h"
#include "harness/output/html.h"
#include "harness/record/record.h"
#include "harness/report/exercise.h"

#include <stdlib.h>
#include <string.h>

/* Of a long list in a record only the beginning is shown, so that a page of
 * hundreds of cells stays below 5 MB. */
enum { MANY_CELLS = 250, LONG_LIST = 24, LONG_LIST_OF_MANY = 4 };

/* ------------------------------------------------------------------------- *
 * Raw records.
 * ------------------------------------------------------------------------- */

/* A new value like `json`, with long lists cut. */
static json_t *cut(const json_t *json, size_t most) {
  if (json_is_array(json)) {
    json_t *list = json_array();
    const size_t n = json_array_size(json);
    for (size_t i = 0; i < n && (i < most || n == most + 1); i++)
      json_array_append_new(list, cut(json_array_get(json, i), most));
    if (n > most + 1)
      json_array_append_new(list, json_sprintf("… %zu more", n - most));
    return list;
  }
  if (!json_is_object(json))
    return json_deep_copy(json);
  json_t *object = json_object(), *value;
  const char *name;
  json_object_foreach((json_t *)json, name, value) {
    json_object_set_new(object, name, cut(value, most));
  }
  return object;
}

/* The raw records of a report's cells, as text. */
typedef struct raw {
  const report *report;
  char **texts; /* by cell; NULL: none */
} raw;

/* Keeps the first record of each cell: one that failed, if any did. */
static void keep(void *data, const json_t *record) {
  raw *all = data;
  const report_cell *c =
      report_find_cell(all->report, record_text(record, "cell"));
  if (!c)
    return;
  const size_t i = (size_t)(c - all->report->cells);
  const report_sample *worst = report_worst(c);
  const int wanted = worst      ? worst->invocation
                     : c->count ? c->samples[0].invocation
                                : 0;
  if (all->texts[i] ||
      json_integer_value(json_object_get(record, "invocation")) != wanted)
    return;
  const bool many = all->report->count > MANY_CELLS;
  json_t *shown = cut(record, many ? LONG_LIST_OF_MANY : LONG_LIST);
  char *text = json_dumps(shown, JSON_COMPACT | JSON_REAL_PRECISION(9));
  all->texts[i] = arena_text("%s", text ? text : "");
  free(text);
  json_decref(shown);
}

/* ------------------------------------------------------------------------- *
 * Commands.
 * ------------------------------------------------------------------------- */

/* A word as a shell reads it. */
static const char *quoted(const char *word) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
                              "VWXYZ0123456789_./:=,%+-";
  if (*word && !word[strspn(word, plain)])
    return word;
  const char *text = "'";
  for (; *word; word++)
    text = *word == '\'' ? arena_text("%s'\\''", text)
                         : arena_text("%s%c", text, *word);
  return arena_text("%s'", text);
}

/* The heap as `run` takes it: users cannot write multiples of a minimum. */
static const char *heap_of(const report *r, const report_cell *c) {
  size_t i;
  json_t *cell;
  json_array_foreach(json_object_get(r->plan, "cells"), i, cell) {
    const json_t *limit = json_object_get(cell, "limit");
    if (json_is_integer(limit) && !strcmp(c->id, record_text(cell, "cell")))
      return arena_text("%lld", (long long)json_integer_value(limit));
  }
  return c->heap;
}

static const char *command_of(const report *r, const report_cell *c) {
  return arena_text(
      "reapmark run -w %s -c %s --heap %s -t %d --seed %lld -n 1 -o again",
      quoted(c->workload), quoted(c->collector), quoted(heap_of(r, c)),
      c->threads,
      (long long)json_integer_value(json_object_get(r->plan, "seed")));
}

/* ------------------------------------------------------------------------- *
 * Cells.
 * ------------------------------------------------------------------------- */

static void print_figures(const report_cell *c, FILE *out) {
  fputs("<ul class=\"figures\">", out);
  for (size_t m = 0; m < METRICS; m++) {
    const char *text = table_number(metrics[m].kind, c->values[m]);
    if (!strcmp(text, "–"))
      continue;
    fputs("<li><b>", out);
    html_text(metrics[m].name, out);
    fputs("</b> ", out);
    html_text(text, out);
    if (metrics[m].kind == TABLE_BYTES)
      fputs(" MiB", out);
    fputs("</li>", out);
  }
  fputs("</ul>\n", out);
}

static void print_cell(document *d, const report *r, const report_cell *c,
                       const char *record) {
  const bool failed = verdict_is_failure(c->verdict);
  fprintf(d->out, "<details class=\"cell%s\"><summary>", failed ? " bad" : "");
  html_text(arena_text("%s · %s · heap %s · %d thread%s: %s", c->workload,
                       c->collector, c->heap, c->threads,
                       c->threads == 1 ? "" : "s", report_marked_verdict(c)),
            d->out);
  fputs("</summary>\n", d->out);
  if (c->missing) {
    section_unfold(d);
    return;
  }
  fputs("<p>Again:</p><pre tabindex=\"0\">", d->out);
  html_text(command_of(r, c), d->out);
  fputs("</pre>\n", d->out);
  if (failed) {
    fputs("<p class=\"warn\">", d->out);
    html_text(report_failure_reason(c), d->out);
    fputs("</p>\n", d->out);
  }
  fprintf(d->out, "<p>Over %zu run%s:</p>\n", c->count,
          c->count == 1 ? "" : "s");
  print_figures(c, d->out);
  if (record) {
    fputs("<p>The record of one run (long lists are cut; all of it is in "
          "runs.jsonl):</p>\n<pre class=\"raw\" tabindex=\"0\">",
          d->out);
    html_text(record, d->out);
    fputs("</pre>\n", d->out);
  }
  section_unfold(d);
}

void section_cells(document *d, const report *r) {
  raw all = {.report = r, .texts = arena_take(r->count * sizeof(char *))};
  results_state state;
  char why[256];
  results_read_runs(r->dir, keep, &all, &state, why, sizeof why);
  section_begin(d, "cells", "Every cell");
  section_says(d, "Each with the command that repeats it and the record of one "
                  "run: the worst one, if one failed.");
  fputs("<p class=\"filter\" hidden><label>Show cells with <input "
        "type=\"search\" autocomplete=\"off\"></label></p>\n<div "
        "class=\"cells\">\n",
        d->out);
  for (size_t i = 0; i < r->count; i++)
    print_cell(d, r, &r->cells[i], all.texts[i]);
  fputs("</div>\n", d->out);
  section_end(d);
}
