/* timeline.c: what happened when, as a file in the Trace Event Format, which
 * Perfetto, the Firefox Profiler and speedscope open (docs/timeline.md).
 *
 * Memory is bounded: there is room for so many events and no more.  Once it is
 * used up, short ones go: events shorter than a bound are left out, and longer
 * ones take the places of those that are there.  When all that are there are
 * longer, the bound rises.  So no long pause is ever missing: the file holds
 * all events of at least the bound, and of the shorter ones the first.  What
 * was left out is counted, and said.
 *
 * Times in the file are microseconds since the measured part began.  A slice is
 * a pair of events, its beginning and its end, and not one event with a
 * duration: readers add the two as real numbers, and by the rounding a part
 * would end after its whole. */
#include "cell.h"

#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/base/words.h"
#include "harness/record/record.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The bound when room is short for the first time.  It rises by an eighth: if
 * it doubled, one long event more could drive most of the others out. */
enum { FIRST_LEAST_NS = 1000, RISES_BY = 8 };

/* Numbers of tracks, `tid` in the file.  Not 0, which Perfetto takes for the
 * idle thread.  Mutators, and the collector's own threads, are numbered in the
 * order in which something is told of them. */
enum { TRACK_GC = 1, TRACK_MUTATORS = 1, TRACK_HELPERS = 1000 };

typedef enum event_kind { PAUSE, PHASE, OTHER } event_kind;

typedef struct event {
  uint64_t begin, end;
  const char *name;
  cell_garbage_change garbage; /* of a pause */
  uint16_t track, by; /* `by`: of a pause on the track of the collector, that of
                         the mutator that was paused by doing it; else 0 */
  uint16_t kind;
} event;

static struct {
  pthread_mutex_t lock;
  event *events; /* NULL: there is no timeline */
  size_t count, room;
  uint64_t least; /* ns; shorter events are left out from now on */
  size_t cursor;  /* events before this one are no shorter than that */
  uint64_t dropped, dropped_ns;
  uint16_t mutators, helpers; /* how many have tracks */
} timeline = {.lock = PTHREAD_MUTEX_INITIALIZER};

void cell_timeline_open(uint64_t most) {
  timeline.events = malloc(most * sizeof *timeline.events);
  if (!timeline.events)
    cell_die("no memory for a timeline of %ju events", (uintmax_t)most);
  timeline.room = most;
  memset(timeline.events, 0, most * sizeof *timeline.events); /* no page fault
                                                                 later */
}

/* ------------------------------------------------------------------------- *
 * Events.  With the lock.
 * ------------------------------------------------------------------------- */

static void drop(uint64_t ns) {
  timeline.dropped++;
  timeline.dropped_ns += ns;
}

/* A place for an event that takes `ns`; NULL if it is left out. */
static event *place(uint64_t ns) {
  while (ns >= timeline.least) {
    if (timeline.count < timeline.room)
      return &timeline.events[timeline.count++];
    for (; timeline.cursor < timeline.room; timeline.cursor++) {
      event *e = &timeline.events[timeline.cursor];
      if (e->end - e->begin < timeline.least) {
        drop(e->end - e->begin);
        return e;
      }
    }
    timeline.cursor = 0;
    timeline.least += timeline.least / RISES_BY;
    if (!timeline.least)
      timeline.least = FIRST_LEAST_NS;
  }
  return NULL;
}

static void add(event e) {
  if (e.begin < cell_measurement.begin)
    e.begin = cell_measurement.begin;
  if (e.end < e.begin)
    return;
  event *to = place(e.end - e.begin);
  if (to)
    *to = e;
  else
    drop(e.end - e.begin);
}

/* The track of the calling thread. */
static uint16_t own_track(void) {
  static _Thread_local uint16_t helper;
  if (cell_self) {
    if (!cell_self->track)
      cell_self->track = (uint16_t)(TRACK_MUTATORS + ++timeline.mutators);
    return cell_self->track;
  }
  if (!helper)
    helper = (uint16_t)(TRACK_HELPERS + ++timeline.helpers);
  return helper;
}

