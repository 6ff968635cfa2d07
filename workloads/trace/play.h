/* play.h: the loop that performs the words of a tape (tape.h) on the collector
 * that the including file is compiled against.
 *
 * A function of an inline half: include it after what names the collector.  The
 * includer defines PLAY_STEP(t, ops), which ends a step. */
#ifndef REAPMARK_TRACE_PLAY_H
#define REAPMARK_TRACE_PLAY_H

#include "trace/tape.h"
#include "workload.h"

#include <string.h>

/* What a replay keeps of a thread while the thread performs operations. */
typedef struct playing {
  wl_thread *t;
  gc_reg spare;      /* an owning register that no operation names */
  wl_lock *lock;     /* the one of the trace */
  bool finalizes;    /* finalizable objects are made: they are asked for */
  uint64_t payloads; /* the sum of what was read */
  uint64_t finalized;
  bool detached; /* the thread's part has ended */
} playing;

/* Takes a finalizable object that was found dead, and lets the object go. */
static inline bool play_finalizer(playing *p) {
  if (!gc_finalizer_next(p->t->m, p->spare))
    return false;
  gc_clear(p->t->m, p->spare);
  p->finalized++;
  return true;
}

static inline void play_stamp(gc_mutator *m, gc_reg r, gc_shape shape,
                              uint64_t number) {
  if (shape.bytes >= PREPARED_STAMP)
    memcpy(gc_payload(m, r), &number, sizeof number);
}

static inline uint64_t play_stamp_of(gc_mutator *m, gc_reg r) {
  uint64_t number;
  memcpy(&number, gc_payload(m, r), sizeof number);
  return number;
}

/* Performs words until the window ends or it is another thread's turn; returns
 * where that is.  (S) */
static inline const uint64_t *play(playing *p, const uint64_t *at) {
  wl_thread *const t = p->t;
  gc_mutator *const m = t->m;
  uint64_t payloads = 0;
  for (;;) {
    const uint64_t w = *at++;
    const gc_reg a = word_a(w), b = word_b(w);
    const uint32_t c = word_c(w);
    switch (word_code(w)) {
    case TRACE_NEW: {
      const uint64_t number = at[0];
      const gc_shape shape = {(uint32_t)at[1], (uint32_t)(at[1] >> 32)};
      at += 2;
      gc_new(m, a, shape, b ? GC_FINALIZABLE : GC_PLAIN);
      wl_made(t, 1, gc_shape_bytes(shape));
      play_stamp(m, a, shape, number);
      break;
    }
    case TRACE_ENTER:
      gc_frame_enter(m, (uint32_t)(w >> 24) & 0xfffff, (uint32_t)(w >> 44));
      break;
    case TRACE_LEAVE:
      gc_frame_leave(m, (gc_reg)(w >> 8), (uint32_t)*at, (uint32_t)(*at >> 32));
      at++;
      break;
    case TRACE_LOAD:
      gc_load(m, a, b, c);
      break;
    case TRACE_LOAD + TAPE_WIDE:
      gc_load(m, a, b, (uint32_t)*at++);
      break;
    case TRACE_BORROW:
      gc_borrow(m, a, b, c);
      break;
    case TRACE_BORROW + TAPE_WIDE:
      gc_borrow(m, a, b, (uint32_t)*at++);
      break;
    case TRACE_UNBORROW:
      gc_unborrow(m, a);
      break;
    case TRACE_STORE:
      gc_store(m, a, c, b);
      break;
    case TRACE_STORE + TAPE_WIDE:
      gc_store(m, a, (uint32_t)*at++, b);
      break;
    case TRACE_STORE_TAKE:
      gc_store_take(m, a, c, b);
      break;
    case TRACE_STORE_TAKE + TAPE_WIDE:
      gc_store_take(m, a, (uint32_t)*at++, b);
      break;
    case TRACE_STORE_NULL:
      gc_store_null(m, a, c);
      break;
    case TRACE_STORE_NULL + TAPE_WIDE:
      gc_store_null(m, a, (uint32_t)*at++);
      break;
    case TRACE_COPY:
      gc_copy(m, a, b);
      break;
    case TRACE_MOVE:
      gc_move(m, a, b);
      break;
    case TRACE_CLEAR:
      gc_clear(m, a);
      break;
    case TRACE_PAYLOAD:
      payloads += play_stamp_of(m, a);
      break;
    case TRACE_GLOBAL_LOAD:
      gc_global_load(m, a, b);
      break;
    case TRACE_GLOBAL_BORROW:
      gc_global_borrow(m, a, b);
      break;
    case TRACE_GLOBAL_STORE:
      gc_global_store(m, a, b);
      break;
    case TRACE_GLOBAL_CLEAR:
      gc_global_clear(m, a);
      break;
    case TRACE_TLS_LOAD:
      gc_tls_load(m, a, b);
      break;
    case TRACE_TLS_BORROW:
      gc_tls_borrow(m, a, b);
      break;
    case TRACE_TLS_STORE:
      gc_tls_store(m, a, b);
      break;
    case TRACE_TLS_CLEAR:
      gc_tls_clear(m, a);
      break;
    case TRACE_WEAK_NEW:
      gc_weak_new(m, a, b);
      wl_made(t, 1, gc_shape_bytes(GC_WEAK_SHAPE));
      at++;
      break;
    case TRACE_WEAK_GET:
      wl_check(t, gc_weak_get(m, a, b) || !c,
               "a weak reference was cleared whose target is alive");
      if (!c)
        gc_clear(m, a);
      break;
    case TRACE_EPHEMERON_NEW:
      gc_ephemeron_new(m, a, b, c);
      wl_made(t, 1, gc_shape_bytes(GC_EPHEMERON_SHAPE));
      at++;
      break;
    case TRACE_EPHEMERON_GET:
      wl_check(t, gc_ephemeron_get(m, a, b) || !c,
               "an ephemeron was cleared whose key is alive");
      if (!c)
        gc_clear(m, a);
      break;
    case TRACE_FINALIZER_NEXT:
      play_finalizer(p);
      break;
    case TRACE_EXTERNAL:
      gc_external(m, a, (uint32_t)word_rest(w));
      break;
    case TRACE_SAFEPOINT:
      gc_safepoint(m);
      break;
    case TRACE_COLLECT:
      gc_collect(m);
      break;
    case TRACE_LOCK:
      wl_lock_acquire(t, p->lock);
      break;
    case TRACE_UNLOCK:
      wl_lock_release(t, p->lock);
      break;
    case TRACE_ATTACH: /* who has the turn starts the thread */
      break;
    case TRACE_DETACH:
      p->detached = true;
      break;
    case TAPE_DROPPED:
      wl_dropped(t, word_rest(w), *at++);
      break;
    case TAPE_STEP:
      while (p->finalizes && play_finalizer(p)) {
      }
      PLAY_STEP(t, c);
      break;
    case TAPE_TURN:
    case TAPE_WINDOW:
      p->payloads += payloads;
      return at - 1;
    default:
      __builtin_unreachable(); /* the tape has checked it */
    }
  }
}

#endif
