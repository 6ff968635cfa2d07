/* executor.h: performs operations of the mutator interface on the collector
 * and, in step, on a shadow heap (harness/trace/shadow-heap.h), which knows
 * exactly what should be alive, and compares the two.  The random mutator
 * (fuzz) and the replay of traces drive it.
 *
 * Each thread compares what its own operations return.  At a check, while all
 * threads stand still, everything is compared: the number of objects, every
 * reference, weak references, finalizers, the collector's own invariants.  The
 * first difference ends the run and is told in full (wl_violation).
 *
 * Objects with room for it carry their number and their place in the shadow
 * heap in their payload, so that an object that turns up in the wrong place can
 * be named.
 *
 * Only perform.c and comparison.c use the inline half of gc.h and must be
 * compiled for each collector; all other files are compiled once. */
#ifndef REAPMARK_EXECUTOR_H
#define REAPMARK_EXECUTOR_H

#include <pthread.h>
#include <signal.h>

#include "harness/trace/shadow-heap.h"
#include "harness/trace/writer.h"
#include "workload.h"

/* The comparisons, one bit each.  A signal that kills the process is reported
 * whatever the bits are. */
typedef enum executor_oracle {
  ORACLE_GRAPH = 1,     /* references and payload are as stored */
  ORACLE_COUNT = 2,     /* no object, and no byte of external memory, too few or
                           too many after gc_collect */
  ORACLE_WEAK = 4,      /* weak references are cleared at death, not before */
  ORACLE_FINALIZER = 8, /* every dead object is handed out once, no live one */
  ORACLE_CHECK = 16,    /* gc_heap_check finds nothing */
  ORACLE_LIMIT = 32,    /* no allocation fails with room left, and the heap does
                           not grow beyond its limit */
  ORACLE_ALL = 63
} executor_oracle;

/* The values of the workloads' parameter `oracle`, up to NULL, and the bits for
 * the value with this index. */
extern const char *const executor_oracles[];
unsigned executor_oracle_bits(uint64_t choice);

/* An allocation may fail if the surviving objects and the new one take more
 * than limit / LIMIT_SHARE - LIMIT_SPARE bytes; the rest of the limit is left
 * to rounding, fragmentation and the collector's tables.  How far the footprint
 * may exceed the limit is the rule of gc_footprint_most. */
enum { LIMIT_SHARE = 3, LIMIT_SPARE = 1 << 20 };

/* gc_heap_check runs before anything is collected for a check, and between
 * checks while threads take turns, so that it meets cycles that are in
 * progress, remembered sets and queues that are not empty.  It costs about
 * INSPECTION_BASE units and one for each place of the shadow heap and for each
 * INSPECTION_BYTES of the footprint.  Every operation earns INSPECTION_CREDIT
 * units, and a run begins with INSPECTION_CREDIT_FIRST, so that a short trace
 * is inspected after each operation. */
enum {
  INSPECTION_BASE = 512,
  INSPECTION_BYTES = 256,
  INSPECTION_CREDIT = 5,
  INSPECTION_CREDIT_FIRST = 1 << 20
};

/* What is known about an object beyond the shadow heap, by the object's place
 * there.  It outlives the object until the place is used again.  Times are
 * numbers of operations. */
typedef struct executor_past {
  uint64_t number;    /* of the object in the order of allocation, from 1 */
  uint64_t stored;    /* when a reference to it was last stored */
  uint64_t doubt;     /* when the collector may last have found the object dead
                         and yet it came back, because the object itself or one
                         that leads to it was handed out for finalization; 0:
                         never */
  uint64_t condemned; /* when the object was handed out, having been dead: weak
                         references made up to then must be cleared; 0: not
                         known */
  uint64_t gone;      /* when it was found unreachable; 0: it was not */
  uint32_t checks;    /* how many checks found it reachable */
  uint32_t reached;   /* the last check that found it reachable */
  uint32_t walked;    /* the last check that met it in the collector's heap */
  uint16_t owner;     /* for fuzz: the thread that may touch its slots */
  bool handed_out;
} executor_past;

/* A comparison that has to wait until all threads stand still: `object` must be
 * unreachable. */
