/* paced.c: what the collector's heap policy saw and decided in each collection
 * of the measured part (gc_paced in gc.h), for the record. */
#include "cell.h"

#include "harness/record/record.h"

#include <pthread.h>

/* Full and partial collections have series of their own, or a few full ones
 * would be lost among many partial ones.  When the room of a series is used up,
 * every other line is dropped, and from then on every other collection is: so
 * a run of any length has between ROOM / 2 and ROOM lines of each kind. */
enum { ROOM = 128, PARTIAL = 0, FULL = 1, KINDS };

typedef struct series {
  gc_paced lines[ROOM];
  size_t count;
  uint64_t seen, stride; /* collections so far; one in so many is kept */
} series;

static struct {
  pthread_mutex_t lock;
  series series[KINDS];
  uint64_t over; /* bytes over the goal that was due, the most, per mille */
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void add_line(series *s, const gc_paced *p) {
  if (!s->stride)
    s->stride = 1;
  if (s->seen++ % s->stride)
    return;
  if (s->count == ROOM) {
    for (size_t i = 1; i < ROOM / 2; i++)
      s->lines[i] = s->lines[2 * i];
    s->count = ROOM / 2;
    s->stride *= 2;
  }
  s->lines[s->count++] = *p;
}

void cell_paced(void *data, const gc_paced *p) {
  (void)data;
  if (!cell_measuring())
    return;
  pthread_mutex_lock(&kept.lock);
  add_line(&kept.series[p->full], p);
  if (p->full && p->due && p->used > p->due) {
    uint64_t over =
        (uint64_t)((double)(p->used - p->due) * 1000 / (double)p->due);
    kept.over = over > kept.over ? over : kept.over;
  }
  pthread_mutex_unlock(&kept.lock);
}

static json_t *compose_line(const gc_paced *p) {
  uint64_t begin = cell_measurement.begin;
  const uint64_t fields[RECORD_PACED] = {
      [RECORD_PACED_AT] = p->at_ns > begin ? p->at_ns - begin : 0,
      [RECORD_PACED_FULL] = p->full,
      [RECORD_PACED_DUE] = p->due,
      [RECORD_PACED_USED] = p->used,
      [RECORD_PACED_LIVE] = p->live,
      [RECORD_PACED_EXTERNAL] = p->external,
      [RECORD_PACED_ALLOCATED] = p->allocated,
      [RECORD_PACED_COST] = p->cost_ns,
      [RECORD_PACED_MUTATOR] = p->mutator_ns,
      [RECORD_PACED_GOAL] = p->goal};
  json_t *line = json_array();
  for (size_t i = 0; i < RECORD_PACED; i++)
    json_array_append_new(line, record_integer(fields[i]));
  return line;
}

/* The next line by time, or NULL; `at` tells how many were taken of each. */
static const gc_paced *next_line(size_t *at) {
  const gc_paced *next[KINDS];
  for (unsigned k = 0; k < KINDS; k++)
    next[k] =
        at[k] < kept.series[k].count ? &kept.series[k].lines[at[k]] : NULL;
  unsigned k =
      next[FULL] && (!next[PARTIAL] || next[FULL]->at_ns < next[PARTIAL]->at_ns)
          ? FULL
          : PARTIAL;
  at[k] += next[k] != NULL;
  return next[k];
}

void cell_paced_record(json_t *record) {
  size_t at[KINDS] = {0};
  uint64_t seen = 0;
  json_t *lines = json_array();
  for (const gc_paced *p; (p = next_line(at));)
    json_array_append_new(lines, compose_line(p));
  for (unsigned k = 0; k < KINDS; k++)
    seen += kept.series[k].seen;
  if (!seen) {
    json_decref(lines);
    return;
  }
  json_object_set_new(record, "pacing_dropped",
                      record_integer(seen - json_array_size(lines)));
  json_object_set_new(record, "pacing_over", record_integer(kept.over));
  json_object_set_new(record, "pacing", lines);
}
