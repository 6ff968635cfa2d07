/* world.c: see world.h. */
#include "common/world.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include "common/listener.h"
#include <pthread.h>
#include <sys/mman.h>

_Atomic bool world_stopping;

/* Whether the calling thread has the world stopped, and so holds its lock. */
static _Thread_local bool world_is_mine;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t fewer_running; /* the stopping thread waits for this */
  pthread_cond_t restarted;     /* parked threads wait for this */
  gc_mutator *mutators;
  unsigned running;  /* mutators neither parked nor blocking */
  uint64_t asked_ns; /* when the last stop was asked for, by listener_clock */
} world = {PTHREAD_MUTEX_INITIALIZER,
           PTHREAD_COND_INITIALIZER,
           PTHREAD_COND_INITIALIZER,
           NULL,
           0,
           0};

gc_mutator *world_mutator_create(gc_heap *heap, size_t size) {
  if (hostile_fails())
    return NULL;
  size_t bytes = size + GC_REGISTERS * sizeof(gc_object *);
  gc_mutator *m = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED)
    return NULL;
  world_base(m)->heap = heap;
  world_base(m)->mapped = bytes;
  return m;
}

void world_mutator_destroy(gc_mutator *m) {
  munmap(m, world_base(m)->mapped);
}

/* Waits until no thread wants the world stopped.  With the lock held. */
static void world_await_restart(void) {
  while (atomic_load(&world_stopping))
    pthread_cond_wait(&world.restarted, &world.lock);
}

/* The calling mutator no longer counts as running.  With the lock held. */
static void world_stop_running(void) {
  world.running--;
  if (atomic_load(&world_stopping))
    pthread_cond_signal(&world.fewer_running);
}

/* Parks the calling mutator.  With the lock held, which it lets go of. */
static void world_park_locked(void) {
  uint64_t asked = world.asked_ns, begin = listener_clock();
  world_stop_running();
  world_await_restart();
  world.running++;
  pthread_mutex_unlock(&world.lock);
  listener_stood(asked, begin);
}

/* Parks the calling mutator if a thread wants the world stopped.  Returns
 * whether one did; if not, with the lock held. */
static bool world_parked(void) {
  hostile_race();
  pthread_mutex_lock(&world.lock);
  bool parks = atomic_load(&world_stopping);
  if (parks)
    world_park_locked();
  return parks;
}

void world_join(gc_mutator *m) {
  hostile_race();
  pthread_mutex_lock(&world.lock);
  world_await_restart();
  world_base(m)->next = world.mutators;
  world_base(m)->previous = NULL;
  if (world.mutators)
    world_base(world.mutators)->previous = m;
  world.mutators = m;
  world.running += !gc_mutant(attach_uncounted);
  pthread_mutex_unlock(&world.lock);
}

void world_leave(gc_mutator *m) {
  /* A thread that is stopping the world must see either all of this mutator's
   * roots or no mutator, so leave only while the world runs. */
  while (world_parked())
    continue;
  gc_mutator *next = world_base(m)->next, *previous = world_base(m)->previous;
  if (previous)
    world_base(previous)->next = next;
  else
    world.mutators = next;
  if (next && !gc_mutant(previous_not_updated))
    world_base(next)->previous = previous;
  world.running--;
  pthread_mutex_unlock(&world.lock);
}

void world_park(void) {
  if (!world_parked())
    pthread_mutex_unlock(&world.lock);
}

void world_blocking_enter(void) {
  hostile_race();
  pthread_mutex_lock(&world.lock);
  world_stop_running();
  pthread_mutex_unlock(&world.lock);
}

void world_blocking_leave(void) {
  hostile_race();
  pthread_mutex_lock(&world.lock);
  world_await_restart();
  world.running++;
  pthread_mutex_unlock(&world.lock);
}

bool world_stop(void) {
  if (world_parked())
    return false;
  world.asked_ns = listener_clock();
  atomic_store(&world_stopping, true);
  while (world.running > 1)
    pthread_cond_wait(&world.fewer_running, &world.lock);
  world_is_mine = true;
  return true; /* with the lock held: see the head of world.h */
}

void world_start(void) {
  world_is_mine = false;
  atomic_store(&world_stopping, false);
  if (!gc_mutant(restart_lost))
    pthread_cond_broadcast(&world.restarted);
  pthread_mutex_unlock(&world.lock);
}

gc_mutator *world_mutators(void) {
  return world.mutators;
}

void world_lock(void) {
  if (!world_is_mine)
    pthread_mutex_lock(&world.lock);
}

void world_unlock(void) {
  if (!world_is_mine)
    pthread_mutex_unlock(&world.lock);
}

uint64_t world_sum(uint64_t (*bytes)(gc_mutator *m)) {
  uint64_t sum = 0;
  world_lock();
  for (gc_mutator *m = world.mutators; m; m = world_base(m)->next)
    sum += bytes(m);
  world_unlock();
  return sum;
}
