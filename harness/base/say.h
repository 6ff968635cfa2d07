/* say.h: talk to the user, on stderr. */
#ifndef REAPMARK_SAY_H
#define REAPMARK_SAY_H

#include <stddef.h>

/* The exit codes of every command. */
enum {
  EXIT_OK = 0,
  EXIT_SOME_FAILED = 1,
  EXIT_USAGE = 2,
  EXIT_NOTHING = 3,
  EXIT_REGRESSION = 4,
  EXIT_INTERRUPTED = 130
};

/* One line, "reapmark: ...". */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Words that could have been meant. */
typedef struct candidates {
  const char **words;
  size_t count;
} candidates;
void candidates_add(candidates *c, const char *word);

/* " (did you mean 'x'?)", or "" if no candidate is near `word`. */
const char *suggest(const char *word, const candidates *c);

/* The same, for where candidates are few: if none is near, all of them. */
const char *suggest_any(const char *word, const candidates *c);

#endif
