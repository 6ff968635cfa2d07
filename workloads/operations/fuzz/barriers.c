/* barriers.c: the actions that aim at write barriers, read barriers of weak
 * references, and scanned roots: after each of them an object is held by one
 * reference alone, in a place that the collector may believe it has seen. */
#include "actions.h"
#include "choice.h"
#include "loans.h"
#include "operands.h"
#include "ownership.h"

/* Allocates, so that the collector goes on: mostly a little, sometimes as much
 * as fills a small nursery.  `work` is an owning register. */
static void churn(actor *a, gc_reg work) {
  uint32_t n = choose(a->source, 24);
  uint32_t bytes = chance(a->source, 4) ? 4000 : 8 * choose(a->source, 16);
  for (uint32_t i = 0; i < n; i++)
    if (emit_new(a, work, (gc_shape){choose(a->source, 3), bytes}, false) !=
        PERFORMED)
      return;
}

/* Whether register `r` holds an object with a slot number `i` that may be
 * stored to. */
static bool has_slot(const actor *a, gc_reg r, uint32_t i) {
  shadow_ref o = held_by(a, r);
  return o && i < object_at(a, o)->slot_count &&
         owner_may_touch(a, o, true) == FREELY;
}

/* ------------------------------------------------------------------------- *
 * Load and null.
 * ------------------------------------------------------------------------- */

/* What becomes of the object in owning register `r`: it is stored somewhere
 * else, kept in a register, or dropped. */
static void place(actor *a, gc_reg r) {
  gc_reg holder;
  uint32_t i;
  switch (choose(a->source, 4)) {
  case 0:
    if (operand_slot(a, true, &holder, &i) &&
        operand_may_store(a, held_by(a, holder), r))
      emit3(a, TRACE_STORE_TAKE, holder, i, r);
    break;
  case 1:
    emit1(a, TRACE_CLEAR, r);
    break;
  default:
    break;
  }
}

/* dst <- obj.slot[i]; obj.slot[i] <- null, or a new object, or what the object
 * that was there refers to.  A collector that marks from a snapshot has seen
 * the roots already, and has to be told of what the slot held (Yuasa 1990).
 * `work` is an owning register, and free for use. */
static void pull(actor *a, gc_reg dst, gc_reg obj, uint32_t i, gc_reg work) {
  if (emit3(a, TRACE_LOAD, dst, obj, i) != PERFORMED)
    return;
  uint32_t how = choose(a->source, 4);
  if (how == 0 &&
      emit_new(a, work, choose_shape(a->source), false) == PERFORMED &&
      operand_may_store(a, held_by(a, obj), work))
    emit3(a, TRACE_STORE_TAKE, obj, i, work);
  else if (how == 1 && has_slot(a, dst, 0) &&
           emit3(a, TRACE_LOAD, work, dst, 0) == PERFORMED)
    emit3(a, TRACE_STORE, obj, i, work);
  else
    emit2(a, TRACE_STORE_NULL, obj, i);
}

/* Takes an object out of a slot, so that a register alone holds it.  The
 * registers of a new frame were null when the roots were last scanned. */
void action_pull(actor *a) {
  gc_reg obj;
  uint32_t i;
  bool found = false;
  for (int tries = 0; tries < 4 && !found; tries++)
    found = operand_slot(a, true, &obj, &i) &&
            object_at(a, held_by(a, obj))->slots[i];
  gc_reg w = found ? emit_frame(a, 3) : 0;
  if (!w)
    return;
  pull(a, w, obj, i, w + 2);
  churn(a, w + 2);
  /* What it leads to is taken out as well, link by link. */
  for (uint32_t n = choose(a->source, 3); n > 0 && has_slot(a, w, 0); n--) {
    pull(a, w + 1, w, 0, w + 2);
    emit2(a, TRACE_MOVE, w, w + 1);
    churn(a, w + 2);
  }
  if (held_by(a, w))
    emit1(a, TRACE_PAYLOAD, w);
  gc_reg dst = choose(a->source, BASE_OWNING);
  emit2(a, TRACE_MOVE, dst, w);
  emit1(a, TRACE_LEAVE, 0);
  place(a, dst);
}

