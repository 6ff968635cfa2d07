/* cause.h: what the causes of leaks in this folder share.
 *
 * A cause is a workload that shows one way in which memory stays held although
 * the program no longer needs it, as small as possible.  Round after round it
 * makes some objects, drops the last reference that it means to have, and
 * records what the heap still holds (wl_held): right then, after some
 * unrelated work, and after a collection.  With remedy=on the same program
 * does the one thing that helps.
 *
 * Every object is a node of two references and a number, as large as a weak
 * reference, so that the bytes are proportional to the objects.  Besides the
 * objects of the cause there is one, "the program", that is alive from
 * beginning to end. */
#ifndef REAPMARK_LEAKS_H
#define REAPMARK_LEAKS_H

#include "parts.h"

/* The parameters that all causes have. */
enum { REMEDY, ROUNDS, OBJECTS, QUIET, LEAK_PARAMS };
static const char *const leak_remedies[] = {"off", "on", NULL};
/* clang-format off */
#define LEAK_COMMON_PARAMS                                                     \
  {"remedy", "whether the remedy is applied", 0, 0, 1, leak_remedies},         \
  {"rounds", "how often objects are made and dropped", 10, 1, 10000, NULL},    \
  {"objects", "objects of the cause in a round, or pairs", 100, 1, 1 << 20,    \
   NULL},                                                                      \
  {"quiet", "unrelated objects made and dropped in the quiet period", 1000, 0, \
   1 << 20, NULL}
/* clang-format on */

#define NODE ((gc_shape){2, 8})
_Static_assert(8 + 8 * 2 + 8 == 8 + 24, "a node is as large as GC_WEAK_SHAPE");
static inline uint64_t leak_bytes(uint64_t objects) {
  return objects * gc_shape_bytes(NODE);
}

/* Numbers of objects of the cause after some rounds. */
typedef struct leak_counts {
  uint64_t live;     /* reachable */
  uint64_t cyclic;   /* garbage in dead cycles or reachable from them */
  uint64_t made;     /* all objects made so far */
  uint64_t building; /* objects that are reachable for a moment in a round, in
                        addition to those at its beginning */
} leak_counts;

/* A cause.  All functions but `after` and `round` may be NULL. */
typedef struct leak {
  leak_counts (*after)(const uint64_t *params, uint64_t rounds);
  void (*start)(wl_thread *t);
  /* Makes the objects of a round, counted from 0, and drops them.  Any thread.
   */
  void (*round)(wl_thread *t, uint64_t round);
  /* The finalizer: is called for each object that waits, in an owning
   * register. */
  void (*finalize)(wl_thread *t, gc_reg object);
  void (*end)(wl_thread *t); /* drops what is still reachable */
  /* Calls leak_rounds on a thread that it starts.  What is still reachable at
   * the end ends with such threads. */
  void (*around)(wl_thread *t);
} leak;

static inline wl_expectation leak_expect(const uint64_t *p, const leak *l,
                                         uint64_t rounds) {
  leak_counts c = l->after(p, rounds);
  return (wl_expectation){.live = 1 + c.live,
                          .cyclic = c.cyclic,
                          .allocated = 1 + c.made + rounds * p[QUIET],
                          .bytes = leak_bytes(1 + c.live)};
}

static inline wl_volume leak_volume(const uint64_t *p, const leak *l) {
  leak_counts first = l->after(p, 0), last = l->after(p, p[ROUNDS]);
  leak_counts before = l->after(p, p[ROUNDS] - 1);
  uint64_t waiting = l->finalize ? last.made - before.made : 0;
  return (wl_volume){
      .live = leak_bytes(1 + max_u64(last.live + waiting + p[QUIET],
                                     before.live + last.building)),
      .cyclic = leak_bytes(last.cyclic),
      .allocated = leak_bytes(1 + last.made + p[ROUNDS] * p[QUIET]),
      .set_up = leak_bytes(1 + first.made)};
}

/* ------------------------------------------------------------------------- *
 * Parts.
 * ------------------------------------------------------------------------- */

static inline bool leak_remedied(wl_thread *t) {
  return wl_get(t, REMEDY) != 0;
}

static inline void leak_node(gc_mutator *m, gc_reg dst) {
  gc_new(m, dst, NODE, GC_PLAIN);
}

/* dst <- a list of n new nodes, linked by their first slots, followed by what
 * was in dst before. */
static inline void leak_list(gc_mutator *m, gc_reg dst, uint64_t n) {
  gc_reg node = gc_frame_enter(m, 1, 0);
  while (n-- > 0) {
    leak_node(m, node);
    gc_store_take(m, node, 0, dst);
    gc_move(m, dst, node);
  }
  gc_frame_leave(m, node, 1, 0);
}

