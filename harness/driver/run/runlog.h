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

/* The directory for results of a kind ("runs", "stress") if the user names
 * none: results/KIND/TIME here or, where nothing can be written,
 * reapmark/KIND/TIME in the user's folder of state ($XDG_STATE_HOME,
 * ~/.local/state) or in that of temporary files, which was said then.  Makes
 * nothing. */
const char *runlog_default_dir(const char *kind);

/* Makes DIR and the folders above it if they are missing, and locks DIR.  The
 * lock ends with the process, even if the process is killed. */
bool runlog_open(runlog *log, const char *dir);

/* Writes DIR/NAME: the whole file or, after an error, none of it. */
bool runlog_write(runlog *log, const char *name, const json_t *json);

/* Opens DIR/NAME (runs.jsonl) for appending after its first `whole` bytes, and
 * cuts off the rest, which a run before left incomplete.  Makes the file if it
 * is missing. */
bool runlog_begin(runlog *log, const char *name, off_t whole);

/* Appends a record as one line.  Returns as runlog_append, but does not wait
 * for the disk: for a file that is made from other files. */
int runlog_add(runlog *log, const json_t *record);

/* Waits until all that was added is on the disk, and gives the file another
 * name.  False after an error, which was said. */
bool runlog_finish(runlog *log, const char *name);

/* Appends a record as one line and waits until it is on the disk.  Returns 0,
 * or the errno of a failure, after which the line is not in the file, or the
 * file is not what readers will find (runlog_check). */
int runlog_append(runlog *log, const json_t *record);

/* Whether DIR/NAME is still the file that was appended to, with all that was
 * appended: 0, or an errno: ENOENT if the directory or the file was removed,
 * ESTALE if another file is in its place, or something else wrote to it. */
int runlog_check(const runlog *log);

void runlog_close(runlog *log);

#endif
