/* refcount.h: the collector refcount.
 * Plain counts, everything that dies torn down at once. */
#ifndef REAPMARK_REFCOUNT_VARIANT_H
#define REAPMARK_REFCOUNT_VARIANT_H

#define RC_NAME    "refcount"
#define RC_SUMMARY "pure reference counting, counts plain"
#define RC_PROMPT  GC_PROMPT_ALL

#include "refcount/threads-one.h"
#include "refcount/counts-word.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-now.h"
#include "refcount/candidates-none.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
