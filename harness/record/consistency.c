/* consistency.c: whether a record could be so: what its figures say about each
 * other, and whether they tell of a run that was disturbed. */
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
  RESIDENT_SHARE = 16,
  /* What the process may hold beyond the heap's footprint: the harness and the
   * collectors of this repository stay within a half and 3 MiB of it, runtimes
   * with memory of their own (Ruby) within 1.4 times the footprint. */
  BEHIND_BYTES = 32 << 20,
  BEHIND_TIMES = 3,
  /* A thread that nobody disturbs stands still for 0.6 ms at most (report.h),
   * one on a busy hypervisor, which takes its processor away, for up to 14 ms.
   */
  STILL_NS = 50000000
};
/* Shares of time are compared as reals, and a pause that ends just after the
 * measured part is cut off in one figure only. */
#define SHARE_OFF 1e-3
/* The phases of pauses add up to these within this share. */
#define PHASES_OFF 1e-2
/* The curve of memory begins just before the measured part, and on a machine
 * that is overloaded the thread may lose its processor in between. */
#define BESIDE_NS 1e10

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
  double baseline = record_number(record, "memory.baseline");
  if (peak < baseline - baseline / RESIDENT_SHARE - RESIDENT_BYTES)
    return differs(why, room, "memory.peak %.0f is below memory.baseline %.0f",
                   peak, baseline);
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

/* The most garbage is not below a sample's, and the most that was alive not
 * below what was alive at a sample. */
static bool garbage_agrees(const json_t *record, char *why, size_t room) {
  static const char *const most[] = {
      NULL, "garbage.live.objects", "garbage.live.bytes", "garbage.objects.max",
      "garbage.objects.max"};
  size_t i;
  json_t *sample;
  json_array_foreach(record_get(record, "garbage.curve"), i, sample) {
    for (size_t k = 1; k < sizeof most / sizeof *most; k++) {
      double value = json_number_value(json_array_get(sample, k));
      if (!(value <= record_number(record, most[k])) && value > 0)
        return differs(why, room, "%s %.0f is below %.0f in garbage.curve",
                       most[k], record_number(record, most[k]), value);
    }
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

/* When the last sample of an array of them was taken. */
static double last_of(const json_t *record, const char *path) {
  const json_t *samples = record_get(record, path);
  size_t n = json_array_size(samples);
  return json_number_value(json_array_get(json_array_get(samples, n - 1), 0));
}

/* Nothing that happened in the measured part took longer than it. */
static bool longest_agree(const json_t *record, double clock, char *why,
                          size_t room) {
  static const char *const groups[] = {"pauses", "steps", "latency"};
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
    const char *name;
    json_t *member;
    json_object_foreach(json_object_get(record, groups[i]), name, member) {
      double longest = of(record, groups[i], name, "max");
      if (longest > clock * (1 + SHARE_OFF))
        return differs(why, room,
                       "%s.%s has one of %.0f, longer than the run, %.0f",
                       groups[i], name, longest, clock);
    }
  }
  static const char *const sampled[] = {"memory.curve", "pacing"};
  for (size_t i = 0; i < sizeof sampled / sizeof *sampled; i++) {
    double last = last_of(record, sampled[i]); /* 0 if there is none */
    if (last > clock * (1 + SHARE_OFF) + BESIDE_NS)
      return differs(why, room, "%s ends at %.0f, after the run, %.0f",
                     sampled[i], last, clock);
  }
  return true;
}

/* Pauses of single mutators: each thread has one at a time. */
static bool own_agrees(const json_t *record, double clock, double threads,
                       char *why, size_t room) {
  double own = record_number(record, "time.own");
  double kinds = of(record, "pauses", "cascade", "sum") +
                 of(record, "pauses", "detect", "sum");
  if (own > clock * threads * (1 + SHARE_OFF))
    return differs(why, room,
                   "time.own %.0f is more than %.0f threads have in a run of "
                   "%.0f",
                   own, threads, clock);
  if (own != kinds)
    return differs(why, room,
                   "time.own %.0f is not the sum of pauses.cascade and "
                   "pauses.detect, %.0f",
                   own, kinds);
  return true;
}

/* The phases of each kind of pause add up to the pauses of this kind, and none
 * of them is longer than the longest of these; what has no name is in "other".
 */
static bool phases_agree(const json_t *record, char *why, size_t room) {
  static const char *const kinds[] = {"stop", "cascade", "detect"};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    double sum = 0, pauses = of(record, "pauses", kinds[k], "sum");
    double longest = of(record, "pauses", kinds[k], "max");
    json_t *group =
        json_object_get(json_object_get(record, "phases"), kinds[k]);
    const char *name;
    json_t *phase;
    json_object_foreach(group, name, phase) {
      double max = json_number_value(json_object_get(phase, "max"));
      sum += json_number_value(json_object_get(phase, "sum"));
      if (max > longest * (1 + PHASES_OFF))
        return differs(why, room,
                       "phases.%s.%.40s has one of %.0f, longer than any pause "
                       "of this kind, %.0f",
                       kinds[k], name, max, longest);
    }
    if (group && fabs(sum - pauses) > pauses * PHASES_OFF)
      return differs(why, room,
                     "the phases of phases.%s take %.0f, the pauses %.0f",
                     kinds[k], sum, pauses);
  }
  return true;
}

