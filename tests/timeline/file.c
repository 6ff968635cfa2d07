/* file.c: tests of the file that --timeline writes, by the rules of the Trace
 * Event Format and by what the record of the same run says.  argv[1] is a
 * collector program, argv[2] a workload, argv[3] the kind of pause that it has,
 * argv[4] a phase, and argv[5] how many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/record/record.h"

static const char *program, *workload, *kind, *phase, *threads;

/* A run: its record, its file, and what it said on standard error. */
typedef struct run {
  json_t *record, *file;
  char errors[4096];
} run;

static size_t read_all(FILE *file, char *text, size_t room) {
  assert_non_null(file);
  size_t n = fread(text, 1, room - 1, file);
  text[n] = 0;
  return n;
}

static run run_with(const char *options) {
  static char output[1 << 20];
  char folder[] = "/tmp/timeline-XXXXXX", command[1000], path[100], part[110];
  char errors[100];
  run r = {0};
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/file", folder);
  snprintf(part, sizeof part, "%s.part", path);
  snprintf(errors, sizeof errors, "%s/errors", folder);
  snprintf(command, sizeof command,
           "exec '%s' --run %s --heap 3x --threads %s --timeline %s %s 2>%s",
           program, workload, threads, path, options, errors);
  FILE *pipe = popen(command, "r");
  read_all(pipe, output, sizeof output);
  assert_int_equal(pclose(pipe), 0);
  r.record = json_loads(output, 0, NULL);
  r.file = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
  FILE *said = fopen(errors, "r");
  read_all(said, r.errors, sizeof r.errors);
  fclose(said);
  assert_int_not_equal(access(part, F_OK), 0);
  remove(path);
  remove(errors);
  rmdir(folder);
  char why[200] = "";
  assert_true(record_valid(r.record, why, sizeof why));
  assert_true(record_consistent(r.record, why, sizeof why));
  assert_string_equal(record_text(r.record, "verdict.status"), "ok");
  assert_non_null(r.file);
  return r;
}

static void release(run *r) {
  json_decref(r->record);
  json_decref(r->file);
}

static double number(const json_t *event, const char *name) {
  const json_t *value = json_object_get(event, name);
  if (!json_is_number(value))
    fail_msg("an event has no number %s", name);
  return json_number_value(value);
}

static const char *text(const json_t *event, const char *name) {
  const char *value = json_string_value(json_object_get(event, name));
  if (!value)
    fail_msg("an event has no text %s", name);
  return value;
}

static bool is(const json_t *event, const char *ph) {
  return !strcmp(text(event, "ph"), ph);
}

/* The measured part by the clock, us.  The record has only an estimate of it,
 * since what the instruments took of several threads is one. */
static double length_of(const json_t *file) {
  return record_number(file, "otherData.length_ns") / 1000;
}

/* ------------------------------------------------------------------------- *
 * The schema.
 * ------------------------------------------------------------------------- */

enum { TRACKS = 64, DEPTH = 64, SLICES = 1 << 19 };

/* What is known of a track: where its last event was, and the slices under way.
 */
typedef struct track {
  int tid;
  const char *counter; /* the name of a counter, which is a track of its own */
  double last;
  size_t open[DEPTH];
  unsigned depth;
} track;

/* A slice: the events B and E of a track that belong together. */
typedef struct slice {
  const char *name;
  int tid;
  unsigned depth;
  double begin, length;
} slice;

static slice slices[SLICES];
static size_t slices_count;
static track tracks[TRACKS];
static size_t tracks_count;

static track *track_of(const json_t *event) {
  int tid = (int)number(event, "tid");
  const char *counter = is(event, "C") ? text(event, "name") : NULL;
  for (track *t = tracks; t < tracks + tracks_count; t++)
    if (t->tid == tid && !t->counter == !counter &&
        (!counter || !strcmp(t->counter, counter)))
      return t;
  assert_true(tracks_count < TRACKS);
  tracks[tracks_count] = (track){.tid = tid, .counter = counter};
  return &tracks[tracks_count++];
}

static void begin_slice(track *t, const json_t *event) {
  assert_true(t->depth < DEPTH && slices_count < SLICES);
  slices[slices_count] = (slice){.name = text(event, "name"),
                                 .tid = t->tid,
                                 .depth = t->depth,
                                 .begin = number(event, "ts")};
  t->open[t->depth++] = slices_count++;
}

