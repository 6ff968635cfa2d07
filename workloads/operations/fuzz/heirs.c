/* heirs.c: the action that aims at what only a dead finalizable object leads
 * to: weak references, ephemerons, other finalizable objects, and what these
 * lead to.  A collector reaches it late, from the queue of finalizers, when it
 * has already decided what is dead; and the program sees it only if a finalizer
 * looks. */
#include "actions.h"
#include "choice.h"
#include "loans.h"
#include "operands.h"
#include "ownership.h"

/* Looks at what register `r` leads to, three links deep at most. */
static void look(actor *a, gc_reg r, unsigned depth) {
  gc_reg w = depth ? emit_frame(a, 2) : 0;
  if (!w)
    return;
  const shadow_object *o = object_at(a, held_by(a, r));
  uint32_t slots = o->slot_count;
  if (o->weak) {
    emit2(a, o->ephemeron ? TRACE_EPHEMERON_GET : TRACE_WEAK_GET, w, r);
    if (held_by(a, w))
      look(a, w, depth - 1);
  }
  for (uint32_t i = 0; i < slots && i < 8; i++) {
    emit3(a, TRACE_LOAD, w, r, i);
    if (held_by(a, w))
      look(a, w, depth - 1);
  }
  emit1(a, TRACE_LEAVE, 0);
}

void program_look(actor *a, gc_reg r) {
  look(a, r, 3);
}

/* A new object to which register `to` alone leads. */
static bool make_plain(actor *a, gc_reg to, bool finalizable) {
  gc_shape shape = {1 + choose(a->source, 3), 8 * choose(a->source, 6)};
  if (chance(a->source, 8)) /* large to some collectors */
    shape.bytes = 8000 + choose(a->source, 20000);
  return emit_new(a, to, shape, finalizable) == PERFORMED;
}

/* dst <- a weak reference or an ephemeron.  The target or key is an object that
 * lives elsewhere, or one that nothing else leads to, or the holder itself;
 * nothing else leads to the value.  `key` and `value` are free for use. */
static bool make_weak(actor *a, gc_reg dst, gc_reg holder, gc_reg key,
                      gc_reg value) {
  gc_reg target = key;
  bool made = true;
  switch (choose(a->source, 4)) {
  case 0:
    made = make_plain(a, key, a->f->finalizable && chance(a->source, 2));
    break;
  case 1:
    target = holder;
    break;
  default:
    if (!operand_object(a, &target) || object_at(a, held_by(a, target))->weak)
      target = holder;
    break;
  }
  if (gc_this_collector.can.ephemerons && !chance(a->source, 4))
    made = made && make_plain(a, value, false) &&
           emit3(a, TRACE_EPHEMERON_NEW, dst, target, value) == PERFORMED;
  else
    made = made && emit2(a, TRACE_WEAK_NEW, dst, target) == PERFORMED;
  emit1(a, TRACE_CLEAR, value);
  if (!chance(a->source, 4)) /* else it is dead from now on */
    emit1(a, TRACE_CLEAR, key);
  else if (held_by(a, key))
    emit3(a, TRACE_STORE_TAKE, holder, 1, key);
  return made;
}

/* Fills the slots of the finalizable object in register `o`. */
static void bequeath(actor *a, gc_reg o, gc_reg work) {
  if (a->f->weak && gc_this_collector.can.weak &&
      make_weak(a, work, o, work + 1, work + 2))
    emit3(a, TRACE_STORE_TAKE, o, 0, work);
  if (chance(a->source, 2) && make_plain(a, work, chance(a->source, 2)))
    emit3(a, TRACE_STORE_TAKE, o, 2, work);
}

/* Finalizable objects with heirs die.  Threads that take turns then take what
 * waits and look at it; else the next check does. */
void action_heirs(actor *a) {
  if (!gc_this_collector.can.finalizers || !a->f->finalizable)
    return;
  gc_reg o = emit_frame(a, 5), work = o + 2;
  if (!o)
    return;
  uint32_t n = 1 + choose(a->source, 6);
  for (uint32_t i = 0; i < n; i++) {
    if (emit_new(a, o, (gc_shape){3 + choose(a->source, 3), 8}, true) !=
        PERFORMED)
      break;
    bequeath(a, o, work);
    if (chance(a->source, 4)) /* it leads to the one before */
      emit3(a, TRACE_STORE, o, 2, o + 1);
    emit2(a, TRACE_MOVE, o + 1, o);
  }
  for (gc_reg r = o; r < o + 5; r++)
    emit1(a, TRACE_CLEAR, r);
  if (chance(a->source, 2))
    action_collect(a);
  else
    make_plain(a, work, false);
  for (uint32_t i = 0; i < 2 * n && !a->f->parallel; i++) {
    uint64_t before = a->x.counts.handed_out;
    emit1(a, TRACE_FINALIZER_NEXT, o);
    if (a->x.counts.handed_out == before)
      break;
    program_look(a, o);
    program_finalizer(a, o);
  }
  emit1(a, TRACE_LEAVE, 0);
}
