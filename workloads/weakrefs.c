/* weakrefs: the three classic uses of weak references.
 *
 *   cache      a table of weak references to values that something else may
 *              still hold; reads of values that are held must succeed, reads of
 *              dropped values may succeed until the collector has found them
 *   canonical  one object for equal keys: whoever asks for a key gets the
 *              object that others have, if there is one, else a new one
 *   observers  subjects refer to their observers weakly, observers to their
 *              subject strongly, so that neither has to be deregistered; some
 *              observers are in a cycle with their callback
 *
 * After java.util.WeakHashMap and its kind, hash-consing (Goto 1974; Filliâtre
 * & Conchon, ML 2006) and the "lapsed listener" problem.
 *
 * Stresses creation and clearing of weak references, and strong references
 * that are got from weak ones.
 *
 * Survivors: what the strong tables hold, and the weak references in the weak
 * tables.  No operation depends on whether a dead target was already found
 * dead, in which collectors differ: in the canonical table every round asks
 * for a new version of each key.
 *
 * Limits: no weak reference has a callback, and none refers to a finalizable
 * object (see finalizers). */
#include "parts.h"

enum { KIND, ENTRIES, ROUNDS, READS, PAYLOAD, CYCLIC };
/* Values of `kind`, which are also the kinds of steps. */
enum { CACHE, CANONICAL, OBSERVERS, KINDS };
static const char *const kinds[] = {"cache", "canonical", "observers", "all",
                                    NULL};
/* Global roots: the strong table and the weak table of each kind, and the weak
 * references to values that were dropped from the cache. */
enum { STRONG = 0, WEAK = KINDS, EXPIRED = 2 * KINDS };

/* An observer refers to its subject and to its callback; in a cycle, the
 * callback also refers to its observer.  A subject refers weakly to its
 * observers. */
enum { SUBJECT, CALLBACK };
enum { OBSERVER };
enum { GROUP = 16 }; /* observers of a subject */
#define SUBJECT_SHAPE  ((gc_shape){GROUP, 8})
#define CALLBACK_SHAPE ((gc_shape){1, 8})

enum { STEP_OPS = 128 };

static gc_shape value_shape(const uint64_t *p) {
  return (gc_shape){0, (uint32_t)p[PAYLOAD]};
}

static gc_shape observer_shape(const uint64_t *p) {
  return (gc_shape){2, (uint32_t)p[PAYLOAD]};
}

static uint64_t keys(const uint64_t *p) {
  return max_u64(p[ENTRIES] / 4, 1);
}

static uint64_t expired(const uint64_t *p) {
  return max_u64(p[ENTRIES] / 8, 1);
}

static uint64_t groups(const uint64_t *p) {
  return (p[ENTRIES] + GROUP - 1) / GROUP;
}

static bool has(const uint64_t *p, unsigned kind) {
  return p[KIND] == KINDS || p[KIND] == kind;
}

/* What a kind allocates, in objects or in bytes. */
typedef struct needs {
  uint64_t holders; /* tables and subjects, which stay to the end */
  uint64_t kept;    /* the rest of what is reachable at the end */
  uint64_t extra;   /* what is also reachable for a moment */
  uint64_t cyclic;  /* what dies in cycles before the end */
  uint64_t made;    /* all that is allocated except the holders */
} needs;

static needs needs_of(const uint64_t *p, unsigned kind, bool bytes) {
  uint64_t (*table)(uint64_t) = bytes ? table_bytes : table_objects;
  uint64_t n = p[ENTRIES], rounds = p[ROUNDS];
  uint64_t weak = bytes ? gc_shape_bytes(GC_WEAK_SHAPE) : 1;
  uint64_t value = bytes ? gc_shape_bytes(value_shape(p)) : 1;
  uint64_t pair =
      bytes ? gc_shape_bytes(observer_shape(p)) + gc_shape_bytes(CALLBACK_SHAPE)
            : 2;
  uint64_t subject = bytes ? gc_shape_bytes(SUBJECT_SHAPE) : 1;
  switch (kind) {
  case CACHE:
    return (needs){.holders = 2 * table(n) + table(expired(p)),
                   .kept = n * (value + weak) +
                           min_u64(n * rounds, expired(p)) * weak,
                   .extra = value + weak,
                   .made = n * (rounds + 1) * (value + weak)};
  case CANONICAL: /* both versions of most keys live in the middle of a round */
    return (needs){.holders = table(n) + table(keys(p)),
                   .kept = keys(p) * (value + weak),
                   .extra = keys(p) * value + weak,
                   .made = keys(p) * (rounds + 1) * (value + weak)};
  default:
    return (needs){.holders = table(n) + table(groups(p)) + groups(p) * subject,
                   .kept = n * (pair + weak),
                   .extra = pair + weak,
                   .cyclic = rounds * share_of(n, p[CYCLIC]) * pair,
                   .made = n * (rounds + 1) * (pair + weak)};
  }
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  wl_volume v = {0};
  uint64_t extra = 0;
  for (unsigned kind = 0; kind < KINDS; kind++)
    if (has(p, kind)) {
      needs n = needs_of(p, kind, true);
      v.live += n.holders + n.kept;
      extra = max_u64(extra, n.extra);
      v.cyclic += n.cyclic;
      v.allocated += n.holders + n.made;
      v.set_up += n.holders + n.made / (p[ROUNDS] + 1);
    }
  v.live += extra;
  return v;
}