/* Moves what an object refers to into a new one, one reference after the other,
 * while the collector goes on. */
void action_transplant(actor *a) {
  enum { MOVED = 64 };
  gc_reg old = 0;
  uint32_t i, slots = 0;
  for (int tries = 0; tries < 8 && slots < 4; tries++)
    slots = operand_slot(a, true, &old, &i) && has_slot(a, old, 0)
                ? object_at(a, held_by(a, old))->slot_count
                : 0;
  gc_reg w = slots < 4 ? 0 : emit_frame(a, 3);
  if (!w)
    return;
  gc_reg new = w, moved = w + 1, work = w + 2;
  uint32_t n = slots < MOVED ? slots : MOVED;
  if (emit_new(a, new, (gc_shape){n, 8}, false) == PERFORMED)
    for (i = 0; i < n; i++) {
      emit3(a, TRACE_LOAD, moved, old, i);
      emit2(a, TRACE_STORE_NULL, old, i);
      emit3(a, TRACE_STORE_TAKE, new, i, moved);
      if (chance(a->source, 8))
        churn(a, work);
    }
  emit2(a, TRACE_MOVE, choose(a->source, BASE_OWNING), new);
  emit1(a, TRACE_LEAVE, 0);
}

/* A weak reference gives an object that nothing else has held for a while, and
 * that is held from then on. */
void action_revive(actor *a) {
  if (!gc_this_collector.can.weak || a->f->weak == 0)
    return;
  gc_reg w = emit_frame(a, 3);
  gc_reg target = w, weak = w + 1, work = w + 2;
  gc_shape shape = {1 + choose(a->source, 4), 8 * choose(a->source, 4)};
  if (emit_new(a, target, shape, false) == PERFORMED &&
      emit_new(a, work, (gc_shape){1, 8}, false) == PERFORMED) {
    emit3(a, TRACE_STORE_TAKE, target, shape.slots - 1, work);
    if (emit2(a, TRACE_WEAK_NEW, weak, target) == PERFORMED) {
      emit1(a, TRACE_CLEAR, target);
      churn(a, work);
      emit2(a, TRACE_WEAK_GET, target, weak);
      churn(a, work);
      if (held_by(a, target)) {
        emit3(a, TRACE_LOAD, work, target, shape.slots - 1);
        emit1(a, TRACE_PAYLOAD, target);
      }
    }
  }
  emit2(a, TRACE_MOVE, choose(a->source, BASE_OWNING), target);
  emit1(a, TRACE_LEAVE, 0);
}

/* ------------------------------------------------------------------------- *
 * Common objects: wide, old, and each slot is one thread's.
 * ------------------------------------------------------------------------- */

void program_commons(actor *a) {
  fuzz *f = a->f;
  gc_reg r = emit_frame(a, 1);
  for (uint32_t g = 0; g < COMMON_GLOBALS; g++) {
    if (shadow_global(f->x.shadow, COMMON_FIRST + g) && !chance(a->source, 16))
      continue;
    uint32_t slots = f->threads * (1 + choose(a->source, 60));
    if (chance(a->source, 8)) /* more than fit into a block */
      slots = 300 + choose(a->source, 3000);
    if (slots > f->live / COMMON_GLOBALS)
      slots = 1 + (uint32_t)f->live / COMMON_GLOBALS;
    if (emit_new(a, r, (gc_shape){slots, 8 * choose(a->source, 8)}, false) !=
        PERFORMED)
      break;
    owner_set(a, held_by(a, r), OWNER_COMMON);
    emit2(a, TRACE_GLOBAL_STORE, COMMON_FIRST + g, r);
  }
  emit1(a, TRACE_LEAVE, 0);
}

