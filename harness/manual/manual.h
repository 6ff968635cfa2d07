/* manual.h: what is made of the tables of options for readers and for shells:
 * the manual page, and completions for bash, zsh and fish. */
#ifndef REAPMARK_MANUAL_H
#define REAPMARK_MANUAL_H

#include "harness/base/options.h"
#include "harness/base/words.h"

#include <stdio.h>

/* Each prints one file: the manual page of all commands, and the completions.
 */
void manual_page(FILE *out);
void manual_bash(FILE *out);
void manual_zsh(FILE *out);
void manual_fish(FILE *out);

/* What a shell offers for a value. */
typedef enum value_kind {
  VALUE_FREE,   /* nothing: a number, or a text of the user's */
  VALUE_WORDS,  /* words that are known when the completions are made */
  VALUE_LISTED, /* what `reapmark list WHAT` prints in its first column */
  VALUE_FILES,
  VALUE_DIRECTORIES
} value_kind;

typedef struct value_choice {
  value_kind kind;
  bool list;        /* several of them, separated by commas */
  word_list words;  /* of VALUE_WORDS */
  const char *what; /* of VALUE_LISTED: "collectors", ... */
} value_choice;

/* What there is to choose from for the value of an option, by the name that the
 * help has for the value (option_row.argument).  False if the name is not
 * known, which is a mistake in this program: values.c is to learn it. */
bool manual_values(const option_row *o, value_choice *out);

/* The same for the operands of a command, by its synopsis. */
value_choice manual_operands(const option_usage *u);

/* Whether the command has actions, and so takes the word of one first. */
static inline bool manual_has_actions(const option_usage *u) {
  return u->actions && u->actions[0];
}

#endif
