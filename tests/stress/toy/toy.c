/* toy.c: marks and sweeps a list of objects.  With TOY_FORGETS it has a bug:
 * thread-local roots are not marked.  The option `plants` plants a cost that a
 * collector should not have. */
#include "gc.h"
#include "common/hostile/hostile.h"
#include "common/world.h"

static uint64_t option_slack = 64; /* KiB */

/* Before each object. */
typedef struct toy_link {
  struct toy_link *next;
  gc_object *pending; /* next of those marked and not yet gone through */
  size_t bytes;
  bool marked;
} toy_link;

/* Values of the option. */
enum { TOY_SOUND, TOY_RATCHETS, TOY_WALKS };
static uint64_t toy_plants = TOY_SOUND;

struct gc_heap {
  gc_config config;
  toy_link *all;
  gc_object *pending;
  uint64_t objects, bytes, peak, due; /* due: collect at so many bytes */
  uint64_t collections, freed;
  uint64_t made, visited; /* objects; those that collections looked at */
};

static toy_link *toy_link_of(gc_object *o) {
  return (toy_link *)o - 1;
}

static gc_object *toy_object(toy_link *l) {
  return (gc_object *)(l + 1);
}

static void toy_mark(gc_heap *h, gc_object *o) {
  if (!o || toy_link_of(o)->marked)
    return;
  toy_link_of(o)->marked = true;
  toy_link_of(o)->pending = h->pending;
  h->pending = o;
}

static void toy_mark_roots(gc_heap *h) {
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    toy_mark(h, object_globals[g]);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    for (gc_reg r = 0; r < m->base.top; r++)
      toy_mark(h, m->reg[r]);
    for (uint32_t t = 0; t < GC_TLS && !TOY_FORGETS; t++)
      toy_mark(h, m->base.tls[t]);
  }
}

static void toy_sweep(gc_heap *h) {
  for (toy_link **at = &h->all; *at;) {
    toy_link *l = *at;
    if (l->marked) {
      l->marked = false;
      at = &l->next;
      continue;
    }
    *at = l->next;
    h->objects--;
    h->freed++;
    h->bytes -= l->bytes;
    free(l);
  }
}

static void toy_collect(gc_heap *h) {
  uint64_t begin = gc_now_ns();
  toy_mark_roots(h);
  while (h->pending) {
    gc_object *o = h->pending;
    h->pending = toy_link_of(o)->pending;
    h->visited++;
    for (uint32_t i = 0; i < object_slots(o); i++)
      toy_mark(h, o->slots[i]);
  }
  toy_sweep(h);
  /* Bug: what was allowed once is allowed ever after. */
  h->due = (toy_plants == TOY_RATCHETS ? h->due : 0) + 2 * h->bytes +
           (option_slack << 10);
  if (toy_plants == TOY_WALKS) /* bug: as if it walked all that ever was made */
    h->visited += h->made;
  h->collections++;
  h->config.listener.pause(h->config.listener.data, GC_PAUSE_STOP, begin,
                           gc_now_ns());
}

gc_object *toy_new(gc_mutator *m, gc_shape shape) {
  gc_heap *h = m->base.heap;
  size_t bytes = sizeof(toy_link) + object_bytes(shape);
  uint64_t limit = h->config.heap_limit ? h->config.heap_limit : UINT64_MAX;
  if (hostile_allocation() || h->bytes + bytes > h->due ||
      h->bytes + bytes > limit)
    toy_collect(h);
  bool fits = h->bytes + bytes <= limit && !hostile_fails();
  toy_link *l = fits ? malloc(bytes) : NULL;
  if (!l)
    return NULL;
  *l = (toy_link){.next = h->all, .bytes = bytes};
  h->all = l;
  h->objects++;
  h->made++;
  h->bytes += bytes;
  if (h->bytes > h->peak)
    h->peak = h->bytes;
  object_init(toy_object(l), 0, object_meta(shape, 0), shape.slots);
  return toy_object(l);
}

const gc_collector gc_this_collector = {
    .name = TOY_NAME,
    .summary = "marks and sweeps a list",
    .source = "McCarthy 1960",
    .hostile = GC_HOSTILE_COLLECT | GC_HOSTILE_FAIL, /* it has no mark stack */
    .events = (const char *const[]){"collections", "freed", NULL},
    .work = (const char *const[]){"visited", NULL},
    .tight = (const char *const[]){"slack=1", NULL},
    .can = {.reclaims = GC_RECLAIMS_ALL, .heap_limit = true},
    .options =
        (const gc_option[]){
            {"slack", "allocation between collections, in KiB, beyond the live",
             &option_slack, 1, 1 << 20},
            {"plants", "1: the heap only grows, 2: dead objects cost work",
             &toy_plants, TOY_SOUND, TOY_WALKS},
            {0}},
};

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = calloc(1, sizeof *h);
  if (h)
    *h = (gc_heap){.config = *config, .due = option_slack << 10};
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  toy_sweep(h); /* nothing is marked */
  free(h);
}

gc_mutator *gc_thread_attach(gc_heap *h) {
  gc_mutator *m = world_mutator_create(h, sizeof *m);
  if (m)
    world_join(m);
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  world_leave(m);
  world_mutator_destroy(m);
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

void gc_collect(gc_mutator *m) {
  toy_collect(m->base.heap);
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  return (gc_footprint){h->bytes, h->peak};
}

uint64_t gc_heap_objects(gc_heap *h) {
  return h->objects;
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->collections},
                            {"freed", h->freed},
                            {"visited", h->visited}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *h) {
  uint64_t objects = 0;
  for (toy_link *l = h->all; l; l = l->next)
    objects++;
  return objects == h->objects ? NULL : "objects were miscounted";
}
