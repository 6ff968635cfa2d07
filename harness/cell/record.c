/* record.c: the record of a run.  It is composed in memory and written by one
 * loop, so that it is written whole or not at all.  Fields:
 * results/schema.md. */
#include "cell.h"

#include "common/hostile/hostile.h"
#include "harness/base/words.h"
#include "harness/record/record.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------------- *
 * The fields that identify a run.
 * ------------------------------------------------------------------------- */

/* A path may have bytes that are not UTF-8, which JSON cannot hold. */
static json_t *compose_path(const char *path) {
  char clean[PATH_MAX];
  if (!path)
    return json_string("");
  words_copy(clean, sizeof clean, path, strlen(path));
  return json_string(clean);
}

static json_t *compose_param(const wl_run *run, unsigned i) {
  const wl_param *p = &run->workload->params[i];
  if (wl_is_file(p))
    return compose_path(wl_path(run->params, i));
  return p->choices ? json_string(p->choices[run->params[i]])
                    : record_integer(run->params[i]);
}

static json_t *compose_params(const wl_run *run) {
  json_t *params = json_object();
  for (unsigned i = 0; i < WL_PARAMS && run->workload->params[i].name; i++)
    json_object_set_new(params, run->workload->params[i].name,
                        compose_param(run, i));
  return params;
}

json_t *cell_options_json(void) {
  json_t *options = json_object();
  for (const gc_option *o = gc_this_collector.options; o && o->name; o++) {
    const char *const *words = cell_option_words(&gc_this_collector, o);
    json_object_set_new(options, o->name,
                        words ? json_string(words[*o->value])
                              : record_integer(*o->value));
  }
  return options;
}

/* The conditions asked for and how often they fired; NULL if there are none. */
static json_t *compose_hostile(void) {
  if (!hostile_any())
    return NULL;
  json_t *settings = json_object(), *fired = json_object();
  for (unsigned k = 0; k < HOSTILE_KINDS; k++) {
    if (!hostile_is_set(k))
      continue;
    const gc_option *o = &hostile_options[k];
    json_object_set_new(settings, o->name, record_integer(*o->value));
    json_object_set_new(fired, o->name, record_integer(hostile_fired[k]));
  }
  return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "settings", settings, "fired",
                   fired, "allocations",
                   record_integer(hostile_saw.allocations), "internal",
                   record_integer(hostile_saw.internal), "checked",
                   record_integer(hostile_saw.checked), "violations",
                   record_integer(hostile_saw.violations));
}

static json_t *compose_verdict(const cell_verdict *v) {
  static const char *const names[] = {[CELL_OK] = "ok",
                                      [CELL_LEAK] = "LEAK",
                                      [CELL_OVER_LIMIT] = "OVER LIMIT",
                                      [CELL_WRONG] = "WRONG",
                                      [CELL_OOM] = "OOM"};
  /* A reason may quote bytes that are not UTF-8, which JSON cannot hold. */
  char reason[CELL_REASON];
  words_copy(reason, sizeof reason, v->reason, strlen(v->reason));
  return json_pack("{s:s,s:b,s:o,s:o}", "status", names[v->status], "declared",
                   v->declared, "leaked", record_integer(v->leaked), "reason",
                   json_string(reason));
}

static json_t *compose_memory(const cell_run *run, cell_resident resident,
                              gc_footprint footprint,
                              gc_external_usage external) {
  json_t *json =
      json_pack("{s:o,s:o,s:b,s:o,s:o,s:o}", "baseline",
                record_integer(run->baseline + cell_requests_bytes()), "peak",
                record_integer(resident.peak), "peak_reset", run->peak_reset,
                "footprint", record_integer(footprint.bytes), "footprint_peak",
                record_integer(footprint.peak_bytes), "workload",
                record_integer(cell_measurement.own_memory));
  if (!gc_this_collector.can.external)
    return json;
  json_object_set_new(json, "external", record_integer(external.bytes));
  json_object_set_new(json, "external_peak",
                      record_integer(external.peak_bytes));
  json_object_set_new(
      json, "external_counted",
      json_boolean(gc_this_collector.can.external == GC_EXTERNALS_COUNTED));
  return json;
}

/* Leaves out the figures that the collector does not tell. */
static json_t *compose_usage(const gc_usage *u) {
  const struct {
    const char *name;
    uint64_t value;
  } fields[] = {{"objects", u->objects},
                {"cells", u->cells},
                {"pages", u->pages},
                {"free", u->free},
                {"free_largest", u->free_largest}};
  json_t *json = json_object();
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (fields[i].value != GC_UNKNOWN)
      json_object_set_new(json, fields[i].name,
                          record_integer(fields[i].value));
  return json;
}

