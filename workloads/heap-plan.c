/* heap-plan.c: see heap-plan.h. */
#include "heap-plan.h"

#include <stdio.h>
#include <string.h>

#include "basics.h"
#include "harness/base/random.h"

enum {
  LEVELS_MOST = 64, /* a mutation goes no further from the roots */
  LEAF_MOST = 4096, /* bytes of an object that is replaced */
  SEED = 14         /* of the order of the leaves */
};

/* ------------------------------------------------------------------------- *
 * The part of the graph that is reachable.
 * ------------------------------------------------------------------------- */

/* What a slot becomes if objects get the numbers `number`. */
static uint32_t renumbered(uint32_t slot, const uint32_t *number, bool weak) {
  uint32_t target = number[slot & ~HEAP_WEAK], bit = slot & HEAP_WEAK;
  return target && (weak || !bit) ? target | bit : 0;
}

/* Takes out what is not reachable, in place; the order stays. */
static void compact(heap_graph *g, bool weak) {
  heap_walk w = heap_walk_new(g);
  uint32_t *number = w.level, kept = 0;
  uint64_t slots = 0;
  for (uint32_t n = 1; n <= g->objects; n++)
    number[n] = w.level[n] ? ++kept : 0;
  for (uint32_t n = 1; n <= g->objects; n++) {
    uint64_t from = g->first[n], end = g->first[n + 1];
    if (!number[n])
      continue;
    g->bytes[number[n]] = g->bytes[n];
    g->first[number[n]] = slots;
    for (; from < end; from++)
      g->slot[slots++] = renumbered(g->slot[from], number, weak);
  }
  for (uint32_t i = 0; i < g->roots_count; i++)
    g->root[i] = number[g->root[i]];
  g->objects = kept;
  g->slots = g->first[kept + 1] = slots;
  heap_walk_free(&w);
}

static bool is_weak(uint32_t slot) {
  return (slot & HEAP_WEAK) != 0;
}

heap_volume heap_plan_weight(const heap_plan *p, uint32_t n) {
  heap_volume v = {1, heap_nominal(&p->g, n)};
  for (uint64_t s = p->g.first[n]; s < p->g.first[n + 1]; s++)
    if (is_weak(p->g.slot[s])) {
      v.objects++;
      v.bytes += gc_shape_bytes(GC_WEAK_SHAPE);
    }
  return v;
}

static void add(heap_volume *sum, heap_volume v) {
  sum->objects += v.objects;
  sum->bytes += v.bytes;
}

/* ------------------------------------------------------------------------- *
 * Walks.
 * ------------------------------------------------------------------------- */

static void reach(heap_plan *p, uint32_t object, uint32_t holder,
                  uint32_t slot) {
  heap_walk *w = &p->walk;
  if (!object || w->level[object])
    return;
  w->level[object] = holder ? w->level[holder] + 1 : 1;
  w->order[w->count++] = object;
  p->up[object] = (heap_place){holder, slot};
}

/* As heap_walk_again, with the places. */
static void walk(heap_plan *p) {
  const heap_graph *g = &p->g;
  heap_walk *w = &p->walk;
  memset(w->level, 0, ((size_t)g->objects + 1) * sizeof *w->level);
  w->count = 0;
  for (uint32_t i = 0; i < g->roots_count; i++)
    reach(p, g->root[i], 0, i);
  for (uint32_t at = 0; at < w->count; at++) {
    uint32_t n = w->order[at];
    for (uint64_t s = g->first[n]; s < g->first[n + 1]; s++)
      reach(p, heap_strong(g->slot[s]), n, (uint32_t)(s - g->first[n]));
  }
}

static heap_volume reachable(const heap_plan *p) {
  heap_volume sum = {0};
  for (uint32_t i = 0; i < p->walk.count; i++)
    add(&sum, heap_plan_weight(p, p->walk.order[i]));
  return sum;
}

