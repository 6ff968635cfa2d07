/* shadow-heap.c: see shadow-heap.h. */
#include "shadow-heap.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

enum {
  PLACES_BATCH = 256,     /* places handed to a mutator at a time */
  PLACES_LEAST = 1 << 16, /* so many must fit into the address space */
  /* Where the address space is limited, the share of it that the places get:
   * the rest is for a collector, for tables by place, for everything else. */
  LIMITED_SHARE = 4,
  REGISTERS_FIRST = 64
};

/* What a register is.  A borrowing register whose object was buried is null
 * and STALE until it is written again: reading it is an error even where
 * reading null is not. */
typedef enum register_kind { BORROWING, OWNING, STALE } register_kind;

struct shadow_mutator {
  shadow *m;
  shadow_mutator *next, **link; /* `link` is what points to this one */
  uint64_t clock;
  uint16_t number;
  shadow_ref tls[GC_TLS];
  /* Places that this mutator may use for new objects. */
  shadow_ref places[PLACES_BATCH];
  uint32_t places_count;
  shadow_frame *frames;
  uint32_t frames_count, frames_room;
  gc_reg top, room; /* registers in use; that there is memory for */
  uint8_t *kind;    /* register_kind, by register */
  shadow_ref *reg;
};

struct shadow {
  shadow_object *objects;
  shadow_ref places; /* there is address space for these */
  shadow_ref globals[GC_GLOBALS];
  uint64_t serials; /* objects made so far */

  pthread_mutex_t lock; /* guards the following */
  shadow_mutator *mutators;
  shadow_ref end;   /* all places below were in use at some time */
  shadow_ref *free; /* those of them that are not in use now */
  size_t free_count, free_room;

  shadow_ref *work; /* the mark stack: marked objects whose slots are still to
                       be scanned */
  size_t work_count, work_room;
  bool weak_keys;  /* ephemerons keep values whose keys were not found dead */
  bool *dead_keys; /* by place, while these values are marked; else NULL */
  bool weakly;     /* marking goes on to the targets of weak references */
  uint64_t steps;  /* places and references looked at by whole-heap functions */
};

#define TRACE_ABOUT(NAME, text, operands) {text, operands},
const trace_about trace_kinds[TRACE_KINDS] = {TRACE_OPERATIONS(TRACE_ABOUT)};
#undef TRACE_ABOUT

static void *grown(void *array, size_t count, size_t *room, size_t size) {
  if (count < *room)
    return array;
  *room = 2 * *room + 1024;
  return trace_memory(array, *room * size);
}

/* ------------------------------------------------------------------------- *
 * The beginning and the end.
 * ------------------------------------------------------------------------- */

