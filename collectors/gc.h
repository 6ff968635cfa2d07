/* gc.h: the mutator interface, the contract between workloads and collectors.
 *
 * A workload includes this file and nothing of a collector.  The build compiles
 * the workload once per collector.  GC_COLLECTOR_HEADER names the collector's
 * header, which defines the inline half of the interface, so that allocation
 * and barriers are inlined and the collector is measured, not a table of
 * function pointers.  Code that is the same for all collectors (the cell
 * runtime) is compiled without GC_COLLECTOR_HEADER and sees the out-of-line
 * half only. There is one heap and one collector per process.
 *
 * Registers.  The mutator is a register machine.  It never holds a reference in
 * a C variable; it names *registers*, which are slots of a shadow stack and
 * roots of the collector.  So a moving collector can update every reference, a
 * counting collector knows which places own a count, and an adapter can map a
 * register to a slot of its production runtime's own stack.
 *
 * Owning and borrowing.  A frame has registers of both kinds, and a register
 * keeps its kind for as long as the frame exists.  An owning register keeps its
 * object alive (in a counting collector, it owns one count).  A borrowing
 * register does not: the mutator promises that another place, usually the slot
 * that the reference was borrowed from, keeps the object alive for as long as
 * the register is used.  Only gc_borrow, gc_global_borrow, gc_tls_borrow and
 * gc_unborrow write borrowing registers; all other operations write owning
 * ones. Every operation may read either kind, but gc_store_take and gc_move
 * take from owning registers only.  To a tracing collector all of these are
 * plain moves.
 *
 * Safepoints.  Functions marked (S) are safepoints: gc_new, gc_weak_new,
 * gc_ephemeron_new, gc_external, gc_safepoint, gc_collect, gc_blocking_* and
 * gc_thread_*. Only there may a collection move objects or wait for this
 * mutator.  A counting collector may free objects, and look for dead cycles,
 * wherever a reference is dropped.
 *
 * Threads.  A mutator belongs to the thread that attached it.  Data races on a
 * slot or global root are not allowed: a workload guards one that threads share
 * with the harness's lock (workload.h), for writing and for reading.  Threads
 * may read a slot at the same time while no thread writes it.
 *
 * Errors.  Misuse (a register outside the frame, a slot outside the shape, a
 * null object operand) is undefined.  Where GC_CHECKS is defined, as in all
 * sanitizer presets, it ends the process with a message. */
#ifndef REAPMARK_GC_H
#define REAPMARK_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define GC_API_VERSION 3

#define gc_likely(x)   __builtin_expect(!!(x), 1)
#define gc_unlikely(x) __builtin_expect(!!(x), 0)

typedef struct gc_heap gc_heap;
typedef struct gc_mutator gc_mutator;

/* The number of a register, counted from the bottom of the mutator's shadow
 * stack.  Because it is not relative to a frame, a function can be passed a
 * register of its caller's frame as the place for its result. */
typedef uint32_t gc_reg;

/* The layout of an object: reference slots, then payload bytes, which hold no
 * references and are aligned to 8. */
typedef struct gc_shape {
  uint32_t slots; /* at most GC_SLOTS_MAX */
  uint32_t bytes; /* at most GC_BYTES_MAX */
} gc_shape;

enum {
  GC_SLOTS_MAX = (1 << 26) - 1,
  GC_BYTES_MAX = (1 << 30),
  GC_GLOBALS = 64,       /* global roots of the process */
  GC_TLS = 16,           /* thread-local roots of a mutator */
  GC_REGISTERS = 1 << 16 /* depth of a mutator's shadow stack */
};

/* Flags of gc_new. */
enum { GC_PLAIN = 0, GC_FINALIZABLE = 1 };

/* The nominal size of an object in bytes: one header word, the slots, and the
 * payload rounded up to words.  Live and allocated volumes are in nominal
 * bytes, so that they do not depend on a collector's own header and rounding.
 */
static inline uint64_t gc_shape_bytes(gc_shape s) {
  return 8 + 8 * (uint64_t)s.slots + (((uint64_t)s.bytes + 7) & ~(uint64_t)7);
}

/* The nominal shape of a weak reference. */
#define GC_WEAK_SHAPE ((gc_shape){0, 24})

