/* evacuation.h: what the markers of a space of lines share: tracing.c follows
 * references, and evacuation.c copies what they lead to.  The world is stopped.
 */
#ifndef REAPMARK_IMMIX_EVACUATION_H
#define REAPMARK_IMMIX_EVACUATION_H

#include "gc.h"
#include "common/markers.h"
#include "common/prefetch.h"
#include "immix/layout.h"

enum {
  /* The length of the prefetch queue, and the byte of an object whose cache
   * line is fetched besides that of the first (marking.h says why). */
  IM_FIFO = 64,
  IM_AHEAD = 63,
  /* Generations, while objects are copied: the objects that wait for what they
   * refer to, and of how many references that is fetched. */
  IM_PARENTS = 16,
  IM_FETCHED = 8,
  /* Markers at the most.  With generations there is one: most collections are
   * partial, and too short for help. */
  IM_MARKERS = IM_GENERATIONS ? 1 : MARKERS_MOST,
};

/* A marker.  Number 0 is the thread that collects. */
typedef struct im_marker {
  object_bag grey;           /* objects marked and not scanned, */
  void *fifo[IM_FIFO];       /* those of them that are being fetched, and */
  void *parents[IM_PARENTS]; /* those whose references are */
  prefetch_ends ends, parent_ends; /* (prefetch.h) */
  im_hole copies;                  /* where the next copy goes */
  uint64_t asked; /* times that it wanted room, where lists are bounded */
  /* Not yet counted in the heap: */
  uint64_t objects, bytes, got_old, moved, stayed, copied_twice, unspilled;
} im_marker;
extern im_marker im_markers[IM_MARKERS];

/* Sets bits of a word.  `shared`, here and below: there are several markers. */
static inline void im_set_bits(uint64_t *word, uint64_t bits, bool shared) {
  if (!shared)
    *word |= bits;
  else if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bits) != bits) {
    if (gc_mutant(lines_not_atomic))
      (void)mutant_set_bits(word, bits);
    else
      __atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
  }
}

/* Marks lines `line` to `last`, which lie in several words. */
void im_mark_words(uint64_t *lines, size_t line, size_t last, bool shared);

/* Marks the lines of an object; `lines` is im.lines, and `base` the address of
 * block 0.  Small objects lie in one line or two, as it happens, which no
 * branch should ask for. */
static inline __attribute__((always_inline)) void
im_mark_lines(uint64_t *lines, uintptr_t base, const gc_object *o, size_t bytes,
              bool shared) {
  uintptr_t at = (uintptr_t)o - base;
  if (IM_CONSERVATIVE && bytes <= IM_LINE)
    bytes = 1;
  size_t line = at / IM_LINE, last = (at + bytes - 1) / IM_LINE;
  if (gc_mutant(last_line_unmarked) && last > line)
    last--;
  if (gc_likely(line / 64 == last / 64))
    im_set_bits(&lines[line / 64],
                UINT64_MAX >> (63 - (last - line)) << (line % 64), shared);
  else
    im_mark_words(lines, line, last, shared);
}

/* Copies an object of a candidate that was not reached before, unless there is
 * no room.  Returns where it is from now on; the caller marks it.  `pairs`:
 * ephemerons may wait for it. */
gc_object *im_copy(im_marker *k, gc_object *o, bool pairs);

/* The same with several markers, of which the first decides, and without
 * ephemerons.  `header` is what the caller has read of the object. */
gc_object *im_copy_shared(im_marker *k, gc_object *o, uint64_t header);

/* Where an object of a candidate is from now on. */
static inline gc_object *im_evacuate(im_marker *k, gc_object *o, bool pairs) {
  if (forwarding_moved(o))
    return gc_mutant(second_reference_stale) ? o : forwarding_copy(o);
  return im_marked(o) && !gc_mutant(stayed_copied_later) ? o
                                                         : im_copy(k, o, pairs);
}

/* The same as im_evacuate.  That an object stays may have been decided before
 * there were several markers, which its mark tells. */
static inline gc_object *im_evacuate_shared(im_marker *k, gc_object *o) {
  uint64_t header = forwarding_header(o);
  return forwarding_decided(header) ||
                 bitmap_test_shared(im.marks, space_granule(o))
             ? forwarding_decision(o, header)
             : im_copy_shared(k, o, header);
}

#endif