typedef struct executor_question {
  enum { QUESTION_CLEARED, QUESTION_HANDED_OUT } kind;
  shadow_ref object;
  uint64_t weak_birth; /* when the cleared weak reference was made */
  uint64_t when;       /* the operation that saw it */
} executor_question;

typedef struct executor_questions {
  executor_question *items;
  size_t count, room;
} executor_questions;

/* Counts of one thread; the record has their sums. */
typedef struct executor_counts {
  uint64_t operations;         /* performed */
  uint64_t skipped;            /* that made no sense */
  uint64_t failed;             /* allocations without room */
  uint64_t kinds[TRACE_KINDS]; /* operations by kind */
  uint64_t bytes;              /* allocated, nominal */
  uint64_t made;               /* objects allocated */
  uint64_t external;           /* bytes of external memory given to objects */
  uint64_t weak_alive;         /* weak references that gave their target */
  uint64_t weak_cleared;       /* weak references that were found cleared */
  uint64_t handed_out;         /* objects handed out for finalization */
} executor_counts;

/* Which events of the collector happened (coverage.h). */
enum { COVERAGE_COUNTERS = 64 };
typedef struct executor_coverage {
  bool watched; /* there is something to be read */
  size_t events;
  uint8_t place[WL_EVENTS];  /* of each event among the counters */
  uint64_t last[WL_EVENTS];  /* its value when it was last read */
  uint8_t of_collections[2]; /* places of the counters of collections */
  uint64_t collections;      /* their sum when they were last read */
  uint64_t happened; /* a bit for each event of the last operation that had any
                      */
  wl_coverage found;
} executor_coverage;

typedef struct executor_thread executor_thread;

/* One for a run. */
typedef struct executor {
  wl_run *run;
  shadow *shadow;
  executor_past *pasts;     /* by place */
  unsigned oracles;         /* bits */
  bool parallel;            /* threads run beside each other between checks */
  bool standing;            /* they stand still now; always, unless parallel */
  trace_writer *writer;     /* of --trace, or NULL */
  wl_lock lock;             /* the one lock of a trace */
  pthread_mutex_t list;     /* guards the next three */
  executor_thread *threads; /* the first is the one that opened it */
  executor_counts ended;    /* sums over the threads that have ended */
  executor_questions left;  /* questions of the threads that have ended */
  uint64_t checks;          /* made so far */
  uint64_t buried;          /* objects reclaimed up to the last check */
  uint64_t foreign;         /* objects in the heap that no operation made */
  uint64_t foreign_freed;   /* freed before the first operation */
  uint64_t
      foreign_external; /* bytes of external memory that were held before */
  uint64_t held, freed; /* executor_hold's `most`; objects freed */
  uint64_t safe_bytes;  /* that survived the last check; if parallel,
                           and all that was allocated since */
  shadow_volume reachable, surviving; /* at the last check */
  uint64_t forget_at; /* allocations, failed ones too, when what is dead is
                         forgotten next */
  uint64_t forgets;   /* times that this was done */
  uint64_t doubted;   /* slots that were looked at to put objects in doubt: what
                         finalization costs, for tests */
  uint64_t attached;  /* threads so far */
  uint64_t mark_steps; /* what the last marking for a question took
                          (questions.h) */
  uint64_t changed;    /* when a reference was last stored into an object, or a
                             weak reference made */
  uint64_t peak_bytes; /* the most that survived a check */
  uint64_t clock;      /* no thread's `now` is below it */
  uint64_t inspect;    /* operations between two inspections, at least; 0: none
                        */
  uint64_t inspect_at; /* when the next one is due */
  uint64_t inspect_from;  /* when one was due last */
  int64_t inspect_credit; /* as of then */
  uint64_t inspections;   /* so far */
  executor_coverage coverage;
  unsigned aside; /* what happens now is not counted as covered, if not 0 */
  bool hushed;    /* threads that wait must not call the collector */
} executor;

