/* refcount-cycles-jemalloc.h: the collector refcount-cycles-jemalloc.
 * refcount-cycles with objects from jemalloc. */
#ifndef REAPMARK_REFCOUNT_CYCLES_JEMALLOC_VARIANT_H
#define REAPMARK_REFCOUNT_CYCLES_JEMALLOC_VARIANT_H

#define RC_NAME    "refcount-cycles-jemalloc"
#define RC_SUMMARY "refcount-cycles with objects straight from jemalloc"
/* A dead candidate keeps its memory until the detector finds it. */
#define RC_PROMPT GC_PROMPT_CONTENTS

#include "refcount/threads-one.h"
#include "refcount/counts-word.h"
#include "refcount/cells-jemalloc.h"
#include "refcount/death-now.h"
#include "refcount/candidates.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
