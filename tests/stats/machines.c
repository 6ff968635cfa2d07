/* machines.c: a simulation of what rounds and machines buy, with noise that was
 * measured.
 *
 * Usage: machines NOISE EXPERIMENTS [--check | SCENARIO]
 *
 * NOISE is a CSV file with the columns workload, collector, round and
 * throughput_per_s, of one machine (scripts/machines.sh makes it of a results
 * directory).  For each workload with two collectors, whole rounds are drawn
 * from the measured ones, so that what both collectors of a round have in
 * common, and the tails of the noise, are as they were.  What was not measured
 * is put in: how much machines differ in speed (both collectors alike), how
 * much they differ in the ratio (the interaction), and runs that are missing.
 *
 * Each experiment is analysed twice: as reapmark does, within machines and
 * rounds (harness/stats/strata.h), and pooled, with the values of all machines
 * in one heap.  Printed is half the width of the 95 % interval of the ratio,
 * and how often the interval missed the true ratio.
 *
 * SCENARIO: this part of the output alone, from 0, which is the noise.
 *
 * --check: few experiments, as a test: ends with 1 unless the stratified
 * analysis keeps its promise, and the pooled one breaks it where it must. */
#include "harness/base/random.h"
#include "harness/stats/interval.h"
#include "harness/stats/strata.h"
#include "harness/stats/summary.h"
#include "tests/stats/normal.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  ROUNDS_MOST = 1000,
  WORKLOADS_MOST = 32,
  MACHINES_MOST = 24,
  NAME = 128
};

/* The logarithms of the throughputs of two collectors, by round. */
typedef struct workload {
  char name[NAME], collectors[2][NAME];
  size_t collectors_count;
  double logs[2][ROUNDS_MOST + 1]; /* NAN: not measured */
  double rounds[2][ROUNDS_MOST];   /* those that both have */
  size_t count;
  double by_round, pooled; /* the true ratios of what was measured, as
                              logarithms: the mean over rounds, and the ratio of
                              the medians */
} workload;

static struct {
  workload items[WORKLOADS_MOST];
  size_t count;
} noise;

/* ------------------------------------------------------------------------- *
 * The noise.
 * ------------------------------------------------------------------------- */

static void stop(const char *why) {
  fprintf(stderr, "machines: %s\n", why);
  exit(2);
}

static workload *find_workload(const char *name) {
  for (size_t i = 0; i < noise.count; i++)
    if (!strcmp(noise.items[i].name, name))
      return &noise.items[i];
  if (noise.count == WORKLOADS_MOST)
    stop("too many workloads");
  workload *w = &noise.items[noise.count++];
  snprintf(w->name, NAME, "%s", name);
  for (size_t i = 0; i <= ROUNDS_MOST; i++)
    w->logs[0][i] = w->logs[1][i] = NAN;
  return w;
}

/* Collectors after the second one are not used. */
static void add_value(const char *name, const char *collector, size_t round,
                      double value) {
  workload *w = find_workload(name);
  size_t c = 0;
  while (c < w->collectors_count && strcmp(w->collectors[c], collector) != 0)
    c++;
  if (c == 2 || round < 1 || round > ROUNDS_MOST || !(value > 0))
    return;
  if (c == w->collectors_count)
    snprintf(w->collectors[w->collectors_count++], NAME, "%s", collector);
  w->logs[c][round] = log(value);
}

static double median_of(const double *values, size_t n) {
  double copy[ROUNDS_MOST];
  memcpy(copy, values, n * sizeof *copy);
  return stat_summarize(copy, n).median;
}

static void conclude(workload *w) {
  double ratios[ROUNDS_MOST];
  for (size_t k = 1; k <= ROUNDS_MOST; k++) {
    if (isnan(w->logs[0][k]) || isnan(w->logs[1][k]))
      continue;
    ratios[w->count] = w->logs[0][k] - w->logs[1][k];
    w->rounds[0][w->count] = w->logs[0][k];
    w->rounds[1][w->count++] = w->logs[1][k];
  }
  if (w->count < 6)
    stop("a workload has less than six rounds of two collectors");
  w->by_round = stat_moments_of(ratios, w->count).mean;
  w->pooled =
      median_of(w->rounds[0], w->count) - median_of(w->rounds[1], w->count);
}

