/* policies.c: every collector with a heap policy reaches the goals that the
 * policy decides on, within what the collector declares (collectors/README.md);
 * sees external bytes; and gives memory back.  Bytes decide, never times, but
 * for the goals of `balance`. */
#include "rig.h"
#include "common/hostile/poison.h"
#include "common/external.h"
#include "common/pacing.h"

enum {
  KIB = 1024,
  MIB = 1024 * KIB,
  RINGS = 64,
  NODE = 32, /* bytes of a node of rig_ring */
  LINES = 4096,
};

static gc_paced lines[LINES];
static unsigned line_count;

static void on_paced(void *data, const gc_paced *p) {
  (void)data;
  assert_true(line_count < LINES);
  lines[line_count++] = *p;
}

static void open_heap(uint64_t limit) {
  line_count = 0;
  heap = gc_heap_create(&(gc_config){
      limit, (gc_listener){.pause = gc_null_pause, .paced = on_paced}});
  assert_non_null(heap);
  m = gc_thread_attach(heap);
  assert_non_null(m);
}

static bool has_option(const char *name) {
  for (const gc_option *o = gc_this_collector.options; o->name; o++)
    if (!strcmp(o->name, name))
      return true;
  return false;
}

static void set(const char *name, uint64_t value) {
  if (has_option(name))
    rig_option(name, value);
}

/* The word's number. */
static uint64_t policy(const char *word) {
  for (const gc_words *w = gc_this_collector.words; w->option; w++)
    for (uint64_t i = 0; w->words[i]; i++)
      if (!strcmp(w->option, "policy") && !strcmp(w->words[i], word))
        return i;
  fail_msg("no policy %s", word);
  return 0;
}

static int usual(void **state) {
  (void)state;
  set("policy", 0);
  set("growth", 100);
  set("root", 400);
  set("objects", 700);
  set("partials", 100);
  set("heap-least", 0);
  set("heap-most", 0);
  set("give-back", 0);
  set("see-external", 1);
  set("growth-least", 64);
  set("least", 128); /* of counting */
  /* What decides besides the policy: small steps, no clock, no threads. */
  set("nursery", 64);
  set("epoch", 64);
  set("step", 64);
  set("pause-target", 100000000);
  set("background", 0);
  set("markers", 1);
  return 0;
}

static bool is_named(const char *name) {
  return !strcmp(gc_this_collector.name, name);
}

/* How far above its goal the heap may be when a full collection begins: beside
 * what is handed out at a time, the nursery or epoch that was under way, or the
 * ring after which counting looks. */
static uint64_t slack(uint64_t due) {
  uint64_t bytes = 2 * 32 * KIB;
  if (is_named("generational-copying")) /* whose nursery may grow */
    bytes += 16 * 64 * KIB;
  else if (has_option("nursery") || has_option("epoch"))
    bytes += 3 * 64 * KIB;
  if (is_named("mark-sweep-incremental"))
    bytes += 2 * 64 * KIB;
  if (is_named("mark-sweep-concurrent"))
    bytes += due / 20;
  if (has_option("threshold"))
    bytes += MIB;
  return bytes;
}

/* Whether cycles end before the goal is reached, by their nature. */
static bool ends_early(void) {
  return has_option("trigger");
}

/* Fewer collections than a policy would have.  Counting on jemalloc counts
 * pages, which stay when objects die; what dies in a nursery that grows makes
 * no full collection due. */
static unsigned least(unsigned n) {
  return is_named("refcount-cycles-jemalloc") ? 1
         : is_named("generational-copying")   ? n / 3
                                              : n;
}

/* slot i of `table` <- a ring of 1 / RINGS of `live` bytes. */
static void renew(gc_reg table, uint32_t i, uint64_t live) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  rig_ring(f, (unsigned)(live / RINGS / NODE));
  gc_store_take(m, table, i % RINGS, f);
  gc_frame_leave(m, f, 1, 0);
}

/* Replaces one ring after the other until `bytes` were made: all of what is
 * alive dies of age. */
static void churn(gc_reg table, uint64_t live, uint64_t bytes) {
  for (uint64_t n = 0, i = 0; n < bytes; n += live / RINGS, i++)
    renew(table, (uint32_t)i, live);
}

/* A steady run; returns how many full collections were due in it. */
static unsigned run(uint64_t live, uint64_t bytes) {
  open_heap(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, f, (gc_shape){RINGS, 0}, GC_PLAIN);
  churn(f, live, live);
  gc_collect(m);
  unsigned from = line_count, full = 0;
  churn(f, live, bytes);
  for (unsigned i = from; i < line_count; i++) {
    const gc_paced *p = &lines[i];
    assert_true(p->used >= p->live / 2 && p->at_ns > 0);
    if (!p->full)
      continue;
    full++;
    assert_in_range(p->cost_ns, 1, 100000000000u);
    assert_in_range(p->mutator_ns, 1, 100000000000u);
  }
  gc_frame_leave(m, f, 1, 0);
  rig_close();
  return full;
}

