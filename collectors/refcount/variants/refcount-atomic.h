/* refcount-atomic.h: the collector refcount-atomic.
 * Threads share objects: every count is changed atomically. */
#ifndef REAPMARK_REFCOUNT_ATOMIC_VARIANT_H
#define REAPMARK_REFCOUNT_ATOMIC_VARIANT_H

#define RC_NAME    "refcount-atomic"
#define RC_SUMMARY "pure reference counting, counts changed atomically"
#define RC_PROMPT  GC_PROMPT_ALL

#include "refcount/threads-many.h"
#include "refcount/counts-word.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-now.h"
#include "refcount/candidates-none.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
