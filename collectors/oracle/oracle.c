/* oracle.c: the oracle, a collector that is slow and exact: it keeps a shadow
 * heap (harness/trace/shadow-heap.h), which knows what can be reached, and adds
 * the payload.
 *
 * It performs every operation on the shadow heap, and ends the process at an
 * operation that gc.h forbids.  Workloads are tested with it, because it is
 * exact; `reapmark describe` counts with it; and built with ORACLE_RECORDS it
 * is the program `record`, which writes every operation to a trace.
 *
 * Two methods find dead objects, and each checks the other.
 *   - Counting.  References are counted, so an object that dies without a cycle
 * is known to be dead at once; then its weak references are cleared and it is
 *     queued for its finalizer.  So these events depend on the program alone,
 * not on when the oracle marks.
 *   - Marking.  A marking pass over the shadow heap finds the other dead
 * objects, which dead cycles kept; shadow_bury_unmarked tells when they died.
 * What survives must be what the counts say.  With the option `strict`, objects
 *     that died by their counts are buried by the marking pass too, and the
 * shadow heap must find them unreachable since the same instant.
 *
 * Two limits cannot be avoided.  A dead cycle with a finalizer lives again when
 * it is found, so its second life depends on when that is.  And a weak
 * reference still leads to a dead cycle until the cycle is found; if the
 * program follows it, the cycle was alive after all.
 *
 * One lock guards everything, so the operations of all threads have one order,
 * which is that of the trace: replayed in this order by one thread, they do the
 * same.  The oracle neither sees nor needs the harness's locks. */
#include GC_COLLECTOR_HEADER

#include "common/external.h"
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

/* Tests build variants that declare that they reclaim less, and do. */
#ifndef ORACLE_RECLAIMS
#define ORACLE_RECLAIMS GC_RECLAIMS_ALL
#endif
#ifndef ORACLE_RECORDS
#define ORACLE_RECORDS 0
#endif

/* Payloads of up to this many bytes are kept in the note. */
enum { NEAR_BYTES = 40 };

/* What the oracle knows of an object besides the shadow heap.  Notes have the
 * indices of their objects there. */
typedef struct note {
  void *payload;  /* points to `near` or to memory of its own */
  uint64_t count; /* references from slots, owning registers and roots */
  external_block *blocks; /* the external memory that it owns */
  uint64_t birth; /* bytes allocated when it was made, itself included */
  uint64_t gone;  /* the instant at which the count became zero; 0: it is not */
  uint32_t maker; /* the `serial` of the mutator that made it */
  uint32_t exposures;   /* payload pointers given out that are still valid */
  shadow_ref dying;     /* the next in the list of the dying */
  shadow_ref waiting;   /* the next in the finalizer queue */
  shadow_ref weaks;     /* the first in the list of weak references to it */
  shadow_ref weak_next; /* of a weak reference: the next in such a list */
  bool elsewhere;       /* a mutator that did not make it has used it */
  uint64_t near[NEAR_BYTES / 8];
} note;

#define NOTES_BYTES (SHADOW_PLACES * sizeof(note))

struct gc_mutator {
  shadow_mutator *shadow;
  gc_mutator *next;
  uint32_t serial; /* its number among all mutators so far */
  uint16_t number; /* its number among those that are attached */
  /* Objects whose payload pointers were given out since the last safepoint. */
  shadow_ref *exposed;
  size_t exposed_count, exposed_room;
};

