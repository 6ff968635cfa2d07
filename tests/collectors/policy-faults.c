/* policy-faults.c: the heap policies by worked numbers; and bugs of them are
 * planted, one at a time (POLICY_MUTANTS), and the checks here must notice
 * each. Without a bug they all must pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/external.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "tests/planted-bugs.h"

enum { KIB = 1024, MIB = 1024 * KIB };

/* Lists of the library end the process when there is no memory. */
void gc_out_of_memory(gc_mutator *m, gc_shape shape) {
  (void)m;
  (void)shape;
  abort();
}

static const pacing_rules usual = {
    .growth = 100, .root = 400, .objects = 700, .growth_least = 4 * MIB};

static pacing_rules rules_of(pacing_policy policy) {
  pacing_rules rules = usual;
  rules.policy = policy;
  return rules;
}

static uint64_t goal_of(pacing_policy policy, uint64_t live) {
  pacing_rules rules = rules_of(policy);
  return pacing_goal_of(&rules, &(pacing_seen){.live = live});
}

/* ------------------------------------------------------------------------- *
 * Worked numbers.
 * ------------------------------------------------------------------------- */

static bool percent_is_a_share(void) {
  pacing_rules rules = rules_of(PACING_PERCENT);
  bool good = goal_of(PACING_PERCENT, 1000 * MIB) == 2000ull * MIB;
  rules.growth = 50; /* GOGC=50 */
  return good && pacing_goal_of(&rules, &(pacing_seen){.live = 1000 * MIB}) ==
                     1500ull * MIB;
}

/* 16 MiB alive, 4 * sqrt(16) more; 64 MiB, 4 * sqrt(64) more. */
static bool sqrt_is_a_root(void) {
  return goal_of(PACING_SQRT, 16 * MIB) == 32 * MIB &&
         goal_of(PACING_SQRT, 64 * MIB) == 96 * MIB &&
         goal_of(PACING_SQRT, 1024 * MIB) == (1024 + 128) * (uint64_t)MIB;
}

/* The paper, section 3: four times the allocation rate, or a collector four
 * times as slow, twice the extra memory.  Rates that are not known yet count as
 * equal. */
static bool balance_weighs_rates(void) {
  pacing_rules rules = rules_of(PACING_BALANCE);
  pacing_seen seen = {.live = 64 * MIB, .g = 4, .s = 1};
  bool good = pacing_goal_of(&rules, &seen) == (64 + 64) * MIB;
  seen = (pacing_seen){.live = 64 * MIB, .g = 1, .s = 4};
  good &= pacing_goal_of(&rules, &seen) == (64 + 16) * MIB;
  seen = (pacing_seen){.live = 64 * MIB, .g = 1, .s = 0};
  return good && pacing_goal_of(&rules, &seen) == (64 + 32) * MIB;
}

/* 700 objects of 64 bytes where none is alive, and of the mean of 175 such and
 * of 6125 that are alive; without the least growth. */
enum { ALIVE = 6125, ALIVE_BYTES = 48 * (6125 + 175) - 64 * 175 };

static bool count_is_of_objects(void) {
  pacing_rules rules = rules_of(PACING_COUNT);
  pacing_seen seen = {.live = ALIVE_BYTES, .objects = ALIVE};
  return pacing_goal_of(&rules, &seen) == ALIVE_BYTES + 48 * 700 &&
         goal_of(PACING_COUNT, 0) == 64 * 700;
}

/* The mean is that of objects that are not large, if there are some. */
static bool large_objects_are_not_in_the_mean(void) {
  pacing_rules rules = rules_of(PACING_COUNT);
  const large_left one = {.objects = 1, .bytes = 4 * MIB};
  pacing_seen seen = {
      .live = ALIVE_BYTES + 4 * MIB, .objects = ALIVE + 1, .large = one};
  bool good = pacing_bytes_of(&rules, &seen) == 48 * 700;
  seen = (pacing_seen){.live = 4 * MIB, .objects = 1, .large = one};
  return good && pacing_bytes_of(&rules, &seen) == 64 * 700;
}

/* Nor do 200 tables of 2000 bytes while a program begins say how large 100,000
 * objects will be. */
static bool few_objects_say_little(void) {
  pacing_rules rules = rules_of(PACING_COUNT);
  rules.objects = 100000;
  pacing_seen seen = {.live = 200 * 2000, .objects = 200};
  uint64_t bytes = pacing_bytes_of(&rules, &seen);
  return bytes > 64 * rules.objects && bytes < 100 * rules.objects;
}

