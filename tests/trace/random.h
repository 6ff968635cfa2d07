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

/* The largest value that an operand may have, by its letter. */
static inline uint32_t operand_most(char letter) {
  switch (letter) {
  case 'n':
    return GC_REGISTERS;
  case 'i':
    return GC_SLOTS_MAX - 1;
  case 'g':
    return GC_GLOBALS - 1;
  case 'l':
    return GC_TLS - 1;
  case '#':
    return TRACE_OBJECTS;
  case 'x':
    return GC_BYTES_MAX;
  default:
    return GC_REGISTERS - 1;
  }
}

/* An operation of this kind: its operands at random, or as large as can be. */
static inline trace_op operation_of_kind(uint8_t kind, bool largest) {
  trace_op op = {.kind = kind, .thread = (uint16_t)below(3)};
  uint32_t *operands[] = {&op.a, &op.b, &op.c};
  size_t n = 0;
  for (const char *l = trace_kinds[kind].operands; *l; l++) {
    if (*l == 's') {
      *operands[n++] = largest ? GC_SLOTS_MAX : below(100);
      *operands[n++] = largest ? GC_BYTES_MAX : below(100);
      op.finalizable = below(2);
    } else if (*l == '?')
      *operands[n++] = largest ? TRACE_OBJECTS + 1 : below(3);
    else
      *operands[n++] =
          largest ? operand_most(*l) : (*l == '#' || *l == 'x') + below(8);
  }
  return op;
}

#endif
