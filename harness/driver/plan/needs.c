/* needs.c: which collectors a run needs, told before any collector is built. */
#include "needs.h"
#include "harness/base/arena.h"
#include "harness/base/spec.h"
#include "suite.h"

#include <string.h>

/* Adds the name of a collector that is given with options or without. */
static void need(word_list *out, const char *word) {
  const char *name = arena_text("%.*s", (int)strcspn(word, ":"), word);
  if (!word_list_has(out, name))
    word_list_add(out, name);
}

static void need_side(word_list *out, const suite_side *side) {
  if (side && side->collector)
    need(out, side->collector);
}

static void need_suite(word_list *out, const suite *s) {
  for (unsigned i = 0; i < s->collectors_count; i++)
    need(out, s->collectors[i]);
  for (unsigned i = 0; i < s->cells_count; i++)
    for (unsigned k = 0; k < s->cells[i].collectors_count; k++)
      need(out, s->cells[i].collectors[k]);
  for (unsigned i = 0; i < s->targets_count; i++) {
    need_side(out, &s->targets[i].cell);
    need_side(out, s->targets[i].over);
    need_side(out, s->targets[i].by_hand);
  }
}

/* Whether some cell has no collectors of its own. */
static bool has_open_cell(const suite *s) {
  bool open = false;
  for (unsigned i = 0; i < s->cells_count; i++)
    open |= !s->cells[i].collectors_count;
  return open && !s->collectors_count;
}

bool needs_of_request(const plan_request *request, word_list *out) {
  *out = (word_list){0};
  word_list named = {0};
  if (request->collectors)
    named = words_split(request->collectors);
  for (size_t i = 0; i < named.count; i++)
    need(out, named.words[i]);
  bool open = request->workloads && !request->suite;
  if (!open) {
    const char *path =
        discover_suite(request->suite ? request->suite : "quick");
    const suite *s = path ? suite_load(path) : NULL;
    if (!s)
      return false;
    need_suite(out, s);
    open = has_open_cell(s);
  }
  need(out, PLAN_CANARY_COLLECTOR);
  if (open && !named.count)
    need(out, "models");
  return true;
}

void needs_of_plan(const plan *p, word_list *out) {
  *out = (word_list){0};
  for (size_t i = 0; i < p->cells_count; i++)
    need(out, p->cells[i].options.name);
}
