/* infer.c: recordings, written by hand, and the traces that are made of them:
 * who holds what, and whether the proof sees a trace that is wrong. */
#include "harness/trace/infer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static recording r;
static inferred in;

/* Reads a recording whose lines are these; returns "", or the error without the
 * name of the file. */
static const char *load(const char *lines) {
  static char error[RECORDING_ERROR];
  char path[] = "/tmp/recording-XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  assert_int_equal(write(file, lines, strlen(lines)), strlen(lines));
  close(file);
  bool good = recording_read(path, &r, error);
  unlink(path);
  return good ? "" : strchr(error, ':');
}

static void make_with(uint32_t registers, const char *lines) {
  char text[1000], error[RECORDING_ERROR];
  snprintf(text, sizeof text, "python-recording 1\n%send 0\n", lines);
  assert_string_equal(load(text), "");
  assert_true(infer(&r, registers, &in, error));
}

static void make(const char *lines) {
  make_with(INFER_REGISTERS, lines);
}

static void done(void) {
  infer_free(&in);
  recording_free(&r);
}

static unsigned count(trace_kind kind) {
  unsigned n = 0;
  for (size_t i = 0; i < in.count; i++)
    n += in.ops[i].kind == kind;
  return n;
}

/* Replaces the last operation of the kind by one that does nothing. */
static void take_out(trace_kind kind) {
  for (size_t i = in.count; i-- > 0;)
    if (in.ops[i].kind == kind) {
      in.ops[i] = (trace_op){.kind = TRACE_SAFEPOINT};
      return;
    }
  fail();
}

/* A list and its element, both temporary: the list's death shows who held the
 * element, which needs no register then. */
static void a_child_dies_with_its_parent(void **state) {
  (void)state;
  make("b\n" /* position 1 */
       "b\n" /* 2 */
       "b\n" /* 3 */
       "d 1 64 1 2\n"
       "d 2 32 0\n" /* 4 */
       "b\n"        /* 5 */
       "l 3 32\nl 4 32\n");
  assert_true(infer_is_proved(&in));
  assert_int_equal(in.acyclic, 2);
  assert_int_equal(in.kept, 2);
  assert_int_equal(r.objects[0].death, 4);
  assert_int_equal(in.died[0], 4);
  assert_int_equal(in.died[1], 4);
  assert_int_equal(count(TRACE_STORE), 1);
  assert_int_equal(count(TRACE_CLEAR), 2); /* the child's, then the parent's */
  assert_int_equal(in.ops[1].b, 1);        /* one slot */
  assert_int_equal(in.ops[1].c, 56);       /* and what is left of 64 bytes */
  done();
}

/* The element outlives the list, in whose place a register holds it. */
static void a_child_outlives_its_parent(void **state) {
  (void)state;
  make("b\nb\n"
       "e 1 1 2\nx 1 1\ns\n"
       "b\n"
       "d 1 64 1 2\n"
       "b\n"
       "d 2 32 0\n"
       "b\n"
       "l 3 1\nl 4 1\nl 5 1\n");
  assert_true(infer_is_proved(&in));
  assert_true(in.died[1] > in.died[0]);
  assert_int_equal(in.acyclic_exact, 2);
  done();
}

/* A table keeps an entry between two snapshots, and drops it before the entry
 * dies. */
static void what_dies_before_its_holder_is_cut_off(void **state) {
  (void)state;
  make("b\nb\n"
       "e 1 1 2\nx 1 1\ns\n"
       "b\n"
       "d 2 32 0\n"
       "b\n"
       "e 1 0\ns\n"
       "l 1 8\nl 3 8\nl 4 8\n");
  assert_true(infer_is_proved(&in));
  assert_int_equal(count(TRACE_STORE_NULL), 1);
  take_out(TRACE_STORE_NULL);
  infer_prove(&r, &in);
  assert_false(infer_is_proved(&in)); /* it lives on in the table */
  assert_int_equal(in.acyclic_exact, 0);
  done();
}

/* A ring is lost at some time between two snapshots, and found later. */
static void a_ring_dies_within_its_window(void **state) {
  (void)state;
  make("b\nb\n"
       "e 1 1 2\ne 2 1 1\nx 1 1\ns\n" /* position 3 */
       "b\n"                          /* 4 */
       "x 1 0\nx 3 1\ns\n"            /* 5 */
       "b\n"                          /* 6 */
       "(\nd 1 8 0\nd 2 8 0\n)\n"     /* 7 */
       "b\n"
       "l 3 8\nl 4 8\nl 5 8\n");
  assert_true(infer_is_proved(&in));
  assert_int_equal(in.cyclic, 2);
  assert_int_equal(in.window, 4);
  assert_int_equal(r.objects[1].lost_after, 3);
  assert_int_equal(in.died[0], 5);
  assert_int_equal(in.died[1], 5);
  /* Of five objects of 16 bytes the program still has the ring when the fourth
   * is made, the trace has not. */
  assert_int_equal(in.live_recorded[TRACE_MOMENTS * 4 / 5 - 1], 4 * 16);
  assert_int_equal(in.live[TRACE_MOMENTS * 4 / 5 - 1], 2 * 16);
  assert_int_equal(in.live_recorded[TRACE_MOMENTS - 1], 3 * 16);
  assert_int_equal(in.live[TRACE_MOMENTS - 1], 3 * 16);
  r.objects[0].death = 4; /* then it would have died behind its window */
  infer_prove(&r, &in);
  assert_int_equal(in.cyclic_within, 1);
  assert_false(infer_is_proved(&in));
  done();
}

