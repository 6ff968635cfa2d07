/* immix.c: mark-region collection with opportunistic evacuation,
 * stop-the-world, for any number of mutators.
 *
 * Memory.  Objects of up to IM_MOST bytes live in blocks (blocks.h), each
 * divided into IM_LINES lines; larger ones are allocated one by one (large.h).
 * Objects of all sizes share blocks; an object may span lines but not blocks.
 * Beside the heap there are a mark bit per granule, a mark bit per line, and a
 * table entry per block.
 *
 * An object's mark bit tells, without touching the object, that it was reached
 * already, which pays where several references lead to it.  Its lines are
 * marked when it is scanned, because then its header, and so its size, is at
 * hand. Therefore a line is marked exactly if a live object has a byte in it.
 * The paper instead marks only the line in which a small object begins, and
 * takes the next one for marked as well (option `conservative`); that saves a
 * look at the size, which here costs nothing.
 *
 * Allocation.  A stretch of unmarked lines between two marked ones is a *hole*.
 * A mutator bumps a cursor through the holes of one *recyclable* block after
 * the other, in address order, then through empty blocks.  An object larger
 * than a line that does not fit into the hole goes to an overflow block, so
 * that holes are not given up in search of a large one.
 *
 * Collection.  Stops the world, marks, and counts lines: a block without marked
 * lines is empty, one with some unmarked lines is recyclable.  If the heap is
 * fragmented, the most fragmented blocks are *candidates*, as many as there is
 * room to copy into: their objects are copied elsewhere when they are reached.
 * An object for which there is no room stays and is marked in place, which is
 * always correct; so a collection needs no memory and never fails.
 *
 * Several markers (markers.h) mark, and copy, at the same time.  They set bits
 * of objects and lines atomically, and each copies into a block of its own.
 * What becomes of an object in a candidate is decided by one compare-and-swap
 * of its header: a marker that finds the object undecided makes a copy first,
 * and takes that back if another one was faster, so nobody ever waits for a
 * marker that lost its processor.  Blocks that are not filled to the end cost
 * room, so one marker copies alone if there is little of it.
 *
 * The room to copy into is the blocks that are empty when the collection
 * begins, and the *headroom*: empty blocks that mutators are given only when an
 * allocation would fail otherwise.  How much of a candidate is alive is an
 * estimate, unless a collection has just been made.  Copies of a candidate that
 * has more use up blocks and empty none, and without an empty block there is no
 * evacuation ever again.  So a collection with estimates leaves half of the
 * headroom to those that know.
 *
 * Invariants between collections.
 *   - An object has a mark bit if and only if it survived the last collection.
 *     Every line in which such an object has a byte is marked (`conservative`:
 *     that line or the one before).
 *   - Newer objects lie one behind the other in holes that were handed out. The
 *     rest of a hole that its mutator has left is covered by a *filler*, which
 *     has the header of an object.  So all objects can be found.
 *   - The holes of a block are handed out once between two collections, in
 *     address order, to one mutator; after that one has detached, from where it
 *     stopped.
 *   - No object is flagged as moved, or as one that stays.
 * While a collection runs:
 *   - A block is a source of copies or a target, never both: a candidate's
 * lines become free only after the collection, and targets were empty.
 *   - From the first reference to it that is followed, an object in a candidate
 *     either is marked, and stays, or its header tells where its copy is.  If
 *     there are several markers, the header also tells that it stays, and does
 *     so before the object is marked.
 *
 * This file has the collector's description, and when it collects and
 * evacuates.  generational-copying shares the other sources: region.c has the
 * space and the steps of a collection, allocation.c the slow paths of
 * allocation, tracing.c marking, evacuation.c copying, checks.c the walks over
 * the heap; layout.h is what they share.
 *
 * Source: Blackburn & McKinley, PLDI 2008. */
#include "gc.h"
#include "common/bookkeeping.h"
#include "common/markers.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "immix/layout.h"

uint64_t im_option_evacuate = 1;
uint64_t im_option_headroom = 25;
uint64_t im_option_conservative = 0;

