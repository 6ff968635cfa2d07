/* walk.h: performs a trace on the shadow heap without a collector, for tools
 * that need to know what the operations mean: verify, stat, annotate, shrink.
 *
 * Where the trace records what a collector decided (the last operand of
 * weak-get, ephemeron-get and finalizer-next), the walk follows it.  Where it
 * does not, the walk acts as the laziest collector, which looks for garbage
 * only when it is told to: `collect` clears the weak references to unreachable
 * objects and the ephemerons of unreachable keys, and puts unreachable
 * finalizable objects into the finalizer queue, from which they are handed out
 * in the order of their numbers.
 *
 * By this reading an object dies with the operation after which the rest of
 * the trace cannot reach it any more; the times of death are exact (Merlin,
 * shadow-heap.h), but for the value of an ephemeron that the trace says was
 * cleared: if a weak reference or a finalizer may still bring the value back,
 * it seems to have lived until then.  Memory is proportional to the live
 * objects and not to all objects of the trace: dead objects are buried whenever
 * they outnumber the live ones.
 *
 * Time is proportional to the operations, with two exceptions.  `collect` costs
 * what is alive, as it does in a collector.  And the use of a borrowed object
 * may cost what is alive, at once if the object is put elsewhere or a slot of
 * it is overwritten, otherwise when an operation may bring objects back by a
 * weak reference, an ephemeron or a finalizer, for all uses before it together:
 * if something was lost since the object was borrowed, no place is known that
 * still holds it, and what is known of the paths from the roots (proof.h) does
 * not lead to it any more.  That knowledge is renewed at this cost, so that
 * this does not happen again before such paths were cut.
 *
 * A walk belongs to one thread. */
#ifndef REAPMARK_TRACE_WALK_H
#define REAPMARK_TRACE_WALK_H

#include "shadow-heap.h"

typedef struct walk walk;

typedef struct walk_death {
  uint64_t number; /* of the object in the trace */
  uint64_t when;   /* the operation with which it died, by the caller's clock */
  uint64_t age;    /* nominal bytes allocated before its birth */
  uint64_t bytes;  /* nominal */
  bool cyclic;     /* it is in a dead cycle or reachable from one, which may
                      have died before: counting alone never frees it */
} walk_death;

/* Both functions may be NULL.  They are called late, when the dead objects are
 * buried, and in no particular order. */
typedef struct walk_listener {
  void (*died)(void *data, const walk_death *death);
  /* At time `when` a borrowing register was used whose object nothing kept
   * alive. */
  void (*misused)(void *data, uint64_t when, const char *what);
  void *data;
} walk_listener;

/* When the use of a borrowed object that is dead is noticed. */
typedef enum walk_rigour {
  WALK_LATE,   /* when the death is known: cheap; reported to `misused`.  If an
                  object is used more than once, only the last use is */
  WALK_AT_ONCE /* before the operation, which is not performed */
} walk_rigour;

/* Ends the process if there is no memory, as all functions here do. */
walk *walk_create(walk_rigour rigour, walk_listener listener);
void walk_destroy(walk *w);

typedef enum walk_outcome {
  WALK_DONE,
  WALK_REFUSED, /* the operation cannot be performed here and was skipped */
  WALK_MISUSED  /* the same, because it would use a dead object (reported to
                   `misused`) */
} walk_outcome;

/* Performs the next operation, of any kind.  `now` is its time, in lines or
 * operations, and above the time of the operation before.  Sets *why if it was
 * not performed. */
walk_outcome walk_step(walk *w, const trace_op *op, uint64_t now,
                       const char **why);

/* Buries all objects that the rest of the trace cannot reach, whatever it is.
 * The walk also does so by itself when dead objects outnumber live ones. */
void walk_bury(walk *w);

/* Ends the walk at the end of the trace, and buries all objects that are not
 * reachable. */
void walk_finish(walk *w);

/* The objects that the trace has numbered so far, and the nominal bytes of
 * those that were really made (not refused). */
uint64_t walk_numbered(const walk *w);
uint64_t walk_allocated(const walk *w);

/* What the walk has cost so far: shadow_steps, and finalizable objects looked
 * at.  For tests. */
uint64_t walk_steps(const walk *w);

/* The shadow heap, not to be changed; the mutator of a thread, NULL if the
 * thread is not attached; the number of an object. */
shadow *walk_shadow(const walk *w);
const shadow_mutator *walk_mutator(const walk *w, uint16_t thread);
uint64_t walk_number(const walk *w, shadow_ref o);

/* Whether the object is known to be reachable.  Without `search` the answer may
 * be no because that is not known; with it, what is alive is gone through, if
 * need be. */
bool walk_reaches(walk *w, shadow_ref o, bool search);

/* The object that the last FINALIZER_NEXT, WEAK_GET or EPHEMERON_GET returned,
 * or 0. */
shadow_ref walk_given(const walk *w);

#endif
