/* oracle.c: the collector that is slow and right: the shadow heap of
 * harness/trace/shadow-heap.h, which knows what can be reached, with payload.
 *
 * It performs every operation on the shadow heap, and ends the process at an
 * operation that gc.h forbids.  It is what workloads are tested with, since it
 * is exact; what `reapmark describe` counts with; and, built with
 * ORACLE_RECORDS, the program `record`, which writes every operation to a
 * trace.
 *
 * Two methods find what is dead.
 *   - References are counted, so that what dies without a cycle is known to be
 *     dead at once, is finalized, and its weak references cleared: that depends
 *     on the program alone, and not on when a trace happens to be.
 *   - A trace goes through the shadow heap and finds the rest, which dead
 * cycles kept; when that died, shadow_bury_unmarked knows. Each checks the
 * other: what is left after a trace must be what the counts say. With the
 * option `strict` what the counts know to be dead is buried by the trace too,
 * and must be unreachable by the shadow heap, and since the same instant.
 *
 * Two limits, both by the nature of things.  Dead cycles with finalizers live
 * again when they are found, so their second life depends on when that is.  And
 * a weak reference into a dead cycle still leads to it until it is found; if
 * the program makes use of that, the cycle was alive after all.
 *
 * One lock guards everything, so that operations of all threads have an order,
 * which is that of the trace: replayed in it, one at a time, they do the same.
 * The harness's locks are not seen here, and not needed for that. */
#include GC_COLLECTOR_HEADER

#include "harness/trace/shadow-heap.h"
#include "harness/trace/writer.h"
#include "oracle/lifetimes.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Variants for tests may declare less, and then do less. */
#ifndef ORACLE_RECLAIMS
#define ORACLE_RECLAIMS GC_RECLAIMS_ALL
#endif
#ifndef ORACLE_RECORDS
#define ORACLE_RECORDS 0
#endif

enum { NEAR_BYTES = 40 };

/* What is known of an object beside the shadow heap, by its place there. */
typedef struct note {
  void *payload;      /* little of it is below, unless it moves */
  uint64_t count;     /* references from slots, owning registers and roots */
  uint64_t birth;     /* bytes allocated, itself included */
  uint64_t gone;      /* instant at which the count became zero; 0: it is not */
  uint32_t maker;     /* gc_mutator.serial */
  uint32_t exposures; /* payload pointers given out since their safepoints */
  shadow_ref dying;   /* the next on that list */
  shadow_ref waiting; /* the next that waits to be finalized */
  shadow_ref weaks;   /* the weak references to this, */
  shadow_ref weak_next; /* and the next on that list */
  bool elsewhere;       /* was used by another mutator than its maker */
  uint64_t near[NEAR_BYTES / 8];
} note;

#define NOTES_BYTES (SHADOW_PLACES * sizeof(note))

struct gc_mutator {
  shadow_mutator *shadow;
  gc_mutator *next;
  uint32_t serial; /* of all mutators so far */
  uint16_t number; /* of those at a time */
  shadow_ref
      *exposed; /* whose payload was looked at since the last safepoint */
  size_t exposed_count, exposed_room;
};

