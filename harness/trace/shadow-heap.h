/* shadow-heap.h: the exact picture of what a heap should be: objects, the
 * references between them, the roots, and which objects are alive.
 *
 * The shadow heap performs the operations of trace.h.  It has no reference
 * counts and collects nothing by itself: when somebody asks what is reachable,
 * it follows the references.  That makes questions slow, and errors unlikely.
 * An operation is a few plain writes to the objects that it names, so that
 * threads may use the shadow heap at the same time by the same rule as a heap
 * (gc.h): a lock guards slots that are shared.
 *
 * All functions below `Whole heap` need all threads to stand still. */
#ifndef REAPMARK_SHADOW_HEAP_H
#define REAPMARK_SHADOW_HEAP_H

#include "trace.h"

typedef struct shadow shadow;
typedef struct shadow_mutator shadow_mutator;

/* An object's place in the shadow heap; 0 is null.  A place is used again
 * after its object was buried. */
typedef uint32_t shadow_ref;

/* All places are below this number.  Where the address space is limited, there
 * are fewer (shadow_places). */
enum { SHADOW_PLACES = 1 << 27 };

enum { SHADOW_NEAR_SLOTS = 4 }; /* as many slots fit into the struct */

typedef struct shadow_object {
  uint64_t serial; /* number of the object in the order of allocation, from 1 */
  uint64_t birth;  /* when it was made, by the clock of its thread */
  uint64_t loss;   /* when it last lost a reference (shadow_date_unmarked) */
  shadow_ref *slots; /* NULL if there are none; near_slots if they are few */
  uint32_t slot_count;
  uint32_t bytes;    /* of payload */
  uint64_t external; /* bytes of external memory that it owns */
  shadow_ref target; /* of a weak reference, or the key of an ephemeron; 0 when
                        it was seen cleared */
  shadow_ref value;  /* of an ephemeron; 0 when it was seen cleared */
  shadow_ref pairs;  /* the first of the ephemerons whose key the object is */
  shadow_ref next_pair, previous_pair; /* of an ephemeron, in that list */
  uint16_t maker;                      /* number of the mutator that made it */
  bool used;                           /* the place holds an object */
  bool weak;        /* it is a weak reference or an ephemeron */
  bool ephemeron;   /* it is an ephemeron */
  bool finalizable; /* finalizable, and not handed out yet */
  bool finalized;   /* it was handed out */
  bool was_dead;    /* a check found it unreachable: its weak references may
                       have been cleared even if it is reachable again */
  bool shared;      /* for the user of the shadow heap */
  bool held;        /* something that was removed, and that counting alone
                       never frees, refers to it (shadow_hold_referents) */
  bool marked;      /* by the last of the mark functions below */
  shadow_ref near_slots[SHADOW_NEAR_SLOTS];
} shadow_object;

/* Returns NULL if there is no memory.  If there is none later, a function ends
 * the process (memory.h). */
shadow *shadow_create(void);

/* From now on, shadow_mark_surviving takes ephemerons for those of a collector
 * that declares weak_keys. */
void shadow_weak_keys(shadow *m);
void shadow_destroy(shadow *m);

/* Call before the object is removed, of which counting alone frees nothing:
 * what it refers to, and is not removed with it, will never be freed by
 * counting either (shadow_mark_surviving).  What it was the value of as an
 * ephemeron is no such reference: the value goes with the key. */
void shadow_hold_referents(shadow *m, shadow_ref o);

/* How many places this shadow heap has, for tables by place. */
shadow_ref shadow_places(const shadow *m);

/* Begin and end mutator `number` (below TRACE_THREADS).  Any thread.
 * Attaching returns NULL if there is no memory; detaching drops the
 * thread-local roots and registers. */
shadow_mutator *shadow_attach(shadow *m, uint16_t number);
void shadow_detach(shadow_mutator *t);

/* Sets the time that the thread gives to births and losses from now on. */
void shadow_set_clock(shadow_mutator *t, uint64_t now);

/* ------------------------------------------------------------------------- *
 * Operations.  A thread uses its own registers and roots freely, and what
 * threads share while it holds the lock.
 * ------------------------------------------------------------------------- */

/* Why the operation cannot be performed now: a register outside the frames or
 * of the wrong kind, null where an object is needed, a slot that the object
 * does not have, a borrowed object that was buried.  NULL if it can be
 * performed.  Not for ATTACH, DETACH and DEAD. */
const char *shadow_refuses(const shadow_mutator *t, const trace_op *op);