const gc_collector gc_this_collector = {
    .name = "immix",
    .summary = "precise mark-region, evacuating fragmented blocks",
    .source = "Blackburn & McKinley, PLDI 2008; prefetch queue: Cher, Hosking "
              "& Vitek, ASPLOS 2004",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .moving = true,
            .heap_limit = true,
            .granule = BLOCK_BYTES,
            .overhead_bytes = 128 << 10},
    .options =
        (const gc_option[]){
            PACING_OPTIONS,
            PACING_OPTION_LEAST,
            PACING_OPTION_OBJECTS,
            {"evacuate", "copy objects out of fragmented blocks",
             &im_option_evacuate, 0, 1},
            {"headroom",
             "blocks kept for copies, per mille of the heap limit, or of the "
             "blocks in use",
             &im_option_headroom, 0, 500},
            {"conservative",
             "mark only the line that a small object begins in, and keep the "
             "next",
             &im_option_conservative, 0, 1},
            MARKERS_OPTIONS,
            {0}},
    .words = pacing_words,
    .events =
        (const char *const[]){
            "collections", "evacuations", "objects-moved", "objects-stayed",
            "desperate", "headroom-used", "headroom-spent", "blocks-reused",
            "blocks-emptied", "blocks-returned", "overflowed", "holes-given-up",
            "unspilled", MARKERS_EVENTS, "moved-together", LARGE_EVENTS,
            PACING_EVENTS, BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"objects-marked", "bytes-marked",
                                  "blocks-sorted", "blocks-passed", LARGE_WORK,
                                  BOOKKEEPING_WORK, NULL},
    .tight =
        (const char *const[]){"growth-least=32,growth=10",
                              "growth-least=32,growth=10,conservative=1",
                              "growth-least=32,growth=10,evacuate=0",
                              "growth-least=32,growth=10,headroom=0",
                              "growth-least=32,growth=10,headroom=500",
                              "growth-least=32,growth=10,headroom=500,"
                              "markers=2,markers-least=1",
                              "growth-least=32,growth=10,headroom=500,"
                              "markers=3,markers-least=1",
                              "policy=sqrt,root=1,growth-least=64,give-back=1",
                              "policy=count,objects=100,see-external=0",
                              "policy=balance,root=1,growth-least=64,heap-"
                              "least=128,heap-most=512",
                              NULL},
};

/* ------------------------------------------------------------------------- *
 * A collection.
 * ------------------------------------------------------------------------- */

/* Whether the heap is fragmented enough to evacuate (paper, section 2.4): holes
 * were left unused, because memory of another shape was wanted; or the last
 * collection yielded little, so that more than half of the limit is in marked
 * lines. */
static bool im_fragmented(void) {
  uint64_t in_use = im.occupied * IM_LINES - im.free_lines;
  return im.free_lines > 0 && (im.recyclable || im.returned ||
                               (im.limit && in_use * IM_LINE > im.limit / 2));
}

bool im_collect(im_effort effort) {
  if (effort == IM_WHOLE) /* every collection is one */
    return false;
  bool desperate = effort == IM_DESPERATE;
  pacing_collection c = {.full = true,
                         .used = im_kept() + im_handed_out(),
                         .handed = im_handed_out()};
  pacing_work_begins();
  listener_phase("choose");
  im.reserve = desperate ? 0 : (im_wanted_headroom() + 1) / 2;
  bool evacuates = im_option_evacuate && (desperate || im_fragmented()) &&
                   im_choose(desperate);
  listener_phase("clear");
  im_prepare(true);
  im_trace(evacuates, true);
  listener_phase("sweep");
  im_sort(true);
  listener_phase("plan");
  im_set_headroom(0);
  im.collections++;
  im.evacuations += evacuates;
  im.desperate += desperate;
  c.live = im_kept();
  c.objects = im.live_objects;
  pacing_decide(&c);
  im.budget = pacing_room(im_kept(), 0);
  im_give_back();
  return true;
}

void gc_collect(gc_mutator *m) {
  (void)m;
  pause_begin();
  im_collect(IM_DUE);
  pause_end();
}

void im_collect_hostile(gc_mutator *m) {
  gc_collect(m);
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  if (!im_create(config))
    return NULL;
  pacing_create(pacing_chosen(config->heap_limit), 0);
  im.budget = pacing_room(0, 0);
  return &im;
}

void gc_heap_destroy(gc_heap *h) {
  (void)h;
  im_destroy();
}

#define THREAD_END(m) im_detach(&(m)->buffer)
#include "common/inline/threads.h"

gc_footprint gc_heap_footprint(gc_heap *h) {
  (void)h;
  return im_footprint(0);
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter own[] = {{"collections", h->collections},
                            {"desperate", h->desperate},
                            {"moved-together", h->moved_together},
                            {"copied-twice", h->copied_twice},
                            MARKERS_COUNTERS,
                            PACING_COUNTERS};
  return im_counters(out, room, own, sizeof own / sizeof *own);
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  return im_check(NULL);
}
