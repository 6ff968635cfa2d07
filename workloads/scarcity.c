/* scarcity: a heap that runs out again and again, and recovers.
 *
 * The program fills the heap with things of one kind until an allocation is
 * refused, drops all of them or the newer half, and goes on with another kind:
 * small objects, objects of a few kilobytes, large ones, all sizes mixed, small
 * ones among garbage, finalizable ones, weak references, ephemerons.  With
 * several threads some fills are made by all of them at once.  A program that
 * is refused memory drops a cache and carries on in the same way.
 *
 * What was dropped must be there again, for whatever kind comes next, without
 * anybody asking for a collection.  A fill has to end with
 *   - no less in the heap than a share of what the collector declares to be
 *     usable of its limit (gc_capabilities.reserve);
 *   - no less than nine tenths of what the first fill of this kind had, if all
 *     was dropped before, since nothing tells this time from that one.
 * Afterwards everything that should be alive is visited and compared.  A fill
 * that ends too early is WRONG by the oracle `limit`, a damaged object by
 * `graph`.
 *
 * Without a heap limit a fill ends at `volume` bytes.
 *
 * Survivors: a short list that is made at the end. */
#include "parts.h"

#include <inttypes.h>
#include <stdatomic.h>

enum { ROUNDS, VOLUME };

/* Global roots: the list that is filled; a target of weak references; the list
 * of each thread. */
enum { LIST, TARGET, LISTS, THREADS = 8 };

/* An item of a list: its next one, and what it holds. */
enum { NEXT, HELD };
#define ITEM       ((gc_shape){2, 24})
#define ITEM_BYTES ((uint64_t)48)
/* What has entries in lists of the collector, which no limit covers, is large
 * beside these. */
#define FINALIZED ((gc_shape){0, 440})

typedef enum kind {
  SMALL,    /* items */
  MIDDLE,   /* of 2 KiB each */
  LARGE,    /* of 40 to 90 KiB each */
  MIXED,    /* of sizes from all classes */
  LITTERED, /* items, and garbage of several sizes between them */
  FINAL,    /* items that hold a finalizable object each */
  WEAK,     /* items that hold a weak reference each */
  PAIRED,   /* items that hold an ephemeron each, whose key is the item */
  KINDS
} kind;
static const char *const kinds[] = {"small objects",
                                    "objects of 2 KiB",
                                    "large objects",
                                    "objects of all sizes",
                                    "small objects among garbage",
                                    "finalizable objects",
                                    "weak references",
                                    "ephemerons"};

/* The last fill must have held so much of what is usable, and so much of what
 * the first one of its kind had, in percent.  The first leaves room for size
 * classes, pages and headers; the second for a block here and there. */
enum { LEAST_USABLE = 60, LEAST_AGAIN = 90 };

/* A fill: its list is item `made` - 1 first, item 0 last. */
typedef struct fill {
  kind kind;
  uint64_t made, bytes; /* items, and nominal bytes with what they hold */
  uint64_t objects;     /* items and what they hold */
} fill;

static _Atomic uint64_t allocated; /* objects in all */
static uint64_t capacity[KINDS];   /* of the first fill of each kind, bytes */
static uint64_t fills;             /* so far */

/* ------------------------------------------------------------------------- *
 * Items.
 * ------------------------------------------------------------------------- */

static bool can_make(kind k) {
  const gc_capabilities *can = &gc_this_collector.can;
  return k == FINAL    ? can->finalizers
         : k == WEAK   ? can->weak
         : k == PAIRED ? can->ephemerons
                       : true;
}

static uint32_t payload_of(kind k, uint64_t i) {
  static const uint32_t mixed[] = {24, 2040, 88, 8184, 40, 504, 16376, 120};
  if (k == MIDDLE)
    return 2024;
  if (k == LARGE)
    return (uint32_t)(40000 + i % 5 * 12000);
  if (k == WEAK || k == PAIRED)
    return 248;
  if (k == LITTERED)
    return 120;
  return k == MIXED ? mixed[i % (sizeof mixed / sizeof *mixed)] : 88;
}

static bool try_new(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags) {
  bool made = gc_try_new(m, dst, shape, flags);
  atomic_fetch_add_explicit(&allocated, made, memory_order_relaxed);
  return made;
}

