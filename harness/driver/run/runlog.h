/* runlog.h: writes a results directory (results/schema.md), one driver at a
 * time. */
#ifndef REAPMARK_RUNLOG_H
#define REAPMARK_RUNLOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct runlog {
  const char *dir;
  int folder;       /* descriptor of DIR, which holds the lock */
  const char *name; /* of the file that is appended to */
  int runs;         /* its descriptor, or -1 */
  off_t end;        /* bytes of whole lines */
} runlog;

/* Those that return bool return false after saying what went wrong. */

/* Makes DIR and the folders above it where they are missing, and locks it: the
 * lock ends with the process, however that ends. */
bool runlog_open(runlog *log, const char *dir);

/* Writes DIR/NAME: whole or not at all. */
bool runlog_write(runlog *log, const char *name, const json_t *json);

/* Opens DIR/NAME (runs.jsonl), made if missing, for appending after its first
 * `whole` bytes; what follows them is cut off. */
bool runlog_begin(runlog *log, const char *name, off_t whole);

/* Appends a record as one line and waits until it is on the disk.  Returns 0,
 * or the errno of what went wrong: then the line was taken back. */
int runlog_append(runlog *log, const json_t *record);

void runlog_close(runlog *log);

#endif
