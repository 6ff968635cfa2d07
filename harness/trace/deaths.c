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
  while ((status = trace_read(r, &op)) == TRACE_READ_OP) {
    const char *why;
    uint64_t line = trace_reader_line(r), before = walk_allocated(w);
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
  }
  c.bytes = walk_allocated(w);
  walk_destroy(w);
  count_lifetimes(&c, deaths);
  *count = c;
  return status == TRACE_READ_END;
}
