/* last-words.h: a signal that kills the process says which operation it met. */
#ifndef REAPMARK_EXECUTOR_LAST_WORDS_H
#define REAPMARK_EXECUTOR_LAST_WORDS_H

#include "executor.h"

/* Installs handlers for the signals that kill, and restores those before. */
void last_words_watch(void);
void last_words_unwatch(void);

/* The calling thread performs operations as `t` from now on, or no more.  In
 * between its signals are handled on a stack of their own, so that an overflow
 * of the thread's stack is reported too. */
void last_words_attach(executor_thread *t);
void last_words_detach(executor_thread *t);

#endif
