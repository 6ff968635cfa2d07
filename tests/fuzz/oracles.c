/* oracles.c: each fault of broken.h is found by the comparison that is there
 * for it, when that is the only one that is made; and without a fault none of
 * them finds anything.  Every case runs in a process of its own. */
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "operations/executor/executor.h"
#include "rig.h"

broken_fault broken;
uint64_t broken_stores;
uint32_t broken_slot;

/* Functions that begin with __wrap_ take the place of those of the collector,
 * which the linker renames. */
const char *__real_gc_heap_check(gc_heap *heap);
const char *__wrap_gc_heap_check(gc_heap *heap);
static uint64_t collected, stores_collected;
const char *__wrap_gc_heap_check(gc_heap *heap) {
  if (broken == BROKEN_CHECK)
    return "broken on request";
  if (broken == BROKEN_BETWEEN && broken_stores > stores_collected)
    return "broken between collections";
  return __real_gc_heap_check(heap);
}

gc_footprint __real_gc_heap_footprint(gc_heap *heap);
gc_footprint __wrap_gc_heap_footprint(gc_heap *heap);
gc_footprint __wrap_gc_heap_footprint(gc_heap *heap) {
  uint64_t bytes = rig_run.heap_limit / 2 * 3;
  return broken == BROKEN_FOOTPRINT ? (gc_footprint){bytes, bytes}
                                    : __real_gc_heap_footprint(heap);
}

/* The collector declares what these count: each collection, whoever asks for
 * it, and each store. */
void __real_gc_collect(gc_mutator *m);
void __wrap_gc_collect(gc_mutator *m);
void __wrap_gc_collect(gc_mutator *m) {
  collected++;
  stores_collected = broken_stores;
  __real_gc_collect(m);
}

size_t __wrap_gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room);
size_t __wrap_gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  (void)heap;
  const gc_counter all[] = {{"nothing", 0},
                            {"stored", broken_stores},
                            {"collected", collected},
                            {"collections", collected}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

extern const gc_collector __real_gc_this_collector;
extern gc_collector __wrap_gc_this_collector;
gc_collector __wrap_gc_this_collector;

static int tell_fd;
static const char *inspect = "0"; /* the parameter of fuzz */

/* The oracle's name and the story go to the test. */
_Noreturn static void rig_violation(const char *oracle, const char *story) {
  if (tell_fd == 0)
    rig_fail(story); /* in the process of the test, which expects none */
  dprintf(tell_fd, "%s: %s", oracle, story);
  _exit(0);
}

/* Runs `body` in a process of its own; returns what was found, or what the
 * process said last, or "". */
static const char *said_by(void (*body)(void)) {
  static char text[4096];
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL); /* the test library's is for the parent */
    close(pipes[0]);
    tell_fd = pipes[1];
    dup2(tell_fd, STDERR_FILENO);
    body();
    _exit(0);
  }
  close(pipes[1]);
  size_t n = 0;
  ssize_t got;
  while ((got = read(pipes[0], text + n, sizeof text - 1 - n)) > 0)
    n += (size_t)got;
  text[n] = 0;
  close(pipes[0]);
  waitpid(child, NULL, 0);
  return text;
}

/* What a run of fuzz is made with. */
static struct {
  broken_fault fault;
  const char *oracle;
  uint64_t limit;
} asked;

static void run_fuzz(void) {
  rig_open(asked.limit);
  rig_set("ops", "120000");
  rig_set("every", "2000");
  rig_set("live", "500");
  rig_set("finalizable", "60");
  rig_set("weak", "200");
  rig_set("oracle", asked.oracle);
  rig_set("inspect", inspect);
  broken = asked.fault;
  workload_fuzz.run(&rig_thread);
}

/* Runs fuzz with a fault; returns what was found. */
static const char *found(broken_fault fault, const char *oracle,
                         uint64_t limit) {
  asked.fault = fault;
  asked.oracle = oracle;
  asked.limit = limit;
  return said_by(run_fuzz);
}

