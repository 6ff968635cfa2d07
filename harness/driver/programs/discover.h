/* discover.h: finds the collector programs and the suites. */
#ifndef REAPMARK_DISCOVER_H
#define REAPMARK_DISCOVER_H

#include "harness/base/spec.h"
#include "harness/base/words.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A program that was found where collectors are. */
typedef struct collector {
  const char *name; /* as it says; the file's name if it says nothing */
  const char *path;
  const char *given;   /* the path as the user gave it; NULL: it was found */
  json_t *about;       /* its self-description (results/schema.md), or NULL */
  const char *trouble; /* why it cannot be used, or NULL */
} collector;

/* In the order of their names within a folder, the build's own first; a program
 * that is used instead of one of these has its place. */
typedef struct collectors {
  collector *items;
  size_t count;
} collectors;

/* Takes over what a program says of itself, which is kept also if it is unfit.
 * Returns what is wrong with it, or NULL. */
const char *collector_read(collector *c, json_t *about);

/* Looks into the folder that belongs to this driver (collectors/ beside it, or
 * ../lib/reapmark/collectors where it is installed) and into those of
 * REAPMARK_PATH, and asks every program to describe itself.  So are the files
 * among the words that name collectors (discover_file); `words` may be NULL.
 * Of programs of one name a file wins over REAPMARK_PATH, and that over the
 * driver's own; which ones won was said.  Programs that cannot be used are in
 * the list with their trouble, which was said of those that were found. */
collectors discover_collectors(const word_list *words);

/* The path in a word PATH[:OPTION=VALUE,...], which has a '/' where other words
 * have a collector's name; NULL if the word has none. */
const char *discover_file(const char *word);

/* The program of this path, as given in a word or from the root, or NULL:
 * discover_collectors had no such word. */
const collector *discover_given(const collectors *all, const char *path);

/* The programs with seeded bugs, in the folder mutants/ beside this driver. */
collectors discover_mutants(void);

/* The optional collectors that this build is without, and what they need:
 * "bdwgc (needs package libgc-dev), ..."; "" if there are none.  As
 * arena_text. */
char *discover_not_built(void);

/* What this build lacks for an optional collector, such as "package libgc-dev",
 * or NULL if the name is not that of an optional collector which was left
 * out.  As arena_text. */
const char *discover_needs(const char *name);

/* A usable collector by name, or NULL. */
const collector *discover_find(const collectors *all, const char *name);

/* The message for a name that no collector has. */
const char *discover_unknown(const collectors *all, const char *name);

/* How a workload is described by the first collector that has it, or by this
 * collector; NULL if there is none. */
const json_t *discover_workload(const collectors *all, const char *name);
const json_t *collector_workload(const collector *c, const char *name);

/* Whether a workload, by its description, needs a capability of its collector
 * ("threads"). */
bool workload_needs(const json_t *workload, const char *capability);

/* The same for a workload with these parameters, some of which may need more.
 */
bool workload_needs_with(const json_t *workload, const spec *given,
                         const char *capability);

/* Whether it can have several mutator threads, but has one by default. */
bool workload_takes_threads(const json_t *workload);

/* Whether it can have several mutator threads at all. */
bool workload_is_threaded(const json_t *workload);

/* Whether it serves requests, at a rate that is a parameter. */
bool workload_has_rate(const json_t *workload);

/* The descriptions of all workloads that some collector has: a new array. */
json_t *discover_workloads(const collectors *all);

/* "model", "reference" (an adapter to a production runtime) or "diagnostic". */
const char *collector_kind(const collector *c);

/* Whether the collector is measured where no collectors are named: it is usable
 * and a model. */
bool collector_is_measured(const collector *c);

/* Whether a word means many collectors: `models`, `references`, or `all` of
 * both. */
bool discover_is_group(const char *word);

/* Whether such a word means this collector. */
bool collector_is_in(const collector *c, const char *group);

/* Whether the collector declares a capability ("threads"). */
bool collector_can(const collector *c, const char *capability);

/* Calls `visit` with the name and path of every suite of this driver. */
void discover_suites(void (*visit)(void *data, const char *name,
                                   const char *path),
                     void *data);

/* The path of a suite that is given by name, or by path (with a '/' or ending
 * in .yml).  NULL if there is none, which was said. */
const char *discover_suite(const char *name_or_path);

#endif
