/* steps.c: tests of timed steps and pauses.
 *
 * The test plays the clock and the kernel's account of run-queue delays (calls
 * of clock_gettime and pread are linked to the functions below), so that every
 * number can be stated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "harness/cell/cell.h"
#include "harness/record/record.h"

/* How many ns a reading of the delay takes, and two, of which nobody knows
 * whether the thread ran meanwhile. */
enum { READING = 700, READINGS = 2 * READING };
enum { MS = 1000000 };

static uint64_t now, delay, turns;
static uint64_t lost_in_reading; /* before the next one tells the delay */
static uint64_t strangers; /* for how long other threads of the process ran */
static uint64_t ended;     /* the same of threads with accounts that ended */
static unsigned readings;
static unsigned clock_reads, samples, published;
static void (*meanwhile)(void); /* called once, behind the next reading */

/* The thread waits for a processor. */
static void lose(uint64_t ns) {
  now += ns;
  delay += ns;
  turns++;
}

static void lose_three_ms(void) {
  lose(3 * MS);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t) {
  uint64_t ns = now;
  clock_reads++;
  if (clock == CLOCK_PROCESS_CPUTIME_ID)
    ns += strangers + ended;
  t->tv_sec = (time_t)(ns / 1000000000);
  t->tv_nsec = (long)(ns % 1000000000);
  return 0;
}

ssize_t __wrap_pread(int fd, void *text, size_t room, off_t offset);
ssize_t __wrap_pread(int fd, void *text, size_t room, off_t offset) {
  (void)fd, (void)offset;
  if (lost_in_reading)
    lose(lost_in_reading);
  lost_in_reading = 0;
  int n = snprintf(text, room, "%llu %llu %llu\n", (unsigned long long)now,
                   (unsigned long long)delay, (unsigned long long)turns);
  now += READING;
  readings++;
  void (*call)(void) = meanwhile;
  meanwhile = NULL;
  if (call)
    call();
  return n;
}

/* What steps.c and pauses.c call. */
const gc_collector gc_this_collector = {.can.reclaims = GC_RECLAIMS_NOTHING};
void gc_collect(gc_mutator *m) {
  (void)m;
}
gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  return (gc_footprint){0};
}
cell_resident cell_read_resident(void) {
  return (cell_resident){0};
}
bool cell_requests_scheduled(void) {
  return false;
}
void cell_exercise_begin(gc_heap *heap) {
  (void)heap;
}
void cell_exercise_end(gc_heap *heap) {
  (void)heap;
}
static char complaint[CELL_REASON];
void cell_wrong(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(complaint, sizeof complaint, format, args);
  va_end(args);
}
/* Garbage has tests of its own (garbage.c). */
void cell_garbage_reclaims(void *data) {
  (void)data;
}
cell_garbage_change cell_garbage_paused(void) {
  return (cell_garbage_change){UINT64_MAX, UINT64_MAX};
}
void cell_garbage_begin(void) {
}
void cell_ledger_publish(cell_thread *c) {
  (void)c;
  published++;
}
void cell_garbage_end(void) {
}
cell_garbage cell_garbage_sample(uint64_t at, uint64_t footprint) {
  (void)at, (void)footprint;
  samples++;
  return (cell_garbage){0};
}
void cell_garbage_most(uint64_t objects) {
  (void)objects;
}
bool cell_garbage_known(bool *objects) {
  return *objects = false;
}
json_t *cell_garbage_json(void) {
  return NULL;
}
void cell_garbage_stated(const cell_thread *c) {
  (void)c;
}
bool cell_thread_is_alone(void) {
  return true;
}
void cell_garbage_check(gc_heap *heap) {
  (void)heap;
}
_Thread_local cell_thread *cell_self;

static hist steps[2], pauses[CELL_PAUSE_HISTS];
static wl_run run;
static cell_thread thread;
static wl_thread *const t = &thread.wl;
static gc_listener listener;

/* For running out of memory, which does not happen. */
void cell_die(const char *format, ...) {
  (void)format;
  abort();
}