/* Makes what item `item` number `i` holds, in register `r`. */
static bool try_held(gc_mutator *m, kind k, uint64_t i, gc_reg r, gc_reg item) {
  gc_reg other = gc_frame_enter(m, 1, 0);
  bool made = true;
  if (k == FINAL) {
    made = try_new(m, r, FINALIZED, GC_FINALIZABLE);
    if (made)
      stamp(m, r, FINALIZED.bytes, i);
  } else if (k == WEAK) {
    gc_global_load(m, other, TARGET);
    made = gc_try_weak_new(m, r, other);
    atomic_fetch_add_explicit(&allocated, made, memory_order_relaxed);
  } else if (k == PAIRED) {
    made = try_new(m, other, ITEM, GC_PLAIN);
    if (made) {
      stamp(m, other, ITEM.bytes, i);
      made = gc_try_ephemeron_new(m, r, item, other);
      atomic_fetch_add_explicit(&allocated, made, memory_order_relaxed);
    }
  }
  gc_frame_leave(m, other, 1, 0);
  return made;
}

static uint64_t held_bytes(kind k) {
  return k == FINAL    ? gc_shape_bytes(FINALIZED)
         : k == WEAK   ? gc_shape_bytes(GC_WEAK_SHAPE)
         : k == PAIRED ? ITEM_BYTES + gc_shape_bytes(GC_EPHEMERON_SHAPE)
                       : 0;
}

static uint64_t item_bytes(kind k, uint64_t i) {
  return gc_shape_bytes((gc_shape){2, payload_of(k, i)}) + held_bytes(k);
}

static uint64_t item_objects(kind k) {
  return k == PAIRED ? 3 : k == FINAL || k == WEAK ? 2 : 1;
}

/* Makes garbage beside every 64th item: little enough that a heap that is
 * nearly full is not collected hundreds of times. */
static bool try_litter(gc_mutator *m, uint64_t i, gc_reg r) {
  return i % 64 || (try_new(m, r, (gc_shape){1, 1016}, GC_PLAIN) &&
                    try_new(m, r, ITEM, GC_PLAIN));
}

/* Makes the next item and puts it in front of the list in register `list`. */
static bool try_item(gc_mutator *m, fill *f, gc_reg list) {
  kind k = f->kind;
  gc_reg item = gc_frame_enter(m, 2, 0), held = item + 1;
  uint32_t bytes = payload_of(k, f->made);
  bool made = (k != LITTERED || try_litter(m, f->made, item)) &&
              try_new(m, item, (gc_shape){2, bytes}, GC_PLAIN);
  if (made) {
    stamp(m, item, bytes, f->made);
    made = try_held(m, k, f->made, held, item);
  }
  if (made) {
    gc_store_take(m, item, HELD, held);
    gc_store_take(m, item, NEXT, list);
    gc_move(m, list, item);
    f->bytes += item_bytes(k, f->made);
    f->objects += item_objects(k);
    f->made++;
  }
  gc_frame_leave(m, item, 2, 0);
  return made;
}

/* Whether item `at`, number `i`, holds what it should. */
static bool holds(gc_mutator *m, kind k, uint64_t i, gc_reg at) {
  gc_reg held = gc_frame_enter(m, 2, 0), to = held + 1;
  bool good = true;
  gc_load(m, held, at, HELD);
  if (k == FINAL)
    good = !gc_is_null(m, held) && stamp_is(m, held, FINALIZED.bytes, i);
  else if (k == WEAK)
    good = !gc_is_null(m, held) && gc_weak_get(m, to, held) &&
           stamp_is(m, to, ITEM.bytes, UINT64_MAX);
  else if (k == PAIRED)
    good = !gc_is_null(m, held) && gc_ephemeron_get(m, to, held) &&
           !gc_is_null(m, to) && stamp_is(m, to, ITEM.bytes, i);
  else
    good = gc_is_null(m, held);
  gc_frame_leave(m, held, 2, 0);
  return good;
}

/* Visits the list of a fill in global root `g`. */
static void compare(wl_thread *t, const fill *f, uint32_t g) {
  gc_mutator *m = t->m;
  char story[160];
  gc_reg at = gc_frame_enter(m, 0, 1);
  gc_global_borrow(m, at, g);
  for (uint64_t i = f->made; i-- > 0; gc_borrow(m, at, at, NEXT)) {
    uint32_t bytes = payload_of(f->kind, i);
    if (!gc_is_null(m, at) && stamp_is(m, at, bytes, i) &&
        holds(m, f->kind, i, at))
      continue;
    snprintf(story, sizeof story,
             "fill %" PRIu64 ", %s: item %" PRIu64 " of %" PRIu64
             " is lost or damaged",
             fills, kinds[f->kind], i, f->made);
    wl_violation(t, "graph", fills, story);
  }
  gc_frame_leave(m, at, 0, 1);
}

