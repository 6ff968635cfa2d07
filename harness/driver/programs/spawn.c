/* spawn.c: posix_spawn, then one poll loop over the processes (pidfd), their
 * stderr and the user's interrupts (signalfd).
 *
 * posix_spawn and not fork, because fork's cost grows with the driver.  The
 * output goes to a memory file, which needs no draining and which a program
 * that crashes cannot leave us waiting for. */
#include "spawn.h"
#include "harness/base/words.h"
#include "harness/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
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

/* Passed on: what programs may need to start at all, and the sanitizers'
 * options (a sanitizer build is not for measuring anyway). */
static const char *const given[] = {
    "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=",
    "UBSAN_OPTIONS="};

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

static char **child_environment(void) {
  static char **environment;
  if (!environment) {
    size_t n = 0, fixed_count = sizeof fixed / sizeof *fixed;
    environment = arena_take((fixed_count + sizeof given / sizeof *given + 1) *
                             sizeof *environment);
    while (n < fixed_count) {
      environment[n] = arena_text("%s", fixed[n]);
      n++;
    }
    for (char **v = environ; *v; v++)
      if (BEGINS(*v, given))
        environment[n++] = *v;
  }
  return environment;
}

json_t *spawn_environment_json(void) {
  json_t *yes = json_object(), *no = json_array();
  for (char **v = child_environment(); *v; v++) {
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

bool spawn_catch_interrupts(void) {
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
  return interrupts >= 0 && !sigprocmask(SIG_BLOCK, &set, NULL);
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

static int start(char *const argv[], int output_fd, int output, int errors,
                 pid_t *pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t none, all;
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
  int error =
      posix_spawn(pid, argv[0], &files, &attributes, argv, child_environment());
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
  words_clean(out, room, t->bytes + begin, end - begin);
}

struct spawn_child {
  spawn_child *next; /* in the order of their beginning */
  pid_t pid;
  int process, errors, output; /* descriptors, or -1 */
  uint64_t begin, timeout;
  spawn_limit limit;
  uint64_t check; /* when to look at its time */
  uint64_t used;  /* its CPU time at the last look */
  bool ended;
  spawn_end end;
  int code;
  uint64_t elapsed;
  tail tail;
};
static spawn_child *children; /* all that were begun and not taken */

/* CPU time of the process, all its threads. */
static uint64_t used_by(pid_t pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
    return 0;
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A child that uses less than this share of a processor does nothing. */
enum { IDLE_PERCENT = 2 };

/* Whether the child's time is up; else sets when to look again. */
static bool is_late(spawn_child *c, uint64_t time) {
  if (time < c->check)
    return false;
  if (c->limit == SPAWN_BY_CLOCK)
    return true;
  const uint64_t window = c->timeout / 2, used = used_by(c->pid);
  const bool idle = used - c->used < window / 100 * IDLE_PERCENT;
  if (time - c->begin >= c->timeout && (used >= c->timeout || idle))
    return true;
  c->used = used;
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
  siginfo_t info = {0};
  while (waitid(P_PID, (id_t)c->pid, &info, WEXITED) && errno == EINTR)
    ;
  c->elapsed = now() - c->begin;
  if (end == SPAWN_EXITED) {
    c->code = info.si_status;
    if (info.si_code != CLD_EXITED)
      c->end = SPAWN_SIGNALED;
  }
  tail_read(&c->tail, c->errors);
}

/* Looks after all children until one of them has ended, a time to look at has
 * come, or the user interrupts. */
static void supervise(void) {
  static struct pollfd *fds;
  static size_t room;
  size_t n = 1;
  uint64_t time = now(), next = UINT64_MAX;
  for (spawn_child *c = children; c; c = c->next, n += 2)
    if (!c->ended && c->check < next)
      next = c->check;
  if (n > room)
    fds = arena_take((room = 2 * n) * sizeof *fds);
  n = 0;
  fds[n++] = (struct pollfd){interrupts, POLLIN, 0};
  for (spawn_child *c = children; c; c = c->next) {
    fds[n++] = (struct pollfd){c->ended ? -1 : c->process, POLLIN, 0};
    fds[n++] = (struct pollfd){c->ended ? -1 : c->errors, POLLIN, 0};
  }
  const uint64_t left = next > time ? next - time : 0;
  struct timespec wait = {(time_t)(left / 1000000000u),
                          (long)(left % 1000000000u)};
  if (ppoll(fds, n, &wait, NULL) < 0)
    return; /* EINTR: a signal of no interest */
  time = now();
  n = 1;
  for (spawn_child *c = children; c; c = c->next, n += 2) {
    if (c->ended)
      continue;
    if (fds[n + 1].revents && !tail_read(&c->tail, c->errors)) {
      close(c->errors);
      c->errors = -1;
    }
    if (fds[0].revents)
      finish(c, SPAWN_INTERRUPTED);
    else if (fds[n].revents)
      finish(c, SPAWN_EXITED);
    else if (is_late(c, time))
      finish(c, SPAWN_TIMED_OUT);
  }
}

spawn_child *spawn_begin(char *const argv[], int output_fd, double timeout,
                         spawn_limit limit) {
  spawn_child *c = malloc(sizeof *c), **last = &children;
  if (!c)
    abort();
  *c = (spawn_child){.pid = -1, .process = -1, .limit = limit};
  while (*last)
    last = &(*last)->next;
  *last = c;
  int errors[2] = {-1, -1};
  c->output = memfd_create("output", MFD_CLOEXEC);
  if (c->output < 0 || pipe2(errors, O_CLOEXEC) ||
      fcntl(errors[0], F_SETFL, O_NONBLOCK))
    c->code = errno;
  c->begin = now();
  c->timeout = (uint64_t)(timeout * 1e9);
  c->check = c->begin + c->timeout / (limit == SPAWN_BY_WORK ? 2 : 1);
  c->errors = errors[0];
  if (!c->code)
    c->code = start(argv, output_fd, c->output, errors[1], &c->pid);
  if (errors[1] >= 0)
    close(errors[1]);
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

static void read_output(int fd, spawn_result *out) {
  struct stat status;
  size_t size = fstat(fd, &status) ? 0 : (size_t)status.st_size;
  out->output = malloc(size + 1);
  if (!out->output)
    return;
  ssize_t n = pread(fd, out->output, size, 0);
  out->output_bytes = n > 0 ? (size_t)n : 0;
  out->output[out->output_bytes] = 0;
}

void spawn_take(spawn_child *c, spawn_result *out) {
  *out = (spawn_result){.end = c->end, .code = c->code, .elapsed = c->elapsed};
  if (c->pid >= 0) {
    last_line(&c->tail, out->last_words, sizeof out->last_words);
    out->errors = strndup(c->tail.bytes, c->tail.length);
    read_output(c->output, out);
  }
  const int open[] = {c->process, c->errors, c->output};
  for (size_t i = 0; i < sizeof open / sizeof *open; i++)
    if (open[i] >= 0)
      close(open[i]);
  spawn_child **at = &children;
  while (*at != c)
    at = &(*at)->next;
  *at = c->next;
  free(c);
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
  r->output = r->errors = NULL;
}
