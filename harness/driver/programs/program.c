/* program.c: runs a collector program and takes its record. */
#include "program.h"
#include "harness/base/arena.h"
#include "spawn.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <string.h>
#include <sys/personality.h>

/* Why there is no record, beginning with the words that tables show; *status
 * becomes the verdict's. */
static const char *explain(const spawn_result *r, double timeout,
                           const char *invalid, const char **status) {
  const char *what;
  *status = "CRASH";
  switch (r->end) {
  case SPAWN_TIMED_OUT:
    *status = "TIMEOUT";
    what = arena_text("killed after %g s", timeout);
    break;
  case SPAWN_FAILED:
    *status = "ERROR";
    return arena_text("could not be started: %s", strerror(r->code));
  case SPAWN_SIGNALED:
    what = sigabbrev_np(r->code) ? arena_text("SIG%s", sigabbrev_np(r->code))
                                 : arena_text("signal %d", r->code);
    break;
  default:
    what = arena_text("exit status %d", r->code);
    if (!r->code)
      what = arena_text("%s: no valid record: %s", what, invalid);
  }
  return *r->last_words ? arena_text("%s: %s", what, r->last_words) : what;
}

/* The record it wrote, or NULL and what is wrong with it. */
static json_t *read_record(const spawn_result *r, char *invalid, size_t room) {
  snprintf(invalid, room, "nothing was written");
  if (r->end != SPAWN_EXITED || r->code || !r->output_bytes)
    return NULL;
  json_error_t error;
  json_t *record = json_loadb(r->output, r->output_bytes, 0, &error);
  if (!record)
    snprintf(invalid, room, "%s", error.text);
  else if (!record_valid(record, invalid, room)) {
    json_decref(record);
    record = NULL;
  } else
    record_judge(record);
  return record;
}

void program_add_options(word_list *words, const spec *options) {
  for (size_t i = 0; i < options->count; i++) {
    const spec_setting *o = &options->settings[i];
    word_list_add(words, "--option");
    word_list_add(words, arena_text("%s=%s", o->key, o->value));
  }
}

void program_fix_addresses(void) {
  int now = personality(0xffffffff); /* asks */
  if (now != -1)
    personality((unsigned long)now | ADDR_NO_RANDOMIZE);
}

spawn_child *program_begin(const word_list *words, double timeout,
                           spawn_limit limit) {
  word_list a = {0};
  for (size_t i = 0; i < words->count; i++)
    word_list_add(&a, words->words[i]);
  word_list_add(&a, "--record-fd");
  word_list_add(&a, arena_text("%d", SPAWN_RECORD));
  word_list_add(&a, NULL);
  return spawn_begin((char *const *)a.words, SPAWN_RECORD, timeout, limit);
}

bool program_take(spawn_child *child, double timeout, program_result *out) {
  spawn_result r;
  spawn_take(child, &r);
  char invalid[160];
  *out = (program_result){.elapsed = r.elapsed,
                          .errors = arena_text("%s", r.errors ? r.errors : ""),
                          .record = read_record(&r, invalid, sizeof invalid)};
  if (!out->record)
    out->reason = explain(&r, timeout, invalid, &out->status);
  bool finished = r.end != SPAWN_INTERRUPTED;
  spawn_result_free(&r);
  return finished;
}

bool program_run(const word_list *words, double timeout, program_result *out) {
  spawn_child *child = program_begin(words, timeout, SPAWN_BY_CLOCK);
  spawn_await(child);
  return program_take(child, timeout, out);
}
