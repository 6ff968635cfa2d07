/* warn.h: warnings, which have names that stay as they are, so that a reader
 * finds in docs/warnings.md what to do about each. */
#ifndef REAPMARK_WARN_H
#define REAPMARK_WARN_H

/* Says one line on standard error: "PROGRAM: warning: TEXT [ID]".  The id is
 * "W-" and words in lower case; a text that has it already does not get it
 * twice. */
void say_warning(const char *id, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
