/* pacing: structures are born and die while the number of those alive follows a
 * chosen course: it stays, grows, grows and then stays, has a spike, a
 * sawtooth, or shrinks; or the mutator is idle for a while.
 *
 * What a collector has to decide here is not how to find garbage but *when*,
 * and how much memory to keep.  The parameters are those of cyclotron
 * (Schemenauer 2026): structures of `size` objects, of which a share is cyclic,
 * and memory outside the heap that the first object of each owns.  Its own
 * pattern, a list that is filled until `live` objects are alive and then
 * emptied at once, is phase=sawtooth with low=0.
 *
 *   chain  each object refers to the next; a cyclic one is closed
 *   ring   each object refers to the next, the last to the first, and each to
 *          the one before; of an open one only the first of these
 *   tree   records under nodes of at most 16 children; the root of a cyclic one
 *          refers to itself
 *
 * Lifetimes are counted in births.  With `exponential` every structure is as
 * likely to be the next to die; with `fifo` it is the oldest; with `fixed` the
 * live structures stay and the newest one dies.  Where fewer are to be alive,
 * those that have to go die at once, between two births.
 *
 * Stresses pacing: when collections begin, what they are computed from, and
 * what memory is given back.
 *
 * Survivors: what pacing_alive_after says, after every birth.
 *
 * Limits: structures do not refer to each other, and once made they are not
 * read until the end. */
#include "pacing.h"

#include "parts.h"

#include <string.h>

enum { CHURN, DROP };

/* Slots. */
enum { NEXT = 0, PREVIOUS = 1 };
enum { CHILDREN = 16, LOOP = CHILDREN };

enum { STEP_OBJECTS = 512 };

static gc_shape shape_of(const uint64_t *p) {
  const uint32_t slots[] = {[CHAIN] = 1, [RING] = 2, [TREE] = CHILDREN + 1};
  return (gc_shape){slots[p[STRUCTURE]], (uint32_t)p[PAYLOAD]};
}

/* ------------------------------------------------------------------------- *
 * Building.  The objects of the structure of birth `number` are stamped
 * number * size, number * size + 1, ...
 * ------------------------------------------------------------------------- */

typedef struct maker {
  wl_thread *t;
  gc_shape shape;
  uint64_t size;
  uint64_t pending; /* objects made since the last step */
  uint64_t *births; /* of the structure in each place, or NOBODY */
  uint64_t places;
} maker;

#define NOBODY UINT64_MAX

static void new_object(maker *k, gc_reg dst, uint64_t id) {
  new_stamped(k->t, dst, k->shape, id);
  if (++k->pending == STEP_OBJECTS) {
    wl_step(k->t, CHURN, k->pending);
    k->pending = 0;
  }
}

static void make_line(maker *k, gc_reg first, uint64_t id, bool cyclic) {
  gc_mutator *m = k->t->m;
  bool ring = wl_get(k->t, STRUCTURE) == RING;
  gc_reg frame = gc_frame_enter(m, 1, 1), object = frame, last = frame + 1;
  new_object(k, first, id);
  gc_reg tail = first;
  for (uint64_t i = 1; i < k->size; i++) {
    new_object(k, object, id + i);
    if (ring && cyclic)
      gc_store(m, object, PREVIOUS, tail);
    gc_store_take(m, tail, NEXT, object);
    gc_borrow(m, last, tail, NEXT);
    tail = last;
  }
  if (cyclic)
    gc_store(m, tail, NEXT, first);
  if (cyclic && ring)
    gc_store(m, first, PREVIOUS, tail);
  gc_frame_leave(m, frame, 1, 1);
}

/* Object number i is the child of object (i - 1) / CHILDREN, so that the tree
 * is as flat as it can be, and numbers go level by level.  `top` <- the part
 * under object number `at`. */
