/* volumes.c: see volumes.h. */
#include "volumes.h"
#include "harness/base/arena.h"
#include "harness/base/capabilities.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/base/words.h"
#include "harness/driver/programs/spawn.h"

#include <stdlib.h>
#include <string.h>

/* Each takes far below a second; a machine may be very busy. */
enum { TIMEOUT = 120 };

/* What the program said, without its name. */
static const char *message_of(const collector *c, const spawn_result *r) {
  const char *said = r->last_words, *prefix = arena_text("%s: ", c->name);
  return strncmp(said, prefix, strlen(prefix)) ? said : said + strlen(prefix);
}

/* ------------------------------------------------------------------------- *
 * Who was asked for what.
 *
 * A workload without a file is asked for once.  Reading a file takes as long as
 * the file says, so one program reads it for all that have the same workload,
 * and says what the workload needs of a collector: whether another program has
 * that, its description tells.
 * ------------------------------------------------------------------------- */

/* Whether a parameter of the workload is a file. */
static bool reads_file(const json_t *described) {
  size_t i;
  json_t *param;
  json_array_foreach(json_object_get(described, "params"), i, param) {
    if (json_is_true(json_object_get(param, "file")))
      return true;
  }
  return false;
}

/* The key of what programs answer alike.  A program that describes the workload
 * in other words may have another workload of that name. */
static const char *shared_key(const plan_cell *c) {
  const json_t *w = collector_workload(c->program, c->workload.name);
  if (!reads_file(w))
    return spec_text(&c->workload);
  char *described = json_dumps(w, JSON_COMPACT | JSON_SORT_KEYS);
  const char *key =
      arena_text("%s %s", spec_text(&c->workload), described ? described : "");
  free(described);
  return key;
}

static const char *own_key(const plan_cell *c) {
  return arena_text("%s\n%s", spec_text(&c->workload), c->program->path);
}

/* Whether the needs that another program told say whether this collector can
 * run the workload.  They do not if its ephemerons may be too weak, which is
 * for the program to judge. */
static bool suffices(const json_t *needs, const collector *c) {
  size_t i;
  json_t *need;
  json_array_foreach(needs, i, need) {
    if (!strcmp(json_string_value(need),
                capability_words[CAPABILITY_EPHEMERONS].name) &&
        collector_can(c, "weak_keys"))
      return false;
  }
  return true;
}

static bool is_of_file(const plan_cell *c) {
  return reads_file(collector_workload(c->program, c->workload.name));
}

/* Whether nothing is left to be asked for the cell.  `asked` has a member for
 * each own key, and by shared keys the array of needs; of a program that tells
 * none, something else. */
static bool is_answered(const json_t *asked, const plan_cell *c) {
  if (json_object_get(asked, own_key(c)))
    return true;
  const json_t *known = json_object_get(asked, shared_key(c));
  return known && (!is_of_file(c) ||
                   (json_is_array(known) && suffices(known, c->program)));
}

/* ------------------------------------------------------------------------- *
 * Answers.
 * ------------------------------------------------------------------------- */

/* Puts what the program says of a workload into the cells, and what the
 * workload needs into `asked`. */
static void take_answer(plan *p, const collector *c, const json_t *answer,
                        json_t *asked) {
  const char *text = json_string_value(json_object_get(answer, "workload"));
  const char *missing = json_string_value(json_object_get(answer, "missing"));
  json_t *needs = json_object_get(answer, "needs");
  for (size_t i = 0; i < p->cells_count && text; i++) {
    plan_cell *cell = &p->cells[i];
    if (cell->program != c || strcmp(spec_text(&cell->workload), text))
      continue;
    if (json_is_array(needs))
      json_object_set(asked, shared_key(cell), needs);
    if (missing)
      cell->missing = arena_text("%s", missing);
  }
}

