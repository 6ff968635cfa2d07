/* source.c: see source.h. */
#include "source.h"

#include <errno.h>
#include <string.h>
#include <stdint.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "memory.h"

enum { BUFFER = 1 << 16, ZSTD_MARK_BYTES = 4 };

struct source {
  FILE *file;
  ZSTD_DCtx *zstd;  /* NULL: the file is not compressed */
  bool begun;       /* it is known whether the file is compressed */
  bool between;     /* no compressed frame is open */
  uint64_t given;   /* bytes so far */
  size_t next, end; /* of the part of the buffer that was not used yet */
  char buffer[BUFFER];
};

source *source_open(FILE *file) {
  source *s = trace_memory(NULL, sizeof *s);
  memset(s, 0, offsetof(source, buffer));
  s->file = file;
  return s;
}

void source_close(source *s) {
  ZSTD_freeDCtx(s->zstd);
  free(s);
}

/* Reads more of the file to the end of the buffer.  False at the end of the
 * file, and if it cannot be read. */
static bool fill(source *s) {
  size_t got = fread(s->buffer + s->end, 1, BUFFER - s->end, s->file);
  s->end += got;
  return got > 0;
}

static size_t fail(source *s, const char *why, const char **trouble) {
  *trouble = ferror(s->file) ? strerror(errno) : why;
  return 0;
}

/* Finds out whether the file is compressed. */
static void begin(source *s) {
  static const char mark[ZSTD_MARK_BYTES] = {'\x28', '\xb5', '\x2f', '\xfd'};
  s->begun = true;
  while (s->end < ZSTD_MARK_BYTES && fill(s)) {
  }
  if (s->end < ZSTD_MARK_BYTES || memcmp(s->buffer, mark, ZSTD_MARK_BYTES))
    return;
  s->zstd = ZSTD_createDCtx();
  if (!s->zstd)
    trace_no_memory("decompression");
  ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, SOURCE_WINDOW_LOG);
  s->between = true;
}

static size_t read_plain(source *s, char *to, size_t room,
                         const char **trouble) {
  size_t left = s->end - s->next;
  if (left > 0) {
    size_t count = left < room ? left : room;
    memcpy(to, s->buffer + s->next, count);
    s->next += count;
    return count;
  }
  size_t got = fread(to, 1, room, s->file);
  return got > 0 ? got : fail(s, NULL, trouble);
}

static size_t read_compressed(source *s, char *to, size_t room,
                              const char **trouble) {
  ZSTD_outBuffer out = {.dst = to, .size = room};
  while (out.pos == 0) {
    if (s->next == s->end) {
      s->next = s->end = 0;
      if (!fill(s))
        return fail(s, s->between ? NULL : "the compressed data are cut short",
                    trouble);
    }
    ZSTD_inBuffer in = {.src = s->buffer, .size = s->end, .pos = s->next};
    size_t state = ZSTD_decompressStream(s->zstd, &out, &in);
    s->next = in.pos;
    if (ZSTD_isError(state))
      return fail(s,
                  ZSTD_getErrorCode(state) ==
                          ZSTD_error_frameParameter_windowTooLarge
                      ? "the compressed data need a window of more than 8 MiB "
                        "(compress without --long and --ultra)"
                      : "the compressed data are damaged",
                  trouble);
    s->between = state == 0;
  }
  return out.pos;
}

size_t source_read(source *s, char *to, size_t room, const char **trouble) {
  *trouble = NULL;
  if (!s->begun)
    begin(s);
  size_t got = s->zstd ? read_compressed(s, to, room, trouble)
                       : read_plain(s, to, room, trouble);
  s->given += got;
  if (s->zstd && s->given > SOURCE_MOST)
    return fail(s, "the compressed data become more than a terabyte", trouble);
  return got;
}
