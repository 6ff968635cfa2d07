/* fake.c: see fake.h. */
#include GC_COLLECTOR_HEADER

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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
    opt_stall, opt_broken, opt_held, opt_helper, opt_placed, opt_future,
    opt_backwards, opt_hidden, opt_phases;

static const gc_option options[] = {
    {"crash", "abort in a collection (0 or 1)", &opt_crash, 0, 1},
    {"hang", "never end a collection (0 or 1)", &opt_hang, 0, 1},
    {"exit", "exit status in a collection (0: none)", &opt_exit, 0, 255},
    {"lose", "objects to deny", &opt_lose, 0, 1 << 30},
    {"leak", "objects to invent", &opt_leak, 0, 1 << 30},
    {"pause", "length of the pauses to make, ns", &opt_pause, 0, 1 << 30},
    {"phases",
     "of each pause tell 0: nothing, 1: three quarters of its time, 2: more "
     "than its time, 3: a phase that ends later",
     &opt_phases, 0, 3},
    {"future", "how long after their report pauses end, ns", &opt_future, 0,
     1 << 30},
    {"backwards", "report pauses that end before they begin (0 or 1)",
     &opt_backwards, 0, 1},
    {"stall", "CPU time that some safepoints take in secret, ns", &opt_stall, 0,
     1 << 30},
    {"held", "bytes of footprint to invent", &opt_held, 0, 1 << 30},
    {"helper", "CPU time that a thread of its own takes in each pause, ns",
     &opt_helper, 0, 1 << 30},
    {"placed", "let that thread be placed (0 or 1)", &opt_placed, 0, 1},
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

/* ------------------------------------------------------------------------- *
 * The helper: runs for opt_helper ns as often as it is asked to.
 * ------------------------------------------------------------------------- */

static struct helper {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t called;
  uint64_t asked; /* under the lock */
  uint64_t done;  /* atomic */
  bool end;       /* under the lock */
} helper = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .called = PTHREAD_COND_INITIALIZER};

static uint64_t ran_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *help(void *data) {
  (void)data;
  if (opt_placed)
    gc_helper_thread();
  pthread_mutex_lock(&helper.lock);
  for (;;) {
    while (!helper.end && helper.asked == helper.done)
      pthread_cond_wait(&helper.called, &helper.lock);
    if (helper.end)
      break;
    pthread_mutex_unlock(&helper.lock);
    for (uint64_t until = ran_ns() + opt_helper; ran_ns() < until;)
      ;
    pthread_mutex_lock(&helper.lock);
    __atomic_add_fetch(&helper.done, 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&helper.lock);
  return NULL;
}

/* Waits without sleeping, so that the caller is ready to run all the time. */
static void be_helped(void) {
  pthread_mutex_lock(&helper.lock);
  uint64_t asked = ++helper.asked;
  pthread_cond_signal(&helper.called);
  pthread_mutex_unlock(&helper.lock);
  while (__atomic_load_n(&helper.done, __ATOMIC_ACQUIRE) < asked)
    ;
}

static void end_helper(void) {
  pthread_mutex_lock(&helper.lock);
  helper.end = true;
  pthread_cond_signal(&helper.called);
  pthread_mutex_unlock(&helper.lock);
  pthread_join(helper.thread, NULL);
}

/* ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = calloc(1, sizeof *h);
  if (h) {
    h->config = *config;
    pthread_mutex_init(&h->lock, NULL);
    h->hidden = opt_hidden ? malloc(opt_hidden) : NULL;
    if (h->hidden)
      memset(h->hidden, 1, opt_hidden);
  }
  if (opt_helper && pthread_create(&helper.thread, NULL, help, NULL))
    abort();
  return h;
}

void gc_heap_destroy(gc_heap *heap) {
  if (opt_helper)
    end_helper();
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

/* Waits for the processor are taken off steps, and so are not in it. */
static uint64_t thread_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Tells of a pause that began at `begin`, as a well-behaved collector does, or
 * as a liar. */
static void tell_phases(const gc_listener *l, uint64_t begin) {
  if (!opt_phases || !l->span)
    return;
  const uint64_t quarter = opt_pause / 4;
  gc_span stopping = {
      .kind = GC_SPAN_STOPPING, .begin_ns = begin, .end_ns = begin + quarter};
  gc_span mark = {.kind = GC_SPAN_PHASE,
                  .name = "mark",
                  .begin_ns = begin + quarter,
                  .end_ns = begin + 3 * quarter};
  if (opt_phases == 2)
    mark.begin_ns = begin;
  if (opt_phases == 3)
    mark.end_ns = begin + 2 * opt_pause;
  l->span(l->data, &stopping);
  l->span(l->data, &mark);
  if (opt_phases == 2) /* the same time again */
    l->span(l->data, &(gc_span){.kind = GC_SPAN_PHASE,
                                .name = "sweep",
                                .begin_ns = begin + quarter,
                                .end_ns = begin + opt_pause});
}

void fake_safepoint(gc_mutator *m) {
  const gc_listener *l = &m->heap->config.listener;
  static uint64_t safepoints;
  if (opt_stall &&
      __atomic_fetch_add(&safepoints, 1, __ATOMIC_RELAXED) % 128 == 64)
    for (uint64_t until = thread_ns() + opt_stall; thread_ns() < until;)
      ;
  if (opt_helper) {
    uint64_t begin = gc_now_ns();
    be_helped();
    l->pause(l->data, GC_PAUSE_STOP, begin, gc_now_ns());
  }
  uint64_t now = gc_now_ns();
  while (gc_now_ns() < now + opt_pause)
    ;
  if (opt_pause)
    tell_phases(l, now);
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