static bool ask(plan *p, const collector *c, word_list *words, json_t *asked) {
  spawn_result r;
  word_list_add(words, NULL);
  spawn_run((char *const *)words->words, SPAWN_STDOUT, TIMEOUT, &r);
  bool mistake = r.end == SPAWN_EXITED && r.code == EXIT_USAGE;
  json_t *answers = json_loadb(r.output, r.output_bytes, 0, NULL);
  if (mistake)
    say("%s", message_of(c, &r));
  else if (spawn_trouble(&r, TIMEOUT))
    say_warning("W-volume", "%s --volume: %s", c->name,
                spawn_trouble(&r, TIMEOUT));
  else {
    size_t i;
    json_t *answer;
    json_array_foreach(answers, i, answer) take_answer(p, c, answer, asked);
  }
  json_decref(answers);
  spawn_result_free(&r);
  return !mistake;
}

/* What the collector lacks of the needs, in words; NULL: nothing. */
static const char *lacks(const collector *c, const json_t *needs) {
  size_t i;
  json_t *need;
  json_array_foreach(needs, i, need) {
    for (size_t k = 0; k < CAPABILITIES; k++)
      if (!strcmp(json_string_value(need), capability_words[k].name) &&
          !collector_can(c, capability_words[k].name))
        return capability_words[k].needs;
  }
  return NULL;
}

/* Cells of files whose programs were not asked: what they lack. */
static void take_needs(plan *p, const json_t *asked) {
  for (size_t i = 0; i < p->cells_count; i++) {
    plan_cell *c = &p->cells[i];
    if (c->program && !c->missing && is_of_file(c) &&
        !json_object_get(asked, own_key(c)))
      c->missing = lacks(c->program, json_object_get(asked, shared_key(c)));
  }
}

/* ------------------------------------------------------------------------- *
 * Questions.
 * ------------------------------------------------------------------------- */

static unsigned most_threads(const plan *p) {
  unsigned most = 1;
  for (size_t i = 0; i < p->cells_count; i++)
    if (p->cells[i].threads > most)
      most = p->cells[i].threads;
  return most;
}

/* The workloads of this collector in the plan that are to be asked for, which
 * are noted in `asked`. */
static word_list new_workloads(const plan *p, const collector *c,
                               json_t *asked) {
  word_list words = {0};
  for (size_t i = 0; i < p->cells_count; i++) {
    const plan_cell *cell = &p->cells[i];
    if (cell->program != c || cell->missing || is_answered(asked, cell))
      continue;
    word_list_add(&words, spec_text(&cell->workload));
    json_object_set_new(asked, own_key(cell), json_true());
    if (!json_object_get(asked, shared_key(cell)))
      json_object_set_new(asked, shared_key(cell), json_true());
  }
  return words;
}

/* Asks a collector for all that the plan wants of it.  False after a mistake,
 * which was said. */
static bool ask_all(plan *p, const collector *c, json_t *asked) {
  word_list workloads = new_workloads(p, c, asked), words = {0};
  if (!workloads.count)
    return true;
  word_list_add(&words, c->path);
  word_list_add(&words, "--threads");
  word_list_add(&words, arena_text("%u", most_threads(p)));
  word_list_add(&words, "--seed");
  word_list_add(&words, arena_text("%ju", (uintmax_t)p->seed));
  word_list_add(&words, "--volume");
  for (size_t i = 0; i < workloads.count; i++)
    word_list_add(&words, workloads.words[i]);
  return ask(p, c, &words, asked);
}

bool plan_check_volumes(plan *p) {
  json_t *asked = json_object(), *programs = json_object();
  bool good = true;
  for (size_t i = 0; i < p->cells_count && good; i++) {
    const collector *c = p->cells[i].program;
    if (!c || json_object_get(programs, c->path) ||
        !json_is_true(json_object_get(c->about, "volumes")))
      continue;
    json_object_set_new(programs, c->path, json_true());
    good = ask_all(p, c, asked);
  }
  take_needs(p, asked);
  json_decref(programs);
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
