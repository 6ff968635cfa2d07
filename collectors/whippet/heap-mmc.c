/* heap-mmc.c: heap.h for mmc, Whippet's mark-region collector (nofl-space.h),
 * and the collector itself. */
#include "mmc.c"

#include "heap-parts.h"

uint64_t whippet_heap_size(uint64_t limit) {
  uint64_t blocks =
      limit / NOFL_SLAB_SIZE * NOFL_NONMETA_BLOCKS_PER_SLAB +
      limit % NOFL_SLAB_SIZE * NOFL_NONMETA_BLOCKS_PER_SLAB / NOFL_SLAB_SIZE;
  uint64_t slabs = (blocks + NOFL_NONMETA_BLOCKS_PER_SLAB - 1) /
                   NOFL_NONMETA_BLOCKS_PER_SLAB;
  return (blocks + slabs * NOFL_META_BLOCKS_PER_SLAB) * NOFL_BLOCK_SIZE;
}

/* Calls visit(address, data) for each block in which objects may be, and
 * returns how many blocks hold memory. */
static size_t each_block(struct gc_heap *heap,
                         void (*visit)(uintptr_t block, void *data),
                         void *data) {
  struct nofl_space *space = heap_nofl_space(heap);
  size_t held = 0;
  for (size_t s = 0; s < space->nslabs; s++)
    for (size_t b = 0; b < NOFL_NONMETA_BLOCKS_PER_SLAB; b++) {
      uintptr_t address = (uintptr_t)space->slabs[s]->blocks[b].data;
      if (nofl_block_has_flag(nofl_block_for_addr(address),
                              NOFL_BLOCK_PAGED_OUT))
        continue;
      held++;
      if (visit)
        visit(address, data);
    }
  return held;
}

/* Whether there is an object that is alive, or was made since the last
 * collection. */
static int whippet_is_object(struct gc_heap *heap, struct gc_ref ref) {
  struct nofl_space *space = heap_nofl_space(heap);
  if (!nofl_space_contains(space, ref))
    return whippet_is_large(heap, ref);
  uint8_t mark = *nofl_metadata_byte_for_addr(gc_ref_value(ref)) &
                 NOFL_METADATA_BYTE_MARK_MASK;
  return mark == NOFL_METADATA_BYTE_YOUNG || mark == space->survivor_mark;
}

static void survey_block(uintptr_t block, void *data) {
  whippet_survey *s = data;
  uint8_t alive = heap_nofl_space(s->heap)->survivor_mark;
  for (uintptr_t at = block; at < block + NOFL_BLOCK_SIZE;
       at += NOFL_GRANULE_SIZE)
    if ((*nofl_metadata_byte_for_addr(at) & NOFL_METADATA_BYTE_MARK_MASK) ==
        alive)
      whippet_survey_object(s, at, whippet_is_object);
}

uint64_t whippet_heap_objects(struct gc_heap *heap, const char **wrong) {
  whippet_survey s = {.heap = heap};
  each_block(heap, survey_block, &s);
  whippet_each_large(heap, whippet_survey_large, &s);
  *wrong = s.wrong;
  return s.objects;
}

uint64_t whippet_heap_footprint(struct gc_heap *heap) {
  uint64_t bytes = 0;
  whippet_each_large(heap, whippet_add_large, &bytes);
  return bytes + each_block(heap, NULL, NULL) *
                     (NOFL_BLOCK_SIZE + NOFL_METADATA_BYTES_PER_BLOCK);
}

void whippet_heap_begin(struct gc_heap *heap, void (*note)(void *data),
                        void *data) {
  whippet_before_release(heap, note, data);
}

/* For a large object, allocate_large has taken blocks out of use, and asked for
 * more.  (pcc.c puts this right itself.) */
void whippet_heap_refused(struct gc_heap *heap, size_t bytes) {
  struct large_object_space *large = heap_large_object_space(heap);
  if (bytes > gc_allocator_large_threshold())
    nofl_space_maybe_reacquire_memory(heap_nofl_space(heap),
                                      large_object_space_npages(large, bytes)
                                          << large->page_size_log2);
}

/* What `collect` asks itself, but holds against full collections only. */
int whippet_heap_progress(struct gc_heap *heap) {
  uint64_t allocated = 0;
  nofl_space_add_to_allocation_counter(heap_nofl_space(heap), &allocated);
  large_object_space_add_to_allocation_counter(heap_large_object_space(heap),
                                               &allocated);
  return compute_progress(heap, allocated);
}

/* determine_collection_kind goes on with partial collections while the last one
 * is said to have left more free than this threshold. */
void whippet_heap_stalled(struct gc_heap *heap) {
  heap->major_gc_yield_threshold = 2; /* above any yield */
}

/* allocate_large goes on while more is said to be allocated between collections
 * than to be lost in fragments.  Evacuation alone seems to allocate a block
 * each time, so that there would be no end. */
void whippet_heap_last_try(struct gc_heap *heap) {
  struct nofl_space *space = heap_nofl_space(heap);
  space->fragmentation_granules_since_last_collection =
      space->nslabs * (NOFL_SLAB_SIZE / NOFL_GRANULE_SIZE);
}

void whippet_heap_end(struct gc_heap *heap) {
  gc_destroy_background_thread(heap->background_thread);
  whippet_each_large(heap, whippet_unmap_large, NULL);
  struct nofl_space *space = heap_nofl_space(heap);
  for (size_t s = 0; s < space->nslabs; s++)
    gc_platform_release_memory(space->slabs[s], NOFL_SLAB_SIZE);
}
