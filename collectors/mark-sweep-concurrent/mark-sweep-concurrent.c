/* mark-sweep-concurrent.c: mark-sweep that marks beside the mutators, from a
 * snapshot at the beginning, for any number of mutators.
 *
 * The heap is mark-sweep's (common/cells.h).  What a cycle does, and why it
 * loses no object, stands in common/inline/snapshot.h.  Here is who does it:
 *
 *   - A thread of the collector's marks, sorts blocks and clears bits while
 *     mutators run.
 *   - Mutators *assist*: one that allocates faster than marking keeps up with
 *     sees to it that marking is done in proportion to what it got.  It waits
 *     while the thread is seen to mark, and marks itself if it is not.  pacer.h
 *     decides how much.
 *   - Short stops take a cycle from phase to phase.  A mutator makes them, in
 *     the slow path of allocation: one when memory that was handed out reaches
 *     the trigger, and one when nothing is left to be marked (`quiet`).  The
 *     latter takes what mutators have shaded and not handed on.  If that leads
 *     to more than option_stop words, the marker goes on, and another stop
 *     follows; at least so many words were marked by then, so there is an end.
 *   - If memory runs out first, the cycle is finished in a stop (`fallback`),
 *     and if that does not help, so is another whole one.
 *
 * Weak references, ephemerons and finalizable objects are looked through in a
 * stop: if the world ran, a mutator could get the target of a weak reference
 * just when it is found dead.  What the finalizer queue reaches is marked
 * beside the mutators again.
 *
 * Whoever works on a cycle holds `lock`, so that marking is never done by two
 * at a time: the marker thread for CONC_STEP words, a mutator that assists, or
 * one that has the world stopped.  Nobody waits for mutators while he holds it.
 *
 * With background=0 there is no thread, and all depends on counts: the same
 * operations make the same cycles. */
#include "gc.h"
#include "common/pacing.h"
#include "common/pause.h"
#include "mark-sweep-concurrent/mark-sweep-concurrent.h"
#include "mark-sweep-concurrent/pacer.h"
#define SNAPSHOT_BESIDE 1
#include "common/inline/snapshot.h"
#include <signal.h>

enum {
  /* Words that the thread marks before it gives the lock to a mutator that
   * wants it: a few microseconds. */
  CONC_STEP = 1024,
  /* Words that a mutator marks at a time, some 50 us: more would keep a stop
   * waiting, less is not worth the exchange of the lock.  It owes up to so
   * many, or a 64th of a heap that has few words. */
  CONC_ASSIST = 8192,
  /* Time without progress after which the thread is taken for descheduled, in
   * ns: several of its steps. */
  CONC_PATIENCE = 50000,
  /* Large objects and blocks that are sorted in such a step. */
  CONC_SORTED = 32,
  /* Once this share of the goal was handed out and blocks are still not sorted,
   * mutators sort some, so that the next cycle can begin even if the thread
   * does not run.  By then it has had time to sort the whole heap. */
  CONC_GRACE = 64,
};

/* 1: a thread marks.  0: only mutators mark. */
static uint64_t option_background = 1;

/* When a cycle begins as long as nobody knows how fast the marker is. */
static uint64_t option_trigger = 50;

/* The most words that are marked in a stop: about a tenth of a millisecond. */
static uint64_t option_stop = 8192;

/* There is one per process. */
struct gc_heap {
  pacer_rules rules;
  bool each; /* marking advances at each allocation (hostile.h) */

  pthread_mutex_t lock;
  pthread_cond_t turn; /* for the marker thread: it may have something to do */
  pthread_t thread;
  bool threaded, quit;
  _Atomic unsigned wanted; /* mutators that wait for the lock, and go first */

  /* Of the cycle. */
  pacer pacer;
  uint64_t most;           /* words that there are, at the most */
  uint64_t beside;         /* words that the thread marked */
  uint64_t unused;         /* see pacer_cycle */
  bool whole;              /* it began and ended in the present stop */
  _Atomic bool quiet;      /* nothing is left that the marker may take */
  _Atomic uint64_t work;   /* snap.work after the last step */
  _Atomic uint64_t handed; /* cells_handed_out() when memory was last got */
  _Atomic uint64_t grace;  /* the value of it at which mutators sort */

  /* Events so far.  Words are those of headers, slots and roots. */
  uint64_t fallbacks, assists, resumed, helped;
  _Atomic uint64_t waits, put_off; /* put_off: debts */
  uint64_t thread_words, assist_words, stop_words;
  uint64_t heap_bytes, goal_bytes; /* when the last cycle's marking ended */
  uint64_t overshoot; /* of a heap over its goal, the most, per mille */
};
static gc_heap conc;

