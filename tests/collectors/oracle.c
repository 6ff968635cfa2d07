/* oracle.c: what the oracle does beyond what every collector does: it ends the
 * process of who breaks a rule, moves payload, and counts. */
#include "rig.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_strict(void **state) {
  (void)state;
  rig_option("strict", 1);
  rig_open(0);
  return 0;
}

static int open_lenient(void **state) {
  (void)state;
  rig_open(0);
  return 0;
}

static int close_oracle(void **state) {
  (void)state;
  rig_close();
  rig_option("strict", 0);
  return 0;
}

/* The process that does this is to end by SIGABRT, with the line on stderr. */
static void ends(void (*deed)(gc_reg frame), const char *line) {
  int out[2];
  assert_int_equal(pipe(out), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);
    dup2(out[1], STDERR_FILENO);
    deed(gc_frame_enter(m, 3, 2));
    _exit(0);
  }
  close(out[1]);
  char said[1000] = "";
  size_t length = 0;
  for (ssize_t got;
       length + 1 < sizeof said &&
       (got = read(out[0], said + length, sizeof said - 1 - length)) > 0;)
    length += (size_t)got;
  close(out[0]);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT ||
      !strstr(said, line))
    fail_msg("ended with %d and '%s', not '%s'", status, said, line);
}

/* The frame: 0 to 2 own, 3 and 4 borrow; 0 gets an object. */
static void make(gc_reg f) {
  gc_new(m, f, (gc_shape){2, 8}, GC_PLAIN);
}

static void uses_null(gc_reg f) {
  gc_store_null(m, f, 0);
}
static void leaves_the_frame(gc_reg f) {
  gc_clear(m, f + 5);
}
static void reads_outside_the_frame(gc_reg f) {
  gc_is_null(m, f + 5);
}
static void leaves_the_shape(gc_reg f) {
  make(f);
  gc_store(m, f, 2, f);
}
static void owns_by_a_borrowing_register(gc_reg f) {
  make(f);
  gc_copy(m, f + 3, f);
}
static void borrows_by_an_owning_register(gc_reg f) {
  make(f);
  gc_borrow(m, f + 1, f, 0);
}
static void takes_no_weak_reference_for_one(gc_reg f) {
  make(f);
  gc_weak_get(m, f + 1, f);
}
static void leaves_another_frame(gc_reg f) {
  gc_frame_enter(m, 1, 0);
  gc_frame_leave(m, f, 3, 2);
}
static void leaves_with_other_numbers(gc_reg f) {
  gc_frame_leave(m, f, 2, 3);
}
static void detaches_with_a_frame(gc_reg f) {
  (void)f;
  gc_thread_detach(m);
}

/* 3 borrows what dies. */
static void make_stale(gc_reg f) {
  make(f);
  make(f + 1);
  gc_store_take(m, f, 0, f + 1);
  gc_borrow(m, f + 3, f, 0);
  gc_store_null(m, f, 0);
}
static void uses_a_stale_register(gc_reg f) {
  make_stale(f);
  gc_payload(m, f + 3);
}
static void tests_a_stale_register(gc_reg f) {
  make_stale(f);
  gc_same(m, f, f + 3);
}
static void collects_with_a_stale_register(gc_reg f) {
  make_stale(f);
  gc_collect(m);
}
static void uses_what_a_dead_cycle_kept(gc_reg f) {
  make(f);
  gc_store(m, f, 0, f);
  gc_borrow(m, f + 3, f, 0);
  gc_clear(m, f);
  gc_collect(m);
  gc_copy(m, f + 1, f + 3);
}

static void who_breaks_a_rule_is_ended(void **state) {
  (void)state;
  ends(uses_null, "store-null 0 0 0 by mutator 0: the register is null");
  ends(leaves_the_frame, "no such register");
  ends(reads_outside_the_frame,
       "register 5 of mutator 0 is read: no such register");
  ends(leaves_the_shape,
       "store 0 2 0 by mutator 0: the object has no such slot");
  ends(owns_by_a_borrowing_register, "the register is a borrowing one");
  ends(borrows_by_an_owning_register, "the register is an owning one");
  ends(takes_no_weak_reference_for_one, "not a weak reference");
  ends(leaves_another_frame,
       "frame 0 of 3 owning and 2 borrowing registers is left, but the topmost "
       "of mutator 0 is 5 of 1 and 0");
  ends(leaves_with_other_numbers, "frame 0 of 2 owning");
  ends(detaches_with_a_frame, "mutator 0 detaches with a frame of its own");
  const char *stale = "register 3 of mutator 0 borrows an object that nothing "
                      "keeps alive";
  ends(uses_a_stale_register, stale);
  ends(tests_a_stale_register, stale);
  ends(collects_with_a_stale_register, stale);
  ends(uses_what_a_dead_cycle_kept,
       "the register borrows what nothing kept alive");
}

