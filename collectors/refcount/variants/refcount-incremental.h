/* refcount-incremental.h: the collector refcount-incremental.
 * Plain counts and CPython's detector, by increments. */
#ifndef REAPMARK_REFCOUNT_INCREMENTAL_VARIANT_H
#define REAPMARK_REFCOUNT_INCREMENTAL_VARIANT_H

#define RC_NAME "refcount-incremental"
#define RC_SUMMARY                                                             \
  "reference counting with the incremental detector of CPython 3.14"
#define RC_PROMPT GC_PROMPT_ALL

#include "refcount/threads-one.h"
#include "refcount/counts-word.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-now.h"
#include "refcount/candidates-incremental.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
