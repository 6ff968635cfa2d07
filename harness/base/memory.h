/* memory.h: how much memory this process may use. */
#ifndef REAPMARK_MEMORY_H
#define REAPMARK_MEMORY_H

#include <stdint.h>

/* The memory of the machine in bytes, or less if a control group (cgroups) or a
 * limit of the address space (ulimit -v) gives the process less.  Memory that
 * others use is not taken off. */
uint64_t memory_most(void);

#endif
