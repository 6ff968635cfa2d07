/* parts.h: what several workloads share: payload whose damage is noticed,
 * tables of objects, deaths that are stated, exact shares of a sequence,
 * random orders.  The functions use the inline half of gc.h; basics.h has what
 * does not. */
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
 * The last word shows whether the whole object was kept.  Noise is the address
 * of the object that was stamped before this one, which may be dead by now: a
 * collector that takes payload for references keeps garbage or changes the
 * word, and both are noticed.  `bytes` is the size of the payload, at least one
 * word. */

static inline void stamp_words(uint64_t *word, uint64_t bytes, uint64_t id) {
  static _Thread_local uint64_t noise;
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

static inline bool stamp_words_whole(const uint64_t *word, uint64_t bytes) {
  uint64_t n = bytes / 8;
  return (n < 2 || word[n - 1] == ~word[0]) && (n < 4 || word[1] == ~word[2]);
}

static inline void stamp(gc_mutator *m, gc_reg obj, uint64_t bytes,
                         uint64_t id) {
  stamp_words(gc_payload(m, obj), bytes, id);
}

static inline uint64_t stamp_id(gc_mutator *m, gc_reg obj) {
  return *(const uint64_t *)gc_payload(m, obj);
}

static inline bool stamp_whole(gc_mutator *m, gc_reg obj, uint64_t bytes) {
  return stamp_words_whole(gc_payload(m, obj), bytes);
}

static inline bool stamp_is(gc_mutator *m, gc_reg obj, uint64_t bytes,
                            uint64_t id) {
  return stamp_id(m, obj) == id && stamp_whole(m, obj, bytes);
}

/* Left to itself, the compiler stops inlining the two functions below when code
 * around them grows, and figures jump by a quarter. */
#define ALWAYS_INLINED __attribute__((always_inline)) static inline

/* dst <- a new stamped object, whose payload has at least one word.  It is not
 * stated (wl_made): a call for each of many small objects would be a good part
 * of what is measured.  (S) */
ALWAYS_INLINED void new_unstated(gc_mutator *m, gc_reg dst, gc_shape shape,
                                 uint64_t id) {
  gc_new(m, dst, shape, GC_PLAIN);
  stamp(m, dst, shape.bytes, id);
}

/* The same, stated.  (S) */
ALWAYS_INLINED void new_stamped(wl_thread *t, gc_reg dst, gc_shape shape,
                                uint64_t id) {
  new_unstated(t->m, dst, shape, id);
  wl_made(t, 1, gc_shape_bytes(shape));
}

/* ------------------------------------------------------------------------- *
 * Tables: `n` slots in chunks under one directory.  A single array of a hundred
 * thousand references would be a stress of its own (see large-objects), and
 * some runtimes cannot have one. */

enum { TABLE_CHUNK = 256 };

/* The objects and nominal bytes that a table of n slots consists of. */
static inline uint64_t table_objects(uint64_t n) {
  return 1 + (n + TABLE_CHUNK - 1) / TABLE_CHUNK;
}

static inline uint64_t table_bytes(uint64_t n) {
  uint64_t chunks = table_objects(n) - 1;
  return 8 + 8 * chunks + 8 * chunks + 8 * n;
}

/* dst <- a new object without a stamp, which is stated.  (S) */
static inline void new_plain(wl_thread *t, gc_reg dst, gc_shape shape) {
  gc_new(t->m, dst, shape, GC_PLAIN);
  wl_made(t, 1, gc_shape_bytes(shape));
}

/* States that a table of n slots is about to be dropped, with `objects` objects
 * of `bytes` bytes in all that only it leads to. */
static inline void table_dropped(wl_thread *t, uint64_t n, uint64_t objects,
                                 uint64_t bytes) {
  wl_dropped(t, table_objects(n) + objects, table_bytes(n) + bytes);
}

/* dst <- a table of n null slots, which is stated.  (S) */
static inline void table_new(wl_thread *t, gc_reg dst, uint64_t n) {
  gc_mutator *m = t->m;
  uint32_t chunks = (uint32_t)(table_objects(n) - 1);
  gc_reg chunk = gc_frame_enter(m, 1, 0);
  new_plain(t, dst, (gc_shape){chunks, 0});
  for (uint32_t c = 0; c < chunks; c++) {
    uint64_t slots = min_u64(n - (uint64_t)c * TABLE_CHUNK, TABLE_CHUNK);
    new_plain(t, chunk, (gc_shape){(uint32_t)slots, 0});
    gc_store_take(m, dst, c, chunk);
  }
  gc_frame_leave(m, chunk, 1, 0);
}

/* chunk <- the chunk that holds element i, borrowed.  Returns the element's
 * slot in the chunk. */
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

/* Element i <- src, and src <- null.  `chunk` is a borrowing register for the
 * function's own use, null afterwards. */
static inline void table_put(gc_mutator *m, gc_reg chunk, gc_reg table,
                             uint64_t i, gc_reg src) {
  gc_store_take(m, chunk, table_at(m, chunk, table, i), src);
  gc_unborrow(m, chunk);
}

/* ------------------------------------------------------------------------- *
 * Deaths.  A drop_ function is gc_clear if the collector finds dead objects
 * itself; if GC_EXPLICIT_FREE, it frees them one by one. */

/* Drops the list in register `list`, whose objects are linked by slot `next`.
 */
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

/* Frees the object in slot `i` of `obj`, which refers to nothing that lives
 * on.  The slot is about to be overwritten, or to die. */
static inline void free_slot(gc_mutator *m, gc_reg obj, uint32_t i) {
  gc_reg old = gc_frame_enter(m, 1, 0);
  gc_load(m, old, obj, i);
  if (!gc_is_null(m, old))
    gc_free(m, old);
  gc_frame_leave(m, old, 1, 0);
}

/* Frees the table of n slots in `table`, but not its elements. */
static inline void free_table(gc_mutator *m, gc_reg table, uint64_t n) {
  for (uint32_t c = 0; c + 1 < table_objects(n); c++)
    free_slot(m, table, c);
  gc_free(m, table);
}

/* ------------------------------------------------------------------------- *
 * Sequences. */

/* A share of `percent` of a sequence, evenly spread: share_has says whether
 * number i belongs to it, and exactly share_of(n) of the first n numbers do. */
static inline uint64_t share_of(uint64_t n, uint64_t percent) {
  return n * percent / 100;
}

static inline bool share_has(uint64_t i, uint64_t percent) {
  return share_of(i + 1, percent) > share_of(i, percent);
}

/* An order of 0 .. n - 1, to be freed by free(), and its random shuffling.  A
 * workload that replaces its elements round by round, each round in a new
 * order, replaces each element exactly once a round, and the lifetimes are
 * spread over 0 .. 2n - 1 replacements. */
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

/* Waits a little for another thread: polls at a safepoint at most times, and
 * gives way at others.  `tries`: how often the caller did so before. (S) */
static inline void wait_a_little(wl_thread *t, unsigned tries) {
  enum { POLLS = 32 };
  if (tries % POLLS < POLLS - 1) {
    gc_safepoint(t->m);
    return;
  }
  gc_blocking_enter(t->m);
  wl_give_way(tries / POLLS);
  gc_blocking_leave(t->m);
}

#endif