/* It ends the slice that began last. */
static void end_slice(track *t, const json_t *event) {
  assert_true(t->depth > 0);
  slice *s = &slices[t->open[--t->depth]];
  assert_string_equal(text(event, "name"), s->name);
  s->length = number(event, "ts") - s->begin;
}

static void check_counter(const json_t *event) {
  const char *unit;
  json_t *value;
  json_object_foreach(json_object_get(event, "args"), unit, value)
      assert_true(json_number_value(value) >= 0);
  assert_int_equal(json_object_size(json_object_get(event, "args")), 1);
}

static void check_event(const json_t *event, double length) {
  double at = number(event, "ts");
  assert_true(*text(event, "name"));
  assert_true(number(event, "pid") > 0);
  if (is(event, "M"))
    return;
  assert_true(at >= 0 && at <= length + 0.0005); /* whole nanoseconds */
  track *t = track_of(event);
  assert_true(at >= t->last);
  t->last = at;
  if (is(event, "B"))
    begin_slice(t, event);
  else if (is(event, "E"))
    end_slice(t, event);
  else if (is(event, "C"))
    check_counter(event);
  else
    assert_string_equal(text(event, "ph"), "i");
}

/* Checks all events, and finds the slices. */
static void read_events(const run *r) {
  const json_t *events = json_object_get(r->file, "traceEvents");
  size_t i;
  json_t *e;
  slices_count = tracks_count = 0;
  json_array_foreach(events, i, e) check_event(e, length_of(r->file));
  for (track *t = tracks; t < tracks + tracks_count; t++)
    assert_int_equal(t->depth, 0);
}

/* Every track has one name. */
static void check_names(const json_t *events) {
  for (size_t k = 0; k < tracks_count; k++) {
    size_t i, names = 0;
    json_t *e;
    json_array_foreach(events, i, e) names +=
        !strcmp(text(e, "name"), "thread_name") &&
        (int)number(e, "tid") == tracks[k].tid;
    assert_int_equal(names, 1);
  }
}

static size_t count_named(const json_t *events, const char *ph,
                          const char *name) {
  size_t i, count = 0;
  json_t *e;
  json_array_foreach(events, i, e) count +=
      is(e, ph) && !strcmp(text(e, "name"), name);
  return count;
}

static void file_keeps_to_the_format(void **state) {
  (void)state;
  run r = run_with("");
  const json_t *events = json_object_get(r.file, "traceEvents");
  read_events(&r);
  assert_true(slices_count > 10);
  check_names(events);
  assert_int_equal(count_named(events, "M", "process_name"), 1);
  assert_true(count_named(events, "C", "footprint") >= 2);
  assert_true(count_named(events, "C", "live") >= 2);
  assert_true(count_named(events, "C", "garbage") >= 2);
  /* Sanitizers allocate so much more slowly that there may be too much. */
  const bool dropped = record_number(r.record, "timeline.dropped") > 0;
  assert_int_equal(count_named(events, "i", "dropped"), dropped);
  assert_int_equal(*r.errors != 0, dropped);
  release(&r);
}

/* ------------------------------------------------------------------------- *
 * Figures.
 * ------------------------------------------------------------------------- */

enum { TRACK_GC = 1 };

static bool is_named(const slice *s, const char *name) {
  return !strcmp(s->name, name);
}

static size_t count_slices(const char *name) {
  size_t n = 0;
  for (size_t i = 0; i < slices_count; i++)
    n += is_named(&slices[i], name);
  return n;
}

/* The sum of the slices of the collector's track at a depth, ns: 0 for pauses,
 * 1 for their phases. */
static double sum_at(unsigned depth) {
  double sum = 0;
  for (const slice *s = slices; s < slices + slices_count; s++)
    sum += s->tid == TRACK_GC && s->depth == depth ? s->length * 1000 : 0;
  return sum;
}

static void assert_near(double value, double wanted, double share) {
  if (!(fabs(value - wanted) <= share * wanted))
    fail_msg("%g instead of %g", value, wanted);
}

/* A sum of slices on the collector's track.  The next stop may begin before the
 * thread that restarts the world has read the clock; what two stops share is
 * drawn once, and is part of the phase `restart`. */
static void assert_drawn(double sum, double all, double restart) {
  if (!(sum <= 1.01 * all && sum >= 0.99 * all - restart))
    fail_msg("%g instead of %g, or less by up to %g", sum, all, restart);
}

