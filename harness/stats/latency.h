/* latency.h: how long requests took, by several definitions, and when they were
 * to arrive.  Times are nanoseconds; start[i] and end[i] belong to request i,
 * and starts ascend. */
#ifndef REAPMARK_STATS_LATENCY_H
#define REAPMARK_STATS_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When `n` requests arrive, as ns from the beginning, at `rate` a second on
 * average: evenly, or at the times of a Poisson process, which `seed` decides.
 * They are fixed before any is served: an open loop, whose requests do not wait
 * for the ones before them (Schroeder et al., NSDI 2006). */
void latency_schedule(uint64_t *arrival, size_t n, uint64_t rate, bool poisson,
                      uint64_t seed);

/* How late a thread woke up that slept and worked for the same time again and
 * again, and took `elapsed` for it this time: what that is above the least so
 * far, which is kept in *least (UINT64_MAX at first).  After jHiccup (Tene);
 * nothing but the machine is to blame for it. */
uint64_t latency_hiccup(uint64_t *least, uint64_t elapsed);

/* Metered latency as DaCapo's LatencyReporter defines it, for closed loops:
 * what the latency would have been from the start that the request had had if
 * the requests within `window` around it had come evenly.  It is never less
 * than end - start.  A stall of more than half the window is not seen by the
 * requests after it; LATENCY_FULL smooths over the whole run instead. */
#define LATENCY_FULL UINT64_MAX
void latency_metered(const uint64_t *start, const uint64_t *end, size_t n,
                     uint64_t window, uint64_t *out);

#endif
