/* refcount-cycles.h: the collector refcount-cycles.
 * Plain counts and a cycle detector. */
#ifndef REAPMARK_REFCOUNT_CYCLES_VARIANT_H
#define REAPMARK_REFCOUNT_CYCLES_VARIANT_H

#define RC_NAME    "refcount-cycles"
#define RC_SUMMARY "reference counting with a synchronous cycle detector"
/* A dead candidate keeps its memory until the detector finds it. */
#define RC_PROMPT GC_PROMPT_CONTENTS

#include "refcount/threads-one.h"
#include "refcount/counts-word.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-now.h"
#include "refcount/candidates.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
