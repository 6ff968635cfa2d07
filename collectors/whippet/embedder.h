/* embedder.h: what Whippet asks of the program that it is part of
 * (gc-embedder-api.h): how objects are traced and moved, and where roots are.
 * Each of Whippet's sources is compiled against this file, so that tracing is
 * inlined into the collector, as in Whippet's own benchmarks. */
#ifndef REAPMARK_WHIPPET_EMBEDDER_H
#define REAPMARK_WHIPPET_EMBEDDER_H

#include "layout.h"

#include "gc-api.h"
#include "gc-atomics.h"
#include "gc-embedder-api.h"
#include "gc-ephemeron.h"
#include "gc-finalizer.h"

#define GC_EMBEDDER_EPHEMERON_HEADER uint64_t header;
#define GC_EMBEDDER_FINALIZER_HEADER uint64_t header;

typedef void (*whippet_visit)(struct gc_edge edge, struct gc_heap *heap,
                              void *data);

/* ------------------------------------------------------------------------- *
 * Tracing.
 * ------------------------------------------------------------------------- */

static inline uint64_t *whippet_header_of(struct gc_ref ref) {
  return gc_ref_heap_object(ref);
}

static inline void whippet_visit_all(void **place, size_t count,
                                     whippet_visit visit, struct gc_heap *heap,
                                     void *data) GC_ALWAYS_INLINE;
static inline void whippet_visit_all(void **place, size_t count,
                                     whippet_visit visit, struct gc_heap *heap,
                                     void *data) {
  for (size_t i = 0; i < count; i++)
    visit(gc_edge(place + i), heap, data);
}

/* Visits the references of an object; returns its size.  Without `visit`, only
 * the size is wanted. */
static inline size_t gc_trace_object(struct gc_ref ref, whippet_visit visit,
                                     struct gc_heap *heap, void *data) {
  uint64_t header = *whippet_header_of(ref);
  uint32_t meta = (uint32_t)(header >> 32);
  if (visit) {
    if (GC_LIKELY(!(meta & WHIPPET_OWN)))
      whippet_visit_all((void **)(whippet_header_of(ref) + 1),
                        meta & WHIPPET_SLOTS, visit, heap, data);
    else if (meta & WHIPPET_EPHEMERON)
      gc_trace_ephemeron(gc_ref_heap_object(ref), visit, heap, data);
    else
      gc_trace_finalizer(gc_ref_heap_object(ref), visit, heap, data);
  }
  return whippet_size(header);
}

static inline void gc_trace_mutator_roots(struct gc_mutator_roots *roots,
                                          whippet_visit visit,
                                          struct gc_heap *heap, void *data) {
  if (!roots)
    return;
  whippet_visit_all(roots->reg, *roots->top, visit, heap, data);
  whippet_visit_all(roots->tls, roots->tls_count, visit, heap, data);
  visit(gc_edge(&roots->held), heap, data);
}

static inline void gc_trace_heap_roots(struct gc_heap_roots *roots,
                                       whippet_visit visit,
                                       struct gc_heap *heap, void *data) {
  if (!roots)
    return;
  void **queue;
  size_t waiting = roots->queue(&queue);
  whippet_visit_all(roots->globals, roots->globals_count, visit, heap, data);
  whippet_visit_all(queue, waiting, visit, heap, data);
}

/* ------------------------------------------------------------------------- *
 * Moving.  The header is the forwarding word.
 * ------------------------------------------------------------------------- */

static inline int whippet_is_live(uint64_t header) {
  return header & 1;
}

static inline enum gc_forwarding_state whippet_state(uint64_t header) {
  return header == 0               ? GC_FORWARDING_STATE_BUSY
         : whippet_is_live(header) ? GC_FORWARDING_STATE_NOT_FORWARDED
                                   : GC_FORWARDING_STATE_FORWARDED;
}

static inline uintptr_t gc_object_forwarded_nonatomic(struct gc_ref ref) {
  uint64_t header = *whippet_header_of(ref);
  return whippet_is_live(header) ? 0 : header;
}

static inline void gc_object_forward_nonatomic(struct gc_ref ref,
                                               struct gc_ref new_ref) {
  *whippet_header_of(ref) = gc_ref_value(new_ref);
}

static inline struct gc_atomic_forward
gc_atomic_forward_begin(struct gc_ref ref) {
  uint64_t header = gc_atomic_load(whippet_header_of(ref));
  return (struct gc_atomic_forward){ref, header, whippet_state(header)};
}

static inline int gc_atomic_forward_retry_busy(struct gc_atomic_forward *f) {
  f->data = gc_atomic_load(whippet_header_of(f->ref));
  f->state = whippet_state(f->data);
  return f->state != GC_FORWARDING_STATE_BUSY;
}

static inline void gc_atomic_forward_acquire(struct gc_atomic_forward *f) {
  if (gc_atomic_cmpxchg_strong(whippet_header_of(f->ref), &f->data, 0))
    f->state = GC_FORWARDING_STATE_ACQUIRED;
  else
    f->state = whippet_state(f->data);
}

static inline void gc_atomic_forward_abort(struct gc_atomic_forward *f) {
  gc_atomic_store(whippet_header_of(f->ref), f->data);
  f->state = GC_FORWARDING_STATE_NOT_FORWARDED;
}

static inline size_t
gc_atomic_forward_object_size(struct gc_atomic_forward *f) {
  return whippet_size(f->data);
}

static inline void gc_atomic_forward_commit(struct gc_atomic_forward *f,
                                            struct gc_ref new_ref) {
  *whippet_header_of(new_ref) = f->data;
  gc_atomic_store(whippet_header_of(f->ref), gc_ref_value(new_ref));
  f->state = GC_FORWARDING_STATE_FORWARDED;
}

static inline uintptr_t gc_atomic_forward_address(struct gc_atomic_forward *f) {
  return f->data;
}

/* ------------------------------------------------------------------------- *
 * What this program does not have: conservative or pinned roots, objects that
 * are not Whippet's, several priorities of finalizers.
 * ------------------------------------------------------------------------- */

static inline size_t gc_finalizer_priority_count(void) {
  return 1;
}

static inline int
gc_is_valid_conservative_ref_displacement(uintptr_t displacement) {
  return displacement == 0;
}

static inline int gc_extern_space_visit(struct gc_extern_space *space,
                                        struct gc_ref ref) {
  GC_CRASH(); /* a reference to no object of Whippet's */
}

static inline void gc_extern_space_start_gc(struct gc_extern_space *space,
                                            int is_minor_gc) {
}

static inline void gc_extern_space_finish_gc(struct gc_extern_space *space,
                                             int is_minor_gc) {
}

typedef void (*whippet_visit_pinned)(struct gc_ref ref, struct gc_heap *heap,
                                     void *data);
typedef void (*whippet_visit_range)(uintptr_t start, uintptr_t end,
                                    int possibly_interior, struct gc_heap *heap,
                                    void *data);

static inline void gc_trace_mutator_pinned_roots(struct gc_mutator_roots *roots,
                                                 whippet_visit_pinned pinned,
                                                 whippet_visit_range ambiguous,
                                                 struct gc_heap *heap,
                                                 void *data) {
}

static inline void gc_trace_heap_pinned_roots(struct gc_heap_roots *roots,
                                              whippet_visit_pinned pinned,
                                              whippet_visit_range ambiguous,
                                              struct gc_heap *heap,
                                              void *data) {
}

#endif
