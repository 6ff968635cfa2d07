/* garbage.c: tests of outstanding garbage over time.  The test plays the
 * workload, the collector and the clock, so that every number can be stated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cell/cell.h"
#include "harness/record/record.h"

static uint64_t now;
static unsigned clock_reads, tallies; /* so far */
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t) {
  (void)clock;
  clock_reads++;
  t->tv_sec = (time_t)(now / 1000000000);
  t->tv_nsec = (long)(now % 1000000000);
  return 0;
}

/* What garbage.c calls. */
const gc_collector gc_this_collector = {.can.reclaims = GC_RECLAIMS_ALL};
bool cell_measuring_flag;
static gc_tally tally;
static gc_usage usage;
static gc_reachable reachable;
gc_tally gc_heap_tally(gc_heap *heap) {
  (void)heap;
  tallies++;
  return tally;
}
static unsigned looks; /* at the whole heap */
gc_usage gc_heap_usage(gc_heap *heap) {
  (void)heap;
  looks++;
  return usage;
}
gc_reachable gc_heap_reachable(gc_heap *heap) {
  (void)heap;
  looks++;
  return reachable;
}
gc_external_usage cell_heap_external(gc_heap *heap) {
  (void)heap;
  return (gc_external_usage){0};
}
static cell_thread threads[2];
static bool alone;
_Thread_local cell_thread *cell_self; /* of no thread */
cell_thread *cell_threads(void) {
  return threads;
}
bool cell_thread_is_alone(void) {
  return alone;
}
static char complaint[CELL_REASON];
void cell_wrong(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(complaint, sizeof complaint, format, args);
  va_end(args);
}

static const workload tells = {.name = "tells", .knows_live = true};
static wl_run run = {.workload = &tells};
static wl_thread *const a = &threads[0].wl, *const b = &threads[1].wl;

enum { MS = 1000000, EACH = 24 };

/* A step in which a thread makes or drops so many objects. */
static void make(wl_thread *t, uint64_t n) {
  wl_made(t, n, n * EACH);
  cell_ledger_publish((cell_thread *)t);
}

static void drop(wl_thread *t, uint64_t n) {
  wl_dropped(t, n, n * EACH);
  cell_ledger_publish((cell_thread *)t);
}

static void stop_begins(void) {
  cell_garbage_reclaims(NULL);
}

/* A collection that leaves so many ends. */
static void leaves(uint64_t left) {
  tally.collections++;
  tally.left = left;
  cell_garbage_paused();
}

/* The run begins, and what it does before the measured part is nothing. */
static const uint64_t none = 0;

static void begin(void) {
  wl_unstated(a, &none);
  now = 1000 * (uint64_t)MS;
  alone = true;
  cell_garbage_open(&run);
}

static void begin_measured(void) {
  cell_garbage_begin();
  cell_garbage_sample(now, 0);
  cell_measuring_flag = true;
}

static json_t *end_measured(void) {
  cell_measuring_flag = false;
  cell_garbage_sample(now, 0);
  cell_garbage_end();
  return cell_garbage_json();
}

static double number(const json_t *json, const char *path) {
  return record_number(json, path);
}

/* The tests are one run: each goes on where the one before has ended. */
static void between_collections(void **state) {
  (void)state;
  begin();
  make(a, 100);
  stop_begins(); /* before the measured part: 100 are alive */
  leaves(100);
  begin_measured();

  now += 10 * MS; /* a hundred die within ten ms */
  make(a, 150);
  drop(a, 100);
  stop_begins();
  now += 2 * MS;
  leaves(160); /* ten of the dead were overlooked */
  cell_garbage first = cell_garbage_sample(now, 10000);
  assert_int_equal(first.most, 100);
  assert_int_equal(first.objects, 10);
  assert_int_equal(first.live_objects, 150);
  assert_int_equal(first.live_bytes, 150 * EACH);

  now += 20 * MS;
  make(b, 50);
  drop(b, 30); /* of those that the other thread made */
  cell_garbage second = cell_garbage_sample(now, 20000);
  assert_int_equal(second.most, 40);
  assert_int_equal(second.objects, 40);
  assert_int_equal(second.live_objects, 170);
  /* From here on nothing changes. */
  now += 30 * MS;
  json_t *json = end_measured();
  assert_float_equal(number(json, "objects.max"), 100, 0);
  assert_float_equal(number(json, "objects.end"), 40, 0);
  /* 10 ms from 0 to 100, 2 ms from 100 to 10, 20 ms from 10 to 40, 30 ms at 40
   */
  assert_float_equal(number(json, "objects.integral"),
                     10 * 50 + 2 * 55 + 20 * 25 + 30 * 40, 1e-6);
  assert_float_equal(number(json, "objects.median"), 40, 0.5);
  assert_float_equal(number(json, "collections"), 1, 0);
  assert_true(json_is_true(record_get(json, "exact")));
  assert_float_equal(number(json, "live.objects"), 170, 0);
  assert_float_equal(number(json, "live.bytes"), 170 * EACH, 0);
  assert_float_equal(number(json, "bytes.max"), 20000 - 170 * EACH, 0);
  json_decref(json);

  /* What was told is what the heap holds: 160, and 50 more. */
  usage.objects = 210;
  reachable = (gc_reachable){170, 170 * EACH};
  cell_garbage_check(NULL);
  cell_garbage_expect(
      (wl_expectation){.live = 170, .allocated = 300, .bytes = 170 * EACH},
      210);
  assert_string_equal(complaint, "");
}

