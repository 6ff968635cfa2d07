/* share.c: see share.h. */
#include "share.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/driver/plan/order.h"
#include "harness/driver/plan/plan-json.h"
#include "harness/driver/report.h"
#include "harness/driver/run/done.h"

#include <string.h>

static void count_run(share_round *r, const done_record *record) {
  r->planned++;
  if (!record)
    return;
  r->found++;
  if (r->machine && strcmp(r->machine, record->machine) != 0)
    r->state = ROUND_MIXED;
  r->machine = record->machine;
}

/* What became of each round. */
static void judge_rounds(share *s, const done_runs *d) {
  const plan *p = &s->plan;
  for (size_t i = 0; i < p->runs_count; i++)
    count_run(&s->rounds[plan_round(p, &p->runs[i])], d->records[i]);
  for (unsigned k = 1; k <= ROUND_SET_MOST; k++) {
    share_round *r = &s->rounds[k];
    if (!p->rounds->has[k])
      r->state = ROUND_UNPLANNED;
    else if (!r->found)
      r->state = ROUND_EMPTY;
    else if (r->found < r->planned)
      r->state = ROUND_CUT;
    else if (r->state != ROUND_MIXED)
      r->state = ROUND_WHOLE;
  }
}

/* The descriptions of the machines, new: a directory that was itself merged has
 * several. */
static json_t *machines_of(json_t *machine) {
  json_t *several = json_object_get(machine, "machines");
  return several ? json_incref(several) : json_pack("[O]", machine);
}

static const char *read_all(share *s) {
  static char why[256];
  collectors none = {0};
  s->plan_json = results_read_json(s->dir, "plan.json", why, sizeof why);
  if (!s->plan_json)
    return why;
  if (!plan_from_json(s->plan_json, &none, &s->plan))
    return arena_text("%s/plan.json is not a plan", s->dir);
  if (!s->plan.rounds)
    return arena_text("%s was not run by rounds that stand alone (run "
                      "--rounds): it cannot be merged",
                      s->dir);
  s->machine_json = results_read_json(s->dir, "machine.json", why, sizeof why);
  if (!s->machine_json)
    return why;
  s->machines = machines_of(s->machine_json);
  if (!json_object_get(json_array_get(s->machines, 0), "id"))
    return arena_text("%s/machine.json does not name the machine", s->dir);
  done_runs d;
  results_state state;
  done_begin(&d, &s->plan);
  if (!done_read(&d, s->dir, &state, why, sizeof why))
    return why;
  report_warn(s->dir, &state);
  judge_rounds(s, &d);
  return NULL;
}

bool share_read(share *s, const char *dir) {
  *s = (share){.dir = dir};
  const char *wrong = read_all(s);
  if (wrong)
    say("%s", wrong);
  return !wrong;
}

typedef struct visiting {
  json_t *wanted; /* rounds of the runs that were not visited yet, by key */
  share_visitor *visit;
  void *data;
  bool stopped;
} visiting;

static void visit_record(void *data, const json_t *record) {
  visiting *v = data;
  const char *key =
      arena_text("%s#%lld", record_text(record, "cell"),
                 json_integer_value(json_object_get(record, "invocation")));
  const json_t *round = json_object_get(v->wanted, key);
  if (!round || v->stopped)
    return;
  v->stopped =
      !v->visit(v->data, (json_t *)record, (unsigned)json_integer_value(round));
  json_object_del(v->wanted, key);
}

bool share_visit(const share *s, share_visitor *visit, void *data) {
  visiting v = {json_object(), visit, data, false};
  const plan *p = &s->plan;
  for (size_t i = 0; i < p->runs_count; i++) {
    const unsigned round = plan_round(p, &p->runs[i]);
    if (s->rounds[round].state == ROUND_WHOLE)
      json_object_set_new(v.wanted, plan_key(p, &p->runs[i]),
                          json_integer(round));
  }
  char why[256];
  results_state state;
  bool good =
      results_read_runs(s->dir, visit_record, &v, &state, why, sizeof why);
  if (!good)
    say("%s", why);
  else if (!v.stopped && json_object_size(v.wanted)) {
    say("%s/runs.jsonl changed while it was read", s->dir);
    good = false;
  }
  json_decref(v.wanted);
  return good && !v.stopped;
}

void share_free(share *s) {
  json_decref(s->plan_json);
  json_decref(s->machine_json);
  json_decref(s->machines);
}
