/* programs.c: the actions that are short programs in which collectors have gone
 * wrong.  They work in a frame of their own, and leave their result in an
 * owning register of the first frame or drop it. */
#include "actions.h"
#include "choice.h"
#include "loans.h"
#include "operands.h"
#include "ownership.h"

enum { DEEP_LIST = 100000 };

/* ------------------------------------------------------------------------- *
 * An object and its own slot.
 * ------------------------------------------------------------------------- */

/* x.f = x; x.f = x.f by load and by borrow; the only register that holds x is
 * taken into x.f; x is loaded from x.f over its only holder. */
void action_itself(actor *a) {
  gc_reg r;
  uint32_t i;
  if (!operand_slot(a, true, &r, &i))
    return;
  switch (choose(a->source, 5)) {
  case 0:
    if (operand_may_store(a, held_by(a, r), r))
      emit3(a, TRACE_STORE, r, i, r);
    break;
  case 1: {
    gc_reg temp = operand_owning(a);
    if (temp == r || emit3(a, TRACE_LOAD, temp, r, i) != PERFORMED)
      break;
    emit3(a, TRACE_STORE, r, i, temp);
    break;
  }
  case 2: {
    gc_reg temp = BASE_OWNING; /* borrowing */
    if (loan_of(a, temp) || emit3(a, TRACE_BORROW, temp, r, i) != PERFORMED)
      break;
    /* The borrowed object stays alive while its own slot is written with it. */
    emit3(a, TRACE_STORE, r, i, temp);
    emit1(a, TRACE_UNBORROW, temp);
    break;
  }
  case 3:
    if (shadow_is_owning(a->x.shadow, r) &&
        operand_may_store(a, held_by(a, r), r))
      emit3(a, TRACE_STORE_TAKE, r, i, r);
    break;
  case 4:
    if (shadow_is_owning(a->x.shadow, r))
      emit3(a, TRACE_LOAD, r, r, i);
    break;
  }
}

/* ------------------------------------------------------------------------- *
 * Rings and lists.
 * ------------------------------------------------------------------------- */

/* Leaves the frame; what is in `result` goes to a register of the first frame,
 * or is dropped. */
static void hand_on(actor *a, gc_reg result) {
  gc_reg dst = choose(a->source, BASE_OWNING);
  if (!chance(a->source, 3))
    emit2(a, TRACE_MOVE, dst, result);
  emit1(a, TRACE_LEAVE, 0);
}

/* dst <- a ring of n objects of one shape, linked by slot 0.  `work` and the
 * register after it are owning and free for use.  False if there was no room.
 */
static bool make_ring(actor *a, gc_reg dst, gc_reg work, uint32_t n) {
  gc_shape shape = {1 + choose(a->source, 3), 8 * choose(a->source, 4)};
  if (chance(a->source, 8)) /* few objects, much memory */
    shape.bytes = 1000 + choose(a->source, 7000);
  bool finalizable = choose(a->source, 1000) < a->f->finalizable;
  if (emit_new(a, work, shape, finalizable) != PERFORMED)
    return false;
  emit2(a, TRACE_COPY, dst, work);
  for (uint32_t i = 1; i < n; i++) {
    if (emit_new(a, work + 1, shape, false) != PERFORMED)
      break;
    emit3(a, TRACE_STORE_TAKE, work + 1, 0, dst);
    emit2(a, TRACE_MOVE, dst, work + 1);
  }
  emit3(a, TRACE_STORE_TAKE, work, 0, dst);
  /* The last object is loaded back, and once more over itself. */
  emit2(a, TRACE_LOAD, dst, work);
  emit3(a, TRACE_LOAD, dst, work, 0);
  return true;
}

void action_ring(actor *a) {
  gc_reg w = emit_frame(a, 3);
  make_ring(a, w, w + 1, choose_length(a->source));
  hand_on(a, w);
}

/* Rings, of which each one's first object refers to the ring before in its last
 * slot. */
void action_chain(actor *a) {
  gc_reg w = emit_frame(a, 4);
  uint32_t n = choose_length(a->source);
  for (uint32_t i = 0; i < n; i++) {
    if (!make_ring(a, w + 1, w + 2, 1 + choose(a->source, 3)))
      break;
    uint32_t last = object_at(a, held_by(a, w + 1))->slot_count - 1;
    if (last > 0)
      emit3(a, TRACE_STORE_TAKE, w + 1, last, w);
    emit2(a, TRACE_MOVE, w, w + 1);
  }
  hand_on(a, w);
}

