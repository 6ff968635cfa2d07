/* finalizers: handles with a finalizer, each of which holds a buffer, replace
 * one another in a live table among ordinary garbage.
 *
 * The workload runs finalizers itself, at the end of each step and when memory
 * runs out, as with guardians (Dybvig, Bruggeman & Eby, PLDI 1993) and the
 * finalizer queues of production runtimes.  A share of the finalizers
 * resurrects its object into a ring, in which the object later dies for good,
 * without being finalized again.  Some handles form a cycle with their buffer.
 *
 * Stresses finding dead finalizable objects, keeping them alive while they
 * wait for their finalizers, and resurrection.
 *
 * Survivors: the table with its handles and buffers, and as many resurrected
 * pairs as the ring can hold, or as were resurrected.  The state of every
 * handle is kept by id, so that a finalizer that runs twice, or for a live
 * object, or never, is noticed.  For some handles the time from death to
 * finalizer is measured, in handles made meanwhile; since finalizers run once
 * a step, no such figure is finer than a step.
 *
 * Limits: no finalizable object refers to another, since collectors differ in
 * the order of finalization (see the MPS manual); finalizers do not allocate.
 */
#include "parts.h"

enum { LIVE, ROUNDS, GARBAGE, PAYLOAD, RESURRECT, CYCLIC, RING };
enum { CHURN, FINALIZE };

/* A handle refers to its buffer; in a cycle, the buffer also refers to its
 * handle. */
enum { PEER };

enum {
  STEP_OPS = 64,
  FINALIZED_A_STEP = 256, /* as many as die in a step, and more */
  FOLLOWED = 61,          /* one place in so many is followed: see follows */
};

enum { TABLE, REBORN }; /* global roots */

static gc_shape pair_shape(const uint64_t *p) {
  return (gc_shape){1, (uint32_t)p[PAYLOAD]};
}

#define GARBAGE_SHAPE ((gc_shape){1, 24})

/* Whether the handle with this id is resurrected: those in the last RESURRECT
 * of each hundred places are. */
static bool resurrects(const uint64_t *p, uint64_t id) {
  return id % p[LIVE] % 100 >= 100 - p[RESURRECT];
}

/* Whether the time from death to finalizer is measured for the handle with
 * this id.  Only some handles are followed, because the times of death take
 * memory outside the heap.  Handles that are resurrected are not. */
static bool follows(const uint64_t *p, uint64_t id) {
  return id % p[LIVE] % FOLLOWED == 0 && !resurrects(p, id);
}

/* The index of the handle among the times of death. */
static uint64_t death_of(const uint64_t *p, uint64_t id) {
  uint64_t a_round = (p[LIVE] + FOLLOWED - 1) / FOLLOWED;
  return id / p[LIVE] * a_round + id % p[LIVE] / FOLLOWED;
}

/* Ids are round * LIVE + place. */
static bool is_cyclic(const uint64_t *p, uint64_t id) {
  return share_has(id % p[LIVE], p[CYCLIC]);
}

/* How many resurrected pairs are in the ring when everything that was dropped
 * in the run has been finalized (*all), and how many if the collector does not
 * reclaim cycles, so that handles in cycles are never resurrected (*acyclic).
 */
static void count_reborn(const uint64_t *p, uint64_t *all, uint64_t *acyclic) {
  uint64_t n = 0, n_acyclic = 0;
  for (uint64_t place = 0; place < p[LIVE]; place++)
    if (resurrects(p, place)) {
      n += p[ROUNDS];
      n_acyclic += is_cyclic(p, place) ? 0 : p[ROUNDS];
    }
  *all = min_u64(n, p[RING]);
  *acyclic = min_u64(n_acyclic, p[RING]);
}

