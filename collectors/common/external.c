/* external.c: see external.h. */
#include "common/external.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include <pthread.h>
#include <search.h>
#include <stdlib.h>

external_figures external;
uint64_t external_seen = 1;

enum { EXTERNAL_PAGE = 4096 };

gc_external_usage gc_heap_external(gc_heap *heap) {
  (void)heap;
  return (gc_external_usage){external.held, external.peak, external.blocks};
}

static void external_note_peak(uint64_t held) {
  uint64_t peak = atomic_load(&external.peak);
  while (held > peak &&
         !atomic_compare_exchange_weak(&external.peak, &peak, held))
    continue;
}

void external_count_taken(void *block, uint64_t bytes) {
  volatile char *touched = block; /* nothing reads what is written */
  for (uint64_t i = 0; i < bytes; i += EXTERNAL_PAGE)
    touched[i] = 1;
  external_note_peak(atomic_fetch_add(&external.held, bytes) + bytes);
  external.blocks++;
  external.added += gc_mutant(external_unpaced) ? 0 : bytes;
  external.taken++;
}

void external_count_given(uint64_t bytes) {
  external.held -= bytes;
  external.blocks--;
  external.given++;
}

void *external_take(size_t head, uint64_t bytes) {
  char *p = hostile_fails() ? NULL : malloc(head + bytes);
  if (p)
    external_count_taken(p + head, bytes);
  return p;
}

void external_give(void *head, uint64_t bytes) {
  external_count_given(bytes);
  free(head);
}

/* ------------------------------------------------------------------------- *
 * The blocks of an object.
 * ------------------------------------------------------------------------- */

const external_source external_malloc = {malloc, free};

struct external_block {
  external_block *next;
  uint64_t bytes;
};

bool external_add(external_block **blocks, uint64_t bytes,
                  const external_source *from) {
  external_block *b = from->allocate(sizeof *b + bytes);
  if (!b)
    return false;
  external_count_taken(b + 1, bytes);
  *b = (external_block){*blocks, bytes};
  *blocks = b;
  return true;
}

void external_give_all(external_block **blocks, const external_source *to) {
  for (external_block *b = *blocks, *next; b; b = next) {
    next = b->next;
    external_count_given(b->bytes);
    to->release(b);
  }
  *blocks = NULL;
}

/* ------------------------------------------------------------------------- *
 * The table of owners.
 * ------------------------------------------------------------------------- */

typedef struct external_owner {
  const void *address; /* what entries are compared by */
  external_block *blocks;
} external_owner;

static void *external_owners; /* of tsearch */
static pthread_mutex_t external_lock = PTHREAD_MUTEX_INITIALIZER;

static int external_compare(const void *a, const void *b) {
  uintptr_t x = (uintptr_t)((const external_owner *)a)->address;
  uintptr_t y = (uintptr_t)((const external_owner *)b)->address;
  return (x > y) - (x < y);
}

/* The entry of an owner, made if there is none; NULL without memory. */
static external_owner *external_owner_of(const void *owner) {
  external_owner key = {.address = owner};
  void *found = tfind(&key, &external_owners, external_compare);
  if (found)
    return *(external_owner **)found;
  external_owner *entry = calloc(1, sizeof *entry);
  if (!entry)
    return NULL;
  entry->address = owner;
  if (tsearch(entry, &external_owners, external_compare))
    return entry;
  free(entry);
  return NULL;
}

bool external_own(const void *owner, uint64_t bytes,
                  const external_source *from) {
  pthread_mutex_lock(&external_lock);
  external_owner *entry = external_owner_of(owner);
  bool added = entry && external_add(&entry->blocks, bytes, from);
  pthread_mutex_unlock(&external_lock);
  return added;
}

void external_disown(const void *owner, const external_source *to) {
  external_owner key = {.address = owner}, *entry = NULL;
  pthread_mutex_lock(&external_lock);
  void *found = tfind(&key, &external_owners, external_compare);
  if (found) {
    entry = *(external_owner **)found;
    tdelete(&key, &external_owners, external_compare);
  }
  pthread_mutex_unlock(&external_lock);
  if (entry)
    external_give_all(&entry->blocks, to);
  free(entry);
}

void external_reset(void) {
  external.peak = external.held;
  external.added = external.kept = 0;
  external.taken = external.given = external.due = 0;
}
