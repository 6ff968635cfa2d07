/* import.h: makes a graph of a heap dump.
 *
 * A dump is read as a stream, once or twice.  What is kept in memory is the
 * address and the number of each object, and the names of types; for V8, 24
 * bytes a node; for a graph, the graph.  A text, the content of a buffer or a
 * number is never copied out of a dump. */
#ifndef REAPMARK_HEAP_IMPORT_H
#define REAPMARK_HEAP_IMPORT_H

#include "input.h"
#include "map.h"
#include "writer.h"

/* What the importers share. */
typedef struct heap_import {
  heap_input *in;
  heap_writer *out;
  uint64_t dangling; /* references to objects that are not in the dump, which
                        became null */
} heap_import;

/* A kind of dump. */
typedef struct heap_format {
  const char *name;   /* "HPROF" */
  const char *origin; /* what writes it */
  /* Whether a dump begins like this; `start` has `length` bytes, at most
   * HEAP_START. */
  bool (*begins)(const char *start, size_t length);
  /* Imports the dump from its beginning.  Returns false if it is no sound dump,
   * with the error of the input set. */
  bool (*import)(heap_import *im);
} heap_format;

enum { HEAP_START = 256 };

extern const heap_format heap_hprof;   /* hprof.c: JVM */
extern const heap_format heap_v8;      /* v8.c: V8 */
extern const heap_format heap_ruby;    /* ruby.c: Ruby */
extern const heap_format heap_regraph; /* regraph.c: a graph, as from CPython */

/* The format of the dump; NULL, with the error of the input set, if it is none
 * that is known. */
const heap_format *heap_format_of(heap_input *in);

/* For importers: writes a slot for the address `key`; 0 and addresses that are
 * not in the dump become null. */
void heap_import_slot(heap_import *im, const heap_map *numbers, uint64_t key,
                      bool weak);

#endif
