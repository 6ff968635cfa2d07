/* spawn.c: posix_spawn, then one poll loop over the processes (pidfd), their
 * output, their stderr and the user's interrupts (signalfd).
 *
 * posix_spawn and not fork, because fork's cost grows with the driver.  The
 * output comes through a pipe, so that a program which writes without end is
 * stopped where we stop taking it.
 *
 * This process adopts what its children leave behind (PR_SET_CHILD_SUBREAPER):
 * a process that called setsid is in no group of ours, but would disturb the
 * runs that follow. */
#include "spawn.h"
#include "harness/base/words.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* ------------------------------------------------------------------------- *
 * The environment: as little as possible, because allocators and loaders take
 * orders from it, and because its mere size shifts the stack and with it what
 * is measured (Mytkowicz et al., ASPLOS 2009).
 * ------------------------------------------------------------------------- */

static const char *const fixed[] = {"LC_ALL=C",
                                    "PATH=/usr/local/bin:/usr/bin:/bin"};

/* Passed on: what programs may need to start at all, also under an emulator,
 * and the sanitizers' options.  Neither an emulator nor a sanitizer build is
 * for measuring anyway. */
static const char *const given[] = {
    "LD_LIBRARY_PATH=", "QEMU_LD_PREFIX=", "ASAN_OPTIONS=",
    "LSAN_OPTIONS=",    "TSAN_OPTIONS=",   "UBSAN_OPTIONS="};

/* Would change what is measured. */
static const char *const withheld[] = {
    "MALLOC_", "GLIBC_TUNABLES=", "LD_PRELOAD=", "LD_AUDIT=", "LD_BIND_",
    "GC_",     "HWLOC_"};

static bool begins_with_any(const char *variable, const char *const *prefixes,
                            size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!strncmp(variable, prefixes[i], strlen(prefixes[i])))
      return true;
  return false;
}
#define BEGINS(variable, list)                                                 \
  begins_with_any(variable, list, sizeof list / sizeof *list)

/* By this variable a process is known as a descendant of one child, whatever
 * group and session it is in.  The number has a fixed width. */
#define TAG "REAPMARK_CHILD="

/* The environment of a child with this tag; NULL: without one. */
static char **child_environment(char *tag) {
  static char **environment;
  static size_t n;
  if (!environment) {
    size_t fixed_count = sizeof fixed / sizeof *fixed;
    environment = arena_take((fixed_count + sizeof given / sizeof *given + 2) *
                             sizeof *environment);
    while (n < fixed_count) {
      environment[n] = arena_text("%s", fixed[n]);
      n++;
    }
    for (char **v = environ; *v; v++)
      if (BEGINS(*v, given))
        environment[n++] = *v;
  }
  environment[n] = tag;
  return environment;
}

json_t *spawn_environment_json(void) {
  json_t *yes = json_object(), *no = json_array();
  for (char **v = child_environment(NULL); *v; v++) {
    char *equals = strchr(*v, '=');
    json_object_set_new(yes, arena_text("%.*s", (int)(equals - *v), *v),
                        json_string(equals + 1));
  }
  for (char **v = environ; *v; v++)
    if (BEGINS(*v, withheld))
      json_array_append_new(no, json_stringn(*v, strcspn(*v, "=")));
  return json_pack("{s:o, s:o}", "given", yes, "withheld", no);
}

/* ------------------------------------------------------------------------- *
 * Interrupts: blocked for good and read from a descriptor, so that they come
 * only where we look.
 * ------------------------------------------------------------------------- */

static int interrupts = -1; /* poll passes over negative descriptors */
static bool lasting;        /* for good, and not only while children run */
static sigset_t unblocked;  /* the signal mask without */

static bool catch_interrupts(void) {
  sigset_t set;
  struct sigaction hangup;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  /* Under nohup SIGHUP is ignored and must stay ignored: signalfd would deliver
   * a blocked one. */
  if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
    sigaddset(&set, SIGHUP);
  interrupts = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return interrupts >= 0 && !sigprocmask(SIG_BLOCK, &set, &unblocked);
}

bool spawn_catch_interrupts(void) {
  lasting = true;
  return interrupts >= 0 || catch_interrupts();
}

/* No child runs: an interrupt that came meanwhile ends this process. */
static void let_interrupts_through(void) {
  if (lasting || interrupts < 0)
    return;
  close(interrupts);
  interrupts = -1;
  sigprocmask(SIG_SETMASK, &unblocked, NULL);
}