struct gc_heap {
  shadow *shadow;
  shadow_object *places; /* of the shadow heap */
  note *notes;
  uint64_t limit;
  uint64_t objects, bytes, bytes_peak; /* nominal, not gone */
  uint64_t since_trace;                /* allocations */
  uint64_t trace_due;
  gc_mutator *mutators;
  bool taken[TRACE_THREADS]; /* numbers of mutators */
  shadow_ref dying;
  shadow_ref waiting, waiting_last;
  lifetimes lifetimes;
  trace_writer *writer;
  const char *output; /* where it writes */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static gc_heap the_heap;
static gc_heap *const h = &the_heap;

/* A trace is due after so many allocations, and twice the objects: often enough
 * that what is dead does not pile up, rarely enough that traces cost a constant
 * per allocation. */
enum { TRACE_LEAST = 1 << 16 };

static uint64_t strict;

const gc_collector gc_this_collector = {
    .name = ORACLE_NAME,
    .summary = ORACLE_RECORDS
                   ? "writes what a workload does to a trace (--trace)"
                   : "knows what is reachable, and counts what a workload does",
    .source = "plain reachability; deaths as by Hertz et al., Error-free "
              "garbage collection traces (Merlin), SIGMETRICS 2002",
    .kind = GC_KIND_DIAGNOSTIC,
    .can = {.reclaims = ORACLE_RECLAIMS,
            .prompt = GC_PROMPT_ALL,
            .threads = true,
            .weak = true,
            .finalizers = true,
            .moving = true,
            .heap_limit = !ORACLE_RECORDS},
    .options = (const gc_option[]){
        {"strict",
         "1: payload moves at safepoints, and a trace comes before each new "
         "peak, to find mistakes of workloads",
         &strict, 0, 1},
        {0}}};

__attribute__((format(printf, 1, 2))) _Noreturn static void
stop(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs(ORACLE_NAME ": ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  trace_writer_close(h->writer);
  abort();
}

static void *memory(size_t bytes) {
  void *p = malloc(bytes ? bytes : 1);
  if (!p)
    stop("no memory");
  return p;
}

static note *note_of(shadow_ref o) {
  return &h->notes[o];
}

static shadow_object *at(shadow_ref o) {
  return &h->places[o];
}

static uint64_t nominal(const shadow_object *o) {
  return gc_shape_bytes((gc_shape){o->slot_count, o->bytes});
}

/* ------------------------------------------------------------------------- *
 * Counting.
 * ------------------------------------------------------------------------- */

static void retain(shadow_ref o) {
  if (o)
    note_of(o)->count++;
}

static void drop(shadow_ref o) {
  if (!o || --note_of(o)->count > 0 || ORACLE_RECLAIMS == GC_RECLAIMS_NOTHING)
    return;
  note_of(o)->dying = h->dying;
  h->dying = o;
}

static void clear_weaks(shadow_ref o) {
  for (shadow_ref w = note_of(o)->weaks; w; w = note_of(w)->weak_next)
    at(w)->target = 0;
  note_of(o)->weaks = 0;
}

static void enqueue(shadow_ref o) {
  note *n = note_of(o);
  n->waiting = 0;
  if (h->waiting)
    note_of(h->waiting_last)->waiting = o;
  else
    h->waiting = o;
  h->waiting_last = o;
  retain(o);
}

/* The object is dead: takes it out of the books, but not out of the shadow
 * heap. */
static void discount(shadow_ref o) {
  h->objects--;
  h->bytes -= nominal(at(o));
  if (!at(o)->target)
    return;
  shadow_ref *link = &note_of(at(o)->target)->weaks;
  while (*link != o)
    link = &note_of(*link)->weak_next;
  *link = note_of(o)->weak_next;
}

/* What is known of the object is told, and forgotten. */
static void account(shadow_ref o, uint64_t when, bool cyclic) {
  note *n = note_of(o);
  lifetimes_die(&h->lifetimes, when, n->birth, nominal(at(o)), cyclic);
  if (n->payload != n->near)
    free(n->payload);
  *n = (note){0};
}

/* Drops a reference held by mutator `m`, and what only it kept. */
static void release(gc_mutator *m, shadow_ref o) {
  uint64_t now = lifetimes_now(&h->lifetimes);
  drop(o);
  while ((o = h->dying) != 0) {
    note *n = note_of(o);
    h->dying = n->dying;
    clear_weaks(o);
    if (at(o)->finalizable) {
      enqueue(o);
      continue;
    }
    const shadow_ref *slots = at(o)->slots;
    for (uint32_t i = 0, count = at(o)->slot_count; i < count; i++) {
      at(slots[i])->loss = now; /* that of null is nobody's */
      drop(slots[i]);
    }
    n->gone = now;
    h->lifetimes.freed_elsewhere += n->maker != m->serial;
    discount(o);
    if (!strict) {
      account(o, now, false);
      shadow_bury(h->shadow, o);
    }
  }
}

/* ------------------------------------------------------------------------- *
 * Tracing.
 * ------------------------------------------------------------------------- */

/* What a dead cycle keeps is found dead: its weak references are cleared, and
 * what is finalizable of it waits from now on.  What waited already was dealt
 * with then. */
static void find_dead(void) {
  if (ORACLE_RECLAIMS != GC_RECLAIMS_ALL)
    return;
  shadow_mark_reachable(h->shadow);
  for (shadow_ref o = h->waiting; o; o = note_of(o)->waiting)
    shadow_mark_also(h->shadow, o);
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++) {
    const shadow_object *object = at(o);
    if (!object->used || object->marked || note_of(o)->gone)
      continue;
    clear_weaks(o);
    if (object->finalizable)
      enqueue(o);
  }
}

/* What the mutators look at is not known any more if it is not marked. */
static void forget_exposed(void) {
  for (gc_mutator *m = h->mutators; m; m = m->next) {
    size_t kept = 0;
    for (size_t i = 0; i < m->exposed_count; i++)
      if (at(m->exposed[i])->marked)
        m->exposed[kept++] = m->exposed[i];
    m->exposed_count = kept;
  }
}

/* An object that is not marked, though its count is not zero. */
static void die_in_cycle(shadow_ref o) {
  if (ORACLE_RECLAIMS != GC_RECLAIMS_ALL)
    stop("the count of object %ju is wrong, or the model", at(o)->serial);
  /* What lives has lost the references from it, but that was no loss. */
  for (uint32_t i = 0; i < at(o)->slot_count; i++) {
    shadow_ref child = at(o)->slots[i];
    if (child && at(child)->marked)
      note_of(child)->count--;
  }
  discount(o);
}

/* Called by the shadow heap as it buries. */
static void die(void *data, const shadow_object *object, uint64_t when) {
  (void)data;
  shadow_ref o = (shadow_ref)(object - at(0));
  note *n = note_of(o);
  if (n->gone && n->gone != when)
    stop("object %ju died in instant %ju by its count, in %ju by the model",
         object->serial, n->gone, when);
  account(o, when, !n->gone);
}

static void trace(void) {
  h->lifetimes.traces++;
  find_dead();
  shadow_volume left = shadow_mark_surviving(h->shadow, ORACLE_RECLAIMS);
  forget_exposed();
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++)
    if (at(o)->used && !at(o)->marked && !note_of(o)->gone)
      die_in_cycle(o);
  if (left.objects != h->objects || left.bytes != h->bytes)
    stop("%ju objects of %ju bytes by the model, but %ju of %ju by counts",
         left.objects, left.bytes, h->objects, h->bytes);
  shadow_bury_unmarked(h->shadow, die, NULL);
  lifetimes_deaths_known(&h->lifetimes);
  h->since_trace = 0;
  h->trace_due = TRACE_LEAST + 2 * h->objects;
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

/* Ends the process unless the mutator may do that. */
static void check(const gc_mutator *m, const trace_op *op) {
  const char *why = shadow_refuses(m->shadow, op);
  if (why)
    stop("%s %u %u %u by mutator %u: %s", trace_kinds[op->kind].name, op->a,
         op->b, op->c, m->number, why);
}

/* What is in a register that is read. */
static shadow_ref held(const gc_mutator *m, gc_reg r) {
  shadow_ref o = shadow_register(m->shadow, r);
  if (o && note_of(o)->gone)
    stop("register %u of mutator %u borrows an object that nothing keeps alive",
         r, m->number);
  return o;
}

/* The object in the register, which an operation is about. */
static shadow_ref used(const gc_mutator *m, gc_reg r) {
  shadow_ref o = held(m, r);
  note *n = note_of(o);
  if (n->maker != m->serial && !n->elsewhere) {
    n->elsewhere = true;
    h->lifetimes.used_elsewhere++;
  }
  return o;
}

/* The object whose reference an operation overwrites, where that kept it alive;
 * and the one that gets one more, where `made` is what the operation puts into
 * its destination register. */
typedef struct effect {
  shadow_ref lost, gained;
  bool gains_made;
} effect;

static effect foresee(const gc_mutator *m, const trace_op *op) {
  const shadow_mutator *t = m->shadow;
  switch ((trace_kind)op->kind) {
  case TRACE_STORE:
  case TRACE_STORE_TAKE:
  case TRACE_STORE_NULL: {
    effect e = {.lost = at(used(m, op->a))->slots[op->b]};
    shadow_ref stored = op->kind == TRACE_STORE_NULL ? 0 : held(m, op->c);
    h->lifetimes.null_stores += !stored;
    e.gained = op->kind == TRACE_STORE ? stored : 0;
    return e;
  }
  case TRACE_GLOBAL_STORE:
    return (effect){shadow_global(h->shadow, op->a), held(m, op->b), false};
  case TRACE_TLS_STORE:
    return (effect){shadow_tls(t, op->a), held(m, op->b), false};
  case TRACE_GLOBAL_CLEAR:
    return (effect){.lost = shadow_global(h->shadow, op->a)};
  case TRACE_TLS_CLEAR:
    return (effect){.lost = shadow_tls(t, op->a)};
  case TRACE_BORROW:
    used(m, op->b);
    return (effect){0};
  case TRACE_PAYLOAD:
    used(m, op->a);
    return (effect){0};
  case TRACE_LOAD:
  case TRACE_WEAK_NEW:
  case TRACE_WEAK_GET:
    used(m, op->b);
    return (effect){shadow_register(t, op->a), 0, true};
  case TRACE_COPY:
    held(m, op->b);
    return (effect){shadow_register(t, op->a), 0, true};
  case TRACE_NEW:
  case TRACE_GLOBAL_LOAD:
  case TRACE_TLS_LOAD:
    return (effect){shadow_register(t, op->a), 0, true};
  case TRACE_MOVE:
  case TRACE_CLEAR:
    return (effect){.lost = shadow_register(t, op->a)};
  default: /* frames and finalizers are dealt with where they are performed */
    return (effect){0};
  }
}

/* Performs an operation that was checked; arguments and result as of
 * shadow_apply. */
static shadow_ref apply(gc_mutator *m, const trace_op *op, shadow_ref outcome) {
  h->lifetimes.operations[op->kind]++;
  if (ORACLE_RECORDS)
    trace_write(h->writer, op);
  effect e = foresee(m, op);
  shadow_set_clock(m->shadow, lifetimes_now(&h->lifetimes));
  shadow_ref o = shadow_apply(m->shadow, op, outcome);
  retain(e.gains_made ? o : e.gained);
  release(m, e.lost);
  return o;
}

static trace_op operation(const gc_mutator *m, trace_kind kind, uint32_t a,
                          uint32_t b, uint32_t c) {
  return (trace_op){
      .kind = (uint8_t)kind, .thread = m->number, .a = a, .b = b, .c = c};
}

/* Moves the payload that no other mutator looks at either. */
static void move_exposed(gc_mutator *m) {
  while (m->exposed_count > 0) {
    shadow_ref o = m->exposed[--m->exposed_count];
    note *n = note_of(o);
    if (--n->exposures > 0)
      continue;
    size_t bytes = at(o)->bytes;
    void *moved = memory(bytes);
    memcpy(moved, n->payload, bytes);
    memset(n->payload, 0xdd, bytes);
    free(n->payload);
    n->payload = moved;
  }
}

static void safepoint(gc_mutator *m) {
  pthread_mutex_lock(&lock);
  move_exposed(m);
  pthread_mutex_unlock(&lock);
}

void oracle_perform(gc_mutator *m, trace_kind kind, uint32_t a, uint32_t b,
                    uint32_t c) {
  trace_op op = operation(m, kind, a, b, c);
  pthread_mutex_lock(&lock);
  check(m, &op);
  apply(m, &op, 0);
  if (kind == TRACE_SAFEPOINT)
    move_exposed(m);
  pthread_mutex_unlock(&lock);
}

gc_reg oracle_frame_enter(gc_mutator *m, uint32_t owning, uint32_t borrowing) {
  trace_op op = operation(m, TRACE_ENTER, owning, borrowing, 0);
  pthread_mutex_lock(&lock);
  gc_reg frame = shadow_top(m->shadow);
  check(m, &op);
  apply(m, &op, 0);
  pthread_mutex_unlock(&lock);
  return frame;
}

void oracle_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                        uint32_t borrowing) {
  trace_op op = operation(m, TRACE_LEAVE, 0, 0, 0);
  pthread_mutex_lock(&lock);
  check(m, &op);
  shadow_frame f = {0};
  shadow_innermost(m->shadow, &f);
  if (f.first != frame || f.owning != owning || f.borrowing != borrowing)
    stop("frame %u of %u owning and %u borrowing registers is left, but the "
         "topmost of mutator %u is %u of %u and %u",
         frame, owning, borrowing, m->number, f.first, f.owning, f.borrowing);
  for (gc_reg r = frame; r < frame + owning; r++)
    release(m, shadow_register(m->shadow, r));
  apply(m, &op, 0);
  pthread_mutex_unlock(&lock);
}

