/* words.h: a prepared trace as words, the form that replayers in other
 * languages read.  compile.c makes them of the trace, so a replayer needs no
 * parser, and checks nothing but what it finds in the heap.
 *
 * A word is a 32-bit number, lowest byte first.  The file of words consists of
 * chunks of WORDS_CHUNK words.  Each thread of the trace has a chain of chunks,
 * which begins with the chunk of the thread's number among the threads, and so
 * have the checks that follow the replay; theirs comes after those of the
 * threads.  An instruction begins with a word whose lowest 8 bits are its code
 * and whose other bits are its first operand, A.  The other operands are a word
 * each.  A chunk has whole instructions only.
 *
 * X(name, further operands).  Registers, globals and thread-local roots are
 * arrays of the replayer, numbered from 0; all of them are null at first. */
#ifndef REAPMARK_RUNTIMES_WORDS_H
#define REAPMARK_RUNTIMES_WORDS_H

enum { WORDS_CHUNK = 1 << 14 };

#define RUNTIME_CODES(X)                                                       \
  X(END, 0)         /* of the thread, or of the checks */                      \
  X(NEXT, 0)        /* goes on in chunk A */                                   \
  X(STEP, 0)        /* a step ends, in which A operations were performed */    \
  X(NEW, 3)         /* A <- new object; slots, bytes, number */                \
  X(NEW_FINAL, 3)   /* the same, finalizable */                                \
  X(LOAD, 2)        /* A <- object . slot */                                   \
  X(STORE, 2)       /* object . slot <- A, which may be null */                \
  X(STORE_TAKE, 2)  /* the same, and A <- null */                              \
  X(STORE_NULL, 1)  /* A . slot <- null */                                     \
  X(COPY, 1)        /* A <- register */                                        \
  X(MOVE, 1)        /* A <- register, which becomes null */                    \
  X(CLEAR, 0)       /* A <- null */                                            \
  X(PAYLOAD, 0)     /* adds the payload of A to the sum (docs/trace-format) */ \
  X(LEAVE, 1)       /* so many registers from A on <- null */                  \
  X(GLOBAL_LOAD, 1) /* A <- global */                                          \
  X(GLOBAL_STORE, 1) /* global <- A */                                         \
  X(GLOBAL_CLEAR, 0) /* global A <- null */                                    \
  X(TLS_LOAD, 1)     /* A <- thread-local root */                              \
  X(TLS_STORE, 1)    /* thread-local root <- A */                              \
  X(TLS_CLEAR, 0)    /* thread-local root A <- null */                         \
  X(WEAK_NEW, 1)     /* A <- a weak reference to object */                     \
  X(WEAK_GET, 1)     /* A <- target of weak reference, which is alive */       \
  X(WEAK_DROP, 1)    /* asks for the target of weak reference; A <- null */    \
  X(PAIR_NEW, 2)     /* A <- an ephemeron of key, value */                     \
  X(PAIR_GET, 1)     /* A <- value of ephemeron, whose key is alive */         \
  X(PAIR_DROP, 1)    /* asks for the value of ephemeron; A <- null */          \
  X(FINALIZER, 0)    /* asks for an object that waits for its finalizer */     \
  X(EXTERNAL, 1)     /* A owns so many bytes of memory outside the heap */     \
  X(COLLECT, 0)      /* collects all that can be collected */                  \
  X(WATCH, 1)        /* remembers object A weakly, as watched number n */      \
  X(WAIT, 1)         /* until all threads have come to their nth WAIT */       \
  X(TURN, 1)         /* until the turn is n; it is 0 at first */               \
  X(PASS, 1)         /* the turn is n */                                       \
  X(DETACH, 0)       /* the thread-local roots <- null */                      \
  /* Checks of what is alive.  A replayer has an array of objects, null at     \
   * first: an object that is named as x and is null in it gets into the array \
   * here, another one must be the same.  0 is null, and x is number x - 1. */ \
  X(HAS_ROOT, 2)    /* A: 0 register, 1 global, 2 thread-local; index, x */    \
  X(HAS_SHAPE, 5)   /* A: 0 object, 1 weak, 2 ephemeron; x, slots, bytes,      \
                     * number, how many of its slots are not null */           \
  X(HAS_SLOT, 3)    /* of x, slot: x */                                        \
  X(HAS_TARGET, 2)  /* weak reference x refers to x */                         \
  X(HAS_PAIR, 3)    /* ephemeron x has key x and value x */                    \
  X(HAS_WATCHED, 1) /* watched object n is alive (A is 1) or gone (0) */

enum {
#define RUNTIME_CODE(name, operands) WORD_##name,
  RUNTIME_CODES(RUNTIME_CODE)
#undef RUNTIME_CODE
      WORD_CODES
};

#endif
