/* candidates: two kinds of candidates for a cycle detector.
 *
 *   rings  rings of objects that were just dropped: all of them are garbage
 *   live   references to the nodes of a live tree come and go: each node that
 *          lost a reference lives on, and so does everything that it reaches
 *
 * A detector that examines every candidate at once pays for the second kind; a
 * detector that waits long pays for the first kind with memory and cold
 * caches.  Bacon & Rajan (ECOOP 2001) buffer candidates and examine them when
 * there are enough.  The two kinds pull that number in opposite directions,
 * which is why both are to be run with the same setting.
 *
 * Making the rings is not timed.  Dropping them, and the work that follows
 * from it, is timed, with a collection at the end of each round.  For a
 * tracing collector the first kind is a collection of a small heap, and the
 * second kind is loads of references.
 *
 * Survivors: the table, and the tree with a place in the table for each node.
 *
 * Limits: all rings are of one size, and none refers to another. */
#include "parts.h"

enum { KIND, RINGS, SIZE, ROUNDS, NODES, OPS };
enum { DROPPED, LIVE };
static const char *const kinds[] = {"rings", "live", NULL};
enum { DROP, MUTATE, COLLECT };

#define RING_NODE ((gc_shape){1, 16})
enum { NEXT };
#define TREE_NODE ((gc_shape){2, 8})

enum { STEP_RINGS = 32, STEP_OPS = 256 };

static uint64_t ring_bytes(const uint64_t *p) {
  return p[RINGS] * p[SIZE] * gc_shape_bytes(RING_NODE);
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  if (p[KIND] == LIVE) {
    uint64_t all = table_bytes(p[NODES]) + p[NODES] * gc_shape_bytes(TREE_NODE);
    return (wl_volume){.live = all, .allocated = all, .set_up = all};
  }
  uint64_t table = table_bytes(p[RINGS]);
  return (wl_volume){.live = table + ring_bytes(p),
                     .cyclic = (p[ROUNDS] - 1) * ring_bytes(p),
                     .allocated = table + p[ROUNDS] * ring_bytes(p),
                     .set_up = table};
}

/* ------------------------------------------------------------------------- *
 * Rings.
 * ------------------------------------------------------------------------- */

static void make_ring(wl_thread *t, gc_reg dst, uint64_t size, uint64_t id) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), node = frame, last = frame + 1;
  new_unstated(m, dst, RING_NODE, id);
  gc_reg tail = dst;
  for (uint64_t i = 1; i < size; i++) {
    new_unstated(m, node, RING_NODE, id + i);
    gc_store_take(m, tail, NEXT, node);
    gc_borrow(m, last, tail, NEXT);
    tail = last;
  }
  gc_store(m, tail, NEXT, dst);
  wl_made(t, size, size * gc_shape_bytes(RING_NODE));
  gc_frame_leave(m, frame, 1, 1);
}

static bool ring_whole(gc_mutator *m, gc_reg first, uint64_t size,
                       uint64_t id) {
  gc_reg node = gc_frame_enter(m, 0, 1), at = first;
  bool ok = true;
  for (uint64_t i = 0; i < size && ok; i++) {
    ok = !gc_is_null(m, at) && stamp_is(m, at, RING_NODE.bytes, id + i);
    if (ok)
      gc_borrow(m, node, at, NEXT);
    at = node;
  }
  ok = ok && gc_same(m, at, first);
  gc_frame_leave(m, node, 0, 1);
  return ok;
}

/* Drops the ring in place `place` of the table. */
static void drop_ring(wl_thread *t, gc_reg table, uint64_t place,
                      uint64_t size) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg node = frame, next = frame + 1, chunk = frame + 2;
  uint32_t slot = table_at(m, chunk, table, place);
  wl_dropped(t, size, size * gc_shape_bytes(RING_NODE));
  if (GC_EXPLICIT_FREE) {
    gc_load(m, node, chunk, slot);
    for (uint64_t i = 1; i < size; i++) {
      gc_load(m, next, node, NEXT);
      gc_free(m, node);
      gc_move(m, node, next);
    }
    gc_free(m, node);
  }
  gc_store_null(m, chunk, slot);
  gc_frame_leave(m, frame, 2, 1);
}

