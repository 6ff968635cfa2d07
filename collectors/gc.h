/* gc.h: the mutator interface, the one contract between workloads and
 * collectors.
 *
 * A workload includes this file and nothing of a collector.  The build
 * compiles it once per collector, with GC_COLLECTOR_HEADER naming the header
 * that defines the inline half below, so that allocation and barriers are
 * inlined and what is measured is the collector, not a table of function
 * pointers.  Code that is the same for all collectors (the cell runtime) is
 * compiled without it and sees the out-of-line half only.  There is one heap
 * and one collector in a process.
 *
 * The mutator is a register machine.  It never holds a reference in a C
 * variable: it names *registers*, which are slots of a shadow stack and the
 * collector's roots.  A moving collector may therefore change any reference at
 * any safepoint, a counting one knows who owns a count, and a runtime with a
 * stack of its own can map a register to one of its slots.
 *
 * Owning and borrowing registers.  A frame has both, and a register keeps its
 * kind for as long as the frame lives.  An owning register keeps its object
 * alive (to a counting collector: it owns one count).  A borrowing register
 * does not: the mutator promises that something else, usually the slot it was
 * borrowed from, keeps the object alive for as long as the register is used.
 * Only gc_borrow, gc_global_borrow, gc_tls_borrow and gc_unborrow write a
 * borrowing register; every other operation writes owning ones.  Any operation
 * may read either kind, but `take` and `move` take from owning ones only.  To a
 * tracing collector all of these are plain moves.
 *
 * Safepoints.  gc_new, gc_weak_new, gc_safepoint, gc_collect, gc_blocking_* and
 * gc_thread_* are safepoints, marked (S) below: only there may a collection
 * move objects or wait for this mutator.  A counting collector frees wherever a
 * reference is dropped, and may look for cycles there.
 *
 * Threads.  A mutator belongs to the thread that attached it.  Data races on a
 * slot (or global root) are not allowed: a workload that shares one guards it
 * with the harness's lock (workload.h), writers and readers alike.  Concurrent
 * reads of a slot that nobody writes are allowed.
 *
 * Errors.  Misuse (a register outside the frame, a slot outside the shape, a
 * null object operand) is undefined, and caught by an assertion where GC_CHECKS
 * is defined, as all sanitizer presets do. */
#ifndef REAPMARK_GC_H
#define REAPMARK_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define GC_API_VERSION 1

#define gc_likely(x)   __builtin_expect(!!(x), 1)
#define gc_unlikely(x) __builtin_expect(!!(x), 0)

typedef struct gc_heap gc_heap;
typedef struct gc_mutator gc_mutator;

/* A register: its number, counted from the bottom of the mutator's shadow
 * stack.  Numbers are absolute, so that a function can be handed a register of
 * its caller's frame as the place for its result. */
typedef uint32_t gc_reg;

/* The layout of an object: reference slots, then raw payload bytes.  Payload is
 * aligned to 8 bytes. */
typedef struct gc_shape {
  uint32_t slots; /* at most GC_SLOTS_MAX */
  uint32_t bytes; /* at most GC_BYTES_MAX */
} gc_shape;

enum {
  GC_SLOTS_MAX = (1 << 26) - 1,
  GC_BYTES_MAX = (1 << 30),
  GC_GLOBALS = 64,       /* process-wide root slots */
  GC_TLS = 16,           /* root slots per mutator */
  GC_REGISTERS = 1 << 16 /* shadow-stack depth per mutator */
};

/* Flags of gc_new. */
enum { GC_PLAIN = 0, GC_FINALIZABLE = 1 };

/* The nominal size of an object in bytes: what every collector is charged for
 * in live and allocated volumes, whatever its own header and rounding: one
 * header word, the slots, the payload rounded up to words. */
static inline uint64_t gc_shape_bytes(gc_shape s) {
  return 8 + 8 * (uint64_t)s.slots + (((uint64_t)s.bytes + 7) & ~(uint64_t)7);
}

/* The shape whose nominal size a weak reference is charged with. */
#define GC_WEAK_SHAPE ((gc_shape){0, 24})

/* ------------------------------------------------------------------------- *
 * The collector describes itself.
 * ------------------------------------------------------------------------- */

/* What a collector reclaims, in order of strength.  The harness holds it to the
 * declaration in both directions. */