static void read_noise(const char *path) {
  FILE *file = fopen(path, "re");
  char line[512], name[NAME], collector[NAME];
  size_t round;
  double value;
  if (!file)
    stop("the noise cannot be read");
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "%127[^,],%127[^,],%zu,%lf", name, collector, &round,
               &value) == 4)
      add_value(name, collector, round, value);
  fclose(file);
  if (!noise.count)
    stop("there is no noise");
  for (size_t i = 0; i < noise.count; i++)
    conclude(&noise.items[i]);
}

/* ------------------------------------------------------------------------- *
 * An experiment.
 * ------------------------------------------------------------------------- */

typedef struct scenario {
  const char *name;
  double speed;       /* standard deviation of the machines' speeds */
  double interaction; /* and of their ratios */
  enum { LACKING_NONE, LACKING_A_THIRD, LACKING_EACH } lacking;
} scenario;

static const scenario scenarios[] = {
    {"machines are alike", 0, 0, LACKING_NONE},
    {"machines differ by 10 % in speed", 0.10, 0, LACKING_NONE},
    {"a third of such machines lacks one collector", 0.10, 0, LACKING_A_THIRD},
    {"each collector has such machines of its own", 0.10, 0, LACKING_EACH},
    {"machines differ by 10 % in speed, and by 3 % in the ratio", 0.10, 0.03,
     LACKING_NONE}};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios, APART = 3 };

/* Whether a machine has no runs of a collector. */
static bool lacks(const scenario *s, size_t machine, size_t collector) {
  return s->lacking == LACKING_A_THIRD ? machine % 3 == 0 && collector == 0
         : s->lacking == LACKING_EACH  ? machine % 2 == collector
                                       : false;
}

typedef struct design {
  size_t machines, rounds; /* rounds of each machine */
} design;

static const design designs[] = {{1, 6},  {1, 12}, {1, 24}, {2, 3},
                                 {2, 12}, {4, 3},  {4, 6},  {6, 2},
                                 {12, 1}, {12, 2}, {24, 1}};
enum { DESIGNS = sizeof designs / sizeof *designs };

/* What was found in all experiments of a design. */
typedef struct findings {
  double *widths[2]; /* half widths: within machines, pooled */
  size_t known[2], missed[2], told, tested, experiments;
} findings;

static void note(findings *f, size_t which, stat_interval i, double truth) {
  if (isnan(i.low))
    return;
  f->widths[which][f->known[which]++] = (i.high - i.low) / 2 / exp(truth);
  f->missed[which] += !(log(i.low) <= truth && truth <= log(i.high));
}

static void experiment(const workload *w, const scenario *s, const design *d,
                       uint64_t *random, findings *f) {
  double ratios[MACHINES_MOST][ROUNDS_MOST];
  double values[2][MACHINES_MOST * 32];
  size_t counts[2] = {0, 0}, strata = 0;
  stat_stratum items[MACHINES_MOST];
  for (size_t m = 0; m < d->machines; m++) {
    const double speed = s->speed * normal(random);
    const double own = s->interaction * normal(random);
    for (size_t k = 0; k < d->rounds; k++) {
      const size_t round = random_below(random, w->count);
      const double above = w->rounds[0][round] + speed + own;
      const double below = w->rounds[1][round] + speed;
      ratios[m][k] = exp(above - below);
      if (!lacks(s, m, 0))
        values[0][counts[0]++] = exp(above);
      if (!lacks(s, m, 1))
        values[1][counts[1]++] = exp(below);
    }
    if (!lacks(s, m, 0) && !lacks(s, m, 1))
      items[strata++] = (stat_stratum){ratios[m], d->rounds};
  }
  const stat_strata all = {items, strata};
  const stat_pair pooled = {values[0], counts[0], values[1], counts[1]};
  note(f, 0, stat_strata_interval(&all, 1, 0.95, random_next(random)),
       w->by_round);
  note(f, 1, stat_bootstrap(&pooled, 1, STAT_MEDIAN, 0.95, STAT_SEED),
       w->pooled);
  if (s->interaction > 0) {
    const double p = stat_strata_interaction(&all, random_next(random)).p;
    f->tested += isnan(p) ? 0 : 1;
    f->told += p <= 0.05;
  }
  f->experiments++;
}

/* ------------------------------------------------------------------------- *
 * Tables.
 * ------------------------------------------------------------------------- */

static void print_share(size_t part, size_t of) {
  if (of)
    printf(" | %.1f %%", 100 * (double)part / (double)of);
  else
    printf(" | –");
}

