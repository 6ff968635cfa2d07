/* heap: the heap of a real program, imported from a dump.
 *
 * The graph (docs/heap-format.md) is built object by object, in the order of
 * the dump, which mostly is that of addresses: each object with as many slots
 * and bytes as it had, weak edges as weak references, and the roots in a table.
 * Then
 *
 *   mutate    slots of an object are exchanged, or an object without references
 *             that one slot refers to is replaced by a new one, after a walk
 *             from a root to the object;
 *   collect   everything is collected, `collections` times, each after
 *             `mutations` mutations.  A reference to the roots is made and
 *             dropped before, so that a cycle detector visits everything that
 *             a tracing collector visits anyway;
 *   drop      the objects that dominate most are dropped, one after the other:
 *             all edges to the object are cut but those from what it dominates,
 *             the last one in the step, and everything is collected.
 *
 * Neither changes what is reachable but drops, which free exactly what the
 * object dominates.  Shapes of real heaps differ from synthetic ones in what
 * marking, counting and cycle detection depend on: depth, references to an
 * object, cycles, sizes (`reapmark heap stat`).
 *
 * Survivors: the workload keeps the graph outside the heap, with every mutation
 * and drop.  In the end every edge of every object is compared with it, every
 * stamp, and every weak reference; which garbage counting cannot reclaim
 * follows from the strongly connected components of what is dead.
 *
 * Limits: a graph has no program.  The order in which the program made its
 * objects is not known, nor which of them it uses; mutations are ours, and go
 * no deeper than 64 objects from the roots.  The first slots of an object are a
 * class or map where the dump has one there.  While the heap is built, a table
 * of all objects is alive, eight bytes each, which `--heap Nx` multiplies, too.
 */
#include "heap-plan.h"
#include "parts.h"

enum { STEP_COLLECT, STEP_MUTATE, STEP_DROP };
enum { STEP_OPS = 64 };

/* The registers of the workload's frame. */
typedef struct hands {
  gc_reg roots;        /* the table of roots */
  gc_reg fresh, other; /* owning, too */
  gc_reg at, target;   /* borrowing */
} hands;

static wl_volume volume(const uint64_t *params, unsigned threads) {
  (void)threads;
  const char *wrong;
  const heap_plan *p = heap_plan_of(params, &wrong);
  if (!p) /* which check() has said */
    return (wl_volume){0};
  uint64_t table = table_bytes(p->g.objects);
  uint64_t built = p->all.bytes + table_bytes(p->g.roots_count) + table;
  uint64_t mutations = params[HEAP_COLLECTIONS] * params[HEAP_MUTATIONS];
  heap_volume replaced = heap_plan_replaced(p, params, mutations);
  /* The table is made again, to compare. */
  return (wl_volume){.live = built,
                     .set_up = built + table,
                     .allocated = built + table + replaced.bytes};
}

static const char *check(const uint64_t *params) {
  const char *wrong;
  heap_plan_of(params, &wrong);
  return wrong;
}

/* ------------------------------------------------------------------------- *
 * Building.
 * ------------------------------------------------------------------------- */

/* dst <- object number n, without references. */
static void new_object(wl_thread *t, gc_reg dst, const heap_plan *p,
                       uint32_t n) {
  gc_shape shape = heap_plan_shape(p, n);
  if (shape.bytes > 0)
    new_stamped(t, dst, shape, n);
  else
    new_plain(t, dst, shape);
}

/* dst <- object number n, borrowed from a table of all objects. */
static void get(wl_thread *t, gc_reg dst, gc_reg table, uint32_t n) {
  table_borrow(t->m, dst, table, n - 1);
}

static void link_object(wl_thread *t, const heap_plan *p, const hands *h,
                        gc_reg table, uint32_t n) {
  gc_mutator *m = t->m;
  const heap_graph *g = &p->g;
  get(t, h->at, table, n);
  for (uint64_t s = g->first[n]; s < g->first[n + 1]; s++) {
    uint32_t slot = (uint32_t)(s - g->first[n]);
    if (!g->slot[s])
      continue;
    get(t, h->target, table, g->slot[s] & ~HEAP_WEAK);
    if (g->slot[s] & HEAP_WEAK) {
      gc_weak_new(m, h->fresh, h->target);
      wl_made(t, 1, gc_shape_bytes(GC_WEAK_SHAPE));
      gc_store_take(m, h->at, slot, h->fresh);
    } else {
      gc_store(m, h->at, slot, h->target);
    }
  }
  gc_safepoint(m);
}

