/* live-heap: what an object costs in a heap with a chosen number of live
 * objects.
 *
 * Each value of `measure` times one cost, so that it can be followed over heap
 * sizes:
 *
 *   allocate          making the heap, in memory that was used before (but not
 *                     in the first round)
 *   collect           a collection that finds everything alive; objects lie
 *                     in memory in the order in which they are reached
 *   collect-shuffled  the same tree, with objects at places in random order
 *   collect-random    a random graph with three edges per node
 *   reuse             allocation after a collection that found every other
 *                     object dead: the part of sweeping that is done lazily
 *   churn             short lists that die at once, beside the heap
 *
 * Objects have 48 bytes with three references, as in the measurements of
 * marking by Cher, Hosking & Vitek (ASPLOS 2004) and Garner, Blackburn &
 * Frampton (ISMM 2007), which showed that marking mostly waits for memory.
 *
 * Before each collection a reference to the root of the heap is made and
 * dropped.  To a cycle detector the root is a candidate then, so that it has
 * to visit everything that the root reaches, as a tracing collector does
 * anyway.  With other collectors a collection costs nothing, and the figure
 * says nothing.
 *
 * With several threads each has a part of the heap: the thread makes it, fills
 * its holes, or churns beside it.  One thread requests the collections.
 *
 * Survivors: all objects of the heap, and the objects that filled the holes.
 *
 * Limits: one object size, and no garbage other than the above.  Making the
 * two heaps with shuffled places takes a table, and when the table dies, every
 * object becomes a candidate: a cycle detector that examines candidates often
 * takes long then, unmeasured. */
#include "parts.h"

enum { OBJECTS, MEASURE, ROUNDS };
enum { ALLOCATE, COLLECT, SHUFFLED, RANDOM, REUSE, CHURN };
static const char *const measures[] = {
    "allocate", "collect", "collect-shuffled", "collect-random", "reuse",
    "churn",    NULL};
enum { STEP_ALLOCATE, STEP_COLLECT, STEP_WAIT };

/* In trees and lists the third slot is null.  In the random graph, NEXT leads
 * through all nodes of a part in random order and back to the first. */
#define NODE ((gc_shape){3, 16})
enum { LEFT, RIGHT, THIRD };
enum { NEXT };

/* The global root of an object that refers to the parts of the heap and then
 * to the lists of the threads that filled the holes of the parts. */
enum { HEAP };

enum {
  STEP_NODES = 512, /* nodes made in one step */
  CHURN_NODES = 64, /* nodes of a short list */
};

static gc_shape heap_shape(unsigned threads) {
  return (gc_shape){2 * (uint32_t)threads, 0};
}

static bool needs_table(const uint64_t *p) {
  return p[MEASURE] == SHUFFLED || p[MEASURE] == RANDOM;
}

/* Part k consists of the nodes from part_begin(k) to part_begin(k + 1) - 1. */
static uint64_t part_begin(const uint64_t *p, unsigned threads, unsigned k) {
  return p[OBJECTS] * k / threads;
}

static uint64_t part_size(const uint64_t *p, unsigned threads, unsigned k) {
  return part_begin(p, threads, k + 1) - part_begin(p, threads, k);
}

/* Nodes made in all, or only those of the set-up. */
static uint64_t nodes_made(const uint64_t *p, bool in_set_up) {
  switch (p[MEASURE]) {
  case ALLOCATE:
    return in_set_up ? 0 : p[ROUNDS] * p[OBJECTS];
  case REUSE:
    return in_set_up ? 0 : 3 * p[ROUNDS] * p[OBJECTS];
  case CHURN:
    return in_set_up ? p[OBJECTS] : (p[ROUNDS] + 1) * p[OBJECTS];
  default:
    return p[OBJECTS];
  }
}

static uint64_t nodes_kept(const uint64_t *p) {
  return p[MEASURE] == REUSE ? 2 * p[OBJECTS] : p[OBJECTS];
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  uint64_t each = gc_shape_bytes(NODE);
  uint64_t heap = gc_shape_bytes(heap_shape(threads)), tables = 0, largest = 0;
  for (unsigned k = 0; k < threads && needs_table(p); k++) {
    uint64_t size = part_size(p, threads, k);
    uint64_t table = size ? table_bytes(size) : 0;
    tables += table;
    largest = max_u64(largest, table);
  }
  uint64_t lists = 0; /* lists that are alive at a time, for churn */
  for (unsigned k = 0; k < threads && p[MEASURE] == CHURN; k++)
    lists += each * min_u64(CHURN_NODES, part_size(p, threads, k));
  return (wl_volume){
      .live = heap + nodes_kept(p) * each + largest + lists,
      .allocated = heap + nodes_made(p, false) * each + tables,
      .set_up = heap + nodes_made(p, true) * each + tables,
  };
}

