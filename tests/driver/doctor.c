/* doctor.c: what the doctor finds on made-up machines, and what progress
 * estimates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/driver/doctor.h"
#include "harness/base/arena.h"
#include "harness/driver/run/progress.h"

#include <math.h>
#include <string.h>

static doctor_finding findings[DOCTOR_FINDINGS];

/* A machine that nothing is wrong with. */
static machine healthy(void) {
  machine m = {.cpus = 8,
               .allowed = 8,
               .turbo = 0,
               .cpu_limit = -1,
               .perf_paranoid = 2,
               .schedstat = 1,
               .valgrind = 1};
  strcpy(m.governor, "performance");
  strcpy(m.thp, "madvise");
  return m;
}

static hist hiccups; /* none but where a test adds some */

static const doctor_question question = {
    .hiccups = &hiccups,
    .threads = 2,
    .withheld = "",
    .not_built = "",
    .build = {.type = "Release", .sanitizer = ""}};

/* The ids of what is found, and "!" after serious ones. */
static const char *ids(machine m, doctor_question q) {
  const char *text = "";
  size_t n = doctor_examine(&m, &q, findings);
  for (size_t i = 0; i < n; i++)
    text = arena_text("%s%.3s%s", text, findings[i].id,
                      findings[i].grade == DOCTOR_SERIOUS ? "!" : "");
  return text;
}

static void healthy_machine(void **state) {
  (void)state;
  assert_string_equal(ids(healthy(), question), "");
}

static void each_trouble_alone(void **state) {
  (void)state;
  machine m;
  doctor_question q;
#define MACHINE(change, expected)                                              \
  m = healthy();                                                               \
  change;                                                                      \
  assert_string_equal(ids(m, question), expected)
#define QUESTION(change, expected)                                             \
  q = question;                                                                \
  change;                                                                      \
  assert_string_equal(ids(healthy(), q), expected)
  MACHINE(strcpy(m.governor, "powersave"), "W01!");
  MACHINE(m.turbo = 1, "W02");
  MACHINE(m.load[0] = 2.5, "W03!");
  QUESTION(q.steal = 3, "W04!");
  MACHINE(strcpy(m.hypervisor, "KVM"), "W05");
  QUESTION(q.threads = 9, "W06!");
  MACHINE(m.cpu_limit = 2.5, "W07!");
  MACHINE((m.cpu_limit = 1.5), "W06!W07!");
  MACHINE(strcpy(m.thp, "always"), "W08");
  MACHINE(m.swap = 1 << 30, "W09");
  MACHINE(m.aslr = 2, "W10");
  QUESTION(q.build.type = "Debug", "W11!");
  QUESTION(q.build.sanitizer = "address", "W11!");
  QUESTION(q.build.checks = true, "W11!");
  MACHINE(m.schedstat = 0, "W12!");
  MACHINE(m.perf_paranoid = 3, "W13");
  MACHINE(m.valgrind = 0, "W14");
  QUESTION(q.withheld = "MALLOC_CONF", "W15");
  hist late = {.min = UINT64_MAX};
  for (int i = 0; i < 1000; i++)
    hist_add(&late, i < 998 ? 50000 : 1500000);
  QUESTION(q.hiccups = &late, "W16");
  for (int i = 0; i < 100; i++)
    hist_add(&late, 1500000);
  QUESTION(q.hiccups = &late, "W16!");
  QUESTION(q.not_built = "bdwgc (needs package libgc-dev)", "W17");
  MACHINE(strcpy(m.emulator, "qemu-aarch64-static on x86_64"), "W19!");
}

/* What a machine does not tell is no trouble, but for the last two. */
static void silent_machine(void **state) {
  (void)state;
  machine m = {.cpus = 8,
               .allowed = -1,
               .turbo = -1,
               .aslr = -1,
               .swap = -1,
               .load = {-1, -1, -1},
               .cpu_limit = -1,
               .perf_paranoid = -1,
               .valgrind = 1};
  doctor_question q = question;
  q.steal = -1;
  assert_string_equal(ids(m, q), "W12!W13");
}

/* This machine: the facts are there and make sense. */
static void real_machine(void **state) {
  (void)state;
  machine m;
  machine_read(&m);
  assert_true(m.cpus >= 1);
  assert_true(m.allowed >= 1 && m.allowed <= m.cpus);
  assert_true(m.memory > 0 && m.memory_available <= m.memory);
  assert_string_equal(m.os, "Linux");
  assert_true(*m.release);
  double steal = machine_steal(0.02);
  assert_true(steal >= -1 && steal <= 100);
  machine_hiccups(0.02, &hiccups);
  assert_true(hiccups.count > 0); /* a sleep of 1 ms fits in somewhere */
  hist_reset(&hiccups);
  json_t *json = machine_to_json(&m, &(collectors){0});
  assert_non_null(json);
  assert_null(machine_difference(json, json));
  json_t *other = json_deep_copy(json);
  json_object_set_new(json_object_get(other, "os"), "release",
                      json_string("0"));
  assert_string_equal(machine_difference(json, other), "the kernel");
  json_t *cpu = json_object_get(other, "cpu");
  json_object_del(cpu, "microcode"); /* as before there was this field */
  assert_string_equal(machine_difference(other, json), "the kernel");
  json_object_set_new(cpu, "stepping", json_integer(99));
  assert_string_equal(machine_difference(other, json), "the CPU's stepping");
  json_decref(other);
  json_decref(json);
}

/* Two blocks of two cells, two invocations. */
static void time_left(void **state) {
  (void)state;
  plan_cell cells[4] = {{.id = "a", .block = 0},
                        {.id = "b", .block = 0},
                        {.id = "c", .block = 1},
                        {.id = "d", .block = 1}};
  plan_run runs[8] = {{0, 1}, {1, 1}, {2, 1}, {3, 1},
                      {0, 2}, {1, 2}, {2, 2}, {3, 2}};
  plan p = {.cells = cells, .cells_count = 4, .runs = runs, .runs_count = 8};
  progress *g = progress_begin(&p);
  assert_true(fabs(progress_left(g)) < 1e-9); /* nothing to go by */
  progress_done(g, &runs[0], 1000000000, false);
  assert_true(fabs(progress_left(g) - 7) < 1e-9); /* the mean, 1 s each */
  progress_done(g, &runs[2], 3000000000, false);
  /* a: 1; b: 1 + 1 as its block; c: 3; d: 3 + 3 as its block */
  assert_true(fabs(progress_left(g) - 12) < 1e-9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(healthy_machine), cmocka_unit_test(each_trouble_alone),
      cmocka_unit_test(silent_machine),  cmocka_unit_test(real_machine),
      cmocka_unit_test(time_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
