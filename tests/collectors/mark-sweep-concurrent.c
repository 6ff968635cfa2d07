/* mark-sweep-concurrent.c: the pacer, assists and the fallback.  What a cycle
 * owes whoever marks is tested by snapshot.c.  Counts decide, never times. */
static void halting_begins(void);
#define RIG_HELPER_THREAD() halting_begins()
#include "rig.h"
#include "mark-sweep-concurrent/pacer.h"
#include "common/pacing.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

enum {
  /* How far a heap may be over its goal when marking ends, per mille. */
  OVER = 50,
  NODE = 32, /* bytes of a node of rig_list */
};

static int calm(void **state) {
  (void)state;
  hostile_reset();
  rig_option("background", 1);
  rig_option("growth-least", 4096);
  rig_option("trigger", 50);
  rig_option("stop-words", 8192);
  rig_option("mark-stack", 0);
  return 0;
}

/* ------------------------------------------------------------------------- *
 * The pacer.
 * ------------------------------------------------------------------------- */

enum { MIB = 1 << 20 };

static const pacer_rules free_rules = {.trigger = 50};

/* A cycle in a heap of 64 MiB, in which `born` bytes were allocated while the
 * marker marked all.  By the policy, what was not may grow by 100 %. */
static pacer_cycle steady(uint64_t born) {
  return (pacer_cycle){.live = 64 * MIB,
                       .born = born,
                       .growth = (64 * MIB - born) / 100 * 100,
                       .words = 8 * MIB,
                       .beside = 8 * MIB};
}

static void the_goal_follows_from_what_is_alive(void **state) {
  (void)state;
  pacer p = {0};
  pacer_cycle c = steady(0);
  pacer_plan(&p, &free_rules, &c);
  assert_in_range(p.goal, 128 * MIB - 100, 128 * MIB);
  /* What was made in the cycle may be dead, and is no reason to grow. */
  c = steady(16 * MIB);
  pacer_plan(&p, &free_rules, &c);
  assert_in_range(p.goal, 96 * MIB - 100, 96 * MIB);
  /* Of a limit all but a sixteenth. */
  pacer_rules limited = {.limit = 160 * MIB, .trigger = 50};
  c.growth = PACING_NEVER;
  pacer_plan(&p, &limited, &c);
  assert_int_equal(p.goal, 150 * MIB);
  /* What could not be used when memory ran out is no part of the goal then, and
   * less and less later. */
  c.unused = 8 * MIB;
  pacer_plan(&p, &limited, &c);
  assert_int_equal(p.goal, 142 * MIB);
  c.unused = 0;
  pacer_plan(&p, &limited, &c);
  assert_int_equal(p.goal, 146 * MIB);
  /* A policy may ask for less than the limit. */
  c.growth = 48 * MIB;
  pacer_plan(&p, &limited, &c);
  assert_int_equal(p.goal, 96 * MIB);
}

static void a_slow_marker_begins_early(void **state) {
  (void)state;
  pacer p = {0};
  pacer_plan(&p, &free_rules,
             &(pacer_cycle){.live = 64 * MIB,
                            .growth = 64 * MIB / 100 * 100,
                            .words = MIB});
  assert_in_range(p.begin, p.end / 2 - 100, p.end / 2); /* nothing is known */
  uint64_t last = p.end;
  for (uint64_t born = MIB; born <= 16 * MIB; born *= 2) {
    /* Twice, as the higher of two rates counts. */
    pacer_cycle c = steady(born);
    pacer_plan(&p, &free_rules, &c);
    pacer_plan(&p, &free_rules, &c);
    uint64_t runway = p.end - p.begin;
    if (born > 2 * MIB)
      assert_in_range(runway, born, born * 4 / 3);
    else /* but never too late for a program that begins to allocate faster */
      assert_true(runway >= p.end / 16);
    assert_true(p.begin <= last);
    last = p.begin;
  }
  /* One that has no chance begins at once, but cycles stay apart. */
  pacer_cycle c = steady(0);
  c.born = 100 * MIB;
  c.live = 200 * MIB;
  c.growth = PACING_NEVER;
  pacer_rules limited = {.limit = 256 * MIB, .trigger = 50};
  for (int i = 0; i < 2; i++)
    pacer_plan(&p, &limited, &c);
  assert_int_equal(p.begin, 1);
  c.born = 0;
  for (int i = 0; i < 2; i++)
    pacer_plan(&p, &limited, &c);
  assert_true(p.begin >= (240 - 200) * MIB / 16);
}