typedef enum gc_reclaims {
  GC_RECLAIMS_NOTHING, /* every object survives */
  GC_RECLAIMS_ACYCLIC, /* all garbage but what a dead cycle reaches */
  GC_RECLAIMS_ALL
} gc_reclaims;

/* When it reclaims garbage that no dead cycle reaches, in order of strength. */
typedef enum gc_prompt {
  GC_PROMPT_NO,       /* at a collection, whenever that is */
  GC_PROMPT_CONTENTS, /* when its last reference is dropped, but for the memory
                         of objects that had lost another one before, and what
                         other threads drop: that may wait for a collection */
  GC_PROMPT_ALL       /* when its last reference is dropped, all of it */
} gc_prompt;

typedef struct gc_capabilities {
  gc_reclaims reclaims;
  gc_prompt prompt;
  bool threads;    /* several mutators may share objects */
  bool weak;       /* gc_weak_* */
  bool finalizers; /* GC_FINALIZABLE */
  bool moving;     /* objects change address */
  bool heap_limit; /* gc_config.heap_limit is honoured */
  bool concurrent; /* collector threads run beside mutators */
  /* Frees what gc_free is told is dead, and nothing else: `reclaims` then says
   * what there is to be freed.  Needs workloads that know deaths. */
  bool explicit_free;
  /* Finds references by what looks like one: garbage may survive because a
   * stale word refers to it.  The harness then allows for some (workload.h). */
  bool conservative;
  /* Tears down what dies by recursion: of a chain of some ten thousands, it
   * overflows the stack.  Workloads that make such are not for it. */
  bool shallow;
  /* Its threads take turns, as by an interpreter's lock: one mutator runs at a
   * time, so that more of them are no faster.  Reports say so. */
  bool turns;
  /* Of a heap limit, how many percent never hold objects, since there must be
   * room to copy into. */
  uint8_t reserve;
} gc_capabilities;

/* What a collector is in this suite.  Tables keep the first two apart: what a
 * runtime's C interface costs is not memory management. */
typedef enum gc_kind {
  GC_KIND_MODEL,     /* an algorithm, made to be compared with other models */
  GC_KIND_REFERENCE, /* an adapter to a memory manager that is in use */
  GC_KIND_DIAGNOSTIC /* not made to be fast: runs only where it is named */
} gc_kind;

/* A tuning knob: an integer that the command line may set before the heap is
 * made.  *value holds the default until then. */
typedef struct gc_option {
  const char *name; /* lower case, words joined by '-' */
  const char *help; /* one line, with the unit */
  uint64_t *value;
  uint64_t min, max;
} gc_option;

typedef struct gc_collector {
  const char *name;
  const char *summary; /* one line */
  const char *source;  /* where the algorithm comes from */
  gc_kind kind;
  bool hostile; /* collects where common/hostile.h says; else only those
                   who drive operations see to it (hostile_before_new) */
  bool faults;  /* may have a signal handler for writes to protected pages */
  gc_capabilities can;
  const gc_option *options; /* terminated by an entry without a name */
} gc_collector;

/* Defined by the collector's .c file. */
extern const gc_collector gc_this_collector;

/* ------------------------------------------------------------------------- *
 * Events.  A collector reports each interval in which it kept a mutator from
 * running.  Clock reads belong in its slow paths only.
 * ------------------------------------------------------------------------- */

typedef enum gc_pause_kind {
  GC_PAUSE_STOP,    /* every mutator was stopped */
  GC_PAUSE_CASCADE, /* this mutator tore down dead objects */
  GC_PAUSE_DETECT,  /* this mutator searched for cycles, the others ran */
  GC_PAUSE_KINDS
} gc_pause_kind;

/* `pause` is called on the thread that was paused (for GC_PAUSE_STOP: the one
 * that ran the collection) after the pause, with CLOCK_MONOTONIC nanoseconds.
 * It must not call back into the collector. */
typedef struct gc_listener {
  void (*pause)(void *data, gc_pause_kind kind, uint64_t begin_ns,
                uint64_t end_ns);
  void *data;
} gc_listener;

/* The listener for those who do not listen. */
static inline void gc_null_pause(void *data, gc_pause_kind kind,
                                 uint64_t begin_ns, uint64_t end_ns) {
  (void)data, (void)kind, (void)begin_ns, (void)end_ns;
}
#define GC_NULL_LISTENER ((gc_listener){gc_null_pause, NULL})

