/* trace: replays a prepared trace (docs/trace-format.md) in a runtime that
 * cannot be embedded.  It is the workload of this name in other programs
 * (workloads/trace.c): the same operations and the same survivors.
 *
 * The replay itself is in main.c and in the replayer of the runtime. */
#include "trace.h"

#include <stdio.h>

#include "compile.h"
#include "harness/cell/cell.h"

enum { FILE_NAME };

const char *trace_path(const wl_run *run) {
  return wl_path(run->params, FILE_NAME);
}

/* What the file says of itself, which was checked before. */
static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  trace_prepared head;
  char error[TRACE_ERROR];
  if (!compiled_head(wl_path(p, FILE_NAME), &head, error))
    cell_usage("%s", error);
  return (wl_volume){
      .live = head.live, .cyclic = head.cyclic, .allocated = head.bytes};
}

static const char *check(const uint64_t *p) {
  return wl_path(p, FILE_NAME) ? NULL : "file=FILE names no trace";
}

const char *trace_lacks(const trace_prepared *head) {
  static char text[CELL_REASON];
  const gc_capabilities *can = &gc_this_collector.can;
  const struct {
    uint64_t has;
    bool can;
    const char *what;
  } needs[] = {{head->mutators > 1, can->threads, "threads"},
               {head->weak, can->weak, "weak references"},
               {head->ephemerons, can->ephemerons, "ephemerons"},
               {head->finalizable, can->finalizers, "finalizers"},
               {head->external, can->external != GC_EXTERNALS_NONE,
                "memory outside the heap"}};
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
    if (!needs[i].has || needs[i].can)
      continue;
    snprintf(text, sizeof text, "has %s, which collector %s does not have",
             needs[i].what, gc_this_collector.name);
    return text;
  }
  return NULL;
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
    .check = check,
    .volume = volume};

const workload *const wl_all[] = {&trace, NULL};
