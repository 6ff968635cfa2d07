/* ephemerons: attributes of objects, in a table beside them.
 *
 * A table holds an ephemeron for each key, whose value is the key's attribute;
 * a share of the attributes refer to their keys, as attributes do.  Operations
 * replace a key, together with its attribute, and read attributes of others.
 * The ephemerons of replaced keys stay in a second table for a while, as those
 * in a weak table do until somebody removes them.
 *
 * After java.util.WeakHashMap, Python's weakref.WeakKeyDictionary and Lua's
 * ephemeron tables: in the first two an attribute that refers to its key is
 * never freed, which is what ephemerons are for (Hayes, OOPSLA 1997).
 *
 * Stresses creation and clearing of ephemerons, reading through them, and
 * finding that a value is alive only by a key that is.
 *
 * Survivors: the keys, their attributes, both tables, and the ephemerons in
 * them.  No operation depends on whether a dead key was already found dead.
 *
 * Limits: no key is finalizable, and no attribute is another's key.  The file
 * is compiled once for all collectors, so that a read costs a call as well,
 * about a nanosecond. */
#include "parts.h"

enum { ENTRIES, ROUNDS, READS, PAYLOAD, CYCLIC };
/* Global roots: the keys, the ephemerons, and those of replaced keys. */
enum { KEYS, PAIRS, EXPIRED, TABLES };
enum { KEY }; /* slot of an attribute */

#define KEY_SHAPE ((gc_shape){1, 8})

enum { STEP_OPS = 128 };

static gc_shape value_shape(const uint64_t *p) {
  return (gc_shape){1, (uint32_t)p[PAYLOAD]};
}

static uint64_t expired(const uint64_t *p) {
  return max_u64(p[ENTRIES] / 8, 1);
}

/* The ephemerons of replaced keys that are in the table at the end. */
static uint64_t filled(const uint64_t *p) {
  return min_u64(p[ROUNDS] * p[ENTRIES], expired(p));
}

/* Keys are replaced in the order of their numbers, so that the last that were
 * replaced are known.  Attribute number `serial`, counted over all rounds: */
static bool refers_to_key(const uint64_t *p, uint64_t serial) {
  return share_has(serial % p[ENTRIES], p[CYCLIC]);
}

/* How many of the last ones that were replaced refer to their keys. */
static uint64_t cyclic_at_end(const uint64_t *p) {
  uint64_t n = 0, end = p[ROUNDS] * p[ENTRIES];
  for (uint64_t serial = end - filled(p); serial < end; serial++)
    n += refers_to_key(p, serial);
  return n;
}

/* The most among them at any time: their share, rounded up, and one more where
 * the last place is followed by the first. */
static uint64_t most_cyclic(const uint64_t *p) {
  uint64_t n = filled(p);
  return min_u64(n, p[CYCLIC] ? share_of(n, p[CYCLIC]) + 2 : 0);
}

/* Objects or bytes of the tables, and of a key with its attribute, with or
 * without their ephemeron. */
typedef struct needs {
  uint64_t tables, couple, pair;
} needs;

static needs needs_of(const uint64_t *p, bool bytes) {
  uint64_t (*table)(uint64_t) = bytes ? table_bytes : table_objects;
  return (needs){.tables = 2 * table(p[ENTRIES]) + table(expired(p)),
                 .couple = bytes ? gc_shape_bytes(KEY_SHAPE) +
                                       gc_shape_bytes(value_shape(p))
                                 : 2,
                 .pair = bytes ? gc_shape_bytes(GC_EPHEMERON_SHAPE) : 1};
}

static uint64_t live(const uint64_t *p, needs n) {
  return n.tables + p[ENTRIES] * (n.couple + n.pair) + filled(p) * n.pair;
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  needs n = needs_of(p, true);
  uint64_t made = p[ENTRIES] * (n.couple + n.pair);
  return (wl_volume){.live = live(p, n) + n.couple + n.pair,
                     .cyclic = most_cyclic(p) * n.couple,
                     .allocated = n.tables + made * (p[ROUNDS] + 1),
                     .set_up = n.tables + made};
}

/* Puts a new key with its attribute, number `serial`, into the tables. */
static void replace(wl_thread *t, uint64_t serial) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t i = serial % p[ENTRIES];
  gc_reg frame = gc_frame_enter(m, 4, 2);
  gc_reg key = frame, value = frame + 1, pair = frame + 2, old = frame + 3;
  gc_reg table = frame + 4, chunk = frame + 5;
  new_stamped(t, key, KEY_SHAPE, serial);
  new_stamped(t, value, value_shape(p), serial);
  gc_ephemeron_new(m, pair, key, value);
  wl_made(t, 1, gc_shape_bytes(GC_EPHEMERON_SHAPE));
  if (refers_to_key(p, serial))
    gc_store(m, value, KEY, key);
  gc_clear(m, value);
  gc_global_borrow(m, table, KEYS);
  if (serial >= p[ENTRIES])
    wl_dropped(t, 2,
               gc_shape_bytes(KEY_SHAPE) + gc_shape_bytes(value_shape(p)));
  table_put(m, chunk, table, i, key);
  gc_global_borrow(m, table, PAIRS);
  uint32_t slot = table_at(m, chunk, table, i);
  gc_load(m, old, chunk, slot);
  gc_store_take(m, chunk, slot, pair);
  if (serial >= p[ENTRIES]) {
    gc_global_borrow(m, table, EXPIRED);
    if (serial - p[ENTRIES] >= expired(p))
      wl_dropped(t, 1, gc_shape_bytes(GC_EPHEMERON_SHAPE));
    table_put(m, chunk, table, (serial - p[ENTRIES]) % expired(p), old);
  }
  gc_frame_leave(m, frame, 4, 2);
}