static shadow_ref read_register(const gc_mutator *m, gc_reg r) {
  const char *why = shadow_refuses_reading(m->shadow, r);
  if (why)
    stop("register %u of mutator %u is read: %s", r, m->number, why);
  return held(m, r);
}

bool oracle_is_null(gc_mutator *m, gc_reg r) {
  pthread_mutex_lock(&lock);
  h->lifetimes.tests++;
  bool null = read_register(m, r) == 0;
  pthread_mutex_unlock(&lock);
  return null;
}

bool oracle_same(gc_mutator *m, gc_reg a, gc_reg b) {
  pthread_mutex_lock(&lock);
  h->lifetimes.tests++;
  bool same = read_register(m, a) == read_register(m, b);
  pthread_mutex_unlock(&lock);
  return same;
}

static void expose(gc_mutator *m, shadow_ref o) {
  if (m->exposed_count == m->exposed_room) {
    m->exposed_room = 2 * m->exposed_room + 64;
    m->exposed = realloc(m->exposed, m->exposed_room * sizeof *m->exposed);
    if (!m->exposed)
      stop("no memory");
  }
  m->exposed[m->exposed_count++] = o;
  note_of(o)->exposures++;
}

void *oracle_payload(gc_mutator *m, gc_reg obj) {
  trace_op op = operation(m, TRACE_PAYLOAD, obj, 0, 0);
  pthread_mutex_lock(&lock);
  check(m, &op);
  apply(m, &op, 0);
  shadow_ref o = shadow_register(m->shadow, obj);
  if (strict)
    expose(m, o);
  void *payload = note_of(o)->payload;
  pthread_mutex_unlock(&lock);
  return payload;
}