static void assert_found(broken_fault fault, const char *oracle,
                         const char *words, uint64_t limit) {
  const char *text = found(fault, oracle, limit);
  if (strncmp(text, oracle, strlen(oracle)) || !strstr(text, words))
    fail_msg("'%s' was to find '%s', and said '%s'", oracle, words, text);
}

static void nothing_to_find(void **state) {
  (void)state;
  assert_string_equal(found(BROKEN_NOTHING, "all", 0), "");
  assert_string_equal(found(BROKEN_NOTHING, "all", 64 << 20), "");
}

static void graph(void **state) {
  (void)state;
  assert_found(BROKEN_STORE, "graph", "object", 0);
  assert_found(BROKEN_PAYLOAD, "graph", "object", 0);
}

static void count(void **state) {
  (void)state;
  assert_found(BROKEN_ROOT, "count", "more than must be", 0);
}

static void weak(void **state) {
  (void)state;
  assert_found(BROKEN_WEAK, "weak", "weak reference", 0);
  /* Its target is gone, or something else has taken the target's place. */
  assert_found(BROKEN_STALE, "weak", "", 0);
}

static void finalizer(void **state) {
  (void)state;
  assert_found(BROKEN_FORGOTTEN, "finalizer", "never handed out", 0);
}

static void check(void **state) {
  (void)state;
  assert_found(BROKEN_CHECK, "check", "broken on request", 0);
}

/* The collector checks its invariants while garbage, logs and half of a cycle
 * are there, not only after the collection of a check: before each check, which
 * comes every 2000 operations, and more often if the workload asks for it. */
static void check_between(void **state) {
  (void)state;
  for (unsigned often = 0; often < 2; often++) {
    inspect = often ? "10" : "0";
    const char *text = found(BROKEN_BETWEEN, "check", 0);
    unsigned long long operation = 0;
    sscanf(text, "check: broken between collections\noperation %llu",
           &operation);
    assert_int_not_equal(operation, 0);
    assert_int_equal(operation < 2000, often);
  }
  inspect = "0";
}

static void limit(void **state) {
  (void)state;
  assert_found(BROKEN_LIMIT, "limit", "no room", 64 << 20);
  assert_found(BROKEN_FOOTPRINT, "limit", "the heap has taken", 16 << 20);
}

/* A story names the operation, the object's life and the way to it. */
static void stories(void **state) {
  (void)state;
  const char *text = found(BROKEN_WEAK, "weak", 0);
  assert_non_null(strstr(text, "operation "));
  assert_non_null(strstr(text, "made by operation "));
  assert_non_null(strstr(text, "it can be reached: "));
}

/* A run that is killed tells which operation killed it. */
static void last_words(void **state) {
  (void)state;
  const char *text = found(BROKEN_CRASH, "none", 0);
  if (!strstr(text, "mark-sweep: signal 11 in operation ") ||
      !strstr(text, " of thread 0: store "))
    fail_msg("last words: '%s'", text);
}

/* Every kind of action and of operation occurs in a run, and the collector gets
 * to see it. */
static void everything_occurs(void **state) {
  (void)state;
  rig_open(0);
  rig_set("ops", "300000");
  rig_set("inspect", "0");
  workload_fuzz.run(&rig_thread);
  rig_close();
  unsigned actions = 0;
  for (size_t i = 0; rig_counts[i].name; i++)
    if (!strncmp(rig_counts[i].name, "action-", 7)) {
      actions++;
      if (rig_counts[i].n == 0)
        fail_msg("no %s", rig_counts[i].name);
    }
  assert_true(actions > 40);
}

/* ------------------------------------------------------------------------- *
 * What a check compares: every slot, and every byte of the payload.
 * ------------------------------------------------------------------------- */

static uint64_t made; /* objects, in the process of the test */

