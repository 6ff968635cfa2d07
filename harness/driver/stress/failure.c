/* failure.c: makes a failed episode usable. */
#include "failure.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "replay-shrink.h"
#include "harness/driver/programs/spawn.h"
#include "harness/record/record.h"
#include "harness/record/results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder_of(const char *dir, const json_t *entry) {
  return arena_text("%s/failure-%ju", dir,
                    (uintmax_t)entry_number(entry, "failure"));
}

static void write_text(const char *folder, const char *name, const char *text) {
  const char *path = arena_text("%s/%s", folder, name);
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
    spawn_child *child = episode_begin(e, trace);
    spawn_await(child);
    json_t *other = episode_take(e, child, &errors);
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

/* ------------------------------------------------------------------------- *
 * Shrinking.
 * ------------------------------------------------------------------------- */

enum { SHRINK_TRIES = 5000, SHRINK_REPEAT = 5, SHOWN = 60 };

/* The program with its options, for the replay of a trace: those that say what
 * the random mutator does, or what is written, are left out, and `hostile`
 * takes the place of the condition if it is not NULL. */
static char **replay_words(const word_list *words, const char *hostile) {
  static const char *const not_for_it[] = {"--run", "--trace"};
  const word_list left_out = {(const char **)not_for_it, 2};
  word_list a = {0};
  word_list_add(&a, words->words[0]);
  for (size_t i = 1; i + 1 < words->count; i += 2) {
    const char *option = words->words[i];
    if (word_list_has(&left_out, option) ||
        (hostile && !strcmp(option, "--hostile")))
      continue;
    word_list_add(&a, option);
    word_list_add(&a, words->words[i + 1]);
  }
  if (hostile) {
    word_list_add(&a, "--hostile");
    word_list_add(&a, hostile);
  }
  word_list_add(&a, NULL);
  return (char **)a.words;
}

/* The beginning of the shrink_kind (replay-shrink.h) of failures that the
 * oracle finds. */
static const char *kind_of(const char *oracle) {
  static const struct {
    const char *oracle, *kind;
  } kinds[] = {{"hang", "TIMEOUT"}, {"crash", "CRASH"}, {"asan", "CRASH"},
               {"tsan", "CRASH"},   {"ubsan", "CRASH"}, {"verdict", "WRONG"}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(kinds[i].oracle, oracle))
      return kinds[i].kind;
  return arena_text("WRONG %s", oracle);
}

/* Adds the operations of the minimal trace, and their number, to the entry. */
static void take_minimal(const char *path, json_t *entry) {
  FILE *file = fopen(path, "re");
  json_t *lines = json_array();
  char *line = NULL;
  size_t room = 0;
  ssize_t n;
  uint64_t operations = 0;
  while (file && (n = getline(&line, &room, file)) > 0) {
    line[n - (line[n - 1] == '\n')] = 0;
    operations += *line != '#' && strncmp(line, "reapmark-trace", 14) &&
                  strncmp(line, "thread ", 7);
    if (operations <= SHOWN)
      json_array_append_new(lines, json_string(line));
  }
  free(line);
  if (file)
    fclose(file);
  json_object_set_new(entry, "minimal", lines);
  json_object_set_new(entry, "minimal_operations", record_integer(operations));
}

/* Shrinks the failure in `folder`.  Where it fails also with a collection at
 * every allocation, it is shrunk so: a condition that counts allocations would
 * come at another place with every operation that is left out. */
static void shrink(const char *folder, json_t *entry) {
  const char *trace = arena_text("%s/trace", folder);
  const char *minimal = arena_text("%s/minimal.trace", folder);
  const char *const hostile[] = {"collect-every=1", NULL};
  const condition *under = condition_find(entry_text(entry, "condition"));
  const word_list words = words_of(entry);
  const double slow = 5, least = 2;
  double timeout = slow * (double)entry_number(entry, "elapsed") / 1e9;
  if (access(trace, R_OK) || !words.count)
    return;
  if (!strcmp(entry_text(entry, "oracle"), "hang") || timeout < least)
    timeout = least;
  int code = EXIT_SOME_FAILED;
  for (size_t i = 0; i < 2 && code == EXIT_SOME_FAILED; i++)
    code = shrink_trace(
        trace,
        &(shrink_replay){.program = replay_words(&words, hostile[i]),
                         .collector = entry_text(entry, "collector"),
                         .wanted = kind_of(entry_text(entry, "oracle")),
                         .timeout = timeout,
                         .repeat = under && under->races ? SHRINK_REPEAT : 1,
                         .tries = SHRINK_TRIES},
        minimal);
  if (code == EXIT_OK || code == EXIT_INTERRUPTED)
    take_minimal(minimal, entry);
}

static void write_entry(const char *folder, const json_t *entry) {
  char *text = json_dumps(entry, JSON_INDENT(1));
  write_text(folder, "failure.json", text ? text : "");
  free(text);
}

bool failure_keep(const campaign *c, const episode *e, json_t *entry,
                  const char *errors) {
  const char *folder = folder_of(c->log.dir, entry);
  say("%s, %s, seed %ju: %s: %s", e->subject->name, e->condition->name,
      (uintmax_t)e->seed, entry_text(entry, "oracle"),
      entry_text(entry, "reason"));
  if (mkdir(folder, 0777) && errno != EEXIST)
    say("%s: %s", folder, strerror(errno));
  if (!run_again(c, e, arena_text("%s/trace", folder), entry))
    return false;
  write_text(folder, "errors", errors);
  write_entry(folder, entry);
  return true;
}

void failure_shrink(const char *dir, json_t *entry) {
  if (!entry_number(entry, "failure"))
    return;
  char why[256];
  const char *folder = folder_of(dir, entry);
  json_t *kept = results_read_json(folder, "failure.json", why, sizeof why);
  if (!entry_number(kept, "minimal_operations"))
    shrink(folder, entry);
  else
    json_object_update(entry, kept);
  json_decref(kept);
  write_entry(folder, entry);
}

/* ------------------------------------------------------------------------- *
 * Telling of it.
 * ------------------------------------------------------------------------- */

static const char *lines_text(const json_t *lines) {
  const char *text = "";
  size_t i;
  json_t *line;
  json_array_foreach(lines, i, line) {
    if (json_is_string(line))
      text = arena_text("%s    %s\n", text, json_string_value(line));
  }
  return text;
}

/* "" if the failure was not shrunk. */
static const char *minimal_text(const char *folder, const json_t *entry) {
  uint64_t operations = entry_number(entry, "minimal_operations");
  if (!operations)
    return "";
  return arena_text("  shrunk to %ju operations: %s/minimal.trace\n%s%s",
                    (uintmax_t)operations, folder,
                    lines_text(json_object_get(entry, "minimal")),
                    operations > SHOWN
                        ? arena_text("    ... and %ju more\n",
                                     (uintmax_t)(operations - SHOWN))
                        : "");
}

/* How often it was run again, and what came of it; "" if it was not. */
static const char *again_text(const char *folder, const json_t *entry) {
  uint64_t tries = entry_number(entry, "tries");
  if (!tries)
    return "";
  const char *outcome =
      json_is_true(json_object_get(entry, "again"))
          ? arena_text("failed again at try %ju; its operations: %s/trace",
                       (uintmax_t)tries, folder)
          : arena_text("did not fail again in %ju tr%s", (uintmax_t)tries,
                       tries == 1 ? "y" : "ies");
  return arena_text("  repeat:  reapmark stress --repeat %s\n  %s\n%s", folder,
                    outcome, minimal_text(folder, entry));
}

const char *failure_text(const char *dir, const json_t *entry) {
  uint64_t operation = entry_number(entry, "operation");
  const word_list words = words_of(entry);
  const char *exposed = operation ? arena_text("  exposed by operation %ju\n",
                                               (uintmax_t)operation)
                                  : "";
  char *text = arena_text(
      "%s, %s, seed %ju: %s: %s\n%s%s  command: %s\n%s",
      entry_text(entry, "collector"), entry_text(entry, "condition"),
      (uintmax_t)entry_number(entry, "seed"), entry_accuser(entry),
      entry_text(entry, "reason"), exposed,
      lines_text(json_object_get(entry, "story")), episode_command(&words),
      again_text(folder_of(dir, entry), entry));
  text[strlen(text) - 1] = 0; /* the last newline */
  return text;
}

int failure_repeat(const char *folder, bool shrinks) {
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
  if (shrinks) {
    shrink(folder, entry);
    fputs(minimal_text(folder, entry), stdout);
  }
  program_result r;
  const double timeout = 60;
  spawn_child *child = program_begin(&words, timeout, SPAWN_BY_WORK);
  spawn_await(child);
  if (!program_take(child, timeout, &r))
    return EXIT_INTERRUPTED;
  program_check(&r, &words,
                &(collector){.name = entry_text(entry, "collector")});
  episode_fault f = episode_find_fault(under ? under : &any, &r);
  printf("%s\n", episode_command(&words));
  if (f.oracle) {
    printf("%s: %s\n", f.oracle, f.reason);
    fputs(lines_text(record_get(r.record, "violation.story")), stdout);
  } else
    printf("passed this time; then it was %s: %s\n",
           entry_text(entry, "oracle"), entry_text(entry, "reason"));
  fputs(r.errors, stderr);
  json_decref(r.record);
  json_decref(entry);
  return f.oracle ? EXIT_SOME_FAILED : EXIT_OK;
}
