/* shadow-heap.c: the shadow heap of reachability, against what was worked out
 * by hand, and against methods too slow and too plain to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <cmocka.h>

#include "harness/trace/shadow-heap.h"

static shadow *m;
static shadow_mutator *t;
static uint64_t now;

static int open_model(void **state) {
  (void)state;
  m = shadow_create();
  assert_non_null(m);
  t = shadow_attach(m, 0);
  assert_non_null(t);
  now = 0;
  return 0;
}

static int close_model(void **state) {
  (void)state;
  shadow_destroy(m);
  return 0;
}

static trace_op operation(trace_kind kind, uint32_t a, uint32_t b, uint32_t c) {
  return (trace_op){.kind = (uint8_t)kind, .a = a, .b = b, .c = c};
}

/* Performs an operation, at the next instant. */
static shadow_ref apply(trace_op op, shadow_ref outcome) {
  const char *why = shadow_refuses(t, &op);
  if (why)
    fail_msg("%s %u %u %u: %s", trace_kinds[op.kind].name, op.a, op.b, op.c,
             why);
  shadow_set_clock(t, ++now);
  return shadow_apply(t, &op, outcome);
}

static shadow_ref run(trace_kind kind, uint32_t a, uint32_t b, uint32_t c) {
  return apply(operation(kind, a, b, c), 0);
}

static shadow_ref run_new_finalizable(gc_reg dst, uint32_t slots) {
  trace_op op = operation(TRACE_NEW, dst, slots, 8);
  op.finalizable = true;
  return apply(op, 0);
}

static shadow_ref in(gc_reg r) {
  return shadow_register(t, r);
}

