/* executor.h: performs operations of the mutator interface on the collector and
 * on a plain shadow heap of what a heap should be
 * (harness/trace/shadow-heap.h), in step, and compares.  The random mutator
 * (fuzz) and the replay of traces are built on it.
 *
 * Each thread compares what its operations return.  At a check, with all
 * threads standing still, everything is compared: the number of objects, every
 * reference, weak references, finalizers, the collector's own invariants.  The
 * first difference ends the run with its story (wl_violation).
 *
 * Objects with payload carry their number and their place in the shadow heap,
 * so that an object that turns up where it should not can be named.  */
#ifndef REAPMARK_EXECUTOR_H
#define REAPMARK_EXECUTOR_H

#include <pthread.h>
#include <signal.h>

#include "harness/trace/shadow-heap.h"
#include "harness/trace/writer.h"
#include "workload.h"

/* The comparisons, one bit each.  What kills the process is seen in any case.
 */
typedef enum executor_oracle {
  ORACLE_GRAPH = 1,     /* references and payload are as stored */
  ORACLE_COUNT = 2,     /* no object too few or too many after gc_collect */
  ORACLE_WEAK = 4,      /* cleared when dead, and not before */
  ORACLE_FINALIZER = 8, /* once, not before death, none forgotten */
  ORACLE_CHECK = 16,    /* gc_heap_check */
  ORACLE_LIMIT = 32,    /* no failure with room left, no growth beyond it */
  ORACLE_ALL = 63
} executor_oracle;

/* Values of the parameter `oracle`, and their bits by index. */
extern const char *const executor_oracles[];
unsigned executor_oracle_bits(uint64_t choice);

/* An allocation may fail if what must survive and what is asked for take more
 * than limit / LIMIT_SHARE - LIMIT_SPARE bytes: the rest is for rounding,
 * fragmentation and the collector's tables.  The footprint may exceed the limit
 * by as much again as LIMIT_OVER, for tables outside the limit. */
enum { LIMIT_SHARE = 3, LIMIT_SPARE = 1 << 20, LIMIT_OVER = 8 << 20 };

/* What is known about an object beside the shadow heap, by its place there.  It
 * outlives the object until the place is used again. */
typedef struct executor_past {
  uint64_t number;    /* of the object in the order of making, from 1 */
  uint64_t stored;    /* the operation that last stored a reference to it */
  uint64_t doubt;     /* the last operation up to which it may have been found
                         dead, because it was handed out for finalization, or can
                         be reached from what was; 0: never */
  uint64_t condemned; /* weak references to it that were made up to this
                         operation must be cleared: by then it had been found
                         dead, and nobody had brought it back; 0: unknown */
  uint64_t gone;    /* the operation by which it was found unreachable, or 0 */
  uint32_t checks;  /* that it survived */
  uint32_t reached; /* the last check that found it reachable */
  uint32_t walked;  /* the last check that came by in the real heap */
  uint16_t owner;   /* for who drives: the thread that may touch its slots */
  bool handed_out;
} executor_past;

/* A comparison that has to wait until all threads stand still. */
typedef struct executor_question {
  enum { QUESTION_CLEARED, QUESTION_HANDED_OUT } kind;
  shadow_ref object;   /* that must be unreachable */
  uint64_t weak_birth; /* of the weak reference that was seen cleared */
  uint64_t when;       /* the operation */
} executor_question;

typedef struct executor_questions {
  executor_question *items;
  size_t count, room;
} executor_questions;

/* Of one thread; add up to the record's counts. */
typedef struct executor_counts {
  uint64_t operations, skipped, failed; /* failed: allocations */
  uint64_t kinds[TRACE_KINDS];
  uint64_t bytes; /* of the objects made */
  uint64_t made, weak_alive, weak_cleared, handed_out;
} executor_counts;

typedef struct executor_thread executor_thread;

