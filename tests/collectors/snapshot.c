/* snapshot.c: what a cycle of a collector that marks from a snapshot owes while
 * it is under way (common/inline/snapshot.h).  The collector's own check, which
 * foresees what will have been marked at its end, runs after each step and each
 * operation.  Nothing here depends on a clock or on a thread of the
 * collector's. */
#include "rig.h"
/* After the collector. */
#include "common/cells.h"
#include "common/finalizers.h"
#include <pthread.h>

static bool beside(void) {
  return !strcmp(gc_this_collector.name, "mark-sweep-concurrent");
}

static int calm(void **state) {
  (void)state;
  hostile_reset();
  rig_option("trigger", 0);
  rig_option("mark-stack", 0);
  if (beside()) {
    rig_option("background", 0);
    return 0;
  }
  rig_option("pause-target", 100000000);
  rig_option("step", 256);
  return 0;
}

/* Allocates until the counter changes, from blocks of their own. */
static void allocate_until(const char *counter) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  for (uint64_t before = rig_counter(counter); rig_counter(counter) == before;)
    gc_new(m, f, (gc_shape){0, 2000}, GC_PLAIN);
  gc_frame_leave(m, f, 1, 0);
}

/* Begins a cycle, in which what is there now is snapshot and not scanned yet:
 * at the second block that is handed out. */
static void begin_cycle(void) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_collect(m);
  gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
  while (!snapshot_marking)
    gc_new(m, f, (gc_shape){0, 2000}, GC_PLAIN);
  gc_frame_leave(m, f, 1, 0);
}

/* dst <- an object, numbered, with a leaf that only it refers to. */
static void make_pair(gc_reg dst, uint64_t number) {
  gc_reg f = gc_frame_enter(m, 1, 0);
  gc_new(m, f, (gc_shape){0, 8}, GC_PLAIN);
  *(uint64_t *)gc_payload(m, f) = number + 1;
  gc_new(m, dst, (gc_shape){1, 8}, GC_PLAIN);
  *(uint64_t *)gc_payload(m, dst) = number;
  gc_store_take(m, dst, 0, f);
  gc_frame_leave(m, f, 1, 0);
}

/* It is still there once its memory, were it free, had been used again. */
static void assert_pair(gc_reg pair, uint64_t number) {
  gc_reg f = gc_frame_enter(m, 1, 1);
  for (unsigned i = 0; i < 5000; i++) {
    gc_new(m, f, (gc_shape){1, 8}, GC_PLAIN);
    *(uint64_t *)gc_payload(m, f) = 0;
  }
  assert_int_equal(*(uint64_t *)gc_payload(m, pair), number);
  gc_borrow(m, f + 1, pair, 0);
  assert_int_equal(*(uint64_t *)gc_payload(m, f + 1), number + 1);
  gc_frame_leave(m, f, 1, 1);
}

/* A register holds what only a slot referred to when the cycle began, and that
 * slot is overwritten in each of the ways before it is scanned. */
static void what_is_overwritten_stays_alive(void **state) {
  (void)state;
  for (unsigned way = 0; way < 3; way++) {
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 3, 0);
    gc_new(m, f, (gc_shape){1, 0}, GC_PLAIN);
    make_pair(f + 1, 42);
    gc_store_take(m, f, 0, f + 1);
    begin_cycle();
    gc_load(m, f + 1, f, 0);
    gc_new(m, f + 2, (gc_shape){0, 0}, GC_PLAIN);
    if (way == 0)
      gc_store(m, f, 0, f + 2);
    else if (way == 1)
      gc_store_take(m, f, 0, f + 2);
    else
      gc_store_null(m, f, 0);
    rig_check();
    allocate_until("collections");
    rig_check();
    assert_int_equal(rig_counter("objects-shaded"), 1);
    assert_pair(f + 1, 42);
    gc_frame_leave(m, f, 3, 0);
    rig_close();
  }
}

static void what_a_weak_reference_gives_stays_alive(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  make_pair(f + 1, 7);
  gc_weak_new(m, f, f + 1);
  gc_collect(m);
  gc_clear(m, f + 1);
  gc_new(m, f + 1, (gc_shape){1, 8}, GC_PLAIN);
  gc_reg g = gc_frame_enter(m, 1, 0);
  while (!snapshot_marking)
    gc_new(m, g, (gc_shape){0, 2000}, GC_PLAIN);
  gc_frame_leave(m, g, 1, 0);
  assert_true(gc_weak_get(m, f + 1, f)); /* of what nothing else refers to */
  rig_check();
  allocate_until("collections");
  rig_check();
  assert_pair(f + 1, 7);
  assert_true(gc_weak_get(m, f + 1, f));
  gc_clear(m, f + 1);
  gc_collect(m);
  assert_false(gc_weak_get(m, f + 1, f));
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* What is made during a cycle survives it, dead or not, and not the next. */
static void the_new_are_black(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 4, 0);
  begin_cycle(); /* with a free span of the pair's size, not of the leaf's */
  uint64_t cycles = rig_counter("collections");
  make_pair(f, 1);
  make_pair(f + 1, 2);
  gc_weak_new(m, f + 2, f + 1);
  gc_clear(m, f + 1);
  rig_check();
  allocate_until("collections");
  assert_pair(f, 1);
  assert_int_equal(rig_counter("collections"), cycles + 1);
  gc_collect(m);
  assert_false(gc_weak_get(m, f + 1, f + 2));
  gc_clear(m, f);
  gc_clear(m, f + 2);
  assert_int_equal(rig_objects(), 0);
  gc_frame_leave(m, f, 4, 0);
  rig_close();
}