static shadow_ref slot(shadow_ref o, uint32_t i) {
  return shadow_at(m, o)->slots[i];
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

static void every_operation_does_what_it_says(void **state) {
  (void)state;
  run(TRACE_ENTER, 4, 1, 0); /* 0 to 3 own, 4 borrows */
  shadow_ref x = run(TRACE_NEW, 0, 2, 24), y = run(TRACE_NEW, 1, 6, 0);
  assert_int_equal(in(0), x);
  assert_int_equal(shadow_at(m, x)->serial, 1);
  assert_int_equal(shadow_at(m, x)->birth, 2);
  assert_int_equal(shadow_at(m, x)->bytes, 24);
  assert_int_equal(shadow_at(m, y)->slot_count, 6);
  for (uint32_t i = 0; i < 6; i++)
    assert_int_equal(slot(y, i), 0);

  run(TRACE_STORE, 0, 1, 1);
  assert_int_equal(slot(x, 1), y);
  assert_int_equal(in(1), y);
  assert_int_equal(run(TRACE_LOAD, 2, 0, 1), y);
  assert_int_equal(run(TRACE_BORROW, 4, 0, 1), y);
  assert_int_equal(in(4), y);
  run(TRACE_UNBORROW, 4, 0, 0);
  assert_int_equal(in(4), 0);
  run(TRACE_STORE_TAKE, 0, 0, 2);
  assert_int_equal(slot(x, 0), y);
  assert_int_equal(in(2), 0);
  run(TRACE_STORE_NULL, 0, 1, 0);
  assert_int_equal(slot(x, 1), 0);
  assert_int_equal(run(TRACE_COPY, 2, 0, 0), x);
  assert_int_equal(run(TRACE_MOVE, 3, 2, 0), x);
  assert_int_equal(in(2), 0);
  run(TRACE_CLEAR, 3, 0, 0);
  assert_int_equal(in(3), 0);
  run(TRACE_PAYLOAD, 0, 0, 0);
  run(TRACE_SAFEPOINT, 0, 0, 0);
  run(TRACE_COLLECT, 0, 0, 0);
  run(TRACE_LOCK, 0, 0, 0);
  run(TRACE_UNLOCK, 0, 0, 0);
  run(TRACE_CHECK, 0, 0, 0);
  run(TRACE_EXTERNAL, 0, 1000, 0);
  run(TRACE_EXTERNAL, 0, 1, 0);
  run(TRACE_EXTERNAL, 1, 30, 0);
  assert_int_equal(shadow_at(m, x)->external, 1001);
  assert_int_equal(shadow_mark_reachable(m).external, 1031);

  run(TRACE_GLOBAL_STORE, 63, 1, 0);
  assert_int_equal(shadow_global(m, 63), y);
  assert_int_equal(run(TRACE_GLOBAL_LOAD, 3, 63, 0), y);
  assert_int_equal(run(TRACE_GLOBAL_BORROW, 4, 63, 0), y);
  run(TRACE_GLOBAL_CLEAR, 63, 0, 0);
  assert_int_equal(shadow_global(m, 63), 0);
  run(TRACE_TLS_STORE, 15, 0, 0);
  assert_int_equal(shadow_tls(t, 15), x);
  assert_int_equal(run(TRACE_TLS_LOAD, 3, 15, 0), x);
  assert_int_equal(run(TRACE_TLS_BORROW, 4, 15, 0), x);
  run(TRACE_TLS_CLEAR, 15, 0, 0);
  assert_int_equal(shadow_tls(t, 15), 0);

  shadow_ref w = run(TRACE_WEAK_NEW, 2, 1, 0);
  assert_true(shadow_at(m, w)->weak);
  assert_int_equal(shadow_at(m, w)->target, y);
  assert_int_equal(apply(operation(TRACE_WEAK_GET, 3, 2, 0), y), y);
  assert_int_equal(apply(operation(TRACE_WEAK_GET, 3, 2, 0), 0), 0);
  assert_int_equal(in(3), 0);
  assert_int_equal(shadow_at(m, w)->target, 0);

  shadow_ref f = run_new_finalizable(3, 0);
  assert_true(shadow_at(m, f)->finalizable);
  run(TRACE_CLEAR, 3, 0, 0);
  assert_int_equal(apply(operation(TRACE_FINALIZER_NEXT, 0, 0, 0), 0), 0);
  assert_int_equal(in(0), x); /* unchanged */
  assert_int_equal(apply(operation(TRACE_FINALIZER_NEXT, 3, 0, 0), f), f);
  assert_false(shadow_at(m, f)->finalizable);
  assert_true(shadow_at(m, f)->finalized);
  assert_int_equal(in(3), f);
}

static void frames_nest_and_are_null_at_first(void **state) {
  (void)state;
  shadow_frame f;
  assert_false(shadow_innermost(t, &f));
  run(TRACE_ENTER, 2, 0, 0);
  run(TRACE_ENTER, 0, 0, 0); /* as small as it may be */
  run(TRACE_ENTER, 1, 1, 0);
  assert_int_equal(shadow_top(t), 4);
  assert_true(shadow_innermost(t, &f));
  assert_int_equal(f.first, 2);
  assert_int_equal(f.owning, 1);
  assert_true(shadow_is_owning(t, 2));
  assert_false(shadow_is_owning(t, 3));
  run(TRACE_NEW, 2, 0, 0);
  run(TRACE_MOVE, 0, 2, 0); /* a result for the caller */
  run(TRACE_NEW, 2, 0, 0);
  run(TRACE_LEAVE, 0, 0, 0);
  run(TRACE_LEAVE, 0, 0, 0);
  assert_int_equal(shadow_mark_reachable(m).objects, 1);
  run(TRACE_ENTER, 1, 1, 0);
  assert_int_equal(in(2), 0);
  assert_int_equal(in(3), 0);
}

static void what_breaks_a_rule_is_refused(void **state) {
  (void)state;
  run(TRACE_ENTER, 2, 2, 0); /* 0, 1 own; 2, 3 borrow */
  run(TRACE_NEW, 0, 5, 0);
  run(TRACE_BORROW, 2, 0, 0);
  static const struct refused {
    trace_kind kind;
    uint32_t a, b, c;
    const char *why;
  } list[] = {
      {TRACE_ENTER, GC_REGISTERS, 0, 0, "too many registers"},
      {TRACE_ENTER, UINT32_MAX, 5, 0, "too many registers"},
      {TRACE_ENTER, 5, UINT32_MAX, 0, "too many registers"},
      {TRACE_NEW, 4, 0, 0, "no such register"},
      {TRACE_NEW, 2, 0, 0, "the register is a borrowing one"},
      {TRACE_NEW, 0, GC_SLOTS_MAX + 1, 0, "too large"},
      {TRACE_NEW, 0, 0, GC_BYTES_MAX + 1, "too large"},
      {TRACE_LOAD, 2, 0, 0, "the register is a borrowing one"},
      {TRACE_LOAD, 1, 1, 0, "the register is null"},
      {TRACE_LOAD, 1, 0, 5, "the object has no such slot"},
      {TRACE_LOAD, 1, 4, 0, "no such register"},
      {TRACE_BORROW, 1, 0, 0, "the register is an owning one"},
      {TRACE_BORROW, 2, 3, 0, "the register is null"},
      {TRACE_UNBORROW, 0, 0, 0, "the register is an owning one"},
      {TRACE_STORE, 0, 5, 0, "the object has no such slot"},
      {TRACE_STORE, 0, 0, 4, "no such register"},
      {TRACE_STORE, 1, 0, 0, "the register is null"},
      {TRACE_STORE_TAKE, 0, 0, 2, "the register is a borrowing one"},
      {TRACE_STORE_NULL, 0, 5, 0, "the object has no such slot"},
      {TRACE_COPY, 3, 0, 0, "the register is a borrowing one"},
      {TRACE_COPY, 0, 9, 0, "no such register"},
      {TRACE_MOVE, 0, 0, 0, "moved to itself"},
      {TRACE_MOVE, 0, 2, 0, "the register is a borrowing one"},
      {TRACE_CLEAR, 2, 0, 0, "the register is a borrowing one"},
      {TRACE_PAYLOAD, 1, 0, 0, "the register is null"},
      {TRACE_EXTERNAL, 1, 8, 0, "the register is null"},
      {TRACE_EXTERNAL, 0, 0, 0, "no such size"},
      {TRACE_EXTERNAL, 0, GC_BYTES_MAX + 1, 0, "no such size"},
      {TRACE_GLOBAL_LOAD, 0, GC_GLOBALS, 0, "no such global root"},
      {TRACE_GLOBAL_BORROW, 2, GC_GLOBALS, 0, "no such global root"},
      {TRACE_GLOBAL_BORROW, 0, 0, 0, "the register is an owning one"},
      {TRACE_GLOBAL_STORE, GC_GLOBALS, 0, 0, "no such global root"},
      {TRACE_GLOBAL_STORE, 0, 7, 0, "no such register"},
      {TRACE_GLOBAL_CLEAR, GC_GLOBALS, 0, 0, "no such global root"},
      {TRACE_TLS_LOAD, 0, GC_TLS, 0, "no such thread-local root"},
      {TRACE_TLS_BORROW, 2, GC_TLS, 0, "no such thread-local root"},
      {TRACE_TLS_STORE, GC_TLS, 0, 0, "no such thread-local root"},
      {TRACE_TLS_CLEAR, GC_TLS, 0, 0, "no such thread-local root"},
      {TRACE_WEAK_NEW, 1, 1, 0, "the register is null"},
      {TRACE_WEAK_GET, 1, 0, 0, "not a weak reference"},
      {TRACE_FINALIZER_NEXT, 2, 0, 0, "the register is a borrowing one"},
      {TRACE_ATTACH, 0, 0, 0, "not an operation of a mutator"},
      {TRACE_DETACH, 0, 0, 0, "not an operation of a mutator"},
      {TRACE_DEAD, 1, 0, 0, "not an operation of a mutator"},
  };
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    const struct refused *r = &list[i];
    const trace_op op = operation(r->kind, r->a, r->b, r->c);
    const char *why = shadow_refuses(t, &op);
    if (!why || strcmp(why, r->why))
      fail_msg("%s %u %u %u: %s, not %s", trace_kinds[r->kind].name, r->a, r->b,
               r->c, why ? why : "allowed", r->why);
  }
  run(TRACE_LEAVE, 0, 0, 0);
  const trace_op leave = operation(TRACE_LEAVE, 0, 0, 0);
  assert_string_equal(shadow_refuses(t, &leave), "no frame to leave");
}

