/* model.c: a collector that is slow and exact, to test workloads against.
 *
 * It counts references, and frees an object the moment its count is zero; with
 * MODEL_RECLAIMS GC_RECLAIMS_ALL it also traces, at gc_collect and whenever
 * that could keep the heap from reaching a new peak.  Its footprint is in
 * nominal bytes.  So its numbers of objects and its peaks are what a workload's
 * expectations and volumes have to be, for each of the three declarations.
 *
 * It ends the process when a workload breaks the rules of gc.h: when it uses a
 * borrowed object that nothing keeps alive, writes a register of the wrong
 * kind, or leaves its frame or shape.  Freed objects stay where they are, to be
 * recognised.  Payload that was looked at moves at the next safepoint, and the
 * old place is poisoned, so that stale payload pointers read nonsense.
 *
 * One lock guards everything; nothing is inlined. */
#include GC_COLLECTOR_HEADER

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct object {
  struct object *next;      /* of the objects, or of those known dead */
  struct object *work_next; /* on the list of the marker, or of the dying */
  struct object **slots;
  void *payload;
  gc_shape shape;
  uint64_t count; /* references from slots, owning registers and other roots */
  uint64_t recount;      /* the same, by gc_heap_check */
  uint64_t exposures;    /* payload pointers given out since their safepoints */
  struct object *target; /* of a weak reference, null if cleared */
  struct object *weaks;  /* the weak references to this */
  struct object *weak_next; /* on that list */
  struct object *queue_next;
  bool weak;        /* is a weak reference */
  bool finalizable; /* and was not queued yet */
  bool dead;
  bool marked;
} object;

typedef enum kind { OUTSIDE, OWNING, BORROWING } kind;

struct gc_mutator {
  struct gc_mutator *next;
  object *reg[GC_REGISTERS];
  uint8_t kind[GC_REGISTERS];
  uint32_t top;
  object *tls[GC_TLS];
  object **exposed; /* whose payload was looked at since the last safepoint */
  size_t exposed_count, exposed_room;
};