/* A doubly linked list. */
void action_doubly(actor *a) {
  enum { NEXT, BEFORE };
  gc_reg w = emit_frame(a, 2);
  uint32_t n = choose_length(a->source);
  for (uint32_t i = 0; i < n; i++) {
    if (emit_new(a, w + 1, (gc_shape){2, 8 * choose(a->source, 3)}, false) !=
        PERFORMED)
      break;
    if (held_by(a, w)) {
      emit3(a, TRACE_STORE, w, BEFORE, w + 1);
      emit3(a, TRACE_STORE_TAKE, w + 1, NEXT, w);
    }
    emit2(a, TRACE_MOVE, w, w + 1);
  }
  hand_on(a, w);
}

/* A list becomes a ring: its last object, which a borrowing register holds,
 * gets a reference to the first, or the only one that there is.  The slots of
 * the links and that of the last one are any.  A ring to which the last
 * reference was taken is never touched again. */
void action_borrowed(actor *a) {
  emit2(a, TRACE_ENTER, 2, 2);
  gc_reg w = shadow_top(a->x.shadow) - 4, last = w + 2;
  uint32_t slots = 1 + choose(a->source, 10), n = 1 + choose(a->source, 6);
  uint32_t link = chance(a->source, 2) ? slots - 1 : choose(a->source, slots);
  uint32_t end = chance(a->source, 2) ? slots - 1 : choose(a->source, slots);
  for (uint32_t i = 0; i < n; i++) {
    if (emit_new(a, w + 1, (gc_shape){slots, 8 * choose(a->source, 3)},
                 false) != PERFORMED)
      break;
    emit3(a, TRACE_STORE_TAKE, w + 1, link, w);
    emit2(a, TRACE_MOVE, w, w + 1);
  }
  gc_reg holder = w;
  while (held_by(a, holder) && object_at(a, held_by(a, holder))->slots[link]) {
    emit3(a, TRACE_BORROW, last, holder, link);
    holder = last;
  }
  if (held_by(a, last))
    emit3(a, chance(a->source, 2) ? TRACE_STORE_TAKE : TRACE_STORE, last, end,
          w);
  emit1(a, TRACE_UNBORROW, last);
  hand_on(a, w);
}

void program_list(actor *a, uint32_t n) {
  gc_reg w = emit_frame(a, 2);
  for (uint32_t i = 0; i < n && !a->source->over; i++) {
    if (emit_new(a, w + 1, (gc_shape){1, 8}, false) != PERFORMED)
      break;
    emit3(a, TRACE_STORE_TAKE, w + 1, 0, w);
    emit2(a, TRACE_MOVE, w, w + 1);
  }
  hand_on(a, w);
}

/* How long the longest lists are. */
static uint32_t deepest(const actor *a) {
  uint64_t limit = a->f->run->heap_limit;
  if (a->f->deepest)
    return (uint32_t)a->f->deepest;
  if (a->f->ops < 1000000 || (limit && limit < 1 << 26) ||
      gc_this_collector.can.shallow)
    return 2000;
  return DEEP_LIST;
}

void action_deep(actor *a) {
  uint32_t n = 20 + choose(a->source, 200);
  if (!a->source->end && chance(a->source, 32))
    n = deepest(a);
  program_list(a, n);
}

/* ------------------------------------------------------------------------- *
 * Many references.
 * ------------------------------------------------------------------------- */

/* An object of many slots, each of which holds an object of its own.  The
 * object is small or large by its payload, and to a copying collector every
 * fourth of the others is large.  Some are loaded again after a collection. */
void action_wide(actor *a) {
  gc_reg w = emit_frame(a, 2);
  uint32_t n = 50 + choose(a->source, 500);
  uint32_t bytes = chance(a->source, 2) ? 8 : 8000;
  if (emit_new(a, w, (gc_shape){n, bytes}, false) == PERFORMED) {
    for (uint32_t i = 0; i < n; i++) {
      if (emit_new(a, w + 1, (gc_shape){0, i % 4 ? 8 : 1200}, false) !=
          PERFORMED)
        break;
      emit3(a, TRACE_STORE_TAKE, w, i, w + 1);
    }
    if (chance(a->source, 2)) {
      action_collect(a);
      for (int i = 0; i < 8; i++)
        emit3(a, TRACE_LOAD, w + 1, w, choose(a->source, n));
    }
  }
  hand_on(a, w);
}

