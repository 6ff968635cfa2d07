/* pacing.c: see pacing.h. */
#include "common/pacing.h"

uint64_t pacing_least = 4096;
