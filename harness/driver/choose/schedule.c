/* schedule.c: see schedule.h. */
#include "schedule.h"

#include <math.h>

/* By what share measured parts become shorter at a time. */
static const double STEP = 0.05;

double schedule_length(const schedule *s, const schedule_run *r) {
  return fmax(r->least, s->share * r->measured);
}

/* Seconds of one round. */
static double round_of(const schedule *s, const schedule_run *runs, size_t n,
                       size_t collectors, double between) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += runs[i].fixed + schedule_length(s, &runs[i]);
  return between + (double)collectors * sum;
}

schedule schedule_make(const schedule_run *runs, size_t n, size_t collectors,
                       double between, double budget, schedule_bounds bounds) {
  schedule s = {.share = 1};
  double each = round_of(&s, runs, n, collectors, between);
  while (each * bounds.good > budget && s.share > 0) {
    s.share = s.share > STEP ? s.share - STEP : 0;
    each = round_of(&s, runs, n, collectors, between);
  }
  const double rounds = fmin(bounds.most, floor(budget / each));
  s.runs = rounds < bounds.fewest ? 0 : (unsigned)rounds;
  s.seconds = each * (s.runs ? s.runs : bounds.fewest);
  return s;
}
