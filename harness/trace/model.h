/* model.h: what a heap should be: objects, references between them, roots; and
 * what of it is alive.
 *
 * The model performs the operations of trace.h.  It holds no counts and
 * collects nothing by itself: what can be reached is found by going there, when
 * somebody asks.  That makes it slow to ask and hard to get wrong, and since an
 * operation is a few plain writes to what its operands name, threads may run
 * beside each other in it by the same rule as in a heap (gc.h): a slot that is
 * shared is guarded by a lock.
 *
 * Everything below `Whole heap` needs all threads to stand still. */
#ifndef REAPMARK_MODEL_H
#define REAPMARK_MODEL_H

#include "trace.h"

typedef struct model model;
typedef struct model_mutator model_mutator;

/* An object's place in the model; 0 is null.  A place is used again after its
 * object was buried. */
typedef uint32_t model_ref;

/* All places are below it. */
enum { MODEL_PLACES = 1 << 27 };

enum { MODEL_NEAR_SLOTS = 4 }; /* of most objects no memory of their own */

typedef struct model_object {
  uint64_t serial;  /* number of the object in the order of making, from 1 */
  uint64_t birth;   /* when it was made, by the clock of its maker */
  uint64_t loss;    /* when it last lost a reference */
  model_ref *slots; /* NULL where there are none; few are below */
  uint32_t slot_count;
  uint32_t bytes;   /* of payload */
  model_ref target; /* of a weak reference, 0 once it was seen cleared */
  uint16_t maker;   /* number of the mutator */
  bool used;        /* the place holds an object */
  bool weak;        /* it is a weak reference */
  bool finalizable; /* and was not handed out yet */
  bool finalized;   /* it was handed out */
  bool was_dead;    /* a check found it unreachable: its weak references may
                       have been cleared even if it is reachable again */
  bool shared;      /* for who drives the model */
  bool marked;      /* by the last of the questions below */
  model_ref near_slots[MODEL_NEAR_SLOTS];
} model_object;

/* NULL if there is no memory. */
model *model_create(void);
void model_destroy(model *m);

/* The mutator `number` (below TRACE_THREADS) begins and ends.  Any thread.
 * Detaching drops its thread-local roots and registers. */
model_mutator *model_attach(model *m, uint16_t number);
void model_detach(model_mutator *t);

/* The time that losses and births are stamped with from now on. */
void model_set_clock(model_mutator *t, uint64_t now);

/* ------------------------------------------------------------------------- *
 * Operations; the thread's own and what it holds the lock for.
 * ------------------------------------------------------------------------- */

/* Why the operation cannot be performed now: a register outside the frames or
 * of the wrong kind, null where an object is needed, a slot that the object
 * does not have, a borrowed object that was buried.  NULL if it can.  ATTACH,
 * DETACH and DEAD are not for it. */
const char *model_refuses(const model_mutator *t, const trace_op *op);

/* The same of a register that is to be read. */
const char *model_refuses_reading(const model_mutator *t, gc_reg r);

/* Performs an operation that is not refused; returns the object that it put
 * into its destination register, or 0.  What only the collector knows comes
 * from outside: of WEAK_GET `outcome` says whether the target was got (not 0)
 * or had been cleared (0); of FINALIZER_NEXT it is the object that was handed
 * out, or 0 for none.  Ends the process when out of memory. */
model_ref model_apply(model_mutator *t, const trace_op *op, model_ref outcome);

/* What a register, root or place holds.  Places lie side by side, and never
 * move: that of 0 is the first. */
model_ref model_register(const model_mutator *t, gc_reg r);
model_ref model_global(const model *m, uint32_t g);
model_ref model_tls(const model_mutator *t, uint32_t l);
model_object *model_at(const model *m, model_ref o);

/* Registers in use; the topmost frame and its numbers of registers, of which
 * there is none (false) outside all frames. */
typedef struct model_frame {
  gc_reg first;
  uint32_t owning, borrowing;
} model_frame;
gc_reg model_top(const model_mutator *t);
bool model_innermost(const model_mutator *t, model_frame *frame);
bool model_is_owning(const model_mutator *t, gc_reg r);

/* ------------------------------------------------------------------------- *
 * Whole heap.
 * ------------------------------------------------------------------------- */

/* Places in use are below it. */
model_ref model_end(const model *m);

/* The mutators, in no order; NULL after the last. */
model_mutator *model_first_mutator(const model *m);
model_mutator *model_next_mutator(const model_mutator *t);
uint16_t model_number(const model_mutator *t);

/* Objects and nominal bytes (gc_shape_bytes). */
typedef struct model_volume {
  uint64_t objects, bytes;
} model_volume;

/* Marks what the owning registers and other roots reach, and nothing else. */
model_volume model_mark_reachable(model *m);

/* Marks `o` (0: nothing) and what it reaches besides what is marked. */
void model_mark_also(model *m, model_ref o);

/* Marks what must be in a heap after gc_collect if its collector reclaims what
 * it declares: what is reachable; what waits to be finalized, or will, with all
 * that it reaches; garbage that dead cycles reach, or all garbage, by the
 * declaration. */
model_volume model_mark_surviving(model *m, gc_reclaims reclaims);

/* Removes every object that is not marked, after telling `died` (may be NULL)
 * of it and of when it died: at the latest of its own last loss and those of
 * the unmarked objects from which it can be reached (Merlin: Hertz et al.,
 * SIGMETRICS 2002, section 3).  Weak references to it are cleared; registers
 * that borrow it are null from now on, and operations that read them refused
 * until something is borrowed into them again. */
typedef void model_died(void *data, const model_object *o, uint64_t when);
void model_bury_unmarked(model *m, model_died *died, void *data);

/* Removes one object to which nothing refers: no slot, root or register, and no
 * weak reference. */
void model_bury(model *m, model_ref o);

/* A way, shortest from its root, on which `o` can be reached: its length, with
 * the root's description in `root` ("register 3 of thread 0"), and up to `room`
 * of the objects on it, first to last, the last being `o`; 0 if there is none.
 */
size_t model_path(model *m, model_ref o, char root[64], model_ref *way,
                  size_t room);

#endif
