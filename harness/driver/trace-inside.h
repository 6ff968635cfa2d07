/* trace-inside.h: what the files of `reapmark trace` share: trace.c has the
 * command itself, trace-stat.c the action that counts, trace-write.c those that
 * write another trace, and trace-source.c what they read. */
#ifndef REAPMARK_TRACE_COMMAND_INSIDE_H
#define REAPMARK_TRACE_COMMAND_INSIDE_H

#include "harness/base/options.h"
#include "harness/trace/deaths.h"

#include <stddef.h>
#include <stdio.h>

typedef struct trace_options {
  bool lenient;
  const char *format, *output;
  double timeout;
  uint64_t repeat, tries, most_held;
} trace_options;

#define FIELD(member) offsetof(trace_options, member)

/* ------------------------------------------------------------------------- *
 * A source that can be read twice.
 * ------------------------------------------------------------------------- */

typedef struct twice {
  const char *name;
  FILE *copy; /* of what is no regular file; NULL: `name` is opened again */
} twice;

/* Returns false, and said why, if a pipe could not be copied. */
bool twice_open(const char *path, twice *s);
trace_reader *twice_read(const twice *s);
void twice_close(twice *s);

/* The deaths of the trace; EXIT_OK, or the exit code after saying why not. */
int twice_find_deaths(const twice *s, trace_deaths *deaths);

/* Says why a trace could not be read, closes it.  Returns the exit code. */
int trace_unreadable(trace_reader *r);

/* ------------------------------------------------------------------------- *
 * Actions: what each is for, and what performs it.  Returns the exit code.
 * ------------------------------------------------------------------------- */

extern const option_usage trace_stat_usage, trace_annotate_usage,
    trace_convert_usage, trace_prepare_usage;

int trace_stat_action(const trace_options *o, char **operands);
int trace_annotate_action(const trace_options *o, char **operands);
int trace_convert_action(const trace_options *o, char **operands);
int trace_prepare_action(const trace_options *o, char **operands);

#endif
