/* growth-alone.c: shapes of the workloads `growth...` (growth.c) in which one
 * kind of thing is made alone, and in which nobody asks for a collection: large
 * objects only, one size after the other, finalizable objects only, threads
 * that make an object each and end.  Whatever else a program does would begin
 * the collections, or take the memory back, that such a program needs. */
#include "growth.h"

/* ------------------------------------------------------------------------- *
 * Objects.
 * ------------------------------------------------------------------------- */

/* Large objects replace those of a small table: flat. */
enum { FEW = 4 };

totals of_alone_large(uint64_t n) {
  uint64_t kept = min_u64(n, FEW), most = 0;
  totals s =
      keeps(sum(array(FEW), larges(n - kept, kept)), larges(0, n - kept));
  /* One more is alive while it is put into its place, and sizes vary. */
  for (uint64_t i = 0; i < 3; i++)
    most = max_u64(most, larges(i, min_u64(n, FEW + 1)).bytes);
  s.live = array(FEW).bytes + most;
  return s;
}

void alone_large(wl_thread *t, uint64_t n) {
  replace_larges(t, n, FEW, 0);
}

/* Payloads from a word to more than a block of most collectors. */
static uint32_t size_of(uint64_t i) {
  static const uint32_t sizes[] = {8,   24,   40,   72,   120,  248,
                                   504, 1016, 2040, 4088, 8184, 40952};
  return sizes[i % (sizeof sizes / sizeof *sizes)];
}
enum { PHASE = 256 << 10, ALIVE = 16 };

/* How many objects of size number `i` a phase makes. */
static uint64_t phase_objects(uint64_t i) {
  return PHASE / size_of(i) + ALIVE;
}

static gc_shape shape_of(uint64_t i) {
  return (gc_shape){1, size_of(i)};
}

/* Each phase makes objects of one size, the last ALIVE of which live until the
 * next phase replaces them: memory of one size has to serve the others.  Flat.
 */
totals of_alone_sizes(uint64_t n) {
  amount made = {0, 0}, kept = {0, 0};
  uint64_t largest = 0;
  for (uint64_t i = 0; i < n; i++) {
    uint64_t all = phase_objects(i), stay = i + 1 == n ? ALIVE : 0;
    uint64_t bytes = gc_shape_bytes(shape_of(i));
    made = sum(made, (amount){all - stay, (all - stay) * bytes});
    kept = sum(kept, (amount){stay, stay * bytes});
    largest = max_u64(largest, bytes);
  }
  totals s = keeps(sum(array(ALIVE), kept), made);
  s.live = array(ALIVE).bytes + (ALIVE + 1) * largest;
  return s;
}

void alone_sizes(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  make_array(m, KEPT, ALIVE);
  gc_reg frame = gc_frame_enter(m, 1, 1), r = frame, all = frame + 1;
  for (uint64_t i = 0; i < n; i++) {
    for (uint64_t k = phase_objects(i); k-- > 0;) {
      gc_new(m, r, shape_of(i), GC_PLAIN);
      gc_global_borrow(m, all, KEPT);
      gc_store_take(m, all, (uint32_t)(k % ALIVE), r);
      gc_unborrow(m, all);
    }
    step(t, 1);
  }
  gc_frame_leave(m, frame, 1, 1);
}

/* Of objects that lie side by side every second one dies, so that what is free
 * lies in short stretches; then come objects that fit into none of these.  To
 * find that out again for each of them would take quadratic time. */
enum { LYING = 64, PASSING = 64 }; /* of each kind, a unit of n */
#define LIES   ((gc_shape){1, 288})
#define PASSES ((gc_shape){0, 1016})

totals of_alone_crannies(uint64_t n) {
  amount lies = {n * LYING, n * LYING * gc_shape_bytes(LIES)};
  amount pass = {n * PASSING, n * PASSING * gc_shape_bytes(PASSES)};
  totals s = keeps(lies, sum(lies, pass));
  s.live += lies.bytes + gc_shape_bytes(PASSES);
  return s;
}

void alone_crannies(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg r = gc_frame_enter(m, 1, 0);
  for (uint64_t i = 0; i < 2 * n * LYING; i++) {
    gc_new(m, r, LIES, GC_PLAIN);
    push(m, i % 2 ? MORE : KEPT, r, NEXT);
    step_at(t, i);
  }
  gc_global_clear(m, MORE);
  gc_collect(m);
  for (uint64_t i = 0; i < n * PASSING; i++) {
    gc_new(m, r, PASSES, GC_PLAIN);
    step_at(t, i);
  }
  gc_frame_leave(m, r, 1, 0);
}

/* ------------------------------------------------------------------------- *
 * Finalizers, weak references, ephemerons.
 * ------------------------------------------------------------------------- */

/* Finalizable objects die and wait, beside garbage. */
totals of_alone_queued(uint64_t n) {
  return of_dead_finalizables(n);
}

void alone_queued(wl_thread *t, uint64_t n) {
  drop_finalizables(t, n);
  work_on(t, n);
}

/* They are taken as soon as the collector finds them, and most of what dies is
 * not finalizable: flat.  (What is queued is alive to the collection that finds
 * it.  If that were all, the heap would be paced by garbage.) */
enum { ORDINARY = 3 };

totals of_alone_taken(uint64_t n) {
  return keeps(nodes(0), nodes((1 + ORDINARY) * n * STEP));
}

void alone_taken(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg r = gc_frame_enter(m, 1, 0);
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_finalizable(m, r);
    gc_clear(m, r);
    litter(m, ORDINARY);
    take_finalizers(m, UINT64_MAX);
    step_at(t, i);
  }
  gc_frame_leave(m, r, 1, 0);
}

