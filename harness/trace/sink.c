/* sink.c: see sink.h. */
#include "sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { BUFFER = 1 << 16 };

struct sink {
  FILE *file;
  bool ours;       /* the file is to be closed by this sink */
  ZSTD_CCtx *zstd; /* NULL: not compressed */
  int trouble;     /* errno of the first failure, 0: none */
  size_t held;     /* bytes in the buffer, to be compressed */
  char buffer[BUFFER];
  char compressed[BUFFER];
};

static bool ends_in(const char *path, const char *ending) {
  size_t n = strlen(path), e = strlen(ending);
  return n >= e && !strcmp(path + n - e, ending);
}

static sink *make(FILE *file, bool compressed) {
  sink *s = malloc(sizeof *s);
  if (s) {
    memset(s, 0, offsetof(sink, buffer));
    s->file = file;
    s->zstd = compressed ? ZSTD_createCCtx() : NULL;
  }
  if (s && (s->zstd || !compressed))
    return s;
  free(s);
  errno = ENOMEM;
  return NULL;
}

sink *sink_from(FILE *file) {
  return make(file, false);
}

sink *sink_open(const char *path) {
  FILE *file = strcmp(path, "-") ? fopen(path, "we") : stdout;
  if (!file)
    return NULL;
  sink *s = make(file, ends_in(path, ".zst"));
  if (s)
    s->ours = file != stdout;
  else if (file != stdout)
    fclose(file);
  return s;
}

static void put(sink *s, const void *bytes, size_t count) {
  if (fwrite(bytes, 1, count, s->file) != count && !s->trouble)
    s->trouble = errno;
}

/* Compresses what the buffer holds; `how` says what is to be finished. */
static void compress(sink *s, ZSTD_EndDirective how) {
  ZSTD_inBuffer in = {.src = s->buffer, .size = s->held};
  size_t left;
  do {
    ZSTD_outBuffer out = {.dst = s->compressed, .size = BUFFER};
    left = ZSTD_compressStream2(s->zstd, &out, &in, how);
    if (ZSTD_isError(left)) { /* it lacks memory */
      s->trouble = s->trouble ? s->trouble : ENOMEM;
      break;
    }
    put(s, s->compressed, out.pos);
  } while (in.pos < in.size || (how != ZSTD_e_continue && left > 0));
  s->held = 0;
}

static void put_compressed(sink *s, const char *bytes, size_t count) {
  while (count > 0) {
    size_t part = BUFFER - s->held < count ? BUFFER - s->held : count;
    memcpy(s->buffer + s->held, bytes, part);
    s->held += part;
    bytes += part;
    count -= part;
    if (s->held == BUFFER)
      compress(s, ZSTD_e_continue);
  }
}

void sink_write(sink *s, const void *bytes, size_t count, bool at_once) {
  if (s->zstd)
    put_compressed(s, bytes, count);
  else
    put(s, bytes, count);
  if (!at_once)
    return;
  if (s->zstd)
    compress(s, ZSTD_e_flush);
  if (fflush(s->file) && !s->trouble)
    s->trouble = errno;
}

bool sink_close(sink *s) {
  if (s->zstd)
    compress(s, ZSTD_e_end);
  if ((s->ours ? fclose(s->file) : fflush(s->file)) && !s->trouble)
    s->trouble = errno;
  int trouble = s->trouble;
  ZSTD_freeCCtx(s->zstd);
  free(s);
  errno = trouble;
  return trouble == 0;
}
