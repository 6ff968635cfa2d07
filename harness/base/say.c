/* say.c: see say.h. */
#include "say.h"
#include "arena.h"
#include "words.h"

#include <stdarg.h>
#include <stdio.h>

const char *say_program = "reapmark";

void say_list(const char *format, va_list args) {
  fprintf(stderr, "%s: ", say_program);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
}

void say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  say_list(format, args);
  va_end(args);
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
  char hint[400];
  return arena_text("%s",
                    words_choices(hint, sizeof hint, word, c->words, c->count));
}
