/* lifetimes.c: see lifetimes.h. */
#include "oracle/lifetimes.h"
#include "harness/stats/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes sure that an array has room for one more element, and returns it. */
static void *grown(void *array, size_t count, size_t *room, size_t size) {
  if (count < *room)
    return array;
  *room = 2 * *room + 1024;
  array = realloc(array, *room * size);
  if (!array) {
    fputs("oracle: no memory for its notes\n", stderr);
    abort();
  }
  return array;
}

static void note(lifetimes_numbers *n, uint64_t value) {
  n->values = grown(n->values, n->count, &n->room, sizeof *n->values);
  n->values[n->count++] = value;
}

/* ------------------------------------------------------------------------- *
 * Time.
 * ------------------------------------------------------------------------- */

uint64_t lifetimes_now(const lifetimes *f) {
  return f->first_instant + f->instants_count - 1;
}

uint64_t lifetimes_bytes(const lifetimes *f) {
  return f->instants[f->instants_count - 1].bytes;
}

static void begin_instant(lifetimes *f, uint64_t bytes) {
  f->instants = grown(f->instants, f->instants_count, &f->instants_room,
                      sizeof *f->instants);
  f->instants[f->instants_count++] = (lifetimes_instant){.bytes = bytes};
}

void lifetimes_open(lifetimes *f) {
  *f = (lifetimes){0};
  begin_instant(f, 0);
}

void lifetimes_close(lifetimes *f) {
  free(f->instants);
  free(f->sizes.values);
  free(f->lifetimes.values);
}

/* ------------------------------------------------------------------------- *
 * Births and deaths.
 * ------------------------------------------------------------------------- */

void lifetimes_allocate(lifetimes *f, uint32_t slots, uint64_t bytes) {
  begin_instant(f, lifetimes_bytes(f) + bytes);
  note(&f->sizes, bytes);
  f->slots += slots;
}

void lifetimes_die(lifetimes *f, uint64_t when, uint64_t birth, uint64_t bytes,
                   bool cyclic) {
  lifetimes_instant *t = &f->instants[when - f->first_instant];
  t->died_bytes += bytes;
  t->died_objects++;
  note(&f->lifetimes, t->bytes - birth);
  if (when > f->last_death) {
    f->last_death = when;
    f->last_deaths = 0;
  }
  f->last_deaths += when == f->last_death;
  f->cyclic_objects += cyclic;
  f->cyclic_bytes += cyclic ? bytes : 0;
}

void lifetimes_deaths_known(lifetimes *f) {
  for (size_t i = 0; i < f->instants_count; i++) {
    const lifetimes_instant *t = &f->instants[i];
    if (i > 0) { /* an allocation */
      f->live_bytes += t->bytes - f->instants[i - 1].bytes;
      f->live_objects++;
    }
    if (f->live_bytes > f->peak_bytes)
      f->peak_bytes = f->live_bytes;
    if (f->live_objects > f->peak_objects)
      f->peak_objects = f->live_objects;
    f->live_bytes -= t->died_bytes;
    f->live_objects -= t->died_objects;
  }
  uint64_t bytes = lifetimes_bytes(f);
  f->first_instant = lifetimes_now(f);
  f->instants_count = 0;
  begin_instant(f, bytes);
}

/* ------------------------------------------------------------------------- *
 * The result.
 * ------------------------------------------------------------------------- */

/* How many numbers are less than `bound`.  The numbers are in ascending order.
 */
