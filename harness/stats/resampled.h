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
  size_t *guide; /* for drawing: where the search for a share begins */
  size_t count;
} stat_resampled;

/* Makes the distribution of a sample of n > 0 values.  Takes time proportional
 * to n, and memory to its square root beyond some hundred values.  Returns
 * false if there is no memory. */
bool stat_resample(const double *values, size_t n, stat_resampled *r);
void stat_resampled_free(stat_resampled *r);

/* The number of a median, drawn with the state of a random generator
 * (harness/base/random.h). */
size_t stat_resampled_draw(const stat_resampled *r, uint64_t *state);

/* The least ratio of the medians of two independent resamples, both positive,
 * that is not exceeded with probability `share`. */
double stat_resampled_ratio(const stat_resampled *above,
                            const stat_resampled *below, double share);

#endif
