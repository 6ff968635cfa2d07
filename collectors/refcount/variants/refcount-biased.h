/* refcount-biased.h: the collector refcount-biased.
 * Threads share objects: counts are changed atomically only by threads
 * that did not make the object. */
#ifndef REAPMARK_REFCOUNT_BIASED_VARIANT_H
#define REAPMARK_REFCOUNT_BIASED_VARIANT_H

#define RC_NAME    "refcount-biased"
#define RC_SUMMARY "pure reference counting, atomic only where threads share"
/* The owner finds what another thread dropped last at its next safepoint. */
#define RC_PROMPT GC_PROMPT_CONTENTS

#include "refcount/threads-many.h"
#include "refcount/counts-biased.h"
#include "refcount/cells-freelists.h"
#include "refcount/death-now.h"
#include "refcount/candidates-none.h"
#include "refcount/borrowing-free.h"

#include "refcount/refcount.h"

#endif
