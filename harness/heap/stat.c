/* stat.c: see stat.h. */
#include "stat.h"

#include "analysis.h"
#include "memory.h"

const uint32_t heap_count_classes[HEAP_COUNTS] = {1, 2, 3, 4, 8, 16};
const uint32_t heap_markers[HEAP_MARKERS] = {2, 4, 8, 16, 64, 256, 1024};

/* ------------------------------------------------------------------------- *
 * Distributions.
 * ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* The value that at least a share of the sorted values does not exceed. */
static uint64_t quantile(const uint64_t *sorted, size_t count, size_t percent) {
  return sorted[(count * percent + 99) / 100 - 1];
}

/* Sorts the values. */
static heap_spread_of spread_of(uint64_t *values, size_t count) {
  if (!count)
    return (heap_spread_of){0};
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += (double)values[i];
  qsort(values, count, sizeof *values, compare);
  return (heap_spread_of){.mean = sum / (double)count,
                          .p50 = quantile(values, count, 50),
                          .p90 = quantile(values, count, 90),
                          .p99 = quantile(values, count, 99),
                          .max = values[count - 1]};
}

/* Strong edges of an object, and how many of its slots are null or weak. */
static uint64_t edges_out(const heap_graph *g, uint32_t n, heap_figures *f) {
  uint64_t edges = 0;
  for (uint64_t s = g->first[n]; s < g->first[n + 1]; s++) {
    edges += heap_strong(g->slot[s]) > 0;
    f->nulls += g->slot[s] == 0;
    f->weak += (g->slot[s] & HEAP_WEAK) > 0;
  }
  f->slots += g->first[n + 1] - g->first[n];
  return edges;
}

static void measure_objects(const heap_graph *g, const heap_walk *w,
                            heap_figures *f) {
  uint64_t *size = heap_take(w->count, sizeof *size);
  uint64_t *out = heap_take(w->count, sizeof *out);
  for (uint32_t i = 0; i < w->count; i++) {
    uint32_t n = w->order[i];
    size[i] = heap_nominal(g, n);
    out[i] = edges_out(g, n, f);
    f->bytes += size[i];
    f->stated += g->bytes[n];
  }
  f->objects = w->count;
  f->depth = w->count ? w->level[w->order[w->count - 1]] : 0;
  f->size = spread_of(size, w->count);
  f->out = spread_of(out, w->count);
  free(size);
  free(out);
}

/* References to each object, from roots and from reachable objects. */
static void count_references(const heap_graph *g, const heap_walk *w,
                             heap_figures *f) {
  uint64_t *count = heap_take((size_t)g->objects + 1, sizeof *count);
  uint64_t *in = heap_take(w->count, sizeof *in);
  for (uint32_t i = 0; i < g->roots_count; i++)
    count[g->root[i]]++;
  for (uint32_t i = 0; i < w->count; i++)
    for (uint64_t s = g->first[w->order[i]]; s < g->first[w->order[i] + 1]; s++)
      count[heap_strong(g->slot[s])]++;
  for (uint32_t i = 0; i < w->count; i++) {
    int k = HEAP_COUNTS - 1;
    in[i] = count[w->order[i]];
    while (heap_count_classes[k] > in[i])
      k--;
    f->counted[k]++;
  }
  f->in = spread_of(in, w->count);
  free(count);
  free(in);
}

/* ------------------------------------------------------------------------- *
 * What counting alone does not free.
 * ------------------------------------------------------------------------- */

