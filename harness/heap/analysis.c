/* analysis.c: walks, cycles and edges by their targets; see analysis.h. */
#include "analysis.h"

#include <string.h>

#include "memory.h"

/* ------------------------------------------------------------------------- *
 * Breadth-first walks.
 * ------------------------------------------------------------------------- */

static void reach(heap_walk *w, uint32_t object, uint32_t level) {
  if (!object || w->level[object])
    return;
  w->level[object] = level;
  w->order[w->count++] = object;
}

void heap_walk_again(const heap_graph *g, heap_walk *w) {
  memset(w->level, 0, ((size_t)g->objects + 1) * sizeof *w->level);
  w->count = 0;
  for (uint32_t i = 0; i < g->roots_count; i++)
    reach(w, g->root[i], 1);
  for (uint32_t at = 0; at < w->count; at++) {
    uint32_t n = w->order[at];
    for (uint64_t s = g->first[n]; s < g->first[n + 1]; s++)
      reach(w, heap_strong(g->slot[s]), w->level[n] + 1);
  }
}

heap_walk heap_walk_new(const heap_graph *g) {
  heap_walk w = {.order = heap_take(g->objects, sizeof *w.order),
                 .level = heap_take((size_t)g->objects + 1, sizeof *w.level)};
  heap_walk_again(g, &w);
  return w;
}

void heap_walk_free(heap_walk *w) {
  free(w->order);
  free(w->level);
}

/* The queue of a walk is the pool of the markers: what one step has found is
 * visited in later ones. */
uint64_t heap_trace_steps(const heap_graph *g, uint32_t markers) {
  heap_walk w = {.order = heap_take(g->objects, sizeof *w.order),
                 .level = heap_take((size_t)g->objects + 1, sizeof *w.level)};
  uint64_t steps = 0;
  uint32_t at = 0;
  for (uint32_t i = 0; i < g->roots_count; i++)
    reach(&w, g->root[i], 1);
  while (at < w.count) {
    uint32_t found = w.count - at;
    uint32_t end = at + (found < markers ? found : markers);
    for (; at < end; at++)
      for (uint64_t s = g->first[w.order[at]]; s < g->first[w.order[at] + 1];
           s++)
        reach(&w, heap_strong(g->slot[s]), 1);
    steps++;
  }
  heap_walk_free(&w);
  return steps;
}

/* ------------------------------------------------------------------------- *
 * Cycles.
 * ------------------------------------------------------------------------- */

/* Tarjan's algorithm with its stack of calls in arrays. */
typedef struct search {
  const heap_graph *g;
  const uint8_t *member;
  uint32_t *number; /* in the order of the search; 0: not visited */
  uint32_t *low;    /* the least number that the object leads back to; 0: its
                       component is complete */
  uint64_t *next;   /* of an object being visited: its next slot */
  uint32_t *caller; /* likewise: the object from which it is visited */
  uint32_t *open;   /* objects whose component is not complete, a stack */
  uint32_t opened, visited;
  uint8_t *on_cycle;
  heap_cycles found;
} search;

static void enter(search *x, uint32_t object, uint32_t caller) {
  x->number[object] = x->low[object] = ++x->visited;
  x->next[object] = x->g->first[object];
  x->caller[object] = caller;
  x->open[x->opened++] = object;
}

static bool refers_to_itself(const heap_graph *g, uint32_t object) {
  for (uint64_t s = g->first[object]; s < g->first[object + 1]; s++)
    if (g->slot[s] == object)
      return true;
  return false;
}

/* The component whose first object is `object` is complete. */
static void close_component(search *x, uint32_t object) {
  uint32_t from = x->opened;
  while (x->open[--from] != object)
    ;
  uint32_t size = x->opened - from;
  bool cycle = size > 1 || refers_to_itself(x->g, object);
  for (uint32_t i = from; i < x->opened; i++) {
    x->low[x->open[i]] = 0;
    if (cycle)
      x->on_cycle[x->open[i]] = 1;
  }
  x->opened = from;
  if (!cycle)
    return;
  x->found.count++;
  x->found.objects += size;
  x->found.largest = size > x->found.largest ? size : x->found.largest;
}

