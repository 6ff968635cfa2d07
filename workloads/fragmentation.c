/* fragmentation: survivors stay scattered among dead objects of one size, then
 * objects of another size are allocated.
 *
 * In each round, objects of one size fill `volume` bytes.  Then all but one of
 * `keep` neighbours, picked at random, are dropped, and the next round
 * allocates another size.  The survivors of the last `history` rounds stay.
 * This is a gentle form of Robson's adversary (JACM 1971, 1974): he proved
 * that any allocator that does not move objects can be made to need a multiple
 * of the live bytes that grows with the logarithm of the ratio of sizes.
 *
 * Stresses what a collector does with half-empty blocks: compare its footprint
 * and its peak RSS with the live bytes.
 *
 * Survivors: one of `keep` objects from each of the last `history` rounds.
 *
 * Limits: leaf objects only, and all objects of a round have one size. */
#include "parts.h"

enum { VOLUME, ROUNDS, KEEP, HISTORY };
enum { FILL, THIN, DROP };

enum { STEP_OBJECTS = 256 };

/* The sizes of payload: 16, 24, ..., 512, each once, in an order in which
 * neighbours differ a lot: in steps of 37 places, modulo their number. */
enum { SMALLEST = 16, SIZES = 63, STRIDE = 37 };

static gc_shape shape_of(uint64_t round) {
  return (gc_shape){0, (uint32_t)(SMALLEST + 8 * (round * STRIDE % SIZES))};
}

/* Objects made in a round, which is a multiple of `keep`. */
static uint64_t made_in(const uint64_t *p, uint64_t round) {
  uint64_t n = p[VOLUME] / gc_shape_bytes(shape_of(round)) / p[KEEP];
  return max_u64(n, 1) * p[KEEP];
}

static uint64_t kept_of(const uint64_t *p, uint64_t round) {
  return made_in(p, round) / p[KEEP];
}

/* Places in the table: enough for the objects of any round. */
static uint64_t places(const uint64_t *p) {
  return made_in(p, 0);
}

/* Bytes of the survivors of a round and of their table. */
static uint64_t survivor_bytes(const uint64_t *p, uint64_t round) {
  return table_bytes(kept_of(p, round)) +
         kept_of(p, round) * gc_shape_bytes(shape_of(round));
}

static gc_shape history_shape(const uint64_t *p) {
  return (gc_shape){(uint32_t)p[HISTORY], 0};
}

/* Bytes of the table that is filled, and of the table of survivors. */
static uint64_t set_up_bytes(const uint64_t *p) {
  return table_bytes(places(p)) + gc_shape_bytes(history_shape(p));
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t tables = set_up_bytes(p);
  uint64_t history = 0; /* bytes of the survivors of earlier rounds */
  wl_volume v = {.allocated = tables, .set_up = tables};
  for (uint64_t r = 0; r < p[ROUNDS]; r++) {
    if (r >= p[HISTORY])
      history -= survivor_bytes(p, r - p[HISTORY]);
    uint64_t made = made_in(p, r) * gc_shape_bytes(shape_of(r)) +
                    table_bytes(kept_of(p, r));
    v.live = max_u64(v.live, tables + history + made);
    v.allocated += made;
    history += survivor_bytes(p, r);
  }
  return v;
}

static uint64_t id_of(uint64_t round, uint64_t place) {
  return round << 32 | place;
}

