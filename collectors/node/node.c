/* node.c: V8, by Node.js.  The replayer is replay.js. */
#include "runtimes/runtime.h"

#include <inttypes.h>
#include <string.h>

#include "gc.h"

static uint64_t semi_space, growing, helpers = 1, warm_up = 200;

static const gc_option options[] = {
    {"semi-space",
     "size of half of the young generation, MiB; 0: as V8 decides", &semi_space,
     0, 1024},
    {"growing",
     "a full collection is due when the heap has grown by so many %; "
     "0: as V8 decides",
     &growing, 0, 1000},
    {"helpers", "collect with several threads (0 or 1)", &helpers, 0, 1},
    {"warm-up", "replays before the one that is measured, at most", &warm_up, 1,
     10000},
    {0}};

const gc_collector gc_this_collector = {
    .name = "node",
    .summary = "V8's collector (" NODE_VERSION
               "): a copying nursery, mark-compact for the rest",
    .runtime = NODE_VERSION,
    .source = "Degenbaev et al., CACM 2019",
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .moving = true,
            .heap_limit = true,
            .concurrent = true,
            .overhead_bytes = 2 * RUNTIME_OWN_BYTES,
            .granule = 256 << 10},
    .options = options};

void runtime_command(command *c, uint64_t heap_limit,
                     const trace_prepared *head, bool timed) {
  (void)head, (void)timed;
  command_add(c, "%s", NODE_PROGRAM);
  command_add(c, "--expose-gc");
  if (heap_limit) /* V8 counts in MiB */
    command_add(c, "--max-heap-size=%" PRIu64,
                (heap_limit + RUNTIME_OWN_BYTES + (1 << 20) - 1) >> 20);
  if (semi_space)
    command_add(c, "--max-semi-space-size=%" PRIu64, semi_space);
  if (growing)
    command_add(c, "--heap-growing-percent=%" PRIu64, growing);
  if (!helpers)
    command_add(c, "--single-threaded-gc");
  command_add(c, "%s", runtime_file("replayers/node.js"));
  command_add(c, "warm-up=%" PRIu64, warm_up);
}

bool runtime_ran_out(int status, const char *errors) {
  (void)status;
  return strstr(errors, "heap out of memory") != NULL;
}
