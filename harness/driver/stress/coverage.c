/* coverage.c: see coverage.h. */
#include "coverage.h"
#include "episode.h"
#include "harness/base/arena.h"

coverage coverage_of(const collector *of) {
  const json_t *declared = json_object_get(of->about, "events");
  coverage v = {.pairs = json_object()};
  size_t i;
  json_t *name;
  json_array_foreach(declared, i, name) {
    v.events = arena_more(v.events, v.events_count, sizeof *v.events);
    v.events[v.events_count++] = (event){.name = json_string_value(name)};
  }
  return v;
}

void coverage_add(coverage *v, const json_t *entry) {
  const json_t *events = json_object_get(entry, "events");
  for (size_t i = 0; i < v->events_count; i++) {
    event *e = &v->events[i];
    uint64_t count = entry_number(events, e->name);
    if (count && !e->first)
      e->first = entry_text(entry, "condition");
    e->count += count;
  }
  const size_t before = coverage_pairs(v);
  size_t i;
  json_t *pair;
  json_array_foreach(json_object_get(entry, "pairs"), i, pair) {
    if (json_is_string(pair))
      json_object_set_new(v->pairs, json_string_value(pair), json_true());
  }
  const size_t added = coverage_pairs(v) - before;
  if (!added)
    return;
  v->leads = arena_more(v->leads, v->leads_count, sizeof *v->leads);
  v->leads[v->leads_count++] =
      (lead){.seed = entry_number(entry, "seed"), .added = added};
}

const lead *coverage_follow(coverage *v) {
  lead *best = NULL;
  for (size_t i = 0; i < v->leads_count; i++) {
    lead *l = &v->leads[i];
    if (!l->followed && (!best || l->added > best->added))
      best = l;
  }
  if (best)
    best->followed = true;
  return best;
}

size_t coverage_pairs(const coverage *v) {
  return json_object_size(v->pairs);
}

size_t coverage_reached(const coverage *v) {
  size_t n = 0;
  for (size_t i = 0; i < v->events_count; i++)
    n += v->events[i].count > 0;
  return n;
}