static void add_usage(json_t *memory) {
  gc_usage usage;
  wl_expectation e;
  json_object_set_new(memory, "end", compose_usage(&cell_measurement.usage));
  if (!cell_settled(&usage, &e))
    return;
  json_t *settled = compose_usage(&usage);
  json_object_set_new(settled, "live_objects", record_integer(e.live));
  if (e.bytes)
    json_object_set_new(settled, "live_bytes", record_integer(e.bytes));
  json_object_set_new(memory, "settled", settled);
}

static json_t *compose_reclamation(const cell_measured *x) {
  const stat_drag *r = &x->reclamation;
  return json_pack("{s:o,s:o,s:o,s:o,s:o}", "deaths", record_integer(x->deaths),
                   "count", record_integer(r->count), "sum",
                   record_integer(r->sum), "max", record_integer(r->max),
                   "drag", record_integer(r->drag));
}

/* The fields that every record of a run has. */
static json_t *compose_identity(const cell_run *run,
                                const cell_verdict *verdict) {
  return json_pack(
      "{s:i,s:s,s:s,s:o,s:o,s:o,s:{s:s,s:o,s:b,s:o,s:o,s:o},s:o,s:o,s:{s:s,s:o,"
      "s:o*"
      "},s:b,s:o,s:o*}",
      "schema", RECORD_SCHEMA, "collector", gc_this_collector.name, "workload",
      run->wl.workload->name, "params", compose_params(&run->wl), "threads",
      record_integer(run->wl.threads), "seed", record_integer(run->wl.seed),
      "heap", "asked", run->options->heap, "limit",
      record_integer(run->heap_limit), "coarse", run->coarse, "must_hold",
      record_integer(run->must_hold), "live", record_integer(run->volume.live),
      "allocated", record_integer(run->volume.allocated - run->volume.set_up),
      "options", cell_options_json(), "verdict", compose_verdict(verdict),
      "binding", "policy", run->options->pin, "got", cell_binding_got(),
      "helpers", cell_binding_helpers(), "instrumented",
      run->options->instrument, "build", cell_build_json(), "hostile",
      compose_hostile());
}

/* ------------------------------------------------------------------------- *
 * The fields that were measured.
 * ------------------------------------------------------------------------- */

/* Adds "all", the sum of the `n` histograms. */
static void set_merged(json_t *into, const hist *h, unsigned n) {
  hist *all = malloc(sizeof *all);
  if (!all)
    cell_die("out of memory");
  hist_reset(all);
  for (unsigned i = 0; i < n; i++)
    hist_merge(all, &h[i]);
  json_object_set_new(into, "all", record_histogram(all));
  free(all);
}

static json_t *compose_steps(const workload *w, const hist *steps,
                             uint64_t delayed) {
  json_t *json = json_object();
  unsigned n = 0;
  for (; n < WL_STEP_KINDS && w->steps[n]; n++)
    json_object_set_new(json, w->steps[n], record_histogram(&steps[n]));
  set_merged(json, steps, n);
  json_object_set_new(json, "delayed", record_integer(delayed));
  json_object_set_new(json, "corrected", json_boolean(cell_delay_known()));
  return json;
}

static json_t *compose_pauses(const hist *pauses) {
  return json_pack("{s:o,s:o,s:o,s:o}", "stop",
                   record_histogram(&pauses[GC_PAUSE_STOP]), "cascade",
                   record_histogram(&pauses[GC_PAUSE_CASCADE]), "detect",
                   record_histogram(&pauses[GC_PAUSE_DETECT]), "all",
                   record_histogram(&pauses[CELL_PAUSES_ALL]));
}

