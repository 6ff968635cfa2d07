/* options.c: see options.h.  getopt_long does the parsing. */
#include "options.h"
#include "arena.h"
#include "say.h"
#include "words.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const option_row help_row = {
    "help", 'h', NULL, "print this help and exit", .kind = OPTION_FLAG};

/* ------------------------------------------------------------------------- *
 * The help.
 * ------------------------------------------------------------------------- */

/* The help of a longer left part begins further right. */
enum { LEFT_MOST = 34 };

const char *options_left(const option_row *o) {
  const char *letter = o->letter ? arena_text("-%c, ", o->letter) : "    ";
  const char *argument = o->argument ? o->argument : "";
  const char *apart = *argument && *argument != '[' ? " " : "";
  return arena_text("%s--%s%s%s", letter, o->name, apart, argument);
}

int options_column(const option_row *rows) {
  size_t longest = 0;
  for (const option_row *o = rows; o->name; o++) {
    size_t length = strlen(options_left(o));
    if (length > longest && length <= LEFT_MOST)
      longest = length;
  }
  return (int)longest + 4;
}

static void print_row(const option_row *o, int column) {
  printf("  %-*s  %s\n", column - 4, options_left(o), o->help);
}

/* "run ", or nothing for a program without commands. */
static const char *name_of(const option_usage *u) {
  return *u->name ? arena_text("%s ", u->name) : "";
}

static const char *usage_line(const option_usage *u) {
  return arena_text("usage: %s %s%s", say_program, name_of(u), u->synopsis);
}

void options_help(const option_usage *u) {
  printf("%s\n\n%s\n", usage_line(u), u->description);
  for (const char *at = u->example; at && *at; at += strspn(at, "\n")) {
    const int n = (int)strcspn(at, "\n");
    printf("%sexample: %s %s%.*s\n", at == u->example ? "\n" : "", say_program,
           name_of(u), n, at);
    at += n;
  }
  if (u->actions) {
    printf("\nactions:\n");
    for (const option_usage *const *a = u->actions; *a; a++)
      printf("  %-16s %s\n", (*a)->name, (*a)->summary);
  }
  int column = options_column(u->options);
  printf("\noptions:\n");
  for (const option_row *o = u->options; o->name; o++)
    print_row(o, column);
  print_row(&help_row, column);
  if (u->more_help)
    u->more_help();
}

/* ------------------------------------------------------------------------- *
 * Values.
 * ------------------------------------------------------------------------- */

static bool read_share(const char *text, double *share) {
  double number;
  const char *end = words_decimal(text, &number);
  bool percent = end && !strcmp(end, "%");
  /* A plain 2 would be 200 %, which nobody means. */
  if (!end || (*end && !percent) || (!percent && number >= 1))
    return false;
  *share = percent ? number / 100 : number;
  return true;
}

bool options_share(const char *text, double *share) {
  double read;
  if (!read_share(text, &read) || read <= 0)
    return false;
  *share = read;
  return true;
}

const char *options_time(const char *option, const char *text, const char *unit,
                         double *ns) {
  double number;
  const char *end = words_decimal(text, &number);
  if (words_time(text, ns))
    return NULL;
  return arena_text("--%s: '%s' is not a time%s", option, text,
                    end && !*end && number > 0
                        ? arena_text(" (did you mean '%s%s'?)", text, unit)
                        : arena_text(" such as 5%s", unit));
}

/* Stores the value of one option.  False after a mistake, which has been
 * reported. */
static bool set(const option_row *o, const char *text, void *values) {
  void *value = (char *)values + o->offset;
  switch (o->kind) {
  case OPTION_FLAG:
    *(bool *)value = true;
    return true;
  case OPTION_TEXT:
  case OPTION_LIST:
    if (!*text) { /* such as a variable of the shell that is not set */
      say("--%s: the value is empty: %s is wanted: %s", o->name, o->argument,
          o->help);
      return false;
    }
    *(const char **)value = text;
    return true;
  case OPTION_NUMBER: {
    uint64_t number;
    if (!words_number(text, &number) || number < o->min || number > o->max) {
      say("--%s: '%s' is not a whole number from %ju to %ju", o->name, text,
          (uintmax_t)o->min, (uintmax_t)o->max);
      return false;
    }
    *(uint64_t *)value = number;
    return true;
  }
  case OPTION_SECONDS: {
    double seconds;
    const char *end = words_decimal(text, &seconds);
    if (!end || *end || seconds <= 0 || seconds > 1e6) {
      say("--%s: '%s' is not a number of seconds above 0", o->name, text);
      return false;
    }
    *(double *)value = seconds;
    return true;
  }
  case OPTION_SHARE:
    if (o->zero ? read_share(text, value) : options_share(text, value))
      return true;
    say("--%s: '%s' is not a share such as 2%% or 0.02", o->name, text);
    return false;
  case OPTION_CALL: {
    const char *wrong = o->call(values, text);
    if (wrong)
      say("%s", wrong);
    return !wrong;
  }
  }
  return false;
}

/* ------------------------------------------------------------------------- *
 * Mistakes.
 * ------------------------------------------------------------------------- */

/* " (did you mean '--collectors'?)" for a long option that does not exist;
 * " (see --help)" if no option is near. */