void cell_timeline_span(const gc_span *s) {
  if (!timeline.events)
    return;
  event e = {.begin = s->begin_ns, .end = s->end_ns, .kind = OTHER};
  switch (s->kind) {
  case GC_SPAN_STOOD:
    e.name = "stopped";
    break;
  case GC_SPAN_SLOW:
  case GC_SPAN_HELPED:
    e.name = s->name ? s->name : "unnamed";
    break;
  default:
    return; /* comes with its pause */
  }
  pthread_mutex_lock(&timeline.lock);
  e.track = own_track();
  add(e);
  pthread_mutex_unlock(&timeline.lock);
}

/* Whether a pause is work of the whole process, and so stands on the track of
 * the collector: no mutator runs meanwhile. */
static bool is_of_all(gc_pause_kind kind) {
  gc_capabilities can = gc_this_collector.can;
  return kind == GC_PAUSE_STOP ||
         (kind == GC_PAUSE_DETECT && (!can.threads || can.turns));
}

void cell_timeline_pause(gc_pause_kind kind, uint64_t begin_ns, uint64_t end_ns,
                         const gc_span *phases, size_t n,
                         cell_garbage_change garbage) {
  static const char *const names[] = {[GC_PAUSE_STOP] = "stop",
                                      [GC_PAUSE_CASCADE] = "cascade",
                                      [GC_PAUSE_DETECT] = "detect"};
  if (!timeline.events)
    return;
  pthread_mutex_lock(&timeline.lock);
  uint16_t own = own_track(), track = is_of_all(kind) ? TRACK_GC : own;
  bool apart = track != own && cell_self;
  add((event){.begin = begin_ns,
              .end = end_ns,
              .name = names[kind],
              .garbage = garbage,
              .track = track,
              .by = apart ? own : 0,
              .kind = PAUSE});
  for (size_t i = 0; i < n; i++)
    add((event){.begin = phases[i].begin_ns,
                .end = phases[i].end_ns,
                .name = phases[i].name,
                .track = track,
                .kind = PHASE});
  pthread_mutex_unlock(&timeline.lock);
}

/* ------------------------------------------------------------------------- *
 * The file.
 * ------------------------------------------------------------------------- */

typedef struct writer {
  FILE *file;
  bool any; /* an event was written */
  int pid;
} writer;

static json_t *text_of(const char *text) {
  char clean[CELL_REASON]; /* JSON holds no bytes that are not UTF-8 */
  words_copy(clean, sizeof clean, text, strlen(text));
  return json_string(clean);
}

/* Nanoseconds as microseconds, for the file. */
static json_t *micros(uint64_t ns) {
  return json_real((double)ns / 1000);
}

static uint64_t since_begin(uint64_t ns) {
  return ns > cell_measurement.begin ? ns - cell_measurement.begin : 0;
}

/* Writes an event, with the members of `more`, which it takes and which may be
 * NULL.  `at`: ns since the measured part began. */
static void put(writer *w, const char *name, const char *phase, uint64_t at,
                unsigned track, json_t *more) {
  json_t *made =
      json_pack("{s:o,s:s,s:o,s:i,s:i}", "name", text_of(name), "ph", phase,
                "ts", micros(at), "pid", w->pid, "tid", (int)track);
  if (more)
    json_object_update(made, more);
  fputs(w->any ? ",\n" : "\n", w->file);
  json_dumpf(made, w->file, JSON_COMPACT | JSON_REAL_PRECISION(15));
  w->any = true;
  json_decref(made);
  json_decref(more);
}

static void name_track(writer *w, unsigned track, const char *name) {
  put(w, "thread_name", "M", 0, track,
      json_pack("{s:{s:s}}", "args", "name", name));
  put(w, "thread_sort_index", "M", 0, track,
      json_pack("{s:{s:i}}", "args", "sort_index", (int)track));
}

static void name_tracks(writer *w, const cell_run *run) {
  put(w, "process_name", "M", 0, TRACK_GC,
      json_pack("{s:{s:o}}", "args", "name",
                text_of(arena_text("%s on %s", gc_this_collector.name,
                                   run->options->workload))));
  name_track(w, TRACK_GC, "GC");
  for (unsigned i = 1; i <= timeline.mutators; i++)
    name_track(w, TRACK_MUTATORS + i, arena_text("mutator %u", i));
  for (unsigned i = 1; i <= timeline.helpers; i++)
    name_track(w, TRACK_HELPERS + i, arena_text("GC thread %u", i));
}

/* An event where it is drawn: a pause of all is drawn twice, for the collector,
 * and for the mutator that it kept. */
typedef struct drawn {
  const event *event;
  unsigned track;
} drawn;

