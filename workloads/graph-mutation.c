/* graph-mutation: random stores of references all over a large old graph.
 *
 * The nodes of the graph are handles in a table, each with a body that holds
 * `degree` references to other handles.  Most operations overwrite one such
 * reference, chosen at random, with a reference to another random handle.
 * Some operations replace a body, so that old objects die, and old objects
 * refer to young ones.
 *
 * This is the adversary of generational collectors, since hardly any store is
 * into a young object, and of cycle detectors: with every store some handle
 * loses a reference and lives on, so that it is a candidate in vain.  Yang et
 * al. (ISMM 2012) studied the cost of stores, Bacon & Rajan (ECOOP 2001)
 * candidates.
 *
 * Survivors: all handles with their bodies.  A replaced body is acyclic
 * garbage, since only its handle refers to a body.  The first `cyclic` percent
 * of the nodes refer only to each other; their first edge is fixed and closes
 * a ring through all of them, so that they become cyclic garbage together when
 * the table is dropped.  The other nodes refer only to nodes of their own kind
 * that come before them, and are acyclic.
 *
 * Limits: edges are uniformly random, without any locality. */
#include "parts.h"

enum { NODES, DEGREE, OPS, REPLACE, CYCLIC };
enum { MUTATE };

enum { STEP_OPS = 256 };

/* A handle refers to its body.  A body refers to handles; slot 0 is the fixed
 * edge. */
enum { BODY };
#define HANDLE ((gc_shape){1, 8})
static gc_shape body_shape(const uint64_t *p) {
  return (gc_shape){(uint32_t)p[DEGREE] + 1, 16};
}

static uint64_t cyclic_nodes(const uint64_t *p) {
  return share_of(p[NODES], p[CYCLIC]);
}

/* Bytes of the table and the nodes in it. */
static uint64_t kept_bytes(const uint64_t *p) {
  return table_bytes(p[NODES]) +
         p[NODES] * (gc_shape_bytes(HANDLE) + gc_shape_bytes(body_shape(p)));
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t body = gc_shape_bytes(body_shape(p)), nodes = kept_bytes(p);
  return (wl_volume){.live = nodes + body,
                     .set_up = nodes,
                     .allocated = nodes + share_of(p[OPS], p[REPLACE]) * body};
}

/* ------------------------------------------------------------------------- *
 * What is to be done depends on the random numbers only, so that it can be done
 * again afterwards, without the heap, to see what the edges should be. */

typedef struct mutation {
  uint64_t node;
  uint32_t slot; /* to be overwritten; 0: the whole body is replaced */
  uint64_t seed; /* determines the new targets */
} mutation;

/* Mutation number n.  At first each node gets its first body; the operations
 * come after that. */
static mutation next_mutation(wl_thread *t, uint64_t n) {
  const uint64_t *p = t->run->params;
  uint64_t seed = wl_random(t);
  if (n < p[NODES])
    return (mutation){n, 0, seed};
  n -= p[NODES];
  uint64_t node = (seed >> 32) * p[NODES] >> 32;
  if (share_has(n, p[REPLACE]))
    return (mutation){node, 0, seed};
  return (mutation){node, 1 + (uint32_t)(n % p[DEGREE]), seed};
}

#define NO_TARGET UINT32_MAX

/* The node that slot `slot` of a node refers to after a mutation. */
static uint32_t target_of(const uint64_t *p, const mutation *x, uint32_t slot) {
  uint64_t cyclic = cyclic_nodes(p), random = (uint32_t)mix(x->seed + slot);
  if (x->node < cyclic)
    return (uint32_t)(slot == 0 ? (x->node + 1) % cyclic
                                : random * cyclic >> 32);
  if (slot == 0 || x->node == cyclic)
    return NO_TARGET;
  return (uint32_t)(cyclic + (random * (x->node - cyclic) >> 32));
}

/* body.slot[slot] <- the handle of the target */
static void set_edge(wl_thread *t, gc_reg table, gc_reg body, const mutation *x,
                     uint32_t slot) {
  gc_mutator *m = t->m;
  uint32_t target = target_of(t->run->params, x, slot);
  if (target == NO_TARGET) {
    gc_store_null(m, body, slot);
    return;
  }
  gc_reg handle = gc_frame_enter(m, 0, 1);
  table_borrow(m, handle, table, target);
  gc_store(m, body, slot, handle);
  gc_frame_leave(m, handle, 0, 1);
}

/* dst <- a new body for the node of a mutation, which is not stated: the caller
 * states it when its edges are set, where the compiler keeps nothing else. */
static void new_body(wl_thread *t, gc_reg table, gc_reg dst, const mutation *x,
                     gc_shape shape) {
  new_unstated(t->m, dst, shape, x->node);
  for (uint32_t slot = 0; slot < shape.slots; slot++)
    set_edge(t, table, dst, x, slot);
}

/* Gives a node its first body. */
static void furnish(wl_thread *t, gc_reg table, const mutation *x) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1);
  gc_reg fresh = frame, handle = frame + 1;
  table_borrow(m, handle, table, x->node);
  gc_shape shape = body_shape(t->run->params);
  new_body(t, table, fresh, x, shape);
  wl_made(t, 1, gc_shape_bytes(shape));
  gc_store_take(m, handle, BODY, fresh);
  gc_frame_leave(m, frame, 1, 1);
}

