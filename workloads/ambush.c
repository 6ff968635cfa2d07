/* ambush.c: see ambush.h. */
#define _GNU_SOURCE /* names of registers */
#include "ambush.h"

#if defined __x86_64__ && !defined __SANITIZE_THREAD__ &&                      \
    !defined __SANITIZE_ADDRESS__

#include "basics.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <ucontext.h>

enum {
  TRAP_FLAG = 0x100,
  NEAR = 40, /* instructions; RANGES times doubled they reach slow paths */
  RANGES = 5,
  NAP = 1000, /* nanoseconds; the system makes it some ten thousand */
  /* Stops at an instruction until it is like others; before and after an
   * atomic operation, since a race needs two threads at one place of memory. */
  SELDOM = 8,
  SELDOM_ATOMIC = 24,
  SKIPPED = 4, /* of so many chances, all but one */
  /* A nap goes on until the other threads have called `ambush` so often in all,
   * but is no longer than so many naps: they may be waiting for this one. */
  ENOUGH = 24,
  NAPS_MOST = 6,
  THREADS = 64,     /* that are told apart, about */
  PLACES = 1 << 14, /* instructions that are told apart, about */
};

/* How often each thread called `ambush`, while it may be stopped. */
static struct { _Alignas(64) _Atomic uint64_t calls; } progress[THREADS];
static _Atomic unsigned threads_seen;

static _Thread_local struct {
  _Atomic uint64_t *calls; /* its own; NULL before its first ambush_begin */
  uint64_t one_in, state;
  uint64_t left; /* instructions up to the stop; 0: none is to come */
  bool atomic;   /* the last instruction was an atomic operation */
} thread;

/* A random number below n. */
static uint64_t draw(uint64_t n) {
  thread.state += 0x9e3779b97f4a7c15u;
  return mix(thread.state) % n;
}

/* How often threads were stopped before each instruction. */
static _Atomic uint8_t stops_at[PLACES];

/* Whether the instruction is an atomic operation: has the prefix LOCK, or is an
 * exchange. */
static bool is_atomic(const uint8_t *code) {
  return code[0] == 0xf0 || code[(code[0] & 0xf0) == 0x40] == 0x87;
}

/* Whether threads were seldom stopped before this instruction; counts a stop if
 * so.  A slow path that few operations take, and of it the two instructions
 * between which nobody must come, would otherwise wait for many stops. */
static bool is_new(uintptr_t address) {
  _Atomic uint8_t *stops = &stops_at[mix(address) % PLACES];
  const bool atomic = is_atomic((const uint8_t *)address);
  const bool racy = atomic || thread.atomic;
  thread.atomic = atomic;
  if (atomic_load_explicit(stops, memory_order_relaxed) >=
      (racy ? SELDOM_ATOMIC : SELDOM))
    return false;
  if (racy && draw(SKIPPED)) /* or the first of a path would always be first */
    return false;
  atomic_fetch_add_explicit(stops, 1, memory_order_relaxed);
  return true;
}

static _Atomic uint64_t naps; /* of all threads, so far */

static uint64_t progress_of_others(void) {
  const unsigned seen = atomic_load(&threads_seen);
  uint64_t sum = 0;
  for (unsigned i = 0; i < seen && i < THREADS; i++)
    if (&progress[i].calls != thread.calls)
      sum += atomic_load_explicit(&progress[i].calls, memory_order_relaxed);
  return sum;
}

/* A nap that is over before another thread ran has stopped nobody at a bad
 * moment, and on a busy machine many would be. */
static void take_nap(void) {
  const uint64_t before = progress_of_others();
  const struct timespec nap = {.tv_nsec = NAP};
  int error = errno;
  atomic_fetch_add(&naps, 1);
  for (int i = 0; i < NAPS_MOST; i++) {
    clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
    if (atomic_load(&threads_seen) < 2 ||
        progress_of_others() - before >= ENOUGH)
      break;
  }
  errno = error;
}

/* After each single instruction.  The handler itself runs at full speed. */
static void step(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  ucontext_t *interrupted = context;
  if (thread.left == 1 ||
      (thread.left &&
       is_new((uintptr_t)interrupted->uc_mcontext.gregs[REG_RIP])))
    take_nap();
  thread.left -= thread.left > 0;
  if (!thread.left)
    interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

void ambush_begin(uint64_t one_in, uint64_t seed) {
  struct sigaction act = {.sa_sigaction = step,
                          .sa_flags = SA_SIGINFO | SA_RESTART};
  if (!thread.calls)
    thread.calls =
        &progress[atomic_fetch_add(&threads_seen, 1) % THREADS].calls;
  thread.left = 0;
  thread.state = seed;
  thread.one_in = sigaction(SIGTRAP, &act, NULL) ? 0 : one_in;
}

/* Changes the trap flag of the caller: flags | mask, or flags & mask.  Past the
 * red zone, where the caller may keep variables. */
#define CHANGE_FLAGS(operation, mask)                                          \
  __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"                                \
                   "pushfq\n\t" operation " %0, (%%rsp)\n\t"                   \
                   "popfq\n\t"                                                 \
                   "lea 128(%%rsp), %%rsp"                                     \
                   :                                                           \
                   : "i"(mask)                                                 \
                   : "memory", "cc")

void ambush_end(void) {
  thread.one_in = thread.left = 0;
  CHANGE_FLAGS("andq", ~TRAP_FLAG);
}

/* Stops the thread after less than so many instructions. */
static void stop_within(uint64_t most) {
  thread.left = 1 + draw(most);
  CHANGE_FLAGS("orq", TRAP_FLAG);
}

uint64_t ambush_naps(void) {
  return atomic_load(&naps);
}

void ambush(void) {
  if (!thread.one_in)
    return;
  atomic_store_explicit(
      thread.calls,
      atomic_load_explicit(thread.calls, memory_order_relaxed) + 1,
      memory_order_relaxed);
  if (!thread.left && !draw(thread.one_in))
    stop_within((uint64_t)NEAR << draw(RANGES));
}

#else

void ambush_begin(uint64_t one_in, uint64_t seed) {
  (void)one_in, (void)seed;
}

void ambush_end(void) {
}

uint64_t ambush_naps(void) {
  return 0;
}

void ambush(void) {
}

#endif
