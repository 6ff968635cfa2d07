/* pacing-causes.c: see pacing-causes.h. */
#include "pacing-causes.h"
#include "harness/base/arena.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What makes a cause worth a sentence, as shares. */
#define EXTERNAL_LEAST 0.25 /* of what is held, is outside the heap */
#define SHRUNK_MOST    0.5 /* of what was alive when the goal was set, is now */
#define STALE_LEAST    0.1 /* of the run, with such a goal */
#define FUTILE_MOST    0.2 /* of what was allocated, was found dead */
#define LATE_LEAST     10.0 /* percent over the goal */
#define KEPT_LEAST     0.9  /* of the footprint's peak, is held at the end */
#define FREE_LEAST     0.5  /* of the pages, without an object */

static const char *bytes_text(double bytes) {
  return arena_text(bytes < 10 * 1024. * 1024. ? "%.1f MiB" : "%.0f MiB",
                    bytes / (1024. * 1024.));
}

static const char *percent_text(double share) {
  return arena_text("%.0f %%", 100 * share);
}

/* All that is held for objects at the peak. */
static double held(const pacing_facts *f) {
  double outside =
      f->external_counted || isnan(f->external_most) ? 0 : f->external_most;
  return f->footprint_most + outside;
}

/* The time between a line and the next full collection, or the end. */
static double end_of(const pacing_facts *f, size_t line) {
  for (size_t i = line + 1; i < f->lines_count; i++)
    if (f->lines[i].full > 0)
      return f->lines[i].at;
  return f->length;
}

/* ------------------------------------------------------------------------- *
 * Causes.  Each function returns the sentence, or NULL.
 * ------------------------------------------------------------------------- */

static const char *dead_cycles(const pacing_facts *f) {
  if (!(f->leaked > 0) || !f->declared)
    return NULL;
  return arena_text("Dead cycles are never found: by its declaration the "
                    "collector keeps the %.0f objects in them and behind them, "
                    "and no goal changes that.",
                    f->leaked);
}

static const char *external_unseen(const pacing_facts *f) {
  double share = f->external_most / held(f);
  if (f->external_seen || !(share >= EXTERNAL_LEAST))
    return NULL;
  return arena_text(
      "External bytes are not counted: %s of what is held, %s of %s, is memory "
      "outside the heap, and what decides when to collect does not see it.",
      percent_text(share), bytes_text(f->external_most), bytes_text(held(f)));
}

static const char *no_goal(const pacing_facts *f) {
  if (strcmp(f->policy, "limit") || f->limit > 0)
    return NULL;
  return arena_text(
      "There is no goal: policy 'limit' without a heap limit lets "
      "the heap grow by all that is allocated (%s).",
      bytes_text(f->allocated));
}

/* The goal that exceeded what was alive by most, because that had fallen to
 * less than half since; for how long it did. */
typedef struct stale {
  pacing_line line;
  double live, since, until; /* the least that was alive, from when to when */
} stale;

/* How stale the goal of a line became until the next full collection, at the
 * time `until`. */
static stale watch(const pacing_facts *f, const pacing_line *l, double until) {
  stale s = {*l, l->live, NAN, until};
  for (size_t k = 0; k < f->samples_count; k++) {
    const pacing_sample *at = &f->samples[k];
    if (at->at < l->at || at->at >= until ||
        !(at->live < SHRUNK_MOST * l->live))
      continue;
    s.since = isnan(s.since) ? at->at : s.since;
    s.live = fmin(s.live, at->live);
  }
  return s;
}

/* Of two, the one that exceeds what is alive by more, if it did for long. */
static stale worse(const pacing_facts *f, stale a, stale b) {
  bool counts = b.line.goal > 0 && b.until - b.since >= STALE_LEAST * f->length;
  return counts && !(a.line.goal / a.live >= b.line.goal / b.live) ? b : a;
}

static stale find_stale(const pacing_facts *f) {
  stale worst = {0};
  /* The first goal was set before the measured part, with what was alive then.
   */
  if (f->lines_count && f->samples_count) {
    pacing_line first = {
        .full = 1, .live = f->samples[0].live, .goal = f->lines[0].due};
    size_t next = 0;
    while (next < f->lines_count && !(f->lines[next].full > 0))
      next++;
    worst = worse(f, worst,
                  watch(f, &first,
                        next < f->lines_count ? f->lines[next].at : f->length));
  }
  for (size_t i = 0; i < f->lines_count; i++)
    if (f->lines[i].full > 0)
      worst = worse(f, worst, watch(f, &f->lines[i], end_of(f, i)));
  return worst;
}

