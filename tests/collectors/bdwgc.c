/* bdwgc.c: what gc_heap_check of the adapter to libgc says of a heap in which a
 * stale word has found a dead object again, and of a dangling reference. */
#include "rig.h"
#include <gc/gc.h>

/* The referents are of a size of their own, so that their heap blocks are swept
 * while those of the holders are not. */
static const gc_shape holder = {1, 8}, referent = {0, 200};

enum { PAIRS = 64 };

/* Makes pairs, each a holder and what it refers to.  Every other pair stays
 * alive in a list, so that no heap block is free as a whole; `dead` gets the
 * other holders, which no root refers to. */
static void make_pairs(gc_reg list, gc_object **dead) {
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_clear(m, list);
  for (unsigned i = 0; i < 2 * PAIRS; i++) {
    gc_new(m, f + 1, referent, GC_PLAIN);
    gc_new(m, f, holder, GC_PLAIN);
    gc_store_take(m, f, 0, f + 1);
    if (i % 2) {
      dead[i / 2] = m->reg[f];
      continue;
    }
    gc_new(m, f + 2, (gc_shape){2, 0}, GC_PLAIN);
    gc_store(m, f + 2, 0, f);
    gc_store(m, f + 2, 1, list);
    gc_move(m, list, f + 2);
  }
  gc_frame_leave(m, f, 3, 0);
}

/* How many of the dead holders refer to a heap cell that was swept. */
static unsigned dangling(gc_object *const *dead) {
  unsigned n = 0;
  for (unsigned i = 0; i < PAIRS; i++)
    n += dead[i]->slots[0]->word != BDWGC_OBJECT;
  return n;
}

/* A collection finds the dead objects dead, and referents are allocated until a
 * heap block of them is swept. */
static void sweep_referents(gc_reg r, gc_object *const *dead) {
  gc_collect(m);
  for (unsigned i = 0; i < 2 * PAIRS && !dangling(dead); i++)
    gc_new(m, r, referent, GC_PLAIN);
  assert_true(dangling(dead) > 0);
}

static void stale_word_finds_dead_object(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 2, 0);
  gc_object *dead[PAIRS]; /* on the stack, which libgc scans */
  make_pairs(f, dead);
  sweep_referents(f + 1, dead);
  uint64_t before = gc_heap_objects(heap);
  GC_gcollect();
  assert_true(gc_heap_objects(heap) > before); /* holders are back */
  rig_check();
  gc_frame_leave(m, f, 2, 0);
  rig_close();
}

static void dangling_reference_is_found(void **state) {
  (void)state;
  rig_open(0);
  gc_reg f = gc_frame_enter(m, 3, 0);
  gc_object *dead[PAIRS];
  make_pairs(f, dead);
  sweep_referents(f + 1, dead);
  for (unsigned i = 0; i < PAIRS && !gc_heap_check(heap); i++)
    m->reg[f + 2] = dead[i];
  rig_broken("heap cell without an object");
  gc_clear(m, f + 2);
  rig_check();
  m->reg[f + 2] = (gc_object *)((char *)m->reg[f] + 8);
  rig_broken("not to the start");
  gc_clear(m, f + 2);
  m->reg[f]->meta += 100;
  rig_broken("more slots than room");
  m->reg[f]->meta -= 100;
  gc_frame_leave(m, f, 3, 0);
  rig_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stale_word_finds_dead_object),
      cmocka_unit_test(dangling_reference_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
