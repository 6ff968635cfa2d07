/* words.h: the words that users type, read the same way by the driver and by
 * the collector programs. */
#ifndef REAPMARK_WORDS_H
#define REAPMARK_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which of the `n` `known` words the user may have meant by `word`: the one of
 * the smallest edit distance (Levenshtein 1966, a swap of neighbours counted
 * once), if that is at most a third of the longer word's length.  NULL if none
 * is near.  Borrowed from `known`, whose NULL entries are passed over. */
const char *words_nearest(const char *word, const char *const *known, size_t n);

/* Writes " (did you mean 'NEAREST'?)" to `out`, or the empty string if no known
 * word is near; returns `out`.  For the end of an error line. */
const char *words_suggest(char *out, size_t room, const char *word,
                          const char *const *known, size_t n);

/* The same; where none is near, " (choose from A, B, C)" if there are any and
 * it fits. */
const char *words_choices(char *out, size_t room, const char *word,
                          const char *const *known, size_t n);

/* Reads an unsigned integer, decimal, with an optional k, M or G for a power of
 * 1024 (any case).  Returns false if `text` is anything else or too large. */
bool words_number(const char *text, uint64_t *value);

#endif