/* Where mutators had to assist, they had less time to allocate. */
static void assists_are_no_reason_to_begin_late(void **state) {
  (void)state;
  pacer alone = {0}, assisted = {0};
  pacer_cycle c = steady(16 * MIB);
  pacer_plan(&alone, &free_rules, &c);
  c.words += c.beside / 2;
  pacer_plan(&assisted, &free_rules, &c);
  assert_true(assisted.rates[0] > 1.9 * alone.rates[0]);
}

/* Whoever pays what it owes whenever it got memory is done at the goal, whether
 * the marker does nothing, or less than was expected is there, or twice as
 * much. */
static void debts_are_paid_when_the_goal_is_reached(void **state) {
  (void)state;
  enum { BLOCK = 32 << 10 };
  for (uint64_t there = 4 * MIB; there <= 16 * MIB; there *= 2)
    for (uint64_t marker = 0; marker <= 16384; marker += 8192) {
      pacer p = {0};
      pacer_cycle c = steady(0);
      pacer_plan(&p, &free_rules, &c);
      pacer_state s = {.began = p.begin, .handed = p.begin, .most = 16 * MIB};
      uint64_t paid = 0;
      for (; s.words < there; s.handed += BLOCK) {
        assert_true(s.handed < p.end + BLOCK);
        s.words += marker;
        uint64_t owed = pacer_owed(&p, &s, BLOCK);
        if (s.handed < p.end) /* never much at a time */
          assert_true(owed < 150000);
        else
          assert_true(there - s.words < 150000);
        paid += owed < there ? owed : there - s.words;
        s.words = owed < there ? s.words + owed : there;
      }
      assert_int_equal(paid > 0, marker < 16384);
    }
}

/* ------------------------------------------------------------------------- *
 * The collector.
 * ------------------------------------------------------------------------- */

/* Allocates `bytes` of short-lived objects beside what is alive. */
static void churn(gc_mutator *who, uint64_t bytes) {
  gc_reg f = gc_frame_enter(who, 2, 0);
  for (uint64_t n = 0; n < bytes; n += NODE) {
    gc_new(who, f, (gc_shape){1, 8}, GC_PLAIN);
    gc_store_take(who, f, 0, f + 1);
    if (n / NODE % 16)
      gc_move(who, f + 1, f);
    else
      gc_clear(who, f);
  }
  gc_frame_leave(who, f, 2, 0);
}

static void assert_kept_goals(uint64_t cycles) {
  assert_true(rig_counter("collections") > cycles);
  assert_in_range(rig_counter("overshoot-permille"), 0, OVER);
  assert_int_equal(rig_counter("fallback"), 0);
  assert_in_range(rig_counter("heap-bytes"), 1,
                  rig_counter("goal-bytes") * (1000 + OVER) / 1000);
}

/* With and without a limit, with and without the marker thread: cycles end at
 * the goal, and memory never runs out. */
