/* plan.c: what is planned, in which order, and under which names. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/base/words.h"
#include "harness/base/arena.h"
#include "harness/driver/plan/order.h"
#include "harness/driver/plan/plan-json.h"
#include "harness/driver/plan/resolve.h"
#include "harness/base/say.h"
#include "harness/base/spec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char workloads[] =
    "[{\"name\": \"plain\", \"needs\": [], \"params\": ["
    "{\"name\": \"size\", \"min\": 1, \"max\": 1048576},"
    "{\"name\": \"kind\", \"choices\": [\"ring\", \"list\"]},"
    "{\"name\": \"keys\", \"min\": 0, \"max\": 9, \"default\": 0, "
    "\"needs\": [\"weak\"]}]},"
    "{\"name\": \"shared\", \"needs\": [\"threads\"], \"params\": []},"
    "{\"name\": \"weak\", \"needs\": [\"weak\"], \"params\": []}]";

static collector make_collector(const char *name, int threads, int weak,
                                int heap_limit) {
  return (collector){
      .name = name,
      .path = name,
      .about = json_pack("{s:{s:b, s:b, s:b}, s:o, s:[{s:s, s:i, s:i}, "
                         "{s:s, s:[s, s]}]}",
                         "capabilities", "threads", threads, "weak", weak,
                         "heap_limit", heap_limit, "workloads",
                         json_loads(workloads, 0, NULL), "options", "name",
                         "trigger", "min", 1, "max", 9, "name", "policy",
                         "choices", "percent", "sqrt")};
}

/* Six collectors that can do everything; one that can do little; one that
 * does not work. */
static collectors all;

static int set_up(void **state) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
  (void)state;
  all.items = arena_take(8 * sizeof *all.items);
  for (; all.count < 6; all.count++)
    all.items[all.count] = make_collector(names[all.count], 1, 1, 1);
  all.items[all.count++] = make_collector("poor", 0, 0, 0);
  all.items[all.count++] =
      (collector){.name = "broken", .path = "broken", .trouble = "broken"};
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  for (size_t i = 0; i < all.count; i++)
    json_decref(all.items[i].about);
  return 0;
}

static plan make(plan_request r) {
  plan p;
  r.seed = r.seed ? r.seed : PLAN_SEED;
  assert_int_equal(plan_make(&r, &all, &p), EXIT_OK);
  return p;
}

static const char *collector_of(const plan *p, size_t run) {
  return p->cells[p->runs[run].cell].options.name;
}

static void keys_are_stable(void **state) {
  (void)state;
  plan p = make((plan_request){.workloads = "plain:kind=list,size=64k,shared",
                               .collectors = "a:trigger=3",
                               .heaps = "1.5x",
                               .threads = "2",
                               .invocations = 2});
  assert_int_equal(p.runs_count, 4);
  /* Parameters come in the order of their description, whatever was typed;
   * workloads without threads have one. */
  assert_string_equal(
      plan_key(&p, &p.runs[0]),
      "plain:size=64k,kind=list/a:trigger=3/heap=1.5x/threads=1/seed=42#1");
  assert_string_equal(plan_key(&p, &p.runs[3]),
                      "shared/a:trigger=3/heap=1.5x/threads=2/seed=42#2");
}

static void same_request_same_plan(void **state) {
  (void)state;
  plan_request r = {.workloads = "plain,shared,weak",
                    .heaps = "2x,64M",
                    .threads = "1,2",
                    .invocations = 5};
  plan p = make(r), q = make(r);
  assert_int_equal(p.runs_count, q.runs_count);
  for (size_t i = 0; i < p.runs_count; i++)
    assert_string_equal(plan_key(&p, &p.runs[i]), plan_key(&q, &q.runs[i]));
}

/* Each stretch of six runs is one block with every collector once; the
 * invocations follow each other only after all blocks. */
