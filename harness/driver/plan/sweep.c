/* sweep.c: see sweep.h. */
#include "sweep.h"
#include "harness/base/arena.h"
#include "harness/base/words.h"

#include <string.h>

#define RANGE "range:"
enum { DIVISIONS_MAX = 64 };

double sweep_factor(double from, double to, unsigned divisions, double spread,
                    unsigned i) {
  double n = divisions, k = i;
  /* 0 ... divisions, stretched towards the end. */
  double stretched = k;
  double all = n;
  if (divisions > 1) {
    stretched += spread / (n - 1) * (k * k - k) / 2;
    all += spread / (n - 1) * (n * n - n) / 2;
  }
  return from + (to - from) * stretched / all;
}

static void fill(size_t low, size_t high, unsigned level, unsigned *levels) {
  if (high - low < 2)
    return;
  size_t middle = low + (high - low) / 2;
  levels[middle] = level;
  fill(low, middle, level + 1, levels);
  fill(middle, high, level + 1, levels);
}

void sweep_levels(size_t n, unsigned *levels) {
  if (!n)
    return;
  levels[0] = levels[n - 1] = 0;
  fill(0, n - 1, 0, levels);
}

static void add(heap_list *list, heap_size h) {
  list->items = arena_more(list->items, list->count, sizeof h);
  list->items[list->count++] = h;
}

/* Adds the sizes of range:FROM-TO/DIVISIONS. */
static const char *add_range(heap_list *heaps, const char *word) {
  double from = 0, to = 0;
  uint64_t divisions = 0;
  const char *at = words_decimal(word + strlen(RANGE), &from);
  at = at && *at == '-' ? words_decimal(at + 1, &to) : NULL;
  if (!at || *at != '/' || !words_number(at + 1, &divisions) ||
      !(from > 0 && to > from && to < 1e6) || divisions < 1 ||
      divisions > DIVISIONS_MAX)
    return arena_text("'%s' is not range:FROM-TO/DIVISIONS, such as "
                      "range:1-6/8 (at most %d divisions)",
                      word, DIVISIONS_MAX);
  for (unsigned i = 0; i <= divisions; i++) {
    double factor = sweep_factor(from, to, (unsigned)divisions, 1, i);
    heap_size h; /* what the text says, which has fewer digits */
    heap_size_parse(arena_text("%.4gx", factor), &h);
    add(heaps, h);
  }
  return NULL;
}

const char *sweep_add(heap_list *heaps, const char *word) {
  heap_size h;
  if (!strncmp(word, RANGE, strlen(RANGE)))
    return add_range(heaps, word);
  const char *wrong = heap_size_take(word, &h);
  if (!wrong)
    add(heaps, h);
  return wrong;
}