struct gc_heap {
  shadow *shadow;
  shadow_object *places; /* the objects of the shadow heap */
  note *notes;
  uint64_t limit;
  uint64_t objects, bytes, bytes_peak; /* alive by counts, in nominal bytes */
  uint64_t freed;                      /* objects that were, so far */
  uint64_t since_marking; /* allocations since the last marking pass */
  uint64_t marking_due;   /* after this many the next one is due */
  gc_mutator *mutators;
  bool taken[TRACE_THREADS]; /* the numbers of attached mutators */
  shadow_ref dying; /* the list of objects whose count became zero just now */
  shadow_ref waiting, waiting_last; /* the finalizer queue */
  lifetimes lifetimes;
  trace_writer *writer;
  const char *output; /* the name of the file that it writes */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static gc_heap the_heap;
static gc_heap *const h = &the_heap;

/* A marking pass is due after this many allocations plus twice the number of
 * objects: often enough that dead objects do not pile up, and so rarely that
 * marking costs a constant per allocation. */
enum { MARKING_LEAST = 1 << 16 };

/* It is also due after so many bytes of external memory, plus twice those that
 * were left. */
enum { EXTERNAL_LEAST = 16 << 20 };

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
            .external = GC_EXTERNALS_COUNTED,
            .threads = true,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .moving = true,
            .heap_limit = !ORACLE_RECORDS},
    .options = (const gc_option[]){
        {"strict",
         "1: payload moves at safepoints, and marking comes before each new "
         "peak, to find mistakes of workloads",
         &strict, 0, 1},
        {0}}};

/* Ends the process with a message. */
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

/* Takes a count off an object, which dies if that was the last. */
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

/* The ephemeron or its key died at instant `now`: the value is let go. */
static void clear_pair(shadow_ref e, uint64_t now) {
  shadow_ref value = at(e)->value;
  shadow_clear(h->shadow, e, now);
  drop(value);
}

/* Adds an object to the finalizer queue, which holds a count. */
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

/* The object is dead: it no longer counts as alive, nor in the list of weak
 * references to its target, and its external memory is given back.  It stays in
 * the shadow heap. */
static void discount(shadow_ref o) {
  external_give_all(&note_of(o)->blocks, &external_malloc);
  h->objects--;
  h->freed++;
  h->bytes -= nominal(at(o));
  if (!at(o)->target || at(o)->ephemeron)
    return;
  shadow_ref *link = &note_of(at(o)->target)->weaks;
  while (*link != o)
    link = &note_of(*link)->weak_next;
  *link = note_of(o)->weak_next;
}

/* Reports an object's death and clears its note. */
static void account(shadow_ref o, uint64_t when, bool cyclic) {
  note *n = note_of(o);
  lifetimes_die(&h->lifetimes, when, n->birth, nominal(at(o)), cyclic);
  if (n->payload != n->near)
    free(n->payload);
  *n = (note){0};
}

/* Drops a reference held by mutator `m`, and all objects that only it kept
 * alive.
 */
static void release(gc_mutator *m, shadow_ref o) {
  uint64_t now = lifetimes_now(&h->lifetimes);
  drop(o);
  while ((o = h->dying) != 0) {
    note *n = note_of(o);
    h->dying = n->dying;
    clear_weaks(o);
    while (at(o)->pairs)
      clear_pair(at(o)->pairs, now);
    if (at(o)->finalizable) {
      enqueue(o);
      continue;
    }
    if (at(o)->ephemeron)
      clear_pair(o, now);
    if (at(o)->held)
      shadow_hold_referents(h->shadow, o);
    const shadow_ref *slots = at(o)->slots;
    for (uint32_t i = 0, count = at(o)->slot_count; i < count; i++) {
      at(slots[i])->loss = now; /* of null, too: nothing reads it */
      drop(slots[i]);
    }
    n->gone = now;
    h->lifetimes.freed_elsewhere += n->maker != m->serial;
    discount(o);
    if (!strict) {
      account(o, now, at(o)->held);
      shadow_bury(h->shadow, o);
    }
  }
}

/* ------------------------------------------------------------------------- *
 * Marking.
 * ------------------------------------------------------------------------- */

/* Objects that only dead cycles keep are found dead: weak references to them
 * are cleared, and finalizable ones queued.  Objects that were queued before,
 * and all that they reach, are not dead.  `was_dead` is set in those that are
 * the keys of ephemerons. */
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
    at(o)->was_dead = object->pairs != 0;
    if (object->finalizable)
      enqueue(o);
  }
}

