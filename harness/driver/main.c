/* main.c: the command table. */
#include "harness/driver/programs/describe.h"
#include "compare.h"
#include "doctor.h"
#include "harness/driver/leaks/explain.h"
#include "harness/driver/leaks/leaks.h"
#include "list.h"
#include "harness/driver/programs/machine.h"
#include "harness/base/arena.h"
#include "harness/driver/programs/micro.h"
#include "harness/driver/search/minheap.h"
#include "harness/base/options.h"
#include "harness/driver/search/rate.h"
#include "report.h"
#include "harness/driver/run/run.h"
#include "harness/base/say.h"
#include "harness/driver/stress/stress.h"
#include "trace.h"

#include <stdio.h>
#include <string.h>

static const struct command {
  const char *name, *summary;
  int (*run)(int argc, char **argv);
} commands[] = {
    {"list", "collectors, workloads or suites that there are", list_command},
    {"run", "run a suite and print its table", run_command},
    {"minheap", "find the smallest heap of each collector", minheap_command},
    {"report", "print the results in a directory again", report_command},
    {"rate", "find the highest request rate that meets a latency",
     rate_command},
    {"describe", "what a workload does, in exact figures", describe_command},
    {"compare", "compare results, or collectors within them", compare_command},
    {"leaks", "what causes of leaks leave behind, on which collector",
     leaks_command},
    {"explain", "what keeps the objects of a cause of leaks", explain_command},
    {"micro", "time the primitives of collectors", micro_command},
    {"stress", "look for bugs in collectors", stress_command},
    {"trace", "verify, count, annotate or shrink a trace of operations",
     trace_command},
    {"doctor", "what on this machine disturbs measurements", doctor_command},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void) {
  printf("usage: reapmark COMMAND [options]\n\n"
         "Benchmark and stress-test suite for garbage collectors.\n\n");
  for (size_t i = 0; i < COMMANDS; i++)
    printf("  %-8s %s\n", commands[i].name, commands[i].summary);
  printf("\n'reapmark COMMAND --help' tells more; 'reapmark --version' tells "
         "the version.\n");
}

int main(int argc, char **argv) {
  const char *word = argc > 1 ? argv[1] : "";
  if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
    print_help();
    return EXIT_OK;
  }
  if (!strcmp(word, "--version")) {
    const machine_build *b = &machine_this_build;
    printf("reapmark %s%s%s%s (%s, %s)\n", b->version, *b->git ? " (" : "",
           b->git, *b->git ? ")" : "", b->compiler, b->type);
    return EXIT_OK;
  }
  candidates known = {0};
  for (size_t i = 0; i < COMMANDS; i++) {
    if (!strcmp(word, commands[i].name))
      return commands[i].run(argc - 1, argv + 1);
    candidates_add(&known, commands[i].name);
  }
  if (*word)
    say("unknown command '%s'%s; see reapmark --help", word,
        suggest(word, &known));
  else
    say("no command; see reapmark --help");
  return EXIT_USAGE;
}