/* Dies while its mutator has shaded what nobody scanned yet. */
static void *overwrite_and_die(void *data) {
  gc_mutator *mine = gc_thread_attach(heap);
  gc_reg f = gc_frame_enter(mine, 2, 0);
  gc_global_load(mine, f, 0);
  gc_load(mine, f + 1, f, 0);
  gc_store_null(mine, f, 0);
  gc_global_store(mine, 1, f + 1);
  gc_frame_leave(mine, f, 2, 0);
  gc_thread_detach(mine);
  return data;
}

static void what_the_dead_shaded_is_scanned(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_new(m, f, (gc_shape){1, 0}, GC_PLAIN);
  make_pair(f + 1, 9);
  gc_store_take(m, f, 0, f + 1);
  gc_global_store(m, 0, f);
  begin_cycle();
  pthread_t thread;
  gc_blocking_enter(m);
  pthread_create(&thread, NULL, overwrite_and_die, NULL);
  pthread_join(thread, NULL);
  gc_blocking_leave(m);
  rig_check();
  allocate_until("collections");
  assert_int_equal(rig_counter("objects-shaded"), 1);
  gc_global_load(m, f + 1, 1);
  assert_pair(f + 1, 9);
  gc_global_clear(m, 0);
  gc_global_clear(m, 1);
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

/* Between any two parts references move from what is not scanned yet to what
 * is. */
static void a_wide_object_is_scanned_in_parts(void **state) {
  (void)state;
  enum { WIDE = 5000, PART = 256, LEAVES = 100 };
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){WIDE, 0}, GC_PLAIN);
  assert_int_equal(rig_objects(), 1);
  assert_int_equal(rig_counter("wide-parts"), (WIDE + PART - 1) / PART);
  gc_frame_leave(m, f, 3, 0);
  rig_close();

  hostile.collect_at = INT64_MAX; /* a step at each allocation */
  rig_open(0);
  f = gc_frame_enter(m, 3, 0);
  gc_new(m, f, (gc_shape){WIDE, 0}, GC_PLAIN);
  for (uint32_t i = 0; i < LEAVES; i++) {
    make_pair(f + 1, i);
    gc_store_take(m, f, WIDE - 1 - i, f + 1);
  }
  gc_collect(m);
  gc_new(m, f + 2, (gc_shape){0, 0}, GC_PLAIN); /* the next cycle begins */
  for (uint32_t i = 0; i < LEAVES; i++) {
    gc_load(m, f + 1, f, WIDE - 1 - i);
    gc_store_null(m, f, WIDE - 1 - i);
    gc_store(m, f, i, f + 1);
    gc_clear(m, f + 1);
    rig_check();
    gc_new(m, f + 2, (gc_shape){0, 0}, GC_PLAIN);
    rig_check();
  }
  while (snapshot_marking) /* the last of them are taken at the end */
    gc_new(m, f + 2, (gc_shape){0, 0}, GC_PLAIN);
  assert_true(rig_counter("objects-shaded") > 0);
  for (uint32_t i = 0; i < LEAVES; i++) {
    gc_load(m, f + 1, f, i);
    assert_int_equal(*(uint64_t *)gc_payload(m, f + 1), i);
  }
  gc_clear(m, f + 1);
  gc_clear(m, f + 2);
  assert_int_equal(rig_objects(), 1 + 2 * LEAVES);
  gc_frame_leave(m, f, 3, 0);
  rig_close();
}

/* What a dead finalizable object reaches is marked in steps as well, while the
 * finalizer takes it apart. */
static void revival_is_incremental(void **state) {
  (void)state;
  enum { N = 300 };
  hostile.collect_at = INT64_MAX;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  rig_list(f + 1, N);
  gc_new(m, f, (gc_shape){1, 8}, GC_FINALIZABLE);
  gc_store_take(m, f, 0, f + 1);
  gc_clear(m, f);
  while (!gc_finalizer_next(m, f))
    gc_new(m, f + 1, (gc_shape){0, 0}, GC_PLAIN);
  unsigned n = 0;
  gc_load(m, f + 1, f, 0);
  for (; !gc_is_null(m, f + 1); n++) {
    rig_check();
    gc_load(m, f + 2, f + 1, 0);
    gc_store_null(m, f + 1, 0);
    gc_move(m, f + 1, f + 2);
    gc_new(m, f + 2, (gc_shape){0, 0}, GC_PLAIN);
  }
  assert_int_equal(n, N);
  gc_frame_leave(m, f, 3, 0);
  assert_int_equal(rig_objects(), 0);
  rig_close();
}

