/* finalizers.c: see finalizers.h. */
#include "common/finalizers.h"
#include "common/bitmap.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/space.h"
#include <pthread.h>

_Atomic bool finalizers_waiting;
finalizers_counts finalizers_counted;

static struct {
  pthread_mutex_t lock;
  object_stack objects;
  size_t first;   /* the entries before this one were handed out */
  size_t settled; /* so many of those from `first` on are settled */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Updates finalizers_waiting.  With the lock. */
static void finalizers_note(void) {
  atomic_store_explicit(&finalizers_waiting, queue.first < queue.objects.size,
                        memory_order_relaxed);
}

/* Moves the waiting objects to the start of the array if at least as many
 * entries before them were handed out, so that an entry is moved at most once
 * for each that was handed out.  With the lock. */
static void finalizers_close_up(void) {
  size_t waiting = queue.objects.size - queue.first;
  if (queue.first < waiting || gc_mutant(queue_only_grows))
    return;
  if (gc_mutant(queue_tail_lost) && waiting > 1)
    waiting--;
  if (waiting)
    memmove(queue.objects.items, queue.objects.items + queue.first,
            waiting * sizeof *queue.objects.items);
  queue.first = 0;
  queue.objects.size = waiting;
}

void finalizers_push(gc_object *o) {
  const bool locks = !gc_mutant(queue_unlocked);
  if (locks)
    pthread_mutex_lock(&queue.lock);
  if (queue.objects.size == queue.objects.room)
    finalizers_close_up();
  bool pushed = object_push(&queue.objects, o);
  finalizers_counted.queued += pushed;
  finalizers_note();
  if (locks)
    pthread_mutex_unlock(&queue.lock);
  if (!pushed) /* it would never be finalized */
    gc_out_of_memory(NULL, (gc_shape){0, 0});
}

gc_object *finalizers_pop_waiting(void) {
  gc_object *o = NULL;
  hostile_race();
  pthread_mutex_lock(&queue.lock);
  if (queue.first < queue.objects.size) {
    o = queue.objects.items[queue.first++];
    if (!gc_mutant(settled_not_lowered))
      queue.settled -= queue.settled > 0;
    finalizers_counted.taken++;
  }
  size_t waiting = queue.objects.size - queue.first;
  if (waiting < queue.objects.room / 4) {
    finalizers_close_up();
    object_stack_trim(&queue.objects);
  }
  finalizers_note();
  pthread_mutex_unlock(&queue.lock);
  return o;
}

gc_object **finalizers_first(void) {
  return object_stack_place(&queue.objects, queue.first);
}

size_t finalizers_count(void) {
  return queue.objects.size - queue.first;
}

size_t finalizers_settled(void) {
  return queue.settled;
}

void finalizers_settle(void) {
  queue.settled = finalizers_count();
}

uint64_t finalizers_bytes(void) {
  return object_stack_bytes(&queue.objects);
}

void finalizers_destroy(void) {
  object_stack_free(&queue.objects);
  queue.first = queue.settled = 0;
  finalizers_counted = (finalizers_counts){0};
  finalizers_note();
}

const char *finalizers_check(bool (*is)(const gc_object *o)) {
  size_t bytes = space_bytes / SPACE_GRANULE / 8 + 8;
  uint64_t *seen = space_table_create(bytes);
  if (!seen)
    return "no memory to check in";
  const char *why = NULL;
  if (queue.settled > finalizers_count())
    why = "more objects that wait for finalizers are settled than wait";
  if (queue.objects.room > STACK_LEAST &&
      queue.objects.room > 16 * (finalizers_count() + 1))
    why = "the finalizer queue takes more memory than what waits needs";
  for (size_t i = 0; i < finalizers_count() && !why; i++) {
    const gc_object *o = finalizers_first()[i];
    if (!is(o))
      why = "what waits for its finalizer is not an object";
    else if (o->meta & OBJECT_FINALIZABLE)
      why = "an object that waits for its finalizer is finalizable still";
    else if (!bitmap_set(seen, space_granule(o)))
      why = "an object waits for its finalizer twice";
  }
  space_table_destroy(seen, bytes);
  return why;
}
