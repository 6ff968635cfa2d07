/* survivors.h: compares what is alive after a replay with what the trace says:
 * every object in every place, by the number in its payload.
 *
 * The comparison allocates nothing in the heap, which may be full.  It goes
 * along a spanning tree of the objects, of which a register holds one for each
 * level; the last subtree of an object, the largest, needs no register of its
 * own, so that log2(objects) of them suffice, however long a list is.
 *
 * A function of an inline half: include it after what names the collector. */
#ifndef REAPMARK_TRACE_SURVIVORS_H
#define REAPMARK_TRACE_SURVIVORS_H

#include "basics.h"
#include "trace/play.h"

enum {
  SURVIVORS_LEVELS = 34, /* of 2^32 objects, and the object of a root */
  SURVIVORS_REGISTERS = SURVIVORS_LEVELS + 2
};
#define SURVIVORS_NONE UINT32_MAX

/* The tree.  All arrays are by object but the second. */
typedef struct survivors {
  wl_thread *t;
  const trace_alive *is;
  bool *found;
  bool *in_tree;     /* by edge: it leads to an object first */
  uint32_t *size;    /* of the subtree */
  uint32_t *largest; /* of the objects below it, or none */
  gc_reg levels;     /* the first of SURVIVORS_LEVELS registers */
  gc_reg held;       /* what was loaded last */
  uint64_t graph;    /* the checksum of what was found */
  bool damaged;      /* a place held what it should not */
} survivors;

/* What survivors_compare takes at most, besides the lists of the file. */
static inline uint64_t survivors_memory(const tape_file *f) {
  return f->alive.objects_count * (sizeof(alive_object) + 16) +
         f->alive.edges_count * (sizeof(alive_edge) + 1);
}

/* ------------------------------------------------------------------------- *
 * The tree.
 * ------------------------------------------------------------------------- */

/* Whether an edge can be followed when the object is reached: a slot, or the
 * value of an ephemeron. */
static inline bool survivors_leads(const alive_object *o, const alive_edge *e) {
  return o->kind == ALIVE_OBJECT || (o->kind == ALIVE_EPHEMERON && e->place);
}

/* Finds what the objects from `at` on in `order` lead to by slots or, with
 * `pairs`, the values of ephemerons.  Returns how many are in `order` then. */
static inline size_t survivors_search(survivors *s, uint32_t *order, size_t at,
                                      size_t count, bool pairs) {
  for (; at < count; at++) {
    const alive_object *o = &s->is->objects[order[at]];
    for (size_t k = o->first; k < o->first + o->edges; k++) {
      uint32_t target = s->is->edges[k].target;
      if (!survivors_leads(o, &s->is->edges[k]) || s->found[target] ||
          (o->kind == ALIVE_EPHEMERON) != pairs)
        continue;
      s->found[target] = s->in_tree[k] = true;
      order[count++] = target;
    }
    if (pairs)
      count = survivors_search(s, order, at + 1, count, false);
  }
  return count;
}

static inline void survivors_measure(survivors *s, const uint32_t *order,
                                     size_t count) {
  for (size_t i = count; i-- > 0;) {
    uint32_t at = order[i], most = 0;
    const alive_object *o = &s->is->objects[at];
    s->size[at] = 1;
    s->largest[at] = SURVIVORS_NONE;
    for (size_t k = o->first; k < o->first + o->edges; k++) {
      uint32_t target = s->is->edges[k].target;
      if (!s->in_tree[k])
        continue;
      s->size[at] += s->size[target];
      if (s->size[target] > most) {
        most = s->size[target];
        s->largest[at] = target;
      }
    }
  }
}

/* ------------------------------------------------------------------------- *
 * The comparison.
 * ------------------------------------------------------------------------- */

/* Compares the object in a register with one of the trace; returns its number,
 * or what stands in its place. */
static inline uint64_t survivors_number(survivors *s, gc_reg r, uint32_t at) {
  const alive_object *o = &s->is->objects[at];
  bool there = !gc_is_null(s->t->m, r);
  uint64_t number = o->number;
  if (there && o->kind == ALIVE_OBJECT && o->bytes >= PREPARED_STAMP)
    number = play_stamp_of(s->t->m, r);
  s->damaged |= !there || number != o->number;
  wl_check(s->t, there, "object %llu is lost: its place is null",
           (unsigned long long)o->number);
  wl_check(s->t, number == o->number,
           "where object %llu should be is what says that it is object %llu",
           (unsigned long long)o->number, (unsigned long long)number);
  return there ? number : 0;
}

/* held <- what edge k of the object in a register leads to. */
static inline void survivors_load(survivors *s, gc_reg r, const alive_object *o,
                                  size_t k) {
  if (o->kind == ALIVE_EPHEMERON)
    gc_ephemeron_get(s->t->m, s->held, r);
  else if (o->kind == ALIVE_WEAK)
    gc_weak_get(s->t->m, s->held, r);
  else
    gc_load(s->t->m, s->held, r, (uint32_t)s->is->edges[k].place);
}