/* More references lead to one object than 8 bits count, and in long runs more
 * than 16 bits do; half of them are dropped while the others are held. */
void action_popular(actor *a) {
  gc_reg w = emit_frame(a, 2);
  uint32_t n = 200 + choose(a->source, 200);
  if (!a->source->end && deepest(a) == DEEP_LIST && chance(a->source, 16))
    n = 70000;
  if (emit_new(a, w, (gc_shape){n, 8}, false) == PERFORMED &&
      emit_new(a, w + 1, (gc_shape){1, 8}, false) == PERFORMED) {
    for (uint32_t i = 0; i < n; i++)
      emit3(a, TRACE_STORE, w, i, w + 1);
    for (uint32_t i = 0; i < n / 2; i++)
      emit2(a, TRACE_STORE_NULL, w, i);
  }
  hand_on(a, w);
}

/* Objects of many slots, of which one holds the only reference to the next: the
 * last, or one in the middle. */
void action_sparse(actor *a) {
  gc_reg w = emit_frame(a, 2);
  emit_new(a, w, (gc_shape){1, 8}, false);
  for (uint32_t n = 1 + choose(a->source, 4); n > 0; n--) {
    uint32_t slots = chance(a->source, 4) ? 60 + choose(a->source, 300)
                                          : 8 + choose(a->source, 57);
    gc_shape shape = {slots, 8 * choose(a->source, 3)};
    if (emit_new(a, w + 1, shape, false) != PERFORMED)
      break;
    emit3(a, TRACE_STORE_TAKE, w + 1,
          chance(a->source, 3) ? slots / 2 : slots - 1, w);
    emit2(a, TRACE_MOVE, w, w + 1);
  }
  hand_on(a, w);
}

/* Stores what is in register `r` into an empty slot of a common object, where
 * it stays for long.  `work` is an owning register. */
static void keep(actor *a, gc_reg r, gc_reg work) {
  for (int tries = 0; tries < 8; tries++) {
    uint32_t i;
    emit2(a, TRACE_GLOBAL_LOAD, work,
          COMMON_FIRST + choose(a->source, COMMON_GLOBALS));
    if (!operand_slot_of(a, work, true, &i) ||
        object_at(a, held_by(a, work))->slots[i])
      continue;
    emit3(a, TRACE_STORE, work, i, r);
    return;
  }
}

/* A large graph, if there is room for it: what other actions make is small
 * beside the collector's buffers. */
void action_grow(actor *a) {
  enum { FAN = 32 };
  uint32_t live = (uint32_t)a->f->live;
  if (a->f->x.reachable.objects > live / 2 || a->source->end)
    return;
  gc_reg w = emit_frame(a, 3);
  uint32_t n = live / 16 / FAN + choose(a->source, live / 8 / FAN + 1) + 1;
  bool room = emit_new(a, w, (gc_shape){n, 8}, false) == PERFORMED;
  for (uint32_t i = 0; room && i < n; i++) {
    room = emit_new(a, w + 1, (gc_shape){FAN, 8}, false) == PERFORMED;
    for (uint32_t k = 0; room && k < FAN; k++) {
      gc_shape shape = {choose(a->source, 3), 8 * choose(a->source, 8)};
      room = emit_new(a, w + 2, shape, false) == PERFORMED;
      if (room)
        emit3(a, TRACE_STORE_TAKE, w + 1, k, w + 2);
    }
    if (held_by(a, w + 1))
      emit3(a, TRACE_STORE_TAKE, w, i, w + 1);
  }
  if (held_by(a, w) && !chance(a->source, 4))
    keep(a, w, w + 1);
  hand_on(a, w);
}

/* Frames nested deeply, each with a live register; at the innermost the
 * collector goes on, and on the way back some registers are looked at. */
void action_stack(actor *a) {
  uint32_t n = 20 + choose(a->source, 200);
  if (!a->source->end && chance(a->source, 16))
    n = 1000 + choose(a->source, 4000);
  gc_reg first = emit_frame(a, 2), w = first;
  for (uint32_t i = 1; i < n; i++, w += 2) {
    if (i % 8 == 1)
      emit_new(a, w, (gc_shape){1, 8}, false);
    if (!emit_frame(a, 2))
      break;
    emit2(a, TRACE_COPY, w + 2, w);
    emit2(a, TRACE_MOVE, w + 1, w);
  }
  for (uint32_t i = choose(a->source, 16); i > 0; i--)
    emit_new(a, w, choose_shape(a->source), false);
  action_safepoint(a);
  for (; w > first; w -= 2) {
    if (held_by(a, w - 1) && chance(a->source, 16))
      emit1(a, TRACE_PAYLOAD, w - 1);
    emit1(a, TRACE_LEAVE, 0);
  }
  hand_on(a, first);
}

