/* parts.h: what the counting collectors are put together from.
 *
 * A collector of the family is a header in variants/ that includes one part
 * for each of six concepts, and then refcount.h, the operations that all of
 * them share:
 *
 *   threads     whether several threads share objects: how a header word is
 *               changed, and how the world is stopped
 *               (threads-one.h, threads-many.h);
 *   counts      how an object's count is kept
 *               (counts-word.h, counts-biased.h);
 *   cells       where the memory of objects comes from
 *               (cells-freelists.h, cells-jemalloc.h);
 *   death       when a dead object is torn down
 *               (death-now.h, death-lazy.h);
 *   candidates  how dead cycles are searched for: what that adds to making an
 *               object, and to a release
 *               (candidates-none.h; candidates.h: trial deletion;
 *               candidates-generations.h, candidates-incremental.h: lists of
 *               containers);
 *   borrowing   whether borrowing registers own counts
 *               (borrowing-free.h, borrowing-counted.h).
 *
 * Each part defines all functions of its concept, empty ones included, so that
 * the shared files call them without asking which part is there.  The hot
 * functions are declared below.  Besides these, the parts `counts`, `cells`,
 * `death` and `candidates` each define the hooks that refcount.c calls at the
 * ends of a heap's and a mutator's life and to collect, count and check; a hook
 * is an ordinary function where it has work to do, and an empty inline function
 * where it has none.  `<part>` stands for the name of the concept:
 *
 *   rc_<part>_create(...)      a heap is being made
 *   rc_<part>_destroy()        the heap is destroyed
 *   rc_<part>_attach(m)        a mutator is new, and not yet in the world
 *   rc_<part>_detach(m)        a mutator is about to leave the world
 *   rc_<part>_collect(m)       gc_collect was called
 *   rc_<part>_collect_stopped(m)   memory ran out, and the world is stopped:
 *                              returns whether it looked for garbage
 *   rc_<part>_bytes()          memory beside the heap, for the footprint
 *   rc_<part>_counters(out, room)  appends counters, returns how many
 *   rc_<part>_check(...)       what is wrong, or NULL (gc_heap_check)
 *
 * These four parts also define macros for the collector's description
 * (describe.c), each a list of strings that ends with a comma, or nothing:
 *
 *   RC_<PART>_EVENTS, RC_<PART>_WORK   names of the part's counters for
 *                              gc_collector.events and .work
 *
 * `cells` defines RC_CELLS_DIRECT (1: each object comes from the allocator, and
 * none from rc_alloc_slow but when memory runs out), `candidates` RC_EXTERNAL,
 * how external memory counts (gc_capabilities.external).  `counts` and
 * `candidates` define RC_<PART>_HOSTILE, the hooks of hostile conditions
 * (gc_hostile_hooks) that only they call, and `candidates`, the only part with
 * options, RC_CANDIDATES_TIGHT for .tight and RC_CANDIDATES_PARTIAL for
 * .partial.
 *
 * A part that keeps something for each mutator has a type for that (rc_counts,
 * rc_cells, rc_candidates), which struct gc_mutator holds (refcount.h). */
#ifndef REAPMARK_REFCOUNT_PARTS_H
#define REAPMARK_REFCOUNT_PARTS_H

#include "common/external.h"
#include "common/finalizers.h"
#include "common/hostile/mutants.h"
#include "common/stack.h"
#include "common/world.h"
#include <pthread.h>

/* The flags of objects that something other than their references knows of:
 * the finalizer queue, or the tables of weak references and external memory. */
#define RC_KNOWN                                                               \
  (OBJECT_FINALIZABLE | OBJECT_WEAK_TARGET | OBJECT_WEAK_REFERENCE)

/* ------------------------------------------------------------------------- *
 * Defined by refcount.h, for all parts.
 * ------------------------------------------------------------------------- */

/* The object in register `r`, which may be null. */
static inline gc_object *rc_register(gc_mutator *m, gc_reg r);

/* *place <- o, whose count already belongs to `place`; releases the old value.
 */
static inline void rc_replace(gc_mutator *m, gc_object **place, gc_object *o);

/* *place <- o, counting `o` and releasing the old value. */
static inline void rc_assign(gc_mutator *m, gc_object **place, gc_object *o);

