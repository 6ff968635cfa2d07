/* rig.h: a heap and one mutator for tests of collectors, without the cell
 * runtime. */
#ifndef REAPMARK_TESTS_RIG_H
#define REAPMARK_TESTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "common/hostile/poison.h"
#include "gc.h"

static gc_heap *heap;
static gc_mutator *m;

void gc_out_of_memory(gc_mutator *who, gc_shape shape) {
  (void)who;
  fprintf(stderr, "out of memory for %u slots, %u bytes\n", shape.slots,
          shape.bytes);
  abort();
}

/* The tests leave all threads where the kernel puts them.  A test that has to
 * know the collector's threads defines what each of them does first. */
#ifndef RIG_HELPER_THREAD
#define RIG_HELPER_THREAD() ((void)0)
#endif
void gc_helper_thread(void) {
  RIG_HELPER_THREAD();
}

static inline void rig_open(uint64_t limit) {
  heap = gc_heap_create(&(gc_config){limit, GC_NULL_LISTENER});
  assert_non_null(heap);
  m = gc_thread_attach(heap);
  assert_non_null(m);
}

static inline void rig_check(void) {
  const char *why = gc_heap_check(heap);
  if (why)
    fail_msg("%s", why);
}

/* The check must find what a test has broken, and say so with these words. */
static inline void rig_broken(const char *words) {
  const char *why = gc_heap_check(heap);
  if (!why || !strstr(why, words))
    fail_msg("\"%s\" was expected to contain \"%s\"", why ? why : "", words);
}

static inline void rig_close(void) {
  rig_check();
  poison_check_all();
  gc_thread_detach(m);
  gc_heap_destroy(heap);
}

/* Objects in the heap after a collection. */
static inline uint64_t rig_objects(void) {
  gc_collect(m);
  rig_check();
  return gc_heap_objects(heap);
}

static inline uint64_t rig_counter(const char *name) {
  gc_counter counters[64];
  size_t n = gc_heap_counters(heap, counters, 64);
  for (size_t i = 0; i < n; i++)
    if (!strcmp(counters[i].name, name))
      return counters[i].value;
  fail_msg("no counter %s", name);
  return 0;
}

/* Sets an option of the collector, until the next time. */
static inline void rig_option(const char *name, uint64_t value) {
  for (const gc_option *o = gc_this_collector.options; o->name; o++) {
    if (!strcmp(o->name, name)) {
      *o->value = value;
      return;
    }
  }
  fail_msg("no option %s", name);
}

static inline uint64_t rig_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

/* dst <- a list of n nodes of one slot. */
static inline void rig_list(gc_reg dst, unsigned n) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_clear(m, dst);
  for (unsigned i = 0; i < n; i++) {
    gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
    gc_store_take(m, f, 0, dst);
    gc_move(m, dst, f);
  }
  gc_frame_leave(m, f, 1, 0);
}

/* dst <- a ring of n nodes of one slot. */
static inline void rig_ring(gc_reg dst, unsigned n) {
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN); /* the last */
  gc_copy(m, f + 1, f);
  for (unsigned i = 1; i < n; i++) {
    gc_new(m, dst, (gc_shape){1, 8}, GC_PLAIN);
    gc_store_take(m, dst, 0, f + 1);
    gc_move(m, f + 1, dst);
  }
  gc_store(m, f, 0, f + 1);
  gc_move(m, dst, f + 1);
  gc_frame_leave(m, f, 2, 0);
}

#endif
