/* coverage.h: which parts of the collector ran, by the events that the
 * collector declares (gc_collector.events): how often each happened, and which
 * followed which.
 *
 * The events are counters of gc_heap_counters, which is read after each
 * operation if threads take turns, and whenever all threads stand still if they
 * run beside each other.  What the checks themselves cause, which collect and
 * run finalizers, is left out: it would happen to every collector, whatever the
 * operations between the checks do. */
#ifndef REAPMARK_EXECUTOR_COVERAGE_H
#define REAPMARK_EXECUTOR_COVERAGE_H

#include "executor.h"

/* Begins with the counters as they are now.  Ends the process if the collector
 * declares an event that is no counter of its own. */
void coverage_begin(executor *x);

/* Counts what has happened since the last call, or leaves it out (skip).  All
 * other threads stand still. */
void coverage_sample(executor *x);
void coverage_skip(executor *x);

/* Adds the coverage to the record. */
void coverage_record(executor_thread *t);

#endif