static void link_root(wl_thread *t, const heap_plan *p, const hands *h,
                      gc_reg table, uint32_t i) {
  get(t, h->target, table, p->g.root[i]);
  uint32_t slot = table_at(t->m, h->at, h->roots, i);
  gc_store(t->m, h->at, slot, h->target);
}

static void build(wl_thread *t, const heap_plan *p, const hands *h) {
  gc_mutator *m = t->m;
  uint32_t objects = p->g.objects;
  gc_reg table = gc_frame_enter(m, 1, 0);
  table_new(t, h->roots, p->g.roots_count);
  table_new(t, table, objects);
  for (uint32_t n = 1; n <= objects; n++) {
    new_object(t, h->fresh, p, n);
    table_put(m, h->at, table, n - 1, h->fresh);
  }
  for (uint32_t n = 1; n <= objects; n++)
    link_object(t, p, h, table, n);
  for (uint32_t i = 0; i < p->g.roots_count; i++)
    link_root(t, p, h, table, i);
  gc_unborrow(m, h->at);
  gc_unborrow(m, h->target);
  table_dropped(t, objects, 0, 0);
  gc_frame_leave(m, table, 1, 0);
}

/* ------------------------------------------------------------------------- *
 * The measured part.
 * ------------------------------------------------------------------------- */

/* at <- the object that has the place, which is object number `holder`, or for
 * a root the part of the table that it is in.  Returns the slot. */
static uint32_t go_to(wl_thread *t, heap_plan *p, const hands *h,
                      heap_place place) {
  gc_mutator *m = t->m;
  if (!place.holder)
    return table_at(m, h->at, h->roots, place.slot);
  uint32_t length = heap_plan_path(p, place.holder);
  table_borrow(m, h->at, h->roots, p->up[p->path[0]].slot);
  for (uint32_t i = 1; i < length; i++)
    gc_borrow(m, h->at, h->at, p->up[p->path[i]].slot);
  return place.slot;
}

static void replace(wl_thread *t, heap_plan *p, const hands *h, uint32_t leaf) {
  uint32_t slot = go_to(t, p, h, p->up[leaf]);
  new_object(t, h->fresh, p, leaf);
  wl_dropped(t, 1, heap_nominal(&p->g, leaf));
  gc_store_take(t->m, h->at, slot, h->fresh);
}

static void exchange(wl_thread *t, heap_plan *p, const hands *h) {
  gc_mutator *m = t->m;
  uint32_t n = p->knots[wl_random_below(t, p->knots_count)];
  uint64_t slots = p->g.first[n + 1] - p->g.first[n];
  uint32_t a = (uint32_t)wl_random_below(t, slots);
  uint32_t b = (uint32_t)wl_random_below(t, slots);
  go_to(t, p, h, (heap_place){n, 0});
  gc_load(m, h->fresh, h->at, a);
  gc_load(m, h->other, h->at, b);
  gc_store_take(m, h->at, a, h->other);
  gc_store_take(m, h->at, b, h->fresh);
  heap_plan_exchange(p, n, a, b);
  gc_safepoint(m);
}

/* Mutation number i of the run. */
static void mutate(wl_thread *t, heap_plan *p, const hands *h, uint64_t i) {
  if (share_has(i, wl_get(t, HEAP_REPLACE))) {
    if (p->leaves_count)
      replace(
          t, p, h,
          p->leaves[share_of(i, wl_get(t, HEAP_REPLACE)) % p->leaves_count]);
  } else if (p->knots_count) {
    exchange(t, p, h);
  }
}

static void mutate_all(wl_thread *t, heap_plan *p, const hands *h,
                       uint64_t round) {
  uint64_t each = wl_get(t, HEAP_MUTATIONS);
  for (uint64_t i = 0; i < each; i += STEP_OPS) {
    uint64_t end = min_u64(i + STEP_OPS, each);
    for (uint64_t k = i; k < end; k++)
      mutate(t, p, h, round * each + k);
    wl_step(t, STEP_MUTATE, end - i);
  }
  gc_unborrow(t->m, h->at);
}