/* A thread in the middle of the measured part, at the start of a step. */
static int begin(void **state) {
  (void)state;
  now = 1000000000;
  delay = turns = strangers = 0;
  for (unsigned i = 0; i < 2; i++)
    hist_reset(&steps[i]);
  for (unsigned i = 0; i < CELL_PAUSE_HISTS; i++)
    hist_reset(&pauses[i]);
  thread = (cell_thread){
      .wl.run = &run, .used = true, .steps = steps, .pauses = pauses};
  cell_intervals_init(&thread.stops);
  cell_intervals_init(&thread.own);
  cell_self = &thread;
  listener = cell_listener(false);
  complaint[0] = 0;
  cell_delay_open(&thread);
  assert_non_null(thread.account);
  wl_begin(t);
  readings = 0;
  return 0;
}

static int end(void **state) {
  (void)state;
  cell_intervals_free(&thread.stops);
  cell_intervals_free(&thread.own);
  return 0;
}

/* A pause that is reported before it is over, or that ends before it began, is
 * none. */
static void impossible_pauses_are_told(void **state) {
  (void)state;
  now += 1000;
  listener.pause(listener.data, GC_PAUSE_STOP, now - 10, now);
  assert_string_equal(complaint, "");
  listener.pause(listener.data, GC_PAUSE_CASCADE, now - 10, now + 7);
  assert_string_equal(complaint, "the collector reports a pause that ends 7 ns "
                                 "after the report");
  listener.pause(listener.data, GC_PAUSE_DETECT, now, now - 10);
  assert_string_equal(complaint, "the collector reports a pause that ends 10 "
                                 "ns before it begins");
  assert_int_equal(pauses[CELL_PAUSES_ALL].count, 1);
}

static void pause_for(gc_pause_kind kind, uint64_t ns) {
  uint64_t start = now;
  now += ns;
  listener.pause(listener.data, kind, start, now);
}

static void assert_one(const hist *h, uint64_t value) {
  assert_int_equal(h->count, 1);
  assert_int_equal(h->sum, value);
}

static void fast_steps_are_not_looked_at(void **state) {
  (void)state;
  now += 500;
  lose(500);
  wl_step(t, 0, 3);
  now += 2000;
  wl_step(t, 1, 4);
  assert_one(&steps[0], 1000);
  assert_one(&steps[1], 2000);
  assert_int_equal(thread.ops, 7);
  assert_int_equal(thread.delayed, 0);
  assert_int_equal(readings, 0);
}

static void delay_is_taken_off_slow_steps(void **state) {
  (void)state;
  now += 40000;
  lose(60000);
  wl_step(t, 0, 1);
  assert_one(&steps[0], 40000 + READINGS);
  assert_int_equal(thread.delayed, 60000 - READINGS);
}

/* What a thread lost in fast steps is not taken off a slow one behind them. */
static void delay_of_steps_before_is_left(void **state) {
  (void)state;
  for (unsigned i = 0; i < 100; i++) {
    now += 5000;
    lose(5000);
    wl_step(t, 0, 1);
  }
  now += 60000;
  wl_step(t, 1, 1);
  assert_one(&steps[1], 60000);
  assert_int_equal(thread.delayed, 0);
}

/* One delay that is too long for a fast step was in the slow one. */
static void long_delay_behind_fast_steps(void **state) {
  (void)state;
  for (unsigned i = 0; i < 100; i++) {
    now += 10000;
    wl_step(t, 0, 1);
  }
  now += 1000;
  lose(3 * MS);
  wl_step(t, 1, 1);
  assert_one(&steps[1], 1000 + READINGS);
}

/* Others before it were in fast steps, where each can have been as long as a
 * fast step. */
static void delays_before_a_long_one(void **state) {
  (void)state;
  for (unsigned i = 0; i < 100; i++) {
    now += 10000;
    if (i % 50 == 0)
      lose(5000);
    wl_step(t, 0, 1);
  }
  now += 1000;
  lose(3 * MS);
  wl_step(t, 1, 1);
  assert_one(&steps[1], 1000 + READINGS + 2 * CELL_SLOW_NS - 2 * 5000);
}