/* The nominal shape of an ephemeron. */
#define GC_EPHEMERON_SHAPE ((gc_shape){0, 24})

/* ------------------------------------------------------------------------- *
 * The collector describes itself.
 * ------------------------------------------------------------------------- */

/* What a collector reclaims, in order of strength.  The harness checks that it
 * reclaims no less and no more than it declares. */
typedef enum gc_reclaims {
  GC_RECLAIMS_NOTHING, /* every object survives */
  GC_RECLAIMS_ACYCLIC, /* all garbage that no dead cycle reaches */
  GC_RECLAIMS_ALL
} gc_reclaims;

/* When a collector reclaims garbage that no dead cycle reaches, in order of
 * strength. */
typedef enum gc_prompt {
  GC_PROMPT_NO,       /* at its next collection */
  GC_PROMPT_CONTENTS, /* when the last reference is dropped.  The memory of an
                         object that had lost a reference before, and objects
                         that another thread drops, may wait for a collection.
                       */
  GC_PROMPT_ALL /* when the last reference is dropped, without exception */
} gc_prompt;

/* What a collector knows of memory outside the heap that objects own
 * (gc_external), in order of strength. */
typedef enum gc_externals {
  GC_EXTERNALS_NONE,   /* it has no gc_external */
  GC_EXTERNALS_UNSEEN, /* the memory is given back when its owner dies, but does
                          not count: neither when a collection is due nor
                          against a heap limit, so that much of it may wait for
                          a collector that sees few and small objects */
  GC_EXTERNALS_COUNTED /* it counts as an object's own bytes do, in whatever
                          makes a collection due and against a heap limit.  What
                          frees each object as it dies has nothing to make due,
                          and is of this kind if it keeps to the limit */
} gc_externals;

typedef struct gc_capabilities {
  gc_reclaims reclaims;
  gc_prompt prompt;
  gc_externals external; /* not GC_EXTERNALS_NONE: GC_EXTERNAL is 1 */
  bool threads;          /* several mutators may share objects */
  bool weak;             /* gc_weak_* */
  bool ephemerons;       /* gc_ephemeron_*, and GC_EPHEMERONS is 1 */
  /* With ephemerons: they refer to their values strongly until the key is found
   * dead, as weak-keyed tables do in Python and Java.  A value that leads to
   * its key then stays as long as the ephemeron does. */
  bool weak_keys;
  bool finalizers; /* GC_FINALIZABLE */
  bool moving;     /* objects change address */
  bool heap_limit; /* gc_config.heap_limit is honoured */
  bool concurrent; /* collector threads run beside mutators: see
                      gc_helper_thread.  Those that run only while the world
                      is stopped do not count */
  /* Frees only the objects that gc_free is called for; `reclaims` then tells
   * which garbage gc_free may be called for.  Runs only workloads that know
   * when objects die. */
  bool explicit_free;
  /* Takes any word that looks like a reference for one, so a stale word can
   * keep garbage.  The harness allows for some (workload.h). */
  bool conservative;
  /* Frees the contents of a dead object by recursion, and overflows the C stack
   * on a chain of some ten thousand objects.  Workloads with such chains do not
   * run. */
  bool shallow;
  /* To weak references and ephemerons, what a finalizer will see has not died:
   * they are cleared for the finalizable object itself, but not for objects
   * that only it leads to, so one of these, or a value, may still give an
   * object that waits for its finalizer ("long" weak references in C#). */
  bool long_weak;
  /* Mutators take turns, as under an interpreter's lock: only one runs at a
   * time, so more threads are no faster.  Reports say so. */
  bool turns;
  /* The percentage of a heap limit that never holds objects, because copies
   * need the room. */
  uint8_t reserve;
  /* How far the footprint may exceed a heap limit, for tables that the limit
   * does not cover: a percentage of the limit, and bytes.  0 stands for
   * GC_OVERHEAD and GC_OVERHEAD_BYTES.  See gc_footprint_most. */
  uint8_t overhead;
  uint32_t overhead_bytes;
  /* The unit in which the heap gets memory for objects, such as its blocks, in
   * bytes; 0: too small to matter.  See gc_limit_is_coarse. */
  uint32_t granule;
} gc_capabilities;

enum { GC_OVERHEAD = 25, GC_OVERHEAD_BYTES = 64 << 10 };

