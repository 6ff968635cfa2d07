/* summary.c: see summary.h. */
#include "summary.h"
#include "failure.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"

#include <ctype.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * The rows.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "collector", .header = "collector", .traits = TABLE_KEY},
    {.name = "condition", .header = "condition", .traits = TABLE_KEY},
    {.name = "verdict", .header = "verdict"},
    {.name = "episodes", .header = "episodes", .kind = TABLE_COUNT},
    {.name = "operations",
     .header = "operations",
     .kind = TABLE_COUNT,
     .leaves = 4},
    {.name = "collections", .header = "collections", .kind = TABLE_COUNT},
    {.name = "fired", .header = "fired", .kind = TABLE_COUNT, .leaves = 1},
    {.name = "allocated", .header = "bytes", .kind = TABLE_COUNT, .leaves = 3},
    {.name = "elapsed", .header = "time", .kind = TABLE_TIME, .leaves = 2},
    {.name = "reason"},
};

static const char *verdict_text(const tally *t) {
  if (t->fault && !strcmp(entry_text(t->fault, "result"), "vacuous"))
    return "VACUOUS";
  if (t->fault)
    return arena_text("FAILED: %s", entry_text(t->fault, "oracle"));
  if (t->missing)
    return arena_text("n/a: %s", t->missing);
  if (!t->episodes)
    return "not run";
  const char *text = "ok";
  if (t->cut)
    text = arena_text("ok, the first %ju places", (uintmax_t)t->places);
  else if (t->places)
    text = arena_text("ok, all %ju places", (uintmax_t)t->places);
  if (t->scarce)
    text = arena_text("%s; %ju out of memory", text, (uintmax_t)t->scarce);
  return text;
}

static void add_row(table *out, const char *name, const char *under,
                    const tally *t) {
  table_row *row = table_add(out, 0);
  table_set_text(row, "collector", name);
  table_set_text(row, "condition", under);
  table_set_text(row, "verdict", verdict_text(t));
  if (!t->episodes || (t->missing && !t->fault))
    return;
  table_set_integer(row, "episodes", (long long)t->episodes);
  table_set_integer(row, "operations", (long long)t->operations);
  table_set_integer(row, "collections", (long long)t->collections);
  table_set_integer(row, "fired", (long long)t->fired);
  table_set_integer(row, "allocated", (long long)t->allocated);
  table_set_integer(row, "elapsed", (long long)t->elapsed);
  if (t->fault)
    table_set_text(row, "reason", entry_text(t->fault, "reason"));
}

/* ------------------------------------------------------------------------- *
 * Failures: of those that look alike, one is shown.
 * ------------------------------------------------------------------------- */

/* Failures of one kind. */
typedef struct kind {
  const char *text;
  json_t *first; /* borrowed */
  size_t others;
  const char *under; /* the conditions of the others */
} kind;

typedef struct kinds {
  kind *items;
  size_t count;
} kinds;

/* What failures of the same kind have in common, if not all: the collector, the
 * oracle, the family of the condition, and the reason without its numbers. */
static const char *kind_of(const json_t *fault) {
  char *reason = arena_text("%s", entry_text(fault, "reason")), *end = reason;
  for (const char *p = reason; *p; p++)
    if (!isdigit((unsigned char)*p))
      *end++ = *p;
    else if (end == reason || end[-1] != '0')
      *end++ = '0';
  *end = 0;
  return arena_text("%s/%s/%s/%s", entry_text(fault, "collector"),
                    entry_accuser(fault),
                    condition_family(entry_text(fault, "condition")), reason);
}

/* Whether two failures are one, seen under different conditions. */
static bool is_same(const json_t *a, const json_t *b) {
  static const char *const members[] = {"collector", "oracle", "reason"};
  bool same = entry_number(a, "operation") == entry_number(b, "operation");
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    same &= !strcmp(entry_text(a, members[i]), entry_text(b, members[i]));
  return same;
}

static void add_fault(kinds *all, json_t *fault) {
  const char *text = kind_of(fault);
  const char *under = entry_text(fault, "condition");
  for (size_t i = 0; i < all->count; i++) {
    kind *k = &all->items[i];
    if (strcmp(k->text, text) && !is_same(k->first, fault))
      continue;
    k->under = k->others++ ? arena_text("%s, %s", k->under, under) : under;
    return;
  }
  all->items = arena_more(all->items, all->count, sizeof *all->items);
  all->items[all->count++] = (kind){.text = text, .first = fault};
}

/* Whether the fault is in the list: several conditions may have failed in the
 * same episode of condition_peak. */
static bool has(const json_t *faults, const json_t *fault) {
  size_t i;
  const json_t *other;
  json_array_foreach(faults, i, other) {
    if (other == fault)
      return true;
  }
  return false;
}

static void add_kind(page *p, const campaign *c, const kind *k) {
  const char *text = failure_text(c->log.dir, k->first);
  if (k->others)
    text = arena_text("%s\n  %zu more like it: %s", text, k->others, k->under);
  page_text(p, PAGE_CODE, "%s", text);
}