/* Each full collection came at the goal that the one before had decided on. */
static void assert_goals_kept(void) {
  uint64_t goal = 0;
  for (unsigned i = 0; i < line_count; i++) {
    const gc_paced *p = &lines[i];
    if (i > 0)
      assert_int_equal(p->due, goal);
    goal = p->goal;
    if (!p->full || !p->due || i < 4)
      continue;
    assert_in_range(p->used, 1, p->due + slack(p->due));
  }
}

enum { LIVE = 4 * MIB, MADE = 48 * MIB };

/* The goal that a policy decides on for what is alive, and how many collections
 * follow. */
static void percent_decides_by_growth(void **state) {
  (void)state;
  set("policy", policy("percent"));
  set("growth", 50);
  unsigned often = run(LIVE, MADE);
  assert_goals_kept();
  set("growth", 200);
  unsigned seldom = run(LIVE, MADE);
  assert_goals_kept();
  /* 24 and 6 times, if nothing else is in the way. */
  assert_in_range(often, least(18), ends_early() ? 60 : 28);
  assert_in_range(seldom, least(4), ends_early() ? 15 : 8);
  const gc_paced *last = &lines[line_count - 1];
  if (last->full && !ends_early() && !has_option("threshold"))
    assert_int_equal(last->goal, last->live + last->live / 100 * 200);
}

/* Four times as much alive: twice the growth, so half as many collections of
 * the same allocation. */
static void sqrt_decides_by_the_root(void **state) {
  (void)state;
  set("policy", policy("sqrt"));
  set("root", 100);
  unsigned small = run(2 * MIB, MADE);
  assert_goals_kept();
  unsigned large = run(8 * MIB, MADE);
  assert_goals_kept();
  assert_in_range(small, least(26), ends_early() ? 64 : 38); /* 34 */
  assert_in_range(large, least(small * 2 / 5),
                  small * (least(9) < 9 ? 5 : 3) / 5);
}

static void balance_keeps_its_goals(void **state) {
  (void)state;
  set("policy", policy("balance"));
  set("root", 100);
  assert_true(run(LIVE, MADE) > 0);
  assert_goals_kept();
}

static void the_heap_has_bounds(void **state) {
  (void)state;
  set("policy", policy("percent"));
  set("heap-least", 20 * KIB);
  unsigned few = run(LIVE, MADE);
  assert_goals_kept();
  assert_in_range(few, least(2), ends_early() ? 9 : 4); /* 48 / 16 */
  set("heap-least", 0);
  set("heap-most", 6 * KIB);
  unsigned many = run(LIVE, MADE);
  assert_goals_kept();
  assert_in_range(many, least(18), ends_early() ? 60 : 30); /* 48 / 2 */
  /* A limit of the policy's own. */
  set("policy", policy("limit"));
  set("heap-most", 12 * KIB);
  few = run(LIVE, MADE);
  assert_goals_kept();
  assert_in_range(few, least(4), ends_early() ? 15 : 8); /* 48 / 8 */
}

static void without_a_limit_limit_never_collects(void **state) {
  (void)state;
  set("policy", policy("limit"));
  assert_int_equal(run(LIVE, MADE), 0);
  assert_int_equal(lines[line_count - 1].goal, 0);
}

/* Under a heap limit a policy that was asked for collects before the limit is
 * reached, and the default does not. */
static void a_policy_holds_under_a_limit(void **state) {
  (void)state;
  uint64_t peaks[2];
  if (is_named("refcount-cycles-jemalloc")) /* whose pages stay */
    skip();
  for (unsigned i = 0; i < 2; i++) {
    set("policy", i ? policy("percent") : 0);
    set("growth", 50);
    open_heap(48 * MIB);
    gc_reg f = gc_frame_enter(m, 1, 0);
    gc_new(m, f, (gc_shape){RINGS, 0}, GC_PLAIN);
    churn(f, LIVE, 2 * MADE);
    peaks[i] = gc_heap_footprint(heap).peak_bytes;
    gc_frame_leave(m, f, 1, 0);
    rig_close();
  }
  if (!has_option("threshold")) /* counting never lets garbage grow so far */
    assert_true(peaks[0] > 20 * MIB);
  assert_true(peaks[1] < 20 * MIB);
}

/* Objects between collections, if these objects are all of one size. */
static void count_counts_objects(void **state) {
  (void)state;
  if (has_option("threshold")) /* which counts candidates */
    skip();
  set("policy", policy("count"));
  set("objects", 2 * MIB / NODE);
  if (!has_option("partials")) {
    unsigned full = run(LIVE, MADE);
    assert_goals_kept();
    assert_in_range(full, 18, ends_early() ? 60 : 28); /* 24 */
    return;
  }
  /* CPython's rules: 24 partial ones, of which each fourth would be followed by
   * a full one, if a quarter has become old: it has. */
  set("partials", 4);
  unsigned full = run(LIVE, MADE);
  assert_in_range(full, 3, 6);
  set("partials", 1);
  full = run(LIVE, MADE);
  assert_in_range(full, 6, 13);
}

/* A table as large as the heap does not make the mean object so large that a
 * collection is never due. */
