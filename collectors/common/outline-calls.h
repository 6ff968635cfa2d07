/* outline-calls.h: an inline half that consists of calls of the functions of
 * outline.h, to be named as GC_COLLECTOR_HEADER. */
#include "common/outline.h"

#define OUTLINE_CALL_NOTHING(name, parameters, arguments)                      \
  static inline void gc_##name parameters {                                    \
    outline_##name arguments;                                                  \
  }
#define OUTLINE_CALL_VALUE(type, name, parameters, arguments)                  \
  static inline type gc_##name parameters {                                    \
    return outline_##name arguments;                                           \
  }
OUTLINE_OPERATIONS(OUTLINE_CALL_NOTHING, OUTLINE_CALL_VALUE)

/* The collector's own inline half decides; a workload that needs ephemerons or
 * external memory does not run where there are none. */
#define GC_EPHEMERONS 1
#define GC_EXTERNAL   1