/* One for a run. */
typedef struct executor {
  wl_run *run;
  shadow *shadow;
  executor_past *pasts;
  unsigned oracles;
  bool parallel; /* threads run beside each other between checks */
  bool standing; /* they stand still: always so, unless parallel */
  trace_writer *writer;
  wl_lock lock;             /* TRACE_LOCK */
  pthread_mutex_t list;     /* for the following three */
  executor_thread *threads; /* first the one that opened it */
  executor_counts ended;    /* of threads that have ended */
  executor_questions left;  /* by threads that have ended */
  uint64_t checks, buried;
  uint64_t foreign;     /* objects in the heap when it began, or our own */
  uint64_t held, freed; /* numbers that can be freed; objects that were */
  uint64_t safe_bytes; /* held after the last check; in parallel: at most now */
  shadow_volume reachable, surviving; /* by the last check */
  uint64_t peak_bytes;                /* the most that survived at a check */
  uint64_t clock;                     /* no thread is before it */
} executor;

struct executor_thread {
  executor *x;
  executor_thread *next;
  wl_thread *wl;
  gc_mutator *m;
  shadow_mutator *shadow;
  uint16_t number;
  bool locked;     /* holds the lock */
  bool checking;   /* is comparing, after its last operation */
  trace_op op;     /* being performed */
  uint64_t now;    /* its number: operations of this thread, or of all if they
                      take turns, never before the last check's */
  uint64_t credit; /* places that may be marked for immediate answers */
  executor_counts counts;
  executor_questions questions;
  void *words; /* the stack on which a signal that kills is told */
  stack_t words_before;
};

typedef enum executor_result {
  PERFORMED,
  REFUSED, /* makes no sense now, and was not performed */
  FAILED   /* an allocation without room; nothing has changed */
} executor_result;

/* Starts and ends the comparison of the run that `t` is the first thread of.
 * Nothing in the heap can be reached at either end.  `oracles` are bits. */
void executor_open(executor *x, wl_thread *t, unsigned oracles, bool parallel);
void executor_close(executor *x);

/* The calling thread begins as mutator `number`; it must have attached, and
 * left every frame when it ends.  (Its mutator is detached after that.)  With
 * threads that take turns: in its turn. */
void executor_attach(executor_thread *t, executor *x, wl_thread *wl,
                     uint16_t number);
void executor_detach(executor_thread *t);

/* Performs one operation of the calling thread.  Of NEW and WEAK_NEW `number`
 * says how the object is to be called: not 0, below 2^37, given once.  Payload
 * of finalizable objects is made large enough for it.  (S) */
executor_result executor_perform(executor_thread *t, const trace_op *op,
                                 uint64_t number);

/* Says that all threads but the caller's stand still from now on, or run on
 * again.  For those that run beside each other; a check is in between. */
void executor_stand(executor_thread *t, bool still);

/* Compares everything.  All other threads stand still; `each` is to run `task`
 * on each of them by turns, the caller included.  (S) */
typedef void executor_task(executor_thread *t);
typedef void executor_each(void *data, executor_task *task);
void executor_check(executor_thread *t, executor_each *each, void *data);

/* For a collector that is told of deaths; to others these are nothing.
 *
 * executor_hold: objects numbered up to `most` are going to be made, and freed
 * by the following two: before the first operation.
 * executor_dead: object `number`, if it was made and is not freed, is garbage
 * and is freed.  executor_free_rest: so are all that are left, at the end. */
void executor_hold(executor_thread *t, uint64_t most);
void executor_dead(executor_thread *t, uint64_t number);
void executor_free_rest(executor_thread *t);

/* Ends the run with a violation that the caller found: `what` is a printf
 * format, `object` (may be 0) what it is about. */
_Noreturn void executor_violation(executor_thread *t, const char *oracle,
                                  shadow_ref object, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

/* The words of an operation as in a trace; async-signal-safe.  Returns their
 * length. */
enum { EXECUTOR_TEXT = 80 };
size_t executor_text(char text[EXECUTOR_TEXT], const trace_op *op);

/* After the last check: adds the deterministic counts to the record, and holds
 * the collector to what must survive (wl_expect).  The run is WRONG as one that
 * proved nothing if something is expected, but no object was reclaimed (by a
 * collector that reclaims), or if some kind of operation whose bit
 * (1 << TRACE_kind) is in `expected` was never performed. */
void executor_conclude(executor_thread *t, uint64_t expected);

#endif
