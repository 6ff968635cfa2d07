/* variants.c: how the collectors made from refcount.c alone describe
 * themselves. */
#include "gc.h"

const gc_collector gc_this_collector = {
#if RC_BIASED
    .name = "refcount-biased",
    .summary = "pure reference counting, atomic only where threads share",
#elif RC_ATOMIC
    .name = "refcount-atomic",
    .summary = "pure reference counting, counts changed atomically",
#elif RC_JEMALLOC
    .name = "refcount-jemalloc",
    .summary = "pure reference counting, objects straight from jemalloc",
#elif RC_LAZY
    .name = "refcount-lazy",
    .summary = "pure reference counting, the dead torn down by allocation",
#elif RC_NAIVE
    .name = "refcount-naive",
    .summary = "pure reference counting, every register and move counted",
#else
    .name = "refcount",
    .summary = "pure reference counting, counts plain",
#endif
#if RC_BIASED
    .source = "Choi, Shull & Torrellas, PACT 2018; free lists: Leijen et al., "
              "APLAS 2019",
#else
    .source = "Collins, CACM 1960; worklist: Weizenbaum, CACM 1963; free "
              "lists: Leijen et al., APLAS 2019",
#endif
    .hostile = true,
    .can =
        {.reclaims = GC_RECLAIMS_ACYCLIC,
         /* What another thread drops last, its owner finds at a safepoint. */
         .prompt = RC_LAZY     ? GC_PROMPT_NO
                   : RC_BIASED ? GC_PROMPT_CONTENTS
                               : GC_PROMPT_ALL,
         .threads = RC_ATOMIC,
         .weak = true,
         .finalizers = true,
         .heap_limit = true},
    .options = (const gc_option[]){{0}},
};
