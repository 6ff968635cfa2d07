/* signals.h: saves the actions of all signals before a production runtime
 * starts and sets handlers of its own, and restores them after. */
#ifndef REAPMARK_COMMON_SIGNALS_H
#define REAPMARK_COMMON_SIGNALS_H

#include <signal.h>

typedef struct signals {
  struct sigaction of[NSIG];
} signals;

static inline void signals_save(signals *s) {
  for (int i = 1; i < NSIG; i++)
    sigaction(i, NULL, &s->of[i]);
}

static inline void signals_restore(const signals *s) {
  for (int i = 1; i < NSIG; i++)
    sigaction(i, &s->of[i], NULL);
}

#endif