struct gc_heap {
  uint64_t limit, bytes, peak, objects, traces;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static gc_heap the_heap;
static gc_mutator *mutators;
static object *objects; /* all that are alive, and some dead */
static object *graveyard;
static object *globals[GC_GLOBALS];
static object *queue, **queue_end = &queue; /* waits to be finalized */

static const gc_option no_options[] = {{0}};
const gc_collector gc_this_collector = {.name = MODEL_NAME,
                                        .summary = "exact and slow (for tests)",
                                        .source = "none",
                                        .can = {.reclaims = MODEL_RECLAIMS,
                                                .prompt = GC_PROMPT_ALL,
                                                .threads = true,
                                                .weak = true,
                                                .finalizers = true,
                                                .moving = true,
                                                .heap_limit = true},
                                        .options = no_options};

__attribute__((format(printf, 1, 2))) _Noreturn static void
broken(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("model: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  abort();
}

static void *memory(size_t count, size_t size) {
  void *p = calloc(count ? count : 1, size ? size : 1);
  if (!p)
    broken("no memory");
  return p;
}

static uint64_t nominal(const object *o) {
  return gc_shape_bytes(o->weak ? GC_WEAK_SHAPE : o->shape);
}

/* ------------------------------------------------------------------------- *
 * Counting. */

static object *dying;

static void retain(object *o) {
  if (o)
    o->count++;
}

static void drop_count(object *o) {
  if (!o || o->dead)
    return;
  if (o->count == 0)
    broken("an object was released too often");
  if (--o->count > 0 || MODEL_RECLAIMS == GC_RECLAIMS_NOTHING)
    return;
  o->work_next = dying;
  dying = o;
}

static void clear_weaks(object *o) {
  for (object *w = o->weaks; w; w = w->weak_next)
    w->target = NULL;
  o->weaks = NULL;
}

static void enqueue(object *o) {
  o->finalizable = false;
  o->queue_next = NULL;
  *queue_end = o;
  queue_end = &o->queue_next;
  retain(o);
}

/* The object is gone, but for its slots. */
static void bury(object *o) {
  o->dead = true;
  the_heap.bytes -= nominal(o);
  the_heap.objects--;
  memset(o->payload, 0xdd, o->shape.bytes);
  if (!o->target)
    return;
  object **at = &o->target->weaks;
  while (*at != o)
    at = &(*at)->weak_next;
  *at = o->weak_next;
}

static void release(object *o) {
  drop_count(o);
  while ((o = dying) != NULL) {
    dying = o->work_next;
    clear_weaks(o);
    if (o->finalizable) {
      enqueue(o);
      continue;
    }
    bury(o);
    for (uint32_t i = 0; i < o->shape.slots; i++) {
      drop_count(o->slots[i]);
      o->slots[i] = NULL;
    }
  }
}

/* ------------------------------------------------------------------------- *
 * Tracing. */

static object *marking;

static void mark(object *o) {
  if (!o || o->dead || o->marked)
    return;
  o->marked = true;
  o->work_next = marking;
  marking = o;
}

static void mark_all(void) {
  object *o;
  while ((o = marking) != NULL) {
    marking = o->work_next;
    for (uint32_t i = 0; i < o->shape.slots; i++)
      mark(o->slots[i]);
  }
}

static void trace(void) {
  the_heap.traces++;
  for (object *o = objects; o; o = o->next)
    o->marked = false;
  for (uint32_t i = 0; i < GC_GLOBALS; i++)
    mark(globals[i]);
  for (gc_mutator *m = mutators; m; m = m->next) {
    for (uint32_t r = 0; r < m->top; r++)
      mark(m->reg[r]);
    for (uint32_t i = 0; i < GC_TLS; i++)
      mark(m->tls[i]);
  }
  for (object *o = queue; o; o = o->queue_next)
    mark(o);
  mark_all();
  for (object *o = objects; o; o = o->next)
    if (!o->dead && !o->marked)
      clear_weaks(o);
  for (object *o = objects; o; o = o->next)
    if (!o->dead && !o->marked && o->finalizable) {
      enqueue(o);
      mark(o);
    }
  mark_all();
  for (object *o = objects; o; o = o->next)
    if (!o->dead && !o->marked)
      bury(o);
  /* What garbage referred to has lost references. */
  for (object **at = &objects, *o; (o = *at) != NULL;) {
    if (!o->dead) {
      at = &o->next;
      continue;
    }
    for (uint32_t i = 0; i < o->shape.slots; i++) {
      release(o->slots[i]);
      o->slots[i] = NULL;
    }
    *at = o->next;
    o->next = graveyard;
    graveyard = o;
  }
}

/* ------------------------------------------------------------------------- *
 * Registers and places. */

static object **reg_at(gc_mutator *m, gc_reg r, kind wanted) {
  if (r >= m->top || (wanted != OUTSIDE && m->kind[r] != wanted))
    broken("register %u is %s", r,
           r >= m->top           ? "outside the frame"
           : wanted == BORROWING ? "owning, but was to borrow"
                                 : "borrowing, but was to own");
  return &m->reg[r];
}

/* What a register of either kind holds, alive or null. */
static object *held(gc_mutator *m, gc_reg r) {
  object *o = *reg_at(m, r, OUTSIDE);
  if (o && o->dead)
    broken("register %u %s an object that nothing keeps alive", r,
           m->kind[r] == BORROWING ? "borrows" : "owns");
  return o;
}

static object *operand(gc_mutator *m, gc_reg r) {
  object *o = held(m, r);
  if (!o)
    broken("register %u is null", r);
  return o;
}

static object **place(gc_mutator *m, model_place p) {
  switch (p.where) {
  case MODEL_OWNING:
  case MODEL_TAKEN:
    return reg_at(m, p.reg, OWNING);
  case MODEL_BORROWED:
    return reg_at(m, p.reg, BORROWING);
  case MODEL_REGISTER:
    held(m, p.reg);
    return &m->reg[p.reg];
  case MODEL_SLOT: {
    object *o = operand(m, p.reg);
    if (p.index >= o->shape.slots)
      broken("slot %u of %u", p.index, o->shape.slots);
    return &o->slots[p.index];
  }
  case MODEL_GLOBAL:
    if (p.index >= GC_GLOBALS)
      broken("global root %u", p.index);
    return &globals[p.index];
  case MODEL_TLS:
    if (p.index >= GC_TLS)
      broken("thread-local root %u", p.index);
    return &m->tls[p.index];
  default:
    broken("no place");
  }
}

void model_copy(gc_mutator *m, model_place to, model_place from) {
  pthread_mutex_lock(&lock);
  object **source = from.where == MODEL_NULL ? NULL : place(m, from);
  object *o = source ? *source : NULL;
  object **at = place(m, to);
  object *old = *at;
  if (to.where != MODEL_BORROWED)
    retain(o);
  *at = o;
  if (from.where == MODEL_TAKEN) {
    *source = NULL;
    release(o);
  }
  if (to.where != MODEL_BORROWED)
    release(old);
  pthread_mutex_unlock(&lock);
}

gc_reg model_frame_enter(gc_mutator *m, uint32_t owning, uint32_t borrowing) {
  pthread_mutex_lock(&lock);
  gc_reg frame = m->top;
  if (owning + borrowing > GC_REGISTERS - m->top)
    broken("the shadow stack overflows");
  for (uint32_t i = 0; i < owning + borrowing; i++) {
    m->reg[m->top] = NULL;
    m->kind[m->top++] = i < owning ? OWNING : BORROWING;
  }
  pthread_mutex_unlock(&lock);
  return frame;
}

void model_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                       uint32_t borrowing) {
  pthread_mutex_lock(&lock);
  if (frame + owning + borrowing != m->top)
    broken("frame %u is left, but is not the topmost", frame);
  for (uint32_t i = 0; i < owning + borrowing; i++)
    if (m->kind[frame + i] != (i < owning ? OWNING : BORROWING))
      broken("frame %u is left with other numbers than entered", frame);
  for (uint32_t i = 0; i < owning; i++) {
    object *o = m->reg[frame + i];
    m->reg[frame + i] = NULL;
    release(o);
  }
  m->top = frame;
  pthread_mutex_unlock(&lock);
}

bool model_is_null(gc_mutator *m, gc_reg r) {
  pthread_mutex_lock(&lock);
  bool null = held(m, r) == NULL;
  pthread_mutex_unlock(&lock);
  return null;
}

bool model_same(gc_mutator *m, gc_reg a, gc_reg b) {
  pthread_mutex_lock(&lock);
  bool same = held(m, a) == held(m, b);
  pthread_mutex_unlock(&lock);
  return same;
}

/* ------------------------------------------------------------------------- *
 * Payload, and its moves at safepoints. */

void *model_payload(gc_mutator *m, gc_reg obj) {
  pthread_mutex_lock(&lock);
  object *o = operand(m, obj);
  if (m->exposed_count == m->exposed_room) {
    m->exposed_room = 2 * m->exposed_room + 64;
    m->exposed = realloc(m->exposed, m->exposed_room * sizeof *m->exposed);
    if (!m->exposed)
      broken("no memory");
  }
  m->exposed[m->exposed_count++] = o;
  o->exposures++;
  pthread_mutex_unlock(&lock);
  return o->payload;
}

/* Moves what no other mutator is looking at either. */
static void safepoint(gc_mutator *m) {
  while (m->exposed_count > 0) {
    object *o = m->exposed[--m->exposed_count];
    if (--o->exposures > 0 || o->dead)
      continue;
    void *moved = memory(o->shape.bytes, 1);
    memcpy(moved, o->payload, o->shape.bytes);
    memset(o->payload, 0xdd, o->shape.bytes);
    free(o->payload);
    o->payload = moved;
  }
}

void model_safepoint(gc_mutator *m) {
  pthread_mutex_lock(&lock);
  safepoint(m);
  pthread_mutex_unlock(&lock);
}

/* ------------------------------------------------------------------------- *
 * Allocation. */

/* A new object with a count of one, or null. */
static object *allocate(gc_mutator *m, gc_shape shape, bool weak) {
  safepoint(m);
  uint64_t bytes = gc_shape_bytes(weak ? GC_WEAK_SHAPE : shape);
  bool full = the_heap.limit && the_heap.bytes + bytes > the_heap.limit;
  if (MODEL_RECLAIMS == GC_RECLAIMS_ALL &&
      (full || the_heap.bytes + bytes > the_heap.peak))
    trace();
  if (the_heap.limit && the_heap.bytes + bytes > the_heap.limit)
    return NULL;
  object *o = memory(1, sizeof *o);
  o->next = objects;
  objects = o;
  o->shape = shape;
  o->slots = memory(shape.slots, sizeof *o->slots);
  o->payload = memory(shape.bytes, 1);
  memset(o->payload, 0xcd, shape.bytes);
  o->weak = weak;
  o->count = 1;
  the_heap.objects++;
  the_heap.bytes += bytes;
  if (the_heap.bytes > the_heap.peak)
    the_heap.peak = the_heap.bytes;
  return o;
}

/* Gives the register the count that the object has already. */
static void hand_over(gc_mutator *m, gc_reg dst, object *o) {
  object **at = reg_at(m, dst, OWNING);
  object *old = *at;
  *at = o;
  release(old);
}

bool model_new(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags) {
  pthread_mutex_lock(&lock);
  reg_at(m, dst, OWNING);
  if (shape.slots > GC_SLOTS_MAX || shape.bytes > GC_BYTES_MAX)
    broken("shape {%u, %u}", shape.slots, shape.bytes);
  object *o = allocate(m, shape, false);
  if (o) {
    o->finalizable = flags & GC_FINALIZABLE;
    hand_over(m, dst, o);
  }
  pthread_mutex_unlock(&lock);
  return o != NULL;
}

bool model_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  pthread_mutex_lock(&lock);
  operand(m, target);
  object *w = allocate(m, (gc_shape){0, 0}, true);
  if (w) {
    w->target = operand(m, target);
    w->weak_next = w->target->weaks;
    w->target->weaks = w;
    hand_over(m, dst, w);
  }
  pthread_mutex_unlock(&lock);
  return w != NULL;
}

