/* regraph.c: imports a graph, such as scripts/heap_of_python.py writes: it is
 * checked, and written again, with other names if they are to be hashed. */
#include <string.h>

#include "import.h"

static bool begins(const char *start, size_t length) {
  static const char magic[] = "reapmark-heap ";
  return length >= sizeof magic - 1 && !memcmp(start, magic, sizeof magic - 1);
}

static void write_graph(const heap_graph *g, heap_writer *out) {
  for (uint32_t n = 1; n <= g->objects; n++) {
    heap_write_object(out, g->type[n], g->bytes[n]);
    for (uint64_t s = g->first[n]; s < g->first[n + 1]; s++)
      heap_write_slot(out, g->slot[s] & ~HEAP_WEAK, g->slot[s] & HEAP_WEAK);
  }
  for (uint32_t i = 0; i < g->roots_count; i++)
    heap_write_root(out, g->root[i]);
  for (uint32_t i = 0; i < g->types; i++)
    heap_write_type(out, g->name[i], strlen(g->name[i]));
}

static bool import(heap_import *im) {
  heap_graph g;
  if (!heap_graph_read_from(im->in, &g))
    return false;
  write_graph(&g, im->out);
  heap_graph_free(&g);
  return true;
}

const heap_format heap_regraph = {
    .name = "graph", .origin = "Reapmark", .begins = begins, .import = import};