/* ------------------------------------------------------------------------- *
 * Parts of the heap.
 * ------------------------------------------------------------------------- */

/* heap.slot[slot] <- reg, and reg <- null. */
static void keep(gc_mutator *m, uint32_t slot, gc_reg reg) {
  gc_reg heap = gc_frame_enter(m, 0, 1);
  gc_global_borrow(m, heap, HEAP);
  gc_store_take(m, heap, slot, reg);
  gc_frame_leave(m, heap, 0, 1);
}

/* Makes nodes, and ends a step when enough are made. */
typedef struct maker {
  wl_thread *t;
  bool timed;
  uint64_t pending; /* nodes made since the last step */
  gc_reg holes;     /* if `holed`, a list of the nodes that will be holes */
  bool holed;
} maker;

static void end_step(maker *k) {
  wl_made(k->t, k->pending, k->pending * gc_shape_bytes(NODE));
  if (k->timed && k->pending)
    wl_step(k->t, STEP_ALLOCATE, k->pending);
  k->pending = 0;
}

static void new_node(maker *k, gc_reg dst, uint64_t id) {
  new_unstated(k->t->m, dst, NODE, id);
  if (++k->pending == STEP_NODES)
    end_step(k);
}

/* list <- a new node, followed by the list */
static void prepend(maker *k, gc_reg list, uint64_t id) {
  gc_mutator *m = k->t->m;
  gc_reg node = gc_frame_enter(m, 1, 0);
  new_node(k, node, id);
  gc_store_take(m, node, NEXT, list);
  gc_move(m, list, node);
  gc_frame_leave(m, node, 1, 0);
}

/* dst <- a tree of `size` nodes, made in the order of their ids: each node
 * before its left subtree, and that before the right one.  If `holed`, a node
 * of the list of holes is made before or after each. */
static void make_tree(maker *k, gc_reg dst, uint64_t size, uint64_t id) {
  gc_mutator *m = k->t->m;
  bool before = k->holed && (wl_random(k->t) >> 63) != 0;
  if (before)
    prepend(k, k->holes, id);
  new_node(k, dst, id);
  if (k->holed && !before)
    prepend(k, k->holes, id);
  const uint64_t sizes[] = {size / 2, size - 1 - size / 2};
  gc_reg child = gc_frame_enter(m, 1, 0);
  id++;
  for (uint32_t side = LEFT; side <= RIGHT; side++) {
    if (sizes[side] == 0)
      continue;
    make_tree(k, child, sizes[side], id);
    gc_store_take(m, dst, side, child);
    id += sizes[side];
  }
  gc_frame_leave(m, child, 1, 0);
}

/* The number of the part of this thread. */
static unsigned part_of(const wl_thread *t) {
  return t->index == 0 ? 0 : t->index - 1;
}

static void list_made(wl_thread *t, uint64_t nodes) {
  wl_made(t, nodes, nodes * gc_shape_bytes(NODE));
}

static void list_dropped(wl_thread *t, uint64_t nodes) {
  wl_dropped(t, nodes, nodes * gc_shape_bytes(NODE));
}

static void make_part(wl_thread *t, unsigned part, bool timed, bool holed) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  unsigned threads = t->run->threads;
  uint64_t size = part_size(p, threads, part);
  if (size == 0)
    return;
  gc_reg frame = gc_frame_enter(m, 2, 0), tree = frame;
  maker k = {.t = t, .timed = timed, .holed = holed, .holes = frame + 1};
  make_tree(&k, tree, size, part_begin(p, threads, part));
  keep(m, part, tree);
  end_step(&k);
  if (holed)
    list_dropped(t, size);
  drop_list(m, k.holes, NEXT);
  gc_frame_leave(m, frame, 2, 0);
}

/* ------------------------------------------------------------------------- *
 * Parts out of order: all nodes are made first, then linked through a table.
 * ------------------------------------------------------------------------- */

/* The target of slot `slot` of node i in a random graph of n nodes. */
static uint64_t random_edge(const wl_run *run, uint64_t i, uint32_t slot,
                            uint64_t n) {
  uint64_t random = mix(run->seed + THIRD * i + slot);
  return (uint64_t)(((unsigned __int128)random * n) >> 64);
}

