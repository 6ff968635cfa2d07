/* compile.h: makes words (words.h) of a prepared trace (docs/trace-format.md).
 */
#ifndef REAPMARK_RUNTIMES_COMPILE_H
#define REAPMARK_RUNTIMES_COMPILE_H

#include "harness/trace/prepared.h"

/* A runtime makes a thread for each thread of a trace. */
enum { COMPILED_THREADS = 256 };

/* Operations of a thread in a step, about 100 us. */
enum { COMPILED_STEP = 4096 };

/* About so many objects are watched, evenly spread over the trace: enough that
 * a collector is seen that keeps a hundredth of its garbage, and few enough to
 * cost nothing. */
enum { COMPILED_WATCHED = 1000 };

/* What one thread of the trace does. */
typedef struct compiled_thread {
  unsigned number; /* in the trace */
  uint32_t first;  /* its first chunk */
  uint64_t steps;
} compiled_thread;

typedef struct compiled {
  FILE *file; /* the words; it has no name and ends with the process */
  trace_prepared head;
  unsigned threads;
  compiled_thread thread[COMPILED_THREADS]; /* in the order of appearance */
  uint32_t checks;                          /* the first chunk of the checks */
  uint64_t watched;                         /* objects */
} compiled;

/* Compiles the trace at `path`, and keeps the words if that is asked for;
 * otherwise out->file is NULL, and all of the trace was checked.  Returns false
 * with one line in `error` if the trace cannot be read or is not prepared.
 * Memory goes with what is alive at the end of the trace, and with its threads;
 * a temporary file has the words. */
bool compile_trace(const char *path, bool keep, compiled *out,
                   char error[TRACE_ERROR]);

#endif
