/* identity.c: see identity.h. */
#include "identity.h"

#include <stdio.h>
#include <string.h>

const char *const identity_fields[IDENTITY_FIELDS] = {
    "architecture", "emulator",  "model", "family", "model_number",
    "stepping",     "microcode", "l1d",   "l2",     "l3"};

/* A machine that does not tell has "" or -1 there, and 0 for a cache. */
static bool is_known(const json_t *value, const char *field) {
  const bool cache = field[0] == 'l';
  return json_is_string(value)
             ? *json_string_value(value)
             : json_is_integer(value) && json_integer_value(value) >= cache;
}

static bool knows(const json_t *cpu, const char *field) {
  return is_known(json_object_get(cpu, field), field);
}

json_t *identity_of(const json_t *cpu) {
  json_t *known = json_object();
  for (size_t i = 0; i < IDENTITY_FIELDS; i++)
    if (knows(cpu, identity_fields[i]))
      json_object_set(known, identity_fields[i],
                      json_object_get(cpu, identity_fields[i]));
  return known;
}

const char *identity_text(const json_t *cpu, const char *field, char *out,
                          size_t room) {
  const json_t *value = json_object_get(cpu, field);
  if (!is_known(value, field))
    snprintf(out, room, "unknown");
  else if (json_is_string(value))
    snprintf(out, room, "%s", json_string_value(value));
  else
    snprintf(out, room, "%lld", (long long)json_integer_value(value));
  return out;
}

const char *identity_difference(const json_t *a, const json_t *b) {
  for (size_t i = 0; i < IDENTITY_FIELDS; i++) {
    const char *field = identity_fields[i];
    if (knows(a, field) && knows(b, field) &&
        !json_equal(json_object_get(a, field), json_object_get(b, field)))
      return field;
  }
  return NULL;
}

const char *identity_unknown(const json_t *a, const json_t *b) {
  for (size_t i = 0; i < IDENTITY_FIELDS; i++)
    if (knows(a, identity_fields[i]) != knows(b, identity_fields[i]))
      return identity_fields[i];
  return NULL;
}
