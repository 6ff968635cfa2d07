/* single.c: the actions that are one operation, or little more. */
#include "actions.h"
#include "choice.h"
#include "loans.h"
#include "operands.h"
#include "ownership.h"

/* ------------------------------------------------------------------------- *
 * Allocation and frames.
 * ------------------------------------------------------------------------- */

/* dst <- a new object, or a weak reference or an ephemeron, which is put into a
 * global root as well. */
static executor_result draw_new(actor *a, gc_reg dst) {
  fuzz *f = a->f;
  gc_reg target;
  uint32_t c = choose(a->source, 1000);
  if (c < f->weak && gc_this_collector.can.weak && operand_object(a, &target) &&
      !object_at(a, held_by(a, target))->weak) {
    bool pair = gc_this_collector.can.ephemerons && chance(a->source, 2);
    executor_result result =
        pair ? emit3(a, TRACE_EPHEMERON_NEW, dst, target, operand_register(a))
             : emit2(a, TRACE_WEAK_NEW, dst, target);
    uint32_t g = operand_weak_global(a);
    if (result == PERFORMED && operand_may_store(a, 0, dst))
      emit2(a, TRACE_GLOBAL_STORE, g, dst);
    return result;
  }
  gc_shape shape = choose_shape(a->source);
  return emit_new(a, dst, shape, 1000 - c <= f->finalizable);
}

void action_new_object(actor *a) {
  draw_new(a, operand_owning(a));
}

void action_new_linked(actor *a) {
  gc_reg dst = operand_owning(a), holder;
  uint32_t i;
  if (draw_new(a, dst) == PERFORMED && operand_slot(a, true, &holder, &i) &&
      operand_may_store(a, held_by(a, holder), dst))
    emit3(a, chance(a->source, 2) ? TRACE_STORE : TRACE_STORE_TAKE, holder, i,
          dst);
}

void action_enter(actor *a) {
  if (a->depth == DEPTH_MOST)
    return;
  uint32_t owning = 1 + choose(a->source, 6), borrowing = choose(a->source, 4);
  if (emit2(a, TRACE_ENTER, owning, borrowing) == PERFORMED)
    a->depth++;
}

/* Half the time a result is moved to the first frame before the frame is left.
 */
void action_leave(actor *a) {
  if (a->depth == 0)
    return;
  if (chance(a->source, 2)) {
    shadow_frame f;
    shadow_innermost(a->x.shadow, &f);
    if (f.owning > 0)
      emit2(a, TRACE_MOVE, choose(a->source, BASE_OWNING),
            f.first + choose(a->source, f.owning));
  }
  if (emit1(a, TRACE_LEAVE, 0) == PERFORMED)
    a->depth--;
}

/* ------------------------------------------------------------------------- *
 * Registers and slots.
 * ------------------------------------------------------------------------- */

void action_load(actor *a) {
  gc_reg r, dst = operand_owning(a);
  uint32_t i;
  if (operand_slot(a, false, &r, &i))
    emit3(a, TRACE_LOAD, dst, r, i);
}

/* From an object in an owning register, or in a borrowing one, which makes the
 * way of the loan longer.  Only through slots that no other thread writes. */
void action_borrow(actor *a) {
  gc_reg r, to = operand_kind(a, false);
  uint32_t i;
  if (!loan_can_begin(a, to) || !operand_slot(a, false, &r, &i))
    return;
  shadow_ref holder = held_by(a, r);
  manner way = owner_may_touch(a, holder, false);
  if (way != FREELY && way != OWN_SLOTS)
    return;
  loan l = {.root = 'r', .number = r};
  if (!shadow_is_owning(a->x.shadow, r)) {
    const loan *lent = loan_of(a, r);
    if (!lent || lent->links == LINKS)
      return;
    l = *lent;
  }
  l.to = to;
  l.holder[l.links] = holder;
  l.slot[l.links++] = i;
  if (emit3(a, TRACE_BORROW, to, r, i) == PERFORMED)
    loan_begin(a, l);
}

void action_unborrow(actor *a) {
  if (a->loans_count > 0)
    loan_end(a, choose(a->source, a->loans_count));
}

void action_store(actor *a) {
  gc_reg r, src = operand_register(a);
  uint32_t i;
  if (operand_slot(a, true, &r, &i) && operand_may_store(a, held_by(a, r), src))
    emit3(a, TRACE_STORE, r, i, src);
}

void action_store_take(actor *a) {
  gc_reg r, src = operand_owning(a);
  uint32_t i;
  if (operand_slot(a, true, &r, &i) && operand_may_store(a, held_by(a, r), src))
    emit3(a, TRACE_STORE_TAKE, r, i, src);
}

void action_store_null(actor *a) {
  gc_reg r;
  uint32_t i;
  if (operand_slot(a, true, &r, &i))
    emit2(a, TRACE_STORE_NULL, r, i);
}

void action_copy(actor *a) {
  gc_reg dst = operand_owning(a);
  emit2(a, TRACE_COPY, dst, operand_register(a));
}

void action_move(actor *a) {
  gc_reg dst = operand_owning(a);
  emit2(a, TRACE_MOVE, dst, operand_owning(a));
}

void action_clear(actor *a) {
  emit1(a, TRACE_CLEAR, operand_owning(a));
}

void action_payload(actor *a) {
  gc_reg r;
  if (operand_object(a, &r))
    emit1(a, TRACE_PAYLOAD, r);
}

/* ------------------------------------------------------------------------- *
 * Roots.
 * ------------------------------------------------------------------------- */