void program_last_store(actor *a) {
  gc_reg common = emit_frame(a, 2), young = common + 1;
  for (uint32_t g = COMMON_FIRST; g < SHARED_FIRST; g++) {
    uint32_t i;
    emit2(a, TRACE_GLOBAL_LOAD, common, g);
    if (operand_slot_of(a, common, true, &i) &&
        emit_new(a, young, (gc_shape){1, 8}, false) == PERFORMED)
      emit3(a, TRACE_STORE_TAKE, common, i, young);
  }
  emit1(a, TRACE_LEAVE, 0);
}

/* Finds a slot of the common object in register `r` which is the thread's and
 * holds an object that leads to another. */
static bool find_leading(actor *a, gc_reg r, uint32_t *i) {
  if (!operand_slot_of(a, r, true, i))
    return false;
  const shadow_object *common = object_at(a, held_by(a, r));
  for (; *i < common->slot_count; *i += a->f->threads) {
    const shadow_object *o =
        common->slots[*i] ? object_at(a, common->slots[*i]) : NULL;
    for (uint32_t k = 0; o && k < o->slot_count && k < 8; k++)
      if (o->slots[k])
        return true;
  }
  return false;
}

void program_last_moves(actor *a) {
  gc_reg common = emit_frame(a, 2), moved = common + 1;
  for (uint32_t n = 0; n < 4 * COMMON_GLOBALS; n++) {
    uint32_t from, to;
    emit2(a, TRACE_GLOBAL_LOAD, common, COMMON_FIRST + n % COMMON_GLOBALS);
    if (!find_leading(a, common, &from) ||
        !operand_slot_of(a, common, true, &to))
      continue;
    emit3(a, TRACE_LOAD, moved, common, from);
    emit2(a, TRACE_STORE_NULL, common, from);
    emit3(a, TRACE_STORE_TAKE, common, to, moved);
  }
  emit1(a, TRACE_LEAVE, 0);
}

/* Some accesses to slots of a common object: mostly, a new object is stored and
 * nothing else refers to it; or what is there is taken out. */
void action_common(actor *a) {
  gc_reg w = emit_frame(a, 4);
  gc_reg common = w, young = w + 1, work = w + 2, kept = w + 3;
  emit2(a, TRACE_GLOBAL_LOAD, common,
        COMMON_FIRST + choose(a->source, COMMON_GLOBALS));
  for (uint32_t n = 1 + choose(a->source, 6); n > 0; n--) {
    uint32_t i;
    if (!operand_slot_of(a, common, true, &i))
      break;
    switch (choose(a->source, 5)) {
    case 0:
    case 1: {
      gc_shape shape = {1 + choose(a->source, 3), 8 * choose(a->source, 6)};
      if (emit_new(a, young, shape, false) != PERFORMED)
        break;
      if (chance(a->source, 2) && /* young refers to young */
          emit_new(a, work, shape, false) == PERFORMED)
        emit3(a, TRACE_STORE_TAKE, young, shape.slots - 1, work);
      emit3(a, TRACE_STORE_TAKE, common, i, young);
      churn(a, work);
      break;
    }
    case 2: /* into the old object there */
      if (emit3(a, TRACE_LOAD, young, common, i) == PERFORMED &&
          emit_new(a, work, (gc_shape){1, 8}, false) == PERFORMED &&
          has_slot(a, young, 0)) {
        emit3(a, chance(a->source, 2) ? TRACE_STORE_TAKE : TRACE_STORE, young,
              object_at(a, held_by(a, young))->slot_count - 1, work);
        emit1(a, TRACE_CLEAR, young);
        churn(a, work);
      }
      break;
    case 3:
      pull(a, kept, common, i, work);
      churn(a, work);
      if (held_by(a, kept))
        emit1(a, TRACE_PAYLOAD, kept);
      break;
    case 4:
      emit3(a, TRACE_LOAD, kept, common, i);
      break;
    }
  }
  emit2(a, TRACE_MOVE, choose(a->source, BASE_OWNING), kept);
  emit1(a, TRACE_LEAVE, 0);
}
