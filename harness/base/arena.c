/* arena.c: see arena.h.  The blocks are a list that stays reachable to the end
 * of the process, so that leak checkers do not report them. */
#include "arena.h"
#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small pieces share blocks: most are short texts, to which malloc would add
 * more than they hold.  AddressSanitizer sees an access beyond a piece only if
 * each has a block of its own. */
#ifdef __has_feature /* clang's word for it */
#define ARENA_APART __has_feature(address_sanitizer)
#elif defined __SANITIZE_ADDRESS__
#define ARENA_APART 1
#else
#define ARENA_APART 0
#endif
enum { SMALL = ARENA_APART ? 0 : 1024 };
enum { SHARED = 64 * 1024, ALIGNMENT = _Alignof(max_align_t) };

typedef struct block {
  struct block *next;
  max_align_t data[];
} block;

static block *blocks;
static char *rest; /* of the block that is shared, and how much is left */
static size_t left;

static void *take_block(size_t bytes) {
  block *b = calloc(1, sizeof *b + bytes);
  if (!b) {
    say("out of memory");
    exit(EXIT_SOME_FAILED);
  }
  b->next = blocks;
  blocks = b;
  return b->data;
}

void *arena_take(size_t bytes) {
  if (ARENA_APART || bytes > SMALL)
    return take_block(bytes);
  const size_t whole = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (whole > left) {
    rest = take_block(SHARED);
    left = SHARED;
  }
  void *piece = rest;
  rest += whole;
  left -= whole;
  return piece;
}

char *arena_vtext(const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  char *text = arena_take((size_t)n + 1);
  vsnprintf(text, (size_t)n + 1, format, again);
  va_end(again);
  return text;
}

char *arena_text(const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = arena_vtext(format, args);
  va_end(args);
  return text;
}

void *arena_more(void *array, size_t count, size_t size) {
  if (count & (count - 1))
    return array; /* not full yet */
  void *larger = arena_take((count ? 2 * count : 1) * size);
  if (count)
    memcpy(larger, array, count * size);
  return larger;
}