static void make_tree(maker *k, gc_reg top, uint64_t id, uint64_t at) {
  gc_mutator *m = k->t->m;
  gc_reg child = gc_frame_enter(m, 1, 0);
  new_object(k, top, id + at);
  for (uint32_t i = 0; i < CHILDREN; i++) {
    uint64_t number = at * CHILDREN + 1 + i;
    if (number >= k->size)
      break;
    make_tree(k, child, id, number);
    gc_store_take(m, top, i, child);
  }
  gc_frame_leave(m, child, 1, 0);
}

static void make(maker *k, gc_reg dst, uint64_t number, bool cyclic) {
  uint64_t id = number * k->size;
  uint32_t lent = (uint32_t)wl_get(k->t, EXTERNAL);
  if (wl_get(k->t, STRUCTURE) != TREE)
    make_line(k, dst, id, cyclic);
  else {
    make_tree(k, dst, id, 0);
    if (cyclic)
      gc_store(k->t->m, dst, LOOP, dst);
  }
  if (lent) {
    gc_external(k->t->m, dst, lent);
    wl_lent(k->t, lent);
  }
}

/* ------------------------------------------------------------------------- *
 * Death.
 * ------------------------------------------------------------------------- */

/* Only for collectors that must be told. */
static void free_tree(gc_mutator *m, gc_reg top, uint64_t at, uint64_t size) {
  gc_reg child = gc_frame_enter(m, 1, 0);
  for (uint32_t i = 0; i < CHILDREN; i++) {
    uint64_t number = at * CHILDREN + 1 + i;
    if (number >= size)
      break;
    gc_load(m, child, top, i);
    free_tree(m, child, number, size);
  }
  gc_frame_leave(m, child, 1, 0);
  gc_free(m, top);
}

static void free_line(gc_mutator *m, gc_reg first, uint64_t size) {
  gc_reg next = gc_frame_enter(m, 1, 0);
  for (uint64_t i = 1; i < size; i++) {
    gc_load(m, next, first, NEXT);
    gc_free(m, first);
    gc_move(m, first, next);
  }
  gc_free(m, first); /* what it refers to may be dead */
  gc_frame_leave(m, next, 1, 0);
}

/* Drops the structure in this place, if there is one. */
static void drop(maker *k, gc_reg table, uint64_t place) {
  gc_mutator *m = k->t->m;
  if (k->births[place] == NOBODY)
    return;
  k->births[place] = NOBODY;
  gc_reg frame = gc_frame_enter(m, 1, 1), dead = frame, chunk = frame + 1;
  uint32_t slot = table_at(m, chunk, table, place);
  wl_dropped(k->t, k->size, k->size * gc_shape_bytes(k->shape));
  wl_lent_dropped(k->t, wl_get(k->t, EXTERNAL));
  if (!GC_EXPLICIT_FREE)
    gc_store_null(m, chunk, slot);
  else {
    gc_load(m, dead, chunk, slot);
    gc_store_null(m, chunk, slot);
    if (wl_get(k->t, STRUCTURE) == TREE)
      free_tree(m, dead, 0, k->size);
    else
      free_line(m, dead, k->size);
  }
  gc_frame_leave(m, frame, 1, 1);
}

static void end_step(maker *k, unsigned kind) {
  wl_step(k->t, kind, kind == CHURN ? k->pending : 0);
  k->pending = 0;
}

/* Drops the structures in `n` places from `from` on.  Many at once are steps of
 * a kind of their own. */
static void drop_many(maker *k, gc_reg table, uint64_t from, uint64_t n) {
  uint64_t steps = 0, dropped = 0;
  if (n * k->size <= STEP_OBJECTS) {
    for (uint64_t i = 0; i < n; i++)
      drop(k, table, (from + i) % k->places);
    return;
  }
  end_step(k, CHURN);
  for (uint64_t i = 0; i < n; i++) {
    drop(k, table, (from + i) % k->places);
    dropped += k->size;
    if (dropped / STEP_OBJECTS > steps || i + 1 == n) {
      end_step(k, DROP);
      steps = dropped / STEP_OBJECTS;
    }
  }
}