/* Many weak references to as many objects that live, beside garbage. */
totals of_alone_weaks(uint64_t n) {
  return keeps(sum(nodes(2 * n * STEP), weaks(n * STEP)), nodes(n * LITTER));
}

void alone_weaks(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 3, 0), target = frame, weak = frame + 1;
  gc_reg node = frame + 2;
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_node(m, target);
    gc_weak_new(m, weak, target);
    new_node(m, node);
    gc_store_take(m, node, OTHER, weak);
    push(m, KEPT, node, NEXT);
    push(m, MORE, target, NEXT);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 3, 0);
  work_on(t, n);
}

/* Ephemerons of one key die at once, each with its value: flat. */
totals of_alone_pairs(uint64_t n) {
  return keeps(nodes(1), sum(nodes(n * STEP), weaks(n * STEP)));
}

void alone_pairs(wl_thread *t, uint64_t n) {
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 3, 0), key = frame, value = frame + 1;
  gc_reg pair = frame + 2;
  new_node(m, key);
  gc_global_store(m, MORE, key);
  for (uint64_t i = 0; i < n * STEP; i++) {
    new_node(m, value);
    gc_ephemeron_new(m, pair, key, value);
    step_at(t, i);
  }
  gc_frame_leave(m, frame, 3, 0);
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

/* Threads that come and go make one object each, and so does the first thread
 * in between: flat, though none of them makes as much as a collector hands to a
 * thread at once.  What a thread leaves of that must serve the next one, long
 * before a collection is due. */
totals of_alone_threads(uint64_t n) {
  return keeps(nodes(0), nodes(2 * n));
}

static void make_one(wl_thread *t, void *data) {
  (void)data;
  litter(t->m, 1);
}

void alone_threads(wl_thread *t, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    litter(t->m, 1);
    wl_threads(t, 1, 1, make_one, NULL);
    step(t, 1);
  }
}

/* The same with an object of each of the sizes that are small everywhere: so
 * little that no collection is due. */
enum { SMALL_SIZES = 6 };

totals of_alone_sizes_of_threads(uint64_t n) {
  totals s = keeps(nodes(0), nodes(0));
  for (uint64_t i = 0; i < SMALL_SIZES; i++)
    s.made = sum(s.made, (amount){2 * n, 2 * n * gc_shape_bytes(shape_of(i))});
  s.live += 2 * gc_shape_bytes(shape_of(SMALL_SIZES));
  return s;
}

static void make_sizes(wl_thread *t, void *data) {
  (void)data;
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  for (uint64_t i = 0; i < SMALL_SIZES; i++)
    gc_new(t->m, r, shape_of(i), GC_PLAIN);
  gc_frame_leave(t->m, r, 1, 0);
}

void alone_sizes_of_threads(wl_thread *t, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    make_sizes(t, NULL);
    wl_threads(t, 1, 1, make_sizes, NULL);
    step(t, 1);
  }
}

/* Threads that come and go use whatever a collector may keep for each of them,
 * and collect before they end, so that all of it is empty by then and still
 * there: stores into old objects, of few slots and of many, what is overwritten
 * and dropped, weak references.  Flat. */
enum { SPENT = 300 };

totals of_alone_spent(uint64_t n) {
  return keeps(sum(array(SPENT), nodes(SPENT)), nodes((2 * n - 1) * SPENT));
}

static void spend(wl_thread *t, void *data) {
  (void)data;
  gc_mutator *m = t->m;
  gc_reg frame = gc_frame_enter(m, 2, 1), node = frame, old = frame + 1;
  gc_reg all = frame + 2;
  gc_global_borrow(m, all, KEPT);
  for (uint32_t i = 0; i < SPENT; i++) {
    gc_load(m, old, all, i);
    new_node(m, node);
    if (!gc_is_null(m, old))
      gc_store(m, old, OTHER, node);
    gc_clear(m, old);
    new_node(m, node);
    gc_store_take(m, all, i, node);
  }
  gc_frame_leave(m, frame, 2, 1);
  gc_collect(m);
}

void alone_spent(wl_thread *t, uint64_t n) {
  make_array(t->m, KEPT, SPENT);
  gc_collect(t->m);
  for (uint64_t i = 0; i < n; i++) {
    wl_threads(t, 1, 1, spend, NULL);
    step(t, 1);
  }
}

/* Each thread leaves an object behind, a small one or one of 2 KiB, in a table
 * that is never full at the sizes that the conditions use: flat, but for these
 * few objects.  Memory beside them must serve the next threads. */
enum { LEFT = 1024, WIDER = 8 /* the number of a size */ };

static gc_shape left_of(uint64_t i) {
  return i % 2 ? shape_of(WIDER) : NODE;
}

totals of_alone_left(uint64_t n) {
  amount kept = array(LEFT), made = {0, 0};
  for (uint64_t i = 0; i < n; i++) {
    amount one = {1, gc_shape_bytes(left_of(i))};
    if (i + LEFT < n)
      made = sum(made, one);
    else
      kept = sum(kept, one);
  }
  totals s = keeps(kept, made);
  s.live += gc_shape_bytes(left_of(1));
  return s;
}

static void leave_one(wl_thread *t, void *data) {
  const uint64_t i = *(const uint64_t *)data;
  gc_reg r = gc_frame_enter(t->m, 1, 0);
  gc_new(t->m, r, left_of(i), GC_PLAIN);
  put_into(t->m, KEPT, i % LEFT, r);
  gc_frame_leave(t->m, r, 1, 0);
}

void alone_left(wl_thread *t, uint64_t n) {
  make_array(t->m, KEPT, LEFT);
  for (uint64_t i = 0; i < n; i++) {
    wl_threads(t, 1, 1, leave_one, &i);
    step(t, 1);
  }
}