/* The largest footprint (gc_heap_footprint) with which the collector keeps a
 * heap limit; `limit` is not 0.  A collector that holds more has an advantage
 * over those that keep to the limit: the comparison of figures depends on this
 * rule. */
static inline uint64_t gc_footprint_most(const gc_capabilities *can,
                                         uint64_t limit) {
  uint64_t percent = can->overhead ? can->overhead : GC_OVERHEAD;
  uint64_t bytes =
      can->overhead_bytes ? can->overhead_bytes : GC_OVERHEAD_BYTES;
  return limit + limit / 100 * percent + bytes;
}

/* Whether a heap limit leaves so few units for objects that figures tell of the
 * unit and not of the algorithm: one more unit, and collections are half as
 * many.  (Copying of 300 to 500 objects in blocks of 32 KiB collected 40 times
 * as often as that of 2,000 with the same room for each object, and mark-sweep
 * of 200 twice as often.) */
enum { GC_GRANULES_LEAST = 16 };
static inline bool gc_limit_is_coarse(const gc_capabilities *can,
                                      uint64_t limit) {
  return limit - limit / 100 * can->reserve <
         (uint64_t)GC_GRANULES_LEAST * can->granule;
}

/* The kind of a collector.  Models and adapters never share a table: part of an
 * adapter's time is the production runtime's C interface. */
typedef enum gc_kind {
  GC_KIND_MODEL,     /* an algorithm of this project, compared with others */
  GC_KIND_REFERENCE, /* an adapter to a production runtime */
  GC_KIND_DIAGNOSTIC /* not made to be fast: runs only if named */
} gc_kind;

/* A tuning option: an integer that the command line may set before the heap is
 * made.  Until then *value is the default. */
typedef struct gc_option {
  const char *name; /* lower case, words joined by '-' */
  const char *help; /* one line, with the unit */
  uint64_t *value;
  uint64_t min, max;
} gc_option;

/* The words that the values of an option have, in the order of the values: the
 * first one is value 0.  The command line takes only these, and they stand in
 * --describe and in records. */
typedef struct gc_words {
  const char *option;       /* its name */
  const char *const *words; /* ended by NULL */
} gc_words;

/* The hooks of common/hostile/hostile.h through which a collector takes part in
 * hostile conditions, bits.  A collector is held to those that it declares: if
 * a condition that needs one of them never comes about, a run proves nothing.
 * Without GC_HOSTILE_COLLECT only the random mutator and replay force
 * collections (hostile_before_new). */
typedef enum gc_hostile_hooks {
  GC_HOSTILE_COLLECT = 1, /* calls hostile_allocation before it allocates */
  GC_HOSTILE_POISON = 2,  /* fills freed memory (common/hostile/poison.h) */
  GC_HOSTILE_BUFFERS = 4, /* bounds its lists by hostile.buffers */
  GC_HOSTILE_FAIL = 8,    /* calls hostile_fails before internal allocations */
  GC_HOSTILE_YIELD = 16,  /* calls hostile_race at its racy points */
  GC_HOSTILE_ALL = 31
} gc_hostile_hooks;

typedef struct gc_collector {
  const char *name;
  const char *summary; /* one line */
  const char *source;  /* where the algorithm was published */
  const char *runtime; /* with its version, of an adapter; NULL: none */
  gc_kind kind;
  unsigned hostile; /* gc_hostile_hooks that its slow paths call */
  bool faults;      /* it may handle signals for writes to protected pages */
  gc_capabilities can;
  const gc_option *options; /* ended by an entry without a name */
  /* Options whose values are words, ended by an entry without a name.  NULL:
   * the values of all options are numbers. */
  const gc_words *words;

  /* What `reapmark stress` has to know.  Lists of strings, each ended by NULL;
   * a list that would be empty may be left out. */

  /* Names of counters (gc_heap_counters), one for each part of the algorithm: a
   * stress campaign in which one of them stays 0 has not tested that part, and
   * fails. */
  const char *const *events;
  /* Names of counters that count work: objects visited, slots scanned.  For
   * twice as large a program they must not much more than double. */
  const char *const *work;
  /* Settings, "OPTION=VALUE,...", under which everything happens often; each of
   * them is a condition of the stress suite.  Every option that changes the
   * algorithm should be in one.  The first must not bound a list to so few
   * entries that a collector goes through the heap instead: it is also one
   * under which costs are compared (growth-...). */
  const char *const *tight;
  /* Settings without a last resort: no full collection finds what the partial
   * ones overlooked, until memory runs out.  Under them partial collections
   * alone reclaim garbage of the kind `reclaims`, so that a program whose live
   * data is constant does not grow (growth-...).  NULL: the collector has no
   * partial collections, or they find no more than a part of the garbage. */
  struct {
    const char *settings;
    gc_reclaims reclaims;
  } partial;
  /* Settings under which the same operations do the same each time, for a
   * collector to whose own threads that does not apply: without threads, all
   * that it does is done at places that follow from the operations.  Episodes
   * of the stress suite that must be repeatable run under them; those whose
   * mutators really run at the same time do not.  NULL: it is so always. */
  const char *repeatable;
} gc_collector;