/* A turn of a kind: number `op` of round `round`, whose place in the random
 * order is `place`.  Round 0 belongs to the set-up. */
typedef struct turn {
  uint64_t round, op, place;
  struct users *users;
} turn;

static uint64_t pair_bytes(const uint64_t *p) {
  return gc_shape_bytes(observer_shape(p)) + gc_shape_bytes(CALLBACK_SHAPE);
}

/* dst <- a new weak reference, which is stated.  (S) */
static void new_weak(wl_thread *t, gc_reg dst, gc_reg target) {
  gc_weak_new(t->m, dst, target);
  wl_made(t, 1, gc_shape_bytes(GC_WEAK_SHAPE));
}

static void weak_dropped(wl_thread *t) {
  wl_dropped(t, 1, gc_shape_bytes(GC_WEAK_SHAPE));
}

/* ------------------------------------------------------------------------- *
 * Cache: value i of round r is stamped r * ENTRIES + i. */

/* Replaces a value.  The weak reference to the old value is moved to the
 * expired ones. */
static void cache_replace(wl_thread *t, turn at) {
  gc_mutator *m = t->m;
  uint64_t n = wl_get(t, ENTRIES), room = expired(t->run->params);
  gc_reg frame = gc_frame_enter(m, 3, 3);
  gc_reg value = frame, weak = frame + 1, old = frame + 2;
  gc_reg table = frame + 3, chunk = frame + 4, scratch = frame + 5;
  new_stamped(t, value, value_shape(t->run->params), at.round * n + at.place);
  new_weak(t, weak, value);
  gc_global_borrow(m, table, STRONG + CACHE);
  if (at.round > 0)
    wl_dropped(t, 1, gc_shape_bytes(value_shape(t->run->params)));
  table_put(m, scratch, table, at.place, value);
  gc_global_borrow(m, table, WEAK + CACHE);
  uint32_t slot = table_at(m, chunk, table, at.place);
  gc_load(m, old, chunk, slot);
  gc_store_take(m, chunk, slot, weak);
  if (at.round > 0) {
    uint64_t serial = (at.round - 1) * n + at.op;
    gc_global_borrow(m, table, EXPIRED);
    if (serial >= room)
      weak_dropped(t);
    table_put(m, scratch, table, serial % room, old);
  }
  gc_frame_leave(m, frame, 3, 3);
}

/* Reads values through the weak table, and a value that was dropped. */
static void cache_read(wl_thread *t, turn at) {
  gc_mutator *m = t->m;
  uint64_t n = wl_get(t, ENTRIES), room = expired(t->run->params);
  uint64_t dropped = (at.round - 1) * n + at.op + 1;
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg value = frame, table = frame + 1, weak = frame + 2;
  gc_global_borrow(m, table, WEAK + CACHE);
  for (uint64_t k = wl_get(t, READS); k > 0; k--) {
    uint64_t i = wl_random_below(t, n);
    table_borrow(m, weak, table, i);
    if (!gc_weak_get(m, value, weak) || stamp_id(m, value) % n != i)
      wl_check(t, false, "cache: value %llu is lost", (unsigned long long)i);
  }
  gc_global_borrow(m, table, EXPIRED);
  table_borrow(m, weak, table, wl_random_below(t, min_u64(dropped, room)));
  if (gc_weak_get(m, value, weak))
    wl_check(t, stamp_whole(m, value, wl_get(t, PAYLOAD)),
             "cache: a dropped value is damaged");
  gc_frame_leave(m, frame, 1, 2);
}

