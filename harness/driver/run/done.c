/* done.c: see done.h. */
#include "done.h"
#include "harness/base/arena.h"
#include "harness/record/record.h"
#include "harness/report/load.h"

#include <math.h>
#include <string.h>

/* Sorts the runs by cell and invocation: a cell's invocations ascend in the
 * order of the plan. */
static void sort_runs(done_runs *d) {
  const plan *p = d->plan;
  memset(d->first, 0, (p->cells_count + 2) * sizeof *d->first);
  for (size_t i = 0; i < p->runs_count; i++)
    d->first[p->runs[i].cell + 2]++;
  for (size_t c = 2; c < p->cells_count + 2; c++)
    d->first[c] += d->first[c - 1];
  /* first[c + 1] is where the runs of c begin, and moves on to their end. */
  for (size_t i = 0; i < p->runs_count; i++)
    d->sorted[d->first[p->runs[i].cell + 1]++] = i;
}

/* The run of the plan that the record is of, or the number of runs. */
static size_t find_run(const done_runs *d, const done_record *r) {
  size_t low = d->first[r->cell], high = d->first[r->cell + 1];
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    unsigned invocation = d->plan->runs[d->sorted[middle]].invocation;
    if (invocation == r->invocation)
      return d->sorted[middle];
    if (invocation < r->invocation)
      low = middle + 1;
    else
      high = middle;
  }
  return d->plan->runs_count;
}

static void note(done_runs *d, size_t run, const done_record *r) {
  d->records[run] = r;
  d->finished++;
  d->failures += r->failed;
}

/* Gives the strays to the runs that they are of; a second record of a run is
 * ignored. */
static void place_strays(done_runs *d) {
  size_t left = 0;
  for (size_t i = 0; i < d->strays_count; i++) {
    const done_record *r = d->strays[i];
    size_t run = find_run(d, r);
    if (run == d->plan->runs_count)
      d->strays[left++] = r;
    else if (!d->records[run])
      note(d, run, r);
  }
  d->strays_count = left;
}

void done_grow(done_runs *d) {
  const plan *p = d->plan;
  if (p->runs_count > d->runs_room) {
    const done_record **old = d->records;
    size_t had = d->runs_room;
    d->runs_room = 2 * p->runs_count;
    d->records = arena_take(d->runs_room * sizeof *d->records);
    d->sorted = arena_take(d->runs_room * sizeof *d->sorted);
    if (had)
      memcpy(d->records, old, had * sizeof *old);
  }
  sort_runs(d);
  place_strays(d);
}

void done_begin(done_runs *d, const plan *p) {
  *d = (done_runs){.plan = p};
  d->first = arena_take((p->cells_count + 2) * sizeof *d->first);
  done_grow(d);
}

static done_record *read_record(const json_t *record) {
  done_record *r = arena_take(sizeof *r);
  r->failed = verdict_is_failure(verdict_of_record(record));
  r->elapsed = (uint64_t)json_integer_value(json_object_get(record, "elapsed"));
  r->machine = "";
  r->throughput = r->failed ? NAN : metrics[METRIC_THROUGHPUT].read(record);
  return r;
}

typedef struct reading {
  done_runs *done;
  json_t *cells;       /* their numbers in the plan, by identity */
  const char *machine; /* of the last record, as most are of one machine */
} reading;

static void remember(void *data, const json_t *record) {
  reading *of = data;
  done_runs *d = of->done;
  const char *id = json_string_value(json_object_get(record, "cell"));
  json_int_t n = json_integer_value(json_object_get(record, "invocation"));
  const json_t *cell = id ? json_object_get(of->cells, id) : NULL;
  if (!cell || n < 1 || n > UINT32_MAX)
    return;
  done_record *r = read_record(record);
  r->cell = (size_t)json_integer_value(cell);
  r->invocation = (unsigned)n;
  const char *machine = record_text(record, "machine.id");
  if (strcmp(machine, of->machine) != 0)
    of->machine = arena_text("%s", machine);
  r->machine = of->machine;
  d->strays = arena_more(d->strays, d->strays_count, sizeof *d->strays);
  d->strays[d->strays_count++] = r;
}

bool done_read(done_runs *d, const char *dir, results_state *state, char *why,
               size_t room) {
  const plan *p = d->plan;
  reading of = {d, json_object(), ""};
  for (size_t c = 0; c < p->cells_count; c++)
    json_object_set_new(of.cells, p->cells[c].id, json_integer((json_int_t)c));
  bool good = results_read_runs(dir, remember, &of, state, why, room);
  json_decref(of.cells);
  place_strays(d);
  return good;
}

void done_note(done_runs *d, size_t run, const json_t *record) {
  note(d, run, read_record(record));
}

size_t done_throughputs(const done_runs *d, size_t cell, double *values) {
  size_t n = 0;
  for (size_t i = d->first[cell]; i < d->first[cell + 1]; i++)
    if (d->records[d->sorted[i]])
      values[n++] = d->records[d->sorted[i]]->throughput;
  return n;
}
