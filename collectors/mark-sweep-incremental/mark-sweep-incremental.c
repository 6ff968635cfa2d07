/* mark-sweep-incremental.c: mark-sweep that marks in slices, by a snapshot at
 * the beginning, for any number of mutators.
 *
 * The heap is mark-sweep's (common/cells.h).  What a cycle does, and why it
 * loses no object, stands in common/inline/snapshot.h.  All steps of a cycle
 * run with the world stopped, in the slow path of allocation, so marking never
 * races with mutators.
 *
 * This file is policy: when a cycle begins, and how far a slice advances it. */
#include "gc.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "mark-sweep-incremental/mark-sweep-incremental.h"
#define SNAPSHOT_BESIDE 0
#include "common/inline/snapshot.h"

enum {
  /* A cycle begins no sooner than when this share of the live bytes was handed
   * out since the cycle before began, or of what there is room for if that is
   * less: a cycle that finds few slots to scan ends early, and if the next one
   * began at once, marking would cost far more than allocation pays for. */
  INC_APART = 16,
};

/* How long a slice may take, in microseconds. */
static uint64_t option_pause = 500;

/* Allocation between slices, in KiB, while marking keeps up. */
static uint64_t option_step = 256;

/* A cycle begins when this percentage of that allocation is done, or a little
 * later (INC_APART).  Marking is paced to be finished when the rest is. */
static uint64_t option_trigger = 60;

/* There is one per process. */
struct gc_heap {
  uint64_t limit; /* the heap limit in bytes; 0: none */
  bool each;      /* marking advances at each allocation (hostile.h) */
  bool whole;     /* the last cycle began and ended in the present stop */

  /* Pacing.  Of cells_handed_out(), the values at which ... */
  uint64_t next; /* ... the next slice is due, */
  uint64_t end;  /* ... and the cycle should end */
  uint64_t todo; /* an upper bound of the work of the cycle */
  uint64_t live; /* bytes that the last cycle left */

  /* Events so far.  A slice is late if marking is behind when it ends. */
  uint64_t slices, late, forced;
};
static gc_heap inc;

const gc_collector gc_this_collector = {
    .name = "mark-sweep-incremental",
    .summary = "mark-sweep that marks in slices, by a snapshot at the "
               "beginning",
    .source = "snapshot at the beginning, deletion barrier: Yuasa, JSS 1990; "
              "weak and strong invariants: Pirinen, ISMM 1998",
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
        (const gc_option[]){
            {"pause-target", "how long a slice of marking may take, in us",
             &option_pause, 10, 100000000},
            {"step", "allocation between slices, in KiB, if marking keeps up",
             &option_step, 1, (uint64_t)1 << 20},
            PACING_OPTIONS,
            {"trigger", "percent of that, or of free memory, when one begins",
             &option_trigger, 0, 100},
            PACING_OPTION_LEAST,
            PACING_OPTION_OBJECTS,
            MARKING_OPTION,
            {0}},
    .words = pacing_words,
    .events = (const char *const[]){SNAPSHOT_EVENTS, "slices", "forced",
                                    "rescans", CELLS_EVENTS, PACING_EVENTS,
                                    BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"objects-scanned", "wide-parts", CELLS_WORK,
                                  BOOKKEEPING_WORK, NULL},
    /* With a long pause-target the clock decides nothing.  With a long step a
     * cycle is under way most of the time, and what mutators shade stays with
     * them. */
    .tight =
        (const char *const[]){
            "growth-least=64,step=1,trigger=0,pause-target=100000000",
            "growth-least=64,step=256,trigger=0,mark-stack=1",
            "growth=10,growth-least=64,step=1,trigger=40,pause-target=10",
            "step=1,trigger=40,pause-target=100000000,policy=sqrt,root=1,"
            "growth-least=64,give-back=1",
            "step=1,trigger=40,pause-target=100000000,policy=count,objects=100,"
            "see-external=0",
            "step=1,trigger=40,pause-target=100000000,policy=balance,root=1,"
            "growth-least=64,heap-least=128,heap-most=512",
            NULL},
};

/* ------------------------------------------------------------------------- *
 * Pacing.
 * ------------------------------------------------------------------------- */

static void snapshot_began(void) {
  pacing_work_begins();
  inc.todo = (cells.live_bytes + snap.began - external_added()) / 8;
}

/* Decides when the next cycle begins and should end.  `floating`: of the live
 * bytes, up to this many were handed out during the cycle.  A sixteenth of a
 * heap limit is left out, because some memory is lost where no object fits. */
static void inc_plan(uint64_t floating) {
  uint64_t live = cells_kept(), usable = inc.limit - inc.limit / 16;
  uint64_t room = pacing_room(live, PACING_LEAST / 4);
  if (inc.limit && live + room > usable)
    room = usable > live ? usable - live : 0;
  inc.end = room;
  inc.next = room / 100 * option_trigger;
  uint64_t apart = (live < room ? live : room) / INC_APART;
  if (inc.next + floating < apart)
    inc.next = apart - floating;
  if (inc.next == 0) /* or no memory could be handed out between cycles */
    inc.next = 1;
}

