/* floor: what this machine's memory takes for the accesses that collectors are
 * made of, in plain memory outside the heap, without any collector.
 *
 * A collector's time for an object is mostly that of memory, and memory differs
 * between machines that call themselves by the same name: marking 10 million
 * shuffled objects took 7.8 ns an object on one and 64 ns on another.  Only the
 * ratio to a floor that was measured in the same run tells a slow machine from
 * a slow collector.  Each `kind` is one access, as in lmbench (McVoy & Staelin,
 * USENIX 1996), over records that are as large as the objects of live-heap:
 *
 *   read     all words of all records, one after the other: bandwidth.  No
 *            marking of objects in allocation order can be faster
 *   gather   a word of records at random places, each prefetched some accesses
 *            before: independent loads.  The floor of marking out of order
 *   chase    a word of a record, which says where the next one is, on a random
 *            way through all records: dependent loads, as of a list
 *   rmw      a word of records at random places is read and written back, as
 *            counts and mark bits are
 *   fault    the first touch of pages that the kernel has not given yet
 *   copy     records from one place to another, in order
 *
 * An op is a record, with `fault` a page of 4 KiB.
 *
 * Survivors: one object, only because a workload must have some.  That every
 * access took place is known from sums over what was read or is left in memory.
 *
 * Limits: one thread.  Random places repeat, so that a gather touches 63 % of
 * the records, some of them several times.  The pages are those that the kernel
 * gives unasked, or of 2 MiB (`pages=huge`), if it grants them. */
#include "basics.h"
#include "workload.h"

#include <sys/mman.h>

enum { KIND, OBJECTS, ROUNDS, PAGES };
enum { READ, GATHER, CHASE, RMW, FAULT, COPY };
static const char *const kinds[] = {"read",  "gather", "chase", "rmw",
                                    "fault", "copy",   NULL};
enum { BASE, HUGE };
static const char *const pages[] = {"base", "huge", NULL};

#define ANCHOR ((gc_shape){0, 8})

enum { WORDS = 6 };
typedef struct record {
  uint64_t words[WORDS];
} record;

enum {
  STEP_RECORDS = 2048, /* with a cache miss each, some 0.2 ms */
  AHEAD = 32,          /* accesses between a prefetch and its load */
  PAGE = 4096
};

static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)p, (void)threads;
  uint64_t bytes = gc_shape_bytes(ANCHOR);
  return (wl_volume){.live = bytes, .allocated = bytes, .set_up = bytes};
}

/* ------------------------------------------------------------------------- *
 * The memory.
 * ------------------------------------------------------------------------- */

typedef struct field {
  wl_thread *t;
  record *records, *copies; /* copies: with COPY; with FAULT neither */
  uint64_t n;
  uint64_t at;  /* with CHASE: the record that comes next */
  uint64_t sum; /* of what was read */
} field;

static uint64_t field_bytes(const field *f) {
  return (f->n * sizeof(record) + PAGE - 1) / PAGE * PAGE;
}

/* Pages that nothing was written to yet. */
static void *fresh(const field *f) {
  void *p = mmap(NULL, field_bytes(f), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    fprintf(stderr, "workload: no memory for %llu records of its own\n",
            (unsigned long long)f->n);
    exit(EXIT_FAILURE);
  }
  if (wl_get(f->t, PAGES) == HUGE)
    madvise(p, field_bytes(f), MADV_HUGEPAGE); /* may be refused */
  return p;
}

static void drop(const field *f, void *p) {
  if (p)
    munmap(p, field_bytes(f));
}

/* Makes one cycle of all records, in random order (Sattolo 1986): the first
 * word of each is the number of the next. */
static void make_cycle(field *f) {
  for (uint64_t i = f->n - 1; i > 0; i--) {
    uint64_t k = wl_random_below(f->t, i);
    uint64_t next = f->records[i].words[0];
    f->records[i].words[0] = f->records[k].words[0];
    f->records[k].words[0] = next;
  }
}

static void make(field *f) {
  f->records = fresh(f);
  for (uint64_t i = 0; i < f->n; i++)
    for (unsigned w = 0; w < WORDS; w++)
      f->records[i].words[w] = i;
  switch (wl_get(f->t, KIND)) {
  case CHASE:
    make_cycle(f);
    break;
  case COPY: /* its pages are touched now */
    f->copies = fresh(f);
    for (uint64_t i = 0; i < f->n; i++)
      f->copies[i].words[0] = ~i;
  }
}

/* The record of access number k.  The number of an access is mixed, and no
 * generator drawn from, so that the places do not depend on each other. */
static inline uint64_t place(const field *f, uint64_t k) {
  return (uint64_t)(((unsigned __int128)mix(k + f->t->run->seed) * f->n) >> 64);
}

/* ------------------------------------------------------------------------- *
 * The accesses: number `from` to `to` - 1, in one step.
 * ------------------------------------------------------------------------- */

static void read_all(field *f, uint64_t from, uint64_t to) {
  uint64_t sums[WORDS] = {0}; /* six chains of additions, no longer one */
  for (const record *r = f->records + from, *end = f->records + to; r < end;
       r++)
    for (unsigned w = 0; w < WORDS; w++)
      sums[w] += r->words[w];
  for (unsigned w = 0; w < WORDS; w++)
    f->sum += sums[w];
}

static void gather(field *f, uint64_t from, uint64_t to) {
  const record *pending[AHEAD];
  uint64_t sum = 0;
  for (uint64_t k = from; k < to + AHEAD; k++) {
    const record **slot = &pending[k % AHEAD];
    if (k >= from + AHEAD)
      sum += (*slot)->words[0];
    if (k < to) {
      *slot = &f->records[place(f, k)];
      __builtin_prefetch(*slot);
    }
  }
  f->sum += sum;
}

