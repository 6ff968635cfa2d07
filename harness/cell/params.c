/* params.c: what users write as WORKLOAD:KEY=VALUE, NAME=VALUE and a heap size.
 * Nothing here prints or exits, so that every error can be tested. */
#include "cell.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hostile/hostile.h"
#include "harness/base/words.h"

enum { WORD = 64, NAMES = 256 };

bool cell_error(char *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error, CELL_REASON, format, args);
  va_end(args);
  return false;
}

/* "WHAT 'WORD' (did you mean ...?)", or what there is to choose from. */
static bool unknown(char *error, const char *what, const char *word,
                    const char *const *known, size_t n) {
  char hint[2 * WORD];
  return cell_error(error, "unknown %s '%.60s'%s", what, word,
                    words_choices(hint, sizeof hint, word, known, n));
}

/* Copies text up to one of `ends` into `word` and returns where it ended; too
 * long a word is cut short, and then is not known. */
static const char *take_word(char *word, const char *text, const char *ends) {
  size_t n = strcspn(text, ends);
  snprintf(word, WORD, "%.*s", (int)(n < WORD ? n : WORD - 1), text);
  return text + n;
}

static bool parse_number(const char *text, const char *what, uint64_t min,
                         uint64_t max, uint64_t *value, char *error) {
  uint64_t number;
  if (!words_number(text, &number))
    return cell_error(error,
                      "%s is a whole number such as 4096 or 64k, not '%s'",
                      what, text);
  if (number < min || number > max)
    return cell_error(error,
                      "%s must lie within %" PRIu64 " and %" PRIu64 ", not %s",
                      what, min, max, text);
  *value = number;
  return true;
}

/* ------------------------------------------------------------------------- *
 * Workloads.
 * ------------------------------------------------------------------------- */

static bool parse_choice(const char *text, const wl_param *p, uint64_t *value,
                         char *error) {
  size_t n = 0;
  for (; p->choices[n]; n++)
    if (strcmp(p->choices[n], text) == 0) {
      *value = n;
      return true;
    }
  char what[WORD];
  snprintf(what, sizeof what, "%s", p->name);
  return unknown(error, what, text, p->choices, n);
}

/* One KEY=VALUE.  `given` has a bit for each parameter mentioned so far. */
static bool parse_param(const char *key, const char *value, const workload *w,
                        uint64_t *params, unsigned *given, char *error) {
  const char *names[WL_PARAMS];
  size_t n = 0, found = WL_PARAMS;
  for (; n < WL_PARAMS && w->params[n].name; n++) {
    names[n] = w->params[n].name;
    if (strcmp(names[n], key) == 0)
      found = n;
  }
  char what[2 * WORD];
  if (found == WL_PARAMS) {
    snprintf(what, sizeof what, "parameter of workload %s", w->name);
    return unknown(error, what, key, names, n);
  }
  if (*given & 1u << found)
    return cell_error(error, "parameter '%s' of workload %s is given twice",
                      key, w->name);
  *given |= 1u << found;
  const wl_param *p = &w->params[found];
  if (p->choices)
    return parse_choice(value, p, &params[found], error);
  snprintf(what, sizeof what, "parameter '%s' of workload %s", key, w->name);
  return parse_number(value, what, p->min, p->max, &params[found], error);
}

bool cell_parse_workload(const char *spec, const workload *const *all,
                         const workload **found, uint64_t *params,
                         char *error) {
  char name[WORD], key[WORD], value[WORD];
  const char *at = take_word(name, spec, ":");
  const char *names[NAMES];
  size_t n = 0;
  *found = NULL;
  for (; all[n] && n < NAMES; n++) {
    names[n] = all[n]->name;
    if (strcmp(names[n], name) == 0)
      *found = all[n];
  }
  if (!*found)
    return unknown(error, "workload", name, names, n);
  const workload *w = *found;
  for (unsigned i = 0; i < WL_PARAMS && w->params[i].name; i++)
    params[i] = w->params[i].initial;

  unsigned given = 0;
  while (*at) {
    at = take_word(key, at + 1, "=,"); /* past ':' or ',' */
    if (*at != '=')
      return cell_error(error,
                        "parameter '%s' of workload %s has no value "
                        "(write KEY=VALUE)",
                        key, w->name);
    at = take_word(value, at + 1, ",");
    if (!parse_param(key, value, w, params, &given, error))
      return false;
  }
  return true;
}