/* A ring that nobody is seen to hold is cut and dies by its counts, although
 * the snapshot before seemed to say that its objects hold each other. */
static void a_ring_may_die_by_its_counts(void **state) {
  (void)state;
  make("b\nb\nb\n"
       "e 1 1 2\ne 2 2 1 3\ns\n"
       "b\n"
       "d 1 8 1 2\nd 2 8 1 3\nd 3 8 0\n"
       "b\n"
       "l 4 8\nl 5 8\n");
  assert_true(infer_is_proved(&in));
  assert_int_equal(in.acyclic, 3);
  assert_true(in.rounds > 1);
  done();
}

/* Slots are taken again. */
static void an_object_has_as_many_slots_as_it_uses_at_once(void **state) {
  (void)state;
  make("b\nb\nb\n"
       "e 1 1 2\nx 1 1\nx 2 1\nx 3 1\ns\n"
       "b\n"
       "e 1 0\ns\n"
       "b\n"
       "e 1 2 3 3\ns\n"
       "l 1 8\nl 2 8\nl 3 8\nl 4 8\nl 5 8\n");
  assert_true(infer_is_proved(&in));
  assert_int_equal(in.ops[1].b, 2);
  assert_int_equal(in.ops[1].c, 0); /* two slots are more than its 8 bytes */
  done();
}

/* A temporary object that refers to an old one does not keep a register. */
static void what_passes_is_left_out(void **state) {
  (void)state;
  make("b\nb\n"
       "e 1 1 2\nx 1 1\ns\n"
       "b\n"
       "d 3 8 1 2\n"
       "b\n"
       "l 1 8\nl 2 8\nl 4 8\n");
  assert_true(infer_is_proved(&in));
  assert_int_equal(in.edges, 2);
  assert_int_equal(in.edges_left_out, 1);
  done();
}

static void holders_are_counted_at_snapshots(void **state) {
  (void)state;
  make("b\nb\nb\n"
       "e 1 1 2\nx 1 1\nx 3 1\ns\n"
       "b\n"
       "l 1 8\nl 2 8\nl 3 8\nl 4 8\n");
  assert_int_equal(in.alive, 3);
  assert_int_equal(in.held, 2);
  assert_int_equal(in.only_held, 2);
  done();
}

/* What has no register is in a table, the first object of the trace. */
static void tables_hold_what_has_no_register(void **state) {
  (void)state;
  static const char lines[] = "b\nb\nb\n"
                              "e 1 1 2\nx 1 1\nx 2 1\nx 3 1\ns\n"
                              "b\n"
                              "d 2 8 1 4\nd 4 8 0\n"
                              "b\n"
                              "l 1 8\nl 3 8\nl 5 8\n";
  for (uint32_t registers = 0; registers < 4; registers++) {
    make_with(registers, lines);
    assert_true(infer_is_proved(&in));
    assert_int_equal(in.tables, 1);
    assert_int_equal(in.acyclic_exact, 2);
    assert_int_equal(in.kept_exact, 3);
    assert_true(count(TRACE_BORROW) > 0);
    done();
  }
}

static void wrong_recordings_are_refused(void **state) {
  (void)state;
#define FIRST "python-recording 1\n"
  static const char *const cases[][2] = {
      {"", ":1: this is no recording: the first line is not "
           "'python-recording 1'"},
      {"reapmark-trace 3\n", ":1: this is no recording: the first line is not "
                             "'python-recording 1'"},
      {FIRST "b\n", ":3: the recording is cut: it has no line end"},
      {FIRST "b\nq\n", ":3: unknown line"},
      {FIRST "b\nd 2 8 0\n", ":3: a number is missing or wrong"},
      {FIRST "b\nd 0 8 0\n", ":3: no such object is alive"},
      {FIRST "b\nd 1 8 0\nd 1 8 0\n", ":4: no such object is alive"},
      {FIRST "b\nd 1 99999999999 0\n", ":3: a number is missing or wrong"},
      {FIRST "b\ne 1 1\n", ":3: a number is missing or wrong"},
      {FIRST "b\nx 1 2\n", ":3: a number is missing or wrong"},
      {FIRST "b\ns 1\n", ":3: the line does not end where it should"},
      {FIRST "b\nend 0\n", ":3: objects are left over"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_string_equal(load(cases[i][0]), cases[i][1]);
    recording_free(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_child_dies_with_its_parent),
      cmocka_unit_test(a_child_outlives_its_parent),
      cmocka_unit_test(what_dies_before_its_holder_is_cut_off),
      cmocka_unit_test(a_ring_dies_within_its_window),
      cmocka_unit_test(a_ring_may_die_by_its_counts),
      cmocka_unit_test(an_object_has_as_many_slots_as_it_uses_at_once),
      cmocka_unit_test(what_passes_is_left_out),
      cmocka_unit_test(holders_are_counted_at_snapshots),
      cmocka_unit_test(tables_hold_what_has_no_register),
      cmocka_unit_test(wrong_recordings_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
