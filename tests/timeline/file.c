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

/* The measured part by the clock, us. */
static double length_of(const json_t *record) {
  return (record_number(record, "time.wall") +
          record_number(record, "time.instrument") +
          record_number(record, "time.skipped")) /
         1000;
}

/* How much rounding to nanoseconds, as reals of microseconds, may change. */
#define ROUNDING 0.0011

/* ------------------------------------------------------------------------- *
 * The schema.
 * ------------------------------------------------------------------------- */

enum { TRACKS = 64, DEPTH = 64 };

/* What is known of a track: where its last event began, and the ends of those
 * under way. */
typedef struct track {
  int tid;
  const char *name; /* of a counter, or NULL */
  double last, ends[DEPTH];
  unsigned depth;
} track;

static track *track_of(track *tracks, size_t *n, const json_t *event) {
  int tid = (int)number(event, "tid");
  const char *name = is(event, "C") ? text(event, "name") : NULL;
  for (size_t i = 0; i < *n; i++)
    if (tracks[i].tid == tid && !tracks[i].name == !name &&
        (!name || !strcmp(tracks[i].name, name)))
      return &tracks[i];
  assert_true(*n < TRACKS);
  tracks[*n] = (track){.tid = tid, .name = name};
  return &tracks[(*n)++];
}

/* A slice lies within those under way, or after them. */
static void check_nesting(track *t, double begin, double end) {
  while (t->depth > 0 && t->ends[t->depth - 1] <= begin + ROUNDING &&
         t->ends[t->depth - 1] < end)
    t->depth--;
  if (t->depth > 0 && end > t->ends[t->depth - 1] + ROUNDING)
    fail_msg("track %d: a slice from %.3f to %.3f overlaps one to %.3f", t->tid,
             begin, end, t->ends[t->depth - 1]);
  assert_true(t->depth < DEPTH);
  t->ends[t->depth++] = end;
}

static void check_event(const json_t *event, double length, track *tracks,
                        size_t *n) {
  double begin = number(event, "ts");
  assert_true(*text(event, "name"));
  assert_true(number(event, "pid") > 0);
  if (is(event, "M"))
    return;
  assert_true(begin >= 0 && begin <= length + ROUNDING);
  track *t = track_of(tracks, n, event);
  assert_true(begin >= t->last);
  t->last = begin;
  if (is(event, "X")) {
    double end = begin + number(event, "dur");
    assert_true(end >= begin && end <= length + ROUNDING);
    check_nesting(t, begin, end);
  } else if (is(event, "C")) {
    const char *unit;
    json_t *value;
    json_object_foreach(json_object_get(event, "args"), unit, value)
        assert_true(json_number_value(value) >= 0);
    assert_int_equal(json_object_size(json_object_get(event, "args")), 1);
  } else {
    assert_string_equal(text(event, "ph"), "i");
  }
}

/* Every track that has slices has a name. */
static void check_names(const json_t *events, const track *tracks, size_t n) {
  for (size_t k = 0; k < n; k++) {
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
  static track tracks[TRACKS];
  size_t n = 0, i;
  json_t *e;
  memset(tracks, 0, sizeof tracks);
  assert_true(json_array_size(events) > 10);
  json_array_foreach(events, i, e)
      check_event(e, length_of(r.record), tracks, &n);
  check_names(events, tracks, n);
  assert_int_equal(count_named(events, "M", "process_name"), 1);
  assert_true(count_named(events, "C", "footprint") >= 2);
  assert_true(count_named(events, "C", "live") >= 2);
  assert_true(count_named(events, "C", "garbage") >= 2);
  assert_int_equal(count_named(events, "i", "dropped"), 0);
  assert_string_equal(r.errors, "");
  release(&r);
}

/* ------------------------------------------------------------------------- *
 * Figures.
 * ------------------------------------------------------------------------- */

/* The sum of the slices of the collector's track at a depth: 0 for pauses, 1
 * for their phases. */
static double sum_at(const json_t *events, unsigned depth) {
  double ends[DEPTH], sum = 0;
  unsigned at = 0;
  size_t i;
  json_t *e;
  json_array_foreach(events, i, e) {
    if (!is(e, "X") || (int)number(e, "tid") != 1)
      continue;
    double end = number(e, "ts") + number(e, "dur");
    while (at > 0 && ends[at - 1] <= number(e, "ts") + ROUNDING &&
           ends[at - 1] < end)
      at--;
    sum += at == depth ? number(e, "dur") : 0;
    assert_true(at < 2);
    ends[at++] = end;
  }
  return sum;
}

static void assert_near(double value, double wanted, double share) {
  if (!(fabs(value - wanted) <= share * wanted))
    fail_msg("%g instead of %g", value, wanted);
}

/* The phases of a run, with "other", are its pauses; and what has no name is
 * little.  (The test does not say how little: the first phase begins when the
 * harness has looked at the garbage.) */
static void phases_add_up(void **state) {
  (void)state;
  run r = run_with("");
  char path[100], pauses[100];
  snprintf(path, sizeof path, "phases.%s", kind);
  snprintf(pauses, sizeof pauses, "pauses.%s.sum", kind);
  double sum = 0, other = 0, all = record_number(r.record, pauses);
  const char *name;
  json_t *of;
  json_object_foreach(record_get(r.record, path), name, of) {
    sum += json_number_value(json_object_get(of, "sum"));
    if (!strcmp(name, "other"))
      other = json_number_value(json_object_get(of, "sum"));
  }
  assert_true(all > 0);
  assert_near(sum, all, 0.01);
  assert_non_null(json_object_get(record_get(r.record, path), phase));
  const json_t *events = json_object_get(r.file, "traceEvents");
  assert_true(count_named(events, "X", kind) > 0);
  assert_true(count_named(events, "X", phase) > 0);
  assert_near(sum_at(events, 0) * 1000, all, 0.01);
  assert_near(sum_at(events, 1) * 1000 + other, all, 0.01);
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
  const json_t *events = json_object_get(r.file, "traceEvents");
  size_t stopped = count_named(events, "X", "stopped"), i;
  json_t *e;
  assert_near((double)stopped,
              record_number(r.record, "safepoint.mutators.count"), 0);
  assert_true(count_named(events, "X", "collecting") > 0);
  if (atoi(threads) > 1)
    assert_true(stopped > 0);
  json_array_foreach(events, i, e) {
    if (is(e, "X") && !strcmp(text(e, "name"), "stopped"))
      assert_true(number(json_object_get(e, "args"), "time_to_safepoint_us") >=
                  0);
    if (is(e, "X") && !strcmp(text(e, "name"), "collecting"))
      assert_true(number(e, "tid") > 1);
  }
  release(&r);
}

/* With little room the longest events are left, and what is left out is told in
 * the file, in the record and on standard error. */
static void room_is_bounded(void **state) {
  (void)state;
  enum { ROOM = 8 };
  run r = run_with("--timeline-events 8");
  const json_t *events = json_object_get(r.file, "traceEvents"),
               *dropped = NULL;
  size_t slices = 0, i;
  json_t *e;
  json_array_foreach(events, i, e) {
    slices += is(e, "X") && strcmp(text(e, "name"), "collecting");
    if (is(e, "i"))
      dropped = json_object_get(e, "args");
  }
  assert_true(slices > 0 && slices <= ROOM);
  assert_non_null(dropped);
  double least = number(dropped, "shorter_than_ns");
  assert_true(number(dropped, "events") > 0);
  assert_true(least >= 1000);
  json_array_foreach(events, i, e) if (is(e, "X"))
      assert_true(number(e, "dur") * 1000 >= least - 1);
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
