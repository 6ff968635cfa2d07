/* large-objects: objects of 4 KiB to a megabyte replace one another.
 *
 * For each power of two from `min` to `max` there is a table of live objects
 * of about that size; a step replaces one object in each table.  Half of the
 * objects are arrays of references, half are payload with two slots.  The
 * first and the last slot refer to small objects, which die with the large
 * one: a collector that loses the edge of a large object loses these.  Sizes
 * vary by a sixteenth, so that few holes fit exactly.
 *
 * Stresses the large-object allocator, clearing of slots, heap accounting and
 * triggers (a few allocations fill the heap), and the return of memory.
 *
 * Survivors: the objects in the tables, with two small objects each.
 *
 * Limits: payload is written only once a page, so that the collector and not
 * the bandwidth of memory is measured. */
#include "parts.h"

enum { MIN, MAX, LIVE, STEPS };
enum { SWEEP };

enum { PAGE = 4096, JITTER = 16 };

#define EDGE ((gc_shape){0, 16})

static unsigned classes(const uint64_t *p) {
  unsigned n = 1;
  while (p[MIN] << n <= p[MAX])
    n++;
  return n;
}

/* The shape of the object made in step `step` for class `class`. */
static gc_shape shape_of(const uint64_t *p, unsigned class, uint64_t step) {
  uint64_t size = p[MIN] << class;
  uint64_t bytes = (size + step % JITTER * (size / 256)) & ~(uint64_t)7;
  bool array = (class + step) % 2 == 0;
  return array ? (gc_shape){(uint32_t)(bytes / 8), 0}
               : (gc_shape){2, (uint32_t)(bytes - 16)};
}

/* Bytes of such an object with its two small ones. */
static uint64_t bytes_of(const uint64_t *p, unsigned class, uint64_t step) {
  return gc_shape_bytes(shape_of(p, class, step)) + 2 * gc_shape_bytes(EDGE);
}

static uint64_t tables_bytes(const uint64_t *p) {
  uint64_t n = classes(p);
  return 8 + 8 * n + n * (8 + 8 * p[LIVE]);
}

/* Bytes of the objects made in the first `steps` steps. */
static uint64_t made_bytes(const uint64_t *p, uint64_t steps) {
  uint64_t bytes = 0;
  for (unsigned c = 0; c < classes(p); c++)
    for (unsigned j = 0; j < JITTER; j++) /* times each variation of the size */
      bytes += (steps / JITTER + (j < steps % JITTER)) * bytes_of(p, c, j);
  return bytes;
}

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  unsigned n = classes(p);
  uint64_t tables = tables_bytes(p), largest = 0;
  for (unsigned c = 0; c < n; c++)
    largest += bytes_of(p, c, JITTER - 1);
  /* One more object of the largest class is alive while it replaces another. */
  return (wl_volume){.live = tables + p[LIVE] * largest +
                             bytes_of(p, n - 1, JITTER - 1),
                     .allocated = tables + made_bytes(p, p[LIVE] + p[STEPS]),
                     .set_up = tables + made_bytes(p, p[LIVE])};
}

/* dst <- the object made in step `step` for class `class` */
static void make(wl_thread *t, gc_reg dst, unsigned class, uint64_t step) {
  gc_mutator *m = t->m;
  gc_shape shape = shape_of(t->run->params, class, step);
  uint64_t id = step * 64 + class;
  gc_reg edge = gc_frame_enter(m, 1, 0);
  new_plain(t, dst, shape);
  uint64_t *word = gc_payload(m, dst);
  for (uint64_t i = 0; i < shape.bytes / 8; i += PAGE / 8)
    word[i] = id;
  if (shape.bytes > 0)
    word[shape.bytes / 8 - 1] = id;
  new_stamped(t, edge, EDGE, id);
  gc_store_take(m, dst, 0, edge);
  new_stamped(t, edge, EDGE, ~id);
  gc_store_take(m, dst, shape.slots - 1, edge);
  gc_frame_leave(m, edge, 1, 0);
}

