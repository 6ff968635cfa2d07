/* mmu.h: mutator utilisation.
 *
 * The utilisation of a window [a, a+w) of a run is the share of w that is not
 * covered by pauses.  MMU(w), the minimum mutator utilisation, is the least
 * utilisation of all windows of length w inside the run (Cheng & Blelloch,
 * PLDI 2001).  BMU(w), the bounded one, is the least of all windows of length
 * w or longer (Sachindran, Moss & Berger, OOPSLA 2004), so that it never falls
 * as w grows.  Both are exact, not sampled.
 *
 * Times are nanoseconds of any one clock; intervals are half open.  Pure
 * functions, safe from any thread. */
#ifndef REAPMARK_MMU_H
#define REAPMARK_MMU_H

#include <stddef.h>
#include <stdint.h>

typedef struct mmu_interval {
  uint64_t begin, end;
} mmu_interval;

/* Brings intervals into the form that the functions below need: clipped to
 * [begin, end), sorted, without empty ones, and with overlapping and adjacent
 * ones merged.  Works in place and returns how many are left. */
size_t mmu_normalize(mmu_interval *pauses, size_t n, uint64_t begin,
                     uint64_t end);

/* The MMU of a run [begin, end) with these normalized pauses.  A window longer
 * than the run stands for the run.  A window of length 0 has the MMU 0 if
 * there is a pause, else 1. */
double mmu_at(const mmu_interval *pauses, size_t n, uint64_t begin,
              uint64_t end, uint64_t window);

/* MMU and BMU at `count` ascending windows, into the caller's arrays.  The
 * time grows with the square of `n`. */
void mmu_curves(const mmu_interval *pauses, size_t n, uint64_t begin,
                uint64_t end, const uint64_t *windows, size_t count,
                double *mmu, double *bmu);

/* The windows 1, 2, 5, 10, ... times 10 microseconds that are shorter than a
 * run of `length`, then the run itself: fills `windows`, which has room for
 * MMU_WINDOWS, and returns how many. */
enum { MMU_WINDOWS = 48 };
size_t mmu_grid(uint64_t length, uint64_t *windows);

#endif
