/* resolve.h: from the words of users and suites to workloads, collectors and
 * their settings.  A word is parsed and checked here, once; what comes out is
 * passed on.
 *
 * Functions that return a text return NULL, or what is wrong with the word.
 * Texts and arrays live as long as the process. */
#ifndef REAPMARK_RESOLVE_H
#define REAPMARK_RESOLVE_H

#include "harness/base/spec.h"
#include "harness/driver/programs/discover.h"

/* A collector to run. */
typedef struct chosen {
  const collector *program; /* NULL: this build is without it */
  spec options;        /* its name, and the options that it is to be given */
  const char *missing; /* why there is no program, or NULL */
  bool by_group;       /* a member of a group, not named itself */
} chosen;

typedef struct chosen_list {
  chosen *items;
  size_t count;
} chosen_list;

void chosen_add(chosen_list *list, chosen c);

typedef struct spec_list {
  spec *items;
  size_t count;
} spec_list;

void spec_list_add(spec_list *list, spec s);

/* NAME[:KEY=VALUE,...]: a workload that some collector has.  Its parameters
 * come out in the order of their description. */
const char *resolve_workload(const collectors *all, const char *word,
                             spec *out);

/* The same for a workload whose word is parsed already. */
const char *resolve_parameters(const collectors *all, spec *workload);

/* What to make of a collector that is not found. */
typedef enum absence {
  ABSENT_WRONG,    /* a mistake */
  ABSENT_OPTIONAL, /* a mistake, unless the build is without it */
  ABSENT_FINE      /* no mistake */
} absence;

/* NAME[:OPTION=VALUE,...], or the path of a program that discover_collectors
 * was told of in place of the name: one collector. */
const char *resolve_collector(const collectors *all, const char *word,
                              absence absent, chosen *out);

/* Adds the collectors that a word means, which may be a group (`models`,
 * `references`, `all`), to the list. */
const char *resolve_collectors(const collectors *all, const char *word,
                               absence absent, chosen_list *out);

#endif
