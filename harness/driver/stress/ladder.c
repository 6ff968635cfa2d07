/* ladder.c: see ladder.h. */
#include "ladder.h"
#include "harness/base/arena.h"

#include <string.h>

/* What most bugs fall to in the least time: these come first, in this order. */
static const char *const order[] = {
    "plain",  "turns", "collect-7", "buffers-2", "poison-0", "stack",
    "poison", "tight", "heap-100",  "free",      "heap-200", "tight-poison"};
enum { ORDERED = sizeof order / sizeof *order };

/* What a trial costs, about: 30 ms of processor time if it is of those that
 * come first, up to a second for other programs of the random mutator.  What
 * compares costs runs programs of several sizes.  What races executes many
 * instructions one by one, or waits at each.  Sweeps have hundreds of episodes.
 */
typedef enum expense { CHEAP, ORDINARY, COMPARES, RACES, SWEEPS } expense;

/* Whether the condition is the one of this name, with whatever setting if the
 * name has none. */
static bool is_named(const condition *c, const char *name) {
  size_t n = strcspn(c->name, ":");
  return !strcmp(c->name, name) ||
         (strlen(name) == n && !strncmp(c->name, name, n));
}

/* The place of a condition in the order; ORDERED if it has none. */
static size_t place_of(const condition *c) {
  size_t i = 0;
  while (i < ORDERED && !is_named(c, order[i]))
    i++;
  return i;
}

static expense expense_of(const condition *c) {
  if (c->sweep)
    return SWEEPS;
  if (c->run)
    return c->races ? RACES : COMPARES;
  return place_of(c) == ORDERED ? ORDINARY : CHEAP;
}

/* The first rung in which a condition takes part, of the first program or of
 * another one.  Sweeps are long and the same in all rungs: they come in the
 * last.  Conditions with episodes of their own are the same, too, but shorter
 * than the long episodes of the random mutator. */
static size_t rung_of(const condition *c, bool first, bool by_user) {
  if (c->sweep)
    return SIZE_MAX;
  if (c->run)
    return by_user ? 0 : 1 + (size_t)!first;
  return (size_t)!first + (!by_user && place_of(c) == ORDERED);
}

void ladder_add(ladder *l, const campaign *c, const collector *program,
                const json_t *about, bool by_user) {
  subject *sound = arena_take(sizeof *sound), *s = arena_take(sizeof *s);
  const bool first = !l->count;
  *sound = (subject){.name = program->name,
                     .program = program,
                     .options = {.name = program->name},
                     .conditions = condition_expand(&c->conditions, program)};
  *s = *sound;
  s->mutant = entry_text(about, "name");
  s->name = arena_text("%s+%s", program->name, s->mutant);
  s->sound = sound;
  for (size_t i = 0; i < s->conditions.count; i++) {
    const condition *under = s->conditions.items[i];
    l->places = arena_more(l->places, l->count, sizeof *l->places);
    l->places[l->count++] =
        (bug_place){.subject = s,
                    .under = under,
                    .rung = rung_of(under, first, by_user),
                    .once = under->run != NULL,
                    .hinted = is_named(under, entry_text(about, "under"))};
  }
}

void ladder_sort(ladder *l) {
  bug_place *sorted = arena_take((l->count + 1) * sizeof *sorted);
  size_t n = 0;
  for (expense e = CHEAP; e <= SWEEPS; e++)
    for (size_t i = 0; i < l->count; i++)
      if (expense_of(l->places[i].under) == e)
        sorted[n++] = l->places[i];
  l->places = sorted;
}

void ladder_order(condition_list *list) {
  condition_list out = {0};
  for (size_t i = 0; i <= ORDERED; i++)
    for (size_t k = 0; k < list->count; k++)
      if (place_of(list->items[k]) == i)
        condition_list_add(&out, list->items[k]);
  *list = out;
}
