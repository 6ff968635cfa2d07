/* threads: several mutator threads at once, in three modes.
 *
 *   private    each thread replaces lists in a table of its own
 *   pipeline   half of the threads (at least one) make messages, the others
 *              take them from a bounded queue, read them and drop them
 *   shared     all threads replace and read lists in one table, under a lock;
 *              every node refers to one of a few shared descriptors
 *
 * The modes are the ways in which threads meet in a heap (compare the
 * allocator benchmarks with threads of Larson & Krishnan, ISMM 1998, and of
 * Hoard, ASPLOS 2000): only in the allocator; by objects that die on another
 * thread than the one that made them; and by counts and marks that several
 * threads write.  The queue and the shared table are ordinary objects.
 *
 * Survivors: the tables with one list for each place; the queue is empty at
 * the end.  It does not matter which thread replaces which list in which
 * order, since all lists are equally long.
 *
 * Limits: the lock is the only synchronisation, and with many threads the last
 * two modes measure the lock rather than the collector. */
#include "parts.h"

enum { MODE, OPS, LIVE, SIZE, QUEUE };
/* Values of `mode`, which are also the global roots. */
enum { PRIVATE, PIPELINE, SHARED, MODES };
static const char *const modes[] = {"private", "pipeline", "shared", "all",
                                    NULL};
enum { TYPES = MODES }; /* global root of the shared descriptors */
enum { STEP_PRIVATE, STEP_PRODUCE, STEP_CONSUME, STEP_SHARED, STEP_WAIT };

/* A list node: NEXT, and in shared mode its descriptor TYPE. */
enum { NEXT, TYPE };
#define NODE       ((gc_shape){2, 16})
#define DESCRIPTOR ((gc_shape){0, 16})

enum {
  STEP_NODES = 512, /* nodes made in one step */
  DESCRIPTORS = 8,
};

static bool has(const uint64_t *p, unsigned mode) {
  return p[MODE] == MODES || p[MODE] == mode;
}

static uint64_t producers(unsigned threads) {
  return max_u64(threads / 2, 1);
}

static uint64_t consumers(unsigned threads) {
  return max_u64(threads - producers(threads), 1);
}

/* What a mode allocates. */
typedef struct needs {
  uint64_t objects, bytes; /* tables, queues and so on, which stay to the end */
  uint64_t kept;           /* lists that stay to the end */
  uint64_t momentary;      /* other lists that are alive at a time, at most */
  uint64_t made;           /* lists made in all */
} needs;

static needs needs_of(const uint64_t *p, unsigned threads, unsigned mode) {
  switch (mode) {
  case PRIVATE: /* a table for each thread, and an object that refers to them */
    return (needs){.objects = threads * table_objects(p[LIVE]) + 1,
                   .bytes = threads * table_bytes(p[LIVE]) +
                            gc_shape_bytes((gc_shape){threads, 0}),
                   .kept = threads * p[LIVE],
                   .momentary = threads,
                   .made = threads * (p[LIVE] + p[OPS])};
  case PIPELINE: /* the queue */
    return (needs){.objects = 1,
                   .bytes = gc_shape_bytes((gc_shape){(uint32_t)p[QUEUE], 0}),
                   .momentary = min_u64(producers(threads) * p[OPS],
                                        p[QUEUE] + producers(threads) +
                                            consumers(threads)),
                   .made = producers(threads) * p[OPS]};
  default: /* SHARED: the table, the descriptors, an object over both */
    return (needs){.objects = table_objects(p[LIVE]) + 1 + DESCRIPTORS,
                   .bytes = table_bytes(p[LIVE]) +
                            gc_shape_bytes((gc_shape){DESCRIPTORS, 0}) +
                            DESCRIPTORS * gc_shape_bytes(DESCRIPTOR),
                   .kept = p[LIVE],
                   .momentary = threads,
                   .made = p[LIVE] + threads * p[OPS]};
  }
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  uint64_t list = p[SIZE] * gc_shape_bytes(NODE);
  uint64_t kept = 0;
  wl_volume v = {0};
  for (unsigned mode = 0; mode < MODES; mode++)
    if (has(p, mode)) {
      needs n = needs_of(p, threads, mode);
      kept += n.bytes + n.kept * list;
      v.live = max_u64(v.live, kept + n.momentary * list);
      v.allocated += n.bytes + n.made * list;
    }
  return v;
}

/* What the threads share outside the heap, as the data of the run. */
typedef struct shared {
  wl_lock lock;
  uint64_t sent, taken; /* messages so far, guarded by `lock` */
  uint64_t total;       /* messages to be sent */
  uint64_t sum; /* of the ids of the messages taken, guarded by `lock` */
} shared;

