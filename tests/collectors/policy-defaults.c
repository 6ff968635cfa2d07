/* policy-defaults.c: with the options that nobody chose, each collector
 * collects as often as it did before there were heap policies
 * (common/pacing.h): the numbers were counted with the version before. */
#include "rig.h"
#include "pages.h"

enum { MIB = 1 << 20, NODE = 32, RINGS = 64 };

static const struct {
  const char *name, *counter;
  uint64_t unlimited, limited;
} expected[] = {
    {"mark-sweep", "collections", 14, 4},
    {"mark-sweep-incremental", "collections", 22, 5},
    {"mark-sweep-concurrent", "collections", 22, 5},
    {"generational", "collections", 5, 9},
    {"generational", "full-collections", 2, 2},
    {"generational-copying", "collections", 8, 8},
    {"generational-copying", "full-collections", 5, 5},
    {"immix", "collections", 14, 4},
    {"semispace", "collections", 14, 11},
    {"refcount-deferred", "collections", 10, 22},
    {"refcount-deferred", "traces", 3, 2},
    {"refcount-cycles", "detections", 11, 11},
    {"refcount-cycles", "full-detections", 11, 11},
};
enum { ROWS = sizeof expected / sizeof *expected };

/* Sets an option if the collector has it. */
static void set(const char *name, uint64_t value) {
  for (const gc_option *o = gc_this_collector.options; o->name; o++)
    if (!strcmp(o->name, name))
      *o->value = value;
}

/* Rings take each other's place; beside them there are lists that live for a
 * moment, and large objects.  What is alive grows to 8 MiB and shrinks to 2. */
static void work(void) {
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){RINGS, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < 12 * RINGS; i++) {
    uint32_t bytes = i < 6 * RINGS ? 8 * MIB : 2 * MIB;
    rig_ring(f + 1, bytes / RINGS / NODE);
    gc_store_take(m, f, i % RINGS, f + 1);
    rig_list(f + 1, 500);
    gc_new(m, f + 1, (gc_shape){0, 20000}, GC_PLAIN);
  }
  gc_frame_leave(m, f, 2, 0);
}

static void defaults_collect_as_often_as_ever(void **state) {
  (void)state;
  /* No clock and no chance decide. */
  set("pause-target", 100000000);
  set("background", 0);
  set("markers", 1);
  unsigned compared = 0;
  for (unsigned limited = 0; limited < 2; limited++) {
    rig_open(limited ? 32 * MIB : 0);
    work();
    for (unsigned i = 0; i < ROWS; i++) {
      if (strcmp(expected[i].name, gc_this_collector.name))
        continue;
      uint64_t is = rig_counter(expected[i].counter);
      uint64_t was = limited ? expected[i].limited : expected[i].unlimited;
      compared++;
      /* The numbers are those of pages of 4 KiB. */
      if (pages_are_long())
        assert_true(is > 0);
      else if (is != was)
        fail_msg("%s, %s: %s are %llu, and were %llu", expected[i].name,
                 limited ? "limited" : "unlimited", expected[i].counter,
                 (unsigned long long)is, (unsigned long long)was);
    }
    rig_close();
  }
  assert_true(compared > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_collect_as_often_as_ever)};
  return cmocka_run_group_tests_name("policy-defaults", tests, NULL, NULL);
}
