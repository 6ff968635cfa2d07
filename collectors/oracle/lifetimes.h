/* lifetimes.h: what a program did, in exact numbers, for `reapmark describe`.
 *
 * Time is counted in instants: one begins with each allocation, and what
 * happens up to the next one happens in it.  Lifetimes are told in the bytes
 * that were allocated between an object's allocation and its death.  Deaths may
 * be reported late, so they are noted by their instant; when all up to now are
 * known, they are added up to find the peak of what was reachable.
 *
 * Not thread-safe. */
#ifndef REAPMARK_ORACLE_LIFETIMES_H
#define REAPMARK_ORACLE_LIFETIMES_H

#include "harness/trace/trace.h"

/* What happened between an allocation and the next one. */
typedef struct lifetimes_instant {
  uint64_t bytes; /* allocated so far */
  uint64_t died_bytes, died_objects;
} lifetimes_instant;

/* Numbers, one for each object. */
typedef struct lifetimes_numbers {
  uint64_t *values;
  size_t count, room;
} lifetimes_numbers;

typedef struct lifetimes {
  /* Counted by whoever performs operations. */
  uint64_t operations[TRACE_KINDS];
  uint64_t tests;       /* of registers: for null, for sameness */
  uint64_t null_stores; /* to slots, in whatever way */
  uint64_t finalizable, finalized, weak_cleared;
  uint64_t mutators, used_elsewhere, freed_elsewhere;
  uint64_t traces;

  /* The rest is private. */
  lifetimes_numbers sizes, lifetimes;
  uint64_t slots; /* of all objects */
  uint64_t cyclic_objects, cyclic_bytes;
  /* The instants since deaths were last known, which that one begins. */
  lifetimes_instant *instants;
  size_t instants_count, instants_room;
  uint64_t first_instant;            /* its number */
  uint64_t live_bytes, live_objects; /* when it began */
  uint64_t peak_bytes, peak_objects;
  uint64_t last_death, last_deaths; /* the latest instant of one; how many */
} lifetimes;

/* Begins with instant 0, in which nothing was allocated.  Here and below the
 * process ends if there is no memory. */
void lifetimes_open(lifetimes *f);
void lifetimes_close(lifetimes *f);

/* The number of the current instant, and the bytes allocated so far. */
uint64_t lifetimes_now(const lifetimes *f);
uint64_t lifetimes_bytes(const lifetimes *f);

/* An object of so many slots and nominal bytes is made: begins an instant. */
void lifetimes_allocate(lifetimes *f, uint32_t slots, uint64_t bytes);

/* An object of so many bytes died at instant `when`, not before the last call
 * of lifetimes_deaths_known.  `birth`: lifetimes_bytes when it was made, itself
 * included.  `cyclic`: a dead cycle had kept it. */
void lifetimes_die(lifetimes *f, uint64_t when, uint64_t birth, uint64_t bytes,
                   bool cyclic);

/* All deaths up to now were told. */
void lifetimes_deaths_known(lifetimes *f);

/* The lifetimes, when all deaths are known but those of the objects in
 * `births`, which are alive; takes gc_heap_counters' arguments and returns its
 * result. */
size_t lifetimes_counters(lifetimes *f, const uint64_t *births, size_t alive,
                          gc_counter *out, size_t room);

#endif
