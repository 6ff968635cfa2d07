/* freelists.c: where the counting collectors' cells come from and go to: one
 * block after the other, blocks back as soon as they are empty, and nothing
 * that another thread frees, leaves or does not use is lost.  For a counting
 * collector with threads, and one without. */
#include "rig.h"

#include <pthread.h>

static const gc_shape small = {1, 16}; /* 32 bytes with its header */
enum { CELL = 32, IN_BLOCK = BLOCK_BYTES / CELL, BLOCKS = 10 };

static uint32_t blocks_in_use(void) {
  uint32_t n = 0;
  for (uint32_t b = 1; b < blocks_end; b++)
    n += blocks_taken(b);
  return n;
}

/* dst <- an array that holds `n` small objects. */
static void fill(gc_mutator *mine, gc_reg dst, uint32_t n) {
  gc_reg f = gc_frame_enter(mine, 1, 0);
  gc_new(mine, dst, (gc_shape){n, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < n; i++) {
    gc_new(mine, f, small, GC_PLAIN);
    gc_store_take(mine, dst, i, f);
  }
  gc_frame_leave(mine, f, 1, 0);
}

/* Lets go of all but every `keep`th element of an array, in scrambled order. */
static void thin(gc_mutator *mine, gc_reg array, uint32_t n, uint32_t keep) {
  const uint32_t stride = 7919; /* prime to n */
  for (uint32_t i = 0, at = 0; i < n; i++, at = (at + stride) % n)
    if (at % keep)
      gc_store_null(mine, array, at);
}

/* When memory is short, the mutator lets go of its blocks.  It may free what is
 * in them as before. */
static void blocks_without_a_mutator_empty_too(void **state) {
  (void)state;
  rig_open(BLOCKS * BLOCK_BYTES);
  gc_reg f = gc_frame_enter(m, 2, 0);
  uint32_t n = 0;
  for (; gc_try_new(m, f + 1, small, GC_PLAIN); n++) {
    gc_store_take(m, f + 1, 0, f);
    gc_move(m, f, f + 1);
  }
  assert_true(n > IN_BLOCK);
  uint32_t before = blocks_in_use();
  for (uint32_t i = 0; i < n; i++) {
    gc_load(m, f + 1, f, 0);
    gc_move(m, f, f + 1);
    if (i % 100 == 0)
      rig_check();
  }
  assert_true(blocks_in_use() < before);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

static void empty_blocks_serve_another_size(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  fill(m, f, BLOCKS * IN_BLOCK);
  assert_int_equal(blocks_in_use(), BLOCKS);
  uint64_t used = gc_heap_usage(heap).pages;
  gc_clear(m, f);
  assert_int_equal(blocks_in_use(), 1); /* the allocation buffer */
  for (uint32_t i = 0; i < (BLOCKS - 1) * (BLOCK_BYTES / 1024); i++) {
    gc_reg g = gc_frame_enter(m, 1, 0);
    gc_new(m, g, (gc_shape){1, 1024 - 16}, GC_PLAIN);
    gc_global_load(m, f, 0);
    gc_store_take(m, g, 0, f);
    gc_global_store(m, 0, g);
    gc_frame_leave(m, g, 1, 0);
  }
  assert_true(gc_heap_usage(heap).pages <= used);
  gc_global_clear(m, 0);
  gc_frame_leave(m, f, 1, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

/* However scrambled the deaths, the cells of a block are used up before those
 * of another one are. */
static void cells_come_block_by_block(void **state) {
  (void)state;
  enum { N = BLOCKS * IN_BLOCK };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  fill(m, f, N);
  thin(m, f, N, 2);
  uint32_t changes = 0, last = 0;
  for (uint32_t i = 1; i < N; i += 2) {
    gc_new(m, f + 1, small, GC_PLAIN);
    uint32_t block = block_number(object_read(m, f + 1));
    changes += block != last;
    last = block;
    gc_store_take(m, f, i, f + 1);
  }
  assert_int_equal(changes, BLOCKS);
  assert_int_equal(blocks_in_use(), BLOCKS);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* A full block is used again when a sixteenth of it is free; among threads it
 * is looked at before, for what others have freed. */
static void full_blocks_wait_until_it_pays(void **state) {
  (void)state;
  enum { PART = IN_BLOCK / 16 + 1 };
  for (uint32_t freed = PART - 1; freed <= PART; freed++) {
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 2, 0);
    fill(m, f, 2 * IN_BLOCK);
    for (uint32_t i = 0; i < freed; i++)
      gc_store_null(m, f, i);
    gc_new(m, f + 1, small, GC_PLAIN); /* the buffer is used up */
    bool early = gc_this_collector.can.threads || freed == PART;
    assert_int_equal(blocks_in_use(), early ? 2 : 3);
    gc_frame_leave(m, f, 2, 0);
    rig_close();
  }
}

/* Whoever goes leaves blocks with room, which the next one uses. */
static void blocks_outlive_their_mutator(void **state) {
  (void)state;
  enum { N = BLOCKS * IN_BLOCK };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  fill(m, f, N);
  thin(m, f, N, 2);
  gc_global_store(m, 0, f);
  gc_frame_leave(m, f, 1, 0);
  gc_thread_detach(m);
  m = gc_thread_attach(heap);
  assert_non_null(m);
  rig_check();
  f = gc_frame_enter(m, 2, 0);
  gc_global_load(m, f, 0);
  for (uint32_t i = 1; i < N; i += 2) {
    gc_new(m, f + 1, small, GC_PLAIN);
    gc_store_take(m, f, i, f + 1);
  }
  assert_int_equal(rig_objects(), N + 1);
  assert_int_equal(blocks_in_use(), BLOCKS);
  gc_global_clear(m, 0);
  gc_frame_leave(m, f, 2, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

static void a_cell_is_freed_once(void **state) {
  (void)state;
  hostile.poison = 10;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, f, small, GC_PLAIN);
  gc_object *o = object_read(m, f);
  gc_clear(m, f);
  rc_cell_free(m, o);
  assert_non_null(strstr(hostile_violation(), "freed twice"));
  assert_int_equal(rig_objects(), 0);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
  hostile_reset();
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

static void in_another_thread(void *(*what)(void *)) {
  if (!gc_this_collector.can.threads)
    return;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, what, NULL), 0);
  gc_blocking_enter(m);
  pthread_join(thread, NULL);
  gc_blocking_leave(m);
}

static void *clear_global(void *unused) {
  (void)unused;
  gc_mutator *mine = gc_thread_attach(heap);
  gc_global_clear(mine, 0);
  gc_thread_detach(mine);
  return NULL;
}

/* What another thread frees comes back to the block's holder. */
static void remote_frees_come_home(void **state) {
  (void)state;
  if (!gc_this_collector.can.threads)
    return;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (unsigned round = 0; round < 20; round++) {
    fill(m, f, BLOCKS * IN_BLOCK);
    gc_global_store(m, 0, f);
    gc_clear(m, f);
    in_another_thread(clear_global);
    assert_int_equal(rig_objects(), 0);
  }
  assert_true(blocks_in_use() <= 2 * BLOCKS);
  gc_frame_leave(m, f, 1, 0);
  rig_close();
}

static void *fill_global(void *unused) {
  gc_mutator *mine = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(mine, 1, 0);
  fill(mine, f, BLOCKS * IN_BLOCK);
  gc_global_store(mine, 0, f);
  gc_frame_leave(mine, f, 1, 0);
  gc_thread_detach(mine);
  return unused;
}

/* Nobody holds the blocks of a thread that is gone: whoever frees the last cell
 * of one gives it back, for objects of every size. */
static void empty_blocks_of_ended_threads_are_given_back(void **state) {
  (void)state;
  if (!gc_this_collector.can.threads)
    return;
  rig_open(0);
  in_another_thread(fill_global);
  rig_check();
  assert_int_equal(blocks_in_use(), BLOCKS);
  gc_global_clear(m, 0);
  rig_check();
  assert_int_equal(blocks_in_use(), 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

static const uint64_t limit = 4 << 20;
static bool got_it;

/* Nearly all of the heap, in cells of a size that nobody has used. */
static void *want_another_size(void *unused) {
  (void)unused;
  gc_mutator *mine = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(mine, 2, 0);
  got_it = true;
  for (uint64_t bytes = 0; got_it && bytes < limit * 3 / 4; bytes += 512) {
    got_it = gc_try_new(mine, f, (gc_shape){1, 512 - 16}, GC_PLAIN);
    if (got_it) {
      gc_store_take(mine, f, 0, f + 1);
      gc_move(mine, f + 1, f);
    }
  }
  gc_frame_leave(mine, f, 2, 0);
  gc_thread_detach(mine);
  return NULL;
}

/* A thread that blocks has blocks whose cells others have freed: nobody is out
 * of memory for that. */
static void idle_mutators_keep_nothing(void **state) {
  (void)state;
  if (!gc_this_collector.can.threads)
    return;
  rig_open(limit);
  gc_reg f = gc_frame_enter(m, 1, 0);
  fill(m, f, (uint32_t)(limit * 3 / 4 / (CELL + 8)));
  gc_global_store(m, 0, f);
  gc_clear(m, f);
  in_another_thread(clear_global);
  in_another_thread(want_another_size);
  assert_true(got_it);
  gc_frame_leave(m, f, 1, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_without_a_mutator_empty_too),
      cmocka_unit_test(empty_blocks_serve_another_size),
      cmocka_unit_test(cells_come_block_by_block),
      cmocka_unit_test(full_blocks_wait_until_it_pays),
      cmocka_unit_test(blocks_outlive_their_mutator),
      cmocka_unit_test(a_cell_is_freed_once),
      cmocka_unit_test(remote_frees_come_home),
      cmocka_unit_test(empty_blocks_of_ended_threads_are_given_back),
      cmocka_unit_test(idle_mutators_keep_nothing),
  };
  return cmocka_run_group_tests_name(gc_this_collector.name, tests, NULL, NULL);
}
