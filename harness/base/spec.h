/* spec.h: NAME:KEY=VALUE,..., which is how users name a workload with its
 * parameters or a collector with its options, and lists of such words.  The
 * driver and the collector programs parse them with this code; whether the
 * names and values exist is checked elsewhere.
 *
 * Texts and arrays live as long as the process (arena.h). */
#ifndef REAPMARK_SPEC_H
#define REAPMARK_SPEC_H

#include <stdbool.h>
#include <stddef.h>

typedef struct spec_setting {
  const char *key, *value;
} spec_setting;

typedef struct spec {
  const char *name;
  spec_setting *settings;
  size_t count;
} spec;

/* Parses NAME or NAME:KEY=VALUE,....  Returns NULL, or what is wrong with the
 * text; then only `name` is set, to "" if there is none. */
const char *spec_parse(const char *text, spec *out);

/* Parses KEY=VALUE,... alone, and leaves the name NULL.  Returns NULL, or what
 * is wrong with the text. */
const char *spec_parse_settings(const char *text, spec *out);

/* The text that spec_parse would read as `s`. */
const char *spec_text(const spec *s);

/* The value of a key; NULL if the key is not set. */
const char *spec_value(const spec *s, const char *key);

/* Sets a key in place: other copies of the struct may share the array of
 * settings, and see the change.  Use spec_with to leave them alone. */
void spec_set(spec *s, const char *key, const char *value);

/* A copy of `s` in which `key` is set to `value`. */
spec spec_with(const spec *s, const char *key, const char *value);

typedef struct word_list {
  const char **words;
  size_t count;
} word_list;

/* Splits at commas.  A piece like KEY=VALUE belongs to the item before it, so
 * that "a:x=1,y=2,b" is two items. */
word_list spec_split(const char *text);
void word_list_add(word_list *list, const char *word);
bool word_list_has(const word_list *list, const char *word);

#endif
