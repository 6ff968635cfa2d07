/* lazy.c: dead objects are torn down by later allocations (RC_LAZY), one by
 * each; here is what does that where more must go.
 *
 * An object whose count reaches zero is put on a list with what it refers to,
 * which keeps its counts: nothing that is dropped, a tree or a list of any
 * size, takes longer than one object.  An allocation takes the first of the
 * dead and drops its children, which puts these on the list in turn
 * (refcount.h).  If it is of the same size, the new object takes its place: it
 * is in the cache, and was on no free list.  If not it is freed.
 *
 * What that costs is space: what the dead hold is not known to be free (Boehm,
 * "The Space Cost of Lazy Reference Counting", POPL 2004).  So whoever needs
 * memory that was never used, or not lately, pays first: it tears down as many
 * bytes of the dead as it may get.  The heap grows only by what is alive, or
 * while nothing dead is left.  A large array is torn down in parts: its slots
 * are dropped from the last to the first, and its slot count says how far it
 * is.
 *
 * Invariants.  The dead are linked by their count words.  An object on the list
 * has lost its weak references and its right to a finalizer; it is referred to
 * by nothing; what it refers to has the counts for that. */
#include "gc.h"
#include "refcount/rc-internal.h"

/* What an allocation gets at the most, unless it is larger, when the list of
 * free cells in hand is used up: a run of new ones (freelists.c). */
enum { RC_LAZY_STEP = 4096 };

gc_object *rc_dead_first;

static uint64_t torn; /* objects torn down here, and not by reuse */

/* Tears down the first of the dead, or as much of it as `budget` bytes of
 * slots. Returns how many that were, its header among them. */
static uint64_t tear_first(gc_mutator *m, uint64_t budget) {
  gc_object *o = rc_dead_first;
  uint32_t slots = object_slots(o), left = 0;
  uint64_t most = budget / sizeof *o->slots + 1; /* some progress */
  if (slots > most)
    left = slots - (uint32_t)most;
  rc_dead_first = space_address(o->word);
  rc_give_up(m, o, left, slots);
  if (left) {
    o->meta -= slots - left - gc_mutant(lazy_child_twice);
    rc_bury(o);
  } else {
    rc_cell_free(m, o);
    torn++;
  }
  return (slots - left + 1) * sizeof *o->slots;
}

bool rc_lazy_tear(gc_mutator *m, uint64_t budget) {
  uint64_t before = torn, begin = 0, done = 0;
  while (rc_dead_first != rc_dead_end() && done < budget) {
    done += tear_first(m, budget - done);
    if (!begin && torn - before >= RC_CASCADE_TIMED)
      begin = gc_now_ns();
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
  rc_dead_first = rc_dead_end();
  torn = 0;
}

const char *rc_lazy_check(const uint32_t *references) {
  for (uint32_t g = space_granule(rc_dead_first); g;) {
    const gc_object *o = space_address(g);
    if (references[g])
      return "a dead object is referred to";
    if (o->meta & (OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET))
      return "a dead object waits for a finalizer or is weakly referred to";
    g = o->word;
  }
  return NULL;
}

uint64_t rc_lazy_torn(void) {
  return torn;
}
