/* heap-parts.h: the parts of heap.h that are the same for all of Whippet's
 * collectors.  Included by heap-mmc.c and heap-pcc.c after the collector's
 * source. */
#include "heap.h"

typedef struct whippet_survey {
  struct gc_heap *heap;
  uint64_t objects;
  const char *wrong;
} whippet_survey;

/* Counts the object at `address`, and looks at its slots. */
static void whippet_survey_object(whippet_survey *s, uintptr_t address,
                                  int (*is_object)(struct gc_heap *heap,
                                                   struct gc_ref ref)) {
  uint64_t header = *(uint64_t *)address;
  uint32_t meta = (uint32_t)(header >> 32);
  if (!whippet_is_live(header)) {
    s->wrong = "a live object has no header";
    return;
  }
  s->objects += !(meta & (WHIPPET_FINALIZER | WHIPPET_TOKEN));
  if (meta & WHIPPET_OWN)
    return;
  struct gc_ref *slots = (struct gc_ref *)(address + sizeof header);
  if (whippet_size(header) < (1 + (size_t)(meta & WHIPPET_SLOTS)) * 8)
    s->wrong = "an object has more slots than room";
  else
    for (uint32_t i = 0; i < (meta & WHIPPET_SLOTS); i++)
      if (!gc_ref_is_null(slots[i]) &&
          (gc_ref_is_immediate(slots[i]) || !is_object(s->heap, slots[i]) ||
           !whippet_is_live(*whippet_header_of(slots[i]))))
        s->wrong = "a slot refers to no object";
}

/* ------------------------------------------------------------------------- *
 * Large objects.  The map has those that are alive, and the memory of dead ones
 * that the background thread has not given back yet.
 * ------------------------------------------------------------------------- */

static int whippet_large_is_live(struct gc_heap *heap, uintptr_t node_bits) {
  struct large_object_node *node = (struct large_object_node *)node_bits;
  return node->value.is_live &&
         (node->value.live.mark == LARGE_OBJECT_NURSERY ||
          node->value.live.mark == heap_large_object_space(heap)->marked);
}

static int whippet_is_large(struct gc_heap *heap, struct gc_ref ref) {
  uintptr_t node = address_map_lookup(
      &heap_large_object_space(heap)->object_map, gc_ref_value(ref), 0);
  return node && whippet_large_is_live(heap, node);
}

static int whippet_is_object(struct gc_heap *heap, struct gc_ref ref);

static void whippet_survey_large(uintptr_t address, uintptr_t node,
                                 void *data) {
  whippet_survey *s = data;
  if (whippet_large_is_live(s->heap, node))
    whippet_survey_object(s, address, whippet_is_object);
}

static void whippet_add_large(uintptr_t address, uintptr_t node, void *bytes) {
  (void)address;
  *(uint64_t *)bytes += ((struct large_object_node *)node)->key.size;
}

static void whippet_unmap_large(uintptr_t address, uintptr_t node, void *data) {
  (void)data;
  gc_platform_release_memory((void *)address,
                             ((struct large_object_node *)node)->key.size);
}

static void whippet_each_large(struct gc_heap *heap,
                               void (*visit)(uintptr_t address, uintptr_t node,
                                             void *data),
                               void *data) {
  struct large_object_space *space = heap_large_object_space(heap);
  /* The background thread unmaps, but not while a collection holds the lock:
   * then only the thread that collects comes here, because memory ran out. */
  int collecting = mutators_are_stopping(heap);
  if (!collecting)
    pthread_mutex_lock(&space->lock);
  address_map_for_each(&space->object_map, visit, data);
  if (!collecting)
    pthread_mutex_unlock(&space->lock);
}

static void whippet_before_release(struct gc_heap *heap,
                                   void (*note)(void *data), void *data) {
  gc_background_thread_add_task(heap->background_thread,
                                GC_BACKGROUND_TASK_START - 1, note, data);
}
