/* describe.c: how the counting collectors describe themselves.  The name, the
 * summary and RC_PROMPT are defined by the collector's header in variants/, the
 * rest by its parts. */
#include "gc.h"

const gc_collector gc_this_collector = {
    .name = RC_NAME,
    .summary = RC_SUMMARY,
    .source = RC_SOURCE,
    .hostile = GC_HOSTILE_ALL,
    .can = {.reclaims = RC_RECLAIMS,
            .prompt = RC_PROMPT,
            .threads = RC_SHARED,
            .weak = true,
            .finalizers = true,
            .heap_limit = true,
            .overhead_bytes = 128 << 10},
    .options = RC_OPTIONS,
};