/* ------------------------------------------------------------------------- *
 * What is alive.
 * ------------------------------------------------------------------------- */

static void each_kind_of_root_keeps_and_borrowing_does_not(void **state) {
  (void)state;
  run(TRACE_ENTER, 2, 1, 0);
  shadow_ref x = run(TRACE_NEW, 0, 1, 10);
  run(TRACE_NEW, 1, 0, 0);
  run(TRACE_STORE_TAKE, 0, 0, 1);
  shadow_volume v = shadow_mark_reachable(m);
  assert_int_equal(v.objects, 2);
  assert_int_equal(v.bytes, 8 + 8 + 16 + 8);
  run(TRACE_GLOBAL_STORE, 5, 0, 0);
  run(TRACE_CLEAR, 0, 0, 0);
  assert_int_equal(shadow_mark_reachable(m).objects, 2);
  run(TRACE_GLOBAL_BORROW, 2, 5, 0);
  run(TRACE_TLS_STORE, 5, 2, 0);
  run(TRACE_GLOBAL_CLEAR, 5, 0, 0);
  assert_int_equal(shadow_mark_reachable(m).objects, 2);
  run(TRACE_TLS_CLEAR, 5, 0, 0);
  assert_int_equal(shadow_mark_reachable(m).objects, 0);
  shadow_mark_also(m, x);
  assert_true(shadow_at(m, x)->marked);
}

static void detaching_drops_what_the_mutator_held(void **state) {
  (void)state;
  shadow_mutator *mine = t, *other = t = shadow_attach(m, 7);
  assert_int_equal(shadow_number(other), 7);
  run(TRACE_ENTER, 1, 0, 0);
  run(TRACE_NEW, 0, 0, 0);
  run(TRACE_TLS_STORE, 0, 0, 0);
  assert_int_equal(shadow_mark_reachable(m).objects, 1);
  shadow_detach(other);
  t = mine;
  assert_int_equal(shadow_mark_reachable(m).objects, 0);
  assert_ptr_equal(shadow_first_mutator(m), mine);
  assert_null(shadow_next_mutator(mine));
}

/* Objects that survive by each declaration, all roots gone. */
static void survive(uint64_t nothing, uint64_t acyclic, uint64_t all) {
  run(TRACE_LEAVE, 0, 0, 0);
  run(TRACE_ENTER, 3, 0, 0);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_NOTHING).objects,
                   nothing);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ACYCLIC).objects,
                   acyclic);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ALL).objects, all);
}

/* r <- a new object whose slot 0 is what r held. */
static void prepend(gc_reg r) {
  run(TRACE_MOVE, 2, r, 0);
  run(TRACE_NEW, r, 2, 0);
  run(TRACE_STORE_TAKE, r, 0, 2);
}

static void a_chain_survives_nobody(void **state) {
  (void)state;
  run(TRACE_ENTER, 3, 0, 0);
  for (unsigned i = 0; i < 5; i++)
    prepend(0);
  survive(5, 0, 0);
}

static void a_self_loop_survives_counting(void **state) {
  (void)state;
  run(TRACE_ENTER, 3, 0, 0);
  prepend(0);
  run(TRACE_STORE, 0, 1, 0);
  survive(1, 1, 0);
}