static void snapshot_ended(void) {
  uint64_t handed = snap.began + snap.born;
  pacing_decide(&(pacing_collection){.full = true,
                                     .used = inc.live + handed,
                                     .handed = handed,
                                     .live = cells_kept(),
                                     .objects = cells.live_objects,
                                     .born = snap.born});
  inc.live = cells_kept();
  cells_give_back();
  inc_plan(snap.born);
}

/* Begins a cycle, or advances it in proportion to the allocation since then. */
static void inc_slice(void) {
  inc.slices++;
  uint64_t handed = cells_handed_out(), step = option_step << 10;
  if (snap.phase == SNAPSHOT_IDLE) {
    snapshot_begin();
    inc.next = handed + step;
    return;
  }
  uint64_t room = inc.end > snap.began ? inc.end - snap.began : 0;
  if (room < step)
    room = step;
  double gone = (double)(handed - snap.began) / (double)room;
  uint64_t now = gc_now_ns();
  snapshot_bounds b = {.due = (uint64_t)((double)inc.todo * gone) + 1,
                       .until = now + option_pause * 1000,
                       .late = now + option_pause * 500,
                       .chunk = SNAPSHOT_CHUNK};
  if (snap.phase == SNAPSHOT_SORTING)
    b.due = UINT64_MAX;
  snapshot_advance(&b);
  if (snap.phase == SNAPSHOT_IDLE)
    return;
  /* If it is behind, at the next slow path. */
  bool late = !snapshot_marking || snap.work < b.due;
  inc.late += snapshot_marking && late;
  inc.next = cells_handed_out() + (late ? 1 : step);
}

/* ------------------------------------------------------------------------- *
 * When a cycle advances.
 * ------------------------------------------------------------------------- */

void gc_collect(gc_mutator *m) {
  (void)m;
  pause_begin();
  pacing_work_begins();
  snapshot_whole();
  pacing_work_ends();
  pause_end();
}

/* In a stop nothing is refused that there is: a slice may have ended the cycle
 * and the next one may be due already, but memory has not run out. */
static bool inc_may(bool fresh, uint64_t bytes) {
  (void)fresh, (void)bytes;
  return cells_handed_out() < inc.next || atomic_load(&world_stopping);
}

/* The first attempt is a slice, if one is due.  If none is, another mutator may
 * have left memory while this one waited for it to stop.  Where that does not
 * help, memory has run out: the cycle must end at once.  If that does not help
 * either, another whole cycle must find what died since this one began. */
static void inc_collect(gc_mutator *m, bool again) {
  (void)m;
  pacing_work_begins();
  snapshot_colour_buffers(false);
  if (!again && !gc_mutant(whole_kept))
    inc.whole = false;
  if (!again && cells_handed_out() >= inc.next) {
    inc_slice();
  } else if (again && !inc.whole) {
    inc.forced++;
    if (snap.phase == SNAPSHOT_IDLE) {
      snapshot_begin();
      inc.whole = true;
    }
    snapshot_complete();
  }
  snapshot_colour_buffers(true);
  pacing_work_ends();
}

/* See snapshot_hostile: a step at every fourth allocation. */
static void inc_hostile_step(void) {
  if (!pause_try())
    return;
  pacing_work_begins();
  snapshot_colour_buffers(false);
  if (snap.phase == SNAPSHOT_IDLE) {
    snapshot_begin();
  } else {
    snapshot_bounds b = snapshot_hostile();
    snapshot_advance(&b);
  }
  snapshot_colour_buffers(true);
  pacing_work_ends();
  pause_end();
}

gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {.may = inc_may,
                                      .collect = inc_collect,
                                      .attempts = 3,
                                      .handed_out = snapshot_born};
  if (gc_unlikely(inc.each) && hostile_saw.allocations % 4 == 0)
    inc_hostile_step();
  gc_object *o = cells_obtain(m, &m->buffer, c, bytes, &policy);
  if (c == CELLS_LARGE && o)
    snapshot_born_large(o);
  return o;
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  if (!cells_create(config->heap_limit))
    return NULL;
  listener_set(config->listener);
  inc = (gc_heap){.limit = config->heap_limit, .each = hostile_each()};
  pacing_create(pacing_chosen(config->heap_limit), 0);
  bool created = snapshot_create();
  inc_plan(0);
  if (created)
    return &inc;
  snapshot_destroy();
  return NULL;
}

void gc_heap_destroy(gc_heap *h) {
  (void)h;
  snapshot_destroy();
}

#define THREAD_BEGIN(m) bag_init(&(m)->shaded, 0)
#define THREAD_END(m)   snapshot_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  (void)h;
  return cells_footprint(snapshot_bytes());
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {SNAPSHOT_COUNTERS,
                            {"slices", h->slices},
                            {"forced", h->forced},
                            {"late-slices", h->late},
                            MARKING_COUNTERS(&snap.marking),
                            CELLS_COUNTERS,
                            PACING_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  return snapshot_check();
}
