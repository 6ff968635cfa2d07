/* mark-sweep.c: precise, non-moving, stop-the-world mark-sweep for any number
 * of mutators.
 *
 * Objects live in cells (common/cells.h), whose mark bits lie beside the heap
 * and are all that allocation needs to know which cells are free: there is no
 * sweep phase.  A collection stops the world, clears the bits, marks what the
 * roots reach (common/marking.h), and sorts the blocks by what is left in them.
 *
 * What is here is policy: when a collection is due, and in which order its
 * steps come.  The invariants are those of cells.h. */
#include "gc.h"
#include "common/hostile/hostile.h"
#include "common/marking.h"
#include "common/hostile/mutants.h"
#include "mark-sweep/mark-sweep.h"
#include "common/inline/blocking.h"
#include "common/inline/cells-usage.h"
#include "common/inline/reachable.h"
#include "common/inline/tracing.h"

/* Without a heap limit the heap may grow by this much, in percent of what was
 * live, before the next collection, and by MS_BUDGET_LEAST in any case. */
static uint64_t option_growth = 100;
#define MS_BUDGET_LEAST ((uint64_t)4 << 20)

/* Entries of the mark stack; 0: as many as it takes. */
static uint64_t option_mark_stack = 0;

/* There is one in a process. */
struct gc_heap {
  gc_listener listener;
  bool limited;    /* collect when the limit is reached; else over budget */
  uint64_t budget; /* bytes that may be allocated till then, without a limit */
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
    .hostile = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .heap_limit = true},
    .options =
        (const gc_option[]){
            {"growth",
             "without a heap limit: allocation between collections, in "
             "percent of the live bytes",
             &option_growth, 10, 1000},
            {"mark-stack", "entries of the mark stack at the most, 0: no cap",
             &option_mark_stack, 0, (uint64_t)1 << 32},
            {"huge-pages", "1: the heap in pages of 2 MiB, if there are any",
             &space_huge_pages, 0, 1},
            {0}},
};

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

static void ms_collect_stopped(gc_heap *h) {
  for (gc_mutator *m = world_mutators(); m; m = m->base.next)
    cells_retract(&m->hand);
  cells_clear_marks(cells_marks);
  tracing_run(&h->marking, true, NULL);
  cells_sort(true);
  h->collections++;
  h->marked += cells.live_objects;
  h->budget = cells.live_bytes / 100 * option_growth;
  if (h->budget < MS_BUDGET_LEAST)
    h->budget = MS_BUDGET_LEAST;
}

static void ms_report(gc_mutator *m, uint64_t begin_ns) {
  gc_listener *listener = &m->base.heap->listener;
  listener->pause(listener->data, GC_PAUSE_STOP, begin_ns, gc_now_ns());
}

void gc_collect(gc_mutator *m) {
  uint64_t begin = gc_now_ns();
  while (!world_stop())
    begin = gc_now_ns();
  ms_collect_stopped(m->base.heap);
  world_start();
  ms_report(m, begin);
}

/* ------------------------------------------------------------------------- *
 * Allocation, slow path.
 * ------------------------------------------------------------------------- */

/* A block that survivors share with free cells is there to be used: only what
 * makes the heap larger counts. */
static bool ms_may(bool fresh, uint64_t bytes) {
  (void)bytes;
  return !fresh || ms_heap.limited ||
         cells.fresh + cells.large < ms_heap.budget;
}

static void ms_collect(gc_mutator *m, bool again) {
  (void)again;
  ms_collect_stopped(m->base.heap);
}

gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {
      .may = ms_may, .collect = ms_collect, .attempts = 1, .report = ms_report};
  return cells_obtain(m, &m->hand, c, bytes, &policy);
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = &ms_heap;
  uint64_t limit = gc_mutant(ms_limit_ignored) ? 0 : config->heap_limit;
  if (!cells_create(limit))
    return NULL;
  *h = (gc_heap){.listener = config->listener,
                 .limited = limit != 0,
                 .budget = MS_BUDGET_LEAST,
                 .marking = {.marks = cells_marks}};
  h->marking.stack.most =
      hostile.buffers ? hostile.buffers : (size_t)option_mark_stack;
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  object_stack_free(&h->marking.stack);
  tracked_destroy();
  finalizers_destroy();
  memset(object_globals, 0, sizeof object_globals);
  cells_destroy();
}

gc_mutator *gc_thread_attach(gc_heap *h) {
  gc_mutator *m = world_mutator_create(h, sizeof *m);
  if (m)
    world_join(m);
  return m;
}

/* Other mutators go on where this one left its blocks. */
void gc_thread_detach(gc_mutator *m) {
  cells_hand_back(&m->hand);
  world_leave(m);
  world_mutator_destroy(m);
}

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  return cells_footprint(object_stack_bytes(&h->marking.stack));
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->collections},
                            {"objects-marked", h->marked},
                            {"mark-stack-room", h->marking.stack.room},
                            {"rescans", h->marking.rescans}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* Right after a collection, what is alive is marked; later, it may be newer. */
static bool ms_alive(const gc_object *o) {
  return !cells.untouched || cells_marked(o);
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  const char *why = cells_check(cells_hand_in, false);
  if (!why)
    why = tracked_check(cells_is, tracing_where, !cells.untouched);
  return why ? why : reachable_check(cells_is, ms_alive);
}
