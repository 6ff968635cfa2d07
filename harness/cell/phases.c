/* phases.c: what the pauses of the measured part consist of, by the spans that
 * the collector reports (gc_span in gc.h), and times to safepoint.
 *
 * The phases of a pause are reported before the pause, on the same thread.
 * Until then they wait in a list of that thread, in the order of their ends;
 * the pause takes those from the end of the list that began no sooner than
 * itself.  So a cascade within a search for dead cycles takes what is its own
 * and leaves the rest.  What no phase of a pause accounts for is its "other".
 */
#include "cell.h"

#include "common/hostile/mutants.h"
#include "harness/base/words.h"
#include "harness/record/record.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

enum {
  WAITING = 64, /* phases of a pause; more are added to those of their names */
  NAMES = 24    /* of a group; what has another name is added to the last */
};

/* What is told apart: the phases of each kind of pause, slow paths, and the
 * work of the collector's own threads. */
enum { SLOW = GC_PAUSE_KINDS, THREADS, GROUPS };
static const char *const group_names[GROUPS] = {[GC_PAUSE_STOP] = "stop",
                                                [GC_PAUSE_CASCADE] = "cascade",
                                                [GC_PAUSE_DETECT] = "detect",
                                                [SLOW] = "slow",
                                                [THREADS] = "threads"};

typedef struct account {
  const char *name;
  uint64_t count, sum, max;
} account;

typedef struct accounts {
  account groups[GROUPS][NAMES];
} accounts;

/* Mutators keep accounts of their own until they end. */
static _Thread_local accounts mine;

static struct {
  pthread_mutex_t lock;
  accounts all;
  bool told; /* the collector reports spans; atomic */
  /* Times to safepoint: of stops, until the last mutator stood; and of each
   * mutator that was stopped by another one. */
  hist world, mutators;
} phases = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The phases of the calling thread that no pause has taken yet. */
static _Thread_local struct {
  size_t count;
  gc_span spans[WAITING];
} waiting;

void cell_phases_open(void) {
  hist_reset(&phases.world); /* no page fault later */
  hist_reset(&phases.mutators);
  phases.all = mine = (accounts){0};
  phases.told = false;
}

static void add(account *group, account of) {
  account *a = group;
  for (unsigned i = 1; i < NAMES && a->name && a->name != of.name &&
                       strcmp(a->name, of.name) != 0;
       i++)
    a++;
  if (!a->name)
    a->name = of.name;
  a->count += of.count;
  a->sum += of.sum;
  a->max = of.max > a->max ? of.max : a->max;
}

static void add_time(accounts *to, unsigned group, const char *name,
                     uint64_t ns) {
  add(to->groups[group], (account){name, 1, ns, ns});
}

/* The accounts of the calling thread.  Those that are not a mutator's need the
 * lock until close_accounts. */
static accounts *open_accounts(void) {
  if (cell_self)
    return &mine;
  pthread_mutex_lock(&phases.lock);
  return &phases.all;
}

static void close_accounts(void) {
  if (!cell_self)
    pthread_mutex_unlock(&phases.lock);
}

void cell_phases_left(void) {
  pthread_mutex_lock(&phases.lock);
  for (unsigned g = 0; g < GROUPS; g++)
    for (unsigned i = 0; i < NAMES && mine.groups[g][i].name; i++)
      add(phases.all.groups[g], mine.groups[g][i]);
  pthread_mutex_unlock(&phases.lock);
  mine = (accounts){0};
}

static void add_to_safepoint(hist *h, uint64_t ns) {
  pthread_mutex_lock(&phases.lock);
  hist_add(h, ns);
  pthread_mutex_unlock(&phases.lock);
}

/* A pause has more phases than there is room for: the time of this one is added
 * to that of an earlier one of the same name, or the last. */
static void join(const gc_span *s) {
  size_t i = 0;
  while (i + 1 < WAITING && strcmp(waiting.spans[i].name, s->name) != 0)
    i++;
  waiting.spans[i].end_ns += s->end_ns - s->begin_ns;
}

static void await_pause(const gc_span *s) {
  if (waiting.count < WAITING)
    waiting.spans[waiting.count++] = *s;
  else
    join(s);
}

void cell_phases_span(const gc_span *s) {
  uint64_t took = s->end_ns - s->begin_ns;
  gc_span named = *s;
  if (!s->name)
    named.name = s->kind == GC_SPAN_STOPPING ? "stopping" : "unnamed";
  __atomic_store_n(&phases.told, true, __ATOMIC_RELAXED);
  switch (s->kind) {
  case GC_SPAN_STOPPING:
    await_pause(&named);
    add_to_safepoint(&phases.world, took);
    break;
  case GC_SPAN_PHASE:
    await_pause(&named);
    break;
  case GC_SPAN_STOOD:
    add_to_safepoint(&phases.mutators, s->begin_ns - s->asked_ns);
    break;
  default:
    add_time(open_accounts(), s->kind == GC_SPAN_SLOW ? SLOW : THREADS,
             named.name, took);
    close_accounts();
  }
}

/* `from`: where what began before the measured part is cut off. */
static uint64_t length(const gc_span *s, uint64_t from) {
  uint64_t begin = s->begin_ns > from ? s->begin_ns : from;
  return s->end_ns > begin ? s->end_ns - begin : 0;
}

size_t cell_phases_pause(gc_pause_kind kind, uint64_t asked_ns, uint64_t end_ns,
                         uint64_t took, const gc_span **of) {
  size_t first = waiting.count, n;
  uint64_t named = 0, from = end_ns - took;
  while (first > 0 && waiting.spans[first - 1].begin_ns >= asked_ns)
    first--;
  *of = waiting.spans + first;
  n = waiting.count - first;
  if (n > 0 && (*of)[n - 1].end_ns > end_ns)
    cell_wrong("the collector reports that %s ended %" PRIu64
               " ns after its pause",
               (*of)[n - 1].name, (*of)[n - 1].end_ns - end_ns);
  accounts *to = open_accounts();
  for (size_t i = 0; i < n; i++) {
    uint64_t ns = length(&(*of)[i], from) << gc_mutant(phase_counts_twice);
    add_time(to, kind, (*of)[i].name, ns);
    named += ns;
  }
  if (named < took)
    add_time(to, kind, "other", took - named);
  close_accounts();
  /* Only a cascade may lie within another pause, whose phases wait. */
  waiting.count = kind == GC_PAUSE_CASCADE ? first : 0;
  return n;
}

/* ------------------------------------------------------------------------- *
 * The record.
 * ------------------------------------------------------------------------- */

static json_t *compose_group(const account *of) {
  json_t *group = json_object();
  for (unsigned i = 0; i < NAMES && of[i].name; i++) {
    const account *a = &of[i];
    char name[64]; /* JSON holds no bytes that are not UTF-8 */
    words_copy(name, sizeof name, a->name, strlen(a->name));
    json_object_set_new(
        group, name,
        json_pack("{s:o,s:o,s:o}", "count", record_integer(a->count), "sum",
                  record_integer(a->sum), "max", record_integer(a->max)));
  }
  return group;
}

void cell_phases_record(json_t *record) {
  if (!phases.told)
    return;
  json_t *groups = json_object();
  for (unsigned g = 0; g < GROUPS; g++)
    if (phases.all.groups[g][0].name)
      json_object_set_new(groups, group_names[g],
                          compose_group(phases.all.groups[g]));
  json_object_set_new(record, "phases", groups);
  json_object_set_new(record, "safepoint",
                      json_pack("{s:o,s:o}", "world",
                                record_histogram(&phases.world), "mutators",
                                record_histogram(&phases.mutators)));
}
