/* latency.h: how long requests took, by several definitions, and when they
 * arrive.  Times are nanoseconds.  start[i] and end[i] belong to request i,
 * and starts ascend.  Pure functions. */
#ifndef REAPMARK_STATS_LATENCY_H
#define REAPMARK_STATS_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills `arrival` with the times of `n` requests, counted from the beginning,
 * `rate` > 0 a second on average: at equal distances, or at the times of a
 * Poisson process that `seed` determines.  The times are fixed before any
 * request is served (an open loop), so that requests do not wait for those
 * before them (Schroeder et al., NSDI 2006). */
void latency_schedule(uint64_t *arrival, size_t n, uint64_t rate, bool poisson,
                      uint64_t seed);

/* The hiccup of a thread that sleeps and works for the same time again and
 * again, and took `elapsed` for that now: the excess over the least time so
 * far, which *least keeps (UINT64_MAX at first).  After jHiccup (Tene).  Only
 * the machine can cause it. */
uint64_t latency_hiccup(uint64_t *least, uint64_t elapsed);

/* Metered latency as in DaCapo's LatencyReporter, for closed loops: the
 * latency that a request would have had from the start that it would have had
 * if the requests within `window` around it had come at equal distances.  It
 * is never less than end - start.  The requests after a stall of more than
 * half the window do not show the stall; LATENCY_FULL smooths over the whole
 * run instead. */
#define LATENCY_FULL UINT64_MAX
void latency_metered(const uint64_t *start, const uint64_t *end, size_t n,
                     uint64_t window, uint64_t *out);

#endif
