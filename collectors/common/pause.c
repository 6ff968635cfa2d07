/* pause.c: see pause.h. */
#include "common/pause.h"
#include "common/world.h"

static gc_listener pause_listener = {.pause = gc_null_pause};

/* When the stop under way was asked for.  Belongs to the thread that has the
 * world stopped. */
static uint64_t pause_begin_ns;

void pause_listen(gc_listener listener) {
  pause_listener = listener;
}

bool pause_try(void) {
  uint64_t begin = gc_now_ns();
  if (!world_stop())
    return false;
  pause_begin_ns = begin;
  gc_listener_reclaims(&pause_listener);
  return true;
}

void pause_begin(void) {
  while (!pause_try())
    continue;
}

void pause_end(void) {
  uint64_t begin = pause_begin_ns; /* another stop may follow at once */
  world_start();
  pause_listener.pause(pause_listener.data, GC_PAUSE_STOP, begin, gc_now_ns());
}

void pause_paced(const gc_paced *paced) {
  if (pause_listener.paced)
    pause_listener.paced(pause_listener.data, paced);
}

void pause_note(gc_pause_kind kind, uint64_t begin_ns) {
  pause_listener.pause(pause_listener.data, kind, begin_ns, gc_now_ns());
}

void *pause_obtain(gc_mutator *m, void *request, pause_source take,
                   pause_source collect) {
  for (;;) {
    void *p = take(m, request);
    if (p)
      return p;
    if (!pause_try())
      continue; /* another mutator may have collected */
    p = collect(m, request);
    pause_end();
    return p;
  }
}