static bool limit_has_no_goal(void) {
  pacing_rules rules = rules_of(PACING_LIMIT);
  rules.heap_most = 10 * MIB;
  return goal_of(PACING_LIMIT, 64 * MIB) == PACING_NEVER &&
         pacing_goal_of(&rules, &(pacing_seen){.live = MIB}) == 10 * MIB;
}

/* Rates so far apart that a double, but no integer, holds the product. */
static bool nothing_overflows(void) {
  pacing_rules rules = rules_of(PACING_BALANCE);
  rules.root = 100000;
  pacing_seen seen = {.live = (uint64_t)1 << 35, .g = 1e30, .s = 1e-30};
  return pacing_goal_of(&rules, &seen) == PACING_NEVER &&
         goal_of(PACING_SQRT, (uint64_t)1 << 35) ==
             ((uint64_t)1 << 35) + (uint64_t)759250124;
}

static bool growth_has_a_least(void) {
  return goal_of(PACING_PERCENT, MIB) == 5 * MIB &&
         goal_of(PACING_SQRT, 256 * KIB) == 4 * MIB + 256 * KIB;
}

static bool heap_has_a_least(void) {
  pacing_rules rules = rules_of(PACING_PERCENT);
  rules.heap_least = 100 * MIB;
  return pacing_goal_of(&rules, &(pacing_seen){.live = 10 * MIB}) ==
             100 * MIB &&
         pacing_goal_of(&rules, &(pacing_seen){.live = 75 * MIB}) == 150 * MIB;
}

/* The largest heap is soft: the least growth is always possible. */
static bool heap_has_a_most(void) {
  pacing_rules rules = rules_of(PACING_PERCENT);
  rules.heap_most = 100 * MIB;
  bool good =
      pacing_goal_of(&rules, &(pacing_seen){.live = 60 * MIB}) == 100 * MIB &&
      pacing_goal_of(&rules, &(pacing_seen){.live = 99 * MIB}) == 103 * MIB &&
      pacing_goal_of(&rules, &(pacing_seen){.live = 25 * MIB}) == 50 * MIB;
  rules.heap_least = 200 * MIB; /* wins */
  return good &&
         pacing_goal_of(&rules, &(pacing_seen){.live = 10 * MIB}) == 200 * MIB;
}

/* ------------------------------------------------------------------------- *
 * The policy of a heap: what a collector tells, and hears.
 * ------------------------------------------------------------------------- */

static gc_paced heard;

static void hear(void *data, const gc_paced *p) {
  (void)data;
  heard = *p;
}

static void create(pacing_policy policy) {
  listener_set((gc_listener){.pause = gc_null_pause, .paced = hear});
  external_reset();
  pacing_create(policy, 0);
}

static void collect(bool full, uint64_t used, uint64_t live, uint64_t objects) {
  pacing_work_begins();
  pacing_decide(&(pacing_collection){.full = full,
                                     .used = used,
                                     .handed = MIB,
                                     .live = live,
                                     .objects = objects});
}

static bool goal_follows_what_is_alive(void) {
  create(PACING_PERCENT);
  bool good = pacing_goal() == 4 * MIB;
  collect(true, 4 * MIB, 3 * MIB, 1);
  good &= heard.full && heard.due == 4 * MIB && heard.used == 4 * MIB &&
          heard.live == 3 * MIB && heard.allocated == MIB &&
          heard.goal == 7 * MIB && heard.cost_ns > 0 && heard.mutator_ns > 0;
  collect(true, 7 * MIB, 100 * MIB, 1);
  good &= heard.due == 7 * MIB && pacing_goal() == 200 * MIB;
  return good && pacing_room(150 * MIB, 0) == 50 * MIB &&
         pacing_room(300 * MIB, 7) == 7;
}

static bool goal_falls(void) {
  create(PACING_PERCENT);
  collect(true, 0, 100 * MIB, 1);
  collect(true, 200 * MIB, 25 * MIB, 1);
  return pacing_goal() == 50 * MIB && heard.goal == 50 * MIB;
}

static bool partial_ones_leave_the_goal(void) {
  create(PACING_PERCENT);
  collect(true, 0, 100 * MIB, 1);
  collect(false, 100 * MIB, 150 * MIB, 1);
  bool good = !heard.full && heard.goal == 200 * MIB &&
              !pacing_full_is_due(150 * MIB, 1);
  collect(false, 150 * MIB, 201 * MIB, 1);
  return good && pacing_full_is_due(201 * MIB, 1);
}

/* What was born while a collection ran may have died, and is no reason to
 * grow; what lies idle between objects leaves half of the growth. */
