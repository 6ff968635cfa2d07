/* consistency.c: what the figures of one record say about each other. */
#include "record.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  /* The kernel keeps resident memory in parts, one for each processor, so that
   * two readings differ by some pages: this much, and this share. */
  RESIDENT_BYTES = 1 << 20,
  RESIDENT_SHARE = 16
};
/* Shares of time are compared as reals, and a pause that ends just after the
 * measured part is cut off in one figure only. */
#define SHARE_OFF 1e-3

__attribute__((format(printf, 3, 4))) static bool
differs(char *why, size_t room, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(why, room, format, args);
  va_end(args);
  return false;
}

/* ------------------------------------------------------------------------- *
 * Memory.
 * ------------------------------------------------------------------------- */

static bool memory_agrees(const json_t *record, char *why, size_t room) {
  double peak = record_number(record, "memory.peak");
  double now = record_number(record, "memory.footprint");
  double most = record_number(record, "memory.footprint_peak");
  if (now > most)
    return differs(why, room,
                   "memory.footprint %.0f is above memory.footprint_peak %.0f",
                   now, most);
  size_t i;
  json_t *sample;
  json_array_foreach(record_get(record, "memory.curve"), i, sample) {
    double footprint = json_number_value(json_array_get(sample, 1));
    double resident = json_number_value(json_array_get(sample, 2));
    if (footprint > most)
      return differs(why, room,
                     "memory.footprint_peak %.0f is below %.0f in memory.curve",
                     most, footprint);
    if (resident - resident / RESIDENT_SHARE - RESIDENT_BYTES > peak)
      return differs(why, room,
                     "memory.peak %.0f is below %.0f in memory.curve", peak,
                     resident);
  }
  return true;
}

/* ------------------------------------------------------------------------- *
 * Time.
 * ------------------------------------------------------------------------- */

/* A number of the histogram at "GROUP.NAME", 0 if it is empty. */
static double of(const json_t *record, const char *group, const char *name,
                 const char *member) {
  const json_t *h = json_object_get(json_object_get(record, group), name);
  const json_t *value = json_object_get(h, member);
  return json_is_number(value) ? json_number_value(value) : 0;
}

/* The measured part by the clock, ns. */
static double clock_of(const json_t *record) {
  double skipped = record_number(record, "time.skipped");
  return record_number(record, "time.wall") +
         record_number(record, "time.instrument") +
         (isnan(skipped) ? 0 : skipped);
}

/* The histogram `all` of a group holds what the others hold; with less time,
 * if some was taken off. */
static bool all_is_the_sum(const json_t *record, const char *group, char *why,
                           size_t room) {
  double count = 0, sum = 0, max = 0;
  unsigned kinds = 0;
  const char *name;
  json_t *member;
  json_object_foreach(json_object_get(record, group), name, member) {
    if (!json_is_object(member) || !strcmp(name, "all"))
      continue;
    kinds++;
    count += of(record, group, name, "count");
    sum += of(record, group, name, "sum");
    max = fmax(max, of(record, group, name, "max"));
  }
  if (kinds == 0) /* the only kind of step is called `all` */
    return true;
  if (count != of(record, group, "all", "count"))
    return differs(why, room, "%s.all counts %.0f, the kinds of it %.0f", group,
                   of(record, group, "all", "count"), count);
  if (of(record, group, "all", "sum") > sum ||
      of(record, group, "all", "max") > max)
    return differs(why, room, "%s.all is longer than the kinds of it", group);
  return true;
}

static bool times_agree(const json_t *record, char *why, size_t room) {
  double clock = clock_of(record);
  size_t threads = json_array_size(record_get(record, "mmu.threads"));
  if (!all_is_the_sum(record, "pauses", why, room) ||
      !all_is_the_sum(record, "steps", why, room))
    return false;
  /* Stops halt everything, so that no two are at the same time. */
  double stop = record_number(record, "time.stop");
  if (stop > clock * (1 + SHARE_OFF))
    return differs(why, room, "time.stop %.0f is longer than the run, %.0f",
                   stop, clock);
  if (stop != of(record, "pauses", "stop", "sum"))
    return differs(why, room, "time.stop %.0f is not the sum of pauses.stop",
                   stop);
  double steps = of(record, "steps", "all", "sum");
  if (threads > 0 && steps > clock * (double)threads * (1 + SHARE_OFF))
    return differs(why, room,
                   "steps take %.0f, and the run of %zu threads %.0f", steps,
                   threads, clock);
  return true;
}

