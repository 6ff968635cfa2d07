/* refcount-lazy.h: the collector refcount-lazy.
 * Later allocations tear down the dead, one by one. */
#ifndef REAPMARK_REFCOUNT_LAZY_VARIANT_H
#define REAPMARK_REFCOUNT_LAZY_VARIANT_H

#define RC_NAME    "refcount-lazy"
#define RC_SUMMARY "pure reference counting, the dead torn down by allocation"
/* What a dead object refers to waits until the object is torn down. */
#define RC_PROMPT GC_PROMPT_NO

#include "refcount/threads-one.h"
#include "refcount/counts-word.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-lazy.h"
#include "refcount/candidates-none.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
