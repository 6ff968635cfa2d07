/* counting: threads that take references and drop them, and do nothing else.
 *
 *   private  each thread takes references to objects that it made itself and no
 *            other thread refers to
 *   shared   all threads take references to the same objects
 *
 * An operation loads a reference from a table into an owning register and so
 * drops the reference that was there.  To a counting collector one count goes
 * up and another goes down; to the others the operation is a load.  Biased
 * counting gains by the share of objects whose counts only one thread changes
 * (Choi, Shull & Torrellas, PACT 2018).  Shared objects make threads wait for
 * each other's cache lines.
 *
 * Survivors: the tables and the objects in them.
 *
 * Limits: no program does only this; the workload bounds what counting can
 * cost. */
#include "parts.h"

enum { MODE, OPS, OBJECTS };
enum { PRIVATE, SHARED };
static const char *const modes[] = {"private", "shared", NULL};
enum { COUNT };

#define LEAF ((gc_shape){0, 16})

/* The global root with an object that refers to the tables. */
enum { TABLES };

enum {
  STEP_OPS = 512,
  SAFEPOINT_OPS = 64, /* operations between two safepoints */
};

static unsigned tables_of(const uint64_t *p, unsigned threads) {
  return p[MODE] == SHARED ? 1 : threads;
}

static uint64_t table_with_leaves(const uint64_t *p) {
  return table_bytes(p[OBJECTS]) + p[OBJECTS] * gc_shape_bytes(LEAF);
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  unsigned tables = tables_of(p, threads);
  uint64_t root = gc_shape_bytes((gc_shape){tables, 0});
  uint64_t all = root + tables * table_with_leaves(p);
  return (wl_volume){
      .live = all, .allocated = all, .set_up = p[MODE] == SHARED ? all : root};
}

/* Makes table number `place` and the objects in it. */
static void make_table(wl_thread *t, uint32_t place) {
  gc_mutator *m = t->m;
  uint64_t objects = wl_get(t, OBJECTS);
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, leaf = frame + 1, at = frame + 2;
  table_new(t, table, objects);
  for (uint64_t i = 0; i < objects; i++) {
    new_stamped(t, leaf, LEAF, i);
    table_put(m, at, table, i, leaf);
  }
  gc_global_borrow(m, at, TABLES);
  gc_store_take(m, at, place, table);
  gc_frame_leave(m, frame, 2, 1);
}

static void count(wl_thread *t, void *data) {
  (void)data;
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint32_t place = p[MODE] == SHARED ? 0 : t->index - 1;
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg held = frame, table = frame + 1, at = frame + 2;
  if (p[MODE] == PRIVATE)
    make_table(t, place);
  gc_global_borrow(m, at, TABLES);
  gc_load(m, table, at, place);
  for (uint64_t i = 0; i < p[OPS]; i += STEP_OPS) {
    uint64_t end = min_u64(i + STEP_OPS, p[OPS]);
    for (uint64_t k = i; k < end; k++) {
      uint32_t slot = table_at(m, at, table, wl_random_below(t, p[OBJECTS]));
      gc_load(m, held, at, slot);
      if (k % SAFEPOINT_OPS == 0)
        gc_safepoint(m);
    }
    wl_step(t, COUNT, end - i);
  }
  gc_frame_leave(m, frame, 2, 1);
}

static void check(wl_thread *t, unsigned tables) {
  gc_mutator *m = t->m;
  uint64_t objects = wl_get(t, OBJECTS);
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg table = frame, root = frame + 1, at = frame + 2;
  gc_global_borrow(m, root, TABLES);
  for (uint32_t k = 0; k < tables; k++) {
    gc_load(m, table, root, k);
    for (uint64_t i = 0; i < objects; i++) {
      table_borrow(m, at, table, i);
      wl_check(t, stamp_is(m, at, LEAF.bytes, i),
               "object %llu of table %u is damaged", (unsigned long long)i, k);
    }
  }
  gc_frame_leave(m, frame, 1, 2);
}

static void drop_tables(wl_thread *t, unsigned tables) {
  gc_mutator *m = t->m;
  uint64_t objects = wl_get(t, OBJECTS);
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg root = frame, table = frame + 1, chunk = frame + 2;
  gc_global_load(m, root, TABLES);
  gc_global_clear(m, TABLES);
  wl_dropped(t, 1 + tables * (table_objects(objects) + objects),
             volume(t->run->params, t->run->threads).live);
  for (uint32_t k = 0; k < tables && GC_EXPLICIT_FREE; k++) {
    gc_load(m, table, root, k);
    for (uint64_t i = 0; i < objects; i++) {
      uint32_t slot = table_at(m, chunk, table, i);
      free_slot(m, chunk, slot);
    }
    gc_unborrow(m, chunk);
    free_table(m, table, objects);
  }
  gc_free(m, root);
  gc_frame_leave(m, frame, 2, 1);
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  unsigned tables = tables_of(p, t->run->threads);
  gc_reg root = gc_frame_enter(m, 1, 0);
  new_plain(t, root, (gc_shape){tables, 0});
  gc_global_store(m, TABLES, root);
  gc_frame_leave(m, root, 1, 0);
  if (p[MODE] == SHARED)
    make_table(t, 0);

  wl_begin(t);
  wl_apart(t); /* counts are measured, and nothing dies */
  wl_threads(t, t->run->threads, 1, count, NULL);
  wl_end(t);

  check(t, tables);
  uint64_t all = 1 + tables * (table_objects(p[OBJECTS]) + p[OBJECTS]);
  wl_expect(t, (wl_expectation){.live = all,
                                .allocated = all,
                                .bytes = volume(p, t->run->threads).live});
  drop_tables(t, tables);
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_counting = {
    .name = "counting",
    .summary = "threads that take and drop references, each to its own objects "
               "or all to the same",
    .source = "after Choi, Shull & Torrellas, PACT 2018",
    .unit = "operations",
    .steps = {"count"},
    .params = {{"mode",
                "whether threads use objects of their own or the same ones",
                PRIVATE, 0, 0, modes},
               {"ops", "operations of each thread", 20000000, 1, 1 << 30, NULL},
               {"objects", "objects in a table", 1000, 1, 1 << 20, NULL}},
    .needs = WL_NEEDS_THREADS,
    .knows_deaths = true,
    .knows_live = true,
    .longer = "ops",
    .volume = volume,
    .run = run,
};
