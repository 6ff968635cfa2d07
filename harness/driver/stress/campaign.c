/* campaign.c: many episodes, each of them logged. */
#include "campaign.h"
#include "failure.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/driver/live/live.h"
#include "harness/record/record.h"
#include "harness/record/results.h"

#include <string.h>
#include <unistd.h>

#define LOG "episodes.jsonl"

/* A sweep stops after SWEEP_MOST places: an episode may have very many.  No
 * episode has fewer operations than OPERATIONS_LEAST. */
enum { SWEEP_MOST = 2000, OPERATIONS_LEAST = 5000 };

/* An episode that runs. */
typedef struct running {
  episode episode;
  const char *key;
  spawn_child *child; /* NULL: the place is free */
} running;

/* ------------------------------------------------------------------------- *
 * The directory.
 * ------------------------------------------------------------------------- */

static json_t *settings_of(const campaign *c) {
  json_t *names = json_array();
  for (size_t i = 0; i < c->names.count; i++)
    json_array_append_new(names, json_string(c->names.words[i]));
  return json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:o}", "schema", 1,
                   "workload", spec_text(&c->workload), "operations",
                   (json_int_t)c->operations, "seeds", (json_int_t)c->seeds,
                   "first_seed", (json_int_t)c->first_seed, "threads",
                   (json_int_t)c->threads, "sweep", (json_int_t)c->sweep,
                   "timeout", c->timeout, "names", names);
}

/* Whether the settings are those that the directory was begun with; says so if
 * they are not. */
static bool check_settings(const campaign *c, const char *dir) {
  char why[256];
  json_t *then = results_read_json(dir, "stress.json", why, sizeof why);
  json_t *now = settings_of(c);
  const char *name, *different = NULL;
  json_t *value;
  if (!then)
    say("%s", why);
  else
    json_object_foreach(now, name, value) {
      if (!json_equal(value, json_object_get(then, name)))
        different = name;
    }
  if (different)
    say("%s was begun with other settings: '%s' differs; give the same, or "
        "another --out DIR",
        dir, different);
  bool good = then && !different;
  json_decref(then);
  json_decref(now);
  return good;
}

static bool take_entry(void *data, const json_t *entry) {
  campaign *c = data;
  const char *key = entry_text(entry, "key");
  if (!*key || !*entry_text(entry, "result"))
    return false;
  c->spent += (double)entry_number(entry, "elapsed") / 1e9;
  unsigned kept = (unsigned)entry_number(entry, "failure");
  if (kept > c->failures)
    c->failures = kept;
  return !json_object_set(c->entries, key, (json_t *)entry);
}

bool campaign_open(campaign *c, const char *dir, bool resume) {
  results_state found;
  char why[256];
  c->entries = json_object();
  c->running = arena_take(c->jobs * sizeof *c->running);
  if (!runlog_open(&c->log, dir))
    return false;
  bool begun = !access(arena_text("%s/stress.json", dir), F_OK);
  if (begun && !resume) {
    say("%s has episodes already; go on with --resume, or take another --out "
        "DIR",
        dir);
    return false;
  }
  if (begun && !check_settings(c, dir))
    return false;
  if (!results_read_lines(dir, LOG, take_entry, c, &found, why, sizeof why)) {
    say("%s", why);
    return false;
  }
  if (found.cut_short)
    say("%s/" LOG ": the last line is cut short and was ignored", dir);
  if (found.damaged)
    say("%s/" LOG ":%zu: not an episode; %zu such line%s passed over", dir,
        found.first_damaged, found.damaged, found.damaged == 1 ? "" : "s");
  json_t *settings = settings_of(c);
  bool good = begun || runlog_write(&c->log, "stress.json", settings);
  json_decref(settings);
  return good && runlog_begin(&c->log, LOG, found.whole);
}

void campaign_close(campaign *c) {
  if (c->log.dir)
    runlog_close(&c->log);
  json_decref(c->entries);
  c->entries = NULL;
}

/* ------------------------------------------------------------------------- *
 * Episodes.
 * ------------------------------------------------------------------------- */

