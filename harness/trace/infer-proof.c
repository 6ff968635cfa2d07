/* infer-proof.c: whether objects die in an inferred trace when they died in the
 * recorded program (infer.h).  Nothing here knows how the trace was made. */
#include "infer.h"

#include <stdlib.h>

#include "memory.h"
#include "walk.h"

typedef struct prover {
  const recording *r;
  inferred *in;
} prover;

static void note_death(void *data, const walk_death *death) {
  const prover *v = data;
  uint32_t low = 0, high = v->r->end;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (v->in->reached[middle] >= death->when)
      high = middle;
    else
      low = middle + 1;
  }
  if (death->number > v->in->tables)
    v->in->died[death->number - v->in->tables - 1] = low;
}

static void compare_death(const recorded_object *o, uint32_t end, uint32_t died,
                          inferred *in) {
  if (o->collected) {
    in->cyclic++;
    in->cyclic_within += died >= o->lost_after && died <= o->death;
    if (in->window < o->death - o->lost_after)
      in->window = o->death - o->lost_after;
  } else if (o->death == end) {
    in->kept++;
    in->kept_exact += died == o->death;
  } else {
    in->acyclic++;
    in->acyclic_exact += died == o->death;
  }
}

void infer_prove(const recording *r, inferred *in) {
  const char *why;
  prover v = {r, in};
  for (size_t i = 0; i < r->objects_count; i++)
    in->died[i] = UINT32_MAX; /* not found dead */
  walk *w =
      walk_create(WALK_LATE, (walk_listener){.died = note_death, .data = &v});
  for (size_t i = 0; i < in->count; i++)
    walk_step(w, &in->ops[i], i + 1, &why);
  walk_finish(w);
  walk_destroy(w);
  in->acyclic = in->acyclic_exact = 0;
  in->cyclic = in->cyclic_within = in->window = in->kept = in->kept_exact = 0;
  for (size_t i = 0; i < r->objects_count; i++)
    compare_death(&r->objects[i], r->end, in->died[i], in);
}

/* ------------------------------------------------------------------------- *
 * What is alive over time.
 * ------------------------------------------------------------------------- */

/* A count of what is alive while objects are born and die. */
typedef struct curve {
  uint64_t *freed; /* bytes, by position */
  uint64_t now;
} curve;

static void free_at(curve *c, uint32_t position, uint32_t end, uint64_t bytes) {
  if (position < end)
    c->freed[position] += bytes;
}

/* What died between two positions, and at the second, is not alive any more. */
static void move_to(curve *c, uint32_t from, uint32_t to) {
  for (uint32_t p = from; p <= to; p++)
    c->now -= c->freed[p];
}

/* 0 if the operation makes no object. */
static uint64_t bytes_made(const trace_op *op) {
  return op->kind == TRACE_NEW ? gc_shape_bytes((gc_shape){op->b, op->c}) : 0;
}

/* Fills in both when bytes are freed, and returns all that are allocated.  The
 * first objects of the trace are tables, which stay. */
static uint64_t note_freed(const recording *r, const inferred *in,
                           curve *recorded, curve *traced) {
  uint64_t all = 0, number = 0;
  for (size_t i = 0; i < in->count; i++) {
    uint64_t bytes = bytes_made(&in->ops[i]);
    if (!bytes)
      continue;
    all += bytes;
    if (number++ < in->tables)
      continue;
    size_t object = number - 1 - in->tables;
    free_at(recorded, r->objects[object].death, r->end, bytes);
    free_at(traced, in->died[object], r->end, bytes);
  }
  return all;
}

void infer_count_live(const recording *r, inferred *in) {
  curve recorded = {trace_zeroed((size_t)r->end + 1, sizeof(uint64_t)), 0};
  curve traced = {trace_zeroed((size_t)r->end + 1, sizeof(uint64_t)), 0};
  uint64_t all = note_freed(r, in, &recorded, &traced), made = 0, number = 0;
  uint32_t next = 0; /* position */
  unsigned moment = 0;
  for (size_t i = 0; i < in->count; i++) {
    uint64_t bytes = bytes_made(&in->ops[i]);
    if (!bytes)
      continue;
    if (number++ >= in->tables) {
      uint32_t birth = r->objects[number - 1 - in->tables].birth;
      move_to(&recorded, next, birth);
      move_to(&traced, next, birth);
      next = birth + 1;
    }
    made += bytes;
    recorded.now += bytes;
    traced.now += bytes;
    for (; moment < TRACE_MOMENTS && made * TRACE_MOMENTS >= (moment + 1) * all;
         moment++) {
      in->live_recorded[moment] = recorded.now;
      in->live[moment] = traced.now;
    }
  }
  free(recorded.freed);
  free(traced.freed);
}

bool infer_is_proved(const inferred *in) {
  return in->acyclic_exact == in->acyclic && in->cyclic_within == in->cyclic &&
         in->kept_exact == in->kept;
}