/* ------------------------------------------------------------------------- *
 * Allocation, and what is answered.
 * ------------------------------------------------------------------------- */

/* Its contents are unspecified: nonsense, where that is to be noticed. */
static void make_payload(note *n, uint32_t bytes) {
  bool near = bytes <= NEAR_BYTES && !strict;
  n->payload = near ? n->near : memory(bytes);
  if (strict)
    memset(n->payload, 0xcd, bytes);
}

/* Makes the object that `op` says, if there is room for it. */
static bool allocate(gc_mutator *m, const trace_op *op, gc_shape shape) {
  pthread_mutex_lock(&lock);
  check(m, op);
  move_exposed(m);
  uint64_t bytes = gc_shape_bytes(shape);
  bool full = h->limit && h->bytes + bytes > h->limit;
  bool peak = strict && h->bytes + bytes > h->bytes_peak;
  if (h->since_trace >= h->trace_due ||
      (ORACLE_RECLAIMS == GC_RECLAIMS_ALL && (full || peak)))
    trace();
  bool room = !h->limit || h->bytes + bytes <= h->limit;
  if (room) {
    lifetimes_allocate(&h->lifetimes, shape.slots, bytes);
    h->since_trace++;
    h->objects++;
    h->bytes += bytes;
    if (h->bytes > h->bytes_peak)
      h->bytes_peak = h->bytes;
    h->lifetimes.finalizable += op->finalizable;
    /* The destination may hold the last reference to the target, which is to
     * know its weak reference before it dies. */
    shadow_ref target =
        op->kind == TRACE_WEAK_NEW ? shadow_register(m->shadow, op->b) : 0;
    retain(target);
    shadow_ref o = apply(m, op, 0);
    note *n = note_of(o);
    make_payload(n, shape.bytes);
    n->birth = lifetimes_bytes(&h->lifetimes);
    n->maker = m->serial;
    if (target) {
      n->weak_next = note_of(target)->weaks;
      note_of(target)->weaks = o;
    }
    release(m, target);
  }
  pthread_mutex_unlock(&lock);
  return room;
}