static void print_width(findings *f, size_t which) {
  if (f->known[which])
    printf(" | ±%.2f %%",
           100 * stat_summarize(f->widths[which], f->known[which]).median);
  else
    printf(" | –");
}

static findings run_design(const scenario *s, const design *d, size_t each) {
  findings f = {0};
  for (size_t i = 0; i < 2; i++)
    f.widths[i] = malloc(each * noise.count * sizeof(double));
  if (!f.widths[0] || !f.widths[1])
    stop("no memory");
  uint64_t random = 42;
  for (size_t w = 0; w < noise.count; w++)
    for (size_t e = 0; e < each; e++)
      experiment(&noise.items[w], s, d, &random, &f);
  return f;
}

static void free_findings(findings *f) {
  free(f->widths[0]);
  free(f->widths[1]);
}

static void print_scenario(const scenario *s, size_t each) {
  printf("\n## If %s\n\n", s->name);
  printf("| machines × rounds | rounds in all | within machines | missed | "
         "pooled | missed |%s\n",
         s->interaction > 0 ? " told |" : "");
  printf("|--:|--:|--:|--:|--:|--:|%s\n", s->interaction > 0 ? "--:|" : "");
  for (size_t i = 0; i < DESIGNS; i++) {
    const design *d = &designs[i];
    if (s->lacking && d->machines == 1)
      continue;
    findings f = run_design(s, d, each);
    printf("| %zu × %zu | %zu", d->machines, d->rounds,
           d->machines * d->rounds);
    for (size_t k = 0; k < 2; k++) {
      print_width(&f, k);
      print_share(f.missed[k], f.known[k]);
    }
    if (s->interaction > 0)
      print_share(f.told, f.tested);
    printf(" |\n");
    fflush(stdout);
    free_findings(&f);
  }
}

/* How much of the noise of a single run both collectors of a round share. */
static void print_noise(void) {
  printf("| workload | rounds | one run | ratio, pooled | ratio, by round |\n"
         "|:--|--:|--:|--:|--:|\n");
  for (size_t i = 0; i < noise.count; i++) {
    const workload *w = &noise.items[i];
    double ratios[ROUNDS_MOST];
    for (size_t k = 0; k < w->count; k++)
      ratios[k] = w->rounds[0][k] - w->rounds[1][k];
    const double a = stat_moments_of(w->rounds[0], w->count).deviation;
    const double b = stat_moments_of(w->rounds[1], w->count).deviation;
    const double both = stat_moments_of(ratios, w->count).deviation;
    printf("| %s | %zu | %.1f %% | %.1f %% | %.1f %% |\n", w->name, w->count,
           100 * sqrt((a * a + b * b) / 2), 100 * hypot(a, b), 100 * both);
  }
}

/* Whether the share is between the bounds; says so if not. */
static bool within(const char *what, size_t part, size_t of, double least,
                   double most) {
  const double share = of ? (double)part / (double)of : NAN;
  if (share >= least && share <= most)
    return true;
  fprintf(stderr, "machines: %s missed %.3f of the time, not %.3f to %.3f\n",
          what, share, least, most);
  return false;
}

static int check(size_t each) {
  const design d = {6, 4};
  bool good = true;
  for (size_t i = 0; i <= APART; i++) {
    findings f = run_design(&scenarios[i], &d, each);
    if (i == APART) {
      good &= f.known[0] == 0; /* no machine has both */
      good &= within("the pooled interval", f.missed[1], f.known[1], 0.15, 1);
    } else
      good &=
          within("the stratified interval", f.missed[0], f.known[0], 0, 0.08);
    free_findings(&f);
  }
  return good ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc < 3)
    stop("usage: machines NOISE EXPERIMENTS [--check | SCENARIO]");
  const size_t each = strtoul(argv[2], NULL, 10);
  if (!each)
    stop("EXPERIMENTS is a number above 0");
  read_noise(argv[1]);
  if (argc > 3 && !strcmp(argv[3], "--check"))
    return check(each);
  const size_t only = argc > 3 ? strtoul(argv[3], NULL, 10) : SCENARIOS + 1;
  for (size_t i = 0; i <= SCENARIOS; i++) {
    if (argc > 3 && i != only)
      continue;
    if (i)
      print_scenario(&scenarios[i - 1], each);
    else
      print_noise();
  }
  return 0;
}
