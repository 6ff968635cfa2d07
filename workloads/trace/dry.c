/* dry.c: see dry.h.  The same loop as that of the replay, compiled against no
 * collector. */
#undef GC_COLLECTOR_HEADER
#define GC_COLLECTOR_HEADER "trace/nothing.h"
#include "workload.h"

/* These are out of line in gc.h and workload.h; here they do nothing either. */
#define gc_collect(m)            ((void)(m))
#define wl_check(t, ok, ...)     ((void)(ok))
#define wl_lock_acquire(t, lock) ((void)(lock))
#define wl_lock_release(t, lock) ((void)(lock))
#define PLAY_STEP(t, ops)        ((void)(ops))

#include "trace/dry.h"
#include "trace/play.h"

static uint64_t cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t trace_dry_pass(const uint64_t *words) {
  wl_thread nobody = {0};
  playing p = {.t = &nobody};
  uint64_t begin = cpu_ns();
  while (word_code(*words) != TAPE_WINDOW)
    words = play(&p, words + (word_code(*words) == TAPE_TURN));
  return cpu_ns() - begin;
}