/* slot `slot` of node `at` <- node `to` */
static void link_nodes(gc_mutator *m, gc_reg table, uint64_t at, uint32_t slot,
                       uint64_t to) {
  gc_reg from = gc_frame_enter(m, 0, 2), target = from + 1;
  table_borrow(m, from, table, at);
  table_borrow(m, target, table, to);
  gc_store(m, from, slot, target);
  gc_frame_leave(m, from, 0, 2);
}

/* Links nodes as make_tree does, where node n of the tree is node order[n] of
 * the table. */
static void link_tree(gc_mutator *m, gc_reg table, const uint32_t *order,
                      uint64_t top, uint64_t size) {
  const uint64_t sizes[] = {size / 2, size - 1 - size / 2};
  uint64_t child = top + 1;
  for (uint32_t side = LEFT; side <= RIGHT; side++) {
    if (sizes[side] == 0)
      continue;
    link_nodes(m, table, order[top], side, order[child]);
    link_tree(m, table, order, child, sizes[side]);
    child += sizes[side];
  }
}

static void link_graph(wl_thread *t, gc_reg table, const uint32_t *order,
                       uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    link_nodes(t->m, table, order[i], NEXT, order[(i + 1) % n]);
    for (uint32_t slot = NEXT + 1; slot <= THIRD; slot++)
      link_nodes(t->m, table, i, slot, random_edge(t->run, i, slot, n));
  }
}

static void make_part_by_table(wl_thread *t, unsigned part, uint32_t *order) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  unsigned threads = t->run->threads;
  uint64_t size = part_size(p, threads, part);
  uint64_t first = part_begin(p, threads, part);
  if (size == 0)
    return;
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, node = frame + 1, at = frame + 2;
  table_new(t, table, size);
  for (uint64_t i = 0; i < size; i++) {
    new_unstated(m, node, NODE, first + i);
    table_put(m, at, table, i, node);
  }
  list_made(t, size);
  order_shuffle(t, order, size);
  if (p[MEASURE] == RANDOM)
    link_graph(t, table, order, size);
  else
    link_tree(m, table, order, 0, size);
  gc_load(m, node, at, table_at(m, at, table, order[0]));
  gc_unborrow(m, at);
  keep(m, part, node);
  table_dropped(t, size, 0, 0);
  if (GC_EXPLICIT_FREE)
    free_table(m, table, size);
  gc_frame_leave(m, frame, 2, 1);
}

/* ------------------------------------------------------------------------- *
 * Their death, and what they must be like before.
 * ------------------------------------------------------------------------- */

static void free_tree(gc_mutator *m, gc_reg top, uint64_t size) {
  const uint64_t sizes[] = {size / 2, size - 1 - size / 2};
  gc_reg child = gc_frame_enter(m, 1, 0);
  for (uint32_t side = LEFT; side <= RIGHT; side++) {
    if (sizes[side] == 0)
      continue;
    gc_load(m, child, top, side);
    free_tree(m, child, sizes[side]);
  }
  gc_frame_leave(m, child, 1, 0);
  gc_free(m, top);
}

static void free_ring(gc_mutator *m, gc_reg first, uint64_t size) {
  gc_reg next = gc_frame_enter(m, 1, 0);
  for (uint64_t i = 1; i < size; i++) {
    gc_load(m, next, first, NEXT);
    gc_free(m, first);
    gc_move(m, first, next);
  }
  gc_frame_leave(m, next, 1, 0);
  gc_free(m, first);
}

/* Drops all parts and lists. */
static void drop_all(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  unsigned threads = t->run->threads;
  gc_reg frame = gc_frame_enter(m, 1, 1), top = frame, heap = frame + 1;
  gc_global_borrow(m, heap, HEAP);
  for (unsigned k = 0; k < 2 * threads; k++) {
    uint64_t size = part_size(p, threads, k % threads);
    gc_load(m, top, heap, k);
    gc_store_null(m, heap, k);
    if (!gc_is_null(m, top))
      list_dropped(t, size);
    if (!GC_EXPLICIT_FREE || gc_is_null(m, top))
      gc_clear(m, top);
    else if (k >= threads)
      drop_list(m, top, NEXT);
    else if (p[MEASURE] == RANDOM)
      free_ring(m, top, size);
    else
      free_tree(m, top, size);
  }
  gc_frame_leave(m, frame, 1, 1);
}

