/* verdict.c: tests of the decisions behind a verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/cell/cell.h"

/* 100 made, 10 reachable, 30 behind dead cycles. */
static const wl_expectation e = {.live = 10, .cyclic = 30, .allocated = 100};

/* All levels, by all relations of what is there to what is declared. */
static const struct {
  gc_reclaims reclaims;
  uint64_t objects;
  cell_status status;
  bool declared;
  uint64_t leaked;
  const char *reason;
} table[] = {
    {GC_RECLAIMS_ALL, 9, CELL_WRONG, false, 0, "lost 1 objects"},
    {GC_RECLAIMS_ALL, 10, CELL_OK, true, 0, ""},
    {GC_RECLAIMS_ALL, 11, CELL_LEAK, false, 1,
     "11 objects survive, 1 more than declared"},
    {GC_RECLAIMS_ALL, 40, CELL_LEAK, false, 30,
     "40 objects survive, 30 more than declared"},
    {GC_RECLAIMS_ACYCLIC, 7, CELL_WRONG, false, 0, "lost 3 objects"},
    {GC_RECLAIMS_ACYCLIC, 10, CELL_WRONG, false, 0,
     "reclaimed 30 objects it declares it cannot"},
    {GC_RECLAIMS_ACYCLIC, 39, CELL_WRONG, false, 0,
     "reclaimed 1 objects it declares it cannot"},
    {GC_RECLAIMS_ACYCLIC, 40, CELL_LEAK, true, 30, ""},
    {GC_RECLAIMS_ACYCLIC, 41, CELL_LEAK, false, 31,
     "41 objects survive, 1 more than declared"},
    {GC_RECLAIMS_NOTHING, 9, CELL_WRONG, false, 0, "lost 1 objects"},
    {GC_RECLAIMS_NOTHING, 99, CELL_WRONG, false, 0,
     "reclaimed 1 objects it declares it cannot"},
    {GC_RECLAIMS_NOTHING, 100, CELL_LEAK, true, 90, ""},
    {GC_RECLAIMS_NOTHING, 101, CELL_LEAK, false, 91,
     "101 objects survive, 1 more than declared"},
};

static void collectors_are_held_to_declaration(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    cell_verdict v = cell_judge(table[i].reclaims, e, 0, table[i].objects);
    assert_int_equal(v.status, table[i].status);
    assert_int_equal(v.declared, table[i].declared);
    assert_int_equal(v.leaked, table[i].leaked);
    assert_string_equal(v.reason, table[i].reason);
  }
}

static void conservative_collectors_may_keep_a_few(void **state) {
  (void)state;
  const gc_capabilities exact = {0}, guesses = {.conservative = true};
  assert_int_equal(cell_spare(exact, 1000000), 0);
  assert_int_equal(cell_spare(guesses, 1000), 74);
  const wl_expectation some = {.live = 10, .allocated = 1010};
  cell_verdict v = cell_judge(GC_RECLAIMS_ALL, some, 74, 84);
  assert_int_equal(v.status, CELL_LEAK); /* shown, and as declared */
  assert_true(v.declared);
  assert_int_equal(v.leaked, 74);
  v = cell_judge(GC_RECLAIMS_ALL, some, 74, 85);
  assert_false(v.declared);
  assert_string_equal(v.reason, "85 objects survive, 1 more than declared");
  assert_int_equal(cell_judge(GC_RECLAIMS_ALL, some, 74, 9).status, CELL_WRONG);
  assert_int_equal(cell_judge(GC_RECLAIMS_ALL, some, 74, 10).status, CELL_OK);
}

static void nothing_to_reclaim_is_ok_for_all(void **state) {
  (void)state;
  const wl_expectation alive = {.live = 5, .allocated = 5};
  for (int r = GC_RECLAIMS_NOTHING; r <= GC_RECLAIMS_ALL; r++)
    assert_int_equal(cell_judge((gc_reclaims)r, alive, 0, 5).status, CELL_OK);
}

/* Since the last collection 20 objects more became garbage, 5 of them behind
 * dead cycles. */
static const wl_expectation before = {
    .live = 40, .cyclic = 25, .allocated = 90};
static const wl_expectation now = {.live = 30, .cyclic = 30, .allocated = 100};

static void what_may_be_late_follows_from_declaration(void **state) {
  (void)state;
  static const struct {
    gc_reclaims reclaims;
    gc_prompt prompt;
    uint64_t late;
  } levels[] = {
      {GC_RECLAIMS_NOTHING, GC_PROMPT_NO, 0}, /* it is never reclaimed */
      {GC_RECLAIMS_ACYCLIC, GC_PROMPT_NO, 15},
      {GC_RECLAIMS_ACYCLIC, GC_PROMPT_CONTENTS, 15},
      {GC_RECLAIMS_ACYCLIC, GC_PROMPT_ALL, 0},
      {GC_RECLAIMS_ALL, GC_PROMPT_NO, 20},
      {GC_RECLAIMS_ALL, GC_PROMPT_CONTENTS, 20},
      {GC_RECLAIMS_ALL, GC_PROMPT_ALL, 5}, /* but for the cycles */
  };
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
    assert_int_equal(cell_late((gc_capabilities){.reclaims = levels[i].reclaims,
                                                 .prompt = levels[i].prompt},
                               before, now),
                     levels[i].late);
}

