/* ephemerons.c: see ephemerons.h. */
#include "common/ephemerons.h"
#include "common/hostile/mutants.h"
#include <pthread.h>

tracked_list ephemerons;
uint32_t *ephemerons_waiting;
ephemerons_counts ephemerons_counted;

static pthread_mutex_t ephemerons_lock = PTHREAD_MUTEX_INITIALIZER;

/* The granule of the first ephemeron that is to be looked at again. */
static uint32_t ephemerons_ready;

static size_t ephemerons_table_bytes(void) {
  return space_bytes / SPACE_GRANULE * sizeof *ephemerons_waiting;
}

void ephemerons_note(gc_object *e) {
  pthread_mutex_lock(&ephemerons_lock);
  bool pushed = object_push(&ephemerons.stack, e);
  pthread_mutex_unlock(&ephemerons_lock);
  if (!pushed) /* it would keep its value for good */
    gc_out_of_memory(NULL, (gc_shape){0, 0});
}

/* ------------------------------------------------------------------------- *
 * Waiting.
 * ------------------------------------------------------------------------- */

static void ephemerons_push(uint32_t *list, gc_object *e) {
  ephemeron_at(e)->next = *list;
  *list = space_granule(e);
}

static gc_object *ephemerons_pop(uint32_t *list) {
  if (!*list)
    return NULL;
  gc_object *e = space_address(*list);
  *list = ephemeron_at(e)->next;
  return e;
}

void ephemerons_wait(const gc_object *o, gc_object *e) {
  ephemerons_push(&ephemerons_waiting[space_granule(o)], e);
}

gc_object *ephemerons_take(const gc_object *o) {
  return ephemerons_pop(&ephemerons_waiting[space_granule(o)]);
}

void ephemerons_wake(const gc_object *o) {
  if (gc_mutant(ephemeron_one_pass))
    return;
  for (gc_object *e; (e = ephemerons_take(o));)
    ephemerons_push(&ephemerons_ready, e);
}

/* Looks at an ephemeron.  Returns the place of its value if that is alive and
 * not null; else lets the ephemeron wait for what was not reached so far. */
static gc_object **ephemerons_settle(gc_object *e, tracked_where where) {
  gc_object *key = ephemeron_at(e)->key;
  ephemerons_counted.visited++;
  if (!key)
    return NULL;
  if (!where(key) && !gc_mutant(ephemeron_strong)) {
    ephemerons_wait(key, e);
    return NULL;
  }
  gc_object *now = where(e);
  if (!now) {
    ephemerons_wait(e, e);
    return NULL;
  }
  ephemeron *pair = ephemeron_at(now);
  return pair->value ? &pair->value : NULL;
}

gc_object **ephemerons_next(tracked_where where) {
  gc_object **place = NULL;
  for (gc_object *e; !place && (e = ephemerons_pop(&ephemerons_ready));)
    place = ephemerons_settle(e, where);
  return place;
}

/* ------------------------------------------------------------------------- *
 * The steps of a collection.
 * ------------------------------------------------------------------------- */

/* The first entry that a collection looks at. */
static size_t ephemerons_first(bool all) {
  return all ? 0 : ephemerons.old;
}

bool ephemerons_begin(tracked_where where, bool all) {
  (void)where;
  if (gc_mutant(young_ephemerons_skipped) && !all)
    ephemerons.old = ephemerons.stack.size;
  size_t first = ephemerons_first(all);
  if (first == ephemerons.stack.size)
    return false;
  if (!ephemerons_waiting)
    ephemerons_waiting = space_table_create(ephemerons_table_bytes());
  if (!ephemerons_waiting)
    gc_out_of_memory(NULL, (gc_shape){0, 0});
  for (size_t i = first; i < ephemerons.stack.size; i++)
    ephemerons_push(&ephemerons_ready, ephemerons.stack.items[i]);
  return true;
}

/* A dead ephemeron is cleared as well: a finalizer may keep it, and by then the
 * key is gone.  Nothing waits for a dead key any more. */
void ephemerons_clear(tracked_where where, bool all) {
  for (size_t i = ephemerons_first(all); i < ephemerons.stack.size; i++) {
    gc_object *now = where(ephemerons.stack.items[i]);
    ephemeron *e = ephemeron_at(now ? now : ephemerons.stack.items[i]);
    if (!e->key || where(e->key) || gc_mutant(ephemeron_strong))
      continue;
    if (!gc_mutant(dead_key_awaited))
      ephemerons_waiting[space_granule(e->key)] = 0;
    ephemerons_counted.cleared++;
    if (!gc_mutant(ephemeron_uncleared))
      e->key = NULL;
    e->value = NULL;
  }
}

/* A cleared ephemeron leaves the list: it stays null. */
void ephemerons_prune(tracked_where where, bool all) {
  size_t kept = ephemerons_first(all);
  ephemerons_counted.visited += ephemerons.stack.size - kept;
  for (size_t i = kept; i < ephemerons.stack.size; i++) {
    gc_object *e = ephemerons.stack.items[i], *now = where(e);
    if (ephemerons_waiting && !gc_mutant(dead_pair_waits))
      ephemerons_waiting[space_granule(e)] = 0;
    if (!now || !ephemeron_at(now)->key)
      continue;
    if (where(ephemeron_at(now)->key))
      ephemeron_at(now)->key = where(ephemeron_at(now)->key);
    ephemerons.stack.items[kept++] = now;
  }
  ephemerons.old = gc_mutant(pairs_old_too_far) ? ephemerons.stack.size : kept;
  ephemerons.stack.size = kept;
  ephemerons_ready = 0;
}

/* ------------------------------------------------------------------------- *
 * The rest.
 * ------------------------------------------------------------------------- */

uint64_t ephemerons_bytes(void) {
  return object_stack_bytes(&ephemerons.stack);
}

void ephemerons_destroy(void) {
  object_stack_free(&ephemerons.stack);
  ephemerons.old = 0;
  ephemerons_counted = (ephemerons_counts){0};
  ephemerons_ready = 0;
  space_table_destroy(ephemerons_waiting, ephemerons_table_bytes());
  ephemerons_waiting = NULL;
}

const char *ephemerons_check(bool (*is)(const gc_object *o),
                             tracked_where where, bool dead_too) {
  if (ephemerons.old > ephemerons.stack.size)
    return "more ephemerons are old than there are";
  for (size_t i = 0; i < ephemerons.stack.size; i++) {
    gc_object *e = ephemerons.stack.items[i];
    if (!is(e) || (e->meta & OBJECT_EPHEMERON) != OBJECT_EPHEMERON)
      return "an ephemeron lacks its flags";
    gc_object *key = ephemeron_at(e)->key, *value = ephemeron_at(e)->value;
    if (dead_too)
      continue;
    if (!where(e) || !key || !where(key))
      return "a dead ephemeron or one with a dead key is listed after a "
             "collection";
    if (value && (!is(value) || !where(value)))
      return "an ephemeron refers to a dead value after a collection";
  }
  return NULL;
}
