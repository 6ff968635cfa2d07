/* heap.c: a fuzz target: whatever the bytes are, an import ends with a graph
 * that can be read and has figures, or with one line that says what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/words.h"
#include "harness/heap/import.h"
#include "harness/heap/stat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what) {
  if (condition)
    return;
  fprintf(stderr, "heap: %s\n", what);
  abort();
}

/* A file for the dump, and one for the graph. */
static const char *path_of(const char *what) {
  static char path[2][64];
  char *to = path[*what == 'g'];
  if (!*to)
    snprintf(to, sizeof path[0], "/dev/shm/reapmark-fuzz-%s-%ld", what,
             (long)getpid());
  return to;
}

static void write_dump(const uint8_t *data, size_t size) {
  FILE *f = fopen(path_of("dump"), "w");
  require(f && fwrite(data, 1, size, f) == size && !fclose(f), "no dump");
}

static void check_error(const heap_input *in, size_t size) {
  char clean[HEAP_ERROR];
  snprintf(clean, sizeof clean, "%s", in->error);
  require(*clean, "an error without a line");
  const char *at = strstr(clean, ": byte ");
  require(at && strtoull(at + 7, NULL, 10) <= size, "no offset in the file");
}

/* The graph that was written is sound, with as much in it as was said. */
static void check_graph(const heap_counts *c) {
  heap_graph g;
  char error[HEAP_ERROR];
  require(heap_graph_read(path_of("graph"), &g, error), error);
  require(g.objects == c->objects && g.slots == c->slots &&
              g.roots_count == c->roots && g.types == c->types,
          "the graph has other objects than were written");
  heap_figures f = heap_figures_of(&g, 3);
  require(f.objects + f.unreachable == g.objects, "objects are lost");
  require(f.leaked >= f.on_cycles && f.leaked <= f.objects,
          "more leaks than there is");
  heap_figures_free(&f);
  heap_graph_free(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  write_dump(data, size);
  heap_input *in = heap_input_open(path_of("dump"));
  const heap_format *format = heap_format_of(in);
  if (!format)
    check_error(in, size);
  else {
    heap_import im = {.in = in,
                      .out = heap_writer_open(path_of("graph"), NULL)};
    require(im.out != NULL, "no graph");
    if (format->import(&im)) {
      heap_counts c = *heap_written(im.out);
      require(heap_writer_close(im.out), "the graph could not be written");
      check_graph(&c);
      unlink(path_of("graph"));
    } else {
      check_error(in, size);
      heap_writer_abandon(im.out);
    }
  }
  heap_input_close(in);
  unlink(path_of("dump"));
  return 0;
}