static inline uint64_t gc_now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ------------------------------------------------------------------------- *
 * The heap.  Out of line; called at the edges of a run.
 * ------------------------------------------------------------------------- */

typedef struct gc_config {
  uint64_t heap_limit; /* bytes that objects may occupy, hard; 0: unlimited */
  gc_listener listener;
} gc_config;

/* Makes the process's heap, its options set through gc_this_collector.options.
 * Returns NULL if the memory for it cannot be reserved.  To be called once,
 * before any thread attaches. */
gc_heap *gc_heap_create(const gc_config *config);

/* Frees the heap and all its objects.  Every mutator must have detached. */
void gc_heap_destroy(gc_heap *heap);

/* Bytes of memory that the heap holds from the operating system for objects and
 * for its own metadata, now and at the most so far.  Any thread, any time. */
typedef struct gc_footprint {
  uint64_t bytes;
  uint64_t peak_bytes;
} gc_footprint;
gc_footprint gc_heap_footprint(gc_heap *heap);

/* Objects in the heap, exactly: what the collector thinks alive.  To be called
 * right after gc_collect, with no other mutator running. */
uint64_t gc_heap_objects(gc_heap *heap);

/* What the heap's memory is used for, dead objects that were not found yet
 * included.  What a collector cannot tell exactly is GC_UNKNOWN. */
#define GC_UNKNOWN UINT64_MAX
typedef struct gc_usage {
  uint64_t objects;
  uint64_t cells; /* bytes of the places they occupy, rounding included */
  uint64_t pages; /* bytes held for objects, without metadata */
  uint64_t free;  /* bytes, in blocks of the collector's own, of no object */
  uint64_t free_largest; /* the longest stretch of them */
} gc_usage;

/* Optional: a collector may leave it undefined.  Changes nothing; may be slow.
 * No mutator may run meanwhile. */
gc_usage gc_heap_usage(gc_heap *heap) __attribute__((weak));

/* Deterministic event counts of the collector's slow paths ("collections",
 * "objects-marked"), for records and tests.  Fills at most `room` entries and
 * returns how many.  No mutator may run meanwhile. */
typedef struct gc_counter {
  const char *name;
  uint64_t value;
} gc_counter;
size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room);

/* What gc_heap_counters does with the `count` counters that there are.  For
 * collectors; thread-safe. */
static inline size_t gc_counters_fill(gc_counter *out, size_t room,
                                      const gc_counter *all, size_t count) {
  size_t n = count < room ? count : room;
  for (size_t i = 0; i < n; i++)
    out[i] = all[i];
  return n;
}

/* Checks the collector's invariants over the whole heap (slow).  Returns NULL,
 * or a description of the first violation, valid until the next call.  No
 * mutator may run meanwhile. */
const char *gc_heap_check(gc_heap *heap);

/* Called when an allocation cannot be served after everything reclaimable was
 * reclaimed; or with `m` null, from anywhere in the collector, when there is no
 * memory for a list that it cannot do without.  Defined by whoever embeds the
 * collector; must not return, nor call it but for gc_heap_footprint. */
_Noreturn void gc_out_of_memory(gc_mutator *m, gc_shape shape);

/* Makes the calling thread a mutator.  (S)  Returns NULL when out of memory. */
gc_mutator *gc_thread_attach(gc_heap *heap);

/* Ends it: its registers must all be left, its thread-local roots are dropped.
 * (S) */
void gc_thread_detach(gc_mutator *m);

/* Brackets a stretch in which the thread blocks or runs foreign code and does
 * not touch the heap, so that a collection need not wait for it.  (S) */
void gc_blocking_enter(gc_mutator *m);
void gc_blocking_leave(gc_mutator *m);

/* Reclaims everything that this collector can ever reclaim of what is garbage
 * now, but for objects that wait to be finalized.  (S) */
void gc_collect(gc_mutator *m);

#ifdef GC_COLLECTOR_HEADER

/* ------------------------------------------------------------------------- *
 * The inline half, defined by the collector's header.  `m` is the calling
 * thread's mutator; `dst`, `src`, `obj` are registers; `i` is a slot index.
 * ------------------------------------------------------------------------- */

/* Pushes a frame of `owning` owning registers followed by `borrowing` borrowing
 * ones, all null, and returns the first.  Overflowing the shadow stack ends the
 * process with a message. */
static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing);