/* Clears the ephemerons of keys that were found dead and are kept for a
 * finalizer.  Returns whether there were any.  Their values are not on the list
 * of the dying: the marking that follows finds those that die. */
static bool clear_kept(void) {
  bool any = false;
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++) {
    bool kept = at(o)->was_dead && at(o)->marked;
    at(o)->was_dead = false;
    for (shadow_ref e; kept && (e = at(o)->pairs) != 0; any = true) {
      note_of(at(e)->value)->count--;
      shadow_clear(h->shadow, e, lifetimes_now(&h->lifetimes));
    }
  }
  return any;
}

/* Forgets exposed payload of objects that are not marked. */
static void forget_exposed(void) {
  for (gc_mutator *m = h->mutators; m; m = m->next) {
    size_t kept = 0;
    for (size_t i = 0; i < m->exposed_count; i++)
      if (at(m->exposed[i])->marked)
        m->exposed[kept++] = m->exposed[i];
    m->exposed_count = kept;
  }
}

/* The object is not marked though its count is not zero: a dead cycle kept it.
 */
static void die_in_cycle(shadow_ref o) {
  if (ORACLE_RECLAIMS != GC_RECLAIMS_ALL)
    stop("the count of object %ju is wrong, or the shadow heap", at(o)->serial);
  shadow_hold_referents(h->shadow, o);
  /* Live objects no longer count its references, but did not lose them by an
   * operation: their `loss` stays. */
  for (uint32_t i = 0; i < at(o)->slot_count; i++) {
    shadow_ref child = at(o)->slots[i];
    if (child && at(child)->marked)
      note_of(child)->count--;
  }
  if (at(o)->value && at(at(o)->value)->marked)
    note_of(at(o)->value)->count--;
  for (shadow_ref e = at(o)->pairs; e; e = at(e)->next_pair)
    if (at(e)->marked && at(at(e)->value)->marked)
      note_of(at(e)->value)->count--;
  discount(o);
}

/* Called by the shadow heap for each object that it buries. */
static void die(void *data, const shadow_object *object, uint64_t when) {
  (void)data;
  shadow_ref o = (shadow_ref)(object - at(0));
  note *n = note_of(o);
  if (n->gone && n->gone != when)
    stop("object %ju died in instant %ju by its count, in %ju by the shadow "
         "heap",
         object->serial, n->gone, when);
  account(o, when, !n->gone || object->held);
}

static void mark(void) {
  h->lifetimes.traces++;
  find_dead();
  shadow_volume left = shadow_mark_surviving(h->shadow, ORACLE_RECLAIMS);
  if (clear_kept())
    left = shadow_mark_surviving(h->shadow, ORACLE_RECLAIMS);
  forget_exposed();
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++)
    if (at(o)->used && !at(o)->marked && !note_of(o)->gone)
      die_in_cycle(o);
  if (left.objects != h->objects || left.bytes != h->bytes)
    stop(
        "%ju objects of %ju bytes by the shadow heap, but %ju of %ju by counts",
        left.objects, left.bytes, h->objects, h->bytes);
  shadow_date_unmarked(h->shadow);
  shadow_bury_unmarked(h->shadow, die, NULL);
  lifetimes_deaths_known(&h->lifetimes);
  h->since_marking = 0;
  external_collected();
  h->marking_due = MARKING_LEAST + 2 * h->objects;
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

/* Ends the process unless the mutator may perform the operation. */
static void check(const gc_mutator *m, const trace_op *op) {
  const char *why = shadow_refuses(m->shadow, op);
  if (why)
    stop("%s %u %u %u by mutator %u: %s", trace_kinds[op->kind].name, op->a,
         op->b, op->c, m->number, why);
}

/* The object in a register that is read. */
static shadow_ref held(const gc_mutator *m, gc_reg r) {
  shadow_ref o = shadow_register(m->shadow, r);
  if (o && note_of(o)->gone)
    stop("register %u of mutator %u borrows an object that nothing keeps alive",
         r, m->number);
  return o;
}

