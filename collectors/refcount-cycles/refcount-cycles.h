/* refcount-cycles.h: reference counting with a cycle detector.  The counting is
 * ../refcount; the detector is cycles.c. */
#ifndef REAPMARK_REFCOUNT_CYCLES_H
#define REAPMARK_REFCOUNT_CYCLES_H

#define RC_CYCLES 1
#include "refcount/refcount.h"

#endif
