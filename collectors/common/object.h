/* object.h: the object layout and the register file that our own collectors
 * share.
 *
 * An object is an 8-byte header, its reference slots, its payload:
 *
 *     | word : 32 | slots : 26, flags : 6 | slot 0 | ... | payload ... |
 *
 * `word` belongs to the collector: a reference count, or nothing.  The shape's
 * byte count is not kept: nothing needs it once the object is laid out. */
#ifndef REAPMARK_COMMON_OBJECT_H
#define REAPMARK_COMMON_OBJECT_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gc.h"

typedef struct gc_object {
  union {
    struct {
      uint32_t word;
      uint32_t meta;
    };
    uint64_t header; /* both at once, for atomic access; little endian */
  };
  struct gc_object *slots[];
} gc_object;

_Static_assert(sizeof(gc_object) == 8, "one header word");

enum {
  OBJECT_SLOTS = GC_SLOTS_MAX,     /* mask of the slot count in `meta` */
  OBJECT_FINALIZABLE = 1 << 26,    /* not yet handed to its finalizer */
  OBJECT_WEAK_REFERENCE = 1 << 27, /* is a weak reference (weak.h) */
  OBJECT_WEAK_TARGET = 1 << 28,    /* some weak reference refers to it */
};
/* For the collector. */
#define OBJECT_FLAG_A (1u << 29)
#define OBJECT_FLAG_B (1u << 30)
#define OBJECT_FLAG_C (1u << 31)

/* The slot count never changes, but other threads may be changing the flags
 * beside it, or the count as one word with them. */
static inline uint32_t object_slots(const gc_object *o) {
  return __atomic_load_n(&o->meta, __ATOMIC_RELAXED) & OBJECT_SLOTS;
}

/* Bytes of an object of this shape, header included, rounded up to 16 so that
 * every object starts on a granule. */
static inline size_t object_bytes(gc_shape s) {
  return (8 + 8 * (size_t)s.slots + s.bytes + 15) & ~(size_t)15;
}

static inline uint32_t object_meta(gc_shape s, unsigned flags) {
  return s.slots | (flags & GC_FINALIZABLE ? (uint32_t)OBJECT_FINALIZABLE : 0);
}

/* Writes the header and null slots. */
static inline void object_init(gc_object *o, uint32_t word, uint32_t meta,
                               uint32_t slots) {
  o->header = (uint64_t)meta << 32 | word;
  /* Small constant counts become straight stores. */
  for (uint32_t i = 0; i < slots; i++)
    o->slots[i] = NULL;
}

static inline void *object_payload(gc_object *o) {
  return &o->slots[object_slots(o)];
}

/* What every mutator of ours begins with.  The collector's struct gc_mutator
 * has it as first member `base` and ends in `gc_object *reg[]`: the shadow
 * stack follows the mutator directly, so that a register is one load away. */
typedef struct gc_mutator_base {
  gc_heap *heap;
  gc_reg top;    /* registers below it are in some frame */
  size_t mapped; /* bytes of this mutator's mapping */
  gc_object *tls[GC_TLS];
  struct gc_mutator *next; /* in the world's list */
#ifdef GC_CHECKS
  uint8_t borrowing[GC_REGISTERS]; /* kind of each register */
#endif
} gc_mutator_base;

/* Process-wide root slots; the last is that of gc_free (gc.h), and no root. */
extern gc_object *object_globals[GC_GLOBALS + 1];

_Noreturn void object_stack_overflow(void);

#ifdef GC_CHECKS
_Noreturn void object_misuse(const char *what, uint32_t number);
#define OBJECT_CHECK(condition, what, number)                                  \
  ((condition) ? (void)0 : object_misuse(what, number))
#else
#define OBJECT_CHECK(condition, what, number) ((void)0)
#endif

#endif
