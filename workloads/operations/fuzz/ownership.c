/* ownership.c: see ownership.h. */
#include "ownership.h"

#include <stdlib.h>

#include "basics.h"

manner owner_may_touch(const actor *a, shadow_ref o, bool writes) {
  if (!a->f->parallel)
    return FREELY;
  uint16_t owner = owner_of(a, o);
  if (owner == a->number || (owner == OWNER_FROZEN && !writes))
    return FREELY;
  if (owner == OWNER_COMMON)
    return OWN_SLOTS;
  return owner == OWNER_SHARED ? LOCKED : FORBIDDEN;
}

bool owner_is_public(const actor *a, shadow_ref o) {
  uint16_t owner = owner_of(a, o);
  return owner == OWNER_SHARED || owner == OWNER_FROZEN ||
         owner == OWNER_COMMON;
}

bool owner_is_foreign(const actor *a, gc_reg r) {
  shadow_ref o = held_by(a, r);
  return a->f->parallel && o && owner_of(a, o) != a->number &&
         !owner_is_public(a, o);
}

void owner_hand_over(actor *a, shadow_ref o, uint32_t from, unsigned to) {
  size_t count = 0, room = 256;
  shadow_ref *work = own_memory(room, sizeof *work);
  work[count++] = o;
  while (count > 0) {
    shadow_ref here = work[--count];
    uint16_t owner = owner_of(a, here);
    if (from == TURNS_NOBODY ? owner >= TRACE_THREADS : owner != from)
      continue;
    owner_set(a, here, to);
    const shadow_object *object = object_at(a, here);
    if (count + object->slot_count > room) {
      room = 2 * (count + object->slot_count);
      work = realloc(work, room * sizeof *work);
      if (!work)
        abort();
    }
    for (uint32_t i = 0; i < object->slot_count; i++)
      if (object->slots[i])
        work[count++] = object->slots[i];
  }
  free(work);
}