/* By tracks; there by their beginnings, and a whole before its parts. */
static int compare_drawn(const void *a, const void *b) {
  const drawn *x = a, *y = b;
  if (x->track != y->track)
    return x->track < y->track ? -1 : 1;
  if (x->event->begin != y->event->begin)
    return x->event->begin < y->event->begin ? -1 : 1;
  if (x->event->end != y->event->end)
    return x->event->end > y->event->end ? -1 : 1;
  return x->event->kind < y->event->kind ? -1 : x->event->kind > y->event->kind;
}

/* A track while it is written: the slices that are under way, outermost
 * first, and when the last one began. */
enum { DEPTH = 32 };
typedef struct track {
  unsigned number, depth;
  struct {
    const char *name;
    uint64_t end;
  } open[DEPTH];
  uint64_t last;
} track;

/* Ends the slices that end at `at` or before. */
static void put_ends(writer *w, track *t, uint64_t at) {
  while (t->depth > 0 && t->open[t->depth - 1].end <= at) {
    t->depth--;
    put(w, t->open[t->depth].name, "E", t->open[t->depth].end, t->number, NULL);
  }
}

/* Begins a slice, within those under way or after them.  Two pauses may overlap
 * by as long as it takes from the restart of the world to the reading of the
 * clock; then the second one begins when the first one ends. */
static void put_slice(writer *w, track *t, const char *name, uint64_t begin,
                      uint64_t end) {
  begin = begin > t->last ? begin : t->last;
  put_ends(w, t, begin);
  while (t->depth > 0 && t->open[t->depth - 1].end < end) {
    begin = t->open[t->depth - 1].end;
    put_ends(w, t, begin);
  }
  if (begin > end || t->depth == DEPTH)
    return;
  put(w, name, "B", begin, t->number, NULL);
  t->open[t->depth].name = name;
  t->open[t->depth++].end = end;
  t->last = begin;
}

/* How long the measured part was, or has been so far. */
static uint64_t length_of_run(void) {
  return since_begin(cell_measurement.ended ? cell_measurement.end
                                            : gc_now_ns());
}

/* Returns how many slices there are.  What a thread did across the end of the
 * measured part is cut there, and what it began later is left out. */
static uint64_t put_slices(writer *w) {
  const uint64_t length = length_of_run();
  size_t n = 0;
  drawn *all = malloc(2 * timeline.count * sizeof *all + 1);
  if (!all)
    return 0;
  for (size_t i = 0; i < timeline.count; i++) {
    const event *e = &timeline.events[i];
    if (since_begin(e->begin) > length)
      continue;
    all[n++] = (drawn){e, e->track};
    if (e->by)
      all[n++] = (drawn){e, e->by};
  }
  qsort(all, n, sizeof *all, compare_drawn);
  track t = {0};
  for (size_t i = 0; i < n; i++) {
    const event *e = all[i].event;
    if (all[i].track != t.number) {
      put_ends(w, &t, UINT64_MAX);
      t = (track){.number = all[i].track};
    }
    put_slice(w, &t, all[i].track != e->track ? "collecting" : e->name,
              since_begin(e->begin),
              since_begin(e->end) < length ? since_begin(e->end) : length);
  }
  put_ends(w, &t, UINT64_MAX);
  free(all);
  return n;
}

static void put_counter(writer *w, const char *name, const char *unit,
                        uint64_t at, const json_t *value) {
  if (json_is_integer(value))
    put(w, name, "C", at, TRACK_GC,
        json_pack("{s:{s:o}}", "args", unit, json_copy((json_t *)value)));
}

/* The counter that is number `column` of the lines at `path` of the record,
 * whose number 0 is the time.  The first sample is taken just before the
 * measured part begins, and times count from there, so the last one seems to be
 * taken after the end. */
static void put_column(writer *w, const json_t *record, const char *path,
                       size_t column, const char *name, const char *unit) {
  size_t i;
  json_t *line;
  uint64_t end = length_of_run();
  json_array_foreach(record_get(record, path), i, line) {
    uint64_t at = (uint64_t)json_integer_value(json_array_get(line, 0));
    put_counter(w, name, unit, at < end ? at : end,
                json_array_get(line, column));
  }
}

static int compare_ends(const void *a, const void *b) {
  const event *const *x = a, *const *y = b;
  return (*x)->end < (*y)->end ? -1 : (*x)->end > (*y)->end;
}