static void lower(search *x, uint32_t object, uint32_t to) {
  if (to && to < x->low[object])
    x->low[object] = to;
}

/* All slots of `object` were followed: back to the object that it was visited
 * from, which is returned. */
static uint32_t leave(search *x, uint32_t object) {
  uint32_t caller = x->caller[object], low = x->low[object];
  if (low == x->number[object])
    close_component(x, object);
  else
    lower(x, caller, low); /* it has a caller, since it leads back */
  return caller;
}

static void visit(search *x, uint32_t object) {
  const heap_graph *g = x->g;
  enter(x, object, 0);
  while (object) {
    if (x->next[object] == g->first[object + 1]) {
      object = leave(x, object);
      continue;
    }
    uint32_t target = heap_strong(g->slot[x->next[object]++]);
    if (!target || !x->member[target])
      continue;
    if (x->number[target]) {
      if (x->low[target])
        lower(x, object, x->number[target]);
      continue;
    }
    enter(x, target, object);
    object = target;
  }
}

heap_cycles heap_find_cycles(const heap_graph *g, const uint8_t *member,
                             uint8_t *on_cycle) {
  size_t n = (size_t)g->objects + 1;
  search x = {.g = g,
              .member = member,
              .number = heap_take(n, sizeof *x.number),
              .low = heap_take(n, sizeof *x.low),
              .next = heap_take(n, sizeof *x.next),
              .caller = heap_take(n, sizeof *x.caller),
              .open = heap_take(n, sizeof *x.open),
              .on_cycle = on_cycle};
  for (uint32_t object = 1; object <= g->objects; object++)
    if (member[object] && !x.number[object])
      visit(&x, object);
  free(x.number);
  free(x.low);
  free(x.next);
  free(x.caller);
  free(x.open);
  return x.found;
}

void heap_spread(const heap_graph *g, uint8_t *held) {
  uint32_t *list = heap_take(g->objects, sizeof *list), count = 0;
  for (uint32_t n = 1; n <= g->objects; n++)
    if (held[n])
      list[count++] = n;
  for (uint32_t at = 0; at < count; at++)
    for (uint64_t s = g->first[list[at]]; s < g->first[list[at] + 1]; s++) {
      uint32_t target = heap_strong(g->slot[s]);
      if (target && !held[target]) {
        held[target] = 1;
        list[count++] = target;
      }
    }
  free(list);
}

/* ------------------------------------------------------------------------- *
 * Edges by their targets.
 * ------------------------------------------------------------------------- */

heap_edges_in heap_edges_in_new(const heap_graph *g) {
  heap_edges_in e = {
      .first = heap_take((size_t)g->objects + 2, sizeof *e.first),
      .source = heap_take(g->slots + g->roots_count, sizeof *e.source)};
  for (uint32_t i = 0; i < g->roots_count; i++)
    e.first[g->root[i]]++;
  for (uint64_t s = 0; s < g->slots; s++)
    e.first[heap_strong(g->slot[s])]++;
  e.first[0] = 0; /* null has no edges */
  for (size_t n = 1; n <= (size_t)g->objects + 1; n++)
    e.first[n] += e.first[n - 1]; /* where those of n end */
  for (uint32_t n = g->objects; n > 0; n--)
    for (uint64_t s = g->first[n]; s < g->first[n + 1]; s++) {
      uint32_t target = heap_strong(g->slot[s]);
      if (target)
        e.source[--e.first[target]] = n;
    }
  for (uint32_t i = 0; i < g->roots_count; i++)
    e.source[--e.first[g->root[i]]] = 0;
  return e;
}

void heap_edges_in_free(heap_edges_in *e) {
  free(e->first);
  free(e->source);
}
