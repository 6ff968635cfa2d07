/* settling.c: see settling.h. */
#include "settling.h"
#include "harness/base/arena.h"
#include "harness/record/record.h"
#include "harness/stats/stability.h"

#include <string.h>

void settling_add(settling *s, const json_t *record, const char *path) {
  const char *said = record_text(record, path);
  s->runs += *said != 0;
  s->stable += !strcmp(said, stability_names[STABILITY_STABLE]);
  s->growing += !strcmp(said, stability_names[STABILITY_GROWING]);
}

const char *settling_text(const settling *s) {
  if (s->runs == 0)
    return NULL;
  size_t n = s->growing;
  stability_verdict v = STABILITY_GROWING;
  if (2 * n <= s->runs) {
    n = s->stable;
    v = STABILITY_STABLE;
  }
  if (2 * n <= s->runs) {
    n = s->runs - s->stable - s->growing;
    v = STABILITY_TOO_SHORT;
  }
  return n == s->runs
             ? stability_names[v]
             : arena_text("%s, %zu of %zu", stability_names[v], n, s->runs);
}
