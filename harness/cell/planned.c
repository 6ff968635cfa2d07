/* planned.c: the run that the command line asks for. */
#include "cell.h"

cell_run cell_plan_run(const cell_options *options) {
  char error[CELL_REASON];
  const gc_collector *c = &gc_this_collector;
  cell_run run = {.options = options};
  wl_volume v;
  if (!cell_plan_workload(options->workload, (unsigned)options->threads,
                          options->seed, &run.wl.workload, run.wl.params, &v,
                          error) ||
      !cell_can_run(run.wl.workload, run.wl.params, c, error))
    cell_usage("%s", error);
  unsigned needs = run.wl.workload->needs;
  bool threads = needs & (WL_NEEDS_THREADS | WL_TAKES_THREADS);
  run.wl.threads = threads ? (unsigned)options->threads : 1;
  if (run.wl.threads > 1 && !c->can.threads)
    cell_usage("collector %s has no threads: --threads 1 only", c->name);
  run.wl.input = options->input;
  run.wl.seed = options->seed;
  run.volume = v;
  run.must_hold = cell_remains(cell_reclaims(c->can, run.wl.workload), v.live,
                               v.cyclic, v.allocated);
  if (!cell_parse_heap(options->heap, run.must_hold, c, &run.heap_limit,
                       &run.coarse, error))
    cell_usage("%s", error);
  run.wl.heap_limit = run.heap_limit;
  return run;
}
