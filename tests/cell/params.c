/* params.c: tests of workload specifications, options and heap sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "harness/cell/cell.h"

static const char *const kinds[] = {"ring", "list", NULL};
static const workload cycles = {
    .name = "cycles",
    .params = {{"size", "", 10, 1, 4096, NULL},
               {"kind", "", 1, 0, 0, kinds},
               {"live", "", 0, 0, UINT64_MAX, NULL}},
    .needs = WL_NEEDS_WEAK};
static const workload globals = {.name = "globals"};
static const workload reader = {.name = "reader",
                                .params = {{.name = "file", .choices = WL_FILE},
                                           {"size", "", 1, 1, 4096, NULL}}};
static const workload *const all[] = {&cycles, &globals, NULL};
static const workload *const readers[] = {&reader, NULL};

static uint64_t depth = 3;
static uint64_t mood = 1;
static const gc_option options[] = {
    {"depth", "", &depth, 1, 1 << 20}, {"mood", "", &mood, 0, 2}, {0}};
static const char *const moods[] = {"calm", "glad", "cross", NULL};
static const gc_words option_words[] = {{"mood", moods}, {0}};
static const gc_collector able = {.name = "able",
                                  .can = {.weak = true, .heap_limit = true},
                                  .options = options,
                                  .words = option_words};
static const gc_collector unable = {.name = "unable"};

static char error[CELL_REASON];

static void workload_has_defaults(void **state) {
  (void)state;
  const workload *w;
  uint64_t p[WL_PARAMS];
  assert_true(cell_parse_workload("cycles", all, &w, p, error));
  assert_ptr_equal(w, &cycles);
  assert_true(p[0] == 10 && p[1] == 1 && p[2] == 0);
}

static void parameters_are_set(void **state) {
  (void)state;
  const workload *w;
  uint64_t p[WL_PARAMS];
  assert_true(cell_parse_workload("cycles:live=2M,kind=ring,size=4k", all, &w,
                                  p, error));
  assert_true(p[0] == 4096 && p[1] == 0 && p[2] == 2 << 20);
}

static void a_parameter_may_be_a_file(void **state) {
  (void)state;
  const workload *w;
  uint64_t p[WL_PARAMS];
  assert_true(cell_parse_workload("reader", readers, &w, p, error));
  assert_null(wl_path(p, 0));
  assert_true(cell_parse_workload("reader:size=3,file=../a/b.heap", readers, &w,
                                  p, error));
  assert_string_equal(wl_path(p, 0), "../a/b.heap");
  assert_int_equal(p[1], 3);
  assert_false(cell_parse_workload("reader:a/b=3", readers, &w, p, error));
  assert_string_equal(error, "'reader:a/b=3': 'a/b' is not a key");
}

static void bad_specifications_are_explained(void **state) {
  (void)state;
  const struct {
    const char *spec, *line;
  } bad[] = {
      {"cycels", "unknown workload 'cycels' (did you mean 'cycles'?)"},
      {"", "unknown workload '' (choose from cycles, globals)"},
      {"cycles:sise=3", "unknown parameter of workload cycles 'sise' (did you "
                        "mean 'size'?)"},
      {"cycles:kind=rings", "unknown kind 'rings' (did you mean 'ring'?)"},
      {"cycles:kind=0", "unknown kind '0' (choose from ring, list)"},
      {"cycles:size=0", "parameter 'size' of workload cycles must lie within 1 "
                        "and 4096, not 0"},
      {"cycles:size=5k", "parameter 'size' of workload cycles must lie within "
                         "1 and 4096, not 5k"},
      {"cycles:size=big", "parameter 'size' of workload cycles is a whole "
                          "number such as 4096 or 64k, not 'big'"},
      {"cycles:size", "'cycles:size': 'size' is not KEY=VALUE"},
      {"cycles:size=3,", "'cycles:size=3,': '' is not KEY=VALUE"},
      {"cycles:size=3,size=4", "'cycles:size=3,size=4': 'size' is set twice"},
      {"globals:size=3", "unknown parameter of workload globals 'size'"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    const workload *w;
    uint64_t p[WL_PARAMS];
    assert_false(cell_parse_workload(bad[i].spec, all, &w, p, error));
    assert_string_equal(error, bad[i].line);
  }
}

static void long_words_are_harmless(void **state) {
  (void)state;
  char spec[3000];
  memset(spec, 'x', sizeof spec - 1);
  spec[sizeof spec - 1] = 0;
  const workload *w;
  uint64_t p[WL_PARAMS];
  assert_false(cell_parse_workload(spec, all, &w, p, error));
  memcpy(spec, "cycles:size=", 12);
  assert_false(cell_parse_workload(spec, all, &w, p, error));
}

static void options_are_set(void **state) {
  (void)state;
  assert_true(cell_parse_option("depth=1k", &able, error));
  assert_int_equal(depth, 1024);
  assert_true(cell_parse_option("mood=cross,depth=7", &able, error));
  assert_true(mood == 2 && depth == 7);
}

static void bad_options_are_explained(void **state) {
  (void)state;
  const struct {
    const gc_collector *c;
    const char *text, *line;
  } bad[] = {
      {&able, "dpeth=3",
       "unknown option of collector able 'dpeth' (did you mean 'depth'?)"},
      {&able, "depth",
       "option of collector able: 'depth': 'depth' is not KEY=VALUE"},
      {&able, "depth=0",
       "option 'depth' of collector able must lie within 1 "
       "and 1048576, not 0"},
      {&able, "mood=glda",
       "unknown mood of collector able 'glda' (did you mean 'glad'?)"},
      {&able, "mood=1",
       "unknown mood of collector able '1' (choose from calm, "
       "glad, cross)"},
      {&unable, "depth=3", "unknown option of collector unable 'depth'"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(cell_parse_option(bad[i].text, bad[i].c, error));
    assert_string_equal(error, bad[i].line);
  }
}

static void heap_sizes(void **state) {
  (void)state;
  const struct {
    const char *text;
    uint64_t limit;
  } good[] = {{"none", 0},  {"64M", 64 << 20}, {"4096", 4096},
              {"3x", 3000}, {"1.5x", 1500},    {"0.0015x", 2}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    uint64_t limit = 1;
    bool coarse = true;
    assert_true(
        cell_parse_heap(good[i].text, 1000, &able, &limit, &coarse, error));
    assert_int_equal(limit, good[i].limit);
    assert_false(coarse);
  }
}

/* A multiple that leaves less than 16 units for objects; half of the heap of a
 * copying collector is not for them. */
