/* large.c: see large.h. */
#include "common/large.h"
#include "common/hostile/mutants.h"

object_stack large_objects;
large_counts large_counted;

/* Of the listed objects; other threads read while the owner of the list
 * writes. */
static struct { _Atomic uint64_t objects, bytes; } large_listed;

gc_object *large_new(size_t bytes) {
  gc_object *o = NULL;
  if (object_stack_reserve(&large_objects))
    o = space_alloc_slow(bytes, space_uncached());
  if (!o)
    return NULL;
  object_push_or_die(&large_objects, o);
  large_listed.objects++;
  large_listed.bytes += space_cell(o);
  return o;
}

large_left large_all(void) {
  return (large_left){large_listed.objects, large_listed.bytes};
}

uint64_t large_cells(void) {
  return large_listed.bytes;
}

large_left large_sweep(bool (*alive)(gc_object *o)) {
  return large_sweep_from(0, alive);
}

/* Frees an object unless it is alive; then adds it to `left` and returns true.
 */
static bool large_keep(gc_object *o, bool (*alive)(gc_object *o),
                       large_left *left) {
  large_counted.visited++;
  if (!alive(o)) {
    large_counted.freed++;
    large_listed.objects--;
    large_listed.bytes -= space_cell(o);
    if (!gc_mutant(large_leaked))
      space_free(o, space_uncached());
    return false;
  }
  uint64_t *payload = object_payload(o);
  if (gc_mutant(payload_threaded) &&
      (char *)o + space_cell(o) >= (char *)(payload + 6))
    payload[1] = (uintptr_t)o;
  left->objects++;
  left->bytes += space_cell(o);
  return true;
}

large_left large_sweep_from(size_t first, bool (*alive)(gc_object *o)) {
  large_left left = {0, 0};
  size_t kept = first;
  for (size_t i = first; i < large_objects.size; i++) {
    gc_object *o = large_objects.items[i];
    if (large_keep(o, alive, &left))
      large_objects.items[kept++] = o;
  }
  large_objects.size = kept;
  object_stack_trim(&large_objects);
  return left;
}

void large_sweep_one(size_t i, size_t *old, bool (*alive)(gc_object *o),
                     large_left *left) {
  gc_object **items = large_objects.items;
  if (!large_keep(items[i], alive, left)) {
    items[i] = items[--*old];
    items[*old] = items[--large_objects.size];
  }
  if (i == 0)
    object_stack_trim(&large_objects);
}

bool large_is(const void *p) {
  for (size_t i = 0; i < large_objects.size; i++)
    if (large_objects.items[i] == p)
      return true;
  return false;
}

void large_destroy(void) {
  object_stack_free(&large_objects);
  large_counted = (large_counts){0};
  large_listed.objects = large_listed.bytes = 0;
}
