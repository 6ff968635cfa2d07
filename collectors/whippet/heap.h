/* heap.h: what the adapter has to know of a heap and Whippet's interface does
 * not tell: which objects are alive, how much memory is held, and how to give
 * everything back.
 *
 * heap-mmc.c and heap-pcc.c implement these functions, each for one of
 * Whippet's collectors.  They include the collector's source, because the
 * structures are known there only; to the collector itself they add and change
 * nothing. */
#ifndef REAPMARK_WHIPPET_HEAP_H
#define REAPMARK_WHIPPET_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct whippet_heap;

/* The size to tell Whippet, so that its blocks and the parts of its tables that
 * belong to them fit into a heap limit.  Whippet's own notion of a size takes
 * the tables of whole slabs (4 or 64 MiB) off it, however small it is. */
uint64_t whippet_heap_size(uint64_t limit);

/* The objects of the mutator that the latest collection of the whole heap left:
 * neither finalizers nor tokens.  `*wrong` becomes NULL or a description of the
 * first header or slot that no object can have.  To be called after such a
 * collection, before any other; no mutator may run. */
uint64_t whippet_heap_objects(struct whippet_heap *heap, const char **wrong);

/* Bytes of memory that the heap holds for objects, including those that are
 * free, and for its tables; without the work lists of tracers, which are given
 * back after each collection.  Any thread. */
uint64_t whippet_heap_footprint(struct whippet_heap *heap);

/* To be called once, right after gc_init.  From then on the background thread
 * calls note(data) each time before it gives memory back to the system, which
 * it alone does. */
void whippet_heap_begin(struct whippet_heap *heap, void (*note)(void *data),
                        void *data);

/* Whippet refused an allocation of so many bytes, and will return NULL: the
 * heap must not stay smaller by them.  On the thread that asked. */
void whippet_heap_refused(struct whippet_heap *heap, size_t bytes);

/* Whether more was allocated since the latest collection than was lost in holes
 * that are too small.  With the world stopped, before the collector decides
 * what it does. */
int whippet_heap_progress(struct whippet_heap *heap);

/* The latest collection was a partial one without progress before it: the next
 * one must be of the whole heap, or Whippet would collect forever.  In that
 * collection. */
void whippet_heap_stalled(struct whippet_heap *heap);

/* The collection that begins is one of many for the same large object, for
 * which there is no room: it must be the last.  With the world stopped, before
 * the collector decides what it does. */
void whippet_heap_last_try(struct whippet_heap *heap);

/* Ends the heap's background thread and unmaps its memory.  No mutator may
 * exist.  Whippet has no such function: threads that mark in parallel and some
 * small tables stay until the process ends. */
void whippet_heap_end(struct whippet_heap *heap);

/* Defined by whippet.c: ends the process, because memory ran out in the middle
 * of a collection. */
void whippet_out_of_memory(void) __attribute__((noreturn));

#endif