static void late_objects_are_held_to_declaration(void **state) {
  (void)state;
  static const struct {
    gc_reclaims reclaims;
    uint64_t late, objects;
    cell_status status;
    bool declared;
    const char *reason;
  } cases[] = {
      {GC_RECLAIMS_ALL, 5, 29, CELL_WRONG, false, "lost 1 objects"},
      {GC_RECLAIMS_ALL, 5, 30, CELL_OK, true, ""},
      {GC_RECLAIMS_ALL, 5, 35, CELL_OK, true, ""},
      {GC_RECLAIMS_ALL, 5, 36, CELL_LEAK, false,
       "36 objects are still held before a collection, 1 more than declared"},
      {GC_RECLAIMS_ACYCLIC, 0, 59, CELL_WRONG, false,
       "reclaimed 1 objects it declares it cannot"},
      {GC_RECLAIMS_ACYCLIC, 0, 60, CELL_LEAK, true, ""},
      {GC_RECLAIMS_ACYCLIC, 0, 61, CELL_LEAK, false,
       "61 objects are still held before a collection, 1 more than declared"},
      {GC_RECLAIMS_NOTHING, 0, 100, CELL_LEAK, true, ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cell_verdict v = cell_judge_late(cases[i].reclaims, now, cases[i].late,
                                     cases[i].objects);
    assert_int_equal(v.status, cases[i].status);
    assert_int_equal(v.declared, cases[i].declared);
    assert_string_equal(v.reason, cases[i].reason);
  }
}

static void worse_verdict_stays(void **state) {
  (void)state;
  /* In ascending badness; `leaked` tells which of two is kept. */
  const cell_verdict ranks[] = {
      {.status = CELL_OK, .declared = true},
      {.status = CELL_LEAK, .declared = true},
      {.status = CELL_LEAK, .declared = false},
      {.status = CELL_OVER_LIMIT, .declared = false},
      {.status = CELL_WRONG, .declared = false},
  };
  for (size_t i = 0; i < 5; i++)
    for (size_t j = 0; j < 5; j++) {
      cell_verdict first = ranks[i], second = ranks[j];
      first.leaked = 1;
      second.leaked = 2;
      bool keeps_first = i > j || (i == j && i >= 2);
      assert_int_equal(cell_worse(first, second).leaked, keeps_first ? 1 : 2);
    }
}

/* A quarter and 64 KiB more than the limit, or what the collector declares. */
static void limits_are_kept_as_declared(void **state) {
  (void)state;
  const gc_capabilities plain = {.heap_limit = true},
                        large = {.heap_limit = true,
                                 .overhead = 100,
                                 .overhead_bytes = 1000},
                        none = {0};
  const struct {
    const gc_capabilities *can;
    uint64_t limit, peak;
    bool over;
  } cases[] = {
      {&plain, 0, 1 << 30, false},
      {&plain, 1000000, 1250000 + (64 << 10), false},
      {&plain, 1000000, 1250001 + (64 << 10), true},
      {&plain, 1000000, 2000000, true},
      {&large, 1000000, 2001000, false},
      {&large, 1000000, 2001001, true},
      {&none, 1000000, 1 << 30, false}, /* it has no limit to keep */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cell_verdict v =
        cell_judge_limit(cases[i].can, cases[i].limit, cases[i].peak);
    assert_int_equal(v.status, cases[i].over ? CELL_OVER_LIMIT : CELL_OK);
    assert_int_equal(v.declared, !cases[i].over);
  }
  cell_verdict v = cell_judge_limit(&large, 1000000, 2001001);
  assert_string_equal(v.reason, "the heap held up to 2001001 bytes; with a "
                                "limit of 1000000 it may hold 2001000");
}

static void reclaimed_by_level(void **state) {
  (void)state;
  assert_int_equal(cell_reclaimed(GC_RECLAIMS_NOTHING, 5, 3), 0);
  assert_int_equal(cell_reclaimed(GC_RECLAIMS_ACYCLIC, 5, 3), 5);
  assert_int_equal(cell_reclaimed(GC_RECLAIMS_ALL, 5, 3), 8);
}

/* A counted cycle through an ephemeron is no cycle to a dead-cycle detector. */
static void weak_keys_keep_what_refers_to_them(void **state) {
  (void)state;
  const workload cycles = {0}, pairs = {.cyclic_pairs = true};
  const gc_capabilities exact = {.reclaims = GC_RECLAIMS_ALL};
  const gc_capabilities weak = {.reclaims = GC_RECLAIMS_ALL, .weak_keys = true};
  const gc_capabilities none = {.weak_keys = true};
  assert_int_equal(cell_reclaims(exact, &pairs), GC_RECLAIMS_ALL);
  assert_int_equal(cell_reclaims(weak, &cycles), GC_RECLAIMS_ALL);
  assert_int_equal(cell_reclaims(weak, &pairs), GC_RECLAIMS_ACYCLIC);
  assert_int_equal(cell_reclaims(none, &pairs), GC_RECLAIMS_NOTHING);
}

static void remains_by_level(void **state) {
  (void)state;
  assert_int_equal(cell_remains(GC_RECLAIMS_NOTHING, 10, 30, 100), 100);
  assert_int_equal(cell_remains(GC_RECLAIMS_ACYCLIC, 10, 30, 100), 40);
  assert_int_equal(cell_remains(GC_RECLAIMS_ALL, 10, 30, 100), 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(collectors_are_held_to_declaration),
      cmocka_unit_test(conservative_collectors_may_keep_a_few),
      cmocka_unit_test(nothing_to_reclaim_is_ok_for_all),
      cmocka_unit_test(what_may_be_late_follows_from_declaration),
      cmocka_unit_test(late_objects_are_held_to_declaration),
      cmocka_unit_test(worse_verdict_stays),
      cmocka_unit_test(limits_are_kept_as_declared),
      cmocka_unit_test(reclaimed_by_level),
      cmocka_unit_test(remains_by_level),
      cmocka_unit_test(weak_keys_keep_what_refers_to_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
