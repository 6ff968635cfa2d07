/* heap-size.c: see heap-size.h. */
#include "heap-size.h"
#include "arena.h"
#include "words.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
  if (!isdigit((unsigned char)*text))
    return false;
  char *unit;
  h.multiple = strtod(text, &unit);
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