static void drop_all(maker *k, gc_reg table) {
  for (uint64_t i = 0; i < k->places; i++)
    drop(k, table, i);
}

/* ------------------------------------------------------------------------- *
 * Checking what is alive in the end.
 * ------------------------------------------------------------------------- */

static bool line_whole(const maker *k, gc_reg first, uint64_t id, bool cyclic) {
  gc_mutator *m = k->t->m;
  bool back = wl_get(k->t, STRUCTURE) == RING && cyclic, ok = true;
  gc_reg frame = gc_frame_enter(m, 0, 3);
  gc_reg node = frame, next = frame + 1, previous = frame + 2, at = first;
  for (uint64_t i = 0; i < k->size && ok; i++) {
    bool last = i + 1 == k->size;
    ok = stamp_is(m, at, k->shape.bytes, id + i);
    gc_borrow(m, next, at, NEXT);
    ok = ok && gc_is_null(m, next) == (last && !cyclic);
    if (ok && last && cyclic)
      ok = gc_same(m, next, first);
    if (ok && back) {
      gc_borrow(m, previous, next, PREVIOUS);
      ok = gc_same(m, previous, at);
    }
    if (ok && !last)
      gc_borrow(m, node, at, NEXT);
    at = node;
  }
  gc_frame_leave(m, frame, 0, 3);
  return ok;
}

static bool tree_whole(const maker *k, gc_reg top, uint64_t id, uint64_t at) {
  gc_mutator *m = k->t->m;
  bool ok = stamp_is(m, top, k->shape.bytes, id + at);
  gc_reg child = gc_frame_enter(m, 0, 1);
  for (uint32_t i = 0; i < CHILDREN && ok; i++) {
    uint64_t number = at * CHILDREN + 1 + i;
    gc_borrow(m, child, top, i);
    ok = gc_is_null(m, child) == (number >= k->size);
    if (ok && number < k->size)
      ok = tree_whole(k, child, id, number);
  }
  gc_frame_leave(m, child, 0, 1);
  return ok;
}

static bool whole(const maker *k, gc_reg first, uint64_t number, bool cyclic) {
  gc_mutator *m = k->t->m;
  uint64_t id = number * k->size;
  if (gc_is_null(m, first))
    return false;
  if (wl_get(k->t, STRUCTURE) != TREE)
    return line_whole(k, first, id, cyclic);
  gc_reg loop = gc_frame_enter(m, 0, 1);
  gc_borrow(m, loop, first, LOOP);
  bool closed = cyclic ? gc_same(m, loop, first) : gc_is_null(m, loop);
  gc_frame_leave(m, loop, 0, 1);
  return closed && tree_whole(k, first, id, 0);
}

static void check(const maker *k, const pacing_course *c, gc_reg table) {
  gc_reg at = gc_frame_enter(k->t->m, 0, 1);
  uint64_t alive = 0;
  for (uint64_t place = 0; place < k->places; place++) {
    uint64_t number = k->births[place];
    if (number == NOBODY)
      continue;
    alive++;
    table_borrow(k->t->m, at, table, place);
    wl_check(k->t, whole(k, at, number, pacing_is_cyclic(c, place, number)),
             "structure %llu is damaged", (unsigned long long)number);
  }
  wl_check(k->t, alive == c->alive, "%llu structures are alive, not %llu",
           (unsigned long long)alive, (unsigned long long)c->alive);
  gc_frame_leave(k->t->m, at, 0, 1);
}

/* ------------------------------------------------------------------------- */

static uint64_t bytes_of(const uint64_t *p) {
  return p[SIZE] * gc_shape_bytes(shape_of(p));
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  pacing_course c = pacing_start(p);
  uint64_t each = bytes_of(p) + p[EXTERNAL], table = table_bytes(c.places);
  return (wl_volume){.live = table + c.high * each,
                     .cyclic = (pacing_most_held(p) - c.high) * each,
                     .allocated = table + (c.initial + c.births) * each,
                     .set_up = table + c.initial * each};
}

