/* compile.h: makes words (words.h) of a prepared trace (docs/trace-format.md).
 */
#ifndef REAPMARK_RUNTIMES_COMPILE_H
#define REAPMARK_RUNTIMES_COMPILE_H

#include "harness/trace/prepared.h"

/* A runtime makes a thread for each thread of a trace. */
enum { COMPILED_THREADS = 256 };

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

/* Reads the figures of the prepared trace at `path`.  Returns false with one
 * line in `error` if it cannot be read or is no prepared trace. */
bool compiled_head(const char *path, trace_prepared *head,
                   char error[TRACE_ERROR]);

/* Compiles the trace.  A step has `step` operations of a thread.  About `watch`
 * objects, evenly spread over the trace, are watched.  Returns false as above.
 * Memory goes with what is alive at the end of the trace, and with its threads;
 * a temporary file has the words. */
bool compile_trace(const char *path, uint64_t step, uint64_t watch,
                   compiled *out, char error[TRACE_ERROR]);

#endif
