/* graph.h: a heap as a graph: objects with their sizes and slots, roots, weak
 * edges and the names of types; and the text of such a graph
 * (docs/heap-format.md).
 *
 * Nothing of a program's data is in it: no text, no number and no byte that an
 * object held, and no name of a variable or a field. */
#ifndef REAPMARK_HEAP_GRAPH_H
#define REAPMARK_HEAP_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a graph may have at most.  The highest bit of a slot marks weak edges.
 */
#define HEAP_WEAK 0x80000000u
enum {
  HEAP_OBJECTS_MAX = 0x7ffffffe,
  HEAP_TYPES_MAX = 1 << 20,
  HEAP_ROOTS_MAX = 1 << 28,
  HEAP_NAME = 200,  /* bytes of a type's name, with its final 0 */
  HEAP_ERROR = 512, /* bytes of an error message, with its final 0 */
};
#define HEAP_BYTES_MAX ((uint64_t)1 << 40) /* of an object */

/* Objects have the numbers 1 .. objects; 0 stands for null.  Arrays that are
 * indexed by objects begin with an unused element. */
typedef struct heap_graph {
  uint32_t objects, types, roots_count;
  uint64_t slots;
  uint64_t *bytes; /* of an object, as the dump states them */
  uint32_t *type;  /* of an object */
  uint64_t *first; /* the slots of object n are slot[first[n]] up to
                      slot[first[n + 1] - 1]; objects + 2 elements */
  uint32_t *slot;  /* the object that it refers to, or 0; with HEAP_WEAK for a
                      weak edge */
  uint32_t *root;  /* objects; some may stand here several times */
  char **name;     /* of a type */
} heap_graph;

/* Reads the graph at `path`.  Returns false with one line in `error` if it is
 * no whole and sound graph; nothing is to be freed then.  The memory is at most
 * 16 bytes for each byte of the file.  Ends the process if there is none. */
bool heap_graph_read(const char *path, heap_graph *g, char error[HEAP_ERROR]);

void heap_graph_free(heap_graph *g);

/* The target of a slot if its edge is strong, else 0. */
static inline uint32_t heap_strong(uint32_t slot) {
  return slot & HEAP_WEAK ? 0 : slot;
}

/* The nominal bytes of an object (gc_shape_bytes): a header word and the slots,
 * and the rest of its stated size in whole words. */
static inline uint64_t heap_nominal(const heap_graph *g, uint32_t n) {
  uint64_t least = 8 + 8 * (g->first[n + 1] - g->first[n]);
  uint64_t stated = (g->bytes[n] + 7) & ~(uint64_t)7;
  return stated > least ? stated : least;
}

#endif