static void bear(maker *k, pacing_course *c, gc_reg table, gc_reg fresh,
                 gc_reg chunk) {
  pacing_birth b = pacing_next(c, wl_random(k->t));
  if (b.idle) {
    end_step(k, CHURN);
    wl_idle(k->t, wl_get(k->t, IDLE) * 1000000);
  }
  drop_many(k, table, b.dead_from, b.dead);
  drop(k, table, b.place);
  make(k, fresh, b.number, b.cyclic);
  k->births[b.place] = b.number;
  table_put(k->t->m, chunk, table, b.place, fresh);
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  pacing_course c = pacing_start(p);
  maker k = {.t = t,
             .shape = shape_of(p),
             .size = p[SIZE],
             .places = c.places,
             .births = own_memory(c.places, sizeof *k.births)};
  memset(k.births, 0xff, c.places * sizeof *k.births);
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, fresh = frame + 1, chunk = frame + 2;
  uint64_t held = table_objects(c.places);

  table_new(t, table, c.places);
  while (c.born < c.initial)
    bear(&k, &c, table, fresh, chunk);
  k.pending = 0;
  wl_begin(t);
  while (c.measured < c.births)
    bear(&k, &c, table, fresh, chunk);
  end_step(&k, CHURN);
  wl_end(t);

  check(&k, &c, table);
  uint64_t all = held + c.born * k.size;
  wl_expect(t, (wl_expectation){
                   .live = held + c.alive * k.size,
                   .cyclic = (c.cyclic_born - pacing_cyclic_alive(&c)) * k.size,
                   .allocated = all,
                   .bytes = table_bytes(c.places) + c.alive * bytes_of(p)});
  drop_all(&k, table);
  table_dropped(t, c.places, 0, 0);
  if (GC_EXPLICIT_FREE)
    free_table(m, table, c.places);
  gc_frame_leave(m, frame, 2, 1);
  wl_expect(
      t, (wl_expectation){.cyclic = c.cyclic_born * k.size, .allocated = all});
  free(k.births);
}

const workload workload_pacing = {
    .name = "pacing",
    .summary = "structures replace each other while the live set takes a "
               "course: when to collect, and how much to keep",
    .source = "cyclotron (Schemenauer 2026), with phases",
    .unit = "objects",
    .steps = {"churn", "drop"},
    .params =
        {{"structure", "of the objects", CHAIN, 0, 0, pacing_structures},
         {"size", "objects in a structure", 10, 1, 1 << 13, NULL},
         {"payload", "bytes in an object", 16, 8, 1024, NULL},
         {"external", "bytes outside the heap that a structure owns", 0, 0,
          GC_BYTES_MAX, NULL},
         {"cyclic", "percent of the structures that are cyclic", 100, 0, 100,
          NULL},
         {"live", "objects alive, at most", 10000, 1, 1 << 30, NULL},
         {"low", "objects alive, at least, of phases that change it", 0, 0,
          1 << 30, NULL},
         {"lifetime", "who dies next", EXPONENTIAL, 0, 0, pacing_lifetimes},
         {"objects", "objects made in the measured part", 1000000, 1,
          (uint64_t)1 << 33, NULL},
         {"phase", "course of the number of live objects", STEADY, 0, 0,
          pacing_phases},
         {"begin", "objects made before a spike, a shrink or idleness", 0, 0,
          (uint64_t)1 << 33, NULL},
         {"length",
          "objects made in the phase or in a sawtooth's period (0: as few as "
          "there can be)",
          0, 0, (uint64_t)1 << 33, NULL},
         {"idle", "ms without work, of phase=idle", 0, 0, 600000, NULL}},
    .more_needs = {EXTERNAL, WL_NEEDS_EXTERNAL},
    .knows_deaths = true,
    .knows_live = true,
    .longer = "objects",
    .check = pacing_check,
    .volume = volume,
    .run = run,
};