/* ------------------------------------------------------------------------- *
 * Fills.
 * ------------------------------------------------------------------------- */

/* Takes and drops what waits for its finalizer; whether there was any. */
static bool take_finalizers(gc_mutator *m) {
  bool any = false;
  gc_reg r = gc_frame_enter(m, 1, 0);
  while (gc_this_collector.can.finalizers && gc_finalizer_next(m, r)) {
    gc_clear(m, r);
    any = true;
  }
  gc_frame_leave(m, r, 1, 0);
  return any;
}

/* Fills until memory is refused, or `most` bytes are there, into the list in
 * global root `g`. */
static void fill_up(wl_thread *t, fill *f, uint32_t g, uint64_t most) {
  gc_mutator *m = t->m;
  gc_reg list = gc_frame_enter(m, 1, 0);
  do
    while (f->bytes < most && try_item(m, f, list))
      continue;
  while (f->bytes < most && take_finalizers(m));
  gc_global_store(m, g, list);
  gc_frame_leave(m, list, 1, 0);
}

/* A fill that ended with `bytes` in the heap must not have fewer than `least`.
 */
static void require(wl_thread *t, const fill *f, uint64_t bytes, uint64_t least,
                    const char *what) {
  char story[240];
  if (bytes >= least)
    return;
  snprintf(story, sizeof story,
           "fill %" PRIu64 ", %s: no more room with %" PRIu64
           " bytes in the heap of %" PRIu64 ", though there must be %" PRIu64
           ": %s",
           fills, kinds[f->kind], bytes, t->run->heap_limit, least, what);
  wl_violation(t, "limit", fills, story);
}

static uint64_t least_usable(const wl_thread *t) {
  uint64_t limit = t->run->heap_limit;
  return (limit - limit / 100 * gc_this_collector.can.reserve) / 100 *
         LEAST_USABLE;
}

/* Judges a fill that ended with `before` bytes besides. */
static void judge(wl_thread *t, const fill *f, uint64_t before) {
  uint64_t bytes = f->bytes + before, most = wl_get(t, VOLUME);
  fills++;
  wl_step(t, 0, f->made);
  /* A conservative collector may keep a whole list for one stale word. */
  if (bytes >= most || !t->run->heap_limit ||
      gc_this_collector.can.conservative)
    return;
  require(t, f, bytes, least_usable(t), "a share of what is usable");
  if (before)
    return;
  if (capacity[f->kind])
    require(t, f, bytes, capacity[f->kind] / 100 * LEAST_AGAIN,
            "the first time there was room for more");
  else
    capacity[f->kind] = bytes;
}

/* Cuts the newer half off the list in global root `from`, of which `f` tells,
 * and moves the rest to global root `to`. */
static void halve(wl_thread *t, fill *f, uint32_t from, uint32_t to) {
  gc_mutator *m = t->m;
  gc_reg at = gc_frame_enter(m, 1, 0);
  gc_global_load(m, at, from);
  for (uint64_t half = f->made / 2; f->made > half;) {
    gc_load(m, at, at, NEXT);
    f->made--;
    f->bytes -= item_bytes(f->kind, f->made);
    f->objects -= item_objects(f->kind);
  }
  gc_global_store(m, to, at);
  gc_global_clear(m, from);
  gc_frame_leave(m, at, 1, 0);
}

/* ------------------------------------------------------------------------- *
 * Rounds.
 * ------------------------------------------------------------------------- */

/* The kinds in a random order, as far as the collector has them; how many. */
static unsigned draw_order(wl_thread *t, kind *order) {
  unsigned n = 0;
  for (kind k = 0; k < KINDS; k++)
    if (can_make(k))
      order[n++] = k;
  for (unsigned i = n; i > 1; i--) {
    unsigned k = (unsigned)wl_random_below(t, i);
    kind other = order[k];
    order[k] = order[i - 1];
    order[i - 1] = other;
  }
  return n;
}

/* Collects until no finalizer waits. */
static void settle(gc_mutator *m) {
  do
    gc_collect(m);
  while (take_finalizers(m));
}

/* Up to how many bytes a fill goes that is to end before memory is refused,
 * with hardly any room left, as far as is known from the first of its kind.  A
 * heap in which something was refused was collected just before; in one that
 * was only nearly full a collection may be under way when the list is dropped,
 * and takes what it has seen for alive. */
static uint64_t nearly_full(wl_thread *t, kind k) {
  uint64_t part = capacity[k] / 64;
  return capacity[k] - part * wl_random_below(t, 8);
}