/* ------------------------------------------------------------------------- *
 * Canonical table: the object for key k of version r is stamped
 * r * keys + k.  In each round each user wants the new version of some key. */

/* Who uses which key, to know when a version is dropped. */
typedef struct users {
  uint32_t *keys; /* of each user */
  uint32_t *left; /* users of an even and of an odd version, for each key */
} users;

/* User `at.place` wants the new version of the key.  Whether that was the last
 * user of the old version of the key that the user had. */
static bool change_key(turn at, uint64_t key) {
  uint64_t old = at.users->keys[at.place], even = at.round % 2;
  at.users->keys[at.place] = (uint32_t)key;
  at.users->left[2 * key + even]++;
  return at.round > 0 && --at.users->left[2 * old + !even] == 0;
}

static void canonical_want(wl_thread *t, turn at, uint64_t key) {
  gc_mutator *m = t->m;
  uint64_t id = at.round * keys(t->run->params) + key;
  gc_reg frame = gc_frame_enter(m, 2, 3);
  gc_reg value = frame, fresh = frame + 1;
  gc_reg table = frame + 2, chunk = frame + 3, weak = frame + 4;
  gc_global_borrow(m, table, WEAK + CANONICAL);
  uint32_t slot = table_at(m, chunk, table, key);
  gc_borrow(m, weak, chunk, slot);
  if (gc_is_null(m, weak) || !gc_weak_get(m, value, weak) ||
      stamp_id(m, value) != id) {
    new_stamped(t, value, value_shape(t->run->params), id);
    new_weak(t, fresh, value);
    if (at.round > 0)
      weak_dropped(t);
    gc_store_take(m, chunk, slot, fresh);
  }
  gc_global_borrow(m, table, STRONG + CANONICAL);
  if (change_key(at, key))
    wl_dropped(t, 1, gc_shape_bytes(value_shape(t->run->params)));
  table_put(m, chunk, table, at.place, value);
  gc_frame_leave(m, frame, 2, 3);
}

/* ------------------------------------------------------------------------- *
 * Observers: observer i is stamped i and watches subject i / GROUP. */

/* Replaces an observer, has the subject notify all observers that are still
 * alive, and registers the new one. */
static void observers_replace(wl_thread *t, turn at) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t i = at.place, group = i / GROUP;
  uint32_t members = (uint32_t)min_u64(p[ENTRIES] - group * GROUP, GROUP);
  gc_reg frame = gc_frame_enter(m, 4, 4);
  gc_reg observer = frame, callback = frame + 1;
  gc_reg weak = frame + 2, seen = frame + 3;
  gc_reg table = frame + 4, subject = frame + 5;
  gc_reg scratch = frame + 6, known = frame + 7;
  gc_global_borrow(m, table, WEAK + OBSERVERS);
  table_borrow(m, subject, table, group);
  new_stamped(t, observer, observer_shape(p), i);
  gc_store(m, observer, SUBJECT, subject);
  new_stamped(t, callback, CALLBACK_SHAPE, i);
  if (share_has(i, p[CYCLIC]))
    gc_store(m, callback, OBSERVER, observer);
  gc_store_take(m, observer, CALLBACK, callback);
  new_weak(t, weak, observer);
  gc_global_borrow(m, table, STRONG + OBSERVERS);
  if (at.round > 0)
    wl_dropped(t, 2, pair_bytes(p));
  table_put(m, scratch, table, i, observer);

  if (at.round > 0) {
    uint32_t notified = 0;
    for (uint32_t k = 0; k < members; k++) {
      gc_borrow(m, known, subject, k);
      if (gc_weak_get(m, seen, known) && stamp_id(m, seen) == group * GROUP + k)
        notified++;
    }
    wl_check(t, notified + 1 >= members, "observers: one was lost");
    gc_clear(m, seen);
    weak_dropped(t);
  }
  gc_store_take(m, subject, (uint32_t)(i % GROUP), weak);
  gc_frame_leave(m, frame, 4, 4);
}

/* ------------------------------------------------------------------------- */

