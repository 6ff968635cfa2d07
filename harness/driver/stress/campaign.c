/* campaign.c: many episodes, each of them logged. */
#include "campaign.h"
#include "failure.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/record/record.h"
#include "harness/record/results.h"

#include <string.h>
#include <unistd.h>

#define LOG "episodes.jsonl"

/* A sweep stops after SWEEP_MOST places: an episode may have very many.  No
 * episode has fewer operations than OPERATIONS_LEAST. */
enum { SWEEP_MOST = 2000, OPERATIONS_LEAST = 5000 };

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
  const char *key = episode_key(e), *errors;
  const json_t *old = json_object_get(c->entries, key);
  if (old)
    return old;
  if (c->time > 0 && c->spent >= c->time) {
    c->end = OUT_OF_TIME;
    return NULL;
  }
  json_t *entry = episode_run(e, NULL, &errors);
  if (entry && c->keeps && !strcmp(entry_text(entry, "result"), "failed")) {
    json_object_set_new(entry, "failure", json_integer(++c->failures));
    if (!failure_keep(c, e, entry, errors)) {
      json_decref(entry);
      entry = NULL;
    }
  }
  if (!entry) {
    c->end = spawn_interrupted() ? INTERRUPTED : BROKEN;
    return NULL;
  }
  int error = runlog_append(&c->log, entry);
  c->spent += (double)entry_number(entry, "elapsed") / 1e9;
  json_object_set_new(c->entries, key, entry);
  if (!error)
    return entry;
  say("%s/" LOG ": %s", c->log.dir, strerror(error));
  c->end = BROKEN;
  return NULL;
}

void trial_add(trial *trial, const json_t *entry) {
  tally *t = &trial->tally;
  trial->step++;
  t->episodes++;
  t->operations += entry_number(entry, "operations");
  t->collections += entry_number(entry, "collections");
  t->fired += entry_number(entry, "fired");
  t->allocated += entry_number(entry, "allocated");
  t->elapsed += entry_number(entry, "elapsed");
  t->scarce += !strcmp(entry_text(entry, "verdict"), "OOM");
  if (entry_failed(entry) && !t->fault)
    t->fault = entry;
  if (!strcmp(entry_text(entry, "result"), "n/a"))
    t->missing = "its hooks are missing";
}

/* Tries one place after the other, until the condition no longer comes about.
 */
static bool sweep(campaign *c, episode *e, trial *trial) {
  tally *t = &trial->tally;
  for (e->place = trial->step + 1; e->place <= SWEEP_MOST && !t->fault;
       e->place++) {
    const json_t *entry = campaign_entry(c, e);
    if (!entry)
      return false;
    bool fired = entry_number(entry, "fired") > 0;
    if (!fired && !entry_failed(entry) && e->place > 1)
      return true;
    trial_add(trial, entry);
    t->places += fired;
    if (!fired && !entry_failed(entry)) {
      t->missing = "it never comes about";
      return true;
    }
  }
  t->cut = !t->fault;
  return true;
}

uint64_t campaign_ordinary(const campaign *c, const subject *s) {
  uint64_t shares = 0;
  for (size_t i = 0; i < c->conditions_count; i++)
    if (!condition_missing(c->conditions[i], s->program))
      shares += c->conditions[i]->share;
  return shares ? c->operations * 100 / (shares * c->seeds) : 0;
}

/* Operations of an episode under the condition. */
static uint64_t operations_under(const campaign *c, const subject *s,
                                 const condition *under) {
  uint64_t n = campaign_ordinary(c, s) * under->share / 100;
  return n < OPERATIONS_LEAST ? OPERATIONS_LEAST : n;
}

episode campaign_episode(const campaign *c, const trial *t) {
  const subject *s = t->subject;
  bool many = !t->under->one_thread && collector_can(s->program, "threads");
  return (episode){.subject = s,
                   .condition = t->under,
                   .workload = &c->workload,
                   .operations = operations_under(c, s, t->under),
                   .seed = t->seed,
                   .oracle = t->oracle,
                   .threads = many ? (unsigned)c->threads : 1,
                   .timeout = c->timeout,
                   .patience = c->patience};
}

/* Sets the limit that follows from the footprint; a footprint's episode that
 * failed fails the trial.  False if it has to wait. */
static bool limit_heap(campaign *c, trial *t, episode *e) {
  const condition *under = t->under;
  /* The limit follows from the collector without its seeded bug, which may be
   * a leak. */
  subject sound = *t->subject;
  if (sound.mutant)
    sound.name = sound.program->name, sound.mutant = NULL;
  episode first = *e;
  first.subject = &sound;
  first.condition = &condition_peak;
  first.operations = operations_under(c, t->subject, &condition_peak);
  first.oracle = NULL;
  const json_t *entry = campaign_entry(c, &first);
  if (!entry)
    return false;
  if (entry_failed(entry))
    trial_add(t, entry);
  e->heap = entry_number(entry, under->live ? "live" : "footprint") *
            under->heap / 100;
  return true;
}

bool campaign_try(campaign *c, trial *t) {
  const condition *under = t->under;
  t->tally.missing = condition_missing(under, t->subject->program);
  if (t->tally.missing)
    return true;
  if (under->run)
    return under->run(c, t);
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
  const json_t *entry = campaign_entry(c, &e);
  if (entry)
    trial_add(t, entry);
  return entry;
}
