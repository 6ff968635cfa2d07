/* operands.h: draws the operands of an operation: registers, objects, slots and
 * roots that the thread may use in it. */
#ifndef REAPMARK_FUZZ_OPERANDS_H
#define REAPMARK_FUZZ_OPERANDS_H

#include "actor.h"

/* One of the thread's topmost registers; one that is owning or borrowing. */
gc_reg operand_register(actor *a);
gc_reg operand_kind(actor *a, bool owning);
gc_reg operand_owning(actor *a);

/* A register that holds an object; false if none was found. */
bool operand_object(actor *a, gc_reg *r);

/* A register with an object that has slots, which the thread may read or write,
 * and one of its slots, mostly the first or last of many.  Takes the lock if
 * the object needs it.  False if none was found. */
bool operand_slot(actor *a, bool writes, gc_reg *r, uint32_t *i);

/* The same for a slot of the object in register `r`, if there is one. */
bool operand_slot_of(actor *a, gc_reg r, bool writes, uint32_t *i);

/* Whether what is in `src` may be stored into `target` (0: a global root).  If
 * the target is shared, the object becomes shared too. */
bool operand_may_store(actor *a, shadow_ref target, gc_reg src);

/* A global root to be read or written; one of those where weak references are
 * put, to be found when their targets are dead.  They take the lock if the root
 * needs it. */
uint32_t operand_global(actor *a, bool writes);
uint32_t operand_weak_global(actor *a);

#endif
