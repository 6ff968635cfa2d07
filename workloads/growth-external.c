/* growth-external.c: shapes of the workload `growth-external` (growth.c):
 * objects that own memory outside the heap (gc_external), which nothing but the
 * bytes of that memory may make many. */
#include "growth.h"

/* A heap limit holds for memory outside the heap, too: `live` bytes of it at
 * any time, of `made` in all. */
static totals with_external(totals s, uint64_t live, uint64_t made) {
  s.live += live;
  s.made.bytes += made;
  return s;
}

/* Few small objects with large buffers, which die at once: a collector that
 * counts its own bytes only has no reason to collect, and the buffers pile up.
 * Flat where they count. */
enum { BUFFERS = 4, BUFFER_BYTES = 64 << 10 };

totals of_external_buffers(uint64_t n) {
  return with_external(keeps(nodes(0), nodes(n * BUFFERS)), BUFFER_BYTES,
                       n * BUFFERS * BUFFER_BYTES);
}

void external_buffers(wl_thread *t, uint64_t n) {
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < n; i++) {
    for (unsigned k = 0; k < BUFFERS; k++) {
      new_node(t->m, r);
      gc_external(t->m, r, BUFFER_BYTES);
    }
    step(t, BUFFERS);
  }
  gc_frame_leave(t->m, r, 1, 0);
}

/* Many owners that live, beside garbage: walks of the list of them. */
enum { BLOCK_BYTES_LEAST = 40, BLOCK_BYTES_KINDS = 7 };

static uint32_t block_bytes(uint64_t i) {
  return BLOCK_BYTES_LEAST + 8 * (uint32_t)(i % BLOCK_BYTES_KINDS);
}

totals of_external_alive(uint64_t n) {
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < n * STEP; i++)
    bytes += block_bytes(i);
  return with_external(keeps(nodes(n * STEP), nodes(n * LITTER)), bytes, bytes);
}

void external_alive(wl_thread *t, uint64_t n) {
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_node(t->m, r);
    gc_external(t->m, r, block_bytes(i));
    push(t->m, KEPT, r, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(t->m, r, 1, 0);
  work_on(t, n);
}

/* Owners of a table come and go, each with two blocks: tables of them.  Flat.
 */
enum { OWNERS = 64 };

totals of_external_turnover(uint64_t n) {
  totals s = keeps(array(OWNERS), nodes(n * STEP));
  s.live += nodes(OWNERS).bytes;
  uint64_t bytes = block_bytes(0);
  for (uint64_t i = 1; i < n * STEP; i++)
    bytes += 2 * block_bytes(i);
  return with_external(s, 2 * (OWNERS + 1) * block_bytes(BLOCK_BYTES_KINDS - 1),
                       bytes + block_bytes(n * STEP));
}

void external_turnover(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_array(m, KEPT, OWNERS);
  gc_reg frame = gc_frame_enter(m, 1, 1), r = frame, all = frame + 1;
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_node(m, r);
    gc_external(m, r, block_bytes(i));
    gc_global_borrow(m, all, KEPT);
    gc_store(m, all, (uint32_t)(i * 11 % OWNERS), r);
    gc_unborrow(m, all);
    gc_external(m, r, block_bytes(i + 1));
    step_at(t, i);
  }
  gc_global_borrow(m, all, KEPT);
  for (uint32_t i = 0; i < OWNERS; i++)
    gc_store_null(m, all, i);
  gc_frame_leave(m, frame, 1, 1);
}
