/* launch.c: see launch.h.  At three moments the replayer prints a word and
 * waits for an answer, and meanwhile the launcher reads what the kernel tells
 * of it. So no replayer needs to read that, and every runtime is measured
 * alike. */
#define _GNU_SOURCE /* memfd_create */
#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/cell/cell.h"

/* Where the replayer finds its files. */
enum { WORDS_FD = 3, LOG_FD = 4 };

void command_add(command *c, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *word = NULL;
  if (c->count + 1 >= sizeof c->words / sizeof *c->words ||
      vasprintf(&word, format, args) < 0)
    cell_die("the command of the replayer is too long");
  va_end(args);
  c->words[c->count++] = word;
  c->words[c->count] = NULL;
}

const char *runtime_file(const char *name) {
  static char path[4096];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 256);
  if (n < 0)
    cell_die("cannot find the folder of this program: %s", strerror(errno));
  path[n] = 0;
  char *slash = strrchr(path, '/');
  snprintf(slash + 1, 255, "%s", name);
  if (access(path, R_OK))
    cell_die("%s is missing: %s", path, strerror(errno));
  return path;
}

/* ------------------------------------------------------------------------- *
 * What the kernel tells.
 * ------------------------------------------------------------------------- */

/* The number after `key` in a file of /proc; 0 if there is none. */
static uint64_t number_in(const char *path, const char *key) {
  char text[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  if (fd >= 0)
    close(fd);
  text[n > 0 ? n : 0] = 0;
  const char *at = strstr(text, key);
  return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void add_switches(pid_t pid, process_state *s) {
  char path[320];
  snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
  DIR *folder = opendir(path);
  for (struct dirent *e; folder && (e = readdir(folder));) {
    if (*e->d_name == '.')
      continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)pid, e->d_name);
    s->voluntary += number_in(path, "\nvoluntary_ctxt_switches:");
    s->involuntary += number_in(path, "nonvoluntary_ctxt_switches:");
  }
  if (folder)
    closedir(folder);
}

/* The fields of /proc/PID/stat after the name of the program. */
static void add_stat(pid_t pid, process_state *s) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *f = fopen(path, "re");
  size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  if (f)
    fclose(f);
  text[n] = 0;
  const char *at = strrchr(text, ')');
  unsigned long long minor = 0, major = 0, system = 0;
  if (at)
    sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %llu %*u %llu %*u %*u %llu",
           &minor, &major, &system);
  s->minor_faults = minor;
  s->major_faults = major;
  s->system = system * 1000000000u / (unsigned long long)sysconf(_SC_CLK_TCK);
}

/* Bytes of pages that are counted more than once, since the process maps them
 * several times, as ZGC of JDK 17 does with its heap.  The kernel's
 * proportional share counts each page once. */
static uint64_t counted_again(pid_t pid, uint64_t shared) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
  uint64_t once = shared ? number_in(path, "Pss_Shmem:") << 10 : 0;
  return once && once < shared ? shared - once : 0;
}

static process_state look(pid_t pid) {
  process_state s = {0};
  char path[64];
  clockid_t clock;
  struct timespec t = {0};
  if (!clock_getcpuclockid(pid, &clock) && !clock_gettime(clock, &t))
    s.cpu = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  s.resident = number_in(path, "VmRSS:") << 10;
  s.peak = number_in(path, "VmHWM:") << 10;
  uint64_t again = counted_again(pid, number_in(path, "RssShmem:") << 10);
  s.resident -= again;
  s.peak -= again;
  add_stat(pid, &s);
  add_switches(pid, &s);
  return s;
}

/* Lowers the peak to what is resident (proc(5), clear_refs). */
static bool reset_peak(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)pid);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool good = fd >= 0 && write(fd, "5", 1) == 1;
  if (fd >= 0)
    close(fd);
  return good;
}

/* ------------------------------------------------------------------------- *
 * The lines of a replayer.
 * ------------------------------------------------------------------------- */

typedef struct child {
  pid_t pid;
  FILE *lines;
  int answers, errors;
} child;

static void answer(const child *c) {
  if (write(c->answers, "\n", 1) < 0)
    return; /* the replayer has ended, which is seen soon */
}

/* Reads up to `n` numbers; those that are missing are 0. */
static void numbers(const char *text, unsigned n, uint64_t *values[]) {
  for (unsigned i = 0; i < n; i++) {
    char *end;
    *values[i] = strtoull(text, &end, 10);
    text = end;
  }
}
#define NUMBERS(text, ...)                                                     \
  numbers(text, sizeof((uint64_t *[]){__VA_ARGS__}) / sizeof(uint64_t *),      \
          (uint64_t *[]){__VA_ARGS__})

static void take_steps(const char *text, const replay_listener *l) {
  for (char *end;; text = end) {
    uint64_t ns = strtoull(text, &end, 10);
    if (end == text)
      return;
    l->step(l->data, ns);
  }
}

static void take_pause(const char *text, const replay_listener *l) {
  uint64_t begin, end;
  NUMBERS(text, &begin, &end);
  l->pause(l->data, begin, end);
}

static void take_phase(const char *text, const replay_listener *l) {
  uint64_t begin, end;
  NUMBERS(text, &begin, &end);
  const char *name = text + strspn(text, "0123456789 ");
  if (*name)
    l->phase(l->data, begin, end, name);
}

