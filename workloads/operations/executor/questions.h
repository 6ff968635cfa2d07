/* questions.h: whether an object that the collector treated as dead could
 * really not be reached.
 *
 * To know, the whole shadow heap must be marked.  That is done at once if the
 * threads stand still and the time spent on it so far allows it; else the
 * question is kept until the next check. */
#ifndef REAPMARK_EXECUTOR_QUESTIONS_H
#define REAPMARK_EXECUTOR_QUESTIONS_H

#include "executor.h"

/* Marking costs as many units as the shadow heap has places.  A thread earns
 * QUESTION_CREDIT units with every operation, and begins with
 * QUESTION_CREDIT_FIRST, so that every question of a short trace is answered at
 * once: otherwise a shortened trace could pass where the long trace that it was
 * made from fails.  Threads after the first QUESTION_RICH begin with
 * QUESTION_CREDIT_LATER: in a long run hundreds come and go.  Where the last
 * marking took more than QUESTION_DEAR steps (shadow_steps), marking costs as
 * many units as it took steps: a heap from which nothing is reclaimed may have
 * a hundred thousand places with ten slots each. */
enum {
  QUESTION_CREDIT = 8,
  QUESTION_CREDIT_FIRST = 1 << 22,
  QUESTION_CREDIT_LATER = 1 << 16,
  QUESTION_RICH = 8,
  QUESTION_DEAR = 1 << 20
};

/* Takes the price of one marking from the credit; false if there is too little.
 */
bool question_afford_mark(executor_thread *t);

/* The marking that was afforded has been done: notes what it took.  `before`:
 * shadow_steps before. */
void question_marked(executor *x, uint64_t before);

/* Marks what is reachable, if that can be done now. */
bool question_mark_now(executor_thread *t);

/* Keeps a question for later. */
void question_add(executor_questions *list, executor_question q);

/* Answer one question or all of a list, which is then empty.  What is reachable
 * is marked.  Ends the run with a violation if the object is reachable. */
void question_answer(executor_thread *t, executor_question q);
void question_answer_all(executor_thread *t, executor_questions *list);

/* Notes that the collector may rightly have found `o`, and what it leads to,
 * dead up to now.  With `dead`, objects that are marked are left out. */
void question_cast_doubt(executor_thread *t, shadow_ref o, bool dead);

#endif
