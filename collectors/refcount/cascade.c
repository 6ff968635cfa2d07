/* cascade.c: tears down a dead object at once, with everything that dies with
 * it (death-now.h).
 *
 * The dead that still hold their children form a list threaded through their
 * count words, which they need no more: each word holds the granule number of
 * the next dead object, 0 at the end.  A cascade of any size and shape thus
 * takes no memory and no stack (Weizenbaum, CACM 1963). */
#include "gc.h"
#include "refcount/rc-internal.h"

/* Pushes a dead object on the list. */
static void rc_list_push(uint32_t *list, gc_object *o) {
  o->word = *list;
  *list = space_granule(o);
}

/* Whether an object only has to be freed: nothing but references knew of it,
 * and it refers to nothing. */
static inline bool rc_is_bare(const gc_object *o) {
  uint32_t slots = object_slots(o), i = 0;
  if (rc_meta(o) & (RC_KNOWN | RC_BUFFERED))
    return false;
  while (i < slots && !o->slots[i])
    i++;
  return i == slots;
}

/* rc_dead for other objects.  A function of its own, so that bare objects do
 * not pay for saving its registers. */
__attribute__((noinline)) static void rc_cascade(gc_mutator *m, gc_object *o) {
  bool dead = rc_really_dead(o);
  if (!dead && !rc_any_parted())
    return;
  bool nested = m->in_cascade;
  m->in_cascade = true;
  uint64_t freed = 0, begin = 0;
  uint64_t left = 0; /* of these, to the detector, which counts them */
  uint32_t list = 0;
  if (dead)
    rc_list_push(&list, o);
  while (list || rc_any_parted()) {
    if (!list) {
      gc_object *value = rc_parted_value();
      if (value && rc_release_in_cascade(m, value) && rc_really_dead(value))
        rc_list_push(&list, value);
      continue;
    }
    o = space_address(list);
    list = o->word;
    if (o->meta & OBJECT_WEAK_REFERENCE)
      rc_weak_unlink(o);
    uint32_t slots = object_slots(o);
    for (uint32_t i = 0; i + gc_mutant(last_child_kept) < slots; i++) {
      gc_object *child = o->slots[i];
      if (gc_mutant(cascade_recurses) && child) {
        if (rc_release_in_cascade(m, child))
          rc_dead(m, child);
        continue;
      }
      if (child && rc_release_in_cascade(m, child) && rc_really_dead(child))
        rc_list_push(&list, child);
    }
    if (slots && (o->meta & RC_BUFFERED) && !gc_mutant(buffered_freed)) {
      o->word = 0; /* a candidate: the detector will find it dead */
      rc_candidate_died(m);
      left++;
    } else if (!gc_mutant(weak_reference_leaked) ||
               !(o->meta & OBJECT_WEAK_REFERENCE))
      rc_object_free(m, o);
    if (gc_mutant(written_after_free) && slots > 1)
      o->slots[1] = NULL;
    if (++freed == RC_CASCADE_TIMED)
      begin = gc_now_ns();
  }
  m->in_cascade = nested;
  rc_count_freed(m, freed - left);
  if (begin) {
    m->cascades++;
    m->cascade_freed += freed;
    listener_pause_of(GC_PAUSE_CASCADE, "free", begin);
  }
  if (!nested)
    rc_detect_if_due(m);
}

void rc_dead(gc_mutator *m, gc_object *o) {
  if (gc_likely(rc_is_bare(o)) && !gc_mutant(written_after_free))
    rc_free(m, o);
  else
    rc_cascade(m, o);
}
