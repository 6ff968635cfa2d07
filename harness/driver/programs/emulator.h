/* emulator.h: whether another program interprets this one, as qemu-aarch64 does
 * where the processor is of another kind.  What such a program measures are the
 * times of its interpreter. */
#ifndef REAPMARK_EMULATOR_H
#define REAPMARK_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>

/* The name of the architecture that this program was compiled for, as uname
 * spells it ("aarch64").  Not to be freed. */
const char *emulator_architecture(void);

/* The program that the kernel runs where it seems to run this one, and its
 * architecture ("qemu-aarch64-static on x86_64"), written to `out`; "" if the
 * kernel runs this one, or does not tell.  What shows an emulator is not its
 * name: its file is of another architecture than this program. */
void emulator_find(char *out, size_t room);

/* The same of a process whose `exe` in /proc is `path`, if the program in it
 * was compiled for `machine` (e_machine of an ELF header).  For tests. */
void emulator_find_in(const char *path, unsigned machine, char *out,
                      size_t room);

#endif
