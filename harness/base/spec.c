/* spec.c: see spec.h. */
#include "spec.h"
#include "arena.h"
#include "words.h"

#include <string.h>

/* Parses KEY=VALUE,... into `out`.  `whole` is the text for messages. */
static const char *parse_settings(const char *text, const char *whole,
                                  spec *out) {
  word_list pieces = words_pieces(text);
  for (size_t i = 0; i < pieces.count; i++) {
    const char *piece = pieces.words[i];
    const char *equals = strchr(piece, '=');
    if (!equals || equals == piece || !equals[1] || strchr(piece, '#'))
      return arena_text("'%s': '%s' is not KEY=VALUE", whole, piece);
    const char *key = arena_text("%.*s", (int)(equals - piece), piece);
    if (strchr(key, '/'))
      return arena_text("'%s': '%s' is not a key", whole, key);
    if (spec_value(out, key))
      return arena_text("'%s': '%s' is set twice", whole, key);
    spec_set(out, key, equals + 1);
  }
  return NULL;
}

const char *spec_parse(const char *text, spec *out) {
  size_t length = strcspn(text, ":");
  *out = (spec){arena_text("%.*s", (int)length, text), NULL, 0};
  if (!length)
    return arena_text("'%s' has no name", text);
  if (strpbrk(out->name, "/#= \t")) /* they would make keys ambiguous */
    return arena_text("'%s' is not a name", out->name);
  return text[length] ? parse_settings(text + length + 1, text, out) : NULL;
}

const char *spec_parse_settings(const char *text, spec *out) {
  *out = (spec){0};
  return parse_settings(text, text, out);
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
  s->settings[s->count++] = (spec_setting){key, value};
}

spec spec_with(const spec *s, const char *key, const char *value) {
  spec copy = {.name = s->name};
  for (size_t i = 0; i < s->count; i++)
    spec_set(&copy, s->settings[i].key, s->settings[i].value);
  spec_set(&copy, key, value);
  return copy;
}
