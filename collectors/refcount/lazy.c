/* lazy.c: dead objects are torn down by later allocations (RC_LAZY).
 *
 * An object whose count reaches zero goes on its block's list of free cells
 * with what it refers to, which keeps its counts: nothing that is dropped, a
 * tree or a list of any size, takes longer than one object.  Whoever is given
 * the cell drops these counts then (rc_tear; Weizenbaum, CACM 1963), and that
 * puts the children on the lists of their blocks in turn.  So an allocation
 * drops as many references as were in one cell, memory is touched once for its
 * old object and its new one, and what died together is used again together.
 *
 * What that costs is space: what a dead object refers to is not known to be
 * dead (Boehm, "The Space Cost of Lazy Reference Counting", POPL 2004).  So
 * before a mutator is given a block that nobody has, it cleans one of another
 * size: tears down what is dead in it (freelists.c).
 *
 * What has no block, large objects, is on a list of its own.  Each allocation
 * off the fast path tears down a part of it: the slots of a large array are
 * dropped from the last to the first, and its slot count says how far that is.
 * Where no fast path may be taken (freelists.h), that list is for all.
 *
 * Weak references are cleared and finalizers queued at once, of the object that
 * dies; of what it refers to when that dies, after the teardown.
 *
 * Invariants.  A dead object has lost its weak references and its right to a
 * finalizer; it is referred to by nothing; what it refers to has the counts for
 * that.  After a drain nothing is dead. */
#include "gc.h"
#include "refcount/rc-internal.h"

enum {
  /* What is torn down of the large for a small allocation, in bytes. */
  RC_LAZY_STEP = 4096,
  /* Blocks that are cleaned at first when the heap is full. */
  RC_LAZY_BLOCKS = 1,
};

static struct {
  uint32_t large; /* granule of the first of the dead, linked by their words */
  uint64_t torn;  /* objects, without those whose cells were reused dirty */
} lazy;

void rc_lazy_create(void) {
  memset(&lazy, 0, sizeof lazy);
}

static void bury_large(gc_object *o) {
  o->word = lazy.large;
  lazy.large = space_granule(o);
}

void rc_bury_slow(gc_mutator *m, gc_object *o) {
  if (freelists_entry(freelists_quick, o)->kind)
    freelists_return(&m->cells, o);
  else
    bury_large(o);
}

void freelists_tear(freelists *f, gc_object *dead) {
  gc_mutator *m = (gc_mutator *)((char *)f - offsetof(gc_mutator, cells));
  if (object_slots(dead)) /* or the cell is clean, or as good as that */
    lazy.torn++;
  rc_tear(m, dead);
}

/* Tears down the first of the large, or as much of it as `budget` bytes of
 * slots.  Returns how many that were, its header among them. */
static uint64_t tear_large(gc_mutator *m, uint64_t budget) {
  gc_object *o = space_address(lazy.large);
  uint32_t slots = object_slots(o), left = 0;
  uint64_t most = budget / sizeof *o->slots + 1; /* some progress */
  if (slots > most)
    left = slots - (uint32_t)most;
  lazy.large = o->word;
  for (uint32_t i = slots; i-- > left;)
    if (o->slots[i] && rc_drop(o->slots[i]))
      rc_last(m, o->slots[i]);
  if (left) {
    o->meta -= slots - left - gc_mutant(lazy_child_twice);
    bury_large(o);
  } else {
    rc_cell_free(m, o);
    lazy.torn++;
  }
  return (slots - left + 1) * sizeof *o->slots;
}

void rc_lazy_pay(gc_mutator *m, size_t bytes) {
  /* Where every allocation comes by here it pays for itself. */
  uint64_t budget = bytes;
  if (!freelists_watched() && budget < RC_LAZY_STEP)
    budget = RC_LAZY_STEP;
  for (uint64_t done = 0; lazy.large && done < budget;)
    done += tear_large(m, budget - done);
}

/* Tears down all of the large, and up to `blocks` blocks.  Returns false if
 * there was nothing dead. */
static bool tear_some(gc_mutator *m, uint64_t blocks) {
  bool any = false;
  for (; lazy.large || blocks > 0; any = true) {
    if (lazy.large)
      tear_large(m, UINT64_MAX);
    else if (!freelists_clean(&m->cells, blocks-- == UINT64_MAX))
      break;
  }
  return any;
}

/* Reports what was long enough (RC_CASCADE_TIMED), from `begin` on. */
static void report(gc_mutator *m, uint64_t torn, uint64_t begin) {
  if (lazy.torn - torn < RC_CASCADE_TIMED)
    return;
  m->cascades++;
  m->cascade_freed += lazy.torn - torn;
  rc_report(m->base.heap, GC_PAUSE_CASCADE, begin);
}

gc_object *rc_lazy_obtain(gc_mutator *m, size_t bytes) {
  uint64_t torn = lazy.torn, begin = gc_now_ns();
  gc_object *o = NULL;
  /* No more at once than it takes. */
  for (uint64_t n = RC_LAZY_BLOCKS; !o && tear_some(m, n); n *= 2)
    o = rc_cell_obtain(m, bytes);
  report(m, torn, begin);
  return o;
}

void rc_lazy_drain(gc_mutator *m) {
  uint64_t torn = lazy.torn, begin = gc_now_ns();
  while (tear_some(m, UINT64_MAX))
    continue;
  report(m, torn, begin);
}

uint64_t rc_lazy_torn(void) {
  return lazy.torn;
}

const char *rc_lazy_check(const uint32_t *references) {
  for (uint32_t g = lazy.large; g;) {
    const gc_object *o = space_address(g);
    if (references[g])
      return "a dead object is referred to";
    if (o->meta & (OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET))
      return "a dead object waits for a finalizer or is weakly referred to";
    g = o->word;
  }
  return NULL;
}
