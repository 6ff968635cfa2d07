/* answer.h: what the parts of the answer in words (table-answer.c) share. */
#ifndef REAPMARK_REPORT_ANSWER_H
#define REAPMARK_REPORT_ANSWER_H

#include "tables.h"

/* The items that a sentence names: `most` of them, then how many more. */
typedef struct answer_list {
  const char *text;
  size_t count, most;
} answer_list;

void answer_add(answer_list *l, const char *item);
const char *answer_text(const answer_list *l);

/* " WORDS a, b and 2 more.", or "" without items. */
const char *answer_sentence(const char *words, const answer_list *l);

/* A larger number of further runs is no advice. */
#define ANSWER_RUNS_MOST 999

/* "+3 runs"; what the words mean is said once, below the sentences. */
const char *answer_more_runs(double runs);

/* Adds an item of a page, broken into lines between words: an answer is longer
 * than the lines of a terminal. */
void answer_say(page *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says how collectors stand to the report's goals, and adds rows to `t`, the
 * table of the answer, unless it is NULL.  Nothing without goals. */
void answer_goals(page *p, table *t, const report *r, size_t most);

#endif