static void mutate(wl_thread *t, gc_reg table, const mutation *x) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg fresh = frame, handle = frame + 1, body = frame + 2;
  table_borrow(m, handle, table, x->node);
  if (x->slot == 0) {
    gc_shape shape = body_shape(t->run->params);
    new_body(t, table, fresh, x, shape);
    wl_made(t, 1, gc_shape_bytes(shape));
    wl_dropped(t, 1, gc_shape_bytes(shape));
    if (GC_EXPLICIT_FREE)
      free_slot(m, handle, BODY); /* edges lead to handles, never to bodies */
    gc_store_take(m, handle, BODY, fresh);
  } else {
    gc_borrow(m, body, handle, BODY);
    set_edge(t, table, body, x, x->slot);
    gc_safepoint(m);
  }
  gc_frame_leave(m, frame, 1, 2);
}

/* The targets of all edges after all mutations, computed from the state of the
 * random generator before the first; to be freed. */
static uint32_t *edges_after(wl_thread *before) {
  const uint64_t *p = before->run->params;
  uint64_t slots = p[DEGREE] + 1;
  uint32_t *edges = own_memory(p[NODES] * slots, sizeof *edges);
  for (uint64_t n = 0; n < p[NODES] + p[OPS]; n++) {
    mutation x = next_mutation(before, n);
    uint32_t *of_node = edges + x.node * slots;
    uint32_t first = x.slot, last = x.slot == 0 ? (uint32_t)p[DEGREE] : x.slot;
    for (uint32_t slot = first; slot <= last; slot++)
      of_node[slot] = target_of(p, &x, slot);
  }
  return edges;
}

static bool node_whole(wl_thread *t, gc_reg handle, uint64_t node,
                       const uint32_t *edges) {
  gc_mutator *m = t->m;
  gc_shape shape = body_shape(t->run->params);
  gc_reg frame = gc_frame_enter(m, 0, 2), body = frame, target = frame + 1;
  gc_borrow(m, body, handle, BODY);
  bool ok = stamp_is(m, handle, HANDLE.bytes, node) &&
            stamp_is(m, body, shape.bytes, node);
  for (uint32_t slot = 0; slot < shape.slots && ok; slot++) {
    gc_borrow(m, target, body, slot);
    ok = edges[slot] == NO_TARGET
             ? gc_is_null(m, target)
             : !gc_is_null(m, target) && stamp_id(m, target) == edges[slot];
  }
  gc_frame_leave(m, frame, 0, 2);
  return ok;
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t nodes = p[NODES], ops = p[OPS];
  wl_thread before = *t; /* keeps the state of the random generator */
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, fresh = frame + 1, at = frame + 2;
  table_new(t, table, nodes);
  for (uint64_t i = 0; i < nodes; i++) {
    new_stamped(t, fresh, HANDLE, i);
    table_put(m, at, table, i, fresh);
  }
  for (uint64_t n = 0; n < nodes; n++) {
    mutation x = next_mutation(t, n);
    furnish(t, table, &x);
  }

  wl_begin(t);
  for (uint64_t i = 0; i < ops; i += STEP_OPS) {
    uint64_t end = min_u64(i + STEP_OPS, ops);
    for (uint64_t n = i; n < end; n++) {
      mutation x = next_mutation(t, nodes + n);
      mutate(t, table, &x);
    }
    wl_step(t, MUTATE, end - i);
  }
  wl_end(t);

  uint32_t *edges = edges_after(&before);
  for (uint64_t i = 0; i < nodes; i++) {
    table_borrow(m, at, table, i);
    wl_check(t, node_whole(t, at, i, edges + i * (p[DEGREE] + 1)),
             "node %llu is damaged, or an edge of it", (unsigned long long)i);
  }
  free(edges);
  gc_unborrow(m, at);
  uint64_t live = table_objects(nodes) + 2 * nodes;
  uint64_t all = live + share_of(ops, p[REPLACE]);
  wl_expect(t, (wl_expectation){
                   .live = live, .allocated = all, .bytes = kept_bytes(p)});
  wl_dropped(t, live, kept_bytes(p));
  if (GC_EXPLICIT_FREE) {
    for (uint64_t i = 0; i < nodes; i++) {
      gc_load(m, fresh, at, table_at(m, at, table, i));
      free_slot(m, fresh, BODY);
      gc_free(m, fresh);
    }
    free_table(m, table, nodes);
  }
  gc_frame_leave(m, frame, 2, 1);
  wl_expect(t,
            (wl_expectation){.cyclic = 2 * cyclic_nodes(p), .allocated = all});
}

const workload workload_graph_mutation = {
    .name = "graph-mutation",
    .summary = "random stores of references all over a large old graph",
    .source = "after Yang et al., ISMM 2012; Bacon & Rajan, ECOOP 2001",
    .unit = "mutations",
    .steps = {"mutate"},
    .params = {{"nodes", "nodes of the graph", 100000, 1, 1 << 24, NULL},
               {"degree", "edges of a node that are overwritten", 4, 1, 64,
                NULL},
               {"ops", "mutations", 3000000, 1, 1 << 30, NULL},
               {"replace", "percent of the mutations that replace a body", 10,
                0, 100, NULL},
               {"cyclic", "percent of the nodes that are in one large cycle",
                50, 0, 100, NULL}},
    .knows_deaths = true,
    .knows_live = true,
    .longer = "ops",
    .volume = volume,
    .run = run,
};