static void pair_dropped(wl_thread *t) {
  wl_dropped(t, 2, 2 * gc_shape_bytes(pair_shape(t->run->params)));
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t live = p[LIVE], rounds = p[ROUNDS];
  uint64_t pair = 2 * gc_shape_bytes(pair_shape(p));
  uint64_t litter = p[GARBAGE] * gc_shape_bytes(GARBAGE_SHAPE);
  uint64_t tables = table_bytes(live) + table_bytes(p[RING]);
  uint64_t cyclic = rounds * share_of(live, p[CYCLIC]);
  uint64_t reborn, reborn_acyclic;
  count_reborn(p, &reborn, &reborn_acyclic);
  /* Beside the live pairs, those of one step wait for their finalizers. */
  return (wl_volume){
      .live =
          tables + (live + min_u64(live, STEP_OPS) + reborn) * pair + litter,
      .cyclic = (cyclic + reborn_acyclic - reborn) * pair,
      .allocated = tables + live * (rounds + 1) * pair + live * rounds * litter,
      .set_up = tables + live * pair};
}

/* The states of a handle. */
enum { HELD, DROPPED, FINALIZED };

typedef struct guardian {
  wl_thread *t;
  uint8_t *state;    /* of each handle */
  uint64_t *deaths;  /* of the handles that are followed: `made` at that time */
  uint64_t made;     /* handles so far */
  uint64_t handles;  /* all ids are below */
  uint64_t runs;     /* finalizers that have run */
  uint64_t reborn;   /* resurrected so far */
  bool resurrecting; /* the run is not over */
} guardian;

/* Runs the finalizer of the object in `handle`, which becomes null. */
static void finalize(guardian *g, gc_reg handle) {
  gc_mutator *m = g->t->m;
  const uint64_t *p = g->t->run->params;
  uint64_t id = stamp_id(m, handle);
  gc_reg frame = gc_frame_enter(m, 0, 2), buffer = frame, ring = frame + 1;
  gc_borrow(m, buffer, handle, PEER);
  if (id >= g->handles || g->state[id] != DROPPED || gc_is_null(m, buffer) ||
      !stamp_is(m, handle, p[PAYLOAD], id) ||
      !stamp_is(m, buffer, p[PAYLOAD], id))
    wl_check(g->t, false, "handle %llu was finalized while held, or damaged",
             (unsigned long long)id);
  else {
    g->state[id] = FINALIZED;
    if (follows(p, id))
      wl_reclaimed(g->t, g->made - g->deaths[death_of(p, id)],
                   2 * gc_shape_bytes(pair_shape(p)));
    g->runs++;
    if (g->resurrecting && resurrects(p, id)) {
      gc_global_borrow(m, ring, REBORN);
      if (g->reborn >= p[RING])
        pair_dropped(g->t);
      table_put(m, buffer, ring, g->reborn++ % p[RING], handle);
    }
  }
  gc_frame_leave(m, frame, 0, 2);
  if (!gc_is_null(m, handle))
    pair_dropped(g->t);
  gc_clear(m, handle);
}

/* Runs at most `most` waiting finalizers, and returns their number. */
static uint64_t finalize_waiting(guardian *g, uint64_t most) {
  gc_mutator *m = g->t->m;
  gc_reg handle = gc_frame_enter(m, 1, 0);
  uint64_t n = 0;
  while (n < most && gc_finalizer_next(m, handle)) {
    wl_revived(g->t, 2, 2 * gc_shape_bytes(pair_shape(g->t->run->params)));
    finalize(g, handle);
    n++;
  }
  gc_frame_leave(m, handle, 1, 0);
  return n;
}

/* gc_new, but if memory runs out, waiting finalizers are run to release some.
 */
static void new_or_finalize(guardian *g, gc_reg dst, gc_shape shape,
                            unsigned flags) {
  if (gc_unlikely(!gc_try_new(g->t->m, dst, shape, flags))) {
    finalize_waiting(g, UINT64_MAX);
    gc_new(g->t->m, dst, shape, flags);
  }
  wl_made(g->t, 1, gc_shape_bytes(shape));
}

