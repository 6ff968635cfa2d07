/* spec.h: what users write to name things: NAME:KEY=VALUE,..., lists of those,
 * and heap sizes. */
#ifndef REAPMARK_SPEC_H
#define REAPMARK_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* NAME:KEY=VALUE,...: a workload with parameters, or a collector with
 * options. */
typedef struct spec {
  const char *name;
  struct spec_setting {
    const char *key, *value;
  } * settings;
  size_t count;
} spec;

/* Returns NULL, or what is wrong with the text. */
const char *spec_parse(const char *text, spec *out);

/* The text that means this, the same for all ways to write it. */
const char *spec_text(const spec *s);

const char *spec_value(const spec *s, const char *key); /* NULL: not set */
void spec_set(spec *s, const char *key, const char *value);

/* Splits at commas.  A piece like KEY=VALUE belongs to the item before it, so
 * that "a:x=1,y=2,b" is two items. */
typedef struct word_list {
  const char **words;
  size_t count;
} word_list;
word_list spec_split(const char *text);
void word_list_add(word_list *list, const char *word);
bool word_list_has(const word_list *list, const char *word);

/* Checks the settings against their descriptions (`name`, and `min` and `max`
 * or `choices`), and puts them into the order of those.  `kind` is what they
 * are called in the message ("parameter").  Returns NULL, or what is wrong. */
const char *spec_check(spec *s, const json_t *described, const char *kind);

/* Returns NULL, or what is wrong with a heap size: `none`, bytes (64M), or a
 * multiple of what must be held (1.5x). */
const char *spec_check_heap(const char *text);

#endif
