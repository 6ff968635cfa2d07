/* lazy.c: later allocations tear down the dead, one each (death-lazy.h); this
 * file tears down more of them where that is needed.
 *
 * An object whose count reaches zero is put on a list with its references,
 * which keep their counts: dropping a tree or list of any size takes no longer
 * than dropping one object.  An allocation takes the first of the dead and
 * drops its children, some of which die and are put on the list in turn.  If
 * the dead object's cell fits, the new object takes its place: the cell is in
 * the cache, and was on no free list.  If it does not fit, the cell is freed.
 *
 * Laziness costs space, because nobody knows that the memory of what the dead
 * refer to is free (Boehm, "The Space Cost of Lazy Reference Counting", POPL
 * 2004).  So whoever needs memory that was never used, or not lately, pays
 * first, by tearing down as many bytes of the dead as it may get.  The heap
 * grows only by what is alive, or while nothing dead is left.  When the heap is
 * full, all of the dead are torn down at once.  A large array is
 * torn down in parts: its slots are dropped from the last to the first, and its
 * slot count says how many are left.
 *
 * Invariants.  The count words of the dead link them.  An object on the list
 * has lost its weak references and its right to a finalizer; nothing refers to
 * it; the objects it refers to have counts for its references. */
#include "gc.h"
#include "refcount/rc-internal.h"

/* Most bytes that an allocation frees when its allocation buffer is used up,
 * unless the object is larger: as many are carved at once (freelists.c). */
enum { RC_LAZY_STEP = 4096 };

gc_object *rc_dead_first;

static uint64_t torn;  /* objects torn down here, and not by reuse */
static uint64_t parts; /* times that a part of an object was torn down */

/* Tears down the first of the dead, or `budget` bytes of its slots if it has
 * more.  Returns the bytes of the slots torn down and of the header. */
static uint64_t tear_first(gc_mutator *m, uint64_t budget) {
  gc_object *o = rc_dead_first;
  uint32_t slots = object_slots(o), left = 0;
  uint64_t most = budget / sizeof *o->slots + 1; /* always makes progress */
  if (slots > most)
    left = slots - (uint32_t)most;
  rc_dead_first = space_address(o->word);
  rc_give_up(m, o, left, slots);
  if (left) {
    o->meta -= slots - left - gc_mutant(lazy_child_twice) +
               gc_mutant(lazy_child_skipped);
    rc_bury(o);
    parts++;
  } else {
    rc_free(m, o);
    torn++;
  }
  return (slots - left + 1) * sizeof *o->slots;
}

/* Tears down dead objects of up to `budget` bytes in slots and headers. Returns
 * false if there were none. */
static bool tear(gc_mutator *m, uint64_t budget) {
  uint64_t before = torn, begin = 0, done = 0;
  while (rc_dead_first != rc_dead_end() && done < budget) {
    done += tear_first(m, budget - done);
    if (!begin && torn - before >= RC_CASCADE_TIMED)
      begin = gc_now_ns();
  }
  if (begin) {
    m->cascades++;
    m->cascade_freed += torn - before;
    listener_pause_of(GC_PAUSE_CASCADE, "free", begin);
  }
  return done > 0;
}

/* Drops the values of the parted.  A chain of ephemerons may make this function
 * find further keys dead: the outermost call then drops their values. */
static void part(gc_mutator *m) {
  static bool parting;
  if (parting)
    return;
  parting = true;
  while (rc_any_parted()) {
    gc_object *value = rc_parted_value();
    if (rc_drop(m, value))
      rc_last(m, value);
  }
  parting = false;
}

void rc_dead(gc_mutator *m, gc_object *o) {
  if (gc_mutant(lazy_weak_late) || rc_really_dead(o)) {
    if (o->meta & OBJECT_WEAK_REFERENCE)
      rc_weak_unlink(o);
    rc_bury(o);
  } else if (gc_mutant(lazy_value_waits)) {
    return;
  }
  if (rc_any_parted())
    part(m);
}

void rc_death_pay(gc_mutator *m, size_t bytes) {
  /* Where every allocation takes the slow path it gets only what it asks for.
   */
  if (freelists_quick == freelists_table && bytes < RC_LAZY_STEP)
    bytes = RC_LAZY_STEP;
  if (!gc_mutant(lazy_unpaid) &&
      !(gc_mutant(lazy_large_unpaid) && bytes > SIZE_CLASS_MOST) &&
      !(gc_mutant(lazy_small_unpaid) && bytes == RC_LAZY_STEP))
    tear(m, bytes);
}

/* Tears down all of the dead: new objects that took the places of some would
 * each keep a block that the others leave empty, and memory would be refused
 * though most of it is free. */
bool rc_death_make_room(gc_mutator *m, size_t bytes) {
  return tear(m, gc_mutant(lazy_torn_in_part) ? bytes : UINT64_MAX);
}

void rc_death_collect(gc_mutator *m) {
  tear(m, UINT64_MAX);
}

void rc_death_create(void) {
  rc_dead_first = rc_dead_end();
  torn = parts = 0;
}

const char *rc_death_check(uint32_t *census) {
  for (uint32_t g = space_granule(rc_dead_first); g;) {
    const gc_object *o = space_address(g);
    if (census[g] & RC_CENSUS_DEAD)
      return "a dead object waits twice to be torn down";
    if (census[g])
      return "a dead object is referred to, or free";
    census[g] |= RC_CENSUS_DEAD;
    if (o->meta & (OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET))
      return "a dead object waits for a finalizer or is weakly referred to";
    g = o->word;
  }
  return NULL;
}

size_t rc_death_counters(gc_counter *out, size_t room) {
  const gc_counter all[] = {{"torn-down", torn}, {"torn-in-part", parts}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}