/* Defined by the collector's .c file. */
extern const gc_collector gc_this_collector;

/* ------------------------------------------------------------------------- *
 * Pauses.  A collector reports each interval in which it kept a mutator from
 * running.  It reads the clock in slow paths only.
 * ------------------------------------------------------------------------- */

typedef enum gc_pause_kind {
  GC_PAUSE_STOP,    /* every mutator was stopped */
  GC_PAUSE_CASCADE, /* this mutator freed dead objects, others ran */
  GC_PAUSE_DETECT,  /* this mutator searched for dead cycles, or marked, others
                       ran */
  GC_PAUSE_KINDS
} gc_pause_kind;

/* What a heap policy saw at the end of a collection, and what it decided.  All
 * sizes are bytes.  `used`, `live`, `due` and `goal` are of one kind, which the
 * collector chooses: those that count towards the goal.  External bytes are
 * among them if the policy sees them. */
typedef struct gc_paced {
  uint64_t at_ns;      /* when the collection ended */
  bool full;           /* it looked at the whole heap */
  uint64_t due;        /* the goal that was in force; 0: there was none */
  uint64_t used;       /* when the collection began */
  uint64_t live;       /* what it left */
  uint64_t external;   /* of `live`: bytes outside the heap */
  uint64_t allocated;  /* since the collection before, in the unit in which the
                          collector hands memory out */
  uint64_t cost_ns;    /* time of work for it; the thread may have waited for a
                          processor meanwhile */
  uint64_t mutator_ns; /* from the end of the one before to its beginning */
  uint64_t goal;       /* of the next full one; 0: none */
} gc_paced;

/* What a collector's work consists of. */
typedef enum gc_span_kind {
  GC_SPAN_STOPPING, /* the first part of a stop: from its request until every
                       mutator stood, which is the time to safepoint.  On the
                       thread that stops the world */
  GC_SPAN_PHASE,    /* a part of a pause, such as "mark".  Parts of one pause do
                       not overlap; time that is in none of them is reported as
                       "other" */
  GC_SPAN_STOOD,    /* this mutator stood at a safepoint, in a stop that another
                       one had asked for */
  GC_SPAN_SLOW,     /* this mutator took a slow path of its own, such as
                       "refill"; pauses may lie within it.  Only if the
                       listener asks for them: they may come every few us */
  GC_SPAN_HELPED,   /* a thread of the collector's own worked, such as "mark" */
  GC_SPAN_KINDS
} gc_span_kind;

/* An interval, told when it is over.  Times are as for pauses. */
typedef struct gc_span {
  gc_span_kind kind;
  const char *name;  /* of a phase, a slow path or a helper's work: one or two
                        words in lower case, in memory that lasts as long as the
                        process.  NULL for the other kinds */
  uint64_t asked_ns; /* GC_SPAN_STOOD: when the stop was asked for.  From then
                        to begin_ns was this mutator's time to safepoint */
  uint64_t begin_ns, end_ns;
} gc_span;

