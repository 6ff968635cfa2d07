/* still.c: how long the process stood still: no thread of it ran or was ready
 * to run.
 *
 * A process that is stopped from outside (a signal, the freezer of a control
 * group, a virtual machine that is halted) shows steps and pauses that nobody
 * in it has made.  Time in which a thread ran is in the process's CPU time, and
 * time in which a thread waited for a processor in its schedstat.  What is left
 * of the clock is time in which nothing happened.
 *
 * The account is drawn over windows, from one look to the next.  Threads that
 * run side by side count for each of them, so that a window of several threads
 * shows less than there was, never more. */
#define _GNU_SOURCE /* getdents64 */
#include "cell.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A look costs 10 us, and 5 us for each further thread: at most 0.1 % of a
 * thread's time for twenty of them. */
enum { LOOK_NS = 100000000 };

/* What may be missing from the account of a window without a stop: the
 * hypervisor's and the interrupts' share. */
enum { NOISE_SHARE = 10 };

/* The sums over the threads of the process at a moment.  The thread that reads
 * them may lose its processor meanwhile: they were read between two times. */
typedef struct moment {
  uint64_t before, after; /* the clock */
  uint64_t ran, waited;
  uint64_t threads; /* sum of their numbers: other threads, another sum */
} moment;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static moment last;
static bool known;
static uint64_t asleep;  /* since then, as the run meant it */
static uint64_t left;    /* threads that have ended */
static uint64_t longest; /* over all windows */
static uint64_t due;     /* when the next look is; atomic */

static uint64_t process_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The second number of the thread's schedstat. */
static bool read_waited(const char *thread, uint64_t *waited) {
  char path[64], text[96];
  snprintf(path, sizeof path, "/proc/self/task/%.20s/schedstat", thread);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  if (fd >= 0)
    close(fd);
  if (n <= 0)
    return false;
  text[n] = 0;
  char *after_ran;
  strtoull(text, &after_ran, 10);
  *waited = strtoull(after_ran, NULL, 10);
  return true;
}

static void add_thread(moment *m, const char *thread) {
  uint64_t waited;
  if (*thread == '.' || !read_waited(thread, &waited))
    return;
  m->waited += waited;
  m->threads += strtoull(thread, NULL, 10);
}

/* Allocates nothing: the allocator may be the collector's. */
static bool look(moment *m, uint64_t now) {
  _Alignas(struct dirent64) char entries[2048];
  *m = (moment){.before = now, .ran = process_ns()};
  int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return false;
  for (ssize_t n; (n = getdents64(folder, entries, sizeof entries)) > 0;)
    for (char *at = entries; at < entries + n;
         at += ((const struct dirent64 *)(void *)at)->d_reclen)
      add_thread(m, ((const struct dirent64 *)(void *)at)->d_name);
  close(folder);
  m->after = gc_now_ns();
  return m->threads > 0;
}

/* What a window of `length` shows of which so much is accounted for. */
static uint64_t stood(uint64_t length, uint64_t accounted) {
  uint64_t still = accounted < length ? length - accounted : 0;
  return still > length / NOISE_SHARE ? still : 0;
}

/* Ends a window, unless its account has a gap: a thread that is gone took the
 * time that it waited with it.  Begins the next one. */
static void turn(uint64_t now) {
  moment next;
  bool readable = look(&next, now);
  if (known && readable && !left && next.threads == last.threads) {
    uint64_t accounted =
        next.ran - last.ran + (next.waited - last.waited) + asleep;
    uint64_t length = next.before > last.after ? next.before - last.after : 0;
    uint64_t still = stood(length, accounted);
    longest = still > longest ? still : longest;
  }
  last = next;
  known = readable;
  asleep = left = 0;
  __atomic_store_n(&due, now + LOOK_NS, __ATOMIC_RELAXED);
}

void cell_still_begin(uint64_t now) {
  pthread_mutex_lock(&lock);
  known = false;
  turn(now);
  longest = 0;
  pthread_mutex_unlock(&lock);
}

void cell_still_look(uint64_t now) {
  if (now < __atomic_load_n(&due, __ATOMIC_RELAXED) ||
      pthread_mutex_trylock(&lock))
    return; /* another thread looks */
  turn(now);
  pthread_mutex_unlock(&lock);
}

void cell_still_end(uint64_t now) {
  pthread_mutex_lock(&lock);
  turn(now);
  pthread_mutex_unlock(&lock);
}

void cell_still_slept(uint64_t ns) {
  pthread_mutex_lock(&lock);
  asleep += ns;
  pthread_mutex_unlock(&lock);
}

void cell_still_left(void) {
  pthread_mutex_lock(&lock);
  left++;
  pthread_mutex_unlock(&lock);
}

bool cell_still(uint64_t *ns) {
  *ns = longest;
  return known;
}
