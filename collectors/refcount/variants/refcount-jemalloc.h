/* refcount-jemalloc.h: the collector refcount-jemalloc.
 * Objects come from jemalloc: what our own free lists are worth. */
#ifndef REAPMARK_REFCOUNT_JEMALLOC_VARIANT_H
#define REAPMARK_REFCOUNT_JEMALLOC_VARIANT_H

#define RC_NAME    "refcount-jemalloc"
#define RC_SUMMARY "pure reference counting, objects straight from jemalloc"
#define RC_PROMPT  GC_PROMPT_ALL

#include "refcount/threads-one.h"
#include "refcount/counts-word.h"
#include "refcount/cells-jemalloc.h"
#include "refcount/death-now.h"
#include "refcount/candidates-none.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