heap_volume heap_plan_walk(heap_plan *p) {
  heap_volume before = reachable(p);
  walk(p);
  heap_volume after = reachable(p);
  return (heap_volume){before.objects - after.objects,
                       before.bytes - after.bytes};
}

uint32_t heap_plan_path(heap_plan *p, uint32_t n) {
  uint32_t length = p->walk.level[n];
  for (uint32_t i = length; i > 0; i--) {
    p->path[i - 1] = n;
    n = p->up[n].holder;
  }
  return length;
}

/* ------------------------------------------------------------------------- *
 * Mutations.
 * ------------------------------------------------------------------------- */

/* Whether an object has edges, or weak ones. */
static bool has_edges(const heap_graph *g, uint32_t n, bool weak_only) {
  for (uint64_t s = g->first[n]; s < g->first[n + 1]; s++)
    if (weak_only ? is_weak(g->slot[s]) : g->slot[s] != 0)
      return true;
  return false;
}

static bool is_near(const heap_plan *p, uint32_t n) {
  return p->walk.level[n] <= LEVELS_MOST;
}

/* A leaf has no edges, and is only referred to by one slot. */
static void find_leaves(heap_plan *p, const uint8_t *weakly) {
  uint64_t state = SEED;
  for (uint32_t n = 1; n <= p->g.objects; n++)
    if (p->in.first[n + 1] - p->in.first[n] == 1 && p->up[n].holder &&
        !weakly[n] && is_near(p, n) && !has_edges(&p->g, n, false) &&
        heap_nominal(&p->g, n) <= LEAF_MOST) {
      p->leaves[p->leaves_count++] = n;
      p->leaves_bytes += heap_nominal(&p->g, n);
    }
  for (uint32_t i = p->leaves_count; i > 1; i--) {
    size_t j = random_below(&state, i);
    uint32_t last = p->leaves[i - 1];
    p->leaves[i - 1] = p->leaves[j];
    p->leaves[j] = last;
  }
}

static void find_knots(heap_plan *p) {
  for (uint32_t n = 1; n <= p->g.objects; n++)
    if (p->g.first[n + 1] - p->g.first[n] >= 2 && is_near(p, n) &&
        has_edges(&p->g, n, false) && !has_edges(&p->g, n, true))
      p->knots[p->knots_count++] = n;
}

static void find_mutable(heap_plan *p) {
  uint8_t *weakly = own_memory((size_t)p->g.objects + 1, 1);
  for (uint64_t s = 0; s < p->g.slots; s++)
    if (is_weak(p->g.slot[s]))
      weakly[p->g.slot[s] & ~HEAP_WEAK] = 1;
  p->leaves = own_memory(p->g.objects, sizeof *p->leaves);
  p->knots = own_memory(p->g.objects, sizeof *p->knots);
  find_leaves(p, weakly);
  find_knots(p);
  free(weakly);
}

heap_volume heap_plan_replaced(const heap_plan *p, const uint64_t *params,
                               uint64_t mutations) {
  uint64_t count = mutations * params[HEAP_REPLACE] / 100;
  if (!p->leaves_count)
    return (heap_volume){0};
  heap_volume v = {count, count / p->leaves_count * p->leaves_bytes};
  for (uint64_t i = 0; i < count % p->leaves_count; i++)
    v.bytes += heap_nominal(&p->g, p->leaves[i]);
  return v;
}

/* The object was found through one slot, and now is in the other. */
static void moved(heap_plan *p, uint32_t object, uint32_t holder, uint32_t from,
                  uint32_t to) {
  heap_place *up = &p->up[object];
  if (object && up->holder == holder && up->slot == from)
    up->slot = to;
}

void heap_plan_exchange(heap_plan *p, uint32_t object, uint32_t a, uint32_t b) {
  uint32_t *slot = p->g.slot + p->g.first[object];
  uint32_t x = slot[a], y = slot[b];
  if (x == y)
    return;
  slot[a] = y;
  slot[b] = x;
  moved(p, x, object, a, b);
  moved(p, y, object, b, a);
}

