/* causes.c: tests of the sentences of `reapmark explain DIR CELL`: each cause
 * has a record that shows it, and one that misses it by little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/report/pacing-causes.h"
#include "made.h"

/* A cell with nothing to explain: 10 MiB alive, 20 MiB held, 40 collections. */
static made calm(void) {
  return (made){.policy = "percent",
                .wall = 1000,
                .live = 10,
                .peak = 20,
                .footprint = 20,
                .footprint_end = 20,
                .allocated = 400,
                .live_objects = 100000,
                .garbage = 100000,
                .see_external = 1,
                .growth_least = 4,
                .collections = 40,
                .full = 40,
                .garbage_is = "stable",
                .memory_is = "stable",
                .lines = {{.at = 100, 1, 20, 20, 10, 0, 10, 20},
                          {.at = 500, 1, 20, 20, 10, 0, 10, 20},
                          {.at = 900, 1, 20, 20, 10, 0, 10, 20}},
                .samples = {{.at = 0, 15, 10, 50000},
                            {.at = 500, 20, 10, 100000},
                            {.at = 1000, 20, 10, 90000}}};
}

/* The causes of a record, one to a line, in a buffer of this function's. */
static const char *causes(const made *m) {
  static char text[4096];
  json_t *record = made_record(m);
  pacing_facts f = pacing_read(record);
  size_t count;
  const char **found = pacing_find_causes(&f, &count);
  text[0] = 0;
  for (size_t i = 0; i < count; i++) {
    strcat(text, found[i]);
    strcat(text, "\n");
  }
  pacing_free(&f);
  json_decref(record);
  return text;
}

static bool calls(const made *m) {
  json_t *record = made_record(m);
  pacing_facts f = pacing_read(record);
  bool any = pacing_calls_for_causes(&f);
  pacing_free(&f);
  json_decref(record);
  return any;
}

static void nothing_explains_a_calm_cell(void **state) {
  (void)state;
  made m = calm();
  assert_string_equal(causes(&m), "");
  assert_false(calls(&m));
}

static void what_calls_for_causes(void **state) {
  (void)state;
  made m = calm();
  m.memory_is = "growing";
  assert_true(calls(&m));
  m = calm();
  m.garbage_is = "growing";
  assert_true(calls(&m));
  m = calm();
  m.footprint = m.footprint_end = 31;
  assert_true(calls(&m));
  m = calm();
  m.garbage = 200001;
  assert_true(calls(&m));
  m.garbage = 199000;
  assert_false(calls(&m));
  m = calm();
  m.samples[2].live = 6; /* at the end */
  assert_true(calls(&m));
}

static void external_bytes_that_are_not_counted(void **state) {
  (void)state;
  made m = calm();
  m.external = 230; /* an adapter, whose footprint is without them */
  m.policy = NULL;
  assert_string_equal(
      causes(&m),
      "External bytes are not counted: 92 % of what is held, 230 MiB of 250 "
      "MiB, is memory outside the heap, and what decides when to collect does "
      "not see it.\n");
  m.external = 6.5; /* of 26.5 */
  assert_string_equal(causes(&m), "");

  m = calm(); /* a model that was told not to see them */
  m.external = 15;
  m.external_counted = 1;
  m.see_external = 0;
  assert_non_null(strstr(causes(&m), "75 % of what is held, 15 MiB of 20 MiB"));
  m.see_external = 1;
  assert_string_equal(causes(&m), "");
}

static void no_goal_at_all(void **state) {
  (void)state;
  made m = calm();
  m.policy = "limit";
  m.lines[0] = (made_line){0};
  m.collections = 40;
  assert_string_equal(causes(&m),
                      "There is no goal: policy 'limit' without a heap limit "
                      "lets the heap grow by all that is allocated (400 "
                      "MiB).\n");
  m.limit = 30;
  assert_string_equal(causes(&m), "");
}

