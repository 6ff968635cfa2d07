/* parts.h: what several workloads are made of: payload that tells whether it
 * was damaged, tables of objects, an exact share of a sequence, random orders.
 */
#ifndef REAPMARK_PARTS_H
#define REAPMARK_PARTS_H

#include "basics.h"
#include "workload.h"

/* ------------------------------------------------------------------------- *
 * Stamps: payload that carries the object's id.  In words:
 *
 *   1          id
 *   2 or 3     id, ..., ~id
 *   4 or more  id, noise, ~noise, ..., ~id
 *
 * The last word shows whether the whole object is there.  Noise is the address
 * of the object stamped before, which may be dead by now: a collector that
 * takes payload for references keeps garbage or corrupts the word, and either
 * is noticed.  Payload has to have room for one word. */

static inline void stamp(gc_mutator *m, gc_reg obj, uint64_t bytes,
                         uint64_t id) {
  static _Thread_local uint64_t noise;
  uint64_t *word = gc_payload(m, obj);
  uint64_t n = bytes / 8;
  word[0] = id;
  if (n >= 2)
    word[n - 1] = ~id;
  if (n >= 4) {
    word[1] = noise;
    word[2] = ~noise;
    noise = (uint64_t)(uintptr_t)word;
  }
}

static inline uint64_t stamp_id(gc_mutator *m, gc_reg obj) {
  return *(const uint64_t *)gc_payload(m, obj);
}

static inline bool stamp_whole(gc_mutator *m, gc_reg obj, uint64_t bytes) {
  const uint64_t *word = gc_payload(m, obj);
  uint64_t n = bytes / 8;
  return (n < 2 || word[n - 1] == ~word[0]) && (n < 4 || word[1] == ~word[2]);
}

static inline bool stamp_is(gc_mutator *m, gc_reg obj, uint64_t bytes,
                            uint64_t id) {
  return stamp_id(m, obj) == id && stamp_whole(m, obj, bytes);
}

/* A new stamped object. */
static inline void new_stamped(gc_mutator *m, gc_reg dst, gc_shape shape,
                               uint64_t id) {
  gc_new(m, dst, shape, GC_PLAIN);
  stamp(m, dst, shape.bytes, id);
}

/* ------------------------------------------------------------------------- *
 * Tables: `n` slots in chunks under one directory, since a single array of a
 * hundred thousand references is itself a stress (see large-objects) and more
 * than some runtimes can have. */

enum { TABLE_CHUNK = 256 };

static inline uint64_t table_objects(uint64_t n) {
  return 1 + (n + TABLE_CHUNK - 1) / TABLE_CHUNK;
}

static inline uint64_t table_bytes(uint64_t n) {
  uint64_t chunks = table_objects(n) - 1;
  return 8 + 8 * chunks + 8 * chunks + 8 * n;
}

/* dst <- a table of n null slots.  (S) */
static inline void table_new(gc_mutator *m, gc_reg dst, uint64_t n) {
  uint32_t chunks = (uint32_t)(table_objects(n) - 1);
  gc_reg chunk = gc_frame_enter(m, 1, 0);
  gc_new(m, dst, (gc_shape){chunks, 0}, GC_PLAIN);
  for (uint32_t c = 0; c < chunks; c++) {
    uint64_t slots = min_u64(n - (uint64_t)c * TABLE_CHUNK, TABLE_CHUNK);
    gc_new(m, chunk, (gc_shape){(uint32_t)slots, 0}, GC_PLAIN);
    gc_store_take(m, dst, c, chunk);
  }
  gc_frame_leave(m, chunk, 1, 0);
}

/* chunk <- the chunk that holds element i, borrowed; returns the slot in it. */
static inline uint32_t table_at(gc_mutator *m, gc_reg chunk, gc_reg table,
                                uint64_t i) {
  gc_borrow(m, chunk, table, (uint32_t)(i / TABLE_CHUNK));
  return (uint32_t)(i % TABLE_CHUNK);
}

/* dst <- element i, borrowed. */
static inline void table_borrow(gc_mutator *m, gc_reg dst, gc_reg table,
                                uint64_t i) {
  gc_borrow(m, dst, dst, table_at(m, dst, table, i));
}

/* Element i <- src, and src <- null.  `chunk` is a borrowing register to work
 * with, null afterwards. */
static inline void table_put(gc_mutator *m, gc_reg chunk, gc_reg table,
                             uint64_t i, gc_reg src) {
  gc_store_take(m, chunk, table_at(m, chunk, table, i), src);
  gc_unborrow(m, chunk);
}

/* ------------------------------------------------------------------------- *
 * Deaths.  A drop_ is gc_clear to collectors that find the dead themselves, and
 * frees one by one for those that do not. */

/* Drops the list in `list`, linked by slot `next`. */
static inline void drop_list(gc_mutator *m, gc_reg list, uint32_t next) {
  if (!GC_EXPLICIT_FREE) {
    gc_clear(m, list);
    return;
  }
  gc_reg rest = gc_frame_enter(m, 1, 0);
  while (!gc_is_null(m, list)) {
    gc_load(m, rest, list, next);
    gc_free(m, list);
    gc_move(m, list, rest);
  }
  gc_frame_leave(m, rest, 1, 0);
}

/* Frees what slot `i` of `obj` refers to, a leaf or stripped; the slot is about
 * to be overwritten, or to die. */
static inline void free_slot(gc_mutator *m, gc_reg obj, uint32_t i) {
  gc_reg old = gc_frame_enter(m, 1, 0);
  gc_load(m, old, obj, i);
  if (!gc_is_null(m, old))
    gc_free(m, old);
  gc_frame_leave(m, old, 1, 0);
}

/* Frees the table of n slots in `table`, not its elements. */
static inline void free_table(gc_mutator *m, gc_reg table, uint64_t n) {
  for (uint32_t c = 0; c + 1 < table_objects(n); c++)
    free_slot(m, table, c);
  gc_free(m, table);
}

/* ------------------------------------------------------------------------- *
 * Sequences. */

/* Whether number i of a sequence belongs to the `percent` that are something,
 * evenly spread, so that exactly share_of(n) of its first n do. */
static inline uint64_t share_of(uint64_t n, uint64_t percent) {
  return n * percent / 100;
}

static inline bool share_has(uint64_t i, uint64_t percent) {
  return share_of(i + 1, percent) > share_of(i, percent);
}

/* A random order of 0 .. n - 1: replacing elements round by round, each round
 * in a new order, gives them lifetimes spread over 0 .. 2n - 1 and yet replaces
 * each exactly once a round. */
static inline uint32_t *order_new(uint64_t n) {
  uint32_t *order = own_memory(n, sizeof *order);
  for (uint64_t i = 0; i < n; i++)
    order[i] = (uint32_t)i;
  return order;
}

static inline void order_shuffle(wl_thread *t, uint32_t *order, uint64_t n) {
  for (uint64_t i = n; i > 1; i--) {
    uint64_t j = wl_random_below(t, i);
    uint32_t last = order[i - 1];
    order[i - 1] = order[j];
    order[j] = last;
  }
}

#endif
