/* options.c: getopt_long from one table per command. */
#include "options.h"
#include "arena.h"
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(const option_usage *u) {
  printf("usage: reapmark %s %s\n", u->command, u->synopsis);
  if (u->description)
    printf("\n%s\n", u->description);
  printf("\noptions:\n");
  for (const option_row *o = u->options; o->name; o++) {
    char left[64];
    snprintf(left, sizeof left, "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
             o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
             o->argument ? " " : "", o->argument ? o->argument : "");
    printf("  %-26s %s\n", left, o->help);
  }
  printf("  %-26s %s\n", "-h, --help", "print this and exit");
}

bool options_share(const char *text, double *share) {
  char *end;
  double number = strtod(text, &end);
  bool percent = !strcmp(end, "%");
  /* A plain 2 would be 200 %, which nobody means. */
  if (end == text || (*end && !percent) || !isfinite(number) || number <= 0 ||
      (!percent && number >= 1))
    return false;
  *share = percent ? number / 100 : number;
  return true;
}

static bool set(const option_row *o, const char *text, void *values) {
  void *value = (char *)values + o->offset;
  char *end;
  errno = 0;
  switch (o->kind) {
  case OPTION_FLAG:
    *(bool *)value = true;
    return true;
  case OPTION_TEXT:
    if (!*text) { /* a variable of the shell that is not set */
      say("--%s: the value is empty: %s is wanted: %s", o->name, o->argument,
          o->help);
      return false;
    }
    *(const char **)value = text;
    return true;
  case OPTION_NUMBER: {
    uint64_t number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || number < o->min ||
        number > o->max) {
      say("--%s: '%s' is not a whole number from %ju to %ju", o->name, text,
          (uintmax_t)o->min, (uintmax_t)o->max);
      return false;
    }
    *(uint64_t *)value = number;
    return true;
  }
  case OPTION_SECONDS: {
    double seconds = strtod(text, &end);
    if (end == text || *end || errno || !isfinite(seconds) || seconds <= 0 ||
        seconds > 1e6) {
      say("--%s: '%s' is not a number of seconds above 0", o->name, text);
      return false;
    }
    *(double *)value = seconds;
    return true;
  }
  case OPTION_SHARE:
    if (options_share(text, value))
      return true;
    say("--%s: '%s' is not a share such as 2%% or 0.02", o->name, text);
    return false;
  }
  return false;
}

/* Says what is wrong with the word that getopt_long has just refused. */
static void complain(const option_usage *u, char **argv, int code) {
  const char *word = argv[optind - 1];
  if (code == ':') {
    say("%s: option '%s' needs a value", u->command, word);
    return;
  }
  if (optopt) { /* a letter, or a flag that was given a value */
    for (const option_row *o = u->options; o->name; o++)
      if (o->letter == optopt || (o - u->options) + 256 == optopt) {
        say("%s: option '--%s' takes no value", u->command, o->name);
        return;
      }
    say("%s: unknown option '-%c'", u->command, optopt);
    return;
  }
  size_t length = strcspn(word, "=");
  const char *name = arena_text("%.*s", (int)length, word);
  candidates known = {0};
  for (const option_row *o = u->options; o->name; o++)
    candidates_add(&known, arena_text("--%s", o->name));
  say("%s: unknown or ambiguous option '%s'%s", u->command, name,
      suggest(name, &known));
}

int options_parse(const option_usage *u, int argc, char **argv, void *values,
                  char ***operands) {
  size_t count = 0;
  while (u->options[count].name)
    count++;
  struct option *longs = arena_take((count + 2) * sizeof *longs);
  char *letters = arena_take(2 * count + 4);
  size_t n = 0;
  letters[n++] = ':';
  for (size_t i = 0; i < count; i++) {
    const option_row *o = &u->options[i];
    longs[i] =
        (struct option){o->name, o->argument ? required_argument : no_argument,
                        NULL, 256 + (int)i};
    if (o->letter) {
      letters[n++] = o->letter;
      if (o->argument)
        letters[n++] = ':';
    }
  }
  longs[count] = (struct option){"help", no_argument, NULL, 'h'};
  letters[n] = 'h';

  optind = 0; /* glibc: start afresh, whatever was parsed before */
  for (int code;
       (code = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
    if (code == 'h') {
      print_help(u);
      return EXIT_OK;
    }
    if (code == '?' || code == ':') {
      complain(u, argv, code);
      return EXIT_USAGE;
    }
    const option_row *o = u->options;
    if (code >= 256)
      o += code - 256;
    else
      while (o->letter != code)
        o++;
    if (!set(o, optarg, values))
      return EXIT_USAGE;
  }
  int left = argc - optind;
  if (left < u->min_operands || left > u->max_operands) {
    if (left > u->max_operands)
      say("%s: what is '%s'? usage: reapmark %s %s", u->command,
          argv[optind + u->max_operands], u->command, u->synopsis);
    else
      say("%s: %s is missing; usage: reapmark %s %s", u->command,
          u->missing ? u->missing : "something", u->command, u->synopsis);
    return EXIT_USAGE;
  }
  *operands = argv + optind;
  return OPTIONS_GO;
}