const json_t *campaign_entry(campaign *c, const episode *e) {
  const char *key = episode_key(e);
  const json_t *old = json_object_get(c->entries, key);
  running *place = NULL;
  if (old || c->end)
    return old;
  for (size_t i = 0; i < c->jobs; i++) {
    running *r = &c->running[i];
    if (!r->child)
      place = r;
    else if (!strcmp(r->key, key))
      return NULL;
  }
  if (!place)
    return NULL;
  if (c->time > 0 && c->spent / (double)c->jobs >= c->time)
    c->end = OUT_OF_TIME;
  else
    *place = (running){*e, key, episode_begin(e, NULL)};
  return NULL;
}

bool campaign_is_busy(const campaign *c) {
  for (size_t i = 0; i < c->jobs; i++)
    if (!c->running[i].child)
      return false;
  return true;
}

/* The worst is a fault, and among faults the first. */
static void show_entry(const running *r, const json_t *entry) {
  const char *result = entry_text(entry, "result");
  live_verdict(result, entry_failed(entry));
  if (entry_failed(entry))
    live_worst(strcmp(result, "failed") ? 0 : 1, "%s: %s, %s, seed %ju", result,
               r->episode.subject->name, r->episode.condition->name,
               (uintmax_t)r->episode.seed);
}

/* Logs the entry of an episode; NULL: the user interrupted. */
static void take(campaign *c, const running *r, json_t *entry,
                 const char *errors) {
  if (entry && c->keeps && !strcmp(entry_text(entry, "result"), "failed")) {
    json_object_set_new(entry, "failure", json_integer(++c->failures));
    if (!failure_keep(c, &r->episode, entry, errors)) {
      json_decref(entry);
      entry = NULL;
    }
  }
  if (!entry) {
    c->end = spawn_interrupted() ? INTERRUPTED : BROKEN;
    return;
  }
  show_entry(r, entry);
  int error = runlog_append(&c->log, entry);
  c->spent += (double)entry_number(entry, "elapsed") / 1e9;
  json_object_set_new(c->entries, r->key, entry);
  if (error) {
    say("%s/" LOG ": %s", c->log.dir, strerror(error));
    c->end = BROKEN;
  }
}

/* Shows what runs: the first of the episodes by name. */
static void show_running(const campaign *c) {
  const running *first = NULL;
  size_t n = 0;
  for (size_t i = 0; i < c->jobs; i++) {
    const running *r = &c->running[i];
    first = r->child && !first ? r : first;
    n += r->child != NULL;
  }
  if (first)
    live_now("%zu at a time: %s, %s, seed %ju", n, first->episode.subject->name,
             first->episode.condition->name, (uintmax_t)first->episode.seed);
  live_draw_seldom();
}

bool campaign_wait(campaign *c) {
  show_running(c);
  spawn_child *child = spawn_wait();
  for (size_t i = 0; i < c->jobs && child; i++) {
    running *r = &c->running[i];
    if (r->child != child)
      continue;
    const char *errors = "";
    json_t *entry = episode_take(&r->episode, child, &errors);
    r->child = NULL;
    take(c, r, entry, errors);
    return true;
  }
  return false;
}

void trial_add(trial *of, const json_t *entry) {
  tally *t = &of->tally;
  of->entries = arena_more(of->entries, of->step, sizeof *of->entries);
  of->entries[of->step++] = entry;
  uint64_t operations = entry_number(entry, "operations");
  t->episodes++;
  t->operations += operations ? operations : entry_number(entry, "operation");
  t->collections += entry_number(entry, "collections");
  t->fired += entry_number(entry, "fired");
  t->allocated += entry_number(entry, "allocated");
  t->elapsed += entry_number(entry, "elapsed");
  t->scarce += !strcmp(entry_text(entry, "verdict"), "OOM");
  if (entry_failed(entry) && !t->fault)
    t->fault = entry;
}

/* Tries one place after the other, until the condition no longer comes about.
 */
static bool sweep(campaign *c, episode *e, trial *of) {
  tally *t = &of->tally;
  for (e->place = of->step + 1; e->place <= SWEEP_MOST && !t->fault;
       e->place++) {
    const json_t *entry = campaign_entry(c, e);
    if (!entry)
      return false;
    bool fired = entry_number(entry, "fired") > 0;
    if (!fired && !entry_failed(entry) && e->place > 1)
      return true;
    trial_add(of, entry);
    t->places += fired;
    if (!fired && !entry_failed(entry)) {
      t->missing = "it never comes about";
      return true;
    }
  }
  t->cut = !t->fault;
  return true;
}

