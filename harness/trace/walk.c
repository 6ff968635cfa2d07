/* walk.c: see walk.h. */
#include "walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "proof.h"

enum {
  /* The most that may be alive in a walk.  Beyond it `new` is refused, so that
   * a trace of few lines cannot use up the memory of the machine. */
  OBJECTS_MOST = 1 << 25, /* 3 GB, with the `asides` */
  SLOTS_MOST = 1 << 28,   /* 1 GB, plus one object */
  /* Dead objects are buried when they outnumber the live ones by this many. */
  OBJECTS_SLACK = 1 << 16,
  SLOTS_SLACK = 1 << 20,
  /* How many registers that borrow from each other are followed. */
  BORROWED_DEPTH = 64,
  NOBODY = -1
};

/* What is known about the object in a borrowing register: it was reachable
 * when `losses` had this value (NEVER: that is not known), and it was borrowed
 * from a place, or was put into a place, that may still hold it. */
#define NEVER UINT64_MAX
typedef struct evidence {
  uint64_t losses;
  shadow_ref holder; /* of a slot: its object, and who held that */
  gc_reg holder_register;
  uint32_t place; /* the slot, or the number of the root or register */
  uint8_t kind;   /* what the place is: TRACE_BORROW, a slot;
                     TRACE_GLOBAL_BORROW, TRACE_TLS_BORROW, a root;
                     TRACE_COPY, an owning register */
} evidence;

typedef struct thread {
  shadow_mutator *mutator; /* NULL: not attached */
  evidence *borrowed;      /* by register */
  size_t borrowed_room;
} thread;

/* What the walk keeps for an object of the shadow heap. */
typedef struct aside {
  uint64_t number;
  uint64_t age;
  uint64_t used; /* when it was last used through a borrowing register,
                    without proof that it was reachable; 0: never, or that was
                    judged */
} aside;

/* Finalizable objects in the order of their numbers.  An entry is void if its
 * object was handed out, or if its place holds another object by now. */
typedef struct finalizable {
  uint64_t number;
  shadow_ref o;
} finalizable;

/* A weak reference whose target cannot be reached. */
typedef struct lost_target {
  shadow_ref weak, target;
} lost_target;

struct walk {
  shadow *m;
  proof *proof; /* of what is reachable; renewed when it does not help */
  walk_rigour rigour;
  walk_listener listener;
  uint64_t now;
  uint64_t steps;  /* finalizable objects looked at (walk_steps) */
  thread *threads; /* by number */
  size_t threads_room;
  bool begun;    /* thread 0 was attached at some time */
  int locker;    /* the thread that holds the lock, or NOBODY */
  aside *asides; /* by shadow_ref */
  size_t asides_room;
  uint64_t numbered, allocated;
  uint64_t objects, slots;             /* in the shadow heap */
  uint64_t objects_after, slots_after; /* the last burial */
  uint64_t losses; /* operations after which something may be unreachable */
  uint64_t losses_after;
  uint64_t most; /* objects that there is room for */
  finalizable *finalizables;
  size_t finalizables_count, finalizables_room;
  size_t waiting;       /* none of the entries before this one waits */
  shadow_ref *unjudged; /* the objects with `used` above 0, and others */
  size_t unjudged_count, unjudged_room;
  lost_target *lost; /* of weak references, in this collection */
  size_t lost_count, lost_room;
  shadow_ref given;
};

walk *walk_create(walk_rigour rigour, walk_listener listener) {
  walk *w = trace_zeroed(1, sizeof *w);
  w->m = shadow_create();
  if (!w->m)
    trace_no_memory("the shadow heap");
  w->proof = proof_create(w->m);
  w->most = shadow_places(w->m) / 2;
  if (w->most > OBJECTS_MOST)
    w->most = OBJECTS_MOST;
  w->rigour = rigour;
  w->listener = listener;
  w->locker = NOBODY;
  return w;
}

