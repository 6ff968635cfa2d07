/* globals: what programs keep in global variables: a cache without a bound, a
 * cache that evicts the least recently used entry (LRU), and a registry of
 * subscribers, each of which is removed in time.
 *
 * These are the kinds of leaks and unwanted retention that are reported most
 * often for long-running programs.  They ask different things of a collector:
 * the cache extends an old structure by references to young objects; the LRU
 * list relinks old objects on every hit; removal from the registry has to
 * break a cycle between the subscriber and its registration.  Every read makes
 * a small result that dies at once.
 *
 * Survivors: what was inserted into the cache since it was last dropped;
 * `entries` in the LRU cache and in the registry.  Reads always hit: keys are
 * drawn from the most recently inserted quarter of the LRU cache's capacity,
 * and since the insertion of such a key fewer than half as many keys as the
 * cache can hold were used, so that the key was not evicted.  The entries of
 * the LRU cache are linked both ways, and a subscriber refers to its
 * registration, so that the content of these two becomes cyclic garbage when
 * their global root is cleared; what was evicted or removed before is acyclic
 * garbage.
 *
 * With a rate, requests arrive on a schedule that does not wait for the program
 * (as in requests.c): each is one insertion with its reads, into the kinds in
 * turn.  The cache is dropped as a whole when it holds `ops` entries, so that a
 * run of any length keeps the same data alive.
 *
 * Limits: sizes and hit rates are fixed, and reads are uniform. */
#include "parts.h"

enum { KIND, ENTRIES, OPS, READS, PAYLOAD, ROUNDS, RATE, ARRIVALS, DURATION };
enum { UNIFORM, POISSON };
/* Values of `kind`, which are also the kinds of steps and the global roots. */
enum { CACHE, LRU, REGISTRY, KINDS };
static const char *const kinds[] = {"cache", "lru", "registry", "all", NULL};

enum { STEP_OPS = 32 };

/* An entry of a hash table refers to the NEXT entry in its chain and to its
 * VALUE; in the LRU list also to its neighbours NEWER and OLDER. */
enum { NEXT, VALUE, NEWER, OLDER };
#define CACHE_ENTRY ((gc_shape){2, 8})
#define LRU_ENTRY   ((gc_shape){4, 8})
/* The LRU cache itself: its hash table and the ends of its list. */
enum { MAP, NEWEST, OLDEST };
#define LRU_CACHE ((gc_shape){3, 0})
/* A registration refers to its subscriber, a subscriber to its registration. */
enum { PEER };
#define REGISTRATION ((gc_shape){1, 8})
/* The result of a read: a reference to the value. */
#define RESULT ((gc_shape){1, 8})

static gc_shape value_shape(const uint64_t *p) {
  return (gc_shape){0, (uint32_t)p[PAYLOAD]};
}

static gc_shape subscriber_shape(const uint64_t *p) {
  return (gc_shape){1, (uint32_t)p[PAYLOAD]};
}

static bool has(const uint64_t *p, unsigned kind) {
  return p[KIND] == KINDS || p[KIND] == kind;
}

/* Bytes of an entry with its value, or of a registration with its subscriber.
 */
static uint64_t pair_bytes(const uint64_t *p, unsigned kind) {
  switch (kind) {
  case CACHE:
    return gc_shape_bytes(CACHE_ENTRY) + gc_shape_bytes(value_shape(p));
  case LRU:
    return gc_shape_bytes(LRU_ENTRY) + gc_shape_bytes(value_shape(p));
  default:
    return gc_shape_bytes(REGISTRATION) + gc_shape_bytes(subscriber_shape(p));
  }
}

static unsigned kinds_of(const uint64_t *p) {
  return p[KIND] == KINDS ? KINDS : 1;
}

/* Insertions into each kind, in all. */
static uint64_t insertions(const uint64_t *p) {
  uint64_t asked = p[RATE] * p[DURATION] / kinds_of(p);
  return p[RATE] && p[DURATION] ? max_u64(asked, 1) : p[OPS] * p[ROUNDS];
}

/* How often the cache is begun, and how many entries it has at the end. */
static uint64_t caches(const uint64_t *p) {
  return (insertions(p) + p[OPS] - 1) / p[OPS];
}

static uint64_t cached(const uint64_t *p) {
  return insertions(p) - (caches(p) - 1) * p[OPS];
}

