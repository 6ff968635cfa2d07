/* pause.c: see pause.h. */
#include "common/pause.h"
#include "common/world.h"

/* When the stop under way was asked for.  Belongs to the thread that has the
 * world stopped. */
static uint64_t pause_begin_ns;

bool pause_try(void) {
  uint64_t begin = listener_begins();
  listener_asks();
  if (!world_stop())
    return false;
  pause_begin_ns = begin;
  listener_stopped(begin);
  listener_reclaims();
  return true;
}

void pause_begin(void) {
  while (!pause_try())
    continue;
}

void pause_end(void) {
  uint64_t begin = pause_begin_ns; /* another stop may follow at once */
  listener_phase("restart");
  world_start();
  listener_pause(GC_PAUSE_STOP, begin);
}

void *pause_obtain(gc_mutator *m, void *request, pause_source take,
                   pause_source collect) {
  uint64_t begin = listener_slow_clock();
  void *p;
  while (!(p = take(m, request))) {
    if (!pause_try())
      continue; /* another mutator may have collected */
    p = collect(m, request);
    pause_end();
    break;
  }
  listener_slow("refill", begin);
  return p;
}
