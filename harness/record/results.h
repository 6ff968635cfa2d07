/* results.h: reads a results directory (results/schema.md). */
#ifndef REAPMARK_RESULTS_H
#define REAPMARK_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a file of JSON lines was found to be like. */
typedef struct results_state {
  off_t whole;    /* bytes of whole lines; what follows is cut short */
  bool cut_short; /* something follows */
  size_t
      damaged; /* whole lines that are not what they should be: passed over */
  size_t first_damaged; /* the first of them, counted from 1 */
} results_state;

/* Reads DIR/NAME as one JSON value, new; or NULL with one line in `why`. */
json_t *results_read_json(const char *dir, const char *name, char *why,
                          size_t room);

/* Calls `visit` with every whole line of DIR/NAME that is JSON, one after the
 * other and borrowed, so that they need not be in memory together; it returns
 * whether the line is what it should be.  Returns false, with one line in
 * `why`, if the file cannot be read; that it does not exist is no error, but no
 * line. */
bool results_read_lines(const char *dir, const char *name,
                        bool (*visit)(void *data, const json_t *line),
                        void *data, results_state *state, char *why,
                        size_t room);

/* The same with the records of DIR/runs.jsonl. */
bool results_read_runs(const char *dir,
                       void (*visit)(void *data, const json_t *record),
                       void *data, results_state *state, char *why,
                       size_t room);

#endif
