/* fuzz.h: the random mutator on a byte string, for fuzzing engines. */
#ifndef REAPMARK_FUZZ_H
#define REAPMARK_FUZZ_H

#include "workload.h"

/* Runs one thread whose choices are the bytes.  It ends with
 * them; then nothing is reachable any more, and everything has been compared. A
 * difference is a wl_violation. */
void fuzz_bytes(wl_thread *t, const uint8_t *bytes, size_t n);

#endif
