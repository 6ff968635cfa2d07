/* tape.h: a prepared trace (docs/trace-format.md) as words that a loop performs
 * at once: what `trace` replays.
 *
 * A tape is made of the file window by window, so that its memory does not
 * depend on the length of the file.  Every line is checked when it is decoded:
 * registers are in a frame and of the right kind, roots exist, threads are
 * attached, the lock is held by one.  What cannot be checked without a model of
 * the heap is whether a register holds an object, and how many slots that has:
 * a file that says it is prepared and is not makes a collector crash.
 *
 * A word has the code in its lowest 8 bits, then operands a and b of 16 bits,
 * and c of 24 bits (word_c), or a, and b and c in one (word_rest).  Of register
 * operands the offset of tape_open is part. */
#ifndef REAPMARK_TRACE_TAPE_H
#define REAPMARK_TRACE_TAPE_H

#include "harness/trace/prepared.h"

/* The operations of a trace, by trace_kind, and: */
enum {
  TAPE_WIDE = 64,     /* added to a kind whose slot does not fit into c: the
                         slot is the next word */
  TAPE_DROPPED = 128, /* objects die: b and c in one; the next word: bytes */
  TAPE_STEP,          /* a step ends: c operations */
  TAPE_TURN,          /* the operations of thread a follow */
  TAPE_WINDOW         /* the words of the window end */
};

/* `new`, `weak-new` and `ephemeron-new` have the object's number in the next
 * word; `new` has slots and payload bytes in the one after that (the lower and
 * the upper half), and 1 in b if it is finalizable; `ephemeron-new` has the
 * value's register in c.  `enter` has the owning registers in the lower 20 bits
 * of word_rest and the borrowing ones in the upper; `leave` has the register
 * that the frame begins with in all bits above the code, and in the next word
 * the owning and the borrowing registers, in halves.  Operations on slots have
 * the slot in c and the registers in a and b.  The reads of weak references and
 * ephemerons have 1 in c if they give an object. */

enum {
  TAPE_WORDS = 1 << 18,        /* of a window: 2 MiB */
  TAPE_STEP_OPERATIONS = 4096, /* about 100 us */
  TAPE_MEMORY = 16 << 20 /* of a replay: the window, the reader's buffers, and
                            what it takes if the file is compressed */
};

static inline uint8_t word_code(uint64_t w) {
  return (uint8_t)w;
}
static inline uint32_t word_a(uint64_t w) {
  return (uint16_t)(w >> 8);
}
static inline uint32_t word_b(uint64_t w) {
  return (uint16_t)(w >> 24);
}
static inline uint32_t word_c(uint64_t w) {
  return (uint32_t)(w >> 40);
}
static inline uint64_t word_rest(uint64_t w) {
  return w >> 24;
}

typedef struct tape tape;

/* A file that is fit to be replayed, with all that must be known of it. */
typedef struct tape_file {
  const char *path;
  trace_prepared is;
  trace_alive alive;
} tape_file;

/* Reads the whole file.  Returns NULL, or what is wrong with the file, in one
 * line of static memory.  Reads a file once only, and keeps what it found. */
const char *tape_check(const char *path, const tape_file **file);

/* Begins to decode a file that was checked, with `offset` added to all
 * registers.  Ends the process if the file was changed meanwhile. */
tape *tape_open(const tape_file *file, uint32_t offset);
void tape_close(tape *t);

/* Decodes the next window: its words up to one of TAPE_WINDOW, or NULL at the
 * end.  The first word of each window is TAPE_TURN. */
const uint64_t *tape_next(tape *t);

/* The innermost frame that thread 0 has open, which is left by that; false if
 * there is none. */
typedef struct tape_frame {
  uint32_t first, owning, borrowing;
} tape_frame;
bool tape_leave(tape *t, tape_frame *frame);

#endif
