/* plan-json.c: see plan-json.h. */
#include "plan-json.h"
#include "planning.h"
#include "harness/base/arena.h"
#include "order.h"

#include <stdlib.h>

/* ------------------------------------------------------------------------- *
 * Writing.
 * ------------------------------------------------------------------------- */

static json_t *targets_to_json(const plan *p) {
  json_t *list = json_array();
  for (size_t i = 0; i < p->targets_count; i++) {
    const plan_target *t = &p->targets[i];
    json_t *target =
        json_pack("{s:s, s:s, s:s, s:s, s:f}", "name", t->name, "what", t->what,
                  "metric", t->metric, "cell", t->cell, "gate", t->gate);
    if (t->over)
      json_object_set_new(target, "over", json_string(t->over));
    if (t->over_metric)
      json_object_set_new(target, "over_metric", json_string(t->over_metric));
    if (t->by_hand)
      json_object_set_new(target, "by_hand", json_string(t->by_hand));
    if (t->stretch > 0)
      json_object_set_new(target, "stretch", json_real(t->stretch));
    if (t->rss > 0)
      json_object_set_new(target, "rss", json_real(t->rss));
    if (t->floor)
      json_object_set_new(target, "floor", json_true());
    json_array_append_new(list, target);
  }
  return list;
}

static json_t *cell_to_json(const plan_cell *c) {
  json_t *cell =
      json_pack("{s:s, s:s, s:s, s:s, s:i}", "cell", c->id, "workload",
                spec_text(&c->workload), "collector", spec_text(&c->options),
                "heap", c->heap.text, "threads", (int)c->threads);
  if (c->missing)
    json_object_set_new(cell, "n/a", json_string(c->missing));
  if (c->heap.kind == HEAP_OF_MINIMUM && c->heap.bytes)
    json_object_set_new(cell, "limit", json_integer((json_int_t)c->heap.bytes));
  if (c->reference)
    json_object_set_new(cell, "kind", json_string("reference"));
  if (c->turns)
    json_object_set_new(cell, "turns", json_true());
  if (c->untimed)
    json_object_set_new(cell, "untimed", json_true());
  return cell;
}

/* What runs get beside their cells. */
enum { AROUND = 3 };
static const char *const around_keys[AROUND] = {"pin", "wrap", "latencies"};

static const char **around_of(plan *p, size_t key) {
  const char **const all[AROUND] = {&p->pin, &p->wrap, &p->latencies};
  return all[key];
}

/* The paths of the programs that the user gave by their paths, by name; NULL if
 * there are none. */
static json_t *given_programs(const plan *p) {
  json_t *programs = NULL;
  for (size_t i = 0; i < p->cells_count; i++) {
    const collector *c = p->cells[i].program;
    if (!c || !c->given)
      continue;
    if (!programs)
      programs = json_object();
    json_object_set_new(programs, c->name, json_string(c->path));
  }
  return programs;
}

json_t *plan_to_json(const plan *p) {
  json_t *cells = json_array(), *canary = NULL;
  for (size_t i = 0; i < p->cells_count; i++) {
    if (p->cells[i].canary)
      canary = cell_to_json(&p->cells[i]);
    else
      json_array_append_new(cells, cell_to_json(&p->cells[i]));
  }
  json_t *json =
      json_pack("{s:i, s:s, s:i, s:f, s:I, s:o}", "schema", 1, "suite",
                p->suite, "invocations", (int)p->invocations, "timeout",
                p->timeout, "seed", (json_int_t)p->seed, "cells", cells);
  if (canary)
    json_object_set_new(json, "canary", canary);
  json_t *programs = given_programs(p);
  if (programs)
    json_object_set_new(json, "programs", programs);
  if (p->targets_count)
    json_object_set_new(json, "targets", targets_to_json(p));
  if (p->table)
    json_object_set_new(json, "table", json_string(p->table));
  if (p->until_ci > 0)
    json_object_set_new(json, "until_ci", json_real(p->until_ci));
  if (p->rounds)
    json_object_set_new(json, "rounds", json_string(round_set_text(p->rounds)));
  if (p->exercise)
    json_object_set_new(json, "exercise",
                        json_integer((json_int_t)p->exercise));
  if (p->budget > 0)
    json_object_set_new(json, "budget", json_real(p->budget));
  for (size_t i = 0; i < AROUND; i++)
    if (*around_of((plan *)p, i))
      json_object_set_new(json, around_keys[i],
                          json_string(*around_of((plan *)p, i)));
  return json;
}