static void collectors_interleave(void **state) {
  (void)state;
  plan p = make((plan_request){.workloads = "plain,weak",
                               .collectors = "a,b,c,d,e,f",
                               .invocations = 3});
  assert_int_equal(p.runs_count, 36);
  size_t unchanged = 0;
  for (size_t begin = 0; begin < 36; begin += 6) {
    char seen[7] = "";
    for (size_t i = begin; i < begin + 6; i++) {
      const plan_cell *c = &p.cells[p.runs[i].cell];
      assert_int_equal(c->block, begin / 6 % 2);
      assert_int_equal(p.runs[i].invocation, begin / 12 + 1);
      assert_null(strchr(seen, *collector_of(&p, i)));
      strncat(seen, collector_of(&p, i), 1);
    }
    unchanged += !strcmp(seen, "abcdef");
  }
  assert_true(unchanged < 2); /* the seed's fixed order is a shuffled one */
}

static void seeds_change_the_order(void **state) {
  (void)state;
  plan_request r = {.workloads = "plain", .invocations = 3};
  plan p = make(r);
  r.seed = 43;
  plan q = make(r);
  size_t same = 0;
  for (size_t i = 0; i < p.runs_count; i++)
    same += !strcmp(collector_of(&p, i), collector_of(&q, i));
  assert_true(same < p.runs_count);
}

static const char *missing_of(const plan *p, const char *id) {
  for (size_t i = 0; i < p->cells_count; i++)
    if (!strcmp(p->cells[i].id, id))
      return p->cells[i].missing;
  return "no such cell";
}

static void impossible_pairs_stay(void **state) {
  (void)state;
  plan p = make((plan_request){.workloads = "plain,shared,weak",
                               .collectors = "a,poor",
                               .heaps = "none,2x",
                               .invocations = 1});
  assert_null(missing_of(&p, "plain/poor/heap=none/threads=1/seed=42"));
  assert_null(missing_of(&p, "plain/a/heap=2x/threads=1/seed=42"));
  assert_string_equal(missing_of(&p, "plain/poor/heap=2x/threads=1/seed=42"),
                      "needs a heap limit");
  assert_string_equal(missing_of(&p, "shared/poor/heap=none/threads=2/seed=42"),
                      "needs threads");
  assert_string_equal(missing_of(&p, "weak/poor/heap=none/threads=1/seed=42"),
                      "needs weak references");
  assert_int_equal(p.cells_count, 12);
  assert_int_equal(p.runs_count, 7); /* none of the missing ones */
}

/* A parameter that is not 0 may need more of a collector. */
static void parameters_have_needs(void **state) {
  (void)state;
  plan p = make((plan_request){.workloads = "plain,plain:keys=3,plain:keys=0",
                               .collectors = "a,poor",
                               .heaps = "none"});
  for (size_t i = 0; i < p.cells_count; i++) {
    const plan_cell *c = &p.cells[i];
    bool poor = !strcmp(c->options.name, "poor");
    const char *keys = spec_value(&c->workload, "keys");
    if (poor && keys && *keys == '3')
      assert_string_equal(c->missing, "needs weak references");
    else
      assert_null(c->missing);
  }
  assert_int_equal(p.cells_count, 6);
}

/* Gives a collector a kind, and takes its limit; "" is the default again. */
static void set_kind(collector *c, const char *kind, bool limit, bool frees) {
  json_t *can = json_object_get(c->about, "capabilities");
  json_object_set_new(c->about, "kind", json_string(kind));
  json_object_set_new(can, "heap_limit", json_boolean(limit));
  json_object_set_new(can, "explicit_free", json_boolean(frees));
}

static bool plans(const plan *p, const char *id) {
  for (size_t i = 0; i < p->cells_count; i++)
    if (!strcmp(p->cells[i].id, id))
      return true;
  return false;
}