/* Fills with `first`, drops all of that or the newer half, and fills with
 * `then`.  Half of a fill is half of the heap only if the fill was made in an
 * empty heap: where objects cannot move, what was made in the gaps between
 * others leaves gaps again. */
static void fill_twice(wl_thread *t, kind first, kind then, bool half) {
  uint64_t most = wl_get(t, VOLUME);
  bool shy = !half && capacity[first] && wl_random_below(t, 4);
  fill old = {.kind = first}, new = {.kind = then};
  if (half)
    settle(t->m);
  fill_up(t, &old, LIST, shy ? nearly_full(t, first) : most);
  if (!shy)
    judge(t, &old, 0);
  compare(t, &old, LIST);
  if (half)
    halve(t, &old, LIST, LISTS);
  else
    old = (fill){.kind = first};
  gc_global_clear(t->m, LIST);
  fill_up(t, &new, LIST, most - min_u64(most, old.bytes));
  judge(t, &new, old.bytes);
  compare(t, &new, LIST);
  compare(t, &old, LISTS);
  gc_global_clear(t->m, LIST);
  gc_global_clear(t->m, LISTS);
}

/* What each of several threads fills. */
typedef struct together {
  fill fills[THREADS];
  unsigned threads;
} together;

static void fill_beside(wl_thread *t, void *data) {
  together *all = data;
  unsigned i = t->index - 1;
  fill_up(t, &all->fills[i], LISTS + i, wl_get(t, VOLUME) / all->threads);
}

/* Several threads fill the heap at the same time, each with a kind of its own.
 */
static void fill_together(wl_thread *t, const kind *order, unsigned n) {
  unsigned threads = t->run->threads < THREADS ? t->run->threads : THREADS;
  together all = {.threads = threads};
  uint64_t bytes = 0;
  for (unsigned i = 0; i < threads; i++)
    all.fills[i].kind = order[i % n];
  wl_threads(t, threads, 1, fill_beside, &all);
  for (unsigned i = 1; i < threads; i++)
    bytes += all.fills[i].bytes;
  judge(t, &all.fills[0], bytes);
  for (unsigned i = 0; i < threads; i++) {
    compare(t, &all.fills[i], LISTS + i);
    gc_global_clear(t->m, LISTS + i);
  }
}

static void play(wl_thread *t) {
  kind order[KINDS];
  for (uint64_t round = 0; round < wl_get(t, ROUNDS); round++) {
    unsigned n = draw_order(t, order);
    for (unsigned i = 0; i < n; i++)
      fill_twice(t, order[i], order[(i + 1) % n], (i + round) % 3 == 0);
    if (t->run->threads > 1)
      fill_together(t, order, n);
  }
}

static void run(wl_thread *t) {
  enum { LAST = 100 };
  gc_mutator *m = t->m;
  gc_reg r = gc_frame_enter(m, 1, 0);
  wl_begin(t);
  new_stamped(t, r, ITEM, UINT64_MAX);
  gc_global_store(m, TARGET, r);
  gc_frame_leave(m, r, 1, 0);
  atomic_store(&allocated, 1);
  play(t);
  wl_end(t);
  settle(m);
  fill last = {.kind = SMALL};
  fill_up(t, &last, LIST, LAST * ITEM_BYTES);
  wl_expectation e = {.live = 1 + last.objects,
                      .allocated = atomic_load(&allocated),
                      .bytes = ITEM_BYTES + last.bytes};
  wl_expect(t, e);
  gc_global_clear(m, LIST);
  gc_global_clear(m, TARGET);
  e.live = e.bytes = 0;
  wl_expect(t, e);
}

/* The largest item may be made when little is missing. */
static wl_volume volume(const uint64_t *p, unsigned threads) {
  uint64_t live = 2 * ITEM_BYTES + p[VOLUME] + (uint64_t)threads * 90000;
  return (wl_volume){.live = live,
                     .allocated = 4 * (2 * KINDS + 1) * p[ROUNDS] * live};
}

const workload workload_scarcity = {
    .name = "scarcity",
    .summary = "a heap that runs out again and again, by turns with all kinds "
               "of objects",
    .source = "programs that drop a cache when they are out of memory",
    .unit = "items",
    .steps = {"fill"},
    .params = {{"rounds", "how often each kind has its turns", 3, 1, 1000,
                NULL},
               {"volume", "bytes that are alive at most", 2 << 20, 100, 1 << 30,
                NULL}},
    .needs = WL_TAKES_THREADS | WL_NEEDS_DEPTH,
    .volume = volume,
    .run = run};
