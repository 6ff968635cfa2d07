/* shrink.c: tests that a failing trace is shrunk to the known minimum, for
 * failures that are pure functions of the operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "harness/trace/shrink.h"
#include "harness/trace/walk.h"
#include "tests/trace/random.h"

enum { OPERATIONS = 2000 };

/* Operations that mostly can be performed: nested frames, three threads. */
static size_t make_trace(trace_op *ops, uint64_t seed) {
  static const uint8_t kinds[] = {
      TRACE_NEW,        TRACE_NEW,           TRACE_STORE,
      TRACE_LOAD,       TRACE_CLEAR,         TRACE_STORE_TAKE,
      TRACE_COPY,       TRACE_GLOBAL_STORE,  TRACE_GLOBAL_LOAD,
      TRACE_TLS_STORE,  TRACE_WEAK_NEW,      TRACE_COLLECT,
      TRACE_ENTER,      TRACE_LEAVE,         TRACE_BORROW,
      TRACE_PAYLOAD,    TRACE_LOCK,          TRACE_UNLOCK,
      TRACE_STORE_NULL, TRACE_GLOBAL_BORROW, TRACE_PAYLOAD};
  random_seed(seed);
  size_t n = 0;
  for (uint16_t t = 0; t < 3; t++) {
    ops[n++] = (trace_op){.kind = TRACE_ATTACH, .thread = t};
    ops[n++] = (trace_op){.kind = TRACE_ENTER, .thread = t, .a = 4, .b = 2};
  }
  unsigned depth[3] = {0}; /* frames besides the first */
  while (n < OPERATIONS) {
    trace_op op = {.kind = kinds[below(sizeof kinds)],
                   .thread = (uint16_t)below(3),
                   .a = below(10),
                   .b = below(11),
                   .c = below(11)};
    if (op.kind == TRACE_NEW)
      op = (trace_op){.kind = op.kind,
                      .thread = op.thread,
                      .a = op.a,
                      .b = 2 + below(5),
                      .c = below(100),
                      .finalizable = below(2) == 0};
    if (op.kind == TRACE_LEAVE && depth[op.thread] == 0)
      op.kind = TRACE_ENTER;
    depth[op.thread] -= op.kind == TRACE_LEAVE;
    if (op.kind == TRACE_ENTER) {
      depth[op.thread]++;
      op.a = 1 + below(3);
      op.b = below(3);
    }
    ops[n++] = op;
  }
  return n;
}

/* ------------------------------------------------------------------------- *
 * Failures.  Each is looked for while the operations are performed.
 * ------------------------------------------------------------------------- */

typedef bool is_failure(const walk *w, const trace_op *op, uint64_t *memory);

typedef struct failing {
  is_failure *is;
  uint64_t tries;
  bool kept_to_rules;
} failing;

static bool fails(void *data, const trace_op *ops, size_t n) {
  failing *f = data;
  uint64_t memory = 0;
  bool failed = false;
  f->tries++;
  walk *w = walk_create(WALK_AT_ONCE, (walk_listener){0});
  for (size_t i = 0; i < n && !failed; i++) {
    const char *why;
    if (ops[i].kind == TRACE_COLLECT || walk_mutator(w, ops[i].thread))
      failed = f->is(w, &ops[i], &memory);
    walk_outcome outcome = walk_step(w, &ops[i], i + 1, &why);
    f->kept_to_rules = f->kept_to_rules && outcome == WALK_DONE;
  }
  walk_destroy(w);
  return failed;
}

static shadow_ref held(const walk *w, const trace_op *op, gc_reg r) {
  const shadow_mutator *t = walk_mutator(w, op->thread);
  return t && r < shadow_top(t) ? shadow_register(t, r) : 0;
}

static bool self_store(const walk *w, const trace_op *op, uint64_t *memory) {
  (void)memory;
  return op->kind == TRACE_STORE && held(w, op, op->a) &&
         held(w, op, op->a) == held(w, op, op->c) &&
         op->b < shadow_at(walk_shadow(w), held(w, op, op->a))->slot_count;
}

static bool two_collections(const walk *w, const trace_op *op,
                            uint64_t *memory) {
  (void)w;
  return op->kind == TRACE_COLLECT && ++*memory == 2;
}

static bool global_read(const walk *w, const trace_op *op, uint64_t *memory) {
  (void)memory;
  const shadow_mutator *t = walk_mutator(w, op->thread);
  return op->kind == TRACE_GLOBAL_LOAD &&
         shadow_global(walk_shadow(w), op->b) && op->a < shadow_top(t) &&
         shadow_is_owning(t, op->a);
}

/* Thread 2 has thread 0's object: both are needed. */
static bool two_threads(const walk *w, const trace_op *op, uint64_t *memory) {
  (void)memory;
  shadow_ref o = held(w, op, op->a);
  return op->kind == TRACE_PAYLOAD && op->thread == 2 && o &&
         shadow_is_owning(walk_mutator(w, 2), op->a) &&
         shadow_at(walk_shadow(w), o)->maker == 0;
}

