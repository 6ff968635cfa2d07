/* rounds.c: see rounds.h. */
#include "rounds.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/driver/live/live.h"

#include <math.h>

void tally_add(tally *sum, const tally *t) {
  sum->episodes += t->episodes;
  sum->operations += t->operations;
  sum->collections += t->collections;
  sum->fired += t->fired;
  sum->allocated += t->allocated;
  sum->elapsed += t->elapsed;
  sum->scarce += t->scarce;
  sum->places += t->places;
  sum->cut |= t->cut;
  if (!sum->fault)
    sum->fault = t->fault;
}

/* When the rounds that were asked for are through and an event of the collector
 * never happened, so many others follow at most, until it does. */
enum { MORE_MOST = 3 };

/* More episodes of a row that failed would not tell more. */
static bool is_over(const course_row *r) {
  return r->tally.fault || r->tally.missing;
}

/* Whether the row takes part in rounds for the sake of missing events: if its
 * condition has a tight setting, under which everything happens often.  For a
 * collector that declares none, all conditions of the random mutator do. */
static bool seeks_events(const course *of, const course_row *r) {
  const json_t *tight = json_object_get(of->subject->program->about, "tight");
  return json_array_size(tight) ? r->under->setting != NULL
                                : !r->under->run && !r->under->sweep;
}

static void begin_round(campaign *c, course *of) {
  of->before = c->spent;
  for (size_t i = 0; i < of->count; i++) {
    course_row *r = &of->rows[i];
    r->through = is_over(r) || (of->round >= c->seeds && !seeks_events(of, r));
    r->rests = r->through;
    r->now =
        campaign_trial(c, of->subject, r->under, c->first_seed + of->round);
    const lead *old =
        of->round % 2 && r->under->setting && !r->under->heap && !r->through
            ? coverage_follow(&of->coverage)
            : NULL;
    if (old) {
      r->now.seed = old->seed;
      r->now.ordinary *= 2;
      r->now.variant = "longer";
    }
  }
}

/* All rows are through this round. */
static void end_round(campaign *c, course *of) {
  tally sum = {0};
  for (size_t i = 0; i < of->count; i++) {
    course_row *r = &of->rows[i];
    if (r->rests)
      continue;
    for (size_t k = 0; k < r->now.step; k++)
      coverage_add(&of->coverage, r->now.entries[k]);
    tally_add(&sum, &r->now.tally);
    tally_add(&r->tally, &r->now.tally);
    r->tally.missing = r->now.tally.missing;
  }
  if (c->spent > of->before && !live_is_on())
    say("round %ju of %ju, %s: %ju episodes, %ju operations, %.1f s",
        (uintmax_t)of->round + 1, (uintmax_t)of->rounds, of->subject->name,
        (uintmax_t)sum.episodes, (uintmax_t)sum.operations,
        (double)sum.elapsed / 1e9);
  of->round++;
}

/* Begins what can begin of the course.  Whether its round ended.  The last rows
 * are sweeps, whose many episodes run one after the other: beside the others
 * they go on from the beginning. */
static bool go_on(campaign *c, course *of) {
  bool through = true;
  for (size_t i = 0; i < of->count; i++) {
    const size_t ends = i % 2 ? of->count - 1 - i / 2 : i / 2;
    course_row *r = &of->rows[c->jobs > 1 ? ends : i];
    if (!r->through && !campaign_is_busy(c))
      r->through = campaign_try(c, &r->now);
    through &= r->through;
  }
  if (!through)
    return false;
  end_round(c, of);
  const bool missing =
      coverage_reached(&of->coverage) < of->coverage.events_count;
  if (of->round == of->rounds && c->whole && missing && !c->end &&
      of->rounds < c->seeds + MORE_MOST)
    of->rounds++;
  if (of->round < of->rounds)
    begin_round(c, of);
  return true;
}

/* The courses that are behind come first.  Whether all are at their end. */
static bool go_on_all(campaign *c, course *courses, size_t n) {
  for (bool advanced = true; advanced;) {
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < n; i++)
      if (courses[i].round < courses[i].rounds && courses[i].round < least)
        least = courses[i].round;
    if (least == UINT64_MAX)
      return true;
    advanced = false;
    for (uint64_t ahead = 0; ahead < 2; ahead++)
      for (size_t i = 0; i < n; i++)
        if (courses[i].round == least + ahead &&
            courses[i].round < courses[i].rounds)
          advanced |= go_on(c, &courses[i]);
  }
  return false;
}

/* Shows how many rows are through in all rounds that are known of. */
static void show_done(const campaign *c, const course *courses, size_t n) {
  size_t done = 0, planned = 0;
  for (size_t i = 0; i < n; i++) {
    const course *of = &courses[i];
    planned += of->count * of->rounds;
    done += of->count * of->round;
    for (size_t k = 0; k < of->count && of->round < of->rounds; k++)
      done += of->rows[k].through;
  }
  const double each = done ? c->spent / (double)c->jobs / (double)done : NAN;
  live_done(done, planned, each * (double)(planned - done));
}

course *rounds_run(campaign *c, const subject *subjects, size_t n) {
  course *courses = arena_take(n * sizeof *courses);
  for (size_t i = 0; i < n; i++) {
    course *of = &courses[i];
    of->subject = &subjects[i];
    of->rounds = c->seeds;
    of->coverage = coverage_of(subjects[i].program);
    of->count = subjects[i].conditions.count;
    of->rows = arena_take(of->count * sizeof *of->rows);
    for (size_t k = 0; k < of->count; k++)
      of->rows[k].under = subjects[i].conditions.items[k];
    begin_round(c, of);
  }
  live_begin();
  do
    show_done(c, courses, n);
  while (!go_on_all(c, courses, n) && campaign_wait(c));
  live_end();
  /* What a round that did not end has done counts as well. */
  for (size_t i = 0; i < n; i++)
    if (courses[i].round < courses[i].rounds)
      end_round(c, &courses[i]);
  return courses;
}