bool oracle_new(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags) {
  trace_op op = operation(m, TRACE_NEW, dst, shape.slots, shape.bytes);
  op.finalizable = flags & GC_FINALIZABLE;
  return allocate(m, &op, shape);
}

bool oracle_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  trace_op op = operation(m, TRACE_WEAK_NEW, dst, target, 0);
  return allocate(m, &op, GC_WEAK_SHAPE);
}

/* What the collector gave, as a trace says it. */
static uint32_t answer(shadow_ref o) {
  return o ? (uint32_t)at(o)->serial + 1 : 1;
}

bool oracle_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  trace_op op = operation(m, TRACE_WEAK_GET, dst, weak, 0);
  pthread_mutex_lock(&lock);
  check(m, &op);
  shadow_ref target = at(held(m, weak))->target;
  op.c = answer(target);
  h->lifetimes.weak_cleared += !target;
  apply(m, &op, target);
  pthread_mutex_unlock(&lock);
  return target != 0;
}

bool oracle_finalizer_next(gc_mutator *m, gc_reg dst) {
  trace_op op = operation(m, TRACE_FINALIZER_NEXT, dst, 0, 0);
  pthread_mutex_lock(&lock);
  check(m, &op);
  shadow_ref o = h->waiting;
  op.b = answer(o);
  if (o) { /* the count of the queue goes to the register */
    h->lifetimes.finalized++;
    h->waiting = note_of(o)->waiting;
    shadow_ref lost = shadow_register(m->shadow, dst);
    apply(m, &op, o);
    release(m, lost);
  } else
    apply(m, &op, 0);
  pthread_mutex_unlock(&lock);
  return o != 0;
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

static void open_trace(void) {
  if (!trace_output) {
    fputs(ORACLE_NAME ": which file is the trace to go to? (--trace FILE is "
                      "missing)\n",
          stderr);
    exit(2);
  }
  h->writer = trace_writer_open(trace_output, false);
  if (!h->writer) {
    fprintf(stderr, ORACLE_NAME ": %s: %s\n", trace_output, strerror(errno));
    exit(2);
  }
  h->output = trace_output;
  trace_output = NULL; /* or workloads that know their operations write too */
}

gc_heap *gc_heap_create(const gc_config *config) {
  *h = (gc_heap){.limit = config->heap_limit, .trace_due = TRACE_LEAST};
  h->shadow = shadow_create();
  h->places = h->shadow ? shadow_at(h->shadow, 0) : NULL;
  /* Address space, which costs nothing before it is used. */
  h->notes = mmap(NULL, NOTES_BYTES, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!h->shadow || h->notes == MAP_FAILED)
    return NULL;
  lifetimes_open(&h->lifetimes);
  if (ORACLE_RECORDS)
    open_trace();
  return h;
}

void gc_heap_destroy(gc_heap *heap) {
  (void)heap;
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++)
    if (note_of(o)->payload != note_of(o)->near)
      free(note_of(o)->payload);
  munmap(h->notes, NOTES_BYTES);
  shadow_destroy(h->shadow);
  lifetimes_close(&h->lifetimes);
  if (!trace_writer_close(h->writer)) {
    fprintf(stderr, ORACLE_NAME ": %s: %s\n", h->output, strerror(errno));
    exit(1);
  }
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  pthread_mutex_lock(&lock);
  gc_footprint f = {h->bytes, h->bytes_peak};
  pthread_mutex_unlock(&lock);
  return f;
}

