/* lifetimes.h: exact numbers of what a program allocated, how long objects
 * lived and which operations it performed, for `reapmark describe`.
 *
 * Time is counted in instants.  An instant begins with each allocation and
 * lasts until the next.  A lifetime is the number of bytes allocated between an
 * object's allocation and its death.  A death may be reported late, so it is
 * noted with its instant.  Once all deaths up to now are known, they are added
 * up to find the peak of what was reachable.
 *
 * Not thread-safe. */
#ifndef REAPMARK_ORACLE_LIFETIMES_H
#define REAPMARK_ORACLE_LIFETIMES_H

#include "harness/trace/trace.h"

/* What happened in an instant. */
typedef struct lifetimes_instant {
  uint64_t bytes; /* allocated from the beginning up to this instant */
  uint64_t died_bytes, died_objects; /* in this instant */
} lifetimes_instant;

/* A growing array with a number per object. */
typedef struct lifetimes_numbers {
  uint64_t *values;
  size_t count, room;
} lifetimes_numbers;

typedef struct lifetimes {
  /* The caller counts these. */
  uint64_t operations[TRACE_KINDS];
  uint64_t tests;                  /* gc_is_null and gc_same */
  uint64_t null_stores;            /* of null to slots, by any operation */
  uint64_t finalizable, finalized; /* objects */
  uint64_t external_bytes;         /* of all blocks of external memory */
  uint64_t weak_cleared;           /* reads of cleared weak references */
  uint64_t mutators;               /* attached so far */
  /* Objects that another mutator than the one that made them used, or dropped
   * the last reference to. */
  uint64_t used_elsewhere, freed_elsewhere;
  uint64_t traces; /* marking passes of the oracle */

  /* The rest is private. */
  lifetimes_numbers sizes, lifetimes;
  uint64_t slots; /* of all objects */
  uint64_t cyclic_objects, cyclic_bytes;
  /* The instants from the one at which all deaths were last known on. */
  lifetimes_instant *instants;
  size_t instants_count, instants_room;
  uint64_t first_instant;            /* the number of the first of them */
  uint64_t live_bytes, live_objects; /* when it began */
  uint64_t peak_bytes, peak_objects;
  uint64_t last_death, last_deaths; /* the latest instant of a death, and how
                                       many deaths it had */
} lifetimes;

/* Begins with instant 0, in which nothing was allocated.  If this or another
 * function here lacks memory, the process ends. */
void lifetimes_open(lifetimes *f);
void lifetimes_close(lifetimes *f);

/* The number of the current instant; the bytes allocated so far. */
uint64_t lifetimes_now(const lifetimes *f);
uint64_t lifetimes_bytes(const lifetimes *f);

/* An object with this many slots and nominal bytes is made: an instant begins.
 */
void lifetimes_allocate(lifetimes *f, uint32_t slots, uint64_t bytes);

/* An object of `bytes` died at instant `when`, which is not before the last
 * call of lifetimes_deaths_known.  `birth`: lifetimes_bytes right after it was
 * made. `cyclic`: it was part of a dead cycle or reachable from one. */
void lifetimes_die(lifetimes *f, uint64_t when, uint64_t birth, uint64_t bytes,
                   bool cyclic);

/* All deaths up to now have been reported. */
void lifetimes_deaths_known(lifetimes *f);

/* Writes all numbers as counters; `out`, `room` and the result are those of
 * gc_heap_counters.  All deaths must be known.  `births`: those of the `alive`
 * objects that are still alive. */
size_t lifetimes_counters(lifetimes *f, const uint64_t *births, size_t alive,
                          gc_counter *out, size_t room);

#endif