/* What is lost while a reading is taken is instrument time, and in no step. */
static void delay_in_a_reading(void **state) {
  (void)state;
  now += 60000;
  lost_in_reading = 3 * MS;
  wl_step(t, 0, 1);
  assert_one(&steps[0], 60000);
  now += 60000;
  meanwhile = lose_three_ms;
  wl_step(t, 1, 1);
  now += 70000;
  wl_step(t, 1, 1);
  assert_int_equal(steps[1].sum, 60000 + 70000);
  assert_int_equal(thread.delayed, 0);
}

/* Nor does that hide what is lost in the next step. */
static void delay_behind_a_reading(void **state) {
  (void)state;
  now += 60000;
  meanwhile = lose_three_ms;
  wl_step(t, 0, 1);
  now += 1000;
  lose(2 * MS);
  wl_step(t, 1, 1);
  assert_one(&steps[1], 1000 + READINGS);
}

static void reading_is_in_no_step_and_not_in_wall(void **state) {
  (void)state;
  now += 100000;
  wl_step(t, 0, 1);
  now += 5000;
  wl_step(t, 1, 1);
  wl_end(t);
  assert_int_equal(readings, 2); /* of the slow step, and of wl_end */
  assert_one(&steps[0], 100000);
  assert_one(&steps[1], 5000);
  assert_int_equal(cell_measurement.wall, 105000);
  assert_int_equal(cell_measurement.instrument, READING);
}

/* What other threads of the process may have caused is no noise. */
static void own_delay_is_left(void **state) {
  (void)state;
  now += 40000;
  lose(60000);
  strangers += 25000;
  wl_step(t, 0, 1);
  assert_one(&steps[0], 65000 + READINGS);
  assert_int_equal(thread.delayed, 35000 - READINGS);
  assert_int_equal(thread.own_delay, 25000);
  now += 90000;
  lose(10000);
  strangers += 90000; /* most of it on another processor */
  wl_step(t, 1, 1);
  assert_one(&steps[1], 100000);
  assert_int_equal(thread.own_delay, 35000);
}

static void own_delay_in_a_pause(void **state) {
  (void)state;
  delay += 30000;
  strangers += 30000;
  pause_for(GC_PAUSE_STOP, 61000);
  assert_one(&pauses[CELL_PAUSES_ALL], 61000);
  assert_int_equal(thread.own_delay, 30000);
  now += 500000;
  delay += 4000;
  strangers += 4000;
  wl_skip(t);
  assert_int_equal(thread.own_delay, 30000); /* the skipped time is nowhere */
}

static void *have_account(void *account) {
  *(cell_account **)account = cell_account_open();
  /* It has run for as long as the first thread. */
  assert_int_equal(
      cell_strangers_ran(thread.account, 2 * now + ended + 7000, now), 7000);
  return NULL;
}

/* The time of threads that have accounts is known, also when they have ended,
 * and their accounts go to others. */
static void accounts_of_other_threads(void **state) {
  (void)state;
  cell_account *used[2];
  for (unsigned i = 0; i < 2; i++) {
    pthread_t id;
    assert_int_equal(pthread_create(&id, NULL, have_account, &used[i]), 0);
    assert_int_equal(pthread_join(id, NULL), 0);
    ended += now - READING; /* what was read at the end */
    now += 5000;
    assert_int_equal(
        cell_strangers_ran(thread.account, now + ended + 9000, now), 9000);
  }
  assert_non_null(used[0]);
  assert_ptr_equal(used[0], used[1]);
  assert_int_equal(cell_strangers_ran(thread.account, ended, now), 0);
}

static pthread_t brief;
static sem_t begun, may_end;

static void *live_until_told(void *unused) {
  (void)unused;
  cell_account_open();
  sem_post(&begun);
  sem_wait(&may_end);
  return NULL;
}

static void end_the_other(void) {
  sem_post(&may_end);
  pthread_join(brief, NULL);
}

