/* late.c: the action that gets objects from weak references while a collection
 * is in a late phase.
 *
 * What only a weak reference knows is in no snapshot.  If the program gets such
 * an object while a collector that works in slices marks what is alive, the
 * collector must mark the object and all that it refers to, in whatever phase
 * the collection is: also when the values of ephemerons and what waits for
 * finalizers are marked, which comes last and is over in no time in most
 * programs.  Here these phases have long lists to go through. */
#include "actions.h"
#include "choice.h"
#include "loans.h"
#include "operands.h"

enum { TREES = 6, CHILDREN = 3 };

/* dst <- a list of n objects.  The register after `dst` is free for use. */
static bool make_list(actor *a, gc_reg dst, uint32_t n) {
  gc_shape shape = {1 + choose(a->source, 2), 8 * choose(a->source, 4)};
  emit1(a, TRACE_CLEAR, dst);
  for (; n > 0; n--) {
    if (emit_new(a, dst + 1, shape, false) != PERFORMED)
      return false;
    if (held_by(a, dst))
      emit3(a, TRACE_STORE_TAKE, dst + 1, 0, dst);
    emit2(a, TRACE_MOVE, dst, dst + 1);
  }
  return true;
}

/* Something with a list that a collection marks late: an ephemeron, whose key
 * is in register `key`, is put into `dst`; or a finalizable object dies. */
static bool make_burden(actor *a, gc_reg dst, gc_reg key, gc_reg work) {
  if (!make_list(a, work, 30 + choose(a->source, 100)))
    return false;
  if (gc_this_collector.can.ephemerons && chance(a->source, 2))
    return emit3(a, TRACE_EPHEMERON_NEW, dst, key, work) == PERFORMED;
  if (!gc_this_collector.can.finalizers || !a->f->finalizable)
    return true;
  if (emit_new(a, dst, (gc_shape){1, 8}, true) != PERFORMED)
    return false;
  emit3(a, TRACE_STORE_TAKE, dst, 0, work);
  emit1(a, TRACE_CLEAR, dst);
  return true;
}

/* dst <- a weak reference to a new object with children, to which nothing else
 * refers. */
static bool make_weak_tree(actor *a, gc_reg dst, gc_reg root, gc_reg child) {
  if (emit_new(a, root, (gc_shape){CHILDREN, 8}, false) != PERFORMED)
    return false;
  for (uint32_t i = 0; i < CHILDREN; i++)
    if (emit_new(a, child, (gc_shape){1, 16}, false) == PERFORMED)
      emit3(a, TRACE_STORE_TAKE, root, i, child);
  bool made = emit2(a, TRACE_WEAK_NEW, dst, root) == PERFORMED;
  emit1(a, TRACE_CLEAR, root);
  return made;
}

/* Trees that only weak references know, and a burden; then small objects are
 * made, between which the trees are got one by one, to be kept. */
void action_late(actor *a) {
  /* Whether a tree is still there may depend on what a production runtime finds
   * on the stack, and a replay would look at others. */
  if (!gc_this_collector.can.weak || a->f->weak == 0 ||
      gc_this_collector.kind != GC_KIND_MODEL)
    return;
  gc_reg all = emit_frame(a, 6), kept = all + 1, burden = all + 2;
  gc_reg work = all + 3; /* and two more */
  if (!all)
    return;
  bool room = emit_new(a, all, (gc_shape){TREES, 8}, false) == PERFORMED &&
              emit_new(a, kept, (gc_shape){TREES, 8}, false) == PERFORMED &&
              make_burden(a, burden, kept, work);
  for (uint32_t i = 0; room && i < TREES; i++) {
    room = make_weak_tree(a, work, work + 1, work + 2);
    if (room)
      emit3(a, TRACE_STORE_TAKE, all, i, work);
  }
  uint32_t apart = 1 + choose(a->source, 12);
  for (uint32_t i = 0; room && i < TREES; i++) {
    for (uint32_t k = 0; room && k < apart; k++)
      room = emit_new(a, work, (gc_shape){1, 8}, false) == PERFORMED;
    emit3(a, TRACE_LOAD, work, all, i);
    if (held_by(a, work) &&
        emit2(a, TRACE_WEAK_GET, work + 1, work) == PERFORMED &&
        held_by(a, work + 1))
      emit3(a, TRACE_STORE_TAKE, kept, i, work + 1);
  }
  emit2(a, TRACE_MOVE, choose(a->source, BASE_OWNING), kept);
  emit1(a, TRACE_LEAVE, 0);
}