static uint64_t count_below(const lifetimes_numbers *n, uint64_t bound) {
  size_t low = 0, high = n->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (n->values[middle] < bound)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

size_t lifetimes_counters(lifetimes *f, const uint64_t *births, size_t alive,
                          gc_counter *out, size_t room) {
  /* Objects that are still alive count as living to the end. */
  lifetimes_numbers lives = {0};
  for (size_t i = 0; i < f->lifetimes.count; i++)
    note(&lives, f->lifetimes.values[i]);
  for (size_t i = 0; i < alive; i++)
    note(&lives, lifetimes_bytes(f) - births[i]);
  uint64_t to_end =
      alive + (f->last_death == lifetimes_now(f) ? f->last_deaths : 0);
  stat_sort(f->sizes.values, f->sizes.count);
  stat_sort(lives.values, lives.count);
  const uint64_t *size = f->sizes.values, *life = lives.values;
  const uint64_t *op = f->operations;
  size_t n = f->sizes.count;

  const gc_counter list[] = {
      {"objects", n},
      {"bytes", lifetimes_bytes(f)},
      {"slots", f->slots},
      {"peak-objects", f->peak_objects},
      {"peak-bytes", f->peak_bytes},
      {"size-p10", stat_rank(size, n, 10)},
      {"size-p50", stat_rank(size, n, 50)},
      {"size-p90", stat_rank(size, n, 90)},
      {"size-max", stat_rank(size, n, 100)},
      {"lifetime-mean", stat_mean(life, n)},
      {"lifetime-p10", stat_rank(life, n, 10)},
      {"lifetime-p50", stat_rank(life, n, 50)},
      {"lifetime-p90", stat_rank(life, n, 90)},
      {"lifetime-p99", stat_rank(life, n, 99)},
      {"lifetime-max", stat_rank(life, n, 100)},
      {"lifetime-gini-millionths", (uint64_t)(1e6 * stat_gini(life, n) + 0.5)},
      {"died-within-64K", count_below(&lives, 64 << 10)},
      {"died-within-1M", count_below(&lives, 1 << 20)},
      {"died-within-16M", count_below(&lives, 16 << 20)},
      {"lived-to-the-end", to_end},
      {"cyclic-objects", f->cyclic_objects},
      {"cyclic-bytes", f->cyclic_bytes},
      {"stores", op[TRACE_STORE] + op[TRACE_STORE_TAKE] + op[TRACE_STORE_NULL]},
      {"stores-of-null", f->null_stores},
      {"loads", op[TRACE_LOAD]},
      {"borrows", op[TRACE_BORROW]},
      {"copies", op[TRACE_COPY]},
      {"moves", op[TRACE_MOVE]},
      {"clears", op[TRACE_CLEAR]},
      {"unborrows", op[TRACE_UNBORROW]},
      {"tests", f->tests},
      {"frames", op[TRACE_ENTER]},
      {"payload-accesses", op[TRACE_PAYLOAD]},
      {"safepoints", op[TRACE_SAFEPOINT]},
      {"collections-asked", op[TRACE_COLLECT]},
      {"global-stores", op[TRACE_GLOBAL_STORE] + op[TRACE_GLOBAL_CLEAR]},
      {"global-reads", op[TRACE_GLOBAL_LOAD] + op[TRACE_GLOBAL_BORROW]},
      {"thread-local-stores", op[TRACE_TLS_STORE] + op[TRACE_TLS_CLEAR]},
      {"thread-local-reads", op[TRACE_TLS_LOAD] + op[TRACE_TLS_BORROW]},
      {"weak-references", op[TRACE_WEAK_NEW]},
      {"weak-reads", op[TRACE_WEAK_GET]},
      {"ephemerons", op[TRACE_EPHEMERON_NEW]},
      {"ephemeron-reads", op[TRACE_EPHEMERON_GET]},
      {"weak-reads-cleared", f->weak_cleared},
      {"external-blocks", op[TRACE_EXTERNAL]},
      {"external-bytes", f->external_bytes},
      {"finalizable", f->finalizable},
      {"finalized", f->finalized},
      {"mutators", f->mutators},
      {"used-elsewhere", f->used_elsewhere},
      {"freed-elsewhere", f->freed_elsewhere},
      {"traces", f->traces},
  };
  free(lives.values);
  size_t count = sizeof list / sizeof *list;
  if (count > room)
    count = room;
  memcpy(out, list, count * sizeof *out);
  return count;
}