static void references_are_asked_for_and_unlimited(void **state) {
  (void)state;
  set_kind(&all.items[0], "reference", false, true);
  set_kind(&all.items[1], "reference", true, false);
  set_kind(&all.items[2], "diagnostic", true, false);
  plan models = make((plan_request){.workloads = "plain", .heaps = "2x"});
  assert_int_equal(models.cells_count, 4); /* d, e, f, poor */
  plan p = make((plan_request){.workloads = "plain",
                               .collectors = "references,c",
                               .heaps = "2x,3x,64M"});
  /* A multiple is no limit to those that have none, once; a size is n/a. */
  const char *id = "plain/a/heap=none/threads=1/seed=42";
  assert_int_equal(p.cells_count, 2 + 3 + 3);
  assert_string_equal(missing_of(&p, id), "needs to be told of deaths");
  assert_true(plans(&p, "plain/a/heap=64M/threads=1/seed=42"));
  assert_true(plans(&p, "plain/b/heap=2x/threads=1/seed=42"));
  assert_true(plans(&p, "plain/c/heap=2x/threads=1/seed=42"));
  json_t *json = plan_to_json(&p), *cell;
  size_t i, references = 0;
  json_array_foreach(json_object_get(json, "cells"), i, cell) references +=
      json_object_get(cell, "kind") != NULL;
  assert_int_equal(references, 8); /* a diagnostic stands beside them */
  json_decref(json);
  plan both = make(
      (plan_request){.workloads = "plain", .collectors = "all", .heaps = "2x"});
  assert_int_equal(both.cells_count, 6);
  for (size_t k = 0; k < 3; k++)
    set_kind(&all.items[k], "model", true, false);
}

static void twice_is_once(void **state) {
  (void)state;
  plan p = make((plan_request){.workloads = "plain,plain",
                               .collectors = "a,a",
                               .heaps = "2x,2x",
                               .threads = "1,2,3",
                               .invocations = 1});
  assert_int_equal(p.cells_count, 1);
}

static void survives_json(void **state) {
  (void)state;
  plan p = make((plan_request){
           .workloads = "plain,shared", .timeout = 7, .invocations = 2}),
       q;
  json_t *json = plan_to_json(&p);
  char *text = json_dumps(json, 0);
  json_t *read = json_loads(text, 0, NULL);
  assert_true(plan_from_json(read, &all, &q));
  assert_int_equal(p.runs_count, q.runs_count);
  for (size_t i = 0; i < p.runs_count; i++)
    assert_string_equal(plan_key(&p, &p.runs[i]), plan_key(&q, &q.runs[i]));
  assert_null(plan_difference(read, json));
  json_object_set_new(read, "seed", json_integer(1));
  assert_string_equal(plan_difference(read, json), "its seed is 1, not 42");
  json_object_set_new(read, "seed", json_integer(42));
  json_array_remove(json_object_get(read, "cells"), 0);
  assert_string_equal(plan_difference(read, json), "it has 13 cells, not 14");
  json_object_del(read, "suite");
  assert_false(plan_from_json(read, &all, &q));
  free(text);
  json_decref(json);
  json_decref(read);
}

static size_t place_of(const plan *p, const char *id, unsigned invocation) {
  for (size_t i = 0; i < p->runs_count; i++)
    if (p->runs[i].invocation == invocation &&
        !strcmp(p->cells[p->runs[i].cell].id, id))
      return i;
  fail_msg("no run %s#%u", id, invocation);
  return 0;
}

