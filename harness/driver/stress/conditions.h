/* conditions.h: the hostile conditions that `reapmark stress` puts collectors
 * under, in one table. */
#ifndef REAPMARK_CONDITIONS_H
#define REAPMARK_CONDITIONS_H

#include "harness/base/spec.h"
#include "harness/driver/programs/discover.h"

#include <stdbool.h>
#include <stddef.h>

/* What a condition asks of a collector, bits; for others it is n/a. */
enum {
  NEEDS_THREADS = 1,
  NEEDS_LIMIT = 2,      /* honours a heap limit */
  NEEDS_FREEING = 4,    /* frees anything */
  NEEDS_TRAVERSING = 8, /* traces the heap, with mark stacks or lists */
  NEEDS_DEPTH = 16,     /* drops structures of any depth */
  NEEDS_TIGHT = 32,     /* declares tight settings */
  /* Declares the hook of this name (gc_hostile_hooks in gc.h). */
  NEEDS_POISON = 64,
  NEEDS_BUFFERS = 128,
  NEEDS_FAIL = 256,
  NEEDS_YIELD = 512,
};

struct campaign;
struct trial;

typedef struct condition {
  const char *name;
  const char *provokes; /* what it brings to light, one line */

  /* Of the collector program.  A condition that needs tight settings is one
   * condition for each of them, called NAME:SETTING; in the table it has none.
   */
  const char *setting;    /* OPTION=VALUE,... of the collector, or NULL */
  const char *hostile;    /* value of --hostile (in a sweep, the key alone), or
                             NULL */
  spec_setting params[4]; /* of the workload; the key after the last is NULL */
  unsigned heap;   /* heap limit, in percent of the footprint of the episode
                      condition_peak; 0: no limit */
  bool live;       /* the limit is in percent of its live bytes instead */
  bool one_thread; /* one mutator, even if the collector has threads */

  unsigned needs;
  const char *proof; /* path in the record (results/schema.md) of how often the
                        condition came about; NULL: the record does not say */
  bool uncertain;    /* a proof count of 0 is acceptable */
  unsigned share;    /* of operations, in percent of an ordinary condition's */
  bool sweep;  /* many short episodes with KEY=1, 2, ..., until the condition no
                  longer comes about: then every place was tried */
  bool scarce; /* running out of memory is no failure */
  bool races;  /* episodes of the same seed may differ */
  bool spread; /* each thread stays on a processor of its own */

  /* Runs the episodes, as campaign_try does (campaign.h).  NULL: one episode of
   * the random mutator, or a sweep. */
  bool (*run)(struct campaign *c, struct trial *t);
} condition;

extern const condition conditions[];
extern const size_t conditions_count;

/* Collects often and has no heap limit.  It is not in the table: an episode of
 * this condition precedes those with a heap limit, which follows from it. */
extern const condition condition_peak;

/* A list of conditions. */
typedef struct condition_list {
  const condition **items;
  size_t count;
} condition_list;
void condition_list_add(condition_list *list, const condition *c);

/* The condition of this name; for NAME:SETTING the one in the table.  NULL if
 * there is none. */
const condition *condition_find(const char *name);

/* The condition with a tight setting. */
const condition *condition_with(const condition *c, const char *setting);

/* The conditions that the chosen ones mean for a collector: those that need
 * tight settings once for each setting that it declares. */
condition_list condition_expand(const condition_list *chosen,
                                const collector *of);

/* The first part of its name: conditions of the same family differ in a number
 * or a setting only. */
const char *condition_family(const char *name);

/* Whether the collector declares this tight setting. */
bool condition_declares(const collector *of, const char *setting);

/* Its parameters of the workload as one writes them, KEY=VALUE,...; NULL if
 * there are none. */
const char *condition_params(const condition *c);

/* Why the collector cannot be put under the condition ("needs threads"), or
 * NULL. */
const char *condition_missing(const condition *c, const collector *of);

/* What the collector lacks of what the workload needs, as it is said of it;
 * NULL if it can run the workload. */
const char *collector_lacks(const collector *c, const char *workload);

#endif