static void set_up(wl_thread *t, unsigned kind) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t weaks[KINDS] = {p[ENTRIES], keys(p), groups(p)};
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg table = frame, subject = frame + 1, scratch = frame + 2;
  table_new(t, table, p[ENTRIES]);
  gc_global_store(m, STRONG + kind, table);
  if (kind == CACHE) {
    table_new(t, table, expired(p));
    gc_global_store(m, EXPIRED, table);
  }
  table_new(t, table, weaks[kind]);
  gc_global_store(m, WEAK + kind, table);
  if (kind == OBSERVERS)
    for (uint64_t g = 0; g < groups(p); g++) {
      new_stamped(t, subject, SUBJECT_SHAPE, g);
      table_put(m, scratch, table, g, subject);
    }
  gc_frame_leave(m, frame, 2, 1);
}

static void take_turn(wl_thread *t, unsigned kind, turn at) {
  uint64_t number = at.op;
  switch (kind) {
  case CACHE:
    cache_replace(t, at);
    if (at.round > 0)
      cache_read(t, at);
    break;
  case CANONICAL: /* the random order is the order of keys */
    number = at.place % keys(t->run->params);
    at.place = at.op;
    canonical_want(t, at, number);
    break;
  case OBSERVERS:
    observers_replace(t, at);
    break;
  }
}

/* weak <- weak reference number i of a kind, borrowed.  Returns the stamp that
 * its target has, if the target is alive. */
static uint64_t weak_at(wl_thread *t, unsigned kind, uint64_t i, gc_reg weak) {
  const uint64_t *p = t->run->params;
  gc_global_borrow(t->m, weak, WEAK + kind);
  if (kind == OBSERVERS) {
    table_borrow(t->m, weak, weak, i / GROUP);
    gc_borrow(t->m, weak, weak, i % GROUP);
    return i;
  }
  table_borrow(t->m, weak, weak, i);
  return p[ROUNDS] * (kind == CACHE ? p[ENTRIES] : keys(p)) + i;
}

/* What check_weak drops of a kind, in objects or in bytes. */
static uint64_t dropped_by_check(const uint64_t *p, unsigned kind, bool bytes) {
  uint64_t value = bytes ? gc_shape_bytes(value_shape(p)) : 1;
  uint64_t pair = bytes ? pair_bytes(p) : 2;
  if (kind == CANONICAL)
    return keys(p) * value;
  return p[ENTRIES] / 2 * (kind == OBSERVERS ? pair : value);
}

/* Drops every other value and observer, and all users of keys.  The weak
 * references must still return the others, undamaged; those to the dropped
 * ones must have been cleared, as far as the collector reclaims these. */
static void check_weak(wl_thread *t, unsigned kind) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t n = kind == CANONICAL ? keys(p) : p[ENTRIES];
  uint64_t cleared = 0, acyclic = 0, cyclic = 0;
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg target = frame, table = frame + 1, at = frame + 2;
  gc_global_borrow(m, table, STRONG + kind);
  wl_dropped(t, dropped_by_check(p, kind, false),
             dropped_by_check(p, kind, true));
  for (uint64_t i = 0; i < p[ENTRIES]; i++)
    if (kind == CANONICAL || i % 2 == 1)
      gc_store_null(m, at, table_at(m, at, table, i));
  gc_unborrow(m, table);
  gc_unborrow(m, at);
  gc_collect(m);
  for (uint64_t i = 0; i < n; i++) {
    uint64_t id = weak_at(t, kind, i, at);
    bool seen = gc_weak_get(m, target, at);
    wl_check(t, !seen || stamp_is(m, target, p[PAYLOAD], id),
             "%s: target %llu is damaged", kinds[kind], (unsigned long long)i);
    if (kind == CANONICAL || i % 2 == 1) {
      bool in_cycle = kind == OBSERVERS && share_has(i, p[CYCLIC]);
      acyclic += !in_cycle;
      cyclic += in_cycle;
      cleared += !seen;
    } else
      wl_check(t, seen, "%s: target %llu is lost", kinds[kind],
               (unsigned long long)i);
  }
  wl_expect_reclaimed(t, "weak references cleared", cleared, acyclic, cyclic);
  gc_frame_leave(m, frame, 1, 2);
}

