/* infer.h: makes a trace of a recording (recording.h), in which each object
 * dies when it died in the recorded program, and proves that.
 *
 * What is inferred is who holds an object meanwhile.  A reference that a
 * snapshot or the death of its source shows is stored at the first position
 * where it may have been, and stays until the next snapshot shows that it is
 * gone, but never longer than its source and its target.  A register holds an
 * object from its birth on for as long as the object is stored, stored into, or
 * not referred to by others: so registers stand for the interpreter's stacks,
 * and for what C code holds.
 *
 * References that only the death of a temporary object shows are left out where
 * the target outlives it and is in no register any more: what a temporary
 * object refers to need not be held by registers all its life.
 *
 * The proof is not the inference: the trace is walked as `reapmark trace
 * annotate` walks it (walk.h), which finds by Merlin when each object dies, and
 * that is compared with the recording.  Where objects die too early, because
 * what referred to them was not seen, registers hold some of them for longer,
 * and the trace is made anew. */
#ifndef REAPMARK_TRACE_INFER_H
#define REAPMARK_TRACE_INFER_H

#include "deaths.h"
#include "recording.h"

typedef struct inferred {
  trace_op *ops;
  size_t count, room;
  size_t *reached; /* by position: how many operations there are up to it */
  uint32_t *died;  /* by object: the position at which the walk found it dead */

  /* The proof. */
  uint64_t acyclic, acyclic_exact; /* objects freed by their count; that died at
                                      their position */
  uint64_t cyclic, cyclic_within;  /* freed by the detector, or dead cycles that
                                      it had not come to at the end; that died
                                      between being alive last and that */
  uint64_t window;           /* of these: the widest, in births and more */
  uint64_t kept, kept_exact; /* alive at the end; that are so */
  unsigned rounds;           /* how often the trace was made */

  /* Over all snapshots: objects that are alive, of these in a register, and of
   * these referred to by no other object. */
  uint64_t alive, held, only_held;

  /* Nominal bytes that are alive at the moments of `trace stat`, after each
   * TRACE_MOMENTS-th part of the allocation: in the program, where an object
   * of a dead cycle is there until the detector freed it, and in the trace. */
  uint64_t live_recorded[TRACE_MOMENTS], live[TRACE_MOMENTS];

  uint64_t edges, edges_left_out;
  uint32_t holders; /* objects that have to be held at once, at most */
  uint32_t tables;  /* the first objects of the trace, which hold those that
                       have no register */
} inferred;

enum { INFER_REGISTERS = 60000 };

/* At most `registers` objects are held by registers, use INFER_REGISTERS;
 * others by slots of tables.  Returns false, with one line in `error`, if that
 * is not enough either.  A trace that is not proved is returned as well.  To be
 * freed in either case.  Only one thread may infer at a time. */
bool infer(const recording *r, uint32_t registers, inferred *in,
           char error[RECORDING_ERROR]);
void infer_free(inferred *in);

/* Walks in->ops and fills the fields of the proof, `died` among them.  infer
 * has done so. */
void infer_prove(const recording *r, inferred *in);

/* Fills live_recorded, by the recording alone, and `live`, by in->died.  infer
 * has done so. */
void infer_count_live(const recording *r, inferred *in);

/* Whether each object died when it should, or is alive at the end. */
bool infer_is_proved(const inferred *in);

#endif