static void perform(executor_thread *t, trace_kind kind, uint32_t a, uint32_t b,
                    uint32_t c) {
  bool names = kind == TRACE_NEW || kind == TRACE_WEAK_NEW;
  trace_op op = {.kind = (uint8_t)kind, .a = a, .b = b, .c = c};
  uint64_t number = names ? ++made : 0;
  assert_int_equal(executor_perform(t, &op, number), PERFORMED);
}

/* dst <- a new finalizable object. */
static void make_finalizable(executor_thread *t, uint32_t dst, uint32_t slots) {
  trace_op op = {
      .kind = TRACE_NEW, .a = dst, .b = slots, .c = 8, .finalizable = true};
  assert_int_equal(executor_perform(t, &op, ++made), PERFORMED);
}

static void only_me(void *data, executor_task *task) {
  task(data);
}

enum { WIDE = 300, BYTES = 5003 };
static uint32_t damaged_byte;

/* A wide object, of which one slot is not null, or one byte of the payload is
 * not what it was; nothing but a check looks at it. */
static void damage(void) {
  executor x;
  executor_thread t;
  rig_open(0);
  executor_open(&x, &rig_thread, ORACLE_GRAPH, 0, false);
  executor_attach(&t, &x, &rig_thread, 0);
  perform(&t, TRACE_ENTER, 2, 0, 0);
  perform(&t, TRACE_NEW, 0, WIDE, BYTES);
  perform(&t, TRACE_NEW, 1, 0, 8);
  if (broken == BROKEN_SLOT)
    perform(&t, TRACE_STORE, 0, broken_slot, 1);
  else
    ((unsigned char *)gc_payload(t.m, 0))[damaged_byte] ^= 1;
  executor_check(&t, only_me, &t);
}

static void every_slot(void **state) {
  (void)state;
  broken = BROKEN_SLOT;
  for (broken_slot = 0; broken_slot < WIDE; broken_slot += 23) {
    const char *text = said_by(damage);
    if (!strstr(text, "graph: slot "))
      fail_msg("slot %u: '%s'", broken_slot, text);
  }
  broken = BROKEN_NOTHING;
}

static void every_byte(void **state) {
  (void)state;
  for (damaged_byte = 0; damaged_byte < BYTES; damaged_byte += 122) {
    const char *text = said_by(damage);
    if (strncmp(text, "graph: ", 7))
      fail_msg("byte %u: '%s'", damaged_byte, text);
  }
}

/* ------------------------------------------------------------------------- *
 * What the comparison costs.
 * ------------------------------------------------------------------------- */

static void open_executor(executor *x, executor_thread *t) {
  rig_open(0);
  executor_open(x, &rig_thread, ORACLE_ALL, 0, false);
  executor_attach(t, x, &rig_thread, 0);
}

static void close_executor(executor *x, executor_thread *t) {
  executor_check(t, only_me, t);
  executor_detach(t);
  executor_close(x);
  rig_close();
}

/* Without checks, too, the shadow heap forgets what is dead; but not what a
 * weak reference may give, nor what is to be handed out. */
static void memory_follows_the_living(void **state) {
  (void)state;
  enum { OBJECTS = 400000 };
  executor x;
  executor_thread t;
  open_executor(&x, &t);
  perform(&t, TRACE_ENTER, 3, 0, 0);
  perform(&t, TRACE_NEW, 0, 1, 8);
  perform(&t, TRACE_WEAK_NEW, 1, 0, 0);
  make_finalizable(&t, 2, 0);
  perform(&t, TRACE_CLEAR, 0, 0, 0);
  for (unsigned i = 0; i < OBJECTS; i++)
    perform(&t, TRACE_NEW, 2, 0, 8);
  assert_true(shadow_end(x.shadow) < OBJECTS / 2);
  perform(&t, TRACE_WEAK_GET, 0, 1, 0);
  perform(&t, TRACE_LEAVE, 0, 0, 0);
  close_executor(&x, &t);
  assert_int_equal(t.counts.handed_out, 1);
}

