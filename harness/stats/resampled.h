/* resampled.h: how the median of a resample is distributed.
 *
 * A resample has as many values as the sample, each drawn from it with
 * replacement.  Its median is a value of the sample, or the mean of two, and
 * the probability of each is known (Maritz & Jarrett, JASA 1978): no resample
 * has to be drawn for it.  Pure functions, but for memory. */
#ifndef REAPMARK_RESAMPLED_H
#define REAPMARK_RESAMPLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The possible medians that are not quite impossible, ascending. */
typedef struct stat_resampled {
  double *values;
  double *below; /* of each: the probability of a median up to it */
  size_t count;
  /* For drawing, 2^guide_bits entries: where the search for a share begins.
   * NULL until stat_resampled_guide. */
  uint32_t *guide;
  unsigned guide_bits;
} stat_resampled;

/* Makes the distribution of a sample of n > 0 values.  Takes time proportional
 * to n, and memory to its square root beyond some hundred values.  Returns
 * false if there is no memory. */
bool stat_resample(const double *values, size_t n, stat_resampled *r);
void stat_resampled_free(stat_resampled *r);

/* Prepares for drawing.  Returns false if there is no memory. */
bool stat_resampled_guide(stat_resampled *r);

/* Draws a median for each of the `n` sums, and adds it; *state is that of a
 * random generator (harness/base/random.h). */
void stat_resampled_add(const stat_resampled *r, uint64_t *state, double *sums,
                        size_t n);

/* The least ratio of the medians of two independent resamples, both positive,
 * that is not exceeded with probability `share`. */
double stat_resampled_ratio(const stat_resampled *above,
                            const stat_resampled *below, double share);

#endif