const gc_collector gc_this_collector = {
    .name = "mark-sweep-concurrent",
    .summary = "mark-sweep that marks beside the mutators, from a snapshot, "
               "with a pacer and assists",
    .source = "snapshot at the beginning: Yuasa, JSS 1990; beside mutators: "
              "Azatchi, Levanoni, Paz & Petrank, OOPSLA 2003; pacing: Go 1.18",
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true,
            .concurrent = true,
            .granule = BLOCK_BYTES,
            .overhead_bytes = 128 << 10},
    .options =
        (const gc_option[]){
            {"background", "1: a thread marks; 0: mutators do all of it",
             &option_background, 0, 1},
            PACING_OPTIONS,
            PACING_OPTION_LEAST,
            PACING_OPTION_OBJECTS,
            {"trigger",
             "percent of that, or of free memory, when a cycle begins whose "
             "marker's speed is not known",
             &option_trigger, 0, 100},
            {"stop-words", "the most words that are marked in a stop",
             &option_stop, 1, (uint64_t)1 << 32},
            MARKING_OPTION,
            {0}},
    .words = pacing_words,
    .events = (const char *const[]){SNAPSHOT_EVENTS, "fallback", "assists",
                                    "resumed", "words-beside", "words-assisted",
                                    "words-in-stops", CELLS_EVENTS,
                                    PACING_EVENTS, BOOKKEEPING_EVENTS, NULL},
    .work = (const char *const[]){"objects-scanned", "wide-parts", CELLS_WORK,
                                  BOOKKEEPING_WORK, NULL},
    .tight =
        (const char *const[]){
            "growth-least=64,growth=10,trigger=0,stop-words=1",
            "growth-least=1024,trigger=0,stop-words=16,mark-stack=1",
            "growth-least=256,trigger=100,stop-words=64,background=1",
            "stop-words=16,policy=sqrt,root=1,growth-least=64,give-back=1",
            "stop-words=16,policy=count,objects=100,see-external=0",
            "stop-words=16,policy=balance,root=1,growth-least=64,heap-least="
            "128,heap-most=512",
            NULL},
    .repeatable = "background=0",
};

/* ------------------------------------------------------------------------- *
 * The lock.
 * ------------------------------------------------------------------------- */

static void conc_lock(void) {
  atomic_fetch_add(&conc.wanted, 1);
  hostile_race();
  pthread_mutex_lock(&conc.lock);
  atomic_fetch_sub(&conc.wanted, 1);
}

static void conc_unlock(void) {
  pthread_cond_signal(&conc.turn);
  pthread_mutex_unlock(&conc.lock);
}

/* ------------------------------------------------------------------------- *
 * Steps beside the mutators; with the lock.
 * ------------------------------------------------------------------------- */

static bool conc_has_work(void) {
  return snapshot_marking ? !atomic_load(&conc.quiet)
                          : snap.phase == SNAPSHOT_SORTING;
}

/* Takes a step within the bounds.  Returns how many words were marked. */
static uint64_t conc_step(const snapshot_bounds *b) {
  uint64_t before = snap.work;
  if (snap.phase == SNAPSHOT_SORTING) {
    snapshot_sort(b);
    return 0;
  }
  if (snapshot_mark(b))
    atomic_store(&conc.quiet, true);
  atomic_store(&conc.work, snap.work);
  return snap.work - before;
}

/* A step of about so many words; an object has four of them or more. */
static uint64_t conc_step_of(uint64_t words) {
  uint64_t most = snapshot_marking ? SNAPSHOT_CHUNK : CONC_SORTED;
  uint64_t chunk = words / 4 + 1;
  snapshot_bounds b = {.due = snap.work + words,
                       .until = SNAPSHOT_NEVER,
                       .late = SNAPSHOT_NEVER,
                       .chunk = chunk < most ? chunk : most,
                       .beside = true};
  return conc_step(&b);
}

