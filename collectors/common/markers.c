/* markers.c: see markers.h: helper threads, the pool, and termination. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "common/markers.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/listener.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>

enum {
  MARKERS_DEFAULT = 4,
  /* Objects.  To scan so many takes about a tenth of a millisecond, which is
   * what it takes to wake a thread that sleeps and to have its caches filled;
   * a collection that is shorter has no use for help. */
  MARKERS_LEAST = 16384,
  MARKERS_BATCH = 256,
  MARKERS_KEEP = 16,
  /* Turns that a marker without work looks for some before it sleeps: about the
   * time for which another one scans a batch. */
  MARKERS_SPINS = 400,
  MARKERS_STACK = 256 << 10, /* bytes of a helper's C stack */
};

uint64_t markers_option = 1, markers_least_option = MARKERS_LEAST;
markers_counts markers_counted;
uint64_t markers_alone, markers_batch, markers_keep;
_Atomic bool markers_hungry;

static struct {
  pthread_mutex_t lock; /* for all of this */
  pthread_cond_t asked; /* helpers outside of a phase wait for `calls`, */
  pthread_cond_t fed;   /* and markers in a phase for work or its end */
  unsigned most;        /* markers, with the thread that collects */
  unsigned made;        /* helpers that were made, */
  pthread_t threads[MARKERS_MOST];
  bool quit; /* and are to end */

  void (*work)(unsigned number); /* NULL: there is no phase */
  _Atomic uint64_t phase;        /* the number of the phase, or of the next */
  unsigned calls;                /* helpers that were asked to join */
  unsigned active, waiting;      /* markers that have joined, and that wait */
  bool elsewhere;                /* markers_call was called */
  size_t room;                   /* of the pool */
  _Atomic size_t size;
  gc_object *pool[MARKERS_POOL];
} team = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .asked = PTHREAD_COND_INITIALIZER,
          .fed = PTHREAD_COND_INITIALIZER};

/* The default is known before main() and not changed by the binding of threads.
 */
__attribute__((constructor)) static void markers_count_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set))
    return; /* a machine with more processors than fit: one marker */
  int n = CPU_COUNT(&set);
  markers_option = n > MARKERS_DEFAULT ? MARKERS_DEFAULT : (uint64_t)n;
}

/* `most`, or less where the option says that little is much. */
static uint64_t markers_scale(uint64_t most) {
  uint64_t n = most * markers_least_option / MARKERS_LEAST;
  return n > most ? most : n < 1 ? 1 : n;
}

void markers_create(unsigned most) {
  team.most = markers_option < most ? (unsigned)markers_option : most;
  team.room = hostile.buffers && hostile.buffers < MARKERS_POOL
                  ? (size_t)hostile.buffers
                  : MARKERS_POOL;
  markers_alone = markers_least_option;
  markers_batch = markers_scale(MARKERS_BATCH);
  markers_keep = markers_scale(MARKERS_KEEP);
  markers_counted = (markers_counts){0};
}

unsigned markers_most(void) {
  return team.most;
}

/* Brings the hint up to date.  With the lock. */
static void markers_note(void) {
  bool idle = team.waiting > 0 || team.active + team.calls < team.most;
  atomic_store_explicit(&markers_hungry, team.work && team.size == 0 && idle,
                        memory_order_relaxed);
}

/* ------------------------------------------------------------------------- *
 * Helpers.
 * ------------------------------------------------------------------------- */

static void *markers_help(void *data) {
  unsigned number = (unsigned)(uintptr_t)data;
  gc_helper_thread();
  pthread_mutex_lock(&team.lock);
  while (!team.quit) {
    if (!team.calls) {
      pthread_cond_wait(&team.asked, &team.lock);
      continue;
    }
    team.calls--;
    if (!gc_mutant(helper_uncounted))
      team.active++;
    markers_counted.helped++;
    void (*work)(unsigned) = team.work;
    pthread_mutex_unlock(&team.lock);
    hostile_race();
    uint64_t begin = listener_clock();
    work(number);
    listener_helped("mark", begin);
    pthread_mutex_lock(&team.lock);
  }
  pthread_mutex_unlock(&team.lock);
  return NULL;
}

/* Makes another helper.  Without memory for it there are fewer markers.  With
 * the lock. */
static void markers_make(void) {
  pthread_attr_t attributes;
  sigset_t all, mask;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, MARKERS_STACK);
  pthread_sigmask(SIG_SETMASK, &all, &mask);
  bool fails = hostile_fails() ||
               pthread_create(&team.threads[team.made], &attributes,
                              markers_help, (void *)(uintptr_t)(team.made + 1));
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  pthread_attr_destroy(&attributes);
  if (fails)
    team.most = team.made + 1;
  else
    team.made++;
}

void markers_destroy(void) {
  pthread_mutex_lock(&team.lock);
  team.quit = true;
  pthread_cond_broadcast(&team.asked);
  pthread_mutex_unlock(&team.lock);
  for (unsigned n = 0; n < team.made; n++)
    pthread_join(team.threads[n], NULL);
  team.made = 0;
  team.quit = false;
}