bool model_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  pthread_mutex_lock(&lock);
  object *w = operand(m, weak);
  if (!w->weak)
    broken("register %u is no weak reference", weak);
  object *target = w->target;
  retain(target);
  hand_over(m, dst, target);
  pthread_mutex_unlock(&lock);
  return target != NULL;
}

bool model_finalizer_next(gc_mutator *m, gc_reg dst) {
  pthread_mutex_lock(&lock);
  object *o = queue;
  if (o) {
    queue = o->queue_next;
    if (!queue)
      queue_end = &queue;
    hand_over(m, dst, o);
  }
  pthread_mutex_unlock(&lock);
  return o != NULL;
}

/* ------------------------------------------------------------------------- *
 * The heap. */

gc_heap *gc_heap_create(const gc_config *config) {
  the_heap.limit = config->heap_limit;
  return &the_heap;
}

static void free_all(object *o) {
  while (o) {
    object *next = o->next;
    free(o->slots);
    free(o->payload);
    free(o);
    o = next;
  }
}

void gc_heap_destroy(gc_heap *heap) {
  (void)heap;
  free_all(objects);
  free_all(graveyard);
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  pthread_mutex_lock(&lock);
  gc_footprint f = {heap->bytes, heap->peak};
  pthread_mutex_unlock(&lock);
  return f;
}