/* Random stores in a small graph, a step at each allocation, checked at each
 * operation; with a mark stack that holds all, and one that holds one. */
static void no_step_can_lose_an_object(void **state) {
  (void)state;
  enum { REGISTERS = 6, SLOTS = 3 };
  for (uint64_t seed = 1; seed <= 8; seed++) {
    calm(NULL);
    hostile.collect_at = INT64_MAX;
    rig_option("mark-stack", seed % 2);
    rig_open(0);
    gc_reg f = gc_frame_enter(m, REGISTERS, 0);
    uint64_t random = seed;
    for (gc_reg r = 0; r < REGISTERS; r++)
      gc_new(m, f + r, (gc_shape){SLOTS, 0}, GC_PLAIN);
    for (unsigned i = 0; i < 1500; i++) {
      uint64_t x = rig_random(&random);
      gc_reg a = f + (gc_reg)(x % REGISTERS);
      gc_reg b = f + (gc_reg)((x >> 8) % REGISTERS);
      uint32_t slot = (uint32_t)(x >> 16) % SLOTS;
      switch ((x >> 24) % 8) {
      case 0:
      case 1:
        gc_new(m, a, (gc_shape){SLOTS, 0}, GC_PLAIN);
        gc_store(m, a, slot, b);
        break;
      case 2:
        gc_store_null(m, a, slot);
        break;
      case 3:
      case 4:
        if (a == b)
          break;
        gc_load(m, b, a, slot);
        if (gc_is_null(m, b))
          gc_copy(m, b, a);
        break;
      default:
        gc_store(m, a, slot, b);
      }
      rig_check();
    }
    assert_true(rig_counter("objects-shaded") > 0);
    assert_int_equal(rig_counter("rescans") > 0, seed % 2 && !beside());
    if (beside())
      assert_int_equal(rig_counter("spilled") > 0, seed % 2);
    gc_frame_leave(m, f, REGISTERS, 0);
    assert_int_equal(rig_objects(), 0);
    rig_close();
  }
}

/* The check finds each of these while a cycle marks, also after the mark stack
 * overflowed. */
static void the_check_finds_what_is_broken_in_a_cycle(void **state) {
  (void)state;
  for (uint64_t stack = 0; stack < 2; stack++) {
    rig_option("mark-stack", stack);
    rig_open(0);
    gc_reg f = gc_frame_enter(m, 5, 0);
    gc_new(m, f, (gc_shape){2, 0}, GC_PLAIN);
    make_pair(f + 1, 42);
    gc_store_take(m, f, 0, f + 1);
    make_pair(f + 1, 43);
    gc_store_take(m, f, 1, f + 1);
    gc_new(m, f + 3, (gc_shape){0, 8}, GC_FINALIZABLE);
    rig_list(f + 2, 100);
    begin_cycle();
    rig_check();
    assert_int_equal(cells_any_flagged(), stack && !beside());
    gc_object *holder = object_read(m, f), *pair = holder->slots[0];

    /* A register gets what the slot held, without the barrier. */
    gc_load(m, f + 1, f, 0);
    holder->slots[0] = NULL;
    rig_broken("not marked");
    holder->slots[0] = pair;
    rig_check();

    gc_load(m, f + 4, f, 1);
    gc_store_null(m, f, 1);
    rig_check(); /* shaded */
    gc_object *shaded = bag_take(&m->shaded);
    assert_ptr_equal(shaded, object_read(m, f + 4));
    if (!cells_any_flagged()) { /* else its block is flagged */
      rig_broken("not marked");
      bag_put(&m->shaded, shaded);
    }
    rig_check();
    bag_put(&m->shaded, pair);
    rig_broken("queued object is not marked");
    (void)bag_take(&m->shaded);
    rig_check();

    finalizers_push(object_read(m, f + 3));
    rig_broken("finalizable still");
    (void)finalizers_pop();
    rig_check();
    /* What is handed out now is not marked.  Where memory is poisoned, cells
     * are handed out one by one, and none is left in the buffer. */
    snapshot_marking = false;
    gc_new(m, f + 1, (gc_shape){0, 500}, GC_PLAIN);
    gc_clear(m, f + 1);
    snapshot_marking = true;
    if (!poison_active())
      rig_broken("free cell would be an unmarked object");
    gc_clear(m, f + 3);
    gc_collect(m);
    assert_true(gc_finalizer_next(m, f + 3));
    gc_frame_leave(m, f, 5, 0);
    rig_close();
  }
}

int main(void) {
#define CALM(test) cmocka_unit_test_setup(test, calm)
  const struct CMUnitTest tests[] = {
      CALM(what_is_overwritten_stays_alive),
      CALM(what_a_weak_reference_gives_stays_alive),
      CALM(the_new_are_black),
      CALM(what_the_dead_shaded_is_scanned),
      CALM(a_wide_object_is_scanned_in_parts),
      CALM(revival_is_incremental),
      CALM(no_step_can_lose_an_object),
      CALM(the_check_finds_what_is_broken_in_a_cycle),
  };
  return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
