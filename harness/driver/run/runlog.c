/* runlog.c: writes a results directory. */
#include "runlog.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool failed(const runlog *log, const char *name) {
  say("%s%s%s: %s", log->dir, *name ? "/" : "", name, strerror(errno));
  return false;
}

static bool make_folders(const char *dir) {
  char *path = arena_text("%s", dir);
  for (char *slash = path; *slash;) {
    slash += strspn(slash, "/");
    slash += strcspn(slash, "/");
    char kept = *slash;
    *slash = 0;
    if (mkdir(path, 0777) && errno != EEXIST)
      return false;
    *slash = kept;
  }
  return true;
}

/* Whether make_folders could make this directory. */
static bool can_be_made(const char *dir) {
  char *path = arena_text("%s", dir), *slash;
  while (access(path, F_OK) && (slash = strrchr(path, '/')))
    *slash = 0;
  if (!*path)
    path = arena_text("/");
  else if (access(path, F_OK))
    path = arena_text(".");
  return !access(path, W_OK | X_OK);
}

const char *runlog_default_dir(const char *kind) {
  char stamp[32];
  time_t now = time(NULL);
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H%M%SZ", gmtime(&now));
  const char *here = arena_text("results/%s/%s", kind, stamp);
  if (can_be_made(here))
    return here;
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  const char *tmp = getenv("TMPDIR");
  if ((!state || *state != '/') && home && *home == '/')
    state = arena_text("%s/.local/state", home);
  const char *dir =
      arena_text("%s/reapmark/%s/%s", state ? state : "", kind, stamp);
  if (!state || *state != '/' || !can_be_made(dir))
    dir = arena_text("%s/reapmark-%ju/%s/%s", tmp && *tmp ? tmp : "/tmp",
                     (uintmax_t)getuid(), kind, stamp);
  say("nothing can be written here: the results go to %s", dir);
  return dir;
}

bool runlog_open(runlog *log, const char *dir) {
  *log = (runlog){.dir = dir, .folder = -1, .runs = -1};
  if (!make_folders(dir))
    return failed(log, "");
  log->folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (log->folder < 0)
    return failed(log, "");
  if (faccessat(log->folder, ".", W_OK | X_OK, 0))
    return failed(log, "");
  if (flock(log->folder, LOCK_EX | LOCK_NB) == 0)
    return true;
  if (errno != EWOULDBLOCK)
    return failed(log, "");
  say("%s: another run is writing here", dir);
  return false;
}

static bool write_all(int fd, const char *text, size_t n) {
  while (n) {
    ssize_t written = write(fd, text, n);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    text += written;
    n -= (size_t)written;
  }
  return true;
}

bool runlog_write(runlog *log, const char *name, const json_t *json) {
  const char *fresh = arena_text("%s.new", name);
  char *text = json_dumps(json, JSON_INDENT(1));
  int fd = openat(log->folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                  0666);
  bool good = fd >= 0 && text && write_all(fd, text, strlen(text)) &&
              write_all(fd, "\n", 1) && !fsync(fd) &&
              !renameat(log->folder, fresh, log->folder, name) &&
              !fsync(log->folder);
  if (!good) {
    failed(log, name);
    unlinkat(log->folder, fresh, 0);
  }
  if (fd >= 0)
    close(fd);
  free(text);
  return good;
}

bool runlog_begin(runlog *log, const char *name, off_t whole) {
  log->end = whole;
  log->name = name;
  log->runs = openat(log->folder, name,
                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  return (log->runs >= 0 && !ftruncate(log->runs, whole)) || failed(log, name);
}

int runlog_check(const runlog *log) {
  struct stat named, ours;
  if (stat(arena_text("%s/%s", log->dir, log->name), &named) ||
      fstat(log->runs, &ours))
    return errno;
  return named.st_dev == ours.st_dev && named.st_ino == ours.st_ino &&
                 ours.st_size == log->end
             ? 0
             : ESTALE;
}

static int append(runlog *log, const json_t *record, bool wait) {
  char *text = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(9));
  if (!text)
    return ENOMEM;
  size_t n = strlen(text);
  text[n] = '\n'; /* the terminator's place: one write for the whole line */
  int error = 0;
  if (!write_all(log->runs, text, n + 1) || (wait && fdatasync(log->runs))) {
    error = errno;
    /* If this fails too, readers ignore the line that is cut short. */
    if (ftruncate(log->runs, log->end))
      say("%s/%s: %s", log->dir, log->name, strerror(errno));
  } else {
    log->end += (off_t)n + 1;
    error = wait ? runlog_check(log) : 0;
  }
  free(text);
  return error;
}

int runlog_append(runlog *log, const json_t *record) {
  return append(log, record, true);
}

int runlog_add(runlog *log, const json_t *record) {
  return append(log, record, false);
}

bool runlog_finish(runlog *log, const char *name) {
  if (fsync(log->runs) || renameat(log->folder, log->name, log->folder, name) ||
      fsync(log->folder))
    return failed(log, name);
  log->name = name;
  return true;
}

void runlog_close(runlog *log) {
  if (log->runs >= 0)
    close(log->runs);
  if (log->folder >= 0)
    close(log->folder);
}
