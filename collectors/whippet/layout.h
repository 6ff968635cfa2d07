/* layout.h: what Whippet's collectors and the adapter both have to know of
 * objects and roots.  It includes nothing of gc.h and nothing of Whippet, whose
 * names collide.
 *
 * Objects are those of common/object.h: a header of 64 bits, slots, payload.
 * The low half of the header (`word`) belongs to the collector:
 *
 *     live         size in bytes / 8 in bits 1 to 31, bit 0 is 1
 *     being moved  the whole header is 0
 *     moved        the whole header is the new address, so bit 0 is 0
 *
 * Whippet's own objects have such a header, too: ephemerons, which are our weak
 * references and ephemerons, and finalizers.  Nobody but the adapter sees
 * finalizers and tokens (whippet.c). */
#ifndef REAPMARK_WHIPPET_LAYOUT_H
#define REAPMARK_WHIPPET_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

/* In the high half of the header; whippet.c checks that they are those of
 * common/object.h. */
#define WHIPPET_SLOTS     ((UINT32_C(1) << 26) - 1) /* OBJECT_SLOTS */
#define WHIPPET_EPHEMERON (UINT32_C(1) << 27)       /* OBJECT_WEAK_REFERENCE */
#define WHIPPET_FINALIZER (UINT32_C(1) << 30)       /* OBJECT_FLAG_B */
#define WHIPPET_TOKEN     (UINT32_C(1) << 31)       /* OBJECT_FLAG_C */
#define WHIPPET_OWN       (WHIPPET_EPHEMERON | WHIPPET_FINALIZER)

/* The header of a live object of `bytes` bytes, a multiple of 8. */
static inline uint64_t whippet_header(size_t bytes, uint32_t meta) {
  return (uint64_t)meta << 32 | (uint32_t)(bytes >> 2 | 1);
}

/* The size in the header of a live object. */
static inline size_t whippet_size(uint64_t header) {
  return (size_t)((uint32_t)header & ~UINT32_C(1)) << 2;
}

/* The roots of a mutator: its registers in frames, its thread-local roots, and
 * an object that has no register yet. */
struct gc_mutator_roots {
  const uint32_t *top; /* the number of registers in frames */
  void **reg;
  void **tls;
  unsigned tls_count;
  void *held;
};

/* The roots of the process: global roots, and dead objects that the adapter has
 * queued for their finalizers. */
struct gc_heap_roots {
  void **globals;
  unsigned globals_count;
  size_t (*queue)(void ***first); /* the world is stopped */
};

#endif