/* The slow paths of refcount.c. */

/* Memory for an object of `bytes`, after everything that can be done to get
 * some, or NULL if the heap is full. */
gc_object *rc_alloc_slow(gc_mutator *m, size_t bytes);
bool rc_weak_new(gc_mutator *m, gc_reg dst, gc_object *target);
/* The target of a weak reference with a count for the caller, or NULL.  Any
 * thread. */
gc_object *rc_weak_get(gc_object *weak);
bool rc_pair_new(gc_mutator *m, gc_reg dst, gc_object *key, gc_object *value);
/* The value of an ephemeron, with a count for the caller if it is not null.
 * Returns false, and null, if the key is dead.  Any thread. */
bool rc_pair_get(gc_mutator *m, gc_object *pair, gc_object **value);
/* Gives the object a block of external memory.  Returns false without memory.
 * (S) */
bool rc_external_new(gc_mutator *m, gc_object *owner, size_t bytes);
/* Gives back the memory of an object that refers to nothing, without counting
 * that as a death (rc_free, rc_count_freed). */
static inline void rc_object_free(gc_mutator *m, gc_object *o);

/* ------------------------------------------------------------------------- *
 * threads.  The part also defines the constant RC_SHARED (1: several threads
 * share objects), the macro RC_IF_SHARED (its arguments in that case, otherwise
 * nothing), rc_lock and rc_unlock (a mutex that only threads need), and
 * rc_blocking_enter and rc_blocking_leave.
 * ------------------------------------------------------------------------- */

/* Adds one to an object's count word, or takes one off; rc_word_down returns
 * whether the word is zero now. */
static inline void rc_word_up(gc_object *o);
static inline bool rc_word_down(gc_object *o);

/* Whether the object has one count.  May say no where other threads could
 * change the answer. */
static inline bool rc_has_one_count(const gc_object *o);

/* What became of an object whose count was dropped. */
typedef enum rc_dropped {
  RC_DROPPED_LAST,    /* that was its last count */
  RC_DROPPED_FLAGGED, /* others are left, and the flag is new */
  RC_DROPPED_BEFORE   /* others are left, and the flag was set before */
} rc_dropped;

/* Takes one off the count word and, unless that was the last count, sets `flag`
 * with it in one step.  Calls `between`, unless it is NULL, where another
 * thread may come between. */
static inline rc_dropped rc_word_down_or_flag(gc_object *o, uint32_t flag,
                                              void (*between)(void));

/* An object's flags and slot count.  rc_meta orders later reads of the object
 * after the read of the flags; rc_meta_relaxed does not. */
static inline uint32_t rc_meta(const gc_object *o);
static inline uint32_t rc_meta_relaxed(const gc_object *o);

/* Sets a flag, or clears it.  rc_meta_raise returns whether the flag was set
 * before. */
static inline void rc_meta_set(gc_object *o, uint32_t flag);
static inline bool rc_meta_raise(gc_object *o, uint32_t flag);
static inline void rc_meta_clear(gc_object *o, uint32_t flag);

/* The target of a weak reference with a count for the caller, or NULL. */
static inline gc_object *rc_weak_read(gc_mutator *m, gc_object *weak);

/* Lets the world stop, if somebody asked for that. */
static inline void rc_world_poll(void);

/* As pause_try and pause_end (common/pause.h).  Where there are no other
 * threads, the first only tells that something is about to be reclaimed, and
 * the second does nothing. */
static inline bool rc_world_stop(void);
static inline void rc_world_start(void);

/* Reports a search for cycles as a pause that ends now, unless rc_world_start
 * has reported it already. */
static inline void rc_report_detection(uint64_t begin_ns);

/* ------------------------------------------------------------------------- *
 * counts.  The part also defines rc_count, the number of references that an
 * object counts (no mutator may run), and the hooks.
 * ------------------------------------------------------------------------- */

/* Adds a count. */
static inline void rc_retain(gc_mutator *m, gc_object *o);

/* Drops a count; returns whether it was the last. */
static inline bool rc_drop(gc_mutator *m, gc_object *o);

/* The count word of a new object, whose only count is its maker's. */
static inline uint32_t rc_born(gc_mutator *m);