static bool times_agree(const json_t *record, char *why, size_t room) {
  double clock = clock_of(record);
  size_t threads = json_array_size(record_get(record, "mmu.threads"));
  double most = fmax((double)threads, record_number(record, "threads"));
  if (!(record_number(record, "time.wall") > 0))
    return differs(why, room, "time.wall is 0: nothing was measured");
  if (!(record_number(record, "ops.count") > 0))
    return differs(why, room, "ops.count is 0: nothing was done");
  if (!all_is_the_sum(record, "pauses", why, room) ||
      !all_is_the_sum(record, "steps", why, room) ||
      !longest_agree(record, clock, why, room) ||
      !own_agrees(record, clock, fmax(1, most), why, room) ||
      !phases_agree(record, why, room))
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

/* Whatever an oracle or a hostile condition found is a failure. */
static bool violations_agree(const json_t *record, const char *status,
                             char *why, size_t room) {
  double violations = record_number(record, "hostile.violations");
  const char *oracle = record_text(record, "violation.oracle");
  if (strcmp(status, "ok") && strcmp(status, "LEAK"))
    return true;
  if (json_object_get(record, "violation"))
    return differs(why, room, "verdict: %s, with a violation%s%s", status,
                   *oracle ? " of " : "", oracle);
  if (violations > 0)
    return differs(why, room,
                   "verdict: %s, with %.0f violations of freed memory", status,
                   violations);
  return true;
}

static bool verdict_agrees(const json_t *record, char *why, size_t room) {
  const char *status = record_text(record, "verdict.status");
  double leaked = record_number(record, "verdict.leaked");
  bool declared = json_is_true(record_get(record, "verdict.declared"));
  if (!strcmp(status, "ok") && (!declared || leaked > 0))
    return differs(why, room, "verdict: ok, with %.0f objects leaked", leaked);
  if (!strcmp(status, "LEAK") && !(leaked > 0))
    return differs(why, room, "verdict: LEAK, of 0 objects");
  if (!violations_agree(record, status, why, room))
    return false;
  double limit = record_number(record, "heap.limit");
  if (!(limit > 0) && !strcmp(status, "OVER LIMIT"))
    return differs(why, room, "verdict: over a limit that is not there");
  return true;
}

bool record_consistent(const json_t *record, char *why, size_t room) {
  return memory_agrees(record, why, room) &&
         garbage_agrees(record, why, room) &&
         (!json_object_get(record, "time") ||
          (times_agree(record, why, room) &&
           utilisation_agrees(record, why, room))) &&
         verdict_agrees(record, why, room);
}

/* ------------------------------------------------------------------------- *
 * Runs that nobody should rely on, though their records are sound.
 * ------------------------------------------------------------------------- */

/* A sanitizer's own memory is resident as well. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool memory_is_known = false;
#else
static const bool memory_is_known = true;
#endif

/* Resident memory far above what the heap says that it holds: memory behind
 * the heap's back.  Workloads with counts (fuzz, replay) keep a shadow heap
 * beside the heap. */
static bool memory_is_told(const json_t *record, char *why, size_t room) {
  double footprint = record_number(record, "memory.footprint_peak");
  double grown = record_number(record, "memory.peak") -
                 record_number(record, "memory.baseline");
  double workload = record_number(record, "memory.workload");
  double external = record_number(record, "memory.external_peak");
  double most =
      BEHIND_TIMES * footprint + BEHIND_BYTES +
      (isfinite(workload) ? workload : 0) + /* older records lack it */
      (isfinite(external) ? external : 0);  /* in the footprint or not */
  if (!memory_is_known || json_object_get(record, "counts") || !(grown > most))
    return true;
  return differs(why, room,
                 "the process grew by %.0f bytes, and the heap held %.0f at "
                 "most: more than %.0f is memory behind the heap's back",
                 grown, footprint, most);
}

static bool ran_on(const json_t *record, char *why, size_t room) {
  double still = record_number(record, "noise.still");
  if (!(still > STILL_NS))
    return true;
  return differs(why, room,
                 "the process neither ran nor waited for a processor for %.0f "
                 "ms (bound %d ms): it was stopped from outside",
                 still / 1e6, STILL_NS / 1000000);
}

bool record_undisturbed(const json_t *record, char *why, size_t room) {
  return memory_is_told(record, why, room) && ran_on(record, why, room);
}

/* ------------------------------------------------------------------------- */

static void make_wrong(json_t *record, const char *why) {
  char reason[240];
  snprintf(reason, sizeof reason, "the record contradicts itself: %s", why);
  json_t *verdict = json_object_get(record, "verdict");
  json_object_set_new(verdict, "status", json_string("WRONG"));
  json_object_set_new(verdict, "declared", json_false());
  json_object_set_new(verdict, "reason", json_string(reason));
}

/* The figures of other verdicts are not shown. */
static bool has_figures(const char *status) {
  return !strcmp(status, "ok") || !strcmp(status, "LEAK") ||
         !strcmp(status, "OVER LIMIT");
}

void record_judge(json_t *record) {
  char why[200];
  if (!has_figures(record_text(record, "verdict.status")))
    return;
  if (!record_consistent(record, why, sizeof why))
    make_wrong(record, why);
  else if (!record_undisturbed(record, why, sizeof why))
    json_object_set_new(record, "suspect", json_string(why));
}
