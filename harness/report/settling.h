/* settling.h: whether something settles or grows (`stability` of the records),
 * by what the invocations of a cell say together. */
#ifndef REAPMARK_SETTLING_H
#define REAPMARK_SETTLING_H

#include <jansson.h>
#include <stddef.h>

/* How many invocations say what; zero at first. */
typedef struct settling {
  size_t runs, stable, growing;
} settling;

/* Adds what a record says at the path ("stability.garbage.verdict"). */
void settling_add(settling *s, const json_t *record, const char *path);

/* What more than half of the invocations say, and how many they are if not
 * all ("growing, 2 of 3"); NULL if nothing is known. */
const char *settling_text(const settling *s);

#endif
