/* prepare.h: makes a prepared trace of any trace (docs/trace-format.md): one
 * that does the same on every collector, and says what it must come to. */
#ifndef REAPMARK_TRACE_PREPARE_H
#define REAPMARK_TRACE_PREPARE_H

#include "prepared.h"
#include "writer.h"

typedef enum prepare_status {
  PREPARE_DONE,
  PREPARE_UNREADABLE, /* see trace_reader_error */
  PREPARE_NO_FILE     /* there is no room for temporary files: see errno */
} prepare_status;

/* What became of the operations. */
typedef struct prepare_report {
  uint64_t read;      /* operations, without lines `dead` */
  uint64_t left_out;  /* which cannot be performed */
  uint64_t uncertain; /* reads of weak references and ephemerons that gave an
                         object when the trace was recorded, and need not */
  uint64_t finalized; /* objects that finalizers got when it was recorded */
} prepare_report;

/* Reads the trace to its end and writes the prepared one.  The memory goes with
 * what is alive, plus 40 bytes for each death; a temporary file holds the
 * operations meanwhile.  Ends the process if there is no memory. */
prepare_status trace_prepare(trace_reader *r, trace_writer *w,
                             prepare_report *report);

#endif