static const char *goal_is_stale(const pacing_facts *f) {
  stale s = find_stale(f);
  if (!(s.line.goal > 0))
    return NULL;
  return arena_text(
      "The goal was computed from a live set that has since shrunk: it was set "
      "to %s when %s were alive; %s were for %s of the run, and no full "
      "collection set another one.",
      bytes_text(s.line.goal), bytes_text(s.line.live), bytes_text(s.live),
      percent_text((s.until - s.since) / f->length));
}

/* The medians of goals, and of what was alive when they were set. */
static bool typical(const pacing_facts *f, double *goal, double *live) {
  double *goals = arena_take((f->lines_count + 1) * sizeof *goals);
  double *lives = arena_take((f->lines_count + 1) * sizeof *lives);
  size_t n = 0;
  for (size_t i = 0; i < f->lines_count; i++)
    if (f->lines[i].full > 0 && f->lines[i].goal > 0) {
      goals[n] = f->lines[i].goal;
      lives[n++] = f->lines[i].live;
    }
  if (!n)
    return false;
  *goal = stat_summarize(goals, n).median;
  *live = stat_summarize(lives, n).median;
  return true;
}

static bool least_decides(const pacing_facts *f, double goal, double live) {
  return goal - live <= 1.01 * f->growth_least && f->growth_least > live;
}

static const char *least_growth(const pacing_facts *f) {
  double goal, live;
  if (!typical(f, &goal, &live) || !least_decides(f, goal, live))
    return NULL;
  return arena_text("growth-least decides, not the policy: a heap may always "
                    "grow by %s, and only %s are alive.",
                    bytes_text(f->growth_least), bytes_text(live));
}

static const char *goal_is_high(const pacing_facts *f) {
  double goal, live;
  if (!typical(f, &goal, &live) || least_decides(f, goal, live) ||
      !(goal >= PACING_MUCH * live))
    return NULL;
  return arena_text("The policy asks for it: its goal is %s when %s are alive "
                    "(medians), %.1f times as much.",
                    bytes_text(goal), bytes_text(live), goal / live);
}

static const char *goal_is_passed(const pacing_facts *f) {
  if (!(f->overshoot >= LATE_LEAST))
    return NULL;
  return arena_text("A collection began late: the heap was %.0f %% above its "
                    "goal by then.",
                    f->overshoot);
}

/* Sums over partial collections. */
typedef struct partials {
  size_t count, full;
  double found, allocated; /* bytes */
} partials;

static partials sum_partials(const pacing_facts *f) {
  partials p = {0};
  for (size_t i = 0; i < f->lines_count; i++) {
    const pacing_line *l = &f->lines[i];
    p.full += l->full > 0;
    if (l->full > 0)
      continue;
    p.count++;
    p.found += fmax(l->used - l->live, 0);
    p.allocated += l->allocated;
  }
  return p;
}

/* At least so many, so that one odd collection is no cause. */
enum { PARTIALS_LEAST = 4 };

static const char *garbage_is_old(const pacing_facts *f) {
  partials p = sum_partials(f);
  if (p.count < PARTIALS_LEAST || !(p.found < FUTILE_MOST * p.allocated))
    return NULL;
  return arena_text(
      "Partial collections found nothing, or little: %zu of them gave back %s "
      "of what was allocated in between, because the garbage is older than "
      "what they look at.",
      p.count, percent_text(p.found / p.allocated));
}

static const char *none_was_full(const pacing_facts *f) {
  partials p = sum_partials(f);
  double count = fmax((double)p.count, f->collections - f->full);
  if (count < PARTIALS_LEAST || p.full || !(f->full < 1))
    return NULL;
  return arena_text(
      "None of %.0f collections looked at the whole heap: what is "
      "dead waits until the part that it is in is looked at.",
      count);
}

/* What is allocated between two full collections, in live sets. */
static const char *full_is_rare(const pacing_facts *f) {
  double sets = f->allocated / f->full / f->live;
  if (!(f->full >= 1) || !(f->full < f->collections / 4) ||
      !(sets >= PACING_MUCH))
    return NULL;
  return arena_text(
      "Only %.0f of %.0f collections were of the whole heap: %.1f "
      "times what is alive was allocated between two of them, "
      "and what dies old waits for the next.",
      f->full, f->collections, sets);
}

static const char *objects_are_counted(const pacing_facts *f) {
  const double *t = f->thresholds;
  double due = t[0] * t[1] * t[2];
  if (!(due >= 2 * f->live_objects_most))
    return NULL;
  return arena_text("What is due is counted in objects: the whole heap is "
                    "searched after %.0f new ones (%.0f x %.0f x %.0f) at the "
                    "least, %.1f times as many as are alive, and so much "
                    "garbage may pile up.",
                    due, t[0], t[1], t[2], due / f->live_objects_most);
}