static void chase(field *f, uint64_t from, uint64_t to) {
  uint64_t at = f->at, sum = 0;
  for (uint64_t k = from; k < to; k++) {
    at = f->records[at].words[0];
    sum += at;
  }
  f->at = at;
  f->sum += sum;
}

static void rmw(field *f, uint64_t from, uint64_t to) {
  for (uint64_t k = from; k < to; k++)
    f->records[place(f, k)].words[0]++;
}

static void copy(field *f, uint64_t from, uint64_t to) {
  for (uint64_t k = from; k < to; k++)
    f->copies[k] = f->records[k];
}

typedef void access(field *f, uint64_t from, uint64_t to);
static access *const accesses[] = {[READ] = read_all,
                                   [GATHER] = gather,
                                   [CHASE] = chase,
                                   [RMW] = rmw,
                                   [COPY] = copy};

static void access_all(field *f, access *one) {
  for (uint64_t at = 0; at < f->n;) {
    uint64_t to = min_u64(at + STEP_RECORDS, f->n);
    one(f, at, to);
    wl_step(f->t, 0, to - at);
    at = to;
  }
}

/* Touches every page of memory that is mapped and unmapped outside the measured
 * time. */
static void fault_all(field *f) {
  uint64_t all = field_bytes(f), step = (uint64_t)STEP_RECORDS / 16 * PAGE;
  char *p = fresh(f);
  wl_skip(f->t);
  for (uint64_t at = 0; at < all;) {
    uint64_t to = min_u64(at + step, all);
    for (uint64_t byte = at; byte < to; byte += PAGE)
      *(volatile char *)(p + byte) = 1;
    wl_step(f->t, 0, (to - at) / PAGE);
    at = to;
  }
  for (uint64_t byte = 0; byte < all; byte += PAGE)
    f->sum += (uint64_t)p[byte];
  drop(f, p);
  wl_skip(f->t);
}

/* ------------------------------------------------------------------------- *
 * What the accesses must have come to, in one round.
 * ------------------------------------------------------------------------- */

/* 0 + 1 + ... + n - 1 */
static uint64_t triangle(uint64_t n) {
  return n % 2 ? n * ((n - 1) / 2) : n / 2 * (n - 1);
}

static uint64_t sum_of_places(const field *f) {
  uint64_t sum = 0;
  for (uint64_t k = 0; k < f->n; k++)
    sum += place(f, k);
  return sum;
}

/* Of `sum`, over what was read in one round or, where nothing was read for its
 * own sake, what has been written. */
static uint64_t expected(const field *f, uint64_t rounds) {
  switch (wl_get(f->t, KIND)) {
  case READ:
    return rounds * WORDS * triangle(f->n);
  case GATHER:
    return rounds * sum_of_places(f);
  case CHASE:
    return rounds * triangle(f->n);
  case RMW: /* the numbers of all records, and 1 for each access */
    return triangle(f->n) + rounds * f->n;
  case FAULT: /* 1 for each page */
    return rounds * (field_bytes(f) / PAGE);
  default:
    return WORDS * triangle(f->n);
  }
}

static void add_written(field *f) {
  for (uint64_t i = 0; i < f->n && wl_get(f->t, KIND) == RMW; i++)
    f->sum += f->records[i].words[0];
  for (uint64_t i = 0; i < f->n && wl_get(f->t, KIND) == COPY; i++)
    for (unsigned w = 0; w < WORDS; w++)
      f->sum += f->copies[i].words[w];
}

static void run(wl_thread *t) {
  gc_mutator *m = t->m;
  field f = {.t = t, .n = wl_get(t, OBJECTS)};
  uint64_t rounds = wl_get(t, ROUNDS), kind = wl_get(t, KIND);
  gc_reg anchor = gc_frame_enter(m, 1, 0);
  gc_new(m, anchor, ANCHOR, GC_PLAIN);
  if (kind != FAULT)
    make(&f);

  wl_begin(t);
  wl_apart(t);
  wl_own_memory(t, (kind == COPY ? 2 : 1) * field_bytes(&f));
  for (uint64_t i = 0; i < rounds; i++)
    if (kind == FAULT)
      fault_all(&f);
    else
      access_all(&f, accesses[kind]);
  wl_end(t);

  add_written(&f);
  wl_check(t, f.sum == expected(&f, rounds),
           "not every access took place as it should");
  drop(&f, f.records);
  drop(&f, f.copies);
  wl_expect(t, (wl_expectation){
                   .live = 1, .allocated = 1, .bytes = gc_shape_bytes(ANCHOR)});
  gc_frame_leave(m, anchor, 1, 0);
  wl_expect(t, (wl_expectation){.allocated = 1});
}

const workload workload_floor = {
    .name = "floor",
    .summary = "what memory itself takes: the floor of costs per object",
    .source = "after lmbench, USENIX 1996",
    .unit = "accesses",
    .steps = {"access"},
    .params = {{"kind", "how memory is accessed", READ, 0, 0, kinds},
               {"objects", "records of 48 bytes, as the objects of live-heap",
                10000000, 1, 1 << 26, NULL},
               {"rounds", "how often as many accesses are made", 1, 1, 1 << 20,
                NULL},
               {"pages", "the kernel's pages, or 2 MiB", BASE, 0, 0, pages}},
    .volume = volume,
    .run = run,
};
