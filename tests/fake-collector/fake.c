/* fake.c: see fake.h. */
#include GC_COLLECTOR_HEADER

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct gc_heap {
  gc_config config;
  pthread_mutex_t lock;
  fake_object *objects;
  uint64_t count, bytes, collections;
  void *hidden;
};

fake_object *fake_globals[GC_GLOBALS];

static uint64_t opt_crash, opt_hang, opt_exit, opt_lose, opt_leak, opt_pause,
    opt_stall, opt_broken, opt_held, opt_future, opt_backwards, opt_hidden;

static const gc_option options[] = {
    {"crash", "abort in a collection (0 or 1)", &opt_crash, 0, 1},
    {"hang", "never end a collection (0 or 1)", &opt_hang, 0, 1},
    {"exit", "exit status in a collection (0: none)", &opt_exit, 0, 255},
    {"lose", "objects to deny", &opt_lose, 0, 1 << 30},
    {"leak", "objects to invent", &opt_leak, 0, 1 << 30},
    {"pause", "length of the pauses to make, ns", &opt_pause, 0, 1 << 30},
    {"future", "how long after their report pauses end, ns", &opt_future, 0,
     1 << 30},
    {"backwards", "report pauses that end before they begin (0 or 1)",
     &opt_backwards, 0, 1},
    {"stall", "time that some safepoints take in secret, ns", &opt_stall, 0,
     1 << 30},
    {"held", "bytes of footprint to invent", &opt_held, 0, 1 << 30},
    {"hidden", "bytes to hold and not to tell of", &opt_hidden, 0, 1 << 30},
    {"broken", "break an invariant (0 or 1)", &opt_broken, 0, 1},
    {0}};

const gc_collector gc_this_collector = {
    .name = "fake",
    .summary = "never frees, and misbehaves on request (for tests)",
    .source = "none",
    .can = {.reclaims = GC_RECLAIMS_NOTHING,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .heap_limit = true},
    .options = options};

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = calloc(1, sizeof *h);
  if (h) {
    h->config = *config;
    pthread_mutex_init(&h->lock, NULL);
    h->hidden = opt_hidden ? malloc(opt_hidden) : NULL;
    if (h->hidden)
      memset(h->hidden, 1, opt_hidden);
  }
  return h;
}

void gc_heap_destroy(gc_heap *heap) {
  for (fake_object *o = heap->objects, *next; o; o = next) {
    next = o->next;
    free(o);
  }
  pthread_mutex_destroy(&heap->lock);
  free(heap->hidden);
  free(heap);
}

fake_object *fake_new(gc_mutator *m, gc_shape shape) {
  gc_heap *h = m->heap;
  uint64_t bytes = gc_shape_bytes(shape);
  fake_object *o = NULL;
  pthread_mutex_lock(&h->lock);
  if (!h->config.heap_limit || h->bytes + bytes <= h->config.heap_limit)
    o = calloc(1, sizeof *o + bytes);
  if (o) {
    o->slots = shape.slots;
    o->bytes = shape.bytes;
    o->next = h->objects;
    h->objects = o;
    h->count++;
    h->bytes += bytes;
  }
  pthread_mutex_unlock(&h->lock);
  return o;
}

void fake_safepoint(gc_mutator *m) {
  const gc_listener *l = &m->heap->config.listener;
  static uint64_t safepoints;
  if (opt_stall &&
      __atomic_fetch_add(&safepoints, 1, __ATOMIC_RELAXED) % 128 == 64)
    for (uint64_t until = gc_now_ns() + opt_stall; gc_now_ns() < until;)
      ;
  uint64_t now = gc_now_ns();
  while (gc_now_ns() < now + opt_pause)
    ;
  if (opt_pause || opt_future)
    l->pause(l->data, GC_PAUSE_STOP, now, now + opt_pause + opt_future);
  if (opt_backwards)
    l->pause(l->data, GC_PAUSE_STOP, now, now - 1);
}

void gc_collect(gc_mutator *m) {
  if (opt_crash)
    abort();
  while (opt_hang)
    pause();
  if (opt_exit) {
    fputs("fake: gave up\n", stderr);
    _exit((int)opt_exit);
  }
  m->heap->collections++;
}

uint64_t gc_heap_objects(gc_heap *heap) {
  return heap->count - opt_lose + opt_leak;
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  pthread_mutex_lock(&heap->lock);
  gc_footprint f = {heap->bytes + opt_held, heap->bytes + opt_held};
  pthread_mutex_unlock(&heap->lock);
  return f;
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  if (room)
    out[0] = (gc_counter){"collections", heap->collections};
  return room ? 1 : 0;
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  return opt_broken ? "broken on request" : NULL;
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  gc_mutator *m = calloc(1, sizeof *m);
  if (m)
    m->heap = heap;
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  free(m);
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}
