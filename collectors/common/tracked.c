/* tracked.c: see tracked.h. */
#include "common/tracked.h"
#include "common/bitmap.h"
#include "common/finalizers.h"
#include "common/hostile/mutants.h"
#include "common/space.h"
#include <pthread.h>

tracked_list tracked_weak, tracked_finalizable;
tracked_counts tracked_counted;

static pthread_mutex_t tracked_lock = PTHREAD_MUTEX_INITIALIZER;

static void tracked_note(tracked_list *list, gc_object *o) {
  pthread_mutex_lock(&tracked_lock);
  bool pushed = object_push(&list->stack, o);
  pthread_mutex_unlock(&tracked_lock);
  if (!pushed) /* it would never be finalized or cleared */
    gc_out_of_memory(NULL, (gc_shape){0, 0});
}

void tracked_note_weak(gc_object *weak) {
  tracked_note(&tracked_weak, weak);
}

void tracked_note_finalizable(gc_object *o) {
  tracked_note(&tracked_finalizable, o);
}

/* The target of a dead weak reference is cleared as well: a finalizer may keep
 * the reference, and by then the target is gone.  A target is read from where
 * the weak reference is now, or was if it is dead. */
void tracked_clear_weak(tracked_where where, bool all) {
  object_stack *list = &tracked_weak.stack;
  size_t first = all ? 0 : tracked_weak.old;
  tracked_counted.visited += list->size - first;
  for (size_t i = first; i < list->size; i++) {
    gc_object *now = where(list->items[i]);
    gc_object **target = tracked_target(now ? now : list->items[i]);
    if (*target && !where(*target) && !gc_mutant(ms_weak_uncleared)) {
      *target = NULL;
      tracked_counted.cleared++;
    }
    if (gc_mutant(ms_weak_hasty) && *target && space_granule(*target) % 64 == 0)
      *target = NULL;
  }
}

void tracked_queue_dead(tracked_where where, bool all) {
  object_stack *list = &tracked_finalizable.stack;
  size_t kept = all ? 0 : tracked_finalizable.old;
  tracked_counted.visited += list->size - kept;
  for (size_t i = kept; i < list->size; i++) {
    gc_object *o = list->items[i], *now = where(o);
    if (now) {
      list->items[kept++] = gc_mutant(finalizable_list_stale) ? o : now;
      continue;
    }
    o->meta &= ~(uint32_t)OBJECT_FINALIZABLE;
    finalizers_push(o);
    if (gc_mutant(finalized_twice))
      finalizers_push(o);
    if (gc_mutant(finalizable_kept))
      list->items[kept++] = o;
  }
  list->size = tracked_finalizable.old = kept;
  object_stack_trim(list);
}

/* A cleared weak reference leaves the list: it stays null. */
void tracked_prune_weak(tracked_where where, bool all) {
  object_stack *list = &tracked_weak.stack;
  size_t kept = all ? 0 : tracked_weak.old;
  tracked_counted.visited += list->size - kept;
  for (size_t i = kept; i < list->size; i++) {
    gc_object *now = where(list->items[i]);
    gc_object **target = now ? tracked_target(now) : NULL;
    if (!target || !*target)
      continue;
    if (!gc_mutant(ms_weak_uncleared) && !gc_mutant(weak_target_stale))
      *target = where(*target);
    list->items[kept++] = gc_mutant(weak_list_stale) ? list->items[i] : now;
  }
  tracked_weak.old = gc_mutant(weak_old_too_far) ? list->size : kept;
  list->size = kept;
  object_stack_trim(list);
}

uint64_t tracked_bytes(void) {
  return object_stack_bytes(&tracked_weak.stack) +
         object_stack_bytes(&tracked_finalizable.stack);
}

void tracked_destroy(void) {
  object_stack_free(&tracked_weak.stack);
  object_stack_free(&tracked_finalizable.stack);
  tracked_weak.old = tracked_finalizable.old = 0;
  tracked_counted = (tracked_counts){0};
}

static const char *tracked_check_list(const tracked_list *list, uint32_t flag,
                                      bool (*is)(const gc_object *o),
                                      tracked_where where, bool dead_too) {
  if (list->old > list->stack.size)
    return "more tracked objects are old than there are";
  size_t bytes = space_bytes / SPACE_GRANULE / 8 + 8;
  uint64_t *seen = space_table_create(bytes);
  if (!seen)
    return "no memory to check in";
  const char *why = NULL;
  for (size_t i = 0; i < list->stack.size && !why; i++) {
    gc_object *o = list->stack.items[i];
    if (!is(o) || !(o->meta & flag))
      why = "a finalizable object or weak reference lacks its flag";
    else if (!dead_too && !where(o))
      why = "a dead object is listed after a collection";
    else if (!bitmap_set(seen, space_granule(o)))
      why = "a finalizable object or weak reference is listed twice";
  }
  space_table_destroy(seen, bytes);
  return why;
}

const char *tracked_check_old(tracked_where where) {
  for (size_t i = 0; i < tracked_finalizable.old; i++)
    if (!where(tracked_finalizable.stack.items[i]))
      return "a young finalizable object is listed as old";
  for (size_t i = 0; i < tracked_weak.old; i++) {
    gc_object *weak = tracked_weak.stack.items[i];
    gc_object *target = where(weak) ? *tracked_target(weak) : NULL;
    if (!target || !where(target))
      return "a young weak reference, or one to a young object, is listed as "
             "old";
  }
  return NULL;
}

const char *tracked_check(bool (*is)(const gc_object *o), tracked_where where,
                          bool dead_too) {
  const char *why = tracked_check_list(&tracked_weak, OBJECT_WEAK_REFERENCE, is,
                                       where, dead_too);
  return why ? why
             : tracked_check_list(&tracked_finalizable, OBJECT_FINALIZABLE, is,
                                  where, dead_too);
}
