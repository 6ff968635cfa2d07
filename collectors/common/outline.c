/* outline.c: defines the functions of outline.h by the inline half of the
 * collector that this file is compiled against. */
#include "common/outline.h"

#define OUTLINE_DEFINE_NOTHING(name, parameters, arguments)                    \
  void outline_##name parameters {                                             \
    gc_##name arguments;                                                       \
  }
#define OUTLINE_DEFINE_VALUE(type, name, parameters, arguments)                \
  type outline_##name parameters {                                             \
    return gc_##name arguments;                                                \
  }
OUTLINE_OPERATIONS(OUTLINE_DEFINE_NOTHING, OUTLINE_DEFINE_VALUE)