static void take_counter(const char *text, const replay_listener *l) {
  const char *space = strchr(text, ' ');
  char *name = space ? strndup(text, (size_t)(space - text)) : NULL;
  if (name)
    l->counter(l->data, name, strtoull(space, NULL, 10));
}

/* The rest of a line that begins with this word, or NULL. */
static const char *after(const char *line, const char *word) {
  size_t n = strlen(word);
  return strncmp(line, word, n) || (line[n] && line[n] != ' ')
             ? NULL
             : line + n + (line[n] == ' ');
}

static void take_line(const child *c, const char *line, replay *out,
                      const replay_listener *l) {
  const char *rest;
  if (after(line, "ready")) {
    out->ready = look(c->pid);
    answer(c);
  } else if (after(line, "begin")) {
    out->peak_reset = reset_peak(c->pid);
    out->begin = look(c->pid);
    answer(c);
  } else if (after(line, "end")) {
    out->end = look(c->pid);
    answer(c);
  } else if ((rest = after(line, "clock")))
    NUMBERS(rest, &out->clock_begin, &out->clock_end, &out->instrument,
            &out->skipped);
  else if ((rest = after(line, "steps")))
    take_steps(rest, l);
  else if ((rest = after(line, "delay")))
    NUMBERS(rest, &out->delayed, &out->own_delay);
  else if ((rest = after(line, "pause")))
    take_pause(rest, l);
  else if ((rest = after(line, "phase")))
    take_phase(rest, l);
  else if ((rest = after(line, "counter")))
    take_counter(rest, l);
  else if ((rest = after(line, "footprint")))
    NUMBERS(rest, &out->footprint, &out->footprint_peak);
  else if ((rest = after(line, "payloads")))
    NUMBERS(rest, &out->payloads);
  else if ((rest = after(line, "survivors")))
    NUMBERS(rest, &out->lost, &out->left, &out->kept);
  else if ((rest = after(line, "wrong")))
    l->wrong(l->data, rest);
  else if (after(line, "done"))
    out->done = true;
}

/* ------------------------------------------------------------------------- *
 * The process.
 * ------------------------------------------------------------------------- */

static void add_arguments(command *c, const compiled *w, bool timed) {
  command_add(c, "registers=%" PRIu64, w->head.registers);
  command_add(c, "alive=%" PRIu64, w->head.end_objects);
  command_add(c, "watched=%" PRIu64, w->watched);
  command_add(c, "checks=%" PRIu32, w->checks);
  command_add(c, "timed=%d", timed);
  char chains[COMPILED_THREADS * 32];
  size_t n = 0;
  for (unsigned i = 0; i < w->threads; i++)
    n += (size_t)snprintf(chains + n, sizeof chains - n,
                          "%s%" PRIu32 ":%" PRIu64, i ? "," : "",
                          w->thread[i].first, w->thread[i].steps);
  command_add(c, "threads=%s", chains);
}

/* In the new process.  It must not outlive the launcher, which would leave
 * nobody to read its lines. */
_Noreturn static void become(char *const *words, const int files[5]) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int copies[5]; /* above those that are overwritten */
  for (int fd = 0; fd < 5; fd++)
    copies[fd] = fcntl(files[fd], F_DUPFD_CLOEXEC, 5);
  for (int fd = 0; fd < 5; fd++)
    dup2(copies[fd], fd);
  execvp(words[0], words);
  dprintf(2, "cannot start %s: %s\n", words[0], strerror(errno));
  _exit(127);
}

static child start(char *const *words, FILE *words_file) {
  int lines[2], answers[2];
  int errors = memfd_create("errors", MFD_CLOEXEC);
  int log = memfd_create("log", MFD_CLOEXEC);
  if (errors < 0 || log < 0 || pipe2(lines, O_CLOEXEC) ||
      pipe2(answers, O_CLOEXEC))
    cell_die("cannot start the replayer: %s", strerror(errno));
  child c = {.pid = fork(), .answers = answers[1], .errors = errors};
  if (c.pid == 0)
    become(words,
           (int[]){answers[0], lines[1], errors, fileno(words_file), log});
  close(lines[1]);
  close(answers[0]);
  close(log);
  c.lines = fdopen(lines[0], "r");
  if (c.pid < 0 || !c.lines)
    cell_die("cannot start the replayer: %s", strerror(errno));
  return c;
}

static void read_errors(const child *c, replay *out) {
  off_t size = lseek(c->errors, 0, SEEK_END);
  off_t room = (off_t)sizeof out->errors - 1;
  ssize_t n = pread(c->errors, out->errors, sizeof out->errors - 1,
                    size > room ? size - room : 0);
  out->errors[n > 0 ? n : 0] = 0;
  close(c->errors);
}

void launch(command *c, const compiled *words, bool timed, replay *out,
            const replay_listener *listener) {
  add_arguments(c, words, timed);
  signal(SIGPIPE, SIG_IGN);
  child k = start(c->words, words->file);
  char *line = NULL;
  size_t room = 0;
  for (ssize_t n; (n = getline(&line, &room, k.lines)) > 0;) {
    line[strcspn(line, "\n")] = 0;
    take_line(&k, line, out, listener);
  }
  free(line);
  fclose(k.lines);
  close(k.answers);
  struct rusage used = {0};
  while (wait4(k.pid, &out->status, 0, &used) < 0 && errno == EINTR) {
  }
  out->peak = (uint64_t)used.ru_maxrss << 10;
  read_errors(&k, out);
}
