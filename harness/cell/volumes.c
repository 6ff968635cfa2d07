/* volumes.c: how much memory workloads need, before anything runs. */
#include "cell.h"

#include "harness/base/memory.h"
#include "harness/record/record.h"

bool cell_plan_workload(const char *text, unsigned threads, uint64_t seed,
                        const workload **found, uint64_t *params, wl_volume *v,
                        char *error) {
  if (!cell_parse_workload(text, wl_all, found, params, error))
    return false;
  const workload *w = *found;
  if (!(w->needs & (WL_NEEDS_THREADS | WL_TAKES_THREADS)))
    threads = 1;
  *v = w->volume_of_seed ? w->volume_of_seed(params, threads, seed)
                         : w->volume(params, threads);
  return cell_fits(w, v, memory_most(), error);
}

json_t *cell_volumes(char *const *texts, unsigned threads, uint64_t seed) {
  json_t *list = json_array();
  for (; *texts; texts++) {
    const workload *w;
    uint64_t params[WL_PARAMS];
    wl_volume v;
    char error[CELL_REASON];
    if (!cell_plan_workload(*texts, threads, seed, &w, params, &v, error))
      cell_usage("%s", error);
    const cell_need *lacks = cell_lacks(w, params, &gc_this_collector);
    json_array_append_new(
        list,
        json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:s*}", "workload", *texts, "live",
                  record_integer(v.live), "cyclic", record_integer(v.cyclic),
                  "allocated", record_integer(v.allocated), "set_up",
                  record_integer(v.set_up), "needs",
                  cell_describe_needs(cell_needs_of(w, params)), "missing",
                  lacks ? capability_words[lacks->capability].needs : NULL));
  }
  return list;
}
