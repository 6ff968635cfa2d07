/* memory.h: memory for the files of this folder.  If there is none, the process
 * ends with one line: a trace may be larger than the machine, or than the limit
 * that somebody set. */
#ifndef REAPMARK_TRACE_MEMORY_H
#define REAPMARK_TRACE_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the process with exit status 1, because there is no memory for `what`.
 * Any thread. */
_Noreturn static inline void trace_no_memory(const char *what) {
  fprintf(stderr, "trace: no memory for %s\n", what);
  exit(EXIT_FAILURE);
}

/* realloc of at least one byte, which does not fail. */
static inline void *trace_memory(void *old, size_t bytes) {
  void *p = realloc(old, bytes ? bytes : 1);
  if (!p)
    trace_no_memory("what is alive in the trace");
  return p;
}

/* calloc, which does not fail. */
static inline void *trace_zeroed(size_t count, size_t size) {
  void *p = calloc(count ? count : 1, size);
  if (!p)
    trace_no_memory("what is alive in the trace");
  return p;
}

/* Makes room for `needed` items of `size` bytes in an array that has *room of
 * them; new ones are zero. */
static inline void *trace_more(void *array, size_t *room, size_t needed,
                               size_t size) {
  if (needed <= *room)
    return array;
  size_t old = *room;
  *room = needed > 2 * old ? needed : 2 * old;
  array = trace_memory(array, *room * size);
  memset((char *)array + old * size, 0, (*room - old) * size);
  return array;
}

#endif