trial campaign_trial(const campaign *c, const subject *s,
                     const condition *under, uint64_t seed) {
  uint64_t shares = 0;
  for (size_t i = 0; i < s->conditions.count; i++)
    if (!condition_missing(s->conditions.items[i], s->program))
      shares += s->conditions.items[i]->share;
  return (trial){.subject = s,
                 .under = under,
                 .seed = seed,
                 .ordinary =
                     shares ? c->operations * 100 / (shares * c->seeds) : 0};
}

/* Mutator threads of an episode: for half of all pairs of condition and seed
 * two instead of those that were asked for, since two threads meet at other
 * places than many do.  Conditions with a heap limit have as many as the
 * episode that the limit follows from. */
static unsigned threads_of(const campaign *c, const trial *t) {
  if (t->under->one_thread || !collector_can(t->subject->program, "threads"))
    return 1;
  if (t->under->run) /* may have the same episodes for all seeds */
    return (unsigned)c->threads;
  uint64_t sum = t->seed;
  for (const char *p = t->under->heap ? condition_peak.name : t->under->name;
       *p; p++)
    sum += (unsigned char)*p;
  return (unsigned)(sum % 2 && c->threads > 2 ? 2 : c->threads);
}

episode campaign_episode(const campaign *c, const trial *t) {
  uint64_t operations = t->ordinary * t->under->share / 100;
  return (episode){.subject = t->subject,
                   .condition = t->under,
                   .workload = &c->workload,
                   .variant = t->variant,
                   .operations = operations < OPERATIONS_LEAST
                                     ? OPERATIONS_LEAST
                                     : operations,
                   .seed = t->seed,
                   .oracle = t->oracle,
                   .threads = threads_of(c, t),
                   .timeout = c->timeout};
}

/* Sets the limit that follows from the footprint of an episode without a limit,
 * and without the seeded bug, which may be a leak.  If that episode failed, the
 * trial has failed.  False if the trial has to wait. */
static bool limit_heap(campaign *c, trial *t, episode *e) {
  trial unlimited = *t;
  unlimited.under = &condition_peak;
  unlimited.oracle = NULL;
  if (t->subject->sound)
    unlimited.subject = t->subject->sound;
  const episode first = campaign_episode(c, &unlimited);
  const json_t *entry = campaign_entry(c, &first);
  if (!entry)
    return false;
  if (entry_failed(entry))
    trial_add(t, entry);
  e->heap = entry_number(entry, t->under->live ? "live" : "footprint") *
            t->under->heap / 100;
  return true;
}

/* Whether a condition comes about may depend on what the random mutator happens
 * to do: an episode that proves nothing is followed by up to so many others of
 * the same condition.  Where the collector's own allocations fail, half of all
 * episodes may end at once. */
enum { AGAIN_MOST = 9 };

/* One episode, and others if it proves nothing; the last one counts. */
static bool run_until_proof(campaign *c, trial *t, episode e) {
  const char *variant = e.variant;
  for (unsigned again = 0;; again++) {
    const json_t *entry = campaign_entry(c, &e);
    if (!entry)
      return false;
    bool last = again == AGAIN_MOST ||
                strcmp(entry_text(entry, "result"), "vacuous") != 0;
    if (again == t->step) {
      trial_add(t, entry);
      if (!last)
        t->tally.fault = NULL;
    }
    if (last)
      return true;
    e.seed += 1000;
    e.variant = arena_text("%s%sagain-%u", variant ? variant : "",
                           variant ? "-" : "", again + 1);
  }
}

/* One episode, or a sweep. */
static bool run(campaign *c, trial *t) {
  const condition *under = t->under;
  episode e = campaign_episode(c, t);
  if (under->sweep) {
    e.operations = c->sweep;
    return sweep(c, &e, t);
  }
  if (under->heap) {
    if (!limit_heap(c, t, &e))
      return false;
    if (t->tally.fault)
      return true;
  }
  return run_until_proof(c, t, e);
}

bool campaign_try(campaign *c, trial *t) {
  if (!t->ended) {
    t->tally.missing = condition_missing(t->under, t->subject->program);
    t->ended = t->tally.missing || (t->under->run ? t->under->run : run)(c, t);
  }
  return t->ended;
}
