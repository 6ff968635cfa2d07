/* races.c: see races.h. */
#include "races.h"
#include "harness/base/arena.h"

#include <string.h>

/* Rounds of each thread in each phase, and stops of it within an operation. */
#define PARAMETERS "rounds=8,ambush=60"

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

/* Episodes at least. */
enum { EPISODES = 4 };

/* Episodes with the default options and with each tight setting, in which the
 * parts of the collector that race run often; some of each kind with two
 * threads, which meet more often than many, and some that lose the processor at
 * marked points, since a collector may take another way where it has these. */
bool races_run(campaign *c, trial *t) {
  const collector *program = t->subject->program;
  const json_t *tight = json_object_get(program->about, "tight");
  const char *workload = workload_of(t->under);
  t->tally.missing = collector_lacks(program, workload);
  if (t->oracle || t->tally.missing) /* a comparison of the random mutator */
    return true;
  const condition *yields = with_yields(t->under);
  const size_t settings = 1 + json_array_size(tight);
  const size_t n = settings < EPISODES ? EPISODES : settings;
  size_t seen = 0;
  for (size_t i = 0; i < n && !t->tally.fault; i++) {
    if (t->only && i + 1 != t->only)
      continue;
    const size_t k = i % settings;
    episode e = campaign_episode(c, t);
    e.variant = arena_text("%s%s%zu", t->variant ? t->variant : "",
                           t->variant ? "/" : "", i);
    if ((i + 1) / 2 % 2)
      e.condition = yields;
    if (i % 2)
      e.threads = 2;
    e.subject = subject_with(
        t->subject, k ? json_string_value(json_array_get(tight, k - 1)) : NULL);
    e.operations = 0;
    e.run =
        arena_text("%s:%s," PARAMETERS, workload, condition_params(t->under));
    const json_t *entry = campaign_entry(c, &e);
    if (!entry)
      return false;
    if (seen++ == t->step)
      trial_add(t, entry);
  }
  return true;
}
