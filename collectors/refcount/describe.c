/* describe.c: how the counting collectors describe themselves.  The name, the
 * summary and RC_PROMPT are defined by the collector's header in variants/, the
 * rest by its parts. */
#include "gc.h"
#include "common/pacing.h"

#ifndef RC_WORDS
#define RC_WORDS NULL /* the values of all options are numbers */
#endif

/* Counters of refcount.c: objects that were put in the queue of finalizers, and
 * objects to which weak references were cleared. */
static const char *const rc_events[] = {
    "finalizers-queued", "weak-cleared", "ephemerons-cleared", EXTERNAL_EVENTS,
    RC_COUNTS_EVENTS RC_CELLS_EVENTS RC_DEATH_EVENTS RC_CANDIDATES_EVENTS NULL};

static const char *const rc_work[] = {
    RC_COUNTS_WORK RC_CELLS_WORK RC_DEATH_WORK RC_CANDIDATES_WORK NULL};

static const char *const rc_tight[] = {RC_CANDIDATES_TIGHT NULL};

/* All of these collectors call the hooks for collections, poison and failures.
 * One mutator alone has no races, and some parts have no lists to bound. */
enum {
  rc_hostile = GC_HOSTILE_COLLECT | GC_HOSTILE_POISON | GC_HOSTILE_FAIL |
               (RC_SHARED ? GC_HOSTILE_YIELD : 0) | RC_COUNTS_HOSTILE |
               RC_CANDIDATES_HOSTILE
};

const gc_collector gc_this_collector = {
    .name = RC_NAME,
    .summary = RC_SUMMARY,
    .source = RC_SOURCE,
    .hostile = rc_hostile,
    .can = {.reclaims = RC_RECLAIMS,
            .prompt = RC_PROMPT,
            .external = RC_EXTERNAL,
            .threads = RC_SHARED,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true,
            .granule = RC_CELLS_GRANULE,
            .overhead_bytes = 128 << 10},
    .options = RC_OPTIONS,
    .words = RC_WORDS,
    .events = rc_events,
    .work = rc_work,
    .tight = rc_tight,
    .partial = RC_CANDIDATES_PARTIAL,
};