/* The same for a register that is to be read. */
const char *shadow_refuses_reading(const shadow_mutator *t, gc_reg r);

/* Performs an operation that is not refused.  Returns the object that it put
 * into its destination register, or 0.  The caller passes what only the
 * collector knows: for WEAK_GET and EPHEMERON_GET, `outcome` is not 0 if the
 * target or value was returned, and 0 if the weak reference or ephemeron was
 * cleared; for FINALIZER_NEXT it is
 * the object that was handed out, or 0 for none.  Ends the process if there is
 * no memory. */
shadow_ref shadow_apply(shadow_mutator *t, const trace_op *op,
                        shadow_ref outcome);

/* What a register, root or place holds.  Places are neighbours in memory and
 * never move; the first is that of 0. */
shadow_ref shadow_register(const shadow_mutator *t, gc_reg r);
shadow_ref shadow_global(const shadow *m, uint32_t g);
shadow_ref shadow_tls(const shadow_mutator *t, uint32_t l);
shadow_object *shadow_at(const shadow *m, shadow_ref o);

/* The number of registers in use; the topmost frame (false outside all
 * frames); whether a register is owning. */
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

/* All places in use are below this number. */
shadow_ref shadow_end(const shadow *m);

/* The attached mutators, in no particular order; NULL after the last. */
shadow_mutator *shadow_first_mutator(const shadow *m);
shadow_mutator *shadow_next_mutator(const shadow_mutator *t);
uint16_t shadow_number(const shadow_mutator *t);

/* Objects, their nominal bytes (gc_shape_bytes), and the bytes of external
 * memory that they own. */
typedef struct shadow_volume {
  uint64_t objects, bytes, external;
} shadow_volume;

/* Marks what owning registers and other roots reach, and nothing else.  The
 * value of an ephemeron is reached when both the ephemeron and its key are.
 * Returns how much that is, as the other mark functions do. */
shadow_volume shadow_mark_reachable(shadow *m);

/* Marks `o` (0: nothing) and what it reaches, in addition to what is marked. */
void shadow_mark_also(shadow *m, shadow_ref o);

/* Marks what the mutator may still get: what is reachable, what finalizable
 * objects lead to, and what a marked weak reference refers to that was not seen
 * cleared.  All else can be buried, whatever the mutator does and whatever the
 * collector has found out. */
void shadow_mark_recoverable(shadow *m);

/* Marks what must be in a heap after gc_collect, if the collector reclaims
 * exactly what it declares: what is reachable; what waits for its finalizer,
 * or will, with all that it reaches; and by the declaration, garbage in dead
 * cycles or reachable from them, or all garbage.  See shadow_weak_keys. */
shadow_volume shadow_mark_surviving(shadow *m, gc_reclaims reclaims);

/* How many places and references the functions of this part have looked at so
 * far: what they cost, for tests. */
uint64_t shadow_steps(const shadow *m);

/* The collector has cleared a weak reference or an ephemeron, whose value loses
 * a reference at time `now`.  Any thread. */
void shadow_clear(shadow *m, shadow_ref weak, uint64_t now);

/* Sets `loss` of every object that is not marked to its time of death, where
 * the marks are those of shadow_mark_reachable: the latest of its own last loss
 * and of the losses of the unmarked objects that lead to it (Merlin: Hertz et
 * al., SIGMETRICS 2002, section 3; of an ephemeron and its key, what dies first
 * lets the value go).  Leaves the marks as they are. */
void shadow_date_unmarked(shadow *m);

/* Buries every object that is not marked, after telling `died` (may be NULL) of
 * the object and of its `loss`. Weak references to it and ephemerons with it as
 * their key are cleared.  Registers that borrow it are null from now on, and
 * operations that read them are refused until something is borrowed into them
 * again.  Low places are used again first, and memory above the highest that is
 * in use is given back, so that memory follows what is alive. */
typedef void shadow_died(void *data, const shadow_object *o, uint64_t when);
void shadow_bury_unmarked(shadow *m, shadow_died *died, void *data);

/* Buries one object to which no slot, root, register or weak reference refers.
 */
void shadow_bury(shadow *m, shadow_ref o);

/* Finds a way from a root to `o`, as short as any from that root.  Returns its
 * length, 0 if there is none; `root` describes the root ("register 3 of thread
 * 0"), and `way` has up to `room` of the objects on the way, first to last,
 * the last being `o`. */
size_t shadow_path(shadow *m, shadow_ref o, char root[64], shadow_ref *way,
                   size_t room);

#endif
