/* refcount-generations.h: the collector refcount-generations.
 * Plain counts and CPython's detector, by generations. */
#ifndef REAPMARK_REFCOUNT_GENERATIONS_VARIANT_H
#define REAPMARK_REFCOUNT_GENERATIONS_VARIANT_H

#define RC_NAME "refcount-generations"
#define RC_SUMMARY                                                             \
  "reference counting with CPython's detector of three generations"
#define RC_PROMPT GC_PROMPT_ALL

#include "refcount/threads-one.h"
#include "refcount/counts-word.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-now.h"
#include "refcount/candidates-generations.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