/* Dead objects that were held, before and after each pause that knows; or, if
 * none does, when memory was sampled. */
static void put_garbage(writer *w, const json_t *record) {
  const event **pauses = malloc(timeline.count * sizeof(*pauses) + 1);
  size_t n = 0;
  for (size_t i = 0; pauses && i < timeline.count; i++) {
    const event *e = &timeline.events[i];
    if (e->kind == PAUSE && e->garbage.before != UINT64_MAX &&
        e->garbage.after != UINT64_MAX)
      pauses[n++] = e;
  }
  if (n == 0)
    put_column(w, record, "garbage.curve", 3, "garbage", "objects");
  else
    qsort(pauses, n, sizeof *pauses, compare_ends);
  uint64_t last = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t begin = since_begin(pauses[i]->begin);
    json_t *before = record_integer(pauses[i]->garbage.before);
    json_t *after = record_integer(pauses[i]->garbage.after);
    put_counter(w, "garbage", "objects", begin > last ? begin : last, before);
    put_counter(w, "garbage", "objects", last = since_begin(pauses[i]->end),
                after);
    json_decref(before);
    json_decref(after);
  }
  free(pauses);
}

static void put_counters(writer *w, const json_t *record) {
  put_column(w, record, "memory.curve", 1, "footprint", "bytes");
  put_column(w, record, "memory.curve", 2, "resident", "bytes");
  put_column(w, record, "garbage.curve", 2, "live", "bytes");
  put_column(w, record, "pacing", RECORD_PACED_GOAL, "goal", "bytes");
  put_garbage(w, record);
}

static json_t *dropped_json(void) {
  return json_pack("{s:o,s:o,s:o}", "events", record_integer(timeline.dropped),
                   "shorter_than_ns", record_integer(timeline.least),
                   "total_ns", record_integer(timeline.dropped_ns));
}

static void say_dropped(void) {
  say_warning("W-timeline-full",
              "the timeline leaves out %ju events shorter than %.3g us, "
              "%.3g ms in all; --timeline-events makes room for more than %zu",
              (uintmax_t)timeline.dropped, (double)timeline.least / 1e3,
              (double)timeline.dropped_ns / 1e6, timeline.room);
}

/* Returns how many slices were written. */
static uint64_t put_all(FILE *file, const cell_run *run, const json_t *record) {
  writer w = {.file = file, .pid = (int)getpid()};
  fputs("{\"traceEvents\":[", file);
  name_tracks(&w, run);
  uint64_t slices = put_slices(&w);
  put_counters(&w, record);
  if (timeline.dropped)
    put(&w, "dropped", "i", length_of_run(), TRACK_GC,
        json_pack("{s:s,s:o}", "s", "g", "args", dropped_json()));
  json_t *other = json_pack(
      "{s:s,s:o,s:s,s:o,s:o,s:o}", "collector", gc_this_collector.name,
      "workload", text_of(run->options->workload), "heap", run->options->heap,
      "seed", record_integer(run->wl.seed), "length_ns",
      record_integer(length_of_run()), "dropped", dropped_json());
  fputs("\n],\"displayTimeUnit\":\"ms\",\"otherData\":", file);
  json_dumpf(other, file, JSON_COMPACT);
  fputs("}\n", file);
  json_decref(other);
  return slices;
}

void cell_timeline_write(const cell_run *run, json_t *record) {
  const char *path = run->options->timeline;
  if (!timeline.events)
    return;
  pthread_mutex_lock(&timeline.lock); /* for good: what comes now is late */
  const char *part = arena_text("%s.part", path);
  FILE *file = fopen(part, "w");
  uint64_t events = file ? put_all(file, run, record) : 0;
  bool good = file && !ferror(file);
  good &= file && !fclose(file);
  if (!good || rename(part, path)) {
    say_warning("W-no-timeline", "cannot write the timeline %s: %s", path,
                strerror(errno));
    remove(part);
    return;
  }
  json_object_set_new(record, "timeline",
                      json_pack("{s:o,s:o,s:o,s:o}", "events",
                                record_integer(events), "dropped",
                                record_integer(timeline.dropped), "shorter",
                                record_integer(timeline.least), "time",
                                record_integer(timeline.dropped_ns)));
  if (timeline.dropped)
    say_dropped();
}