bool cell_can_run(const workload *w, const gc_collector *c, char *error) {
  const struct {
    unsigned need;
    bool has;
    const char *what;
  } needs[] = {
      {WL_NEEDS_THREADS, c->can.threads, "threads"},
      {WL_NEEDS_WEAK, c->can.weak, "weak references"},
      {WL_NEEDS_FINALIZERS, c->can.finalizers, "finalizers"},
      {WL_NEEDS_DEPTH, !c->can.shallow, "drops of any depth"},
  };
  for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
    if (w->needs & needs[i].need && !needs[i].has)
      return cell_error(error,
                        "workload %s needs %s, which collector %s "
                        "does not have",
                        w->name, needs[i].what, c->name);
  if (c->can.explicit_free && !w->knows_deaths)
    return cell_error(error,
                      "workload %s does not state when objects die, which "
                      "collector %s needs",
                      w->name, c->name);
  return true;
}

/* ------------------------------------------------------------------------- *
 * The collector's options.
 * ------------------------------------------------------------------------- */

/* "NAME=VALUE".  `kind` and `of` are what errors call it: an "option" " of
 * collector X". */
static bool parse_option(const char *text, const gc_option *options,
                         const char *kind, const char *of, char *error) {
  char name[WORD], what[2 * WORD];
  const char *at = take_word(name, text, "=");
  snprintf(what, sizeof what, "%s '%s'%s", kind, name, of);
  if (*at != '=')
    return cell_error(error, "%s has no value (write NAME=VALUE)", what);
  const char *names[NAMES];
  size_t n = 0;
  for (const gc_option *o = options; o && o->name && n < NAMES; o++) {
    if (strcmp(o->name, name) == 0)
      return parse_number(at + 1, what, o->min, o->max, o->value, error);
    names[n++] = o->name;
  }
  snprintf(what, sizeof what, "%s%s", kind, of);
  return unknown(error, what, name, names, n);
}

bool cell_parse_option(const char *text, const gc_collector *c, char *error) {
  char of[WORD];
  snprintf(of, sizeof of, " of collector %.40s", c->name);
  return parse_option(text, c->options, "option", of, error);
}

bool cell_parse_hostile(const char *text, char *error) {
  char one[WORD];
  do {
    text = take_word(one, text, ",");
    if (!parse_option(one, hostile_options, "hostile condition", "", error))
      return false;
  } while (*text++);
  return true;
}

/* ------------------------------------------------------------------------- *
 * Heap sizes.
 * ------------------------------------------------------------------------- */

bool cell_parse_heap(const char *text, uint64_t must_hold,
                     const gc_collector *c, uint64_t *limit, char *error) {
  *limit = 0;
  if (strcmp(text, "none") == 0)
    return true;
  uint64_t bytes;
  char *end;
  errno = 0;
  double factor = strtod(text, &end);
  if (end != text && strcmp(end, "x") == 0) {
    if (errno || !isfinite(factor) || factor <= 0)
      return cell_error(error, "heap size '%s' is no multiple such as 1.5x",
                        text);
    if (must_hold == 0)
      return cell_error(error,
                        "heap size '%s': the workload states no volume "
                        "to multiply",
                        text);
    double product = ceil(factor * (double)must_hold);
    if (product >= 0x1p63)
      return cell_error(error, "heap size '%s' is too large", text);
    bytes = (uint64_t)product;
  } else if (!words_number(text, &bytes) || bytes == 0) {
    return cell_error(error,
                      "heap size '%s' is neither bytes such as 64M, nor "
                      "a multiple such as 3x, nor none",
                      text);
  }
  if (!c->can.heap_limit)
    return cell_error(error,
                      "collector %s cannot limit its heap (use --heap "
                      "none)",
                      c->name);
  *limit = bytes;
  return true;
}
