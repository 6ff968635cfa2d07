/* infer.c: see infer.h.  How long registers hold objects; infer-write.c makes
 * operations of that. */
#include "infer-inside.h"

#include <stdlib.h>

#include "memory.h"

enum {
  /* Making the trace anew: each round holds something for longer. */
  ROUNDS_MOST = 40
};

static void raise_to(uint32_t *value, uint32_t at_least) {
  if (*value < at_least)
    *value = at_least;
}

/* ------------------------------------------------------------------------- *
 * Orders.
 * ------------------------------------------------------------------------- */

static const maker *sorted; /* what qsort's functions look at */

static int compare(uint32_t a, uint32_t b) {
  return (a > b) - (a < b);
}

#define EDGE(a) (&sorted->edges[*(const uint32_t *)(a)])

static int by_source(const void *a, const void *b) {
  return compare(EDGE(a)->source, EDGE(b)->source);
}

/* Of those of a target, the last to end comes first. */
static int by_target(const void *a, const void *b) {
  int c = compare(EDGE(a)->target, EDGE(b)->target);
  return c ? c : compare(EDGE(b)->end, EDGE(a)->end);
}

/* Ties by number, so that the same recording gives the same trace. */
static int by_start(const void *a, const void *b) {
  int c = compare(EDGE(a)->start, EDGE(b)->start);
  return c ? c : compare(*(const uint32_t *)a, *(const uint32_t *)b);
}

static int by_end(const void *a, const void *b) {
  int c = compare(EDGE(a)->end, EDGE(b)->end);
  return c ? c : compare(*(const uint32_t *)a, *(const uint32_t *)b);
}

static int by_until(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  int c = compare(sorted->plans[x].until, sorted->plans[y].until);
  return c ? c : compare(x, y);
}

static uint32_t *order(const maker *k, size_t n,
                       int (*how)(const void *, const void *)) {
  uint32_t *indices = trace_memory(NULL, n * sizeof *indices);
  for (size_t i = 0; i < n; i++)
    indices[i] = (uint32_t)i;
  sorted = k;
  if (n)
    qsort(indices, n, sizeof *indices, how);
  return indices;
}

/* ------------------------------------------------------------------------- *
 * How long registers hold.
 * ------------------------------------------------------------------------- */

/* References of garbage, and to garbage, are none. */
static void take_edges(maker *k) {
  const recording *r = k->r;
  k->edges = trace_zeroed(r->edges_count, sizeof *k->edges);
  for (size_t i = 0; i < r->edges_count; i++) {
    const recorded_edge *e = &r->edges[i];
    uint32_t end = least(
        e->end, least(r->objects[e->source].lost, r->objects[e->target].lost));
    if (e->start < end)
      k->edges[k->edges_count++] = (edge){.source = e->source,
                                          .target = e->target,
                                          .start = e->start,
                                          .end = end,
                                          .fleeting = e->fleeting};
  }
}

/* A temporary object that refers to an older one, which outlives it. */
static bool is_in_passing(const maker *k, const edge *e) {
  const recorded_object *o = k->r->objects;
  return e->fleeting && o[e->target].birth < o[e->source].birth &&
         o[e->target].lost > e->end;
}

/* Registers are needed for stores, and where no reference covers the time until
 * the death. */
static void plan_registers(maker *k) {
  const recording *r = k->r;
  for (size_t i = 0; i < r->objects_count; i++) {
    const recorded_object *o = &r->objects[i];
    k->plans[i].until = o->birth;
    raise_to(&k->plans[i].until, least(o->outside, o->lost));
  }
  for (size_t i = 0; i < k->edges_count; i++) {
    const edge *e = &k->edges[i];
    if (is_in_passing(k, e))
      continue;
    raise_to(&k->plans[e->target].until, e->start);
    raise_to(&k->plans[e->source].until, is_cut(k, e) ? e->end : e->start);
  }
  size_t next = 0;
  for (uint32_t i = 0; i < r->objects_count; i++) {
    uint32_t covered = r->objects[i].lost;
    for (; next < k->edges_count && k->edges[k->by_target[next]].target == i;
         next++) {
      const edge *e = &k->edges[k->by_target[next]];
      if (e->end >= covered && e->source != i && !is_in_passing(k, e))
        covered = least(covered, e->start);
    }
    raise_to(&k->plans[i].until, covered);
  }
}

/* What passes is stored if both are in registers anyway. */
static void leave_out(maker *k) {
  k->in->edges = k->edges_count;
  k->in->edges_left_out = 0;
  for (size_t i = 0; i < k->edges_count; i++) {
    edge *e = &k->edges[i];
    uint32_t source = is_cut(k, e) ? e->end : e->start;
    e->left_out =
        is_in_passing(k, e) && (k->plans[e->target].until < e->start ||
                                k->plans[e->source].until < source);
    k->in->edges_left_out += e->left_out;
  }
}

static bool make(maker *k, char error[RECORDING_ERROR]) {
  free(k->by_until);
  k->by_until = order(k, k->r->objects_count, by_until);
  leave_out(k);
  return infer_write(k, error);
}

/* ------------------------------------------------------------------------- *
 * Objects that die too early.
 * ------------------------------------------------------------------------- */

static bool is_early(const maker *k, uint32_t object) {
  return k->in->died[object] < k->r->objects[object].lost;
}

