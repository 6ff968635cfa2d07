/* spawn.c: posix_spawn, then one poll loop over the process (pidfd), its stderr
 * and the user's interrupts (signalfd).
 *
 * posix_spawn and not fork, because fork's cost grows with the driver.  The
 * output goes to a memory file, which needs no draining and which a program
 * that crashes cannot leave us waiting for. */
#include "spawn.h"
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
  size_t n = 0;
  for (; begin < end && n + 1 < room; begin++) {
    unsigned char c = (unsigned char)t->bytes[begin];
    out[n++] = c < ' ' || c > '~' ? '?' : (char)c; /* it goes into JSON */
  }
  out[n] = 0;
}

/* Waits until the process ends, its time is up or the user interrupts. */
static spawn_end supervise(int process, int errors, tail *t,
                           uint64_t deadline) {
  for (;;) {
    uint64_t time = now();
    if (time >= deadline)
      return SPAWN_TIMED_OUT;
    uint64_t left = deadline - time;
    struct timespec wait = {(time_t)(left / 1000000000u),
                            (long)(left % 1000000000u)};
    struct pollfd fds[] = {
        {process, POLLIN, 0}, {errors, POLLIN, 0}, {interrupts, POLLIN, 0}};
    if (ppoll(fds, 3, &wait, NULL) < 0)
      continue; /* EINTR: a signal of no interest */
    if (fds[1].revents && !tail_read(t, errors))
      errors = -1;
    if (fds[2].revents)
      return SPAWN_INTERRUPTED;
    if (fds[0].revents)
      return SPAWN_EXITED;
  }
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

void spawn_run(char *const argv[], int output_fd, double timeout,
               spawn_result *out) {
  *out = (spawn_result){.end = SPAWN_FAILED};
  int errors[2] = {-1, -1}, process = -1;
  int output = memfd_create("output", MFD_CLOEXEC);
  pid_t pid = -1;
  if (output < 0 || pipe2(errors, O_CLOEXEC) ||
      fcntl(errors[0], F_SETFL, O_NONBLOCK)) {
    out->code = errno;
    goto done;
  }
  uint64_t begin = now();
  out->code = start(argv, output_fd, output, errors[1], &pid);
  if (out->code)
    goto done;
  close(errors[1]);
  errors[1] = -1;
  process = pidfd_open(pid, 0);
  tail t;
  t.length = 0;
  if (process >= 0)
    out->end =
        supervise(process, errors[0], &t, begin + (uint64_t)(timeout * 1e9));
  else
    out->code = errno;
  /* The child was not yet waited for, so the number of its process group cannot
   * have been given to another one. */
  kill(-pid, SIGKILL);
  siginfo_t info = {0};
  while (waitid(P_PID, (id_t)pid, &info, WEXITED) && errno == EINTR)
    ;
  out->elapsed = now() - begin;
  if (out->end == SPAWN_EXITED) {
    out->code = info.si_status;
    if (info.si_code != CLD_EXITED)
      out->end = SPAWN_SIGNALED;
  }
  tail_read(&t, errors[0]);
  last_line(&t, out->last_words, sizeof out->last_words);
  out->errors = strndup(t.bytes, t.length);
  read_output(output, out);
done:
  if (process >= 0)
    close(process);
  for (int i = 0; i < 2; i++)
    if (errors[i] >= 0)
      close(errors[i]);
  if (output >= 0)
    close(output);
}

void spawn_result_free(spawn_result *r) {
  free(r->output);
  free(r->errors);
  r->output = r->errors = NULL;
}