bool spawn_interrupted(void) {
  struct pollfd p = {interrupts, POLLIN, 0};
  return poll(&p, 1, 0) > 0;
}

/* ------------------------------------------------------------------------- *
 * The child.
 * ------------------------------------------------------------------------- */

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* When no child is to run any more. */
static uint64_t end_of_all = UINT64_MAX;

double spawn_clock(void) {
  return (double)now() / 1e9;
}

void spawn_end_at(double seconds) {
  end_of_all = isinf(seconds) ? UINT64_MAX : (uint64_t)(seconds * 1e9);
}

double spawn_time_left(void) {
  const uint64_t time = now();
  return end_of_all == UINT64_MAX ? HUGE_VAL
         : time >= end_of_all     ? 0
                                  : (double)(end_of_all - time) / 1e9;
}

static int start(char *const argv[], int output_fd, int output, int errors,
                 char *tag, pid_t *pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  /* An emulator that makes posix_spawn of a fork cannot tell us this. */
  if (access(argv[0], X_OK))
    return errno;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, errors, 2);
  posix_spawn_file_actions_adddup2(&files, output, output_fd);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                            POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  int error = posix_spawn(pid, argv[0], &files, &attributes, argv,
                          child_environment(tag));
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

/* The last bytes of stderr, with room for a sanitizer's report.
 */
typedef struct tail {
  char bytes[64 << 10];
  size_t length;
} tail;

/* Reads the bytes that are available; false at the end of the file. */
static bool tail_read(tail *t, int fd) {
  char piece[sizeof t->bytes / 2];
  ssize_t n;
  while ((n = read(fd, piece, sizeof piece)) > 0) {
    size_t room = sizeof t->bytes - t->length;
    if ((size_t)n > room) {
      size_t drop = (size_t)n - room;
      memmove(t->bytes, t->bytes + drop, t->length - drop);
      t->length -= drop;
    }
    memcpy(t->bytes + t->length, piece, (size_t)n);
    t->length += (size_t)n;
  }
  return n < 0;
}

static void last_line(const tail *t, char *out, size_t room) {
  size_t end = t->length;
  while (end && (unsigned char)t->bytes[end - 1] <= ' ')
    end--;
  size_t begin = end;
  while (begin && t->bytes[begin - 1] != '\n')
    begin--;
  words_copy(out, room, t->bytes + begin, end - begin);
}

/* All of the output; more than SPAWN_MOST is a flood. */
typedef struct text {
  char *bytes;
  size_t length, room;
} text;

/* Makes room for more; false if there is no memory. */
static bool text_grow(text *t) {
  if (t->length + 1 < t->room)
    return true;
  const size_t room = t->room ? 2 * t->room : 16 << 10;
  char *bytes = realloc(t->bytes, room);
  if (!bytes)
    return false;
  t->bytes = bytes;
  t->room = room;
  return true;
}

/* Reads the bytes that are available; false at the end of the file, and when it
 * has become a flood. */
static bool text_read(text *t, int fd) {
  ssize_t n = 1;
  while (n > 0 && t->length <= SPAWN_MOST && text_grow(t)) {
    n = read(fd, t->bytes + t->length, t->room - 1 - t->length);
    t->length += n > 0 ? (size_t)n : 0;
  }
  return n < 0;
}

struct spawn_child {
  spawn_child *next; /* in the order of their beginning */
  pid_t pid;
  char name[64], tag[sizeof TAG + 16];
  int process, errors, output; /* descriptors, or -1 */
  uint64_t begin, timeout;
  spawn_limit limit;
  uint64_t check; /* when to look at its time */
  uint64_t busy;  /* busy_of at the last look */
  bool ended;
  spawn_end end;
  int code;
  uint64_t elapsed;
  text text;
  char *left;
  tail tail;
};
static spawn_child *children; /* all that were begun and not taken */

/* ------------------------------------------------------------------------- *
 * What children leave behind.
 * ------------------------------------------------------------------------- */

/* The beginning of /proc/PID/NAME, of which some is there; "" if not. */
static size_t read_about(pid_t pid, const char *name, char *out, size_t room) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n, length = 0;
  while (fd >= 0 && (n = read(fd, out + length, room - 1 - (size_t)length)) > 0)
    length += n;
  if (fd >= 0)
    close(fd);
  out[length] = 0;
  return (size_t)length;
}