uint64_t gc_heap_objects(gc_heap *heap) {
  return heap->objects;
}

/* Nominal bytes: there are no cells, and no pages. */
gc_usage gc_heap_usage(gc_heap *heap) {
  return (gc_usage){heap->objects, heap->bytes, heap->bytes, 0, 0};
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  (void)heap;
  trace();
  uint64_t *births = memory(h->objects * sizeof *births);
  size_t n = 0;
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++)
    if (at(o)->used)
      births[n++] = note_of(o)->birth;
  size_t count = lifetimes_counters(&h->lifetimes, births, n, out, room);
  free(births);
  return count;
}

/* Counts anew, from the shadow heap. */
static void recount(uint64_t *count) {
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++)
    if (!note_of(o)->gone)
      for (uint32_t i = 0; i < at(o)->slot_count; i++)
        count[at(o)->slots[i]]++;
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    count[shadow_global(h->shadow, g)]++;
  for (shadow_ref o = h->waiting; o; o = note_of(o)->waiting)
    count[o]++;
  for (gc_mutator *m = h->mutators; m; m = m->next) {
    for (gc_reg r = 0; r < shadow_top(m->shadow); r++)
      if (shadow_is_owning(m->shadow, r))
        count[shadow_register(m->shadow, r)]++;
    for (uint32_t l = 0; l < GC_TLS; l++)
      count[shadow_tls(m->shadow, l)]++;
  }
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  uint64_t *count = calloc(shadow_end(h->shadow), sizeof *count);
  if (!count)
    stop("no memory");
  recount(count);
  shadow_mark_reachable(h->shadow);
  const char *wrong = NULL;
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++) {
    const note *n = note_of(o);
    if (at(o)->used && !n->gone && n->count != count[o])
      wrong = "a count is wrong";
    if (at(o)->marked && n->gone)
      wrong = "a reachable object was counted dead";
  }
  free(count);
  return wrong;
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  (void)heap;
  gc_mutator *m = calloc(1, sizeof *m);
  if (!m)
    return NULL;
  pthread_mutex_lock(&lock);
  while (m->number < TRACE_THREADS && h->taken[m->number])
    m->number++;
  if (m->number < TRACE_THREADS)
    m->shadow = shadow_attach(h->shadow, m->number);
  if (m->shadow) {
    h->taken[m->number] = true;
    m->serial = (uint32_t)h->lifetimes.mutators++;
    m->next = h->mutators;
    h->mutators = m;
    const trace_op op = operation(m, TRACE_ATTACH, 0, 0, 0);
    if (ORACLE_RECORDS)
      trace_write(h->writer, &op);
  }
  pthread_mutex_unlock(&lock);
  if (m->shadow)
    return m;
  free(m);
  return NULL;
}

