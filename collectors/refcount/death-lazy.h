/* death-lazy.h: the dead are put on a list, and later allocations tear them
 * down one by one (lazy.c).
 * The part `death` of a counting collector (parts.h), for threads-one.h and
 * cells-freelists.h only: the list belongs to the heap and has no lock. */
#ifndef REAPMARK_REFCOUNT_DEATH_H
#define REAPMARK_REFCOUNT_DEATH_H

#include "common/space.h"
#include "refcount/parts.h"

/* For the collector's description: dead objects that were torn down and whose
 * place no new object took; parts of large dead objects. */
#define RC_DEATH_EVENTS "torn-down", "torn-in-part",
#define RC_DEATH_WORK   "torn-down", "torn-in-part",

_Static_assert(!RC_SHARED, "the list of the dead has no lock");

/* The first of the dead that are not torn down yet.  Their count words link
 * them. */
extern gc_object *rc_dead_first;

/* The link of the last of the dead: granule 0, where no object is. */
static inline gc_object *rc_dead_end(void) {
  return space_address(0);
}

/* Puts a dead object on the list. */
static inline void rc_bury(gc_object *o) {
  o->word = space_granule(rc_dead_first);
  rc_dead_first = o;
}

static inline void rc_last(gc_mutator *m, gc_object *o) {
  if (gc_likely(!(o->meta & RC_KNOWN))) {
    rc_bury(o);
    return;
  }
  rc_dead(m, o);
}

/* Drops the references in slots `from` to `to` of a dead object that is on no
 * list.  The first of the list is kept in a register meanwhile: every
 * allocation waits for it, since it is the object that the next one takes. */
static inline void rc_give_up(gc_mutator *m, gc_object *o, uint32_t from,
                              uint32_t to) {
  gc_object *first = rc_dead_first;
  for (uint32_t i = from; i < to; i++) {
    gc_object *child = o->slots[i];
    if (!child || !rc_drop(m, child))
      continue;
    if (gc_unlikely(child->meta & RC_KNOWN)) {
      rc_dead_first = first;
      rc_dead(m, child);
      first = rc_dead_first;
      continue;
    }
    child->word = space_granule(first);
    first = child;
  }
  rc_dead_first = first;
}

/* An object with more slots is not reused: rc_death_pay tears it down in parts,
 * so that no allocation takes long. */
enum { RC_REUSE_SLOTS = 64 };

/* Tears down the first of the dead, if there is one.  Returns it if an object
 * of `bytes` fits its cell; otherwise frees it and returns NULL. */
static inline gc_object *rc_reuse(gc_mutator *m, size_t bytes) {
  gc_object *o = rc_dead_first;
  if (o == rc_dead_end())
    return NULL;
  uint32_t slots = object_slots(o);
  if (slots > RC_REUSE_SLOTS)
    return NULL;
  rc_dead_first = space_address(o->word);
  rc_give_up(m, o, gc_mutant(lazy_contents_kept), slots);
  if (gc_likely(rc_cell_fits(o, bytes) || gc_mutant(lazy_misfit))) {
    rc_count_freed(m, 1);
    return o;
  }
  rc_free(m, o);
  return NULL;
}

/* The hooks, in lazy.c. */
void rc_death_create(void);
/* Tears down as many bytes of the dead as the allocation may get. */
void rc_death_pay(gc_mutator *m, size_t bytes);
bool rc_death_make_room(gc_mutator *m, size_t bytes);
/* Tears down all of the dead. */
void rc_death_collect(gc_mutator *m);
size_t rc_death_counters(gc_counter *out, size_t room);
/* Sets RC_CENSUS_DEAD (rc-internal.h) in the word of each dead object, in a
 * table with a word for each granule, which has what refers to the object so
 * far. */
const char *rc_death_check(uint32_t *census);

#endif