static const char *nearest_option(const option_usage *u, const char *name) {
  candidates known = {0};
  for (const option_row *o = u->options; o->name; o++) {
    if (o->former && !strcmp(o->former, name))
      return arena_text(" (did you mean '--%s'?)", o->name);
    candidates_add(&known, o->name);
  }
  const char *nearest = words_nearest(name, known.words, known.count);
  return nearest ? arena_text(" (did you mean '--%s'?)", nearest)
                 : " (see --help)";
}

/* The options that the beginning of a name may stand for, by commas; NULL if
 * there are fewer than two. */
static const char *ambiguous(const option_usage *u, const char *name) {
  const char *list = "";
  size_t n = 0;
  for (const option_row *o = u->options; o->name; o++)
    if (!strncmp(o->name, name, strlen(name)))
      list = arena_text("%s%s--%s", list, n++ ? ", " : "", o->name);
  return n > 1 ? list : NULL;
}

/* Reports what is wrong with the word that getopt_long has just refused. */
static void complain(const option_usage *u, char **argv, int code,
                     int first_long) {
  const char *word = argv[optind - 1];
  const char *command = *u->name ? arena_text("%s: ", u->name) : "";
  const char *option = arena_text("%.*s", (int)strcspn(word, "="), word);
  if (code == ':')
    say("%soption '%s' needs a value", command, option);
  else if (optopt == help_row.letter || optopt >= first_long)
    say("%soption '%s' takes no value", command, option);
  else if (optopt)
    say("%sunknown option '-%c' (see --help)", command, optopt);
  else {
    const char *name = option + strspn(option, "-");
    const char *several = ambiguous(u, name);
    if (several)
      say("%soption '%s' is ambiguous: %s", command, option, several);
    else
      say("%sunknown option '%s'%s", command, option, nearest_option(u, name));
  }
}

/* Reports an option that is there already. */
static void complain_twice(const option_usage *u, const option_row *o) {
  const char *command = *u->name ? arena_text("%s: ", u->name) : "";
  say("%soption '--%s' is given twice%s", command, o->name,
      o->kind == OPTION_LIST
          ? arena_text("; it takes a list: --%s %s", o->name, o->argument)
          : "");
}

static bool count_is_right(const option_usage *u, int count, char **operands) {
  const char *command = *u->name ? arena_text("%s: ", u->name) : "";
  if (count > u->max_operands)
    say("%sunexpected argument '%s'; %s", command, operands[u->max_operands],
        usage_line(u));
  else if (count < u->min_operands)
    say("%s%s is missing; %s", command, u->missing, usage_line(u));
  else
    return true;
  return false;
}

/* ------------------------------------------------------------------------- *
 * Parsing.
 * ------------------------------------------------------------------------- */

static int argument_of(const option_row *o) {
  if (!o->argument)
    return no_argument;
  return *o->argument == '[' ? optional_argument : required_argument;
}

int options_parse(const option_usage *u, int argc, char **argv, void *values,
                  char ***operands) {
  enum { FIRST_LONG = 256 }; /* getopt_long's codes: letters, then rows */
  size_t count = 0;
  while (u->options[count].name)
    count++;
  struct option *longs = arena_take((count + 2) * sizeof *longs);
  char *letters = arena_take(2 * count + 4), *end = letters;
  *end++ = ':'; /* a missing value is told from an unknown option */
  for (size_t i = 0; i < count; i++) {
    const option_row *o = &u->options[i];
    longs[i] =
        (struct option){o->name, argument_of(o), NULL, FIRST_LONG + (int)i};
    if (o->letter)
      *end++ = o->letter;
    if (o->letter && o->argument)
      *end++ = ':';
  }
  longs[count] =
      (struct option){help_row.name, no_argument, NULL, help_row.letter};
  *end = help_row.letter;

  bool *given = arena_take(count * sizeof *given);
  optind = 0; /* glibc: start afresh, whatever was parsed before */
  for (int code;
       (code = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
    if (code == help_row.letter) {
      options_help(u);
      return EXIT_OK;
    }
    if (code == '?' || code == ':') {
      complain(u, argv, code, FIRST_LONG);
      return EXIT_USAGE;
    }
    const option_row *o = u->options;
    if (code >= FIRST_LONG)
      o += code - FIRST_LONG;
    else
      while (o->letter != code)
        o++;
    if (given[o - u->options] && !o->repeats) {
      complain_twice(u, o);
      return EXIT_USAGE;
    }
    given[o - u->options] = true;
    if (!set(o, optarg, values))
      return EXIT_USAGE;
  }
  *operands = argv + optind;
  return count_is_right(u, argc - optind, *operands) ? OPTIONS_GO : EXIT_USAGE;
}

int options_parse_action(const option_usage *u, int argc, char **argv,
                         void *values, size_t *action, char ***operands) {
  const char *word = argc > 1 ? argv[1] : "";
  if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
    options_help(u);
    return EXIT_OK;
  }
  candidates known = {0};
  for (size_t i = 0; u->actions[i]; i++) {
    const char *name = strchr(u->actions[i]->name, ' ') + 1;
    candidates_add(&known, name);
    if (strcmp(word, name))
      continue;
    *action = i;
    return options_parse(u->actions[i], argc - 1, argv + 1, values, operands);
  }
  if (*word)
    say("%s: unknown action '%s'%s; see reapmark %s --help", u->name, word,
        suggest_any(word, &known), u->name);
  else
    say("%s: no action; see reapmark %s --help", u->name, u->name);
  return EXIT_USAGE;
}
