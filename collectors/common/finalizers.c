/* finalizers.c: see finalizers.h. */
#include "common/finalizers.h"
#include "common/hostile/hostile.h"
#include <pthread.h>

_Atomic bool finalizers_waiting;

static struct {
  pthread_mutex_t lock;
  object_stack objects;
  size_t first; /* the entries before this one were handed out */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Updates finalizers_waiting.  With the lock. */
static void finalizers_note(void) {
  atomic_store_explicit(&finalizers_waiting, queue.first < queue.objects.size,
                        memory_order_relaxed);
}

void finalizers_push(gc_object *o) {
  pthread_mutex_lock(&queue.lock);
  bool pushed = object_push(&queue.objects, o);
  finalizers_note();
  pthread_mutex_unlock(&queue.lock);
  if (!pushed) /* it would never be finalized */
    gc_out_of_memory(NULL, (gc_shape){0, 0});
}

gc_object *finalizers_pop_waiting(void) {
  gc_object *o = NULL;
  hostile_race();
  pthread_mutex_lock(&queue.lock);
  if (queue.first < queue.objects.size)
    o = queue.objects.items[queue.first++];
  if (queue.first == queue.objects.size)
    queue.first = queue.objects.size = 0;
  finalizers_note();
  pthread_mutex_unlock(&queue.lock);
  return o;
}

gc_object **finalizers_first(void) {
  return queue.objects.items + queue.first;
}

size_t finalizers_count(void) {
  return queue.objects.size - queue.first;
}

uint64_t finalizers_bytes(void) {
  return object_stack_bytes(&queue.objects);
}

void finalizers_destroy(void) {
  object_stack_free(&queue.objects);
  queue.first = 0;
  finalizers_note();
}
