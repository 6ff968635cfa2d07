/* object.h: the object layout and the shadow stack of registers that all models
 * share.
 *
 * An object is an 8-byte header, its reference slots, its payload:
 *
 *     | word : 32 | slots : 26, flags : 6 | slot 0 | ... | payload ... |
 *
 * `word` belongs to the collector, for a reference count or a size.  The
 * payload's size in bytes is not kept: nothing needs it once the object is laid
 * out. */
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
    uint64_t header; /* both, for atomic access; little endian */
  };
  struct gc_object *slots[];
} gc_object;

_Static_assert(sizeof(gc_object) == 8, "one header word");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "`meta` is the upper half of `header`");

enum {
  OBJECT_SLOTS = GC_SLOTS_MAX,     /* mask of the slot count in `meta` */
  OBJECT_FINALIZABLE = 1 << 26,    /* not yet handed to its finalizer */
  OBJECT_WEAK_REFERENCE = 1 << 27, /* the object is a weak reference */
  /* A weak reference refers to the object; where counting finds deaths one by
   * one, also that the object has external memory. */
  OBJECT_WEAK_TARGET = 1 << 28,
};
/* Both flags together say that a tracing collector's object is an ephemeron: no
 * weak reference is the target of another. */
#define OBJECT_EPHEMERON                                                       \
  ((uint32_t)(OBJECT_WEAK_REFERENCE | OBJECT_WEAK_TARGET))
/* Flags that the collector may use as it likes. */
#define OBJECT_FLAG_A (1u << 29)
#define OBJECT_FLAG_B (1u << 30)
#define OBJECT_FLAG_C (1u << 31)

/* The number of slots.  It never changes, but the load is atomic because other
 * threads may be changing the flags in the same word. */
static inline uint32_t object_slots(const gc_object *o) {
  return __atomic_load_n(&o->meta, __ATOMIC_RELAXED) & OBJECT_SLOTS;
}

/* Bytes of an object of this shape with its header, rounded up to 16, so that
 * every object begins on a granule. */
static inline size_t object_bytes(gc_shape s) {
  return (8 + 8 * (size_t)s.slots + s.bytes + 15) & ~(size_t)15;
}

/* The `meta` of an object of this shape; `flags` as of gc_new. */
static inline uint32_t object_meta(gc_shape s, unsigned flags) {
  return s.slots | (flags & GC_FINALIZABLE ? (uint32_t)OBJECT_FINALIZABLE : 0);
}

/* Writes the header and null slots. */
static inline void object_init(gc_object *o, uint32_t word, uint32_t meta,
                               uint32_t slots) {
  o->header = (uint64_t)meta << 32 | word;
  /* For a small constant number the compiler unrolls this. */
  for (uint32_t i = 0; i < slots; i++)
    o->slots[i] = NULL;
}

static inline void *object_payload(gc_object *o) {
  return &o->slots[object_slots(o)];
}

/* The beginning of every model's mutator.  A collector defines struct
 * gc_mutator with this as its first member, `base`, and with `gc_object *reg[]`
 * as its last, so that the shadow stack follows directly and a register is one
 * load away. Right after the struct it says
 *
 *     #define GC_MUTATOR_DEFINED
 *
 * because the templates in common/inline/, which use the struct's members, must
 * not be included before. */
typedef struct gc_mutator_base {
  gc_heap *heap;
  gc_reg top;    /* registers with lower numbers are in a frame */
  size_t mapped; /* bytes of this mutator's mapping (world.h) */
  gc_object *tls[GC_TLS];
  struct gc_mutator *next, *previous; /* in the world's list */
#ifdef GC_CHECKS
  uint8_t borrowing[GC_REGISTERS]; /* 1: the register is a borrowing one */
#endif
} gc_mutator_base;

/* The global roots.  The last one is number GC_GLOBALS, which only collectors
 * with explicit freeing have (gc_free in gc.h); to others it is no root. */
extern gc_object *object_globals[GC_GLOBALS + 1];

/* Ends the process: too many registers are in use. */
_Noreturn void object_stack_overflow(void);

/* Ends the process if the mutator misuses the interface, where GC_CHECKS is
 * defined.  `number` is what the message shows, such as a register. */
#ifdef GC_CHECKS
_Noreturn void object_misuse(const char *what, uint32_t number);
#define OBJECT_CHECK(condition, what, number)                                  \
  ((condition) ? (void)0 : object_misuse(what, number))
#else
#define OBJECT_CHECK(condition, what, number) ((void)0)
#endif

#endif