/* A list of finalizable objects is handed out one by one. */
static void finalization_is_linear(void **state) {
  (void)state;
  enum { OBJECTS = 2000 };
  executor x;
  executor_thread t;
  open_executor(&x, &t);
  perform(&t, TRACE_ENTER, 2, 0, 0);
  for (unsigned i = 0; i < OBJECTS; i++) {
    make_finalizable(&t, 1, 1);
    perform(&t, TRACE_STORE_TAKE, 1, 0, 0);
    perform(&t, TRACE_MOVE, 0, 1, 0);
  }
  perform(&t, TRACE_CLEAR, 0, 0, 0);
  perform(&t, TRACE_COLLECT, 0, 0, 0);
  for (unsigned i = 0; i < OBJECTS; i++) {
    perform(&t, TRACE_FINALIZER_NEXT, 1, 0, 0);
    perform(&t, TRACE_CLEAR, 1, 0, 0);
  }
  assert_int_equal(t.counts.handed_out, OBJECTS);
  assert_true(x.doubted <= 2 * OBJECTS);
  perform(&t, TRACE_LEAVE, 0, 0, 0);
  close_executor(&x, &t);
}

/* ------------------------------------------------------------------------- *
 * What was covered.
 * ------------------------------------------------------------------------- */

/* Events are counted where they happen, and pairs where nothing happened in
 * between; what a check causes, and what its caller sets aside, is not. */
static void coverage(void **state) {
  (void)state;
  enum { NOTHING, STORED, COLLECTED };
  executor x;
  executor_thread t;
  rig_open(0);
  executor_open(&x, &rig_thread, ORACLE_ALL, 1, false);
  executor_attach(&t, &x, &rig_thread, 0);
  perform(&t, TRACE_ENTER, 1, 0, 0);
  perform(&t, TRACE_NEW, 0, 1, 8);
  perform(&t, TRACE_STORE, 0, 0, 0);
  perform(&t, TRACE_PAYLOAD, 0, 0, 0); /* nothing happens */
  perform(&t, TRACE_COLLECT, 0, 0, 0);
  perform(&t, TRACE_COLLECT, 0, 0, 0);
  uint64_t before = collected;
  executor_check(&t, only_me, &t);
  executor_set_aside(&t, true);
  perform(&t, TRACE_COLLECT, 0, 0, 0);
  executor_set_aside(&t, false);
  assert_true(collected > before + 1);
  perform(&t, TRACE_LEAVE, 0, 0, 0);
  executor_conclude(&t, 0);
  executor_detach(&t);
  executor_close(&x);
  rig_close();
  assert_int_equal(rig_coverage.events, 3);
  assert_string_equal(rig_coverage.names[COLLECTED], "collected");
  assert_int_equal(rig_coverage.collections, 2);
  assert_int_equal(rig_coverage.counts[NOTHING], 0);
  assert_int_equal(rig_coverage.counts[STORED], 1);
  assert_int_equal(rig_coverage.counts[COLLECTED], 2);
  assert_int_equal(rig_coverage.followers[NOTHING], 0);
  assert_int_equal(rig_coverage.followers[STORED], 1 << COLLECTED);
  assert_int_equal(rig_coverage.followers[COLLECTED], 1 << COLLECTED);
}

int main(void) {
  static const char *const events[] = {"nothing", "stored", "collected", NULL};
  __wrap_gc_this_collector = __real_gc_this_collector;
  __wrap_gc_this_collector.events = events;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_to_find),
      cmocka_unit_test(graph),
      cmocka_unit_test(count),
      cmocka_unit_test(weak),
      cmocka_unit_test(finalizer),
      cmocka_unit_test(check),
      cmocka_unit_test(check_between),
      cmocka_unit_test(limit),
      cmocka_unit_test(stories),
      cmocka_unit_test(last_words),
      cmocka_unit_test(coverage),
      cmocka_unit_test(everything_occurs),
      cmocka_unit_test(every_slot),
      cmocka_unit_test(every_byte),
      cmocka_unit_test(memory_follows_the_living),
      cmocka_unit_test(finalization_is_linear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