/* Bytes reachable from the global root of a kind at the end. */
static uint64_t kept_bytes(const uint64_t *p, unsigned kind) {
  if (kind == CACHE)
    return table_bytes(p[OPS]) + cached(p) * pair_bytes(p, CACHE);
  return (kind == LRU ? gc_shape_bytes(LRU_CACHE) : 0) +
         table_bytes(p[ENTRIES]) + p[ENTRIES] * pair_bytes(p, kind);
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t n = insertions(p), result = gc_shape_bytes(RESULT);
  wl_volume v = {.live = result};
  for (unsigned kind = 0; kind < KINDS; kind++) {
    if (!has(p, kind))
      continue;
    /* The cache is empty at first; the other two are full. */
    uint64_t pair = pair_bytes(p, kind), table = table_bytes(p[OPS]);
    uint64_t full =
        kind == CACHE ? table + min_u64(n, p[OPS]) * pair : kept_bytes(p, kind);
    uint64_t set_up = kind == CACHE ? table : full;
    v.live += full;
    v.set_up += set_up;
    v.allocated += set_up + n * pair + n * p[READS] * result +
                   (kind == CACHE ? (caches(p) - 1) * table : 0);
  }
  return v;
}

/* ------------------------------------------------------------------------- *
 * Hash tables with chains. */

static uint64_t bucket(uint64_t key, uint64_t buckets) {
  return (uint64_t)(((unsigned __int128)mix(key) * buckets) >> 64);
}

static uint64_t key_of(gc_mutator *m, gc_reg entry) {
  return *(const uint64_t *)gc_payload(m, entry);
}

/* entry <- the entry with this key, borrowed; if there is none, null, and the
 * result is false. */
static bool map_find(gc_mutator *m, gc_reg entry, gc_reg map, uint64_t buckets,
                     uint64_t key) {
  table_borrow(m, entry, map, bucket(key, buckets));
  while (!gc_is_null(m, entry) && key_of(m, entry) != key)
    gc_borrow(m, entry, entry, NEXT);
  return !gc_is_null(m, entry);
}

/* Puts `entry`, which becomes null, at the front of its chain. */
static void map_add(gc_mutator *m, gc_reg map, uint64_t buckets, gc_reg entry) {
  gc_reg frame = gc_frame_enter(m, 1, 1), chain = frame, chunk = frame + 1;
  uint32_t slot = table_at(m, chunk, map, bucket(key_of(m, entry), buckets));
  gc_load(m, chain, chunk, slot);
  gc_store_take(m, entry, NEXT, chain);
  gc_store_take(m, chunk, slot, entry);
  gc_frame_leave(m, frame, 1, 1);
}

/* Removes the entry with this key, which must exist, from its chain. */
static void map_remove(gc_mutator *m, gc_reg map, uint64_t buckets,
                       uint64_t key) {
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg rest = frame, before = frame + 1, entry = frame + 2;
  uint32_t slot = table_at(m, before, map, bucket(key, buckets));
  gc_borrow(m, entry, before, slot);
  while (key_of(m, entry) != key) {
    gc_borrow(m, before, before, slot);
    slot = NEXT;
    gc_borrow(m, entry, before, slot);
  }
  gc_load(m, rest, entry, NEXT);
  gc_store_take(m, before, slot, rest); /* `entry` may be dead now */
  gc_frame_leave(m, frame, 1, 2);
}

/* dst <- a new entry for `key` with a value of its own. */
static void entry_new(wl_thread *t, gc_reg dst, gc_shape shape, uint64_t key) {
  gc_mutator *m = t->m;
  gc_reg value = gc_frame_enter(m, 1, 0);
  new_stamped(t, dst, shape, key);
  new_stamped(t, value, value_shape(t->run->params), key);
  gc_store_take(m, dst, VALUE, value);
  gc_frame_leave(m, value, 1, 0);
}

/* Reads the value in slot `i` of `obj` and makes a result that refers to it,
 * which nobody uses.  Returns whether it is the expected value. */
static bool read_result(wl_thread *t, gc_reg obj, uint32_t i, uint64_t id) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1);
  gc_reg result = frame, found = frame + 1;
  new_unstated(m, result, RESULT, id);
  gc_borrow(m, found, obj, i);
  gc_store(m, result, 0, found);
  bool ok = stamp_id(m, found) == id;
  wl_made(t, 1, gc_shape_bytes(RESULT));
  wl_dropped(t, 1, gc_shape_bytes(RESULT));
  gc_frame_leave(m, frame, 1, 1);
  return ok;
}

/* ------------------------------------------------------------------------- */

static void set_up_cache(wl_thread *t) {
  gc_reg map = gc_frame_enter(t->m, 1, 0);
  table_new(t, map, wl_get(t, OPS));
  gc_global_store(t->m, CACHE, map);
  gc_frame_leave(t->m, map, 1, 0);
}

