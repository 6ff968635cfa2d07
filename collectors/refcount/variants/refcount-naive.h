/* refcount-naive.h: the collector refcount-naive.
 * Every register owns a count: what borrowing and moving save. */
#ifndef REAPMARK_REFCOUNT_NAIVE_VARIANT_H
#define REAPMARK_REFCOUNT_NAIVE_VARIANT_H

#define RC_NAME    "refcount-naive"
#define RC_SUMMARY "pure reference counting, every register and move counted"
#define RC_PROMPT  GC_PROMPT_ALL

#include "refcount/threads-one.h"
#include "refcount/counts-word.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-now.h"
#include "refcount/candidates-none.h"
#include "refcount/borrowing-counted.h"

#include "refcount/refcount.h"

#endif
