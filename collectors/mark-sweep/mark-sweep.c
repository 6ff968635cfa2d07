/* mark-sweep.c: precise, non-moving, stop-the-world mark-sweep for any number
 * of mutators.
 *
 * Objects live in size-segregated blocks (common/cells.h).  Their mark bits lie
 * beside the heap and are all that allocation needs to find free cells, so
 * there is no sweep phase.  A collection stops the world, clears the bits,
 * marks what the roots reach (common/marking.h), and sorts the blocks by what
 * is left in them.
 *
 * This file is policy: when a collection is due, and the order of its steps.
 * The invariants are those of cells.h. */
#include "gc.h"
#include "common/bookkeeping.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/marking.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "mark-sweep/mark-sweep.h"
#include "common/inline/cells-heap.h"
#include "common/inline/tracing.h"

/* There is one per process. */
struct gc_heap {
  uint64_t budget; /* the heap does not become larger once so many bytes were
                      handed out since the last collection, with external ones
                    */
  marking marking;
  uint64_t collections, marked; /* events so far */
};
static gc_heap ms_heap;

const gc_collector gc_this_collector = {
    .name = "mark-sweep",
    .summary = "precise stop-the-world mark-sweep, allocating from the mark "
               "bits",
    .source = "McCarthy, CACM 1960; lazy sweep: Hughes, SP&E 1982; prefetch "
              "queue: Cher, Hosking & Vitek, ASPLOS 2004",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true,
            .granule = BLOCK_BYTES,
            .overhead_bytes = 128 << 10},
    .options =
        (const gc_option[]){PACING_OPTIONS,
                            PACING_OPTION_LEAST,
                            PACING_OPTION_OBJECTS,
                            MARKING_OPTION,
                            MARKERS_OPTIONS,
                            {"huge-pages",
                             "1: the heap in pages of 2 MiB, if there are any",
                             &space_huge_pages, 0, 1},
                            {0}},
    .words = pacing_words,
    .events = (const char *const[]){"collections", "rescans", MARKERS_EVENTS,
                                    CELLS_EVENTS, PACING_EVENTS,
                                    BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"objects-scanned", CELLS_WORK,
                                  BOOKKEEPING_WORK, NULL},
    .tight =
        (const char *const[]){"growth=10,growth-least=64",
                              "growth-least=64,mark-stack=1",
                              "huge-pages=1,mark-stack=8",
                              "growth-least=64,markers=2,markers-least=1",
                              "growth-least=64,markers=3,markers-least=1,"
                              "mark-stack=2",
                              "policy=sqrt,root=1,growth-least=64,give-back=1",
                              "policy=count,objects=100,see-external=0",
                              "policy=balance,root=1,growth-least=64,heap-"
                              "least=128,heap-most=512",
                              NULL},
};

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

static void ms_help(unsigned number) {
  marking_help(number ? marking_helper(number) : &ms_heap.marking, NULL);
}

static void ms_collect_stopped(gc_heap *h) {
  pacing_collection c = {.full = true,
                         .used = cells_kept() + cells_handed_out(),
                         .handed = cells_handed_out()};
  pacing_work_begins();
  listener_phase("clear");
  cells_reset_all();
  cells_clear_marks(cells_marks);
  tracing_mark(&h->marking, true, NULL, tracing_reached, ms_help);
  listener_phase("sweep");
  cells_sort(true);
  listener_phase("plan");
  h->collections++;
  h->marked += cells.live_objects;
  c.live = cells_kept();
  c.objects = cells.live_objects;
  pacing_decide(&c);
  h->budget = pacing_room(cells_kept(), 0);
  cells_give_back();
}

void gc_collect(gc_mutator *m) {
  pause_begin();
  ms_collect_stopped(m->base.heap);
  pause_end();
}

/* ------------------------------------------------------------------------- *
 * Allocation, slow path.
 * ------------------------------------------------------------------------- */

/* Free cells among survivors may always be used, but count against the budget
 * as well: if only what makes the heap larger did, a heap whose blocks all keep
 * some survivor would grow by the budget with each collection, for ever. */
static bool ms_may(bool fresh, uint64_t bytes) {
  (void)bytes;
  return !fresh || gc_mutant(goal_ignored) ||
         cells_handed_out() < ms_heap.budget;
}

static void ms_collect(gc_mutator *m, bool again) {
  (void)again;
  ms_collect_stopped(m->base.heap);
}

gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {
      .may = ms_may, .collect = ms_collect, .attempts = 1};
  return cells_obtain(m, &m->buffer, c, bytes, &policy);
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = &ms_heap;
  uint64_t limit = gc_mutant(ms_limit_ignored) ? 0 : config->heap_limit;
  if (!cells_create(limit))
    return NULL;
  listener_set(config->listener);
  markers_create(MARKERS_MOST);
  pacing_create(pacing_chosen(limit), 0);
  *h = (gc_heap){.budget = pacing_room(0, 0),
                 .marking = marking_init(cells_marks)};
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  marking_helpers_free();
  object_stack_free(&h->marking.stack);
  bookkeeping_destroy();
  cells_destroy();
}

/* Other mutators go on allocating where a detaching one stopped. */
#define THREAD_END(m) cells_buffer_return(&(m)->buffer)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  return cells_footprint(object_stack_bytes(&h->marking.stack) +
                         marking_helpers_bytes());
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->collections},
                            {"objects-marked", h->marked},
                            MARKING_COUNTERS(&h->marking),
                            MARKERS_COUNTERS,
                            CELLS_COUNTERS,
                            PACING_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* Right after a collection everything alive is marked; later an object may be
 * newer than the marks. */
static bool ms_alive(const gc_object *o) {
  return !cells.untouched || cells_marked(o);
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  return cells_heap_check(ms_alive);
}