static bool the_newborn_do_not_count(void) {
  create(PACING_PERCENT);
  pacing_decide(&(pacing_collection){
      .full = true, .live = 100 * MIB, .born = 50 * MIB, .objects = 1});
  bool good = pacing_goal() == 100 * MIB;
  pacing_decide(&(pacing_collection){
      .full = true, .live = 50 * MIB, .held = 80 * MIB, .objects = 1});
  return good && pacing_goal() == 105 * MIB;
}

/* After the first full collection 100 objects are old: 10 partial ones, and
 * more than 25 new ones. */
static bool a_quarter_must_be_new(void) {
  pacing_option_partials = 10;
  create(PACING_COUNT);
  collect(true, 0, 6400, 100);
  bool good = !pacing_full_is_due(12800, 200);
  for (int i = 0; i < 10; i++)
    collect(false, 6400, 6400, 100);
  good &= !pacing_full_is_due(6400, 125) && pacing_full_is_due(6400, 126);
  good &= !heard.goal; /* no goal of bytes decides */
  pacing_option_partials = 100;
  return good;
}

static bool give_back(const uint64_t *pages, const uint64_t *given,
                      unsigned n) {
  bool good = true;
  pacing_option_give_back = 3;
  create(PACING_PERCENT);
  for (unsigned i = 0; i < n; i++)
    good &= pacing_surplus(pages[i] * MIB, 64 * MIB) == given[i] * MIB;
  pacing_option_give_back = 0;
  return good;
}

/* Of 64 MiB that are wanted: the third surplus in a row counts, and the least
 * of them is given back; 7 MiB are too little. */
static bool a_surplus_must_last(void) {
  const uint64_t pages[] = {100, 100, 64, 100, 90};
  const uint64_t none[] = {0, 0, 0, 0, 0};
  return give_back(pages, none, 5);
}

static bool a_surplus_goes_back(void) {
  const uint64_t pages[] = {100, 90, 110, 84, 100, 90, 71, 90};
  const uint64_t given[] = {0, 0, 26, 0, 0, 20, 0, 0};
  return give_back(pages, given, 8);
}

static bool external_bytes_count(void) {
  create(PACING_PERCENT);
  void *p = external_take(0, 1000);
  external_collected();
  void *q = external_take(0, 100);
  bool good = external_kept() == 1000 && external_added() == 100;
  external_seen = 0;
  good &=
      external_kept() == 0 && external_added() == 0 && external_held() == 1100;
  external_seen = 1;
  external_give(p, 1000);
  external_give(q, 100);
  return good;
}

static bool the_choice_follows_the_limit(void) {
  bool good =
      pacing_chosen(0) == PACING_PERCENT && pacing_chosen(MIB) == PACING_LIMIT;
  pacing_option_policy = PACING_SQRT;
  good &= pacing_chosen(MIB) == PACING_SQRT;
  pacing_option_policy = PACING_AUTO;
  return good;
}

/* ------------------------------------------------------------------------- */

static const planted_check checks[] = {
    PLANTED_CHECK(percent_is_a_share, NONE),
    PLANTED_CHECK(sqrt_is_a_root, NONE),
    PLANTED_CHECK(balance_weighs_rates, rates_swapped),
    PLANTED_CHECK(count_is_of_objects, NONE),
    PLANTED_CHECK(large_objects_are_not_in_the_mean, mean_of_large),
    PLANTED_CHECK(few_objects_say_little, NONE),
    PLANTED_CHECK(limit_has_no_goal, NONE),
    PLANTED_CHECK(nothing_overflows, NONE),
    PLANTED_CHECK(growth_has_a_least, growth_least_ignored),
    PLANTED_CHECK(heap_has_a_least, heap_least_ignored),
    PLANTED_CHECK(heap_has_a_most, heap_most_ignored),
    PLANTED_CHECK(goal_follows_what_is_alive, NONE),
    PLANTED_CHECK(goal_falls, goal_never_falls),
    PLANTED_CHECK(partial_ones_leave_the_goal, partial_sets_goal),
    PLANTED_CHECK(the_newborn_do_not_count, NONE),
    PLANTED_CHECK(a_quarter_must_be_new, quarter_ignored),
    PLANTED_CHECK(a_surplus_must_last, given_back_at_once),
    PLANTED_CHECK(a_surplus_goes_back, surplus_kept),
    PLANTED_CHECK(external_bytes_count, external_unseen),
    PLANTED_CHECK(the_choice_follows_the_limit, NONE),
};
PLANTED_BUGS(checks, POLICY_MUTANTS)
