/* record.c: see record.h.  The table below is results/schema.md, field by
 * field; change both together. */
#include "harness/base/words.h"
#include "harness/record/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>

typedef enum field_type {
  INTEGER, /* not negative */
  STRING,
  BOOLEAN,
  NAMED,      /* object whose members are integers or strings */
  STRINGS,    /* array of strings */
  HISTOGRAMS, /* object whose members are histograms, "all" among them, or
                 fields of the table below */
  HISTOGRAM,
  SAMPLES, /* array of [time, footprint, resident], times ascending */
  GARBAGE, /* array of [time, live objects, live bytes, garbage, most
              garbage], times ascending; the last two may be null */
  CURVES,  /* of mutator utilisation */
  ROUNDS,  /* of a leak workload */
  PACED,   /* array of what a heap policy saw and decided, times ascending */
  PHASES   /* object of objects of phases: count, sum and max of their times */
} field_type;

static const char *const type_names[] = {
    "an integer of at least 0",
    "a string",
    "a boolean",
    "an object of integers and strings",
    "an array of strings",
    "an object of histograms",
    "a histogram",
    "an array of [time, footprint, resident] in order",
    "an array of [time, live objects, live bytes, garbage, most] in order",
    "curves of shares over ascending windows",
    "what was held in each round",
    "an array of lines of 10 integers in order",
    "an object of objects of phases",
};

/* Which records must have the field, by verdict.  Each value includes those
 * before it. */
typedef enum field_presence {
  OPTIONAL, /* of the driver, or not measured by every run */
  MEASURED, /* ok, LEAK, WRONG: the run went to its end */
  REPORTED, /* also OOM: the program itself wrote the record */
  ALWAYS    /* also TIMEOUT, CRASH, ERROR: the driver wrote the record */
} field_presence;