/* ------------------------------------------------------------------------- *
 * Lists.  The nodes of list `id` are stamped id, id + 1, ... */

/* dst <- a new list.  Its nodes refer to the elements of `types`, unless that
 * register is null. */
static void list_new(wl_thread *t, gc_reg dst, uint64_t id, gc_reg types) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), node = frame, type = frame + 1;
  gc_clear(m, dst);
  for (uint64_t i = wl_get(t, SIZE); i > 0; i--) {
    new_unstated(m, node, NODE, id + i - 1);
    if (!gc_is_null(m, types)) {
      gc_borrow(m, type, types, (uint32_t)(i % DESCRIPTORS));
      gc_store(m, node, TYPE, type);
    }
    gc_store_take(m, node, NEXT, dst);
    gc_move(m, dst, node);
  }
  wl_made(t, wl_get(t, SIZE), wl_get(t, SIZE) * gc_shape_bytes(NODE));
  gc_frame_leave(m, frame, 1, 1);
}

/* Whether `list` is the list `id`, undamaged. */
static bool list_is(wl_thread *t, gc_reg list, uint64_t id) {
  gc_mutator *m = t->m;
  if (gc_is_null(m, list))
    return false;
  uint64_t size = wl_get(t, SIZE), n = 0;
  gc_reg next = gc_frame_enter(m, 0, 1);
  gc_reg node = list;
  do {
    if (n == size || !stamp_is(m, node, NODE.bytes, id + n))
      break;
    n++;
    gc_borrow(m, next, node, NEXT);
    node = next;
  } while (!gc_is_null(m, node));
  gc_frame_leave(m, next, 0, 1);
  return n == size;
}

/* States that a list is about to be dropped. */
static void list_dropped(wl_thread *t) {
  wl_dropped(t, wl_get(t, SIZE), wl_get(t, SIZE) * gc_shape_bytes(NODE));
}

/* Ends a step of `*lists` units of work, unless there were none. */
static void end_step(wl_thread *t, unsigned kind, uint64_t *lists) {
  if (*lists > 0)
    wl_step(t, kind, *lists);
  *lists = 0;
}

/* Counts one more list, and ends the step if there is enough work in it. */
static void count_list(wl_thread *t, unsigned kind, uint64_t *lists) {
  if (++*lists * wl_get(t, SIZE) >= STEP_NODES)
    end_step(t, kind, lists);
}

/* ------------------------------------------------------------------------- *
 * Private. */

static uint64_t private_id(const wl_thread *t, uint64_t thread,
                           uint64_t place) {
  return (thread * wl_get(t, LIVE) + place) * wl_get(t, SIZE);
}

static void private_body(wl_thread *t, void *data) {
  (void)data;
  gc_mutator *m = t->m;
  uint64_t live = wl_get(t, LIVE), ops = wl_get(t, OPS), self = t->index - 1;
  uint64_t pending = 0;
  gc_reg frame = gc_frame_enter(m, 2, 2);
  gc_reg table = frame, list = frame + 1, at = frame + 2, null = frame + 3;
  table_new(t, table, live);
  for (uint64_t i = 0; i < live + ops; i++) {
    uint64_t place = i < live ? i : wl_random_below(t, live);
    list_new(t, list, private_id(t, self, place), null);
    if (i >= live)
      list_dropped(t);
    table_put(m, at, table, place, list);
    count_list(t, STEP_PRIVATE, &pending);
  }
  end_step(t, STEP_PRIVATE, &pending);
  gc_global_borrow(m, at, PRIVATE);
  gc_store_take(m, at, (uint32_t)self, table);
  gc_frame_leave(m, frame, 2, 2);
}

static void private_run(wl_thread *t, shared *s) {
  gc_mutator *m = t->m;
  unsigned threads = t->run->threads;
  gc_reg tables = gc_frame_enter(m, 1, 0);
  new_plain(t, tables, (gc_shape){threads, 0});
  gc_global_store(m, PRIVATE, tables);
  gc_frame_leave(m, tables, 1, 0);
  wl_threads(t, threads, 1, private_body, s);
}

static bool private_whole(wl_thread *t) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 0, 2), table = frame, list = frame + 1;
  bool ok = true;
  for (unsigned i = 0; i < t->run->threads; i++) {
    gc_global_borrow(m, table, PRIVATE);
    gc_borrow(m, table, table, i);
    for (uint64_t place = 0; place < wl_get(t, LIVE) && ok; place++) {
      table_borrow(m, list, table, place);
      ok = list_is(t, list, private_id(t, i, place));
    }
  }
  gc_frame_leave(m, frame, 0, 2);
  return ok;
}

