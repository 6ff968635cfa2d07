/* heap-size.c: see heap-size.h. */
#include "heap-size.h"
#include "arena.h"
#include "words.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* Reads bytes with a fraction, or with a unit that ends in B: "0.5G", "512MB",
 * "64KiB", "100B".  The text of such a size becomes that of the same size with
 * a whole number and one letter, so that a cell has one name. */
static bool read_unit(const char *text, heap_size *h) {
  static const char letters[] = "kKmMgG";
  double number;
  const char *unit = words_decimal(text, &number);
  if (!unit || !*unit)
    return false;
  const char *letter = strchr(letters, *unit);
  const unsigned shift =
      letter ? 10 * (unsigned)((letter - letters) / 2 + 1) : 0;
  const char *end = unit + (letter ? 1 : 0);
  if (strcmp(end, "") && strcmp(end, "B") && (!letter || strcmp(end, "iB")))
    return false;
  number = floor(ldexp(number, (int)shift));
  if (!(number >= 1 && number < 0x1p63))
    return false;
  h->kind = HEAP_BYTES;
  h->bytes = (uint64_t)number;
  unsigned whole = shift;
  while (h->bytes & ((UINT64_C(1) << whole) - 1))
    whole -= 10;
  const char *unit_text[] = {"", "k", "M", "G"};
  h->text = arena_text("%ju%s", (uintmax_t)(h->bytes >> whole),
                       unit_text[whole / 10]);
  return true;
}

bool heap_size_read(const char *text, heap_size *out) {
  heap_size h = {.text = text};
  *out = h;
  if (!strcmp(text, "none"))
    return true;
  if (words_number(text, &h.bytes)) {
    h.kind = HEAP_BYTES;
    if (h.bytes)
      *out = h;
    return h.bytes > 0;
  }
  if (read_unit(text, &h)) {
    *out = h;
    return true;
  }
  const char *unit = words_decimal(text, &h.multiple);
  if (!unit)
    return false;
  h.kind = strcmp(unit, "x") ? HEAP_OF_MINIMUM : HEAP_MULTIPLE;
  bool known = h.kind == HEAP_MULTIPLE || !strcmp(unit, "xmin");
  if (!known || !isfinite(h.multiple) || !(h.multiple > 0))
    return false;
  *out = h;
  return true;
}

bool heap_size_parse(const char *text, heap_size *out) {
  if (heap_size_read(text, out) && out->kind != HEAP_OF_MINIMUM)
    return true;
  *out = (heap_size){.text = text};
  return false;
}

const char *heap_size_take(const char *text, heap_size *out) {
  if (!heap_size_parse(text, out))
    return arena_text(HEAP_SIZE_WRONG, text);
  const bool bare = isdigit((unsigned char)text[strlen(text) - 1]);
  if (out->kind != HEAP_BYTES || !bare || out->bytes >= HEAP_BARE_LEAST)
    return NULL;
  const char *factor = out->bytes < 100 ? text : "3";
  *out = (heap_size){.text = text};
  return arena_text("heap size '%s' has no unit (did you mean %sM or %sx?)",
                    text, text, factor);
}

heap_size heap_size_of_bytes(uint64_t bytes) {
  return (heap_size){.kind = HEAP_BYTES,
                     .bytes = bytes,
                     .text = arena_text("%ju", (uintmax_t)bytes)};
}

heap_size heap_size_of_multiple(double multiple) {
  return (heap_size){.kind = HEAP_MULTIPLE,
                     .multiple = multiple,
                     .text = arena_text("%gx", multiple)};
}

heap_size heap_size_of_minimum(const heap_size *multiple, uint64_t minimum) {
  heap_size h = {.kind = HEAP_OF_MINIMUM,
                 .multiple = multiple->multiple,
                 .text = arena_text("%smin", multiple->text)};
  heap_size_limit(multiple, minimum, &h.bytes);
  return h;
}

bool heap_size_limit(const heap_size *h, uint64_t one, uint64_t *limit) {
  *limit = h->bytes;
  if (h->kind != HEAP_MULTIPLE)
    return true;
  double product = ceil(h->multiple * (double)one);
  if (product >= 0x1p63)
    return false;
  *limit = (uint64_t)product;
  return true;
}

const char *heap_size_argument(const heap_size *h) {
  return h->kind == HEAP_OF_MINIMUM ? heap_size_of_bytes(h->bytes).text
                                    : h->text;
}

bool heap_size_comparable(const heap_size *a, const heap_size *b) {
  return a->kind == b->kind || a->kind == HEAP_UNLIMITED ||
         b->kind == HEAP_UNLIMITED;
}

bool heap_size_larger(const heap_size *a, const heap_size *b) {
  if (a->kind == HEAP_UNLIMITED || b->kind == HEAP_UNLIMITED)
    return b->kind != HEAP_UNLIMITED;
  return a->kind == HEAP_BYTES ? a->bytes > b->bytes
                               : a->multiple > b->multiple;
}
