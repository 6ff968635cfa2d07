/* strata.h: ratios that were measured on several machines.
 *
 * Machines differ by more than their runs do, so each is a stratum: values of
 * one machine are compared with values of the same machine only.  In a round
 * both sides run once on the same machine, near each other in time.  What a
 * round tells is therefore the ratio of the two, in which the machine and its
 * drift cancel out.  Pure functions, but for memory; times do not matter, and
 * neither does the order of the ratios within a machine. */
#ifndef REAPMARK_STRATA_H
#define REAPMARK_STRATA_H

#include "difference.h"
#include "interval.h"

#include <stddef.h>
#include <stdint.h>

/* One machine: the ratio of each of its rounds, all positive. */
typedef struct stat_stratum {
  const double *ratios;
  size_t n; /* at least 1 */
} stat_stratum;

/* One comparison on several machines. */
typedef struct stat_strata {
  const stat_stratum *items;
  size_t count;
} stat_strata;

/* The ratio over all machines: the geometric mean of the ratios of all rounds,
 * in which a machine has the weight of its rounds.  Of several comparisons, the
 * geometric mean of theirs.  NAN unless all ratios are positive, or without
 * any. */
double stat_strata_ratio(const stat_strata *all, size_t n);

/* The interval of that ratio by the bootstrap, stratified by machine: what is
 * left of the rounds' logarithms when their machine's mean is taken off, times
 * sqrt(n / (n - 1)) of that machine's n rounds, is drawn with replacement, once
 * for each round (the bootstrap of residuals, Efron 1979).  The scale gives the
 * mean the right variance however few rounds a machine has, also if the
 * machines' noise differs.  The percentiles are those that Student's t with as
 * many degrees of freedom as there are rounds less machines puts in the place
 * of the normal distribution's (the expanded percentile interval of Hesterberg,
 * The American Statistician 2015).
 *
 * Machines with a single round tell nothing of how their rounds vary: they
 * count as one machine together, and if there is only one, together with the
 * machine that has the fewest rounds.  Both ends are NAN with fewer than
 * STAT_STRATA_FREEDOM degrees of freedom, too few for a bootstrap: of the
 * intervals of three rounds of one machine, one in five would miss. */
enum { STAT_STRATA_FREEDOM = 4 };
stat_interval stat_strata_interval(const stat_strata *all, size_t n,
                                   double confidence, uint64_t seed);

/* Whether the two sides differ: the test of signed ranks (stat_signed_ranks) of
 * the logarithms of all ratios.  Where the sides do not differ, each ratio is
 * as likely above 1 as below on every machine. */
stat_test stat_strata_test(const stat_strata *all, size_t n);

/* Whether the ratio depends on the machine (the interaction of machine and
 * collector): Kruskal & Wallis's H of the ratios by machine, with mid-ranks and
 * corrected for ties.  p is the share, of STAT_RESAMPLES ways to deal the
 * ratios to the machines (the one that was seen, and others drawn at random),
 * of those with an H at least as high: a small p says that the machines do not
 * agree.  NAN with fewer than two machines, with no machine that has two
 * rounds, or if there is no memory. */
stat_test stat_strata_interaction(const stat_strata *s, uint64_t seed);

#endif
