/* choice.h: choices of the random mutator, from its random generator or from
 * bytes. */
#ifndef REAPMARK_FUZZ_CHOICE_H
#define REAPMARK_FUZZ_CHOICE_H

#include "actor.h"

/* One of 0 to n - 1; 0 when the bytes are used up. */
uint32_t choose(source *s, uint32_t n);

/* True once in `one_in` times. */
static inline bool chance(source *s, uint32_t one_in) {
  return choose(s, one_in) == 0;
}

/* The shape of an object: mostly small, and the sizes at which collectors
 * change what they do: as many slots as a word has bits, the edges of size
 * classes and pages, objects of many pages. */
gc_shape choose_shape(source *s);

/* The length of a list or ring: mostly up to 8, at most 200. */
uint32_t choose_length(source *s);

#endif
