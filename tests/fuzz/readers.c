/* readers.c: a fuzz target: whatever is in a record, a plan, a results
 * directory, a suite, a description or a heap size, its reader ends with
 * something that holds what its header says, or with words that confuse no
 * terminal.  The first byte chooses the reader. */
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/arena.h"
#include "harness/base/heap-size.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "harness/driver/plan/plan-json.h"
#include "harness/driver/plan/plan.h"
#include "harness/driver/plan/suite.h"
#include "harness/driver/programs/discover.h"
#include "harness/output/format.h"
#include "harness/record/record.h"
#include "harness/report/compare.h"
#include "harness/report/tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what) {
  if (condition)
    return;
  fprintf(stderr, "readers: %s\n", what);
  abort();
}

static void require_clean(const char *text) {
  char *copy = strdup(text);
  require(copy, "no memory");
  words_clean(copy, false);
  require(!strcmp(copy, text), "a text that confuses a terminal");
  free(copy);
}

/* A folder of this process, and a file in it. */
static const char *folder(void) {
  static char path[64];
  if (!*path) {
    snprintf(path, sizeof path, "/dev/shm/reapmark-fuzz-%ld", (long)getpid());
    mkdir(path, 0700);
  }
  return path;
}

static const char *write_file(const char *name, const char *text, size_t size) {
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", folder(), name);
  FILE *file = fopen(path, "w");
  require(file, "no file");
  fwrite(text, 1, size, file);
  fclose(file);
  return path;
}

/* ------------------------------------------------------------------------- *
 * The readers.
 * ------------------------------------------------------------------------- */

static void read_record(const char *text, size_t size) {
  char why[160] = "";
  json_t *record = json_loadb(text, size, 0, NULL);
  record_clean(record);
  if (record_valid(record, why, sizeof why)) {
    for (size_t m = 0; m < METRICS; m++)
      metrics[m].read(record);
    require_clean(record_text(record, "verdict.reason"));
    record_judge(record);
    require(record_valid(record, why, sizeof why), "judged to be no record");
    hist h;
    hist_sparse sparse;
    if (record_read_histogram(record_get(record, "pauses.all"), &h))
      require(record_read_sparse(record_get(record, "pauses.all"), &sparse) &&
                  (free(sparse.buckets), true),
              "a histogram in one form only");
  } else
    require_clean(why);
  json_decref(record);
}

static void read_plan(const char *text, size_t size) {
  const collectors none = {0};
  plan p;
  json_t *json = json_loadb(text, size, 0, NULL);
  if (json && json_array_size(json_object_get(json, "cells")) < 100 &&
      plan_from_json(json, &none, &p)) {
    json_t *again = plan_to_json(&p);
    plan q;
    require(plan_from_json(again, &none, &q), "a plan that is not read again");
    require(p.runs_count == q.runs_count, "another plan");
    json_decref(again);
  }
  json_decref(json);
}

static void print_page(page *p, const output_format *format) {
  FILE *out = fopen("/dev/null", "w");
  require(out, "no /dev/null");
  if (p)
    format_print(format, p, out);
  fclose(out);
}

/* A plan, and after the first newline the records: one table in one format, or
 * a comparison, whichever the bytes choose. */
static void read_results(const char *text, size_t size) {
  const char *end = memchr(text, '\n', size);
  const size_t first = end ? (size_t)(end - text) : size;
  write_file("plan.json", text, first);
  write_file("runs.jsonl", text + first, size - first);
  size_t sum = 0;
  for (size_t i = 0; i < size; i++)
    sum += (unsigned char)text[i];
  const report_table *of = &report_tables[sum % REPORT_TABLES];
  const output_format *format = &formats[sum / REPORT_TABLES % FORMATS];
  char why[256] = "";
  report *r = report_load(folder(), of->visit, why, sizeof why);
  require(!r == (*why != 0), "a failure without a reason");
  if (!r)
    return;
  print_page(of->make(r), format);
  if (of == report_tables) {
    const compare_side side = {"a", r, NULL};
    comparison *c = compare_make(compare_match(side, side), &metrics[0],
                                 (compare_rules){.alpha = 0.05});
    print_page(c->count ? compare_page(&c, 1) : NULL, format);
    print_page(report_gbench(r), &formats[FORMATS - 1]);
  }
  report_free(r);
}

static void read_suite(const char *text, size_t size) {
  const suite *s = suite_load(write_file("suite.yml", text, size));
  require(!s || (s->name && s->description &&
                 (!s->invocations || *s->invocations <= PLAN_MOST_INVOCATIONS)),
          "a suite that is none");
}

static void read_heap(const char *text, size_t size) {
  char *word = strndup(text, size);
  heap_size a, b;
  require(word, "no memory");
  if (heap_size_parse(word, &a)) {
    require(heap_size_read(a.text, &b), "a size that is not read again");
    require(a.kind == b.kind && a.bytes == b.bytes &&
                a.multiple >= b.multiple && a.multiple <= b.multiple,
            "another size");
    require(!strpbrk(a.text, ", \n"), "a size that ends a list");
  }
  heap_size_take(word, &a);
  heap_size_read(word, &a);
  free(word);
}

/* What a program may say of itself, and a plan for all its workloads. */
static void read_description(const char *text, size_t size) {
  json_t *about = json_loadb(text, size, 0, NULL);
  collector c = {.path = "/dev/null"};
  c.trouble = collector_read(&c, about);
  if (!c.trouble) {
    const collectors all = {&c, 1};
    json_t *workloads = discover_workloads(&all), *w;
    size_t i;
    json_array_foreach(workloads, i, w) {
      const char *name = json_string_value(json_object_get(w, "name"));
      const plan_request request = {
          .workloads = name, .collectors = c.name, .invocations = 2};
      plan p;
      if (name && *name)
        plan_make(&request, &all, &p);
    }
    json_decref(workloads);
    collector_kind(&c);
    collector_is_measured(&c);
    collector_can(&c, "threads");
  }
  json_decref(about);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct {
    char letter;
    void (*read)(const char *text, size_t size);
  } readers[] = {{'r', read_record}, {'p', read_plan}, {'d', read_results},
                 {'s', read_suite},  {'h', read_heap}, {'c', read_description}};
  /* A copy of the right size, so that what is behind it is noticed. */
  char *text = malloc(size + 1);
  require(text, "no memory");
  memcpy(text, data, size);
  for (size_t i = 0; size && i < sizeof readers / sizeof *readers; i++)
    if (readers[i].letter == text[0])
      readers[i].read(text + 1, size - 1);
  free(text);
  return 0;
}
