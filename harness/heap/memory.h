/* memory.h: memory for the files of this folder.  If there is none, the process
 * ends with one line: a heap may be larger than the machine. */
#ifndef REAPMARK_HEAP_MEMORY_H
#define REAPMARK_HEAP_MEMORY_H

#include <stdlib.h>

#include "harness/base/say.h"

static inline void *heap_checked(void *memory) {
  if (memory)
    return memory;
  say("no memory for a heap of this size");
  exit(EXIT_SOME_FAILED);
}

/* `count` zeroed elements of `size` bytes, to be freed by free(). */
static inline void *heap_take(size_t count, size_t size) {
  return heap_checked(calloc(count ? count : 1, size));
}

/* Makes room for one more element in an array of `count` elements, which has
 * room for *room. */
static inline void *heap_more(void *array, size_t count, size_t *room,
                              size_t size) {
  if (count < *room)
    return array;
  *room = *room ? *room + *room / 2 : 64;
  return heap_checked(reallocarray(array, *room, size));
}

#endif