static void collect(wl_thread *t, const heap_plan *p, const hands *h) {
  gc_copy(t->m, h->fresh, h->roots);
  gc_clear(t->m, h->fresh);
  gc_collect(t->m);
  wl_step(t, STEP_COLLECT, p->all.objects);
}

static void drop(wl_thread *t, heap_plan *p, const hands *h,
                 const heap_drop *what) {
  gc_mutator *m = t->m;
  uint32_t count = heap_plan_cut(p, what), slot = 0;
  for (uint32_t i = 0; i < count; i++) {
    slot = go_to(t, p, h, p->cuts[i]);
    if (i < count - 1)
      gc_store_null(m, h->at, slot);
  }
  if (!count)
    return;
  heap_volume dead = heap_plan_walk(p);
  wl_dropped(t, dead.objects, dead.bytes);
  wl_skip(t);
  gc_store_null(m, h->at, slot);
  gc_unborrow(m, h->at);
  gc_collect(m);
  wl_step(t, STEP_DROP, dead.objects);
}

/* ------------------------------------------------------------------------- *
 * The oracle.
 * ------------------------------------------------------------------------- */

/* Whether the object in `target` is number n: the same as in the table, or the
 * first time that it is met, which puts it there. */
static bool is_object(wl_thread *t, const heap_plan *p, const hands *h,
                      gc_reg table, uint32_t n) {
  gc_mutator *m = t->m;
  if (gc_is_null(m, h->target))
    return false;
  get(t, h->at, table, n);
  if (!gc_is_null(m, h->at))
    return gc_same(m, h->at, h->target);
  uint32_t slot = table_at(m, h->at, table, n - 1), bytes;
  gc_store(m, h->at, slot, h->target);
  bytes = heap_plan_shape(p, n).bytes;
  return !bytes || stamp_is(m, h->target, bytes, n);
}

/* Whether the edges of object number n, which is in the table, are right; weak
 * ones are not looked at. */
static bool has_its_edges(wl_thread *t, const heap_plan *p, const hands *h,
                          gc_reg table, uint32_t n) {
  gc_mutator *m = t->m;
  const heap_graph *g = &p->g;
  bool right = true;
  for (uint64_t s = g->first[n]; s < g->first[n + 1] && right; s++) {
    if (g->slot[s] & HEAP_WEAK)
      continue;
    get(t, h->target, table, n);
    gc_borrow(m, h->target, h->target, (uint32_t)(s - g->first[n]));
    right = g->slot[s] ? is_object(t, p, h, table, g->slot[s])
                       : gc_is_null(m, h->target);
  }
  gc_safepoint(m);
  return right;
}

/* What became of weak references whose target is dead. */
typedef struct cleared {
  uint64_t actual, acyclic, cyclic;
} cleared;

/* Whether the weak references of object number n are right: they give their
 * target if it is alive.  `held` is that of heap_plan_dead. */
static bool has_its_weak_edges(wl_thread *t, const heap_plan *p, const hands *h,
                               gc_reg table, uint32_t n, const uint8_t *held,
                               cleared *c) {
  gc_mutator *m = t->m;
  const heap_graph *g = &p->g;
  bool right = true;
  for (uint64_t s = g->first[n]; s < g->first[n + 1] && right; s++) {
    uint32_t target = g->slot[s] & ~HEAP_WEAK;
    if (!(g->slot[s] & HEAP_WEAK))
      continue;
    get(t, h->target, table, n);
    gc_borrow(m, h->target, h->target, (uint32_t)(s - g->first[n]));
    right = !gc_is_null(m, h->target);
    bool there = right && gc_weak_get(m, h->fresh, h->target);
    if (p->walk.level[target]) {
      get(t, h->target, table, target);
      right = there && gc_same(m, h->fresh, h->target);
    } else {
      c->actual += !there;
      *(held[target] ? &c->cyclic : &c->acyclic) += 1;
    }
    gc_clear(m, h->fresh);
  }
  return right;
}

/* Compares the heap with the graph.  The table leads to nothing but what the
 * graph leads to. */
