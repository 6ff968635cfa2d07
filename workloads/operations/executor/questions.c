/* questions.c: see questions.h. */
#include "questions.h"
#include "inside.h"

#include <inttypes.h>
#include <stdlib.h>

bool question_afford_mark(executor_thread *t) {
  const executor *x = t->x;
  uint64_t price =
      x->mark_steps > QUESTION_DEAR ? x->mark_steps : shadow_end(x->shadow);
  if (t->credit < price)
    return false;
  t->credit -= price;
  return true;
}

void question_marked(executor *x, uint64_t before) {
  x->mark_steps = shadow_steps(x->shadow) - before;
}

bool question_mark_now(executor_thread *t) {
  executor *x = t->x;
  if (!x->standing || !question_afford_mark(t))
    return false;
  uint64_t before = shadow_steps(x->shadow);
  shadow_mark_reachable(x->shadow);
  question_marked(x, before);
  return true;
}

void question_add(executor_questions *list, executor_question q) {
  list->items = grown(list->items, list->count, &list->room, sizeof q);
  list->items[list->count++] = q;
}

void question_answer(executor_thread *t, executor_question q) {
  const executor_past *p = past(t, q.object);
  if (!at(t, q.object)->marked)
    return;
  if (q.kind == QUESTION_CLEARED && q.weak_birth > p->doubt)
    executor_violation(
        t, "weak", q.object,
        "a weak reference to object %" PRIu64 " or an ephemeron of it"
        " was cleared by operation %" PRIu64 ", though the object is alive",
        p->number, q.when);
  if (q.kind == QUESTION_HANDED_OUT)
    executor_violation(t, "finalizer", q.object,
                       "object %" PRIu64
                       " was handed out for finalization in operation %" PRIu64
                       " while alive",
                       p->number, q.when);
}

void question_answer_all(executor_thread *t, executor_questions *list) {
  for (size_t i = 0; i < list->count; i++)
    question_answer(t, list->items[i]);
  list->count = 0;
}

/* Objects in doubt whose references were not followed yet.  `dead`: see
 * question_cast_doubt. */
typedef struct doubts {
  shadow_ref *items;
  size_t count, room;
  bool dead;
  bool complete; /* no object in doubt leads to one that is not */
} doubts;

static void doubt(executor_thread *t, doubts *d, shadow_ref o) {
  executor *x = t->x;
  x->doubted++;
  if (!o || past(t, o)->doubt == t->now || past(t, o)->doubt > x->changed)
    return;
  if (d->dead && at(t, o)->marked) {
    d->complete = false;
    return;
  }
  past(t, o)->doubt = t->now;
  d->items = grown(d->items, d->count, &d->room, sizeof *d->items);
  d->items[d->count++] = o;
}

/* An object in doubt since the last change, and what it leads to, need not be
 * visited again: no reference leads from it to anything else by now, and no
 * weak reference was made since.  Else a list of objects that are handed out
 * one by one would take time by the square of its length.
 *
 * The value of an ephemeron is let go with its key. */
void question_cast_doubt(executor_thread *t, shadow_ref o, bool dead) {
  executor *x = t->x;
  doubts d = {.complete = true};
  if (past(t, o)->doubt > x->changed)
    return;
  past(t, o)->doubt = 0;
  doubt(t, &d, o);
  d.dead = dead;
  while (d.count > 0) {
    const shadow_object *object = at(t, d.items[--d.count]);
    for (uint32_t i = 0; i < object->slot_count; i++)
      doubt(t, &d, object->slots[i]);
    if (object->ephemeron)
      doubt(t, &d, object->value);
    for (shadow_ref e = object->pairs; e; e = at(t, e)->next_pair)
      doubt(t, &d, at(t, e)->value);
  }
  if (!d.complete)
    x->changed = t->now;
  free(d.items);
}