/* Inserts a value under the next key, and reads some earlier ones. */
static void use_cache(wl_thread *t, uint64_t op) {
  gc_mutator *m = t->m;
  uint64_t buckets = wl_get(t, OPS), reads = wl_get(t, READS);
  uint64_t key = op % buckets;
  if (op > 0 && key == 0) {
    table_dropped(t, buckets, 2 * buckets,
                  buckets * pair_bytes(t->run->params, CACHE));
    gc_global_clear(m, CACHE);
    set_up_cache(t);
  }
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg fresh = frame, map = frame + 1, entry = frame + 2;
  gc_global_borrow(m, map, CACHE);
  entry_new(t, fresh, CACHE_ENTRY, key);
  map_add(m, map, buckets, fresh);
  for (uint64_t i = 0; i < reads; i++) {
    uint64_t known = wl_random_below(t, key + 1);
    if (!map_find(m, entry, map, buckets, known) ||
        !read_result(t, entry, VALUE, known))
      wl_check(t, false, "cache: the value of key %llu is lost",
               (unsigned long long)known);
  }
  gc_frame_leave(m, frame, 1, 2);
}

/* ------------------------------------------------------------------------- */

/* Puts `entry` at the newest end of the list. */
static void lru_link(gc_mutator *m, gc_reg lru, gc_reg entry) {
  gc_reg newest = gc_frame_enter(m, 0, 1);
  gc_borrow(m, newest, lru, NEWEST);
  if (gc_is_null(m, newest))
    gc_store(m, lru, OLDEST, entry);
  else {
    gc_store(m, entry, OLDER, newest);
    gc_store(m, newest, NEWER, entry);
  }
  gc_store(m, lru, NEWEST, entry);
  gc_frame_leave(m, newest, 0, 1);
}

/* Removes `entry`, which the hash table keeps alive, from the list.  It may be
 * the oldest but not the newest. */
static void lru_unlink(gc_mutator *m, gc_reg lru, gc_reg entry) {
  gc_reg frame = gc_frame_enter(m, 0, 2), newer = frame, older = frame + 1;
  gc_borrow(m, newer, entry, NEWER);
  gc_borrow(m, older, entry, OLDER);
  gc_store(m, newer, OLDER, older);
  if (gc_is_null(m, older))
    gc_store(m, lru, OLDEST, newer);
  else
    gc_store(m, older, NEWER, newer);
  gc_store_null(m, entry, NEWER);
  gc_store_null(m, entry, OLDER);
  gc_frame_leave(m, frame, 0, 2);
}

static void lru_insert(wl_thread *t, gc_reg lru, uint64_t key) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), fresh = frame, map = frame + 1;
  entry_new(t, fresh, LRU_ENTRY, key);
  lru_link(m, lru, fresh);
  gc_borrow(m, map, lru, MAP);
  map_add(m, map, wl_get(t, ENTRIES), fresh);
  gc_frame_leave(m, frame, 1, 1);
}

static void lru_evict(wl_thread *t, gc_reg lru) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 0, 2), map = frame, oldest = frame + 1;
  gc_borrow(m, map, lru, MAP);
  gc_borrow(m, oldest, lru, OLDEST);
  uint64_t key = key_of(m, oldest);
  lru_unlink(m, lru, oldest);
  wl_dropped(t, 2, pair_bytes(t->run->params, LRU));
  map_remove(m, map, wl_get(t, ENTRIES), key);
  gc_frame_leave(m, frame, 0, 2);
}

static void set_up_lru(wl_thread *t) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 0), lru = frame, map = frame + 1;
  new_plain(t, lru, LRU_CACHE);
  table_new(t, map, wl_get(t, ENTRIES));
  gc_store_take(m, lru, MAP, map);
  gc_global_store(m, LRU, lru);
  for (uint64_t key = 0; key < wl_get(t, ENTRIES); key++)
    lru_insert(t, lru, key);
  gc_frame_leave(m, frame, 2, 0);
}

/* Inserts a new key, and reads recent ones. */
static void use_lru(wl_thread *t, uint64_t op) {
  gc_mutator *m = t->m;
  uint64_t entries = wl_get(t, ENTRIES), reads = wl_get(t, READS);
  uint64_t key = entries + op;
  gc_reg frame = gc_frame_enter(m, 0, 4);
  gc_reg lru = frame, map = frame + 1, entry = frame + 2, newest = frame + 3;
  gc_global_borrow(m, lru, LRU);
  gc_borrow(m, map, lru, MAP);
  lru_evict(t, lru);
  lru_insert(t, lru, key);
  for (uint64_t i = 0; i < reads; i++) {
    uint64_t recent = key - wl_random_below(t, entries / 4);
    if (!map_find(m, entry, map, entries, recent) ||
        !read_result(t, entry, VALUE, recent)) {
      wl_check(t, false, "lru: the value of key %llu is lost",
               (unsigned long long)recent);
      break;
    }
    gc_borrow(m, newest, lru, NEWEST);
    if (!gc_same(m, entry, newest)) {
      lru_unlink(m, lru, entry);
      lru_link(m, lru, entry);
    }
  }
  gc_frame_leave(m, frame, 0, 4);
}

