/* main.c: prints the manual page, the completions of a shell, or the options,
 * one on each line, for the test that all of them are exercised.  Usage:
 * reapmark-manual page|bash|zsh|fish|options [FILE]. */
#include "manual.h"
#include "harness/base/say.h"
#include "harness/driver/commands.h"

#include <errno.h>
#include <string.h>

static void print_options_of(const option_usage *u, FILE *out) {
  for (const option_row *o = u->options; o->name; o++)
    fprintf(out, "%s\t--%s\t%s%c\n", u->name, o->name, o->letter ? "-" : "",
            o->letter ? o->letter : '-');
  for (size_t i = 0; u->actions && u->actions[i]; i++)
    print_options_of(u->actions[i], out);
}

static void print_options(FILE *out) {
  for (const command_row *c = commands; c->usage; c++)
    print_options_of(c->usage, out);
}

/* "run quick -n 5": every example of the help, without the program's name. */
static void print_examples_of(const option_usage *u, FILE *out) {
  for (const char *at = u->example; at && *at; at += strspn(at, "\n")) {
    const int n = (int)strcspn(at, "\n");
    fprintf(out, "%s %.*s\n", u->name, n, at);
    at += n;
  }
  for (size_t i = 0; u->actions && u->actions[i]; i++)
    print_examples_of(u->actions[i], out);
}

static void print_examples(FILE *out) {
  for (const command_row *c = commands; c->usage; c++)
    print_examples_of(c->usage, out);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*print)(FILE *out);
  } all[] = {{"page", manual_page},      {"bash", manual_bash},
             {"zsh", manual_zsh},        {"fish", manual_fish},
             {"options", print_options}, {"examples", print_examples}};
  say_program = "reapmark-manual";
  for (size_t i = 0; argc > 1 && i < sizeof all / sizeof *all; i++) {
    if (strcmp(argv[1], all[i].name))
      continue;
    FILE *out = argc > 2 ? fopen(argv[2], "w") : stdout;
    if (out)
      all[i].print(out);
    if (out && !ferror(out) && !fclose(out))
      return EXIT_OK;
    say("%s: %s", argc > 2 ? argv[2] : "standard output", strerror(errno));
    return EXIT_SOME_FAILED;
  }
  say("usage: reapmark-manual page|bash|zsh|fish|options|examples [FILE]");
  return EXIT_USAGE;
}
