/* numbers.h: numbers for people, in three significant digits. */
#ifndef REAPMARK_NUMBERS_H
#define REAPMARK_NUMBERS_H

/* Each writes to `out`, of NUMBER_TEXT bytes, and returns it. */
enum { NUMBER_TEXT = 32 };
char *number_si(char *out, double value);    /* 41.2M */
char *number_time(char *out, double ns);     /* 310 µs */
char *number_fixed(char *out, double value); /* 3.14, 31.4, 314 */

#endif
