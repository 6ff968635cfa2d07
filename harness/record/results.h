/* results.h: reads a results directory (results/schema.md). */
#ifndef REAPMARK_RESULTS_H
#define REAPMARK_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The state of a file of JSON lines. */
typedef struct results_state {
  off_t whole;          /* bytes of whole lines */
  bool cut_short;       /* a line without an end follows them */
  size_t damaged;       /* whole lines that were not as expected, and skipped */
  size_t first_damaged; /* the first damaged line, counted from 1 */
} results_state;

/* Reads DIR/NAME as one JSON value (new), or returns NULL with one line in
 * `why`: also if it has a schema, and this is another one than
 * RECORD_SCHEMA.  Then errno is 0, and otherwise tells why the file could not
 * be opened. */
json_t *results_read_json(const char *dir, const char *name, char *why,
                          size_t room);

/* Calls `visit` with every whole line of DIR/NAME that is JSON, one after the
 * other, so that the values (borrowed) need not be in memory together.
 * `visit` returns whether the line is as expected.  Returns false, with one
 * line in `why`, if the file cannot be read.  A file that does not exist
 * counts as empty. */
bool results_read_lines(const char *dir, const char *name,
                        bool (*visit)(void *data, const json_t *line),
                        void *data, results_state *state, char *why,
                        size_t room);

/* The same for the records of DIR/runs.jsonl. */
bool results_read_runs(const char *dir,
                       void (*visit)(void *data, const json_t *record),
                       void *data, results_state *state, char *why,
                       size_t room);

#endif