void walk_destroy(walk *w) {
  for (size_t i = 0; i < w->threads_room; i++)
    free(w->threads[i].borrowed);
  free(w->threads);
  proof_destroy(w->proof);
  shadow_destroy(w->m);
  free(w->asides);
  free(w->finalizables);
  free(w->unjudged);
  free(w->lost);
  free(w);
}

uint64_t walk_steps(const walk *w) {
  return w->steps + shadow_steps(w->m) + proof_steps(w->proof);
}

uint64_t walk_numbered(const walk *w) {
  return w->numbered;
}

uint64_t walk_allocated(const walk *w) {
  return w->allocated;
}

shadow *walk_shadow(const walk *w) {
  return w->m;
}

const shadow_mutator *walk_mutator(const walk *w, uint16_t number) {
  return number < w->threads_room ? w->threads[number].mutator : NULL;
}

uint64_t walk_number(const walk *w, shadow_ref o) {
  return w->asides[o].number;
}

shadow_ref walk_given(const walk *w) {
  return w->given;
}

static uint64_t bytes_of(const shadow_object *o) {
  return gc_shape_bytes((gc_shape){o->slot_count, o->bytes});
}

/* ------------------------------------------------------------------------- *
 * Burying.
 * ------------------------------------------------------------------------- */

/* Sets `shared` in each object that is not marked if it dies in a cycle or is
 * reachable from one.  Leaves the marks as they are. */
static void tell_cyclic(walk *w) {
  shadow_ref end = shadow_end(w->m);
  for (shadow_ref o = 1; o < end; o++)
    shadow_at(w->m, o)->shared = shadow_at(w->m, o)->marked;
  shadow_mark_surviving(w->m, GC_RECLAIMS_ACYCLIC);
  for (shadow_ref o = 1; o < end; o++) {
    shadow_object *object = shadow_at(w->m, o);
    bool kept = object->shared;
    object->shared = object->marked && !kept;
    object->marked = kept;
  }
}

static void misused(const walk *w, uint64_t when, const char *what) {
  if (w->listener.misused)
    w->listener.misused(w->listener.data, when, what);
}

/* Judges the last use of an object that is dead since `death`. */
static void judge(walk *w, const aside *a, uint64_t death) {
  if (a->used <= death)
    return;
  char what[128];
  snprintf(what, sizeof what,
           "a borrowed register is used whose object %" PRIu64
           " nothing has kept alive since %" PRIu64,
           a->number, death);
  misused(w, a->used, what);
}

/* Finds out the times of death of all objects that are not reachable, and
 * judges all uses so far.  That must be done before such an object is brought
 * back, because its first death is forgotten when it dies again. */
static void date_and_judge(walk *w) {
  shadow_mark_reachable(w->m);
  shadow_date_unmarked(w->m);
  for (size_t i = 0; i < w->unjudged_count; i++) {
    shadow_ref o = w->unjudged[i];
    const shadow_object *object = shadow_at(w->m, o);
    if (!object->marked)
      judge(w, &w->asides[o], object->loss);
    w->asides[o].used = 0;
  }
  w->unjudged_count = 0;
}

static void note_use(walk *w, shadow_ref o) {
  if (w->asides[o].used == 0) {
    w->unjudged = trace_more(w->unjudged, &w->unjudged_room,
                             w->unjudged_count + 1, sizeof *w->unjudged);
    w->unjudged[w->unjudged_count++] = o;
  }
  w->asides[o].used = w->now;
}

static void buried(void *data, const shadow_object *object, uint64_t when) {
  walk *w = data;
  aside *a = &w->asides[object - shadow_at(w->m, 0)];
  if (w->listener.died)
    w->listener.died(w->listener.data, &(walk_death){.number = a->number,
                                                     .when = when,
                                                     .age = a->age,
                                                     .bytes = bytes_of(object),
                                                     .cyclic = object->shared});
  w->objects--;
  w->slots -= object->slot_count;
  a->number = 0;
}

static bool still_finalizable(const walk *w, const finalizable *f) {
  return w->asides[f->o].number == f->number &&
         shadow_at(w->m, f->o)->finalizable;
}

/* What counting alone never frees goes on holding what it refers to, also when
 * the walk has forgotten it. */
