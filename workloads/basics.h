/* basics.h: arithmetic, and memory outside the heap, for workloads and what
 * drives them.  Nothing here touches the heap. */
#ifndef REAPMARK_BASICS_H
#define REAPMARK_BASICS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline uint64_t max_u64(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* A bijection that scatters neighbours: SplitMix64's finaliser (Steele, Lea &
 * Flood, OOPSLA 2014). */
static inline uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* Zeroed memory for `count` items of `size` bytes outside the heap, to be
 * freed by free().  Ends the process when there is none. */
static inline void *own_memory(size_t count, size_t size) {
  void *p = calloc(count, size);
  if (p == NULL) {
    fprintf(stderr, "workload: no memory for %zu x %zu bytes of its own\n",
            count, size);
    exit(EXIT_FAILURE);
  }
  return p;
}

#endif
