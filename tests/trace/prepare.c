/* prepare.c: tests of prepared traces: what is left of a trace, and what its
 * comments say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/trace/prepare.h"
#include "tests/trace/random.h"

static char folder[] = "trace-prepare-XXXXXX";

static int enter_folder(void **state) {
  (void)state;
  return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  unlink("in");
  unlink("out");
  return chdir("..") || rmdir(folder) ? -1 : 0;
}

static void write_lines(const char *lines) {
  FILE *file = fopen("in", "w");
  assert_non_null(file);
  fprintf(file, "reapmark-trace 3\n%s", lines);
  assert_int_equal(fclose(file), 0);
}

static prepare_report prepare(const char *from, const char *to) {
  prepare_report report;
  trace_reader *r = trace_reader_open(from);
  trace_writer *w = trace_writer_open(to, false);
  assert_int_equal(trace_prepare(r, w, &report), PREPARE_DONE);
  assert_true(trace_writer_close(w));
  trace_reader_close(r);
  return report;
}

static char text[1 << 16];

/* Prepares the lines; `text` holds what comes after the head, which is parsed.
 */
static prepare_report prepared(const char *lines, trace_prepared *head) {
  write_lines(lines);
  prepare_report report = prepare("in", "out");
  FILE *file = fopen("out", "r");
  assert_non_null(file);
  char line[TRACE_LINE + 1];
  assert_non_null(fgets(line, sizeof line, file));
  assert_string_equal(line, "reapmark-trace 3\n");
  assert_non_null(fgets(line, sizeof line, file));
  line[strcspn(line, "\n")] = 0;
  assert_true(trace_prepared_parse(line + 2, head));
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  return report;
}

/* ------------------------------------------------------------------------- */

static void what_cannot_be_performed_is_left_out(void **state) {
  (void)state;
  trace_prepared p;
  prepare_report r = prepared("enter 2 0\n"
                              "load 0 1 0\n" /* of null */
                              "new 5 0 8\n"  /* not in the frame: number 1 */
                              "new 0 1 16\n" /* number 2, and now 1 */
                              "new 1 0 4\n"
                              "payload 0\n"
                              "payload 1\n" /* has no room for its number */
                              "check\n"
                              "store 0 0 1\n"
                              "leave\n"
                              "leave\n",
                              &p);
  assert_int_equal(r.left_out, 3);
  assert_string_equal(text, "enter 2 0\n"
                            "new 0 1 16\n"
                            "new 1 0 4\n"
                            "payload 0\n"
                            "store 0 0 1\n"
                            "leave\n"
                            "dead 1\n"
                            "dead 2\n");
  assert_int_equal(p.operations, 6);
  assert_int_equal(p.objects, 2);
  assert_int_equal(p.bytes, 32 + 16);
  assert_int_equal(p.live, 48);
  assert_int_equal(p.payloads, 1);
  assert_int_equal(p.registers, 2);
  assert_int_equal(p.end_objects, 0);
  assert_true(p.free_order);
}

/* The outcome of a read is an object only if the roots reach the object. */
static void outcomes_are_certain(void **state) {
  (void)state;
  trace_prepared p;
  prepare_report r =
      prepared("enter 4 0\n"
               "new 0 0 8\n"
               "weak-new 1 0\n"
               "weak-get 2 1 1\n"
               "clear 0\n"
               "clear 2\n"
               "weak-get 2 1 1\n" /* not collected when recorded */
               "payload 2\n"
               "new 3 0 8 f\n"
               "clear 3\n"
               "finalizer-next 3 3\n"
               "payload 3\n"
               "leave\n",
               &p);
  assert_int_equal(r.uncertain, 1);
  assert_int_equal(r.finalized, 1);
  assert_int_equal(r.left_out, 2);
  assert_string_equal(text, "enter 4 0\n"
                            "new 0 0 8\n"
                            "weak-new 1 0\n"
                            "weak-get 2 1 1\n"
                            "clear 0\n"
                            "clear 2\n"
                            "dead 1\n"
                            "weak-get 2 1 0\n"
                            "new 3 0 8 f\n"
                            "clear 3\n"
                            "dead 3\n"
                            "finalizer-next 3 0\n"
                            "clear 3\n"
                            "leave\n"
                            "dead 2\n");
  assert_int_equal(p.finalizable, 1);
  assert_int_equal(p.weak, 1);
}

/* An ephemeron keeps its value as long as its key is alive, and no longer. */
static void ephemerons_are_certain(void **state) {
  (void)state;
  trace_prepared p;
  prepared("enter 4 0\n"
           "new 0 0 8\n"
           "new 1 0 8\n"
           "ephemeron-new 2 0 1\n"
           "clear 1\n"
           "ephemeron-get 3 2\n"
           "clear 3\n"
           "clear 0\n"
           "ephemeron-get 3 2 2\n",
           &p);
  assert_non_null(strstr(text, "clear 1\nephemeron-get 3 2 2\nclear 3\n"));
  assert_non_null(strstr(text, "clear 0\ndead 1\ndead 2\nephemeron-get 3 2 0\n"
                               "# root: register 2 = 3\n"
                               "# alive: 3 ephemeron 0 0\n"));
}

