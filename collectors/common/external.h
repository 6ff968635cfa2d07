/* external.h: memory outside the heap that objects own (gc_external): where it
 * comes from, and how much of it there is.  For every collector that gives the
 * C library's memory to its objects, adapters included.
 *
 * Bytes are those that mutators asked for.  What malloc adds, and what the
 * owner keeps at the head of a block for itself, are not counted.
 *
 * Where it is decided when a collection is due, external bytes count as bytes
 * of objects do: external_added() with what was handed out since the last
 * collection, external_kept() with what that one left alive. */
#ifndef REAPMARK_COMMON_EXTERNAL_H
#define REAPMARK_COMMON_EXTERNAL_H

#include <stdatomic.h>
#include "gc.h"
#include "common/hostile/mutants.h"

typedef struct external_figures {
  _Atomic uint64_t held;   /* bytes, now */
  _Atomic uint64_t peak;   /* the most that `held` was */
  _Atomic uint64_t blocks; /* now */
  _Atomic uint64_t added;  /* bytes taken since external_collected */
  _Atomic uint64_t kept;   /* `held` at that time */
  /* Events so far, for gc_heap_counters. */
  _Atomic uint64_t taken; /* blocks */
  _Atomic uint64_t given; /* blocks given back */
  _Atomic uint64_t due;   /* collections that were begun to take a block */
} external_figures;

/* There is one heap, so one set of figures, per process. */
extern external_figures external;

/* An option of collectors that count external bytes where it is decided when a
 * collection is due.  0: they do not see them there, as runtimes that have been
 * bitten by that did not. */
extern uint64_t external_seen;
#define EXTERNAL_OPTION                                                        \
  {                                                                            \
    "see-external", "1: external bytes count when a collection is due",        \
        &external_seen, 0, 1                                                   \
  }
static inline bool external_is_seen(void) {
  return external_seen && !gc_mutant(external_unseen);
}

/* Bytes that are held now.  Any thread; one load. */
static inline uint64_t external_held(void) {
  return atomic_load_explicit(&external.held, memory_order_relaxed);
}

/* Bytes that were added since the last collection, whether or not they were
 * given back since; 0 if they are not seen.  Any thread; two loads. */
static inline uint64_t external_added(void) {
  return external_is_seen()
             ? atomic_load_explicit(&external.added, memory_order_relaxed)
             : 0;
}

/* Bytes that were held when the last collection ended: those of objects that it
 * found alive; 0 if they are not seen.  Any thread; two loads. */
static inline uint64_t external_kept(void) {
  return external_is_seen()
             ? atomic_load_explicit(&external.kept, memory_order_relaxed)
             : 0;
}

/* A collection, or a search for dead cycles, has given back what it found dead:
 * external_added counts from here.  The world is stopped. */
static inline void external_collected(void) {
  atomic_store_explicit(&external.added, 0, memory_order_relaxed);
  atomic_store_explicit(&external.kept, external_held(), memory_order_relaxed);
}

/* Takes a block of `bytes` bytes from malloc, with a head of `head` bytes in
 * front for the caller's own use; returns the head.  Touches each page of the
 * block.  NULL without memory.  Any thread. */
void *external_take(size_t head, uint64_t bytes);

/* Gives such a block back, whose owner has died.  Any thread. */
void external_give(void *head, uint64_t bytes);

/* For blocks that come from elsewhere: counts one that was just got, and
 * touches its pages; counts one that is given back.  Any thread. */
void external_count_taken(void *block, uint64_t bytes);
void external_count_given(uint64_t bytes);

/* Where else blocks may come from. */
typedef struct external_source {
  void *(*allocate)(size_t bytes); /* NULL without memory */
  void (*release)(void *p);
} external_source;

extern const external_source external_malloc; /* the C library's malloc */

/* The blocks of one object, newest first; NULL at first.  external_add puts a
 * new block in front and returns false without memory; external_give_all gives
 * all of them back.  The caller keeps threads apart. */
typedef struct external_block external_block;
bool external_add(external_block **blocks, uint64_t bytes,
                  const external_source *from);
void external_give_all(external_block **blocks, const external_source *to);

/* The same for objects that do not move and have no place for the pointer: a
 * table by address (tsearch).  external_own adds a block to those of `owner`.
 * external_disown, when the owner dies, gives them all back; the owner keeps a
 * flag that tells whether there are any, so that others pay for no search.  Any
 * thread. */
bool external_own(const void *owner, uint64_t bytes,
                  const external_source *from);
void external_disown(const void *owner, const external_source *to);

/* The figures start anew with a new heap.  What production runtimes still hold
 * of the heap before is held still, and may be given back later. */
void external_reset(void);

/* For gc_heap_counters, as in gc_collector.events.  "external-due" is another
 * of tracing collectors: collections begun by gc_external. */
#define EXTERNAL_COUNTERS                                                      \
  {"external-taken", external.taken}, {                                        \
    "external-given", external.given                                           \
  }
#define EXTERNAL_EVENTS "external-taken", "external-given"

#endif
