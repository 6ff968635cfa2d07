/* main.c: finds the command that the user wants, and runs it. */
#include "commands.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/driver/programs/machine.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_help(void) {
  printf("usage: reapmark COMMAND [options]\n\n"
         "Benchmark and stress-test suite for garbage collectors.\n\n");
  for (const command_row *c = commands; c->usage; c++)
    printf("  %-8s  %s\n", c->usage->name, c->usage->summary);
  printf("\n'reapmark help COMMAND' describes a command and its options; "
         "'reapmark --version'\nprints the version.\n");
  return EXIT_OK;
}

static int print_version(void) {
  const machine_build *b = &machine_this_build;
  printf("reapmark %s%s%s%s (%s, %s)\n", b->version, *b->git ? " (" : "",
         b->git, *b->git ? ")" : "", b->compiler, b->type);
  return EXIT_OK;
}

/* Returns NULL, having reported it, if no command has the name. */
static const command_row *find_command(const char *word) {
  candidates known = {0};
  for (const command_row *c = commands; c->usage; c++) {
    if (!strcmp(word, c->usage->name))
      return c;
    candidates_add(&known, c->usage->name);
  }
  candidates_add(&known, "help");
  say("unknown command '%s'%s; see reapmark --help", word,
      suggest_any(word, &known));
  return NULL;
}

static int run(int argc, char **argv) {
  const command_row *c = find_command(argv[0]);
  return c ? c->run(argc, argv) : EXIT_USAGE;
}

/* `help COMMAND [ACTION]` is `COMMAND [ACTION] --help`. */
static int help(int argc, char **argv) {
  if (argc < 2 || !strcmp(argv[1], "help"))
    return print_help();
  char **asked = arena_take((size_t)(argc + 1) * sizeof *asked);
  memcpy(asked, argv + 1, (size_t)(argc - 1) * sizeof *asked);
  asked[argc - 1] = arena_text("--help");
  return run(argc, asked);
}

static int choose(int argc, char **argv) {
  const char *word = argc > 1 ? argv[1] : "";
  if (!*word) {
    say("no command; see reapmark --help");
    return EXIT_USAGE;
  }
  if (!strcmp(word, "--help") || !strcmp(word, "-h"))
    return print_help();
  if (!strcmp(word, "help"))
    return help(argc - 1, argv + 1);
  if (!strcmp(word, "--version"))
    return print_version();
  return run(argc - 1, argv + 1);
}

/* A JSON value that lacks what there was no memory for would look complete. */
static void *take_for_json(size_t bytes) {
  void *memory = malloc(bytes);
  if (memory)
    return memory;
  say("out of memory");
  exit(EXIT_SOME_FAILED);
}

/* What was printed may be all that a command is for, so it counts as failed if
 * that could not be written. */
int main(int argc, char **argv) {
  say_begin();
  json_set_alloc_funcs(take_for_json, free);
  int code = choose(argc, argv);
  return say_end() || code ? code : EXIT_SOME_FAILED;
}
