/* malloc.c: explicit freeing, the out-of-line half.  It counts objects and the
 * memory that each allocator holds from the system. */
#include "gc.h"
#include "malloc/malloc.h"

#if defined MALLOC_MIMALLOC
#include <mimalloc.h>
#define MALLOC_NAME   "malloc-mimalloc"
#define MALLOC_WHOSE  "mimalloc " MALLOC_VERSION
#define MALLOC_SOURCE "Leijen, Zorn & de Moura, APLAS 2019"
#elif defined MALLOC_JEMALLOC
#define MALLOC_NAME   "malloc-jemalloc"
#define MALLOC_WHOSE  "jemalloc " MALLOC_VERSION
#define MALLOC_SOURCE "Evans, BSDCan 2006"
#else
#include <malloc.h>
#define MALLOC_NAME    "malloc"
#define MALLOC_WHOSE   "the C library's malloc (" MALLOC_RUNTIME ")"
#define TEXT_OF(x)     #x
#define TEXT(x)        TEXT_OF(x)
#define MALLOC_RUNTIME "glibc " TEXT(__GLIBC__) "." TEXT(__GLIBC_MINOR__)
#define MALLOC_SOURCE  "Gloger, ptmalloc, after Lea"
#endif

#ifndef MALLOC_RUNTIME
#define MALLOC_RUNTIME MALLOC_WHOSE
#endif

/* The program by hand has jemalloc's default arenas instead of the space. */
#if defined MALLOC_JEMALLOC && !defined MALLOC_BY_HAND
#define MALLOC_SPACE
#endif

struct gc_heap {
  uint64_t objects;      /* made less freed, by mutators that have detached */
  uint64_t freed;        /* likewise */
  gc_footprint at_start; /* what the process held before the heap was made */
  uint64_t peak_seen;
};

const gc_collector gc_this_collector = {
#ifdef MALLOC_BY_HAND
    .name = "by-hand-" MALLOC_NAME,
    .summary =
        "diagnostic: plain C and " MALLOC_WHOSE ", without the interface",
    .kind = GC_KIND_DIAGNOSTIC,
#else
    .name = MALLOC_NAME,
    .summary = "explicit freeing by " MALLOC_WHOSE,
    .kind = GC_KIND_REFERENCE,
#endif
    .runtime = MALLOC_RUNTIME,
    .source = MALLOC_SOURCE,
    .can = {.reclaims = GC_RECLAIMS_ALL,
#ifndef MALLOC_BY_HAND
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
#endif
            .explicit_free = true},
    .options = (const gc_option[]){{0}},
};

/* The C library keeps no peak of its memory.  The peak is the largest size seen
 * by a call, which the harness makes every few milliseconds. */
static gc_footprint malloc_held(void) {
#if defined MALLOC_MIMALLOC
  mi_stats_merge(); /* the statistics of this thread */
  size_t unused, bytes, peak;
  mi_process_info(&unused, &unused, &unused, &unused, &unused, &bytes, &peak,
                  &unused);
  return (gc_footprint){bytes, peak};
#elif defined MALLOC_SPACE
  uint64_t side = space_metadata();
  return space_footprint(side);
#elif defined MALLOC_JEMALLOC
  return hand_jemalloc_held();
#else
  struct mallinfo2 info = mallinfo2();
  return (gc_footprint){info.arena + info.hblkhd, info.arena + info.hblkhd};
#endif
}

/* Blocks come from the same allocator as objects. */
#ifdef MALLOC_SPACE
static void *malloc_from_space(size_t bytes) {
  return space_alloc(bytes, space_uncached());
}

static void malloc_to_space(void *p) {
  space_free(p, space_uncached());
}

static const external_source malloc_source = {malloc_from_space,
                                              malloc_to_space};
#else
static const external_source malloc_source = {malloc, free};
#endif

bool malloc_external(gc_object *o, uint32_t bytes) {
  if (!external_own(o, bytes, &malloc_source))
    return false;
  __atomic_fetch_or(&o->meta, (uint32_t)OBJECT_WEAK_TARGET, __ATOMIC_RELAXED);
  return true;
}

void malloc_external_die(gc_object *o) {
  external_disown(o, &malloc_source);
}

gc_heap *gc_heap_create(const gc_config *config) {
  (void)config;
  external_reset();
  gc_heap *heap = calloc(1, sizeof *heap);
  if (!heap)
    return NULL;
#ifdef MALLOC_SPACE
  if (!space_create(0)) {
    free(heap);
    return NULL;
  }
#elif !defined MALLOC_MIMALLOC /* all of mimalloc's memory counts */
  heap->at_start = malloc_held();
#endif
  return heap;
}

/* Objects that were not freed stay allocated until the process ends; jemalloc's
 * arena is released as a whole. */
void gc_heap_destroy(gc_heap *heap) {
#ifdef MALLOC_SPACE
  space_destroy();
#endif
  memset(object_globals, 0, sizeof object_globals);
  free(heap);
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = world_mutator_create(heap, sizeof *m);
  if (!m)
    return NULL;
#ifdef MALLOC_SPACE
  m->flags = space_cache_create();
#endif
  world_join(m);
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  world_lock();
  m->base.heap->objects += m->made - m->freed;
  m->base.heap->freed += m->freed;
  world_unlock();
  world_leave(m);
#ifdef MALLOC_SPACE
  space_cache_destroy(m->flags);
#endif
  world_mutator_destroy(m);
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
  gc_footprint f = malloc_held(), s = heap->at_start;
  f.bytes -= f.bytes < s.bytes ? f.bytes : s.bytes;
  f.peak_bytes -= f.peak_bytes < s.bytes ? f.peak_bytes : s.bytes;
  world_lock();
  if (f.peak_bytes > heap->peak_seen)
    heap->peak_seen = f.peak_bytes;
  f.peak_bytes = heap->peak_seen;
  world_unlock();
  return f;
}

uint64_t gc_heap_objects(gc_heap *heap) {
  uint64_t n = heap->objects;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    n += m->made - m->freed; /* may be below zero: a mutator also frees objects
                                that others made */
#ifdef MALLOC_BY_HAND
  n += hand_made - hand_freed;
#endif
  return n;
}

gc_tally gc_heap_tally(gc_heap *heap) {
  world_lock();
  uint64_t freed = heap->freed;
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    freed += __atomic_load_n(&m->freed, __ATOMIC_RELAXED);
  world_unlock();
  return (gc_tally){.freed = freed};
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  (void)heap;
  const gc_counter all[] = {EXTERNAL_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  return NULL; /* the allocators have checks of their own, as a build option */
}
