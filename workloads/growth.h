/* growth.h: what the shapes of the workloads `growth...` are made of (growth.c
 * says what shapes are).  The lists of shapes are in growth.c. */
#ifndef REAPMARK_GROWTH_SHAPES_H
#define REAPMARK_GROWTH_SHAPES_H

#include "parts.h"

/* What a shape makes with a given n: objects and nominal bytes. */
typedef struct amount {
  uint64_t objects, bytes;
} amount;

typedef struct totals {
  uint64_t live; /* the most bytes that are reachable at any time */
  amount made;   /* all */
  amount kept;   /* reachable in the end */
  amount cyclic; /* dropped in dead cycles, or reachable from them */
  amount paired; /* of these, what ephemerons keep that the global roots lead to
                  */
} totals;

typedef struct shape {
  void (*play)(wl_thread *t, uint64_t n); /* keeps what is kept in globals */
  totals (*of)(uint64_t n);
} shape;

/* Global roots. */
enum { KEPT, MORE, PROGRAM, ROOTS };

/* A node of lists and trees. */
enum { NEXT, OTHER };
#define NODE       ((gc_shape){2, 24})
#define NODE_BYTES ((uint64_t)48)

enum {
  STEP = 256,    /* things done in a step */
  LITTER = 512,  /* garbage nodes of one unit of unrelated work */
  CHUNK = 16384, /* bytes of a large object, at least */
};

static inline amount nodes(uint64_t n) {
  return (amount){n, n * NODE_BYTES};
}

static inline amount array(uint64_t slots) {
  return (amount){1, 8 + 8 * slots};
}

static inline amount weaks(uint64_t n) {
  return (amount){n, n * gc_shape_bytes(GC_WEAK_SHAPE)};
}

static inline amount sum(amount a, amount b) {
  return (amount){a.objects + b.objects, a.bytes + b.bytes};
}

/* Bytes of the few nodes that are alive for a moment. */
#define MOMENTARY (5 * NODE_BYTES)

/* The totals of a shape that keeps `kept` and makes `made` besides. */
static inline totals keeps(amount kept, amount made) {
  return (totals){
      .live = kept.bytes + MOMENTARY, .made = sum(kept, made), .kept = kept};
}

/* ------------------------------------------------------------------------- *
 * Parts.
 * ------------------------------------------------------------------------- */

/* Notes the work done since the last step (growth.c). */
void growth_account(wl_thread *t);

/* Ends a step of `ops` things.  No other mutator runs. */
static inline void step(wl_thread *t, uint64_t ops) {
  growth_account(t);
  wl_step(t, 0, ops);
}

/* Ends a step after every STEP things; `i` counts them from 0. */
static inline void step_at(wl_thread *t, uint64_t i) {
  if (i % STEP == STEP - 1)
    step(t, STEP);
}

static inline void new_node(gc_mutator *m, gc_reg dst) {
  gc_new(m, dst, NODE, GC_PLAIN);
}

/* Makes `n` nodes that nobody keeps. */
static inline void litter(gc_mutator *m, uint64_t n) {
  gc_reg r = gc_frame_enter(m, 1, 0);
  while (n-- > 0)
    new_node(m, r);
  gc_frame_leave(m, r, 1, 0);
}

/* Unrelated work after something was set up: n units, a step each. */
static inline void work_on(wl_thread *t, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    litter(t->m, LITTER);
    step(t, 1);
  }
}

/* Puts `r` in front of the list in global root `g`; `r` becomes null. */
static inline void push(gc_mutator *m, uint32_t g, gc_reg r, uint32_t link) {
  gc_reg rest = gc_frame_enter(m, 1, 0);
  gc_global_load(m, rest, g);
  gc_store_take(m, r, link, rest);
  gc_global_store(m, g, r);
  gc_clear(m, r);
  gc_frame_leave(m, rest, 1, 0);
}

