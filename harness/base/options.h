/* options.h: the options of a command or of a collector program, stated once in
 * a table.  The command line is parsed from the table, and --help is printed
 * from it. */
#ifndef REAPMARK_OPTIONS_H
#define REAPMARK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum option_kind {
  OPTION_FLAG,    /* bool: true if the option is given */
  OPTION_TEXT,    /* const char *, never empty */
  OPTION_LIST,    /* const char *, to be split by words_split() */
  OPTION_NUMBER,  /* uint64_t, as words_number() reads numbers */
  OPTION_SECONDS, /* double, above 0 */
  OPTION_SHARE,   /* double, as options_share() reads shares */
  OPTION_CALL     /* what `call` does with the text */
} option_kind;

/* One option. */
typedef struct option_row {
  const char *name; /* without the dashes */
  char letter;      /* 0: no short form */
  /* The value's name in the help; ends in ",..." for a list.  One name is one
   * kind of value in all commands: the completions of shells know by it what to
   * offer (harness/manual/values.c).  NULL: the option
   * takes no value.  In brackets: the value may be left out, and is otherwise
   * attached by '='. */
  const char *argument;
  const char *help; /* one line */
  option_kind kind;
  size_t offset;     /* of the value, in the command's struct of values */
  uint64_t min, max; /* bounds of an OPTION_NUMBER */
  bool zero;         /* an OPTION_SHARE may be 0 */
  /* For an OPTION_CALL: takes the value (NULL: none was given).  Returns NULL,
   * or the message that says what is wrong with the value. */
  const char *(*call)(void *values, const char *text);
  bool repeats;       /* may be given more than once: the values gather */
  const char *former; /* an earlier name: an error suggests the present one */
} option_row;

/* What a command, or a collector program, does and takes. */
typedef struct option_usage {
  const char *name;          /* "run"; "" for a program without commands */
  const char *summary;       /* for the list of commands; one line */
  const char *synopsis;      /* what follows the command's name */
  const char *description;   /* paragraphs */
  const char *example;       /* arguments of an example, or of one on each
                                line, or NULL */
  const option_row *options; /* up to a row without a name */
  int min_operands, max_operands;
  const char *missing; /* what the first missing operand is */
  /* The actions of a command that has some, up to NULL; each is named "COMMAND
   * ACTION". */
  const struct option_usage *const *actions;
  void (*more_help)(void); /* prints what follows the options, or NULL */
} option_usage;

/* Parses into `values` (which holds the defaults) and sets *operands to the
 * words that are not options, NULL-terminated.  An option that is given twice
 * is a mistake unless it `repeats`: no value is dropped in silence.  Returns
 * OPTIONS_GO, or the exit code with which to leave: 0 after --help, 2 after a
 * mistake.  The mistake has been reported by say(). */
enum { OPTIONS_GO = -1 };
int options_parse(const option_usage *usage, int argc, char **argv,
                  void *values, char ***operands);

/* Parses the line of a command that has actions: argv[1] names one of them, and
 * the rest is parsed as options_parse() does.  Sets *action to its number in
 * usage->actions.  Returns the same; an unknown action is a mistake, and the
 * choices are listed. */
int options_parse_action(const option_usage *usage, int argc, char **argv,
                         void *values, size_t *action, char ***operands);

/* Prints the help, as --help does. */
void options_help(const option_usage *usage);

/* What --help prints to the left of an option's help, without indentation:
 * "-n, --invocations N". */
const char *options_left(const option_row *row);

/* The column in which the help of these options begins.  An option whose left
 * part is longer pushes its own help to the right. */
int options_column(const option_row *rows);

/* Reads "2%" or "0.02" as 0.02.  False if `text` is anything else, or is not
 * above 0. */
bool options_share(const char *text, double *share);

/* Reads the time that was given to --OPTION, as words_time() does, as
 * nanoseconds.  Returns NULL, or the message that says what is wrong, which
 * offers `unit` to who forgot it. */
const char *options_time(const char *option, const char *text, const char *unit,
                         double *ns);

#endif
