/* heap-chunks.h: what the adapter takes from the runtime of OCaml 4: the heap
 * outside the nursery is a list of chunks, each of which is a row of blocks.
 * heap-pools.h is the same for OCaml 5; the two define the same functions. */
#ifndef REAPMARK_OCAML_HEAP_CHUNKS_H
#define REAPMARK_OCAML_HEAP_CHUNKS_H

#include <caml/gc.h>
#include <caml/startup_aux.h>

#define HEAP_SOURCE "Doligez & Leroy, POPL 1993, without its threads"

/* Further settings, behind those of all versions. */
#define HEAP_SETTINGS ""

/* Whether this file describes the runtime: chunks are part of its interface. */
static bool heap_is_known(void) {
  return true;
}

/* Whether the calling thread may use the runtime: any may, one at a time. */
static bool heap_is_ours(void) {
  return true;
}

/* A block outside the nursery, or 0.  Never collects. */
static value heap_block(size_t words, tag_t tag) {
  return caml_alloc_shr_no_track_noexc(words, tag);
}

static uint64_t heap_bytes(void) {
  return (uint64_t)Caml_state->stat_heap_wsz * sizeof(value);
}

static uint64_t heap_peak(void) {
  return (uint64_t)Caml_state->stat_top_heap_wsz * sizeof(value);
}

/* Calls `visit` for every block outside the nursery that is not free. */
static void heap_walk(void (*visit)(value o, void *data), void *data) {
  for (char *chunk = caml_heap_start; chunk; chunk = Chunk_next(chunk)) {
    char *end = chunk + Chunk_size(chunk);
    for (char *at = chunk; at < end; at += Bhsize_hp(at))
      if (!Is_blue_hd(Hd_hp(at)))
        visit(Val_hp(at), data);
  }
}

static bool heap_is_free(value block) {
  return Is_blue_val(block);
}

/* Whether the block may be dead, and wait to be freed after what it refers
 * to. */
static bool heap_may_be_dead(value block) {
  return caml_gc_phase == Phase_sweep && Is_white_val(block);
}

static const char *heap_check(void) {
  return NULL;
}

/* Phases: that with which a collection of the nursery begins, and that of a
 * slice of the major heap, which does one thing: it begins a cycle with the
 * roots, marks, cleans ephemerons, or sweeps. */
static bool heap_in_nursery;

/* Also after the roots of the major heap, which are a phase of their own. */
static void heap_on_roots(scanning_action action) {
  (void)action;
  if (heap_in_nursery)
    listener_phase("copy");
  heap_in_nursery = false;
}

static void heap_hooks(void) {
  caml_scan_roots_hook = heap_on_roots;
}

static const char *heap_nursery_begins(void) {
  heap_in_nursery = true;
  return "roots";
}

static const char *heap_slice(void) {
  static const char *const names[] = {[Phase_mark] = "mark",
                                      [Phase_clean] = "clean",
                                      [Phase_sweep] = "sweep",
                                      [Phase_idle] = "roots"};
  return names[caml_gc_phase];
}

/* Calls the finalizers that are due. */
static void finalizers_run(void) {
  caml_final_do_calls_exn();
}

/* Ephemerons.  What is got is a block of the heap, or false is returned. */
static value ephemeron_new(unsigned keys) {
  return caml_ephemeron_create(keys);
}

static void ephemeron_set_key(value e, unsigned i, value key) {
  caml_ephemeron_set_key(e, i, key);
}

static void ephemeron_set_data(value e, value data) {
  caml_ephemeron_set_data(e, data);
}

static bool ephemeron_key(value e, unsigned i, value *key) {
  return caml_ephemeron_get_key(e, i, key);
}

static bool ephemeron_data(value e, value *data) {
  return caml_ephemeron_get_data(e, data);
}

#endif
