/* loans.c: see loans.h. */
#include "loans.h"

/* ------------------------------------------------------------------------- *
 * Loans.
 * ------------------------------------------------------------------------- */

loan *loan_of(actor *a, gc_reg r) {
  for (unsigned i = 0; i < a->loans_count; i++)
    if (a->loans[i].to == r)
      return &a->loans[i];
  return NULL;
}

bool loan_can_begin(actor *a, gc_reg to) {
  return a->loans_count < BORROWS || loan_of(a, to);
}

void loan_begin(actor *a, loan l) {
  loan *old = loan_of(a, l.to);
  if (old)
    *old = l;
  else
    a->loans[a->loans_count++] = l;
}

void loan_end(actor *a, unsigned i) {
  gc_reg to = a->loans[i].to;
  a->loans[i] = a->loans[--a->loans_count];
  emit1(a, TRACE_UNBORROW, to);
}

void loan_end_all(actor *a) {
  while (a->loans_count > 0)
    loan_end(a, a->loans_count - 1);
}

/* Whether the operation of `a` takes away what keeps the object of loan `l` of
 * thread `borrower` alive. */
static bool spoils(const actor *a, const trace_op *op, const actor *borrower,
                   const loan *l) {
  char first = trace_kinds[op->kind].operands[0];
  bool own = a == borrower;
  shadow_frame top;
  switch (op->kind) {
  case TRACE_STORE:
  case TRACE_STORE_TAKE:
  case TRACE_STORE_NULL: {
    shadow_ref holder = held_by(a, op->a);
    for (unsigned i = 0; i < l->links; i++)
      if (l->holder[i] == holder && l->slot[i] == op->b)
        return true;
    return own && op->kind == TRACE_STORE_TAKE && l->root == 'r' &&
           l->number == op->c;
  }
  case TRACE_GLOBAL_STORE:
  case TRACE_GLOBAL_CLEAR:
    return l->root == 'g' && l->number == op->a;
  case TRACE_TLS_STORE:
  case TRACE_TLS_CLEAR:
    return own && l->root == 'l' && l->number == op->a;
  case TRACE_LEAVE:
    return own && shadow_innermost(a->x.shadow, &top) &&
           (l->to >= top.first || (l->root == 'r' && l->number >= top.first));
  case TRACE_MOVE:
    return own && l->root == 'r' && (l->number == op->a || l->number == op->b);
  default:
    return own && first == 'd' && l->root == 'r' && l->number == op->a;
  }
}

/* Ends the loans of `a` that the operation would spoil; false if it would spoil
 * a loan of another thread. */
static bool clear_the_way(actor *a, const trace_op *op) {
  fuzz *f = a->f;
  bool everybody = !f->parallel && trace_kinds[op->kind].operands[0] != 'd';
  for (unsigned n = 0; everybody && n < f->threads; n++) {
    const actor *other = &f->actors[n];
    for (unsigned i = 0; other != a && i < other->loans_count; i++)
      if (spoils(a, op, other, &other->loans[i]))
        return false;
  }
  for (unsigned i = a->loans_count; i-- > 0;)
    if (spoils(a, op, a, &a->loans[i]))
      loan_end(a, i);
  return true;
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

executor_result fuzz_emit(actor *a, trace_op op) {
  fuzz *f = a->f;
  if (!clear_the_way(a, &op))
    return REFUSED;
  uint64_t number = 0;
  if (trace_makes_object(&op))
    number = __atomic_add_fetch(&f->numbers, 1, __ATOMIC_RELAXED);
  executor_result result = executor_perform(&a->x, &op, number);
  if (number && result == REFUSED && !f->parallel)
    f->numbers--; /* the trace does not have the operation */
  if (result == FAILED)
    a->cull = true;
  return result;
}

void emit_lock(actor *a, bool needed) {
  if (needed && !a->x.locked)
    emit1(a, TRACE_LOCK, 0);
}

gc_reg emit_frame(actor *a, uint32_t owning) {
  if (emit2(a, TRACE_ENTER, owning, 0) != PERFORMED)
    return 0;
  return shadow_top(a->x.shadow) - owning;
}
