/* trace.h: the workload of the launchers. */
#ifndef REAPMARK_RUNTIMES_TRACE_H
#define REAPMARK_RUNTIMES_TRACE_H

#include "workload.h"

/* The file of a run of the workload. */
const char *trace_path(const wl_run *run);

#endif
