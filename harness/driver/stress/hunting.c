/* hunting.c: see hunting.h. */
#include "hunting.h"
#include "harness/base/arena.h"

#include <string.h>

/* The heap of `scarcity`: some dozens of a collector's blocks, so that what one
 * block more or less holds does not matter, and a fill takes milliseconds. */
enum { SCARCE_HEAP = 2 << 20 };

/* Runs the program, with these parameters by default and those with each tight
 * setting, up to the first failure.  False if it has to wait for an episode. */
static bool hunt(campaign *c, trial *t, const char *run, const char *run_tight,
                 uint64_t heap, unsigned threads) {
  const collector *program = t->subject->program;
  const json_t *tight = json_object_get(program->about, "tight");
  const char *name = arena_text("%.*s", (int)strcspn(run, ":"), run);
  size_t seen = 0;
  t->tally.missing = collector_lacks(program, name);
  if (t->oracle || t->tally.missing) /* a comparison of the random mutator */
    return true;
  for (size_t i = 0; i <= json_array_size(tight) && !t->tally.fault; i++) {
    if (t->only && i + 1 != t->only)
      continue;
    episode e = campaign_episode(c, t);
    e.subject = subject_with(
        t->subject, i ? json_string_value(json_array_get(tight, i - 1)) : NULL);
    e.run = i ? run_tight : run;
    e.operations = 0;
    e.heap = heap;
    if (threads && e.threads > threads)
      e.threads = threads;
    const json_t *entry = campaign_entry(c, &e);
    if (!entry)
      return false;
    if (seen++ == t->step)
      trial_add(t, entry);
  }
  return true;
}

/* Where one stale word may keep a whole list, nothing follows from what a list
 * that was dropped leaves. */
bool hunting_scarcity(campaign *c, trial *t) {
  if (collector_can(t->subject->program, "conservative")) {
    t->tally.missing = "keeps what stale words refer to";
    return true;
  }
  const char *run = arena_text("scarcity:volume=%d", SCARCE_HEAP);
  return hunt(c, t, run, arena_text("%s,rounds=1", run), SCARCE_HEAP, 0);
}

/* Two threads, so that both have a processor on most machines. */
bool hunting_volleys(campaign *c, trial *t) {
  return hunt(c, t, "volleys", "volleys", 0, 2);
}