/* Before the ring come two that only lead to it, behind it two that it keeps.
 */
static void a_ring_keeps_its_tail_but_not_what_leads_to_it(void **state) {
  (void)state;
  run(TRACE_ENTER, 3, 0, 0);
  prepend(0);
  prepend(0); /* the tail */
  prepend(0); /* the ring's last, */
  run(TRACE_COPY, 1, 0, 0);
  prepend(0);
  prepend(0); /* and its first */
  run(TRACE_STORE, 1, 1, 0);
  prepend(0);
  prepend(0); /* what leads to it */
  survive(7, 5, 0);
}

/* A finalizable object in a ring keeps it, and what the ring leads to; one
 * behind a chain only what it leads to itself. */
static void finalizable_objects_and_what_they_lead_to_survive(void **state) {
  (void)state;
  run(TRACE_ENTER, 3, 0, 0);
  run(TRACE_NEW, 1, 0, 0);
  run_new_finalizable(0, 2);
  run(TRACE_STORE, 0, 0, 1); /* to a leaf */
  run(TRACE_STORE, 0, 1, 0); /* and to itself */
  run(TRACE_CLEAR, 0, 0, 0);
  survive(2, 2, 2);
  run(TRACE_NEW, 1, 0, 0);
  run_new_finalizable(0, 1);
  run(TRACE_STORE, 0, 0, 1);
  prepend(0);
  survive(5, 4, 4);
}

/* Registers 0 to 3 hold a key, a value, their ephemeron and another object. */
static void make_pair(shadow_ref *key, shadow_ref *value, shadow_ref *pair) {
  run(TRACE_ENTER, 5, 0, 0);
  *key = run(TRACE_NEW, 0, 1, 8);
  *value = run(TRACE_NEW, 1, 1, 8);
  *pair = run(TRACE_EPHEMERON_NEW, 2, 0, 1);
}

static void a_value_is_reached_by_key_and_ephemeron_together(void **state) {
  (void)state;
  shadow_ref key, value, pair;
  make_pair(&key, &value, &pair);
  run(TRACE_STORE, 1, 0, 0); /* the value refers to the key */
  run(TRACE_CLEAR, 1, 0, 0);
  assert_int_equal(shadow_mark_reachable(m).objects, 3);
  run(TRACE_MOVE, 3, 0, 0);
  assert_int_equal(shadow_mark_reachable(m).objects, 3);
  assert_true(shadow_at(m, value)->marked);
  run(TRACE_CLEAR, 3, 0, 0);
  assert_int_equal(shadow_mark_reachable(m).objects, 1);
  assert_true(shadow_at(m, pair)->marked);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ALL).objects, 1);
  /* A collector that only counts keeps what refers to each other. */
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ACYCLIC).objects, 3);
  shadow_weak_keys(m); /* so does an ephemeron that only has a weak key */
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ALL).objects, 3);
  assert_int_equal(shadow_mark_reachable(m).objects, 1);
  run(TRACE_CLEAR, 2, 0, 0);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ALL).objects, 0);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ACYCLIC).objects, 0);
}

static void a_value_without_a_cycle_dies_with_its_key(void **state) {
  (void)state;
  shadow_ref key, value, pair;
  make_pair(&key, &value, &pair);
  run(TRACE_CLEAR, 1, 0, 0);
  run(TRACE_CLEAR, 0, 0, 0);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ACYCLIC).objects, 1);
  shadow_weak_keys(m);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_ALL).objects, 1);
  shadow_bury_unmarked(m, NULL, NULL);
  assert_false(shadow_at(m, value)->used);
  assert_int_equal(shadow_at(m, pair)->target, 0);
  assert_int_equal(apply(operation(TRACE_EPHEMERON_GET, 4, 2, 0), 0), 0);
}

/* Each value is the key of the ephemeron before or after: both orders of
 * marking take as long. */
static void chains_of_ephemerons_take_linear_time(void **state) {
  (void)state;
  enum { N = 1000 };
  for (int backwards = 0; backwards < 2; backwards++) {
    uint64_t steps[2];
    for (unsigned twice = 0; twice < 2; twice++) {
      run(TRACE_ENTER, 5, 0, 0);
      run(TRACE_NEW, 3, (twice + 1) * N, 0);
      run(TRACE_NEW, 0, 0, 8);
      run(TRACE_COPY, 4, 0, 0);
      for (uint32_t i = 0; i < (twice + 1) * N; i++) {
        run(TRACE_NEW, 1, 0, 8);
        run(TRACE_EPHEMERON_NEW, 2, (uint32_t)backwards, !backwards);
        run(TRACE_STORE_TAKE, 3, i, 2);
        run(TRACE_MOVE, 0, 1, 0);
      }
      run(TRACE_CLEAR, backwards ? 4 : 0, 0, 0);
      uint64_t before = shadow_steps(m);
      assert_int_equal(shadow_mark_reachable(m).objects,
                       2 + 2 * (twice + 1) * N);
      steps[twice] = shadow_steps(m) - before;
      run(TRACE_LEAVE, 0, 0, 0);
      shadow_mark_reachable(m);
      shadow_bury_unmarked(m, NULL, NULL);
    }
    assert_true(steps[0] > 0 && steps[1] < 3 * steps[0]);
  }
}