/* ------------------------------------------------------------------------- *
 * Many weak references, and many finalizable objects.
 * ------------------------------------------------------------------------- */

/* Puts a weak reference to what is in `r` into a global root.  `work` is an
 * owning register. */
static void watch(actor *a, gc_reg r, gc_reg work) {
  if (emit2(a, TRACE_WEAK_NEW, work, r) != PERFORMED)
    return;
  uint32_t g = operand_weak_global(a);
  if (operand_may_store(a, 0, work))
    emit2(a, TRACE_GLOBAL_STORE, g, work);
}

/* Weak references to one object, or to one each, whose targets die or half of
 * them; some are read then.  Or ephemerons, each with a value of its own. */
void action_weaks(actor *a) {
  if (!gc_this_collector.can.weak || a->f->weak == 0)
    return;
  gc_reg weaks = emit_frame(a, 5), targets = weaks + 1, target = weaks + 2;
  gc_reg work = weaks + 3, value = weaks + 4;
  uint32_t n = (chance(a->source, 8) ? 300 : 10) + choose(a->source, 100);
  bool one = chance(a->source, 2);
  bool pairs = gc_this_collector.can.ephemerons && chance(a->source, 2);
  bool room = emit_new(a, weaks, (gc_shape){n, 8}, false) == PERFORMED &&
              emit_new(a, targets, (gc_shape){n, 8}, false) == PERFORMED;
  for (uint32_t i = 0; room && i < n; i++) {
    if (!one && emit_new(a, target, (gc_shape){1, 8}, false) == PERFORMED)
      emit3(a, TRACE_STORE, targets, i, target);
    gc_reg of = one ? targets : target;
    bool finalizable = a->f->finalizable && chance(a->source, 4);
    if (pairs)
      room = emit_new(a, value, (gc_shape){1, 8}, finalizable) == PERFORMED;
    if (room && pairs && chance(a->source, 4))
      watch(a, value, work);
    room = room && (pairs ? emit3(a, TRACE_EPHEMERON_NEW, work, of, value)
                          : emit2(a, TRACE_WEAK_NEW, work, of)) == PERFORMED;
    if (room)
      emit3(a, TRACE_STORE_TAKE, weaks, i, work);
  }
  emit1(a, TRACE_CLEAR, value);
  emit1(a, TRACE_CLEAR, target);
  if (chance(a->source, 2))
    emit1(a, TRACE_CLEAR, targets);
  for (uint32_t i = 0; room && held_by(a, targets) && i < n; i += 2)
    emit2(a, TRACE_STORE_NULL, targets, i);
  if (chance(a->source, 4))
    action_collect(a);
  for (int i = 0; room && i < 8; i++) {
    emit3(a, TRACE_LOAD, work, weaks, choose(a->source, n));
    if (held_by(a, work))
      emit2(a, pairs ? TRACE_EPHEMERON_GET : TRACE_WEAK_GET, target, work);
  }
  if (chance(a->source, 2)) /* some live on without the weak references */
    emit1(a, TRACE_CLEAR, targets);
  else
    emit2(a, TRACE_MOVE, choose(a->source, BASE_OWNING), targets);
  hand_on(a, weaks);
}

/* Finalizable objects that die together, alone or in a list, some with a weak
 * reference to them. */
void action_finalizables(actor *a) {
  if (!gc_this_collector.can.finalizers || a->f->finalizable == 0)
    return;
  gc_reg all = emit_frame(a, 3), o = all + 1, work = all + 2;
  uint32_t n = 20 + choose(a->source, 100);
  bool listed = chance(a->source, 2);
  bool room = emit_new(a, all, (gc_shape){n, 8}, false) == PERFORMED;
  for (uint32_t i = 0; room && i < n; i++) {
    room = emit_new(a, o, (gc_shape){1, 8}, true) == PERFORMED;
    if (!room)
      break;
    if (listed && i > 0 && emit3(a, TRACE_LOAD, work, all, i - 1) == PERFORMED)
      emit3(a, TRACE_STORE, o, 0, work);
    if (a->f->weak && gc_this_collector.can.weak && chance(a->source, 8))
      watch(a, o, work);
    emit3(a, TRACE_STORE_TAKE, all, i, o);
  }
  hand_on(a, all);
}