/* Whom a collector reports pauses to.  It calls `pause` after the pause, on the
 * thread that was paused (for GC_PAUSE_STOP, on the thread that ran the
 * collection).  Times are CLOCK_MONOTONIC nanoseconds.
 *
 * `paced`, if it is not NULL, is called once at the end of each collection by a
 * collector that has a heap policy, on the thread that ends it, perhaps with
 * the world stopped.
 *
 * `span`, if it is not NULL, may be called by a collector for each part of a
 * pause, on the thread that reports that pause and before the pause is
 * reported, perhaps with the world stopped; for the other kinds, on the thread
 * whose time it was.  A collector that never calls it is measured all the same.
 * Like the others it is for slow paths.
 *
 * `begins`, if it is not NULL, may be called by a collector right before a
 * pause begins, on the thread that will report the pause, which may also not
 * come about.  The program can then tell a thread that waits for a processor in
 * the pause from one that waited before.  From a pause that was not announced
 * it takes off only so much of that time as cannot have been before.
 *
 * None of these functions may call the collector. */
typedef struct gc_listener {
  void (*pause)(void *data, gc_pause_kind kind, uint64_t begin_ns,
                uint64_t end_ns);
  void *data;
  void (*paced)(void *data, const gc_paced *paced);
  /* If not NULL, is called by a collector that has gc_heap_tally whenever a
   * collection or a search for dead cycles is about to reclaim something, on
   * the thread that runs it; where that is done in a stop of the world, in the
   * stop.  It may call gc_heap_tally and no other function of the collector. */
  void (*reclaims)(void *data);
  void (*span)(void *data, const gc_span *span);
  bool slow; /* `span` wants GC_SPAN_SLOW */
  void (*begins)(void *data);
} gc_listener;

/* For collectors: call `reclaims` and `begins`. */
static inline void gc_listener_reclaims(const gc_listener *l) {
  if (l->reclaims)
    l->reclaims(l->data);
}
static inline void gc_listener_begins(const gc_listener *l) {
  if (l->begins)
    l->begins(l->data);
}

/* A listener that does nothing. */
static inline void gc_null_pause(void *data, gc_pause_kind kind,
                                 uint64_t begin_ns, uint64_t end_ns) {
  (void)data, (void)kind, (void)begin_ns, (void)end_ns;
}
#define GC_NULL_LISTENER ((gc_listener){.pause = gc_null_pause})

/* CLOCK_MONOTONIC in nanoseconds. */
static inline uint64_t gc_now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ------------------------------------------------------------------------- *
 * The heap.  These functions are out of line: they are called before and after
 * what is timed.
 * ------------------------------------------------------------------------- */

typedef struct gc_config {
  uint64_t heap_limit; /* bytes of memory that objects may occupy, with what
                          they own outside the heap, never more; 0: no limit */
  gc_listener listener;
} gc_config;

/* Makes the process's heap.  Options must have been set, through
 * gc_this_collector.options.  Returns NULL if memory cannot be reserved.  Call
 * it once, before any thread attaches. */
gc_heap *gc_heap_create(const gc_config *config);

/* Frees the heap and all its objects.  Every mutator must have detached. */
void gc_heap_destroy(gc_heap *heap);

/* Bytes of memory that the heap has got from the operating system for objects
 * and for its own metadata, and of memory outside the heap that objects own, if
 * the collector counts that: now, and the most so far.  Any thread, any time.
 */
typedef struct gc_footprint {
  uint64_t bytes;
  uint64_t peak_bytes;
} gc_footprint;
gc_footprint gc_heap_footprint(gc_heap *heap);

/* The exact number of objects that the collector takes for alive.  Call right
 * after gc_collect, while no other mutator runs. */
uint64_t gc_heap_objects(gc_heap *heap);

/* What the heap's memory is used for.  Dead objects that the collector has not
 * found yet count as objects.  A figure that it cannot tell exactly is
 * GC_UNKNOWN. */
#define GC_UNKNOWN UINT64_MAX
typedef struct gc_usage {
  uint64_t objects;
  uint64_t cells; /* bytes of the heap cells of these objects, with rounding */
  uint64_t pages; /* bytes held for objects, without metadata */
  uint64_t free;  /* bytes without an object in the collector's blocks */
  uint64_t free_largest; /* bytes of the longest free stretch in blocks */
} gc_usage;

/* Optional: a collector may leave this function undefined.  May be slow, and
 * changes nothing.  No mutator may run meanwhile. */
gc_usage gc_heap_usage(gc_heap *heap) __attribute__((weak));

/* Memory outside the heap that objects own (gc_external), in bytes that the
 * mutator asked for.  Objects that died and that the collector has not found
 * yet still own theirs.  Any thread, any time; after gc_heap_destroy with a
 * null heap, for what was not given back. */