/* Collects the times of deaths by place. */
static void note_death(void *data, const shadow_object *o, uint64_t when) {
  ((uint64_t *)data)[o - shadow_at(m, 0)] = when;
}

static void
a_value_dies_when_the_first_of_key_and_ephemeron_does(void **state) {
  (void)state;
  for (int key_first = 0; key_first < 2; key_first++) {
    uint64_t when[1024] = {0};
    shadow_ref key, value, pair;
    make_pair(&key, &value, &pair);
    run(TRACE_CLEAR, 1, 0, 0);
    run(TRACE_CLEAR, key_first ? 0 : 2, 0, 0);
    uint64_t first = now;
    run(TRACE_NEW, 3, 0, 8);
    run(TRACE_CLEAR, key_first ? 2 : 0, 0, 0);
    uint64_t second = now;
    shadow_mark_reachable(m);
    shadow_date_unmarked(m);
    shadow_bury_unmarked(m, note_death, when);
    assert_int_equal(when[value], first);
    assert_int_equal(when[key], key_first ? first : second);
    assert_int_equal(when[pair], key_first ? second : first);
    run(TRACE_LEAVE, 0, 0, 0);
    shadow_mark_reachable(m);
    shadow_bury_unmarked(m, NULL, NULL);
  }
}

static void what_is_weak_is_no_key(void **state) {
  (void)state;
  shadow_ref key, value, pair;
  make_pair(&key, &value, &pair);
  run(TRACE_WEAK_NEW, 3, 0, 0);
  const trace_op wrong[] = {operation(TRACE_EPHEMERON_NEW, 4, 2, 0),
                            operation(TRACE_EPHEMERON_NEW, 4, 3, 0),
                            operation(TRACE_EPHEMERON_GET, 4, 3, 0),
                            operation(TRACE_WEAK_NEW, 4, 2, 0),
                            operation(TRACE_WEAK_GET, 4, 2, 0),
                            operation(TRACE_EPHEMERON_NEW, 4, 4, 0)};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_non_null(shadow_refuses(t, &wrong[i]));
}

static void burial_clears_weak_references_and_frees_places(void **state) {
  (void)state;
  run(TRACE_ENTER, 2, 0, 0);
  run(TRACE_NEW, 0, 0, 0);
  shadow_ref w = run(TRACE_WEAK_NEW, 1, 0, 0);
  shadow_mark_surviving(m, GC_RECLAIMS_ALL);
  shadow_bury_unmarked(m, NULL, NULL);
  assert_int_not_equal(shadow_at(m, w)->target, 0);
  run(TRACE_CLEAR, 0, 0, 0);
  shadow_mark_surviving(m, GC_RECLAIMS_ALL);
  shadow_bury_unmarked(m, NULL, NULL);
  assert_int_equal(shadow_at(m, w)->target, 0);
  shadow_ref end = shadow_end(m);
  for (unsigned i = 0; i < 100; i++) {
    for (unsigned k = 0; k < 100; k++)
      run(TRACE_NEW, 0, 40, 0);
    shadow_mark_surviving(m, GC_RECLAIMS_ALL);
    shadow_bury_unmarked(m, NULL, NULL);
  }
  assert_true(shadow_end(m) <= end + 512);
  assert_int_equal(shadow_at(m, in(0))->serial, 2 + 100 * 100);
}

/* Its place may hold another object by now. */
static void
reading_a_register_that_borrows_the_buried_is_refused(void **state) {
  (void)state;
  run(TRACE_ENTER, 1, 1, 0);
  run(TRACE_NEW, 0, 1, 0);
  run(TRACE_GLOBAL_STORE, 0, 0, 0);
  run(TRACE_GLOBAL_BORROW, 1, 0, 0);
  run(TRACE_GLOBAL_CLEAR, 0, 0, 0);
  run(TRACE_CLEAR, 0, 0, 0);
  assert_null(shadow_refuses_reading(t, 1)); /* not known yet */
  shadow_mark_surviving(m, GC_RECLAIMS_ALL);
  shadow_bury_unmarked(m, NULL, NULL);
  static const char why[] = "the register borrows what nothing kept alive";
  const trace_op copy = operation(TRACE_COPY, 0, 1, 0);
  const trace_op payload = operation(TRACE_PAYLOAD, 1, 0, 0);
  assert_string_equal(shadow_refuses(t, &copy), why);
  assert_string_equal(shadow_refuses(t, &payload), why);
  assert_int_equal(in(1), 0);
  run(TRACE_UNBORROW, 1, 0, 0);
  run(TRACE_COPY, 0, 1, 0);
}

/* ------------------------------------------------------------------------- *
 * Random programs, looked at after every operation.
 * ------------------------------------------------------------------------- */

enum {
  OPERATIONS = 3000,
  REGISTERS = 6, /* and two that borrow */
  MUTATORS = 3,
  ROOTS = 3 /* global and thread-local ones that are used */
};

static uint64_t dice_state;