static void hold_referents(walk *w) {
  for (shadow_ref o = 1; o < shadow_end(w->m); o++) {
    const shadow_object *object = shadow_at(w->m, o);
    if (object->used && object->shared && !object->marked)
      shadow_hold_referents(w->m, o);
  }
}

/* Buries all objects that are not marked.  Their times of death are known. */
static void bury(walk *w) {
  tell_cyclic(w);
  hold_referents(w);
  shadow_bury_unmarked(w->m, buried, w);
  size_t kept = 0, before = w->waiting;
  for (size_t i = 0; i < w->finalizables_count; i++) {
    if (i == before)
      w->waiting = kept;
    if (still_finalizable(w, &w->finalizables[i]))
      w->finalizables[kept++] = w->finalizables[i];
  }
  if (before >= w->finalizables_count)
    w->waiting = kept;
  w->steps += w->finalizables_count;
  w->finalizables_count = kept;
  w->objects_after = w->objects;
  w->slots_after = w->slots;
  w->losses_after = w->losses;
}

static void bury_lost(walk *w) {
  shadow_mark_recoverable(w->m);
  bury(w);
}

void walk_bury(walk *w) {
  date_and_judge(w);
  bury_lost(w);
}

static bool burial_is_due(const walk *w) {
  if (w->losses == w->losses_after)
    return false;
  return w->objects > 2 * w->objects_after + OBJECTS_SLACK ||
         w->slots > 2 * w->slots_after + SLOTS_SLACK || w->objects >= w->most ||
         w->slots > SLOTS_MOST;
}

void walk_finish(walk *w) {
  date_and_judge(w);
  for (shadow_ref o = 1; o < shadow_end(w->m); o++)
    shadow_at(w->m, o)->finalizable = false; /* nobody asks for them any more */
  bury(w);
}

/* ------------------------------------------------------------------------- *
 * What a collector decides.
 * ------------------------------------------------------------------------- */

/* Clears an ephemeron whose key is dead.  The value loses nothing by that, so
 * its `loss` stays as it is; if it is dead, that is the time of its death. */
static void clear(walk *w, shadow_ref ephemeron) {
  shadow_ref value = shadow_at(w->m, ephemeron)->value;
  shadow_clear(w->m, ephemeron, shadow_at(w->m, value)->loss);
}

/* Clears the ephemerons whose keys were found dead (`was_dead`) and are not
 * buried with this collection, because a finalizer may bring them back. */
static void clear_kept(walk *w) {
  shadow_mark_recoverable(w->m);
  for (shadow_ref i = 1; i < shadow_end(w->m); i++) {
    shadow_object *o = shadow_at(w->m, i);
    if (o->ephemeron && o->was_dead && o->target &&
        shadow_at(w->m, o->target)->marked)
      clear(w, i);
  }
}

/* Clears a weak reference whose target cannot be reached. */
static void clear_weak(walk *w, shadow_ref weak) {
  shadow_object *o = shadow_at(w->m, weak);
  w->lost =
      trace_more(w->lost, &w->lost_room, w->lost_count + 1, sizeof *w->lost);
  w->lost[w->lost_count++] = (lost_target){weak, o->target};
  o->target = 0;
}

/* A target that an object leads to which waits for its finalizer has died for a
 * collector that traces, and not for one that counts.  So the weak reference
 * has its target back, and `was_dead` says that it may be cleared, too. */
static void doubt_kept(walk *w) {
  if (w->lost_count)
    shadow_mark_recoverable(w->m);
  for (size_t i = 0; i < w->lost_count; i++) {
    shadow_object *weak = shadow_at(w->m, w->lost[i].weak);
    weak->was_dead = shadow_at(w->m, w->lost[i].target)->marked;
    if (weak->was_dead)
      weak->target = w->lost[i].target;
  }
  w->lost_count = 0;
}

