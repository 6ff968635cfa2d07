/* requests.c: requests that are timed one by one, and wait for their scheduled
 * arrival.
 *
 * Their times are in a clock of their own, the request clock.  It stands still
 * while the thread is ready to run but has no processor, and while the
 * instrument reads that delay; arrivals are put off by the same time.
 * Otherwise one such delay would be in the latency of every request that
 * arrives during it, and a busy machine would look like a slow collector.  As
 * for steps, the delay is read only when something took long.  What may have
 * been before the last time of a request does not count: such a time stays as
 * it was, and the clock never goes back behind it. */
#include "cell.h"

#include "harness/record/record.h"
#include "harness/stats/latency.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sleeping thread wakes 50 to 100 us late, which would be mistaken for
 * latency: for this long before a request, the thread polls the clock. */
enum { SPIN_NS = 200000 };

/* A memory sample delays the next request.  So on a schedule a sample is taken
 * only if at least this much waiting is left. */
enum { SAMPLE_NS = 100000 };

/* A waiting thread that sees the clock jump by more than this slept, or lost
 * its processor. */
enum { LATE_NS = 10000 };

enum { WINDOW_NS = 100000000 }; /* the window of DaCapo */

enum { WARM_UP = 10 }; /* this share of the requests, if nothing tells more */

/* The arrays have room for `count` times of the request clock.  They are made
 * and touched before the measured part. */
static struct {
  uint64_t count, rate; /* rate 0: closed loop */
  bool poisson;
  uint64_t *arrival; /* only if rate > 0 */
  uint64_t *start, *end;
  uint64_t done;
  uint64_t warm_up; /* how many came before the steady state; 0: unknown yet */
  uint64_t delay;   /* run-queue delay before the first request */
} requests;

static uint64_t *make_times(uint64_t n) {
  uint64_t *times = malloc(n * sizeof *times);
  if (!times)
    cell_die("no memory for the times of %llu requests", (unsigned long long)n);
  memset(times, 1, n * sizeof *times);
  return times;
}

void wl_requests(wl_thread *t, uint64_t count, uint64_t rate, bool poisson) {
  memset(&requests, 0, sizeof requests);
  requests.count = count;
  requests.rate = rate;
  requests.poisson = poisson;
  requests.start = make_times(count);
  requests.end = make_times(count);
  if (rate == 0)
    return;
  requests.arrival = make_times(count);
  latency_schedule(requests.arrival, count, rate, poisson, t->run->seed);
}

bool cell_requests_scheduled(void) {
  return requests.rate > 0;
}

uint64_t cell_requests_bytes(void) {
  uint64_t arrays = requests.arrival ? 3 : requests.start ? 2 : 0;
  return arrays * requests.count * sizeof(uint64_t);
}

/* The request clock when the system clock is `now`, as far as delays are
 * known. */
static uint64_t own_time(const cell_thread *c, uint64_t now) {
  uint64_t lost = c->instrument + (c->delay_sum - requests.delay);
  uint64_t since = now - cell_measurement.begin;
  return since > lost ? since - lost : 0;
}

/* Goes on waiting: the step begins at the present time, which is returned.
 * Takes a reading if more than `most` went by. */
static uint64_t go_on(cell_thread *c, uint64_t most) {
  uint64_t now = gc_now_ns();
  if (now - c->step_begin > most) {
    cell_start_afresh(c, now); /* may set the request clock back */
    return c->step_begin;
  }
  c->step_instrument = c->step_delay = 0;
  return c->step_begin = now;
}

/* Waits until the request clock shows `due`, in a blocking stretch, so that no
 * collection waits for this thread.  May return later, if a collection had to
 * end first.  The first reading is taken while there is time. */
static void wait_until(cell_thread *c, uint64_t due) {
  gc_blocking_enter(c->wl.m);
  uint64_t now = gc_now_ns();
  if (own_time(c, now) + SAMPLE_NS < due) {
    c->instrument += cell_curve_sample(c->wl.run->heap, now);
    cell_start_step(c, gc_now_ns());
  }
  if (own_time(c, now) + LATE_NS < due)
    cell_start_afresh(c, gc_now_ns());
  for (;;) {
    now = go_on(c, LATE_NS);
    uint64_t at = own_time(c, now);
    if (at >= due)
      break;
    if (at + SPIN_NS < due) {
      uint64_t wake = now + (due - at) - SPIN_NS;
      struct timespec until = {.tv_sec = (time_t)(wake / 1000000000),
                               .tv_nsec = (long)(wake % 1000000000)};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
      cell_still_slept(wake - now); /* to wake later was not meant */
    }
  }
  gc_blocking_leave(c->wl.m);
}

