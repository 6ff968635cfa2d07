/* actions.c: the table of actions, and the phases in which their weights
 * change.
 */
#include "actions.h"
#include "choice.h"

#define ACTION_ENTRY(NAME, function, weight)                                   \
  {action_##function, weight, "action-" #function},
static const struct {
  void (*act)(actor *a);
  unsigned weight;
  const char *name;
} actions[] = {ACTIONS(ACTION_ENTRY)};
#undef ACTION_ENTRY
enum { ACTION_KINDS = sizeof actions / sizeof actions[0] };
_Static_assert((int)ACTION_KINDS <= (int)ACTIONS_MOST,
               "a source counts all actions");

static void draw_phase(source *s) {
  static const unsigned quarters[] = {0, 1, 4, 4, 4, 16};
  unsigned weights[ACTION_KINDS], sum = 0;
  for (unsigned i = 0; i < ACTION_KINDS; i++) {
    /* A byte string is short: its bytes choose operations only. */
    unsigned factor = s->end ? 4 : quarters[choose(s, 6)];
    weights[i] = actions[i].weight * factor;
    sum += weights[i];
  }
  if (weights[0] + weights[1] == 0) { /* some action must make objects */
    weights[1] = 1 + sum / 8;
    sum += weights[1];
  }
  uint64_t before = 0;
  unsigned at = 0;
  for (unsigned i = 0; i < ACTION_KINDS; i++) {
    before += weights[i];
    for (; at < before * TABLE / sum; at++)
      s->table[at] = (uint8_t)i;
  }
  s->phase = 1000 + (s->end ? 0 : choose(s, 8000));
}

void actions_perform(actor *a) {
  source *s = a->source;
  if (s->phase == 0)
    draw_phase(s);
  s->phase--;
  unsigned kind = s->table[choose(s, TABLE)];
  s->acted[kind]++;
  actions[kind].act(a);
}

void actions_record(wl_thread *t, const source *s) {
  for (unsigned i = 0; i < ACTION_KINDS; i++)
    wl_count(t, actions[i].name, s->acted[i]);
}