/* The number that the attribute at place `i` has after `made` were made. */
static uint64_t serial_at(const uint64_t *p, uint64_t made, uint64_t i) {
  uint64_t last = made - 1, at = last % p[ENTRIES];
  return last - at + i - (i > at ? p[ENTRIES] : 0);
}

/* Reads the attribute at place `i`, which must be there. */
static void read_one(wl_thread *t, gc_reg value, gc_reg pair, uint64_t made,
                     uint64_t i) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  gc_global_borrow(m, pair, PAIRS);
  table_borrow(m, pair, pair, i);
  if (!gc_ephemeron_get(m, value, pair) || gc_is_null(m, value) ||
      stamp_id(m, value) != serial_at(p, made, i))
    wl_check(t, false, "attribute %llu is lost", (unsigned long long)i);
}

static void read_some(wl_thread *t, uint64_t made) {
  gc_reg value = gc_frame_enter(t->m, 1, 1);
  for (uint64_t k = wl_get(t, READS); k > 0; k--)
    read_one(t, value, value + 1, made, wl_random_below(t, wl_get(t, ENTRIES)));
  gc_frame_leave(t->m, value, 1, 1);
}

static void set_up(wl_thread *t) {
  const uint64_t *p = t->run->params;
  const uint64_t sizes[TABLES] = {p[ENTRIES], p[ENTRIES], expired(p)};
  gc_reg table = gc_frame_enter(t->m, 1, 0);
  for (uint32_t root = 0; root < TABLES; root++) {
    table_new(t, table, sizes[root]);
    gc_global_store(t->m, root, table);
  }
  gc_frame_leave(t->m, table, 1, 0);
  for (uint64_t serial = 0; serial < p[ENTRIES]; serial++)
    replace(t, serial);
}

/* Checks all attributes, and that the ephemerons of replaced keys were
 * cleared, as far as the collector reclaims the keys. */
static void check_all(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t made = (p[ROUNDS] + 1) * p[ENTRIES], cleared = 0;
  uint64_t cyclic = cyclic_at_end(p);
  gc_reg value = gc_frame_enter(m, 1, 1), pair = value + 1;
  for (uint64_t i = 0; i < p[ENTRIES]; i++) {
    read_one(t, value, pair, made, i);
    wl_check(t, stamp_whole(m, value, p[PAYLOAD]), "attribute %llu is damaged",
             (unsigned long long)i);
  }
  for (uint64_t i = 0; i < filled(p); i++) {
    gc_global_borrow(m, pair, EXPIRED);
    table_borrow(m, pair, pair, i);
    if (!gc_ephemeron_get(m, value, pair))
      cleared++;
    else
      wl_check(t, stamp_whole(m, value, p[PAYLOAD]),
               "an attribute of a dead key is damaged");
  }
  gc_frame_leave(m, value, 1, 1);
  wl_expect_reclaimed(t, "ephemerons cleared", cleared, filled(p) - cyclic,
                      cyclic);
}

static void run(wl_thread *t) {
  const uint64_t *p = t->run->params;
  set_up(t);
  uint64_t end = (p[ROUNDS] + 1) * p[ENTRIES];
  wl_begin(t);
  for (uint64_t serial = p[ENTRIES]; serial < end;) {
    uint64_t first = serial, last = min_u64(serial + STEP_OPS, end);
    for (; serial < last; serial++) {
      replace(t, serial);
      read_some(t, serial + 1);
    }
    wl_step(t, 0, last - first);
  }
  wl_end(t);

  needs n = needs_of(p, false);
  wl_expectation e = {.live = live(p, n),
                      .cyclic = cyclic_at_end(p) * n.couple,
                      .bytes = live(p, needs_of(p, true)),
                      .allocated = n.tables + end * (n.couple + n.pair)};
  wl_expect(t, e);
  check_all(t);
  wl_dropped(t, e.live, e.bytes);
  for (uint32_t root = 0; root < TABLES; root++)
    gc_global_clear(t->m, root);
  e.live = e.cyclic = 0; /* what the ephemerons kept dies with them */
  wl_expect(t, e);
}

const workload workload_ephemerons = {
    .name = "ephemerons",
    .summary = "attributes of objects in a table by weak keys",
    .source = "weak-keyed maps; Hayes, OOPSLA 1997",
    .unit = "operations",
    .steps = {"replace"},
    .params = {{"entries", "number of keys with attributes", 20000, 1, 1 << 22,
                NULL},
               {"rounds", "how often each is replaced", 30, 1, 4096, NULL},
               {"reads", "attributes read for each replacement", 4, 0, 64,
                NULL},
               {"payload", "bytes in an attribute", 32, 8, 4096, NULL},
               {"cyclic", "percent of the attributes that refer to their keys",
                50, 0, 100, NULL}},
    .needs = WL_NEEDS_EPHEMERONS,
    .cyclic_pairs = true,
    .knows_live = true,
    .longer = "rounds",
    .volume = volume,
    .run = run,
};