/* A thread that ends while its account is looked at is not counted twice. */
static void account_of_a_thread_that_ends(void **state) {
  (void)state;
  sem_init(&begun, 0, 0);
  sem_init(&may_end, 0, 0);
  assert_int_equal(pthread_create(&brief, NULL, live_until_told, NULL), 0);
  sem_wait(&begun);
  const uint64_t earlier = ended, mine = now;
  meanwhile = end_the_other;
  assert_int_equal(
      cell_strangers_ran(thread.account, mine + earlier + now + 9000, mine),
      9000);
  assert_null(meanwhile);
  ended += now - READING;
}

/* The kernel's clock need not be ours. */
static void delay_never_exceeds_the_step(void **state) {
  (void)state;
  lose(60000);
  delay += 30000;
  wl_step(t, 0, 1);
  assert_one(&steps[0], 0);
  assert_int_equal(thread.delayed, 60000);
}

/* Delays of many fast steps are not taken off a slow one. */
static void readings_are_refreshed(void **state) {
  (void)state;
  for (unsigned i = 0; i < 2000; i++) { /* 20 ms in all */
    now += 9000;
    lose(1000);
    wl_step(t, 0, 1);
  }
  assert_true(readings >= 1 && readings <= 2);
  assert_int_equal(steps[0].sum, 20000000);
  assert_int_equal(thread.delayed, 0);
  now += 15000000;
  wl_step(t, 1, 1);
  assert_true(steps[1].sum > 14000000); /* not 13000000 */
}

/* A step reads the clock once and publishes once, and a sample is taken every
 * ten milliseconds, however many steps there are. */
static void work_of_a_step(void **state) {
  (void)state;
  cell_curve_open();
  cell_curve_begin(NULL, now);
  clock_reads = published = 0;
  for (unsigned i = 0; i < 100; i++) {
    now += 10000;
    wl_step(t, 0, 1);
  }
  assert_int_equal(clock_reads, 100);
  assert_int_equal(published, 100);
  samples = 0;
  for (unsigned i = 0; i < 10000; i++) { /* 100 ms in all */
    now += 10000;
    wl_step(t, 0, 1);
  }
  assert_true(samples >= 5 && samples <= 10);
}

static void skipped_time_is_nowhere(void **state) {
  (void)state;
  now += 1000;
  wl_step(t, 0, 1);
  now += 222000;
  lose(555000);
  wl_skip(t);
  now += 90000;
  wl_step(t, 1, 1);
  wl_end(t);
  assert_one(&steps[0], 1000);
  assert_one(&steps[1], 90000); /* without the delay in the skipped time */
  assert_int_equal(cell_measurement.wall, 91000);
}

static void pauses_by_kind_and_together(void **state) {
  (void)state;
  pause_for(GC_PAUSE_STOP, 1000);
  pause_for(GC_PAUSE_CASCADE, 2000);
  pause_for(GC_PAUSE_DETECT, 3000);
  assert_one(&pauses[GC_PAUSE_STOP], 1000);
  assert_one(&pauses[GC_PAUSE_CASCADE], 2000);
  assert_one(&pauses[GC_PAUSE_DETECT], 3000);
  assert_int_equal(pauses[CELL_PAUSES_ALL].count, 3);
  assert_int_equal(pauses[CELL_PAUSES_ALL].sum, 6000);
  assert_int_equal(readings, 0);
}

/* A pause of 30 us, in which the thread waits. */
static void pause_delayed(uint64_t waits) {
  uint64_t start = now;
  now += 30000;
  lose(waits);
  listener.pause(listener.data, GC_PAUSE_STOP, start, now);
}

/* A delay inside a pause is taken off the pause, and off its step: once each.
 */
static void delay_in_a_pause(void **state) {
  (void)state;
  now += 60000;
  listener.begins(listener.data);
  pause_delayed(70000);
  now += 15000;
  lose(5000);
  wl_step(t, 0, 1);
  assert_one(&pauses[GC_PAUSE_STOP], 100000); /* as reported */
  assert_one(&pauses[CELL_PAUSES_ALL], 30000 + READINGS);
  assert_one(&steps[0], 60000 + 30000 + 15000 + 2 * READINGS);
  wl_end(t);
  assert_int_equal(cell_measurement.wall, 180000);
  assert_int_equal(cell_measurement.instrument, 3 * READING);
}

