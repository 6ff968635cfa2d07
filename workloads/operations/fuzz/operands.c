/* operands.c: see operands.h. */
#include "operands.h"
#include "choice.h"
#include "loans.h"
#include "ownership.h"

enum { REGISTERS = 40 }; /* the topmost ones, from which operands are drawn */

gc_reg operand_register(actor *a) {
  gc_reg top = shadow_top(a->x.shadow);
  uint32_t n = top < REGISTERS ? top : REGISTERS;
  return top - 1 - choose(a->source, n);
}

/* The first frame has registers of both kinds. */
gc_reg operand_kind(actor *a, bool owning) {
  for (int tries = 0; tries < 4; tries++) {
    gc_reg r = operand_register(a);
    if (shadow_is_owning(a->x.shadow, r) == owning)
      return r;
  }
  return owning ? choose(a->source, BASE_OWNING)
                : BASE_OWNING + choose(a->source, BASE_BORROWING);
}

gc_reg operand_owning(actor *a) {
  return operand_kind(a, true);
}

bool operand_object(actor *a, gc_reg *r) {
  for (int tries = 0; tries < 6; tries++) {
    *r = operand_register(a);
    if (held_by(a, *r))
      return true;
  }
  return false;
}

bool operand_slot_of(actor *a, gc_reg r, bool writes, uint32_t *i) {
  shadow_ref o = held_by(a, r);
  uint32_t n = o ? object_at(a, o)->slot_count : 0;
  if (n == 0)
    return false;
  manner way = owner_may_touch(a, o, writes);
  if (way == OWN_SLOTS) /* so many are this thread's */
    n = (n + a->f->threads - 1 - a->number) / a->f->threads;
  if (way == FORBIDDEN || n == 0)
    return false;
  emit_lock(a, way == LOCKED);
  *i = n < 8 || chance(a->source, 2) ? choose(a->source, n)
       : chance(a->source, 2)        ? n - 1
                                     : 0;
  if (way == OWN_SLOTS)
    *i = *i * a->f->threads + a->number;
  return true;
}

bool operand_slot(actor *a, bool writes, gc_reg *r, uint32_t *i) {
  for (int tries = 0; tries < 6; tries++) {
    *r = operand_register(a);
    if (operand_slot_of(a, *r, writes, i))
      return true;
  }
  return false;
}

bool operand_may_store(actor *a, shadow_ref target, gc_reg src) {
  shadow_ref o = held_by(a, src);
  if (!a->f->parallel || !o || owner_is_public(a, o))
    return true;
  if (owner_of(a, o) != a->number)
    return false;
  if (target &&
      (owner_of(a, target) == a->number || owner_of(a, target) == OWNER_COMMON))
    return true;
  loan_end_all(a); /* they may lead through what is now shared */
  owner_hand_over(a, o, a->number, OWNER_SHARED);
  return true;
}

uint32_t operand_global(actor *a, bool writes) {
  if (!a->f->parallel) {
    uint32_t g = choose(a->source, GC_GLOBALS - COMMON_GLOBALS);
    return g < COMMON_FIRST ? g : g + COMMON_GLOBALS;
  }
  uint32_t g = choose(a->source, GC_GLOBALS - MAIL_GLOBALS - COMMON_GLOBALS);
  if (g < FROZEN_GLOBALS && !writes)
    return g;
  emit_lock(a, true);
  return SHARED_FIRST + g % (GC_GLOBALS - SHARED_FIRST);
}

uint32_t operand_weak_global(actor *a) {
  enum { WEAK_GLOBALS = 12 };
  emit_lock(a, a->f->parallel);
  return GC_GLOBALS - 1 - choose(a->source, WEAK_GLOBALS);
}
