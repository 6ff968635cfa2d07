/* schedule.c: see schedule.h. */
#include "schedule.h"

#include <math.h>

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
                       double between, double budget, unsigned fewest,
                       unsigned most) {
  schedule s = {.share = 1};
  double each = round_of(&s, runs, n, collectors, between);
  while (each * fewest > budget && s.share > 0) {
    s.share = s.share > 0.05 ? s.share - 0.05 : 0;
    each = round_of(&s, runs, n, collectors, between);
  }
  const double rounds = floor(budget / each);
  s.runs = rounds < fewest ? 0 : rounds > most ? most : (unsigned)rounds;
  s.seconds = each * (s.runs ? s.runs : fewest);
  return s;
}