static void fill(wl_thread *t, gc_reg table, uint64_t round) {
  gc_mutator *m = t->m;
  const gc_shape shape = shape_of(round);
  uint64_t n = made_in(t->run->params, round);
  gc_reg frame = gc_frame_enter(m, 1, 1), object = frame, chunk = frame + 1;
  for (uint64_t i = 0; i < n; i += STEP_OBJECTS) {
    uint64_t end = min_u64(i + STEP_OBJECTS, n);
    for (uint64_t place = i; place < end; place++) {
      new_unstated(m, object, shape, id_of(round, place));
      table_put(m, chunk, table, place, object);
    }
    wl_made(t, end - i, (end - i) * gc_shape_bytes(shape));
    wl_step(t, FILL, end - i);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* Empties the table, except that one object of each group of `keep` goes to
 * `survivors`. */
static void thin(wl_thread *t, gc_reg table, gc_reg survivors, uint64_t round) {
  gc_mutator *m = t->m;
  uint64_t n = made_in(t->run->params, round), keep = wl_get(t, KEEP);
  uint64_t pending = 0, each = gc_shape_bytes(shape_of(round));
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg object = frame, chunk = frame + 1, scratch = frame + 2;
  for (uint64_t first = 0; first < n; first += keep) {
    uint64_t kept = first + wl_random_below(t, keep);
    gc_load(m, object, chunk, table_at(m, chunk, table, kept));
    table_put(m, scratch, survivors, first / keep, object);
    for (uint64_t i = first; i < first + keep; i++) {
      uint32_t slot = table_at(m, chunk, table, i);
      if (i != kept)
        wl_dropped(t, 1, each);
      if (GC_EXPLICIT_FREE && i != kept)
        free_slot(m, chunk, slot);
      gc_store_null(m, chunk, slot);
    }
    pending += keep;
    if (pending >= STEP_OBJECTS || first + keep == n) {
      wl_step(t, THIN, pending);
      pending = 0;
    }
    gc_safepoint(m);
  }
  gc_frame_leave(m, frame, 1, 2);
}

/* Frees the survivors of a round, and their table. */
static void free_round(wl_thread *t, gc_reg history, uint64_t round) {
  gc_mutator *m = t->m;
  uint64_t n = kept_of(t->run->params, round);
  gc_reg frame = gc_frame_enter(m, 1, 1), table = frame, chunk = frame + 1;
  gc_load(m, table, history, (uint32_t)(round % wl_get(t, HISTORY)));
  for (uint64_t i = 0; i < n; i++)
    free_slot(m, chunk, table_at(m, chunk, table, i));
  free_table(m, table, n);
  gc_frame_leave(m, frame, 1, 1);
}

/* The same are about to be dropped. */
static void state_dropped(wl_thread *t, uint64_t round) {
  const uint64_t *p = t->run->params;
  uint64_t n = kept_of(p, round);
  table_dropped(t, n, n, n * gc_shape_bytes(shape_of(round)));
}

/* Whether the survivors of a round are undamaged. */
static bool whole(wl_thread *t, gc_reg survivors, uint64_t round) {
  gc_mutator *m = t->m;
  uint64_t keep = wl_get(t, KEEP), n = kept_of(t->run->params, round);
  gc_reg object = gc_frame_enter(m, 0, 1);
  bool ok = true;
  for (uint64_t i = 0; i < n && ok; i++) {
    table_borrow(m, object, survivors, i);
    uint64_t id = stamp_id(m, object);
    ok = id >= id_of(round, i * keep) && id < id_of(round, (i + 1) * keep) &&
         stamp_whole(m, object, shape_of(round).bytes);
  }
  gc_frame_leave(m, object, 0, 1);
  return ok;
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t rounds = p[ROUNDS], keep_rounds = p[HISTORY];
  gc_reg frame = gc_frame_enter(m, 3, 1);
  gc_reg table = frame, history = frame + 1, fresh = frame + 2;
  gc_reg survivors = frame + 3;
  table_new(t, table, places(p));
  new_plain(t, history, history_shape(p));

  wl_begin(t);
  for (uint64_t r = 0; r < rounds; r++) {
    uint32_t slot = (uint32_t)(r % keep_rounds);
    if (r >= keep_rounds)
      state_dropped(t, r - keep_rounds);
    if (GC_EXPLICIT_FREE && r >= keep_rounds)
      free_round(t, history, r - keep_rounds);
    gc_store_null(m, history, slot);
    wl_step(t, DROP, 0);
    fill(t, table, r);
    table_new(t, fresh, kept_of(p, r));
    gc_store_take(m, history, slot, fresh);
    gc_borrow(m, survivors, history, slot);
    thin(t, table, survivors, r);
  }
  wl_end(t);

  wl_expectation e = {.live = table_objects(places(p)) + 1,
                      .bytes = set_up_bytes(p)};
  e.allocated = e.live;
  for (uint64_t r = 0; r < rounds; r++) {
    e.allocated += made_in(p, r) + table_objects(kept_of(p, r));
    if (r + keep_rounds < rounds)
      continue;
    e.live += kept_of(p, r) + table_objects(kept_of(p, r));
    e.bytes += survivor_bytes(p, r);
    gc_borrow(m, survivors, history, (uint32_t)(r % keep_rounds));
    wl_check(t, whole(t, survivors, r), "survivors of round %llu are damaged",
             (unsigned long long)r);
  }
  gc_unborrow(m, survivors);
  wl_expect(t, e);
  wl_dropped(t, e.live, e.bytes);
  if (GC_EXPLICIT_FREE) {
    for (uint64_t r = rounds - min_u64(rounds, keep_rounds); r < rounds; r++)
      free_round(t, history, r);
    gc_free(m, history);
    free_table(m, table, places(p));
  }
  gc_frame_leave(m, frame, 3, 1);
  e.live = 0;
  wl_expect(t, e);
}

const workload workload_fragmentation = {
    .name = "fragmentation",
    .summary =
        "survivors scattered over one size, then another size is allocated",
    .source = "after Robson, JACM 1971",
    .unit = "objects",
    .steps = {"fill", "thin", "drop"},
    .params = {{"volume", "bytes that a round fills", 8 << 20, 1024, 1 << 30,
                NULL},
               {"rounds", "rounds, each with another size", 32, 1, 1 << 16,
                NULL},
               {"keep", "one object of so many survives", 8, 1, 1024, NULL},
               {"history", "rounds whose survivors are alive", 4, 1, 64, NULL}},
    .knows_deaths = true,
    .knows_live = true,
    .longer = "rounds",
    .volume = volume,
    .run = run,
};
