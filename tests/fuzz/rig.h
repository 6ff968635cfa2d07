/* rig.h: runs fuzz and replay without the cell runtime: one thread, one heap,
 * and a violation that goes wherever the test wants it. */
#ifndef REAPMARK_TESTS_FUZZ_RIG_H
#define REAPMARK_TESTS_FUZZ_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operations/fuzz/fuzz.h"

extern const workload workload_fuzz;

static wl_run rig_run;
static wl_thread rig_thread;
static wl_coverage rig_coverage; /* of the last run */

/* Defined by the test. */
_Noreturn static void rig_violation(const char *oracle, const char *story);

_Noreturn static void rig_fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  abort();
}

static void rig_open(uint64_t limit) {
  rig_run.workload = &workload_fuzz;
  for (unsigned i = 0; i < WL_PARAMS && workload_fuzz.params[i].name; i++)
    rig_run.params[i] = workload_fuzz.params[i].initial;
  rig_run.seed = 1;
  rig_run.threads = 1;
  rig_run.heap_limit = limit;
  rig_run.heap = gc_heap_create(&(gc_config){limit, GC_NULL_LISTENER});
  if (!rig_run.heap)
    rig_fail("no memory for the heap");
  rig_thread.run = &rig_run;
  rig_thread.m = gc_thread_attach(rig_run.heap);
  for (unsigned i = 0; i < 4; i++)
    rig_thread.random[i] = i + 1;
}

/* Sets a parameter of fuzz; a choice by its name. */
static inline void rig_set(const char *name, const char *value) {
  for (unsigned i = 0; i < WL_PARAMS && workload_fuzz.params[i].name; i++) {
    const wl_param *p = &workload_fuzz.params[i];
    if (strcmp(p->name, name))
      continue;
    if (!p->choices) {
      rig_run.params[i] = strtoull(value, NULL, 10);
      return;
    }
    for (uint64_t c = 0; p->choices[c]; c++)
      if (!strcmp(p->choices[c], value)) {
        rig_run.params[i] = c;
        return;
      }
  }
  rig_fail("no such parameter, or value of it");
}

static inline void rig_close(void) {
  gc_thread_detach(rig_thread.m);
  gc_heap_destroy(rig_run.heap);
}

/* ------------------------------------------------------------------------- *
 * What the workload calls.
 * ------------------------------------------------------------------------- */

void gc_helper_thread(void) {
}

void gc_out_of_memory(gc_mutator *m, gc_shape shape) {
  (void)m, (void)shape;
  rig_fail("out of memory");
}

/* Threads of the collector run where they like. */
void gc_helper_thread(void) {
}

void wl_violation(wl_thread *t, const char *oracle, uint64_t operation,
                  const char *story) {
  (void)t, (void)operation;
  rig_violation(oracle, story);
}

void wl_check(wl_thread *t, bool ok, const char *format, ...) {
  (void)t;
  if (!ok)
    rig_fail(format);
}

void wl_starved(wl_thread *t, uint64_t failed, uint64_t all) {
  (void)t, (void)failed, (void)all;
  rig_fail("allocations failed");
}

void wl_expect(wl_thread *t, wl_expectation e) {
  (void)t, (void)e; /* compared by the last check */
}

uint64_t wl_spare(uint64_t garbage) {
  (void)garbage;
  return 0; /* none is conservative */
}

void wl_begin(wl_thread *t) {
  (void)t;
}

void wl_end(wl_thread *t) {
  (void)t;
}

void wl_step(wl_thread *t, unsigned kind, uint64_t ops) {
  (void)t, (void)kind, (void)ops;
}

static struct {
  const char *name;
  uint64_t n;
} rig_counts[160];

void wl_count(wl_thread *t, const char *name, uint64_t n) {
  (void)t;
  size_t i = 0;
  while (rig_counts[i].name && strcmp(rig_counts[i].name, name))
    i++;
  rig_counts[i].name = name;
  rig_counts[i].n += n;
}

void wl_covered(wl_thread *t, const wl_coverage *c) {
  (void)t;
  rig_coverage = *c;
}

/* There is one thread: what several need is never called. */
wl_child *wl_thread_start(wl_thread *t, unsigned index,
                          void (*body)(wl_thread *t, void *data), void *data) {
  (void)t, (void)index, (void)body, (void)data;
  rig_fail("a second thread");
}

void wl_thread_join(wl_thread *t, wl_child *child) {
  (void)t, (void)child;
}

void wl_lock_acquire(wl_thread *t, wl_lock *lock) {
  (void)t, (void)lock;
}

void wl_lock_release(wl_thread *t, wl_lock *lock) {
  (void)t, (void)lock;
}

void wl_yield(wl_thread *t) {
  (void)t;
}

void wl_give_way(unsigned tries) {
  (void)tries;
}

#endif
