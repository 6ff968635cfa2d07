/* comparison.h: compares what the collector's heap holds with the shadow heap.
 * Every difference that an oracle asks for ends the run. */
#ifndef REAPMARK_EXECUTOR_COMPARISON_H
#define REAPMARK_EXECUTOR_COMPARISON_H

#include "executor.h"

/* Writes the payload of the new object `o` in register `r`: a stamp, if there
 * is room for one, and a pattern everywhere else. */
void comparison_stamp(executor_thread *t, gc_reg r, shadow_ref o);

/* Compares register `r`, which is not one of the executor's own, with `o`:
 * which object it holds, and with `whole` also whether the payload is as it was
 * left. `oracle` names the comparison in the story. */
void comparison_register(executor_thread *t, gc_reg r, shadow_ref o,
                         const char *oracle, bool whole);

/* Compares a weak reference that returned its target: it must not do so if the
 * target was found dead after the weak reference was made, whatever the
 * target's finalizer did with it. */
void comparison_uncleared(executor_thread *t, shadow_ref weak);

/* Compares everything that the roots of `t` reach, and for the first thread
 * what the global roots reach. */
void comparison_walk(executor_thread *t);

#endif
