/* walk.h: goes through a trace with the shadow heap and without a collector,
 * for those who want to know what the operations mean: verify, stat, annotate,
 * shrink.
 *
 * What a collector would decide is decided by the trace where it says so (the
 * last operand of weak-get and finalizer-next).  Where it does not, the walk
 * stands for the laziest of collectors, which looks for garbage only when it is
 * told to: `collect` clears the weak references to what is unreachable then,
 * and makes finalizable objects that are unreachable wait, to be handed out in
 * the order of their numbers.
 *
 * An object dies with the operation after which nothing in the rest of the
 * trace reaches it, by this reading; the dates are exact (Merlin,
 * shadow-heap.h). Memory is taken for what is alive, not for what the trace
 * made in all: the dead are buried whenever they outnumber the living.
 *
 * A walk belongs to one thread. */
#ifndef REAPMARK_TRACE_WALK_H
#define REAPMARK_TRACE_WALK_H

#include "shadow-heap.h"

typedef struct walk walk;

typedef struct walk_death {
  uint64_t number; /* of the object in the trace */
  uint64_t when;   /* the operation it died with, by the caller's clock */
  uint64_t age;    /* nominal bytes allocated before its birth */
  uint64_t bytes;  /* nominal */
  bool cyclic;     /* it is on a dead cycle, or one leads to it */
} walk_death;

/* Both may be NULL.  They are called late: when the dead are buried, in no
 * order. */
typedef struct walk_listener {
  void (*died)(void *data, const walk_death *death);
  /* At `when` a borrowing register was used whose object nothing kept alive. */
  void (*misused)(void *data, uint64_t when, const char *what);
  void *data;
} walk_listener;

/* How soon the use of a borrowed object is held against its death. */
typedef enum walk_rigour {
  WALK_LATE,   /* when the death is known: cheap, and told to `misused` */
  WALK_AT_ONCE /* before the operation, which is not performed then */
} walk_rigour;

/* Ends the process if there is no memory, as all of this does. */
walk *walk_create(walk_rigour rigour, walk_listener listener);
void walk_destroy(walk *w);

typedef enum walk_outcome {
  WALK_DONE,
  WALK_REFUSED, /* it cannot be performed here, and was passed over */
  WALK_MISUSED  /* likewise: it would use a dead object (told to `misused`) */
} walk_outcome;

/* Performs the next operation, any of trace.h; `now` is its time, above that of
 * the one before, in lines or operations.  Sets *why if it was not done. */
walk_outcome walk_step(walk *w, const trace_op *op, uint64_t now,
                       const char **why);

/* Buries what the rest of the trace cannot reach, whatever it is.  Happens by
 * itself when the dead outnumber the living. */
void walk_bury(walk *w);

/* The trace has ended: buries what is not reachable. */
void walk_finish(walk *w);

/* Objects that the trace has numbered so far; and the nominal bytes of those
 * that were really made. */
uint64_t walk_numbered(const walk *w);
uint64_t walk_allocated(const walk *w);

/* The shadow heap, to look at; the mutator of a thread, NULL if it is not
 * attached; the number of an object. */
shadow *walk_model(const walk *w);
const shadow_mutator *walk_mutator(const walk *w, uint16_t thread);
uint64_t walk_number(const walk *w, shadow_ref o);

/* Of the last FINALIZER_NEXT or WEAK_GET: the object that was given, or 0. */
shadow_ref walk_given(const walk *w);

#endif
