/* metrics.c: every number that is reported. */
#include "metrics.h"
#include "harness/record/record.h"
#include "harness/stats/fragmentation.h"
#include "harness/stats/rates.h"
#include "harness/stats/stability.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double throughput(const json_t *r) {
  return stat_rate(record_number(r, "ops.count"),
                   record_number(r, "time.wall"));
}

static double allocation(const json_t *r) {
  return stat_rate(record_number(r, "heap.allocated"),
                   record_number(r, "time.wall"));
}

/* Pauses of single mutators count by their share of the threads. */
static double gc_share(const json_t *r) {
  double wall = record_number(r, "time.wall");
  double own =
      record_number(r, "time.own") / fmax(1, record_number(r, "threads"));
  return wall > 0 ? 100 * (record_number(r, "time.stop") + own) / wall : NAN;
}

/* Of the threads that report pauses: the others wait, or are helpers. */
static double gc_cpu_share(const json_t *r) {
  double paused = record_number(r, "pauses.all.sum");
  double cpu = record_number(r, "time.cpu");
  return cpu > 0 ? 100 * (isnan(paused) ? 0 : paused) / cpu : NAN;
}

static double cores(const json_t *r) {
  double wall = record_number(r, "time.wall");
  return wall > 0 ? record_number(r, "time.cpu") / wall : NAN;
}

static double pause_p50(const json_t *r) {
  return record_number(r, "pauses.all.p50");
}

static double pause_p99(const json_t *r) {
  return record_number(r, "pauses.all.p99");
}

/* The worst of a histogram, 0 if nothing happened.  Where the delay by the
 * scheduler could not be taken off there is none: it would be the machine's and
 * not the collector's. */
static double worst(const json_t *r, const char *count, const char *max) {
  if (!json_is_true(record_get(r, "steps.corrected")))
    return NAN;
  return record_number(r, count) == 0 ? 0 : record_number(r, max);
}

static double pause_max(const json_t *r) {
  return worst(r, "pauses.all.count", "pauses.all.max");
}

static double step_max(const json_t *r) {
  return worst(r, "steps.all.count", "steps.all.max");
}

static double drop_max(const json_t *r) {
  return worst(r, "steps.drop.count", "steps.drop.max");
}

static double pause_count(const json_t *r) {
  return record_number(r, "pauses.all.count");
}

static double step_count(const json_t *r) {
  return record_number(r, "steps.all.count");
}

static double op_time(const json_t *r) {
  double ops = record_number(r, "ops.count");
  return ops > 0 ? record_number(r, "time.wall") / ops : NAN;
}

static double peak_rss(const json_t *r) {
  return record_number(r, "memory.peak") - record_number(r, "memory.baseline");
}

static double footprint(const json_t *r) {
  return record_number(r, "memory.footprint_peak");
}

static double rss_over_live(const json_t *r) {
  return stat_space_overhead(peak_rss(r), record_number(r, "heap.live"));
}

/* Of the histogram at `path`; NAN if it cannot support that percentile. */
static double percentile(const json_t *r, const char *path, double p) {
  hist_sparse h;
  uint64_t value;
  if (!record_read_sparse(record_get(r, path), &h))
    return NAN;
  const bool known = hist_sparse_percentile(&h, p, &value);
  free(h.buckets);
  return known ? (double)value : NAN;
}

static double step_p999(const json_t *r) {
  return percentile(r, "steps.all", 99.9);
}

/* From the intended start; a closed loop intends none. */
static double latency(const json_t *r, double p) {
  const char *path =
      record_get(r, "latency.intended") ? "latency.intended" : "latency.simple";
  return percentile(r, path, p);
}

static double latency_p99(const json_t *r) {
  return latency(r, 99);
}

static double latency_p999(const json_t *r) {
  return latency(r, 99.9);
}

static double wall(const json_t *r) {
  return record_number(r, "time.wall");
}

static double cpu(const json_t *r) {
  return record_number(r, "time.cpu");
}

static double garbage_max(const json_t *r) {
  return record_number(r, "garbage.objects.max");
}

static double garbage_median(const json_t *r) {
  return record_number(r, "garbage.objects.median");
}

static double garbage_integral(const json_t *r) {
  return record_number(r, "garbage.objects.integral");
}

static double over_live_max(const json_t *r) {
  return record_number(r, "garbage.bytes.max");
}

static double over_live_median(const json_t *r) {
  return record_number(r, "garbage.bytes.median");
}

static double over_live_integral(const json_t *r) {
  return record_number(r, "garbage.bytes.integral");
}

static double garbage_growth(const json_t *r) {
  return record_number(r, "stability.garbage.slope");
}

static double memory_growth(const json_t *r) {
  return record_number(r, "stability.memory.slope");
}

static double grows(const json_t *r, const char *path) {
  const char *verdict = record_text(r, path);
  return *verdict ? !strcmp(verdict, stability_names[STABILITY_GROWING]) : NAN;
}