/* ------------------------------------------------------------------------- *
 * Reading.
 * ------------------------------------------------------------------------- */

static bool target_from_json(const json_t *json, plan *out) {
  const char *name, *what, *metric, *cell, *over = NULL, *over_metric = NULL;
  const char *by_hand = NULL;
  plan_target t = {.floor = json_object_get(json, "floor") != NULL};
  if (json_unpack((json_t *)json,
                  "{s:s, s:s, s:s, s:s, s:F, s?s, s?s, s?s, s?F, s?F}", "name",
                  &name, "what", &what, "metric", &metric, "cell", &cell,
                  "gate", &t.gate, "over", &over, "over_metric", &over_metric,
                  "by_hand", &by_hand, "stretch", &t.stretch, "rss", &t.rss))
    return false;
  t.name = arena_text("%s", name);
  t.what = arena_text("%s", what);
  t.metric = arena_text("%s", metric);
  t.cell = arena_text("%s", cell);
  t.over = over ? arena_text("%s", over) : NULL;
  t.over_metric = over_metric ? arena_text("%s", over_metric) : NULL;
  t.by_hand = by_hand ? arena_text("%s", by_hand) : NULL;
  out->targets = arena_more(out->targets, out->targets_count, sizeof t);
  out->targets[out->targets_count++] = t;
  return true;
}

/* The program of a recorded cell: if it was given by its path, that one only.
 */
static const collector *recorded_program(const collectors *all,
                                         const json_t *programs,
                                         const char *name) {
  const char *path = json_string_value(json_object_get(programs, name));
  if (!path)
    return discover_find(all, name);
  const collector *c = discover_given(all, path);
  return c && !c->trouble ? c : NULL;
}

static bool cell_from_json(const json_t *json, const collectors *all,
                           const json_t *programs, bool canary, plan *out) {
  const char *id, *workload, *with, *heap, *missing = NULL;
  int untimed = 0, turns = 0;
  json_int_t threads, limit = 0;
  if (json_unpack((json_t *)json,
                  "{s:s, s:s, s:s, s:s, s:I, s?s, s?I, s?b, s?b}", "cell", &id,
                  "workload", &workload, "collector", &with, "heap", &heap,
                  "threads", &threads, "n/a", &missing, "limit", &limit,
                  "untimed", &untimed, "turns", &turns) ||
      threads < 1 || threads > THREADS_MAX)
    return false;
  plan_cell c = {.id = arena_text("%s", id),
                 .threads = (unsigned)threads,
                 .missing = missing ? arena_text("%s", missing) : NULL,
                 .canary = canary,
                 .reference = json_object_get(json, "kind") != NULL,
                 .turns = turns != 0,
                 .untimed = untimed != 0};
  if (spec_parse(workload, &c.workload) || spec_parse(with, &c.options) ||
      !heap_size_read(arena_text("%s", heap), &c.heap))
    return false;
  if (c.heap.kind == HEAP_OF_MINIMUM)
    c.heap.bytes = (uint64_t)limit;
  c.program = recorded_program(all, programs, c.options.name);
  plan_add_cell(out, c);
  return true;
}

static bool rounds_from_json(const json_t *json, plan *out) {
  const char *text = json_string_value(json);
  round_set *s = arena_take(sizeof *s);
  out->rounds = s;
  return text && round_set_read(s, text) && s->last <= out->invocations;
}

