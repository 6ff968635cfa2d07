/* tls: threads that come and go, and keep what they make in thread-local
 * roots.
 *
 * Wave after wave of threads is started.  Each thread fills lists in its
 * thread-local roots, as caches and thread pools do, drops a list that has
 * become too long, reads the other lists, and ends without cleaning up.  What
 * its roots held must die with the thread.  The main thread keeps lists of its
 * own meanwhile.  The case is taken from reports on thread-local retention in
 * thread pools, and on collectors that forget the roots of threads, or never
 * drop those of threads that ended (for example, libgc does not scan the
 * thread-local variables of the main thread).
 *
 * Stresses attaching and detaching, thread-local roots, and the reuse of a
 * dead thread's memory by the others.
 *
 * Survivors: the main thread's lists, until it clears its roots.
 *
 * Limits: the measured time contains the kernel's work for starting and ending
 * threads, though no step does. */
#include "parts.h"

enum { WAVES, SLOTS, LENGTH, OPS };
enum { WORK };

#define NODE ((gc_shape){1, 16})
enum { NEXT };

enum { STEP_NODES = 512 };

static wl_volume volume(const uint64_t *p, unsigned threads) {
  uint64_t full = p[SLOTS] * p[LENGTH];
  uint64_t nodes = full + threads * min_u64(full, p[OPS]);
  return (wl_volume){.live = nodes * gc_shape_bytes(NODE),
                     .set_up = full * gc_shape_bytes(NODE),
                     .allocated = (full + p[WAVES] * threads * p[OPS]) *
                                  gc_shape_bytes(NODE)};
}

/* Drops the list in a thread-local root. */
static void drop_slot(gc_mutator *m, uint32_t slot) {
  if (GC_EXPLICIT_FREE) {
    gc_reg list = gc_frame_enter(m, 1, 0);
    gc_tls_load(m, list, slot);
    drop_list(m, list, NEXT);
    gc_frame_leave(m, list, 1, 0);
  }
  gc_tls_clear(m, slot);
}

static void state_made(wl_thread *t, uint64_t nodes) {
  wl_made(t, nodes, nodes * gc_shape_bytes(NODE));
}

static void state_dropped(wl_thread *t, uint64_t nodes) {
  wl_dropped(t, nodes, nodes * gc_shape_bytes(NODE));
}

/* Puts node n at the front of list n modulo SLOTS, which is dropped before if
 * it is full.  The node is stamped with its position, n / SLOTS modulo LENGTH.
 */
static void push(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  uint32_t slot = (uint32_t)(n % wl_get(t, SLOTS));
  uint64_t position = n / wl_get(t, SLOTS) % wl_get(t, LENGTH);
  gc_reg frame = gc_frame_enter(m, 2, 0), node = frame, head = frame + 1;
  if (position == 0) {
    if (n >= wl_get(t, SLOTS) * wl_get(t, LENGTH))
      state_dropped(t, wl_get(t, LENGTH));
    drop_slot(m, slot);
  }
  new_unstated(m, node, NODE, position);
  gc_tls_load(m, head, slot);
  gc_store_take(m, node, NEXT, head);
  gc_tls_store(m, slot, node);
  gc_frame_leave(m, frame, 2, 0);
}

/* The number of nodes in the lists of this thread; if one is damaged, more
 * than there can be. */
static uint64_t count(wl_thread *t) {
  gc_mutator *m = t->m;
  uint64_t slots = wl_get(t, SLOTS), length = wl_get(t, LENGTH), n = 0;
  gc_reg node = gc_frame_enter(m, 0, 1);
  for (uint32_t slot = 0; slot < slots; slot++) {
    gc_tls_borrow(m, node, slot);
    uint64_t position = gc_is_null(m, node) ? 0 : stamp_id(m, node) + 1;
    n += position;
    while (!gc_is_null(m, node)) {
      if (position == 0 || !stamp_is(m, node, NODE.bytes, --position)) {
        position = 1;
        break;
      }
      gc_borrow(m, node, node, NEXT);
    }
    if (position != 0)
      n += slots * length;
    gc_safepoint(m);
  }
  gc_frame_leave(m, node, 0, 1);
  return n;
}

static void body(wl_thread *t, void *data) {
  (void)data;
  uint64_t ops = wl_get(t, OPS), slots = wl_get(t, SLOTS), expected = 0;
  uint64_t pending = 0;
  for (uint64_t i = 0; i < ops; i++) {
    push(t, i);
    if (++pending == STEP_NODES || i + 1 == ops) {
      state_made(t, pending);
      wl_step(t, WORK, pending);
      pending = 0;
    }
  }
  for (uint64_t slot = 0; slot < slots && slot < ops; slot++)
    expected += (ops - 1 - slot) / slots % wl_get(t, LENGTH) + 1;
  wl_check(t, count(t) == expected, "thread-local lists are damaged");
  state_dropped(t, expected);
  for (uint32_t slot = 0; GC_EXPLICIT_FREE && slot < slots; slot++)
    drop_slot(t->m, slot);
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t full = p[SLOTS] * p[LENGTH], threads = t->run->threads;
  for (uint64_t i = 0; i < full; i++)
    push(t, i);
  state_made(t, full);

  wl_begin(t);
  for (uint64_t wave = 0; wave < p[WAVES]; wave++)
    wl_threads(t, (unsigned)threads, (unsigned)(1 + wave * threads), body,
               NULL);
  wl_end(t);

  wl_check(t, count(t) == full, "the main thread's lists are damaged");
  uint64_t all = full + p[WAVES] * threads * p[OPS];
  wl_expect(t, (wl_expectation){.live = full,
                                .allocated = all,
                                .bytes = full * gc_shape_bytes(NODE)});
  state_dropped(t, full);
  for (uint32_t slot = 0; slot < p[SLOTS]; slot++)
    drop_slot(m, slot);
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_tls = {
    .name = "tls",
    .summary = "short-lived threads leave objects in thread-local roots",
    .source = "reports on thread-local retention",
    .unit = "objects",
    .steps = {"work"},
    .params = {{"waves", "how often threads are started", 400, 1, 100000, NULL},
               {"slots", "thread-local roots in use", 8, 1, GC_TLS, NULL},
               {"length", "nodes in a full list", 1000, 1, 1 << 20, NULL},
               {"ops", "nodes that each thread makes", 12000, 1, 1 << 24,
                NULL}},
    .needs = WL_NEEDS_THREADS,
    .knows_deaths = true,
    .knows_live = true,
    .longer = "waves",
    .volume = volume,
    .run = run,
};