static void a_large_object_is_one_object(void **state) {
  (void)state;
  if (has_option("threshold")) /* which counts candidates */
    skip();
  set("policy", policy("count"));
  set("objects", 2 * MIB / NODE);
  set("partials", 1);
  open_heap(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f + 1, (gc_shape){MIB, 0}, GC_PLAIN);
  gc_collect(m);
  gc_new(m, f, (gc_shape){RINGS, 0}, GC_PLAIN);
  unsigned from = line_count;
  churn(f, MIB, MADE);
  assert_true(line_count - from >= 6);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Detections while each of `n` objects becomes a candidate, of which all live
 * or all die. */
static uint64_t detections(uint32_t n, bool die) {
  open_heap(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){n, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < n; i++) {
    gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
    gc_store(m, f + 1, 0, f + 1);
    if (!die)
      gc_store(m, f, i, f + 1);
    gc_clear(m, f + 1);
  }
  uint64_t found = rig_counter("detections");
  gc_frame_leave(m, f, 2, 0);
  rig_close();
  return found;
}

/* PHP's rule: the threshold stays where candidates are garbage, and rises by
 * its least value each time where they are not: 8 + 16 + ... + 21 * 8 < 2000.
 */
static void count_follows_the_candidates(void **state) {
  (void)state;
  if (!has_option("threshold"))
    skip();
  set("policy", policy("count"));
  set("threshold", 8);
  uint64_t dead = detections(2000, true), alive = detections(2000, false);
  set("threshold", 256);
  assert_int_equal(dead, 250);
  assert_int_equal(alive, 21);
}

/* By bytes alone: no number of candidates makes a detection due. */
static void bytes_ignore_the_candidates(void **state) {
  (void)state;
  if (!has_option("threshold"))
    skip();
  set("policy", policy("percent"));
  set("least", 4096);
  assert_int_equal(detections(2000, false), 0);
}

/* The live set shrinks: the goal falls at once, and memory goes back to the
 * system once so many collections have found it to be surplus. */
static void a_heap_that_shrank_gives_back(void **state) {
  (void)state;
  enum { LARGE = 32 * MIB, SMALL = 1 * MIB };
  if (is_named("refcount-cycles-jemalloc")) /* as above */
    skip();
  for (uint64_t n = 0; n <= 3; n += 3) {
    set("policy", policy("percent"));
    set("give-back", n);
    open_heap(0);
    gc_reg f = gc_frame_enter(m, 1, 0);
    gc_new(m, f, (gc_shape){RINGS, 0}, GC_PLAIN);
    churn(f, LARGE, LARGE);
    gc_collect(m);
    uint64_t goal = lines[line_count - 1].goal;
    assert_true(goal > LARGE + LARGE / 2);
    uint64_t large = gc_heap_footprint(heap).bytes;
    churn(f, SMALL, SMALL);
    gc_collect(m);
    assert_true(lines[line_count - 1].goal < goal / 8);
    uint64_t once = gc_heap_footprint(heap).bytes;
    assert_true(once > large / 3 || !n);
    for (unsigned i = 0; i < 3; i++)
      gc_collect(m);
    uint64_t now = gc_heap_footprint(heap).bytes;
    if (!n)
      assert_true(now > large / 3);
    else if (!poison_active()) /* poisoned memory may be kept: space_trim */
      assert_true(now < 12 * MIB);
    /* What was given back can be had again. */
    churn(f, LARGE, LARGE);
    assert_true(rig_objects() >= LARGE / NODE);
    gc_frame_leave(m, f, 1, 0);
    rig_close();
  }
}

/* Small objects with large buffers: whoever sees these collects, whoever does
 * not lets them pile up. */
static void external_bytes_are_seen_or_not(void **state) {
  (void)state;
  enum { BUFFER = 64 * KIB, N = 1000 };
  uint64_t peaks[2];
  for (unsigned seen = 0; seen < 2; seen++) {
    set("policy", policy("percent"));
    set("see-external", seen);
    open_heap(0);
    gc_reg f = gc_frame_enter(m, 2, 0);
    for (unsigned i = 0; i < N; i++) {
      gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
      gc_store(m, f, 0, f); /* a ring of its own */
      gc_external(m, f, BUFFER);
      gc_copy(m, f + 1, f);
    }
    peaks[seen] = gc_heap_external(heap).peak_bytes;
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
  assert_in_range(peaks[1], BUFFER, 8 * MIB);
  assert_true(has_option("threshold") || peaks[0] > 40 * MIB);
  if (has_option("threshold")) { /* candidates are as many as buffers */
    assert_true(peaks[0] > 2 * peaks[1]);
  }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup(f, usual)
  const struct CMUnitTest tests[] = {
      TEST(percent_decides_by_growth),
      TEST(sqrt_decides_by_the_root),
      TEST(balance_keeps_its_goals),
      TEST(the_heap_has_bounds),
      TEST(without_a_limit_limit_never_collects),
      TEST(a_policy_holds_under_a_limit),
      TEST(count_counts_objects),
      TEST(a_large_object_is_one_object),
      TEST(count_follows_the_candidates),
      TEST(bytes_ignore_the_candidates),
      TEST(a_heap_that_shrank_gives_back),
      TEST(external_bytes_are_seen_or_not),
  };
  return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
