/* resolve.c: see resolve.h. */
#include "resolve.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"

#include <jansson.h>
#include <stdint.h>
#include <string.h>

void chosen_add(chosen_list *list, chosen c) {
  list->items = arena_more(list->items, list->count, sizeof c);
  list->items[list->count++] = c;
}

void spec_list_add(spec_list *list, spec s) {
  list->items = arena_more(list->items, list->count, sizeof s);
  list->items[list->count++] = s;
}

/* ------------------------------------------------------------------------- *
 * Settings, held against the descriptions of those that take them.
 * ------------------------------------------------------------------------- */

static const char *check_value(const char *value, const json_t *described) {
  if (json_is_true(json_object_get(described, "file")))
    return NULL; /* the collector programs look into it */
  const json_t *choices = json_object_get(described, "choices");
  if (choices) {
    candidates known = {0};
    size_t i;
    json_t *choice;
    json_array_foreach(choices, i, choice) {
      const char *name = json_string_value(choice);
      if (!strcmp(name, value))
        return NULL;
      candidates_add(&known, name);
    }
    return arena_text("'%s' is none of its choices%s", value,
                      suggest_any(value, &known));
  }
  uint64_t number;
  uint64_t min =
      (uint64_t)json_integer_value(json_object_get(described, "min"));
  uint64_t max =
      (uint64_t)json_integer_value(json_object_get(described, "max"));
  if (!words_number(value, &number) || number < min || number > max)
    return arena_text("'%s' is not a whole number from %ju to %ju", value,
                      (uintmax_t)min, (uintmax_t)max);
  return NULL;
}

/* Checks the settings against their descriptions (`name`, and `min` and `max`
 * or `choices`), and puts them into the order of those.  `kind` is the word for
 * a setting in messages: "parameter" or "option". */
static const char *check_settings(spec *s, const json_t *described,
                                  const char *kind) {
  spec ordered = {s->name, NULL, 0};
  candidates known = {0};
  size_t i;
  json_t *d;
  json_array_foreach(described, i, d) {
    const char *key = json_string_value(json_object_get(d, "name"));
    const char *value = spec_value(s, key);
    candidates_add(&known, key);
    if (!value)
      continue;
    const char *wrong = check_value(value, d);
    if (wrong)
      return arena_text("%s '%s' of %s: %s", kind, key, s->name, wrong);
    spec_set(&ordered, key, value);
  }
  for (i = 0; i < s->count; i++)
    if (!spec_value(&ordered, s->settings[i].key))
      return arena_text("%s has no %s '%s'%s", s->name, kind,
                        s->settings[i].key,
                        suggest_any(s->settings[i].key, &known));
  *s = ordered;
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Workloads.
 * ------------------------------------------------------------------------- */

static const char *unknown_workload(const collectors *all, const char *name) {
  candidates known = {0};
  size_t k;
  json_t *w;
  for (size_t i = 0; i < all->count; i++)
    if (!all->items[i].trouble)
      json_array_foreach(json_object_get(all->items[i].about, "workloads"), k,
                         w)
          candidates_add(&known, json_string_value(json_object_get(w, "name")));
  const char *hint = suggest(name, &known);
  return arena_text("unknown workload '%s'%s", name,
                    *hint ? hint : " ('reapmark list workloads' names all)");
}

const char *resolve_parameters(const collectors *all, spec *workload) {
  const json_t *described = discover_workload(all, workload->name);
  return described
             ? check_settings(workload, json_object_get(described, "params"),
                              "parameter")
             : unknown_workload(all, workload->name);
}

const char *resolve_workload(const collectors *all, const char *word,
                             spec *out) {
  const char *wrong = spec_parse(word, out);
  return wrong ? wrong : resolve_parameters(all, out);
}

/* ------------------------------------------------------------------------- *
 * Collectors.
 * ------------------------------------------------------------------------- */

/* A collector of this name is not there: returns what is wrong, or says in
 * out->missing why it cannot run. */
static const char *resolve_absent(const collectors *all, absence absent,
                                  chosen *out) {
  const char *name = out->options.name, *needs = discover_needs(name);
  if (absent == ABSENT_WRONG && needs)
    return arena_text("collector '%s' is not built: it needs %s", name, needs);
  if (absent != ABSENT_FINE && !needs)
    return discover_unknown(all, name);
  out->missing =
      needs ? arena_text("not built (needs %s)", needs) : "not built";
  return NULL;
}

/* Makes the word of a program that is given by its path one with the program's
 * name. */
static const char *resolve_path(const collectors *all, const char **word) {
  const char *path = discover_file(*word);
  if (!path)
    return NULL;
  const collector *c = discover_given(all, path);
  if (!c)
    return arena_text("'%s' is a path, and a name is wanted", path);
  if (c->trouble)
    return arena_text("'%s' is no collector that can be used: %s", path,
                      c->trouble);
  *word = arena_text("%s%s", c->name, *word + strlen(path));
  return NULL;
}

const char *resolve_collector(const collectors *all, const char *word,
                              absence absent, chosen *out) {
  *out = (chosen){0};
  const char *wrong = resolve_path(all, &word);
  if (!wrong)
    wrong = spec_parse(word, &out->options);
  if (wrong)
    return wrong;
  out->program = discover_find(all, out->options.name);
  if (!out->program)
    return resolve_absent(all, absent, out);
  return check_settings(
      &out->options, json_object_get(out->program->about, "options"), "option");
}

const char *resolve_collectors(const collectors *all, const char *word,
                               absence absent, chosen_list *out) {
  chosen one;
  if (!discover_is_group(word)) {
    const char *wrong = resolve_collector(all, word, absent, &one);
    if (!wrong)
      chosen_add(out, one);
    return wrong;
  }
  for (size_t i = 0; i < all->count; i++) {
    const collector *c = &all->items[i];
    if (collector_is_in(c, word))
      chosen_add(out, (chosen){.program = c,
                               .options = {.name = c->name},
                               .by_group = true});
  }
  return NULL;
}
