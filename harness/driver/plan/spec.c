/* spec.c: parsing and checking of what users write to name things. */
#include "spec.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char *spec_parse(const char *text, spec *out) {
  size_t length = strcspn(text, ":");
  *out = (spec){arena_text("%.*s", (int)length, text), NULL, 0};
  if (!length)
    return arena_text("'%s' has no name", text);
  if (strpbrk(out->name, "/#= \t")) /* they would make keys ambiguous */
    return arena_text("'%s' is not a name", out->name);
  if (!text[length])
    return NULL;
  for (const char *p = text + length; *p;) {
    p++; /* ':' or ',' */
    size_t n = strcspn(p, ",");
    const char *piece = arena_text("%.*s", (int)n, p);
    const char *equals = strchr(piece, '=');
    if (!equals || equals == piece || !equals[1] || strpbrk(piece, "/# \t"))
      return arena_text("'%s': '%s' is not KEY=VALUE", text, piece);
    const char *key = arena_text("%.*s", (int)(equals - piece), piece);
    if (spec_value(out, key))
      return arena_text("'%s': '%s' is set twice", text, key);
    spec_set(out, key, equals + 1);
    p += n;
  }
  return NULL;
}

const char *spec_text(const spec *s) {
  const char *text = s->name;
  for (size_t i = 0; i < s->count; i++)
    text = arena_text("%s%c%s=%s", text, i ? ',' : ':', s->settings[i].key,
                      s->settings[i].value);
  return text;
}

const char *spec_value(const spec *s, const char *key) {
  for (size_t i = 0; i < s->count; i++)
    if (!strcmp(s->settings[i].key, key))
      return s->settings[i].value;
  return NULL;
}

void spec_set(spec *s, const char *key, const char *value) {
  for (size_t i = 0; i < s->count; i++)
    if (!strcmp(s->settings[i].key, key)) {
      s->settings[i].value = value;
      return;
    }
  s->settings = arena_more(s->settings, s->count, sizeof *s->settings);
  s->settings[s->count++] = (struct spec_setting){key, value};
}

void word_list_add(word_list *list, const char *word) {
  list->words = arena_more(list->words, list->count, sizeof *list->words);
  list->words[list->count++] = word;
}

bool word_list_has(const word_list *list, const char *word) {
  for (size_t i = 0; i < list->count; i++)
    if (!strcmp(list->words[i], word))
      return true;
  return false;
}

word_list spec_split(const char *text) {
  word_list list = {0};
  for (const char *p = text;; p++) {
    size_t n = strcspn(p, ",");
    const char *piece = arena_text("%.*s", (int)n, p);
    const char *equals = strchr(piece, '='), *colon = strchr(piece, ':');
    if (list.count && equals && (!colon || colon > equals)) {
      const char **last = &list.words[list.count - 1];
      *last = arena_text("%s,%s", *last, piece);
    } else {
      word_list_add(&list, piece);
    }
    p += n;
    if (!*p)
      return list;
  }
}

static const char *check_value(const char *value, const json_t *described) {
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

const char *spec_check(spec *s, const json_t *described, const char *kind) {
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

const char *spec_check_heap(const char *text) {
  uint64_t bytes;
  char *end;
  if (!strcmp(text, "none") || (words_number(text, &bytes) && bytes))
    return NULL;
  if (text[0] >= '0' && text[0] <= '9') {
    double multiple = strtod(text, &end);
    if (!strcmp(end, "x") && isfinite(multiple) && multiple > 0)
      return NULL;
  }
  return arena_text("heap size '%s' is neither bytes such as 64M, nor a "
                    "multiple such as 1.5x, nor none",
                    text);
}
