/* round-set.c: see round-set.h. */
#include "round-set.h"
#include "harness/base/words.h"

#include <ctype.h>

void round_set_add(round_set *s, unsigned round) {
  s->count += !s->has[round];
  s->has[round] = true;
  if (round > s->last)
    s->last = round;
}

/* Reads a number as far as its digits go; 0 if it is none of a round. */
static unsigned read_round(const char **at) {
  unsigned number = 0;
  for (; isdigit((unsigned char)**at); ++*at)
    if (number <= ROUND_SET_MOST) /* beyond, more digits change nothing */
      number = 10 * number + (unsigned)(**at - '0');
  return number <= ROUND_SET_MOST ? number : 0;
}

bool round_set_read(round_set *s, const char *text) {
  *s = (round_set){0};
  for (const char *at = text;; at++) {
    const unsigned first = read_round(&at);
    unsigned last = first;
    if (*at == '-') {
      at++;
      last = read_round(&at);
    }
    if (!first || last < first || (*at && *at != ','))
      return false;
    for (unsigned round = first; round <= last; round++)
      round_set_add(s, round);
    if (!*at)
      return true;
  }
}

static bool has_round(const void *set, size_t number) {
  return ((const round_set *)set)->has[number];
}

const char *round_set_text(const round_set *s) {
  return words_ranges(has_round, s, s->last + 1);
}

unsigned round_set_of_canary(unsigned run) {
  return (run + ROUND_SET_CANARIES - 1) / ROUND_SET_CANARIES;
}
