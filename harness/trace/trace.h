/* trace.h: operations of the mutator interface as data.
 *
 * One vocabulary serves everything that handles operations without performing
 * them at once: the text of a trace (docs/trace-format.md), the shadow heap,
 * which knows what the operations leave alive (shadow-heap.h), the random
 * mutator and the replay (workloads/operations), the recorder, and the tools
 * of `reapmark trace`. */
#ifndef REAPMARK_TRACE_H
#define REAPMARK_TRACE_H

#include <stdbool.h>
#include <stdint.h>

/* Every kind of operation: its name in C, its name in a trace (that of gc.h,
 * without the gc_), and its operands, one letter each, in the order of gc.h:
 *
 *   d  an owning register, written          t  an owning register, emptied
 *   b  a borrowing register, written        r  a register, read; may be null
 *   o  a register that holds an object      w  ... that holds a weak reference
 *   i  a slot of the object before it       n  a plain number
 *   e  ... that holds an ephemeron
 *   g  a global root                        l  a thread-local root
 *   s  slots and payload bytes of a new object, and 'f' if it is finalizable
 *   #  the number of an object, counted from 1 in the order of the trace
 *   x  bytes of external memory
 *   ?  the number of the object that the collector gave when the trace was
 *      recorded, 0 for none; may be left out, and is held as one more than it
 *      is, so that 0 says nothing */
#define TRACE_OPERATIONS(OP)                                                   \
  OP(ATTACH, "attach", "")                                                     \
  OP(DETACH, "detach", "")                                                     \
  OP(ENTER, "enter", "nn") /* a frame: owning, borrowing registers */          \
  OP(LEAVE, "leave", "")   /* the topmost frame */                             \
  OP(NEW, "new", "ds")                                                         \
  OP(LOAD, "load", "doi")                                                      \
  OP(BORROW, "borrow", "boi")                                                  \
  OP(UNBORROW, "unborrow", "b")                                                \
  OP(STORE, "store", "oir")                                                    \
  OP(STORE_TAKE, "store-take", "oit")                                          \
  OP(STORE_NULL, "store-null", "oi")                                           \
  OP(COPY, "copy", "dr")                                                       \
  OP(MOVE, "move", "dt")                                                       \
  OP(CLEAR, "clear", "d")                                                      \
  OP(PAYLOAD, "payload", "o") /* the object is used: its payload is checked */ \
  OP(GLOBAL_LOAD, "global-load", "dg")                                         \
  OP(GLOBAL_BORROW, "global-borrow", "bg")                                     \
  OP(GLOBAL_STORE, "global-store", "gr")                                       \
  OP(GLOBAL_CLEAR, "global-clear", "g")                                        \
  OP(TLS_LOAD, "tls-load", "dl")                                               \
  OP(TLS_BORROW, "tls-borrow", "bl")                                           \
  OP(TLS_STORE, "tls-store", "lr")                                             \
  OP(TLS_CLEAR, "tls-clear", "l")                                              \
  OP(WEAK_NEW, "weak-new", "do")                                               \
  OP(WEAK_GET, "weak-get", "dw?")                                              \
  OP(EPHEMERON_NEW, "ephemeron-new", "dor")                                    \
  OP(EPHEMERON_GET, "ephemeron-get", "de?")                                    \
  OP(FINALIZER_NEXT, "finalizer-next", "d?")                                   \
  OP(EXTERNAL, "external", "ox")                                               \
  OP(SAFEPOINT, "safepoint", "")                                               \
  OP(COLLECT, "collect", "")                                                   \
  OP(LOCK, "lock", "") /* the one lock that guards what threads share */       \
  OP(UNLOCK, "unlock", "")                                                     \
  OP(CHECK, "check", "") /* the heap is compared with the shadow heap */       \
  OP(DEAD, "dead", "#")  /* no operation: here the object became garbage */

typedef enum trace_kind {
#define TRACE_KIND(NAME, text, operands) TRACE_##NAME,
  TRACE_OPERATIONS(TRACE_KIND)
#undef TRACE_KIND
      TRACE_KINDS
} trace_kind;

/* Operands are a, b, c in the order of the letters; `s` takes up two of them.
 */
typedef struct trace_op {
  uint8_t kind;     /* trace_kind */
  bool finalizable; /* only for NEW */
  uint16_t thread;  /* number of the mutator, from 0 */
  uint32_t a, b, c;
} trace_op;

_Static_assert(sizeof(trace_op) == 16, "traces are held in memory by millions");

/* The version of the format that is written, and the first line of a trace.
 * Older traces lack the operations that came later (trace_since) and are
 * otherwise the same. */
#define TRACE_VERSION_TEXT "3"
#define TRACE_FIRST_LINE   "reapmark-trace " TRACE_VERSION_TEXT
enum { TRACE_VERSION = 3 };

enum {
  TRACE_THREADS = 1 << 15 /* numbers of threads; 16 bits hold more, and others
                             use some of these for what is no thread */
};
#define TRACE_OBJECTS 4000000000u /* the most objects of a trace */

typedef struct trace_about {
  const char *name, *operands;
} trace_about;

/* By kind. */
extern const trace_about trace_kinds[TRACE_KINDS];

/* The version of the format that an operation came with. */
static inline unsigned trace_since(trace_kind kind) {
  bool pair = kind == TRACE_EPHEMERON_NEW || kind == TRACE_EPHEMERON_GET;
  return kind == TRACE_EXTERNAL ? 3 : pair ? 2 : 1;
}

/* Whether the operation makes an object, which takes the next number. */
static inline bool trace_makes_object(const trace_op *op) {
  return op->kind == TRACE_NEW || op->kind == TRACE_WEAK_NEW ||
         op->kind == TRACE_EPHEMERON_NEW;
}

/* Included last, since the collector header that it includes may need the
 * above. */
#include "gc.h"

#endif
