/* last-words.c: handlers of the signals that kill, which print the operation
 * that was being performed. */
#include "last-words.h"
#include "story.h"

#include <signal.h>
#include <unistd.h>

#include "basics.h"

static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
enum { DEADLY = sizeof deadly / sizeof deadly[0] };
static struct sigaction before[DEADLY];
static _Thread_local executor_thread *self; /* NULL: performs no operations */

enum { HANDLER_STACK = 64 << 10 };

/* Prints one line on stderr.  Async-signal-safe. */
static void last_words(int signal) {
  const executor_thread *t = self;
  char line[256], text[EXECUTOR_TEXT];
  size_t n = text_put(line, 0, sizeof line, gc_this_collector.name);
  n = text_put(line, n, sizeof line, ": signal ");
  n = text_put_number(line, n, sizeof line, (uint64_t)signal);
  if (t) {
    n = text_put(line, n, sizeof line,
                 t->checking ? " in the comparison after operation "
                             : " in operation ");
    n = text_put_number(line, n, sizeof line, t->now);
    n = text_put(line, n, sizeof line, " of thread ");
    n = text_put_number(line, n, sizeof line, t->number);
    n = text_put(line, n, sizeof line, ": ");
    executor_text(text, &t->op);
    n = text_put(line, n, sizeof line, text);
  } else {
    n = text_put(line, n, sizeof line, " outside all operations");
  }
  line[n++] = '\n';
  if (write(STDERR_FILENO, line, n) < 0)
    return;
}

/* Restores the handler that was there before and leaves the signal to it: a
 * fault repeats itself on return, and a signal that was sent is sent again. */
static void on_deadly(int signal, siginfo_t *info, void *context) {
  (void)context;
  size_t i = 0;
  while (deadly[i] != signal)
    i++;
  last_words(signal);
  sigaction(signal, &before[i], NULL);
  if (info->si_code <= 0)
    raise(signal);
}

/* A collector whose write barrier is the fault of a protected page keeps its
 * own handler, which must run on the thread's own stack because a collection
 * scans that.  The handler aborts on a fault that it does not know, and SIGABRT
 * is handled here. */
void last_words_watch(void) {
  struct sigaction action = {.sa_sigaction = on_deadly,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < DEADLY; i++)
    if (sigaction(deadly[i], NULL, &before[i]) == 0 &&
        !(gc_this_collector.faults && before[i].sa_flags & SA_SIGINFO))
      sigaction(deadly[i], &action, NULL);
}

void last_words_unwatch(void) {
  for (size_t i = 0; i < DEADLY; i++)
    sigaction(deadly[i], &before[i], NULL);
}

void last_words_attach(executor_thread *t) {
  stack_t words = {.ss_sp = own_memory(1, HANDLER_STACK),
                   .ss_size = HANDLER_STACK};
  t->words = words.ss_sp;
  sigaltstack(&words, &t->words_before);
  self = t;
}

void last_words_detach(executor_thread *t) {
  self = NULL;
  sigaltstack(&t->words_before, NULL);
  free(t->words);
}