static void *conc_run(void *data) {
  gc_heap *h = data;
  const char *doing = NULL; /* what it has been at since `since` */
  uint64_t since = 0;
  gc_helper_thread();
  pthread_mutex_lock(&h->lock);
  while (!h->quit) {
    bool works = !atomic_load(&h->wanted) && conc_has_work();
    const char *next = !works ? NULL : snapshot_marking ? "mark" : "sweep";
    if (next != doing) {
      if (doing)
        listener_helped(doing, since);
      doing = next;
      since = listener_clock();
    }
    if (!works) {
      pacing_work_ends();
      pthread_cond_wait(&h->turn, &h->lock);
      continue;
    }
    pacing_work_begins();
    uint64_t words = conc_step_of(CONC_STEP);
    h->beside += words;
    h->thread_words += words;
    hostile_race();
  }
  pthread_mutex_unlock(&h->lock);
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Steps in a stop; with the lock.
 * ------------------------------------------------------------------------- */

static void snapshot_began(void) {
  pacing_work_begins();
  conc.most = (cells.live_bytes + snap.began - external_added()) / 8;
  conc.beside = conc.unused = 0;
  atomic_store(&conc.work, 0);
  atomic_store(&conc.handed, snap.began);
  atomic_store(&conc.quiet, false);
}

/* Whether a stop is due.  Mutators may run. */
static bool conc_stop_due(uint64_t handed) {
  snapshot_phase phase = snap.phase;
  if (phase == SNAPSHOT_IDLE)
    return handed >= conc.pacer.begin;
  return phase != SNAPSHOT_SORTING && atomic_load(&conc.quiet);
}

/* Begins a cycle, or goes on to its next phases. */
static void conc_advance(const snapshot_bounds *b) {
  if (snap.phase == SNAPSHOT_IDLE) {
    snapshot_begin();
    return;
  }
  uint64_t before = snap.work;
  snapshot_mark_phases(b);
  conc.stop_words += snap.work - before;
  conc.resumed += snapshot_marking;
  atomic_store(&conc.work, snap.work);
  atomic_store(&conc.quiet, false);
}

/* Memory has run out. */
static void conc_fall_back(void) {
  if (conc.whole)
    return;
  conc.fallbacks++;
  uint64_t heap = conc.pacer.live + cells_handed_out();
  if (snap.phase == SNAPSHOT_IDLE) {
    snapshot_begin();
    conc.whole = true;
  }
  if (heap < conc.pacer.goal)
    conc.unused = conc.pacer.goal - heap;
  snapshot_complete();
}

/* By how much the policy lets what is alive grow, but for `born` bytes. */
static uint64_t conc_growth(uint64_t born) {
  uint64_t live = cells_kept();
  return pacing_room(live - (born < live ? born : live), 0);
}

/* A cycle has ended: the marker thread, or whoever else holds the lock. */
static void snapshot_ended(void) {
  pacer *p = &conc.pacer;
  conc.goal_bytes = p->goal;
  conc.heap_bytes = p->live + snap.began + snap.born;
  if (conc.heap_bytes > p->goal && p->goal) {
    uint64_t over = (conc.heap_bytes - p->goal) * 1000 / p->goal;
    conc.overshoot = over > conc.overshoot ? over : conc.overshoot;
  }
  uint64_t handed = snap.began + snap.born;
  pacing_decide(&(pacing_collection){.full = true,
                                     .used = p->live + handed,
                                     .handed = handed,
                                     .live = cells_kept(),
                                     .objects = cells.live_objects,
                                     .born = snap.born});
  pacer_cycle c = {.live = cells_kept(),
                   .born = snap.born,
                   .growth = conc_growth(snap.born),
                   .words = snap.marked,
                   .beside = conc.beside,
                   .unused = conc.unused};
  pacer_plan(p, &conc.rules, &c);
  cells_give_back();
  conc.grace = p->goal / CONC_GRACE;
}

/* In a stop, because "now" is a moment: what dies while the cycle runs would
 * not be found. */
void gc_collect(gc_mutator *m) {
  (void)m;
  pause_begin();
  conc_lock();
  pacing_work_begins();
  snapshot_whole();
  pacing_work_ends();
  conc_unlock();
  pause_end();
}

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

/* What a mutator owes for what it got, and for the large object of `bytes` that
 * it is about to get. */
static uint64_t conc_owed(gc_mutator *m, uint64_t bytes) {
  pacer_state s = {.began = snap.began,
                   .handed = atomic_load(&conc.handed) + bytes,
                   .words = atomic_load(&conc.work),
                   .most = conc.most};
  if (gc_mutant(nobody_assists))
    return 0;
  return pacer_owed(&conc.pacer, &s, m->debt + bytes);
}

/* Whether it may go on owing so few words. */
static bool conc_waits(uint64_t owed) {
  return owed > 0 && owed < CONC_ASSIST && owed < conc.most / 64;
}

/* Lets the thread, which has the lock, mark what is owed, for as long as it
 * makes progress.  Returns how much it marked. */
static uint64_t conc_wait(uint64_t owed) {
  uint64_t first = atomic_load(&conc.work), last = first, now = gc_now_ns();
  for (uint64_t until = now + CONC_PATIENCE;
       last - first < owed && now < until && !atomic_load(&conc.quiet) &&
       !atomic_load_explicit(&world_stopping, memory_order_relaxed);
       now = gc_now_ns()) {
    uint64_t work = atomic_load(&conc.work);
    if (work != last)
      until = now + CONC_PATIENCE;
    last = work;
  }
  atomic_fetch_add(&conc.waits, last != first);
  return last - first;
}

/* Marks some of what is owed, and sets *words to how much.  Returns false,
 * without waiting, if somebody else has the lock, unless `must`. */
static bool conc_pay(uint64_t owed, bool must, uint64_t *words) {
  if (must)
    conc_lock();
  else if (pthread_mutex_trylock(&conc.lock))
    return false;
  pacing_work_begins();
  *words = conc_step_of(owed < CONC_ASSIST ? owed : CONC_ASSIST);
  pacing_work_ends();
  conc.assists += *words > 0;
  conc.assist_words += *words;
  conc_unlock();
  return true;
}

/* Sees to it that what the mutator owes is marked, and lets stops of others run
 * meanwhile.  While the thread marks, it is left alone: as only one can mark at
 * a time, to take turns with it would only cost time.
 *
 * If the kernel took the processor from the thread in the middle of a step, the
 * thread still has the lock, and nobody can mark until it runs again, which may
 * take milliseconds.  Then the mutator puts its debt off, and goes on within
 * the goal; only there must it wait. */
static void conc_assist(gc_mutator *m, uint64_t bytes) {
  uint64_t owed = conc_owed(m, bytes);
  if (conc_waits(owed)) {
    m->debt += bytes;
    return;
  }
  uint64_t debt = m->debt + bytes;
  bool must = owed == UINT64_MAX;
  m->debt = 0;
  uint64_t begin = owed ? listener_begins() : 0;
  while (owed > 0 && snapshot_marking && !atomic_load(&conc.quiet)) {
    uint64_t words = conc.threaded ? conc_wait(owed) : 0;
    if (!words && !conc_pay(owed, must, &words)) {
      m->debt = debt;
      atomic_fetch_add(&conc.put_off, 1);
      break;
    }
    owed -= words < owed ? words : owed;
    if (atomic_load_explicit(&world_stopping, memory_order_relaxed)) {
      listener_pause_of(GC_PAUSE_DETECT, "assist", begin);
      world_poll();
      begin = listener_begins();
    }
  }
  if (begin)
    listener_pause_of(GC_PAUSE_DETECT, "assist", begin);
}

/* Sorts if nobody else does: for each block that is asked for at least as many
 * as fit into a step, or the next cycle could not begin in time. */
static void conc_help_sorting(uint64_t bytes) {
  if (snap.phase != SNAPSHOT_SORTING ||
      (conc.threaded && atomic_load(&conc.handed) < conc.grace))
    return;
  conc_lock();
  if (snap.phase == SNAPSHOT_SORTING) {
    conc.helped++;
    pacing_work_begins();
    conc_step_of((1 + bytes / BLOCK_BYTES) * 4 * CONC_SORTED);
    pacing_work_ends();
  }
  conc_unlock();
}

/* In a stop nothing is refused that there is: the marker may have become quiet
 * again meanwhile, but memory has not run out. */
static bool conc_may(bool fresh, uint64_t bytes) {
  (void)fresh, (void)bytes;
  uint64_t handed = cells_handed_out();
  atomic_store_explicit(&conc.handed, handed, memory_order_relaxed);
  return !conc_stop_due(handed) || atomic_load(&world_stopping);
}

/* The first attempt takes the cycle on, if that is still due: another mutator
 * may have done so.  If there is no memory then, it has run out. */
static void conc_collect(gc_mutator *m, bool again) {
  (void)m;
  conc_lock();
  pacing_work_begins();
  snapshot_colour_buffers(false);
  if (!again && !gc_mutant(fallback_kept))
    conc.whole = false;
  if (again) {
    conc_fall_back();
  } else if (conc_stop_due(cells_handed_out())) {
    snapshot_bounds b = {.due = snap.work + option_stop,
                         .until = SNAPSHOT_NEVER,
                         .late = SNAPSHOT_NEVER,
                         .chunk = SNAPSHOT_CHUNK};
    conc_advance(&b);
  }
  snapshot_colour_buffers(true);
  pacing_work_ends();
  conc_unlock();
}

/* See snapshot_hostile: a step at every fourth allocation, in a stop only where
 * it needs one. */
static void conc_hostile_step(void) {
  bool stop = snap.phase == SNAPSHOT_IDLE ||
              (snapshot_marking && atomic_load(&conc.quiet));
  if (stop && !pause_try())
    return;
  conc_lock();
  pacing_work_begins();
  snapshot_bounds b = snapshot_hostile();
  if (stop) {
    snapshot_colour_buffers(false);
    if (snap.phase == SNAPSHOT_IDLE || snapshot_marking)
      conc_advance(&b);
    snapshot_colour_buffers(true);
  } else if (conc_has_work()) {
    b.beside = true;
    conc.assist_words += conc_step(&b);
  }
  pacing_work_ends();
  conc_unlock();
  if (stop)
    pause_end();
}

gc_object *cells_slow(gc_mutator *m, unsigned c, size_t bytes) {
  static const cells_policy policy = {.may = conc_may,
                                      .collect = conc_collect,
                                      .attempts = 3,
                                      .handed_out = snapshot_born};
  if (gc_unlikely(conc.each) && hostile_saw.allocations % 4 == 0)
    conc_hostile_step();
  world_poll(); /* a stop need not wait until memory is refused */
  if (snapshot_marking)
    conc_assist(m, c >= CELLS_LARGE ? bytes : 0);
  else
    conc_help_sorting(bytes);
  gc_object *o = cells_obtain(m, &m->buffer, c, bytes, &policy);
  if (c == CELLS_LARGE && o)
    snapshot_born_large(o);
  else if (c < CELLS_LARGE && o)
    m->debt += (uint64_t)(m->buffer.spans[c].limit - (char *)o);
  return o;
}

/* ------------------------------------------------------------------------- *
 * The heap and its mutators.
 * ------------------------------------------------------------------------- */

/* Without memory for a thread, mutators do all the marking.  Signals are for
 * threads of the program. */
static bool conc_start_thread(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = option_background && !hostile_fails() &&
                 !pthread_create(&conc.thread, NULL, conc_run, &conc);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

gc_heap *gc_heap_create(const gc_config *config) {
  if (!cells_create(config->heap_limit))
    return NULL;
  listener_set(config->listener);
  conc = (gc_heap){
      .rules = {.limit = config->heap_limit, .trigger = option_trigger},
      .each = hostile_each()};
  pthread_mutex_init(&conc.lock, NULL);
  pthread_cond_init(&conc.turn, NULL);
  bool created = snapshot_create();
  pacing_create(pacing_chosen(config->heap_limit), 0);
  pacer_plan(&conc.pacer, &conc.rules,
             &(pacer_cycle){.growth = conc_growth(0)});
  if (created) {
    conc.threaded = conc_start_thread();
    return &conc;
  }
  gc_heap_destroy(&conc);
  return NULL;
}

void gc_heap_destroy(gc_heap *h) {
  if (h->threaded) {
    conc_lock();
    h->quit = true;
    conc_unlock();
    pthread_join(h->thread, NULL);
  }
  pthread_cond_destroy(&h->turn);
  pthread_mutex_destroy(&h->lock);
  snapshot_destroy();
}

#define THREAD_BEGIN(m) bag_init(&(m)->shaded, 0)
#define THREAD_END(m)   snapshot_detach(m)
#include "common/inline/threads.h"

/* ------------------------------------------------------------------------- *
 * Figures and checks.  No mutator runs, but the marker thread may: with the
 * lock it does not.
 * ------------------------------------------------------------------------- */

gc_footprint gc_heap_footprint(gc_heap *h) {
  (void)h;
  return cells_footprint(snapshot_bytes());
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  conc_lock();
  const gc_counter all[] = {SNAPSHOT_COUNTERS,
                            {"fallback", h->fallbacks},
                            {"assists", h->assists},
                            {"waits", h->waits},
                            {"put-off", h->put_off},
                            {"resumed", h->resumed},
                            {"words-beside", h->thread_words},
                            {"words-assisted", h->assist_words},
                            {"words-in-stops", h->stop_words},
                            {"sorting-helped", h->helped},
                            {"goal-bytes", h->goal_bytes},
                            {"heap-bytes", h->heap_bytes},
                            {"overshoot-permille", h->overshoot},
                            MARKING_COUNTERS(&snap.marking),
                            CELLS_COUNTERS,
                            PACING_COUNTERS,
                            BOOKKEEPING_COUNTERS};
  conc_unlock();
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  conc_lock();
  const char *why = snapshot_check();
  conc_unlock();
  return why;
}
