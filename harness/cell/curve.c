/* curve.c: samples of memory use and of garbage over time.  A sample is taken
 * at the end of the first step after it came due, where the run-queue delay is
 * read anyway, so fast steps pay nothing.  Its cost is booked as instrument
 * time. */
#include "cell.h"

#include "harness/record/record.h"
#include "harness/stats/stability.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* When the room is used up, every other sample is dropped and the interval
 * doubles.  So a run of any length has between ROOM / 2 and ROOM samples; a
 * short one has fewer. */
enum { ROOM = 256, INTERVAL_NS = 10000000 };

typedef struct sample {
  uint64_t at; /* ns since the measured part began */
  uint64_t footprint, resident;
  cell_garbage garbage;
} sample;

static struct {
  sample samples[ROOM];
  size_t count;
  uint64_t begin, interval;
  uint64_t due; /* atomic; UINT64_MAX: a thread is sampling now, or sampling is
                   off */
  uint64_t cost;
  int statm; /* -1: not open */
} curve = {.due = UINT64_MAX, .statm = -1};

void cell_curve_open(void) {
  curve.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  memset(curve.samples, 1, sizeof curve.samples); /* no page fault later */
}

/* The second number of statm: resident pages. */
static uint64_t read_resident(void) {
  char text[96];
  ssize_t n = pread(curve.statm, text, sizeof text - 1, 0);
  if (n <= 0)
    return 0;
  text[n] = 0;
  char *at;
  strtoull(text, &at, 10);
  return strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The larger one; UINT64_MAX stands for an unknown one. */
static uint64_t more(uint64_t a, uint64_t b) {
  if (a == UINT64_MAX || b == UINT64_MAX)
    return a < b ? a : b;
  return a > b ? a : b;
}

/* Called only by the thread that swapped curve.due for UINT64_MAX. */
static void add_sample(gc_heap *heap, uint64_t now) {
  if (curve.count == ROOM) {
    cell_garbage_most(curve.samples[ROOM - 1].garbage.most);
    for (size_t i = 1; i < ROOM / 2; i++) {
      uint64_t most = curve.samples[2 * i - 1].garbage.most;
      curve.samples[i] = curve.samples[2 * i];
      curve.samples[i].garbage.most = more(most, curve.samples[i].garbage.most);
    }
    curve.count = ROOM / 2;
    curve.interval *= 2;
  }
  uint64_t footprint = gc_heap_footprint(heap).bytes;
  curve.samples[curve.count++] =
      (sample){now - curve.begin, footprint, read_resident(),
               cell_garbage_sample(now, footprint)};
}

void cell_curve_begin(gc_heap *heap, uint64_t now) {
  if (curve.statm < 0)
    return;
  curve.begin = now;
  curve.interval = INTERVAL_NS;
  cell_garbage_begin();
  add_sample(heap, now);
  __atomic_store_n(&curve.due, now + INTERVAL_NS, __ATOMIC_RELEASE);
}

void cell_curve_end(gc_heap *heap, uint64_t now) {
  if (curve.statm < 0)
    return;
  __atomic_store_n(&curve.due, UINT64_MAX, __ATOMIC_RELAXED);
  add_sample(heap, now);
  cell_garbage_end();
}

uint64_t cell_curve_sample(gc_heap *heap, uint64_t now) {
  uint64_t due = __atomic_load_n(&curve.due, __ATOMIC_RELAXED);
  if (now < due ||
      !__atomic_compare_exchange_n(&curve.due, &due, UINT64_MAX, false,
                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return 0;
  uint64_t begin = gc_now_ns();
  add_sample(heap, now);
  uint64_t took = gc_now_ns() - begin;
  curve.cost += took;
  __atomic_store_n(&curve.due, now + curve.interval, __ATOMIC_RELEASE);
  return took;
}

/* ------------------------------------------------------------------------- *
 * The record.
 * ------------------------------------------------------------------------- */

static json_t *or_null(uint64_t value) {
  return value == UINT64_MAX ? json_null() : record_integer(value);
}

static void record_garbage(json_t *record) {
  json_t *json = cell_garbage_json(), *points = json_array();
  if (!json) {
    json_decref(points);
    return;
  }
  for (size_t i = 0; i < curve.count; i++) {
    const sample *s = &curve.samples[i];
    json_array_append_new(points,
                          json_pack("[o,o,o,o,o]", record_integer(s->at),
                                    record_integer(s->garbage.live_objects),
                                    record_integer(s->garbage.live_bytes),
                                    or_null(s->garbage.objects),
                                    or_null(s->garbage.most)));
  }
  json_object_set_new(json, "curve", points);
  json_object_set_new(record, "garbage", json);
}

static json_t *stability_json(const stability_point *points, size_t n,
                              const double *levels) {
  stability s = stability_of(points, n, levels);
  json_t *json = json_pack("{s:s,s:f}", "verdict", stability_names[s.verdict],
                           "seconds", s.seconds);
  if (s.blocks > 0) {
    json_object_set_new(json, "slope", json_real(s.slope));
    json_object_set_new(json, "low", json_real(s.low));
    json_object_set_new(json, "high", json_real(s.high));
  }
  return json;
}

/* Whether garbage settles, and the memory that is resident beyond what is
 * alive. */
static void record_stability(json_t *record, uint64_t baseline) {
  stability_point most[ROOM], beyond[ROOM];
  double levels[ROOM];
  bool objects, live = cell_garbage_known(&objects);
  size_t known = 0;
  json_t *json = json_object();
  for (size_t i = 0; i < curve.count; i++) {
    const sample *s = &curve.samples[i];
    double seconds = (double)s->at * 1e-9;
    double resident =
        s->resident > baseline ? (double)(s->resident - baseline) : 0;
    levels[i] = resident;
    if (live)
      resident = fmax(0, resident - (double)s->garbage.live_bytes);
    beyond[i] = (stability_point){seconds, resident, resident};
    if (i > 0 && objects && s->garbage.most != UINT64_MAX && s->at > s[-1].at)
      most[known++] = (stability_point){seconds, (double)s->garbage.most,
                                        (s->garbage.area - s[-1].garbage.area) /
                                            (double)(s->at - s[-1].at)};
  }
  if (live && objects)
    json_object_set_new(json, "garbage", stability_json(most, known, NULL));
  json_object_set_new(json, "memory",
                      stability_json(beyond, curve.count, levels));
  json_object_set_new(record, "stability", json);
}

void cell_curve_record(json_t *record, json_t *memory, uint64_t baseline) {
  if (curve.statm < 0)
    return;
  json_t *points = json_array();
  for (size_t i = 0; i < curve.count; i++) {
    const sample *s = &curve.samples[i];
    json_array_append_new(points, json_pack("[I,I,I]", (json_int_t)s->at,
                                            (json_int_t)s->footprint,
                                            (json_int_t)s->resident));
  }
  json_object_set_new(memory, "curve", points);
  json_object_set_new(memory, "curve_interval",
                      json_integer((json_int_t)curve.interval));
  json_object_set_new(memory, "curve_cost",
                      json_integer((json_int_t)curve.cost));
  record_garbage(record);
  record_stability(record, baseline);
}
