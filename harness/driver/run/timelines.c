/* timelines.c: see timelines.h. */
#include "timelines.h"
#include "harness/base/arena.h"
#include "harness/base/warn.h"
#include "harness/driver/plan/order.h"
#include "harness/record/record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char cell_word[] = "{cell}";

/* Whether the run writes a timeline. */
static bool has_timeline(const plan *p, const plan_run *run) {
  const plan_cell *c = &p->cells[run->cell];
  return !c->canary && !c->untimed && c->program &&
         json_is_true(json_object_get(c->program->about, "timeline"));
}

const char *timelines_refuse(const char *pattern, const plan *p) {
  size_t n = 0;
  if (!pattern)
    return NULL;
  for (size_t i = 0; i < p->runs_count; i++)
    n += has_timeline(p, &p->runs[i]);
  if (n == 0)
    return "--timeline: no collector of this run writes a timeline";
  if ((n > 1 || p->until_ci > 0) && !strstr(pattern, cell_word))
    return arena_text("--timeline %s: one file for %zu runs; put {cell} into "
                      "its name, or choose one run by -w, -c and -n 1",
                      pattern, n);
  const char *slash = strrchr(pattern, '/');
  const char *dir =
      slash ? arena_text("%.*s/", (int)(slash - pattern), pattern) : ".";
  if (strstr(dir, cell_word))
    return arena_text("--timeline %s: {cell} may stand in the last part only",
                      pattern);
  if (access(dir, W_OK))
    return arena_text("--timeline %s: %s: %s", pattern, dir, strerror(errno));
  return NULL;
}

/* The key as a part of a file name. */
static const char *name_of(const char *key) {
  static const char kept[] = "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.=,-";
  char *name = arena_text("%s", key);
  for (char *at = name; *at; at++)
    if (!strchr(kept, *at))
      *at = '-';
  return name;
}

const char *timelines_file(const char *pattern, const plan *p,
                           const plan_run *run) {
  if (!pattern || !has_timeline(p, run))
    return NULL;
  const char *at = strstr(pattern, cell_word);
  return at ? arena_text("%.*s%s%s", (int)(at - pattern), pattern,
                         name_of(plan_key(p, run)), at + sizeof cell_word - 1)
            : pattern;
}

void timelines_warn(const char *pattern, const plan *p, const plan_run *run,
                    const json_t *record) {
  const char *file = timelines_file(pattern, p, run);
  double dropped = record_number(record, "timeline.dropped");
  if (!file)
    return;
  if (!json_object_get(record, "timeline"))
    say_warning("W-no-timeline",
                "%s has no timeline: it could not be written, or the run did "
                "not end",
                plan_key(p, run));
  else if (dropped > 0)
    say_warning("W-timeline-full",
                "%s leaves out %.0f events shorter than %.3g us", file, dropped,
                record_number(record, "timeline.shorter") / 1e3);
}
