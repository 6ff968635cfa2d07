/* search.h: the search for the smallest heap with which a workload completes.
 * The search is a pure function of the answers of a probe. */
#ifndef REAPMARK_SEARCH_H
#define REAPMARK_SEARCH_H

#include <stdint.h>

typedef enum search_answer {
  SEARCH_PASSED,
  SEARCH_FAILED, /* out of memory, or out of time: the heap is too small */
  SEARCH_STOP    /* the run failed for a reason that has nothing to do with the
                    heap: give up */
} search_answer;

/* Runs once with a heap of `heap` bytes. */
typedef search_answer search_probe(void *data, uint64_t heap);

typedef struct search_request {
  uint64_t low, high; /* bounds, bytes; rounded outwards to the grain */
  uint64_t grain;     /* step of the heap sizes, at least 1 */
  double rtol;        /* stop when the bracket is this share of its upper end */
  double step;        /* sizes above the minimum that must pass, too: each
                         larger by this share than the one before */
  unsigned steps;     /* how many of them are tried */
  unsigned confirm;   /* a heap is good if `confirm` probes pass ... */
  unsigned of;        /* ... of at most `of` probes */
} search_request;

typedef enum search_end {
  SEARCH_FOUND,       /* `heap` passed, and the bracket below it is closed */
  SEARCH_AT_MOST,     /* the lower bound passed: the minimum may be less */
  SEARCH_UNSATISFIED, /* the upper bound failed */
  SEARCH_STOPPED      /* a probe answered SEARCH_STOP, at `heap` */
} search_end;

typedef struct search_result {
  search_end end;
  uint64_t heap;   /* a size that was tried */
  uint64_t failed; /* the largest smaller size that failed; 0: none */
  uint64_t above;  /* a larger size that failed, so that the minimum is none:
                      whether a run fits is not monotone in the heap's size; 0:
                      the sizes that were tried above passed */
  unsigned probes;
} search_result;

/* Bisects, keeping the invariant "low failed, high passed".  Both ends are
 * tried first, so the result is always a size that was tried.  A collector's
 * need may vary between runs: `confirm` of `of` keep one lucky run from
 * deciding. */
search_result search_minimum(const search_request *request, search_probe *probe,
                             void *data);

#endif