/* Collects until no finalizer is waiting. */
static void settle(guardian *g) {
  do
    gc_collect(g->t->m);
  while (finalize_waiting(g, UINT64_MAX) > 0);
}

/* Puts the new handle `id`, with its buffer, into its place. */
static void replace(guardian *g, uint64_t id) {
  gc_mutator *m = g->t->m;
  const uint64_t *p = g->t->run->params;
  gc_shape shape = pair_shape(p);
  gc_reg frame = gc_frame_enter(m, 2, 2);
  gc_reg handle = frame, buffer = frame + 1;
  gc_reg table = frame + 2, chunk = frame + 3;
  new_or_finalize(g, handle, shape, GC_FINALIZABLE);
  stamp(m, handle, shape.bytes, id);
  new_or_finalize(g, buffer, shape, GC_PLAIN);
  stamp(m, buffer, shape.bytes, id);
  if (is_cyclic(p, id))
    gc_store(m, buffer, PEER, handle);
  gc_store_take(m, handle, PEER, buffer);
  if (id >= p[LIVE]) {
    uint64_t old = id - p[LIVE];
    g->state[old] = DROPPED;
    if (follows(p, old)) {
      g->deaths[death_of(p, old)] = g->made;
      wl_died(g->t);
    }
  }
  g->made++;
  gc_global_borrow(m, table, TABLE);
  if (id >= p[LIVE])
    pair_dropped(g->t);
  table_put(m, chunk, table, id % p[LIVE], handle);
  gc_frame_leave(m, frame, 2, 2);
}

/* Makes a list of ordinary objects and drops it. */
static void litter(guardian *g, uint64_t length) {
  gc_mutator *m = g->t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), list = frame, node = frame + 1;
  for (uint64_t i = 0; i < length; i++) {
    new_or_finalize(g, node, GARBAGE_SHAPE, GC_PLAIN);
    gc_store_take(m, node, 0, list);
    gc_move(m, list, node);
  }
  wl_dropped(g->t, length, length * gc_shape_bytes(GARBAGE_SHAPE));
  gc_frame_leave(m, frame, 2, 0);
}

static void set_up(guardian *g) {
  wl_thread *t = g->t;
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  gc_reg table = gc_frame_enter(m, 1, 0);
  table_new(t, table, p[LIVE]);
  gc_global_store(m, TABLE, table);
  table_new(t, table, p[RING]);
  gc_global_store(m, REBORN, table);
  gc_frame_leave(m, table, 1, 0);
  for (uint64_t id = 0; id < p[LIVE]; id++)
    replace(g, id);
}

/* Whether the handles in the table of global root `root`, and their buffers,
 * are undamaged. */
static bool whole(guardian *g, uint32_t root, uint64_t n) {
  gc_mutator *m = g->t->m;
  uint64_t payload = wl_get(g->t, PAYLOAD);
  gc_reg frame = gc_frame_enter(m, 0, 3);
  gc_reg table = frame, handle = frame + 1, buffer = frame + 2;
  bool ok = true;
  gc_global_borrow(m, table, root);
  for (uint64_t i = 0; i < n && ok; i++) {
    table_borrow(m, handle, table, i);
    if (gc_is_null(m, handle)) {
      ok = root == REBORN;
      continue;
    }
    uint64_t id = stamp_id(m, handle);
    gc_borrow(m, buffer, handle, PEER);
    ok = id < g->handles &&
         g->state[id] == (root == REBORN ? FINALIZED : HELD) &&
         stamp_is(m, handle, payload, id) && !gc_is_null(m, buffer) &&
         stamp_is(m, buffer, payload, id);
  }
  gc_frame_leave(m, frame, 0, 3);
  return ok;
}