static void coarse_multiples_are_told(void **state) {
  (void)state;
  gc_collector blocks = able, copies = able;
  blocks.can.granule = copies.can.granule = 1000;
  copies.can.reserve = 50;
  const struct {
    const gc_collector *c;
    const char *text;
    bool coarse;
  } cases[] = {{&blocks, "16x", false},  {&blocks, "15.9x", true},
               {&copies, "32x", false},  {&copies, "31.9x", true},
               {&blocks, "1000", false}, {&blocks, "none", false},
               {&able, "1x", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint64_t limit;
    bool coarse = !cases[i].coarse;
    assert_true(cell_parse_heap(cases[i].text, 1000, cases[i].c, &limit,
                                &coarse, error));
    assert_int_equal(coarse, cases[i].coarse);
  }
}

static void bad_heap_sizes_are_explained(void **state) {
  (void)state;
  const struct {
    const char *text;
    uint64_t must_hold;
    const gc_collector *c;
    const char *part;
  } bad[] = {
      {"0", 1000, &able, "neither bytes"},
      {"big", 1000, &able, "neither bytes"},
      {"", 1000, &able, "neither bytes"},
      {"x", 1000, &able, "neither bytes"},
      {"0x", 1000, &able, "nor a multiple"},
      {"-1x", 1000, &able, "nor a multiple"},
      {"3xmin", 1000, &able, "nor a multiple"},
      {"infx", 1000, &able, "nor a multiple"},
      {"1e300x", 1000, &able, "too large"},
      {"3x", 0, &able, "states no volume"},
      {"3x", 1000, &unable, "cannot limit its heap"},
      {"64M", 1000, &unable, "cannot limit its heap"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    uint64_t limit;
    bool coarse;
    assert_false(cell_parse_heap(bad[i].text, bad[i].must_hold, bad[i].c,
                                 &limit, &coarse, error));
    assert_non_null(strstr(error, bad[i].part));
  }
  uint64_t limit = 1;
  bool coarse;
  assert_true(cell_parse_heap("none", 1000, &unable, &limit, &coarse, error));
  assert_int_equal(limit, 0);
}

static void needs_are_held_against_capabilities(void **state) {
  (void)state;
  const uint64_t p[WL_PARAMS] = {0};
  assert_true(cell_can_run(&cycles, p, &able, error));
  assert_true(cell_can_run(&globals, p, &unable, error));
  assert_false(cell_can_run(&cycles, p, &unable, error));
  assert_string_equal(error, "workload cycles needs weak references, which "
                             "collector unable does not have");
}

/* A parameter that needs more of a collector needs it unless it is 0. */
static void parameters_have_needs(void **state) {
  (void)state;
  const workload buffers = {
      .name = "buffers",
      .params = {{"n", "", 0, 0, 9, NULL}, {"bytes", "", 0, 0, 9, NULL}},
      .more_needs = {1, WL_NEEDS_EXTERNAL}};
  const uint64_t without[WL_PARAMS] = {5, 0}, with[WL_PARAMS] = {5, 3};
  gc_collector counted = unable;
  counted.can.external = GC_EXTERNALS_COUNTED;
  assert_true(cell_can_run(&buffers, without, &unable, error));
  assert_true(cell_can_run(&buffers, with, &counted, error));
  assert_false(cell_can_run(&buffers, with, &unable, error));
  assert_string_equal(error, "workload buffers needs external memory, which "
                             "collector unable does not have");
}

/* Parameters within their bounds that do not go together. */
static const char *check_order(const uint64_t *params) {
  return params[0] > params[1] ? "low is above high" : NULL;
}

static void parameters_go_together(void **state) {
  (void)state;
  const workload range = {
      .name = "range",
      .params = {{"low", "", 0, 0, 9, NULL}, {"high", "", 5, 0, 9, NULL}},
      .check = check_order};
  const workload *const one[] = {&range, NULL};
  const workload *w;
  uint64_t p[WL_PARAMS];
  assert_true(cell_parse_workload("range:low=5", one, &w, p, error));
  assert_false(cell_parse_workload("range:low=6", one, &w, p, error));
  assert_string_equal(error, "workload range: low is above high");
  assert_true(cell_parse_workload("range:low=6,high=7", one, &w, p, error));
}

static void what_is_alive_fits_into_memory(void **state) {
  (void)state;
  const wl_volume v = {.live = 3 << 20, .allocated = 900 << 20};
  assert_true(cell_fits(&globals, &v, 3 << 20, error));
  assert_false(cell_fits(&globals, &v, (3 << 20) - 1, error));
  assert_string_equal(error, "workload globals has 3 MiB alive with these "
                             "parameters, and there are 3 MiB of memory: take "
                             "fewer or smaller objects");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(workload_has_defaults),
      cmocka_unit_test(parameters_are_set),
      cmocka_unit_test(a_parameter_may_be_a_file),
      cmocka_unit_test(bad_specifications_are_explained),
      cmocka_unit_test(long_words_are_harmless),
      cmocka_unit_test(options_are_set),
      cmocka_unit_test(bad_options_are_explained),
      cmocka_unit_test(heap_sizes),
      cmocka_unit_test(coarse_multiples_are_told),
      cmocka_unit_test(bad_heap_sizes_are_explained),
      cmocka_unit_test(needs_are_held_against_capabilities),
      cmocka_unit_test(parameters_have_needs),
      cmocka_unit_test(parameters_go_together),
      cmocka_unit_test(what_is_alive_fits_into_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
