/* shadow-heap.h: what a heap should be: objects, references between them,
 * roots; and what of it is alive.
 *
 * The shadow heap performs the operations of trace.h.  It holds no counts and
 * collects nothing by itself: what can be reached is found by going there, when
 * somebody asks.  That makes it slow to ask and hard to get wrong, and since an
 * operation is a few plain writes to what its operands name, threads may run
 * beside each other in it by the same rule as in a heap (gc.h): a slot that is
 * shared is guarded by a lock.
 *
 * Everything below `Whole heap` needs all threads to stand still. */
#ifndef REAPMARK_SHADOW_HEAP_H
#define REAPMARK_SHADOW_HEAP_H

#include "trace.h"

typedef struct shadow shadow;
typedef struct shadow_mutator shadow_mutator;

/* An object's place in the shadow heap; 0 is null.  A place is used again after
 * its object was buried. */
typedef uint32_t shadow_ref;

/* All places are below it. */
enum { SHADOW_PLACES = 1 << 27 };

enum { SHADOW_NEAR_SLOTS = 4 }; /* of most objects no memory of their own */

typedef struct shadow_object {
  uint64_t serial;   /* number of the object in the order of making, from 1 */
  uint64_t birth;    /* when it was made, by the clock of its maker */
  uint64_t loss;     /* when it last lost a reference */
  shadow_ref *slots; /* NULL where there are none; few are below */
  uint32_t slot_count;
  uint32_t bytes;    /* of payload */
  shadow_ref target; /* of a weak reference, 0 once it was seen cleared */
  uint16_t maker;    /* number of the mutator */
  bool used;         /* the place holds an object */
  bool weak;         /* it is a weak reference */
  bool finalizable;  /* and was not handed out yet */
  bool finalized;    /* it was handed out */
  bool was_dead;     /* a check found it unreachable: its weak references may
                        have been cleared even if it is reachable again */
  bool shared;       /* for who drives the shadow heap */
  bool marked;       /* by the last of the questions below */
  shadow_ref near_slots[SHADOW_NEAR_SLOTS];
} shadow_object;

/* NULL if there is no memory. */
shadow *shadow_create(void);
void shadow_destroy(shadow *m);

/* The mutator `number` (below TRACE_THREADS) begins and ends.  Any thread.
 * Detaching drops its thread-local roots and registers. */
shadow_mutator *shadow_attach(shadow *m, uint16_t number);
void shadow_detach(shadow_mutator *t);

/* The time that losses and births are stamped with from now on. */
void shadow_set_clock(shadow_mutator *t, uint64_t now);

/* ------------------------------------------------------------------------- *
 * Operations; the thread's own and what it holds the lock for.
 * ------------------------------------------------------------------------- */

/* Why the operation cannot be performed now: a register outside the frames or
 * of the wrong kind, null where an object is needed, a slot that the object
 * does not have, a borrowed object that was buried.  NULL if it can.  ATTACH,
 * DETACH and DEAD are not for it. */
const char *shadow_refuses(const shadow_mutator *t, const trace_op *op);

/* The same of a register that is to be read. */
const char *shadow_refuses_reading(const shadow_mutator *t, gc_reg r);

/* Performs an operation that is not refused; returns the object that it put
 * into its destination register, or 0.  What only the collector knows comes
 * from outside: of WEAK_GET `outcome` says whether the target was got (not 0)
 * or had been cleared (0); of FINALIZER_NEXT it is the object that was handed
 * out, or 0 for none.  Ends the process when out of memory. */
shadow_ref shadow_apply(shadow_mutator *t, const trace_op *op,
                        shadow_ref outcome);

/* What a register, root or place holds.  Places lie side by side, and never
 * move: that of 0 is the first. */
shadow_ref shadow_register(const shadow_mutator *t, gc_reg r);
shadow_ref shadow_global(const shadow *m, uint32_t g);
shadow_ref shadow_tls(const shadow_mutator *t, uint32_t l);
shadow_object *shadow_at(const shadow *m, shadow_ref o);

/* Registers in use; the topmost frame and its numbers of registers, of which
 * there is none (false) outside all frames. */
typedef struct shadow_frame {
  gc_reg first;
  uint32_t owning, borrowing;
} shadow_frame;
gc_reg shadow_top(const shadow_mutator *t);
bool shadow_innermost(const shadow_mutator *t, shadow_frame *frame);
bool shadow_is_owning(const shadow_mutator *t, gc_reg r);

/* ------------------------------------------------------------------------- *
 * Whole heap.
 * ------------------------------------------------------------------------- */

/* Places in use are below it. */
shadow_ref shadow_end(const shadow *m);

/* The mutators, in no order; NULL after the last. */
shadow_mutator *shadow_first_mutator(const shadow *m);
shadow_mutator *shadow_next_mutator(const shadow_mutator *t);
uint16_t shadow_number(const shadow_mutator *t);

/* Objects and nominal bytes (gc_shape_bytes). */
typedef struct shadow_volume {
  uint64_t objects, bytes;
} shadow_volume;

/* Marks what the owning registers and other roots reach, and nothing else. */
shadow_volume shadow_mark_reachable(shadow *m);

/* Marks `o` (0: nothing) and what it reaches besides what is marked. */
void shadow_mark_also(shadow *m, shadow_ref o);

/* Marks what must be in a heap after gc_collect if its collector reclaims what
 * it declares: what is reachable; what waits to be finalized, or will, with all
 * that it reaches; garbage that dead cycles reach, or all garbage, by the
 * declaration. */
shadow_volume shadow_mark_surviving(shadow *m, gc_reclaims reclaims);

/* Removes every object that is not marked, after telling `died` (may be NULL)
 * of it and of when it died: at the latest of its own last loss and those of
 * the unmarked objects from which it can be reached (Merlin: Hertz et al.,
 * SIGMETRICS 2002, section 3).  Weak references to it are cleared; registers
 * that borrow it are null from now on, and operations that read them refused
 * until something is borrowed into them again. */
typedef void shadow_died(void *data, const shadow_object *o, uint64_t when);
void shadow_bury_unmarked(shadow *m, shadow_died *died, void *data);

/* Removes one object to which nothing refers: no slot, root or register, and no
 * weak reference. */
void shadow_bury(shadow *m, shadow_ref o);

/* A way, shortest from its root, on which `o` can be reached: its length, with
 * the root's description in `root` ("register 3 of thread 0"), and up to `room`
 * of the objects on it, first to last, the last being `o`; 0 if there is none.
 */
size_t shadow_path(shadow *m, shadow_ref o, char root[64], shadow_ref *way,
                   size_t room);

#endif
