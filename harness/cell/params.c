/* params.c: parses the words of the command line by the parameters of the
 * workloads, the options of the collector and the hostile conditions.  Nothing
 * here prints or exits, so every error can be tested. */
#include "cell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/hostile/hostile.h"
#include "harness/base/heap-size.h"
#include "harness/base/spec.h"
#include "harness/base/words.h"

enum { WORD = 64, NAMES = 256 };

bool cell_error(char *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error, CELL_REASON, format, args);
  va_end(args);
  return false;
}

/* Writes "unknown WHAT 'WORD'" with a suggestion, or with the list of known
 * words. */
static bool unknown(char *error, const char *what, const char *word,
                    const char *const *known, size_t n) {
  char hint[2 * WORD];
  return cell_error(error, "unknown %s '%.60s'%s", what, word,
                    words_choices(hint, sizeof hint, word, known, n));
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

/* `what` is the word for the value in an error. */
static bool parse_choice(const char *text, const char *what,
                         const char *const *choices, uint64_t *value,
                         char *error) {
  size_t n = 0;
  for (; choices[n]; n++)
    if (strcmp(choices[n], text) == 0) {
      *value = n;
      return true;
    }
  return unknown(error, what, text, choices, n);
}

static bool parse_param(const char *key, const char *value, const workload *w,
                        uint64_t *params, char *error) {
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
  const wl_param *p = &w->params[found];
  if (wl_is_file(p)) {
    params[found] = (uintptr_t)value; /* which is in the arena */
    return true;
  }
  if (p->choices)
    return parse_choice(value, p->name, p->choices, &params[found], error);
  snprintf(what, sizeof what, "parameter '%s' of workload %s", key, w->name);
  return parse_number(value, what, p->min, p->max, &params[found], error);
}

bool cell_parse_workload(const char *text, const workload *const *all,
                         const workload **found, uint64_t *params,
                         char *error) {
  const char *names[NAMES];
  spec s;
  size_t n = 0;
  const char *wrong = spec_parse(text, &s);
  *found = NULL;
  for (; all[n] && n < NAMES; n++) {
    names[n] = all[n]->name;
    if (strcmp(names[n], s.name) == 0)
      *found = all[n];
  }
  if (!*found) /* also if the text has no name */
    return unknown(error, "workload", s.name, names, n);
  if (wrong)
    return cell_error(error, "%.300s", wrong);
  const workload *w = *found;
  for (unsigned i = 0; i < WL_PARAMS && w->params[i].name; i++)
    params[i] = w->params[i].initial;
  for (size_t i = 0; i < s.count; i++)
    if (!parse_param(s.settings[i].key, s.settings[i].value, w, params, error))
      return false;
  wrong = w->check ? w->check(params) : NULL;
  return !wrong || cell_error(error, "workload %s: %s", w->name, wrong);
}

const cell_need cell_needs[] = {{WL_NEEDS_THREADS, CAPABILITY_THREADS},
                                {WL_NEEDS_WEAK, CAPABILITY_WEAK},
                                {WL_NEEDS_EPHEMERONS, CAPABILITY_EPHEMERONS},
                                {WL_NEEDS_FINALIZERS, CAPABILITY_FINALIZERS},
                                {WL_NEEDS_EXTERNAL, CAPABILITY_EXTERNAL},
                                {WL_NEEDS_DEPTH, CAPABILITY_DEEP},
                                {0, 0}};

static bool has(gc_capabilities can, capability wanted) {
  const bool capabilities[CAPABILITIES] = {
      [CAPABILITY_THREADS] = can.threads,
      [CAPABILITY_WEAK] = can.weak,
      [CAPABILITY_EPHEMERONS] = can.ephemerons,
      [CAPABILITY_FINALIZERS] = can.finalizers,
      [CAPABILITY_EXTERNAL] = can.external != GC_EXTERNALS_NONE,
      [CAPABILITY_DEEP] = !can.shallow,
      [CAPABILITY_HEAP_LIMIT] = can.heap_limit};
  return capabilities[wanted];
}

unsigned cell_needs_of(const workload *w, const uint64_t *params) {
  return w->needs | (params[w->more_needs.param] ? w->more_needs.needs : 0) |
         (w->needs_of ? w->needs_of(params) : 0);
}

/* Whether the collector's ephemerons are too weak: of a recorded program it is
 * not known how many values lead to their keys, which weak keys would keep. */
static bool is_too_weak(const workload *w, const gc_collector *c,
                        capability wanted) {
  return wanted == CAPABILITY_EPHEMERONS && w->needs_of && !w->cyclic_pairs &&
         c->can.weak_keys;
}

const cell_need *cell_lacks(const workload *w, const uint64_t *params,
                            const gc_collector *c) {
  unsigned needs = cell_needs_of(w, params);
  for (const cell_need *n = cell_needs; n->bit; n++)
    if (needs & n->bit &&
        (!has(c->can, n->capability) || is_too_weak(w, c, n->capability)))
      return n;
  return NULL;
}

bool cell_can_run(const workload *w, const uint64_t *params,
                  const gc_collector *c, char *error) {
  const cell_need *n = cell_lacks(w, params, c);
  if (n)
    return cell_error(error,
                      "workload %s needs %s, which collector %s "
                      "does not have",
                      w->name, capability_words[n->capability].noun, c->name);
  if (c->can.explicit_free && !w->knows_deaths)
    return cell_error(error,
                      "workload %s does not state when objects die, which "
                      "collector %s needs",
                      w->name, c->name);
  return true;
}

bool cell_fits(const workload *w, const wl_volume *v, uint64_t memory,
               char *error) {
  const double mib = 1 << 20;
  return v->live <= memory ||
         cell_error(error,
                    "workload %s has %.0f MiB alive with these parameters, and "
                    "there are %.0f MiB of memory: take fewer or smaller "
                    "objects",
                    w->name, (double)v->live / mib, (double)memory / mib);
}

/* ------------------------------------------------------------------------- *
 * The collector's options.
 * ------------------------------------------------------------------------- */

const char *const *cell_option_words(const gc_collector *c,
                                     const gc_option *o) {
  for (const gc_words *w = c ? c->words : NULL; w && w->option; w++)
    if (strcmp(w->option, o->name) == 0)
      return w->words;
  return NULL;
}

/* Sets one option, of collector `c` unless that is NULL.  Errors call it `kind`
 * and `of`, as in "option" " of collector X". */
static bool set_option(const spec_setting *given, const gc_collector *c,
                       const gc_option *options, const char *kind,
                       const char *of, char *error) {
  char what[2 * WORD];
  snprintf(what, sizeof what, "%s '%.60s'%s", kind, given->key, of);
  const char *names[NAMES];
  size_t n = 0;
  for (const gc_option *o = options; o && o->name && n < NAMES; o++) {
    if (strcmp(o->name, given->key) == 0) {
      const char *const *words = cell_option_words(c, o);
      if (words)
        snprintf(what, sizeof what, "%s%s", o->name, of);
      return words ? parse_choice(given->value, what, words, o->value, error)
                   : parse_number(given->value, what, o->min, o->max, o->value,
                                  error);
    }
    names[n++] = o->name;
  }
  snprintf(what, sizeof what, "%s%s", kind, of);
  return unknown(error, what, given->key, names, n);
}

/* Sets the options in "NAME=VALUE,NAME=VALUE". */
static bool parse_options(const char *text, const gc_collector *c,
                          const gc_option *options, const char *kind,
                          const char *of, char *error) {
  spec s;
  const char *wrong = spec_parse_settings(text, &s);
  if (wrong)
    return cell_error(error, "%s%s: %.300s", kind, of, wrong);
  for (size_t i = 0; i < s.count; i++)
    if (!set_option(&s.settings[i], c, options, kind, of, error))
      return false;
  return true;
}

bool cell_parse_option(const char *text, const gc_collector *c, char *error) {
  char of[WORD];
  snprintf(of, sizeof of, " of collector %.40s", c->name);
  return parse_options(text, c, c->options, "option", of, error);
}

bool cell_parse_hostile(const char *text, char *error) {
  return parse_options(text, NULL, hostile_options, "hostile condition", "",
                       error);
}

/* ------------------------------------------------------------------------- *
 * Heap sizes.
 * ------------------------------------------------------------------------- */

bool cell_parse_heap(const char *text, uint64_t must_hold,
                     const gc_collector *c, uint64_t *limit, bool *coarse,
                     char *error) {
  heap_size h;
  *limit = 0;
  if (!heap_size_parse(text, &h))
    return cell_error(error, HEAP_SIZE_WRONG, text);
  if (h.kind == HEAP_MULTIPLE && must_hold == 0)
    return cell_error(error,
                      "heap size '%s': the workload states no volume "
                      "to multiply",
                      text);
  uint64_t bytes;
  if (!heap_size_limit(&h, must_hold, &bytes))
    return cell_error(error, "heap size '%s' is too large", text);
  if (h.kind != HEAP_UNLIMITED && !c->can.heap_limit)
    return cell_error(error,
                      "collector %s cannot limit its heap (use --heap "
                      "none)",
                      c->name);
  *limit = bytes;
  *coarse = h.kind == HEAP_MULTIPLE && gc_limit_is_coarse(&c->can, bytes);
  return true;
}
