/* spec.h: NAME:KEY=VALUE,..., which is how users name a workload with its
 * parameters or a collector with its options.  A value may be the path of a
 * file, without blanks, commas and '#'.  The driver and the collector
 * programs parse such words with this code; whether the names and values exist
 * is checked elsewhere.
 *
 * Texts and arrays live as long as the process (arena.h). */
#ifndef REAPMARK_SPEC_H
#define REAPMARK_SPEC_H

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

#endif