/* ------------------------------------------------------------------------- */

static void subscribe(wl_thread *t, gc_reg registry, uint64_t id) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg registration = frame, subscriber = frame + 1, chunk = frame + 2;
  new_stamped(t, registration, REGISTRATION, id);
  new_stamped(t, subscriber, subscriber_shape(t->run->params), id);
  gc_store(m, subscriber, PEER, registration);
  gc_store_take(m, registration, PEER, subscriber);
  table_put(m, chunk, registry, id, registration);
  gc_frame_leave(m, frame, 2, 1);
}

static void unsubscribe(wl_thread *t, gc_reg registry, uint64_t id) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 0, 3);
  gc_reg chunk = frame, registration = frame + 1, subscriber = frame + 2;
  uint32_t slot = table_at(m, chunk, registry, id);
  gc_borrow(m, registration, chunk, slot);
  gc_borrow(m, subscriber, registration, PEER);
  gc_store_null(m, subscriber, PEER);
  wl_dropped(t, 2, pair_bytes(t->run->params, REGISTRY));
  gc_store_null(m, chunk, slot); /* subscriber and registration are dead now */
  gc_frame_leave(m, frame, 0, 3);
}

static void set_up_registry(wl_thread *t) {
  gc_reg registry = gc_frame_enter(t->m, 1, 0);
  table_new(t, registry, wl_get(t, ENTRIES));
  gc_global_store(t->m, REGISTRY, registry);
  for (uint64_t id = 0; id < wl_get(t, ENTRIES); id++)
    subscribe(t, registry, id);
  gc_frame_leave(t->m, registry, 1, 0);
}

/* Replaces a subscriber, and notifies some subscribers. */
static void use_registry(wl_thread *t, uint64_t op) {
  (void)op;
  gc_mutator *m = t->m;
  uint64_t entries = wl_get(t, ENTRIES), reads = wl_get(t, READS);
  gc_reg frame = gc_frame_enter(m, 0, 2);
  gc_reg registry = frame, registration = frame + 1;
  gc_global_borrow(m, registry, REGISTRY);
  uint64_t id = wl_random_below(t, entries);
  unsubscribe(t, registry, id);
  subscribe(t, registry, id);
  for (uint64_t i = 0; i < reads; i++) {
    id = wl_random_below(t, entries);
    table_borrow(m, registration, registry, id);
    if (!read_result(t, registration, PEER, id))
      wl_check(t, false, "registry: subscriber %llu is lost",
               (unsigned long long)id);
  }
  gc_frame_leave(m, frame, 0, 2);
}

/* ------------------------------------------------------------------------- */

/* Whether the hash table has `count` entries and all their values are
 * undamaged. */
static bool map_whole(gc_mutator *m, gc_reg map, uint64_t buckets,
                      uint64_t count, uint64_t payload) {
  gc_reg frame = gc_frame_enter(m, 0, 2), entry = frame, value = frame + 1;
  for (uint64_t b = 0; b < buckets; b++)
    for (table_borrow(m, entry, map, b); !gc_is_null(m, entry);
         gc_borrow(m, entry, entry, NEXT)) {
      gc_borrow(m, value, entry, VALUE);
      count -= stamp_is(m, value, payload, key_of(m, entry));
    }
  gc_frame_leave(m, frame, 0, 2);
  return count == 0;
}

static void check(wl_thread *t, unsigned kind) {
  gc_mutator *m = t->m;
  uint64_t entries = wl_get(t, ENTRIES), ops = wl_get(t, OPS);
  uint64_t payload = wl_get(t, PAYLOAD), in_cache = cached(t->run->params);
  gc_reg frame = gc_frame_enter(m, 0, 2), root = frame, at = frame + 1;
  gc_global_borrow(m, root, kind);
  bool ok = true;
  switch (kind) {
  case CACHE:
    ok = map_whole(m, root, ops, in_cache, payload);
    break;
  case LRU:
    gc_borrow(m, at, root, MAP);
    ok = map_whole(m, at, entries, entries, payload);
    break;
  case REGISTRY:
    for (uint64_t id = 0; id < entries && ok; id++) {
      table_borrow(m, at, root, id);
      gc_borrow(m, at, at, PEER);
      ok = stamp_is(m, at, payload, id);
    }
    break;
  }
  wl_check(t, ok, "%s: contents lost or damaged", kinds[kind]);
  gc_frame_leave(m, frame, 0, 2);
}

