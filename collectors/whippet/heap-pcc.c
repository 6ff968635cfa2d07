/* heap-pcc.c: heap.h for pcc, Whippet's copying collector, with and without
 * generations (copy-space.h), and the collector itself. */
#include "gc-assert.h"
#include "heap.h"
#include <string.h>

/* When the room to copy into runs out, `forward` crashes.  Here that ends the
 * run as out of memory; all other crashes stay what they are. */
static inline __attribute__((noreturn)) void crash(const char *function) {
  if (!strcmp(function, "forward"))
    whippet_out_of_memory();
  __builtin_trap();
}
#undef GC_CRASH
#define GC_CRASH() crash(__func__)

#include "pcc.c"

#include "heap-parts.h"

#define BLOCKS_PER_SLAB COPY_SPACE_BLOCKS_PER_SLAB
enum {
  /* Bits that tell which fields are logged, for a block of the old space. */
  LOG_BYTES = GC_GENERATIONAL ? COPY_SPACE_BLOCK_SIZE / 64 : 0,
  /* Blocks that Whippet reserves in each slab for tables. */
  TABLE_BLOCKS = COPY_SPACE_HEADER_BLOCKS_PER_SLAB +
                 LOG_BYTES * BLOCKS_PER_SLAB / COPY_SPACE_BLOCK_SIZE,
  SPARE_BLOCKS = 16, /* copy_space_init: for fragmentation */
  /* The nursery of one mutator, both halves, which is beside the size that
   * Whippet is told (heap_init). */
  NURSERY = GC_GENERATIONAL ? 2 << 20 : 0
};

/* The nursery is taken off as far as half of the limit. */
uint64_t whippet_heap_size(uint64_t limit) {
  uint64_t nursery = NURSERY, slabs = 1;
  uint64_t size = limit - (nursery < limit / 2 ? nursery : limit / 2);
  uint64_t blocks = size / (COPY_SPACE_BLOCK_SIZE + LOG_BYTES);
  while (slabs * (BLOCKS_PER_SLAB - TABLE_BLOCKS) < blocks + SPARE_BLOCKS)
    slabs++;
  return (blocks + slabs * TABLE_BLOCKS) * COPY_SPACE_BLOCK_SIZE;
}

/* The copy spaces of a heap; returns how many. */
static size_t spaces(struct gc_heap *heap, struct copy_space *out[2]) {
#if GC_GENERATIONAL
  out[0] = heap_new_space(heap);
  out[1] = heap_old_space(heap);
  return 2;
#else
  out[0] = heap_mono_space(heap);
  return 1;
#endif
}

/* Whether there is an object in the half of a space that is in use. */
static int whippet_is_object(struct gc_heap *heap, struct gc_ref ref) {
  struct copy_space *all[2];
  size_t count = spaces(heap, all);
  for (size_t i = 0; i < count; i++)
    if (copy_space_contains(all[i], ref))
      return copy_space_object_region(ref) == all[i]->active_region;
  return whippet_is_large(heap, ref);
}

/* Surveys a list of blocks.  Objects lie one after the other from the start of
 * the half that is in use; what follows the last one is zero. */
static void survey_blocks(whippet_survey *s, struct copy_space *space,
                          struct copy_space_block *block) {
  for (; block; block = block->next) {
    uintptr_t at = (uintptr_t)&copy_space_block_payload(block)
                       ->regions[space->active_region];
    uintptr_t end = at + COPY_SPACE_REGION_SIZE;
    for (uint64_t header; at < end && (header = *(uint64_t *)at) && !s->wrong;
         at += whippet_size(header))
      whippet_survey_object(s, at, whippet_is_object);
  }
}

uint64_t whippet_heap_objects(struct gc_heap *heap, const char **wrong) {
  whippet_survey s = {.heap = heap};
  struct copy_space *all[2];
  size_t count = spaces(heap, all);
  for (size_t i = 0; i < count; i++) {
    survey_blocks(&s, all[i], all[i]->full.head);
    survey_blocks(&s, all[i], all[i]->partly_full.list.head);
  }
  whippet_each_large(heap, whippet_survey_large, &s);
  *wrong = s.wrong;
  return s.objects;
}

uint64_t whippet_heap_footprint(struct gc_heap *heap) {
  uint64_t bytes = 0;
  whippet_each_large(heap, whippet_add_large, &bytes);
  struct copy_space *all[2];
  size_t count = spaces(heap, all);
  for (size_t i = 0; i < count; i++)
    for (size_t s = 0; s < all[i]->nslabs; s++)
      for (size_t b = 0; b < COPY_SPACE_NONHEADER_BLOCKS_PER_SLAB; b++)
        if (all[i]->slabs[s]->headers[b].in_core)
          bytes +=
              COPY_SPACE_BLOCK_SIZE + (copy_space_has_field_logging_bits(all[i])
                                           ? (uint64_t)LOG_BYTES
                                           : 0);
  return bytes;
}

/* A collection holds the lock of the large objects, and a partial one takes the
 * same lock again when a large object refers to one that stays in the nursery
 * (remember_edge_to_survivor_object).  That ends well if it is the same thread
 * and the lock allows it.  Nobody waits for the lock yet. */
void whippet_heap_begin(struct gc_heap *heap, void (*note)(void *data),
                        void *data) {
#if GC_GENERATIONAL
  pthread_mutexattr_t again;
  pthread_mutexattr_init(&again);
  pthread_mutexattr_settype(&again, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&heap_large_object_space(heap)->lock, &again);
  pthread_mutexattr_destroy(&again);
#endif
  whippet_before_release(heap, note, data);
}

void whippet_heap_refused(struct gc_heap *heap, size_t bytes) {
  (void)heap, (void)bytes;
}

int whippet_heap_progress(struct gc_heap *heap) {
  (void)heap;
  return 1;
}

/* heap_can_minor_gc sees to this. */
void whippet_heap_stalled(struct gc_heap *heap) {
  (void)heap;
}

/* allocate_large collects once. */
void whippet_heap_last_try(struct gc_heap *heap) {
  (void)heap;
}

void whippet_heap_end(struct gc_heap *heap) {
  gc_destroy_background_thread(heap->background_thread);
  whippet_each_large(heap, whippet_unmap_large, NULL);
  struct copy_space *all[2];
  size_t count = spaces(heap, all);
  for (size_t i = 0; i < count; i++)
    for (size_t s = 0; s < all[i]->nslabs; s++)
      gc_platform_release_memory(all[i]->slabs[s], COPY_SPACE_SLAB_SIZE);
}