static void compare(wl_thread *t, const heap_plan *p, const hands *h,
                    const uint8_t *held) {
  gc_mutator *m = t->m;
  cleared c = {0};
  gc_reg table = gc_frame_enter(m, 1, 0);
  table_new(t, table, p->g.objects);
  for (uint32_t i = 0; i < p->g.roots_count; i++) {
    table_borrow(m, h->target, h->roots, i);
    wl_check(t,
             p->g.root[i] ? is_object(t, p, h, table, p->g.root[i])
                          : gc_is_null(m, h->target),
             "root %u is not the object that it was", i);
  }
  for (uint32_t i = 0; i < p->walk.count; i++)
    wl_check(t, has_its_edges(t, p, h, table, p->walk.order[i]),
             "object %u of the graph has an edge to the wrong object, or is "
             "damaged",
             p->walk.order[i]);
  for (uint32_t i = 0; i < p->walk.count; i++)
    wl_check(t, has_its_weak_edges(t, p, h, table, p->walk.order[i], held, &c),
             "object %u of the graph has a wrong weak reference",
             p->walk.order[i]);
  if (c.acyclic + c.cyclic > 0)
    wl_expect_reclaimed(t, "cleared weak references", c.actual, c.acyclic,
                        c.cyclic);
  gc_unborrow(m, h->at);
  gc_unborrow(m, h->target);
  table_dropped(t, p->g.objects, 0, 0);
  gc_frame_leave(m, table, 1, 0);
}

/* The expectations with what is left alive, and with nothing. */
static void expect(wl_thread *t, const heap_plan *p, const hands *h) {
  const uint64_t *params = t->run->params;
  uint8_t *held = own_memory((size_t)p->g.objects + 1, 1);
  uint64_t roots = p->g.roots_count;
  uint64_t mutations = params[HEAP_COLLECTIONS] * params[HEAP_MUTATIONS];
  uint64_t made = p->all.objects + table_objects(roots) +
                  2 * table_objects(p->g.objects) +
                  heap_plan_replaced(p, params, mutations).objects;
  heap_dead now = heap_plan_dead(p, false, held);
  compare(t, p, h, held);
  heap_volume left = {p->all.objects - now.dead.objects + table_objects(roots),
                      p->all.bytes - now.dead.bytes + table_bytes(roots)};
  wl_expect(t, (wl_expectation){.live = left.objects,
                                .cyclic = now.cyclic,
                                .allocated = made,
                                .bytes = left.bytes});
  now = heap_plan_dead(p, true, held);
  wl_dropped(t, left.objects, left.bytes);
  gc_clear(t->m, h->roots);
  wl_expect(t, (wl_expectation){.cyclic = now.cyclic, .allocated = made});
  free(held);
}

static void run(wl_thread *t) {
  const char *wrong;
  heap_plan *p = heap_plan_of(t->run->params, &wrong);
  gc_reg frame = gc_frame_enter(t->m, 3, 2);
  hands h = {.roots = frame,
             .fresh = frame + 1,
             .other = frame + 2,
             .at = frame + 3,
             .target = frame + 4};
  build(t, p, &h);
  wl_begin(t);
  for (uint64_t i = 0; i < wl_get(t, HEAP_COLLECTIONS); i++) {
    mutate_all(t, p, &h, i);
    collect(t, p, &h);
  }
  for (uint32_t i = 0; i < p->drops_count; i++)
    drop(t, p, &h, &p->drops[i]);
  wl_end(t);
  expect(t, p, &h);
  gc_frame_leave(t->m, frame, 3, 2);
}

const workload workload_heap = {
    .name = "heap",
    .summary = "the heap of a real program: collected, mutated, dropped",
    .source = "heap dumps of JVMs, V8, Ruby and CPython (reapmark heap import)",
    .unit = "objects",
    .steps = {"collect", "mutate", "drop"},
    .params = {{"file", "the graph, as reapmark heap import makes it", 0, 0, 0,
                WL_FILE},
               {"collections", "full collections before anything is dropped",
                10, 0, 1 << 20, NULL},
               {"mutations", "mutations before each of these", 10000, 0,
                1 << 24, NULL},
               {"replace", "percent of the mutations that replace an object",
                20, 0, 100, NULL},
               {"drops", "dominators dropped, one after the other", 16, 0, 1000,
                NULL},
               {"weak", "1: weak edges become weak references; 0: null", 1, 0,
                1, NULL}},
    .longer = "collections",
    .needs = WL_NEEDS_DEPTH,
    .more_needs = {HEAP_WEAK_EDGES, WL_NEEDS_WEAK},
    .knows_live = true,
    .check = check,
    .volume = volume,
    .run = run,
};