static void threads_end(void **state) {
  (void)state;
  trace_prepared p;
  prepared("thread 1\n"
           "attach\n"
           "lock\n"
           "enter 1 0\n"
           "new 0 0 8\n"
           "global-store 3 0\n"
           "thread 2\n"
           "attach\n"
           "detach\n",
           &p);
  assert_int_equal(p.mutators, 3);
  assert_false(p.free_order);
  assert_string_equal(text, "thread 1\n"
                            "attach\n"
                            "lock\n"
                            "enter 1 0\n"
                            "new 0 0 8\n"
                            "global-store 3 0\n"
                            "thread 2\n"
                            "attach\n"
                            "detach\n"
                            "thread 1\n"
                            "unlock\n"
                            "leave\n"
                            "detach\n"
                            "# root: global 3 = 1\n"
                            "# alive: 1 0 8\n");
}

/* Two objects in a dead cycle, and two that die when the roots are dropped. */
static void what_is_alive_is_told(void **state) {
  (void)state;
  trace_prepared p;
  prepared("enter 2 0\n"
           "new 0 3 8\n"
           "new 1 1 0\n"
           "store 0 2 1\n"
           "store 1 0 0\n"
           "global-store 7 0\n"
           "weak-new 1 0\n"
           "clear 0\n"
           "new 0 1 8\n"
           "store 0 0 0\n"
           "clear 0\n",
           &p);
  char *alive = strstr(text, "# root");
  assert_non_null(alive);
  assert_string_equal(alive, "# root: register 1 = 3\n"
                             "# root: global 7 = 1\n"
                             "# alive: 3 weak 1\n"
                             "# alive: 1 3 8 2=2\n"
                             "# alive: 2 1 0 0=1\n");
  assert_int_equal(p.cyclic_objects, 1);
  assert_int_equal(p.cyclic, 24);
  assert_int_equal(p.end_objects, 3);
  assert_int_equal(p.end_cyclic_objects, 2);
  assert_int_equal(p.end_bytes, 40 + 16 + 32);
  /* By the definition in docs/trace-format.md. */
  assert_int_equal(p.graph, trace_graph_term(0, 1, 3) +
                                trace_graph_term(0, PREPARED_GLOBALS + 7, 1) +
                                trace_graph_term(3, PREPARED_SHAPE, 24) +
                                trace_graph_term(1, PREPARED_SHAPE + 3, 8) +
                                trace_graph_term(1, 2, 2) +
                                trace_graph_term(2, PREPARED_SHAPE + 1, 0) +
                                trace_graph_term(2, 0, 1));

  trace_alive a = {0};
  for (char *line = strtok(alive, "\n"); line; line = strtok(NULL, "\n"))
    assert_null(trace_alive_add(&a, line + 2));
  assert_null(trace_alive_end(&a, &p));
  p.graph++;
  assert_non_null(trace_alive_end(&a, &p));
  assert_non_null(trace_alive_add(&a, "alive: 9 1 0 1=2")); /* no slot 1 */
  assert_non_null(trace_alive_add(&a, "root: global 64 = 1"));
  trace_alive_free(&a);
}

/* A prepared trace is prepared: nothing changes when it is prepared again. */
static void twice_is_once(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    random_seed(seed);
    trace_writer *w = trace_writer_open("in", false);
    trace_write(w, &(trace_op){.kind = TRACE_ENTER, .a = 6, .b = 2});
    for (int i = 0; i < 3000; i++) {
      trace_op op = operation_of_kind((uint8_t)below(TRACE_DEAD), false);
      if (op.kind == TRACE_LEAVE || op.kind == TRACE_ENTER)
        op = (trace_op){.kind = TRACE_NEW, .a = below(6), .b = 3, .c = 8};
      if (op.kind == TRACE_BORROW) /* what is dead may not be used */
        op.kind = TRACE_LOAD;
      if (op.kind == TRACE_GLOBAL_BORROW || op.kind == TRACE_TLS_BORROW)
        op.kind = TRACE_COLLECT;
      op.thread = below(8) ? 0 : 1;
      trace_write(w, &op);
    }
    assert_true(trace_writer_close(w));
    prepare_report first = prepare("in", "out");
    assert_in_range(first.left_out, 1, 2999);
    char error[TRACE_ERROR];
    trace_text once, twice;
    assert_true(trace_load("out", 10000, &once, error));
    prepare_report second = prepare("out", "in");
    assert_int_equal(second.left_out + second.uncertain, 0);
    assert_true(trace_load("in", 10000, &twice, error));
    assert_int_equal(once.count, twice.count);
    for (size_t i = 0; i < once.count; i++)
      assert_true(same_operation(&once.ops[i], &twice.ops[i]));
    free(once.ops);
    free(twice.ops);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_cannot_be_performed_is_left_out),
      cmocka_unit_test(outcomes_are_certain),
      cmocka_unit_test(ephemerons_are_certain),
      cmocka_unit_test(threads_end),
      cmocka_unit_test(what_is_alive_is_told),
      cmocka_unit_test(twice_is_once),
  };
  return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
