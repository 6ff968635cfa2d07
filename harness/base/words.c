/* words.c: see words.h. */
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Words longer than this are compared by what comes before. */
enum { LONGEST = 64 };

/* The distance of two words, by dynamic programming over their prefixes. */
static unsigned distance(const char *a, const char *b) {
  size_t m = strnlen(a, LONGEST), n = strnlen(b, LONGEST);
  unsigned d[LONGEST + 1][LONGEST + 1];
  for (size_t i = 0; i <= m; i++)
    d[i][0] = (unsigned)i;
  for (size_t j = 0; j <= n; j++)
    d[0][j] = (unsigned)j;
  for (size_t i = 1; i <= m; i++)
    for (size_t j = 1; j <= n; j++) {
      unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      if (d[i - 1][j] + 1 < best)
        best = d[i - 1][j] + 1;
      if (d[i][j - 1] + 1 < best)
        best = d[i][j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          d[i - 2][j - 2] + 1 < best)
        best = d[i - 2][j - 2] + 1;
      d[i][j] = best;
    }
  return d[m][n];
}

const char *words_nearest(const char *word, const char *const *known,
                          size_t n) {
  const char *nearest = NULL;
  unsigned least = LONGEST;
  for (size_t i = 0; i < n; i++) {
    if (!known[i])
      continue;
    unsigned far = distance(word, known[i]);
    size_t a = strlen(word), b = strlen(known[i]);
    if (far < least && far * 3 <= (a > b ? a : b)) {
      least = far;
      nearest = known[i];
    }
  }
  return nearest;
}

const char *words_suggest(char *out, size_t room, const char *word,
                          const char *const *known, size_t n) {
  const char *nearest = words_nearest(word, known, n);
  if (nearest)
    snprintf(out, room, " (did you mean '%s'?)", nearest);
  else
    *out = 0;
  return out;
}

const char *words_choices(char *out, size_t room, const char *word,
                          const char *const *known, size_t n) {
  static const char closing[] = ")";
  size_t end = 0;
  if (*words_suggest(out, room, word, known, n))
    return out;
  for (size_t i = 0; i < n; i++) {
    if (!known[i])
      continue;
    int more = snprintf(out + end, room - end, "%s%s",
                        end ? ", " : " (choose from ", known[i]);
    if (more < 0 || end + (size_t)more + sizeof closing > room) {
      *out = 0;
      return out;
    }
    end += (size_t)more;
  }
  if (end)
    memcpy(out + end, closing, sizeof closing);
  return out;
}

bool words_number(const char *text, uint64_t *value) {
  if (!isdigit((unsigned char)*text))
    return false;
  char *end;
  errno = 0;
  uint64_t number = strtoull(text, &end, 10);
  if (errno)
    return false;
  unsigned shift = 0;
  switch (*end) {
  case 'k':
  case 'K':
    shift = 10;
    break;
  case 'm':
  case 'M':
    shift = 20;
    break;
  case 'g':
  case 'G':
    shift = 30;
    break;
  }
  if (shift)
    end++;
  if (*end || number > UINT64_MAX >> shift)
    return false;
  *value = number << shift;
  return true;
}
