/* shrink.h: makes a failing trace as short and simple as possible, so that it
 * still fails. */
#ifndef REAPMARK_TRACE_SHRINK_H
#define REAPMARK_TRACE_SHRINK_H

#include <stddef.h>

#include "trace.h"

/* Whether these operations fail in the way that matters.  If the failure does
 * not come every time, the function repeats them as often as it thinks
 * worthwhile. */
typedef bool trace_predicate(void *data, const trace_op *ops, size_t n);

/* Reports the state after some tries: `n` operations are left, or simpler
 * ones. */
typedef void trace_progress(void *data, uint64_t tries, size_t n);

typedef struct trace_shrinking {
  trace_predicate *fails;
  trace_progress *progress; /* may be NULL; called whenever the trace became
                               shorter or simpler */
  void *data;               /* passed to both functions */
  uint64_t most_tries;      /* the most calls of `fails` */
  /* Called before each try; true ends the shrinking.  May be NULL. */
  bool (*stop)(void *data);
} trace_shrinking;

typedef enum trace_shrunk {
  TRACE_SHRUNK,      /* no simpler trace that was tried fails */
  TRACE_CUT_OFF,     /* stopped, or no tries left: the result so far */
  TRACE_DID_NOT_FAIL /* the trace did not fail at the first try */
} trace_shrunk;

/* Shrinks ops[0..*n) in place; *n becomes smaller.  Deterministic if `fails`
 * is.
 *
 * First, operations are left out: the end of the trace that is not needed,
 * then parts by ddmin (Zeller and Hildebrandt, TSE 2002, section 3.2) down to
 * single operations, until no single operation can be left out.  Then the rest
 * is made simpler: pairs of `enter` and `leave` are left out; all frames
 * become one, and all threads become one; registers, slots and roots get the
 * lowest numbers; objects get fewer slots and bytes, and single operands
 * become smaller.  Both parts are repeated until nothing changes.
 *
 * Every trace that is tried keeps to the rules: operations that are refused in
 * the shorter trace, or would use a borrowed object that nothing keeps alive
 * there, are left out, too (walk.h).  If the trace fails only with the
 * operations that are refused, these stay, since a replay skips them.  Lines
 * `dead`, and the answers of the collector that the trace was recorded with,
 * are left out, because the numbers of objects change. */
trace_shrunk trace_shrink(trace_op *ops, size_t *n, const trace_shrinking *how);

#endif
