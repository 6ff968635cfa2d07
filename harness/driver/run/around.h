/* around.h: what `run` adds to the command of each run: the PUs of its threads
 * (--pin), a command around it (--wrap), a file for the times of its requests
 * (--latencies).  All of it is checked before anything runs. */
#ifndef REAPMARK_AROUND_H
#define REAPMARK_AROUND_H

#include "harness/base/words.h"

/* Stands for the name of the run in texts that --wrap and --latencies take. */
#define AROUND_CELL "{cell}"

/* Whether the text is a value of --pin: `auto`, `none`, or a list of PUs such
 * as 0,2-3 of which this process may use all.  Returns NULL, or what is wrong
 * with it. */
const char *around_pin_wrong(const char *text);

/* Splits the command of --wrap into words.  Blanks separate words.  '...' is
 * taken as it is; in "..." a backslash takes the special meaning from " and
 * from itself; elsewhere a backslash takes it from any character.  Nothing else
 * is special: no variable, no pattern, no redirection, no second command, as no
 * shell sees the words.  The first word becomes the path of a program that can
 * be executed, found in the user's PATH.
 *
 * Returns NULL, or what is wrong with the text. */
const char *around_split(const char *text, word_list *words);

/* Whether the text is a value of --latencies: a path that has AROUND_CELL,
 * in a folder that can be written to.  Returns NULL, or what is wrong. */
const char *around_latencies_wrong(const char *text);

/* The text with AROUND_CELL replaced by a file name that is made of the key of
 * the run: of letters, digits and ._=+- only, and never longer than 200. */
const char *around_expand(const char *text, const char *key);

#endif
