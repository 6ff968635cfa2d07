/* story.h: what is told of an operation, in text. */
#ifndef REAPMARK_EXECUTOR_STORY_H
#define REAPMARK_EXECUTOR_STORY_H

#include "executor.h"

/* Append a string and a decimal number to the text in `to`, which has `room`
 * bytes and holds `n`; what does not fit is cut off.  They return the new
 * length. Async-signal-safe. */
size_t text_put(char *to, size_t n, size_t room, const char *s);
size_t text_put_number(char *to, size_t n, size_t room, uint64_t value);

#endif