static uint32_t dice(uint32_t sides) {
  uint64_t z = dice_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ z >> 31) % sides);
}

/* By object number: since when it cannot be reached; 0: it can. */
static uint64_t dead_since[OPERATIONS + 1];

/* Marks by repeating itself until nothing changes.  The marks are the shadow
 * heap's too, but set here. */
static void spread(void) {
  for (bool changed = true; changed;) {
    changed = false;
    for (shadow_ref o = 1; o < shadow_end(m); o++)
      for (uint32_t i = 0;
           shadow_at(m, o)->marked && i < shadow_at(m, o)->slot_count; i++) {
        shadow_ref child = slot(o, i);
        if (child && !shadow_at(m, child)->marked)
          changed = shadow_at(m, child)->marked = true;
      }
  }
}

static void unmark(void) {
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    shadow_at(m, o)->marked = false;
}

static void mark_plainly(shadow_ref o) {
  if (o)
    shadow_at(m, o)->marked = true;
}

static void mark_reachable_plainly(void) {
  unmark();
  for (uint32_t i = 0; i < GC_GLOBALS; i++)
    mark_plainly(shadow_global(m, i));
  for (shadow_mutator *u = shadow_first_mutator(m); u;
       u = shadow_next_mutator(u)) {
    for (gc_reg r = 0; r < shadow_top(u); r++)
      if (shadow_is_owning(u, r))
        mark_plainly(shadow_register(u, r));
    for (uint32_t i = 0; i < GC_TLS; i++)
      mark_plainly(shadow_tls(u, i));
  }
  spread();
}

/* Marks what a counting collector keeps: takes away, one at a time, what is
 * unmarked and has no reference from what is left. */
static void mark_acyclic_survivors_plainly(void) {
  mark_reachable_plainly();
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    if (shadow_at(m, o)->finalizable)
      mark_plainly(o);
  spread();
  bool *left = calloc(shadow_end(m), 1);
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    left[o] = shadow_at(m, o)->used;
  for (bool changed = true; changed;) {
    changed = false;
    for (shadow_ref o = 1; o < shadow_end(m); o++) {
      bool referred = !left[o] || shadow_at(m, o)->marked;
      for (shadow_ref p = 1; p < shadow_end(m) && !referred; p++)
        for (uint32_t i = 0; left[p] && i < shadow_at(m, p)->slot_count; i++)
          referred |= slot(p, i) == o;
      if (!referred) {
        left[o] = false;
        changed = true;
      }
    }
  }
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    shadow_at(m, o)->marked = left[o];
  free(left);
}

static void marks_are_those_of(void (*plainly)(void), bool *by_model) {
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    by_model[o] = shadow_at(m, o)->marked;
  plainly();
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    assert_int_equal(by_model[o], shadow_at(m, o)->marked);
}

static void note_the_dead(void) {
  mark_reachable_plainly();
  for (shadow_ref o = 1; o < shadow_end(m); o++) {
    const shadow_object *object = shadow_at(m, o);
    if (object->marked)
      dead_since[object->serial] = 0;
    else if (object->used && !dead_since[object->serial])
      dead_since[object->serial] = now;
  }
}

static uint64_t deaths;

static void died(void *data, const shadow_object *o, uint64_t when) {
  (void)data;
  deaths++;
  if (dead_since[o->serial] != when)
    fail_msg("object %llu died at %llu, by the model at %llu",
             (unsigned long long)o->serial,
             (unsigned long long)dead_since[o->serial],
             (unsigned long long)when);
}

/* A finalizable object that is dead, or 0. */
static shadow_ref waiting(void) {
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    if (shadow_at(m, o)->finalizable && dead_since[shadow_at(m, o)->serial])
      return o;
  return 0;
}

/* Borrowing registers may hold the dead, until they are written again: what is
 * read is an owning one, or was borrowed just now. */
static void random_operation(void) {
  static const trace_kind kinds[] = {
      TRACE_NEW,        TRACE_NEW,         TRACE_LOAD,
      TRACE_STORE,      TRACE_STORE,       TRACE_STORE,
      TRACE_STORE_TAKE, TRACE_STORE_TAKE,  TRACE_STORE_NULL,
      TRACE_COPY,       TRACE_MOVE,        TRACE_CLEAR,
      TRACE_CLEAR,      TRACE_GLOBAL_LOAD, TRACE_GLOBAL_STORE,
      TRACE_TLS_LOAD,   TRACE_TLS_STORE,   TRACE_GLOBAL_CLEAR,
      TRACE_TLS_CLEAR,  TRACE_BORROW,      TRACE_WEAK_NEW,
      TRACE_WEAK_GET,   TRACE_WEAK_GET,    TRACE_FINALIZER_NEXT,
      TRACE_ENTER,      TRACE_LEAVE};
  trace_kind kind = kinds[dice(sizeof kinds / sizeof *kinds)];
  uint32_t n[3];
  for (unsigned i = 0; i < 3; i++)
    n[i] = dice(REGISTERS);
  const char *letters = trace_kinds[kind].operands;
  for (unsigned i = 0; i < 3 && letters[i]; i++)
    n[i] = strchr("gl", letters[i])   ? n[i] % ROOTS
           : letters[i] == 'i'        ? n[i] % 3
           : letters[i] == 'b'        ? REGISTERS
           : strchr("sn", letters[i]) ? n[i] % 4
                                      : n[i];
  trace_op op = operation(kind, n[0], n[1], n[2]);
  op.finalizable = kind == TRACE_NEW && dice(8) == 0;
  shadow_frame f;
  if (shadow_refuses(t, &op) || (kind == TRACE_ENTER && shadow_top(t) > 30) ||
      (kind == TRACE_LEAVE && shadow_innermost(t, &f) && f.first == 0))
    return;
  shadow_ref outcome = 0;
  if (kind == TRACE_FINALIZER_NEXT)
    outcome = waiting();
  /* A target that is dead may be got, as long as it was not found dead. */
  if (kind == TRACE_WEAK_GET)
    outcome = shadow_at(m, in(op.b))->target;
  apply(op, outcome);
}

