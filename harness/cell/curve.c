/* curve.c: samples of memory use over time.  A sample is taken at the end of
 * the first step after it came due, where the run-queue delay is read anyway,
 * so fast steps pay nothing.  Its cost is booked as instrument time. */
#include "cell.h"

#include <fcntl.h>
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

/* Called only by the thread that swapped curve.due for UINT64_MAX. */
static void add_sample(gc_heap *heap, uint64_t now) {
  if (curve.count == ROOM) {
    for (size_t i = 1; i < ROOM / 2; i++)
      curve.samples[i] = curve.samples[2 * i];
    curve.count = ROOM / 2;
    curve.interval *= 2;
  }
  curve.samples[curve.count++] = (sample){
      now - curve.begin, gc_heap_footprint(heap).bytes, read_resident()};
}

void cell_curve_begin(gc_heap *heap, uint64_t now) {
  if (curve.statm < 0)
    return;
  curve.begin = now;
  curve.interval = INTERVAL_NS;
  add_sample(heap, now);
  __atomic_store_n(&curve.due, now + INTERVAL_NS, __ATOMIC_RELEASE);
}

void cell_curve_end(gc_heap *heap, uint64_t now) {
  if (curve.statm < 0)
    return;
  __atomic_store_n(&curve.due, UINT64_MAX, __ATOMIC_RELAXED);
  add_sample(heap, now);
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

void cell_curve_record(json_t *memory) {
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
}
