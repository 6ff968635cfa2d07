/* pacing.h: what the workload pacing does, in numbers: how many structures are
 * alive after each birth, and which ones die.  Nothing here touches the heap,
 * so that the volume is told by the same code that the run follows. */
#ifndef REAPMARK_PACING_WORKLOAD_H
#define REAPMARK_PACING_WORKLOAD_H

#include "workload.h"

/* Parameters, in the order of workload.params. */
enum {
  STRUCTURE,
  SIZE,
  PAYLOAD,
  EXTERNAL,
  CYCLIC,
  LIVE,
  LOW,
  LIFETIME,
  OBJECTS,
  PHASE,
  BEGIN,
  LENGTH,
  IDLE
};

enum { CHAIN, RING, TREE };
enum { EXPONENTIAL, FIFO, FIXED };
enum { STEADY, GROWTH, PLATEAU, SPIKE, SAWTOOTH, SHRINK, IDLENESS };

extern const char *const pacing_structures[], *const pacing_lifetimes[],
                                                  *const pacing_phases[];

/* The course of a run.  Numbers are structures, births are counted from 0.
 *
 * A structure is in a *place*, one of `places`.  With the lifetime FIFO places
 * are taken in turn, and the last `alive` births are alive.  Otherwise the
 * places 0 .. alive - 1 are taken: a new structure takes the next one if more
 * are to be alive, else that of a structure that dies, and if fewer are to be
 * alive, those in the last places die.
 *
 * Exactly `cyclic` percent of the structures are cyclic, evenly spread, of
 * those that are alive as of those that die: a cyclic structure takes the place
 * of a cyclic one. */
typedef struct pacing_course {
  /* Fixed. */
  uint64_t phase, lifetime, cyclic;
  uint64_t high, low;     /* structures alive at most, at least */
  uint64_t births;        /* in the measured part */
  uint64_t begin, length; /* of the phase, in births */
  uint64_t places;
  uint64_t initial; /* alive when the measured part begins */

  /* So far. */
  uint64_t born, measured; /* births in all, and in the measured part */
  uint64_t alive;
  uint64_t replaced;    /* births in the place of another structure */
  uint64_t cyclic_born; /* cyclic structures */
} pacing_course;

/* What happens at one birth: the structures in `dead` places from `dead_from`
 * on die (place 0 follows the last one), then the one in `place`, if there is
 * one, and then a structure is born there. */
typedef struct pacing_birth {
  uint64_t dead_from, dead;
  uint64_t place;
  uint64_t number; /* of the birth, from 0 */
  bool cyclic;
  bool idle; /* the mutator is idle before */
} pacing_birth;

/* Says what is wrong with the parameters, in one line (static memory), or
 * returns NULL. */
const char *pacing_check(const uint64_t *params);

pacing_course pacing_start(const uint64_t *params);

/* The next birth: the first `initial` ones are before the measured part.  Who
 * dies of several is decided by `random`, uniform over 64 bits; how many are
 * alive, and of which kind, does not depend on it. */
pacing_birth pacing_next(pacing_course *c, uint64_t random);

/* How many structures are alive after `births` births of the measured part. */
uint64_t pacing_alive_after(const pacing_course *c, uint64_t births);

/* Whether the structure of birth `number` in `place` is cyclic. */
bool pacing_is_cyclic(const pacing_course *c, uint64_t place, uint64_t number);

/* How many of those that are alive are cyclic. */
uint64_t pacing_cyclic_alive(const pacing_course *c);

/* The most structures that anything that does not find dead cycles holds in the
 * whole run. */
uint64_t pacing_most_held(const uint64_t *params);

#endif