/* ------------------------------------------------------------------------- *
 * Pipeline.  Message n is the list n * SIZE in place n modulo QUEUE. */

/* Releases the lock for a moment. */
static void give_way(wl_thread *t, shared *s) {
  wl_lock_release(t, &s->lock);
  wl_yield(t);
  wl_step(t, STEP_WAIT, 0);
  wl_lock_acquire(t, &s->lock);
}

static void produce(wl_thread *t, shared *s, uint64_t self, uint64_t stride) {
  gc_mutator *m = t->m;
  uint64_t size = wl_get(t, SIZE), room = wl_get(t, QUEUE);
  uint64_t pending = 0;
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg message = frame, queue = frame + 1, null = frame + 2;
  gc_global_borrow(m, queue, PIPELINE);
  for (uint64_t i = self; i < s->total; i += stride) {
    list_new(t, message, i * size, null);
    wl_lock_acquire(t, &s->lock);
    if (s->sent - s->taken == room) {
      end_step(t, STEP_PRODUCE, &pending);
      while (s->sent - s->taken == room)
        give_way(t, s);
    }
    gc_store_take(m, queue, (uint32_t)(s->sent++ % room), message);
    wl_lock_release(t, &s->lock);
    count_list(t, STEP_PRODUCE, &pending);
  }
  end_step(t, STEP_PRODUCE, &pending);
  gc_frame_leave(m, frame, 1, 2);
}

static void consume(wl_thread *t, shared *s) {
  gc_mutator *m = t->m;
  uint64_t size = wl_get(t, SIZE), room = wl_get(t, QUEUE);
  uint64_t pending = 0, sum = 0;
  gc_reg frame = gc_frame_enter(m, 1, 1), message = frame, queue = frame + 1;
  gc_global_borrow(m, queue, PIPELINE);
  wl_lock_acquire(t, &s->lock);
  while (s->taken < s->total) {
    if (s->sent == s->taken) {
      end_step(t, STEP_CONSUME, &pending);
      give_way(t, s);
      continue;
    }
    uint32_t place = (uint32_t)(s->taken++ % room);
    gc_load(m, message, queue, place);
    gc_store_null(m, queue, place);
    wl_lock_release(t, &s->lock);
    uint64_t id = stamp_id(m, message);
    wl_check(t, list_is(t, message, id), "message %llu is damaged",
             (unsigned long long)(id / size));
    sum += id / size;
    list_dropped(t);
    gc_clear(m, message);
    count_list(t, STEP_CONSUME, &pending);
    wl_lock_acquire(t, &s->lock);
  }
  s->sum += sum;
  wl_lock_release(t, &s->lock);
  end_step(t, STEP_CONSUME, &pending);
  gc_frame_leave(m, frame, 1, 1);
}

static void pipeline_body(wl_thread *t, void *data) {
  uint64_t makers = producers(t->run->threads), self = t->index - 1;
  if (self < makers)
    produce(t, data, self, makers);
  else
    consume(t, data);
}

static void pipeline_run(wl_thread *t, shared *s) {
  gc_mutator *m = t->m;
  unsigned threads = t->run->threads;
  gc_reg queue = gc_frame_enter(m, 1, 0);
  new_plain(t, queue, (gc_shape){(uint32_t)wl_get(t, QUEUE), 0});
  gc_global_store(m, PIPELINE, queue);
  gc_frame_leave(m, queue, 1, 0);
  s->total = producers(threads) * wl_get(t, OPS);
  wl_threads(t, (unsigned)(producers(threads) + consumers(threads)), 1,
             pipeline_body, s);
  wl_check(t, s->sum == s->total * (s->total - 1) / 2,
           "messages lost or taken twice");
}

/* ------------------------------------------------------------------------- *
 * Shared. */

static void shared_body(wl_thread *t, void *data) {
  shared *s = data;
  gc_mutator *m = t->m;
  uint64_t live = wl_get(t, LIVE), ops = wl_get(t, OPS), size = wl_get(t, SIZE);
  uint64_t pending = 0;
  gc_reg frame = gc_frame_enter(m, 2, 3);
  gc_reg fresh = frame, old = frame + 1;
  gc_reg table = frame + 2, types = frame + 3, at = frame + 4;
  gc_global_borrow(m, table, SHARED);
  gc_global_borrow(m, types, TYPES);
  for (uint64_t i = 0; i < ops; i++) {
    uint64_t place = wl_random_below(t, live), other = wl_random_below(t, live);
    list_new(t, fresh, place * size, types);

    wl_lock_acquire(t, &s->lock);
    uint32_t slot = table_at(m, at, table, place);
    gc_load(m, old, at, slot);
    gc_store_take(m, at, slot, fresh);
    table_borrow(m, at, table, other);
    bool ok = list_is(t, at, other * size);
    gc_unborrow(m, at);
    wl_lock_release(t, &s->lock);

    wl_check(t, ok, "shared list %llu is damaged", (unsigned long long)other);
    list_dropped(t);
    gc_clear(m, old);
    count_list(t, STEP_SHARED, &pending);
  }
  end_step(t, STEP_SHARED, &pending);
  gc_frame_leave(m, frame, 2, 3);
}