/* Frees element i of `table`, if there is one, with its two small objects. */
static void free_element(wl_thread *t, gc_reg table, unsigned class,
                         uint32_t i) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 1, 1), object = frame, edge = frame + 1;
  gc_load(m, object, table, i);
  if (!gc_is_null(m, object)) {
    gc_borrow(m, edge, object, 0);
    gc_shape shape = shape_of(t->run->params, class, stamp_id(m, edge) / 64);
    free_slot(m, object, 0);
    free_slot(m, object, shape.slots - 1);
    gc_free(m, object);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* Whether the object is undamaged; if so, adds its bytes to *bytes. */
static bool whole(wl_thread *t, gc_reg obj, unsigned class, uint64_t *bytes) {
  gc_mutator *m = t->m;
  gc_reg edge = gc_frame_enter(m, 0, 1);
  gc_borrow(m, edge, obj, 0);
  uint64_t id = stamp_id(m, edge);
  gc_shape shape = shape_of(t->run->params, class, id / 64);
  bool ok = id % 64 == class && stamp_is(m, edge, EDGE.bytes, id);
  if (ok) {
    gc_borrow(m, edge, obj, shape.slots - 1);
    ok = stamp_is(m, edge, EDGE.bytes, ~id);
  }
  const uint64_t *word = gc_payload(m, obj);
  for (uint64_t i = 0; i < shape.bytes / 8 && ok; i += PAGE / 8)
    ok = word[i] == id;
  if (ok && shape.bytes > 0)
    ok = word[shape.bytes / 8 - 1] == id;
  *bytes += bytes_of(t->run->params, class, id / 64);
  gc_frame_leave(m, edge, 0, 1);
  return ok;
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  const uint64_t *p = t->run->params;
  uint32_t live = (uint32_t)p[LIVE];
  uint64_t steps = p[STEPS];
  unsigned n = classes(p);
  uint64_t *made_in = own_memory((uint64_t)n * live, sizeof *made_in);
  gc_reg frame = gc_frame_enter(m, 2, 1);
  gc_reg tables = frame, object = frame + 1, at = frame + 2;
  new_plain(t, tables, (gc_shape){n, 0});
  for (unsigned c = 0; c < n; c++) {
    new_plain(t, object, (gc_shape){live, 0});
    gc_store_take(m, tables, c, object);
  }

  for (uint64_t step = 0; step < live + steps; step++) {
    if (step == live)
      wl_begin(t);
    for (unsigned c = 0; c < n; c++) {
      uint64_t i = step < live ? step : wl_random_below(t, live);
      make(t, object, c, step);
      gc_borrow(m, at, tables, c);
      if (step >= live)
        wl_dropped(t, 3, bytes_of(p, c, made_in[c * live + i]));
      made_in[c * live + i] = step;
      if (GC_EXPLICIT_FREE)
        free_element(t, at, c, (uint32_t)i);
      gc_store_take(m, at, (uint32_t)i, object);
    }
    wl_step(t, SWEEP, n);
  }
  wl_end(t);
  free(made_in);

  uint64_t bytes = tables_bytes(p);
  for (unsigned c = 0; c < n; c++)
    for (uint32_t i = 0; i < live; i++) {
      gc_borrow(m, at, tables, c);
      gc_borrow(m, at, at, i);
      wl_check(t, whole(t, at, c, &bytes), "object %u of class %u is damaged",
               i, c);
    }
  gc_unborrow(m, at);
  uint64_t all = 1 + n + (live + steps) * n * 3;
  wl_expect(t, (wl_expectation){.live = 1 + n + (uint64_t)live * n * 3,
                                .allocated = all,
                                .bytes = bytes});
  wl_dropped(t, 1 + n + (uint64_t)live * n * 3, bytes);
  if (GC_EXPLICIT_FREE) {
    for (unsigned c = 0; c < n; c++) {
      gc_load(m, object, tables, c);
      for (uint32_t i = 0; i < live; i++)
        free_element(t, object, c, i);
      gc_free(m, object);
    }
    gc_free(m, tables);
  }
  gc_frame_leave(m, frame, 2, 1);
  wl_expect(t, (wl_expectation){.allocated = all});
}

const workload workload_large_objects = {
    .name = "large-objects",
    .summary = "objects of 4 KiB to a megabyte replace one another",
    .source = "the large-object cases of collectors' regression tests",
    .unit = "large objects",
    .steps = {"sweep"},
    .params = {{"min", "bytes of the smallest size", 4096, 256, 1 << 26, NULL},
               {"max", "bytes of the largest size, by powers of two from min",
                1 << 20, 256, 1 << 28, NULL},
               {"live", "objects alive of each size", 12, 1, 1 << 16, NULL},
               {"steps",
                "steps, each of which replaces one object of each size", 500, 1,
                1 << 20, NULL}},
    .knows_deaths = true,
    .knows_live = true,
    .longer = "steps",
    .volume = volume,
    .run = run,
};