/* To be called after a count was added by an atomic operation to a header that
 * was `before`. */
static inline void rc_raised(gc_object *o, uint64_t before);

/* Before each allocation, and at each safepoint. */
static inline void rc_poll(gc_mutator *m);
static inline void rc_safepoint(gc_mutator *m);

/* ------------------------------------------------------------------------- *
 * cells.  The part also defines the hooks and
 *
 *   rc_cell_obtain(m, bytes)  memory where rc_cell_alloc had none, or NULL
 *   rc_cells_reclaim(m)       makes memory that is free in one size or place
 *                             available to every size and mutator; the world
 *                             is stopped
 *   rc_cells_each(visit, data)   calls visit(data, cell) for each cell that is
 * not large and was ever used, free or not; returns false if it cannot tell
 * (gc_heap_check) rc_cell_is_large(o), rc_cells_large()   whether that leaves
 * `o` out, and how many objects it leaves out rc_cells_left(m)          the
 * mutator has left the world rc_cells_object_bytes(m)  bytes of the cells of
 * all objects; no mutator but `m` may run rc_cells_objects(), rc_cells_usage()
 * for gc_heap_objects and _usage
 * ------------------------------------------------------------------------- */

/* Memory for an object of `bytes`, or NULL: take the slow path. */
static inline gc_object *rc_cell_alloc(gc_mutator *m, size_t bytes);
static inline void rc_cell_free(gc_mutator *m, void *o);

/* Defined by refcount.h: `n` objects have been freed (gc_heap_tally). */
static inline void rc_count_freed(gc_mutator *m, uint64_t n);

/* Frees a dead object that refers to nothing any more. */
static inline void rc_free(gc_mutator *m, gc_object *o) {
  rc_count_freed(m, 1);
  rc_object_free(m, o);
}

/* ------------------------------------------------------------------------- *
 * death.  The part also defines the hooks and
 *
 *   rc_death_pay(m, bytes)     before memory is taken that was not used lately
 *   rc_death_make_room(m, bytes)  tears down the dead: the heap is full.
 *                              Returns whether there were any
 * ------------------------------------------------------------------------- */

/* An object's last count was dropped.  rc_dead is the slow path. */
static inline void rc_last(gc_mutator *m, gc_object *o);
void rc_dead(gc_mutator *m, gc_object *o);

/* The memory of a dead object for a new one of `bytes`, or NULL. */
static inline gc_object *rc_reuse(gc_mutator *m, size_t bytes);

/* ------------------------------------------------------------------------- *
 * candidates.  The part also defines RC_BUFFERED, the flag of an object that is
 * in a candidate buffer or has no slots (0: there are no candidates),
 * RC_PREFIX, the bytes that an object with slots has before its header, and the
 * hooks.
 * ------------------------------------------------------------------------- */

/* An object with slots is about to be made, is new, is about to be freed. */
static inline void rc_before_new(gc_mutator *m);
static inline void rc_track(gc_object *o);
static inline void rc_untrack(gc_object *o);

/* Drops a count, and does what follows from that. */
static inline void rc_release(gc_mutator *m, gc_object *o);

/* Drops the count that a dying object had of its child; returns whether it was
 * the last, and leaves the dead child to the caller. */
static inline bool rc_release_in_cascade(gc_mutator *m, gc_object *child);

/* Register `r` has borrowed something; `n` registers from `first` on are gone.
 */
static inline void rc_lent(gc_mutator *m, gc_reg r);
static inline void rc_unlent(gc_mutator *m, gc_reg first, uint32_t n);

/* A reference is about to move from register `src` into the object in register
 * `obj`. */
static inline void rc_before_take(gc_mutator *m, gc_reg obj, gc_reg src);

/* ------------------------------------------------------------------------- *
 * borrowing.
 * ------------------------------------------------------------------------- */

/* *place <- *from, and *from <- null. */
static inline void rc_take(gc_mutator *m, gc_object **place, gc_object **from);

/* *place <- o, where `place` is a borrowing register. */
static inline void rc_borrow(gc_mutator *m, gc_object **place, gc_object *o);

/* How many registers of a frame own counts; these come first. */
static inline uint32_t rc_counted_registers(uint32_t owning,
                                            uint32_t borrowing);

#endif
