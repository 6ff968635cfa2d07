/* state.c: the beginning and the end of a run that is compared, and of each of
 * its threads; what is counted. */
#include "coverage.h"
#include "inside.h"
#include "last-words.h"
#include "questions.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "basics.h"
#include "common/hostile/hostile.h"
#include "harness/base/oracles.h"

const char *const executor_oracles[] = {"all", ORACLE_NAMES, "none", NULL};

unsigned executor_oracle_bits(uint64_t choice) {
  static const unsigned bits[] = {
      ORACLE_ALL,       ORACLE_GRAPH, ORACLE_COUNT, ORACLE_WEAK,
      ORACLE_FINALIZER, ORACLE_CHECK, ORACLE_LIMIT, 0};
  return bits[choice];
}

void *grown(void *array, size_t count, size_t *room, size_t size) {
  if (count < *room)
    return array;
  *room = 2 * *room + 64;
  array = realloc(array, *room * size);
  if (!array) {
    fputs("executor: no memory for its lists\n", stderr);
    exit(EXIT_FAILURE);
  }
  return array;
}

/* ------------------------------------------------------------------------- *
 * The run.
 * ------------------------------------------------------------------------- */

void executor_open(executor *x, wl_thread *t, unsigned oracles,
                   uint64_t inspect, bool parallel) {
  *x = (executor){.run = t->run,
                  .shadow = shadow_create(),
                  .oracles = oracles,
                  .parallel = parallel,
                  .standing = !parallel,
                  .forget_at = FORGET_LEAST,
                  .inspect = inspect,
                  .inspect_at = inspect ? inspect : UINT64_MAX,
                  .inspect_credit = INSPECTION_CREDIT_FIRST};
  pthread_mutex_init(&x->list, NULL);
  if (x->shadow && gc_this_collector.can.weak_keys)
    shadow_weak_keys(x->shadow);
  if (x->shadow)
    x->pasts = mmap(NULL, shadow_places(x->shadow) * sizeof *x->pasts,
                    PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!x->shadow || x->pasts == MAP_FAILED) {
    fputs("executor: no memory for the shadow heap\n", stderr);
    exit(EXIT_FAILURE);
  }
  if (trace_output) {
    x->writer = trace_writer_open(trace_output, true);
    if (!x->writer) {
      fprintf(stderr, "executor: --trace %s: %s\n", trace_output,
              strerror(errno));
      exit(2); /* the caller's mistake */
    }
  }
  gc_collect(t->m);
  x->foreign = gc_heap_objects(t->run->heap);
  x->foreign_freed = gc_heap_tally ? gc_heap_tally(t->run->heap).freed : 0;
  if (gc_this_collector.can.external)
    x->foreign_external = gc_heap_external(t->run->heap).bytes;
  coverage_begin(x);
  last_words_watch();
}

void executor_close(executor *x) {
  last_words_unwatch();
  if (!trace_writer_close(x->writer)) {
    fprintf(stderr, "executor: the trace %s is not whole\n", trace_output);
    exit(EXIT_FAILURE);
  }
  pthread_mutex_destroy(&x->list);
  free(x->left.items);
  munmap(x->pasts, shadow_places(x->shadow) * sizeof *x->pasts);
  shadow_destroy(x->shadow);
}

/* ------------------------------------------------------------------------- *
 * Operations and their counts.
 * ------------------------------------------------------------------------- */

void executor_advance(executor_thread *t, const trace_op *op) {
  executor *x = t->x;
  t->now = x->parallel ? t->now + 1 : ++x->clock;
  t->credit += QUESTION_CREDIT;
  t->counts.operations++;
  t->counts.kinds[op->kind]++;
  t->op = *op;
  t->op.thread = t->number;
  hostile_clock = t->now;
  shadow_set_clock(t->shadow, t->now);
  if (x->writer)
    trace_write(x->writer, &t->op);
}

/* Adds `from` to `to`.  The struct holds nothing but 64-bit counts. */
static void add_counts(executor_counts *to, const executor_counts *from) {
  uint64_t *sum = (uint64_t *)to;
  const uint64_t *more = (const uint64_t *)from;
  for (size_t i = 0; i < sizeof *to / sizeof *sum; i++)
    sum[i] += more[i];
}

executor_counts executor_sum(const executor *x) {
  executor_counts sum = x->ended;
  for (const executor_thread *t = x->threads; t; t = t->next)
    add_counts(&sum, &t->counts);
  return sum;
}