static const char *objects_are_large(const pacing_facts *f) {
  if (!(f->cells_per_byte >= 2))
    return NULL;
  return arena_text("Objects are larger here: they take %.1f times their "
                    "nominal bytes, with headers and rounding.",
                    f->cells_per_byte);
}

static const char *none_at_all(const pacing_facts *f) {
  if (!(f->collections < 1))
    return NULL;
  return arena_text("Nothing was collected in the measured part: %s were "
                    "allocated, %.1f times what is alive, and no collection "
                    "was due.",
                    bytes_text(f->allocated), f->allocated / f->live);
}

static const char *not_given_back(const pacing_facts *f) {
  double alive = f->live_end / f->live;
  double kept = f->footprint_end / f->footprint_most;
  if (!(alive < SHRUNK_MOST) || !(kept >= KEPT_LEAST))
    return NULL;
  return arena_text(
      "Memory is not given back: at the end %s of the peak are alive, and the "
      "heap holds %s, %s of its peak%s.",
      percent_text(alive), bytes_text(f->footprint_end), percent_text(kept),
      f->give_back == 0 ? " (give-back=0: it never goes back)" : "");
}

static const char *free_is_kept(const pacing_facts *f) {
  double share = f->settled_free / f->settled_pages;
  double dead = f->garbage_most / f->live_objects_most;
  bool held_by_garbage = !(dead * f->live < f->settled_free / 2);
  if (!(share >= FREE_LEAST) || held_by_garbage || not_given_back(f))
    return NULL;
  return arena_text("Free memory is kept: after a full collection at the end, "
                    "%s of %s held for objects have no object in them, and "
                    "garbage was never more than %s of the live objects.",
                    bytes_text(f->settled_free), bytes_text(f->settled_pages),
                    percent_text(dead));
}

static const char *no_object_grows(const pacing_facts *f) {
  bool grows = f->memory.known && f->memory.verdict == STABILITY_GROWING;
  bool stable = f->garbage.known && f->garbage.verdict == STABILITY_STABLE;
  if (!grows || !stable)
    return NULL;
  return arena_text("What grows is no garbage: its amount is stable while "
                    "memory grows by %.1f %% a second, so it is fragmented or "
                    "free memory, or the collector's own.",
                    f->memory.slope);
}

static const char *(*const causes[])(const pacing_facts *f) = {
    dead_cycles,    external_unseen, no_goal,           goal_is_stale,
    least_growth,   goal_is_high,    goal_is_passed,    objects_are_counted,
    full_is_rare,   garbage_is_old,  none_was_full,     none_at_all,
    not_given_back, free_is_kept,    objects_are_large, no_object_grows};
enum { CAUSES = sizeof causes / sizeof *causes };

const char **pacing_find_causes(const pacing_facts *f, size_t *count) {
  const char **found = arena_take(CAUSES * sizeof *found);
  *count = 0;
  for (size_t i = 0; i < CAUSES; i++) {
    const char *sentence = causes[i](f);
    if (sentence)
      found[(*count)++] = sentence;
  }
  return found;
}

/* ------------------------------------------------------------------------- *
 * What there is to explain.
 * ------------------------------------------------------------------------- */

static bool grows(const pacing_stability *s) {
  return s->known && s->verdict == STABILITY_GROWING;
}

bool pacing_calls_for_causes(const pacing_facts *f) {
  return grows(&f->memory) || grows(&f->garbage) ||
         held(f) > PACING_MUCH * f->live ||
         f->garbage_most > 2 * f->live_objects_most ||
         f->footprint_end > PACING_MUCH * f->live_end;
}

static const char *growth_text(const char *what, const pacing_stability *s) {
  if (!s->known)
    return "";
  return grows(s) ? arena_text("; %s grows by %.1f %% a second", what, s->slope)
                  : arena_text("; %s: %s", what, stability_names[s->verdict]);
}

const char *pacing_state_text(const pacing_facts *f) {
  const char *garbage =
      isnan(f->garbage_most)
          ? ""
          : arena_text("; up to %.0f dead objects beside %.0f live ones",
                       f->garbage_most, f->live_objects_most);
  return arena_text("holds up to %s, %.1f times the %s that are alive at "
                    "most%s%s%s",
                    bytes_text(held(f)), held(f) / f->live, bytes_text(f->live),
                    garbage, growth_text("garbage", &f->garbage),
                    growth_text("memory", &f->memory));
}