void action_global_load(actor *a) {
  uint32_t g = operand_global(a, false);
  emit2(a, TRACE_GLOBAL_LOAD, operand_owning(a), g);
}

void action_global_borrow(actor *a) {
  gc_reg to = operand_kind(a, false);
  if (!loan_can_begin(a, to))
    return;
  uint32_t g = a->f->parallel ? choose(a->source, FROZEN_GLOBALS)
                              : choose(a->source, GC_GLOBALS);
  if (emit2(a, TRACE_GLOBAL_BORROW, to, g) == PERFORMED)
    loan_begin(a, (loan){.to = to, .root = 'g', .number = g});
}

void action_global_store(actor *a) {
  gc_reg src = operand_register(a);
  uint32_t g = operand_global(a, true);
  if (operand_may_store(a, 0, src))
    emit2(a, TRACE_GLOBAL_STORE, g, src);
}

void action_global_clear(actor *a) {
  emit1(a, TRACE_GLOBAL_CLEAR, operand_global(a, true));
}

void action_tls_load(actor *a) {
  gc_reg dst = operand_owning(a);
  emit2(a, TRACE_TLS_LOAD, dst, choose(a->source, GC_TLS));
}

void action_tls_borrow(actor *a) {
  gc_reg to = operand_kind(a, false);
  uint32_t l = choose(a->source, GC_TLS);
  if (loan_can_begin(a, to) && emit2(a, TRACE_TLS_BORROW, to, l) == PERFORMED)
    loan_begin(a, (loan){.to = to, .root = 'l', .number = l});
}

void action_tls_store(actor *a) {
  uint32_t l = choose(a->source, GC_TLS);
  emit2(a, TRACE_TLS_STORE, l, operand_register(a));
}

void action_tls_clear(actor *a) {
  emit1(a, TRACE_TLS_CLEAR, choose(a->source, GC_TLS));
}

/* ------------------------------------------------------------------------- *
 * Weak references, finalizers, collections.
 * ------------------------------------------------------------------------- */

void action_weak_get(actor *a) {
  if (!gc_this_collector.can.weak)
    return;
  if (chance(a->source, 2))
    emit2(a, TRACE_GLOBAL_LOAD, operand_owning(a), operand_weak_global(a));
  for (int tries = 0; tries < 12; tries++) {
    gc_reg r = operand_register(a);
    shadow_ref o = held_by(a, r);
    if (!o || !object_at(a, o)->weak)
      continue;
    manner way = owner_may_touch(a, o, true);
    if (way == FORBIDDEN && owner_of(a, o) != OWNER_FROZEN)
      continue;
    emit_lock(a, way != FREELY);
    gc_reg dst = operand_owning(a);
    emit2(a, object_at(a, o)->ephemeron ? TRACE_EPHEMERON_GET : TRACE_WEAK_GET,
          dst, r);
    if (owner_is_foreign(a, dst))
      emit1(a, TRACE_CLEAR, dst);
    return;
  }
}

void program_finalizer(actor *a, gc_reg r) {
  if (a->f->parallel && !a->f->x.standing) {
    emit1(a, TRACE_CLEAR, r);
    return;
  }
  switch (choose(a->source, 8)) {
  case 0: /* brings the object back (resurrection) */
    if (a->f->parallel)
      owner_hand_over(a, held_by(a, r), TURNS_NOBODY, OWNER_SHARED);
    emit2(a, TRACE_GLOBAL_STORE,
          SHARED_FIRST + choose(a->source, GC_GLOBALS - SHARED_FIRST), r);
    break;
  case 1:
    if (a->f->collections)
      emit1(a, TRACE_COLLECT, 0);
    break;
  case 2: /* allocates */
    emit2(a, TRACE_ENTER, 1, 0);
    emit_new(a, shadow_top(a->x.shadow) - 1, choose_shape(a->source), false);
    emit1(a, TRACE_LEAVE, 0);
    break;
  case 4: /* looks at what it leads to */
    program_look(a, r);
    break;
  case 3: /* keeps the object in its register */
    if (!a->f->parallel)
      return;
    break;
  default:
    break;
  }
  emit1(a, TRACE_CLEAR, r);
}

void action_finalize(actor *a) {
  if (!gc_this_collector.can.finalizers)
    return;
  gc_reg r = operand_owning(a);
  uint64_t before = a->x.counts.handed_out;
  emit1(a, TRACE_FINALIZER_NEXT, r);
  if (a->x.counts.handed_out != before)
    program_finalizer(a, r);
}

/* Mostly as much as a small object has, now and then as much as a large one. */
static uint32_t choose_external(source *s) {
  uint32_t c = choose(s, 256);
  if (c < 200)
    return 1 + choose(s, 256);
  if (c < 250)
    return 1 + choose(s, 8192);
  return 60000u << choose(s, 4);
}

/* Some object, or a new finalizable one, which a finalizer may keep. */
void action_external(actor *a) {
  if (!gc_this_collector.can.external)
    return;
  gc_reg r = operand_owning(a);
  bool made = chance(a->source, 3) &&
              emit_new(a, r, choose_shape(a->source), a->f->finalizable > 0) ==
                  PERFORMED;
  if (made || (operand_object(a, &r) && !object_at(a, held_by(a, r))->weak))
    emit2(a, TRACE_EXTERNAL, r, choose_external(a->source));
}

void action_safepoint(actor *a) {
  emit1(a, TRACE_SAFEPOINT, 0);
}

void action_collect(actor *a) {
  if (a->f->collections)
    emit1(a, TRACE_COLLECT, 0);
}
