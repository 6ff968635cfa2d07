/* trace: replays a prepared trace (docs/trace-format.md) in a runtime that
 * cannot be embedded.  It is the workload of this name of other programs
 * (workloads/trace.c): the same parameter, operations and survivors.
 *
 * The replay itself is in main.c and in the replayer of the runtime. */
#include "trace.h"

#include <string.h>

#include "compile.h"
#include "harness/cell/cell.h"
#include "trace/facts.h"

enum { FILE_NAME };

const char *trace_path(const wl_run *run) {
  return wl_path(run->params, FILE_NAME);
}

/* Reads the file, once.  Returns what is wrong with it, or NULL. */
static const char *read_file(const char *path, const trace_prepared **head) {
  static compiled last;
  static const char *last_path; /* which lasts as long as the process */
  static char error[TRACE_ERROR];
  *head = &last.head;
  if (last_path && !strcmp(path, last_path))
    return NULL;
  last_path = NULL;
  if (!compile_trace(path, false, &last, error))
    return error;
  last_path = path;
  return NULL;
}

static const char *check(const uint64_t *params) {
  const trace_prepared *head;
  const char *path = wl_path(params, FILE_NAME);
  return path ? read_file(path, &head)
              : "which trace is to be replayed? (trace:file=FILE)";
}

/* The figures of a file that was checked. */
static const trace_prepared *head_of(const uint64_t *params) {
  const trace_prepared *head;
  read_file(wl_path(params, FILE_NAME), &head);
  return head;
}

static wl_volume volume(const uint64_t *params, unsigned threads) {
  (void)threads;
  return trace_volume(head_of(params));
}

static unsigned needs_of(const uint64_t *params) {
  return trace_needs(head_of(params));
}

static const workload trace = {
    .name = "trace",
    .summary = "a recorded program, replayed at speed (reapmark trace prepare)",
    .source = "none",
    .unit = "operations",
    .steps = {"operations"},
    .params = {{.name = "file",
                .help = "the prepared trace",
                .choices = WL_FILE}},
    .needs_of = needs_of,
    .check = check,
    .volume = volume};

const workload *const wl_all[] = {&trace, NULL};
