/* verdict.c: the run's verdict so far: whether the collector kept its
 * promises. */
#include "cell.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/hostile/poison.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cell_verdict verdict = {.status = CELL_OK, .declared = true};
static bool held_to_account; /* the workload stated an expectation */
static bool check_invariants;

void cell_add_verdict(cell_verdict next) {
  pthread_mutex_lock(&lock);
  verdict = cell_worse(verdict, next);
  pthread_mutex_unlock(&lock);
}

__attribute__((format(printf, 1, 0))) static void wrong(const char *format,
                                                        va_list args) {
  cell_verdict v = {.status = CELL_WRONG};
  vsnprintf(v.reason, sizeof v.reason, format, args);
  /* a reason is one line */
  v.reason[strcspn(v.reason, "\n")] = 0;
  cell_add_verdict(v);
}

void cell_wrong(const char *format, ...) {
  va_list args;
  va_start(args, format);
  wrong(format, args);
  va_end(args);
}

void wl_check(wl_thread *t, bool ok, const char *format, ...) {
  (void)t;
  if (gc_likely(ok))
    return;
  va_list args;
  va_start(args, format);
  wrong(format, args);
  va_end(args);
}

void wl_starved(wl_thread *t, uint64_t failed, uint64_t all) {
  cell_verdict v = {.status = CELL_OOM};
  snprintf(v.reason, sizeof v.reason,
           "%" PRIu64 " of %" PRIu64
           " allocations failed, with a limit of %" PRIu64,
           failed, all, t->run->heap_limit);
  cell_add_verdict(v);
}

/* The first expectation after the measured part. */
static struct {
  bool known;
  gc_usage usage;
  wl_expectation expectation;
} settled;

/* Whether it is the first one. */
static bool settle(gc_heap *heap, wl_expectation e) {
  if (!cell_measurement.ended || settled.known)
    return false;
  settled.known = true;
  settled.usage = cell_heap_usage(heap);
  settled.expectation = e;
  return true;
}

bool cell_settled(gc_usage *usage, wl_expectation *e) {
  *usage = settled.usage;
  *e = settled.expectation;
  return settled.known;
}

uint64_t wl_spare(uint64_t garbage) {
  return cell_spare(gc_this_collector.can, garbage);
}

__attribute__((noinline)) static void clear_stack(void) {
  volatile char dead[64 * 1024];
  for (size_t i = 0; i < sizeof dead; i++)
    dead[i] = 0;
}

void cell_clear_stack(void) {
  if (gc_this_collector.can.conservative)
    clear_stack();
}

/* With a frame of its own, made where the stack has been cleared. */
__attribute__((noinline)) static void expect(wl_thread *t, wl_expectation e) {
  gc_capabilities can = gc_this_collector.can;
  gc_collect(t->m);
  bool first = settle(t->run->heap, e);
  uint64_t objects = gc_heap_objects(t->run->heap);
  cell_add_verdict(cell_judge(
      cell_reclaims(can, t->run->workload), e,
      wl_spare(e.allocated - e.live) + cell_spare_of_round(), objects));
  if (!first)
    e.bytes = 0; /* is meant to be told once */
  cell_garbage_expect(e, objects);
  held_to_account = true;
  poison_check_all();
  if (!check_invariants)
    return;
  const char *violation = gc_heap_check(t->run->heap);
  if (violation)
    cell_wrong("heap check: %s", violation);
}

void wl_expect(wl_thread *t, wl_expectation e) {
  cell_clear_stack();
  expect(t, e);
}

void wl_expect_reclaimed(wl_thread *t, const char *what, uint64_t actual,
                         uint64_t acyclic, uint64_t cyclic) {
  uint64_t expected = cell_reclaimed(
      cell_reclaims(gc_this_collector.can, t->run->workload), acyclic, cyclic);
  uint64_t spare = wl_spare(expected);
  wl_check(t, actual <= expected && actual + spare >= expected,
           "%" PRIu64 " %s, expected %" PRIu64, actual, what, expected);
}

void cell_check_invariants(void) {
  check_invariants = true;
}

void cell_expect_nothing_held(void) {
  uint64_t bytes = cell_heap_external(NULL).bytes;
  if (bytes && gc_this_collector.kind == GC_KIND_MODEL)
    cell_wrong("%" PRIu64 " bytes of external memory were not given back with "
               "the heap",
               bytes);
}

cell_verdict cell_verdict_now(uint64_t heap_limit) {
  if (!cell_measurement.ended)
    cell_wrong("the workload measured nothing");
  if (!held_to_account)
    cell_wrong("the workload never said what must survive");
  if (hostile_violation())
    cell_wrong("%s", hostile_violation());
  if (cell_reclaims_unasked())
    cell_wrong("reclaims garbage when its last reference is dropped, which it "
               "does not declare");
  cell_add_verdict(cell_judge_limit(&gc_this_collector.can, heap_limit,
                                    cell_measurement.footprint.peak_bytes));
  pthread_mutex_lock(&lock);
  cell_verdict v = verdict;
  pthread_mutex_unlock(&lock);
  return v;
}