/* ------------------------------------------------------------------------- *
 * Drops.
 * ------------------------------------------------------------------------- */

/* The dominator tree, numbered so that an object with number n dominates those
 * with n up to n + objects - 1. */
typedef struct family {
  uint32_t *dominator, *number;
  heap_retained retained;
} family;

static family family_of(const heap_plan *p) {
  size_t n = (size_t)p->g.objects + 1;
  family f = {.dominator = heap_dominators(&p->g),
              .number = own_memory(n, sizeof *f.number)};
  f.retained = heap_retained_new(&p->g, &p->walk, f.dominator);
  uint32_t *next = own_memory(n, sizeof *next);
  for (uint32_t i = 0; i < p->walk.count; i++) {
    uint32_t object = p->walk.order[i], above = f.dominator[object];
    f.number[object] = next[above];
    next[above] += f.retained.objects[object];
    next[object] = f.number[object] + 1;
  }
  free(next);
  return f;
}

static bool dominates(const family *f, uint32_t a, uint32_t b) {
  return b && f->number[b] - f->number[a] < f->retained.objects[a];
}

/* Adds `object` to the drops, with the holders of the edges that are to be cut,
 * unless these are too many, or it is not apart from what is chosen. */
static void consider_drop(heap_plan *p, const family *f, uint32_t object) {
  const heap_edges_in *in = &p->in;
  for (uint32_t i = 0; i < p->drops_count; i++)
    if (dominates(f, p->drops[i].object, object) ||
        dominates(f, object, p->drops[i].object))
      return;
  heap_drop drop = {.object = object};
  for (uint64_t e = in->first[object]; e < in->first[object + 1]; e++) {
    if (dominates(f, object, in->source[e]))
      continue;
    if (drop.count == HEAP_CUTS_MOST)
      return;
    drop.holders[drop.count++] = in->source[e];
  }
  p->drops[p->drops_count++] = drop;
}

static const heap_retained *compared;
static int compare_retained(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  if (compared->bytes[x] != compared->bytes[y])
    return compared->bytes[x] < compared->bytes[y] ? 1 : -1;
  return x < y ? -1 : x > y;
}

/* Chooses those that dominate most, but not more than half of the heap. */
static void find_drops(heap_plan *p, uint64_t most) {
  family f = family_of(p);
  uint32_t *sorted = own_memory(p->walk.count, sizeof *sorted);
  memcpy(sorted, p->walk.order, p->walk.count * sizeof *sorted);
  compared = &f.retained;
  qsort(sorted, p->walk.count, sizeof *sorted, compare_retained);
  p->drops = own_memory(most, sizeof *p->drops);
  for (uint32_t i = 0; i < p->walk.count && p->drops_count < most; i++)
    if (f.retained.bytes[sorted[i]] <= f.retained.bytes[0] / 2)
      consider_drop(p, &f, sorted[i]);
  free(sorted);
  free(f.dominator);
  free(f.number);
  heap_retained_free(&f.retained);
}

/* The place of an edge from the holder to the object. */
static heap_place place_of(const heap_plan *p, uint32_t holder,
                           uint32_t object) {
  const uint32_t *slot = holder ? p->g.slot + p->g.first[holder] : p->g.root;
  uint32_t i = 0;
  while (slot[i] != object)
    i++;
  return (heap_place){holder, i};
}

uint32_t heap_plan_cut(heap_plan *p, const heap_drop *drop) {
  const heap_place *up = &p->up[drop->object];
  uint32_t count = 0, last = 0;
  if (!p->walk.level[drop->object])
    return 0;
  for (uint32_t i = 0; i < drop->count; i++) {
    uint32_t holder = drop->holders[i];
    if (holder && !p->walk.level[holder])
      continue;
    heap_place at = place_of(p, holder, drop->object);
    if (at.holder == up->holder && at.slot == up->slot)
      last = count;
    *(holder ? &p->g.slot[p->g.first[holder] + at.slot] : &p->g.root[at.slot]) =
        0;
    p->cuts[count++] = at;
  }
  heap_place tree = p->cuts[last];
  p->cuts[last] = p->cuts[count - 1];
  p->cuts[count - 1] = tree;
  return count;
}

