/* arena.h: memory that lives as long as the process.
 *
 * The driver is a short command whose data (what was found, what is planned)
 * is needed until its end.  So nothing of it is freed piece by piece: it comes
 * from here, and running out of it ends the process with a message. */
#ifndef REAPMARK_ARENA_H
#define REAPMARK_ARENA_H

#include <stddef.h>

/* `bytes` zeroed bytes. */
void *arena_take(size_t bytes);

/* printf into a string of its own. */
char *arena_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Room for one more in an array of `count` elements of `size` bytes: returns
 * the array, moved if it had to grow.  Arrays grow by doubling at powers of
 * two, so `count` is all there is to know. */
void *arena_more(void *array, size_t count, size_t size);

#endif