/* Puts a list of n new nodes into global root `g`. */
static inline void make_list(wl_thread *t, uint32_t g, uint64_t n) {
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < n; i++) {
    new_node(t->m, r);
    push(t->m, g, r, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(t->m, r, 1, 0);
}

/* Puts an array of null slots into global root `g`. */
static inline void make_array(gc_mutator *m, uint32_t g, uint64_t slots) {
  gc_reg r = gc_frame_enter(m, 1, 0);
  gc_new(m, r, (gc_shape){(uint32_t)slots, 0}, GC_PLAIN);
  gc_global_store(m, g, r);
  gc_frame_leave(m, r, 1, 0);
}

/* Makes all slots of the array in global root `g` null. */
static inline void empty_array(gc_mutator *m, uint32_t g, uint64_t slots) {
  gc_reg r = gc_frame_enter(m, 0, 1);
  gc_global_borrow(m, r, g);
  for (uint64_t i = 0; i < slots; i++)
    gc_store_null(m, r, (uint32_t)i);
  gc_frame_leave(m, r, 0, 1);
}

/* Slot `i` of the array in global root `g` <- src, and src <- null. */
static inline void put_into(gc_mutator *m, uint32_t g, uint64_t i, gc_reg src) {
  gc_reg r = gc_frame_enter(m, 0, 1);
  gc_global_borrow(m, r, g);
  gc_store_take(m, r, (uint32_t)i, src);
  gc_frame_leave(m, r, 0, 1);
}

/* Takes at most `most` objects that wait for their finalizers, and drops them.
 */
static inline uint64_t take_finalizers(gc_mutator *m, uint64_t most) {
  uint64_t n = 0;
  gc_reg r = gc_frame_enter(m, 1, 0);
  for (; n < most && gc_finalizer_next(m, r); n++)
    gc_clear(m, r);
  gc_frame_leave(m, r, 1, 0);
  return n;
}

/* Collects until no finalizer waits. */
static inline void settle(gc_mutator *m) {
  do
    gc_collect(m);
  while (gc_this_collector.can.finalizers && take_finalizers(m, UINT64_MAX));
}

static inline void new_finalizable(gc_mutator *m, gc_reg dst) {
  gc_new(m, dst, NODE, GC_FINALIZABLE);
}

/* Makes n * STEP finalizable objects that die at once, and wait. */
static inline void drop_finalizables(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg r = gc_frame_enter(m, 1, 0);
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_finalizable(m, r);
    gc_clear(m, r);
    step_at(t, i);
  }
  gc_frame_leave(m, r, 1, 0);
}

/* These, and work_on(t, n). */
static inline totals of_dead_finalizables(uint64_t n) {
  return (totals){.live = nodes(n * STEP).bytes + MOMENTARY,
                  .made = nodes(n * STEP + n * LITTER)};
}

/* Large object number `i`: payload, or as many bytes of slots, which a
 * collector has to look through when the object dies. */
static inline gc_shape large_shape(uint64_t i) {
  uint32_t bytes = (uint32_t)(CHUNK + i % 3 * 4096);
  return i % 2 ? (gc_shape){bytes / 8, 0} : (gc_shape){0, bytes};
}

/* Puts n large objects one after the other into the places of a new table in
 * turn; between two of them, makes `between` nodes that nobody keeps. */
static inline void replace_larges(wl_thread *t, uint64_t n, uint64_t places,
                                  uint64_t between) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), r = frame, all = frame + 1;
  make_array(m, KEPT, places);
  for (uint64_t i = 0; i < n; i++) {
    gc_new(m, r, large_shape(i), GC_PLAIN);
    gc_global_borrow(m, all, KEPT);
    gc_store_take(m, all, (uint32_t)(i % places), r);
    litter(m, between);
    step(t, 1);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* Nominal bytes of the large objects from number `first` on. */
static inline amount larges(uint64_t first, uint64_t n) {
  amount a = {n, 0};
  for (uint64_t i = 0; i < n; i++)
    a.bytes += gc_shape_bytes(large_shape(first + i));
  return a;
}

/* ------------------------------------------------------------------------- *
 * The shapes of growth-alone.c, which growth.c lists with its own.
 * ------------------------------------------------------------------------- */

#define ALONE(X)                                                               \
  X(alone_large)                                                               \
  X(alone_sizes)                                                               \
  X(alone_crannies)                                                            \
  X(alone_queued)                                                              \
  X(alone_taken)                                                               \
  X(alone_weaks)                                                               \
  X(alone_pairs)                                                               \
  X(alone_threads)                                                             \
  X(alone_sizes_of_threads)                                                    \
  X(alone_spent)                                                               \
  X(alone_left)

/* Those of growth-external.c. */
#define EXTERNAL(X)                                                            \
  X(external_buffers)                                                          \
  X(external_alive)                                                            \
  X(external_turnover)

#define SHAPE_DECLARED(identifier)                                             \
  totals of_##identifier(uint64_t n);                                          \
  void identifier(wl_thread *t, uint64_t n);
ALONE(SHAPE_DECLARED)
EXTERNAL(SHAPE_DECLARED)
#undef SHAPE_DECLARED

#endif