static double garbage_grows(const json_t *r) {
  return grows(r, "stability.garbage.verdict");
}

static double memory_grows(const json_t *r) {
  return grows(r, "stability.memory.verdict");
}

static double safepoint_p50(const json_t *r) {
  return percentile(r, "safepoint.world", 50);
}

static double safepoint_p99(const json_t *r) {
  return percentile(r, "safepoint.world", 99);
}

static double safepoint_max(const json_t *r) {
  return record_number(r, "safepoint.world.max");
}

static double mutator_safepoint_p50(const json_t *r) {
  return percentile(r, "safepoint.mutators", 50);
}

static double mutator_safepoint_p99(const json_t *r) {
  return percentile(r, "safepoint.mutators", 99);
}

static double mutator_safepoint_max(const json_t *r) {
  return record_number(r, "safepoint.mutators.max");
}

static double replayer_share(const json_t *r) {
  return 100 * record_number(r, "time.replayer") / record_number(r, "time.cpu");
}

const metric metrics[METRICS] = {
    {"throughput_per_s", "throughput", TABLE_RATE, +1, COMBINE_MEDIAN,
     throughput, "work per second of wall time, median of the invocations",
     CLAIMS_TIME, 0},
    {"throughput_spread_percent", "±", TABLE_PERCENT, -1, COMBINE_SPREAD,
     throughput,
     "half the 95 % interval of the median throughput, in % of it; of fewer "
     "than "
     "6 invocations half their range",
     CLAIMS_TIME, 0},
    {"gc_share_percent", "GC", TABLE_PERCENT, -1, COMBINE_MEDIAN, gc_share,
     "share of the wall time that mutators spent in pauses, median",
     CLAIMS_PAUSES, 6},
    {"pause_p50_ns", "pause p50", TABLE_TIME, -1, COMBINE_P50, pause_p50,
     "median of the pauses that the collector reports, all invocations",
     CLAIMS_PAUSES, 7},
    {"pause_p99_ns", "pause p99", TABLE_TIME, -1, COMBINE_P99, pause_p99,
     "their 99th percentile, given 100 pauses or more", CLAIMS_PAUSES, 4},
    {"pause_max_ns", "pause max", TABLE_TIME, -1, COMBINE_MAXIMUM, pause_max,
     "the longest of them", CLAIMS_PAUSES, 3},
    {"pause_count", NULL, TABLE_INTEGER, 0, COMBINE_TOTAL, pause_count,
     "how many they are, of all invocations", CLAIMS_PAUSES, 0},
    {"step_max_ns", "worst step", TABLE_TIME, -1, COMBINE_MAXIMUM, step_max,
     "the longest step of the workload, observed from outside", CLAIMS_STOPS,
     2},
    {"step_count", NULL, TABLE_INTEGER, 0, COMBINE_TOTAL, step_count,
     "how many steps there were, of all invocations", CLAIMS_NEITHER, 0},
    {"peak_rss_bytes", "peak RSS", TABLE_BYTES, -1, COMBINE_MAXIMUM, peak_rss,
     "the process's peak of resident memory, less what it had before the heap",
     CLAIMS_NEITHER, 1},
    {"footprint_bytes", "footprint", TABLE_BYTES, -1, COMBINE_MAXIMUM,
     footprint, "peak of what the heap holds from the operating system",
     CLAIMS_NEITHER, 8},
    {"wall_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN, wall,
     "wall time of the measured part, median", CLAIMS_TIME, 0},
    {"cpu_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN, cpu,
     "CPU time of the process in the measured part, median", CLAIMS_TIME, 0},
    {"allocation_bytes_per_s", NULL, TABLE_RATE, +1, COMBINE_MEDIAN, allocation,
     "nominal bytes that the workload allocates per second of wall time, "
     "median",
     CLAIMS_TIME, 0},
    {"gc_cpu_percent", NULL, TABLE_PERCENT, -1, COMBINE_MEDIAN, gc_cpu_share,
     "share of the CPU time in pauses, median, without that of helpers; beside "
     "a small share of the wall time, a collector that works in the "
     "background",
     CLAIMS_PAUSES, 0},
    {"cores_used", NULL, TABLE_RATIO, -1, COMBINE_MEDIAN, cores,
     "CPU time over wall time, median", CLAIMS_TIME, 0},
    {"op_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN, op_time,
     "wall time of one op of the workload, median", CLAIMS_TIME, 0},
    {"drop_max_ns", NULL, TABLE_TIME, -1, COMBINE_MAXIMUM, drop_max,
     "the longest step of the kind drop, of workloads that have it",
     CLAIMS_STOPS, 0},
    {"garbage_max_objects", NULL, TABLE_INTEGER, -1, COMBINE_MAXIMUM,
     garbage_max,
     "the most dead objects that the heap held, of workloads that state what "
     "is alive",
     CLAIMS_NEITHER, 0},
    {"garbage_median_objects", NULL, TABLE_INTEGER, -1, COMBINE_MEDIAN,
     garbage_median, "their number, median over time", CLAIMS_NEITHER, 0},
    {"garbage_object_ms", NULL, TABLE_SCALED, -1, COMBINE_MEDIAN,
     garbage_integral, "their number times the ms for which they were held",
     CLAIMS_NEITHER, 0},
    {"over_live_max_bytes", NULL, TABLE_BYTES, -1, COMBINE_MAXIMUM,
     over_live_max,
     "the most bytes that the heap held beyond the nominal bytes of live "
     "objects",
     CLAIMS_NEITHER, 0},
    {"over_live_median_bytes", NULL, TABLE_BYTES, -1, COMBINE_MEDIAN,
     over_live_median, "the same, median over time", CLAIMS_NEITHER, 0},
    {"over_live_byte_ms", NULL, TABLE_SCALED, -1, COMBINE_MEDIAN,
     over_live_integral, "the same times the ms for which they were held",
     CLAIMS_NEITHER, 0},
    {"garbage_growth_percent_per_s", NULL, TABLE_PERCENT, 0, COMBINE_MEDIAN,
     garbage_growth, "growth of the most garbage, in % of it a second",
     CLAIMS_NEITHER, 0},
    {"memory_growth_percent_per_s", NULL, TABLE_PERCENT, 0, COMBINE_MEDIAN,
     memory_growth, "growth of resident memory beyond what is alive, likewise",
     CLAIMS_NEITHER, 0},
    {"garbage_growing_runs", NULL, TABLE_INTEGER, 0, COMBINE_TOTAL,
     garbage_grows, "invocations in which garbage does not settle",
     CLAIMS_NEITHER, 0},
    {"memory_growing_runs", NULL, TABLE_INTEGER, 0, COMBINE_TOTAL, memory_grows,
     "invocations in which memory does not settle", CLAIMS_NEITHER, 0},
    {"step_p999_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN, step_p999,
     "the 99.9th percentile of the steps of an invocation, given 1000 steps or "
     "more, median",
     CLAIMS_STOPS, 0},
    {"latency_p99_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN, latency_p99,
     "the 99th percentile of an invocation's requests, from when they were to "
     "arrive (in a closed loop from their start), median",
     CLAIMS_STOPS, 0},
    {"latency_p999_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN, latency_p999,
     "their 99.9th percentile, given 1000 requests or more", CLAIMS_STOPS, 0},
    {"rss_over_live", NULL, TABLE_RATIO, -1, COMBINE_MEDIAN, rss_over_live,
     "the peak of resident memory over the bytes that are reachable at the "
     "peak, median",
     CLAIMS_NEITHER, 0},
    {"safepoint_p50_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN, safepoint_p50,
     "time to safepoint, from the request of a stop until every mutator stood, "
     "median",
     CLAIMS_PAUSES, 0},
    {"safepoint_p99_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN, safepoint_p99,
     "the 99th percentile, given 100 stops or more, median of the invocations",
     CLAIMS_PAUSES, 0},
    {"safepoint_max_ns", NULL, TABLE_TIME, -1, COMBINE_MAXIMUM, safepoint_max,
     "the longest", CLAIMS_PAUSES, 0},
    {"mutator_safepoint_p50_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN,
     mutator_safepoint_p50,
     "the same of each mutator that another one stopped, median", CLAIMS_PAUSES,
     0},
    {"mutator_safepoint_p99_ns", NULL, TABLE_TIME, -1, COMBINE_MEDIAN,
     mutator_safepoint_p99, "likewise, the 99th percentile", CLAIMS_PAUSES, 0},
    {"mutator_safepoint_max_ns", NULL, TABLE_TIME, -1, COMBINE_MAXIMUM,
     mutator_safepoint_max, "likewise, the longest", CLAIMS_PAUSES, 0},
    {"replayer_percent", NULL, TABLE_PERCENT, 0, COMBINE_MEDIAN, replayer_share,
     "the share of the CPU time that a replay of a trace takes for itself",
     CLAIMS_NEITHER, 0},
};

const metric *metric_find(const char *name) {
  for (size_t m = 0; m < METRICS; m++)
    if (!strcmp(metrics[m].name, name))
      return &metrics[m];
  return NULL;
}

json_t *metric_json(const metric *m, double value) {
  return m->kind == TABLE_INTEGER ? json_integer((json_int_t)value)
                                  : json_real(value);
}

const char *metric_unit(const metric *m) {
  bool up = m->better > 0;
  switch (m->kind) {
  case TABLE_RATE:
    return up ? "/s ↑" : "/s ↓";
  case TABLE_PERCENT:
    return up ? "% ↑" : "% ↓";
  case TABLE_TIME:
    return up ? "time ↑" : "time ↓";
  case TABLE_BYTES:
    return up ? "MiB ↑" : "MiB ↓";
  case TABLE_RATIO:
    return up ? "↑" : "↓";
  default:
    return "";
  }
}

const char *metric_title(const metric *m) {
  return m->header ? m->header : m->name;
}