/* In other heaps than each other, which would be blocks of their own. */
static void cells_of_a_target_are_neighbours(void **state) {
  static const char text[] =
      "name: t\ndescription: t\ninvocations: 4\n"
      "cells: [{workload: plain, collectors: [c, d, e], heaps: [2x, 64M]}]\n"
      "targets:\n"
      "  - {name: n, what: w, metric: wall_ns, gate: 1,\n"
      "     cell: {workload: plain, collector: a, heap: 3x},\n"
      "     over: {workload: shared, collector: b, heap: 5M, threads: 2}}\n"
      "  - {name: m, what: w, metric: wall_ns, gate: 1,\n"
      "     cell: {workload: plain, collector: absent},\n"
      "     over: {collector: b}}\n";
  char path[] = "/tmp/plan-XXXXXX.yml";
  (void)state;
  int file = mkstemps(path, 4);
  assert_true(file >= 0);
  assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
  close(file);
  plan p = make((plan_request){.suite = path}), read;
  unlink(path);
  assert_int_equal(p.targets_count, 2);
  for (unsigned n = 1; n <= 4; n++) {
    size_t of = place_of(&p, p.targets[0].cell, n);
    size_t over = place_of(&p, p.targets[0].over, n);
    assert_true(of + 1 == over || over + 1 == of);
  }
  /* Nobody has the other one's collector; its cell says so. */
  size_t i = 0;
  while (strcmp(p.cells[i].id, p.targets[1].cell))
    i++;
  assert_string_equal(p.cells[i].missing, "not built");
  json_t *json = plan_to_json(&p);
  assert_true(plan_from_json(json, &all, &read));
  json_t *again = plan_to_json(&read);
  assert_true(json_equal(json, again));
  for (i = 0; i < p.runs_count; i++)
    assert_string_equal(plan_key(&p, &p.runs[i]),
                        plan_key(&read, &read.runs[i]));
  json_decref(json);
  json_decref(again);
}

/* A word that names nothing is no collector that is merely not built. */
static void targets_need_names(void **state) {
  static const char text[] =
      "name: t\ndescription: t\ntargets:\n"
      "  - {name: n, what: w, metric: wall_ns, gate: 1,\n"
      "     cell: {workload: plain, collector: 'a b'}}\n";
  char path[] = "/tmp/plan-XXXXXX.yml";
  (void)state;
  int file = mkstemps(path, 4);
  assert_true(file >= 0);
  assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
  close(file);
  plan p;
  plan_request r = {.suite = path, .seed = PLAN_SEED};
  assert_int_equal(plan_make(&r, &all, &p), EXIT_USAGE);
  unlink(path);
}

/* A minimum that was found before the collector lost a capability does not make
 * the pair possible. */
static void minimums_are_limits(void **state) {
  (void)state;
  json_t *minimums = json_pack(
      "{s:[{s:s, s:s, s:i, s:s, s:i}, {s:s, s:s, s:i, s:s, s:i}]}", "minimums",
      "workload", "plain", "collector", "a", "threads", 1, "found", "minimum",
      "heap", 1000, "workload", "weak", "collector", "poor", "threads", 1,
      "found", "minimum", "heap", 1000);
  plan p = make((plan_request){.workloads = "plain,weak",
                               .collectors = "a,b,poor",
                               .heaps = "1.5x,none,64M",
                               .minimums = minimums});
  const char *of_a = "plain/a/heap=1.5xmin/threads=1/seed=42";
  assert_null(missing_of(&p, of_a));
  assert_string_equal(p.cells[0].id, of_a);
  assert_int_equal(p.cells[0].heap.kind, HEAP_OF_MINIMUM);
  assert_int_equal(p.cells[0].heap.bytes, 1500);
  assert_string_equal(heap_size_argument(&p.cells[0].heap), "1500");
  assert_true(plans(&p, "plain/a/heap=none/threads=1/seed=42"));
  assert_true(plans(&p, "plain/a/heap=64M/threads=1/seed=42"));
  assert_string_equal(missing_of(&p, "plain/b/heap=1.5xmin/threads=1/seed=42"),
                      "no minimum heap known");
  assert_string_equal(
      missing_of(&p, "weak/poor/heap=1.5xmin/threads=1/seed=42"),
      "needs weak references");
  json_t *json = plan_to_json(&p);
  plan read;
  assert_true(plan_from_json(json, &all, &read));
  assert_int_equal(read.cells[0].heap.bytes, 1500);
  json_decref(json);
  json_decref(minimums);
}