/* A frame that is left with an object of the thread in its last register, and
 * another frame below it: frames cannot be merged away. */
static bool left_full(const walk *w, const trace_op *op, uint64_t *memory) {
  (void)memory;
  const shadow_mutator *t = walk_mutator(w, op->thread);
  shadow_frame frame;
  if (op->kind != TRACE_LEAVE || !shadow_innermost(t, &frame) ||
      frame.first == 0 || frame.owning == 0)
    return false;
  shadow_ref o = shadow_register(t, frame.first + frame.owning - 1);
  return o && !shadow_at(walk_shadow(w), o)->weak &&
         shadow_at(walk_shadow(w), o)->maker == op->thread;
}

/* An object with exactly 3 slots and 24 bytes or more dies finalizable. */
static bool large_enough(const walk *w, const trace_op *op, uint64_t *memory) {
  (void)memory;
  shadow_ref o = held(w, op, op->a);
  return op->kind == TRACE_CLEAR && o &&
         shadow_at(walk_shadow(w), o)->slot_count == 3 &&
         shadow_at(walk_shadow(w), o)->bytes >= 24 &&
         shadow_at(walk_shadow(w), o)->finalizable;
}

/* A use of a borrowed object that a global root holds. */
static bool borrowed_use(const walk *w, const trace_op *op, uint64_t *memory) {
  (void)memory;
  const shadow_mutator *t = walk_mutator(w, op->thread);
  shadow_ref o = held(w, op, op->a);
  bool global = false;
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    global = global || shadow_global(walk_shadow(w), g) == o;
  return op->kind == TRACE_PAYLOAD && o && !shadow_is_owning(t, op->a) &&
         global;
}

/* The first trace of a series that fails. */
static size_t make_failing(trace_op *ops, uint64_t series, is_failure *is) {
  for (uint64_t seed = 1000 * series; seed < 1000 * series + 300; seed++) {
    size_t n = make_trace(ops, seed);
    if (fails(&(failing){.is = is}, ops, n))
      return n;
  }
  fail_msg("no trace fails");
  return 0;
}

static const struct expected {
  is_failure *is;
  size_t count;
  trace_op ops[8];
} expectations[] = {
    {self_store,
     3,
     {{.kind = TRACE_ENTER, .a = 1},
      {.kind = TRACE_NEW, .b = 1},
      {.kind = TRACE_STORE}}},
    {two_collections, 2, {{.kind = TRACE_COLLECT}, {.kind = TRACE_COLLECT}}},
    {global_read,
     4,
     {{.kind = TRACE_ENTER, .a = 1},
      {.kind = TRACE_NEW},
      {.kind = TRACE_GLOBAL_STORE},
      {.kind = TRACE_GLOBAL_LOAD}}},
    {two_threads,
     7,
     {{.kind = TRACE_ENTER, .a = 1},
      {.kind = TRACE_NEW},
      {.kind = TRACE_GLOBAL_STORE},
      {.kind = TRACE_ATTACH, .thread = 2},
      {.kind = TRACE_ENTER, .thread = 2, .a = 1},
      {.kind = TRACE_GLOBAL_LOAD, .thread = 2},
      {.kind = TRACE_PAYLOAD, .thread = 2}}},
    {left_full,
     4,
     {{.kind = TRACE_ENTER, .a = 1},
      {.kind = TRACE_ENTER, .a = 1},
      {.kind = TRACE_NEW, .a = 1},
      {.kind = TRACE_LEAVE}}},
    {large_enough,
     3,
     {{.kind = TRACE_ENTER, .a = 1},
      {.kind = TRACE_NEW, .b = 3, .c = 24, .finalizable = true},
      {.kind = TRACE_CLEAR}}},
    {borrowed_use,
     5,
     {{.kind = TRACE_ENTER, .a = 1, .b = 1},
      {.kind = TRACE_NEW},
      {.kind = TRACE_GLOBAL_STORE},
      {.kind = TRACE_GLOBAL_BORROW, .a = 1},
      {.kind = TRACE_PAYLOAD, .a = 1}}},
};

static void print(const trace_op *ops, size_t n) {
  for (size_t i = 0; i < n; i++)
    print_message("%u: %s %u %u %u %d\n", ops[i].thread,
                  trace_kinds[ops[i].kind].name, ops[i].a, ops[i].b, ops[i].c,
                  ops[i].finalizable);
}

/* In whatever order: threads may begin sooner or later. */
static bool has_all(const trace_op *ops, const struct expected *x) {
  bool found[8] = {false};
  for (size_t i = 0; i < x->count; i++) {
    size_t k = 0;
    while (k < x->count && (found[k] || !same_operation(&ops[k], &x->ops[i])))
      k++;
    if (k == x->count)
      return false;
    found[k] = true;
  }
  return true;
}