/* ------------------------------------------------------------------------- *
 * Coverage.
 * ------------------------------------------------------------------------- */

static const table_column event_columns[] = {
    {.name = "event", .header = "event"},
    {.name = "count", .header = "times", .kind = TABLE_COUNT},
    {.name = "first", .header = "first under", .absent = "NOT REACHED"},
};

static json_t *coverage_json(const course *of) {
  const coverage *v = &of->coverage;
  json_t *events = json_array(), *pairs = json_array();
  const char *pair;
  json_t *value;
  for (size_t i = 0; i < v->events_count; i++)
    json_array_append_new(events, json_pack("{s:s, s:I, s:s*}", "event",
                                            v->events[i].name, "count",
                                            (json_int_t)v->events[i].count,
                                            "first", v->events[i].first));
  json_object_foreach(v->pairs, pair, value)
      json_array_append_new(pairs, json_string(pair));
  return json_pack("{s:s, s:o, s:o}", "collector", of->subject->name, "events",
                   events, "pairs", pairs);
}

/* Adds the events to the rows for programs, and to a table for people. */
static void add_events(table *rows, table *events, const course *of) {
  const coverage *v = &of->coverage;
  const size_t group = table_add_group(
      events, arena_text("%s: %zu of %zu events happened, %zu pairs of them "
                         "followed each other",
                         of->subject->name, coverage_reached(v),
                         v->events_count, coverage_pairs(v)));
  for (size_t i = 0; i < v->events_count; i++) {
    const event *e = &v->events[i];
    table_row *row = table_add(events, group);
    table_set_text(row, "event", e->name);
    table_set_integer(row, "count", (long long)e->count);
    table_set_text(row, "first", e->first);
    row = table_add(rows, 0);
    row->audience = ROW_FOR_PROGRAMS;
    table_set_text(row, "collector", of->subject->name);
    table_set_text(row, "condition", arena_text("event %s", e->name));
    table_set_text(row, "verdict", e->count ? "ok" : "NOT REACHED");
    table_set_integer(row, "fired", (long long)e->count);
    table_set_text(row, "reason",
                   e->first ? arena_text("first under %s", e->first) : NULL);
  }
}

/* Says which events of the course never happened.  Whether there are none. */
static bool add_unreached(page *p, const course *of, bool whole) {
  const coverage *v = &of->coverage;
  const char *names = "";
  for (size_t i = 0; i < v->events_count; i++)
    if (!v->events[i].count)
      names =
          arena_text("%s%s%s", names, *names ? ", " : "", v->events[i].name);
  if (!*names)
    return true;
  page_text(p, PAGE_PARAGRAPH, "NOT REACHED%s: %s: %s.",
            whole ? "" : " under these conditions", of->subject->name, names);
  return false;
}

/* ------------------------------------------------------------------------- *
 * All.
 * ------------------------------------------------------------------------- */

bool summary_print(campaign *c, const course *courses, size_t n,
                   const output_format *format) {
  table *rows = table_new(columns, sizeof columns / sizeof *columns);
  table *events =
      table_new(event_columns, sizeof event_columns / sizeof *event_columns);
  json_t *faults = json_array(), *reached = json_array();
  kinds alike = {0};
  bool good = true;
  size_t unrun = 0, all = 0;
  for (size_t i = 0; i < n; i++) {
    const course *of = &courses[i];
    tally sum = {0};
    for (size_t k = 0; k < of->count; k++) {
      const tally *t = &of->rows[k].tally;
      add_row(rows, of->subject->name, of->rows[k].under->name, t);
      if (t->fault && !has(faults, t->fault)) {
        json_array_append(faults, (json_t *)t->fault);
        add_fault(&alike, (json_t *)t->fault);
      }
      unrun += !t->episodes && !t->missing;
      tally_add(&sum, t);
    }
    all += of->count;
    sum.scarce = sum.places = 0, sum.cut = false; /* stand in their rows */
    if (of->count > 1)
      add_row(rows, of->subject->name, "(all)", &sum);
    good &= !sum.fault;
    if (of->coverage.events_count)
      add_events(rows, events, of);
    json_array_append_new(reached, coverage_json(of));
  }
  page *p = page_new(rows);
  page_tables(p, rows);
  page_tables(p, events);
  for (size_t i = 0; i < n; i++)
    if (!add_unreached(p, &courses[i], c->whole) && c->whole && !c->end)
      good = false;
  for (size_t i = 0; i < alike.count; i++) {
    if (c->shrinks && c->end != INTERRUPTED)
      failure_shrink(c->log.dir, alike.items[i].first);
    add_kind(p, c, &alike.items[i]);
  }
  p->json =
      json_pack("{s:i, s:o, s:O, s:o}", "schema", 1, "rows",
                table_rows_json(rows), "failures", faults, "coverage", reached);
  format_print(format, p, stdout);
  json_decref(faults);
  if (unrun)
    say("%zu of %zu rows were not run: they prove nothing", unrun, all);
  return good && !unrun;
}
