/* liar.c: pure reference counting that declares what mark-sweep does: to
 * reclaim cycles, which it does not, and to reclaim nothing at once, which it
 * does. */
#include "gc.h"

const gc_collector gc_this_collector = {
    .name = "liar",
    .summary = "declares what it does not do (for tests)",
    .source = "none",
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .prompt = GC_PROMPT_NO,
            .weak = true,
            .finalizers = true,
            .heap_limit = true},
    .options = (const gc_option[]){{0}},
};
