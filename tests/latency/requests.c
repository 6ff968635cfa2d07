/* requests.c: tests of requests on a schedule and of memory samples.
 *
 * The test plays the clock, sleep and the kernel's accounts, so that every
 * number can be stated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "harness/cell/cell.h"
#include "harness/record/record.h"

enum { MS = 1000000 };

static uint64_t now, delay, turns, oversleep;

/* The thread waits for a processor. */
static void lose(uint64_t ns) {
  now += ns;
  delay += ns;
  turns++;
}

/* Looking at the clock takes no time while a request is served, and some
 * where somebody waits for it. */
static uint64_t tick;

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t) {
  (void)clock;
  now += tick;
  t->tv_sec = (time_t)(now / 1000000000);
  t->tv_nsec = (long)(now % 1000000000);
  return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *until, struct timespec *rest);
int __wrap_clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *until,
                           struct timespec *rest) {
  (void)clock, (void)flags, (void)rest;
  now = (uint64_t)until->tv_sec * 1000000000u + (uint64_t)until->tv_nsec;
  lose(oversleep);
  oversleep = 0;
  return 0;
}

ssize_t __wrap_pread(int fd, void *text, size_t room, off_t offset);
ssize_t __wrap_pread(int fd, void *text, size_t room, off_t offset) {
  (void)fd, (void)offset;
  return snprintf(text, room, "%llu %llu %llu\n", (unsigned long long)now,
                  (unsigned long long)delay, (unsigned long long)turns);
}

/* What the files under test call. */
const gc_collector gc_this_collector = {.can.reclaims = GC_RECLAIMS_NOTHING};
void gc_collect(gc_mutator *m) {
  (void)m;
}
void gc_blocking_enter(gc_mutator *m) {
  (void)m;
  tick = 100;
}
static uint64_t lost_after_waiting;
void gc_blocking_leave(gc_mutator *m) {
  (void)m;
  tick = 0;
  if (lost_after_waiting)
    lose(lost_after_waiting);
  lost_after_waiting = 0;
}
static uint64_t footprint;
gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  return (gc_footprint){++footprint, 0};
}
void cell_wrong(const char *format, ...) {
  fail_msg("%s", format);
}
void cell_exercise_begin(gc_heap *heap) {
  (void)heap;
}
void cell_exercise_end(gc_heap *heap) {
  (void)heap;
}
cell_resident cell_read_resident(void) {
  return (cell_resident){0};
}
void cell_die(const char *format, ...) {
  (void)format;
  abort();
}
_Thread_local cell_thread *cell_self;

static hist steps[1];
static wl_run run;
static cell_thread thread;
static wl_thread *const t = &thread.wl;
cell_thread *cell_threads(void) {
  return &thread;
}
bool cell_thread_is_alone(void) {
  return true;
}

/* Begins a measured part of `count` requests. */
static void begin(uint64_t count, uint64_t rate) {
  now = 1000000000;
  delay = turns = oversleep = tick = 0;
  hist_reset(steps);
  thread = (cell_thread){.wl.run = &run, .steps = steps};
  cell_delay_open(&thread);
  wl_requests(t, count, rate, false);
  wl_begin(t);
}

/* Serves a request; for `kept` of the time the thread is not run. */
static void serve_delayed(uint64_t ns, uint64_t kept) {
  wl_request_begin(t);
  now += ns - kept;
  lose(kept);
  wl_request_end(t);
  wl_step(t, 0, 1);
}

static void serve(uint64_t ns) {
  serve_delayed(ns, 0);
}

/* The record of the latencies, which ends the measured part. */
static json_t *finish(void) {
  wl_end(t);
  json_t *json = cell_latency();
  cell_requests_finish();
  return json;
}

static void assert_hist(const json_t *latency, const char *name, uint64_t count,
                        uint64_t sum, uint64_t max) {
  const json_t *h = json_object_get(latency, name);
  assert_int_equal(json_integer_value(json_object_get(h, "count")), count);
  uint64_t its_sum = (uint64_t)json_integer_value(json_object_get(h, "sum"));
  uint64_t its_max = (uint64_t)json_integer_value(json_object_get(h, "max"));
  /* Waiting ends at a look at the clock, 100 ns apart. */
  assert_in_range(its_sum, sum, sum + 300 * count);
  assert_in_range(its_max, max, max + 300);
}

/* Arrivals every 2 ms, service 1, a pause of 10 in number 4:
 * 1 1 1 1 11 10 9 8 7 6 from the arrivals. */
static void open_loop(void **state) {
  (void)state;
  begin(10, 500);
  for (unsigned i = 0; i < 10; i++)
    serve(i == 4 ? 11 * MS : 1 * MS);
  json_t *latency = finish();
  assert_hist(latency, "intended", 10, 55 * MS, 11 * MS);
  assert_hist(latency, "simple", 10, 20 * MS, 11 * MS);
  assert_int_equal(json_integer_value(json_object_get(latency, "rate")), 500);
  json_t *span = json_object_get(latency, "span");
  assert_in_range((uint64_t)json_integer_value(span), 24 * MS, 24 * MS + 3000);
  /* Waiting is in no step, but in the wall time. */
  assert_int_equal(steps[0].count, 10);
  assert_in_range(steps[0].sum, 20 * MS, 20 * MS + 3000);
  assert_in_range(cell_measurement.wall, 24 * MS - 3000, 24 * MS + 3000);
  json_decref(latency);
}