/* A delay before a pause is taken off the step, and not off the pause. */
static void delay_before_a_pause(void **state) {
  (void)state;
  now += 10000;
  lose(3 * MS);
  pause_for(GC_PAUSE_CASCADE, 60000);
  assert_one(&pauses[CELL_PAUSES_ALL], 60000);
  wl_step(t, 0, 1);
  assert_one(&steps[0], 10000 + 60000 + READINGS);
}

/* The same, when the collector tells that the pause begins. */
static void delay_before_an_announced_pause(void **state) {
  (void)state;
  now += 10000;
  lose(3 * MS);
  listener.begins(listener.data);
  pause_delayed(2 * MS);
  assert_one(&pauses[CELL_PAUSES_ALL], 30000 + READINGS);
  listener.begins(listener.data); /* too early for another reading */
  pause_delayed(MS);
  assert_int_equal(pauses[CELL_PAUSES_ALL].sum, 2 * (30000 + READINGS));
  assert_int_equal(readings, 3);
  wl_step(t, 0, 1);
  assert_one(&steps[0], 10000 + 2 * 30000 + 3 * READINGS);
}

/* Of a pause that nobody announced as much as would not fit before it. */
static void delay_in_a_pause_of_which_nobody_told(void **state) {
  (void)state;
  now += 200000;
  pause_delayed(3 * MS);
  assert_one(&pauses[CELL_PAUSES_ALL], 30000 + 200000 + READINGS);
}

/* A reading that is taken in a fast step belongs to no later one. */
static void reading_in_a_fast_step(void **state) {
  (void)state;
  for (unsigned i = 0; i < 6; i++) {
    now += 10000;
    wl_step(t, 0, 1);
  }
  now += 2000;
  lose(3000);
  listener.begins(listener.data);
  pause_for(GC_PAUSE_STOP, 5000);
  wl_step(t, 0, 1);
  assert_int_equal(readings, 1);
  assert_int_equal(steps[0].sum, 70000);
  now += 60000;
  wl_step(t, 1, 1);
  assert_one(&steps[1], 60000);
  wl_end(t);
  assert_int_equal(cell_measurement.wall, 130000);
}

static void pauses_outside_are_not_counted(void **state) {
  (void)state;
  listener.pause(NULL, GC_PAUSE_STOP, now - 5000, now - 3000);
  assert_int_equal(pauses[GC_PAUSE_STOP].count, 0);
  now += 3000;
  listener.pause(NULL, GC_PAUSE_STOP, now - 8000, now);
  assert_one(&pauses[GC_PAUSE_STOP], 3000);
  wl_end(t);
  pause_for(GC_PAUSE_STOP, 1000);
  wl_step(t, 0, 1);
  assert_one(&pauses[GC_PAUSE_STOP], 3000);
  assert_int_equal(steps[0].count, 0);
}

static void pauses_of_unknown_threads(void **state) {
  (void)state;
  cell_self = NULL;
  pause_for(GC_PAUSE_STOP, 100000);
  assert_int_equal(readings, 0);
  cell_foreign_pauses(pauses);
  assert_one(&pauses[GC_PAUSE_STOP], 100000);
  assert_one(&pauses[CELL_PAUSES_ALL], 100000);
}

static void without_schedstat_nothing_is_corrected(void **state) {
  (void)state;
  thread.account = NULL;
  now += 100000;
  delay += 60000;
  wl_step(t, 0, 1);
  assert_one(&steps[0], 100000);
  assert_int_equal(readings, 0);
}

static double share(const json_t *mmu, const char *path, size_t window) {
  return json_number_value(json_array_get(record_get(mmu, path), window));
}