/* ------------------------------------------------------------------------- *
 * Between threads that run beside each other.
 * ------------------------------------------------------------------------- */

/* Loads and clears one of few frozen objects again and again, while other
 * threads do the same. */
void action_hammer(actor *a) {
  if (!a->f->parallel)
    return;
  gc_reg r = operand_owning(a);
  uint32_t g = choose(a->source, 2);
  for (uint32_t n = 20 + choose(a->source, 100); n > 0; n--) {
    emit2(a, TRACE_GLOBAL_LOAD, r, g);
    emit1(a, TRACE_CLEAR, r);
  }
}

/* Puts a new graph, to which nothing else refers, into a global root, for
 * another thread to take. */
void action_send(actor *a) {
  if (!a->f->parallel)
    return;
  uint32_t g = FROZEN_GLOBALS + choose(a->source, MAIL_GLOBALS);
  gc_reg w = emit_frame(a, 3);
  if (make_ring(a, w, w + 1, choose_length(a->source))) {
    emit1(a, TRACE_CLEAR, w + 1);
    emit_lock(a, true);
    if (!shadow_global(a->f->x.shadow, g)) {
      owner_hand_over(a, held_by(a, w), a->number, OWNER_MAILED);
      emit2(a, TRACE_GLOBAL_STORE, g, w);
    }
  }
  emit1(a, TRACE_LEAVE, 0);
}

void action_receive(actor *a) {
  if (!a->f->parallel)
    return;
  uint32_t g = FROZEN_GLOBALS + choose(a->source, MAIL_GLOBALS);
  gc_reg dst = operand_owning(a);
  emit_lock(a, true);
  if (!shadow_global(a->f->x.shadow, g))
    return;
  emit2(a, TRACE_GLOBAL_LOAD, dst, g);
  emit1(a, TRACE_GLOBAL_CLEAR, g);
  owner_hand_over(a, held_by(a, dst), OWNER_MAILED, a->number);
}

/* Takes the chain in a global root for mail, if there is one, into register
 * `dst`. */
static void take_mail(actor *a, gc_reg dst, uint32_t g) {
  emit_lock(a, a->f->parallel);
  if (!shadow_global(a->f->x.shadow, g) ||
      emit2(a, TRACE_GLOBAL_LOAD, dst, g) != PERFORMED)
    return;
  emit1(a, TRACE_GLOBAL_CLEAR, g);
  if (a->f->parallel)
    owner_hand_over(a, held_by(a, dst), OWNER_MAILED, a->number);
}

/* Puts a new object in front of the chain in a global root, so that its objects
 * are made by different threads in turn; now and then the chain is dropped. */
void action_relay(actor *a) {
  if (a->f->threads == 1)
    return;
  uint32_t g = FROZEN_GLOBALS + choose(a->source, MAIL_GLOBALS);
  gc_reg w = emit_frame(a, 2);
  if (!w)
    return;
  take_mail(a, w + 1, g);
  gc_shape shape = {1 + choose(a->source, 3), 8 * choose(a->source, 4)};
  if (!chance(a->source, 12) && emit_new(a, w, shape, false) == PERFORMED) {
    emit3(a, TRACE_STORE_TAKE, w, shape.slots - 1, w + 1);
    if (a->f->parallel)
      owner_hand_over(a, held_by(a, w), a->number, OWNER_MAILED);
    emit2(a, TRACE_GLOBAL_STORE, g, w);
  }
  emit1(a, TRACE_LEAVE, 0);
}

void program_last_drop(actor *a) {
  for (gc_reg r = 0; r < 3; r++)
    take_mail(a, r, FROZEN_GLOBALS + choose(a->source, MAIL_GLOBALS));
}

/* ------------------------------------------------------------------------- *
 * Ephemerons.
 * ------------------------------------------------------------------------- */

/* The shape of a key or value: one in four is large to most collectors, which
 * may treat large objects apart. */
static gc_shape choose_paired(actor *a) {
  gc_shape shape = choose_shape(a->source);
  if (chance(a->source, 4))
    shape.bytes = (2000u << choose(a->source, 5)) + 8 * choose(a->source, 8);
  return shape;
}

