/* words.h: the words that users type, read the same way by the driver and by
 * the collector programs. */
#ifndef REAPMARK_WORDS_H
#define REAPMARK_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns which of the `n` `known` words the user may have meant by `word`: the
 * one of the smallest edit distance (Levenshtein 1966, with a swap of
 * neighbours counted once), if this distance is at most a third of the longer
 * word's length.  NULL if no word is so near.  The result is borrowed from
 * `known`, in which NULL entries are skipped. */
const char *words_nearest(const char *word, const char *const *known, size_t n);

/* Writes " (did you mean 'NEAREST'?)" to `out`, which has `room` bytes, or the
 * empty string if no known word is near; returns `out`.  For the end of an
 * error message. */
const char *words_suggest(char *out, size_t room, const char *word,
                          const char *const *known, size_t n);

/* The same; if no known word is near, writes " (choose from A, B, C)", provided
 * that there are any and that the text fits. */
const char *words_choices(char *out, size_t room, const char *word,
                          const char *const *known, size_t n);

/* Reads an unsigned integer, decimal, with an optional k, M or G for a power of
 * 1024 (any case).  Returns false if `text` is anything else or too large. */
bool words_number(const char *text, uint64_t *value);

/* Reads an unsigned decimal number with an optional fraction and exponent
 * ("1.5", "1e3"), and returns what follows it; NULL if `text` does not begin
 * with a digit, is hexadecimal, or is too large. */
const char *words_decimal(const char *text, double *value);

/* Reads a time above 0 with its unit, "500us", "5ms", "1.5 s" or "5m" (ns, us,
 * µs, ms, s, m or min, h), as nanoseconds.  Returns false if `text` is anything
 * else. */
bool words_time(const char *text, double *ns);

/* Replaces by '?', in place, what a terminal could take for a command or show
 * elsewhere: control characters (of ASCII and of U+0080 to U+009F), separators
 * of lines and marks of direction, and bytes that are no UTF-8.  Newlines stay
 * if `lines` is true. */
void words_clean(char *text, bool lines);

/* Copies `bytes` bytes of text to `out`, which has `room` bytes with the final
 * 0, cleaned and on one line.  What has no room is cut off, between characters.
 * Returns the length of the copy. */
size_t words_copy(char *out, size_t room, const char *text, size_t bytes);

/* A list of words. */
typedef struct word_list {
  const char **words;
  size_t count;
} word_list;
void word_list_add(word_list *list, const char *word);
bool word_list_has(const word_list *list, const char *word);

/* Splits a list that the user wrote (NULL: none) at commas or blanks.  A piece
 * KEY=VALUE belongs to the item before it, so that "a:x=1,y=2 b" is the two
 * items "a:x=1,y=2" and "b". */
word_list words_split(const char *text);

/* The items of an option's list (NULL: the option is not given) and of the
 * operands (NULL-terminated), each of which is a list, too. */
word_list words_chosen(const char *option, char **operands);

/* Splits a list whose items are themselves KEY=VALUE: at every comma or
 * blank. */
word_list words_pieces(const char *text);

/* The numbers from 0 to `end` - 1 that are in a set, as `has` tells, ascending
 * and as short as can be: "0,2-3".  In the arena. */
const char *words_ranges(bool (*has)(const void *set, size_t number),
                         const void *set, size_t end);

#endif
