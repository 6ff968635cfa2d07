/* refcount-cycles-atomic.h: the collector refcount-cycles-atomic.
 * Atomic counts and a cycle detector that stops the world. */
#ifndef REAPMARK_REFCOUNT_CYCLES_ATOMIC_VARIANT_H
#define REAPMARK_REFCOUNT_CYCLES_ATOMIC_VARIANT_H

#define RC_NAME "refcount-cycles-atomic"
#define RC_SUMMARY                                                             \
  "atomic reference counting with a cycle detector that stops the world"
/* A dead candidate keeps its memory until the detector finds it. */
#define RC_PROMPT GC_PROMPT_CONTENTS

#include "refcount/threads-many.h"
#include "refcount/counts-word.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-now.h"
#include "refcount/candidates.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
