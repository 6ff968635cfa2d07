/* replay-shrink.c: see replay-shrink.h. */
#include "replay-shrink.h"
#include "harness/base/arena.h"
#include "harness/driver/programs/program.h"
#include "harness/base/say.h"
#include "harness/record/record.h"
#include "harness/trace/reader.h"
#include "harness/trace/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How a run of a collector program failed, in a few words that are the same for
 * failures of the same kind: "CRASH SIGSEGV", "TIMEOUT", "WRONG graph" (the
 * oracle that was violated), "LEAK", "OOM".  "" if it did not. */
typedef struct shrink_kind {
  char text[64];
} shrink_kind;

typedef struct shrinkage {
  const char *path;
  const shrink_replay *how;
  char *candidate; /* the file that is tried */
  char **argv;
  shrink_kind wanted;
  char refusal[200]; /* what the program said, if it would not run */
  uint64_t tries;
  size_t told; /* operations, at the last line of progress */
} shrinkage;

/* ------------------------------------------------------------------------- *
 * One run.
 * ------------------------------------------------------------------------- */

#define NO_RECORD "no record"

static void kind_of_record(const json_t *record, shrink_kind *kind) {
  const char *status = json_string_value(record_get(record, "verdict.status"));
  const char *oracle =
      json_string_value(record_get(record, "violation.oracle"));
  if (!status)
    snprintf(kind->text, sizeof kind->text, NO_RECORD);
  else if (strcmp(status, "ok") &&
           !json_is_true(record_get(record, "verdict.declared")))
    snprintf(kind->text, sizeof kind->text, "%.30s%s%.30s", status,
             oracle ? " " : "", oracle ? oracle : "");
}

static shrink_kind kind_of_run(const spawn_result *r, const json_t *record) {
  shrink_kind kind = {""};
  switch (r->end) {
  case SPAWN_EXITED:
    if (r->code == 0)
      kind_of_record(record, &kind);
    else
      snprintf(kind.text, sizeof kind.text, "CRASH exit status %d", r->code);
    break;
  case SPAWN_SIGNALED:
    snprintf(kind.text, sizeof kind.text, "CRASH SIG%s",
             sigabbrev_np(r->code) ? sigabbrev_np(r->code) : "?");
    break;
  case SPAWN_TIMED_OUT:
    snprintf(kind.text, sizeof kind.text, "TIMEOUT");
    break;
  case SPAWN_FLOODED:
    snprintf(kind.text, sizeof kind.text, "CRASH too much output");
    break;
  case SPAWN_INTERRUPTED:
  case SPAWN_FAILED:
    break;
  }
  return kind;
}

/* What a record tells of whose it is, and of what, must be what was asked for:
 * the failure of another collector is no failure of this one. */
static void check_origin(shrinkage *s, const json_t *record) {
  const struct {
    const char *field, *wanted;
  } told[] = {{"collector", s->how->collector}, {"workload", "replay"}};
  for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
    const char *is = record_text(record, told[i].field);
    if (*is && told[i].wanted && strcmp(is, told[i].wanted))
      snprintf(s->refusal, sizeof s->refusal,
               "no valid record: its %s is '%.50s', not '%.50s'", told[i].field,
               is, told[i].wanted);
  }
}

/* Runs the candidate once.  A program that does not start, finds something
 * wrong with how it was called, or leaves no record where nothing failed yet,
 * will not do better at the next try. */
static shrink_kind replay(shrinkage *s) {
  spawn_result r;
  spawn_run(s->argv, SPAWN_RECORD, s->how->timeout, &r);
  json_t *record = json_loads(r.output ? r.output : "", 0, NULL);
  record_clean(record);
  shrink_kind kind = kind_of_run(&r, record);
  check_origin(s, record);
  json_decref(record);
  if (r.end == SPAWN_FAILED)
    snprintf(s->refusal, sizeof s->refusal, "%.150s", strerror(r.code));
  if (r.end == SPAWN_EXITED && r.code == EXIT_USAGE)
    snprintf(s->refusal, sizeof s->refusal, "it says: %s", r.last_words);
  if (!*s->wanted.text && !strcmp(kind.text, NO_RECORD))
    snprintf(s->refusal, sizeof s->refusal,
             "it leaves no record, as a collector does");
  spawn_result_free(&r);
  return kind;
}

static bool write_operations(trace_writer *w, const trace_op *ops, size_t n) {
  for (size_t i = 0; w && i < n; i++)
    trace_write(w, &ops[i]);
  if (w && trace_writer_close(w))
    return true;
  return false;
}

static bool fails(void *data, const trace_op *ops, size_t n) {
  shrinkage *s = data;
  if (!write_operations(trace_writer_open(s->candidate, false), ops, n)) {
    snprintf(s->refusal, sizeof s->refusal, "%.90s: %.60s", s->candidate,
             strerror(errno));
    return false;
  }
  s->tries++;
  for (uint64_t i = 0; i < s->how->repeat && !spawn_interrupted(); i++) {
    shrink_kind kind = replay(s);
    if (*s->refusal)
      return false;
    const char *wanted = s->how->wanted ? s->how->wanted : "";
    if (*kind.text && !*s->wanted.text &&
        !strncmp(kind.text, wanted, strlen(wanted)))
      s->wanted = kind;
    if (*kind.text && !strcmp(kind.text, s->wanted.text))
      return true;
  }
  return false;
}

