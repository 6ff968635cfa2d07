/* idle.c: stretches in which the mutator has nothing to do. */
#include "cell.h"

/* No step ends meanwhile, so memory is sampled here; as often as it can be due.
 */
enum { NAP_NS = 10000000 };

static void sleep_until(uint64_t wake) {
  struct timespec until = {.tv_sec = (time_t)(wake / 1000000000),
                           .tv_nsec = (long)(wake % 1000000000)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

void wl_idle(wl_thread *t, uint64_t ns) {
  if (!cell_measuring())
    return;
  cell_thread *c = (cell_thread *)t;
  uint64_t now = gc_now_ns(), end = now + ns;
  gc_blocking_enter(t->m);
  while (now < end) {
    uint64_t wake = end - now < NAP_NS ? end : now + NAP_NS;
    sleep_until(wake);
    cell_still_slept(wake - now); /* to wake later was not meant */
    now = gc_now_ns();
    c->instrument += cell_curve_sample(t->run->heap, now);
    now = gc_now_ns();
  }
  gc_blocking_leave(t->m);
  if (!cell_steps_timed())
    return;
  cell_start_afresh(c, gc_now_ns());
}