static void a_goal_of_a_live_set_that_shrank(void **state) {
  (void)state;
  made m = calm();
  m.footprint_end = 10;        /* memory was given back, in the end */
  m.lines[1] = (made_line){0}; /* one collection only, at 100 ms */
  m.samples[1].live = m.samples[2].live = 4;
  assert_string_equal(
      causes(&m),
      "The goal was computed from a live set that has since shrunk: it was set "
      "to 20 MiB when 10 MiB were alive; 4.0 MiB were for 50 % of the run, "
      "and no full collection set another one.\n");
  m.samples[1].live = m.samples[2].live = 5.1; /* more than half */
  assert_string_equal(causes(&m), "");

  m = calm(); /* the goal is set anew soon after */
  m.footprint_end = 10;
  m.samples[1] = (made_sample){450, 20, 4, 0};
  m.samples[2] = (made_sample){1000, 20, 10, 0};
  assert_string_equal(causes(&m), "");

  m = calm(); /* the goal was set before the measured part */
  m.footprint_end = 10;
  m.lines[0] = (made_line){.at = 800, 1, 30, 30, 3, 0, 20, 7};
  m.lines[1] = (made_line){0};
  m.samples[0].live = 15;
  m.samples[1].live = m.samples[2].live = 3;
  assert_non_null(strstr(causes(&m),
                         "set to 30 MiB when 15 MiB were alive; 3.0 "
                         "MiB were for 30 % of the run"));
}

static void the_least_growth_decides(void **state) {
  (void)state;
  made m = calm();
  for (unsigned i = 0; i < 3; i++)
    m.lines[i] = (made_line){.at = 100 + i, 1, 5, 5, 1, 0, 4, 5};
  assert_string_equal(causes(&m),
                      "growth-least decides, not the policy: a heap may always "
                      "grow by 4.0 MiB, and only 1.0 MiB are alive.\n");
  for (unsigned i = 0; i < 3; i++)
    m.lines[i] = (made_line){.at = 100 + i, 1, 9, 9, 5, 0, 4, 9};
  assert_string_equal(causes(&m), "");
}

static void a_high_goal(void **state) {
  (void)state;
  made m = calm();
  for (unsigned i = 0; i < 3; i++)
    m.lines[i].goal = 41;
  assert_string_equal(causes(&m),
                      "The policy asks for it: its goal is 41 MiB when 10 MiB "
                      "are alive (medians), 4.1 times as much.\n");
  for (unsigned i = 0; i < 3; i++)
    m.lines[i].goal = 29;
  assert_string_equal(causes(&m), "");
}

static void a_collection_that_began_late(void **state) {
  (void)state;
  made m = calm();
  m.over = 35;
  assert_string_equal(causes(&m), "A collection began late: the heap was 35 % "
                                  "above its goal by then.\n");
  m.over = 9.9;
  assert_string_equal(causes(&m), "");
}

static void garbage_older_than_the_nursery(void **state) {
  (void)state;
  made m = calm();
  for (unsigned i = 0; i < 5; i++) /* of 10 MiB, half a MiB is found */
    m.lines[3 + i] = (made_line){.at = 910 + i, 0, 20, 15, 14.5, 0, 10, 20};
  assert_string_equal(
      causes(&m),
      "Partial collections found nothing, or little: 5 of them gave "
      "back 5 % of what was allocated in between, because the "
      "garbage is older than what they look at.\n");
  for (unsigned i = 0; i < 5; i++) /* 3 MiB */
    m.lines[3 + i].live = 12;
  assert_string_equal(causes(&m), "");
}

static void no_full_collection(void **state) {
  (void)state;
  made m = calm();
  m.full = 0;
  for (unsigned i = 0; i < 5; i++)
    m.lines[i] = (made_line){.at = 910 + i, 0, 20, 15, 10, 0, 10, 20};
  assert_string_equal(
      causes(&m), "None of 40 collections looked at the whole heap: what is "
                  "dead waits until the part that it is in is looked "
                  "at.\n");
  m.full = 39;
  assert_string_equal(causes(&m), "");
}

static void full_collections_that_are_rare(void **state) {
  (void)state;
  made m = calm();
  m.policy = NULL;
  m.collections = 400;
  m.full = 8;
  assert_string_equal(causes(&m),
                      "Only 8 of 400 collections were of the whole heap: 5.0 "
                      "times what is alive was allocated between two of them, "
                      "and what dies old waits for the next.\n");
  m.full = 20; /* two live sets */
  assert_string_equal(causes(&m), "");
}

static void triggers_that_count_objects(void **state) {
  (void)state;
  made m = calm();
  m.policy = NULL;
  m.live_objects = 10000;
  m.young = 700;
  m.middle = m.old = 10;
  assert_string_equal(
      causes(&m),
      "What is due is counted in objects: the whole heap is searched "
      "after 70000 new ones (700 x 10 x 10) at the least, 7.0 times "
      "as many as are alive, and so much garbage may pile up.\n");
  m.live_objects = 36000;
  assert_string_equal(causes(&m), "");
}

static void objects_that_are_large(void **state) {
  (void)state;
  made m = calm();
  m.settled_pages = 40;
  m.settled_cells = 29;
  assert_string_equal(causes(&m),
                      "Objects are larger here: they take 2.9 times "
                      "their nominal bytes, with headers and "
                      "rounding.\n");
  m.settled_cells = 19;
  assert_string_equal(causes(&m), "");
}

