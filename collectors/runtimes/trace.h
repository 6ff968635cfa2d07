/* trace.h: the workload of the launchers. */
#ifndef REAPMARK_RUNTIMES_TRACE_H
#define REAPMARK_RUNTIMES_TRACE_H

#include "harness/trace/prepared.h"
#include "workload.h"

/* The file of a run of the workload. */
const char *trace_path(const wl_run *run);

/* What the trace has that this runtime has not: "has threads, which collector x
 * does not have"; NULL: the runtime can run it. */
const char *trace_lacks(const trace_prepared *head);

#endif