static void payload_moves_at_safepoints(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){0, 16}, GC_PLAIN);
  uint64_t *p = gc_payload(m, f);
  p[0] = 42;
  assert_ptr_equal(gc_payload(m, f), p); /* not before */
  gc_safepoint(m);
  uint64_t *moved = gc_payload(m, f);
  assert_ptr_not_equal(moved, p);
  assert_int_equal(moved[0], 42);
  gc_new(m, f + 1, (gc_shape){0, 0}, GC_PLAIN);
  assert_ptr_not_equal(gc_payload(m, f), moved);
  gc_frame_leave(m, f, 2, 0);
}

/* What is looked at may die, and its place be another's, before it would move.
 */
static void payload_that_dies_does_not_move(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned i = 0; i < 1000; i++) {
    gc_new(m, f, (gc_shape){0, 16}, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f) = i;
    gc_clear(m, f);
    if (i % 10 == 0)
      gc_collect(m);
  }
  gc_frame_leave(m, f, 1, 0);
  assert_int_equal(rig_objects(), 0);
}

/* Dead rings: with a trace before each new peak there are at most one, and two
 * nodes of the next: the second is made before it takes the old one's register.
 */
static void the_peak_is_what_is_needed(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned i = 0; i < 50; i++)
    rig_ring(f, 10);
  gc_frame_leave(m, f, 1, 0);
  assert_int_equal(gc_heap_footprint(heap).peak_bytes, 12 * 24);
}

/* The ring is lost by giving it its own last reference; it is cyclic garbage
 * from then on, and lived for what was allocated meanwhile. */
static void what_is_taken_into_itself_dies_then(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){1, 0}, GC_PLAIN); /* 16 bytes */
  for (unsigned i = 0; i < 3; i++)
    gc_new(m, f + 1, (gc_shape){0, 92}, GC_PLAIN); /* 104 */
  gc_collect(m);
  gc_new(m, f + 1, (gc_shape){0, 92}, GC_PLAIN);
  gc_store_take(m, f, 0, f);
  gc_new(m, f + 1, (gc_shape){0, 8}, GC_PLAIN);
  gc_frame_leave(m, f, 2, 0);
  assert_int_equal(rig_counter("lifetime-max"), 4 * 104);
  assert_int_equal(rig_counter("cyclic-objects"), 1);
}

/* A ring of one that was found dead keeps from counting what it referred to
 * and was still alive, and what that refers to. */
static void dead_cycles_go_on_holding(void **state) {
  (void)state;
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){2, 0}, GC_PLAIN);
  gc_store(m, f, 0, f);
  gc_new(m, f + 1, (gc_shape){1, 0}, GC_PLAIN);
  gc_store(m, f, 1, f + 1);
  gc_new(m, f + 2, (gc_shape){0, 0}, GC_PLAIN);
  gc_store(m, f + 1, 0, f + 2);
  gc_clear(m, f);
  gc_collect(m); /* finds the ring */
  assert_int_equal(rig_counter("cyclic-objects"), 1);
  gc_clear(m, f + 1);
  gc_new(m, f, (gc_shape){0, 0}, GC_PLAIN);
  gc_frame_leave(m, f, 3, 0);
  gc_collect(m);
  assert_int_equal(rig_counter("cyclic-objects"), 3);
  assert_int_equal(rig_objects(), 0);
}

int main(void) {
#define STRICTLY(test)                                                         \
  cmocka_unit_test_setup_teardown(test, open_strict, close_oracle)
  const struct CMUnitTest tests[] = {
      STRICTLY(who_breaks_a_rule_is_ended),
      STRICTLY(payload_moves_at_safepoints),
      STRICTLY(payload_that_dies_does_not_move),
      STRICTLY(the_peak_is_what_is_needed),
      STRICTLY(what_is_taken_into_itself_dies_then),
      STRICTLY(dead_cycles_go_on_holding),
      cmocka_unit_test_setup_teardown(dead_cycles_go_on_holding, open_lenient,
                                      close_oracle),
  };
  return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
