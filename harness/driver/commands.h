/* commands.h: every command of the driver.  `reapmark --help` lists them, and
 * each command's options are reachable from here. */
#ifndef REAPMARK_COMMANDS_H
#define REAPMARK_COMMANDS_H

#include "harness/base/options.h"

typedef struct command_row {
  const option_usage *usage;
  /* argv[0] is the command's name.  Returns an exit code of say.h. */
  int (*run)(int argc, char **argv);
} command_row;

/* In the order of the help, up to a row without a usage. */
extern const command_row commands[];

/* The commands; each is defined in a file of its name. */
extern const option_usage choose_usage;
extern const option_usage list_usage;
extern const option_usage run_usage;
extern const option_usage merge_usage;
extern const option_usage report_usage;
extern const option_usage compare_usage;
extern const option_usage minheap_usage;
extern const option_usage rate_usage;
extern const option_usage describe_usage;
extern const option_usage leaks_usage;
extern const option_usage explain_usage;
extern const option_usage micro_usage;
extern const option_usage stress_usage;
extern const option_usage trace_usage;
extern const option_usage heap_usage;
extern const option_usage doctor_usage;

int choose_command(int argc, char **argv);
int list_command(int argc, char **argv);
int run_command(int argc, char **argv);
int merge_command(int argc, char **argv);
int report_command(int argc, char **argv);
int compare_command(int argc, char **argv);
int minheap_command(int argc, char **argv);
int rate_command(int argc, char **argv);
int describe_command(int argc, char **argv);
int leaks_command(int argc, char **argv);
int explain_command(int argc, char **argv);
int micro_command(int argc, char **argv);
int stress_command(int argc, char **argv);
int trace_command(int argc, char **argv);
int heap_command(int argc, char **argv);
int doctor_command(int argc, char **argv);

#endif