/* The phases of a run, with "other", are its pauses: in the record, and in the
 * file, where what has no name is a gap. */
static void phases_add_up(void **state) {
  (void)state;
  run r = run_with("");
  char path[100], pauses[100];
  snprintf(path, sizeof path, "phases.%s", kind);
  snprintf(pauses, sizeof pauses, "pauses.%s.sum", kind);
  double sum = 0, other = 0, restart = 0, all = record_number(r.record, pauses);
  const char *name;
  json_t *of;
  json_object_foreach(record_get(r.record, path), name, of) {
    sum += json_number_value(json_object_get(of, "sum"));
    if (!strcmp(name, "other"))
      other = json_number_value(json_object_get(of, "sum"));
    if (!strcmp(name, "restart"))
      restart = json_number_value(json_object_get(of, "sum"));
  }
  assert_true(all > 0);
  assert_near(sum, all, 0.01);
  assert_non_null(json_object_get(record_get(r.record, path), phase));
  read_events(&r);
  assert_true(count_slices(kind) > 0);
  assert_true(count_slices(phase) > 0);
  assert_drawn(sum_at(0), all, restart);
  assert_drawn(sum_at(1) + other, all, restart);
  if (!strcmp(kind, "stop"))
    assert_near(record_number(r.record, "safepoint.world.count"),
                record_number(r.record, "pauses.stop.count"), 0);
  release(&r);
}

/* Mutators that another one stopped stood on tracks of their own, and their
 * times to safepoint are counted. */
static void mutators_have_tracks(void **state) {
  (void)state;
  run r = run_with("");
  read_events(&r);
  assert_near((double)count_slices("stopped"),
              record_number(r.record, "safepoint.mutators.count"), 0);
  assert_true(count_slices("collecting") > 0);
  assert_int_equal(count_slices("collecting"), count_slices(kind));
  if (atoi(threads) > 1)
    assert_true(count_slices("stopped") > 0);
  for (const slice *s = slices; s < slices + slices_count; s++)
    if (is_named(s, "collecting") || is_named(s, "stopped") ||
        is_named(s, "refill"))
      assert_int_not_equal(s->tid, TRACK_GC);
  release(&r);
}

/* With little room the longest slices are left, and what is left out is told in
 * the file, in the record and on standard error. */
static void room_is_bounded(void **state) {
  (void)state;
  enum { ROOM = 8 };
  run r = run_with("--timeline-events 8");
  const json_t *events = json_object_get(r.file, "traceEvents");
  const json_t *dropped = NULL;
  size_t i;
  json_t *e;
  read_events(&r);
  assert_true(slices_count > 0);
  assert_true(slices_count - count_slices("collecting") <= ROOM);
  json_array_foreach(events, i, e) if (is(e, "i")) dropped =
      json_object_get(e, "args");
  assert_non_null(dropped);
  double least = number(dropped, "shorter_than_ns");
  assert_true(number(dropped, "events") > 0);
  assert_true(least >= 1000);
  /* Rounding apart, the longest pause of all is there, unless so many slow
   * paths took longer. */
  char path[100];
  double longest = 0, pause = 0;
  snprintf(path, sizeof path, "pauses.%s.max", kind);
  for (const slice *s = slices; s < slices + slices_count; s++) {
    longest = fmax(longest, s->length * 1000);
    if (is_named(s, kind))
      pause = fmax(pause, s->length * 1000);
  }
  /* The bound rises by an eighth at a time, past what is there. */
  assert_true(longest * 9 / 8 >= least);
  if (record_number(r.record, path) > least)
    assert_near(pause, record_number(r.record, path), 0.01);
  assert_near(record_number(r.record, "timeline.dropped"),
              number(dropped, "events"), 0);
  assert_non_null(strstr(r.errors, "warning: the timeline leaves out"));
  release(&r);
}

int main(int argc, char **argv) {
  if (argc != 6)
    return 2;
  program = argv[1];
  workload = argv[2];
  kind = argv[3];
  phase = argv[4];
  threads = argv[5];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(file_keeps_to_the_format),
      cmocka_unit_test(phases_add_up),
      cmocka_unit_test(mutators_have_tracks),
      cmocka_unit_test(room_is_bounded),
  };
  return cmocka_run_group_tests_name("timeline-file", tests, NULL, NULL);
}
