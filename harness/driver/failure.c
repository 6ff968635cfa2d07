/* failure.c: makes a failed episode usable. */
#include "failure.h"
#include "memory.h"
#include "say.h"
#include "spawn.h"
#include "harness/record/record.h"
#include "harness/report/results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder_of(const char *dir, const json_t *entry) {
  return memory_text("%s/failure-%ju", dir,
                     (uintmax_t)entry_number(entry, "failure"));
}

static void write_text(const char *folder, const char *name, const char *text) {
  const char *path = memory_text("%s/%s", folder, name);
  FILE *file = fopen(path, "we");
  bool good = file && fputs(text, file) >= 0;
  if ((file && fclose(file)) || !good)
    say("%s: %s", path, strerror(errno));
}

/* The words of an entry's command. */
static word_list words_of(const json_t *entry) {
  word_list words = {0};
  size_t i;
  json_t *word;
  json_array_foreach(json_object_get(entry, "words"), i, word) {
    if (json_is_string(word))
      word_list_add(&words, json_string_value(word));
  }
  return words;
}

/* ------------------------------------------------------------------------- *
 * Running it again.
 * ------------------------------------------------------------------------- */

/* Runs the episode until it fails with its operations written to `trace`.
 * False if the user interrupted. */
static bool run_again(const campaign *c, const episode *e, const char *trace,
                      json_t *entry) {
  uint64_t most = e->condition->races ? c->tries : 2, tries = 0;
  bool again = false;
  while (tries < most && !again) {
    const char *errors;
    json_t *other = episode_run(e, trace, &errors);
    if (!other)
      return false;
    tries++;
    again = !strcmp(entry_text(other, "result"), "failed");
    json_decref(other);
  }
  json_object_set_new(entry, "tries", record_integer(tries));
  json_object_set_new(entry, "again", json_boolean(again));
  if (!again)
    unlink(trace); /* of a run that did not fail */
  return true;
}

bool failure_keep(const campaign *c, const episode *e, json_t *entry,
                  const char *errors) {
  const char *folder = folder_of(c->log.dir, entry);
  say("%s, %s, seed %ju: %s: %s", e->subject->name, e->condition->name,
      (uintmax_t)e->seed, entry_text(entry, "oracle"),
      entry_text(entry, "reason"));
  if (mkdir(folder, 0777) && errno != EEXIST)
    say("%s: %s", folder, strerror(errno));
  if (!run_again(c, e, memory_text("%s/trace", folder), entry))
    return false;
  write_text(folder, "errors", errors);
  char *text = json_dumps(entry, JSON_INDENT(1));
  write_text(folder, "failure.json", text ? text : "");
  free(text);
  return true;
}

/* ------------------------------------------------------------------------- *
 * Telling of it.
 * ------------------------------------------------------------------------- */

static void print_story(const json_t *story, FILE *out) {
  size_t i;
  json_t *line;
  json_array_foreach(story, i, line) {
    if (json_is_string(line))
      fprintf(out, "    %s\n", json_string_value(line));
  }
}

void failure_print(const char *dir, const json_t *entry, FILE *out) {
  uint64_t operation = entry_number(entry, "operation");
  uint64_t tries = entry_number(entry, "tries");
  const word_list words = words_of(entry);
  const char *folder = folder_of(dir, entry);
  fprintf(out, "\n%s, %s, seed %ju: %s: %s\n", entry_text(entry, "collector"),
          entry_text(entry, "condition"),
          (uintmax_t)entry_number(entry, "seed"),
          *entry_text(entry, "oracle") ? entry_text(entry, "oracle")
                                       : entry_text(entry, "result"),
          entry_text(entry, "reason"));
  if (operation)
    fprintf(out, "  exposed by operation %ju\n", (uintmax_t)operation);
  print_story(json_object_get(entry, "story"), out);
  fprintf(out, "  command: %s\n", episode_command(&words));
  if (!tries)
    return;
  fprintf(out, "  repeat:  reapmark stress --repeat %s\n", folder);
  if (json_is_true(json_object_get(entry, "again")))
    fprintf(out, "  failed again at try %ju; its operations: %s/trace\n",
            (uintmax_t)tries, folder);
  else
    fprintf(out, "  did not fail again in %ju tr%s\n", (uintmax_t)tries,
            tries == 1 ? "y" : "ies");
}

int failure_repeat(const char *folder) {
  char why[256];
  json_t *entry = results_read_json(folder, "failure.json", why, sizeof why);
  if (!entry) {
    say("%s", why);
    return EXIT_USAGE;
  }
  const condition *under = condition_find(entry_text(entry, "condition"));
  const word_list words = words_of(entry);
  if (!words.count) {
    say("%s/failure.json holds no command", folder);
    return EXIT_USAGE;
  }
  const condition any = {.name = "any"};
  program_result r;
  double timeout = json_number_value(json_object_get(entry, "timeout"));
  if (!program_run(&words, timeout > 0 ? timeout : 60, &r))
    return EXIT_INTERRUPTED;
  episode_fault f = episode_find_fault(under ? under : &any, &r);
  printf("%s\n", episode_command(&words));
  if (f.oracle) {
    printf("%s: %s\n", f.oracle, f.reason);
    print_story(record_get(r.record, "violation.story"), stdout);
  } else
    printf("passed this time; then it was %s: %s\n",
           entry_text(entry, "oracle"), entry_text(entry, "reason"));
  fputs(r.errors, stderr);
  json_decref(r.record);
  json_decref(entry);
  return f.oracle ? EXIT_SOME_FAILED : EXIT_OK;
}