static bool is_child(pid_t pid) {
  for (const spawn_child *c = children; c; c = c->next)
    if (!c->ended && c->pid == pid)
      return true;
  return false;
}

/* Whether the process descends from the child.  One without a tag has wiped its
 * environment; it can be blamed on the child only if no other runs. */
static bool descends(pid_t pid, const spawn_child *from) {
  static char environment[64 << 10];
  const size_t n = read_about(pid, "environ", environment, sizeof environment);
  bool tagged = false, alone = true;
  for (const char *v = environment; v < environment + n; v += strlen(v) + 1) {
    if (!strcmp(v, from->tag))
      return true;
    tagged |= !strncmp(v, TAG, sizeof TAG - 1);
  }
  for (const spawn_child *c = children; c; c = c->next)
    alone &= c == from || c->ended;
  return alone && !tagged;
}

/* Adds "NAME (PID)" to what the child left. */
static void note_left(spawn_child *c, pid_t pid) {
  char name[32];
  read_about(pid, "comm", name, sizeof name);
  for (char *at = name; *at; at++)
    *at = *at == '\n' ? 0 : *at < ' ' || *at > '~' ? '?' : *at;
  char *all = NULL;
  if (asprintf(&all, "%s%s%s (%d)", c->left ? c->left : "", c->left ? ", " : "",
               name, (int)pid) < 0)
    return;
  free(c->left);
  c->left = all;
}

/* Ends the processes that the child left behind, and theirs, which we adopt in
 * turn.  Those of its group were killed and only need to be waited for. Returns
 * whether there were any. */
static bool end_left(spawn_child *c) {
  static char list[64 << 10];
  char name[32];
  bool any = false;
  snprintf(name, sizeof name, "task/%d/children", (int)getpid());
  read_about(getpid(), name, list, sizeof list);
  char *at = list;
  for (long pid; (pid = strtol(at, &at, 10)) > 0;) {
    const pid_t left = (pid_t)pid;
    if (is_child(left))
      continue;
    if (waitpid(left, NULL, WNOHANG) == left) {
      any = true;
      continue;
    }
    const bool of_group = getpgid(left) == c->pid;
    if (!of_group && !descends(left, c))
      continue;
    if (!of_group)
      note_left(c, left);
    kill(left, SIGKILL);
    while (waitpid(left, NULL, 0) < 0 && errno == EINTR)
      ;
    any = true;
  }
  return any;
}

/* ------------------------------------------------------------------------- *
 * Looking after children.
 * ------------------------------------------------------------------------- */

