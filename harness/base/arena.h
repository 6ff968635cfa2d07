/* arena.h: memory that lives as long as the process.
 *
 * The driver is a short-lived command that needs its data (what was found, what
 * is planned) until it ends.  Such data is therefore never freed piece by
 * piece; it is allocated here.  Running out of memory ends the process with a
 * message.  Not for several threads at once. */
#ifndef REAPMARK_ARENA_H
#define REAPMARK_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/* Returns `bytes` zeroed bytes, aligned for any object. */
void *arena_take(size_t bytes);

/* Returns a new string, formatted as by printf. */
char *arena_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *arena_vtext(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* Makes room for one more element in an array of `count` elements of `size`
 * bytes each, and returns the array, which may have moved.  The capacity
 * follows from `count`: arrays double when `count` is a power of two. */
void *arena_more(void *array, size_t count, size_t size);

#endif
