/* ocaml.h: OCaml's memory management, the inline half.
 *
 * OCaml has a copying nursery and a mark-sweep heap that is collected in
 * slices.  Blocks have the layout that ocamlopt gives to records.  All that the
 * runtime may scan must be values.  So raw payload is a block of its own, like
 * Bytes in a record, allocated together with its object:
 *
 *     object       slot 0 ... slot n-1, payload (if it has any)
 *     finalizable  slot 0 ... slot n-1, token, payload (both always)
 *     leaf         payload
 *     weak         the runtime's ephemeron, whether its target has a token
 *     ephemeron    the same
 *
 * The token of a finalizable object is a block with true in it until the object
 * is found dead, and then unit.
 *
 * Null is unit.  Objects move: the registers are local roots of the runtime, as
 * CAMLlocal makes them.  There is one heap with one lock, so there is one
 * mutator at a time.  In OCaml 5 that is the heap of the first domain. */
#ifndef REAPMARK_OCAML_H
#define REAPMARK_OCAML_H

#include <caml/version.h>

#define GC_EPHEMERONS 1
/* External memory is given back by Gc.finalise_last, which in OCaml 5.0 to 5.2
 * may lose a request or write beyond its table when it collects the nursery
 * (OCaml's issue 13502).  So with these there is none. */
#if OCAML_VERSION < 50000 || OCAML_VERSION >= 50300
#define GC_EXTERNAL 1
#endif

#include <stdio.h>
#include "gc.h"

#define CAML_NAME_SPACE
#define CAML_INTERNALS
#include <caml/memory.h>
#include <caml/mlvalues.h>
#undef CAML_INTERNALS

/* Tags of the blocks that are objects.  Payload blocks have String_tag. */
enum {
  ML_OBJECT = 101,
  ML_FINALIZABLE = 102,
  ML_WEAK = 103,
  ML_EPHEMERON = 104,
  ML_LEAF = Double_array_tag
};

struct gc_mutator {
  gc_heap *heap;
  struct caml__roots_block registers; /* nitems: the registers in frames */
  struct caml__roots_block locals;    /* the thread-local roots */
  value tls[GC_TLS];
  value reg[];
};
#define GC_MUTATOR_DEFINED

extern value ml_globals[GC_GLOBALS];

/* Slow paths, in ocaml.c.  ml_nursery_slow returns `words` words of the
 * nursery, headers included, after a collection.  ml_new_slow makes an object
 * that is too large for the nursery or has a finalizer.  A false result of
 * ml_new_slow, ml_weak_new and ml_ephemeron_new means that memory ran out. */
value *ml_nursery_slow(size_t words);
bool ml_new_slow(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags);
bool ml_weak_new(gc_mutator *m, gc_reg dst, gc_reg target);
bool ml_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak);
bool ml_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key, gc_reg data);
bool ml_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair);
bool ml_finalizer_next(gc_mutator *m, gc_reg dst);
bool ml_external(gc_mutator *m, gc_reg obj, uint32_t bytes);
_Noreturn void ml_stack_overflow(void);

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  gc_reg frame = (gc_reg)m->registers.nitems;
  if (gc_unlikely(GC_REGISTERS - frame < owning + borrowing))
    ml_stack_overflow();
  for (uint32_t i = 0; i < owning + borrowing; i++)
    m->reg[frame + i] = Val_unit;
  m->registers.nitems += owning + borrowing;
  return frame;
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  (void)owning, (void)borrowing;
  m->registers.nitems = frame;
}

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

static inline size_t ml_payload_words(gc_shape shape) {
  return (shape.bytes + 7) / 8;
}

/* The end of the nursery, or a higher address if something is to be done first.
 * In OCaml 5 it may be changed at any time. */
static inline uintptr_t ml_nursery_limit(caml_domain_state *domain) {
#if OCAML_VERSION >= 50000
  return atomic_load_explicit(&domain->young_limit, memory_order_relaxed);
#else
  return (uintptr_t)domain->young_limit;
#endif
}

/* Returns words of the nursery, from which the caller makes blocks. */
static inline value *ml_nursery(size_t words) {
  caml_domain_state *domain = Caml_state;
  value *at = domain->young_ptr - words;
  if (gc_unlikely((uintptr_t)at < ml_nursery_limit(domain)))
    return ml_nursery_slow(words);
  domain->young_ptr = at;
  return at;
}

static inline value ml_block(value *at, size_t words, tag_t tag) {
  *at = (value)Make_header(words, tag, 0);
  return (value)(at + 1);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  size_t payload = ml_payload_words(shape);
  size_t fields = shape.slots + (payload > 0);
  size_t words = 1 + fields + (payload ? 1 + payload : 0);
  if (gc_unlikely(words > Max_young_whsize || flags & GC_FINALIZABLE))
    return ml_new_slow(m, dst, shape, flags);
  if (shape.slots == 0) { /* a block has at least one field */
    payload = payload ? payload : 1;
    m->reg[dst] = ml_block(ml_nursery(1 + payload), payload, ML_LEAF);
    return true;
  }
  value *at = ml_nursery(words);
  value o = ml_block(at, fields, ML_OBJECT);
  for (uint32_t i = 0; i < shape.slots; i++)
    Field(o, i) = Val_unit;
  if (payload)
    Field(o, shape.slots) = ml_block(at + 1 + fields, payload, String_tag);
  m->reg[dst] = o;
  return true;
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  return ml_weak_new(m, dst, target);
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  return ml_weak_get(m, dst, weak);
}

static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  return ml_ephemeron_new(m, dst, key, value);
}

static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  return ml_ephemeron_get(m, dst, pair);
}

#if GC_EXTERNAL
static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return ml_external(m, obj, bytes);
}
#endif

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  return ml_finalizer_next(m, dst);
}

/* Nothing to do: there is one thread. */
static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

/* ------------------------------------------------------------------------- *
 * Access.  Only stores into objects have a barrier: the runtime scans roots at
 * every collection.
 * ------------------------------------------------------------------------- */

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  m->reg[dst] = Field(m->reg[obj], i);
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  caml_modify(&Field(m->reg[obj], i), m->reg[src]);
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  caml_modify(&Field(m->reg[obj], i), Val_unit);
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  value o = m->reg[obj];
  return (void *)(Tag_val(o) == ML_LEAF ? o : Field(o, Wosize_val(o) - 1));
}

#define ROOT_NULL    Val_unit
#define ROOT_GLOBALS ml_globals
#include "common/inline/root-operations.h"

#endif