static void run_rings(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t rings = p[RINGS], size = p[SIZE];
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, fresh = frame + 1, at = frame + 2;
  table_new(t, table, rings);

  wl_begin(t);
  for (uint64_t round = 0; round < p[ROUNDS]; round++) {
    uint64_t first = round * rings * size;
    for (uint64_t i = 0; i < rings; i++) {
      make_ring(t, fresh, size, first + i * size);
      table_put(m, at, table, i, fresh);
    }
    for (uint64_t i = 0; i < rings; i++) {
      table_borrow(m, at, table, i);
      wl_check(t, ring_whole(m, at, size, first + i * size),
               "ring %llu is damaged", (unsigned long long)i);
    }
    gc_unborrow(m, at);
    wl_skip(t);
    for (uint64_t i = 0; i < rings; i += STEP_RINGS) {
      uint64_t end = min_u64(i + STEP_RINGS, rings);
      for (uint64_t k = i; k < end; k++)
        drop_ring(t, table, k, size);
      gc_safepoint(m);
      wl_step(t, DROP, end - i);
    }
    gc_collect(m);
    wl_step(t, COLLECT, 0);
  }
  wl_end(t);

  uint64_t dead = p[ROUNDS] * rings * size;
  uint64_t all = table_objects(rings) + dead;
  wl_expect(t, (wl_expectation){.live = table_objects(rings),
                                .cyclic = dead,
                                .allocated = all,
                                .bytes = table_bytes(rings)});
  table_dropped(t, rings, 0, 0);
  if (GC_EXPLICIT_FREE)
    free_table(m, table, rings);
  gc_frame_leave(m, frame, 2, 1);
  wl_expect(t, (wl_expectation){.cyclic = dead, .allocated = all});
}

/* ------------------------------------------------------------------------- *
 * A live tree, level by level: node i is the parent of 2i + 1 and 2i + 2.
 * ------------------------------------------------------------------------- */

static void make_tree(wl_thread *t, gc_reg table, uint64_t nodes) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), node = frame, at = frame + 1;
  for (uint64_t i = 0; i < nodes; i++) {
    new_stamped(t, node, TREE_NODE, i);
    if (i > 0) {
      table_borrow(m, at, table, (i - 1) / 2);
      gc_store(m, at, (uint32_t)((i - 1) % 2), node);
    }
    table_put(m, at, table, i, node);
  }
  gc_frame_leave(m, frame, 1, 1);
}

static bool node_whole(gc_mutator *m, gc_reg node, uint64_t i, uint64_t nodes) {
  bool ok = stamp_is(m, node, TREE_NODE.bytes, i);
  gc_reg child = gc_frame_enter(m, 0, 1);
  for (uint32_t side = 0; side < TREE_NODE.slots && ok; side++) {
    gc_borrow(m, child, node, side);
    ok = 2 * i + side + 1 < nodes
             ? !gc_is_null(m, child) && stamp_id(m, child) == 2 * i + side + 1
             : gc_is_null(m, child);
  }
  gc_frame_leave(m, child, 0, 1);
  return ok;
}

static void run_live(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t nodes = p[NODES];
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, node = frame + 1, at = frame + 2;
  table_new(t, table, nodes);
  make_tree(t, table, nodes);

  wl_begin(t);
  for (uint64_t i = 0; i < p[OPS]; i += STEP_OPS) {
    uint64_t end = min_u64(i + STEP_OPS, p[OPS]);
    for (uint64_t k = i; k < end; k++) {
      uint32_t slot = table_at(m, at, table, wl_random_below(t, nodes));
      gc_load(m, node, at, slot);
      gc_clear(m, node);
    }
    gc_safepoint(m);
    wl_step(t, MUTATE, end - i);
  }
  gc_collect(m);
  wl_step(t, COLLECT, 0);
  wl_end(t);

  for (uint64_t i = 0; i < nodes; i++) {
    table_borrow(m, at, table, i);
    wl_check(t, node_whole(m, at, i, nodes), "node %llu is damaged",
             (unsigned long long)i);
  }
  gc_unborrow(m, at);
  uint64_t all = table_objects(nodes) + nodes;
  wl_expect(t, (wl_expectation){
                   .live = all, .allocated = all, .bytes = volume(p, 1).live});
  wl_dropped(t, all, volume(p, 1).live);
  if (GC_EXPLICIT_FREE) {
    for (uint64_t i = 0; i < nodes; i++) {
      gc_load(m, node, at, table_at(m, at, table, i));
      gc_free(m, node);
    }
    gc_unborrow(m, at);
    free_table(m, table, nodes);
  }
  gc_frame_leave(m, frame, 2, 1);
  wl_expect(t, (wl_expectation){.allocated = all});
}

static void run(wl_thread *t) {
  if (wl_get(t, KIND) == LIVE)
    run_live(t);
  else
    run_rings(t);
}

const workload workload_candidates = {
    .name = "candidates",
    .summary = "candidates for a cycle detector: dropped rings, or nodes that "
               "live on",
    .source = "after Bacon & Rajan, ECOOP 2001",
    .unit = "candidates",
    .steps = {"drop", "mutate", "collect"},
    .params = {{"kind", "kind of candidates", DROPPED, 0, 0, kinds},
               {"rings", "rings dropped in a round", 1000, 1, 1 << 20, NULL},
               {"size", "objects in a ring", 10, 1, 1 << 16, NULL},
               {"rounds", "rounds of making and dropping rings", 300, 1,
                1 << 16, NULL},
               {"nodes", "nodes of the live tree", 524287, 1, 1 << 24, NULL},
               {"ops", "references to nodes of the tree that come and go",
                5000000, 1, 1 << 30, NULL}},
    .knows_deaths = true,
    .knows_live = true,
    .longer = "rounds",
    .volume = volume,
    .run = run,
};
