/* violation.c: for workloads that compare the heap with a shadow heap at every
 * operation: it ends the run at the first difference, and keeps the run's
 * counts and its coverage. */
#include "cell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/record/record.h"

static struct {
  const char *name;
  uint64_t value;
} counts[160];
enum { COUNTS = sizeof counts / sizeof counts[0] };

void wl_count(wl_thread *t, const char *name, uint64_t n) {
  (void)t;
  for (size_t i = 0; i < COUNTS; i++)
    if (!counts[i].name || strcmp(counts[i].name, name) == 0) {
      counts[i].name = name;
      counts[i].value += n;
      return;
    }
  cell_die("too many counts for a record");
}

json_t *cell_counts(void) {
  if (!counts[0].name)
    return NULL;
  json_t *json = json_object();
  for (size_t i = 0; i < COUNTS && counts[i].name; i++)
    json_object_set_new(json, counts[i].name, record_integer(counts[i].value));
  return json;
}

static json_t *coverage;

void wl_covered(wl_thread *t, const wl_coverage *c) {
  (void)t;
  json_t *events = json_object(), *pairs = json_array();
  for (size_t i = 0; i < c->events; i++) {
    json_object_set_new(events, c->names[i], record_integer(c->counts[i]));
    for (size_t k = 0; k < c->events; k++)
      if (c->followers[i] >> k & 1)
        json_array_append_new(pairs,
                              json_sprintf("%s>%s", c->names[i], c->names[k]));
  }
  coverage =
      json_pack("{s:o,s:o,s:o}", "collections", record_integer(c->collections),
                "events", events, "pairs", pairs);
}

json_t *cell_coverage(void) {
  return coverage;
}

void wl_violation(wl_thread *t, const char *oracle, uint64_t operation,
                  const char *story) {
  (void)t;
  json_t *lines = json_array();
  for (const char *at = story; *at;) {
    size_t n = strcspn(at, "\n");
    json_array_append_new(lines, json_stringn(at, n));
    at += n + (at[n] == '\n');
  }
  cell_verdict v = {.status = CELL_WRONG};
  snprintf(v.reason, sizeof v.reason, "%s: %.*s", oracle,
           (int)strcspn(story, "\n"), story);
  cell_end(&v, json_pack("{s:s,s:o,s:o}", "oracle", oracle, "operation",
                         record_integer(operation), "story", lines));
}