typedef struct gc_external_usage {
  uint64_t bytes;      /* held now */
  uint64_t peak_bytes; /* the most so far */
  uint64_t blocks;     /* held now: calls of gc_external */
} gc_external_usage;

/* Defined by a collector that has gc_external; others may leave this function
 * undefined. */
gc_external_usage gc_heap_external(gc_heap *heap) __attribute__((weak));
/* What the collector has reclaimed, so cheaply that it can be asked for at
 * every collection.  Who knows how many objects were made (wl_made in
 * workload.h) knows by this how many the heap holds: those that the latest
 * collection left, and those made since its stop (the last one in which
 * `reclaims` was called before `collections` changed), less those freed since.
 */
typedef struct gc_tally {
  uint64_t collections; /* those that tell what they left, so far */
  uint64_t left;  /* objects that the latest of them took for alive, or did not
                     look at; GC_UNKNOWN until they are counted; 0 if there was
                     no collection */
  uint64_t freed; /* objects freed one by one since then */
} gc_tally;

/* Optional.  Any thread, any time, in gc_listener.reclaims too. */
gc_tally gc_heap_tally(gc_heap *heap) __attribute__((weak));

/* Optional, for diagnostic collectors: what can be reached now, in objects and
 * nominal bytes, without objects that wait for their finalizers but for what
 * else leads to them.  Slow, and changes nothing.  No other mutator may run. */
typedef struct gc_reachable {
  uint64_t objects, bytes;
} gc_reachable;
gc_reachable gc_heap_reachable(gc_heap *heap) __attribute__((weak));

/* Counts of events in the collector's slow paths, such as "collections" and
 * "objects-marked", for records and tests; they are deterministic for one
 * mutator, but for what tells how several markers divided their work.  Fills at
 * most `room` entries and returns how many.  No mutator may run meanwhile.
 *
 * Some names have a meaning for the harness, which shows no pauses of a
 * collector that never collected.  "collections": all of them; without it, the
 * sum of all names that end in "-collections".  "detections": searches for dead
 * cycles, which are added.  "full-collections", "major-collections" or
 * "whole-collections": those of the whole heap.  "candidates": objects that
 * were noted for a search.  A collector that counts none of the first three is
 * judged by the stops and searches that it reports. */
typedef struct gc_counter {
  const char *name;
  uint64_t value;
} gc_counter;
size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room);

/* For a collector's gc_heap_counters: copies its `count` counters. */
static inline size_t gc_counters_fill(gc_counter *out, size_t room,
                                      const gc_counter *all, size_t count) {
  size_t n = count < room ? count : room;
  for (size_t i = 0; i < n; i++)
    out[i] = all[i];
  return n;
}

/* Checks the collector's invariants over the whole heap.  Returns NULL, or a
 * description of the first violation, valid until the next call.  Slow.  No
 * mutator may run meanwhile. */
const char *gc_heap_check(gc_heap *heap);

/* Ends the process.  Called when an allocation fails after everything that can
 * be reclaimed was; or, with `m` null, by the collector when it lacks memory
 * for a list that it needs to be correct.  Defined by the program that the
 * collector is part of, not by the collector.  May call gc_heap_footprint, but
 * no other function of the collector. */
_Noreturn void gc_out_of_memory(gc_mutator *m, gc_shape shape);

/* To be called by each thread that a collector starts for itself, on that
 * thread, before it works.  A thread inherits the binding of the thread that
 * creates it, and would take turns with that mutator on one processor.  This
 * function binds the calling thread to the processors on which no mutator runs;
 * if every processor has a mutator, to all of them.
 *
 * Where the thread has a processor apart, it keeps no mutator from running, so
 * that all time in which a mutator was ready and not scheduled is noise, which
 * is taken off its pauses.  Of a thread that never called this function, or has
 * no processor apart, the program assumes that the mutators waited for as long
 * as the thread ran, and leaves that time in their pauses.
 *
 * The thread must have ended when gc_heap_destroy returns.  Call it while the
 * heap exists or is made.  Defined by the program that the collector is part
 * of, not by the collector. */
void gc_helper_thread(void);

/* Makes the calling thread a mutator.  Returns NULL when out of memory.  (S) */
gc_mutator *gc_thread_attach(gc_heap *heap);