static void random_program(uint64_t seed) {
  open_model(NULL);
  dice_state = seed;
  memset(dead_since, 0, sizeof dead_since);
  shadow_mutator *crew[MUTATORS] = {t};
  bool *by_model = calloc(1 << 14, 1);
  run(TRACE_ENTER, REGISTERS, 2, 0);
  for (unsigned i = 1; i <= OPERATIONS; i++) {
    unsigned who = dice(MUTATORS);
    t = crew[who] ? crew[who] : shadow_attach(m, (uint16_t)who);
    if (!crew[who])
      run(TRACE_ENTER, REGISTERS, 2, 0);
    crew[who] = t;
    random_operation();
    note_the_dead();
    if (who > 0 && dice(200) == 0) {
      shadow_set_clock(t, ++now);
      shadow_detach(t);
      crew[who] = NULL;
      note_the_dead();
    }
    assert_true(shadow_end(m) < 1 << 14);
    if (dice(60) == 0) {
      shadow_mark_reachable(m);
      marks_are_those_of(mark_reachable_plainly, by_model);
      shadow_mark_surviving(m, GC_RECLAIMS_ACYCLIC);
      marks_are_those_of(mark_acyclic_survivors_plainly, by_model);
      shadow_mark_surviving(m, GC_RECLAIMS_ALL);
      shadow_date_unmarked(m);
      shadow_bury_unmarked(m, died, NULL);
    }
  }
  free(by_model);
  close_model(NULL);
}

static void random_programs_agree_with_plain_methods(void **state) {
  (void)state;
  deaths = 0;
  for (uint64_t seed = 1; seed <= 12; seed++)
    random_program(seed);
  assert_true(deaths > 1000);
}

/* No reference is overwritten: the register's is all that is lost. */
static void what_is_taken_into_itself_dies_then(void **state) {
  (void)state;
  run(TRACE_ENTER, 1, 0, 0);
  shadow_ref x = run(TRACE_NEW, 0, 1, 0);
  run(TRACE_SAFEPOINT, 0, 0, 0);
  run(TRACE_STORE_TAKE, 0, 0, 0);
  dead_since[shadow_at(m, x)->serial] = now;
  run(TRACE_SAFEPOINT, 0, 0, 0);
  deaths = 0;
  shadow_mark_surviving(m, GC_RECLAIMS_ALL);
  shadow_date_unmarked(m);
  shadow_bury_unmarked(m, died, NULL);
  assert_int_equal(deaths, 1);
}

/* Instants far apart, so that they differ in every byte. */
static void deaths_at_distant_times_are_told_apart(void **state) {
  (void)state;
  run(TRACE_ENTER, 3, 0, 0);
  shadow_ref list[16];
  for (unsigned i = 0; i < 16; i++) {
    prepend(0);
    list[i] = in(0);
    run(TRACE_GLOBAL_STORE, i, 0, 0);
  }
  run(TRACE_CLEAR, 0, 0, 0);
  /* The later in the list, the earlier is its root dropped: each is kept by the
   * one before it until that dies. */
  for (unsigned i = 16; i-- > 0;) {
    now = (uint64_t)(16 - i) * 0x0102040810204081u / 16 + i * 0x100u;
    run(TRACE_GLOBAL_CLEAR, i, 0, 0);
    dead_since[shadow_at(m, list[i])->serial] = now;
  }
  deaths = 0;
  shadow_mark_surviving(m, GC_RECLAIMS_ALL);
  shadow_date_unmarked(m);
  shadow_bury_unmarked(m, died, NULL);
  assert_int_equal(deaths, 16);
}

/* ------------------------------------------------------------------------- */

