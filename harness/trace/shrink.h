/* shrink.h: makes a trace that fails as short and simple as it can be and still
 * fails. */
#ifndef REAPMARK_TRACE_SHRINK_H
#define REAPMARK_TRACE_SHRINK_H

#include <stddef.h>

#include "trace.h"

/* Whether these operations fail in the way that matters.  For a failure that
 * does not come every time it tries as often as is worth it. */
typedef bool trace_predicate(void *data, const trace_op *ops, size_t n);

/* What has been reached after some try: `n` operations, or fewer now. */
typedef void trace_progress(void *data, uint64_t tries, size_t n);

typedef struct trace_shrinking {
  trace_predicate *fails;
  trace_progress *progress; /* may be NULL; called when something got less */
  void *data;               /* of both */
  uint64_t most_tries;      /* calls of `fails` at the most */
  /* Asked before each try; true: enough.  May be NULL. */
  bool (*stop)(void *data);
} trace_shrinking;

typedef enum trace_shrunk {
  TRACE_SHRUNK,      /* nothing simpler that is tried here fails */
  TRACE_CUT_OFF,     /* stopped, or tries used up: as far as it came */
  TRACE_DID_NOT_FAIL /* the trace did not fail at the first try */
} trace_shrunk;

/* Shrinks ops[0..*n) in place; *n becomes less.  Deterministic if `fails` is.
 *
 * First operations are left out: the end that is not needed, then by ddmin
 * (Zeller and Hildebrandt, TSE 2002, section 3.2) down to single ones, so that
 * no one operation can be left out in the end.  Then what is left is made
 * simpler: pairs of `enter` and `leave` are left out, all frames become one,
 * threads become one, registers get the lowest numbers, objects fewer slots and
 * bytes, operands lower numbers; and the first part again, until nothing
 * changes.
 *
 * What is tried is always a program that keeps to the rules: operations that
 * are refused in the shorter trace, or would use a borrowed object that nothing
 * keeps alive there, are left out too (walk.h).  If the trace itself fails only
 * with the operations that are refused, these stay, as a replay passes them
 * over.  Lines `dead` and what the collector gave when the trace was recorded
 * are left out: numbers of objects change. */
trace_shrunk trace_shrink(trace_op *ops, size_t *n, const trace_shrinking *how);

#endif