/* Puts `node` at the front of the list in a global root, linked by the first
 * slot.  `node` becomes null. */
static inline void leak_push(gc_mutator *m, uint32_t global, gc_reg node) {
  gc_reg list = gc_frame_enter(m, 1, 0);
  gc_global_load(m, list, global);
  gc_store_take(m, node, 0, list);
  gc_global_store(m, global, node);
  gc_clear(m, node);
  gc_frame_leave(m, list, 1, 0);
}

/* Removes the first node of that list. */
static inline void leak_pop(gc_mutator *m, uint32_t global) {
  gc_reg frame = gc_frame_enter(m, 2, 0), node = frame, rest = frame + 1;
  gc_global_load(m, node, global);
  gc_load(m, rest, node, 0);
  gc_global_store(m, global, rest);
  gc_frame_leave(m, frame, 2, 0);
}

/* Work that leaves a list in a thread-local root.  The remedy is to clear the
 * root. */
static inline void leak_work_in(wl_thread *t, uint32_t tls) {
  gc_reg value = gc_frame_enter(t->m, 1, 0);
  leak_list(t->m, value, wl_get(t, OBJECTS));
  gc_tls_store(t->m, tls, value);
  gc_frame_leave(t->m, value, 1, 0);
  if (leak_remedied(t))
    gc_tls_clear(t->m, tls);
}

/* ------------------------------------------------------------------------- *
 * A run.
 * ------------------------------------------------------------------------- */

/* Runs the finalizers that wait, and returns their number. */
static inline uint64_t leak_finalize(wl_thread *t, const leak *l) {
  uint64_t n = 0;
  if (!l->finalize)
    return 0;
  gc_reg object = gc_frame_enter(t->m, 1, 0);
  for (; gc_finalizer_next(t->m, object); n++) {
    l->finalize(t, object);
    gc_clear(t->m, object);
  }
  gc_frame_leave(t->m, object, 1, 0);
  return n;
}

/* Work that has nothing to do with the cause. */
static inline void leak_quiet(wl_thread *t) {
  gc_reg list = gc_frame_enter(t->m, 1, 0);
  leak_list(t->m, list, wl_get(t, QUIET));
  gc_frame_leave(t->m, list, 1, 0);
  gc_safepoint(t->m);
}

/* Collects until no finalizer waits. */
static inline void leak_settle(wl_thread *t, const leak *l) {
  if (l->finalize)
    do
      gc_collect(t->m);
    while (leak_finalize(t, l) > 0);
}

static inline void leak_rounds(wl_thread *t, const leak *l) {
  const uint64_t *p = t->run->params;
  wl_held(t, WL_START, leak_expect(p, l, 0));
  for (uint64_t round = 0; round < p[ROUNDS]; round++) {
    wl_expectation e = leak_expect(p, l, round + 1);
    wl_skip(t);
    l->round(t, round);
    leak_finalize(t, l);
    wl_step(t, 0, p[OBJECTS]);
    e.allocated -= p[QUIET];
    wl_held(t, WL_DROPPED, e);
    leak_quiet(t);
    leak_finalize(t, l);
    e.allocated += p[QUIET];
    wl_held(t, WL_QUIET, e);
    leak_settle(t, l);
    wl_held(t, WL_COLLECTED, e);
  }
}

static inline void leak_run(wl_thread *t, const leak *l) {
  gc_reg program = gc_frame_enter(t->m, 1, 0);
  leak_node(t->m, program);
  if (l->start)
    l->start(t);
  wl_begin(t);
  if (l->around)
    l->around(t);
  else
    leak_rounds(t, l);
  wl_end(t);
  wl_expectation e = leak_expect(t->run->params, l, wl_get(t, ROUNDS));
  if (l->around) {
    e.live = 1;
    e.bytes = leak_bytes(1);
  }
  wl_expect(t, e);
  gc_frame_leave(t->m, program, 1, 0);
  if (l->end)
    l->end(t);
  leak_settle(t, l);
  e.live = e.bytes = 0;
  wl_expect(t, e);
}

/* The functions `run` and `volume`, which are the same for all causes; the
 * file defines its cause as `this_leak`. */
#define LEAK_FUNCTIONS                                                         \
  static wl_volume volume(const uint64_t *p, unsigned threads) {               \
    (void)threads;                                                             \
    return leak_volume(p, &this_leak);                                         \
  }                                                                            \
  static void run(wl_thread *t) {                                              \
    leak_run(t, &this_leak);                                                   \
  }

/* Fields of the workload that are the same for all causes. */
#define LEAK_FIELDS                                                            \
  .unit = "things", .steps = {"round"}, .volume = volume, .run = run

#endif
