/* cycles: cyclic structures of a chosen kind replace one another in a live
 * table: rings, doubly linked lists, binary trees with parent pointers, or
 * cliques.  A share of the table's places holds an acyclic version of the same
 * size instead (open lists, no back pointers, edges in one direction only).
 *
 * The shapes are the textbook cases of what reference counting cannot reclaim
 * (McBeth, CACM 1963, and later) and those of the papers on cycle detectors
 * (Bacon & Rajan, ECOOP 2001).  Replacement goes round by round, each round in
 * a new random order, so that structures do not die in order of age, which
 * would suit generational collectors.
 *
 * Stresses cycle detection; in tracing collectors, allocation and small
 * connected structures of medium lifetime.
 *
 * Survivors: the table and one structure for each place.  Each round drops as
 * many cyclic structures as there are cyclic places.
 *
 * Limits: dead cycles refer neither to live objects nor to each other. */
#include "cycles.h"

/* ------------------------------------------------------------------------- *
 * Building.  The nodes of a structure are stamped first_id, first_id + 1, ...
 */

typedef struct maker {
  wl_thread *t;
  gc_shape shape;
  uint64_t size;
  uint64_t pending; /* nodes made since the last step, and not stated yet */
} maker;

static void end_step(maker *k) {
  uint64_t made = k->pending;
  k->pending = 0;
  wl_made(k->t, made, made * gc_shape_bytes(k->shape));
  wl_step(k->t, CHURN, made);
}

static void new_node(maker *k, gc_reg dst, uint64_t id) {
  new_unstated(k->t->m, dst, k->shape, id);
  if (++k->pending == STEP_NODES)
    end_step(k);
}

static void make_chain(maker *k, gc_reg dst, uint64_t first_id, bool closed,
                       bool linked_back) {
  gc_mutator *m = k->t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), node = frame, last = frame + 1;
  new_node(k, dst, first_id);
  gc_reg tail = dst;
  for (uint64_t i = 1; i < k->size; i++) {
    new_node(k, node, first_id + i);
    if (linked_back)
      gc_store(m, node, PREVIOUS, tail);
    gc_store_take(m, tail, NEXT, node);
    gc_borrow(m, last, tail, NEXT);
    tail = last;
  }
  if (closed)
    gc_store(m, tail, NEXT, dst);
  gc_frame_leave(m, frame, 1, 1);
}

static void make_tree(maker *k, gc_reg dst, uint64_t size, uint64_t first_id,
                      bool linked_back) {
  gc_mutator *m = k->t->m;
  uint64_t left = size / 2, right = size - 1 - left;
  new_node(k, dst, first_id);
  gc_reg child = gc_frame_enter(m, 1, 0);
  if (left > 0) {
    make_tree(k, child, left, first_id + 1, linked_back);
    if (linked_back)
      gc_store(m, child, PARENT, dst);
    gc_store_take(m, dst, LEFT, child);
  }
  if (right > 0) {
    make_tree(k, child, right, first_id + 1 + left, linked_back);
    if (linked_back)
      gc_store(m, child, PARENT, dst);
    gc_store_take(m, dst, RIGHT, child);
  }
  gc_frame_leave(m, child, 1, 0);
}

static void make_clique(maker *k, gc_reg dst, uint64_t first_id, bool both) {
  gc_mutator *m = k->t->m;
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg node = frame, from = frame + 1, to = frame + 2;
  new_node(k, dst, first_id);
  for (uint64_t i = 1; i < k->size; i++) {
    new_node(k, node, first_id + i);
    gc_store_take(m, dst, edge(0, i), node);
  }
  for (uint64_t i = 1; i < k->size; i++) {
    gc_borrow(m, from, dst, edge(0, i));
    if (both)
      gc_store(m, from, edge(i, 0), dst);
    for (uint64_t j = both ? 1 : i + 1; j < k->size; j++)
      if (j != i) {
        gc_borrow(m, to, dst, edge(0, j));
        gc_store(m, from, edge(i, j), to);
      }
  }
  gc_frame_leave(m, frame, 1, 2);
}

