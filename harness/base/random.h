/* random.h: a small generator of pseudo-random numbers, the same on every
 * machine, so that whatever is drawn can be repeated from its seed. */
#ifndef REAPMARK_RANDOM_H
#define REAPMARK_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* A one-to-one mapping of 64 bits in which each bit of the result depends on
 * all of them: the last step of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
 */
static inline uint64_t random_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* The next 64 bits of SplitMix64; *state is the seed at first. */
static inline uint64_t random_next(uint64_t *state) {
  return random_mix(*state += 0x9e3779b97f4a7c15u);
}

/* A number below n: the high half of the product, without the bias that a
 * remainder has at small n. */
static inline size_t random_below(uint64_t *state, size_t n) {
  return (size_t)(((unsigned __int128)random_next(state) * n) >> 64);
}

#endif