/* Performs `collect` as the laziest collector does. */
static void collect(walk *w) {
  bool pairs = false;
  date_and_judge(w); /* marks what is reachable */
  for (shadow_ref i = 1; i < shadow_end(w->m); i++) {
    shadow_object *o = shadow_at(w->m, i);
    bool lost = o->target && !shadow_at(w->m, o->target)->marked;
    if (lost && o->ephemeron)
      o->was_dead = pairs = true;
    else if (lost)
      clear_weak(w, i);
    if (o->finalizable && !o->marked)
      o->was_dead = true;
  }
  if (pairs)
    clear_kept(w);
  doubt_kept(w);
  w->waiting = 0;
  bury_lost(w);
}

/* The waiting object with the lowest number, or 0.  An object begins to wait
 * only at `collect`, so that the search goes on where the last one ended. */
static shadow_ref first_waiting(walk *w) {
  for (; w->waiting < w->finalizables_count; w->waiting++) {
    const finalizable *f = &w->finalizables[w->waiting];
    w->steps++;
    if (still_finalizable(w, f) && shadow_at(w->m, f->o)->was_dead)
      return f->o;
  }
  return 0;
}

/* The finalizable object with this number, or 0. */
static shadow_ref find_finalizable(const walk *w, uint64_t number) {
  size_t low = 0, high = w->finalizables_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (w->finalizables[middle].number < number)
      low = middle + 1;
    else
      high = middle;
  }
  return low < w->finalizables_count && w->finalizables[low].number == number &&
                 still_finalizable(w, &w->finalizables[low])
             ? w->finalizables[low].o
             : 0;
}

/* Sets what the collector answers.  Returns NULL, or why it cannot answer
 * that. */
