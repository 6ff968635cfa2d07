/* planning.c: see planning.h. */
#include "planning.h"
#include "harness/base/say.h"

#include <string.h>

void plan_say(const planning *g, const char *word, const char *wrong) {
  say("%s: %s", suite_locate(g->suite->path, word), wrong);
}

bool plan_select(planning *g, spec *workload) {
  const spec_list *listed = &g->listed.workloads;
  bool found = false;
  for (size_t i = 0; i < listed->count; i++) {
    const spec *s = &listed->items[i];
    if (strcmp(s->name, workload->name))
      continue;
    for (size_t k = 0; k < s->count; k++)
      *workload = spec_with(workload, s->settings[k].key, s->settings[k].value);
    found = g->listed.used[i] = true;
  }
  return found;
}