uint64_t gc_heap_objects(gc_heap *heap) {
  return heap->objects;
}

gc_usage gc_heap_usage(gc_heap *heap) {
  return (gc_usage){heap->objects, heap->bytes, heap->bytes, 0, 0};
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  if (room > 0)
    out[0] = (gc_counter){"traces", heap->traces};
  return room > 0;
}

static void recount(object *o) {
  if (o)
    o->recount++;
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  for (object *o = objects; o; o = o->next)
    o->recount = 0;
  for (object *o = objects; o; o = o->next)
    for (uint32_t i = 0; i < o->shape.slots; i++)
      recount(o->slots[i]);
  for (uint32_t i = 0; i < GC_GLOBALS; i++)
    recount(globals[i]);
  for (object *o = queue; o; o = o->queue_next)
    recount(o);
  for (gc_mutator *m = mutators; m; m = m->next) {
    for (uint32_t r = 0; r < m->top; r++)
      if (m->kind[r] == OWNING)
        recount(m->reg[r]);
    for (uint32_t i = 0; i < GC_TLS; i++)
      recount(m->tls[i]);
  }
  for (object *o = objects; o; o = o->next)
    if (!o->dead && o->count != o->recount)
      return "a count is wrong";
  return NULL;
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  (void)heap;
  gc_mutator *m = memory(1, sizeof *m);
  pthread_mutex_lock(&lock);
  m->next = mutators;
  mutators = m;
  pthread_mutex_unlock(&lock);
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  pthread_mutex_lock(&lock);
  if (m->top != 0)
    broken("a thread detaches with a frame of its own");
  safepoint(m);
  for (uint32_t i = 0; i < GC_TLS; i++)
    release(m->tls[i]);
  gc_mutator **at = &mutators;
  while (*at != m)
    at = &(*at)->next;
  *at = m->next;
  pthread_mutex_unlock(&lock);
  free(m->exposed);
  free(m);
}

void gc_blocking_enter(gc_mutator *m) {
  model_safepoint(m);
}

void gc_blocking_leave(gc_mutator *m) {
  model_safepoint(m);
}

void gc_collect(gc_mutator *m) {
  pthread_mutex_lock(&lock);
  safepoint(m);
  /* To a tracing collector borrowing registers are roots: they would keep what
   * the workload thinks dead. */
  for (gc_mutator *each = mutators; each; each = each->next)
    for (uint32_t r = 0; r < each->top; r++)
      if (each->reg[r] && each->reg[r]->dead)
        broken("register %u still borrows a dead object at gc_collect", r);
  if (MODEL_RECLAIMS == GC_RECLAIMS_ALL)
    trace();
  pthread_mutex_unlock(&lock);
}