static void run(wl_thread *t) {
  const uint64_t *p = t->run->params;
  uint64_t live = p[LIVE], rounds = p[ROUNDS], ring = p[RING];
  uint64_t handles = live * (rounds + 1);
  guardian g = {.t = t,
                .state = own_memory(handles, 1),
                .deaths = own_memory(death_of(p, handles), sizeof *g.deaths),
                .handles = handles,
                .resurrecting = true};
  uint32_t *order = order_new(live);
  set_up(&g);

  wl_begin(t);
  for (uint64_t round = 1; round <= rounds; round++) {
    order_shuffle(t, order, live);
    wl_skip(t);
    for (uint64_t i = 0; i < live; i += STEP_OPS) {
      uint64_t end = min_u64(i + STEP_OPS, live);
      for (uint64_t op = i; op < end; op++) {
        replace(&g, round * live + order[op]);
        litter(&g, p[GARBAGE]);
      }
      wl_step(t, CHURN, end - i);
      while (finalize_waiting(&g, FINALIZED_A_STEP) > 0)
        wl_step(t, FINALIZE, 0);
    }
  }
  wl_end(t);
  free(order);

  settle(&g);
  wl_check(t, whole(&g, TABLE, live), "a live handle is damaged");
  wl_check(t, whole(&g, REBORN, ring), "a resurrected handle is damaged");
  uint64_t cyclic = share_of(live, p[CYCLIC]), acyclic = live - cyclic;
  wl_expect_reclaimed(t, "finalizers run", g.runs, rounds * acyclic,
                      rounds * cyclic);
  /* With a collector that does not reclaim cycles, pairs that died in cycles
   * are still in the heap, and fewer pairs are in the ring. */
  uint64_t reborn, reborn_acyclic;
  count_reborn(p, &reborn, &reborn_acyclic);
  uint64_t tables = table_objects(live) + table_objects(ring);
  wl_expectation e = {
      .live = tables + 2 * (live + reborn),
      .cyclic = 2 * (rounds * cyclic + reborn_acyclic - reborn),
      .allocated = tables + 2 * handles + live * rounds * p[GARBAGE],
      .bytes = table_bytes(live) + table_bytes(ring) +
               2 * (live + reborn) * gc_shape_bytes(pair_shape(p))};
  wl_expect(t, e);

  g.resurrecting = false;
  for (uint64_t id = rounds * live; id < handles; id++)
    g.state[id] = DROPPED;
  /* Fewer came back to life than are expected, if not all dead were found. */
  uint64_t missing = 2 * (reborn - min_u64(g.reborn, ring));
  wl_dropped(t, e.live - missing,
             e.bytes - missing * gc_shape_bytes(pair_shape(p)));
  gc_global_clear(t->m, TABLE);
  gc_global_clear(t->m, REBORN);
  settle(&g);
  wl_expect_reclaimed(t, "finalizers run", g.runs, (rounds + 1) * acyclic,
                      (rounds + 1) * cyclic);
  e.live = 0;
  e.cyclic = 2 * (rounds + 1) * cyclic;
  wl_expect(t, e);
  free(g.state);
  free(g.deaths);
}

const workload workload_finalizers = {
    .name = "finalizers",
    .summary = "finalizable handles die, some are resurrected",
    .source = "guardians (Dybvig, Bruggeman & Eby, PLDI 1993)",
    .unit = "handles",
    .steps = {"churn", "finalize"},
    .params =
        {{"live", "handles alive at a time", 20000, 1, 1 << 22, NULL},
         {"rounds", "how often each handle is replaced", 40, 1, 4096, NULL},
         {"garbage", "ordinary objects made for each handle", 8, 0, 1024, NULL},
         {"payload", "bytes in a handle and in a buffer", 32, 8, 4096, NULL},
         {"resurrect", "percent of the finalizers that resurrect", 20, 0, 100,
          NULL},
         {"cyclic", "percent of the handles in a cycle with their buffer", 10,
          0, 100, NULL},
         {"ring", "resurrected handles that are kept", 1000, 1, 1 << 20, NULL}},
    .needs = WL_NEEDS_FINALIZERS,
    .knows_live = true,
    .longer = "rounds",
    .volume = volume,
    .run = run,
};
