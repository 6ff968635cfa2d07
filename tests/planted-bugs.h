/* planted-bugs.h: tests of tests, for bugs that no run of a collector program
 * can show: they are planted one at a time, and checks must notice each.
 * Without a bug all checks must pass.
 *
 * Include this file, write the checks, and list them:
 *
 *   static const planted_check checks[] = {
 *     PLANTED_CHECK(name of a check, bug that it is for, or NONE), ...
 *   };
 *   PLANTED_BUGS(checks, LIST_OF_MUTANTS) */
#ifndef REAPMARK_TESTS_PLANTED_BUGS_H
#define REAPMARK_TESTS_PLANTED_BUGS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/hostile/mutants.h"

mutant_id mutant_planted;

typedef struct planted_check {
  const char *name;
  bool (*passes)(void);
  mutant_id notices;
} planted_check;
#define PLANTED_CHECK(name, bug)                                               \
  { #name, name, MUTANT_##bug }

typedef struct planted_bug {
  mutant_id id;
  const char *name;
} planted_bug;
#define PLANTED_BUG(name, family, class, oracle, text) {MUTANT_##name, #name},

static void planted_all_pass(const planted_check *checks, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!checks[i].passes())
      fail_msg("%s fails", checks[i].name);
}

static void planted_is_noticed(const planted_check *checks, size_t n,
                               const planted_bug *bug) {
  bool noticed = false;
  mutant_planted = bug->id;
  for (size_t i = 0; i < n; i++)
    noticed |= checks[i].notices == bug->id && !checks[i].passes();
  mutant_planted = MUTANT_NONE;
  if (!noticed)
    fail_msg("nothing notices %s", bug->name);
}

/* The two tests, and main. */
#define PLANTED_BUGS(checks, LIST)                                             \
  static const planted_bug bugs[] = {LIST(PLANTED_BUG)};                       \
  static void all_pass_without_a_bug(void **state) {                           \
    (void)state;                                                               \
    planted_all_pass(checks, sizeof checks / sizeof *checks);                  \
  }                                                                            \
  static void each_bug_is_noticed(void **state) {                              \
    (void)state;                                                               \
    for (size_t b = 0; b < sizeof bugs / sizeof *bugs; b++)                    \
      planted_is_noticed(checks, sizeof checks / sizeof *checks, &bugs[b]);    \
  }                                                                            \
  int main(void) {                                                             \
    const struct CMUnitTest tests[] = {                                        \
        cmocka_unit_test(all_pass_without_a_bug),                              \
        cmocka_unit_test(each_bug_is_noticed),                                 \
    };                                                                         \
    return cmocka_run_group_tests(tests, NULL, NULL);                          \
  }

#endif