void executor_judge_failed(const executor *x, wl_thread *t, bool scarce) {
  executor_counts sum = executor_sum(x);
  if (sum.failed > 0 && !scarce && !hostile.fail_at && !hostile.fail_every)
    wl_starved(t, sum.failed, sum.made + sum.failed);
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

/* Counts an operation that the shadow heap does not perform. */
static void note_operation(executor_thread *t, trace_kind kind) {
  executor_advance(t, &(trace_op){.kind = (uint8_t)kind});
}

void executor_attach(executor_thread *t, executor *x, wl_thread *wl,
                     uint16_t number) {
  *t = (executor_thread){.x = x, .wl = wl, .m = wl->m, .number = number};
  t->shadow = shadow_attach(x->shadow, number);
  if (!t->shadow) {
    fputs("executor: no memory for a thread\n", stderr);
    exit(EXIT_FAILURE);
  }
  last_words_attach(t);
  pthread_mutex_lock(&x->list);
  /* The first thread stays first in the list, since it compares the roots of
   * the process. */
  executor_thread **link = &x->threads;
  while (*link)
    link = &(*link)->next;
  *link = t;
  t->now = x->clock;
  t->credit = x->attached++ < QUESTION_RICH ? QUESTION_CREDIT_FIRST
                                            : QUESTION_CREDIT_LATER;
  pthread_mutex_unlock(&x->list);
  if (number > 0)
    note_operation(t, TRACE_ATTACH);
}

void executor_detach(executor_thread *t) {
  executor *x = t->x;
  if (t->locked && x->parallel)
    wl_lock_release(t->wl, &x->lock);
  t->locked = false;
  if (t->number > 0)
    note_operation(t, TRACE_DETACH);
  pthread_mutex_lock(&x->list);
  executor_thread **link = &x->threads;
  while (*link != t)
    link = &(*link)->next;
  *link = t->next;
  x->clock = max_u64(x->clock, t->now);
  add_counts(&x->ended, &t->counts);
  for (size_t i = 0; i < t->questions.count; i++)
    question_add(&x->left, t->questions.items[i]);
  pthread_mutex_unlock(&x->list);
  shadow_detach(t->shadow);
  last_words_detach(t);
  free(t->questions.items);
}

/* Waits a little until thread `o` is out of the collector.  Returns whether it
 * is. */
static bool is_out(const executor_thread *o) {
  for (int spins = 0; spins < 1000; spins++)
    if (!__atomic_load_n(&o->polling, __ATOMIC_SEQ_CST))
      return true;
  return false;
}

/* The same for all threads, which stay out from now on.  If one of them is in
 * for longer, it collects perhaps, and waits for all other threads to stop:
 * then this thread lets them poll, and waits in a blocking stretch. */
static void hush(executor_thread *t) {
  executor *x = t->x;
  for (executor_thread *o = x->threads; o;) {
    __atomic_store_n(&x->hushed, true, __ATOMIC_SEQ_CST);
    if (is_out(o)) {
      o = o->next;
      continue;
    }
    __atomic_store_n(&x->hushed, false, __ATOMIC_SEQ_CST);
    gc_blocking_enter(t->m);
    for (unsigned n = 0; __atomic_load_n(&o->polling, __ATOMIC_SEQ_CST); n++)
      wl_give_way(n);
    gc_blocking_leave(t->m);
    o = x->threads; /* others may be in by now */
  }
}

void executor_hush(executor_thread *t, bool on) {
  /* There is nobody else; or all others wait for the interpreter's lock,
   * perhaps in a safepoint, and stay there until this thread gives the lock up.
   */
  if (!t->x->threads->next || gc_this_collector.can.turns)
    return;
  if (on)
    hush(t);
  else
    __atomic_store_n(&t->x->hushed, false, __ATOMIC_SEQ_CST);
}

void executor_sample(executor_thread *t) {
  if (!t->x->coverage.watched)
    return;
  executor_hush(t, true);
  coverage_sample(t->x);
  executor_hush(t, false);
}

void executor_set_aside(executor_thread *t, bool aside) {
  executor *x = t->x;
  if (aside && x->aside++ == 0) {
    executor_sample(t);
    executor_inspect(t);
  } else if (!aside && --x->aside == 0) {
    executor_hush(t, true);
    coverage_skip(x);
    executor_hush(t, false);
  }
}

/* ------------------------------------------------------------------------- *
 * The record.
 * ------------------------------------------------------------------------- */

#define KIND_NAME(NAME, text, operands) "op-" text,
static const char *const kind_names[] = {TRACE_OPERATIONS(KIND_NAME)};
#undef KIND_NAME

static void record_counts(executor_thread *t, const executor_counts *c) {
  executor *x = t->x;
  wl_thread *wl = t->wl;
  wl_count(wl, "operations", c->operations);
  wl_count(wl, "skipped", c->skipped);
  wl_count(wl, "checks", x->checks);
  wl_count(wl, "inspections", x->inspections);
  wl_count(wl, "forgets", x->forgets);
  wl_count(wl, "shadow-steps", shadow_steps(x->shadow));
  wl_count(wl, "allocations", c->made);
  wl_count(wl, "allocated-bytes", c->bytes);
  wl_count(wl, "external-bytes", c->external);
  wl_count(wl, "allocations-failed", c->failed);
  wl_count(wl, "reclaimed", x->buried);
  wl_count(wl, "peak-bytes", x->peak_bytes);
  wl_count(wl, "handed-out", c->handed_out);
  wl_count(wl, "weak-alive", c->weak_alive);
  wl_count(wl, "weak-cleared", c->weak_cleared);
  for (unsigned k = 0; k < TRACE_KINDS; k++)
    if (c->kinds[k])
      wl_count(wl, kind_names[k], c->kinds[k]);
}

void executor_conclude(executor_thread *t, uint64_t expected) {
  executor *x = t->x;
  executor_counts sum = executor_sum(x);
  gc_reclaims reclaims = gc_this_collector.can.reclaims;
  record_counts(t, &sum);
  coverage_record(t);
  wl_check(t->wl, !expected || x->buried > 0 || reclaims == GC_RECLAIMS_NOTHING,
           "vacuous: no object was reclaimed");
  /* If most allocations fail, there may be no object to perform on. */
  for (unsigned k = 0; k < TRACE_KINDS && sum.failed < sum.made; k++)
    wl_check(t->wl, !(expected >> k & 1) || sum.kinds[k] > 0,
             "vacuous: no operation %s", trace_kinds[k].name);
  wl_expect(t->wl, (wl_expectation){.live = x->reachable.objects,
                                    .cyclic = x->surviving.objects -
                                              x->reachable.objects,
                                    .allocated = sum.made});
}
