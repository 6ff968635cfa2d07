/* graph.c: tests of graphs: their text, and what is found out about them, on
 * graphs small enough to be worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/heap/analysis.h"
#include "harness/heap/stat.h"
#include "harness/heap/writer.h"

/* The file that a text is read from. */
static char path[] = "/tmp/reapmark-test-graph-XXXXXX";

static int make_file(void **state) {
  (void)state;
  int fd = mkstemp(path);
  return fd < 0 || close(fd);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

static bool read_text(const char *text, heap_graph *g, char *error) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
  return heap_graph_read(path, g, error);
}

static heap_graph graph_of(const char *text) {
  heap_graph g;
  char error[HEAP_ERROR];
  if (!read_text(text, &g, error))
    fail_msg("%s", error);
  return g;
}

/* ------------------------------------------------------------------------- *
 * The text.
 * ------------------------------------------------------------------------- */

/* The example of docs/heap-format.md. */
static const char example[] =
    "reapmark-heap 1\n"
    "# an array of three, a text, and a node that refers to itself\n"
    "o 0 40 2 3 0\n"
    "o 1 56\n"
    "o 2 32 3 ~2\n"
    "r 1\n"
    "t Object[]\n"
    "t String\n"
    "t Node\n"
    "end 3 5 1 3\n";

static void a_graph_is_read(void **state) {
  (void)state;
  heap_graph g = graph_of(example);
  assert_int_equal(g.objects, 3);
  assert_int_equal(g.slots, 5);
  const uint32_t slots[] = {2, 3, 0, 3, 2 | HEAP_WEAK};
  assert_memory_equal(g.slot, slots, sizeof slots);
  assert_int_equal(g.first[1], 0);
  assert_int_equal(g.first[2], 3);
  assert_int_equal(g.first[3], 3);
  assert_int_equal(g.first[4], 5);
  assert_int_equal(g.type[3], 2);
  assert_string_equal(g.name[2], "Node");
  assert_int_equal(g.root[0], 1);
  assert_int_equal(heap_nominal(&g, 1), 40);
  assert_int_equal(heap_nominal(&g, 2), 56);
  heap_graph_free(&g);
}

/* A stated size that is less than a word and the slots, and one that is no
 * multiple of a word. */
static void sizes_become_nominal(void **state) {
  (void)state;
  heap_graph g = graph_of("reapmark-heap 1\no 0 3 0 0\no 0 33 0\nt T\n"
                          "end 2 3 0 1\n");
  assert_int_equal(heap_nominal(&g, 1), 24);
  assert_int_equal(heap_nominal(&g, 2), 40);
  heap_graph_free(&g);
}

