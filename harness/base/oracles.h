/* oracles.h: the names of the comparisons that the random mutator makes
 * (workloads/operations/executor).  They are values of its parameter
 * `oracle`, and a failed run names the one that found the fault. */
#ifndef REAPMARK_ORACLES_H
#define REAPMARK_ORACLES_H

#define ORACLE_NAMES "graph", "count", "weak", "finalizer", "check", "limit"

#endif