struct executor_thread {
  executor *x;
  executor_thread *next;
  wl_thread *wl;
  gc_mutator *m;
  shadow_mutator *shadow;
  uint16_t number;
  bool locked;   /* holds the lock */
  bool checking; /* takes part in a check, after operation `op` */
  bool polling;  /* waits, and may be in a safepoint */
  trace_op op;   /* the operation that is being performed */
  uint64_t now;  /* the number of that operation, in the thread's own count or,
                    if threads take turns, in a common one; all threads go on
                    from the highest after a check */
  uint64_t credit; /* what may be spent on marking (questions.h) */
  executor_counts counts;
  executor_questions questions;
  void *words;          /* the stack for signal handlers (last-words.h) */
  stack_t words_before; /* the one before */
};

typedef enum executor_result {
  PERFORMED,
  REFUSED, /* the operation makes no sense now and was not performed */
  FAILED   /* an allocation for which there was no room; nothing has changed */
} executor_result;

/* Begin and end the comparison of a run, on its first thread.  No object can be
 * reached at either end.  `oracles` are bits; threads that take turns have the
 * heap inspected every `inspect` operations at most.  They exit with 2 if the
 * file of --trace cannot be written. */
void executor_open(executor *x, wl_thread *t, unsigned oracles,
                   uint64_t inspect, bool parallel);
void executor_close(executor *x);

/* The calling thread, attached to the collector as `wl`, begins as mutator
 * `number`.  It must have left every frame when it ends, and detaches from the
 * collector after that.  If threads take turns, both are called in its turn. */
void executor_attach(executor_thread *t, executor *x, wl_thread *wl,
                     uint16_t number);
void executor_detach(executor_thread *t);

/* Performs one operation of the calling thread.  For operations that make an
 * object `number` is the new object's: not 0, below 2^37, never given before.
 * The payload of a finalizable object is made large enough for the stamp.  (S)
 */
executor_result executor_perform(executor_thread *t, const trace_op *op,
                                 uint64_t number);

/* A safepoint that is no operation, for a thread that waits.  (S) */
void executor_safepoint(executor_thread *t);

/* Bracket a stretch that belongs to a check: what the collector does in it is
 * not counted as covered.  At the beginning, before anything is collected, the
 * collector checks its invariants.  All other threads stand still. */
void executor_set_aside(executor_thread *t, bool aside);

/* Says that all threads but the caller stand still from now on (`still`), or
 * run on after a check.  For threads that run beside each other. */
void executor_stand(executor_thread *t, bool still);

/* Compares everything.  All other threads stand still; `each(data, task)` must
 * run `task` on every thread, the caller included, one after the other.  (S) */
typedef void executor_task(executor_thread *t);
typedef void executor_each(void *data, executor_task *task);
void executor_check(executor_thread *t, executor_each *each, void *data);

/* For collectors that are told of deaths (explicit_free); with others these
 * three do nothing.
 *
 * executor_hold, before the first operation: objects with numbers up to `most`
 * will be made and freed by the other two.  executor_dead: object `number` is
 * garbage and is freed, if it was made and is not freed yet.
 * executor_free_rest, at the end: frees all objects that are left. */
void executor_hold(executor_thread *t, uint64_t most);
void executor_dead(executor_thread *t, uint64_t number);
void executor_free_rest(executor_thread *t);

/* Ends the run with a violation of `oracle` (a word).  `what` is a printf
 * format for the first line; `object`, unless 0, is the object whose life is
 * told. */
_Noreturn void executor_violation(executor_thread *t, const char *oracle,
                                  shadow_ref object, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

/* Writes an operation as a trace has it, without the thread.  Returns the
 * length.  Async-signal-safe. */
enum { EXECUTOR_TEXT = 80 };
size_t executor_text(char text[EXECUTOR_TEXT], const trace_op *op);

/* Makes the verdict OOM if allocations failed, unless they were to be `scarce`
 * or a hostile condition made them fail: a run in which some failed has not
 * performed its operations. */
void executor_judge_failed(const executor *x, wl_thread *t, bool scarce);

/* After the last check: adds the deterministic counts to the record and tells
 * the cell runtime what must survive (wl_expect).  `expected` has a bit
 * (1 << TRACE_kind) for each kind of operation that must have been performed.
 * If one was not, or if `expected` is not 0 and a collector that reclaims has
 * reclaimed nothing, the run proved nothing and is WRONG. */
void executor_conclude(executor_thread *t, uint64_t expected);

#endif