static void faults_are_told_with_their_offset(void **state) {
  (void)state;
#define HEAD "reapmark-heap 1\n" /* 16 bytes */
  static const struct {
    const char *text, *wrong;
  } bad[] = {
      {"", "byte 0: 'reapmark-heap 1\n' should stand here"},
      {"reapmark-heap 2\n", "byte 14: '1\n' should stand here"},
      {HEAD, "byte 16: the graph is cut off: it has no line 'end'"},
      {HEAD "x\n", "byte 16: a line begins with 'o', 'r', 't', '#' or 'end'"},
      {HEAD "o 0\n", "byte 19: ' ' should stand here"},
      {HEAD "o 0 -8\n", "byte 20: a size should stand here"},
      {HEAD "o 0 1099511627777\n",
       "byte 20: a size is larger than 1099511627776"},
      {HEAD "o 0 8 3000000000\n",
       "byte 22: the number of an object is larger than 2147483646"},
      {HEAD "o 0 8 99999999999999999999999999\n",
       "byte 22: the number of an object is larger than 2147483646"},
      {HEAD "o 0 8  1\n", "byte 22: the number of an object should stand here"},
      {HEAD "o 0 8 1x\n", "byte 23: 'end of the line' should stand here"},
      {HEAD "o 0 8 2\nt T\nend 1 1 0 1\n", "byte 22: object 2 does not exist"},
      {HEAD "o 1 8\nt T\nend 1 0 0 1\n", "byte 18: type 1 does not exist"},
      {HEAD "r 0\n", "byte 19: a root is null"},
      {HEAD "t \x1b[0m\n",
       "byte 18: the name of a type is a line of at most 199 bytes"},
      {HEAD "end 1 0 0 0\n", "byte 20: the graph states 1 objects and has 0"},
      {HEAD "end 0 0 0 0\nr 1\n",
       "byte 28: something follows the end of the graph"},
      {HEAD "end 0 0 0 0", "byte 27: 'end of the line' should stand here"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    heap_graph g;
    char error[HEAP_ERROR], wanted[HEAP_ERROR];
    snprintf(wanted, sizeof wanted, "%s: %s", path, bad[i].wrong);
    for (char *p = wanted; *p; p++) /* as in messages */
      if (*p == '\n')
        *p = '?';
    assert_false(read_text(bad[i].text, &g, error));
    assert_string_equal(error, wanted);
  }
}

static void what_is_written_is_read(void **state) {
  (void)state;
  heap_writer *w = heap_writer_open(path, NULL);
  heap_write_comment(w, "a comment");
  heap_write_object(w, 0, 40);
  heap_write_slot(w, 2, false);
  heap_write_slot(w, 2, true);
  heap_write_slot(w, 0, true); /* null is never weak */
  heap_write_object(w, 0, 123456789012);
  for (int i = 0; i < 20; i++)
    heap_write_root(w, 2);
  heap_write_type(w, "a\nb", 3);
  assert_int_equal(heap_written(w)->weak, 1);
  assert_true(heap_writer_close(w));
  heap_graph g;
  char error[HEAP_ERROR];
  if (!heap_graph_read(path, &g, error))
    fail_msg("%s", error);
  assert_int_equal(g.slot[1], 2 | HEAP_WEAK);
  assert_int_equal(g.slot[2], 0);
  assert_int_equal(g.bytes[2], 123456789012);
  assert_int_equal(g.roots_count, 20);
  assert_string_equal(g.name[0], "a?b");
  heap_graph_free(&g);
}

/* What no reader would take is not written, and what stood there stays. */
static void too_much_is_not_written(void **state) {
  (void)state;
  char before[] = "before\n", after[sizeof before] = "";
  FILE *f = fopen(path, "w");
  fputs(before, f);
  fclose(f);
  heap_writer *w = heap_writer_open(path, NULL);
  for (int i = 0; i <= HEAP_TYPES_MAX; i++)
    heap_write_type(w, "T", 1);
  assert_false(heap_writer_close(w));
  assert_int_equal(errno, EOVERFLOW);
  f = fopen(path, "r");
  assert_non_null(fgets(after, sizeof after, f));
  fclose(f);
  assert_string_equal(before, after);
}

/* The first vectors of the paper's authors, whose key is 00 01 ... 0f and whose
 * texts are 00 01 02 .... */
static void hashes_are_those_of_siphash(void **state) {
  (void)state;
  unsigned char key[16], text[15];
  for (unsigned char i = 0; i < 16; i++)
    key[i] = i;
  for (unsigned char i = 0; i < 15; i++)
    text[i] = i;
  assert_int_equal(heap_hash(key, text, 0), 0x726fdb47dd0e0e31u);
  assert_int_equal(heap_hash(key, text, 1), 0x74f839c593dc67fdu);
  assert_int_equal(heap_hash(key, text, 15), 0xa129ca6149be45e5u);
}

/* ------------------------------------------------------------------------- *
 * What a graph is like.
 * ------------------------------------------------------------------------- */

/* The example of Lengauer & Tarjan, TOPLAS 1979, figure 1: R, A, ..., L have
 * the numbers 1 to 13. */
static const char flow[] = "reapmark-heap 1\n"
                           "o 0 8 2 3 4\n" /* R */
                           "o 0 8 5\n"     /* A */
                           "o 0 8 2 5 6\n" /* B */
                           "o 0 8 7 8\n"   /* C */
                           "o 0 8 13\n"    /* D */
                           "o 0 8 9\n"     /* E */
                           "o 0 8 10\n"    /* F */
                           "o 0 8 10 11\n" /* G */
                           "o 0 8 6 12\n"  /* H */
                           "o 0 8 12\n"    /* I */
                           "o 0 8 10\n"    /* J */
                           "o 0 8 10 1\n"  /* K */
                           "o 0 8 9\n"     /* L */
                           "r 1\nt T\nend 13 21 1 1\n";

static void dominators_are_those_of_the_paper(void **state) {
  (void)state;
  heap_graph g = graph_of(flow);
  heap_walk w = heap_walk_new(&g);
  uint32_t *dominator = heap_dominators(&g);
  static const uint32_t wanted[] = {0, 0, 1, 1, 1, 1, 1, 4, 4, 1, 1, 8, 1, 5};
  assert_memory_equal(dominator, wanted, sizeof wanted);
  heap_retained r = heap_retained_new(&g, &w, dominator);
  static const uint32_t objects[] = {13, 13, 1, 1, 4, 2, 1,
                                     1,  2,  1, 1, 1, 1, 1};
  assert_memory_equal(r.objects, objects, sizeof objects);
  /* C with two slots, F with one, G with two, J with one. */
  assert_int_equal(r.bytes[4], 24 + 16 + 24 + 16);
  heap_retained_free(&r);
  heap_walk_free(&w);
  free(dominator);
  heap_graph_free(&g);
}

static void levels_are_shortest_paths(void **state) {
  (void)state;
  heap_graph g = graph_of(flow);
  heap_walk w = heap_walk_new(&g);
  static const uint32_t levels[] = {0, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 4};
  assert_memory_equal(w.level, levels, sizeof levels);
  heap_walk_free(&w);
  heap_graph_free(&g);
}

/* The edges of a dominator tree are the same whichever of two ways a graph is
 * walked, so each object's dominator is found by taking objects out one by one:
 * what is unreachable then is what the object dominates. */
static void dominators_are_what_nothing_avoids(void **state) {
  (void)state;
  enum { OBJECTS = 60, SLOTS = 3, GRAPHS = 200 };
  uint64_t seed = 1;
  for (int k = 0; k < GRAPHS; k++) {
    static uint64_t bytes[OBJECTS + 1], first[OBJECTS + 2];
    static uint32_t type[OBJECTS + 1], slot[OBJECTS * SLOTS], root[] = {1, 2};
    for (uint32_t i = 0; i < OBJECTS * SLOTS; i++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      uint32_t target = (uint32_t)(seed >> 33) % (OBJECTS * 2);
      slot[i] = target > OBJECTS ? 0 : target;
    }
    for (uint32_t n = 1; n <= OBJECTS + 1; n++)
      first[n] = (n - 1) * SLOTS;
    heap_graph g = {.objects = OBJECTS,
                    .roots_count = 2,
                    .slots = OBJECTS * SLOTS,
                    .bytes = bytes,
                    .type = type,
                    .first = first,
                    .slot = slot,
                    .root = root};
    heap_walk w = heap_walk_new(&g), without = heap_walk_new(&g);
    uint32_t *dominator = heap_dominators(&g);
    heap_retained r = heap_retained_new(&g, &w, dominator);
    for (uint32_t n = 3; n <= OBJECTS; n++) {
      if (!w.level[n])
        continue;
      uint32_t kept[OBJECTS * SLOTS], lost = 0;
      memcpy(kept, slot, sizeof kept);
      for (uint32_t i = 0; i < OBJECTS * SLOTS; i++)
        slot[i] = slot[i] == n ? 0 : slot[i];
      heap_walk_again(&g, &without);
      memcpy(slot, kept, sizeof kept);
      for (uint32_t i = 1; i <= OBJECTS; i++)
        lost += w.level[i] && !without.level[i];
      assert_int_equal(r.objects[n], lost);
    }
    heap_retained_free(&r);
    free(dominator);
    heap_walk_free(&w);
    heap_walk_free(&without);
  }
}

/* Objects 2 and 3 refer to each other, 4 to itself, 5 hangs on 3.  Of what
 * nothing reaches, 6 and 7 refer to each other and hold 8; 9 is alone.  The
 * weak edge from 5 to 1 closes no cycle. */
static const char rings[] = "reapmark-heap 1\n"
                            "o 0 16 2\n"
                            "o 0 16 3\n"
                            "o 0 24 2 5\n"
                            "o 0 16 4\n"
                            "o 1 100 ~1\n"
                            "o 0 16 7\n"
                            "o 0 24 6 8\n"
                            "o 1 8\n"
                            "o 1 8\n"
                            "r 1 4 4\nt N\nt L\nend 9 9 3 2\n";

static void what_counting_leaks_is_found(void **state) {
  (void)state;
  heap_graph g = graph_of(rings);
  heap_figures f = heap_figures_of(&g, 10);
  assert_int_equal(f.objects, 5);
  assert_int_equal(f.bytes, 16 + 16 + 24 + 16 + 104);
  assert_int_equal(f.stated, 16 + 16 + 24 + 16 + 100);
  assert_int_equal(f.cycles, 2);
  assert_int_equal(f.largest_cycle, 2);
  assert_int_equal(f.on_cycles, 3);
  assert_int_equal(f.leaked, 4); /* 5 is held by 3 */
  assert_int_equal(f.leaked_bytes, 16 + 24 + 16 + 104);
  assert_int_equal(f.unreachable, 4);
  assert_int_equal(f.unreachable_bytes, 16 + 24 + 8 + 8);
  assert_int_equal(f.unreachable_cyclic, 3);
  assert_int_equal(f.weak, 1);
  heap_figures_free(&f);
  heap_graph_free(&g);
}

/* References: to 1 one (a root), to 2 two, to 3 one, to 4 three, to 5 one. */
static void references_are_counted(void **state) {
  (void)state;
  heap_graph g = graph_of(rings);
  heap_figures f = heap_figures_of(&g, 2);
  static const uint64_t counted[HEAP_COUNTS] = {3, 1, 1, 0, 0, 0};
  assert_memory_equal(f.counted, counted, sizeof counted);
  assert_int_equal(f.in.max, 3);
  assert_int_equal(f.in.p50, 1);
  assert_true(f.in.mean == 8.0 / 5);
  assert_int_equal(f.out.max, 2);
  assert_true(f.out.mean == 5.0 / 5);
  /* 1 dominates 1, 2, 3 and 5; then 2, 3 and 5. */
  assert_int_equal(f.tops_count, 2);
  assert_int_equal(f.tops[0].object, 1);
  assert_int_equal(f.tops[0].objects, 4);
  assert_int_equal(f.tops[0].bytes, 160);
  assert_int_equal(f.tops[1].object, 2);
  assert_int_equal(f.type_sums[0].type, 1);
  assert_int_equal(f.type_sums[0].objects, 1);
  assert_int_equal(f.type_sums[1].objects, 4);
  heap_figures_free(&f);
  heap_graph_free(&g);
}

/* A list of four takes four steps; a binary tree of seven takes one step for
 * its root, one for two objects, and two for four. */
static void a_list_cannot_be_marked_in_parallel(void **state) {
  (void)state;
  heap_graph list = graph_of("reapmark-heap 1\no 0 8 2\no 0 8 3\no 0 8 4\n"
                             "o 0 8\nr 1\nt T\nend 4 3 1 1\n");
  assert_int_equal(heap_trace_steps(&list, 1), 4);
  assert_int_equal(heap_trace_steps(&list, 2), 4);
  heap_figures f = heap_figures_of(&list, 0);
  assert_true(f.utilisation[0] == 0.5);
  assert_int_equal(f.depth, 4);
  heap_figures_free(&f);
  heap_graph_free(&list);

  heap_graph tree =
      graph_of("reapmark-heap 1\no 0 8 2 3\no 0 8 4 5\no 0 8 6 7\no 0 8\n"
               "o 0 8\no 0 8\no 0 8\nr 1\nt T\nend 7 6 1 1\n");
  assert_int_equal(heap_trace_steps(&tree, 2), 4);
  assert_int_equal(heap_trace_steps(&tree, 4), 3);
  heap_graph_free(&tree);
}

/* A million objects in a row need no deep stack. */
static void long_lists_are_no_recursion(void **state) {
  (void)state;
  enum { LENGTH = 1000000 };
  FILE *f = fopen(path, "w");
  fputs("reapmark-heap 1\n", f);
  for (int i = 1; i <= LENGTH; i++)
    fprintf(f, "o 0 16 %d\n", i % LENGTH + 1);
  fprintf(f, "r 1\nt T\nend %d %d 1 1\n", LENGTH, LENGTH);
  fclose(f);
  heap_graph g;
  char error[HEAP_ERROR];
  assert_true(heap_graph_read(path, &g, error));
  heap_figures figures = heap_figures_of(&g, 3);
  assert_int_equal(figures.depth, LENGTH);
  assert_int_equal(figures.largest_cycle, LENGTH);
  assert_int_equal(figures.tops[2].objects, LENGTH - 2);
  heap_figures_free(&figures);
  heap_graph_free(&g);
}

static void an_empty_graph_has_figures(void **state) {
  (void)state;
  heap_graph g = graph_of("reapmark-heap 1\nend 0 0 0 0\n");
  heap_figures f = heap_figures_of(&g, 5);
  assert_int_equal(f.objects, 0);
  assert_int_equal(f.tops_count, 0);
  heap_figures_free(&f);
  heap_graph_free(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_graph_is_read),
      cmocka_unit_test(sizes_become_nominal),
      cmocka_unit_test(faults_are_told_with_their_offset),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(too_much_is_not_written),
      cmocka_unit_test(hashes_are_those_of_siphash),
      cmocka_unit_test(dominators_are_those_of_the_paper),
      cmocka_unit_test(levels_are_shortest_paths),
      cmocka_unit_test(dominators_are_what_nothing_avoids),
      cmocka_unit_test(what_counting_leaks_is_found),
      cmocka_unit_test(references_are_counted),
      cmocka_unit_test(a_list_cannot_be_marked_in_parallel),
      cmocka_unit_test(long_lists_are_no_recursion),
      cmocka_unit_test(an_empty_graph_has_figures),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