/* Ends a mutator, on its own thread: drops its thread-local roots.  All of its
 * frames must have been left.  (S) */
void gc_thread_detach(gc_mutator *m);

/* Begin and end a stretch in which the thread blocks or runs foreign code and
 * does not touch the heap; a collection does not wait for it then.  (S) */
void gc_blocking_enter(gc_mutator *m);
void gc_blocking_leave(gc_mutator *m);

/* Reclaims all garbage that there is now and that this collector can reclaim,
 * but not objects that wait to be finalized.  (S) */
void gc_collect(gc_mutator *m);

#ifdef GC_COLLECTOR_HEADER

/* ------------------------------------------------------------------------- *
 * The inline half, defined by the collector's header.  `m` is the calling
 * thread's mutator; `dst`, `src`, `obj` are registers; `i` is a slot's number.
 * An arrow assigns: "dst <- obj.slot[i]".
 * ------------------------------------------------------------------------- */

/* Pushes a frame of `owning` owning registers followed by `borrowing` borrowing
 * ones, all null, and returns the first.  If the shadow stack overflows, the
 * process ends with a message. */
static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing);

/* Pops the topmost frame, which gc_frame_enter returned as `frame` for the same
 * numbers of registers, and releases what its owning registers hold. */
static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing);

/* dst <- a new object of this shape, all slots null, payload unspecified.
 * `flags`: GC_FINALIZABLE or GC_PLAIN.  Returns false, with dst unchanged, if
 * there is no room under the heap limit after everything that can be reclaimed
 * was.  (S) */
static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags);

/* dst <- obj.slot[i] */
static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i);

/* dst <- obj.slot[i], for a borrowing register, which may be obj. */
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

/* r <- null, for an owning register.  The mutator states that the object is
 * dead: nothing else refers to it.  Only collectors that can.explicit_free
 * define this function, and GC_EXPLICIT_FREE as 1; in all others it is
 * gc_clear.  Such a collector has one more global root, number GC_GLOBALS,
 * which the mutator may use to find objects that it has to free. */
static inline void gc_free(gc_mutator *m, gc_reg r);

/* The object's payload.  The pointer is valid until the next safepoint, while
 * the object is alive; the caller does not own it. */
static inline void *gc_payload(gc_mutator *m, gc_reg obj);

/* Whether a register holds null. */
static inline bool gc_is_null(gc_mutator *m, gc_reg r);

/* Whether two registers hold the same object, or both null. */
static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b);

/* Global roots, 0 <= g < GC_GLOBALS, null at first: dst <- global g, the same
 * for a borrowing register, global g <- src, global g <- null. */
static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g);
static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g);
static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src);
static inline void gc_global_clear(gc_mutator *m, uint32_t g);

/* The same for thread-local roots of this mutator, 0 <= t < GC_TLS.  They are
 * dropped when it detaches. */
static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t);
static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t);
static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src);
static inline void gc_tls_clear(gc_mutator *m, uint32_t t);

/* dst <- a new weak reference to the object in `target`.  A weak reference is
 * itself an object, of nominal shape GC_WEAK_SHAPE, and gc_heap_objects counts
 * it.  The target must not be a weak reference, because some production
 * runtimes do not allow that.  Returns false as gc_try_new does.  (S)
 *
 * Weak references to an object are cleared when it is found dead, *before* it
 * is queued for its finalizer, and stay cleared if the finalizer keeps it. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target);

/* dst <- the target of the weak reference in `weak`; returns true.  If the weak
 * reference was cleared: dst <- null; returns false. */
static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak);

/* dst <- a new ephemeron (Hayes, OOPSLA 1997): a pair of the object in `key`
 * and the one in `value`, which may be null.  An ephemeron is itself an object,
 * of nominal shape GC_EPHEMERON_SHAPE, and gc_heap_objects counts it.  Neither
 * the key nor the target of a weak reference may be an ephemeron or a weak
 * reference; the value may be any object.  Returns false as gc_try_new does.
 * (S)
 *
 * An ephemeron does not keep its key alive.  It keeps its value alive as long
 * as the ephemeron *and* the key are alive: a value that only the ephemeron
 * leads to keeps neither itself nor the key alive, even if the value refers to
 * the key.  When the key is found dead, the ephemeron is cleared at the same
 * time as weak references to the key, before the key is queued for its
 * finalizer; the value is let go, and the ephemeron stays cleared if the
 * finalizer keeps the key.  Key and value never change otherwise.
 *
 * In a collector that reclaims GC_RECLAIMS_ACYCLIC, a value that leads to its
 * key is a dead cycle once nothing else leads to the key. */
