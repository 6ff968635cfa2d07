/* sweep.c: see sweep.h. */
#include "sweep.h"
#include "harness/base/arena.h"

#include <stdlib.h>
#include <string.h>

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

static void add(word_list *list, const char *word) {
  list->words = arena_more(list->words, list->count, sizeof *list->words);
  list->words[list->count++] = word;
}

static const char *expand_one(const char *word, word_list *out) {
  char *at;
  const char *text = word + strlen("range:");
  double from = strtod(text, &at), to = 0;
  unsigned long divisions = 0;
  if (at != text && *at == '-') {
    text = at + 1;
    to = strtod(text, &at);
    if (at != text && *at == '/' && at[1] >= '1' && at[1] <= '9')
      divisions = strtoul(at + 1, &at, 10);
  }
  if (*at || !(from > 0 && to > from && to < 1e6) || divisions < 1 ||
      divisions > DIVISIONS_MAX)
    return arena_text("'%s' is not range:FROM-TO/DIVISIONS, such as "
                      "range:1-6/8 (at most %d divisions)",
                      word, DIVISIONS_MAX);
  for (unsigned i = 0; i <= divisions; i++)
    add(out,
        arena_text("%.4gx", sweep_factor(from, to, (unsigned)divisions, 1, i)));
  return NULL;
}

const char *sweep_expand(word_list *heaps) {
  word_list expanded = {0};
  for (size_t i = 0; i < heaps->count; i++) {
    const char *word = heaps->words[i];
    if (strncmp(word, "range:", strlen("range:")))
      add(&expanded, word);
    else {
      const char *wrong = expand_one(word, &expanded);
      if (wrong)
        return wrong;
    }
  }
  *heaps = expanded;
  return NULL;
}