/* The object in a register, whose slots or payload an operation uses. */
static shadow_ref used(const gc_mutator *m, gc_reg r) {
  shadow_ref o = held(m, r);
  note *n = note_of(o);
  if (n->maker != m->serial && !n->elsewhere) {
    n->elsewhere = true;
    h->lifetimes.used_elsewhere++;
  }
  return o;
}

/* What an operation does to counts: `lost` is the object that loses a reference
 * because its place is overwritten; `gained` gets one more.  `gains_made`: the
 * object that gains is the one that the operation puts into its destination
 * register. */
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
  case TRACE_EPHEMERON_NEW:
  case TRACE_EPHEMERON_GET:
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
  default: /* frames and finalizers: see the functions that perform them */
    return (effect){0};
  }
}

/* Performs an operation that was checked.  `outcome` and the result are those
 * of shadow_apply. */
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

/* A safepoint of `m`: its payload pointers become invalid.  Moves payload to
 * which no other mutator has a pointer. */
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
 * Allocation, and operations with an answer.
 * ------------------------------------------------------------------------- */

/* Makes the payload, whose contents are unspecified.  If strict, fills it, so
 * that a workload that relies on zeros fails. */
static void make_payload(note *n, uint32_t bytes) {
  bool near = bytes <= NEAR_BYTES && !strict;
  n->payload = near ? n->near : memory(bytes);
  if (strict)
    memset(n->payload, 0xcd, bytes);
}

/* Bytes alive, external memory included. */
static uint64_t bytes_held(void) {
  return h->bytes + external_held();
}

static void note_peak(void) {
  if (bytes_held() > h->bytes_peak)
    h->bytes_peak = bytes_held();
}

/* Whether there is room for so many bytes, after marking if that is due. */
static bool make_room(uint64_t bytes) {
  bool full = h->limit && bytes_held() + bytes > h->limit;
  bool peak = strict && bytes_held() + bytes > h->bytes_peak;
  if (h->since_marking >= h->marking_due ||
      external_added() >= EXTERNAL_LEAST + 2 * external_kept() ||
      (ORACLE_RECLAIMS == GC_RECLAIMS_ALL && (full || peak)))
    mark();
  return !h->limit || bytes_held() + bytes <= h->limit;
}

/* Performs an allocation.  Returns false if there is no room. */
static bool allocate(gc_mutator *m, const trace_op *op, gc_shape shape) {
  pthread_mutex_lock(&lock);
  check(m, op);
  move_exposed(m);
  uint64_t bytes = gc_shape_bytes(shape);
  bool room = make_room(bytes);
  if (room) {
    lifetimes_allocate(&h->lifetimes, shape.slots, bytes);
    h->since_marking++;
    h->objects++;
    h->bytes += bytes;
    note_peak();
    h->lifetimes.finalizable += op->finalizable;
    /* The destination register may hold the last reference to the target, and
     * the target must not die before it knows its weak reference. */
    bool pair = op->kind == TRACE_EPHEMERON_NEW;
    shadow_ref target = pair || op->kind == TRACE_WEAK_NEW
                            ? shadow_register(m->shadow, op->b)
                            : 0;
    retain(target);
    if (pair) /* the count of the ephemeron */
      retain(held(m, op->c));
    shadow_ref o = apply(m, op, 0);
    note *n = note_of(o);
    make_payload(n, shape.bytes);
    n->birth = lifetimes_bytes(&h->lifetimes);
    n->maker = m->serial;
    if (target && !pair) {
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

bool oracle_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key, gc_reg value) {
  trace_op op = operation(m, TRACE_EPHEMERON_NEW, dst, key, value);
  return allocate(m, &op, GC_EPHEMERON_SHAPE);
}

bool oracle_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  trace_op op = operation(m, TRACE_EXTERNAL, obj, bytes, 0);
  pthread_mutex_lock(&lock);
  check(m, &op);
  move_exposed(m);
  bool room = make_room(bytes);
  if (room)
    room =
        external_add(&note_of(used(m, obj))->blocks, bytes, &external_malloc);
  if (room) {
    h->lifetimes.external_bytes += bytes;
    apply(m, &op, 0);
    note_peak();
  }
  pthread_mutex_unlock(&lock);
  return room;
}

/* The answer of the collector as a trace encodes it. */
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

bool oracle_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  trace_op op = operation(m, TRACE_EPHEMERON_GET, dst, pair, 0);
  pthread_mutex_lock(&lock);
  check(m, &op);
  const shadow_object *object = at(held(m, pair));
  bool alive = object->target != 0;
  op.c = answer(object->value);
  apply(m, &op, alive);
  pthread_mutex_unlock(&lock);
  return alive;
}