/* Reserves zeroed memory, which takes no physical memory before it is used. */
static void *reserve(size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

/* Reserves all places, or where the address space is limited (ulimit -v) a
 * share of what fits. */
static bool reserve_places(shadow *m) {
  for (size_t n = SHADOW_PLACES; n >= PLACES_LEAST; n /= 2) {
    m->objects = reserve(n * sizeof *m->objects);
    if (!m->objects)
      continue;
    m->places = (shadow_ref)n;
    if (n < SHADOW_PLACES && n > PLACES_LEAST * LIMITED_SHARE) {
      m->places /= LIMITED_SHARE;
      munmap(m->objects + m->places,
             (n - m->places) * sizeof *m->objects); /* both whole pages */
    }
    return true;
  }
  return false;
}

shadow *shadow_create(void) {
  shadow *m = calloc(1, sizeof *m);
  if (!m)
    return NULL;
  if (!reserve_places(m)) {
    free(m);
    return NULL;
  }
  pthread_mutex_init(&m->lock, NULL);
  m->end = 1;
  return m;
}

static void free_mutator(shadow_mutator *t) {
  free(t->frames);
  free(t->kind);
  free(t->reg);
  free(t);
}

static void free_slots(shadow_object *o) {
  if (o->slots != o->near_slots)
    free(o->slots);
}

void shadow_destroy(shadow *m) {
  for (shadow_ref o = 1; o < m->end; o++)
    free_slots(&m->objects[o]);
  for (shadow_mutator *t = m->mutators, *next; t; t = next) {
    next = t->next;
    free_mutator(t);
  }
  munmap(m->objects, m->places * sizeof *m->objects);
  pthread_mutex_destroy(&m->lock);
  free(m->free);
  free(m->work);
  free(m);
}

shadow_ref shadow_places(const shadow *m) {
  return m->places;
}

uint64_t shadow_steps(const shadow *m) {
  return m->steps;
}

shadow_mutator *shadow_attach(shadow *m, uint16_t number) {
  shadow_mutator *t = calloc(1, sizeof *t);
  if (!t)
    return NULL;
  t->m = m;
  t->number = number;
  pthread_mutex_lock(&m->lock);
  t->next = m->mutators;
  t->link = &m->mutators;
  if (t->next)
    t->next->link = &t->next;
  m->mutators = t;
  pthread_mutex_unlock(&m->lock);
  return t;
}

void shadow_set_clock(shadow_mutator *t, uint64_t now) {
  t->clock = now;
}

/* ------------------------------------------------------------------------- *
 * Objects and references.
 * ------------------------------------------------------------------------- */

static shadow_object *at(const shadow *m, shadow_ref o) {
  return &m->objects[o];
}

shadow_object *shadow_at(const shadow *m, shadow_ref o) {
  return at(m, o);
}

static void refill(shadow_mutator *t) {
  shadow *m = t->m;
  pthread_mutex_lock(&m->lock);
  uint32_t n = PLACES_BATCH;
  if (m->free_count > 0 && m->free_count < n)
    n = (uint32_t)m->free_count;
  if (m->free_count == 0 && m->end > m->places - n)
    trace_no_memory("objects in the shadow heap");
  /* The highest place first, so that places are used in ascending order. */
  for (uint32_t i = n; i-- > 0;)
    t->places[i] = m->free_count > 0 ? m->free[--m->free_count] : m->end++;
  t->places_count = n;
  pthread_mutex_unlock(&m->lock);
}

static void give_back(shadow *m, shadow_ref place) {
  m->free = grown(m->free, m->free_count, &m->free_room, sizeof *m->free);
  m->free[m->free_count++] = place;
}

/* *place <- o, for a `place` that keeps its object alive.  Stamps the loss of
 * the object that was there.  Several threads may drop references to one
 * object at once; the last of them sets the stamp, which is as good as any,
 * since the clocks of different threads have no order between checks. */
static void put(shadow_mutator *t, shadow_ref *place, shadow_ref o) {
  if (*place)
    __atomic_store_n(&at(t->m, *place)->loss, t->clock, __ATOMIC_RELAXED);
  *place = o;
}

void shadow_detach(shadow_mutator *t) {
  shadow *m = t->m;
  for (uint32_t l = 0; l < GC_TLS; l++)
    put(t, &t->tls[l], 0);
  for (gc_reg r = 0; r < t->top; r++)
    if (t->kind[r] == OWNING)
      put(t, &t->reg[r], 0);
  pthread_mutex_lock(&m->lock);
  *t->link = t->next;
  if (t->next)
    t->next->link = t->link;
  while (t->places_count > 0)
    give_back(m, t->places[--t->places_count]);
  pthread_mutex_unlock(&m->lock);
  free_mutator(t);
}

static shadow_ref make(shadow_mutator *t) {
  if (t->places_count == 0)
    refill(t);
  shadow_ref o = t->places[--t->places_count];
  *at(t->m, o) = (shadow_object){
      .serial = __atomic_add_fetch(&t->m->serials, 1, __ATOMIC_RELAXED),
      .birth = t->clock,
      .maker = t->number,
      .used = true};
  return o;
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

/* A refusal says what is wrong with one operand, or with two that belong
 * together. */
typedef const char *refusal;

const char *shadow_refuses_reading(const shadow_mutator *t, gc_reg r) {
  return r >= t->top           ? "no such register"
         : t->kind[r] == STALE ? "the register borrows what nothing kept alive"
                               : NULL;
}

static refusal not_owning(const shadow_mutator *t, gc_reg r) {
  return r >= t->top            ? "no such register"
         : t->kind[r] != OWNING ? "the register is a borrowing one"
                                : NULL;
}

static refusal not_borrowing(const shadow_mutator *t, gc_reg r) {
  return r >= t->top            ? "no such register"
         : t->kind[r] == OWNING ? "the register is an owning one"
                                : NULL;
}

static refusal no_object(const shadow_mutator *t, gc_reg r) {
  refusal why = shadow_refuses_reading(t, r);
  return why || t->reg[r] ? why : "the register is null";
}

static refusal no_weak(const shadow_mutator *t, gc_reg r) {
  refusal why = no_object(t, r);
  if (why)
    return why;
  const shadow_object *o = at(t->m, t->reg[r]);
  return o->weak && !o->ephemeron ? NULL : "not a weak reference";
}

static refusal no_ephemeron(const shadow_mutator *t, gc_reg r) {
  refusal why = no_object(t, r);
  return why || at(t->m, t->reg[r])->ephemeron ? why : "not an ephemeron";
}

static refusal no_target(const shadow_mutator *t, gc_reg r) {
  refusal why = no_object(t, r);
  return why || !at(t->m, t->reg[r])->weak ? why : "a weak reference itself";
}

static refusal no_slot(const shadow_mutator *t, gc_reg r, uint32_t i) {
  refusal why = no_object(t, r);
  return why || i < at(t->m, t->reg[r])->slot_count
             ? why
             : "the object has no such slot";
}

static refusal no_global(uint32_t g) {
  return g < GC_GLOBALS ? NULL : "no such global root";
}

static refusal no_tls(uint32_t l) {
  return l < GC_TLS ? NULL : "no such thread-local root";
}

static refusal no_room(const shadow_mutator *t, uint32_t owning,
                       uint32_t borrowing) {
  uint32_t room = GC_REGISTERS - t->top;
  return owning <= room && borrowing <= room - owning ? NULL
                                                      : "too many registers";
}

/* The first refusal, if there is one, else the second. */
static refusal either(refusal a, refusal b) {
  return a ? a : b;
}

const char *shadow_refuses(const shadow_mutator *t, const trace_op *op) {
  uint32_t a = op->a, b = op->b, c = op->c;
  switch ((trace_kind)op->kind) {
  case TRACE_ENTER:
    return no_room(t, a, b);
  case TRACE_LEAVE:
    return t->frames_count == 0 ? "no frame to leave" : NULL;
  case TRACE_NEW:
    return either(not_owning(t, a),
                  b > GC_SLOTS_MAX || c > GC_BYTES_MAX ? "too large" : NULL);
  case TRACE_LOAD:
    return either(not_owning(t, a), no_slot(t, b, c));
  case TRACE_BORROW:
    return either(not_borrowing(t, a), no_slot(t, b, c));
  case TRACE_UNBORROW:
    return not_borrowing(t, a);
  case TRACE_STORE:
    return either(no_slot(t, a, b), shadow_refuses_reading(t, c));
  case TRACE_STORE_TAKE:
    return either(no_slot(t, a, b), not_owning(t, c));
  case TRACE_STORE_NULL:
    return no_slot(t, a, b);
  case TRACE_COPY:
    return either(not_owning(t, a), shadow_refuses_reading(t, b));
  case TRACE_MOVE:
    return either(either(not_owning(t, a), not_owning(t, b)),
                  a == b ? "moved to itself" : NULL);
  case TRACE_CLEAR:
  case TRACE_FINALIZER_NEXT:
    return not_owning(t, a);
  case TRACE_PAYLOAD:
    return no_object(t, a);
  case TRACE_GLOBAL_LOAD:
    return either(not_owning(t, a), no_global(b));
  case TRACE_GLOBAL_BORROW:
    return either(not_borrowing(t, a), no_global(b));
  case TRACE_GLOBAL_STORE:
    return either(no_global(a), shadow_refuses_reading(t, b));
  case TRACE_GLOBAL_CLEAR:
    return no_global(a);
  case TRACE_TLS_LOAD:
    return either(not_owning(t, a), no_tls(b));
  case TRACE_TLS_BORROW:
    return either(not_borrowing(t, a), no_tls(b));
  case TRACE_TLS_STORE:
    return either(no_tls(a), shadow_refuses_reading(t, b));
  case TRACE_TLS_CLEAR:
    return no_tls(a);
  case TRACE_WEAK_NEW:
    return either(not_owning(t, a), no_target(t, b));
  case TRACE_WEAK_GET:
    return either(not_owning(t, a), no_weak(t, b));
  case TRACE_EPHEMERON_NEW:
    return either(either(not_owning(t, a), no_target(t, b)),
                  shadow_refuses_reading(t, c));
  case TRACE_EPHEMERON_GET:
    return either(not_owning(t, a), no_ephemeron(t, b));
  case TRACE_EXTERNAL:
    return either(no_target(t, a),
                  b < 1 || b > GC_BYTES_MAX ? "no such size" : NULL);
  case TRACE_SAFEPOINT:
  case TRACE_COLLECT:
  case TRACE_LOCK:
  case TRACE_UNLOCK:
  case TRACE_CHECK:
    return NULL;
  case TRACE_ATTACH:
  case TRACE_DETACH:
  case TRACE_DEAD:
  case TRACE_KINDS:
    break;
  }
  return "not an operation of a mutator";
}

/* Makes room for registers up to `top`, which is within GC_REGISTERS. */
static void make_registers(shadow_mutator *t, gc_reg top) {
  if (top <= t->room)
    return;
  t->room = t->room ? 2 * t->room : REGISTERS_FIRST;
  if (t->room < top)
    t->room = top;
  t->reg = trace_memory(t->reg, t->room * sizeof *t->reg);
  t->kind = trace_memory(t->kind, t->room * sizeof *t->kind);
}

static void enter(shadow_mutator *t, uint32_t owning, uint32_t borrowing) {
  make_registers(t, t->top + owning + borrowing);
  size_t room = t->frames_room;
  t->frames = grown(t->frames, t->frames_count, &room, sizeof *t->frames);
  t->frames_room = (uint32_t)room;
  t->frames[t->frames_count++] = (shadow_frame){t->top, owning, borrowing};
  for (uint32_t i = 0; i < owning + borrowing; i++, t->top++) {
    t->reg[t->top] = 0;
    t->kind[t->top] = i < owning ? OWNING : BORROWING;
  }
}

static void leave(shadow_mutator *t) {
  shadow_frame frame = t->frames[--t->frames_count];
  while (t->top > frame.first) {
    t->top--;
    if (t->kind[t->top] == OWNING)
      put(t, &t->reg[t->top], 0);
  }
}

static shadow_ref make_plain(shadow_mutator *t, const trace_op *op) {
  shadow_ref o = make(t);
  shadow_object *object = at(t->m, o);
  object->slot_count = op->b;
  object->bytes = op->c;
  object->finalizable = op->finalizable;
  if (op->b > 0 && op->b <= SHADOW_NEAR_SLOTS)
    object->slots = object->near_slots;
  else if (op->b > 0) {
    object->slots = calloc(op->b, sizeof *object->slots);
    if (!object->slots)
      trace_no_memory("slots in the shadow heap");
  }
  return o;
}

static shadow_ref make_weak(shadow_mutator *t, shadow_ref target) {
  shadow_ref o = make(t);
  shadow_object *object = at(t->m, o);
  object->weak = true;
  object->bytes = GC_WEAK_SHAPE.bytes;
  object->target = target;
  return o;
}

/* Threads that share a key may make and clear ephemerons of it at the same
 * time, so the list of a key's ephemerons has a lock. */
static shadow_ref make_ephemeron(shadow_mutator *t, shadow_ref key,
                                 shadow_ref value) {
  shadow *m = t->m;
  shadow_ref o = make(t);
  shadow_object *object = at(m, o);
  object->weak = object->ephemeron = true;
  object->bytes = GC_EPHEMERON_SHAPE.bytes;
  object->target = key;
  object->value = value;
  pthread_mutex_lock(&m->lock);
  object->next_pair = at(m, key)->pairs;
  at(m, object->next_pair)->previous_pair = o; /* of 0, too: nobody reads it */
  at(m, key)->pairs = o;
  pthread_mutex_unlock(&m->lock);
  return o;
}

/* Takes an ephemeron that was not cleared out of the list of its key. */
static void unlink_pair(shadow *m, shadow_object *e) {
  if (e->previous_pair)
    at(m, e->previous_pair)->next_pair = e->next_pair;
  else
    at(m, e->target)->pairs = e->next_pair;
  at(m, e->next_pair)->previous_pair = e->previous_pair;
  e->next_pair = e->previous_pair = 0;
}

void shadow_clear(shadow *m, shadow_ref weak, uint64_t now) {
  shadow_object *object = at(m, weak);
  if (!object->ephemeron) {
    __atomic_store_n(&object->target, 0, __ATOMIC_RELAXED);
    return;
  }
  pthread_mutex_lock(&m->lock);
  if (object->target) {
    unlink_pair(m, object);
    if (object->value)
      __atomic_store_n(&at(m, object->value)->loss, now, __ATOMIC_RELAXED);
    __atomic_store_n(&object->target, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&object->value, 0, __ATOMIC_RELAXED);
  }
  pthread_mutex_unlock(&m->lock);
}

static shadow_ref hand_out(shadow_mutator *t, shadow_ref o) {
  if (o) {
    at(t->m, o)->finalizable = false;
    at(t->m, o)->finalized = true;
  }
  return o;
}

/* Any number of threads may read a weak reference or an ephemeron at the same
 * time.  `from` is its target or value. */
static shadow_ref get(shadow_mutator *t, shadow_ref weak,
                      const shadow_ref *from, bool got) {
  if (got)
    return __atomic_load_n(from, __ATOMIC_RELAXED);
  shadow_clear(t->m, weak, t->clock);
  return 0;
}

static void borrow(shadow_mutator *t, gc_reg r, shadow_ref o) {
  t->kind[r] = BORROWING;
  t->reg[r] = o;
}

/* The register loses the reference that it hands over.  The loss is stamped,
 * because if the reference goes into a slot of an object that this register
 * alone kept alive, that object is dead now. */
static shadow_ref take(shadow_mutator *t, gc_reg r) {
  shadow_ref o = t->reg[r];
  put(t, &t->reg[r], 0);
  return o;
}

shadow_ref shadow_apply(shadow_mutator *t, const trace_op *op,
                        shadow_ref outcome) {
  shadow *m = t->m;
  shadow_ref *reg = t->reg, o = 0;
  switch ((trace_kind)op->kind) {
  case TRACE_ENTER:
    enter(t, op->a, op->b);
    break;
  case TRACE_LEAVE:
    leave(t);
    break;
  case TRACE_NEW:
    put(t, &reg[op->a], o = make_plain(t, op));
    break;
  case TRACE_LOAD:
    put(t, &reg[op->a], o = at(m, reg[op->b])->slots[op->c]);
    break;
  case TRACE_BORROW:
    borrow(t, op->a, o = at(m, reg[op->b])->slots[op->c]);
    break;
  case TRACE_UNBORROW:
    borrow(t, op->a, 0);
    break;
  case TRACE_STORE:
    put(t, &at(m, reg[op->a])->slots[op->b], reg[op->c]);
    break;
  case TRACE_STORE_TAKE: {
    /* The register may be the one that holds the object with the slot. */
    shadow_ref *slot = &at(m, reg[op->a])->slots[op->b];
    put(t, slot, take(t, op->c));
    break;
  }
  case TRACE_STORE_NULL:
    put(t, &at(m, reg[op->a])->slots[op->b], 0);
    break;
  case TRACE_COPY:
    put(t, &reg[op->a], o = reg[op->b]);
    break;
  case TRACE_MOVE:
    o = take(t, op->b);
    put(t, &reg[op->a], o);
    break;
  case TRACE_CLEAR:
    put(t, &reg[op->a], 0);
    break;
  case TRACE_GLOBAL_LOAD:
    put(t, &reg[op->a], o = m->globals[op->b]);
    break;
  case TRACE_GLOBAL_BORROW:
    borrow(t, op->a, o = m->globals[op->b]);
    break;
  case TRACE_GLOBAL_STORE:
    put(t, &m->globals[op->a], reg[op->b]);
    break;
  case TRACE_GLOBAL_CLEAR:
    put(t, &m->globals[op->a], 0);
    break;
  case TRACE_TLS_LOAD:
    put(t, &reg[op->a], o = t->tls[op->b]);
    break;
  case TRACE_TLS_BORROW:
    borrow(t, op->a, o = t->tls[op->b]);
    break;
  case TRACE_TLS_STORE:
    put(t, &t->tls[op->a], reg[op->b]);
    break;
  case TRACE_TLS_CLEAR:
    put(t, &t->tls[op->a], 0);
    break;
  case TRACE_WEAK_NEW:
    put(t, &reg[op->a], o = make_weak(t, reg[op->b]));
    break;
  case TRACE_WEAK_GET:
    o = get(t, reg[op->b], &at(m, reg[op->b])->target, outcome != 0);
    put(t, &reg[op->a], o);
    break;
  case TRACE_EPHEMERON_NEW:
    put(t, &reg[op->a], o = make_ephemeron(t, reg[op->b], reg[op->c]));
    break;
  case TRACE_EPHEMERON_GET:
    o = get(t, reg[op->b], &at(m, reg[op->b])->value, outcome != 0);
    put(t, &reg[op->a], o);
    break;
  case TRACE_FINALIZER_NEXT:
    if (outcome)
      put(t, &reg[op->a], o = hand_out(t, outcome));
    break;
  case TRACE_EXTERNAL: /* threads may do so at the same time */
    __atomic_fetch_add(&at(m, reg[op->a])->external, op->b, __ATOMIC_RELAXED);
    break;
  case TRACE_ATTACH:
  case TRACE_DETACH:
  case TRACE_PAYLOAD:
  case TRACE_SAFEPOINT:
  case TRACE_COLLECT:
  case TRACE_LOCK:
  case TRACE_UNLOCK:
  case TRACE_CHECK:
  case TRACE_DEAD:
  case TRACE_KINDS:
    break;
  }
  return o;
}

shadow_ref shadow_register(const shadow_mutator *t, gc_reg r) {
  return t->reg[r];
}

shadow_ref shadow_global(const shadow *m, uint32_t g) {
  return m->globals[g];
}

shadow_ref shadow_tls(const shadow_mutator *t, uint32_t l) {
  return t->tls[l];
}

gc_reg shadow_top(const shadow_mutator *t) {
  return t->top;
}

bool shadow_innermost(const shadow_mutator *t, shadow_frame *frame) {
  if (t->frames_count == 0)
    return false;
  *frame = t->frames[t->frames_count - 1];
  return true;
}

bool shadow_is_owning(const shadow_mutator *t, gc_reg r) {
  return t->kind[r] == OWNING;
}

/* ------------------------------------------------------------------------- *
 * Whole heap: marking.
 * ------------------------------------------------------------------------- */

shadow_ref shadow_end(const shadow *m) {
  return m->end;
}

shadow_mutator *shadow_first_mutator(const shadow *m) {
  return m->mutators;
}

shadow_mutator *shadow_next_mutator(const shadow_mutator *t) {
  return t->next;
}

uint16_t shadow_number(const shadow_mutator *t) {
  return t->number;
}

/* Begins a pass over all places, and returns the first of them. */
static shadow_ref first_place(shadow *m) {
  m->steps += m->end;
  return 1;
}

static void unmark_all(shadow *m) {
  for (shadow_ref o = first_place(m); o < m->end; o++)
    at(m, o)->marked = false;
}

static void push(shadow *m, shadow_ref o) {
  m->work = grown(m->work, m->work_count, &m->work_room, sizeof *m->work);
  m->work[m->work_count++] = o;
}

static void mark(shadow *m, shadow_ref o) {
  m->steps++;
  if (!o || at(m, o)->marked)
    return;
  at(m, o)->marked = true;
  push(m, o);
}

/* Whether the object is an ephemeron whose key was found dead, so that it
 * brings nothing back (`was_dead` says so). */
static bool is_lost(const shadow_object *o) {
  return o->ephemeron && o->was_dead;
}

/* Marks the values that a marked object keeps alive together with what was
 * marked before it: as an ephemeron, or as the key of ephemerons.  Whichever of
 * the two leaves the mark stack last finds the other marked, so an ephemeron is
 * looked at twice. */
static void mark_values(shadow *m, const shadow_object *o) {
  if (o->ephemeron && m->dead_keys && !m->dead_keys[o->target])
    mark(m, o->value);
  if (o->ephemeron && at(m, o->target)->marked)
    mark(m, o->value);
  for (shadow_ref e = o->pairs; e; e = at(m, e)->next_pair, m->steps++)
    if (at(m, e)->marked)
      mark(m, at(m, e)->value);
}

/* Marks all objects that marked objects reach.  Calls `visit` for each object
 * as it leaves the mark stack. */
static void mark_through(shadow *m, void (*visit)(shadow_object *, uint64_t),
                         uint64_t data) {
  while (m->work_count > 0) {
    shadow_object *o = at(m, m->work[--m->work_count]);
    if (visit)
      visit(o, data);
    for (uint32_t i = 0; i < o->slot_count; i++)
      mark(m, o->slots[i]);
    mark_values(m, o);
    if (m->weakly && !is_lost(o))
      mark(m, o->target);
  }
}

static void mark_from_roots(shadow *m) {
  unmark_all(m);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    mark(m, m->globals[g]);
  for (shadow_mutator *t = m->mutators; t; t = t->next) {
    for (gc_reg r = 0; r < t->top; r++)
      if (t->kind[r] == OWNING)
        mark(m, t->reg[r]);
    for (uint32_t l = 0; l < GC_TLS; l++)
      mark(m, t->tls[l]);
  }
  mark_through(m, NULL, 0);
}

static shadow_volume volume_of_marked(shadow *m) {
  shadow_volume v = {0};
  for (shadow_ref i = first_place(m); i < m->end; i++) {
    const shadow_object *o = at(m, i);
    if (!o->marked)
      continue;
    v.objects++;
    v.bytes += gc_shape_bytes((gc_shape){o->slot_count, o->bytes});
    v.external += o->external;
  }
  return v;
}

shadow_volume shadow_mark_reachable(shadow *m) {
  mark_from_roots(m);
  return volume_of_marked(m);
}

void shadow_mark_also(shadow *m, shadow_ref o) {
  mark(m, o);
  mark_through(m, NULL, 0);
}

/* In one pass: targets of weak references that were marked before it begins
 * are found by it, and those of others as they are marked. */
void shadow_mark_recoverable(shadow *m) {
  shadow_mark_surviving(m, GC_RECLAIMS_ALL);
  m->weakly = true;
  for (shadow_ref o = first_place(m); o < m->end; o++)
    if (at(m, o)->marked && at(m, o)->target && !is_lost(at(m, o)))
      shadow_mark_also(m, at(m, o)->target);
  m->weakly = false;
}

/* Takes a reference off an unmarked object; if that was the last, the object is
 * to be removed. */
static void unrefer(shadow *m, uint32_t *references, shadow_ref o) {
  if (o && !at(m, o)->marked && --references[o] == 0)
    push(m, o);
}

/* Marks the unmarked objects that are in dead cycles or reachable from them:
 * those that are left when objects to which no unmarked object refers are
 * removed one after the other.  What is held by garbage that was removed before
 * counts as referred to.  An ephemeron refers to its value until it or its key
 * is removed; it may be marked itself. */
static void mark_cyclic(shadow *m) {
  uint32_t *references = trace_zeroed(m->end, sizeof *references);
  bool *gone = trace_zeroed(m->end, sizeof *gone);
  for (shadow_ref i = first_place(m); i < m->end; i++) {
    const shadow_object *o = at(m, i);
    m->steps += o->slot_count;
    if (o->used && !o->marked)
      for (uint32_t s = 0; s < o->slot_count; s++)
        references[o->slots[s]]++;
    references[o->value]++;
    references[i] += o->held; /* which nothing takes off */
  }
  for (shadow_ref i = 1; i < m->end; i++)
    if (at(m, i)->used && !at(m, i)->marked && references[i] == 0)
      push(m, i);
  while (m->work_count > 0) {
    shadow_ref i = m->work[--m->work_count];
    const shadow_object *o = at(m, i);
    gone[i] = true;
    m->steps += o->slot_count;
    for (uint32_t s = 0; s < o->slot_count; s++)
      unrefer(m, references, o->slots[s]);
    if (!gone[o->target])
      unrefer(m, references, o->value);
    for (shadow_ref e = o->pairs; e; e = at(m, e)->next_pair)
      if (!gone[e])
        unrefer(m, references, at(m, e)->value);
  }
  for (shadow_ref i = 1; i < m->end; i++)
    if (at(m, i)->used && !gone[i])
      at(m, i)->marked = true;
  free(references);
  free(gone);
}

void shadow_hold_referents(shadow *m, shadow_ref o) {
  const shadow_object *holder = at(m, o);
  m->steps += holder->slot_count;
  for (uint32_t s = 0; s < holder->slot_count; s++)
    if (holder->slots[s])
      at(m, holder->slots[s])->held = true;
}

static void mark_kept(shadow *m, gc_reclaims reclaims) {
  mark_from_roots(m);
  for (shadow_ref i = first_place(m); i < m->end; i++) {
    shadow_object *o = at(m, i);
    if (o->used && (o->finalizable || reclaims == GC_RECLAIMS_NOTHING))
      mark(m, i);
  }
  mark_through(m, NULL, 0);
}

/* Marks what survives if ephemerons keep all values whose keys were not found
 * dead.  A key that is found dead lets values go, so that more keys are. */
static void mark_weak_keyed(shadow *m) {
  m->dead_keys = trace_zeroed(m->end, sizeof *m->dead_keys);
  m->dead_keys[0] = true; /* of ephemerons that were seen cleared */
  for (bool again = true; again;) {
    again = false;
    mark_kept(m, GC_RECLAIMS_ALL);
    for (shadow_ref i = first_place(m); i < m->end; i++) {
      const shadow_object *o = at(m, i);
      if (!o->ephemeron || m->dead_keys[o->target] || at(m, o->target)->marked)
        continue;
      m->dead_keys[o->target] = true;
      again = true;
    }
  }
  free(m->dead_keys);
  m->dead_keys = NULL;
}

void shadow_weak_keys(shadow *m) {
  m->weak_keys = true;
}

shadow_volume shadow_mark_surviving(shadow *m, gc_reclaims reclaims) {
  if (m->weak_keys && reclaims == GC_RECLAIMS_ALL)
    mark_weak_keyed(m);
  else
    mark_kept(m, reclaims);
  if (reclaims == GC_RECLAIMS_ACYCLIC)
    mark_cyclic(m);
  return volume_of_marked(m);
}

/* ------------------------------------------------------------------------- *
 * Whole heap: burying.
 * ------------------------------------------------------------------------- */

/* An object that dies, and the time of its own last loss. */
typedef struct dead {
  uint64_t loss;
  shadow_ref o;
} dead;

/* Sorts by loss, the latest first: a radix sort, beginning with the lowest
 * byte.  Losses since the last burial are near each other, so that they differ
 * in few bytes. */
static void sort_by_loss(dead *list, dead *spare, size_t n) {
  uint64_t differing = 0; /* bits that are set in some losses but not in all */
  for (size_t i = 0; i < n; i++)
    differing |= list[i].loss ^ list[0].loss;
  for (unsigned shift = 0; shift < 64 && differing >> shift; shift += 8) {
    size_t begin[257] = {0};
    for (size_t i = 0; i < n; i++)
      begin[256 - (list[i].loss >> shift & 255)]++;
    for (size_t byte = 1; byte < 257; byte++)
      begin[byte] += begin[byte - 1];
    for (size_t i = 0; i < n; i++)
      spare[begin[255 - (list[i].loss >> shift & 255)]++] = list[i];
    memcpy(list, spare, n * sizeof *list);
  }
}

static void note_loss(shadow_object *o, uint64_t loss) {
  if (o->loss < loss)
    o->loss = loss;
}

/* Each object passes its loss on to the objects that it leads to, the latest
 * loss first.  Marks all objects. */
static void date_deaths(shadow *m, dead *list, size_t n) {
  sort_by_loss(list, list + n, n);
  for (size_t i = 0; i < n; i++) {
    mark(m, list[i].o);
    mark_through(m, note_loss, list[i].loss);
  }
}

/* Registers that borrow an object that is not marked become stale. */
static void forget_borrowed(shadow *m) {
  for (shadow_mutator *t = m->mutators; t; t = t->next)
    for (gc_reg r = 0; r < t->top; r++)
      if (t->kind[r] != OWNING && t->reg[r] && !at(m, t->reg[r])->marked) {
        t->kind[r] = STALE;
        t->reg[r] = 0;
      }
}

void shadow_bury(shadow *m, shadow_ref o) {
  shadow_object *object = at(m, o);
  while (object->pairs)
    shadow_clear(m, object->pairs, at(m, at(m, object->pairs)->value)->loss);
  if (object->ephemeron)
    shadow_clear(m, o, at(m, object->value)->loss);
  free_slots(object);
  *at(m, o) = (shadow_object){0};
  give_back(m, o);
}

/* Takes back the places that mutators have in stock, puts all that are not in
 * use into order, so that low ones are used before high ones, and gives the
 * memory of those above all that are in use back to the operating system. */
static void tidy(shadow *m) {
  for (shadow_mutator *t = m->mutators; t; t = t->next)
    t->places_count = 0;
  shadow_ref before = m->end;
  while (m->end > 1 && !at(m, m->end - 1)->used)
    m->end--;
  m->free_count = 0;
  for (shadow_ref o = m->end; o-- > 1;)
    if (!at(m, o)->used)
      give_back(m, o);
  m->steps += before;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  size_t from = (m->end * sizeof *m->objects + page - 1) / page * page;
  if (from < before * sizeof *m->objects)
    madvise((char *)m->objects + from, before * sizeof *m->objects - from,
            MADV_DONTNEED);
}

/* Returns the objects that are not marked, and as much spare room. */
static dead *list_unmarked(shadow *m, size_t *count) {
  size_t n = 0;
  for (shadow_ref i = first_place(m); i < m->end; i++)
    n += at(m, i)->used && !at(m, i)->marked;
  dead *list = trace_memory(NULL, (2 * n + 1) * sizeof *list);
  n = 0;
  for (shadow_ref i = first_place(m); i < m->end; i++)
    if (at(m, i)->used && !at(m, i)->marked)
      list[n++] = (dead){at(m, i)->loss, i};
  *count = n;
  return list;
}

void shadow_date_unmarked(shadow *m) {
  size_t n;
  dead *list = list_unmarked(m, &n);
  date_deaths(m, list, n);
  for (size_t k = 0; k < n; k++)
    at(m, list[k].o)->marked = false;
  free(list);
}

void shadow_bury_unmarked(shadow *m, shadow_died *died, void *data) {
  forget_borrowed(m);
  size_t n;
  dead *list = list_unmarked(m, &n);
  for (shadow_ref i = first_place(m); i < m->end; i++) {
    shadow_object *o = at(m, i);
    if (!o->ephemeron && o->target && !at(m, o->target)->marked)
      o->target = 0;
  }
  for (size_t k = 0; k < n && died; k++)
    died(data, at(m, list[k].o), at(m, list[k].o)->loss);
  for (size_t k = 0; k < n; k++)
    shadow_bury(m, list[k].o);
  free(list);
  tidy(m);
}

/* ------------------------------------------------------------------------- *
 * Whole heap: why an object is reachable.
 * ------------------------------------------------------------------------- */

/* A breadth-first search, whose queue is the work list.  `parent` is the
 * object before, 0 for an object that a root holds. */
typedef struct search {
  shadow *m;
  shadow_ref *parent, wanted, found;
  char *root;
} search;

static void reach(search *s, shadow_ref o, shadow_ref parent) {
  if (!o || at(s->m, o)->marked)
    return;
  at(s->m, o)->marked = true;
  s->parent[o] = parent;
  push(s->m, o);
}

/* Starts from one root.  What this root reaches is searched before the next
 * root. */
static bool search_from(search *s, shadow_ref o, const char *kind, uint32_t n,
                        int thread) {
  shadow *m = s->m;
  size_t next = m->work_count;
  reach(s, o, 0);
  for (; next < m->work_count; next++) {
    shadow_ref here = m->work[next];
    if (here == s->wanted) {
      int used = snprintf(s->root, 64, "%s %u", kind, n);
      if (thread >= 0)
        snprintf(s->root + used, 64 - (size_t)used, " of thread %d", thread);
      return true;
    }
    const shadow_object *object = at(m, here);
    for (uint32_t i = 0; i < object->slot_count; i++)
      reach(s, object->slots[i], here);
    if (object->ephemeron && at(m, object->target)->marked)
      reach(s, object->value, here);
    for (shadow_ref e = object->pairs; e; e = at(m, e)->next_pair)
      if (at(m, e)->marked)
        reach(s, at(m, e)->value, here);
  }
  return false;
}

static bool search_roots(search *s) {
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    if (search_from(s, s->m->globals[g], "global", g, -1))
      return true;
  for (shadow_mutator *t = s->m->mutators; t; t = t->next) {
    for (gc_reg r = 0; r < t->top; r++)
      if (t->kind[r] == OWNING &&
          search_from(s, t->reg[r], "register", r, t->number))
        return true;
    for (uint32_t l = 0; l < GC_TLS; l++)
      if (search_from(s, t->tls[l], "thread-local root", l, t->number))
        return true;
  }
  return false;
}

size_t shadow_path(shadow *m, shadow_ref o, char root[64], shadow_ref *way,
                   size_t room) {
  search s = {.m = m, .wanted = o, .root = root};
  s.parent = trace_zeroed(m->end, sizeof *s.parent);
  unmark_all(m);
  m->work_count = 0;
  size_t length = 0;
  if (search_roots(&s)) {
    for (shadow_ref at_ = o; at_; at_ = s.parent[at_])
      length++;
    size_t i = length;
    for (shadow_ref at_ = o; at_; at_ = s.parent[at_])
      if (--i < room)
        way[i] = at_;
  }
  m->work_count = 0;
  free(s.parent);
  return length;
}
