/* snapshot-check.h, the end of snapshot.h: gc_heap_check during a cycle, which
 * computes what will be marked at its end, and checks that everything that can
 * be reached is among it.  No mutator may run, and nobody may mark. */
#ifndef REAPMARK_COMMON_INLINE_SNAPSHOT_CHECK_H
#define REAPMARK_COMMON_INLINE_SNAPSHOT_CHECK_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

/* A bit per granule.  During a cycle: everything that will be marked when it
 * ends, if no mutator runs any more.  Between cycles: what the last one marked.
 */
static const uint64_t *snapshot_foreseen;

/* Alive is what has a bit there; between cycles also what is newer than the
 * last one. */
static bool snapshot_alive(const gc_object *o) {
  return bitmap_test(snapshot_foreseen, space_granule(o)) ||
         (!snapshot_marking && !cells.untouched);
}

/* Takes a queued object into account; `data` is the reachable. */
static void snapshot_foresee_queued(void *data, gc_object *o) {
  reachable *r = data;
  if (!cells_is_object(o))
    r->why = "a queued reference does not refer to an object";
  else if (!snapshot_where(o))
    r->why = "a queued object is not marked";
  else
    object_push_or_die(&r->stack, o);
}

/* The same for what is marked in a flagged block, which may be a free cell that
 * is marked for the object to come. */
static void snapshot_foresee_flagged(void *data, gc_object *o) {
  if (cells_is_object(o))
    snapshot_foresee_queued(data, o);
}

static void snapshot_foresee_bag(reachable *r, const object_bag *shaded) {
  uint64_t at = 0;
  for (gc_object *o; (o = bag_next(shaded, &at));)
    snapshot_foresee_queued(r, o);
}

static void snapshot_foresee_stack(reachable *r, const object_stack *s) {
  for (size_t i = 0; i < s->size; i++)
    snapshot_foresee_queued(r, s->items[i]);
}

/* Puts all that is queued into `r`, whose `seen` are the marks so far. */
static void snapshot_foresee_all(reachable *r) {
  const marking *k = &snap.marking;
  snapshot_foresee_stack(r, &k->stack);
  for (unsigned i = 0; i < k->ends.size; i++)
    snapshot_foresee_queued(
        r, prefetch_waiting(k->fifo, MARKING_FIFO, k->ends, i));
  snapshot_foresee_stack(r, &snap.wide);
  if (snap.parted)
    snapshot_foresee_queued(r, snap.parted);
  for (size_t i = 0; i < snap.roots.size; i++) /* these are not marked yet */
    reachable_reach(r, &snap.roots.items[i]);
  snapshot_foresee_bag(r, &snap.shaded);
  snapshot_foresee_bag(r, &snap.overflow);
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    snapshot_foresee_bag(r, &m->shaded);
  /* Where the mark stack overflowed, flagged blocks are scanned again. */
  cells_flagged_look(snap.marking.marks, snapshot_foresee_flagged, r);
}

/* Computes snapshot_foreseen into `seen`: starts from the marks and scans all
 * that is queued and what that leads to.  Returns what is wrong, or NULL. */
static const char *snapshot_foresee(uint64_t *seen) {
  reachable r = {.seen = seen, .stack = {.reliable = true}};
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t w = 0; w < end / 64; w++)
    seen[w] = snap.marking.marks[w] | snap.others[w];
  for (size_t i = 0; i < large_objects.size; i++)
    if (snapshot_where(large_objects.items[i]))
      bitmap_set(seen, space_granule(large_objects.items[i]));
  snapshot_foresee_all(&r);
  reachable_reach_values(&r);
  while (r.stack.size && !r.why) {
    gc_object *o = object_pop(&r.stack);
    if (!cells_is_object(o))
      r.why = "a reference in the snapshot does not refer to an object";
    else
      for (uint32_t s = 0; s < object_slots(o); s++)
        reachable_reach(&r, &o->slots[s]);
    if (!r.stack.size && !r.why)
      reachable_reach_values(&r);
  }
  object_stack_free(&r.stack);
  return r.why;
}

/* Checks that what mutators allocate next is born marked. */
static const char *snapshot_check_colours(void) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
      const cells_span *span = &m->buffer.spans[c];
      for (char *p = span->cursor; p < span->limit; p += size_class_bytes(c))
        if (!snapshot_where((gc_object *)p))
          return "a free cell would be an unmarked object in this cycle";
    }
  return NULL;
}

static const char *snapshot_check_bits(const uint64_t *marks) {
  size_t end = blocks_end ? block_granule(blocks_end) : 0;
  for (size_t at = 0; (at = bitmap_next(marks, at, end)) < end; at++)
    if (!cells_is(space_address((uint32_t)at)))
      return "a bit of the cycle is not at the start of a cell";
  return NULL;
}

/* Checks a cycle that marks: that bits are at cells, that new objects will have
 * one, and that everything reachable will. */
static const char *snapshot_check_cycle(void) {
  const char *why = snapshot_check_bits(snap.marking.marks);
  if (!why)
    why = snapshot_check_bits(snap.others);
  if (!why)
    why = snapshot_check_colours();
  if (why)
    return why;
  uint64_t *seen = cells_bitmap();
  if (!seen)
    return "no memory to check in";
  why = snapshot_foresee(seen);
  snapshot_foreseen = seen;
  if (!why)
    why = reachable_check(cells_is_object, snapshot_alive);
  cells_bitmap_destroy(seen);
  return why;
}

static bool snapshot_is_queued(void) {
  uint64_t at = 0;
  bool any = !marking_idle(&snap.marking) || snap.wide.size ||
             snap.roots.size || snap.parted || bag_next(&snap.shaded, &at);
  for (gc_mutator *m = world_mutators(); m && !any; m = m->base.next)
    any = bag_next(&m->shaded, &at);
  return any;
}

/* What is wrong, or NULL. */
static const char *snapshot_check(void) {
  bool under_way = snapshot_marking;
  const char *why = cells_check_all(under_way);
  if (!why && !under_way && snapshot_is_queued())
    why = "something is queued between cycles";
  if (!why && snap.phase == SNAPSHOT_IDLE) {
    size_t end = blocks_end ? block_granule(blocks_end) : 0;
    if (bitmap_next(snap.marking.marks, 0, end) != end ||
        bitmap_next(snap.others, 0, end) != end)
      why = "the bitmap of the next cycle is not clear";
  }
  if (why || under_way)
    return why ? why : snapshot_check_cycle();
  snapshot_foreseen = cells_marks;
  return reachable_check(cells_is_object, snapshot_alive);
}

#endif