/* Pops the topmost frame, entered as `frame` with the same numbers; what its
 * owning registers still hold is released. */
static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing);

/* dst <- a new object of this shape, all slots null, payload unspecified.  (S)
 * Returns false, with dst unchanged, if that is impossible within the heap
 * limit after everything reclaimable was reclaimed. */
static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags);

/* dst <- obj.slot[i] */
static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i);

/* dst <- obj.slot[i], without owning it.  dst is a borrowing register and may
 * be obj. */
static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i);

/* r <- null, for a borrowing register. */
static inline void gc_unborrow(gc_mutator *m, gc_reg r);

/* obj.slot[i] <- src */
static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src);

/* obj.slot[i] <- src and src <- null: ownership moves. */
static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src);

/* obj.slot[i] <- null */
static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i);

/* dst <- src */
static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src);

/* dst <- src and src <- null: ownership moves.  They must differ. */
static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src);

/* r <- null, for an owning register. */
static inline void gc_clear(gc_mutator *m, gc_reg r);

/* The object in this owning register is dead: nothing else refers to it, nor
 * will; r <- null.  Only collectors that can.explicit_free define it, and with
 * it GC_EXPLICIT_FREE as 1.  To all others it is gc_clear.  Such a collector
 * has one global root more, number GC_GLOBALS, for whoever must find an object
 * again that the program has lost, to free it. */
static inline void gc_free(gc_mutator *m, gc_reg r);

/* The object's payload bytes, valid until the next safepoint and for as long as
 * the object is alive.  Not owned. */
static inline void *gc_payload(gc_mutator *m, gc_reg obj);

static inline bool gc_is_null(gc_mutator *m, gc_reg r);

/* Whether two registers hold the same object (or both null). */
static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b);

/* Process-wide root slots, 0 <= g < GC_GLOBALS, null at first. */
static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g);
static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g);
static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src);
static inline void gc_global_clear(gc_mutator *m, uint32_t g);

/* Root slots of this mutator, 0 <= t < GC_TLS, null at first; dropped when it
 * detaches. */
static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t);
static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t);
static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src);
static inline void gc_tls_clear(gc_mutator *m, uint32_t t);

/* dst <- a new weak reference to the object in `target`: an object of its own,
 * counted by gc_heap_objects, of nominal shape GC_WEAK_SHAPE.  (S)  Returns
 * false as gc_try_new does.  The target is no weak reference itself: some
 * runtimes have none to those.  Weak references to an object are cleared when
 * it is found dead, *before* it is queued for its finalizer; they stay cleared
 * if it is resurrected. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target);

/* dst <- the target of the weak reference in `weak`, and true; or dst <- null
 * and false if it was cleared. */
static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak);

/* dst <- an object made GC_FINALIZABLE that was found dead and waits for its
 * finalizer, and true; or false, with dst unchanged, if none waits.  The caller
 * is the finalizer: it may use the object and may keep it (resurrection).  Each
 * object is handed out once; after that it is an ordinary object.  Finalizers
 * thus never run inside a collection, nor on a thread that did not ask; compare
 * MPS's finalization messages and guardians (Dybvig, PLDI 1993). */
static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst);

/* Gives a waiting collection the chance to run.  (S)  Needed at least every
 * few microseconds in a loop that allocates nothing. */
static inline void gc_safepoint(gc_mutator *m);

#include GC_COLLECTOR_HEADER

/* Whether deaths are stated one by one, as a constant: what a workload does
 * only to state them stands in `if (GC_EXPLICIT_FREE)` and costs the others
 * nothing. */
#ifndef GC_EXPLICIT_FREE
#define GC_EXPLICIT_FREE 0
static inline void gc_free(gc_mutator *m, gc_reg r) {
  gc_clear(m, r);
}
#endif

/* ------------------------------------------------------------------------- *
 * Derived operations.
 * ------------------------------------------------------------------------- */

/* gc_try_new, or gc_out_of_memory. */
static inline void gc_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                          unsigned flags) {
  if (gc_unlikely(!gc_try_new(m, dst, shape, flags)))
    gc_out_of_memory(m, shape);
}

static inline void gc_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  if (gc_unlikely(!gc_try_weak_new(m, dst, target)))
    gc_out_of_memory(m, GC_WEAK_SHAPE);
}

#endif /* GC_COLLECTOR_HEADER */

#endif
