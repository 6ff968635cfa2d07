/* lengthen.c: see lengthen.h. */
#include "lengthen.h"
#include "cell-run.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/record/exercised.h"
#include "harness/report/load.h"

#include <math.h>
#include <string.h>

static const double OF_TIMEOUT = 0.8, SLACK = 1.2;
enum { UNKNOWN = 8 }; /* grow by this factor while nothing was collected */

/* The parameter that is set, and what it may become. */
typedef struct length {
  const char *key; /* NULL: the workload cannot be made longer */
  uint64_t value, most;
} length;

static const json_t *find_param(const json_t *workload, const char *key) {
  size_t i;
  json_t *param;
  json_array_foreach(json_object_get(workload, "params"), i, param) {
    if (!strcmp(record_text(param, "name"), key))
      return param;
  }
  return NULL;
}

/* With a rate, requests last as long as the duration says. */
static length read_length(const plan_cell *c, const json_t *record) {
  const json_t *workload = collector_workload(c->program, c->workload.name);
  bool paced = record_number(record, "params.rate") > 0 &&
               record_number(record, "params.duration") > 0;
  const char *key = paced ? "duration" : record_text(workload, "longer");
  const json_t *param = find_param(workload, key);
  double now = record_number(record, arena_text("params.%s", key));
  if (!param || !(now > 0))
    return (length){0};
  return (length){arena_text("%s", key), (uint64_t)now,
                  (uint64_t)record_number(param, "max")};
}

static bool same_group(const plan_cell *a, const plan_cell *b) {
  return a->threads == b->threads && !strcmp(a->heap.text, b->heap.text) &&
         !strcmp(spec_text(&a->workload), spec_text(&b->workload));
}

/* Whether a cell has collections to be counted. */
static bool is_judged(const plan_cell *c) {
  return !c->missing && !c->canary && !c->untimed;
}

/* By what factor the run is to be longer; 1: it is long enough, or cannot be
 * longer. */
static double find_factor(const plan *p, const json_t *record,
                          unsigned collections, const char **short_of) {
  exercise e = record_exercise(record);
  verdict v = verdict_of_record(record);
  bool good = v == VERDICT_OK || v == VERDICT_LEAK_DECLARED;
  if (!good || e.state == EXERCISED_APART || !e.collects ||
      e.count >= collections)
    return 1;
  double wanted = e.count ? SLACK * collections / (double)e.count : UNKNOWN;
  double elapsed = record_number(record, "elapsed") / 1e9;
  double possible = OF_TIMEOUT * p->timeout / elapsed;
  if (possible >= SLACK)
    return fmin(wanted, possible);
  *short_of = arena_text("%ju of %u collections in the time limit of %g s",
                         (uintmax_t)e.count, collections, p->timeout);
  return 1;
}

/* Finds the length with which one cell collects often enough, from the length
 * that `workload` has; sets it there.  False if it was interrupted. */
static bool lengthen_cell(const plan *p, const plan_cell *c,
                          unsigned collections, spec *workload) {
  for (;;) {
    plan_cell longer = *c;
    longer.workload = *workload;
    json_t *record = run_cell(p, &longer, NULL, NULL);
    if (!record)
      return false;
    const char *short_of = NULL;
    double factor = find_factor(p, record, collections, &short_of);
    length l = read_length(c, record);
    json_decref(record);
    uint64_t next =
        (uint64_t)fmin(ceil((double)l.value * factor), (double)l.most);
    if (factor > 1 && (!l.key || next <= l.value))
      short_of = "its workload cannot be made longer";
    if (short_of)
      say("%s: %s", c->id, short_of);
    if (factor <= 1 || short_of)
      return true;
    *workload = spec_with(workload, l.key, arena_text("%ju", (uintmax_t)next));
  }
}

/* ------------------------------------------------------------------------- *
 * New identities.
 * ------------------------------------------------------------------------- */

/* The identity with another workload at its beginning. */
static const char *renamed(const char *id, const char *from, const char *to) {
  size_t n = strlen(from);
  return id && !strncmp(id, from, n) && id[n] == '/'
             ? arena_text("%s%s", to, id + n)
             : id;
}

/* The members of the group get the workload. */
static void take_length(plan *p, const bool *members, const spec *workload,
                        const char *from) {
  const char *to = spec_text(workload);
  for (size_t i = 0; i < p->cells_count; i++) {
    plan_cell *c = &p->cells[i];
    if (!members[i])
      continue;
    c->id = renamed(c->id, from, to);
    c->workload = *workload;
  }
}

bool plan_lengthen(plan *p, unsigned collections) {
  bool *done = arena_take(p->cells_count * sizeof *done);
  bool *members = arena_take(p->cells_count * sizeof *members);
  for (size_t i = 0; i < p->cells_count; i++) {
    if (done[i] || !is_judged(&p->cells[i]))
      continue;
    const plan_cell first = p->cells[i];
    spec workload = first.workload;
    const char *from = arena_text("%s", spec_text(&workload));
    for (size_t k = 0; k < p->cells_count; k++) {
      plan_cell *c = &p->cells[k];
      members[k] = !done[k] && !c->canary && same_group(&first, c);
      done[k] |= members[k];
      if (members[k] && is_judged(c) &&
          !lengthen_cell(p, c, collections, &workload))
        return false;
    }
    if (!strcmp(from, spec_text(&workload)))
      continue;
    say("%s becomes %s, heap %s", from, spec_text(&workload), first.heap.text);
    take_length(p, members, &workload, from);
  }
  return true;
}
