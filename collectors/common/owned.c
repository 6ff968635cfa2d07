/* owned.c: see owned.h. */
#include "common/owned.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/space.h"
#include <pthread.h>

owned_list owned;

static pthread_mutex_t owned_lock = PTHREAD_MUTEX_INITIALIZER;

/* Makes room for `room` entries.  `room` is also read without the lock. */
static bool owned_resize(size_t room) {
  owned_block *items = realloc(owned.items, room * sizeof *items);
  if (!items)
    return false;
  owned.items = items;
  __atomic_store_n(&owned.room, room, __ATOMIC_RELAXED);
  return true;
}

static bool owned_grow(void) {
  return !hostile_fails() &&
         owned_resize(owned.room ? 2 * owned.room : STACK_LEAST);
}

bool owned_note(gc_object *owner, void *memory, uint64_t bytes) {
  pthread_mutex_lock(&owned_lock);
  bool noted = owned.size < owned.room || owned_grow();
  if (noted && !gc_mutant(external_forgotten))
    owned.items[owned.size++] = (owned_block){owner, memory, bytes};
  pthread_mutex_unlock(&owned_lock);
  if (!noted)
    space_external_give(memory, bytes);
  return noted;
}

static void owned_give(const owned_block *block) {
  if (!gc_mutant(external_lost))
    space_external_give(block->memory, block->bytes);
  if (gc_mutant(external_given_twice))
    space_external_give(block->memory, block->bytes);
}

/* Gives memory of the list back that is not needed, as object_stack_trim. */
static void owned_trim(void) {
  if (owned.room > STACK_LEAST && owned.size < owned.room / 4)
    owned_resize(owned.room / 2);
}

void owned_prune(tracked_where where, bool all) {
  size_t kept = all ? 0 : owned.old;
  owned.visited += owned.size - kept;
  for (size_t i = kept; i < owned.size; i++) {
    owned_block *block = &owned.items[i];
    gc_object *now = where(block->owner);
    if (!now) {
      owned_give(block);
      continue;
    }
    if (!gc_mutant(external_owner_stale))
      block->owner = now;
    owned.items[kept++] = *block;
  }
  owned.size = owned.old = kept;
  owned_trim();
}

void owned_settle(size_t old, bool (*is_old)(gc_object *o)) {
  while (old < owned.size && is_old(owned.items[old].owner))
    old++;
  owned.old = old;
}

uint64_t owned_bytes(void) {
  return __atomic_load_n(&owned.room, __ATOMIC_RELAXED) * sizeof(owned_block);
}

void owned_destroy(void) {
  for (size_t i = 0; i < owned.size && !gc_mutant(external_outlives); i++)
    space_external_give(owned.items[i].memory, owned.items[i].bytes);
  free(owned.items);
  owned = (owned_list){0};
}

const char *owned_check(bool (*is)(const gc_object *o), tracked_where where,
                        bool dead_too) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < owned.size; i++) {
    gc_object *owner = owned.items[i].owner;
    bytes += owned.items[i].bytes;
    if (!is(owner))
      return "what owns external memory is not an object";
    if (!dead_too && !where(owner))
      return "a dead object owns external memory after a collection";
  }
  if (owned.old > owned.size)
    return "more blocks of external memory are old than there are";
  if (owned.size != external.blocks || bytes != external_held())
    return "external memory is held that no object owns";
  return NULL;
}

const char *owned_check_old(tracked_where where) {
  for (size_t i = 0; i < owned.old; i++)
    if (!where(owned.items[i].owner))
      return "external memory of a young object is listed as that of an old "
             "one";
  return NULL;
}
