/* survey.h: adds up gc_usage in a walk over the heap in address order. */
#ifndef REAPMARK_COMMON_SURVEY_H
#define REAPMARK_COMMON_SURVEY_H

#include "gc.h"

/* Zero at first. */
typedef struct survey {
  gc_usage usage;
  uint64_t stretch; /* bytes of the free stretch that ends where the walk is */
} survey;

/* The next `bytes` are free. */
static inline void survey_free(survey *s, uint64_t bytes) {
  s->usage.free += bytes;
  s->stretch += bytes;
  if (s->stretch > s->usage.free_largest)
    s->usage.free_largest = s->stretch;
}

/* The next `bytes` hold one object. */
static inline void survey_object(survey *s, uint64_t bytes) {
  s->usage.objects++;
  s->usage.cells += bytes;
  s->stretch = 0;
}

/* The walk skips memory that is in no block of the collector. */
static inline void survey_gap(survey *s) {
  s->stretch = 0;
}

#endif
