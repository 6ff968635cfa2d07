/* options.h: a command's options, stated once in a table from which they are
 * parsed and the help is printed. */
#ifndef REAPMARK_OPTIONS_H
#define REAPMARK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum option_kind {
  OPTION_FLAG,    /* bool */
  OPTION_TEXT,    /* const char * */
  OPTION_NUMBER,  /* uint64_t */
  OPTION_SECONDS, /* double, above 0 */
  OPTION_SHARE    /* double, above 0: 0.02 for "2%" or "0.02" */
} option_kind;

/* Reads "2%" or "0.02" as 0.02.  False if it is anything else, or not above
 * 0. */
bool options_share(const char *text, double *share);

/* One option; its value goes to `offset` in the command's struct of values. */
typedef struct option_row {
  const char *name;     /* without the dashes */
  char letter;          /* 0: no short form */
  const char *argument; /* its name in the help; NULL for a flag */
  const char *help;     /* one line */
  option_kind kind;
  size_t offset;
  uint64_t min, max; /* of an OPTION_NUMBER */
} option_row;

typedef struct option_usage {
  const char *command;
  const char *synopsis;      /* what follows "reapmark COMMAND" */
  const char *description;   /* paragraphs, may be NULL */
  const option_row *options; /* up to a row without a name */
  int min_operands, max_operands;
  const char *missing; /* what is, if there are fewer; NULL: "something" */
} option_usage;

/* Parses into `values` (which holds the defaults) and sets *operands to the
 * words that are no options, NULL-terminated.  Returns OPTIONS_GO, or the exit
 * code with which to leave: 0 after --help, 2 after a mistake, which was
 * said. */
enum { OPTIONS_GO = -1 };
int options_parse(const option_usage *usage, int argc, char **argv,
                  void *values, char ***operands);

#endif