/* The values of an option are numbers, or words that the collector names. */
static void options_are_checked(void **state) {
  (void)state;
  static const struct {
    const char *word, *wrong; /* NULL: it is good */
  } cases[] = {
      {"a:trigger=3,policy=sqrt", NULL},
      {"a:trigger=10",
       "option 'trigger' of a: '10' is not a whole number from 1 to 9"},
      {"a:trigger=sqrt",
       "option 'trigger' of a: 'sqrt' is not a whole number from 1 to 9"},
      {"a:policy=sqr",
       "option 'policy' of a: 'sqr' is none of its choices (did "
       "you mean 'sqrt'?)"},
      {"a:policy=1", "option 'policy' of a: '1' is none of its choices (choose "
                     "from percent, sqrt)"},
      {"a:polciy=sqrt", "a has no option 'polciy' (did you mean 'policy'?)"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    chosen out;
    const char *wrong =
        resolve_collector(&all, cases[i].word, ABSENT_WRONG, &out);
    if (cases[i].wrong) {
      assert_non_null(wrong);
      assert_string_equal(wrong, cases[i].wrong);
    } else {
      assert_null(wrong);
    }
  }
}

/* Cells hold their program and settings, also after plan.json was read. */
static void cells_are_parsed(void **state) {
  (void)state;
  plan p = make((plan_request){.workloads = "plain:kind=list,size=64k",
                               .collectors = "a:trigger=3",
                               .heaps = "1.5x"}),
       q;
  json_t *json = plan_to_json(&p);
  assert_true(plan_from_json(json, &all, &q));
  const plan *both[] = {&p, &q};
  for (size_t i = 0; i < 2; i++) {
    const plan_cell *c = &both[i]->cells[0];
    assert_ptr_equal(c->program, &all.items[0]);
    assert_string_equal(c->workload.name, "plain");
    assert_string_equal(spec_value(&c->workload, "size"), "64k");
    assert_string_equal(spec_value(&c->options, "trigger"), "3");
    assert_int_equal(c->heap.kind, HEAP_MULTIPLE);
  }
  /* A collector that is gone leaves a cell without a program. */
  const collectors none = {0};
  assert_true(plan_from_json(json, &none, &q));
  assert_null(q.cells[0].program);
  assert_string_equal(q.cells[0].options.name, "a");
  json_object_set_new(json_array_get(json_object_get(json, "cells"), 0), "heap",
                      json_string("3y"));
  assert_false(plan_from_json(json, &all, &q));
  json_decref(json);
}

static void lists_keep_settings_together(void **state) {
  (void)state;
  word_list list = words_split("a:x=1,y=2,b,c:z=3");
  assert_int_equal(list.count, 3);
  assert_string_equal(list.words[0], "a:x=1,y=2");
  assert_string_equal(list.words[1], "b");
  assert_string_equal(list.words[2], "c:z=3");
}

static void specs_are_checked(void **state) {
  static const char *const bad[] = {"",       ":x=1", "a:x",     "a:x=",
                                    "a:=1",   "a:",   "a b",     "a/b",
                                    "a:x=1,", "a#1",  "a/b:x=1", "a:x=1,x=2"};
  (void)state;
  spec s;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_non_null(spec_parse(bad[i], &s));
  assert_null(spec_parse("a:x=../file.1,y=z", &s)); /* a value may be a path */
  assert_string_equal(spec_value(&s, "x"), "../file.1");
  assert_null(spec_parse("a:x=1,y=z", &s));
  assert_string_equal(s.name, "a");
  assert_string_equal(spec_value(&s, "y"), "z");
  assert_string_equal(spec_text(&s), "a:x=1,y=z");
}

static void heaps_are_checked(void **state) {
  static const char *const good[] = {"none", "64M", "4096",
                                     "1.5x", "3x",  "0.5x"};
  static const char *const bad[] = {"",      "0",    "x",    "-1x",  "3y",
                                    "0x",    "infx", "nanx", "64MX", "3xmin",
                                    "0x10x", "64xB", "iB",   "3iB",  "0.0001B"};
  (void)state;
  heap_size h;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_true(heap_size_parse(good[i], &h));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(heap_size_parse(bad[i], &h));
}

/* Sizes that users write in other ways have the same text, so that a cell has
 * one name; and what is probably meant in other units is refused. */
static void heaps_of_users(void **state) {
  static const char *const same[][2] = {{"512MB", "512M"},     {"0.5G", "512M"},
                                        {"64KiB", "64k"},      {"1.5k", "1536"},
                                        {"100000B", "100000"}, {"2gb", NULL},
                                        {"512M", "512M"}};
  (void)state;
  heap_size h;
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    const char *wrong = heap_size_take(same[i][0], &h);
    assert_true(same[i][1] ? !wrong && !strcmp(h.text, same[i][1]) : !!wrong);
  }
  assert_null(heap_size_take("65536", &h));
  assert_string_equal(heap_size_take("512", &h), "heap size '512' has no unit "
                                                 "(did you mean 512M or 3x?)");
  assert_string_equal(heap_size_take("3", &h), "heap size '3' has no unit "
                                               "(did you mean 3M or 3x?)");
}