static void shared_run(wl_thread *t, shared *s) {
  gc_mutator *m = t->m;
  uint64_t live = wl_get(t, LIVE), size = wl_get(t, SIZE);
  gc_reg frame = gc_frame_enter(m, 3, 1);
  gc_reg table = frame, types = frame + 1, fresh = frame + 2, at = frame + 3;
  new_plain(t, types, (gc_shape){DESCRIPTORS, 0});
  for (uint32_t i = 0; i < DESCRIPTORS; i++) {
    new_stamped(t, fresh, DESCRIPTOR, i);
    gc_store_take(m, types, i, fresh);
  }
  table_new(t, table, live);
  for (uint64_t place = 0; place < live; place++) {
    list_new(t, fresh, place * size, types);
    table_put(m, at, table, place, fresh);
  }
  gc_global_store(m, SHARED, table);
  gc_global_store(m, TYPES, types);
  gc_frame_leave(m, frame, 3, 1);
  wl_skip(t);
  wl_threads(t, t->run->threads, 1, shared_body, s);
}

static bool shared_whole(wl_thread *t) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 0, 2), table = frame, at = frame + 1;
  bool ok = true;
  gc_global_borrow(m, table, SHARED);
  for (uint64_t place = 0; place < wl_get(t, LIVE) && ok; place++) {
    table_borrow(m, at, table, place);
    ok = list_is(t, at, place * wl_get(t, SIZE));
  }
  gc_global_borrow(m, table, TYPES);
  for (uint32_t i = 0; i < DESCRIPTORS && ok; i++) {
    gc_borrow(m, at, table, i);
    ok = stamp_is(m, at, DESCRIPTOR.bytes, i);
  }
  gc_frame_leave(m, frame, 0, 2);
  return ok;
}

/* ------------------------------------------------------------------------- */

static void run(wl_thread *t) {
  static void (*const run_mode[MODES])(wl_thread *, shared *) = {
      private_run, pipeline_run, shared_run};
  const uint64_t *p = t->run->params;
  shared s = {.lock = WL_LOCK_INIT};
  wl_expectation e = {0};

  wl_begin(t);
  for (unsigned mode = 0; mode < MODES; mode++)
    if (has(p, mode)) {
      run_mode[mode](t, &s);
      needs n = needs_of(p, t->run->threads, mode);
      e.live += n.objects + n.kept * p[SIZE];
      e.bytes += n.bytes + n.kept * p[SIZE] * gc_shape_bytes(NODE);
      e.allocated += n.objects + n.made * p[SIZE];
    }
  wl_end(t);

  wl_check(t, !has(p, PRIVATE) || private_whole(t),
           "a thread's own table is damaged");
  wl_check(t, !has(p, SHARED) || shared_whole(t),
           "the shared table is damaged");
  wl_expect(t, e);
  wl_dropped(t, e.live, e.bytes);
  for (uint32_t root = 0; root <= TYPES; root++)
    gc_global_clear(t->m, root);
  e.live = 0;
  wl_expect(t, e);
}

const workload workload_threads = {
    .name = "threads",
    .summary = "private churn, a pipeline, and a table shared under a lock",
    .source = "compare Larson & Krishnan, ISMM 1998; Hoard, ASPLOS 2000",
    .unit = "lists",
    .steps = {"private", "produce", "consume", "shared", "wait"},
    .params = {{"mode", "how the threads meet; all: one mode after the other",
                MODES, 0, 0, modes},
               {"ops", "lists that each thread makes, in each mode", 150000, 1,
                1 << 24, NULL},
               {"live", "lists in a table", 2000, 1, 1 << 20, NULL},
               {"size", "nodes in a list", 16, 1, 4096, NULL},
               {"queue", "messages that the queue can hold", 256, 1, 1 << 16,
                NULL}},
    .needs = WL_NEEDS_THREADS,
    .knows_live = true,
    .longer = "ops",
    .volume = volume,
    .run = run,
};