static void (*const use[KINDS])(wl_thread *, uint64_t) = {use_cache, use_lru,
                                                          use_registry};

/* One kind after the other, as fast as it goes. */
static void use_all(wl_thread *t) {
  const uint64_t *p = t->run->params;
  uint64_t n = insertions(p);
  for (unsigned kind = 0; kind < KINDS; kind++)
    for (uint64_t op = 0; has(p, kind) && op < n; op += STEP_OPS) {
      uint64_t end = min_u64(op + STEP_OPS, n);
      for (uint64_t i = op; i < end; i++)
        use[kind](t, i);
      wl_step(t, kind, (end - op) * (1 + p[READS]));
    }
}

/* Each insertion is a request. */
static void serve_all(wl_thread *t) {
  const uint64_t *p = t->run->params;
  uint64_t n = insertions(p);
  for (uint64_t i = 0; i < n; i++)
    for (unsigned kind = 0; kind < KINDS; kind++) {
      if (!has(p, kind))
        continue;
      wl_request_begin(t);
      use[kind](t, i);
      wl_request_end(t);
      wl_step(t, kind, 1 + p[READS]);
    }
}

static void run(wl_thread *t) {
  static void (*const set_up[KINDS])(wl_thread *) = {set_up_cache, set_up_lru,
                                                     set_up_registry};
  const uint64_t *p = t->run->params;
  uint64_t entries = p[ENTRIES], n = insertions(p);
  wl_expectation e = {0};

  for (unsigned kind = 0; kind < KINDS; kind++)
    if (has(p, kind))
      set_up[kind](t);
  if (p[RATE])
    wl_requests(t, n * kinds_of(p), p[RATE], p[ARRIVALS] == POISSON);
  wl_begin(t);
  (p[RATE] ? serve_all : use_all)(t);
  wl_end(t);

  for (unsigned kind = 0; kind < KINDS; kind++)
    if (has(p, kind))
      e.bytes += kept_bytes(p, kind);
  if (has(p, CACHE)) {
    check(t, CACHE);
    uint64_t table = table_objects(p[OPS]);
    e.live += table + 2 * cached(p);
    e.allocated += caches(p) * table + 2 * n + n * p[READS];
  }
  for (unsigned kind = LRU; kind <= REGISTRY; kind++)
    if (has(p, kind)) {
      check(t, kind);
      uint64_t holders = (kind == LRU) + table_objects(entries);
      e.live += holders + 2 * entries;
      e.allocated += holders + 2 * (entries + n) + n * p[READS];
    }
  wl_expect(t, e);
  wl_dropped(t, e.live, e.bytes);
  for (unsigned kind = 0; kind < KINDS; kind++) {
    gc_global_clear(t->m, kind);
    if (has(p, kind) && kind != CACHE)
      e.cyclic += 2 * entries;
  }
  e.live = 0;
  wl_expect(t, e);
}

static const char *const arrivals[] = {"uniform", "poisson", NULL};

const workload workload_globals = {
    .name = "globals",
    .summary = "a cache, an LRU cache and a registry in global roots",
    .source = "common classes of leaks and retention",
    .unit = "insertions and reads",
    .steps = {"cache", "lru", "registry"},
    .params = {{"kind", "which of the three runs; all: one after the other",
                KINDS, 0, 0, kinds},
               {"entries", "entries of the LRU cache and of the registry",
                20000, 8, 1 << 24, NULL},
               {"ops",
                "insertions into each in a round, and so the size of the cache "
                "at its end",
                100000, 1, 1 << 24, NULL},
               {"reads", "reads for each insertion", 4, 0, 64, NULL},
               {"payload", "bytes in a value", 64, 8, 4096, NULL},
               {"rounds",
                "rounds; the cache is dropped after each but the last", 1, 1,
                1 << 16, NULL},
               {"rate",
                "requests per second, each an insertion with its reads, "
                "whatever the program does; 0: each after the one before",
                0, 0, 1 << 24, NULL},
               {"arrivals", "distances between arrivals, if there is a rate",
                UNIFORM, 0, 0, arrivals},
               {"duration",
                "seconds of requests, if there is a rate; 0: as many as `ops` "
                "and `rounds` say",
                5, 0, 3600, NULL}},
    .knows_live = true,
    .longer = "rounds",
    .volume = volume,
    .run = run,
};
