/* stability.h: whether something that goes up and down settles or grows.
 *
 * Garbage and memory of a running program look like a saw: they grow until
 * something is reclaimed.  So single values say nothing of a trend.  The first
 * third of the run, in which a heap finds its size, is left out.  The rest, the
 * tail, is cut into blocks of equal length; of each block the maximum and the
 * median are taken, and the slope of each of the two over the blocks is
 * estimated with its 95 % interval (Theil 1950; Sen, JASA 1968), which is made
 * wider if neighbouring blocks resemble each other.
 *
 * growing: the maxima's interval is above 0, the tail grew by 1 % of its level
 *   or more by their slope, and the medians grew, too;
 * stable: otherwise, if the maxima's interval is below growth of 0.7 % of the
 *   level a second (so that 1 % of what it was at first is excluded), and the
 *   medians do not grow under it;
 * too short: otherwise.  Such growth can neither be shown nor excluded.
 *
 * One end of a 95 % interval is passed by chance in 2.5 % of all cases, and the
 * correlation of neighbours is known roughly only: a stable run is called
 * growing in at most 5 % (tests/stats/stability.c).  Pure functions. */
#ifndef REAPMARK_STABILITY_H
#define REAPMARK_STABILITY_H

#include <stddef.h>

typedef enum stability_verdict {
  STABILITY_TOO_SHORT,
  STABILITY_STABLE,
  STABILITY_GROWING,
  STABILITY_VERDICTS
} stability_verdict;

/* "too short to tell", "stable", "growing". */
extern const char *const stability_names[STABILITY_VERDICTS];

/* What was seen until the time `at`, in seconds, ascending, since the point
 * before: at most `most`, on average (or at the end) `value`. */
typedef struct stability_point {
  double at, most, value;
} stability_point;

typedef struct stability {
  stability_verdict verdict;
  double slope, low, high; /* of the maxima: % of the level a second */
  double seconds;          /* the length of the tail */
  size_t blocks;           /* 0: too few points, and no slope is known */
} stability;

enum {
  STABILITY_BLOCKS = 24,      /* at most */
  STABILITY_BLOCKS_LEAST = 8, /* with fewer, nothing is said */
  STABILITY_POINTS = 3        /* in a block, on average, at least */
};

/* `levels`: for each point what growth is a share of; NULL: the maxima
 * themselves.  (Memory that is held beyond what is alive may be small beside
 * the memory as a whole.)  If the level is 0 all over, nothing grows. */
stability stability_of(const stability_point *points, size_t n,
                       const double *levels);

#endif
