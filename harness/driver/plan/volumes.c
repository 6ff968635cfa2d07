/* volumes.c: see volumes.h. */
#include "volumes.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/base/words.h"
#include "harness/driver/programs/spawn.h"

#include <string.h>

/* Each takes far below a second; a machine may be very busy. */
enum { TIMEOUT = 120 };

/* What the program said, without its name. */
static const char *message_of(const collector *c, const spawn_result *r) {
  const char *said = r->last_words, *prefix = arena_text("%s: ", c->name);
  return strncmp(said, prefix, strlen(prefix)) ? said : said + strlen(prefix);
}

/* Puts what the program says of a workload into the cells. */
static void take_missing(plan *p, const collector *c, const json_t *answer) {
  size_t k;
  json_t *w;
  json_array_foreach(answer, k, w) {
    const char *text = json_string_value(json_object_get(w, "workload"));
    const char *missing = json_string_value(json_object_get(w, "missing"));
    for (size_t i = 0; i < p->cells_count && text && missing; i++) {
      plan_cell *cell = &p->cells[i];
      if (cell->program == c && !strcmp(spec_text(&cell->workload), text))
        cell->missing = arena_text("%s", missing);
    }
  }
}

static bool ask(plan *p, const collector *c, word_list *words) {
  spawn_result r;
  word_list_add(words, NULL);
  spawn_run((char *const *)words->words, SPAWN_STDOUT, TIMEOUT, &r);
  bool mistake = r.end == SPAWN_EXITED && r.code == EXIT_USAGE;
  json_t *answer = json_loadb(r.output, r.output_bytes, 0, NULL);
  if (mistake)
    say("%s", message_of(c, &r));
  else if (spawn_trouble(&r, TIMEOUT))
    say_warning("W-volume", "%s --volume: %s", c->name,
                spawn_trouble(&r, TIMEOUT));
  else
    take_missing(p, c, answer);
  json_decref(answer);
  spawn_result_free(&r);
  return !mistake;
}

static unsigned most_threads(const plan *p) {
  unsigned most = 1;
  for (size_t i = 0; i < p->cells_count; i++)
    if (p->cells[i].threads > most)
      most = p->cells[i].threads;
  return most;
}

/* Whether a parameter of the workload is a file. */
static bool reads_file(const collector *c, const char *workload) {
  size_t i;
  json_t *param;
  json_array_foreach(json_object_get(collector_workload(c, workload), "params"),
                     i, param) {
    if (json_is_true(json_object_get(param, "file")))
      return true;
  }
  return false;
}

/* The workloads of this collector in the plan that are not in `asked` yet. */
static word_list new_workloads(const plan *p, const collector *c,
                               json_t *asked) {
  word_list words = {0};
  word_list_add(&words, c->path);
  word_list_add(&words, "--threads");
  word_list_add(&words, arena_text("%u", most_threads(p)));
  word_list_add(&words, "--seed");
  word_list_add(&words, arena_text("%ju", (uintmax_t)p->seed));
  word_list_add(&words, "--volume");
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *cell = &p->cells[i];
    if (cell->program != c || cell->missing)
      continue;
    const char *text = spec_text(&cell->workload);
    const char *key = reads_file(c, cell->workload.name)
                          ? arena_text("%s %s", text, c->path)
                          : text;
    if (!json_object_get(asked, key))
      word_list_add(&words, text);
    json_object_set_new(asked, key, json_true());
  }
  return words;
}

bool plan_check_volumes(plan *p) {
  json_t *asked = json_object();
  bool good = true;
  for (size_t i = 0; i < p->cells_count && good; i++) {
    const collector *c = p->cells[i].program;
    if (!c || !json_is_true(json_object_get(c->about, "volumes")))
      continue;
    size_t before = json_object_size(asked);
    word_list words = new_workloads(p, c, asked);
    if (json_object_size(asked) > before)
      good = ask(p, c, &words);
  }
  json_decref(asked);
  return good;
}

json_t *volumes_ask(const collector *c, const spec *workload, unsigned threads,
                    uint64_t seed, const char **why) {
  const char *argv[] = {c->path,
                        "--threads",
                        arena_text("%u", threads),
                        "--seed",
                        arena_text("%ju", (uintmax_t)seed),
                        "--volume",
                        spec_text(workload),
                        NULL};
  spawn_result r;
  spawn_run((char *const *)argv, SPAWN_STDOUT, TIMEOUT, &r);
  json_t *list =
      spawn_trouble(&r, TIMEOUT) ? NULL : json_loads(r.output, 0, NULL);
  json_t *volume = json_incref(json_array_get(list, 0));
  if (!volume)
    *why =
        r.end == SPAWN_EXITED && r.code == EXIT_USAGE
            ? arena_text("%s", message_of(c, &r))
            : arena_text("%s --volume: %s", c->name,
                         spawn_trouble(&r, TIMEOUT) ? spawn_trouble(&r, TIMEOUT)
                                                    : "no answer");
  json_decref(list);
  spawn_result_free(&r);
  return volume;
}
