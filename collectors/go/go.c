/* go.c: Go's collector.  The replayer is replay.go. */
#include "runtimes/runtime.h"

#include <inttypes.h>
#include <string.h>

#include "gc.h"

static uint64_t percent = 100, memory_limit, warm_up = 3;

static const gc_option options[] = {
    {"percent",
     "a collection is due when the heap has grown by so many % (GOGC); 0: "
     "never",
     &percent, 0, 100000},
    {"memory-limit",
     "collects more often to stay within so many MiB (GOMEMLIMIT); 0: none",
     &memory_limit, 0, 1 << 20},
    {"warm-up", "replays before the one that is measured", &warm_up, 1, 10000},
    {0}};

/* GOMEMLIMIT is a goal, and no limit. */
const gc_collector gc_this_collector = {
    .name = "go",
    .summary = "Go's collector (" GO_VERSION
               "): marks beside the mutators, with assists",
    .runtime = GO_VERSION,
    .source = "Hudson, ISMM 2018",
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .threads = true,
            .finalizers = true,
            .concurrent = true},
    .options = options};

void runtime_command(command *c, uint64_t heap_limit,
                     const trace_prepared *head, bool timed) {
  (void)heap_limit, (void)head;
  command_add(c, "/usr/bin/env");
  if (percent)
    command_add(c, "GOGC=%" PRIu64, percent);
  else
    command_add(c, "GOGC=off");
  if (memory_limit)
    command_add(c, "GOMEMLIMIT=%" PRIu64 "MiB", memory_limit);
  /* A line on standard error for each collection, which tells its stops
   * apart; for instruments only. */
  command_add(c, "GODEBUG=gctrace=%d", timed);
  command_add(c, "%s", runtime_file("replayers/go"));
  command_add(c, "warm-up=%" PRIu64, warm_up);
}

bool runtime_ran_out(int status, const char *errors) {
  (void)status;
  return strstr(errors, "out of memory") != NULL;
}
