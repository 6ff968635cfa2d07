/* hostile.c: see hostile.h: settings, counts and clocks of the hostile
 * conditions.  Their effects are where they happen: in the collectors. */
#include "common/hostile/hostile.h"
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

hostile_settings hostile = {.poison = HOSTILE_NO_POISON};
_Atomic uint64_t hostile_fired[HOSTILE_KINDS];
hostile_seen hostile_saw;
_Thread_local uint64_t hostile_clock;

const gc_option hostile_options[] = {
    {"collect-every", "collect before every Nth allocation",
     &hostile.collect_every, 1, INT64_MAX},
    {"collect-at", "collect before the Nth allocation", &hostile.collect_at, 1,
     INT64_MAX},
    {"poison", "fill freed memory with a pattern; reuse it only N frees later",
     &hostile.poison, 0, 1 << 20},
    {"buffers", "most entries of mark stacks and of candidate buffers",
     &hostile.buffers, 1, INT64_MAX},
    {"fail-at", "the Nth internal allocation of the collector fails",
     &hostile.fail_at, 1, INT64_MAX},
    {"fail-every", "every Nth internal allocation of the collector fails",
     &hostile.fail_every, 1, INT64_MAX},
    {"yield", "chance of a yield at a racy point, per mille", &hostile.yield, 1,
     1000},
    {"stack", "bytes of the C stacks of mutator threads", &hostile.stack,
     64 << 10, 1 << 30},
    {0}};

bool hostile_is_set(hostile_kind kind) {
  uint64_t off = kind == HOSTILE_POISON ? HOSTILE_NO_POISON : 0;
  return *hostile_options[kind].value != off;
}

bool hostile_any(void) {
  for (unsigned k = 0; k < HOSTILE_KINDS; k++)
    if (hostile_is_set(k))
      return true;
  return false;
}

bool hostile_allocation(void) {
  if (!hostile.collect_every && !hostile.collect_at)
    return false;
  uint64_t n = atomic_fetch_add(&hostile_saw.allocations, 1) + 1;
  bool every = hostile.collect_every && n % hostile.collect_every == 0;
  bool at = n == hostile.collect_at;
  if (every)
    hostile_fire(HOSTILE_COLLECT_EVERY);
  if (at)
    hostile_fire(HOSTILE_COLLECT_AT);
  return every || at;
}

bool hostile_fails(void) {
  uint64_t n = atomic_fetch_add(&hostile_saw.internal, 1) + 1;
  bool every = hostile.fail_every && n % hostile.fail_every == 0;
  bool at = n == hostile.fail_at;
  if (every)
    hostile_fire(HOSTILE_FAIL_EVERY);
  if (at)
    hostile_fire(HOSTILE_FAIL_AT);
  return every || at;
}

/* ------------------------------------------------------------------------- *
 * Yields.
 * ------------------------------------------------------------------------- */

void hostile_lose_processor(void) {
  static _Atomic uint64_t threads;
  static _Thread_local uint64_t state;
  if (!state) /* an odd number, so that it never becomes 0 */
    state = (hostile.seed << 16 | (atomic_fetch_add(&threads, 1) << 1)) + 1;
  /* The high bits of Lehmer's generator modulo 2^64 (L'Ecuyer, 1999). */
  state *= 0x27bb2ee687b0b0fdu;
  uint64_t draw = state >> 32;
  if (draw % 1000 >= hostile.yield)
    return;
  hostile_fire(HOSTILE_YIELD);
  /* A yield returns at once on a machine with an idle processor; so spin half
   * of the time. */
  if (state >> 31 & 1)
    sched_yield();
  else
    for (unsigned n = (unsigned)(state >> 22 & 511); n > 0; n--)
      __asm__ volatile("" ::: "memory");
}

/* ------------------------------------------------------------------------- *
 * Violations.
 * ------------------------------------------------------------------------- */

static pthread_mutex_t violation_lock = PTHREAD_MUTEX_INITIALIZER;
static char violation[160];

void hostile_violate(const char *format, ...) {
  va_list args;
  va_start(args, format);
  pthread_mutex_lock(&violation_lock);
  if (atomic_fetch_add(&hostile_saw.violations, 1) == 0)
    vsnprintf(violation, sizeof violation, format, args);
  pthread_mutex_unlock(&violation_lock);
  va_end(args);
}

const char *hostile_violation(void) {
  return atomic_load(&hostile_saw.violations) ? violation : NULL;
}

void hostile_reset(void) {
  hostile = (hostile_settings){.poison = HOSTILE_NO_POISON};
  memset(hostile_fired, 0, sizeof hostile_fired);
  memset(&hostile_saw, 0, sizeof hostile_saw);
}
