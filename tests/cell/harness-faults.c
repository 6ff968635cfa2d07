/* harness-faults.c: bugs of the harness are planted, one at a time
 * (HARNESS_MUTANTS), and the checks here must notice each.  Without a bug they
 * all must pass. */
#include <string.h>

#include "harness/cell/cell.h"
#include "harness/report/load.h"
#include "tests/planted-bugs.h"

static report canary(double first, double last) {
  static double times[4][8];
  static unsigned used;
  double *t = times[used++ % 4];
  for (unsigned i = 0; i < 8; i++)
    t[i] = i < 4 ? first : last;
  return (report){.canary = t, .canary_count = 8, .machines_count = 1};
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

static const planted_check checks[] = {
    PLANTED_CHECK(slower_is_suspect, NONE),
    PLANTED_CHECK(faster_is_suspect, faster_is_calm),
    PLANTED_CHECK(drift_is_of_the_new, sides_swapped),
    PLANTED_CHECK(one_too_many_is_a_leak, leak_off_by_one),
    PLANTED_CHECK(one_too_few_is_lost, lost_off_by_one),
    PLANTED_CHECK(limits_are_tight, limit_at_twice),
    PLANTED_CHECK(failures_are_failures, oom_is_good),
    PLANTED_CHECK(declarations_are_read, declared_unread)};
PLANTED_BUGS(checks, HARNESS_MUTANTS)
