/* verify.h: holds a trace to the rules of gc.h, as far as a trace can break
 * them. */
#ifndef REAPMARK_TRACE_VERIFY_H
#define REAPMARK_TRACE_VERIFY_H

#include "reader.h"

typedef struct verify_counts {
  uint64_t operations; /* lines `dead` not included */
  uint64_t refused;
  uint64_t objects; /* made */
  uint64_t deaths;  /* of those, objects dead at the end */
  uint64_t dead; /* lines `dead`, and those that stand where the object died */
  uint64_t dead_exact;
  uint64_t problems;
} verify_counts;

/* Reads the trace to its end and calls `problem` for each rule that is broken,
 * with the line, though not always in the order of lines: operations that
 * cannot be performed (if `lenient`, these are only counted), borrowed
 * registers whose object nothing keeps alive, and `dead` lines of objects that
 * do not exist, are dead already by such a line, or are still used after it. (A
 * late `dead` is no problem: whoever frees the object there is right.)  Returns
 * false if the trace cannot be read: see trace_reader_error. */
bool trace_verify(trace_reader *r, bool lenient,
                  void (*problem)(void *data, uint64_t line, const char *what),
                  void *data, verify_counts *counts);

#endif