static void make(maker *k, gc_reg dst, uint64_t first_id, bool cyclic) {
  switch (k->t->run->params[SHAPE]) {
  case RING:
    make_chain(k, dst, first_id, cyclic, false);
    break;
  case LIST:
    make_chain(k, dst, first_id, false, cyclic);
    break;
  case TREE:
    make_tree(k, dst, k->size, first_id, cyclic);
    break;
  case CLIQUE:
    make_clique(k, dst, first_id, cyclic);
    break;
  }
}

/* ------------------------------------------------------------------------- *
 * Death, for collectors that must be told.  References to the dead among the
 * dead are never looked at. */

static void free_tree(gc_mutator *m, gc_reg top, uint64_t size) {
  uint64_t sizes[] = {size / 2, size - 1 - size / 2};
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

/* Frees the structure in place `place` of the table, if there is one. */
static void free_structure(maker *k, gc_reg table, uint64_t place) {
  gc_mutator *m = k->t->m;
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg node = frame, next = frame + 1, chunk = frame + 2;
  gc_load(m, node, chunk, table_at(m, chunk, table, place));
  if (gc_is_null(m, node)) {
    gc_frame_leave(m, frame, 2, 1);
    return;
  }
  switch (k->t->run->params[SHAPE]) {
  case TREE:
    free_tree(m, node, k->size);
    break;
  case CLIQUE: /* the first node refers to all others, in both versions */
    for (uint64_t i = 1; i < k->size; i++)
      free_slot(m, node, edge(0, i));
    gc_free(m, node);
    break;
  default:
    for (uint64_t i = 1; i < k->size; i++) {
      gc_load(m, next, node, NEXT);
      gc_free(m, node);
      gc_move(m, node, next);
    }
    gc_free(m, node);
  }
  gc_frame_leave(m, frame, 2, 1);
}

/* ------------------------------------------------------------------------- *
 * Checking what is alive in the end. */

static bool chain_whole(gc_mutator *m, gc_reg first, gc_shape shape,
                        uint64_t size, uint64_t first_id, bool closed,
                        bool linked_back) {
  gc_reg frame = gc_frame_enter(m, 0, 3);
  gc_reg node = frame, next = frame + 1, previous = frame + 2;
  bool ok = true;
  gc_reg at = first;
  for (uint64_t i = 0; i < size && ok; i++) {
    ok = stamp_is(m, at, shape.bytes, first_id + i);
    gc_borrow(m, next, at, NEXT);
    if (i + 1 < size) {
      ok = ok && !gc_is_null(m, next);
      if (ok && linked_back) {
        gc_borrow(m, previous, next, PREVIOUS);
        ok = gc_same(m, previous, at);
      }
      if (ok)
        gc_borrow(m, node, at, NEXT);
      at = node;
    } else
      ok = ok && (closed ? gc_same(m, next, first) : gc_is_null(m, next));
  }
  gc_frame_leave(m, frame, 0, 3);
  return ok;
}

static bool tree_whole(gc_mutator *m, gc_reg top, gc_shape shape, uint64_t size,
                       uint64_t first_id, bool linked_back) {
  uint64_t sizes[] = {size / 2, size - 1 - size / 2};
  gc_reg frame = gc_frame_enter(m, 0, 2);
  gc_reg child = frame, parent = frame + 1;
  bool ok = stamp_is(m, top, shape.bytes, first_id++);
  for (uint32_t side = LEFT; side <= RIGHT && ok; side++) {
    gc_borrow(m, child, top, side);
    ok = gc_is_null(m, child) == (sizes[side] == 0);
    if (!ok || sizes[side] == 0)
      continue;
    gc_borrow(m, parent, child, PARENT);
    ok = (linked_back ? gc_same(m, parent, top) : gc_is_null(m, parent)) &&
         tree_whole(m, child, shape, sizes[side], first_id, linked_back);
    first_id += sizes[side];
  }
  gc_frame_leave(m, frame, 0, 2);
  return ok;
}

static bool clique_whole(gc_mutator *m, gc_reg first, gc_shape shape,
                         uint64_t size, uint64_t first_id, bool both) {
  gc_reg frame = gc_frame_enter(m, 0, 2), from = frame, to = frame + 1;
  bool ok = stamp_is(m, first, shape.bytes, first_id);
  for (uint64_t i = 0; i < size && ok; i++) {
    if (i > 0)
      gc_borrow(m, from, first, edge(0, i));
    for (uint64_t j = 0; j < size && ok; j++)
      if (j != i) {
        gc_borrow(m, to, i > 0 ? from : first, edge(i, j));
        ok = both || j > i ? !gc_is_null(m, to) &&
                                 stamp_is(m, to, shape.bytes, first_id + j)
                           : gc_is_null(m, to);
      }
  }
  gc_frame_leave(m, frame, 0, 2);
  return ok;
}

static bool whole(gc_mutator *m, const maker *k, gc_reg first,
                  uint64_t first_id, bool cyclic) {
  if (gc_is_null(m, first))
    return false;
  switch (k->t->run->params[SHAPE]) {
  case RING:
    return chain_whole(m, first, k->shape, k->size, first_id, cyclic, false);
  case LIST:
    return chain_whole(m, first, k->shape, k->size, first_id, false, cyclic);
  case TREE:
    return tree_whole(m, first, k->shape, k->size, first_id, cyclic);
  default:
    return clique_whole(m, first, k->shape, k->size, first_id, cyclic);
  }
}

/* ------------------------------------------------------------------------- */

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t live = p[LIVE], rounds = p[ROUNDS], size = p[SIZE];
  maker k = {.t = t, .shape = node_shape(p), .size = size};
  uint64_t structure = size * gc_shape_bytes(k.shape);
  uint32_t *order = order_new(live);
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, fresh = frame + 1, borrowed = frame + 2;

  wl_unstated(t, &k.pending);
  table_new(t, table, live);
  for (uint64_t round = 0; round <= rounds; round++) {
    end_step(&k);
    order_shuffle(t, order, live);
    if (round == 1)
      wl_begin(t);
    wl_skip(t);
    for (uint64_t i = 0; i < live; i++) {
      uint64_t place = order[i];
      make(&k, fresh, (round * live + place) * size, place_is_cyclic(p, place));
      bool big = size >= STEP_NODES / 2;
      if (big)
        end_step(&k);
      if (round > 0)
        wl_dropped(t, size, structure);
      if (GC_EXPLICIT_FREE)
        free_structure(&k, table, place);
      table_put(m, borrowed, table, place, fresh);
      if (big)
        wl_step(t, DROP, 0);
    }
  }
  end_step(&k);
  wl_end(t);

  for (uint64_t place = 0; place < live; place++) {
    table_borrow(m, borrowed, table, place);
    wl_check(t,
             whole(m, &k, borrowed, (rounds * live + place) * size,
                   place_is_cyclic(p, place)),
             "structure %llu is damaged", (unsigned long long)place);
  }
  gc_unborrow(m, borrowed);

  uint64_t cyclic = cyclic_places(p) * size;
  uint64_t all = table_objects(live) + live * (rounds + 1) * size;
  wl_expect(t, (wl_expectation){.live = table_objects(live) + live * size,
                                .cyclic = rounds * cyclic,
                                .allocated = all,
                                .bytes = kept_bytes(p)});
  table_dropped(t, live, live * size, live * structure);
  if (GC_EXPLICIT_FREE) {
    for (uint64_t place = 0; place < live; place++)
      free_structure(&k, table, place);
    free_table(m, table, live);
  }
  gc_frame_leave(m, frame, 2, 1);
  wl_expect(
      t, (wl_expectation){.cyclic = (rounds + 1) * cyclic, .allocated = all});
  wl_unstated(t, NULL);
  free(order);
}

const workload workload_cycles = {
    CYCLES_DESCRIPTION,
    .knows_live = true,
    .run = run,
};
