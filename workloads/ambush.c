/* ambush.c: see ambush.h. */
#define _GNU_SOURCE /* names of registers */
#include "ambush.h"

#if defined __x86_64__ && !defined __SANITIZE_THREAD__ &&                      \
    !defined __SANITIZE_ADDRESS__

#include "basics.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <ucontext.h>

enum {
  TRAP_FLAG = 0x100,
  NEAR = 40, /* instructions; RANGES times doubled they reach slow paths */
  RANGES = 5,
  NAP = 1000 /* nanoseconds; the system makes it some ten thousand */
};

static _Thread_local struct {
  uint64_t one_in, state;
  uint64_t left; /* instructions up to the stop; 0: none is to come */
} thread;

/* A random number below n. */
static uint64_t draw(uint64_t n) {
  thread.state += 0x9e3779b97f4a7c15u;
  return mix(thread.state) % n;
}

/* After each single instruction.  The handler itself runs at full speed. */
static void step(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  ucontext_t *interrupted = context;
  if (thread.left > 1) {
    thread.left--;
    return;
  }
  bool stops = thread.left;
  thread.left = 0;
  interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
  int before = errno;
  struct timespec nap = {.tv_nsec = NAP};
  if (stops)
    clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
  errno = before;
}

void ambush_begin(uint64_t one_in, uint64_t seed) {
  struct sigaction act = {.sa_sigaction = step,
                          .sa_flags = SA_SIGINFO | SA_RESTART};
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

void ambush(void) {
  if (thread.one_in && !thread.left && !draw(thread.one_in))
    stop_within((uint64_t)NEAR << draw(RANGES));
}

#else

void ambush_begin(uint64_t one_in, uint64_t seed) {
  (void)one_in, (void)seed;
}

void ambush_end(void) {
}

void ambush(void) {
}

#endif