json_t *cell_record(const cell_run *run, const cell_verdict *verdict) {
  const workload *w = run->wl.workload;
  const cell_measured *x = &cell_measurement;
  json_t *json = compose_identity(run, verdict);
  json_t *memory = compose_memory(run, x->resident, x->footprint, x->external);
  json_object_set_new(memory, "minor_faults", record_integer(x->minor_faults));
  json_object_set_new(memory, "major_faults", record_integer(x->major_faults));
  cell_curve_record(json, memory, run->baseline);
  add_usage(memory);
  json_object_set_new(json, "memory", memory);
  json_t *counts = cell_counts();
  if (counts)
    json_object_set_new(json, "counts", counts);
  json_t *coverage = cell_coverage();
  if (coverage)
    json_object_set_new(json, "coverage", coverage);
  if (x->deaths)
    json_object_set_new(json, "reclamation", compose_reclamation(x));
  json_t *latency = cell_latency();
  if (latency)
    json_object_set_new(json, "latency", latency);
  json_t *leaks = cell_leak_rounds();
  if (leaks)
    json_object_set_new(json, "leaks", leaks);

  if (run->options->instrument)
    json_object_set_new(json, "mmu",
                        cell_utilisation(cell_threads(), cell_foreign_stops()));

  /* The first slot collects the sums of all threads. */
  cell_thread *sum = cell_threads();
  for (cell_thread *c = sum->next; c; c = c->next) {
    for (unsigned i = 0; i < WL_STEP_KINDS && w->steps[i]; i++)
      hist_merge(&sum->steps[i], &c->steps[i]);
    for (unsigned i = 0; i < CELL_PAUSE_HISTS; i++)
      hist_merge(&sum->pauses[i], &c->pauses[i]);
    sum->ops += c->ops;
    sum->delayed += c->delayed;
    sum->own_delay += c->own_delay;
  }
  cell_foreign_pauses(sum->pauses);

  json_object_set_new(json, "ops",
                      json_pack("{s:o,s:s}", "count", record_integer(sum->ops),
                                "unit", w->unit));
  json_object_set_new(
      json, "time",
      json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "wall",
                record_integer(x->wall), "skipped", record_integer(x->skipped),
                "cpu", record_integer(x->cpu), "user", record_integer(x->user),
                "system", record_integer(x->system), "instrument",
                record_integer(x->instrument), "stop",
                record_integer(sum->pauses[GC_PAUSE_STOP].sum), "own",
                record_integer(sum->pauses[GC_PAUSE_CASCADE].sum +
                               sum->pauses[GC_PAUSE_DETECT].sum)));
  if (x->replayer)
    json_object_set_new(json_object_get(json, "time"), "replayer",
                        record_integer(x->replayer));
  json_object_set_new(json, "pauses", compose_pauses(sum->pauses));
  cell_phases_record(json);
  cell_paced_record(json);
  json_object_set_new(json, "exercise", cell_exercise(run));
  json_object_set_new(json, "steps",
                      compose_steps(w, sum->steps, sum->delayed));
  json_object_set(json, "counters", run->counters);
  json_object_set_new(json, "noise",
                      json_pack("{s:o,s:o,s:o,s:o}", "voluntary",
                                record_integer(x->voluntary), "involuntary",
                                record_integer(x->involuntary), "run_delay",
                                record_integer(x->run_delay), "own_delay",
                                record_integer(sum->own_delay)));
  uint64_t still;
  if (cell_still(&still))
    json_object_set_new(record_get(json, "noise"), "still",
                        record_integer(still));
  return json;
}

json_t *cell_counters(gc_heap *heap) {
  gc_counter counters[CELL_COUNTERS];
  size_t n = gc_heap_counters(heap, counters, CELL_COUNTERS);
  json_t *json = json_object();
  for (size_t i = 0; i < n; i++)
    json_object_set_new(json, counters[i].name,
                        record_integer(counters[i].value));
  return json;
}

json_t *cell_record_short(const cell_run *run, const cell_verdict *verdict) {
  json_t *json = compose_identity(run, verdict);
  json_object_set_new(json, "memory",
                      compose_memory(run, cell_read_resident(),
                                     gc_heap_footprint(run->wl.heap),
                                     cell_heap_external(run->wl.heap)));
  if (hostile_clock) /* how far the random mutator, or a replay, came */
    json_object_set_new(
        json, "counts",
        json_pack("{s:o}", "operations", record_integer(hostile_clock)));
  return json;
}

void cell_out_of_memory(const char *reason) {
  cell_verdict v = {.status = CELL_OOM};
  snprintf(v.reason, sizeof v.reason, "%s", reason);
  cell_end(&v, NULL);
}

void cell_write(const json_t *json, int fd) {
  char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
  if (!text)
    cell_die("cannot compose the record");
  size_t n = strlen(text), done = 0;
  text[n++] = '\n'; /* replaces the final 0 */
  signal(SIGPIPE, SIG_IGN);
  while (done < n) {
    ssize_t wrote = write(fd, text + done, n - done);
    if (wrote < 0 && errno != EINTR)
      cell_die("cannot write the record: %s", strerror(errno));
    done += wrote < 0 ? 0 : (size_t)wrote;
  }
  free(text);
}