static void a_way_from_a_root_is_found(void **state) {
  (void)state;
  run(TRACE_ENTER, 3, 1, 0);
  prepend(0);
  shadow_ref last = in(0);
  prepend(0);
  shadow_ref middle = in(0);
  prepend(0);
  shadow_ref first = in(0);
  run(TRACE_STORE, 0, 1, 0); /* a detour */
  run(TRACE_TLS_STORE, 4, 0, 0);
  run(TRACE_CLEAR, 0, 0, 0);
  char root[64];
  shadow_ref way[3] = {0};
  assert_int_equal(shadow_path(m, last, root, way, 3), 3);
  assert_string_equal(root, "thread-local root 4 of thread 0");
  assert_int_equal(way[0], first);
  assert_int_equal(way[1], middle);
  assert_int_equal(way[2], last);
  way[1] = 0;
  assert_int_equal(shadow_path(m, last, root, way, 1), 3); /* no more room */
  assert_int_equal(way[1], 0);
  run(TRACE_TLS_LOAD, 1, 4, 0);
  run(TRACE_TLS_CLEAR, 4, 0, 0);
  assert_int_equal(shadow_path(m, first, root, way, 3), 1);
  assert_string_equal(root, "register 1 of thread 0");
  run(TRACE_GLOBAL_STORE, 9, 1, 0);
  run(TRACE_CLEAR, 1, 0, 0);
  run(TRACE_GLOBAL_BORROW, 3, 9, 0);
  assert_int_equal(shadow_path(m, middle, root, way, 3), 2);
  assert_string_equal(root, "global 9");
  run(TRACE_GLOBAL_CLEAR, 9, 0, 0);
  assert_int_equal(shadow_path(m, first, root, way, 3), 0);
}

/* What gc.h allows threads to do at the same time without a lock: reading what
 * nobody writes, weak references too, and dropping what they hold of it. */
static pthread_barrier_t gate; /* so that they really meet */

static void *read_shared(void *number) {
  shadow_mutator *mine = shadow_attach(m, (uint16_t)(uintptr_t)number);
  pthread_barrier_wait(&gate);
  const trace_op ops[] = {
      operation(TRACE_ENTER, 2, 1, 0), /* 0, 1 own; 2 borrows */
      operation(TRACE_GLOBAL_LOAD, 0, 0, 0),
      operation(TRACE_LOAD, 1, 0, 0),
      operation(TRACE_BORROW, 2, 0, 0),
      operation(TRACE_TLS_STORE, 0, 1, 0),
      operation(TRACE_GLOBAL_LOAD, 1, 1, 0),
      operation(TRACE_WEAK_GET, 0, 1, 0),
      operation(TRACE_GLOBAL_LOAD, 0, 0, 0),
      operation(TRACE_NEW, 1, 2, 8),
      operation(TRACE_STORE, 1, 0, 0)};
  for (unsigned round = 1; round <= 2000; round++)
    for (size_t i = round > 1; i < sizeof ops / sizeof *ops; i++) {
      shadow_set_clock(mine, round);
      assert_null(shadow_refuses(mine, &ops[i]));
      shadow_apply(mine, &ops[i], round % 16 ? 1 : 0);
    }
  shadow_detach(mine);
  return NULL;
}

static void threads_may_read_what_nobody_writes(void **state) {
  (void)state;
  enum { THREADS = 4 };
  run(TRACE_ENTER, 3, 0, 0);
  prepend(0);
  prepend(0);
  run(TRACE_GLOBAL_STORE, 0, 0, 0);
  run(TRACE_WEAK_NEW, 1, 0, 0);
  run(TRACE_GLOBAL_STORE, 1, 1, 0);
  pthread_barrier_init(&gate, NULL, THREADS);
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++)
    assert_int_equal(
        pthread_create(&threads[i], NULL, read_shared, (void *)(i + 1)), 0);
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&gate);
  assert_int_equal(shadow_mark_reachable(m).objects, 3);
  assert_int_equal(shadow_mark_surviving(m, GC_RECLAIMS_NOTHING).objects,
                   3 + THREADS * 2000);
}

int main(void) {
#define ON_MODEL(test)                                                         \
  cmocka_unit_test_setup_teardown(test, open_model, close_model)
  const struct CMUnitTest tests[] = {
      ON_MODEL(every_operation_does_what_it_says),
      ON_MODEL(frames_nest_and_are_null_at_first),
      ON_MODEL(what_breaks_a_rule_is_refused),
      ON_MODEL(each_kind_of_root_keeps_and_borrowing_does_not),
      ON_MODEL(detaching_drops_what_the_mutator_held),
      ON_MODEL(a_chain_survives_nobody),
      ON_MODEL(a_self_loop_survives_counting),
      ON_MODEL(a_ring_keeps_its_tail_but_not_what_leads_to_it),
      ON_MODEL(finalizable_objects_and_what_they_lead_to_survive),
      ON_MODEL(a_value_is_reached_by_key_and_ephemeron_together),
      ON_MODEL(a_value_without_a_cycle_dies_with_its_key),
      ON_MODEL(chains_of_ephemerons_take_linear_time),
      ON_MODEL(a_value_dies_when_the_first_of_key_and_ephemeron_does),
      ON_MODEL(what_is_weak_is_no_key),
      ON_MODEL(burial_clears_weak_references_and_frees_places),
      ON_MODEL(reading_a_register_that_borrows_the_buried_is_refused),
      cmocka_unit_test(random_programs_agree_with_plain_methods),
      ON_MODEL(what_is_taken_into_itself_dies_then),
      ON_MODEL(deaths_at_distant_times_are_told_apart),
      ON_MODEL(a_way_from_a_root_is_found),
      ON_MODEL(threads_may_read_what_nobody_writes),
  };
  return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
