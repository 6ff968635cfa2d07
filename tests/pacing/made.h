/* made.h: records of runs as the tests of pacing want them: in bytes and in
 * milliseconds, with figures that agree with each other. */
#ifndef REAPMARK_TESTS_PACING_MADE_H
#define REAPMARK_TESTS_PACING_MADE_H

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { MADE_MOST = 16 };
#define MADE_MIB (1024. * 1024)

/* A collection: `at` in ms, sizes in MiB. */
typedef struct made_line {
  double at, full, due, used, live, external, allocated, goal;
} made_line;

/* A sample: `at` in ms, sizes in MiB, garbage in objects. */
typedef struct made_sample {
  double at, footprint, live, garbage;
} made_sample;

typedef struct made {
  const char *policy; /* NULL: none, and no `pacing` */
  double wall;        /* ms */
  double live, peak, footprint, footprint_end, allocated; /* MiB */
  double live_objects, garbage; /* the most; garbage < 0: it does not tell */
  double external;              /* MiB, the most */
  int external_counted, see_external;
  double growth_least, give_back; /* MiB; collections */
  double limit;                   /* MiB */
  int collections, full;
  double over; /* percent */
  int leaked;
  double settled_free, settled_pages, settled_cells; /* MiB */
  int young, middle, old;                            /* CPython's thresholds */
  const char *garbage_is, *memory_is;                /* NULL: not known */
  double memory_slope;
  made_line lines[MADE_MOST];     /* up to one without `at` */
  made_sample samples[MADE_MOST]; /* the first one at 0, up to one at 0 */
} made;

static inline json_t *made_number(double value) {
  return json_integer((json_int_t)llround(value));
}

static inline json_t *made_mib(double mib) {
  return made_number(mib * MADE_MIB);
}

static inline json_t *made_lines(const made *m) {
  json_t *lines = json_array();
  for (const made_line *l = m->lines; l->at > 0; l++)
    json_array_append_new(
        lines,
        json_pack("[o,o,o,o,o,o,o,i,i,o]", made_number(l->at * 1e6),
                  made_number(l->full), made_mib(l->due), made_mib(l->used),
                  made_mib(l->live), made_mib(l->external),
                  made_mib(l->allocated), 1000, 1000, made_mib(l->goal)));
  return lines;
}

static inline size_t made_samples_count(const made *m) {
  size_t n = 1;
  while (n < MADE_MOST && m->samples[n].at > 0)
    n++;
  return n;
}

static inline void made_set_samples(const made *m, json_t *record) {
  json_t *memory = json_array(), *garbage = json_array();
  for (size_t i = 0; i < made_samples_count(m); i++) {
    const made_sample *s = &m->samples[i];
    json_t *dead = m->garbage < 0 ? json_null() : made_number(s->garbage);
    json_array_append_new(memory, json_pack("[o,o,o]", made_number(s->at * 1e6),
                                            made_mib(s->footprint),
                                            made_mib(s->footprint)));
    json_array_append_new(garbage,
                          json_pack("[o,o,o,O,o]", made_number(s->at * 1e6),
                                    made_number(m->live_objects),
                                    made_mib(s->live), dead, dead));
  }
  json_object_set_new(json_object_get(record, "memory"), "curve", memory);
  json_object_set_new(json_object_get(record, "garbage"), "curve", garbage);
}

static inline json_t *made_garbage(const made *m) {
  double beyond = m->footprint > m->live ? m->footprint - m->live : 0;
  json_t *json =
      json_pack("{s:{s:o,s:o},s:{s:o,s:o}}", "bytes", "max", made_mib(beyond),
                "median", made_mib(beyond / 2), "live", "objects",
                made_number(m->live_objects), "bytes", made_mib(m->live));
  if (m->garbage >= 0)
    json_object_set_new(
        json, "objects",
        json_pack("{s:o,s:o,s:o}", "max", made_number(m->garbage), "median",
                  made_number(m->garbage / 2), "end", made_number(0)));
  return json;
}

static inline json_t *made_stability(const made *m) {
  json_t *json = json_object();
  if (m->garbage_is)
    json_object_set_new(
        json, "garbage",
        json_pack("{s:s,s:f}", "verdict", m->garbage_is, "slope", 1.5));
  if (m->memory_is)
    json_object_set_new(json, "memory",
                        json_pack("{s:s,s:f}", "verdict", m->memory_is, "slope",
                                  m->memory_slope));
  return json;
}

/* The record, new. */
static inline json_t *made_record(const made *m) {
  json_t *record = json_pack(
      "{s:i,s:{},s:{s:o,s:o,s:o,s:s,s:o},s:{s:s,s:b,s:i,s:s},s:{s:o,s:i,s:i},"
      "s:{s:o,s:o,s:o,s:o},s:o,s:o,s:{s:i,s:i,s:s}}",
      "schema", 1, "options", "heap", "live", made_mib(m->live), "allocated",
      made_mib(m->allocated), "limit", made_mib(m->limit), "asked", "none",
      "must_hold", made_mib(m->live), "verdict", "status",
      m->leaked ? "LEAK" : "ok", "declared", 1, "leaked", m->leaked, "reason",
      "", "time", "wall", made_number(m->wall * 1e6), "instrument", 0,
      "skipped", 0, "memory", "baseline", made_mib(1), "peak",
      made_mib(m->peak + 1), "footprint", made_mib(m->footprint_end),
      "footprint_peak", made_mib(m->footprint), "garbage", made_garbage(m),
      "stability", made_stability(m), "exercise", "collections", m->collections,
      "full", m->full, "by", "collections");
  json_t *options = json_object_get(record, "options");
  json_t *memory = json_object_get(record, "memory");
  made_set_samples(m, record);
  if (m->external > 0) {
    json_object_set_new(memory, "external_peak", made_mib(m->external));
    json_object_set_new(memory, "external", made_mib(m->external));
    json_object_set_new(memory, "external_counted",
                        json_boolean(m->external_counted));
  }
  if (m->settled_pages > 0)
    json_object_set_new(memory, "settled",
                        json_pack("{s:o,s:o,s:o,s:o,s:i,s:i}", "free",
                                  made_mib(m->settled_free), "pages",
                                  made_mib(m->settled_pages), "cells",
                                  made_mib(m->settled_cells), "live_bytes",
                                  made_mib(m->live), "objects", 5,
                                  "live_objects", 5));
  if (m->young)
    json_object_update_new(options, json_pack("{s:i,s:i,s:i}", "threshold0",
                                              m->young, "threshold1", m->middle,
                                              "threshold2", m->old));
  if (m->policy) {
    json_object_set_new(options, "policy", json_string(m->policy));
    json_object_set_new(options, "see-external", json_integer(m->see_external));
    json_object_set_new(options, "growth-least",
                        made_number(m->growth_least * 1024));
    json_object_set_new(options, "give-back", made_number(m->give_back));
    json_object_set_new(record, "pacing", made_lines(m));
    json_object_set_new(record, "pacing_over", made_number(m->over * 10));
  }
  return record;
}

#endif
