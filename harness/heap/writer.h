/* writer.h: writes the text of a graph (docs/heap-format.md), object by object,
 * so that no graph has to be in memory.
 *
 * Until the graph is whole it has another name, so that what stood under its
 * name stays if something fails.  A writer belongs to one thread. */
#ifndef REAPMARK_HEAP_WRITER_H
#define REAPMARK_HEAP_WRITER_H

#include "graph.h"

typedef struct heap_writer heap_writer;

typedef struct heap_counts {
  uint64_t objects, slots, roots, types;
  uint64_t weak;  /* of the slots */
  uint64_t bytes; /* of all objects, as stated */
} heap_counts;

/* Opens `path`, or "-" for standard output.  Names of types are written as
 * they are, or if `key` is not NULL as their hash by this key of 16 bytes.
 * Returns NULL, with errno set, if the file cannot be written. */
heap_writer *heap_writer_open(const char *path, const unsigned char *key);

/* A comment of one line, for people. */
void heap_write_comment(heap_writer *w, const char *text);

/* Begins the next object; objects are numbered from 1. */
void heap_write_object(heap_writer *w, uint32_t type, uint64_t bytes);

/* Adds a slot to the object: the number of an object, or 0. */
void heap_write_slot(heap_writer *w, uint32_t target, bool weak);

void heap_write_root(heap_writer *w, uint32_t object);

/* Names the next type; types are numbered from 0.  The name is cut to HEAP_NAME
 * and loses its control characters. */
void heap_write_type(heap_writer *w, const char *name, size_t length);

const heap_counts *heap_written(const heap_writer *w);

/* Ends the graph.  Returns false, with errno set, if it could not be written:
 * EOVERFLOW if an object has more slots, or there are more roots or types, than
 * a graph may have. */
bool heap_writer_close(heap_writer *w);

/* Gives up what was written. */
void heap_writer_abandon(heap_writer *w);

/* The hash of a text by a key of 16 bytes: SipHash-2-4 (Aumasson & Bernstein,
 * INDOCRYPT 2012), which nobody can try guesses on who does not have the key.
 */
uint64_t heap_hash(const unsigned char key[16], const void *text,
                   size_t length);

#endif
