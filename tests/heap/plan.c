/* plan.c: tests of what the workload `heap` works out without a heap, on a
 * graph small enough to do it by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "workloads/heap-plan.h"

/* Object 1 is unreachable, and so the others are numbered from 1 in the plan:
 * 1 is an array of 2, 3 and 4; 2 holds the leaves 5 and 6; 3 holds the ring of
 * 7 and 8, which holds the leaf 9; 4 has a weak edge to 8. */
static const char text[] = "reapmark-heap 1\n"
                           "o 0 8 2\n"
                           "o 0 8 3 4 5\n"
                           "o 0 8 6 7\n"
                           "o 0 8 8\n"
                           "o 0 8 ~9\n"
                           "o 0 8\n"
                           "o 0 8\n"
                           "o 0 8 9\n"
                           "o 0 8 8 10\n"
                           "o 0 8\n"
                           "r 2\nt T\nend 10 11 1 1\n";

static heap_plan *plan_of(uint64_t drops, uint64_t weak) {
  static char paths[16][40]; /* a plan is found again by its path */
  static unsigned plans;
  char *path = paths[plans++];
  snprintf(path, sizeof paths[0], "/tmp/reapmark-test-plan-XXXXXX");
  int fd = mkstemp(path);
  assert_true(fd >= 0 && write(fd, text, sizeof text - 1) > 0 && !close(fd));
  const uint64_t params[WL_PARAMS] = {[HEAP_FILE] = (uintptr_t)path,
                                      [HEAP_DROPS] = drops,
                                      [HEAP_WEAK_EDGES] = weak};
  const char *wrong;
  heap_plan *p = heap_plan_of(params, &wrong);
  unlink(path);
  if (!p)
    fail_msg("%s", wrong);
  assert_ptr_equal(heap_plan_of(params, &wrong), p); /* the file is gone */
  return p;
}

static void what_is_unreachable_is_left_out(void **state) {
  (void)state;
  heap_plan *p = plan_of(0, 1);
  assert_int_equal(p->g.objects, 9);
  assert_int_equal(p->g.slots, 10);
  assert_int_equal(p->g.root[0], 1);
  assert_int_equal(p->g.slot[p->g.first[4]], 8 | HEAP_WEAK);
  /* Nine objects and a weak reference. */
  assert_int_equal(p->all.objects, 10);
  assert_int_equal(p->all.bytes, 152 + gc_shape_bytes(GC_WEAK_SHAPE));
  assert_int_equal(heap_plan_shape(p, 1).slots, 3);
  assert_int_equal(heap_plan_shape(p, 1).bytes, 0);
  p = plan_of(0, 0);
  assert_int_equal(p->g.slot[p->g.first[4]], 0);
  assert_int_equal(p->all.objects, 9);
}

static void what_may_be_mutated_is_found(void **state) {
  (void)state;
  heap_plan *p = plan_of(0, 1);
  uint32_t sum = 0;
  for (uint32_t i = 0; i < p->leaves_count; i++)
    sum += 1u << p->leaves[i];
  assert_int_equal(sum, 1 << 5 | 1 << 6 | 1 << 9);
  assert_int_equal(p->leaves_bytes, 24);
  static const uint32_t knots[] = {1, 2, 8};
  assert_int_equal(p->knots_count, 3);
  assert_memory_equal(p->knots, knots, sizeof knots);
  const uint64_t params[WL_PARAMS] = {[HEAP_REPLACE] = 50};
  heap_volume v = heap_plan_replaced(p, params, 10);
  assert_int_equal(v.objects, 5);
  assert_int_equal(v.bytes, 40);
}

static void paths_follow_exchanges(void **state) {
  (void)state;
  heap_plan *p = plan_of(0, 1);
  assert_int_equal(heap_plan_path(p, 9), 5);
  static const uint32_t path[] = {1, 3, 7, 8, 9};
  assert_memory_equal(p->path, path, sizeof path);
  assert_int_equal(p->up[3].slot, 1);
  heap_plan_exchange(p, 1, 0, 1);
  assert_int_equal(p->up[3].slot, 0);
  assert_int_equal(p->up[2].slot, 1);
  assert_int_equal(p->g.slot[p->g.first[1]], 3);
}

/* 3 dominates 64 bytes of 152, and is dropped first; then 2, which dominates
 * 40. What 3 dominates is no drop of its own. */
static void drops_free_what_they_dominate(void **state) {
  (void)state;
  heap_plan *p = plan_of(5, 1);
  assert_int_equal(p->drops_count, 3);
  assert_int_equal(p->drops[0].object, 3);
  assert_int_equal(p->drops[1].object, 2);
  assert_int_equal(p->drops[2].object, 4);
  assert_int_equal(heap_plan_cut(p, &p->drops[0]), 1);
  assert_int_equal(p->cuts[0].holder, 1);
  assert_int_equal(p->cuts[0].slot, 1);
  heap_volume v = heap_plan_walk(p);
  assert_int_equal(v.objects, 4);
  assert_int_equal(v.bytes, 64);
  assert_int_equal(heap_plan_cut(p, &p->drops[0]), 0); /* gone already */

  /* 3 itself is on no cycle; 7, 8 and what they hold stay with counting. */
  uint8_t held[10];
  heap_dead d = heap_plan_dead(p, false, held);
  assert_int_equal(d.dead.objects, 4);
  assert_int_equal(d.dead.bytes, 64);
  assert_int_equal(d.cyclic, 3);
  static const uint8_t wanted[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 1};
  assert_memory_equal(held, wanted, sizeof wanted);
  d = heap_plan_dead(p, true, held);
  assert_int_equal(d.dead.objects, 10);
  assert_int_equal(d.cyclic, 3);
}

/* Two holders refer to what is dropped: the edge through which it is found is
 * the last one that is cut, though it comes first in the graph. */
static void the_way_to_a_drop_is_cut_last(void **state) {
  (void)state;
  heap_plan *p = plan_of(5, 1);
  heap_drop both = {.object = 8, .count = 1, .holders = {7}};
  p->g.slot[p->g.first[2]] = 8; /* 2 refers to 8 in the place of 5 */
  heap_plan_walk(p);
  assert_int_equal(p->up[8].holder, 2);
  both = (heap_drop){.object = 8, .count = 2, .holders = {2, 7}};
  assert_int_equal(heap_plan_cut(p, &both), 2);
  assert_int_equal(p->cuts[0].holder, 7);
  assert_int_equal(p->cuts[1].holder, 2);
  assert_int_equal(heap_plan_walk(p).objects, 2); /* 8 and 9 */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_unreachable_is_left_out),
      cmocka_unit_test(what_may_be_mutated_is_found),
      cmocka_unit_test(paths_follow_exchanges),
      cmocka_unit_test(drops_free_what_they_dominate),
      cmocka_unit_test(the_way_to_a_drop_is_cut_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
