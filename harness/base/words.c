/* words.c: see words.h. */
#include "words.h"
#include "arena.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of longer words only the first characters are compared. */
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

const char *words_decimal(const char *text, double *value) {
  char *end;
  if (!isdigit((unsigned char)*text) ||
      (*text == '0' && (text[1] == 'x' || text[1] == 'X')))
    return NULL;
  *value = strtod(text, &end);
  return isfinite(*value) ? end : NULL;
}

bool words_time(const char *text, double *ns) {
  static const struct {
    const char *name;
    double ns;
  } units[] = {{"ns", 1},  {"us", 1e3}, {"µs", 1e3},   {"ms", 1e6},
               {"s", 1e9}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}};
  double number;
  const char *unit = words_decimal(text, &number);
  if (!unit || number <= 0)
    return false;
  unit += strspn(unit, " ");
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (!strcmp(unit, units[i].name)) {
      *ns = number * units[i].ns;
      return true;
    }
  return false;
}

/* The length of the UTF-8 sequence at `text`, and its character; 0 if it is
 * none. */
static size_t read_character(const unsigned char *text, uint32_t *character) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t n = *text < 0x80             ? 1
             : (*text & 0xe0) == 0xc0 ? 2
             : (*text & 0xf0) == 0xe0 ? 3
             : (*text & 0xf8) == 0xf0 ? 4
                                      : 0;
  uint32_t c = n < 2 ? *text : *text & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    if ((text[i] & 0xc0) != 0x80) /* also at the end of the text */
      return 0;
    c = c << 6 | (text[i] & 0x3f);
  }
  *character = c;
  return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

static bool is_harmless(uint32_t c) {
  return c >= ' ' && !(c >= 0x7f && c < 0xa0) &&
         !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) &&
         c != 0x200e && c != 0x200f;
}

void words_clean(char *text, bool lines) {
  char *out = text;
  while (*text) {
    uint32_t c = 0;
    const size_t n = read_character((const unsigned char *)text, &c);
    if (n && (is_harmless(c) || (lines && c == '\n'))) {
      memmove(out, text, n);
      out += n;
    } else
      *out++ = '?';
    text += n ? n : 1;
  }
  *out = 0;
}

size_t words_copy(char *out, size_t room, const char *text, size_t bytes) {
  size_t n = bytes < room ? bytes : room - 1;
  while (n > 0 && n < bytes && (text[n] & 0xc0) == 0x80)
    n--;
  for (size_t i = 0; i < n; i++)
    out[i] = text[i] ? text[i] : '?';
  out[n] = 0;
  words_clean(out, false);
  return strlen(out);
}

void word_list_add(word_list *list, const char *word) {
  list->words = arena_more(list->words, list->count, sizeof *list->words);
  list->words[list->count++] = word;
}

bool word_list_has(const word_list *list, const char *word) {
  for (size_t i = 0; i < list->count; i++)
    if (!strcmp(list->words[i], word))
      return true;
  return false;
}

/* One comma with blanks around it, or blanks alone, separate two pieces; two
 * commas enclose an empty piece, which is a mistake for the caller to report.
 */
word_list words_pieces(const char *text) {
  static const char blanks[] = " \t\n";
  word_list list = {0};
  for (const char *p = text + strspn(text, blanks);;) {
    size_t n = strcspn(p, ", \t\n");
    word_list_add(&list, arena_text("%.*s", (int)n, p));
    p += n;
    p += strspn(p, blanks);
    if (!*p)
      return list;
    if (*p == ',')
      p += 1 + strspn(p + 1, blanks);
  }
}

/* Adds the items of a list. */
static void add_items(word_list *list, const char *text) {
  word_list pieces = words_pieces(text);
  for (size_t i = 0; i < pieces.count; i++) {
    const char *piece = pieces.words[i];
    const char *equals = strchr(piece, '='), *colon = strchr(piece, ':');
    if (i && equals && (!colon || colon > equals)) {
      const char **last = &list->words[list->count - 1];
      *last = arena_text("%s,%s", *last, piece);
    } else {
      word_list_add(list, piece);
    }
  }
}

word_list words_split(const char *text) {
  word_list list = {0};
  if (text)
    add_items(&list, text);
  return list;
}

word_list words_chosen(const char *option, char **operands) {
  word_list list = {0};
  if (option)
    add_items(&list, option);
  for (; *operands; operands++)
    add_items(&list, *operands);
  return list;
}

const char *words_ranges(bool (*has)(const void *set, size_t number),
                         const void *set, size_t end) {
  const char *text = "";
  for (size_t first = 0; first < end; first++) {
    size_t last = first;
    if (!has(set, first))
      continue;
    while (last + 1 < end && has(set, last + 1))
      last++;
    text = arena_text("%s%s%zu", text, *text ? "," : "", first);
    if (last > first)
      text = arena_text("%s-%zu", text, last);
    first = last;
  }
  return text;
}
