/* pacer.h: when a concurrent cycle begins, and how much of its marking mutators
 * must do themselves, so that marking has ended when the heap reaches its goal.
 *
 * The inputs are counts of bytes and of words, never times: how fast the marker
 * is compared with the mutators shows in how much was allocated while it marked
 * a word.  The idea is that of Go's pacer as redesigned in 2021: a goal, a
 * trigger that leaves the marker as much room as the last cycles needed, and
 * assists that are paid with work in proportion to allocation. */
#ifndef REAPMARK_MARK_SWEEP_CONCURRENT_PACER_H
#define REAPMARK_MARK_SWEEP_CONCURRENT_PACER_H

#include <stdbool.h>
#include <stdint.h>

/* Zero at first.  *Handed out* means bytes of memory since the last cycle
 * ended. */
typedef struct pacer {
  /* The plan for the next cycle. */
  uint64_t live;  /* bytes that the last cycle left */
  uint64_t begin; /* it begins when so much is handed out */
  uint64_t end;   /* its marking should have ended when this is */
  uint64_t goal;  /* bytes of the heap then: `live` and what is handed out */
  uint64_t words; /* of work, expected; 0: unknown */

  /* What was learnt from cycles before. */
  double rates[2]; /* bytes allocated while the marker marked a word, in the
                      last cycle and in the one before; 0: unknown */
  uint64_t lost;   /* bytes that could not be used when memory ran out */
} pacer;

/* How the heap may grow. */
typedef struct pacer_rules {
  uint64_t limit;   /* of the heap in bytes; 0: none */
  uint64_t trigger; /* while the rate is not known: of what may be handed out,
                       the percentage at which a cycle begins */
} pacer_rules;

/* What happened in a cycle. */
typedef struct pacer_cycle {
  uint64_t live;   /* bytes that it left */
  uint64_t born;   /* bytes handed out while it marked */
  uint64_t growth; /* by how much the heap policy lets the rest of the live
                      bytes grow (pacing.h) */
  uint64_t words;  /* that were marked, by all */
  uint64_t beside; /* of these, by the marker thread */
  uint64_t unused; /* if memory ran out: bytes of the goal that were left */
} pacer_cycle;

/* Learns from a cycle that has ended, and plans the next. */
void pacer_plan(pacer *p, const pacer_rules *rules, const pacer_cycle *c);

/* Where a cycle stands. */
typedef struct pacer_state {
  uint64_t began;  /* what was handed out when it began, */
  uint64_t handed; /* and is now */
  uint64_t words;  /* marked so far */
  uint64_t most;   /* an upper bound of the words that there are */
} pacer_state;

/* How many words a mutator that has got `debt` bytes must mark now: none if the
 * marker is ahead of allocation, its share of what is left if it is behind, and
 * all there are (UINT64_MAX) once the goal is reached. */
uint64_t pacer_owed(const pacer *p, const pacer_state *s, uint64_t debt);

#endif