/* A collector that counts what it left later, while the program goes on. */
static void counted_later(void **state) {
  (void)state;
  begin_measured();
  stop_begins();
  tally.collections++;
  tally.left = GC_UNKNOWN; /* of the 210, the 40 dead are found */
  cell_garbage_paused();
  now += 10 * MS;
  make(a, 100);
  drop(a, 20);
  cell_garbage s = cell_garbage_sample(now, 0);
  assert_int_equal(s.objects, UINT64_MAX);
  tally.left = 170;
  now += 10 * MS;
  s = cell_garbage_sample(now, 0);
  assert_int_equal(s.objects, 20);
  json_t *json = end_measured();
  assert_float_equal(number(json, "objects.max"), 40, 0);
  /* From the end of the stop, when none was left, to 20 in 20 ms. */
  assert_float_equal(number(json, "objects.integral"), 20 * 10, 1e-6);
  json_decref(json);
}

/* Objects that are freed one by one, and the rest in a search. */
static void freed_one_by_one(void **state) {
  (void)state;
  begin_measured();
  drop(a, 30);
  tally.freed += 25; /* five are in dead cycles; twenty are from before */
  now += 10 * MS;
  stop_begins();
  tally.freed += 25;
  cell_garbage_paused();
  now += 10 * MS;
  json_t *json = end_measured();
  assert_float_equal(number(json, "objects.max"), 25, 0);
  assert_float_equal(number(json, "objects.end"), 0, 0);
  json_decref(json);
}

static void differences_are_told(void **state) {
  (void)state;
  /* 170 + 100 made - 20 dropped - 30 dropped are alive and held. */
  usage.objects = 221;
  reachable = (gc_reachable){220, 220 * EACH};
  cell_garbage_check(NULL);
  assert_non_null(strstr(complaint, "holds 221 objects at a step, but 220"));
  complaint[0] = 0;
  usage.objects = 220;
  reachable.objects = 219;
  cell_garbage_check(NULL);
  assert_non_null(strstr(complaint, "219 objects"));
  complaint[0] = 0;
  reachable = (gc_reachable){220, 220 * EACH + 8};
  cell_garbage_check(NULL);
  assert_non_null(strstr(complaint, "can be reached at a step"));
  complaint[0] = 0;
  alone = false; /* other threads may run: nothing can be compared */
  cell_garbage_check(NULL);
  assert_string_equal(complaint, "");
  const wl_expectation right = {.live = 220, .allocated = 400};
  cell_garbage_expect(right, 220);
  assert_string_equal(complaint, "");
  cell_garbage_expect(right, 221);
  assert_non_null(strstr(complaint, "after a collection, but 220"));
  complaint[0] = 0;
  cell_garbage_expect((wl_expectation){.live = 221, .allocated = 400}, 220);
  assert_non_null(strstr(complaint, "but expects 400 and 221"));
  complaint[0] = 0;
  cell_garbage_expect(
      (wl_expectation){.live = 220, .allocated = 400, .bytes = 7}, 220);
  assert_non_null(strstr(complaint, "live bytes"));
}

/* Where something was reclaimed, and garbage was not read right before, there
 * may have been more than at the samples; and what is made and not stated when
 * a collection comes counts if it is shown. */
static void exactness(void **state) {
  (void)state;
  begin_measured();
  json_t *json = end_measured();
  assert_true(json_is_true(record_get(json, "exact")));
  json_decref(json);
  begin_measured();
  tally.freed++;
  json = end_measured();
  assert_false(json_is_true(record_get(json, "exact")));
  assert_float_equal(number(json, "collections"), 0, 0);
  json_decref(json);

  uint64_t made = 7;
  for (unsigned shown = 0; shown < 2; shown++) {
    begin_measured();
    wl_unstated(a, shown ? &made : NULL);
    stop_begins();
    uint64_t all = threads[0].wl.ledger.made + threads[1].wl.ledger.made;
    uint64_t gone = threads[0].wl.ledger.dropped + threads[1].wl.ledger.dropped;
    tally.freed = 0;
    leaves(all - gone + 7);
    make(a, 7);
    cell_garbage s = cell_garbage_sample(now, 0);
    assert_int_equal(s.objects, shown ? 0 : 7);
    json = end_measured();
    assert_true(json_is_true(record_get(json, "exact")) == shown);
    json_decref(json);
  }
}

/* That the work since the last call of this function was so much. */
static void assert_work(unsigned clock, unsigned asked) {
  assert_int_equal(clock_reads, clock);
  assert_int_equal(tallies, asked);
  assert_int_equal(looks, 0);
  clock_reads = tallies = 0;
}

/* What the figures cost: a statement and the end of a step ask nobody anything,
 * and at a sample and at both ends of a stop the collector is asked once, but
 * never for a look at its heap. */
static void work_for_the_figures(void **state) {
  (void)state;
  begin_measured();
  clock_reads = tallies = looks = 0;
  for (unsigned i = 0; i < 1000; i++) {
    make(a, 1);
    drop(a, 1);
  }
  assert_work(0, 0);
  cell_garbage_sample(now, 0);
  assert_work(0, 1);
  stop_begins();
  assert_work(2, 1);
  leaves(0);
  assert_work(2, 1);
  json_decref(end_measured());
}

int main(void) {
  threads[0].next = &threads[1];
  threads[0].taken = true;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(between_collections),
      cmocka_unit_test(counted_later),
      cmocka_unit_test(freed_one_by_one),
      cmocka_unit_test(differences_are_told),
      cmocka_unit_test(exactness),
      cmocka_unit_test(work_for_the_figures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