/* CPU time of the process, all its threads. */
static uint64_t used_by(pid_t pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
    return 0;
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Reads a file of /proc/PID/task/TID; false if there is none. */
static bool read_task(pid_t pid, const char *task, const char *name, char *out,
                      size_t room) {
  snprintf(out, room, "/proc/%d/task/%.20s/%s", (int)pid, task, name);
  FILE *f = fopen(out, "re");
  const size_t n = f ? fread(out, 1, room - 1, f) : 0;
  out[n] = 0;
  if (f)
    fclose(f);
  return n;
}

/* Time for which threads of the process ran or waited for a processor, and
 * whether one does now, which the time does not show yet; its CPU time if the
 * system does not say.  Threads that hand work to each other may wait for a
 * processor nearly all the time on a busy machine: they are not idle. */
static uint64_t busy_of(pid_t pid, bool *ready) {
  char line[512];
  uint64_t sum = 0, ran, waited;
  *ready = false;
  snprintf(line, sizeof line, "/proc/%d/task", (int)pid);
  DIR *tasks = opendir(line);
  for (struct dirent *task; tasks && (task = readdir(tasks));) {
    if (*task->d_name == '.')
      continue;
    if (read_task(pid, task->d_name, "schedstat", line, sizeof line) &&
        sscanf(line, "%" SCNu64 " %" SCNu64, &ran, &waited) == 2)
      sum += ran + waited;
    if (read_task(pid, task->d_name, "stat", line, sizeof line)) {
      const char *name_end = strrchr(line, ')');
      *ready |= name_end && !strncmp(name_end, ") R", 3);
    }
  }
  if (tasks)
    closedir(tasks);
  return sum ? sum : used_by(pid);
}

/* A child that is busy for less than this share of the time does nothing. */
enum { IDLE_PERCENT = 2 };

/* Whether the child's time is up; else sets when to look again. */
static bool is_late(spawn_child *c, uint64_t time) {
  if (time < c->check)
    return false;
  if (c->limit == SPAWN_BY_CLOCK)
    return true;
  bool ready;
  const uint64_t window = c->timeout / 2, busy = busy_of(c->pid, &ready);
  const bool idle = !ready && busy - c->busy < window / 100 * IDLE_PERCENT;
  if (time - c->begin >= c->timeout && (idle || used_by(c->pid) >= c->timeout))
    return true;
  c->busy = busy;
  c->check = time + window;
  return false;
}

/* Ends the child in the way `end`; processes that it left behind, too. */
static void finish(spawn_child *c, spawn_end end) {
  c->ended = true;
  c->end = end;
  /* The child was not yet waited for, so the number of its process group cannot
   * have been given to another one. */
  kill(-c->pid, SIGKILL);
  /* The child itself may have gone to another group, or, where an emulator
   * makes posix_spawn of a fork, not have come to its own yet. */
  kill(c->pid, SIGKILL);
  siginfo_t info = {0};
  while (waitid(P_PID, (id_t)c->pid, &info, WEXITED) && errno == EINTR)
    ;
  c->elapsed = now() - c->begin;
  enum { GENERATIONS = 1000 }; /* who forks faster gets away */
  for (int i = 0; i < GENERATIONS && end_left(c); i++)
    ;
  if (end == SPAWN_EXITED) {
    c->code = info.si_status;
    if (info.si_code != CLD_EXITED)
      c->end = SPAWN_SIGNALED;
  }
  tail_read(&c->tail, c->errors);
  text_read(&c->text, c->output);
  if (c->text.length > SPAWN_MOST && c->end == SPAWN_EXITED)
    c->end = SPAWN_FLOODED;
}

/* Reads what a pipe has; closes it at its end. */
#define DRAIN(read_all, into, fd)                                              \
  do {                                                                         \
    if (!(read_all)((into), *(fd))) {                                          \
      close(*(fd));                                                            \
      *(fd) = -1;                                                              \
    }                                                                          \
  } while (0)

/* Looks after all children until one of them has ended, a time to look at has
 * come, the time of all is up, or the user interrupts. */
static void supervise(void) {
  static struct pollfd *fds;
  static size_t room;
  size_t n = 1;
  uint64_t time = now(), next = end_of_all;
  for (spawn_child *c = children; c; c = c->next, n += 3)
    if (!c->ended && c->check < next)
      next = c->check;
  if (n > room)
    fds = arena_take((room = 2 * n) * sizeof *fds);
  n = 0;
  fds[n++] = (struct pollfd){interrupts, POLLIN, 0};
  for (spawn_child *c = children; c; c = c->next) {
    fds[n++] = (struct pollfd){c->ended ? -1 : c->process, POLLIN, 0};
    fds[n++] = (struct pollfd){c->ended ? -1 : c->errors, POLLIN, 0};
    fds[n++] = (struct pollfd){c->ended ? -1 : c->output, POLLIN, 0};
  }
  const uint64_t left = next > time ? next - time : 0;
  struct timespec wait = {(time_t)(left / 1000000000u),
                          (long)(left % 1000000000u)};
  if (ppoll(fds, n, &wait, NULL) < 0)
    return; /* EINTR: a signal of no interest */
  time = now();
  n = 1;
  for (spawn_child *c = children; c; c = c->next, n += 3) {
    if (c->ended)
      continue;
    if (fds[n + 1].revents)
      DRAIN(tail_read, &c->tail, &c->errors);
    if (fds[n + 2].revents)
      DRAIN(text_read, &c->text, &c->output);
    if (fds[0].revents || time >= end_of_all)
      finish(c, SPAWN_INTERRUPTED);
    else if (c->text.length > SPAWN_MOST)
      finish(c, SPAWN_FLOODED);
    else if (fds[n].revents)
      finish(c, SPAWN_EXITED);
    else if (is_late(c, time))
      finish(c, SPAWN_TIMED_OUT);
  }
}

/* A pipe of which we read the end ends[0]; false, and errno tells why. */
static bool make_pipe(int ends[2]) {
  return !pipe2(ends, O_CLOEXEC) && !fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

spawn_child *spawn_begin(char *const argv[], int output_fd, double timeout,
                         spawn_limit limit) {
  static unsigned number;
  spawn_child *c = malloc(sizeof *c), **last = &children;
  if (!c) {
    say("out of memory");
    exit(EXIT_SOME_FAILED);
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
  if (interrupts < 0)
    catch_interrupts();
  *c = (spawn_child){.pid = -1, .process = -1, .limit = limit};
  const char *slash = strrchr(argv[0], '/');
  snprintf(c->name, sizeof c->name, "%s", slash ? slash + 1 : argv[0]);
  snprintf(c->tag, sizeof c->tag, TAG "%08x%08x", (unsigned)getpid(), number++);
  while (*last)
    last = &(*last)->next;
  *last = c;
  int errors[2] = {-1, -1}, output[2] = {-1, -1};
  if (!make_pipe(errors) || !make_pipe(output))
    c->code = errno;
  c->begin = now();
  c->timeout = (uint64_t)(timeout * 1e9);
  c->check = c->begin + c->timeout / (limit == SPAWN_BY_WORK ? 2 : 1);
  c->errors = errors[0];
  c->output = output[0];
  if (!c->code)
    c->code = start(argv, output_fd, output[1], errors[1], c->tag, &c->pid);
  if (errors[1] >= 0)
    close(errors[1]);
  if (output[1] >= 0)
    close(output[1]);
  c->ended = c->code;
  c->end = SPAWN_FAILED;
  if (c->ended)
    return c;
  c->process = pidfd_open(c->pid, 0);
  if (c->process < 0) {
    const int error = errno;
    finish(c, SPAWN_FAILED);
    c->code = error;
  }
  return c;
}

void spawn_await(spawn_child *child) {
  while (!child->ended)
    supervise();
}

spawn_child *spawn_wait(void) {
  while (children) {
    for (spawn_child *c = children; c; c = c->next)
      if (c->ended)
        return c;
    supervise();
  }
  return NULL;
}

void spawn_take(spawn_child *c, spawn_result *out) {
  *out = (spawn_result){.end = c->end,
                        .code = c->code,
                        .elapsed = c->elapsed,
                        .left = c->left,
                        .output = c->text.bytes};
  if (c->pid >= 0) {
    last_line(&c->tail, out->last_words, sizeof out->last_words);
    out->errors = strndup(c->tail.bytes, c->tail.length);
    out->output = c->text.bytes ? c->text.bytes : calloc(1, 1);
    out->output_bytes = c->text.length;
    if (c->text.bytes)
      c->text.bytes[c->text.length] = 0;
  }
  if (c->left)
    say_warning("W-left-behind",
                "%s left processes running, which were ended: %s", c->name,
                c->left);
  const int open[] = {c->process, c->errors, c->output};
  for (size_t i = 0; i < sizeof open / sizeof *open; i++)
    if (open[i] >= 0)
      close(open[i]);
  spawn_child **at = &children;
  while (*at != c)
    at = &(*at)->next;
  *at = c->next;
  free(c);
  if (!children)
    let_interrupts_through();
}

const char *spawn_trouble(const spawn_result *r, double timeout) {
  const char *what = NULL;
  switch (r->end) {
  case SPAWN_FAILED:
    return arena_text("could not be started: %s", strerror(r->code));
  case SPAWN_TIMED_OUT:
    what = arena_text("killed after %g s", timeout);
    break;
  case SPAWN_INTERRUPTED:
    return "interrupted";
  case SPAWN_FLOODED:
    what = arena_text("killed, because it wrote more than %d MiB",
                      SPAWN_MOST >> 20);
    break;
  case SPAWN_SIGNALED:
    what = sigabbrev_np(r->code) ? arena_text("SIG%s", sigabbrev_np(r->code))
                                 : arena_text("signal %d", r->code);
    break;
  case SPAWN_EXITED:
    if (!r->code)
      return NULL;
    what = arena_text("exit status %d", r->code);
    break;
  }
  return *r->last_words ? arena_text("%s: %s", what, r->last_words) : what;
}

bool spawn_is_shortage(const spawn_result *r) {
  static const int shortages[] = {EMFILE, ENFILE, EAGAIN, ENOMEM};
  bool is = false;
  for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++)
    is |= r->end == SPAWN_FAILED && r->code == shortages[i];
  return is;
}

void spawn_run(char *const argv[], int output_fd, double timeout,
               spawn_result *out) {
  spawn_child *c = spawn_begin(argv, output_fd, timeout, SPAWN_BY_CLOCK);
  spawn_await(c);
  spawn_take(c, out);
}

void spawn_result_free(spawn_result *r) {
  free(r->output);
  free(r->errors);
  free(r->left);
  r->output = r->errors = r->left = NULL;
}