/* ------------------------------------------------------------------------- *
 * What is dead.
 * ------------------------------------------------------------------------- */

heap_dead heap_plan_dead(const heap_plan *p, bool all, uint8_t *held) {
  size_t n = (size_t)p->g.objects + 1;
  uint8_t *member = own_memory(n, 1);
  heap_dead d = {0};
  memset(held, 0, n);
  for (uint32_t i = 1; i <= p->g.objects; i++)
    member[i] = all || !p->walk.level[i];
  heap_find_cycles(&p->g, member, held);
  heap_spread(&p->g, held);
  for (uint32_t i = 1; i <= p->g.objects; i++) {
    heap_volume v = heap_plan_weight(p, i);
    held[i] = held[i] && member[i];
    if (member[i])
      add(&d.dead, v);
    if (held[i])
      d.cyclic += v.objects;
  }
  free(member);
  return d;
}

/* ------------------------------------------------------------------------- *
 * The plan.
 * ------------------------------------------------------------------------- */

/* What the mutator interface cannot hold, or NULL. */
static const char *too_large(const heap_plan *p) {
  static char wrong[160];
  for (uint32_t n = 1; n <= p->g.objects; n++) {
    uint64_t slots = p->g.first[n + 1] - p->g.first[n];
    if (heap_nominal(&p->g, n) - 8 - 8 * slots <= GC_BYTES_MAX)
      continue;
    snprintf(wrong, sizeof wrong,
             "the graph has an object of more than %d bytes beside its slots",
             GC_BYTES_MAX);
    return wrong;
  }
  return p->g.objects ? NULL : "the graph has no roots";
}

/* Makes the plan of a graph.  Returns what is wrong, or NULL. */
static const char *make(heap_plan *p, const uint64_t *params) {
  compact(&p->g, params[HEAP_WEAK_EDGES]);
  const char *wrong = too_large(p);
  if (wrong)
    return wrong;
  size_t n = (size_t)p->g.objects + 1;
  p->walk.order = own_memory(n, sizeof *p->walk.order);
  p->walk.level = own_memory(n, sizeof *p->walk.level);
  p->up = own_memory(n, sizeof *p->up);
  p->path = own_memory(n, sizeof *p->path);
  walk(p);
  p->all = reachable(p);
  p->in = heap_edges_in_new(&p->g);
  find_mutable(p);
  find_drops(p, params[HEAP_DROPS]);
  heap_edges_in_free(&p->in);
  return NULL;
}

static void forget(heap_plan *p) {
  heap_graph_free(&p->g);
  heap_walk_free(&p->walk);
  free(p->up);
  free(p->path);
  free(p->leaves);
  free(p->knots);
  free(p->drops);
  *p = (heap_plan){0};
}

/* One plan is kept: the parameters of a run are parsed once, and looked at
 * again for the volume and for the run. */
heap_plan *heap_plan_of(const uint64_t *params, const char **wrong) {
  static heap_plan plan;
  static char error[HEAP_ERROR];
  static const char *made; /* the path of the graph of `plan` */
  static uint64_t weak, drops;
  const char *path = wl_path(params, HEAP_FILE);
  *wrong = NULL;
  if (!path) {
    *wrong = "no heap (file=GRAPH, which reapmark heap import makes)";
    return NULL;
  }
  if (made && !strcmp(made, path) && weak == params[HEAP_WEAK_EDGES] &&
      drops == params[HEAP_DROPS])
    return &plan;
  forget(&plan);
  made = NULL;
  *wrong = heap_graph_read(path, &plan.g, error) ? make(&plan, params) : error;
  if (*wrong)
    return NULL;
  made = path;
  weak = params[HEAP_WEAK_EDGES];
  drops = params[HEAP_DROPS];
  return &plan;
}