static const char *decide(walk *w, const shadow_mutator *t,
                          const trace_op *op) {
  w->given = 0;
  if (op->kind == TRACE_FINALIZER_NEXT) {
    if (op->b == 0)
      w->given = first_waiting(w);
    else if (op->b > 1 && (w->given = find_finalizable(w, op->b - 1)) == 0)
      return "the object is not one that waits for its finalizer";
  }
  if (op->kind == TRACE_WEAK_GET) {
    shadow_object *weak = shadow_at(w->m, shadow_register(t, op->b));
    if (op->c > 1 &&
        (!weak->target || walk_number(w, weak->target) != op->c - 1))
      return "the weak reference does not refer to that object";
    w->given = op->c == 1 || (op->c == 0 && weak->was_dead) ? 0 : weak->target;
    weak->was_dead = false;
  }
  if (op->kind == TRACE_EPHEMERON_GET) {
    shadow_ref value = shadow_at(w->m, shadow_register(t, op->b))->value;
    if (op->c > 1 && (!value || walk_number(w, value) != op->c - 1))
      return "the ephemeron's value is not that object";
    w->given = op->c == 1 ? 0 : value;
  }
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Borrowed registers.
 * ------------------------------------------------------------------------- */

static bool plainly_reachable(const walk *w, const thread *t, gc_reg r,
                              int depth);

/* Whether the place from which the object in borrowing register `r` was
 * borrowed still holds the object and is certainly reachable.  The place may be
 * a slot of an object that is borrowed itself. */
static bool still_held(const walk *w, const thread *t, gc_reg r, int depth) {
  const evidence *e = &t->borrowed[r];
  shadow_ref o = shadow_register(t->mutator, r);
  switch (e->kind) {
  case TRACE_BORROW:
    return e->holder_register < shadow_top(t->mutator) &&
           shadow_register(t->mutator, e->holder_register) == e->holder &&
           e->place < shadow_at(w->m, e->holder)->slot_count &&
           shadow_at(w->m, e->holder)->slots[e->place] == o &&
           (shadow_is_owning(t->mutator, e->holder_register) ||
            (depth < BORROWED_DEPTH &&
             plainly_reachable(w, t, e->holder_register, depth + 1)));
  case TRACE_GLOBAL_BORROW:
    return shadow_global(w->m, e->place) == o;
  case TRACE_TLS_BORROW:
    return shadow_tls(t->mutator, e->place) == o;
  case TRACE_COPY:
    return e->place < shadow_top(t->mutator) &&
           shadow_is_owning(t->mutator, e->place) &&
           shadow_register(t->mutator, e->place) == o;
  default:
    return false;
  }
}

/* Whether the object in borrowing register `r` is certainly reachable, as can
 * be told without a search: nothing was lost since it was reachable, or its
 * place still holds it, or there is proof. */
static bool plainly_reachable(const walk *w, const thread *t, gc_reg r,
                              int depth) {
  return t->borrowed[r].losses == w->losses || still_held(w, t, r, depth) ||
         proof_has(w->proof, shadow_register(t->mutator, r));
}

bool walk_reaches(walk *w, shadow_ref o, bool search) {
  if (proof_has(w->proof, o))
    return true;
  if (!search)
    return false;
  proof_renew(w->proof);
  if (proof_has(w->proof, o))
    return true;
  shadow_mark_reachable(w->m);
  return shadow_at(w->m, o)->marked;
}

static bool is_reachable(walk *w, const thread *t, gc_reg r) {
  if (!plainly_reachable(w, t, r, 0) &&
      !walk_reaches(w, shadow_register(t->mutator, r), true))
    return false;
  t->borrowed[r].losses = w->losses;
  return true;
}

/* Whether the operation would change when the object in a borrowing register
 * seems to have died, were it dead: the object, or one that it leads to, is put
 * elsewhere, so that it is reachable again; or a slot of it lets go of what may
 * lead to it. */
static bool hides_death(const walk *w, const shadow_mutator *t,
                        const trace_op *op, char letter, gc_reg r) {
  switch (op->kind) {
  case TRACE_LOAD:
  case TRACE_EPHEMERON_GET:
    return true;
  case TRACE_STORE:
  case TRACE_STORE_TAKE:
  case TRACE_STORE_NULL: {
    const shadow_object *object = shadow_at(w->m, shadow_register(t, r));
    return letter == 'r' ||
           (op->b < object->slot_count && object->slots[op->b]);
  }
  default:
    return letter == 'r';
  }
}

/* Checks register `r`, which is about to be read as the operand `letter`.  With
 * WALK_LATE the use is only noted, and compared with the death of the object
 * when that is known. */
static const char *check_register(walk *w, thread *t, const trace_op *op,
                                  char letter, gc_reg r) {
  if (r >= shadow_top(t->mutator) || shadow_is_owning(t->mutator, r))
    return NULL;
  static const char nothing[] =
      "the borrowed register's object is kept alive by nothing";
  if (shadow_refuses_reading(t->mutator, r)) /* its object was buried */
    return nothing;
  shadow_ref o = shadow_register(t->mutator, r);
  if (!o)
    return NULL;
  if (w->rigour == WALK_AT_ONCE || hides_death(w, t->mutator, op, letter, r))
    return is_reachable(w, t, r) ? NULL : nothing;
  if (!plainly_reachable(w, t, r, 0))
    note_use(w, o);
  return NULL;
}

static const char *check_borrowed(walk *w, thread *t, const trace_op *op) {
  const uint32_t operands[] = {op->a, op->b, op->c};
  const char *letters = trace_kinds[op->kind].operands, *why = NULL;
  for (size_t i = 0; letters[i] && !why; i++)
    if (strchr("rowe", letters[i]))
      why = check_register(w, t, op, letters[i], operands[i]);
  return why;
}

/* ------------------------------------------------------------------------- *
 * Steps.
 * ------------------------------------------------------------------------- */

/* Whether the operation may make something unreachable: it writes a place that
 * holds an object. */
static bool loses(const walk *w, const shadow_mutator *t, const trace_op *op) {
  switch (op->kind) {
  case TRACE_STORE_TAKE: /* what is taken may go into what it alone kept */
    return true;
  case TRACE_STORE:
  case TRACE_STORE_NULL:
    return shadow_at(w->m, shadow_register(t, op->a))->slots[op->b] != 0;
  case TRACE_GLOBAL_STORE:
  case TRACE_GLOBAL_CLEAR:
    return shadow_global(w->m, op->a) != 0;
  case TRACE_TLS_STORE:
  case TRACE_TLS_CLEAR:
    return shadow_tls(t, op->a) != 0;
  case TRACE_LEAVE:
    return true;
  case TRACE_EPHEMERON_GET: /* a cleared ephemeron lets its value go */
    return !w->given || shadow_register(t, op->a) != 0;
  default:
    return trace_kinds[op->kind].operands[0] == 'd' &&
           shadow_register(t, op->a) != 0;
  }
}

/* Whether the operation may change when an object seems to have died: an object
 * is brought back, which dies again; a value that was dead already is let go.
 */
static bool changes_the_past(const walk *w, const trace_op *op) {
  return w->given ? !proof_has(w->proof, w->given)
                  : op->kind == TRACE_EPHEMERON_GET;
}

static void note_borrowed(walk *w, thread *t, const trace_op *op) {
  t->borrowed = trace_more(t->borrowed, &t->borrowed_room, (size_t)op->a + 1,
                           sizeof *t->borrowed);
  evidence e = {.losses = w->losses, .kind = op->kind, .place = op->b};
  if (op->kind == TRACE_BORROW) {
    e.holder_register = op->b;
    e.holder = shadow_register(t->mutator, op->b);
    e.place = op->c;
    if (!shadow_is_owning(t->mutator, op->b)) {
      /* A register that walks along a list borrows from itself. */
      if (t->borrowed[op->b].kind == TRACE_COPY)
        e.holder_register = t->borrowed[op->b].place;
      if (!plainly_reachable(w, t, op->b, 0))
        e.losses = NEVER;
    }
  }
  t->borrowed[op->a] = e;
}

/* Notes that a place now holds the object of a borrowing register, unless the
 * place that is known holds it as well. */
static void note_kept(walk *w, thread *t, const trace_op *op) {
  gc_reg r = op->b;
  evidence e = {.losses = w->losses, .place = op->a};
  switch (op->kind) {
  case TRACE_COPY:
    e.kind = TRACE_COPY;
    break;
  case TRACE_GLOBAL_STORE:
    e.kind = TRACE_GLOBAL_BORROW;
    break;
  case TRACE_TLS_STORE:
    e.kind = TRACE_TLS_BORROW;
    break;
  case TRACE_STORE:
    if (!shadow_is_owning(t->mutator, op->a))
      return;
    r = op->c;
    e.kind = TRACE_BORROW;
    e.holder_register = op->a;
    e.holder = shadow_register(t->mutator, op->a);
    e.place = op->b;
    break;
  default:
    return;
  }
  if (shadow_is_owning(t->mutator, r) || !shadow_register(t->mutator, r))
    return;
  if (still_held(w, t, r, 0))
    t->borrowed[r].losses = w->losses;
  else
    t->borrowed[r] = e;
}

static void note_object(walk *w, const trace_op *op, shadow_ref o) {
  const shadow_object *object = shadow_at(w->m, o);
  w->asides =
      trace_more(w->asides, &w->asides_room, (size_t)o + 1, sizeof *w->asides);
  w->asides[o] = (aside){.number = w->numbered, .age = w->allocated};
  w->allocated += bytes_of(object);
  w->objects++;
  w->slots += object->slot_count;
  if (!op->finalizable)
    return;
  w->finalizables =
      trace_more(w->finalizables, &w->finalizables_room,
                 w->finalizables_count + 1, sizeof *w->finalizables);
  w->finalizables[w->finalizables_count++] = (finalizable){w->numbered, o};
}

static const char *attach(walk *w, uint16_t number) {
  thread *t = &w->threads[number];
  if (t->mutator)
    return "the thread is attached already";
  t->mutator = shadow_attach(w->m, number);
  if (!t->mutator)
    trace_no_memory("a thread");
  proof_attach(w->proof, t->mutator);
  return NULL;
}

static const char *detach(walk *w, const trace_op *op) {
  uint16_t number = op->thread;
  thread *t = &w->threads[number];
  shadow_frame frame;
  if (shadow_innermost(t->mutator, &frame))
    return "frames are open";
  if (w->locker == number)
    return "the thread holds the lock";
  proof_before(w->proof, t->mutator, op);
  shadow_detach(t->mutator);
  free(t->borrowed);
  *t = (thread){0};
  w->losses++;
  return NULL;
}

static const char *lock(walk *w, uint16_t number) {
  if (w->locker != NOBODY)
    return w->locker == number ? "the thread holds the lock already"
                               : "another thread holds the lock";
  w->locker = number;
  return NULL;
}

static const char *unlock(walk *w, uint16_t number) {
  if (w->locker != number)
    return "the thread does not hold the lock";
  w->locker = NOBODY;
  return NULL;
}

/* Makes room for an operation; returns why there is none, or NULL. */
static const char *make_room(walk *w) {
  if (burial_is_due(w))
    walk_bury(w);
  if (w->slots > SLOTS_MOST)
    return "more slots are alive than the model takes";
  return w->objects >= w->most ? "more objects are alive than the model takes"
                               : NULL;
}

/* Performs the operations that concern threads.  Sets *why if one was refused;
 * returns false if the operation is none of these. */
static bool step_of_threads(walk *w, const trace_op *op, const char **why) {
  switch (op->kind) {
  case TRACE_ATTACH:
    *why = attach(w, op->thread);
    return true;
  case TRACE_DETACH:
    *why = detach(w, op);
    return true;
  case TRACE_LOCK:
    *why = lock(w, op->thread);
    return true;
  case TRACE_UNLOCK:
    *why = unlock(w, op->thread);
    return true;
  default:
    return false;
  }
}

static void perform(walk *w, thread *t, const trace_op *op) {
  if (op->kind == TRACE_COLLECT) {
    collect(w);
    return;
  }
  if (w->unjudged_count > 0 && changes_the_past(w, op)) {
    date_and_judge(w);
    proof_renew(w->proof); /* so that fewer uses are to be judged later */
  }
  if (loses(w, t->mutator, op))
    w->losses++;
  switch (op->kind) {
  case TRACE_BORROW:
  case TRACE_GLOBAL_BORROW:
  case TRACE_TLS_BORROW:
    note_borrowed(w, t, op); /* before the operation overwrites the register */
    break;
  case TRACE_FINALIZER_NEXT:
    if (w->given)
      shadow_at(w->m, w->given)->was_dead = false;
    break;
  }
  proof_before(w->proof, t->mutator, op);
  shadow_ref o = shadow_apply(t->mutator, op, w->given);
  proof_after(w->proof);
  if (trace_makes_object(op))
    note_object(w, op, o);
  note_kept(w, t, op);
}

walk_outcome walk_step(walk *w, const trace_op *op, uint64_t now,
                       const char **why) {
  w->threads = trace_more(w->threads, &w->threads_room, (size_t)op->thread + 1,
                          sizeof *w->threads);
  thread *t = &w->threads[op->thread];
  w->now = now;
  *why = NULL;
  if (op->kind == TRACE_DEAD)
    return WALK_DONE;
  w->numbered += trace_makes_object(op);
  /* Thread 0 is attached from the beginning. */
  if (op->thread == 0 && !w->begun) {
    w->begun = true;
    if (op->kind != TRACE_ATTACH)
      attach(w, 0);
  }
  if (t->mutator)
    shadow_set_clock(t->mutator, now);
  else if (op->kind != TRACE_ATTACH) {
    *why = "the thread is not attached";
    return WALK_REFUSED;
  }
  if (step_of_threads(w, op, why))
    return *why ? WALK_REFUSED : WALK_DONE;
  if ((*why = check_borrowed(w, t, op)) != NULL) {
    misused(w, now, *why);
    return WALK_MISUSED;
  }
  if ((*why = shadow_refuses(t->mutator, op)) != NULL ||
      (*why = decide(w, t->mutator, op)) != NULL ||
      (trace_makes_object(op) && (*why = make_room(w)) != NULL))
    return WALK_REFUSED;
  perform(w, t, op);
  return WALK_DONE;
}