/* Compares all that an object refers to. */
static inline void survivors_object(survivors *s, gc_reg r, uint32_t at) {
  const alive_object *o = &s->is->objects[at];
  size_t k = o->first, end = o->first + o->edges;
  s->graph += trace_graph_term(o->number, PREPARED_SHAPE + o->slots, o->bytes);
  for (uint32_t i = 0; i < o->slots; i++) {
    bool empty = k == end || s->is->edges[k].place != i;
    gc_load(s->t->m, s->held, r, i);
    if (empty) {
      bool null = gc_is_null(s->t->m, s->held);
      s->damaged |= !null;
      wl_check(s->t, null, "slot %u of object %llu should be null", i,
               (unsigned long long)o->number);
      continue;
    }
    s->graph += trace_graph_term(
        o->number, i, survivors_number(s, s->held, s->is->edges[k].target));
    k++;
  }
  for (; k < end; k++)
    if (o->kind == ALIVE_WEAK || s->is->edges[k].place == 1) {
      survivors_load(s, r, o, k);
      survivors_number(s, s->held, s->is->edges[k].target);
    }
  gc_clear(s->t->m, s->held);
}

/* Compares the object in the register of a level, and what is below it in the
 * tree.  Stops at the first damage, behind which nothing can be trusted. */
static inline void survivors_below(survivors *s, unsigned level, uint32_t at) {
  gc_reg r = s->levels + level;
  while (!s->damaged) {
    const alive_object *o = &s->is->objects[at];
    size_t last = SIZE_MAX;
    survivors_object(s, r, at);
    for (size_t k = o->first; k < o->first + o->edges && !s->damaged; k++) {
      if (!s->in_tree[k])
        continue;
      if (s->is->edges[k].target == s->largest[at]) {
        last = k;
        continue;
      }
      survivors_load(s, r, o, k);
      gc_move(s->t->m, r + 1, s->held);
      survivors_below(s, level + 1, s->is->edges[k].target);
      gc_clear(s->t->m, r + 1);
    }
    if (last == SIZE_MAX)
      return;
    survivors_load(s, r, o, last);
    gc_move(s->t->m, r, s->held);
    at = s->is->edges[last].target;
  }
}

/* held <- what a root holds. */
static inline void survivors_root(survivors *s, const alive_edge *e,
                                  gc_reg first) {
  gc_mutator *m = s->t->m;
  if (e->place >= PREPARED_TLS)
    gc_tls_load(m, s->held, (uint32_t)(e->place - PREPARED_TLS));
  else if (e->place >= PREPARED_GLOBALS)
    gc_global_load(m, s->held, (uint32_t)(e->place - PREPARED_GLOBALS));
  else
    gc_copy(m, s->held, first + (gc_reg)e->place);
}

/* Compares what is alive; `first` is the register that the trace calls 0.  Main
 * thread only, while no other mutator runs.  (S) */
static inline void survivors_compare(wl_thread *t, const tape_file *f,
                                     gc_reg first) {
  size_t n = f->alive.objects_count;
  gc_reg frame = gc_frame_enter(t->m, SURVIVORS_REGISTERS, 0);
  survivors s = {.t = t,
                 .is = &f->alive,
                 .found = own_memory(n + 1, 1),
                 .in_tree = own_memory(f->alive.edges_count + 1, 1),
                 .size = own_memory(n + 1, sizeof *s.size),
                 .largest = own_memory(n + 1, sizeof *s.largest),
                 .levels = frame,
                 .held = frame + SURVIVORS_LEVELS};
  uint32_t *order = own_memory(n + 1, sizeof *order);
  bool *hangs = own_memory(f->alive.roots_count + 1, 1);
  size_t count = 0, before;
  for (size_t i = 0; i < f->alive.roots_count; i++) {
    uint32_t target = f->alive.roots[i].target;
    hangs[i] = !s.found[target];
    if (hangs[i])
      order[count++] = target;
    s.found[target] = true;
  }
  count = survivors_search(&s, order, 0, count, false);
  do {
    before = count;
    count = survivors_search(&s, order, 0, count, true);
  } while (count > before);
  survivors_measure(&s, order, count);
  wl_check(t, count == n, "%zu of %zu objects cannot be reached", n - count, n);

  for (size_t i = 0; i < f->alive.roots_count && !s.damaged; i++) {
    const alive_edge *e = &f->alive.roots[i];
    survivors_root(&s, e, first);
    s.graph +=
        trace_graph_term(0, e->place, survivors_number(&s, s.held, e->target));
    gc_move(t->m, s.levels, s.held);
    if (hangs[i])
      survivors_below(&s, 0, e->target);
    gc_clear(t->m, s.levels);
  }
  wl_check(t, s.damaged || s.graph == f->is.graph,
           "what is alive has the checksum %016llx, and not %016llx",
           (unsigned long long)s.graph, (unsigned long long)f->is.graph);
  gc_frame_leave(t->m, frame, SURVIVORS_REGISTERS, 0);
  free(s.found);
  free(s.in_tree);
  free(s.size);
  free(s.largest);
  free(order);
  free(hangs);
}

#endif