/* Wakes a marker that waits, or asks a helper to join.  With the lock. */
static void markers_wake(void) {
  if (team.waiting) {
    pthread_cond_signal(&team.fed);
    return;
  }
  if (team.active + team.calls >= team.most)
    return;
  if (team.active + team.calls > team.made)
    markers_make();
  if (team.active + team.calls > team.made)
    return;
  team.calls++;
  pthread_cond_signal(&team.asked);
}

/* ------------------------------------------------------------------------- *
 * A phase.
 * ------------------------------------------------------------------------- */

void markers_begin(void (*work)(unsigned number)) {
  pthread_mutex_lock(&team.lock);
  team.work = work;
  team.active = 1;
  markers_counted.phases++;
  markers_note();
  pthread_mutex_unlock(&team.lock);
}

size_t markers_put(gc_object **objects, size_t n) {
  hostile_race();
  pthread_mutex_lock(&team.lock);
  size_t size = team.size;
  if (n > team.room - size) {
    n = team.room - size;
    if (hostile.buffers)
      hostile_fire(HOSTILE_BUFFERS);
  }
  memcpy(team.pool + size, objects, n * sizeof *objects);
  atomic_store_explicit(&team.size, size + n - (n && gc_mutant(gift_lost)),
                        memory_order_relaxed);
  markers_counted.given += n;
  if (n)
    markers_wake();
  markers_note();
  pthread_mutex_unlock(&team.lock);
  return n;
}

/* The newest objects take the place of those that are gone. */
void markers_give(object_stack *s, prefetch_ends *fetched) {
  size_t given = markers_put(s->items, (s->size + 1) / 2);
  size_t rest = s->size - given, moved = given < rest ? given : rest;
  if (!gc_mutant(newest_dropped))
    memcpy(s->items, s->items + s->size - moved, moved * sizeof *s->items);
  s->size = rest;
  if (gc_mutant(fetched_forgotten) && !rest)
    fetched->size = 0;
}

void markers_call(void) {
  pthread_mutex_lock(&team.lock);
  team.elsewhere = true;
  markers_wake();
  markers_note();
  pthread_mutex_unlock(&team.lock);
}

/* Takes objects out of the pool, which is not empty: half of them if others
 * wait.  With the lock. */
static int markers_take_some(unsigned number, gc_object **objects,
                             size_t room) {
  size_t size = team.size, n = team.waiting ? (size + 1) / 2 : size;
  if (n > room)
    n = room;
  memcpy(objects, team.pool + size - n, n * sizeof *objects);
  size -= n;
  atomic_store_explicit(&team.size, size, memory_order_relaxed);
  if (size && team.waiting)
    pthread_cond_signal(&team.fed);
  markers_counted.taken++;
  markers_counted.helpers_took += number != 0;
  return (int)n - (gc_mutant(take_loses_one) && n > 1);
}

/* Ends the phase: all markers wait.  Those that wait are told so, and leave
 * whenever they get to run: nobody waits for them.  With the lock. */
static void markers_end(void) {
  team.work = NULL;
  team.active = team.waiting = 0;
  if (!gc_mutant(calls_kept))
    team.calls = 0;
  team.elsewhere = false;
  atomic_fetch_add_explicit(&team.phase, 1, memory_order_relaxed);
  if (!gc_mutant(end_untold))
    pthread_cond_broadcast(&team.fed);
}

/* Waits until there may be work or the phase ends; spins first, without the
 * lock.  With the lock. */
static void markers_wait(uint64_t phase, bool *spun) {
  if (*spun) {
    pthread_cond_wait(&team.fed, &team.lock);
    return;
  }
  *spun = true;
  pthread_mutex_unlock(&team.lock);
  hostile_race();
  for (unsigned n = 0; n < MARKERS_SPINS; n++) {
    if (atomic_load_explicit(&team.size, memory_order_relaxed) ||
        atomic_load_explicit(&team.phase, memory_order_relaxed) != phase)
      break;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* takes as long; `yield` takes no time there */
#endif
  }
  pthread_mutex_lock(&team.lock);
}

int markers_take(unsigned number, gc_object **objects, size_t room,
                 bool (*elsewhere)(void)) {
  hostile_race();
  pthread_mutex_lock(&team.lock);
  uint64_t phase = team.phase;
  int taken = MARKERS_OVER;
  bool waits = false, spun = false;
  while (team.phase == phase) {
    if (team.size) {
      team.waiting -= waits;
      taken = markers_take_some(number, objects, room);
      break;
    }
    if (elsewhere && !gc_mutant(flags_unasked) && (!waits || team.elsewhere) &&
        elsewhere()) {
      team.waiting -= waits;
      team.elsewhere = false;
      taken = MARKERS_ELSEWHERE;
      break;
    }
    if (!waits) {
      waits = true;
      team.waiting++;
      markers_counted.waited++;
    }
    if (team.waiting == team.active || gc_mutant(phase_ends_early)) {
      markers_end();
      break;
    }
    markers_note();
    markers_wait(phase, &spun);
  }
  markers_note();
  pthread_mutex_unlock(&team.lock);
  return taken;
}