/* The machine kept the thread from running for 5 ms, within number 4. */
static void delay_puts_arrivals_off(void **state) {
  (void)state;
  begin(10, 500);
  for (unsigned i = 0; i < 10; i++) {
    if (i == 4)
      serve_delayed(6 * MS, 5 * MS);
    else
      serve(1 * MS);
  }
  json_t *latency = finish();
  assert_hist(latency, "intended", 10, 10 * MS, 1 * MS);
  assert_hist(latency, "simple", 10, 10 * MS, 1 * MS);
  json_decref(latency);
}

static void late_waking_puts_arrivals_off(void **state) {
  (void)state;
  begin(3, 100);
  serve(1 * MS);
  oversleep = 3 * MS;
  serve(1 * MS);
  serve(1 * MS);
  json_t *latency = finish();
  assert_hist(latency, "intended", 3, 3 * MS, 1 * MS);
  json_decref(latency);
}

/* What a thread lost in short requests is not taken off a longer one. */
static void delay_of_requests_before_is_left(void **state) {
  (void)state;
  begin(101, 0);
  for (unsigned i = 0; i < 100; i++)
    serve_delayed(10000, 4000);
  serve(60000);
  json_t *latency = finish();
  assert_hist(latency, "simple", 101, 100 * 10000 + 60000, 60000);
  json_decref(latency);
}

/* Nor what it lost between two that need not wait. */
static void delay_between_requests(void **state) {
  (void)state;
  begin(3, 1000);
  serve(5 * MS);
  lose(3 * MS);
  serve(60000);
  serve_delayed(2 * MS, 1 * MS);
  json_t *latency = finish();
  assert_hist(latency, "simple", 3, 6 * MS + 60000, 5 * MS);
  /* The second arrives at 1 ms and the third at 2. */
  assert_hist(latency, "intended", 3,
              5 * MS + (4 * MS + 60000) + 4 * MS + 60000, 5 * MS);
  json_decref(latency);
}

/* Whether a thread that lost its processor before a request sees by the clock
 * that the request has not arrived yet, by the first reading, or by one after
 * it waited: no request begins before it arrives. */
static void no_request_begins_before_it_arrives(void **state) {
  (void)state;
  for (uint64_t lost = 10000; lost < 5 * MS; lost += 10000) {
    begin(4, 500);
    serve(10000);
    lose(lost); /* the second arrives 2 ms after the first */
    serve(10000);
    lost_after_waiting = lost;
    serve(10000);
    serve(10000);
    json_t *latency = finish();
    hist h;
    assert_true(
        record_read_histogram(json_object_get(latency, "intended"), &h));
    assert_int_equal(h.count, 4);
    assert_in_range(h.min, 10000, 11000);
    assert_in_range(h.max, 10000,
                    11000 + CELL_SLOW_NS); /* read from there on */
    json_decref(latency);
  }
}

static void closed_loop(void **state) {
  (void)state;
  begin(3, 0);
  serve(1000);
  serve(7000);
  serve(2000);
  json_t *latency = finish();
  assert_null(json_object_get(latency, "intended"));
  assert_hist(latency, "simple", 3, 10000, 7000);
  /* Starts 0, 1, 8 are evened out to 0, 4, 8: the second had waited for the
   * first for no time. */
  assert_hist(latency, "metered", 3, 10000, 7000);
  assert_string_equal(json_string_value(json_object_get(latency, "arrivals")),
                      "closed loop");
  json_decref(latency);
}

static void without_requests(void **state) {
  (void)state;
  begin(1, 0);
  assert_null(finish());
}

/* Samples every 10 ms, thinned out to every 20 when the room is used up. */
static void memory_curve(void **state) {
  (void)state;
  cell_curve_open();
  footprint = 0;
  begin(1, 0);
  for (unsigned i = 0; i < 300; i++) {
    now += 11 * MS;
    wl_step(t, 0, 1);
  }
  json_decref(finish());
  json_t *memory = json_object(), *points, *interval;
  cell_curve_record(memory, memory, 0);
  points = json_object_get(memory, "curve");
  interval = json_object_get(memory, "curve_interval");
  assert_int_equal(json_integer_value(interval), 20 * MS);
  /* 255 steps fill the room; then 45 steps of 11 ms, a sample in each second;
   * and the end. */
  assert_int_equal(json_array_size(points), 128 + 23 + 1);
  json_int_t before = -1;
  for (size_t i = 0; i < json_array_size(points); i++) {
    json_t *at = json_array_get(json_array_get(points, i), 0);
    assert_true(json_integer_value(at) > before ||
                i + 1 == json_array_size(points));
    before = json_integer_value(at);
  }
  assert_int_equal(before, (json_int_t)300 * 11 * MS);
  json_decref(memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(open_loop),
      cmocka_unit_test(delay_puts_arrivals_off),
      cmocka_unit_test(late_waking_puts_arrivals_off),
      cmocka_unit_test(delay_of_requests_before_is_left),
      cmocka_unit_test(delay_between_requests),
      cmocka_unit_test(no_request_begins_before_it_arrives),
      cmocka_unit_test(closed_loop),
      cmocka_unit_test(without_requests),
      cmocka_unit_test(memory_curve),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