static bool tree_whole(gc_mutator *m, gc_reg top, uint64_t size, uint64_t place,
                       const uint32_t *order, uint64_t first) {
  const uint64_t sizes[] = {size / 2, size - 1 - size / 2};
  uint64_t id = first + (order ? order[place] : place);
  bool ok = !gc_is_null(m, top) && stamp_is(m, top, NODE.bytes, id);
  gc_reg child = gc_frame_enter(m, 0, 1);
  place++;
  for (uint32_t side = LEFT; side <= RIGHT && ok; side++) {
    gc_borrow(m, child, top, side);
    ok = sizes[side] == 0
             ? gc_is_null(m, child)
             : tree_whole(m, child, sizes[side], place, order, first);
    place += sizes[side];
  }
  gc_frame_leave(m, child, 0, 1);
  return ok;
}

static bool graph_whole(wl_thread *t, gc_reg top, uint64_t size,
                        const uint32_t *order, uint64_t first) {
  gc_mutator *m = t->m;
  gc_reg node = gc_frame_enter(m, 0, 2), target = node + 1, at = top;
  bool ok = true;
  for (uint64_t i = 0; i < size && ok; i++) {
    ok = !gc_is_null(m, at) && stamp_is(m, at, NODE.bytes, first + order[i]);
    for (uint32_t slot = NEXT + 1; slot <= THIRD && ok; slot++) {
      gc_borrow(m, target, at, slot);
      ok = !gc_is_null(m, target) &&
           stamp_id(m, target) ==
               first + random_edge(t->run, order[i], slot, size);
    }
    if (ok)
      gc_borrow(m, node, at, NEXT);
    at = node;
  }
  ok = ok && gc_same(m, node, top);
  gc_frame_leave(m, node, 0, 2);
  return ok;
}

/* Whether the list is undamaged: its nodes have the ids from `id` on, the last
 * first. */
static bool list_whole(gc_mutator *m, gc_reg list, uint64_t size, uint64_t id) {
  gc_reg node = gc_frame_enter(m, 0, 1), at = list;
  bool ok = true;
  for (uint64_t i = size; i > 0 && ok; i--) {
    ok = !gc_is_null(m, at) && stamp_is(m, at, NODE.bytes, id + i - 1);
    if (ok)
      gc_borrow(m, node, at, NEXT);
    at = node;
  }
  ok = ok && gc_is_null(m, at);
  gc_frame_leave(m, node, 0, 1);
  return ok;
}

static void check(wl_thread *t, uint32_t *const *orders) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  unsigned threads = t->run->threads;
  gc_reg heap = gc_frame_enter(m, 0, 2), top = heap + 1;
  gc_global_borrow(m, heap, HEAP);
  for (unsigned k = 0; k < threads; k++) {
    uint64_t size = part_size(p, threads, k);
    uint64_t first = part_begin(p, threads, k);
    if (size == 0)
      continue;
    gc_borrow(m, top, heap, k);
    wl_check(t,
             p[MEASURE] == RANDOM
                 ? graph_whole(t, top, size, orders[k], first)
                 : tree_whole(m, top, size, 0, orders[k], first),
             "part %u of the heap is damaged", k);
    gc_borrow(m, top, heap, threads + k);
    if (p[MEASURE] == REUSE)
      wl_check(t, list_whole(m, top, size, first),
               "what filled the holes of part %u is damaged", k);
  }
  gc_frame_leave(m, heap, 0, 2);
}

/* ------------------------------------------------------------------------- *
 * The measures.
 * ------------------------------------------------------------------------- */

/* Runs the body for every part: on a thread for each part, if there are
 * several. */
static void for_parts(wl_thread *t, void (*body)(wl_thread *t, void *data)) {
  if (t->run->threads == 1)
    body(t, NULL);
  else {
    wl_threads(t, t->run->threads, 1, body, NULL);
    wl_step(t, STEP_WAIT, 0); /* otherwise the next wl_skip would begin here */
  }
}

static void allocate_part(wl_thread *t, void *data) {
  (void)data;
  make_part(t, part_of(t), true, false);
}

static void fill_part(wl_thread *t, void *data) {
  (void)data;
  const uint64_t *p = t->run->params;
  unsigned threads = t->run->threads, part = part_of(t);
  uint64_t first = part_begin(p, threads, part);
  uint64_t size = part_size(p, threads, part);
  if (size == 0)
    return;
  maker k = {.t = t, .timed = true};
  gc_reg list = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < size; i++)
    prepend(&k, list, first + i);
  keep(t->m, threads + part, list);
  end_step(&k);
  gc_frame_leave(t->m, list, 1, 0);
}

