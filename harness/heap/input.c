/* input.c: see input.h. */
#include "input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "memory.h"

/* A temporary file with all that is left of `pipe`. */
static FILE *copy_of(FILE *pipe) {
  FILE *copy = tmpfile();
  char buffer[HEAP_BUFFER];
  size_t bytes;
  while (copy && (bytes = fread(buffer, 1, sizeof buffer, pipe)) > 0)
    if (fwrite(buffer, 1, bytes, copy) != bytes)
      break;
  if (copy && !ferror(pipe) && !ferror(copy) && !fflush(copy))
    return copy;
  if (copy)
    fclose(copy);
  return NULL;
}

static FILE *open_seekable(const char *path) {
  FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
  if (!file || !fseeko(file, 0, SEEK_END))
    return file;
  FILE *copy = copy_of(file);
  int why = errno;
  if (file != stdin)
    fclose(file);
  errno = why;
  return copy;
}

heap_input *heap_input_open(const char *path) {
  heap_input *in = heap_take(1, sizeof *in);
  in->name = strcmp(path, "-") ? path : "standard input";
  in->file = open_seekable(path);
  off_t size =
      in->file && !fseeko(in->file, 0, SEEK_END) ? ftello(in->file) : -1;
  if (size < 0 || fseeko(in->file, 0, SEEK_SET)) {
    snprintf(in->error, sizeof in->error, "%.200s: %s", in->name,
             strerror(errno));
    in->failed = true;
    return in;
  }
  in->size = (uint64_t)size;
  return in;
}

void heap_input_close(heap_input *in) {
  if (in->file && in->file != stdin)
    fclose(in->file);
  free(in);
}

void heap_seek(heap_input *in, uint64_t offset) {
  if (offset >= in->base && offset <= in->base + in->end) {
    in->next = (size_t)(offset - in->base);
    return;
  }
  in->base = offset;
  in->next = in->end = 0;
  if (!in->failed && fseeko(in->file, (off_t)offset, SEEK_SET))
    heap_wrong(in, "%s", strerror(errno));
}

bool heap_refill(heap_input *in) {
  if (in->failed)
    return false;
  in->base += in->end;
  in->next = 0;
  in->end = fread(in->buffer, 1, sizeof in->buffer, in->file);
  if (in->end == 0 && ferror(in->file))
    heap_wrong(in, "%s", strerror(errno));
  return in->end > 0;
}

/* Whether so many bytes are left. */
static bool has(heap_input *in, uint64_t bytes) {
  uint64_t left = in->size - heap_offset(in);
  return !in->failed && (bytes <= left ||
                         heap_wrong(in,
                                    "the file is cut off: %" PRIu64
                                    " bytes should follow, and %" PRIu64 " do",
                                    bytes, left));
}

bool heap_bytes(heap_input *in, void *out, size_t bytes) {
  char *to = out;
  if (!has(in, bytes))
    return false;
  while (bytes > 0) {
    if (in->next == in->end && !heap_refill(in))
      return heap_wrong(in, "the file became shorter");
    size_t some = in->end - in->next < bytes ? in->end - in->next : bytes;
    memcpy(to, in->buffer + in->next, some);
    in->next += some;
    to += some;
    bytes -= some;
  }
  return true;
}

bool heap_skip(heap_input *in, uint64_t bytes) {
  if (!has(in, bytes))
    return false;
  heap_seek(in, heap_offset(in) + bytes);
  return !in->failed;
}

bool heap_number(heap_input *in, unsigned bytes, uint64_t *number) {
  unsigned char part[8];
  if (!heap_bytes(in, part, bytes))
    return false;
  *number = 0;
  for (unsigned i = 0; i < bytes; i++)
    *number = *number << 8 | part[i];
  return true;
}

static void set_error(heap_input *in, uint64_t offset, const char *format,
                      va_list arguments) {
  if (in->failed)
    return;
  in->failed = true;
  int used = snprintf(in->error, sizeof in->error, "%.200s: byte %" PRIu64 ": ",
                      in->name, offset);
  vsnprintf(in->error + used, sizeof in->error - (size_t)used, format,
            arguments);
}

bool heap_wrong(heap_input *in, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  set_error(in, heap_offset(in), format, arguments);
  va_end(arguments);
  return false;
}

bool heap_wrong_at(heap_input *in, uint64_t offset, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  set_error(in, offset, format, arguments);
  va_end(arguments);
  return false;
}