bool oracle_finalizer_next(gc_mutator *m, gc_reg dst) {
  trace_op op = operation(m, TRACE_FINALIZER_NEXT, dst, 0, 0);
  pthread_mutex_lock(&lock);
  check(m, &op);
  shadow_ref o = h->waiting;
  op.b = answer(o);
  if (o) { /* the queue's count passes to the register */
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
  trace_output = NULL; /* or fuzz and replay would write a trace too */
}

gc_heap *gc_heap_create(const gc_config *config) {
  *h = (gc_heap){.limit = config->heap_limit, .marking_due = MARKING_LEAST};
  h->shadow = shadow_create();
  h->places = h->shadow ? shadow_at(h->shadow, 0) : NULL;
  /* Address space: only pages that are used become resident. */
  h->notes = mmap(NULL, NOTES_BYTES, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!h->shadow || h->notes == MAP_FAILED)
    return NULL;
  lifetimes_open(&h->lifetimes);
  external_reset();
  if (ORACLE_RECORDS)
    open_trace();
  return h;
}

void gc_heap_destroy(gc_heap *heap) {
  (void)heap;
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++) {
    if (note_of(o)->payload != note_of(o)->near)
      free(note_of(o)->payload);
    external_give_all(&note_of(o)->blocks, &external_malloc);
  }
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
  gc_footprint f = {bytes_held(), h->bytes_peak};
  pthread_mutex_unlock(&lock);
  return f;
}

uint64_t gc_heap_objects(gc_heap *heap) {
  return heap->objects;
}

gc_tally gc_heap_tally(gc_heap *heap) {
  pthread_mutex_lock(&lock);
  gc_tally tally = {.freed = heap->freed};
  pthread_mutex_unlock(&lock);
  return tally;
}

gc_reachable gc_heap_reachable(gc_heap *heap) {
  pthread_mutex_lock(&lock);
  shadow_volume v = shadow_mark_reachable(heap->shadow);
  pthread_mutex_unlock(&lock);
  return (gc_reachable){v.objects, v.bytes};
}

/* In nominal bytes: there are neither cells nor pages. */
gc_usage gc_heap_usage(gc_heap *heap) {
  return (gc_usage){heap->objects, heap->bytes, heap->bytes, 0, 0};
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  (void)heap;
  mark();
  uint64_t *births = memory(h->objects * sizeof *births);
  size_t n = 0;
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++)
    if (at(o)->used)
      births[n++] = note_of(o)->birth;
  size_t count = lifetimes_counters(&h->lifetimes, births, n, out, room);
  free(births);
  return count;
}

/* Counts all references in the shadow heap anew. */
static void recount(uint64_t *count) {
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++)
    if (!note_of(o)->gone)
      for (uint32_t i = 0; i < at(o)->slot_count; i++)
        count[at(o)->slots[i]]++;
  for (shadow_ref o = 1; o < shadow_end(h->shadow); o++)
    count[at(o)->value]++;
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

/* Reads all registers, borrowing ones included, before a collection.  In a
 * tracing collector they are roots, so one that refers to a dead object would
 * keep it alive. */
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
  mark();
  pthread_mutex_unlock(&lock);
}