static void measure_cycles(const heap_graph *g, const heap_walk *w,
                           heap_figures *f) {
  size_t n = (size_t)g->objects + 1;
  uint8_t *member = heap_take(n, 1), *held = heap_take(n, 1);
  for (uint32_t i = 1; i <= g->objects; i++)
    member[i] = w->level[i] > 0;
  heap_cycles found = heap_find_cycles(g, member, held);
  f->cycles = found.count;
  f->largest_cycle = found.largest;
  f->on_cycles = found.objects;
  heap_spread(g, held);
  for (uint32_t i = 1; i <= g->objects; i++)
    if (held[i]) { /* which is reachable, since a reachable cycle leads to it */
      f->leaked++;
      f->leaked_bytes += heap_nominal(g, i);
    }

  /* The same among what is unreachable. */
  for (uint32_t i = 1; i <= g->objects; i++) {
    member[i] = w->level[i] == 0;
    held[i] = 0;
  }
  heap_find_cycles(g, member, held);
  heap_spread(g, held);
  for (uint32_t i = 1; i <= g->objects; i++)
    if (member[i]) {
      f->unreachable++;
      f->unreachable_bytes += heap_nominal(g, i);
      f->unreachable_cyclic += held[i];
    }
  free(member);
  free(held);
}

/* ------------------------------------------------------------------------- *
 * Largest first.
 * ------------------------------------------------------------------------- */

static bool top_before(const heap_top *a, const heap_top *b) {
  return a->bytes != b->bytes ? a->bytes > b->bytes : a->object < b->object;
}

/* Puts `new` into its place among at most `most`. */
static void insert_top(heap_figures *f, size_t most, heap_top new) {
  size_t i = f->tops_count;
  if (i == most && (!i || !top_before(&new, &f->tops[i - 1])))
    return;
  if (i < most)
    f->tops_count++;
  else
    i--;
  for (; i > 0 && top_before(&new, &f->tops[i - 1]); i--)
    f->tops[i] = f->tops[i - 1];
  f->tops[i] = new;
}

static void find_tops(const heap_graph *g, const heap_walk *w, size_t most,
                      heap_figures *f) {
  uint32_t *dominator = heap_dominators(g);
  heap_retained r = heap_retained_new(g, w, dominator);
  f->tops = heap_take(most, sizeof *f->tops);
  for (uint32_t i = 0; i < w->count; i++) {
    uint32_t n = w->order[i];
    insert_top(f, most, (heap_top){n, g->type[n], r.objects[n], r.bytes[n]});
  }
  heap_retained_free(&r);
  free(dominator);
}

static int compare_types(const void *a, const void *b) {
  const heap_type_sum *x = a, *y = b;
  if (x->bytes != y->bytes)
    return x->bytes < y->bytes ? 1 : -1;
  return x->type < y->type ? -1 : x->type > y->type;
}

static void sum_types(const heap_graph *g, const heap_walk *w, size_t most,
                      heap_figures *f) {
  f->type_sums = heap_take(g->types, sizeof *f->type_sums);
  for (uint32_t i = 0; i < g->types; i++)
    f->type_sums[i].type = i;
  for (uint32_t i = 0; i < w->count; i++) {
    heap_type_sum *sum = &f->type_sums[g->type[w->order[i]]];
    sum->objects++;
    sum->bytes += heap_nominal(g, w->order[i]);
  }
  qsort(f->type_sums, g->types, sizeof *f->type_sums, compare_types);
  while (f->type_sums_count < g->types && f->type_sums_count < most &&
         f->type_sums[f->type_sums_count].objects > 0)
    f->type_sums_count++;
}

/* ------------------------------------------------------------------------- */

heap_figures heap_figures_of(const heap_graph *g, size_t most) {
  heap_figures f = {0};
  heap_walk w = heap_walk_new(g);
  measure_objects(g, &w, &f);
  count_references(g, &w, &f);
  measure_cycles(g, &w, &f);
  for (int i = 0; i < HEAP_MARKERS && w.count; i++)
    f.utilisation[i] =
        (double)w.count / ((double)heap_markers[i] *
                           (double)heap_trace_steps(g, heap_markers[i]));
  find_tops(g, &w, most, &f);
  sum_types(g, &w, most, &f);
  heap_walk_free(&w);
  return f;
}

void heap_figures_free(heap_figures *f) {
  free(f->tops);
  free(f->type_sums);
}