word_list plan_programs(const json_t *json) {
  word_list paths = {0};
  const char *name;
  json_t *path;
  json_object_foreach(json_object_get((json_t *)json, "programs"), name, path) {
    if (json_is_string(path))
      word_list_add(&paths, arena_text("%s", json_string_value(path)));
  }
  return paths;
}

bool plan_from_json(const json_t *json, const collectors *all, plan *out) {
  json_int_t schema, invocations, seed;
  json_t *cells, *cell;
  const char *name;
  *out = (plan){0};
  if (json_unpack((json_t *)json, "{s:I, s:s, s:I, s:F, s:I, s:o}", "schema",
                  &schema, "suite", &name, "invocations", &invocations,
                  "timeout", &out->timeout, "seed", &seed, "cells", &cells) ||
      schema != 1 || invocations < 1 || invocations > PLAN_MOST_INVOCATIONS)
    return false;
  out->suite = arena_text("%s", name);
  out->invocations = (unsigned)invocations;
  out->seed = (uint64_t)seed;
  out->until_ci = json_real_value(json_object_get(json, "until_ci"));
  out->exercise =
      (uint64_t)json_integer_value(json_object_get(json, "exercise"));
  out->budget = json_real_value(json_object_get(json, "budget"));
  const json_t *rounds = json_object_get(json, "rounds");
  if (rounds && !rounds_from_json(rounds, out))
    return false;
  size_t i;
  for (i = 0; i < AROUND; i++) {
    const char *text = json_string_value(json_object_get(json, around_keys[i]));
    *around_of(out, i) = text ? arena_text("%s", text) : NULL;
  }
  const json_t *programs = json_object_get(json, "programs");
  json_array_foreach(cells, i, cell) {
    if (!cell_from_json(cell, all, programs, false, out))
      return false;
  }
  const json_t *canary = json_object_get(json, "canary");
  if (canary && !cell_from_json(canary, all, programs, true, out))
    return false;
  json_t *target;
  json_array_foreach(json_object_get(json, "targets"), i, target) {
    if (!target_from_json(target, out))
      return false;
  }
  const char *table = json_string_value(json_object_get(json, "table"));
  out->table = table ? arena_text("%s", table) : NULL;
  plan_order(out);
  return true;
}

/* ------------------------------------------------------------------------- *
 * Comparing.
 * ------------------------------------------------------------------------- */

const char *plan_difference(const json_t *recorded, const json_t *wanted) {
  static const char *const keys[] = {
      "suite",  "invocations", "rounds",    "timeout", "seed",
      "canary", "until_ci",    "budget",    "targets", "table",
      "pin",    "wrap",        "latencies", "programs"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const json_t *then = json_object_get(recorded, keys[i]);
    const json_t *now = json_object_get(wanted, keys[i]);
    if (then == now || json_equal(then, now)) /* neither has it, or the same */
      continue;
    char *a = then ? json_dumps(then, JSON_ENCODE_ANY) : NULL;
    char *b = now ? json_dumps(now, JSON_ENCODE_ANY) : NULL;
    const char *text = arena_text("its %s is %s, not %s", keys[i],
                                  a ? a : "not set", b ? b : "not set");
    free(a);
    free(b);
    return text;
  }
  const json_t *then = json_object_get(recorded, "cells");
  const json_t *now = json_object_get(wanted, "cells");
  if (json_equal(then, now))
    return NULL;
  if (json_array_size(then) != json_array_size(now))
    return arena_text("it has %zu cells, not %zu", json_array_size(then),
                      json_array_size(now));
  for (size_t i = 0; i < json_array_size(now); i++) {
    const json_t *a = json_array_get(then, i), *b = json_array_get(now, i);
    if (!json_equal(a, b))
      return arena_text("its cell %s is now %s",
                        json_string_value(json_object_get(a, "cell")),
                        json_string_value(json_object_get(b, "cell")));
  }
  return NULL;
}
