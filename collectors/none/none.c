/* none.c: chunks of memory for the bump allocator of none.h.
 *
 * A mutator fills a chunk of its own at a time.  The heap lists all chunks, so
 * that objects can be counted by walking them. */
#include "gc.h"
#include "common/hostile/hostile.h"
#include "common/space.h"
#include "common/world.h"
#include <pthread.h>

/* Bytes of a chunk: large enough that taking one costs next to nothing per
 * object; small enough that the unused end of a mutator's last chunk does not
 * matter. */
enum { NONE_CHUNK = 256 * 1024 };

typedef struct none_chunk {
  struct none_chunk *next;
  char *end; /* of its objects; out of date in a mutator's current chunk */
} none_chunk;

struct gc_heap {
  none_chunk *chunks;
  uint64_t taken, alone; /* chunks so far, and those with one large object */
  pthread_mutex_t lock;
};

const gc_collector gc_this_collector = {
    .name = "none",
    .summary = "bump allocation, never frees: the floor",
    .source = "the baseline of Cai et al., Distilling the Real Cost of "
              "Production Garbage Collectors, ISPASS 2022",
    /* There are no lists to bound, and no memory is freed. */
    .hostile = GC_HOSTILE_COLLECT | GC_HOSTILE_FAIL | GC_HOSTILE_YIELD,
    .can = {.reclaims = GC_RECLAIMS_NOTHING,
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true,
            .overhead_bytes = 128 << 10},
    .options = (const gc_option[]){{0}},
    .events = (const char *const[]){"chunks", "chunks-of-one-object",
                                    "external-taken", NULL},
    .work = (const char *const[]){"chunks", NULL},
};

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *heap = calloc(1, sizeof *heap);
  if (!heap || !space_create(config->heap_limit)) {
    free(heap);
    return NULL;
  }
  pthread_mutex_init(&heap->lock, NULL);
  return heap;
}

void gc_heap_destroy(gc_heap *heap) {
  owned_destroy();
  space_destroy();
  pthread_mutex_destroy(&heap->lock);
  free(heap);
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = world_mutator_create(heap, sizeof *m);
  if (m)
    world_join(m);
  return m;
}

/* Records where the objects of the mutator's current chunk end. */
static void none_close_chunk(gc_mutator *m) {
  if (m->chunk)
    m->chunk->end = m->cursor;
}

void gc_thread_detach(gc_mutator *m) {
  none_close_chunk(m);
  world_leave(m);
  world_mutator_destroy(m);
}

gc_object *none_new_slow(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    gc_collect(m);
  bool alone = bytes > NONE_CHUNK / 8;
  char *first = m->cursor;
  /* Where every allocation takes the slow path, the chunk may have room left.
   */
  if (alone || !m->chunk ||
      bytes > (size_t)((char *)m->chunk + NONE_CHUNK - first)) {
    none_chunk *chunk = space_alloc_zeroed(
        alone ? sizeof *chunk + bytes : NONE_CHUNK, space_uncached());
    if (!chunk)
      return NULL;
    gc_heap *heap = m->base.heap;
    pthread_mutex_lock(&heap->lock);
    chunk->next = heap->chunks;
    heap->chunks = chunk;
    heap->taken++;
    heap->alone += alone;
    pthread_mutex_unlock(&heap->lock);
    first = (char *)(chunk + 1);
    chunk->end = first + bytes;
    if (alone)
      return (gc_object *)first;
    none_close_chunk(m);
    m->chunk = chunk;
  }
  m->cursor = first + bytes;
  m->limit = hostile_each() ? m->cursor : (char *)m->chunk + NONE_CHUNK;
  return (gc_object *)first;
}

void *none_external(gc_mutator *m, size_t bytes) {
  if (hostile_allocation())
    gc_collect(m);
  return space_external_take(0, bytes);
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

void gc_collect(gc_mutator *m) {
  (void)m;
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  return space_footprint(space_metadata() + owned_bytes());
}

/* Bytes of an object, whose `word` is the payload's size. */
static size_t none_size(const gc_object *o) {
  return gc_shape_bytes((gc_shape){object_slots(o), o->word});
}

/* Free memory at the end of chunks is not told: it is never used again. */
gc_usage gc_heap_usage(gc_heap *heap) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    none_close_chunk(m);
  gc_usage u = {
      .pages = space_pages(), .free = GC_UNKNOWN, .free_largest = GC_UNKNOWN};
  for (none_chunk *c = heap->chunks; c; c = c->next) {
    u.cells += (uint64_t)(c->end - (char *)(c + 1));
    for (char *p = (char *)(c + 1); p < c->end; u.objects++)
      p += none_size((gc_object *)p);
  }
  return u;
}

gc_tally gc_heap_tally(gc_heap *heap) {
  (void)heap;
  return (gc_tally){.freed = 0};
}

uint64_t gc_heap_objects(gc_heap *heap) {
  return gc_heap_usage(heap).objects;
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"chunks", heap->taken},
                            {"chunks-of-one-object", heap->alone},
                            EXTERNAL_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

static bool none_is(const gc_object *o) {
  uint64_t offset = (uint64_t)((const char *)o - space_base);
  return offset < space_bytes && offset % 8 == 0;
}

const char *gc_heap_check(gc_heap *heap) {
  gc_heap_objects(heap); /* closes the chunks */
  for (none_chunk *c = heap->chunks; c; c = c->next) {
    char *p = (char *)(c + 1);
    while (p < c->end)
      p += none_size((gc_object *)p);
    if (p != c->end)
      return "a chunk's last object ends outside it";
  }
  return owned_check(none_is, NULL, true);
}
