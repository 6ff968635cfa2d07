/* runtime.h: what a runtime that cannot be embedded tells its launcher.
 *
 * A runtime is two programs: the launcher, which speaks the protocol of a
 * collector program (results/schema.md), and a replayer in the runtime's own
 * language, which performs the words of a trace (words.h) and prints what it
 * saw.  README.md says what a replayer must do.  The launcher is the files of
 * this folder and one file of the runtime's, which defines the following. */
#ifndef REAPMARK_RUNTIMES_RUNTIME_H
#define REAPMARK_RUNTIMES_RUNTIME_H

#include "compile.h"

/* The words of a command. */
typedef struct command {
  char *words[64]; /* ended by NULL */
  size_t count;
} command;

/* Adds a word, printf-formatted. */
void command_add(command *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes of the heap that the runtime and the replayer take for themselves, with
 * an empty trace: a heap limit is for the objects of the trace, so the runtime
 * gets so much more.  It is gc_capabilities.overhead_bytes. */
enum { RUNTIME_OWN_BYTES = 8 << 20 };

/* Adds the command that starts the replayer, up to the arguments that are the
 * same for all runtimes.  Adds `heap_limit` (0: none) bytes, and
 * RUNTIME_OWN_BYTES.  `timed`: pauses and phases are to be told; without, the
 * runtime need not log them.  `set` is as gc_this_collector's options are. */
void runtime_command(command *c, uint64_t heap_limit,
                     const trace_prepared *head, bool timed);

/* Whether a replayer that ended with this wait status, and these last words on
 * standard error, ran out of memory. */
bool runtime_ran_out(int status, const char *errors);

/* The path of a file beside this program, such as "replayers/openjdk.jar". Ends
 * the process if it is not there.  The text lasts as long as the process. */
const char *runtime_file(const char *name);

#endif