static heap_size size_of(const char *text) {
  heap_size h;
  assert_true(heap_size_read(text, &h));
  return h;
}

static void heaps_are_compared(void **state) {
  (void)state;
  const heap_size none = size_of("none"), small = size_of("512K"),
                  same = size_of("524288"), large = size_of("1M"),
                  twice = size_of("2x"), minimum = size_of("2xmin");
  assert_true(heap_size_comparable(&small, &large)); /* whatever the unit */
  assert_true(heap_size_larger(&large, &small));
  assert_false(heap_size_larger(&small, &same));
  assert_false(heap_size_larger(&same, &small));
  assert_true(heap_size_comparable(&none, &twice));
  assert_true(heap_size_larger(&none, &large));
  assert_false(heap_size_larger(&large, &none));
  assert_false(heap_size_larger(&none, &none));
  assert_false(heap_size_comparable(&twice, &large));
  assert_false(heap_size_comparable(&twice, &minimum));
}

static void heaps_become_limits(void **state) {
  (void)state;
  const struct {
    const char *text;
    uint64_t limit;
  } sizes[] = {{"none", 0}, {"64M", 64 << 20}, {"1.5x", 1500}, {"0.0015x", 2}};
  uint64_t limit;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    const heap_size h = size_of(sizes[i].text);
    assert_true(heap_size_limit(&h, 1000, &limit));
    assert_int_equal(limit, sizes[i].limit);
  }
  const heap_size huge = size_of("1e300x");
  assert_false(heap_size_limit(&huge, 1000, &limit));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parameters_have_needs),
      cmocka_unit_test(keys_are_stable),
      cmocka_unit_test(same_request_same_plan),
      cmocka_unit_test(collectors_interleave),
      cmocka_unit_test(seeds_change_the_order),
      cmocka_unit_test(impossible_pairs_stay),
      cmocka_unit_test(references_are_asked_for_and_unlimited),
      cmocka_unit_test(twice_is_once),
      cmocka_unit_test(survives_json),
      cmocka_unit_test(cells_of_a_target_are_neighbours),
      cmocka_unit_test(targets_need_names),
      cmocka_unit_test(minimums_are_limits),
      cmocka_unit_test(options_are_checked),
      cmocka_unit_test(cells_are_parsed),
      cmocka_unit_test(lists_keep_settings_together),
      cmocka_unit_test(specs_are_checked),
      cmocka_unit_test(heaps_are_checked),
      cmocka_unit_test(heaps_of_users),
      cmocka_unit_test(heaps_are_compared),
      cmocka_unit_test(heaps_become_limits),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
