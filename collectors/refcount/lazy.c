/* lazy.c: dead objects are torn down by later allocations (RC_LAZY): where one
 * does not find a dead object of its size, and where everything must go.
 *
 * An object whose count reaches zero is put on a list with what it refers to,
 * which keeps its counts: nothing that is dropped, a tree or a list of any
 * size, takes longer than one object.  An allocation takes the first of the
 * dead of its size class and drops its children then, which puts these on the
 * lists in turn (refcount.h).  It drops as many as were in one cell, and the
 * memory that it gets is in the cache when it is initialised.
 *
 * What that costs is space: what a dead object of another size holds is not
 * known to be free (Boehm, "The Space Cost of Lazy Reference Counting", POPL
 * 2004).  So whoever finds no dead object of its size pays before it gets
 * memory that was never used: it tears down dead objects, of whatever size, of
 * as many bytes as it may get.  The heap grows only by what is alive, or while
 * nothing dead is left.  A large array is torn down in parts: its slots are
 * dropped from the last to the first, and its slot count says how far it is.
 *
 * Invariants.  The dead are linked by their count words.  An object on a list
 * has lost its weak references and its right to a finalizer; it is referred to
 * by nothing; what it refers to has the counts for that. */
#include "gc.h"
#include "refcount/rc-internal.h"

/* What an allocation that finds no dead object of its size gets at the most,
 * unless it is larger: a run of new cells (freelists.c). */
enum { RC_LAZY_STEP = 4096 };

uint32_t rc_dead_lists[RC_DEAD_LISTS];

static uint64_t torn; /* objects torn down here, and not by reuse */

/* Tears down the first of a list, or as much of it as `budget` bytes of slots.
 * Returns how many that were, its header among them. */
static uint64_t tear_first(gc_mutator *m, uint32_t *list, uint64_t budget) {
  gc_object *o = space_address(*list);
  uint32_t slots = object_slots(o), left = 0;
  uint64_t most = budget / sizeof *o->slots + 1; /* some progress */
  if (slots > most)
    left = slots - (uint32_t)most;
  *list = o->word;
  for (uint32_t i = slots; i-- > left;)
    if (o->slots[i] && rc_drop(m, o->slots[i]))
      rc_last(m, o->slots[i]);
  if (left) {
    o->meta -= slots - left - gc_mutant(lazy_child_twice);
    o->word = *list;
    *list = space_granule(o);
  } else {
    rc_cell_free(m, o);
    torn++;
  }
  return (slots - left + 1) * sizeof *o->slots;
}

bool rc_lazy_tear(gc_mutator *m, uint64_t budget) {
  uint64_t before = torn, begin = 0, done = 0;
  for (bool any = true; any && done < budget;) {
    any = false;
    for (unsigned kind = 0; kind < RC_DEAD_LISTS; kind++)
      while (rc_dead_lists[kind] && done < budget) {
        any = true;
        done += tear_first(m, &rc_dead_lists[kind], budget - done);
        if (!begin && torn - before >= RC_CASCADE_TIMED)
          begin = gc_now_ns();
      }
  }
  if (begin) {
    m->cascades++;
    m->cascade_freed += torn - before;
    rc_report(m->base.heap, GC_PAUSE_CASCADE, begin);
  }
  return done > 0;
}

void rc_lazy_pay(gc_mutator *m, size_t bytes) {
  /* Where every allocation comes by here it gets no more than it asks for. */
  if (freelists_quick == freelists_table && bytes < RC_LAZY_STEP)
    bytes = RC_LAZY_STEP;
  rc_lazy_tear(m, bytes);
}

void rc_lazy_create(void) {
  memset(rc_dead_lists, 0, sizeof rc_dead_lists);
  torn = 0;
}

const char *rc_lazy_check(const uint32_t *references) {
  for (unsigned kind = 0; kind < RC_DEAD_LISTS; kind++)
    for (uint32_t g = rc_dead_lists[kind]; g;) {
      const gc_object *o = space_address(g);
      if (references[g])
        return "a dead object is referred to";
      if (o->meta & (OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET))
        return "a dead object waits for a finalizer or is weakly referred to";
      if (freelists_entry(freelists_quick, o)->kind != kind)
        return "a dead object is on the list of another size";
      g = o->word;
    }
  return NULL;
}

uint64_t rc_lazy_torn(void) {
  return torn;
}
