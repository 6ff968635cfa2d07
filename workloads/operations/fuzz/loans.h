/* loans.h: performs operations of the random mutator, and keeps the promises of
 * its borrowing registers (loans): an operation that would take away what keeps
 * a borrowed object alive ends the loan first. */
#ifndef REAPMARK_FUZZ_LOANS_H
#define REAPMARK_FUZZ_LOANS_H

#include "actor.h"

/* Performs an operation, after ending the thread's loans that it would spoil.
 * REFUSED also if it would spoil another thread's loan. */
executor_result fuzz_emit(actor *a, trace_op op);

static inline executor_result emit1(actor *a, trace_kind kind, uint32_t x) {
  return fuzz_emit(a, (trace_op){.kind = (uint8_t)kind, .a = x});
}

static inline executor_result emit2(actor *a, trace_kind kind, uint32_t x,
                                    uint32_t y) {
  return fuzz_emit(a, (trace_op){.kind = (uint8_t)kind, .a = x, .b = y});
}

static inline executor_result emit3(actor *a, trace_kind kind, uint32_t x,
                                    uint32_t y, uint32_t z) {
  return fuzz_emit(a,
                   (trace_op){.kind = (uint8_t)kind, .a = x, .b = y, .c = z});
}

/* dst <- a new object. */
static inline executor_result emit_new(actor *a, gc_reg dst, gc_shape shape,
                                       bool finalizable) {
  return fuzz_emit(a, (trace_op){.kind = TRACE_NEW,
                                 .finalizable = finalizable,
                                 .a = dst,
                                 .b = shape.slots,
                                 .c = shape.bytes});
}

/* Takes the lock if it is needed; act() releases it after the action. */
void emit_lock(actor *a, bool needed);

/* Enters a frame of owning registers, and returns the first; 0 if there is no
 * room for it. */
gc_reg emit_frame(actor *a, uint32_t owning);

/* The loan of borrowing register `r`, or NULL. */
loan *loan_of(actor *a, gc_reg r);

/* Whether register `to` can be lent something. */
bool loan_can_begin(actor *a, gc_reg to);

/* Notes that register `l.to` was lent something, in place of what it held. */
void loan_begin(actor *a, loan l);

/* Ends loan number `i`, or all loans of the thread. */
void loan_end(actor *a, unsigned i);
void loan_end_all(actor *a);

#endif
