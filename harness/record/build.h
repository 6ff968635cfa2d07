/* build.h: how a program was compiled, in one line.  Of the build that a
 * program describes (`build` of its description and of its records) and of the
 * driver's (machine.json). */
#ifndef REAPMARK_RECORD_BUILD_H
#define REAPMARK_RECORD_BUILD_H

#include <jansson.h>
#include <stddef.h>

/* Bytes of such a line, with the final 0. */
enum { BUILD_TEXT = 256 };

#define BUILD_UNKNOWN "unknown"

/* Writes what changes the code: "GNU 12.2.0 -O2 -DNDEBUG", "Clang 14 -O0, not
 * optimised, sanitizer address, with checks".  Flags that change only messages
 * or debugging information (-W..., -g...) are left out.  Two programs whose
 * lines differ were compiled otherwise.  BUILD_UNKNOWN if `build` is NULL or
 * tells no compiler.  `out` has BUILD_TEXT bytes. */
void build_text(const json_t *build, char *out);

#endif