static bool stop(void *data) {
  const shrinkage *s = data;
  return *s->refusal || spawn_interrupted();
}

static void tell(void *data, uint64_t tries, size_t n) {
  shrinkage *s = data;
  if (s->told && (n == s->told || n > s->told - s->told / 4))
    return;
  s->told = n;
  say("shrink: %zu operations after %" PRIu64 " tries", n, tries);
}

/* ------------------------------------------------------------------------- *
 * The whole.
 * ------------------------------------------------------------------------- */

static char *temporary_file(void) {
  const char *dir = getenv("TMPDIR");
  char *path = arena_text("%s/reapmark-trace-XXXXXX", dir ? dir : "/tmp");
  int fd = mkstemp(path);
  if (fd < 0) {
    say("shrink: %s: %s", path, strerror(errno));
    return NULL;
  }
  close(fd);
  return path;
}

/* PROGRAM [options] --run replay --input CANDIDATE --record-fd N */
static void compose(shrinkage *s) {
  size_t n = 0;
  while (s->how->program[n])
    n++;
  s->argv = arena_take((n + 7) * sizeof *s->argv);
  memcpy(s->argv, s->how->program, n * sizeof *s->argv);
  char *const rest[] = {"--run",       "replay",
                        "--input",     s->candidate,
                        "--record-fd", arena_text("%d", SPAWN_RECORD)};
  memcpy(s->argv + n, rest, sizeof rest);
}

/* Whether the result can be written, which is better known before all tries.
 * What is there stays as it is until then: it may be the trace itself. */
static bool can_write(const char *output) {
  struct stat about;
  if (!strcmp(output, "-"))
    return true;
  if (!stat(output, &about)) {
    if (!S_ISDIR(about.st_mode))
      return !access(output, W_OK);
    errno = EISDIR;
    return false;
  }
  int fd = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return errno == EEXIST; /* a link to what is yet to be made */
  close(fd);
  return !unlink(output);
}

static bool write_result(const shrinkage *s, const trace_text *trace,
                         size_t before, const char *output) {
  trace_writer *w = trace_writer_open(output, false);
  if (w) {
    trace_write_comment(w, arena_text("%zu operations, shrunk from %zu of %s",
                                      trace->count, before, s->path));
    trace_write_comment(w, arena_text("fails with %s", s->wanted.text));
    const char *command = s->how->program[0];
    for (size_t i = 1; s->how->program[i]; i++)
      command = arena_text("%s %s", command, s->how->program[i]);
    trace_write_comment(w, arena_text("replay: %s --run replay --input %s",
                                      command,
                                      strcmp(output, "-") ? output : "FILE"));
  }
  if (write_operations(w, trace->ops, trace->count))
    return true;
  say("shrink: %s: %s", output, strerror(errno));
  return false;
}

static int finish(const shrinkage *s, const trace_text *trace, size_t before,
                  trace_shrunk end, const char *output) {
  if (*s->refusal) {
    say("shrink: %s cannot replay the trace: %s", s->how->program[0],
        s->refusal);
    return EXIT_USAGE;
  }
  if (end == TRACE_DID_NOT_FAIL) {
    say(spawn_interrupted() ? "shrink: interrupted before the trace failed"
                            : "shrink: %s does not fail on %s",
        s->how->program[0], s->path);
    return spawn_interrupted() ? EXIT_INTERRUPTED : EXIT_SOME_FAILED;
  }
  say("shrink: %s: from %zu to %zu operations in %" PRIu64 " tries%s",
      s->wanted.text, before, trace->count, s->tries,
      end == TRACE_SHRUNK   ? ""
      : spawn_interrupted() ? ", interrupted"
                            : ", which were all that it had");
  if (!write_result(s, trace, before, output))
    return EXIT_SOME_FAILED;
  return spawn_interrupted() ? EXIT_INTERRUPTED : EXIT_OK;
}

int shrink_trace(const char *path, const shrink_replay *how,
                 const char *output) {
  program_fix_addresses();
  char error[TRACE_ERROR];
  trace_text trace;
  if (!trace_load(path, TRACE_LOAD_MOST, &trace, error)) {
    say("%s", error);
    return EXIT_USAGE;
  }
  if (!can_write(output)) {
    say("shrink: %s: %s", output, strerror(errno));
    free(trace.ops);
    return EXIT_USAGE;
  }
  shrinkage s = {.path = path, .how = how, .candidate = temporary_file()};
  if (!s.candidate) {
    free(trace.ops);
    return EXIT_SOME_FAILED;
  }
  compose(&s);
  spawn_catch_interrupts();
  size_t before = trace.count;
  trace_shrunk end = trace_shrink(trace.ops, &trace.count,
                                  &(trace_shrinking){.fails = fails,
                                                     .progress = tell,
                                                     .data = &s,
                                                     .most_tries = how->tries,
                                                     .stop = stop});
  int code = finish(&s, &trace, before, end, output);
  unlink(s.candidate);
  free(trace.ops);
  return code;
}
