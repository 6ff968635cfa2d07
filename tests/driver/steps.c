/* steps.c: parts of the driver that cannot be counted while they run programs:
 * valgrind knows no pidfd.
 *
 *   steps resume DIR    which runs of DIR are done
 *   steps minimums N    the plan of N workloads, each with a smallest heap */
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/driver/plan/plan-json.h"
#include "harness/driver/run/done.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char about[] =
    "{\"capabilities\": {\"heap_limit\": true}, \"options\": [], "
    "\"workloads\": "
    "[{\"name\": \"script\", \"needs\": [], \"params\": [{\"name\": "
    "\"objects\", \"min\": 1, \"max\": 1048576}]}]}";

static void check(bool good, const char *what) {
  if (good)
    return;
  fprintf(stderr, "steps: %s\n", what);
  exit(EXIT_FAILURE);
}

static void resume(const char *dir, const collectors *all) {
  char why[256] = "";
  plan p;
  done_runs done;
  results_state state;
  json_t *json = results_read_json(dir, "plan.json", why, sizeof why);
  check(json && plan_from_json(json, all, &p), why);
  done_begin(&done, &p);
  check(done_read(&done, dir, &state, why, sizeof why), why);
  check(done.finished == p.runs_count && done.strays_count == 0,
        "not every run is done");
  json_decref(json);
}

static void minimums(unsigned n, const collectors *all) {
  json_t *rows = json_array();
  char *list = NULL;
  size_t size;
  FILE *out = open_memstream(&list, &size);
  check(out, "no memory");
  for (unsigned i = 1; i <= n; i++) {
    const char *workload = arena_text("script:objects=%u", i);
    fprintf(out, "%s%s", i > 1 ? "," : "", workload);
    json_array_append_new(rows,
                          json_pack("{s:s, s:s, s:i, s:s, s:i}", "workload",
                                    workload, "collector", "alpha", "threads",
                                    1, "found", "minimum", "heap", 65536));
  }
  fclose(out);
  json_t *minheap = json_pack("{s:o}", "minimums", rows);
  plan p;
  const plan_request r = {.workloads = list,
                          .collectors = "alpha",
                          .heaps = "2x",
                          .seed = PLAN_SEED,
                          .minimums = minheap};
  check(plan_make(&r, all, &p) == EXIT_OK && p.cells_count == n, "no plan");
  for (size_t i = 0; i < p.cells_count; i++)
    check(!p.cells[i].missing, "a smallest heap was not found");
  json_decref(minheap);
  free(list);
}

int main(int argc, char **argv) {
  static const char *const names[] = {"alpha", "beta", "gamma", "delta"};
  collector items[4];
  for (size_t i = 0; i < 4; i++)
    items[i] = (collector){.name = names[i],
                           .path = names[i],
                           .about = json_loads(about, 0, NULL)};
  const collectors all = {.items = items, .count = 4};
  check(argc == 3, "usage: steps resume DIR | steps minimums N");
  if (!strcmp(argv[1], "resume"))
    resume(argv[2], &all);
  else
    minimums((unsigned)atoi(argv[2]), &all);
  for (size_t i = 0; i < 4; i++)
    json_decref(items[i].about);
  return EXIT_SUCCESS;
}
