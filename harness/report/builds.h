/* builds.h: how the programs of a report were compiled, and which of them
 * otherwise than the rest. */
#ifndef REAPMARK_REPORT_BUILDS_H
#define REAPMARK_REPORT_BUILDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One program: what its records say. */
typedef struct report_build {
  const char *collector;
  const char *text;    /* build_text (harness/record/build.h) */
  const char *id;      /* the hash of the program; "" if it is not told */
  const char *runtime; /* of an adapter, with its version; "" if it has none */
  bool changed;        /* the first by which the collector is known to differ */
} report_build;

/* In the order in which they were met, each once.  In the arena, but for what
 * builds_free releases. */
typedef struct report_builds {
  report_build *items;
  size_t count;
  json_t *met; /* by collector, its programs */
} report_builds;

void builds_free(report_builds *all);

/* Adds the program that made this record, or that describes itself so. */
void builds_add(report_builds *all, const char *collector, const json_t *build);

/* One line that names the programs that were compiled otherwise than the
 * driver, whose build is in machine.json (NULL: than the first program whose
 * build is known), and those that changed between two runs; of many the first
 * ones.  NULL if there are none. */
const char *builds_text(const report_builds *all, const json_t *driver);

/* One line that names those that do not tell, as records of earlier versions do
 * not; or NULL. */
const char *builds_unknown(const report_builds *all);

/* "Runtimes: cpython CPython 3.13.5.", or NULL if there are none. */
const char *builds_runtimes(const report_builds *all);

/* All of them: [{"collector": ..., "build": ..., "id": ...}, ...], new. */
json_t *builds_json(const report_builds *all);

#endif
