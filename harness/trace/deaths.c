/* deaths.c: see deaths.h. */
#include "deaths.h"

#include <stdlib.h>

#include "memory.h"

void trace_deaths_add(void *data, const walk_death *death) {
  trace_deaths *d = data;
  if (d->count == d->room) {
    d->room = d->room ? 2 * d->room : 1024;
    d->items = trace_memory(d->items, d->room * sizeof *d->items);
  }
  d->items[d->count++] = *death;
}

static int compare(uint64_t x, uint64_t y) {
  return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b) {
  const walk_death *x = a, *y = b;
  return x->when != y->when ? compare(x->when, y->when)
                            : compare(x->number, y->number);
}

void trace_deaths_sort(trace_deaths *deaths) {
  if (deaths->count > 0)
    qsort(deaths->items, deaths->count, sizeof *deaths->items, by_time);
}

bool trace_find_deaths(trace_reader *r, trace_deaths *deaths) {
  *deaths = (trace_deaths){0};
  walk *w = walk_create(
      WALK_LATE, (walk_listener){.died = trace_deaths_add, .data = deaths});
  trace_op op;
  trace_status status;
  const char *why;
  while ((status = trace_read(r, &op)) == TRACE_READ_OP)
    walk_step(w, &op, trace_reader_line(r), &why);
  walk_finish(w);
  deaths->bytes = walk_allocated(w);
  walk_destroy(w);
  trace_deaths_sort(deaths);
  return status == TRACE_READ_END;
}

void trace_deaths_free(trace_deaths *deaths) {
  free(deaths->items);
  *deaths = (trace_deaths){0};
}

/* ------------------------------------------------------------------------- *
 * Annotation.
 * ------------------------------------------------------------------------- */

static void copy_comment(void *data, const char *text) {
  trace_write_comment(data, text);
}

bool trace_annotate(trace_reader *r, const trace_deaths *deaths,
                    trace_writer *w) {
  trace_reader_comments(r, copy_comment, w);
  trace_op op;
  trace_status status;
  size_t next = 0;
  while ((status = trace_read(r, &op)) == TRACE_READ_OP) {
    if (op.kind == TRACE_DEAD)
      continue;
    trace_write(w, &op);
    uint64_t line = trace_reader_line(r);
    for (; next < deaths->count && deaths->items[next].when == line; next++)
      trace_write(w, &(trace_op){.kind = TRACE_DEAD,
                                 .thread = op.thread,
                                 .a = (uint32_t)deaths->items[next].number});
  }
  return status == TRACE_READ_END;
}

/* ------------------------------------------------------------------------- *
 * Counting.
 * ------------------------------------------------------------------------- */

static void count_object(trace_count *c, const trace_op *op) {
  c->objects++;
  if (op->kind == TRACE_WEAK_NEW) {
    c->weak++;
    return;
  }
  if (op->kind == TRACE_EPHEMERON_NEW) {
    c->ephemerons++;
    return;
  }
  c->slots += op->b;
  c->finalizable += op->finalizable;
}

static void count_done(trace_count *c, const walk *w, const trace_op *op) {
  switch (op->kind) {
  case TRACE_NEW:
  case TRACE_WEAK_NEW:
  case TRACE_EPHEMERON_NEW:
    count_object(c, op);
    break;
  case TRACE_WEAK_GET:
    c->weak_cleared += walk_given(w) == 0;
    break;
  case TRACE_EPHEMERON_GET:
    c->ephemerons_null += walk_given(w) == 0;
    break;
  case TRACE_EXTERNAL:
    c->external += op->b;
    break;
  case TRACE_FINALIZER_NEXT:
    c->finalized += walk_given(w) != 0;
    break;
  }
}

/* In the array, lifetimes replace `when` of deaths that have been counted. */
static int by_lifetime(const void *a, const void *b) {
  return compare(((const walk_death *)a)->when, ((const walk_death *)b)->when);
}

static uint64_t percentile(const trace_deaths *d, size_t percent) {
  return d->count ? d->items[(d->count * percent + 99) / 100 - 1].when : 0;
}

static void count_lifetimes(trace_count *c, trace_deaths *d) {
  if (d->count == 0)
    return;
  double sum = 0;
  for (size_t i = 0; i < d->count; i++)
    sum += (double)d->items[i].when;
  c->lifetime_mean = sum / (double)d->count;
  qsort(d->items, d->count, sizeof *d->items, by_lifetime);
  c->lifetime_p10 = percentile(d, 10);
  c->lifetime_p50 = percentile(d, 50);
  c->lifetime_p90 = percentile(d, 90);
  c->lifetime_p99 = percentile(d, 99);
  c->lifetime_max = percentile(d, 100);
}

/* ------------------------------------------------------------------------- *
 * Sizes: counts for each number of words up to SMALL, and for 16 ranges of each
 * power of two above.
 * ------------------------------------------------------------------------- */

enum { SMALL = 8192, RANGES = 16, LARGE = RANGES * 36 };

typedef struct sizes {
  uint64_t count;
  uint64_t small[SMALL + 1], large[LARGE];
} sizes;

