/* sizing.c: see sizing.h. */
#include "sizing.h"
#include "harness/base/arena.h"
#include "harness/driver/plan/volumes.h"
#include "harness/output/table.h"
#include "harness/record/record.h"

#include <string.h>

static const double NEAR = 0.95;

const char *sizing_volume(const collector *c, const spec *workload,
                          unsigned threads, volume *out) {
  const char *why;
  json_t *answer = volumes_ask(c, workload, threads, PLAN_SEED, &why);
  if (!answer)
    return why;
  out->live = (uint64_t)record_number(answer, "live");
  out->measured = (uint64_t)(record_number(answer, "allocated") -
                             record_number(answer, "set_up"));
  json_decref(answer);
  return NULL;
}

const json_t *sizing_param(const collector *c, const spec *workload,
                           const char *key) {
  const json_t *about = collector_workload(c, workload->name);
  size_t i;
  json_t *param;
  json_array_foreach(json_object_get(about, "params"), i, param) {
    if (!strcmp(record_text(param, "name"), key))
      return param;
  }
  return NULL;
}

/* What is being fitted. */
typedef struct fitting {
  const collector *collector;
  unsigned threads;
  uint64_t wanted;
  const char *why; /* the last value that is too large cannot be; or NULL */
} fitting;

/* Whether no more than what is wanted is alive with that value, which the
 * workload takes on. */
static bool fits(fitting *f, spec *workload, const char *key, uint64_t value) {
  volume v;
  *workload = spec_with(workload, key, arena_text("%ju", (uintmax_t)value));
  f->why = sizing_volume(f->collector, workload, f->threads, &v);
  return !f->why && v.live <= f->wanted;
}

/* Sets one parameter: bisection, keeping "low fits, high does not". */
static void fit_one(fitting *f, spec *workload, const char *key,
                    const json_t *param) {
  uint64_t low = (uint64_t)record_number(param, "min");
  uint64_t high = (uint64_t)record_number(param, "max");
  const char *why = NULL;
  if (!fits(f, workload, key, high)) {
    why = f->why;
    while (high - low > 1) {
      const uint64_t middle = low + (high - low) / 2;
      if (fits(f, workload, key, middle))
        low = middle;
      else {
        high = middle;
        why = f->why;
      }
    }
    fits(f, workload, key, low);
  }
  f->why = why;
}

static const char *size_text(uint64_t bytes) {
  return bytes < 1 << 20
             ? arena_text("%ju bytes", (uintmax_t)bytes)
             : arena_text("%s MiB", table_number(TABLE_BYTES, (double)bytes));
}

const char *sizing_fit(const collector *c, word_list keys, unsigned threads,
                       uint64_t wanted, spec *workload, uint64_t *live) {
  fitting f = {.collector = c, .threads = threads, .wanted = wanted};
  for (size_t i = 0; i < keys.count; i++) {
    const json_t *param = sizing_param(c, workload, keys.words[i]);
    if (!param || json_object_get(param, "choices"))
      return arena_text("%s has no parameter '%s' that is a number",
                        workload->name, keys.words[i]);
    fit_one(&f, workload, keys.words[i], param);
  }
  volume v;
  const char *wrong = sizing_volume(c, workload, threads, &v);
  if (wrong)
    return wrong;
  *live = v.live;
  if (v.live > wanted)
    return arena_text("%s has at least %s alive", workload->name,
                      size_text(v.live));
  if ((double)v.live < NEAR * (double)wanted)
    return f.why ? f.why
                 : arena_text("%s has at most %s alive", workload->name,
                              size_text(v.live));
  return NULL;
}