/* ------------------------------------------------------------------------- *
 * Mutator utilisation.
 * ------------------------------------------------------------------------- */

/* By all pauses P, and the longest of them: a window of length w around it is
 * used for 1 - longest / w at most; the whole run for 1 - P / run at least.
 * Only if every pause is in the curves: no pauses were joined, and all were
 * stops, since other work of a collector's own threads halts nobody. */
static bool utilisation_agrees(const json_t *record, char *why, size_t room) {
  const json_t *windows = record_get(record, "mmu.windows");
  const json_t *mmu = record_get(record, "mmu.worst.mmu");
  const json_t *bmu = record_get(record, "mmu.worst.bmu");
  size_t n = json_array_size(windows);
  double before = 0, longest = of(record, "pauses", "all", "max");
  bool exact = record_number(record, "mmu.joined") == 0 &&
               of(record, "pauses", "all", "count") ==
                   of(record, "pauses", "stop", "count");
  for (size_t i = 0; i < n; i++) {
    double w = json_number_value(json_array_get(windows, i));
    double m = json_number_value(json_array_get(mmu, i));
    double b = json_number_value(json_array_get(bmu, i));
    if (b > m + SHARE_OFF || b < before - SHARE_OFF)
      return differs(why, room, "mmu.worst: the curves cross at %.0f ns", w);
    before = b;
    if (exact && m > fmax(0, 1 - longest / w) + SHARE_OFF)
      return differs(why, room,
                     "mmu.worst.mmu is %.6f at %.0f ns, with a pause of %.0f",
                     m, w, longest);
  }
  if (n == 0)
    return true;
  double run = json_number_value(json_array_get(windows, n - 1));
  if (run != clock_of(record))
    return differs(why, room,
                   "mmu.windows ends with %.0f, and the run with %.0f", run,
                   clock_of(record));
  if (!exact)
    return true;
  double least = 1 - of(record, "pauses", "all", "sum") / run;
  double whole = json_number_value(json_array_get(mmu, n - 1));
  if (whole < least - SHARE_OFF)
    return differs(why, room,
                   "mmu.worst.mmu of the run is %.6f, by its pauses %.6f",
                   whole, least);
  return true;
}

/* ------------------------------------------------------------------------- */

static bool verdict_agrees(const json_t *record, char *why, size_t room) {
  const char *status = record_text(record, "verdict.status");
  double leaked = record_number(record, "verdict.leaked");
  bool declared = json_is_true(record_get(record, "verdict.declared"));
  if (!strcmp(status, "ok") && (!declared || leaked > 0))
    return differs(why, room, "verdict: ok, with %.0f objects leaked", leaked);
  double limit = record_number(record, "heap.limit");
  if (!(limit > 0) && !strcmp(status, "OVER LIMIT"))
    return differs(why, room, "verdict: over a limit that is not there");
  return true;
}

bool record_consistent(const json_t *record, char *why, size_t room) {
  return memory_agrees(record, why, room) &&
         (!json_object_get(record, "time") ||
          (times_agree(record, why, room) &&
           utilisation_agrees(record, why, room))) &&
         verdict_agrees(record, why, room);
}

void record_judge(json_t *record) {
  char why[200], reason[240];
  if (record_consistent(record, why, sizeof why))
    return;
  snprintf(reason, sizeof reason, "the record contradicts itself: %s", why);
  json_t *verdict = json_object_get(record, "verdict");
  json_object_set_new(verdict, "status", json_string("WRONG"));
  json_object_set_new(verdict, "declared", json_false());
  json_object_set_new(verdict, "reason", json_string(reason));
}
