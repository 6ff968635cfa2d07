/* search.h: the search for the smallest heap with which a workload completes,
 * as a pure function of what a probe answers. */
#ifndef REAPMARK_SEARCH_H
#define REAPMARK_SEARCH_H

#include <stdint.h>

typedef enum search_answer {
  SEARCH_PASSED,
  SEARCH_FAILED, /* out of memory, or out of time: the heap is too small */
  SEARCH_STOP    /* anything else says nothing of the heap: give up */
} search_answer;

/* Tries once with a heap of so many bytes. */
typedef search_answer search_probe(void *data, uint64_t heap);

typedef struct search_request {
  uint64_t low, high; /* bounds, bytes; rounded outwards to the grain */
  uint64_t grain;     /* step of the heap sizes, at least 1 */
  double rtol;        /* stop when the bracket is this share of its upper end */
  unsigned confirm;   /* a heap is good if so many probes ... */
  unsigned of;        /* ... of so many at most have passed */
} search_request;

typedef enum search_end {
  SEARCH_FOUND,       /* `heap` passed, and the bracket below it is closed */
  SEARCH_AT_MOST,     /* the lower bound passed: the minimum may be less */
  SEARCH_UNSATISFIED, /* the upper bound failed */
  SEARCH_STOPPED      /* a probe answered SEARCH_STOP, at `heap` */
} search_end;

typedef struct search_result {
  search_end end;
  uint64_t heap;   /* always one that was tried */
  uint64_t failed; /* the largest below it that failed; 0: none */
  unsigned probes;
} search_result;

/* Bisection that tries both ends first, so that what it returns was always
 * tried, and keeps "low failed, high passed": where a collector's need varies
 * between runs, `confirm` of `of` make sure that one lucky run does not
 * decide. */
search_result search_minimum(const search_request *request, search_probe *probe,
                             void *data);

#endif
