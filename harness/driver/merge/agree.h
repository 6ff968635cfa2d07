/* agree.h: whether directories may be merged: they are of one plan, of one
 * build, and of machines of one kind. */
#ifndef REAPMARK_MERGE_AGREE_H
#define REAPMARK_MERGE_AGREE_H

#include "share.h"

/* Why `s` cannot be merged with `first`, in the arena, or NULL. */

/* Another plan.  Which rounds a directory has, and of how many, is no part of
 * it. */
const char *agree_on_plan(const share *first, const share *s);

/* The driver was built otherwise, or a program of the plan has another size. */
const char *agree_on_build(const share *first, const share *s);

/* Some collector program of the whole rounds, or the runtime in it, is another
 * one than in the records that were seen before.  `seen` is an object that
 * keeps what was seen, empty at first.  *good becomes false after an error of
 * reading, which was said. */
const char *agree_on_programs(json_t *seen, const share *s, bool *good);

/* What tells two machines apart of which machine.json has these descriptions:
 * "its microcode is 0x2, not 0x1".  The model of the processor, its revision,
 * its microcode, its caches, the kernel.  What one of them does not tell is no
 * difference. */
const char *agree_on_machine(const json_t *first, const json_t *other);

#endif