static const struct field {
  const char *path;
  field_type type;
  field_presence presence;
} fields[] = {
    {"schema", INTEGER, ALWAYS},
    {"collector", STRING, ALWAYS},
    {"workload", STRING, ALWAYS},
    {"verdict.status", STRING, ALWAYS},
    {"verdict.declared", BOOLEAN, ALWAYS},
    {"verdict.reason", STRING, ALWAYS},
    {"verdict.leaked", INTEGER, REPORTED},
    {"params", NAMED, REPORTED},
    {"threads", INTEGER, REPORTED},
    {"seed", INTEGER, REPORTED},
    {"heap.asked", STRING, REPORTED},
    {"heap.limit", INTEGER, REPORTED},
    {"heap.must_hold", INTEGER, REPORTED},
    {"options", NAMED, REPORTED},
    {"memory.baseline", INTEGER, REPORTED},
    {"memory.peak", INTEGER, REPORTED},
    {"memory.peak_reset", BOOLEAN, REPORTED},
    {"memory.footprint", INTEGER, REPORTED},
    {"memory.footprint_peak", INTEGER, REPORTED},
    {"binding.policy", STRING, REPORTED},
    {"binding.got", STRINGS, REPORTED},
    {"memory.minor_faults", INTEGER, MEASURED},
    {"memory.major_faults", INTEGER, MEASURED},
    {"ops.count", INTEGER, MEASURED},
    {"ops.unit", STRING, MEASURED},
    {"time.wall", INTEGER, MEASURED},
    {"time.cpu", INTEGER, MEASURED},
    {"time.user", INTEGER, MEASURED},
    {"time.system", INTEGER, MEASURED},
    {"time.instrument", INTEGER, MEASURED},
    {"time.stop", INTEGER, MEASURED},
    {"time.own", INTEGER, MEASURED},
    {"pauses", HISTOGRAMS, MEASURED},
    {"phases", PHASES, OPTIONAL},
    {"safepoint.world", HISTOGRAM, OPTIONAL},
    {"safepoint.mutators", HISTOGRAM, OPTIONAL},
    {"timeline", NAMED, OPTIONAL},
    {"steps", HISTOGRAMS, MEASURED},
    {"steps.delayed", INTEGER, MEASURED},
    {"steps.corrected", BOOLEAN, MEASURED},
    {"counters", NAMED, MEASURED},
    {"noise.voluntary", INTEGER, MEASURED},
    {"noise.involuntary", INTEGER, MEASURED},
    {"noise.run_delay", INTEGER, MEASURED},
    {"noise.still", INTEGER, OPTIONAL},
    {"memory.external", INTEGER, OPTIONAL},
    {"memory.external_peak", INTEGER, OPTIONAL},
    {"memory.curve", SAMPLES, OPTIONAL},
    {"memory.curve_interval", INTEGER, OPTIONAL},
    {"memory.curve_cost", INTEGER, OPTIONAL},
    {"garbage.curve", GARBAGE, OPTIONAL},
    {"garbage.cost", INTEGER, OPTIONAL},
    {"garbage.exact", BOOLEAN, OPTIONAL},
    {"garbage.collections", INTEGER, OPTIONAL},
    {"garbage.live", NAMED, OPTIONAL},
    {"garbage.objects.max", INTEGER, OPTIONAL},
    {"garbage.objects.median", INTEGER, OPTIONAL},
    {"garbage.objects.end", INTEGER, OPTIONAL},
    {"garbage.bytes.max", INTEGER, OPTIONAL},
    {"garbage.bytes.median", INTEGER, OPTIONAL},
    {"garbage.bytes.end", INTEGER, OPTIONAL},
    {"stability.garbage.verdict", STRING, OPTIONAL},
    {"stability.memory.verdict", STRING, OPTIONAL},
    {"latency.rate", INTEGER, OPTIONAL},
    {"latency.arrivals", STRING, OPTIONAL},
    {"latency.span", INTEGER, OPTIONAL},
    {"latency.intended", HISTOGRAM, OPTIONAL},
    {"latency.simple", HISTOGRAM, OPTIONAL},
    {"latency.metered", HISTOGRAM, OPTIONAL},
    {"latency.metered_100ms", HISTOGRAM, OPTIONAL},
    {"latency.steady", HISTOGRAM, OPTIONAL},
    {"latency.warm_up", INTEGER, OPTIONAL},
    {"exercise.by", STRING, OPTIONAL},
    {"exercise.deaths", INTEGER, OPTIONAL},
    {"exercise.counts", BOOLEAN, OPTIONAL},
    {"exercise.cyclic", BOOLEAN, OPTIONAL},
    {"exercise.collections", INTEGER, OPTIONAL},
    {"exercise.full", INTEGER, OPTIONAL},
    {"exercise.candidates", INTEGER, OPTIONAL},
    {"leaks", ROUNDS, OPTIONAL},
    {"pacing", PACED, OPTIONAL},
    {"pacing_dropped", INTEGER, OPTIONAL},
    {"pacing_over", INTEGER, OPTIONAL},
    {"instrumented", BOOLEAN, OPTIONAL},
    {"binding.helpers", STRINGS, OPTIONAL},
    {"noise.own_delay", INTEGER, OPTIONAL},
    {"heap.coarse", BOOLEAN, OPTIONAL},
    {"mmu", CURVES, OPTIONAL},
    {"time.skipped", INTEGER, OPTIONAL},
    {"time.replayer", INTEGER, OPTIONAL},
    {"build.compiler", STRING, OPTIONAL},
    {"build.flags", STRING, OPTIONAL},
    {"build.type", STRING, OPTIONAL},
    {"build.sanitizer", STRING, OPTIONAL},
    {"build.optimised", BOOLEAN, OPTIONAL},
    {"build.checks", BOOLEAN, OPTIONAL},
    {"build.id", STRING, OPTIONAL},
    {"hostile.settings", NAMED, OPTIONAL},
    {"hostile.fired", NAMED, OPTIONAL},
    {"hostile.allocations", INTEGER, OPTIONAL},
    {"hostile.internal", INTEGER, OPTIONAL},
    {"hostile.checked", INTEGER, OPTIONAL},
    {"hostile.violations", INTEGER, OPTIONAL},
    {"counts", NAMED, OPTIONAL},
    {"violation.oracle", STRING, OPTIONAL},
    {"violation.operation", INTEGER, OPTIONAL},
    {"violation.story", STRINGS, OPTIONAL},
    {"key", STRING, OPTIONAL},
    {"cell", STRING, OPTIONAL},
    {"suite", STRING, OPTIONAL},
    {"invocation", INTEGER, OPTIONAL},
    {"order", INTEGER, OPTIONAL},
    {"started", STRING, OPTIONAL},
    {"elapsed", INTEGER, OPTIONAL},
    {"suspect", STRING, OPTIONAL},
    {"machine", NAMED, OPTIONAL},
    {"beside", NAMED, OPTIONAL},
    {"latencies", NAMED, OPTIONAL},
    {"wrapped", NAMED, OPTIONAL},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static const struct status {
  const char *name;
  field_presence least; /* fields of this presence and above are required */
} statuses[] = {
    {"ok", MEASURED},    {"LEAK", MEASURED}, {"OVER LIMIT", MEASURED},
    {"WRONG", MEASURED}, {"OOM", REPORTED},  {"TIMEOUT", ALWAYS},
    {"CRASH", ALWAYS},   {"ERROR", ALWAYS},
};
enum { STATUSES = sizeof statuses / sizeof statuses[0] };

json_t *record_get(const json_t *record, const char *path) {
  const json_t *at = record;
  while (at) {
    const size_t n = strcspn(path, ".");
    at = json_object_getn(at, path, n);
    if (!path[n])
      break;
    path += n + 1;
  }
  return (json_t *)at;
}

const char *record_text(const json_t *record, const char *path) {
  const char *text = json_string_value(record_get(record, path));
  return text ? text : "";
}

double record_number(const json_t *record, const char *path) {
  const json_t *value = record_get(record, path);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

json_t *record_integer(uint64_t value) {
  return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* What the text is when it is clean, new; NULL if it is clean already. */
static char *cleaned(const char *text, size_t n) {
  char *copy = strndup(text, n); /* nothing is kept behind a 0 */
  if (!copy)
    return NULL;
  words_clean(copy, false);
  if (strlen(copy) == n && !memcmp(copy, text, n)) {
    free(copy);
    return NULL;
  }
  return copy;
}

void record_clean(json_t *json) {
  const char *name;
  json_t *member;
  void *next;
  size_t i;
  if (json_is_string(json)) {
    char *copy = cleaned(json_string_value(json), json_string_length(json));
    if (copy)
      json_string_set(json, copy);
    free(copy);
  }
  json_array_foreach(json, i, member) record_clean(member);
  json_object_foreach_safe(json, next, name, member) {
    char *copy = cleaned(name, strlen(name));
    record_clean(member);
    if (copy)
      json_object_del(json, name);
    free(copy);
  }
}

static bool is_integer(const json_t *json) {
  return json_is_integer(json) && json_integer_value(json) >= 0;
}

/* ------------------------------------------------------------------------- *
 * Histograms.
 * ------------------------------------------------------------------------- */

static json_t *percentile(const hist *h, double p) {
  uint64_t value;
  return hist_percentile(h, p, &value) ? record_integer(value) : json_null();
}

json_t *record_histogram(const hist *h) {
  if (h->count == 0)
    return json_pack("{s:i}", "count", 0);
  json_t *buckets = json_array();
  hist_bucket b;
  for (unsigned cursor = 0; hist_next(h, &cursor, &b);)
    json_array_append_new(buckets, json_pack("[o,o]", record_integer(b.low),
                                             record_integer(b.count)));
  return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "count",
                   record_integer(h->count), "sum", record_integer(h->sum),
                   "min", record_integer(h->min), "max", record_integer(h->max),
                   "p50", percentile(h, 50), "p99", percentile(h, 99),
                   "buckets", buckets);
}

/* Reads the pairs [low, count]; false if one is none. */
static bool read_buckets(const json_t *list, hist_bucket *buckets) {
  size_t i;
  json_t *pair;
  json_array_foreach(list, i, pair) {
    const json_t *low = json_array_get(pair, 0);
    const json_t *number = json_array_get(pair, 1);
    if (json_array_size(pair) != 2 || !is_integer(low) || !is_integer(number))
      return false;
    buckets[i] = (hist_bucket){(uint64_t)json_integer_value(low),
                               (uint64_t)json_integer_value(number)};
  }
  return true;
}

bool record_read_sparse(const json_t *json, hist_sparse *h) {
  *h = (hist_sparse){0};
  const json_t *count = json_object_get(json, "count");
  if (!is_integer(count))
    return false;
  if (json_integer_value(count) == 0)
    return true;
  const json_t *sum = json_object_get(json, "sum");
  const json_t *min = json_object_get(json, "min");
  const json_t *max = json_object_get(json, "max");
  const json_t *list = json_object_get(json, "buckets");
  size_t n = json_array_size(list);
  if (!is_integer(sum) || !is_integer(min) || !is_integer(max) || n == 0 ||
      n > HIST_BUCKETS)
    return false;
  *h = (hist_sparse){.count = (uint64_t)json_integer_value(count),
                     .sum = (uint64_t)json_integer_value(sum),
                     .min = (uint64_t)json_integer_value(min),
                     .max = (uint64_t)json_integer_value(max),
                     .buckets = malloc(n * sizeof(hist_bucket)),
                     .occupied = n};
  if (h->buckets && read_buckets(list, h->buckets) && hist_sparse_valid(h))
    return true;
  free(h->buckets);
  *h = (hist_sparse){0};
  return false;
}

bool record_read_histogram(const json_t *json, hist *h) {
  hist_sparse sparse;
  bool good = record_read_sparse(json, &sparse);
  hist_rebuild(h, &sparse); /* empty, unless it is good */
  free(sparse.buckets);
  return good;
}

static bool is_histogram(const json_t *json) {
  hist_sparse sparse;
  bool good = record_read_sparse(json, &sparse);
  free(sparse.buckets);
  return good;
}

/* ------------------------------------------------------------------------- *
 * Checking.
 * ------------------------------------------------------------------------- */

/* Whether the table has a field `name` inside the object at `path`. */
static bool is_field_of(const char *path, const char *name) {
  size_t n = strlen(path);
  for (size_t i = 0; i < FIELDS; i++)
    if (strncmp(fields[i].path, path, n) == 0 && fields[i].path[n] == '.' &&
        strcmp(fields[i].path + n + 1, name) == 0)
      return true;
  return false;
}

static bool are_histograms(const json_t *json, const char *path) {
  if (!json_object_get(json, "all"))
    return false;
  const char *name;
  json_t *member;
  json_object_foreach((json_t *)json, name, member) {
    if (!is_field_of(path, name) && !is_histogram(member))
      return false;
  }
  return true;
}

/* Samples of `n` integers, of which the first ones ascend, and those from
 * number `known` on may be null. */
static bool are_samples(const json_t *json, size_t known, size_t n) {
  size_t i;
  json_t *sample;
  json_int_t before = -1;
  json_array_foreach(json, i, sample) {
    for (size_t k = 0; k < n; k++)
      if (!is_integer(json_array_get(sample, k)) &&
          (k < known || !json_is_null(json_array_get(sample, k))))
        return false;
    json_int_t at = json_integer_value(json_array_get(sample, 0));
    if (json_array_size(sample) != n || at < before)
      return false;
    before = at;
  }
  return json_is_array(json);
}

static bool are_shares(const json_t *list, size_t n) {
  size_t i;
  json_t *share;
  json_array_foreach(list, i, share) {
    double value = json_number_value(share);
    if (!json_is_number(share) || value < 0 || value > 1)
      return false;
  }
  return json_array_size(list) == n;
}

static bool is_curve(const json_t *json, size_t n) {
  return are_shares(json_object_get(json, "mmu"), n) &&
         are_shares(json_object_get(json, "bmu"), n);
}

static bool are_curves(const json_t *json) {
  const json_t *windows = json_object_get(json, "windows");
  const json_t *threads = json_object_get(json, "threads");
  size_t n = json_array_size(windows), i;
  json_t *member;
  json_int_t before = -1;
  json_array_foreach(windows, i, member) {
    if (!is_integer(member) || json_integer_value(member) <= before)
      return false;
    before = json_integer_value(member);
  }
  json_array_foreach(threads, i, member) {
    if (!is_curve(member, n))
      return false;
  }
  return n > 0 && json_is_array(threads) &&
         is_integer(json_object_get(json, "joined")) &&
         is_curve(json_object_get(json, "worst"), n);
}

/* An array of `n` integers, or null if the collector could not tell. */
static bool is_row(const json_t *json, size_t n) {
  size_t i;
  json_t *value;
  json_array_foreach(json, i, value) {
    if (!is_integer(value) && !json_is_null(value))
      return false;
  }
  return json_is_array(json) && json_array_size(json) == n;
}

static bool are_rounds(const json_t *json) {
  static const char *const moments[] = {"dropped", "quiet", "collected"};
  const json_t *reachable = json_object_get(json, "reachable");
  size_t n = json_array_size(reachable);
  if (n < 2 || !is_row(reachable, n) ||
      !is_integer(record_get(json, "start.objects")))
    return false;
  for (size_t i = 0; i < 3; i++) {
    const json_t *moment = json_object_get(json, moments[i]);
    if (!is_row(json_object_get(moment, "objects"), n - 1) ||
        !is_row(json_object_get(moment, "bytes"), n - 1))
      return false;
  }
  return true;
}

static bool are_phases(const json_t *json) {
  const char *name;
  json_t *group, *phase;
  json_object_foreach((json_t *)json, name, group) {
    json_object_foreach(group, name, phase) {
      const json_t *sum = json_object_get(phase, "sum");
      const json_t *max = json_object_get(phase, "max");
      if (!is_integer(json_object_get(phase, "count")) || !is_integer(sum) ||
          !is_integer(max) || json_integer_value(max) > json_integer_value(sum))
        return false;
    }
    if (!json_is_object(group))
      return false;
  }
  return json_is_object(json);
}

static bool has_type(const json_t *json, const struct field *f) {
  const char *name;
  json_t *member;
  size_t i;
  switch (f->type) {
  case INTEGER:
    return is_integer(json);
  case STRING:
    return json_is_string(json);
  case BOOLEAN:
    return json_is_boolean(json);
  case NAMED:
    json_object_foreach((json_t *)json, name, member) {
      if (!is_integer(member) && !json_is_string(member))
        return false;
    }
    return json_is_object(json);
  case STRINGS:
    json_array_foreach(json, i, member) {
      if (!json_is_string(member))
        return false;
    }
    return json_is_array(json);
  case HISTOGRAMS:
    return are_histograms(json, f->path);
  case HISTOGRAM:
    return is_histogram(json);
  case SAMPLES:
    return are_samples(json, 3, 3);
  case GARBAGE:
    return are_samples(json, 3, 5);
  case PACED:
    return are_samples(json, RECORD_PACED, RECORD_PACED);
  case PHASES:
    return are_phases(json);
  case CURVES:
    return are_curves(json);
  case ROUNDS:
    return are_rounds(json);
  }
  return false;
}

__attribute__((format(printf, 3, 4))) static bool
invalid(char *why, size_t room, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(why, room, format, args);
  va_end(args);
  return false;
}

/* Whether no number in the value is negative: nothing that a record counts or
 * measures is, but for the slopes in `stability`.  If one is, `name` is the
 * member that it is in.  All of a record is visited, so by iterators, which do
 * not look up every key again. */
static bool is_negative_free(json_t *json, const char **name) {
  json_t *member;
  size_t i;
  bool good = !(json_is_number(json) && json_number_value(json) < 0);
  json_array_foreach(json, i, member) good =
      good && is_negative_free(member, name);
  for (void *at = json_object_iter(json); good && at;
       at = json_object_iter_next(json, at))
    if (strcmp(json_object_iter_key(at), "stability") &&
        !is_negative_free(json_object_iter_value(at), name)) {
      good = false;
      *name = *name ? *name : json_object_iter_key(at);
    }
  return good;
}

bool record_valid(const json_t *record, char *why, size_t room) {
  if (!json_is_object(record))
    return invalid(why, room, "a run record is a JSON object");
  const json_t *schema = json_object_get(record, "schema");
  if (!json_is_integer(schema) || json_integer_value(schema) != RECORD_SCHEMA)
    return invalid(why, room, "field 'schema' is not %d", RECORD_SCHEMA);

  const char *status = json_string_value(record_get(record, "verdict.status"));
  const struct status *s = statuses;
  while (s < statuses + STATUSES && !(status && !strcmp(s->name, status)))
    s++;
  if (s == statuses + STATUSES)
    return invalid(why, room, "field 'verdict.status' is no known status");

  /* A violation ends the run at once, so that nothing was measured. */
  field_presence least =
      json_object_get(record, "violation") ? REPORTED : s->least;
  for (const struct field *f = fields; f < fields + FIELDS; f++) {
    const json_t *value = record_get(record, f->path);
    if (!value && f->presence >= least)
      return invalid(why, room, "field '%s' is missing", f->path);
    if (value && !has_type(value, f))
      return invalid(why, room, "field '%s' is not %s", f->path,
                     type_names[f->type]);
  }
  const char *negative = NULL;
  if (!is_negative_free((json_t *)record, &negative))
    return invalid(why, room, "a number of field '%s' is negative", negative);
  return true;
}