/* Marks what the object keeps alive until its death. */
static void mark_kept(maker *k, uint32_t object, bool *kept, uint32_t *work) {
  size_t count = 0;
  work[count++] = object;
  kept[object] = true;
  while (count) {
    object = work[--count];
    for (size_t i = k->first_of[object]; i < k->first_of[object + 1]; i++) {
      const edge *e = &k->edges[k->by_source[i]];
      if (e->left_out || kept[e->target] || !is_early(k, e->target) ||
          e->end < k->r->objects[e->target].lost)
        continue;
      kept[e->target] = true;
      work[count++] = e->target;
    }
  }
}

/* Registers hold objects that died too early for as long as they lived: those
 * first that lived longest, and not what these lead to.  Returns whether there
 * were any. */
static bool hold_longer(maker *k) {
  size_t n = k->r->objects_count, early = 0;
  bool *kept = trace_zeroed(n, sizeof *kept);
  uint32_t *work = trace_memory(NULL, n * sizeof *work);
  uint32_t *objects = trace_memory(NULL, n * sizeof *objects);
  for (uint32_t i = 0; i < n; i++) {
    if (!is_early(k, i))
      continue;
    objects[early++] = i;
    k->plans[i].until = k->r->objects[i].lost;
  }
  sorted = k;
  if (early)
    qsort(objects, early, sizeof *objects, by_until);
  bool any = false;
  for (size_t i = early; i-- > 0;) {
    uint32_t o = objects[i];
    if (!kept[o]) {
      any = true;
      mark_kept(k, o, kept, work);
      kept[o] = false; /* a register does */
    }
  }
  for (size_t i = 0; i < early; i++)
    if (kept[objects[i]])
      k->plans[objects[i]].until = 0; /* replanned below */
  free(kept);
  free(work);
  free(objects);
  return any;
}

/* ------------------------------------------------------------------------- */

/* Counts by positions, and sums up at the snapshots. */
static void count_held(maker *k) {
  const recording *r = k->r;
  size_t span = (size_t)r->end + 2;
  int64_t *alive = trace_zeroed(span, sizeof *alive);
  int64_t *held = trace_zeroed(span, sizeof *held);
  int64_t *only = trace_zeroed(span, sizeof *only);
  size_t next = 0;
  for (uint32_t i = 0; i < r->objects_count; i++) {
    const recorded_object *o = &r->objects[i];
    uint32_t first = o->lost; /* when something first refers to it */
    for (; next < k->edges_count && k->edges[k->by_target[next]].target == i;
         next++) {
      const edge *e = &k->edges[k->by_target[next]];
      if (!e->left_out && e->source != i)
        first = least(first, e->start);
    }
    alive[o->birth]++;
    alive[o->lost]--;
    held[o->birth]++;
    held[k->plans[i].until]--;
    only[o->birth]++;
    only[least(first, k->plans[i].until)]--;
  }
  uint32_t p = 0;
  int64_t now[3] = {0};
  k->in->alive = k->in->held = k->in->only_held = 0;
  for (size_t s = 0; s < r->snapshots_count; s++) {
    for (; p <= r->snapshots[s]; p++) {
      now[0] += alive[p];
      now[1] += held[p];
      now[2] += only[p];
    }
    k->in->alive += (uint64_t)now[0];
    k->in->held += (uint64_t)now[1];
    k->in->only_held += (uint64_t)now[2];
  }
  free(alive);
  free(held);
  free(only);
}

static void index_sources(maker *k) {
  size_t n = k->r->objects_count, next = 0;
  k->by_source = order(k, k->edges_count, by_source);
  k->first_of = trace_zeroed(n + 1, sizeof *k->first_of);
  for (size_t i = 0; i <= n; i++) {
    while (next < k->edges_count && k->edges[k->by_source[next]].source < i)
      next++;
    k->first_of[i] = (uint32_t)next;
  }
}

bool infer(const recording *r, uint32_t registers, inferred *in,
           char error[RECORDING_ERROR]) {
  *in = (inferred){0};
  maker k = {.r = r, .in = in, .registers = registers};
  k.plans = trace_zeroed(r->objects_count, sizeof *k.plans);
  in->reached = trace_zeroed((size_t)r->end + 1, sizeof *in->reached);
  in->died = trace_zeroed(r->objects_count, sizeof *in->died);
  take_edges(&k);
  index_sources(&k);
  k.by_target = order(&k, k.edges_count, by_target);
  k.by_start = order(&k, k.edges_count, by_start);
  k.by_end = order(&k, k.edges_count, by_end);
  plan_registers(&k);
  uint32_t *planned = trace_memory(NULL, r->objects_count * sizeof *planned);
  bool good;
  for (;;) {
    for (size_t i = 0; i < r->objects_count; i++)
      planned[i] = k.plans[i].until;
    good = make(&k, error);
    if (!good)
      break;
    infer_prove(r, in);
    if (++in->rounds == ROUNDS_MOST || !hold_longer(&k))
      break;
    for (size_t i = 0; i < r->objects_count; i++)
      raise_to(&k.plans[i].until, planned[i]);
  }
  if (good) {
    count_held(&k);
    infer_count_live(r, in);
  }
  free(planned);
  free(k.plans);
  free(k.edges);
  free(k.by_source);
  free(k.by_target);
  free(k.by_start);
  free(k.by_end);
  free(k.by_until);
  free(k.first_of);
  free(k.pool.free);
  return good;
}

void infer_free(inferred *in) {
  free(in->ops);
  free(in->reached);
  free(in->died);
  *in = (inferred){0};
}