static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value);

/* dst <- the value of the ephemeron in `pair`, which may be null; returns
 * true.  If the ephemeron was cleared: dst <- null; returns false. */
static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair);

/* dst <- an object made with GC_FINALIZABLE that was found dead and waits for
 * its finalizer; returns true.  If none waits: dst is unchanged; returns false.
 *
 * The caller is the finalizer.  It may use the object and may keep it
 * (resurrection).  Each object is handed out once; after that it is an ordinary
 * object.  So finalizers never run inside a collection, and only on threads
 * that ask for it; compare MPS's finalization messages, and guardians (Dybvig,
 * PLDI 1993). */
static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst);

/* Gives the object in `obj` another block of `bytes` bytes of memory outside
 * the heap, 1 to GC_BYTES_MAX, as a buffer or a big number has it.  The memory
 * is got from the C library's malloc or from what the production runtime has
 * for this purpose, and one byte in each page of it is written, so that it is
 * resident.  The mutator never sees it.  The object owns the block until it
 * dies, then the collector gives the block back: an object that waits for its
 * finalizer, or that a finalizer keeps, keeps its blocks too.  Blocks of
 * objects that are left are given back when the heap is destroyed.
 *
 * The object must not be a weak reference or an ephemeron, because some
 * production runtimes do not allow that.  Threads may call it for the same
 * object at the same time.  Returns false, with nothing changed, if there is no
 * room under the heap limit after everything that can be reclaimed was, or no
 * memory.  (S) */
static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes);

/* Lets a collection run that another thread waits for.  (S)  A loop that does
 * not allocate must call it every few microseconds. */
static inline void gc_safepoint(gc_mutator *m);

#include GC_COLLECTOR_HEADER

/* Whether the collector needs gc_free.  A workload puts work that it does only
 * to state deaths into `if (GC_EXPLICIT_FREE)`, which costs other collectors
 * nothing. */
#ifndef GC_EXPLICIT_FREE
#define GC_EXPLICIT_FREE 0
static inline void gc_free(gc_mutator *m, gc_reg r) {
  gc_clear(m, r);
}
#endif

/* Whether the collector has ephemerons.  One that has none need not define the
 * two functions, and no workload calls them. */
#ifndef GC_EPHEMERONS
#define GC_EPHEMERONS 0
static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  (void)m, (void)dst, (void)key, (void)value;
  return false;
}
static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  (void)pair;
  gc_clear(m, dst);
  return false;
}
#endif

/* Whether the collector has memory outside the heap.  One that has none need
 * not define the function, and no workload calls it. */
#ifndef GC_EXTERNAL
#define GC_EXTERNAL 0
static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  (void)m, (void)obj, (void)bytes;
  return false;
}
#endif

/* ------------------------------------------------------------------------- *
 * Derived operations.
 * ------------------------------------------------------------------------- */

/* gc_try_new, which calls gc_out_of_memory instead of returning false.  (S) */
static inline void gc_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                          unsigned flags) {
  if (gc_unlikely(!gc_try_new(m, dst, shape, flags)))
    gc_out_of_memory(m, shape);
}

/* gc_try_weak_new, likewise.  (S) */
static inline void gc_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  if (gc_unlikely(!gc_try_weak_new(m, dst, target)))
    gc_out_of_memory(m, GC_WEAK_SHAPE);
}

/* gc_try_ephemeron_new, likewise.  (S) */
static inline void gc_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                    gc_reg value) {
  if (gc_unlikely(!gc_try_ephemeron_new(m, dst, key, value)))
    gc_out_of_memory(m, GC_EPHEMERON_SHAPE);
}

/* gc_try_external, likewise.  (S) */
static inline void gc_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  if (gc_unlikely(!gc_try_external(m, obj, bytes)))
    gc_out_of_memory(m, (gc_shape){0, bytes});
}

#endif /* GC_COLLECTOR_HEADER */

#endif