/* Ephemerons of which each value is the key of the next, or the other way
 * round; a value may refer to its key.  They are put into global roots.  The
 * first or the last of the keys and values is handed on or dropped. */
void action_pairs(actor *a) {
  if (!gc_this_collector.can.ephemerons || !a->f->weak)
    return;
  gc_reg key = emit_frame(a, 4), value = key + 1, pair = key + 2;
  gc_reg first = key + 3;
  if (!key)
    return;
  uint32_t n = 1 + choose(a->source, 4);
  bool backwards = chance(a->source, 2), back = chance(a->source, 2);
  bool finalizable = a->f->finalizable && chance(a->source, 4);
  bool made = emit_new(a, key, choose_paired(a), finalizable) == PERFORMED;
  emit2(a, TRACE_COPY, first, key);
  for (uint32_t i = 0; i < n && made; i++) {
    gc_shape shape = choose_paired(a);
    shape.slots += back;
    finalizable = a->f->finalizable && chance(a->source, 4);
    if (emit_new(a, value, shape, finalizable) != PERFORMED)
      break;
    gc_reg from = backwards ? value : key, to = backwards ? key : value;
    if (emit3(a, TRACE_EPHEMERON_NEW, pair, from, to) != PERFORMED)
      break;
    if (back && object_at(a, held_by(a, to))->slot_count > 0)
      emit3(a, TRACE_STORE, to, 0, from);
    uint32_t g = operand_weak_global(a);
    if (operand_may_store(a, 0, pair))
      emit2(a, TRACE_GLOBAL_STORE, g, pair);
    if (!chance(a->source, 4)) /* or another pair of the same key */
      emit2(a, TRACE_MOVE, key, value);
  }
  hand_on(a, chance(a->source, 2) ? first : key);
}

/* What holds the object in owning register `key` lets it go: a register that is
 * cleared or gets something else, a slot, an object that dies with it; or it
 * keeps itself.  `work` is owning and free for use. */
static void let_die(actor *a, gc_reg key, gc_reg work) {
  const gc_shape holder = {1 + choose(a->source, 3), 8};
  const bool slots = object_at(a, held_by(a, key))->slot_count > 0;
  switch (choose(a->source, 5)) {
  case 0:
    emit_new(a, key, choose_shape(a->source), false);
    break;
  case 1:
  case 2:
    if (emit_new(a, work, holder, false) != PERFORMED)
      break;
    emit3(a, TRACE_STORE_TAKE, work, holder.slots - 1, key);
    if (chance(a->source, 2))
      emit2(a, TRACE_STORE_NULL, work, holder.slots - 1);
    emit1(a, TRACE_CLEAR, work);
    break;
  case 3:
    if (slots)
      emit3(a, TRACE_STORE, key, 0, key);
    break;
  default:
    break;
  }
  emit1(a, TRACE_CLEAR, key);
}

/* A key of an ephemeron, finalizable or with a weak reference to it or both,
 * dies; nothing else that the collector has to know of dies with it, so that
 * what is to follow from its death does not follow from another one. */
void action_keyed(actor *a) {
  if (!gc_this_collector.can.ephemerons || !a->f->weak)
    return;
  gc_reg key = emit_frame(a, 5), value = key + 1, pair = key + 2;
  gc_reg watch = key + 3, work = key + 4;
  if (!key)
    return;
  bool finalizable = a->f->finalizable && chance(a->source, 2);
  gc_shape shape = {choose(a->source, 3), 8};
  if (emit_new(a, key, shape, finalizable) == PERFORMED &&
      emit_new(a, value, choose_shape(a->source), false) == PERFORMED &&
      emit3(a, TRACE_EPHEMERON_NEW, pair, key, value) == PERFORMED) {
    emit2(a, TRACE_WEAK_NEW, watch, chance(a->source, 2) ? value : key);
    emit1(a, TRACE_CLEAR, value);
    let_die(a, key, work);
    if (chance(a->source, 4))
      action_collect(a);
    if (chance(a->source, 4))
      emit2(a, TRACE_EPHEMERON_GET, work, pair);
    if (chance(a->source, 4) && held_by(a, watch))
      emit2(a, TRACE_WEAK_GET, work, watch);
    emit1(a, TRACE_CLEAR, work);
  }
  hand_on(a, chance(a->source, 2) ? pair : watch);
}
