/* say.h: messages to the user, on standard error. */
#ifndef REAPMARK_SAY_H
#define REAPMARK_SAY_H

#include <stdarg.h>
#include <stdbool.h>
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

/* If set, called before each message: takes away an unfinished line. */
extern void (*say_before)(void);

/* Prints one line, "PROGRAM: ...", without control characters. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_list(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* To be called first by every program: opens /dev/null for those of standard
 * input, output and error that are closed (by cron, say), so that no other file
 * comes in their place.  Ends the process if it cannot. */
void say_begin(void);

/* To be called last: whether all of standard output was written.  If not, it
 * was said. */
bool say_end(void);

/* The words that the user could have meant by a word that is not known. */
typedef struct candidates {
  const char **words;
  size_t count;
} candidates;
void candidates_add(candidates *c, const char *word);

/* " (did you mean 'x'?)", or "" if no candidate is near `word`. */
const char *suggest(const char *word, const candidates *c);

/* The same; if no candidate is near, the text lists all of them. */
const char *suggest_any(const char *word, const candidates *c);

#endif
