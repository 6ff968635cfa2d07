/* writer.c: see writer.h. */
#include "writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gc.h"
#include "memory.h"
#include "harness/base/arena.h"
#include "harness/base/words.h"

struct heap_writer {
  FILE *file;
  const char *path, *part; /* NULL: standard output */
  const unsigned char *key;
  bool in_object, in_roots; /* the line that is being written */
  uint64_t object_slots;    /* of the object that is being written */
  bool excess;              /* there is more of something than a reader takes */
  heap_counts counts;
};

heap_writer *heap_writer_open(const char *path, const unsigned char *key) {
  bool standard = !strcmp(path, "-");
  const char *part = standard ? NULL : arena_text("%s.part", path);
  FILE *file = standard ? stdout : fopen(part, "we");
  if (!file)
    return NULL;
  heap_writer *w = heap_take(1, sizeof *w);
  *w = (heap_writer){.file = file, .path = path, .part = part, .key = key};
  fputs("reapmark-heap 1\n", file);
  return w;
}

/* Ends the line of an object or of roots. */
static void end_line(heap_writer *w) {
  if (w->in_object || w->in_roots)
    putc_unlocked('\n', w->file);
  w->in_object = w->in_roots = false;
}

/* A blank and a number: printf would take most of the time of an import. */
static void put_number(heap_writer *w, const char *before, uint64_t number) {
  char digits[20];
  int n = 0;
  do
    digits[n++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  for (; *before; before++)
    putc_unlocked(*before, w->file);
  while (n > 0)
    putc_unlocked(digits[--n], w->file);
}

void heap_write_comment(heap_writer *w, const char *text) {
  end_line(w);
  fprintf(w->file, "# %s\n", text);
}

void heap_write_object(heap_writer *w, uint32_t type, uint64_t bytes) {
  end_line(w);
  put_number(w, "o ", type);
  put_number(w, " ", bytes);
  w->in_object = true;
  w->object_slots = 0;
  w->counts.objects++;
  w->counts.bytes += bytes;
}

void heap_write_slot(heap_writer *w, uint32_t target, bool weak) {
  weak = weak && target;
  put_number(w, weak ? " ~" : " ", target);
  w->counts.slots++;
  w->excess |= ++w->object_slots > GC_SLOTS_MAX;
  w->counts.weak += weak;
}

void heap_write_root(heap_writer *w, uint32_t object) {
  enum { ON_A_LINE = 16 };
  if (!w->in_roots || w->counts.roots % ON_A_LINE == 0) {
    end_line(w);
    putc_unlocked('r', w->file);
    w->in_roots = true;
  }
  put_number(w, " ", object);
  w->counts.roots++;
}

void heap_write_type(heap_writer *w, const char *name, size_t length) {
  char clean[HEAP_NAME];
  end_line(w);
  w->counts.types++;
  if (w->key)
    fprintf(w->file, "t %016" PRIx64 "\n", heap_hash(w->key, name, length));
  else {
    words_copy(clean, sizeof clean, name, length);
    fprintf(w->file, "t %s\n", clean);
  }
}

const heap_counts *heap_written(const heap_writer *w) {
  return &w->counts;
}

bool heap_writer_close(heap_writer *w) {
  const heap_counts *c = &w->counts;
  end_line(w);
  fprintf(w->file, "end %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
          c->objects, c->slots, c->roots, c->types);
  errno = 0;
  bool good = !fflush(w->file) && !ferror(w->file);
  int why = errno;
  if (w->excess || c->roots > HEAP_ROOTS_MAX || c->types > HEAP_TYPES_MAX) {
    good = false;
    why = EOVERFLOW;
  }
  if (w->part) {
    good = !fclose(w->file) && good;
    good = good && !rename(w->part, w->path);
    why = why ? why : errno;
    if (!good)
      unlink(w->part);
  }
  free(w);
  errno = why;
  return good;
}

void heap_writer_abandon(heap_writer *w) {
  if (w->part) {
    fclose(w->file);
    unlink(w->part);
  }
  free(w);
}

/* ------------------------------------------------------------------------- *
 * SipHash-2-4, after the description in the paper.
 * ------------------------------------------------------------------------- */

static uint64_t turn(uint64_t x, int by) {
  return x << by | x >> (64 - by);
}

static uint64_t word_of(const unsigned char *bytes, size_t n) {
  uint64_t word = 0;
  for (size_t i = 0; i < n; i++)
    word |= (uint64_t)bytes[i] << 8 * i;
  return word;
}

static void mix(uint64_t v[4], int rounds) {
  while (rounds-- > 0) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = turn(v[1], 13) ^ v[0];
    v[3] = turn(v[3], 16) ^ v[2];
    v[0] = turn(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = turn(v[1], 17) ^ v[2];
    v[3] = turn(v[3], 21) ^ v[0];
    v[2] = turn(v[2], 32);
  }
}

uint64_t heap_hash(const unsigned char key[16], const void *text,
                   size_t length) {
  const unsigned char *bytes = text;
  uint64_t k0 = word_of(key, 8), k1 = word_of(key + 8, 8);
  uint64_t v[] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
                  k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
  for (size_t at = 0; at <= length; at += 8) {
    size_t left = length - at;
    uint64_t word =
        left >= 8 ? word_of(bytes + at, 8)
                  : word_of(bytes + at, left) | (uint64_t)(length & 0xff) << 56;
    v[3] ^= word;
    mix(v, 2);
    v[0] ^= word;
  }
  v[2] ^= 0xff;
  mix(v, 4);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}