static void goals_are_kept(void **state) {
  (void)state;
  enum { LIVE = 8 * MIB };
  for (uint64_t background = 0; background < 2; background++)
    for (uint64_t limit = 0; limit <= 24 * MIB; limit += 12 * MIB) {
      rig_option("background", background);
      rig_open(limit);
      gc_reg f = gc_frame_enter(m, 1, 0);
      rig_list(f, LIVE / NODE);
      churn(m, 80 * MIB);
      assert_kept_goals(4);
      if (!background) {
        assert_int_equal(rig_counter("words-beside"), 0);
        assert_true(rig_counter("words-assisted") > 2 * LIVE / 8);
      }
      gc_frame_leave(m, f, 1, 0);
      rig_close();
    }
}

/* Large objects are paid before they are got. */
static void large_objects_keep_goals(void **state) {
  (void)state;
  for (uint64_t background = 0; background < 2; background++) {
    rig_option("background", background);
    rig_open(32 * MIB);
    gc_reg f = gc_frame_enter(m, 2, 0);
    rig_list(f, 8 * MIB / NODE);
    for (unsigned i = 0; i < 200; i++)
      gc_new(m, f + 1, (gc_shape){0, MIB}, GC_PLAIN);
    assert_kept_goals(8);
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
}

static void *churn_in_thread(void *data) {
  gc_mutator *mine = gc_thread_attach(heap);
  churn(mine, 40 * MIB);
  gc_thread_detach(mine);
  return data;
}

static void threads_keep_goals(void **state) {
  (void)state;
  enum { THREADS = 3 };
  rig_open(32 * MIB);
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_list(f, 8 * MIB / NODE);
  gc_blocking_enter(m);
  pthread_t threads[THREADS];
  for (unsigned i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, churn_in_thread, NULL);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  gc_blocking_leave(m);
  assert_kept_goals(2);
  assert_int_equal(rig_objects(), 8 * MIB / NODE);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

/* The marker thread is halted by a signal, wherever it is. */
static pthread_t marker;
static sem_t halted, released;

static void halt(int number) {
  (void)number;
  int error = errno;
  sem_post(&halted);
  while (sem_wait(&released))
    continue;
  errno = error;
}

static void halting_begins(void) {
  sigset_t set;
  marker = pthread_self();
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* Where the kernel takes the processor from the marker, it mostly has the lock.
 * A mutator that assists does not wait for it: this test would hang.
 * ThreadSanitizer delivers signals where a thread waits anyway, and it has no
 * lock there. */
static void mutators_do_not_wait_for_a_halted_marker(void **state) {
  (void)state;
#ifdef __SANITIZE_THREAD__
  skip();
#endif
  struct sigaction halts = {.sa_handler = halt};
  sem_init(&halted, 0, 0);
  sem_init(&released, 0, 0);
  sigaction(SIGUSR1, &halts, NULL);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_list(f, 16 * MIB / NODE);
  unsigned tries = 0;
  for (; rig_counter("put-off") == 0 && tries < 1000; tries++) {
    while (!snapshot_marking)
      churn(m, 64 << 10);
    pthread_kill(marker, SIGUSR1);
    sem_wait(&halted);
    if (snapshot_marking) /* a part of what there is room for at least */
      churn(m, 256 << 10);
    sem_post(&released);
    while (snapshot_marking)
      churn(m, 64 << 10);
  }
  assert_true(tries < 1000);
  assert_in_range(rig_counter("overshoot-permille"), 0, OVER);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
  sem_destroy(&halted);
  sem_destroy(&released);
}

/* Without the thread the same operations do the same. */
static void mutators_alone_repeat_themselves(void **state) {
  (void)state;
  gc_counter first[64];
  for (unsigned run = 0; run < 2; run++) {
    rig_option("background", 0);
    rig_open(16 * MIB);
    gc_reg f = gc_frame_enter(m, 1, 0);
    rig_list(f, 4 * MIB / NODE);
    churn(m, 30 * MIB);
    gc_counter now[64];
    size_t n = gc_heap_counters(heap, now, 64);
    if (!run)
      memcpy(first, now, sizeof first);
    for (size_t i = 0; i < n; i++)
      if (first[i].value != now[i].value)
        fail_msg("%s", now[i].name);
    gc_frame_leave(m, f, 1, 0);
    rig_close();
  }
}

/* A live set that leaves no room to mark in: memory runs out before a cycle has
 * ended, and is found in a stop. */
static void memory_that_is_short_is_found_in_a_stop(void **state) {
  (void)state;
  for (uint64_t background = 0; background < 2; background++) {
    rig_option("background", background);
    rig_open(8 * MIB);
    gc_reg f = gc_frame_enter(m, 2, 0);
    unsigned n = 0;
    for (; gc_try_new(m, f, (gc_shape){1, 8}, GC_PLAIN); n++) {
      gc_store_take(m, f, 0, f + 1);
      gc_move(m, f + 1, f);
    }
    assert_true(rig_counter("fallback") > 0);
    assert_true(n > 7 * MIB / NODE);
    uint64_t before = rig_counter("fallback");
    for (unsigned i = 0; i < 1000; i++) { /* one dies, another is made */
      gc_load(m, f, f + 1, 0);
      gc_move(m, f + 1, f);
      gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
      gc_store_take(m, f, 0, f + 1);
      gc_move(m, f + 1, f);
    }
    assert_true(rig_counter("fallback") > before);
    assert_int_equal(rig_objects(), n);
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
}

/* A stop marks no more than it may: what mutators shaded leads to a long list,
 * and the marker goes on beside them. */
static void a_stop_marks_only_so_much(void **state) {
  (void)state;
  enum { N = 20000 };
  rig_option("background", 0);
  rig_option("stop-words", 16);
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){2, 0}, GC_PLAIN);
  rig_list(f + 1, N);
  gc_weak_new(m, f + 2, f + 1);
  gc_store_null(m, f, 0);
  gc_clear(m, f + 1);
  gc_collect(m);
  assert_false(gc_weak_get(m, f + 1, f + 2));
  rig_list(f + 1, N);
  gc_weak_new(m, f + 2, f + 1);
  gc_collect(m);
  gc_clear(m, f + 1); /* only the weak reference leads to the list now */
  gc_reg g = gc_frame_enter(m, 1, 0);
  while (!snapshot_marking)
    gc_new(m, g, (gc_shape){0, 2000}, GC_PLAIN);
  while (rig_counter("objects-scanned") == 0)
    gc_new(m, g, (gc_shape){0, 2000}, GC_PLAIN);
  assert_true(gc_weak_get(m, f + 1, f + 2)); /* shades it */
  uint64_t cycles = rig_counter("collections");
  while (rig_counter("collections") == cycles)
    gc_new(m, g, (gc_shape){0, 2000}, GC_PLAIN);
  assert_true(rig_counter("resumed") > 0);
  assert_in_range(rig_counter("words-in-stops"), 1, 2000);
  assert_true(gc_weak_get(m, f + 1, f + 2));
  unsigned n = 0;
  for (; !gc_is_null(m, f + 1); n++)
    gc_load(m, f + 1, f + 1, 0);
  assert_int_equal(n, N);
  gc_frame_leave(m, g, 1, 0);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
}

int main(void) {
#define CALM(test) cmocka_unit_test_setup(test, calm)
  const struct CMUnitTest tests[] = {
      CALM(the_goal_follows_from_what_is_alive),
      CALM(a_slow_marker_begins_early),
      CALM(assists_are_no_reason_to_begin_late),
      CALM(debts_are_paid_when_the_goal_is_reached),
      CALM(goals_are_kept),
      CALM(large_objects_keep_goals),
      CALM(threads_keep_goals),
      CALM(mutators_do_not_wait_for_a_halted_marker),
      CALM(mutators_alone_repeat_themselves),
      CALM(memory_that_is_short_is_found_in_a_stop),
      CALM(a_stop_marks_only_so_much),
  };
  return cmocka_run_group_tests_name("mark-sweep-concurrent", tests, NULL,
                                     NULL);
}
