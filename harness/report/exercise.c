/* exercise.c: see exercise.h. */
#include "exercise.h"
#include "harness/base/arena.h"

#include <math.h>
#include <string.h>

bool report_shows(const exercise *e, const metric *m) {
  const bool stops = exercised_shows_pauses(e->state);
  return m->claims == CLAIMS_PAUSES  ? stops && !e->unreported
         : m->claims == CLAIMS_STOPS ? stops
                                     : true;
}

void report_withhold(report_sample *s) {
  for (size_t m = 0; m < METRICS; m++)
    if (!report_shows(&s->exercise, &metrics[m]))
      s->values[m] = NAN;
  if (exercised_shows_pauses(s->exercise.state) && !s->exercise.unreported)
    return;
  for (size_t k = 0; k < REPORT_WINDOWS; k++)
    s->mmu[k] = s->bmu[k] = NAN;
}

exercise report_exercise(const report_cell *c) {
  exercise least = {.state = EXERCISED_ENOUGH, .unit = ""};
  bool unreported = false;
  for (size_t i = 0; i < c->count; i++) {
    const exercise *e = &c->samples[i].exercise;
    unreported |= e->unreported;
    if (i == 0 || e->state > least.state ||
        (e->state == least.state && e->count < least.count)) {
      bool told = e->told && (i == 0 || least.told);
      least = *e;
      least.told = told;
    }
  }
  least.unreported = unreported;
  return least;
}

const char *report_wrapped(const report_cell *c) {
  for (size_t i = 0; i < c->count; i++)
    if (c->samples[i].wrapped)
      return c->samples[i].wrapped;
  return NULL;
}

bool report_compares_time(const report_cell *c) {
  return report_exercise(c).state != EXERCISED_NOT && !report_wrapped(c);
}

bool report_compares(const report_cell *c, const metric *m) {
  const exercise e = report_exercise(c);
  if (report_wrapped(c))
    return false;
  switch (m->claims) {
  case CLAIMS_PAUSES:
  case CLAIMS_STOPS:
    return e.state == EXERCISED_ENOUGH && report_shows(&e, m);
  case CLAIMS_TIME:
    return report_compares_time(c);
  case CLAIMS_NEITHER:
    return true;
  }
  return true;
}

/* "2 collections", "1 stop". */
static const char *count_text(const exercise *e) {
  int n = (int)strlen(e->unit);
  return arena_text("%llu %.*s", (unsigned long long)e->count,
                    e->count == 1 ? n - 1 : n, e->unit);
}

const char *report_exercise_mark(const report_cell *c) {
  exercise e = report_exercise(c);
  if (!report_is_good(c))
    return NULL;
  return report_wrapped(c)          ? "wrapped"
         : e.state == EXERCISED_NOT ? "not exercised"
         : e.state == EXERCISED_FEW ? count_text(&e)
                                    : NULL;
}

const char *report_exercise_text(const report_cell *c) {
  exercise e = report_exercise(c);
  if (!report_exercise_mark(c))
    return NULL;
  if (report_wrapped(c))
    return arena_text("wrapped: ran within '%s', and so its numbers are of "
                      "both, and are not compared",
                      report_wrapped(c));
  if (e.state == EXERCISED_FEW)
    return arena_text("%s in the measured part: its pauses are what was seen, "
                      "and are not compared; make the run longer (--exercise "
                      "%d) or the heap smaller",
                      count_text(&e), EXERCISED_WANTED);
  if (!e.collects)
    return "not exercised: nothing died in the measured part; make the run "
           "longer";
  return arena_text("not exercised: no collection in the measured part, and so "
                    "no pauses, and no time to compare; make the run longer "
                    "(--exercise %d) or the heap smaller",
                    EXERCISED_WANTED);
}

const char *report_unreported_text(const report_cell *c) {
  const exercise e = report_exercise(c);
  if (!report_is_good(c) || !e.unreported)
    return NULL;
  return arena_text("of %s most were not reported as pauses, and so no figure "
                    "of pauses is shown; see its steps",
                    count_text(&e));
}

const char *report_marked_verdict(const report_cell *c) {
  const char *mark = report_exercise_mark(c);
  return mark ? arena_text("%s, %s", report_verdict_text(c), mark)
              : report_verdict_text(c);
}

const char *report_exercise_word(const report_cell *c) {
  static const char *const words[] = {[EXERCISED_ENOUGH] = "yes",
                                      [EXERCISED_APART] = "apart",
                                      [EXERCISED_FEW] = "few",
                                      [EXERCISED_NOT] = "no"};
  exercise e = report_exercise(c);
  return e.told && report_is_good(c) ? words[e.state] : NULL;
}
