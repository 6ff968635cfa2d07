/* discover.h: finds the collector programs and the suites. */
#ifndef REAPMARK_DISCOVER_H
#define REAPMARK_DISCOVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A program that was found where collectors are. */
typedef struct collector {
  const char *name; /* as it says; the file's name if it says nothing */
  const char *path;
  json_t *about;       /* its self-description (results/schema.md), or NULL */
  const char *trouble; /* why it cannot be used, or NULL */
} collector;

/* In the order of their names within a folder, the build's own first. */
typedef struct collectors {
  collector *items;
  size_t count;
} collectors;

/* Looks into the folder that belongs to this driver (collectors/ beside it, or
 * ../lib/reapmark/collectors where it is installed) and into those of
 * REAPMARK_PATH, and asks every program to describe itself.  What is odd is
 * said. */
collectors discover_collectors(void);

/* The programs with seeded bugs, in the folder mutants/ beside this driver. */
collectors discover_mutants(void);

/* The optional collectors that this build is without, and the packages that
 * they need: "bdwgc (package libgc-dev), ...", "" if none.  As arena_text. */
char *discover_not_built(void);

/* The package that this build lacks for an optional collector, or NULL if it is
 * none of those. */
const char *discover_package(const char *name);

/* A usable collector by name, or NULL. */
const collector *discover_find(const collectors *all, const char *name);

/* What to say of a name that is no collector's. */
const char *discover_unknown(const collectors *all, const char *name);

/* The description of a workload by the first collector that has it, or NULL;
 * and by this collector. */
const json_t *discover_workload(const collectors *all, const char *name);
const json_t *collector_workload(const collector *c, const char *name);

/* Of such a description: whether it needs a capability of its collector;
 * whether it can have several mutator threads, with one by default; and whether
 * it has any number of them other than one. */
bool workload_needs(const json_t *workload, const char *what);
bool workload_takes_threads(const json_t *workload);
bool workload_is_threaded(const json_t *workload);

/* All workloads that some collector has, as they describe them, new. */
json_t *discover_workloads(const collectors *all);

/* What it is in this suite: "model", "reference" or "diagnostic". */
const char *collector_kind(const collector *c);

/* Whether it is usable and measured where no collectors are named: a model. */
bool collector_is_measured(const collector *c);

/* Words that mean many collectors, `models`, `references` and `all` of both:
 * whether this is one of them, and whether it means this collector. */
bool discover_is_group(const char *word);
bool collector_is_in(const collector *c, const char *group);

/* Whether it declares a capability ("threads"). */
bool collector_can(const collector *c, const char *capability);

/* Calls `visit` for the name and path of every suite of this driver. */
void discover_suites(void (*visit)(void *data, const char *name,
                                   const char *path),
                     void *data);

/* The path of a suite given by name, or by path (it has a '/' or ends in
 * .yml).  NULL, and it was said, if there is none. */
const char *discover_suite(const char *name_or_path);

#endif
