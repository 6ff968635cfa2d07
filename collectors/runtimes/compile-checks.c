/* compile-checks.c: makes words of what is alive at the end of a trace. */
#include "compile-inside.h"

#include <stdlib.h>

#include "harness/trace/memory.h"

/* The objects that the checks have named so far, in this order. */
typedef struct named {
  uint32_t *order;
  size_t count;
  bool *seen;
} named;

static uint32_t name(named *n, uint32_t object) {
  if (!n->seen[object]) {
    n->seen[object] = true;
    n->order[n->count++] = object;
  }
  return object + 1;
}

/* Roots that are not stated to hold something hold nothing; but of borrowing
 * registers nothing is stated. */
static void check_roots(compiler *c, chain *k, named *n) {
  const stream *main_stream = c->streams[0];
  for (size_t i = 0; i < c->alive.roots_count; i++) {
    const alive_edge *r = &c->alive.roots[i];
    PUT(c, k, WORD_HAS_ROOT, (uint32_t)(r->place / PREPARED_GLOBALS),
        (uint32_t)r->place, name(n, r->target));
  }
  bool *stated = trace_zeroed(main_stream->top, sizeof *stated);
  bool global[GC_GLOBALS] = {false}, tls[GC_TLS] = {false};
  for (size_t i = 0; i < c->alive.roots_count; i++) {
    uint64_t place = c->alive.roots[i].place;
    if (place >= PREPARED_TLS)
      tls[place - PREPARED_TLS] = true;
    else if (place >= PREPARED_GLOBALS)
      global[place - PREPARED_GLOBALS] = true;
    else if (place < main_stream->top)
      stated[place] = true;
    else
      compile_fail(c, "a register is alive that is in no frame");
  }
  for (size_t f = 0; f < main_stream->frames_count; f++) {
    const frame *open = &main_stream->frames[f];
    for (uint32_t r = open->first; r < open->first + open->owning; r++)
      if (!stated[r])
        PUT(c, k, WORD_HAS_ROOT, 0, r, 0);
  }
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    if (!global[g])
      PUT(c, k, WORD_HAS_ROOT, 1, g, 0);
  for (uint32_t t = 0; t < GC_TLS; t++)
    if (!tls[t])
      PUT(c, k, WORD_HAS_ROOT, 2, t, 0);
  free(stated);
}

static void check_object(compiler *c, chain *k, named *n, uint32_t x) {
  const alive_object *o = &c->alive.objects[x];
  bool plain = o->kind == ALIVE_OBJECT;
  PUT(c, k, WORD_HAS_SHAPE, o->kind, x + 1, o->slots, plain ? o->bytes : 0,
      (uint32_t)o->number, plain ? (uint32_t)o->edges : 0);
  for (size_t e = o->first; plain && e < o->first + o->edges; e++)
    PUT(c, k, WORD_HAS_SLOT, 0, x + 1, (uint32_t)c->alive.edges[e].place,
        name(n, c->alive.edges[e].target));
}

/* Checks the ephemerons whose key has been named, and names their values.  A
 * value may lead to further keys: returns whether there were new objects. */
static bool check_pairs(compiler *c, chain *k, named *n, bool *done) {
  size_t before = n->count;
  for (size_t x = 0; x < c->alive.objects_count; x++) {
    const alive_object *o = &c->alive.objects[x];
    if (o->kind != ALIVE_EPHEMERON || done[x] || !n->seen[x])
      continue;
    done[x] = true;
    if (o->edges < 2)
      continue; /* whether it was cleared is not known */
    const alive_edge *e = &c->alive.edges[o->first];
    done[x] = n->seen[e[0].target];
    if (done[x])
      PUT(c, k, WORD_HAS_PAIR, 0, (uint32_t)x + 1, name(n, e[0].target),
          name(n, e[1].target));
  }
  return n->count > before;
}

/* Whether others were cleared is not known. */
static void check_weak(compiler *c, chain *k) {
  for (size_t x = 0; x < c->alive.objects_count; x++) {
    const alive_object *o = &c->alive.objects[x];
    if (o->kind == ALIVE_WEAK && o->edges)
      PUT(c, k, WORD_HAS_TARGET, 0, (uint32_t)x + 1,
          c->alive.edges[o->first].target + 1);
  }
}

static void check_watched(compiler *c, chain *k) {
  size_t at = 0;
  for (size_t i = 0; i < c->out->watched; i++) {
    while (at < c->alive.objects_count &&
           c->alive.objects[at].number < c->watched[i])
      at++;
    PUT(c, k, WORD_HAS_WATCHED,
        at < c->alive.objects_count &&
            c->alive.objects[at].number == c->watched[i],
        (uint32_t)i);
  }
}

void compile_checks(compiler *c) {
  size_t objects = c->alive.objects_count, at = 0;
  named n = {.order = trace_zeroed(objects, sizeof *n.order),
             .seen = trace_zeroed(objects, sizeof *n.seen)};
  bool *done = trace_zeroed(objects, sizeof *done);
  chain *k = trace_zeroed(1, sizeof *k);
  compile_begin(c, k);
  c->out->checks = k->chunk;
  check_roots(c, k, &n);
  do {
    for (; at < n.count; at++)
      check_object(c, k, &n, n.order[at]);
  } while (check_pairs(c, k, &n, done));
  if (n.count != objects)
    compile_fail(c, "what is alive cannot be reached from the roots");
  check_weak(c, k);
  check_watched(c, k);
  compile_end(c, k);
  free(n.order);
  free(n.seen);
  free(done);
  free(k);
}