void wl_request_begin(wl_thread *t) {
  cell_thread *c = (cell_thread *)t;
  uint64_t i = requests.done;
  if (i == requests.count)
    cell_die("the workload serves more requests than it announced");
  if (i == 0)
    requests.delay = c->delay_sum;
  uint64_t now = gc_now_ns();
  if (requests.rate > 0) {
    uint64_t due = requests.arrival[i];
    /* A reading may tell that the request has not arrived yet. */
    do {
      if (own_time(c, now) < due) {
        /* Nothing of the first collection is left for this request to bear. */
        if (!requests.warm_up && cell_collected())
          requests.warm_up = i;
        wait_until(c, due);
      }
      now = go_on(c, CELL_SLOW_NS);
    } while (own_time(c, now) < due);
  }
  requests.start[i] = own_time(c, now);
  c->request_mark = now;
}

void wl_request_end(wl_thread *t) {
  cell_thread *c = (cell_thread *)t;
  uint64_t i = requests.done++, now = gc_now_ns();
  uint64_t end = own_time(c, now);
  if (end > requests.start[i] + CELL_SLOW_NS) {
    uint64_t sum = c->delay_sum;
    cell_delay_look(c, now);
    end -= c->delay_sum - sum;
  }
  requests.end[i] = end;
  c->request_mark = now;
}

/* ------------------------------------------------------------------------- *
 * The record.
 * ------------------------------------------------------------------------- */

/* The histogram of end - begin of all requests but the first `from`. */
static json_t *compose_from(hist *h, const uint64_t *begin, uint64_t from) {
  hist_reset(h);
  for (uint64_t i = from; i < requests.done; i++)
    hist_add(h, requests.end[i] - begin[i]);
  return record_histogram(h);
}

static json_t *compose(hist *h, const uint64_t *begin) {
  return compose_from(h, begin, 0);
}

/* Until the first collection the heap is filled for the first time, which is
 * neither as fast nor as slow as later.  Without a collection, a tenth. */
static void add_open_loop(hist *h, json_t *json) {
  uint64_t warm_up =
      requests.warm_up ? requests.warm_up : requests.done / WARM_UP;
  json_object_set_new(json, "intended", compose(h, requests.arrival));
  json_object_set_new(json, "steady",
                      compose_from(h, requests.arrival, warm_up));
  json_object_set_new(json, "warm_up", record_integer(warm_up));
}

static json_t *compose_metered(hist *h, uint64_t window, uint64_t *scratch) {
  latency_metered(requests.start, requests.end, requests.done, window, scratch);
  hist_reset(h);
  for (uint64_t i = 0; i < requests.done; i++)
    hist_add(h, scratch[i]);
  return record_histogram(h);
}

json_t *cell_latency(void) {
  uint64_t n = requests.done;
  if (n == 0)
    return NULL;
  hist *h = malloc(sizeof *h);
  uint64_t *scratch = make_times(n);
  if (!h)
    cell_die("out of memory");
  json_t *json =
      json_pack("{s:o,s:s,s:o,s:o,s:o,s:o}", "rate",
                record_integer(requests.rate), "arrivals",
                requests.rate == 0 ? "closed loop"
                : requests.poisson ? "poisson"
                                   : "uniform",
                "span", record_integer(requests.end[n - 1]), "simple",
                compose(h, requests.start), "metered",
                compose_metered(h, LATENCY_FULL, scratch), "metered_100ms",
                compose_metered(h, WINDOW_NS, scratch));
  if (requests.rate > 0)
    add_open_loop(h, json);
  free(scratch);
  free(h);
  return json;
}

/* ------------------------------------------------------------------------- *
 * The times of single requests.
 * ------------------------------------------------------------------------- */

/* The lines that a file has at most. */
enum { MOST_LINES = 1000000 };

/* From when the request was to arrive; in a closed loop from its start. */
static uint64_t latency_of(uint64_t i) {
  return requests.end[i] -
         (requests.arrival ? requests.arrival[i] : requests.start[i]);
}

/* Writes the slowest of the requests from `from` to before `to`. */
static void write_line(FILE *out, uint64_t from, uint64_t to) {
  uint64_t slowest = from;
  for (uint64_t i = from; i < to; i++)
    if (latency_of(i) > latency_of(slowest))
      slowest = i;
  fprintf(out, "%" PRIu64 ",", slowest);
  if (requests.arrival)
    fprintf(out, "%" PRIu64, requests.arrival[slowest]);
  fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
          requests.start[slowest], requests.end[slowest], latency_of(slowest),
          to - from);
}

json_t *cell_requests_write(const char *path) {
  const uint64_t n = requests.done, each = (n + MOST_LINES - 1) / MOST_LINES;
  if (!n)
    return NULL;
  FILE *out = fopen(path, "w");
  bool good = out != NULL;
  if (out) {
    fputs("request,arrival_ns,start_ns,end_ns,latency_ns,slowest_of\n", out);
    for (uint64_t i = 0; i < n; i += each)
      write_line(out, i, i + each < n ? i + each : n);
    good = !ferror(out);
    good = !fclose(out) && good;
  }
  json_t *json = json_pack("{s:s, s:o, s:o}", "file", path, "lines",
                           record_integer((n + each - 1) / each), "requests",
                           record_integer(n));
  if (!good)
    json_object_set_new(json, "failed", json_string(strerror(errno)));
  return json;
}

void cell_requests_finish(void) {
  free(requests.arrival);
  free(requests.start);
  free(requests.end);
}
