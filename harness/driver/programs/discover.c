/* discover.c: finds the collector programs and the suites. */
#include "discover.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "spawn.h"
#include "harness/base/spec.h"
#include "harness/base/words.h"
#include "harness/record/record.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long enough for a sanitizer build on a busy machine. */
#define DESCRIBE_TIMEOUT 10.0

/* A description takes some 100 KiB; as a tree it takes ten times its text. */
enum { DESCRIPTION_MOST = 4 << 20 };

/* The folder that this program is in. */
static const char *own_folder(void) {
  char path[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n > 0)
    path[n] = 0;
  /* Without /proc the kernel has told only how the program was called. */
  else if (!realpath((const char *)getauxval(AT_EXECFN), path)) {
    say("cannot tell where this program lies, and so where collectors are: "
        "/proc/self/exe cannot be read");
    return ".";
  }
  *strrchr(path, '/') = 0;
  return arena_text("%s", path);
}

static bool is_folder(const char *path) {
  struct stat status;
  return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static bool is_program(const char *path) {
  struct stat status;
  return !stat(path, &status) && S_ISREG(status.st_mode) && !access(path, X_OK);
}

/* The names in a folder, sorted; hidden ones are not. */
static word_list folder_names(const char *folder) {
  word_list names = {0};
  struct dirent **entries;
  int n = scandir(folder, &entries, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    if (entries[i]->d_name[0] != '.') {
      word_list_add(&names, arena_text("%s", entries[i]->d_name));
    }
    free(entries[i]);
  }
  if (n >= 0)
    free(entries);
  return names;
}

/* ------------------------------------------------------------------------- *
 * Collectors.
 * ------------------------------------------------------------------------- */

/* Whether a collector of this name can be asked for: names are words of lists,
 * and parts of keys and of file names. */
static bool is_usable(const char *name) {
  const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+");
  return n && !name[n] && isalnum((unsigned char)*name) &&
         !discover_is_group(name);
}

const char *collector_read(collector *c, json_t *about) {
  json_error_t error;
  c->about = about;
  record_clean(about);
  const char *name, *summary;
  json_t *capabilities, *options, *workloads;
  json_int_t schema;
  if (json_unpack_ex(about, &error, 0, "{s:I, s:s, s:s, s:o, s:o, s:o}",
                     "schema", &schema, "name", &name, "summary", &summary,
                     "capabilities", &capabilities, "options", &options,
                     "workloads", &workloads))
    return arena_text("--describe is incomplete: %s", error.text);
  if (schema != RECORD_SCHEMA)
    return arena_text("its schema is %lld, this driver's is %d",
                      (long long)schema, RECORD_SCHEMA);
  if (!is_usable(name))
    return arena_text("its name is '%s', and a name is letters, digits, '-', "
                      "'_', '.' and '+', and no group of collectors",
                      name);
  c->name = name;
  return NULL;
}

/* Asks a program to describe itself.  Returns what is wrong, or NULL. */
static const char *ask(collector *c) {
  spawn_result r;
  char *argv[] = {(char *)c->path, (char *)"--describe", NULL};
  spawn_run(argv, SPAWN_STDOUT, DESCRIBE_TIMEOUT, &r);
  const char *trouble = spawn_trouble(&r, DESCRIBE_TIMEOUT);
  json_error_t error;
  json_t *about = NULL;
  if (spawn_is_shortage(&r)) { /* of all programs, and not for good */
    say("%s %s", c->path, trouble);
    exit(EXIT_SOME_FAILED);
  }
  if (r.end == SPAWN_INTERRUPTED) {
    say("interrupted");
    exit(EXIT_INTERRUPTED);
  }
  if (trouble)
    trouble =
        arena_text(r.end == SPAWN_FAILED ? "%s" : "--describe: %s", trouble);
  else if (r.output_bytes > DESCRIPTION_MOST)
    trouble =
        arena_text("--describe wrote more than %d MiB", DESCRIPTION_MOST >> 20);
  else if (!(about = json_loadb(r.output, r.output_bytes, 0, &error)))
    trouble = arena_text("--describe is not JSON: line %d: %s", error.line,
                         error.text);
  spawn_result_free(&r);
  return trouble ? trouble : collector_read(c, about);
}

/* Where the usable collector of this name is among all; their number if there
 * is none. */
static size_t place_of(const collectors *all, const char *name) {
  size_t i = 0;
  while (i < all->count &&
         (all->items[i].trouble || strcmp(all->items[i].name, name)))
    i++;
  return i;
}

/* Asks a program, which is given by its path or (NULL) was found. */
static void add_program(collectors *all, const char *name, const char *path,
                        const char *given) {
  collector c = {.name = name, .path = path, .given = given};
  c.trouble = ask(&c);
  const collector *twin = c.trouble ? NULL : discover_find(all, c.name);
  if (twin)
    c.trouble = arena_text("'%s' is already %s", c.name, twin->path);
  if (c.trouble && !given)
    say("collector not used: %s: %s", c.path, c.trouble);
  all->items = arena_more(all->items, all->count, sizeof c);
  all->items[all->count++] = c;
}

static void look_into(collectors *all, const char *folder) {
  word_list names = folder_names(folder);
  for (size_t i = 0; i < names.count; i++) {
    const char *path = arena_text("%s/%s", folder, names.words[i]);
    if (is_program(path))
      add_program(all, names.words[i], path, NULL);
  }
}

/* The folder of the collectors that belong to this driver. */
static const char *own_collectors(void) {
  const char *own = own_folder();
  const char *beside = arena_text("%s/collectors", own);
  return is_folder(beside) ? beside
                           : arena_text("%s/../lib/reapmark/collectors", own);
}

static collectors in_path(void) {
  collectors found = {0};
  const char *path = getenv("REAPMARK_PATH");
  for (; path && *path; path += *path == ':') {
    size_t n = strcspn(path, ":");
    const char *folder = arena_text("%.*s", (int)n, path);
    if (n && !is_folder(folder))
      say("REAPMARK_PATH: there is no folder '%s'", folder);
    else if (n)
      look_into(&found, folder);
    path += n;
  }
  return found;
}

const char *discover_file(const char *word) {
  const char *path = arena_text("%.*s", (int)strcspn(word, ":"), word);
  return strchr(path, '/') ? path : NULL;
}

const collector *discover_given(const collectors *all, const char *path) {
  for (size_t i = 0; i < all->count; i++)
    if (all->items[i].given && (!strcmp(all->items[i].given, path) ||
                                !strcmp(all->items[i].path, path)))
      return &all->items[i];
  return NULL;
}

/* The programs that words name by their paths. */
static collectors in_words(const word_list *words) {
  collectors given = {0};
  for (size_t i = 0; words && i < words->count; i++) {
    const char *path = discover_file(words->words[i]);
    if (!path || discover_given(&given, path))
      continue;
    char whole[PATH_MAX];
    add_program(&given, strrchr(path, '/') + 1,
                realpath(path, whole) ? arena_text("%s", whole) : path, path);
  }
  return given;
}

static bool same_file(const char *a, const char *b) {
  struct stat one, other;
  return !stat(a, &one) && !stat(b, &other) && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

/* Puts the programs of `strong` into `all`: one that has the name of another in
 * the place of that, the rest at the end.  Says which ones took a place. */
static void prefer(collectors *all, const collectors *strong,
                   const char *whence) {
  const char *instead = "";
  for (size_t i = 0; i < strong->count; i++) {
    const collector *c = &strong->items[i];
    const size_t place = c->trouble ? all->count : place_of(all, c->name);
    if (place == all->count) {
      all->items = arena_more(all->items, all->count, sizeof *c);
      all->count++;
    } else {
      if (!same_file(c->path, all->items[place].path))
        instead = arena_text("%s%s%s", instead, *instead ? ", " : "", c->path);
      json_decref(all->items[place].about);
    }
    all->items[place] = *c;
  }
  if (*instead)
    say("%s, instead of others of the same name: %s", whence, instead);
}

collectors discover_collectors(const word_list *words) {
  collectors all = {0};
  const collectors found = in_path(), given = in_words(words);
  look_into(&all, own_collectors());
  prefer(&all, &found, "used from REAPMARK_PATH");
  prefer(&all, &given, "used by their paths");
  return all;
}

collectors discover_mutants(void) {
  collectors all = {0};
  const char *folder = arena_text("%s/mutants", own_folder());
  if (is_folder(folder))
    look_into(&all, folder);
  return all;
}

/* Opens the list of optional collectors that the build left out.  A line is a
 * name and, in words that follow "needs", what was not there for it. */
#define NOT_BUILT_LINE "%63s %159[^\n]"
enum { NEEDS_ROOM = 160 };

static FILE *open_not_built(void) {
  return fopen(arena_text("%s/not-built", own_collectors()), "r");
}

char *discover_not_built(void) {
  FILE *f = open_not_built();
  char *all = arena_text("%s", ""), name[64], needs[NEEDS_ROOM];
  while (f && fscanf(f, NOT_BUILT_LINE, name, needs) == 2)
    all = arena_text("%s%s%s (needs %s)", all, *all ? ", " : "", name, needs);
  if (f)
    fclose(f);
  return all;
}

const char *discover_needs(const char *wanted) {
  FILE *f = open_not_built();
  char name[64], needs[NEEDS_ROOM];
  const char *found = NULL;
  while (f && !found && fscanf(f, NOT_BUILT_LINE, name, needs) == 2)
    if (!strcmp(name, wanted))
      found = arena_text("%s", needs);
  if (f)
    fclose(f);
  return found;
}

const collector *discover_find(const collectors *all, const char *name) {
  const size_t place = place_of(all, name);
  return place < all->count ? &all->items[place] : NULL;
}

const char *discover_unknown(const collectors *all, const char *name) {
  candidates known = {0};
  for (size_t i = 0; i < all->count; i++)
    if (!all->items[i].trouble)
      candidates_add(&known, all->items[i].name);
  const char *hint = suggest(name, &known);
  return arena_text("unknown collector '%s'%s", name,
                    *hint ? hint : " ('reapmark list collectors' names all)");
}

const json_t *collector_workload(const collector *c, const char *name) {
  size_t i;
  json_t *w;
  json_array_foreach(json_object_get(c->about, "workloads"), i, w) {
    const char *its = json_string_value(json_object_get(w, "name"));
    if (its && !strcmp(its, name))
      return w;
  }
  return NULL;
}

const json_t *discover_workload(const collectors *all, const char *name) {
  const json_t *found = NULL;
  for (size_t i = 0; i < all->count && !found; i++)
    if (!all->items[i].trouble)
      found = collector_workload(&all->items[i], name);
  return found;
}

json_t *discover_workloads(const collectors *all) {
  json_t *list = json_array(), *seen = json_object();
  for (size_t i = 0; i < all->count; i++) {
    size_t k;
    json_t *w;
    if (all->items[i].trouble)
      continue;
    json_array_foreach(json_object_get(all->items[i].about, "workloads"), k,
                       w) {
      if (json_object_get(seen, json_string_value(json_object_get(w, "name"))))
        continue;
      json_object_set(seen, json_string_value(json_object_get(w, "name")), w);
      json_array_append(list, w);
    }
  }
  json_decref(seen);
  return list;
}

/* Of a workload, or of a parameter. */
bool workload_needs(const json_t *described, const char *capability) {
  size_t i;
  json_t *need;
  json_array_foreach(json_object_get(described, "needs"), i, need) {
    if (!strcmp(json_string_value(need), capability))
      return true;
  }
  return false;
}

bool workload_needs_with(const json_t *workload, const spec *given,
                         const char *capability) {
  size_t i;
  json_t *param;
  json_array_foreach(json_object_get(workload, "params"), i, param) {
    const char *name = json_string_value(json_object_get(param, "name"));
    const char *text = name ? spec_value(given, name) : NULL;
    uint64_t value =
        (uint64_t)json_integer_value(json_object_get(param, "default"));
    if (text && !words_number(text, &value))
      continue;
    if (value && workload_needs(param, capability))
      return true;
  }
  return workload_needs(workload, capability);
}

bool workload_takes_threads(const json_t *workload) {
  return json_is_true(json_object_get(workload, "takes_threads"));
}

bool workload_is_threaded(const json_t *workload) {
  return workload_takes_threads(workload) ||
         workload_needs(workload, "threads");
}

bool workload_has_rate(const json_t *workload) {
  size_t i;
  json_t *param;
  json_array_foreach(json_object_get(workload, "params"), i, param) {
    const char *name = json_string_value(json_object_get(param, "name"));
    if (name && !strcmp(name, "rate"))
      return true;
  }
  return false;
}

const char *collector_kind(const collector *c) {
  const char *kind = json_string_value(json_object_get(c->about, "kind"));
  return kind ? kind : "model";
}

bool collector_is_measured(const collector *c) {
  return !c->trouble && !strcmp(collector_kind(c), "model");
}

bool discover_is_group(const char *word) {
  return !strcmp(word, "all") || !strcmp(word, "models") ||
         !strcmp(word, "references");
}

bool collector_is_in(const collector *c, const char *group) {
  bool all = !strcmp(group, "all");
  return ((all || !strcmp(group, "models")) && collector_is_measured(c)) ||
         ((all || !strcmp(group, "references")) && !c->trouble &&
          !strcmp(collector_kind(c), "reference"));
}

bool collector_can(const collector *c, const char *capability) {
  return json_is_true(
      json_object_get(json_object_get(c->about, "capabilities"), capability));
}

/* ------------------------------------------------------------------------- *
 * Suites.
 * ------------------------------------------------------------------------- */

void discover_suites(void (*visit)(void *data, const char *name,
                                   const char *path),
                     void *data) {
  const char *folder = arena_text("%s/../share/reapmark/suites", own_folder());
  if (!is_folder(folder))
    folder = REAPMARK_SUITE_DIR;
  word_list names = folder_names(folder);
  for (size_t i = 0; i < names.count; i++) {
    const char *file = names.words[i], *dot = strrchr(file, '.');
    if (dot && !strcmp(dot, ".yml"))
      visit(data, arena_text("%.*s", (int)(dot - file), file),
            arena_text("%s/%s", folder, file));
  }
}

typedef struct search {
  const char *name, *path;
  candidates known;
} search;

static void compare(void *data, const char *name, const char *path) {
  search *s = data;
  candidates_add(&s->known, name);
  if (!strcmp(name, s->name))
    s->path = path;
}

const char *discover_suite(const char *name_or_path) {
  const char *dot = strrchr(name_or_path, '.');
  if (strchr(name_or_path, '/') || (dot && !strcmp(dot, ".yml"))) {
    if (!access(name_or_path, R_OK))
      return name_or_path;
    say("suite '%s': %s", name_or_path, strerror(errno));
    return NULL;
  }
  search s = {name_or_path, NULL, {0}};
  discover_suites(compare, &s);
  if (!s.path)
    say("unknown suite '%s'%s", name_or_path,
        suggest_any(name_or_path, &s.known));
  return s.path;
}
