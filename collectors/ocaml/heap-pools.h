/* heap-pools.h: what the adapter takes from the runtime of OCaml 5, by the
 * names of heap-chunks.h.
 *
 * The heap of a domain is lists of pools, one pair of lists for each size
 * class, swept or to be swept, and two lists of large blocks.  The program has
 * one domain.  caml/sizeclasses.h tells what a pool looks like inside.  No
 * header tells how the lists begin, so that is repeated here; heap_is_known and
 * heap_check compare what is found with what the runtime counts. */
#ifndef REAPMARK_OCAML_HEAP_POOLS_H
#define REAPMARK_OCAML_HEAP_POOLS_H

#include <caml/shared_heap.h>
#include <caml/sizeclasses.h>

#define HEAP_SOURCE "Sivaramakrishnan et al., ICFP 2020, with one domain"

/* Room for the nursery of one domain only. */
#define HEAP_SETTINGS ",d=1"

/* Primitives of OCaml's module Ephemeron, which no header declares. */
value caml_ephe_create(value keys);
value caml_ephe_set_key(value e, value i, value key);
value caml_ephe_set_data(value e, value data);
value caml_ephe_get_key(value e, value i);
value caml_ephe_get_data(value e);

/* How a pool, a large block and a domain's heap begin. */
typedef struct heap_pool {
  struct heap_pool *next;
} heap_pool;

typedef struct heap_large {
  caml_domain_state *owner;
  struct heap_large *next;
  header_t block[];
} heap_large;

enum { HEAP_POOL_LISTS = 4, HEAP_LARGE_LISTS = 2 };

typedef struct heap_of_domain {
  heap_pool *pools[HEAP_POOL_LISTS][NUM_SIZECLASSES];
  heap_large *large[HEAP_LARGE_LISTS];
  unsigned next_to_sweep;
  caml_domain_state *owner;
} heap_of_domain;

static heap_of_domain *heap_here(void) {
  return (heap_of_domain *)Caml_state->shared_heap;
}

/* Whether the calling thread has a domain: only the one that started the
 * runtime has. */
static bool heap_is_ours(void) {
  return Caml_state_opt != NULL;
}

static value heap_block(size_t words, tag_t tag) {
  return caml_alloc_shr_noexc(words, tag);
}

static uint64_t heap_bytes(void) {
  return caml_heap_size(Caml_state->shared_heap);
}

/* The peaks of pools and of large blocks, which need not have been at the same
 * time. */
static uint64_t heap_peak(void) {
  return caml_top_heap_words(Caml_state->shared_heap) * sizeof(value);
}

static bool heap_is_garbage(header_t head) {
  return Has_status_hd(head, caml_global_heap_state.GARBAGE);
}

/* A visit of the blocks in use: of those found dead, the number only. */
typedef struct heap_visit {
  void (*visit)(value o, void *data);
  void *data;
  uint64_t blocks;
} heap_visit;

static void heap_visit_block(heap_visit *v, header_t *head) {
  v->blocks++;
  if (!heap_is_garbage(*head))
    v->visit(Val_hp(head), v->data);
}

/* What blocks do not fill is at the beginning of a pool; before OCaml 5.2 it is
 * at the end. */
static void heap_visit_pool(heap_visit *v, heap_pool *pool,
                            unsigned sizeclass) {
  size_t words = wsize_sizeclass[sizeclass];
  header_t *end = (header_t *)pool + POOL_WSIZE,
           *at = (header_t *)pool + POOL_HEADER_WSIZE;
  if (OCAML_VERSION >= 50200)
    at += wastage_sizeclass[sizeclass];
  for (; at + words <= end; at += words)
    if (*at) /* of a free block it is zero */
      heap_visit_block(v, at);
}

static uint64_t heap_visit_all(void (*visit)(value o, void *data), void *data) {
  heap_visit v = {visit, data, 0};
  const heap_of_domain *h = heap_here();
  for (unsigned list = 0; list < HEAP_POOL_LISTS; list++)
    for (unsigned c = 0; c < NUM_SIZECLASSES; c++)
      for (heap_pool *p = h->pools[list][c]; p; p = p->next)
        heap_visit_pool(&v, p, c);
  for (unsigned list = 0; list < HEAP_LARGE_LISTS; list++)
    for (heap_large *l = h->large[list]; l; l = l->next)
      heap_visit_block(&v, l->block);
  return v.blocks;
}

static void heap_walk(void (*visit)(value o, void *data), void *data) {
  heap_visit_all(visit, data);
}

static bool heap_is_free(value block) {
  return !Hd_val(block) || heap_is_garbage(Hd_val(block));
}

/* Of what is dead, all is found dead at once, and heap_walk leaves it out. */
static bool heap_may_be_dead(value block) {
  (void)block;
  return false;
}

static void heap_visit_nothing(value block, void *data) {
  (void)block, (void)data;
}

static const char *heap_check(void) {
  return heap_visit_all(heap_visit_nothing, NULL) ==
                 caml_heap_blocks(Caml_state->shared_heap)
             ? NULL
             : "the heap has other blocks than the runtime counts";
}

static bool heap_is_known(void) {
  return heap_here()->owner == Caml_state && !heap_check();
}

/* Phases.  A collection of the nursery copies what the roots of one kind reach
 * before it looks at those of the next, so that its roots are no phase.  A
 * slice of the major heap sweeps, and marks when that is done. */
static void heap_hooks(void) {
}

static const char *heap_nursery_begins(void) {
  return "copy";
}

static const char *heap_slice(void) {
  if (caml_gc_phase == Phase_sweep_ephe)
    return "clean";
  return Caml_state->sweeping_done ? "mark" : "sweep";
}

static void finalizers_run(void) {
#if OCAML_VERSION >= 50300
  caml_final_do_calls_res();
#else
  caml_final_do_calls_exn();
#endif
}

static value ephemeron_new(unsigned keys) {
  return caml_ephe_create(Val_long(keys));
}

static void ephemeron_set_key(value e, unsigned i, value key) {
  caml_ephe_set_key(e, Val_long(i), key);
}

static void ephemeron_set_data(value e, value data) {
  caml_ephe_set_data(e, data);
}

/* An option of OCaml: what Some has goes to *some.  To make the option may have
 * collected. */
static bool heap_option(value option, value *some) {
  if (!Is_block(option))
    return false;
  *some = Field(option, 0);
  return true;
}

static bool ephemeron_key(value e, unsigned i, value *key) {
  return heap_option(caml_ephe_get_key(e, Val_long(i)), key);
}

static bool ephemeron_data(value e, value *data) {
  return heap_option(caml_ephe_get_data(e), data);
}

#endif
