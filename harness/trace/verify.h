/* verify.h: checks that a trace keeps to the rules of gc.h, as far as a trace
 * can break them. */
#ifndef REAPMARK_TRACE_VERIFY_H
#define REAPMARK_TRACE_VERIFY_H

#include "reader.h"

typedef struct verify_counts {
  uint64_t operations; /* without lines `dead` */
  uint64_t refused;
  uint64_t objects;    /* made */
  uint64_t deaths;     /* objects that are dead at the end */
  uint64_t dead;       /* lines `dead` */
  uint64_t dead_exact; /* lines `dead` at the operation of the death */
  uint64_t problems;
} verify_counts;

/* Reads the trace to its end and calls `problem` for each rule that is broken,
 * with the line; the order is not always that of the lines.  Problems are
 * operations that cannot be performed (with `lenient` these are only counted),
 * uses of borrowed registers whose object nothing keeps alive, and `dead`
 * lines of objects that do not exist, are already stated to be dead, or are
 * still used afterwards.  (A `dead` line that comes late is no problem: the
 * object may be freed there.)  Returns false if the trace cannot be read: see
 * trace_reader_error. */
bool trace_verify(trace_reader *r, bool lenient,
                  void (*problem)(void *data, uint64_t line, const char *what),
                  void *data, verify_counts *counts);

#endif
