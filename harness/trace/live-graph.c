/* live-graph.c: see live-graph.h. */
#include "live-graph.h"

#include "memory.h"

/* The objects, in the order in which they were found. */
typedef struct list {
  shadow_ref *at;
  size_t count, room;
} list;

static void add(list *l, shadow_ref o) {
  l->at = trace_more(l->at, &l->room, l->count + 1, sizeof *l->at);
  l->at[l->count++] = o;
}

static void find(shadow *m, list *l, shadow_ref o) {
  if (!o || shadow_at(m, o)->shared)
    return;
  shadow_at(m, o)->shared = true;
  add(l, o);
}

static void find_roots(shadow *m, list *l) {
  for (shadow_mutator *t = shadow_first_mutator(m); t;
       t = shadow_next_mutator(t)) {
    for (gc_reg r = 0; r < shadow_top(t); r++)
      if (shadow_is_owning(t, r))
        find(m, l, shadow_register(t, r));
    for (uint32_t i = 0; i < GC_TLS; i++)
      find(m, l, shadow_tls(t, i));
  }
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    find(m, l, shadow_global(m, g));
}

/* How many references an object has, and one of them, which may be null.  The
 * value of an ephemeron is one if the key is reachable (`marked`). */
static uint32_t degree(const shadow *m, const shadow_object *o) {
  if (o->ephemeron)
    return o->target && shadow_at(m, o->target)->marked;
  return o->weak ? 0 : o->slot_count;
}

static shadow_ref reference(const shadow_object *o, uint32_t i) {
  return o->ephemeron ? o->value : o->slots[i];
}

/* Breadth first, one level after the other. */
static void search(shadow *m, list *l, live_graph *g) {
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    shadow_at(m, o)->shared = false;
  find_roots(m, l);
  for (size_t next = 0, level = 0; next < l->count; g->depth++)
    for (level = l->count; next < level; next++) {
      const shadow_object *o = shadow_at(m, l->at[next]);
      for (uint32_t i = 0, n = degree(m, o); i < n; i++)
        find(m, l, reference(o, i));
    }
  g->objects = l->count;
}

/* ------------------------------------------------------------------------- *
 * Strongly connected components (Tarjan, SIAM Journal on Computing 1972), with
 * a stack of its own in place of recursion, since lists are long.
 * ------------------------------------------------------------------------- */

typedef struct visit {
  shadow_ref o;
  uint32_t next; /* the reference that is followed next */
} visit;

typedef struct components {
  shadow *m;
  uint32_t *order; /* by object: when it was met, from 1; 0: not yet */
  uint32_t *low;   /* the earliest that it leads to; UINT32_MAX: it is in a
                      component */
  list open;       /* met, and in no component yet */
  visit *path;
  size_t depth, room;
  uint32_t met;
  live_graph *g;
} components;

static void meet(components *c, shadow_ref o) {
  c->path = trace_more(c->path, &c->room, c->depth + 1, sizeof *c->path);
  c->path[c->depth++] = (visit){.o = o};
  c->order[o] = c->low[o] = ++c->met;
  add(&c->open, o);
}

static bool refers_to_itself(const components *c, shadow_ref o) {
  const shadow_object *object = shadow_at(c->m, o);
  for (uint32_t i = 0, n = degree(c->m, object); i < n; i++)
    if (reference(object, i) == o)
      return true;
  return false;
}

/* The objects that are open since `o` was met are a component. */
static void close_component(components *c, shadow_ref o) {
  size_t first = c->open.count;
  do
    c->low[c->open.at[--first]] = UINT32_MAX;
  while (c->open.at[first] != o);
  uint64_t size = c->open.count - first;
  c->open.count = first;
  if (size == 1 && !refers_to_itself(c, o))
    return;
  c->g->cyclic += size;
  if (size > c->g->component)
    c->g->component = size;
}

/* Follows the next reference of the object at the end of the path. */
static void go_on(components *c) {
  visit *v = &c->path[c->depth - 1];
  const shadow_object *object = shadow_at(c->m, v->o);
  if (v->next < degree(c->m, object)) {
    shadow_ref to = reference(object, v->next++);
    if (to && !c->order[to])
      meet(c, to);
    else if (to && c->low[to] != UINT32_MAX && c->order[to] < c->low[v->o])
      c->low[v->o] = c->order[to];
    return;
  }
  shadow_ref o = v->o;
  uint32_t low = c->low[o];
  c->depth--;
  if (low == c->order[o])
    close_component(c, o);
  if (c->depth > 0 && low < c->low[c->path[c->depth - 1].o])
    c->low[c->path[c->depth - 1].o] = low;
}

static void find_components(shadow *m, const list *l, live_graph *g) {
  components c = {.m = m,
                  .order = trace_zeroed(shadow_end(m), sizeof *c.order),
                  .low = trace_zeroed(shadow_end(m), sizeof *c.low),
                  .g = g};
  for (size_t i = 0; i < l->count; i++) {
    if (!c.order[l->at[i]])
      meet(&c, l->at[i]);
    while (c.depth > 0)
      go_on(&c);
  }
  free(c.order);
  free(c.low);
  free(c.open.at);
  free(c.path);
}

live_graph live_graph_measure(shadow *m) {
  live_graph g = {0};
  list l = {0};
  shadow_mark_reachable(m);
  search(m, &l, &g);
  find_components(m, &l, &g);
  free(l.at);
  return g;
}
