/* listener.c: see listener.h. */
#include "common/listener.h"
#include "common/probes.h"

#ifdef REAPMARK_PROBES
const bool listener_has_probes = true;
#else
const bool listener_has_probes = false;
#endif

static gc_listener listener = {.pause = gc_null_pause};

/* The phase of the calling thread that is under way; no name: none. */
static _Thread_local struct {
  const char *name;
  uint64_t begin;
} phase;

void listener_set(gc_listener l) {
  listener = l;
}

uint64_t listener_clock(void) {
  return listener.span ? gc_now_ns() : 0;
}

uint64_t listener_slow_clock(void) {
  return listener.slow ? gc_now_ns() : 0;
}

uint64_t listener_begins(void) {
  gc_listener_begins(&listener);
  return gc_now_ns();
}

static void tell(gc_span_kind kind, const char *name, uint64_t begin_ns,
                 uint64_t end_ns) {
  if (listener.span)
    listener.span(listener.data, &(gc_span){.kind = kind,
                                            .name = name,
                                            .begin_ns = begin_ns,
                                            .end_ns = end_ns});
}

/* Ends the phase under way and begins the next one, NULL: none. */
static void change_phase(const char *name, uint64_t now) {
  if (phase.name) {
    PROBE1(phase_end, phase.name);
    tell(GC_SPAN_PHASE, phase.name, phase.begin, now);
  }
  phase.name = name;
  phase.begin = now;
  if (name)
    PROBE1(phase_begin, name);
}

void listener_phase(const char *name) {
  change_phase(name, listener_clock());
}

void listener_asks(void) {
  PROBE(stop_asked);
}

void listener_stopped(uint64_t begin_ns) {
  PROBE(stop_begin);
  if (listener.span)
    tell(GC_SPAN_STOPPING, NULL, begin_ns, gc_now_ns());
}

void listener_pause_until(gc_pause_kind kind, uint64_t begin_ns,
                          uint64_t end_ns) {
  PROBE2(pause_end, kind, end_ns - begin_ns);
  listener.pause(listener.data, kind, begin_ns, end_ns);
}

void listener_pause(gc_pause_kind kind, uint64_t begin_ns) {
  uint64_t now = gc_now_ns();
  change_phase(NULL, now);
  listener_pause_until(kind, begin_ns, now);
}

void listener_pause_of(gc_pause_kind kind, const char *name,
                       uint64_t begin_ns) {
  uint64_t now = gc_now_ns();
  tell(GC_SPAN_PHASE, name, begin_ns, now);
  listener_pause_until(kind, begin_ns, now);
}

void listener_slow(const char *name, uint64_t begin_ns) {
  PROBE1(slow_end, name);
  if (begin_ns)
    tell(GC_SPAN_SLOW, name, begin_ns, gc_now_ns());
}

void listener_helped(const char *name, uint64_t begin_ns) {
  PROBE1(helped, name);
  tell(GC_SPAN_HELPED, name, begin_ns, listener_clock());
}

void listener_stood(uint64_t asked_ns, uint64_t begin_ns) {
  PROBE(mutator_resumed);
  if (listener.span)
    listener.span(listener.data, &(gc_span){.kind = GC_SPAN_STOOD,
                                            .asked_ns = asked_ns,
                                            .begin_ns = begin_ns,
                                            .end_ns = gc_now_ns()});
}

void listener_paced(const gc_paced *paced) {
  PROBE2(paced, paced->live, paced->goal);
  if (listener.paced)
    listener.paced(listener.data, paced);
}

void listener_reclaims(void) {
  gc_listener_reclaims(&listener);
}
