/* machines.c: see machines.h. */
#include "machines.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/record/record.h"
#include "harness/stats/drift.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Reading.
 * ------------------------------------------------------------------------- */

static void add_machine(report *r, const json_t *about) {
  round_set *rounds = arena_take(sizeof *rounds);
  const char *listed = json_string_value(json_object_get(about, "rounds"));
  if (!listed || !round_set_read(rounds, listed))
    *rounds = (round_set){0};
  r->machines = arena_more(r->machines, r->machines_count, sizeof *r->machines);
  r->machines[r->machines_count++] =
      (report_machine){arena_text("%s", record_text(about, "id")), rounds};
}

const char *machines_read(report *r, const char *only) {
  const json_t *list = json_object_get(r->machine, "machines");
  candidates known = {0};
  size_t i, chosen = SIZE_MAX;
  json_t *about;
  json_array_foreach(list, i, about) {
    add_machine(r, about);
    candidates_add(&known, r->machines[i].id);
    if (only && !strcmp(r->machines[i].id, only))
      chosen = i;
  }
  if (!list) /* all is of one machine, if it says which */
    r->machines = arena_take(sizeof *r->machines);
  if (!list)
    r->machines[r->machines_count++] = (report_machine){
        arena_text("%s", record_text(r->machine, "id")), r->rounds};
  if (!only || (!list && !strcmp(only, r->machines[0].id)))
    return NULL;
  if (chosen == SIZE_MAX) {
    if (!list)
      candidates_add(&known, r->machines[0].id);
    return arena_text("%s has no machine '%s'%s", r->dir, only,
                      suggest_any(only, &known));
  }
  r->only = true;
  r->machines = &r->machines[chosen];
  r->machines_count = 1;
  r->rounds = r->machines->rounds;
  r->invocations = r->rounds->count;
  json_t *its = json_incref(json_array_get(list, chosen));
  json_decref(r->machine);
  r->machine = its;
  return NULL;
}

bool machines_have_record(const report *r, const json_t *record, bool canary) {
  const json_int_t invocation =
      json_integer_value(json_object_get(record, "invocation"));
  if (!r->only || invocation < 1 ||
      invocation > ROUND_SET_MOST * ROUND_SET_CANARIES)
    return !r->only;
  const unsigned round =
      canary ? round_set_of_canary((unsigned)invocation) : (unsigned)invocation;
  return round <= ROUND_SET_MOST && r->rounds->has[round];
}

size_t machines_of_round(const report *r, size_t round) {
  for (size_t i = 0; i < r->machines_count && round <= ROUND_SET_MOST; i++)
    if (r->machines_count > 1 && r->machines[i].rounds->has[round])
      return i;
  return 0;
}

double machines_drift(const report *r, size_t *which) {
  double *times = arena_take((r->canary_count + 1) * sizeof *times);
  double most = NAN;
  for (size_t m = 0; m < r->machines_count; m++) {
    size_t n = 0;
    for (size_t i = 0; i < r->canary_count; i++)
      if (!isnan(r->canary[i]) &&
          (r->machines_count == 1 ||
           machines_of_round(r, round_set_of_canary((unsigned)i + 1)) == m))
        times[n++] = r->canary[i];
    const double drift = stat_drift(times, n);
    if (isnan(most) || fabs(drift) > fabs(most)) {
      most = drift;
      if (which)
        *which = m;
    }
  }
  return most;
}

/* ------------------------------------------------------------------------- *
 * Ratios within a machine.
 * ------------------------------------------------------------------------- */

/* The number of the cell in this round, or NAN.  Samples ascend by
 * invocation. */
static double number_in(const report_cell *c, const metric *of, int round) {
  size_t low = 0, high = c->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (c->samples[middle].invocation < round)
      low = middle + 1;
    else
      high = middle;
  }
  return low < c->count && c->samples[low].invocation == round
             ? c->samples[low].values[of - metrics]
             : NAN;
}

stat_strata machines_ratios(const report *r, const report_cell *above,
                            const report_cell *below, const metric *of,
                            size_t *which) {
  stat_stratum *items = arena_take(r->machines_count * sizeof *items);
  size_t count = 0;
  for (size_t m = 0; m < r->machines_count; m++) {
    double *ratios = arena_take((above->count + 1) * sizeof *ratios);
    size_t n = 0;
    for (size_t i = 0; i < above->count; i++) {
      const report_sample *s = &above->samples[i];
      const double over =
          s->machine == m ? number_in(below, of, s->invocation) : NAN;
      const double ratio = s->values[of - metrics] / over;
      if (isnan(over) || isnan(s->values[of - metrics]))
        continue;
      if (!(over > 0 && ratio > 0 && isfinite(ratio)))
        return (stat_strata){items, 0};
      ratios[n++] = ratio;
    }
    if (n && which)
      which[count] = m;
    if (n)
      items[count++] = (stat_stratum){ratios, n};
  }
  return (stat_strata){items, count};
}

double *machines_differences(const report_cell *above, const report_cell *below,
                             const metric *of, size_t *n) {
  double *differences = arena_take((above->count + 1) * sizeof *differences);
  *n = 0;
  for (size_t i = 0; i < above->count; i++) {
    const report_sample *s = &above->samples[i];
    const double difference =
        s->values[of - metrics] - number_in(below, of, s->invocation);
    if (!isnan(difference))
      differences[(*n)++] = difference;
  }
  return differences;
}

/* The cell's numbers on one machine, *n of them. */
static double *numbers_on(const report_cell *c, const metric *of,
                          size_t machine, size_t *n) {
  double *numbers = arena_take((c->count + 1) * sizeof *numbers);
  *n = 0;
  for (size_t i = 0; i < c->count; i++)
    if (c->samples[i].machine == machine)
      numbers[(*n)++] = c->samples[i].values[of - metrics];
  return numbers;
}

stat_pair *machines_pairs(const report *above_of, const report_cell *above,
                          const report *below_of, const report_cell *below,
                          const metric *of, size_t *count) {
  stat_pair *pairs = arena_take(above_of->machines_count * sizeof *pairs);
  *count = 0;
  for (size_t i = 0; i < above_of->machines_count; i++)
    for (size_t k = 0; k < below_of->machines_count; k++) {
      const char *id = above_of->machines[i].id;
      stat_pair pair = {0};
      if (!*id || strcmp(id, below_of->machines[k].id) != 0)
        continue;
      pair.above = numbers_on(above, of, i, &pair.above_n);
      pair.below = numbers_on(below, of, k, &pair.below_n);
      if (pair.above_n && pair.below_n)
        pairs[(*count)++] = pair;
    }
  return pairs;
}

const char *machines_text(const report *r) {
  const char *text = "";
  for (size_t i = 0; i < r->machines_count; i++)
    text = arena_text(
        "%s%s%s%s", text, *text ? ", " : "", r->machines[i].id,
        r->machines[i].rounds
            ? arena_text(" (%s)", round_set_text(r->machines[i].rounds))
            : "");
  return text;
}
