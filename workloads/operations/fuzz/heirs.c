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

/* Looks at what register `r` leads to, `depth` links deep at most; with `weaks`
 * through weak references and ephemerons, too. */
static void look(actor *a, gc_reg r, unsigned depth, bool weaks) {
  gc_reg w = depth ? emit_frame(a, 2) : 0;
  if (!w)
    return;
  const shadow_object *o = object_at(a, held_by(a, r));
  uint32_t slots = o->slot_count;
  if (o->weak && weaks) {
    emit2(a, o->ephemeron ? TRACE_EPHEMERON_GET : TRACE_WEAK_GET, w, r);
    if (held_by(a, w))
      look(a, w, depth - 1, weaks);
  }
  for (uint32_t i = 0; i < slots && i < 8; i++) {
    emit3(a, TRACE_LOAD, w, r, i);
    if (held_by(a, w))
      look(a, w, depth - 1, weaks);
  }
  emit1(a, TRACE_LEAVE, 0);
}

void program_look(actor *a, gc_reg r) {
  look(a, r, 3, false);
}

/* A new object to which register `to` alone leads. */
static bool make_plain(actor *a, gc_reg to, bool finalizable) {
  gc_shape shape = {1 + choose(a->source, 3), 8 * choose(a->source, 6)};
  if (chance(a->source, 8)) /* large to some collectors */
    shape.bytes = 8000 + choose(a->source, 20000);
  return emit_new(a, to, shape, finalizable) == PERFORMED;
}

/* dst <- a weak reference or an ephemeron.  The target or key is an object that
 * lives elsewhere, or one that dies at once; nothing else leads to the value.
 * The holder leads to neither: whether what waits for a finalizer keeps a
 * target from dying is up to the collector.  Holders are in the registers from
 * `frame` on, of which `key` and `value` are free for use. */
static bool make_weak(actor *a, gc_reg frame, gc_reg dst, gc_reg key,
                      gc_reg value) {
  gc_reg target = 0;
  bool made = true, elsewhere = !chance(a->source, 4);
  if (elsewhere)
    elsewhere = operand_object(a, &target) && target < frame &&
                !object_at(a, held_by(a, target))->weak;
  if (!elsewhere) {
    target = key;
    made = make_plain(a, key, a->f->finalizable && chance(a->source, 2));
  }
  if (gc_this_collector.can.ephemerons && !chance(a->source, 4))
    made = made && make_plain(a, value, false) &&
           emit3(a, TRACE_EPHEMERON_NEW, dst, target, value) == PERFORMED;
  else
    made = made && emit2(a, TRACE_WEAK_NEW, dst, target) == PERFORMED;
  emit1(a, TRACE_CLEAR, value);
  emit1(a, TRACE_CLEAR, key);
  return made;
}

/* Fills the slots of the finalizable object in register `o`, the first of the
 * frame. */
static void bequeath(actor *a, gc_reg o, gc_reg work) {
  if (a->f->weak && gc_this_collector.can.weak &&
      make_weak(a, o, work, work + 1, work + 2))
    emit3(a, TRACE_STORE_TAKE, o, 0, work);
  if (chance(a->source, 2) && make_plain(a, work, chance(a->source, 2)))
    emit3(a, TRACE_STORE_TAKE, o, 2, work);
}

/* Finalizable objects with heirs die.  Threads that take turns then take what
 * waits and look at it; else the next check does. */
void action_heirs(actor *a) {
  /* Production runtimes hand objects out in the order of their addresses, and
   * a replay would look at others. */
  if (!gc_this_collector.can.finalizers || !a->f->finalizable ||
      gc_this_collector.kind != GC_KIND_MODEL)
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
  /* Before a collection, whether the weak references are cleared depends on
   * when the collector works, and a replay of the trace would take another way.
   */
  bool collected = chance(a->source, 2);
  if (collected)
    action_collect(a);
  else
    make_plain(a, work, false);
  for (uint32_t i = 0; collected && i < 2 * n && !a->f->parallel; i++) {
    uint64_t before = a->x.counts.handed_out;
    emit1(a, TRACE_FINALIZER_NEXT, o);
    if (a->x.counts.handed_out == before)
      break;
    look(a, o, 3, true);
    program_finalizer(a, o);
  }
  emit1(a, TRACE_LEAVE, 0);
}