/* The range of a number of words above SMALL, and the largest in the range. */
static size_t range_of(uint64_t words) {
  unsigned power = 63 - (unsigned)__builtin_clzll(words);
  return (power - 13) * RANGES + ((words >> (power - 4)) & (RANGES - 1));
}

static uint64_t range_end(size_t range) {
  unsigned power = (unsigned)(range / RANGES) + 13;
  return ((RANGES + range % RANGES + 1) << (power - 4)) - 1;
}

static void count_size(sizes *s, uint64_t bytes) {
  uint64_t words = bytes / 8;
  s->count++;
  if (words <= SMALL)
    s->small[words]++;
  else
    s->large[range_of(words)]++;
}

/* The size that `percent` of the objects do not exceed. */
static uint64_t size_percentile(const sizes *s, uint64_t percent) {
  uint64_t wanted = (s->count * percent + 99) / 100, seen = 0;
  for (uint64_t words = 0; words <= SMALL; words++)
    if ((seen += s->small[words]) >= wanted)
      return 8 * words;
  for (size_t range = 0; range < LARGE; range++)
    if ((seen += s->large[range]) >= wanted)
      return 8 * range_end(range);
  return 0;
}

static void count_sizes(trace_count *c, const sizes *s) {
  c->size_p10 = size_percentile(s, 10);
  c->size_p50 = size_percentile(s, 50);
  c->size_p90 = size_percentile(s, 90);
  c->size_p99 = size_percentile(s, 99);
}

/* ------------------------------------------------------------------------- *
 * The walk.
 * ------------------------------------------------------------------------- */

/* Whether an operation that can be performed overwrites a slot that holds an
 * object. */
static bool overwrites(const walk *w, const trace_op *op) {
  const shadow_mutator *t = walk_mutator(w, op->thread);
  if (!t || shadow_refuses(t, op))
    return false;
  shadow_ref o = shadow_register(t, op->a);
  return shadow_at(walk_shadow(w), o)->slots[op->b] != 0;
}

static bool is_store(const trace_op *op) {
  return op->kind == TRACE_STORE || op->kind == TRACE_STORE_TAKE ||
         op->kind == TRACE_STORE_NULL;
}

/* Looks at the heap at each moment of the allocation that has passed. */
static void count_moments(trace_count *c, const walk *w, uint64_t all,
                          unsigned *moment) {
  while (*moment < TRACE_MOMENTS &&
         walk_allocated(w) * TRACE_MOMENTS >= (*moment + 1) * all) {
    c->live[(*moment)++] = c->end_bytes;
    if (c->end_objects > c->graph.objects)
      c->graph = live_graph_measure(walk_shadow(w));
  }
}

/* Counts a death that happens now, after `allocated` bytes of the trace. */
static void count_death(trace_count *c, walk_death *death, uint64_t allocated) {
  c->end_objects--;
  c->end_bytes -= death->bytes;
  c->cyclic_objects += death->cyclic;
  c->cyclic_bytes += death->cyclic ? death->bytes : 0;
  death->when = allocated - death->age - death->bytes;
}

bool trace_count_up(trace_reader *r, trace_deaths *deaths, trace_count *count) {
  trace_count c = {0};
  bool seen[TRACE_THREADS] = {false};
  walk *w = walk_create(WALK_LATE, (walk_listener){0});
  trace_op op;
  trace_status status;
  size_t next = 0;
  unsigned moment = 0;
  sizes *all = trace_zeroed(1, sizeof *all);
  while ((status = trace_read(r, &op)) == TRACE_READ_OP) {
    const char *why;
    uint64_t line = trace_reader_line(r), before = walk_allocated(w);
    bool overwrite = is_store(&op) && overwrites(w, &op);
    walk_outcome outcome = walk_step(w, &op, line, &why);
    c.kinds[op.kind]++;
    if (op.kind == TRACE_DEAD)
      continue;
    c.operations++;
    if (outcome != WALK_DONE) {
      c.refused++;
      continue;
    }
    c.threads += !seen[op.thread];
    seen[op.thread] = true;
    uint64_t objects = c.objects;
    count_done(&c, w, &op);
    c.stores += is_store(&op);
    c.overwrites += overwrite;
    if (c.objects > objects) {
      uint64_t size = walk_allocated(w) - before;
      count_size(all, size);
      c.size_max = size > c.size_max ? size : c.size_max;
    }
    c.end_objects += c.objects - objects;
    c.end_bytes += walk_allocated(w) - before;
    for (; next < deaths->count && deaths->items[next].when == line; next++)
      count_death(&c, &deaths->items[next], walk_allocated(w));
    if (c.end_objects > c.peak_objects)
      c.peak_objects = c.end_objects;
    if (c.end_bytes > c.peak_bytes) {
      c.peak_bytes = c.end_bytes;
      c.peak_line = line;
    }
    if (c.objects > objects)
      count_moments(&c, w, deaths->bytes, &moment);
  }
  count_sizes(&c, all);
  free(all);
  c.bytes = walk_allocated(w);
  walk_destroy(w);
  count_lifetimes(&c, deaths);
  *count = c;
  return status == TRACE_READ_END;
}