/* A stop is everybody's pause, another one its thread's alone. */
static void utilisation_by_thread(void **state) {
  (void)state;
  cell_thread other = {.used = true}, unused = {.used = false};
  thread.next = &other;
  other.next = &unused;
  pause_for(GC_PAUSE_STOP, 10000);
  now += 10000;
  pause_for(GC_PAUSE_CASCADE, 10000);
  now += 70000;
  wl_end(t);
  json_t *mmu = cell_utilisation(&thread, cell_foreign_stops());
  assert_int_equal(json_array_size(record_get(mmu, "threads")), 2);
  /* windows of 10, 20, 50 and 100 us */
  assert_int_equal(json_array_size(record_get(mmu, "windows")), 4);
  assert_int_equal(json_integer_value(record_get(mmu, "joined")), 0);
  const json_t *mine = json_array_get(record_get(mmu, "threads"), 0);
  const json_t *others = json_array_get(record_get(mmu, "threads"), 1);
  assert_true(share(mine, "mmu", 1) == .5);
  assert_true(share(mine, "bmu", 1) == 1 - 20. / 30);
  assert_true(share(mine, "mmu", 3) == .8);
  assert_true(share(others, "mmu", 1) == .5);
  assert_true(share(others, "bmu", 1) == .5);
  assert_true(share(others, "mmu", 3) == .9);
  assert_true(share(mmu, "worst.mmu", 3) == .8);
  json_decref(mmu);
}

/* When there are more pauses than room the curves are lower bounds, and say
 * so. */
static void utilisation_of_many_pauses(void **state) {
  (void)state;
  for (unsigned i = 0; i < 10000; i++) {
    pause_for(GC_PAUSE_CASCADE, 500);
    now += 1500;
  }
  now += 20000000;
  wl_end(t);
  json_t *mmu = cell_utilisation(&thread, cell_foreign_stops());
  size_t last = json_array_size(record_get(mmu, "windows")) - 1;
  assert_true(json_integer_value(record_get(mmu, "joined")) >= 1500);
  double all = share(mmu, "worst.mmu", last);
  assert_true(all <= 1 - 5. / 40);
  assert_true(all >= .499); /* no more than the gaps was added */
  json_decref(mmu);
}

/* Without instruments: counted, but not timed. */
static void untimed_steps(void **state) {
  (void)state;
  cell_steps_off();
  now += 100000;
  wl_step(t, 0, 3);
  now += 1000;
  wl_skip(t);
  wl_end(t);
  assert_int_equal(steps[0].count, 0);
  assert_int_equal(thread.ops, 3);
  assert_int_equal(cell_measurement.wall, 101000);
}

#define STEP_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      STEP_TEST(fast_steps_are_not_looked_at),
      STEP_TEST(delay_is_taken_off_slow_steps),
      STEP_TEST(delay_of_steps_before_is_left),
      STEP_TEST(long_delay_behind_fast_steps),
      STEP_TEST(delays_before_a_long_one),
      STEP_TEST(delay_in_a_reading),
      STEP_TEST(delay_behind_a_reading),
      STEP_TEST(reading_is_in_no_step_and_not_in_wall),
      STEP_TEST(own_delay_is_left),
      STEP_TEST(own_delay_in_a_pause),
      STEP_TEST(accounts_of_other_threads),
      STEP_TEST(account_of_a_thread_that_ends),
      STEP_TEST(delay_never_exceeds_the_step),
      STEP_TEST(readings_are_refreshed),
      STEP_TEST(skipped_time_is_nowhere),
      STEP_TEST(pauses_by_kind_and_together),
      STEP_TEST(delay_in_a_pause),
      STEP_TEST(delay_before_a_pause),
      STEP_TEST(delay_before_an_announced_pause),
      STEP_TEST(delay_in_a_pause_of_which_nobody_told),
      STEP_TEST(reading_in_a_fast_step),
      STEP_TEST(pauses_outside_are_not_counted),
      STEP_TEST(impossible_pauses_are_told),
      STEP_TEST(pauses_of_unknown_threads),
      STEP_TEST(without_schedstat_nothing_is_corrected),
      STEP_TEST(utilisation_by_thread),
      STEP_TEST(utilisation_of_many_pauses),
      STEP_TEST(work_of_a_step), /* the curve stays open */
      STEP_TEST(untimed_steps),  /* the last one: it cannot be turned on */
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
