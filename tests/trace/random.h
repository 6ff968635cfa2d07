/* random.h: random operations for the tests of traces. */
#ifndef TESTS_TRACE_RANDOM_H
#define TESTS_TRACE_RANDOM_H

#include "harness/trace/trace.h"

static uint64_t random_state = 88172645463325252u;

static inline void random_seed(uint64_t seed) {
  random_state = seed * 0x9e3779b97f4a7c15u + 1;
}

/* A number from 0 to n - 1 (xorshift64). */
static inline uint32_t below(uint32_t n) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)((random_state >> 20) % n);
}

static inline bool same_operation(const trace_op *x, const trace_op *y) {
  return x->kind == y->kind && x->finalizable == y->finalizable &&
         x->thread == y->thread && x->a == y->a && x->b == y->b && x->c == y->c;
}

#endif
