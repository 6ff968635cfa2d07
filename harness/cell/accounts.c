/* accounts.c: how long the threads of the process ran, and how long the
 * mutators waited for a processor.
 *
 * A mutator that is ready to run and does not run waits for another thread of
 * its processor.  If that is a thread of the collector's, the wait is a cost of
 * the collector, and not noise of the machine.  The kernel tells how long a
 * thread waited, but not for whom.  So the time for which threads of this
 * process ran that could have been in the way bounds what others are to blame
 * for.  These threads are called strangers here: all but the mutators and those
 * helpers that are bound to processors without mutators.  Their time is the
 * process's less that of all threads with an account, so it includes threads
 * that nobody told us about, and those that have ended. */
#define _GNU_SOURCE /* dup3 */
#include "cell.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* An account serves one thread after the other.  Accounts are never freed while
 * the process runs, so the list may be read at any time, also while other
 * threads are stopped wherever they are: there is no lock. */
struct cell_account {
  cell_account *next;
  bool taken;
  bool running;
  int fd;         /* schedstat of the thread, or of the one before */
  uint64_t ended; /* ns for which the earlier threads ran */
};
static cell_account *accounts;

bool cell_account_read(const cell_account *a, cell_sched *out) {
  char text[96];
  ssize_t n = pread(a->fd, text, sizeof text - 1, 0);
  if (n <= 0)
    return false;
  text[n] = 0;
  char *at;
  out->ran = strtoull(text, &at, 10);
  out->waited = strtoull(at, &at, 10);
  out->turns = strtoull(at, NULL, 10);
  return true;
}

static cell_account *take_account(void) {
  cell_account *a = __atomic_load_n(&accounts, __ATOMIC_ACQUIRE);
  while (a && __atomic_exchange_n(&a->taken, true, __ATOMIC_ACQ_REL))
    a = a->next;
  if (a)
    return a;
  a = calloc(1, sizeof *a);
  if (!a)
    cell_die("no memory for a thread's account");
  a->taken = true;
  a->fd = -1;
  a->next = __atomic_load_n(&accounts, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&accounts, &a->next, a, true,
                                      __ATOMIC_RELEASE, __ATOMIC_RELAXED))
    ;
  return a;
}

/* Opens the file of the calling thread.  That of the thread before is replaced
 * in one step, so that who reads the account meanwhile reads no other file. */
static bool open_file(cell_account *a) {
  int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  cell_sched s;
  if (fd >= 0 && a->fd >= 0) {
    int moved = dup3(fd, a->fd, O_CLOEXEC);
    close(fd);
    fd = moved;
  } else if (fd >= 0)
    a->fd = fd;
  return fd >= 0 && cell_account_read(a, &s);
}

/* The thread ends.  In between, its time belongs to nobody and so to strangers:
 * less is taken off than should be, and never more. */
static void close_account(void *data) {
  cell_account *a = data;
  cell_sched s = {0};
  cell_account_read(a, &s);
  __atomic_store_n(&a->running, false, __ATOMIC_RELEASE);
  __atomic_add_fetch(&a->ended, s.ran, __ATOMIC_RELEASE);
  __atomic_store_n(&a->taken, false, __ATOMIC_RELEASE);
}

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void make_key(void) {
  if (pthread_key_create(&key, close_account))
    cell_die("no thread-specific data");
}

cell_account *cell_account_open(void) {
  pthread_once(&key_once, make_key);
  cell_account *a = pthread_getspecific(key);
  if (a)
    return a;
  a = take_account();
  if (!open_file(a)) {
    __atomic_store_n(&a->taken, false, __ATOMIC_RELEASE);
    return NULL;
  }
  __atomic_store_n(&a->running, true, __ATOMIC_RELEASE);
  if (pthread_setspecific(key, a))
    cell_die("no thread-specific data");
  return a;
}

uint64_t cell_strangers_ran(const cell_account *mine, uint64_t process,
                            uint64_t ran) {
  uint64_t known = ran;
  for (const cell_account *a = __atomic_load_n(&accounts, __ATOMIC_ACQUIRE); a;
       a = a->next) {
    cell_sched s = {0};
    /* First what earlier threads ran: the time of one that ends between the two
     * looks would count twice the other way round. */
    uint64_t earlier = __atomic_load_n(&a->ended, __ATOMIC_ACQUIRE);
    if (a != mine && __atomic_load_n(&a->running, __ATOMIC_ACQUIRE))
      cell_account_read(a, &s);
    known += earlier + s.ran;
  }
  return process > known ? process - known : 0;
}