void gc_thread_detach(gc_mutator *m) {
  pthread_mutex_lock(&lock);
  if (shadow_top(m->shadow) != 0)
    stop("mutator %u detaches with a frame of its own", m->number);
  const trace_op op = operation(m, TRACE_DETACH, 0, 0, 0);
  if (ORACLE_RECORDS)
    trace_write(h->writer, &op);
  move_exposed(m);
  for (uint32_t l = 0; l < GC_TLS; l++)
    release(m, shadow_tls(m->shadow, l));
  shadow_set_clock(m->shadow, lifetimes_now(&h->lifetimes));
  shadow_detach(m->shadow);
  gc_mutator **link = &h->mutators;
  while (*link != m)
    link = &(*link)->next;
  *link = m->next;
  h->taken[m->number] = false;
  pthread_mutex_unlock(&lock);
  free(m->exposed);
  free(m);
}

void gc_blocking_enter(gc_mutator *m) {
  safepoint(m);
}

void gc_blocking_leave(gc_mutator *m) {
  safepoint(m);
}

/* To a tracing collector borrowing registers are roots: they would keep what
 * the program thinks dead. */
static void check_borrowed(void) {
  for (gc_mutator *m = h->mutators; m; m = m->next)
    for (gc_reg r = 0; r < shadow_top(m->shadow); r++)
      held(m, r);
}

void gc_collect(gc_mutator *m) {
  trace_op op = operation(m, TRACE_COLLECT, 0, 0, 0);
  pthread_mutex_lock(&lock);
  move_exposed(m);
  check_borrowed();
  apply(m, &op, 0);
  trace();
  pthread_mutex_unlock(&lock);
}
