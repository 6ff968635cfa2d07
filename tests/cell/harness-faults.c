/* harness-faults.c: bugs of the harness are planted, one at a time
 * (HARNESS_MUTANTS), and the checks here must notice each.  Without a bug they
 * all must pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "common/hostile/mutants.h"
#include "harness/cell/cell.h"
#include "harness/report/load.h"

mutant_id mutant_planted;

static report canary(double first, double last) {
  static double times[4][8];
  static unsigned used;
  double *t = times[used++ % 4];
  for (unsigned i = 0; i < 8; i++)
    t[i] = i < 4 ? first : last;
  return (report){.canary = t, .canary_count = 8};
}

static bool canary_is_suspect(double first, double last) {
  report r = canary(first, last);
  return report_is_suspect(&r);
}

static bool slower_is_suspect(void) {
  return canary_is_suspect(100, 120) && !canary_is_suspect(100, 101);
}

static bool faster_is_suspect(void) {
  return canary_is_suspect(120, 100) && !canary_is_suspect(101, 100);
}

static bool drift_is_of_the_new(void) {
  report base = canary(100, 100), fresh = canary(150, 150);
  double drift = report_drift_between(&base, &fresh);
  return drift > 0.49 && drift < 0.51;
}

/* Of 50 objects 10 are alive. */
static cell_verdict judge(uint64_t objects) {
  const wl_expectation e = {.live = 10, .allocated = 50};
  return cell_judge(GC_RECLAIMS_ALL, e, 0, objects);
}

static bool one_too_many_is_a_leak(void) {
  return judge(10).status == CELL_OK && !judge(11).declared;
}

static bool one_too_few_is_lost(void) {
  cell_verdict v = judge(9);
  return v.status == CELL_WRONG && !strcmp(v.reason, "lost 1 objects");
}

static bool limits_are_tight(void) {
  const gc_capabilities can = {.heap_limit = true};
  uint64_t most = gc_footprint_most(&can, 1 << 20);
  return cell_judge_limit(&can, 1 << 20, most).status == CELL_OK &&
         cell_judge_limit(&can, 1 << 20, most + 1).status == CELL_OVER_LIMIT;
}

static verdict verdict_of(const char *status, bool declared) {
  json_t *record = json_pack("{s:{s:s, s:b}}", "verdict", "status", status,
                             "declared", declared);
  verdict v = verdict_of_record(record);
  json_decref(record);
  return v;
}

static bool failures_are_failures(void) {
  return verdict_of("OOM", false) == VERDICT_OOM &&
         verdict_of("OVER LIMIT", false) == VERDICT_OVER_LIMIT &&
         verdict_of("ok", true) == VERDICT_OK;
}

static bool declarations_are_read(void) {
  return verdict_of("LEAK", true) == VERDICT_LEAK_DECLARED &&
         verdict_of("LEAK", false) == VERDICT_LEAK;
}

static const struct check {
  bool (*passes)(void);
  mutant_id notices; /* the bug that this check is for */
} checks[] = {{slower_is_suspect, MUTANT_NONE},
              {faster_is_suspect, MUTANT_faster_is_calm},
              {drift_is_of_the_new, MUTANT_sides_swapped},
              {one_too_many_is_a_leak, MUTANT_leak_off_by_one},
              {one_too_few_is_lost, MUTANT_lost_off_by_one},
              {limits_are_tight, MUTANT_limit_at_twice},
              {failures_are_failures, MUTANT_oom_is_good},
              {declarations_are_read, MUTANT_declared_unread}};
enum { CHECKS = sizeof checks / sizeof *checks };

static void all_pass_without_a_bug(void **state) {
  (void)state;
  for (unsigned i = 0; i < CHECKS; i++)
    if (!checks[i].passes())
      fail_msg("check %u fails", i);
}

static void each_bug_is_noticed(void **state) {
  (void)state;
#define NAMED(name, family, class, oracle, text) {MUTANT_##name, #name},
  static const struct {
    mutant_id id;
    const char *name;
  } bugs[] = {HARNESS_MUTANTS(NAMED)};
#undef NAMED
  for (unsigned b = 0; b < sizeof bugs / sizeof *bugs; b++) {
    bool noticed = false;
    mutant_planted = bugs[b].id;
    for (unsigned i = 0; i < CHECKS; i++)
      noticed |= checks[i].notices == bugs[b].id && !checks[i].passes();
    mutant_planted = MUTANT_NONE;
    if (!noticed)
      fail_msg("nothing notices %s", bugs[b].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_pass_without_a_bug),
      cmocka_unit_test(each_bug_is_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
