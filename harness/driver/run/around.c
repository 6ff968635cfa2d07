/* around.c: see around.h. */
#include "around.h"
#include "harness/base/arena.h"
#include "harness/base/words.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------------- *
 * PUs.
 * ------------------------------------------------------------------------- */

/* Reads a number, as far as digits go; -1 if there are none, or too many. */
static long read_pu(const char **at) {
  char *end;
  if (!isdigit((unsigned char)**at))
    return -1;
  errno = 0;
  const long number = strtol(*at, &end, 10);
  *at = end;
  return errno ? -1 : number;
}

static bool has_pu(const void *set, size_t number) {
  return CPU_ISSET(number, (const cpu_set_t *)set);
}

const char *around_pin_wrong(const char *text) {
  cpu_set_t allowed;
  if (!strcmp(text, "auto") || !strcmp(text, "none"))
    return NULL;
  const bool known = !sched_getaffinity(0, sizeof allowed, &allowed);
  for (const char *at = text;; at++) {
    const long first = read_pu(&at);
    long last = first;
    if (first >= 0 && *at == '-') {
      at++;
      last = read_pu(&at);
    }
    if (first < 0 || last < first || (*at && *at != ','))
      return arena_text("--pin is auto, none or a list of PUs such as 0,2-3, "
                        "not '%s'",
                        text);
    for (long pu = first; pu <= last && known; pu++)
      if (pu >= CPU_SETSIZE || !CPU_ISSET((size_t)pu, &allowed))
        return arena_text("--pin %s: only PUs %s may be used here", text,
                          words_ranges(has_pu, &allowed, CPU_SETSIZE));
    if (!*at)
      return NULL;
  }
}

/* ------------------------------------------------------------------------- *
 * The command around a run.
 * ------------------------------------------------------------------------- */

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

/* Copies a word without its quotes to `out`, and returns what follows it; NULL
 * if a quote is not closed, or a backslash stands last. */
static const char *take_word(const char *text, char *out) {
  char quote = 0;
  for (; *text && (quote || !is_blank(*text)); text++) {
    if (*text == quote)
      quote = 0;
    else if (!quote && (*text == '\'' || *text == '"'))
      quote = *text;
    else if (*text == '\\' &&
             (!quote || (quote == '"' && text[1] && strchr("\"\\", text[1])))) {
      if (!*++text)
        return NULL;
      *out++ = *text;
    } else
      *out++ = *text;
  }
  *out = 0;
  return quote ? NULL : text;
}

static bool is_program(const char *path) {
  return !access(path, X_OK) && access(arena_text("%s/.", path), F_OK);
}

/* The path of the program of this name, or NULL. */
static const char *find_program(const char *name) {
  const char *path = getenv("PATH");
  if (strchr(name, '/'))
    return is_program(name) ? name : NULL;
  for (const char *at = path ? path : "/usr/bin:/bin"; *name;) {
    const size_t n = strcspn(at, ":");
    const char *found =
        arena_text("%.*s/%s", n ? (int)n : 1, n ? at : ".", name);
    if (is_program(found))
      return found;
    if (!at[n])
      return NULL;
    at += n + 1;
  }
  return NULL;
}

const char *around_split(const char *text, word_list *words) {
  *words = (word_list){0};
  for (const char *at = text; at;) {
    while (is_blank(*at))
      at++;
    if (!*at)
      break;
    char *word = arena_take(strlen(at) + 1);
    at = take_word(at, word);
    if (!at)
      return arena_text("--wrap: a quote or a backslash is left open in: %s",
                        text);
    word_list_add(words, word);
  }
  if (!words->count)
    return "--wrap: no command";
  const char *path = find_program(words->words[0]);
  if (!path)
    return arena_text("--wrap: '%s' is no program that can be run",
                      words->words[0]);
  words->words[0] = path;
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * File names.
 * ------------------------------------------------------------------------- */

enum { LONGEST_NAME = 200, HASH = 17 };

/* FNV-1a: tells names apart that were cut, or in which more was replaced. */
static uint64_t hash_of(const char *text) {
  uint64_t hash = 14695981039346656037u;
  for (; *text; text++)
    hash = (hash ^ (unsigned char)*text) * 1099511628211u;
  return hash;
}

static const char *file_name(const char *key) {
  bool lossy = strlen(key) > LONGEST_NAME;
  char *name = arena_text("%.*s", LONGEST_NAME - HASH, key);
  for (char *at = name; *at; at++) {
    if (isalnum((unsigned char)*at) || strchr("._=+-", *at))
      continue;
    lossy |= !strchr("/:,#", *at); /* they separate the parts of a key */
    *at = *at == '/' || *at == '#' ? '_' : '-';
  }
  if (*name == '.' || *name == '-')
    *name = '_';
  return lossy ? arena_text("%s-%016jx", name, (uintmax_t)hash_of(key)) : name;
}

const char *around_expand(const char *text, const char *key) {
  const char *out = "", *name = file_name(key), *next;
  while ((next = strstr(text, AROUND_CELL))) {
    out = arena_text("%s%.*s%s", out, (int)(next - text), text, name);
    text = next + sizeof AROUND_CELL - 1;
  }
  return arena_text("%s%s", out, text);
}

const char *around_latencies_wrong(const char *text) {
  const char *name = strstr(text, AROUND_CELL);
  const char *slash = name ? memrchr(text, '/', (size_t)(name - text)) : NULL;
  if (!name)
    return arena_text("--latencies: '%s' lacks " AROUND_CELL
                      ", the name of each run, without which every run would "
                      "write to the same file",
                      text);
  if (strchr(name, '/'))
    return arena_text(
        "--latencies: " AROUND_CELL " is to be in the last part of '%s'", text);
  const char *folder = !slash ? "."
                       : slash == text
                           ? "/"
                           : arena_text("%.*s", (int)(slash - text), text);
  if (access(folder, W_OK | X_OK))
    return arena_text("--latencies: %s: %s", folder, strerror(errno));
  return NULL;
}