/* Checks that all values that were dropped from the cache are found dead. */
static void check_expired(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint64_t filled = min_u64(p[ROUNDS] * p[ENTRIES], expired(p)), cleared = 0;
  gc_reg frame = gc_frame_enter(m, 1, 2);
  gc_reg value = frame, table = frame + 1, weak = frame + 2;
  gc_global_borrow(m, table, EXPIRED);
  for (uint64_t i = 0; i < filled; i++) {
    table_borrow(m, weak, table, i);
    cleared += !gc_weak_get(m, value, weak);
  }
  wl_expect_reclaimed(t, "expired references cleared", cleared, filled, 0);
  gc_frame_leave(m, frame, 1, 2);
}

/* Objects that remain in cycles of observers when all roots are dropped: the
 * observers, their subjects, and the weak references of the subjects. */
static uint64_t left_by_observers(const uint64_t *p) {
  uint64_t n = (p[ROUNDS] + 1) * share_of(p[ENTRIES], p[CYCLIC]) * 2;
  for (uint64_t first = 0; first < p[ENTRIES]; first += GROUP) {
    uint64_t end = min_u64(first + GROUP, p[ENTRIES]);
    if (share_of(end, p[CYCLIC]) > share_of(first, p[CYCLIC]))
      n += 1 + (end - first);
  }
  return n;
}

static void run(wl_thread *t) {
  const uint64_t *p = t->run->params;
  uint64_t n = p[ENTRIES];
  uint32_t *order = order_new(n);
  users u = {own_memory(n, sizeof *u.keys),
             own_memory(2 * keys(p), sizeof *u.left)};
  for (unsigned kind = 0; kind < KINDS; kind++)
    if (has(p, kind)) {
      set_up(t, kind);
      for (uint64_t i = 0; i < n; i++)
        take_turn(t, kind, (turn){0, i, i, &u});
    }

  wl_begin(t);
  for (unsigned kind = 0; kind < KINDS; kind++)
    for (uint64_t round = 1; round <= p[ROUNDS] && has(p, kind); round++) {
      order_shuffle(t, order, n);
      wl_skip(t);
      for (uint64_t i = 0; i < n; i += STEP_OPS) {
        uint64_t end = min_u64(i + STEP_OPS, n);
        for (uint64_t op = i; op < end; op++)
          take_turn(t, kind, (turn){round, op, order[op], &u});
        wl_step(t, kind, end - i);
      }
    }
  wl_end(t);
  free(order);
  free(u.keys);
  free(u.left);

  wl_expectation e = {0};
  for (unsigned kind = 0; kind < KINDS; kind++)
    if (has(p, kind)) {
      needs x = needs_of(p, kind, false);
      e.live += x.holders + x.kept;
      needs bytes = needs_of(p, kind, true);
      e.bytes += bytes.holders + bytes.kept;
      e.cyclic += x.cyclic;
      e.allocated += x.holders + x.made;
    }
  wl_expect(t, e);
  if (has(p, CACHE))
    check_expired(t);
  for (unsigned kind = 0; kind < KINDS; kind++)
    if (has(p, kind))
      check_weak(t, kind);
  for (unsigned kind = 0; kind < KINDS; kind++)
    if (has(p, kind)) {
      e.live -= dropped_by_check(p, kind, false);
      e.bytes -= dropped_by_check(p, kind, true);
    }
  wl_dropped(t, e.live, e.bytes);
  for (uint32_t root = 0; root <= EXPIRED; root++)
    gc_global_clear(t->m, root);
  e.live = e.bytes = 0;
  if (has(p, OBSERVERS))
    e.cyclic = left_by_observers(p);
  wl_expect(t, e);
}

const workload workload_weakrefs = {
    .name = "weakrefs",
    .summary = "a weak cache, a canonical table, and observers",
    .source = "weak maps, hash-consing, the lapsed listener problem",
    .unit = "operations",
    .steps = {"cache", "canonical", "observers"},
    .params = {{"kind", "which of the three runs; all: one after the other",
                KINDS, 0, 0, kinds},
               {"entries",
                "number of values, of users of keys and of observers", 20000, 1,
                1 << 22, NULL},
               {"rounds", "how often each is replaced", 30, 1, 4096, NULL},
               {"reads", "weak reads of the cache for each replacement", 4, 0,
                64, NULL},
               {"payload", "bytes in a value or observer", 32, 8, 4096, NULL},
               {"cyclic", "percent of the observers in a cycle", 50, 0, 100,
                NULL}},
    .needs = WL_NEEDS_WEAK,
    .knows_live = true,
    .longer = "rounds",
    .volume = volume,
    .run = run,
};