static void no_collection(void **state) {
  (void)state;
  made m = calm();
  m.collections = m.full = 0;
  m.lines[0] = (made_line){0};
  assert_string_equal(
      causes(&m), "Nothing was collected in the measured part: 400 MiB were "
                  "allocated, 40.0 times what is alive, and no collection "
                  "was due.\n");
}

static void dead_cycles_that_are_never_found(void **state) {
  (void)state;
  made m = calm();
  m.leaked = 4000;
  assert_string_equal(causes(&m),
                      "Dead cycles are never found: by its declaration the "
                      "collector keeps the 4000 objects in them and behind "
                      "them, and no goal changes that.\n");
}

static void memory_that_is_not_given_back(void **state) {
  (void)state;
  made m = calm();
  m.samples[2].live = 1;
  assert_string_equal(
      causes(&m), "Memory is not given back: at the end 10 % of the peak are "
                  "alive, and the heap holds 20 MiB, 100 % of its peak "
                  "(give-back=0: it never goes back).\n");
  m.give_back = 3;
  assert_non_null(strstr(causes(&m), "100 % of its peak.\n"));
  m.footprint_end = 17;
  assert_string_equal(causes(&m), "");
}

static void free_memory_that_is_kept(void **state) {
  (void)state;
  made m = calm();
  m.garbage = 10000; /* a tenth of the live objects: not garbage */
  m.footprint = m.footprint_end = 60;
  m.settled_pages = 58;
  m.settled_free = 47;
  assert_string_equal(
      causes(&m),
      "Free memory is kept: after a full collection at the end, 47 MiB of 58 "
      "MiB held for objects have no object in them, and garbage was never more "
      "than 10 % of the live objects.\n");
  m.garbage = 500000; /* which took the memory that is free at the end */
  assert_string_equal(causes(&m), "");
}

static void memory_that_grows_without_garbage(void **state) {
  (void)state;
  made m = calm();
  m.memory_is = "growing";
  m.memory_slope = 4.25;
  assert_string_equal(
      causes(&m), "What grows is no garbage: its amount is stable while memory "
                  "grows by 4.2 % a second, so it is fragmented or free "
                  "memory, or the collector's own.\n");
  m.garbage_is = "growing";
  assert_string_equal(causes(&m), "");
}

/* A record of an old version, or of a run that was cut short, explains
 * nothing, and is not misread. */
static void an_empty_record(void **state) {
  (void)state;
  json_t *record = json_object();
  pacing_facts f = pacing_read(record);
  size_t count;
  pacing_find_causes(&f, &count);
  assert_int_equal(count, 0);
  assert_false(pacing_calls_for_causes(&f));
  pacing_free(&f);
  json_decref(record);
}

static void the_state_in_words(void **state) {
  (void)state;
  made m = calm();
  m.memory_is = "growing";
  m.memory_slope = 3;
  json_t *record = made_record(&m);
  pacing_facts f = pacing_read(record);
  assert_string_equal(pacing_state_text(&f),
                      "holds up to 20 MiB, 2.0 times the 10 MiB that are alive "
                      "at most; up to 100000 dead objects beside 100000 live "
                      "ones; garbage: stable; memory grows by 3.0 % a second");
  pacing_free(&f);
  json_decref(record);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_explains_a_calm_cell),
      cmocka_unit_test(what_calls_for_causes),
      cmocka_unit_test(external_bytes_that_are_not_counted),
      cmocka_unit_test(no_goal_at_all),
      cmocka_unit_test(a_goal_of_a_live_set_that_shrank),
      cmocka_unit_test(the_least_growth_decides),
      cmocka_unit_test(a_high_goal),
      cmocka_unit_test(a_collection_that_began_late),
      cmocka_unit_test(garbage_older_than_the_nursery),
      cmocka_unit_test(no_full_collection),
      cmocka_unit_test(full_collections_that_are_rare),
      cmocka_unit_test(triggers_that_count_objects),
      cmocka_unit_test(objects_that_are_large),
      cmocka_unit_test(no_collection),
      cmocka_unit_test(dead_cycles_that_are_never_found),
      cmocka_unit_test(memory_that_is_not_given_back),
      cmocka_unit_test(free_memory_that_is_kept),
      cmocka_unit_test(memory_that_grows_without_garbage),
      cmocka_unit_test(an_empty_record),
      cmocka_unit_test(the_state_in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
