/* races.c: see races.h. */
#include "races.h"
#include "harness/base/arena.h"

#include <string.h>

/* Rounds of each thread in each phase, and microseconds between interrupts. */
#define PARAMETERS "rounds=24,interrupt=60"

/* The workload that has the shape of the condition. */
static const char *workload_of(const condition *c) {
  return strcmp(c->name, "race-weak") ? "races" : "races-weak";
}

/* The condition with threads that lose the processor at the racy points, too,
 * where the collector has marked them. */
static const condition *with_yields(const condition *c) {
  condition *out = arena_take(sizeof *out);
  *out = *c;
  out->hostile = "yield=30";
  return out;
}

/* An episode with the default options, and one with each tight setting, in
 * which the parts of the collector that race run often; every second one has
 * two threads, which meet more often than many.  Only the latter lose
 * the processor at marked points, since a collector may take another way where
 * it has these. */
bool races_run(campaign *c, trial *t) {
  const collector *program = t->subject->program;
  const json_t *tight = json_object_get(program->about, "tight");
  const char *workload = workload_of(t->under);
  t->tally.missing = collector_lacks(program, workload);
  if (t->oracle || t->tally.missing) /* a comparison of the random mutator */
    return true;
  const condition *yields = with_yields(t->under);
  for (size_t i = 0; i <= json_array_size(tight) && !t->tally.fault; i++) {
    episode e = campaign_episode(c, t);
    if (i)
      e.condition = yields;
    if (i % 2)
      e.threads = 2;
    e.subject = subject_with(
        t->subject, i ? json_string_value(json_array_get(tight, i - 1)) : NULL);
    e.operations = 0;
    e.run =
        arena_text("%s:%s," PARAMETERS, workload, condition_params(t->under));
    const json_t *entry = campaign_entry(c, &e);
    if (!entry)
      return false;
    if (i == t->step)
      trial_add(t, entry);
  }
  return true;
}
