/* say.c: see say.h. */
#include "say.h"
#include "arena.h"
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *say_program = "reapmark";

void (*say_before)(void);

void say_list(const char *format, va_list args) {
  char *text = NULL;
  fflush(stdout); /* a message stands below what was printed before */
  if (say_before)
    say_before();
  if (vasprintf(&text, format, args) < 0) {
    fprintf(stderr, "%s: out of memory\n", say_program);
    return;
  }
  words_clean(text, true); /* it may be of a program, or from a file */
  fprintf(stderr, "%s: %s\n", say_program, text);
  free(text);
}

void say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say_list(format, args);
  va_end(args);
}

void say_begin(void) {
  int fd = 0;
  while (fd <= STDERR_FILENO) /* descriptors come in ascending order */
    if ((fd = open("/dev/null", O_RDWR)) < 0) {
      say("/dev/null: %s", strerror(errno));
      exit(EXIT_SOME_FAILED);
    }
  close(fd);
}

bool say_end(void) {
  errno = 0;
  if (!fflush(stdout) && !ferror(stdout))
    return true;
  say("standard output could not be written%s%s", errno ? ": " : "",
      errno ? strerror(errno) : "");
  return false;
}

void candidates_add(candidates *c, const char *word) {
  c->words = arena_more(c->words, c->count, sizeof *c->words);
  c->words[c->count++] = word;
}

const char *suggest(const char *word, const candidates *c) {
  char hint[400];
  return arena_text("%s",
                    words_suggest(hint, sizeof hint, word, c->words, c->count));
}

const char *suggest_any(const char *word, const candidates *c) {
  size_t room = 400; /* for a suggestion, and what stands around a list */
  for (size_t i = 0; i < c->count; i++)
    room += c->words[i] ? strlen(c->words[i]) + strlen(", ") : 0;
  char *hint = arena_take(room);
  return words_choices(hint, room, word, c->words, c->count);
}