static void to_the_known_minimum(void **state) {
  (void)state;
  static trace_op ops[OPERATIONS];
  for (size_t e = 0; e < sizeof expectations / sizeof *expectations; e++)
    for (uint64_t seed = 1; seed <= 4; seed++) {
      const struct expected *x = &expectations[e];
      size_t n = make_failing(ops, seed, x->is);
      failing f = {.is = x->is, .kept_to_rules = true};
      assert_int_equal(trace_shrink(ops, &n,
                                    &(trace_shrinking){.fails = fails,
                                                       .data = &f,
                                                       .most_tries = 5000}),
                       TRACE_SHRUNK);
      if (n != x->count || !has_all(ops, x)) {
        print(ops, n);
        fail_msg("expectation %zu, seed %d", e, (int)seed);
      }
      assert_true(f.kept_to_rules);
      assert_true(f.tries < 1000);
    }
}

/* ------------------------------------------------------------------------- */

static void deterministic(void **state) {
  (void)state;
  static trace_op one[OPERATIONS], other[OPERATIONS];
  size_t n = make_failing(one, 7, two_threads);
  size_t m = make_failing(other, 7, two_threads);
  failing f = {.is = two_threads}, g = {.is = two_threads};
  trace_shrink(
      one, &n,
      &(trace_shrinking){.fails = fails, .data = &f, .most_tries = 99});
  trace_shrink(
      other, &m,
      &(trace_shrinking){.fails = fails, .data = &g, .most_tries = 99});
  assert_int_equal(n, m);
  for (size_t i = 0; i < n; i++)
    assert_true(same_operation(&one[i], &other[i]));
}

static void tries_are_bounded(void **state) {
  (void)state;
  static trace_op ops[OPERATIONS];
  size_t n = make_failing(ops, 3, two_threads);
  failing f = {.is = two_threads};
  assert_int_equal(
      trace_shrink(
          ops, &n,
          &(trace_shrinking){.fails = fails, .data = &f, .most_tries = 20}),
      TRACE_CUT_OFF);
  assert_int_equal(f.tries, 20);
  /* What it has so far fails. */
  assert_true(n < OPERATIONS);
  assert_true(fails(&f, ops, n));
}

static bool stop_after_ten(void *data) {
  return ((const failing *)data)->tries >= 10;
}

static void can_be_stopped(void **state) {
  (void)state;
  static trace_op ops[OPERATIONS];
  size_t n = make_failing(ops, 3, two_threads);
  failing f = {.is = two_threads};
  assert_int_equal(trace_shrink(ops, &n,
                                &(trace_shrinking){.fails = fails,
                                                   .data = &f,
                                                   .most_tries = 1000,
                                                   .stop = stop_after_ten}),
                   TRACE_CUT_OFF);
  assert_int_equal(f.tries, 10);
}

static bool never(void *data, const trace_op *ops, size_t n) {
  (void)ops, (void)n;
  ++*(uint64_t *)data;
  return false;
}

static void what_does_not_fail_is_left_alone(void **state) {
  (void)state;
  static trace_op ops[OPERATIONS], before[OPERATIONS];
  size_t n = make_failing(ops, 3, two_threads);
  memcpy(before, ops, sizeof ops);
  uint64_t tries = 0;
  assert_int_equal(trace_shrink(ops, &n,
                                &(trace_shrinking){.fails = never,
                                                   .data = &tries,
                                                   .most_tries = 100}),
                   TRACE_DID_NOT_FAIL);
  assert_int_equal(n, OPERATIONS);
  assert_memory_equal(before, ops, sizeof ops);
  assert_int_equal(tries, 2); /* repaired, and as it was */
}

static bool has_refused(void *data, const trace_op *ops, size_t n) {
  (void)data;
  for (size_t i = 0; i < n; i++)
    if (ops[i].kind == TRACE_UNLOCK)
      return true;
  return false;
}

/* A failure that needs an operation which the walk refuses keeps it. */
static void refused_operations_may_matter(void **state) {
  (void)state;
  trace_op ops[] = {{.kind = TRACE_COLLECT},
                    {.kind = TRACE_UNLOCK},
                    {.kind = TRACE_SAFEPOINT}};
  size_t n = 3;
  assert_int_equal(
      trace_shrink(ops, &n,
                   &(trace_shrinking){.fails = has_refused, .most_tries = 100}),
      TRACE_SHRUNK);
  assert_int_equal(n, 1);
  assert_int_equal(ops[0].kind, TRACE_UNLOCK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(to_the_known_minimum),
      cmocka_unit_test(deterministic),
      cmocka_unit_test(tries_are_bounded),
      cmocka_unit_test(can_be_stopped),
      cmocka_unit_test(what_does_not_fail_is_left_alone),
      cmocka_unit_test(refused_operations_may_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