static void churn_part(wl_thread *t, void *data) {
  (void)data;
  const uint64_t *p = t->run->params;
  uint64_t size = part_size(p, t->run->threads, part_of(t));
  maker k = {.t = t, .timed = true};
  gc_reg list = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < size; i++) {
    prepend(&k, list, i);
    if ((i + 1) % CHURN_NODES == 0 || i + 1 == size) {
      list_dropped(t, i % CHURN_NODES + 1);
      drop_list(t->m, list, NEXT);
    }
  }
  end_step(&k);
  gc_frame_leave(t->m, list, 1, 0);
}

/* Makes a reference to the root of every part and drops it. */
static void suspect(wl_thread *t) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), top = frame, heap = frame + 1;
  gc_global_borrow(m, heap, HEAP);
  for (unsigned k = 0; k < t->run->threads; k++) {
    gc_load(m, top, heap, k);
    gc_clear(m, top);
  }
  gc_frame_leave(m, frame, 1, 1);
}

static void measure(wl_thread *t, uint64_t round) {
  switch (wl_get(t, MEASURE)) {
  case ALLOCATE:
    if (round > 0) {
      drop_all(t);
      gc_collect(t->m);
      wl_skip(t);
    }
    for_parts(t, allocate_part);
    break;
  case REUSE:
    drop_all(t);
    for (unsigned k = 0; k < t->run->threads; k++)
      make_part(t, k, false, true);
    gc_collect(t->m);
    wl_skip(t);
    for_parts(t, fill_part);
    break;
  case CHURN:
    for_parts(t, churn_part);
    break;
  default:
    suspect(t);
    wl_skip(t);
    gc_collect(t->m);
    wl_step(t, STEP_COLLECT, wl_get(t, OBJECTS));
  }
}

static void set_up(wl_thread *t, uint32_t **orders) {
  const uint64_t *p = t->run->params;
  unsigned threads = t->run->threads;
  gc_reg heap = gc_frame_enter(t->m, 1, 0);
  new_plain(t, heap, heap_shape(threads));
  gc_global_store(t->m, HEAP, heap);
  gc_frame_leave(t->m, heap, 1, 0);
  for (unsigned k = 0; k < threads; k++)
    if (needs_table(p)) {
      orders[k] = order_new(max_u64(part_size(p, threads, k), 1));
      make_part_by_table(t, k, orders[k]);
    } else if (p[MEASURE] == COLLECT || p[MEASURE] == CHURN)
      make_part(t, k, false, false);
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  unsigned threads = t->run->threads;
  uint32_t **orders = own_memory(threads, sizeof *orders);
  set_up(t, orders);

  wl_begin(t);
  if (p[MEASURE] == ALLOCATE || p[MEASURE] == REUSE)
    wl_apart(t);
  for (uint64_t round = 0; round < p[ROUNDS]; round++)
    measure(t, round);
  wl_end(t);

  check(t, orders);
  uint64_t tables = 0;
  for (unsigned k = 0; k < threads; k++) {
    if (needs_table(p) && part_size(p, threads, k))
      tables += table_objects(part_size(p, threads, k));
    free(orders[k]);
  }
  free(orders);
  uint64_t all = 1 + nodes_made(p, false) + tables;
  uint64_t bytes = gc_shape_bytes(heap_shape(threads)) +
                   nodes_kept(p) * gc_shape_bytes(NODE);
  wl_expect(t, (wl_expectation){.live = 1 + nodes_kept(p),
                                .allocated = all,
                                .bytes = bytes});
  drop_all(t);
  gc_reg heap = gc_frame_enter(m, 1, 0);
  gc_global_load(m, heap, HEAP);
  gc_global_clear(m, HEAP);
  wl_dropped(t, 1, gc_shape_bytes(heap_shape(threads)));
  gc_free(m, heap);
  gc_frame_leave(m, heap, 1, 0);
  wl_expect(t, (wl_expectation){.cyclic = p[MEASURE] == RANDOM ? p[OBJECTS] : 0,
                                .allocated = all});
}

const workload workload_live_heap = {
    .name = "live-heap",
    .summary = "cost per object of allocation, marking and sweeping, by the "
               "size of the heap",
    .source = "after Garner et al., ISMM 2007",
    .unit = "objects",
    .steps = {"allocate", "collect", "wait"},
    .params = {{"objects", "live objects", 100000, 1, 1 << 26, NULL},
               {"measure", "what is timed", COLLECT, 0, 0, measures},
               {"rounds",
                "how often it is done; with churn: so many times `objects` die",
                10, 1, 1 << 20, NULL}},
    .needs = WL_TAKES_THREADS |
             WL_NEEDS_DEPTH, /* the lists that fill holes are long */
    .knows_deaths = true,
    .knows_live = true,
    .longer = "rounds",
    .volume = volume,
    .run = run,
};
