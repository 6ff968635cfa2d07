/* say.h: messages to the user, on standard error. */
#ifndef REAPMARK_SAY_H
#define REAPMARK_SAY_H

#include <stdarg.h>
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

/* The program's name, which begins each message: "reapmark", until a collector
 * program sets its own name. */
extern const char *say_program;

/* Prints one line, "PROGRAM: ...". */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_list(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* The words that the user could have meant by a word that is not known. */
typedef struct candidates {
  const char **words;
  size_t count;
} candidates;
void candidates_add(candidates *c, const char *word);

/* " (did you mean 'x'?)", or "" if no candidate is near `word`. */
const char *suggest(const char *word, const candidates *c);

/* The same, for few candidates: if none is near, the text lists all of them. */
const char *suggest_any(const char *word, const candidates *c);

#endif
