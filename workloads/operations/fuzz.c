/* fuzz: random operations over the whole mutator interface, compared with a
 * shadow heap in step (executor.h).
 *
 * The operations are drawn from weights that change from phase to phase, so
 * that phases differ in character: some never clear a register, some do little
 * but weak references (swarm testing: Groce et al., ISSTA 2012).  Beside single
 * operations there are short programs in which collectors have gone wrong:
 * storing an object into itself, dropping a list of 10^5 objects, cycles that
 * hang on each other, objects with more references than a byte counts, objects
 * that all threads count at once, or whose only holder is a dying thread. Every
 * `every` operations all is compared, after finalizers have had their say.
 *
 * schedule=turns: of the threads one works at a time, which the generator
 * decides as well, so that a seed repeats a run whatever the scheduler does.
 * schedule=free: they run beside each other, and a run does not repeat; what
 * each may touch is described at `Who may touch what`.
 *
 * With --input, choices are read from a file instead of a random generator, and
 * the run ends with the file: the form that fuzzing engines mutate (fuzz.h).
 *
 * Not for measuring: the shadow heap and the comparisons cost far more than the
 * collector. */
#include "fuzz.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "executor.h"
#include "parts.h"
#include "turns.h"

enum {
  OPS,
  SCHEDULE,
  EVERY,
  LIVE,
  FINALIZABLE,
  WEAK,
  DEEPEST,
  COLLECTIONS,
  ORACLE
};
enum { TURNS, FREE };
static const char *const schedules[] = {"turns", "free", NULL};

/* ------------------------------------------------------------------------- *
 * What the generator does.  Weights are per 4096; each phase multiplies them by
 * 0, 1/4, 1 or 4.
 * ------------------------------------------------------------------------- */

#define ACTIONS(ACTION)                                                        \
  ACTION(NEW, new_object, 600)                                                 \
  ACTION(LINKED, new_linked, 400) /* and stored somewhere at once */           \
  ACTION(ENTER, enter, 60)                                                     \
  ACTION(LEAVE, leave, 60)                                                     \
  ACTION(LOAD, load, 350)                                                      \
  ACTION(BORROW, borrow, 250)                                                  \
  ACTION(UNBORROW, unborrow, 60)                                               \
  ACTION(STORE, store, 450)                                                    \
  ACTION(STORE_TAKE, store_take, 200)                                          \
  ACTION(STORE_NULL, store_null, 150)                                          \
  ACTION(COPY, copy, 100)                                                      \
  ACTION(MOVE, move, 100)                                                      \
  ACTION(CLEAR, clear, 200)                                                    \
  ACTION(PAYLOAD, payload, 80)                                                 \
  ACTION(GLOBAL_LOAD, global_load, 150)                                        \
  ACTION(GLOBAL_BORROW, global_borrow, 80)                                     \
  ACTION(GLOBAL_STORE, global_store, 150)                                      \
  ACTION(GLOBAL_CLEAR, global_clear, 60)                                       \
  ACTION(TLS_LOAD, tls_load, 60)                                               \
  ACTION(TLS_BORROW, tls_borrow, 40)                                           \
  ACTION(TLS_STORE, tls_store, 60)                                             \
  ACTION(TLS_CLEAR, tls_clear, 30)                                             \
  ACTION(WEAK_GET, weak_get, 200)                                              \
  ACTION(FINALIZE, finalize, 80)                                               \
  ACTION(SAFEPOINT, safepoint, 60)                                             \
  ACTION(COLLECT, collect, 2)                                                  \
  ACTION(ITSELF, itself, 80) /* x.f = x and its like */                        \
  ACTION(RING, ring, 40)                                                       \
  ACTION(CHAIN, chain, 10)   /* of cycles, each hanging on the one before */   \
  ACTION(DOUBLY, doubly, 20) /* linked list */                                 \
  ACTION(WIDE, wide, 4)                                                        \
  ACTION(POPULAR, popular, 4) /* many references to one object */              \
  ACTION(DEEP, deep, 2)       /* list */                                       \
  ACTION(HAMMER, hammer, 10)  /* what all threads may read */                  \
  ACTION(SEND, send, 40)      /* a graph to another thread */                  \
  ACTION(RECEIVE, receive, 60)                                                 \
  ACTION(START, start, 4) /* a thread */                                       \
  ACTION(DIE, die, 2)

typedef struct actor actor;

#define ACTION_FUNCTION(NAME, function, weight) static void function(actor *a);
ACTIONS(ACTION_FUNCTION)
#undef ACTION_FUNCTION

#define ACTION_ENTRY(NAME, function, weight) {function, weight},
static const struct {
  void (*act)(actor *a);
  unsigned weight;
} actions[] = {ACTIONS(ACTION_ENTRY)};
#undef ACTION_ENTRY
enum { ACTION_KINDS = sizeof actions / sizeof actions[0] };

/* ------------------------------------------------------------------------- *
 * Data.
 * ------------------------------------------------------------------------- */

enum {
  BASE_OWNING = 8, /* registers of the frame that a thread has all its life */
  BASE_BORROWING = 4,
  DEPTH_MOST = 10, /* frames */
  REGISTERS = 40,  /* the topmost ones, from which operands are drawn */
  LINKS = 4,       /* slots through which something is borrowed, at most */
  BORROWS = 8,     /* by one thread at a time */
  TABLE = 4096,    /* of weights */
  DEEP_LIST = 100000,
};

/* Where choices come from: the bytes, if there are any. */
typedef struct source {
  wl_thread *random;
  const uint8_t *next, *end; /* of the bytes; NULL: random */
  bool over;
  unsigned phase; /* actions to go with these weights */
  uint8_t table[TABLE];
} source;

/* A borrowing register in use: what it holds stays alive as long as the root
 * and the slots through which it was come by are left alone. */
typedef struct loan {
  gc_reg to;
  char root; /* 'r'egister, 'g'lobal, thread-'l'ocal */
  uint32_t number;
  unsigned links;
  shadow_ref holder[LINKS];
  uint32_t slot[LINKS];
} loan;

typedef struct fuzz fuzz;

/* A thread of the run. */
struct actor {
  executor_thread x;
  fuzz *f;
  source *source;
  unsigned number, depth; /* frames besides the first */
  bool cull;              /* is to drop about half of what it holds */
  bool dies;
  bool ended; /* and has given up its turn; to be joined */
  wl_child *child;
  unsigned loans_count;
  loan loans[BORROWS];
};

struct fuzz {
  executor x;
  turns turns;
  wl_run *run;
  uint64_t every, live, finalizable, weak, deepest;
  bool collections;
  bool parallel;
  bool quit;    /* all threads but the first are to end */
  int64_t left; /* operations; in parallel: by all of the meeting's threads */
  int64_t to_check; /* operations until the next check */
  uint64_t numbers; /* objects named */
  unsigned threads, alive;
  uint64_t schedule;
  source *sources; /* one for all, if they take turns */
  actor *actors;
};

/* ------------------------------------------------------------------------- *
 * Choices.
 * ------------------------------------------------------------------------- */

/* One of 0 to n - 1. */
static uint32_t choose(source *s, uint32_t n) {
  if (!s->end)
    return (uint32_t)wl_random_below(s->random, n);
  uint32_t value = 0;
  for (uint64_t range = 1; range < n; range <<= 8) {
    if (s->next == s->end) {
      s->over = true;
      return 0;
    }
    value = value << 8 | *s->next++;
  }
  return value % n;
}

static bool chance(source *s, uint32_t one_in) {
  return choose(s, one_in) == 0;
}

/* Draws the weights of a phase. */
static void draw_phase(source *s) {
  static const unsigned quarters[] = {0, 1, 4, 4, 4, 16};
  unsigned weights[ACTION_KINDS], sum = 0;
  for (unsigned i = 0; i < ACTION_KINDS; i++) {
    /* Bytes are for operations. */
    unsigned factor = s->end ? 4 : quarters[choose(s, 6)];
    weights[i] = actions[i].weight * factor;
    sum += weights[i];
  }
  if (weights[0] + weights[1] == 0) { /* nothing happens without objects */
    weights[1] = 1 + sum / 8;
    sum += weights[1];
  }
  uint64_t before = 0;
  unsigned at = 0;
  for (unsigned i = 0; i < ACTION_KINDS; i++) {
    before += weights[i];
    for (; at < before * TABLE / sum; at++)
      s->table[at] = (uint8_t)i;
  }
  s->phase = 1000 + (s->end ? 0 : choose(s, 20000));
}

/* Layouts: mostly small ones, and those at which collectors change what they
 * do: as many slots as a word has bits, the edges of size classes and pages,
 * objects of many pages. */
static gc_shape draw_shape(source *s) {
  gc_shape shape;
  uint32_t c = choose(s, 256);
  if (c < 176)
    shape.slots = choose(s, 5);
  else if (c < 240)
    shape.slots = 4 + choose(s, 13);
  else if (c < 252)
    shape.slots = 62 + choose(s, 4);
  else if (c < 255)
    shape.slots = 120 + choose(s, 200);
  else
    shape.slots = chance(s, 8) ? 400 + choose(s, 8000) : 300;
  c = choose(s, 256);
  if (c < 40)
    shape.bytes = 0;
  else if (c < 160)
    shape.bytes = 8 * choose(s, 9);
  else if (c < 210)
    shape.bytes = choose(s, 128);
  else if (c < 245)
    shape.bytes = (16u << choose(s, 7)) + choose(s, 17) - 8;
  else if (c < 254)
    shape.bytes = 4096 * (1 + choose(s, 4)) + choose(s, 65) - 48;
  else
    shape.bytes = chance(s, 8) ? 60000u << choose(s, 4) : 30000;
  return shape;
}

/* ------------------------------------------------------------------------- *
 * Who may touch what, if threads run beside each other:
 *
 *   own     the slots of objects that the thread made and nobody else can
 *           reach, but for weak references and finalization
 *   shared  what global roots lead to: slots are touched under the lock only
 *   frozen  some of it between two checks: slots are read by everybody, without
 *           the lock, and written by nobody
 *   mailed  on the way from one thread to another in a global root
 *
 * Own objects refer to own, shared and frozen ones; shared and frozen ones to
 * shared and frozen ones: what is stored there becomes shared with all that it
 * leads to.  An object of another thread that a weak reference or a finalizer
 * brings up is looked at and let go.
 * ------------------------------------------------------------------------- */

enum { SHARED = TRACE_THREADS, FROZEN, MAILED };
_Static_assert(MAILED <= UINT16_MAX, "owners are kept in 16 bits");

enum { FROZEN_GLOBALS = 8, MAIL_GLOBALS = 8 }; /* the first, and those after */

static uint16_t owner_of(const actor *a, shadow_ref o) {
  return __atomic_load_n(&a->f->x.pasts[o].owner, __ATOMIC_RELAXED);
}

static void set_owner(const actor *a, shadow_ref o, unsigned owner) {
  __atomic_store_n(&a->f->x.pasts[o].owner, (uint16_t)owner, __ATOMIC_RELAXED);
}

typedef enum manner { FORBIDDEN, FREELY, LOCKED } manner;

static manner may_touch(const actor *a, shadow_ref o, bool writes) {
  if (!a->f->parallel)
    return FREELY;
  uint16_t owner = owner_of(a, o);
  if (owner == a->number || (owner == FROZEN && !writes))
    return FREELY;
  return owner == SHARED ? LOCKED : FORBIDDEN;
}

static shadow_object *object_at(const actor *a, shadow_ref o) {
  return shadow_at(a->f->x.shadow, o);
}

static shadow_ref held_by(const actor *a, gc_reg r) {
  return shadow_register(a->x.shadow, r);
}

/* Gives `o` and what it leads to, as far as that belongs to `from` (or with
 * TURNS_NOBODY to any thread), to `to`. */
static void hand_over(actor *a, shadow_ref o, uint32_t from, unsigned to) {
  size_t count = 0, room = 256;
  shadow_ref *work = own_memory(room, sizeof *work);
  work[count++] = o;
  while (count > 0) {
    shadow_ref here = work[--count];
    uint16_t owner = owner_of(a, here);
    if (from == TURNS_NOBODY ? owner >= TRACE_THREADS : owner != from)
      continue;
    set_owner(a, here, to);
    const shadow_object *object = object_at(a, here);
    if (count + object->slot_count > room) {
      room = 2 * (count + object->slot_count);
      work = realloc(work, room * sizeof *work);
      if (!work)
        abort();
    }
    for (uint32_t i = 0; i < object->slot_count; i++)
      if (object->slots[i])
        work[count++] = object->slots[i];
  }
  free(work);
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

static executor_result emit(actor *a, trace_op op);

static executor_result emit1(actor *a, trace_kind kind, uint32_t x) {
  return emit(a, (trace_op){.kind = (uint8_t)kind, .a = x});
}

static executor_result emit2(actor *a, trace_kind kind, uint32_t x,
                             uint32_t y) {
  return emit(a, (trace_op){.kind = (uint8_t)kind, .a = x, .b = y});
}

static executor_result emit3(actor *a, trace_kind kind, uint32_t x, uint32_t y,
                             uint32_t z) {
  return emit(a, (trace_op){.kind = (uint8_t)kind, .a = x, .b = y, .c = z});
}

static void end_loan(actor *a, unsigned i) {
  gc_reg to = a->loans[i].to;
  a->loans[i] = a->loans[--a->loans_count];
  emit1(a, TRACE_UNBORROW, to);
}

static void end_loans(actor *a) {
  while (a->loans_count > 0)
    end_loan(a, a->loans_count - 1);
}

/* Whether an operation of `a` takes away what the loan, which may be another's,
 * stands on. */
static bool spoils(const actor *a, const trace_op *op, const actor *borrower,
                   const loan *l) {
  char first = trace_kinds[op->kind].operands[0];
  bool own = a == borrower;
  shadow_frame top;
  switch (op->kind) {
  case TRACE_STORE:
  case TRACE_STORE_TAKE:
  case TRACE_STORE_NULL: {
    shadow_ref holder = held_by(a, op->a);
    for (unsigned i = 0; i < l->links; i++)
      if (l->holder[i] == holder && l->slot[i] == op->b)
        return true;
    return own && op->kind == TRACE_STORE_TAKE && l->root == 'r' &&
           l->number == op->c;
  }
  case TRACE_GLOBAL_STORE:
  case TRACE_GLOBAL_CLEAR:
    return l->root == 'g' && l->number == op->a;
  case TRACE_TLS_STORE:
  case TRACE_TLS_CLEAR:
    return own && l->root == 'l' && l->number == op->a;
  case TRACE_LEAVE:
    return own && shadow_innermost(a->x.shadow, &top) &&
           (l->to >= top.first || (l->root == 'r' && l->number >= top.first));
  case TRACE_MOVE:
    return own && l->root == 'r' && (l->number == op->a || l->number == op->b);
  default:
    return own && first == 'd' && l->root == 'r' && l->number == op->a;
  }
}

/* Makes way for an operation; false if another thread's loan is in it. */
static bool clear_the_way(actor *a, const trace_op *op) {
  fuzz *f = a->f;
  bool everybody = !f->parallel && trace_kinds[op->kind].operands[0] != 'd';
  for (unsigned n = 0; everybody && n < f->threads; n++) {
    const actor *other = &f->actors[n];
    for (unsigned i = 0; other != a && i < other->loans_count; i++)
      if (spoils(a, op, other, &other->loans[i]))
        return false;
  }
  for (unsigned i = a->loans_count; i-- > 0;)
    if (spoils(a, op, a, &a->loans[i]))
      end_loan(a, i);
  return true;
}

/* Performs an operation that is allowed.  Ends loans that it would spoil. */
static executor_result emit(actor *a, trace_op op) {
  fuzz *f = a->f;
  if (!clear_the_way(a, &op))
    return REFUSED;
  uint64_t number = 0;
  if (op.kind == TRACE_NEW || op.kind == TRACE_WEAK_NEW)
    number = __atomic_add_fetch(&f->numbers, 1, __ATOMIC_RELAXED);
  executor_result result = executor_perform(&a->x, &op, number);
  if (number && result == REFUSED && !f->parallel)
    f->numbers--; /* its line is not in the trace */
  if (result == FAILED)
    a->cull = true;
  return result;
}

static void take_lock(actor *a, bool needed) {
  if (needed && !a->x.locked)
    emit1(a, TRACE_LOCK, 0);
}

/* ------------------------------------------------------------------------- *
 * Operands.
 * ------------------------------------------------------------------------- */

static gc_reg draw_register(actor *a) {
  gc_reg top = shadow_top(a->x.shadow);
  uint32_t n = top < REGISTERS ? top : REGISTERS;
  return top - 1 - choose(a->source, n);
}

/* A register of the kind wanted; there is one of each in the first frame. */
static gc_reg draw_kind(actor *a, bool owning) {
  for (int tries = 0; tries < 4; tries++) {
    gc_reg r = draw_register(a);
    if (shadow_is_owning(a->x.shadow, r) == owning)
      return r;
  }
  return owning ? choose(a->source, BASE_OWNING)
                : BASE_OWNING + choose(a->source, BASE_BORROWING);
}

static gc_reg draw_owning(actor *a) {
  return draw_kind(a, true);
}

/* A register with an object that has slots and may be touched, which is locked
 * for it if need be; and one of the slots, mostly at the edges. */
static bool draw_slot(actor *a, bool writes, gc_reg *r, uint32_t *i) {
  for (int tries = 0; tries < 6; tries++) {
    *r = draw_register(a);
    shadow_ref o = held_by(a, *r);
    if (!o || object_at(a, o)->slot_count == 0)
      continue;
    manner way = may_touch(a, o, writes);
    if (way == FORBIDDEN)
      continue;
    take_lock(a, way == LOCKED);
    uint32_t n = object_at(a, o)->slot_count;
    *i = n < 8 || chance(a->source, 2) ? choose(a->source, n)
         : chance(a->source, 2)        ? n - 1
                                       : 0;
    return true;
  }
  return false;
}

static bool draw_object(actor *a, gc_reg *r) {
  for (int tries = 0; tries < 6; tries++) {
    *r = draw_register(a);
    if (held_by(a, *r))
      return true;
  }
  return false;
}

/* Whether what is in `src` may be stored into `target` (0: a global root), with
 * the lock if that is shared; it becomes shared too. */
static bool may_store(actor *a, shadow_ref target, gc_reg src) {
  shadow_ref o = held_by(a, src);
  if (!a->f->parallel || !o || owner_of(a, o) == SHARED ||
      owner_of(a, o) == FROZEN)
    return true;
  if (owner_of(a, o) != a->number)
    return false;
  if (target && owner_of(a, target) == a->number)
    return true;
  end_loans(a); /* they may go through what is no longer our own */
  hand_over(a, o, a->number, SHARED);
  return true;
}

static uint32_t draw_global(actor *a, bool writes) {
  if (!a->f->parallel)
    return choose(a->source, GC_GLOBALS);
  uint32_t g = choose(a->source, GC_GLOBALS - MAIL_GLOBALS);
  if (g < FROZEN_GLOBALS && !writes)
    return g;
  take_lock(a, true);
  return MAIL_GLOBALS + FROZEN_GLOBALS +
         g % (GC_GLOBALS - MAIL_GLOBALS - FROZEN_GLOBALS);
}

/* ------------------------------------------------------------------------- *
 * Actions: one operation.
 * ------------------------------------------------------------------------- */

static executor_result make(actor *a, gc_reg dst, gc_shape shape,
                            bool finalizable) {
  return emit(a, (trace_op){.kind = TRACE_NEW,
                            .finalizable = finalizable,
                            .a = dst,
                            .b = shape.slots,
                            .c = shape.bytes});
}

/* Weak references are put into some of the global roots, where they are found
 * when their targets are dead. */
static uint32_t draw_weak_global(actor *a) {
  enum { WEAK_GLOBALS = 12 };
  take_lock(a, a->f->parallel);
  return GC_GLOBALS - 1 - choose(a->source, WEAK_GLOBALS);
}

static executor_result draw_new(actor *a, gc_reg dst) {
  fuzz *f = a->f;
  gc_reg target;
  uint32_t c = choose(a->source, 1000);
  if (c < f->weak && gc_this_collector.can.weak && draw_object(a, &target) &&
      !object_at(a, held_by(a, target))->weak) {
    executor_result result = emit2(a, TRACE_WEAK_NEW, dst, target);
    uint32_t g = draw_weak_global(a);
    if (result == PERFORMED && may_store(a, 0, dst))
      emit2(a, TRACE_GLOBAL_STORE, g, dst);
    return result;
  }
  gc_shape shape = draw_shape(a->source);
  return make(a, dst, shape, 1000 - c <= f->finalizable);
}

static void new_object(actor *a) {
  draw_new(a, draw_owning(a));
}

static void new_linked(actor *a) {
  gc_reg dst = draw_owning(a), holder;
  uint32_t i;
  if (draw_new(a, dst) == PERFORMED && draw_slot(a, true, &holder, &i) &&
      may_store(a, held_by(a, holder), dst))
    emit3(a, chance(a->source, 2) ? TRACE_STORE : TRACE_STORE_TAKE, holder, i,
          dst);
}

static void enter(actor *a) {
  if (a->depth == DEPTH_MOST)
    return;
  uint32_t owning = 1 + choose(a->source, 6), borrowing = choose(a->source, 4);
  if (emit2(a, TRACE_ENTER, owning, borrowing) == PERFORMED)
    a->depth++;
}

/* A result may be handed to the caller by taking it. */
static void leave(actor *a) {
  if (a->depth == 0)
    return;
  if (chance(a->source, 2)) {
    shadow_frame f;
    shadow_innermost(a->x.shadow, &f);
    if (f.owning > 0)
      emit2(a, TRACE_MOVE, choose(a->source, BASE_OWNING),
            f.first + choose(a->source, f.owning));
  }
  if (emit1(a, TRACE_LEAVE, 0) == PERFORMED)
    a->depth--;
}

static void load(actor *a) {
  gc_reg r, dst = draw_owning(a);
  uint32_t i;
  if (draw_slot(a, false, &r, &i))
    emit3(a, TRACE_LOAD, dst, r, i);
}

static loan *loan_of(actor *a, gc_reg r) {
  for (unsigned i = 0; i < a->loans_count; i++)
    if (a->loans[i].to == r)
      return &a->loans[i];
  return NULL;
}

/* Notes that `to` was lent something, in place of what it held before. */
static void lend(actor *a, loan l) {
  loan *old = loan_of(a, l.to);
  if (old)
    *old = l;
  else
    a->loans[a->loans_count++] = l;
}

static bool can_lend(actor *a, gc_reg to) {
  return a->loans_count < BORROWS || loan_of(a, to);
}

/* From an object in an owning register, or one that is borrowed itself.  Only
 * through what nobody else writes. */
static void borrow(actor *a) {
  gc_reg r, to = draw_kind(a, false);
  uint32_t i;
  if (!can_lend(a, to) || !draw_slot(a, false, &r, &i))
    return;
  shadow_ref holder = held_by(a, r);
  if (may_touch(a, holder, false) != FREELY)
    return;
  loan l = {.root = 'r', .number = r};
  if (!shadow_is_owning(a->x.shadow, r)) {
    const loan *lent = loan_of(a, r);
    if (!lent || lent->links == LINKS)
      return;
    l = *lent;
  }
  l.to = to;
  l.holder[l.links] = holder;
  l.slot[l.links++] = i;
  if (emit3(a, TRACE_BORROW, to, r, i) == PERFORMED)
    lend(a, l);
}

static void unborrow(actor *a) {
  if (a->loans_count > 0)
    end_loan(a, choose(a->source, a->loans_count));
}

static void store(actor *a) {
  gc_reg r, src = draw_register(a);
  uint32_t i;
  if (draw_slot(a, true, &r, &i) && may_store(a, held_by(a, r), src))
    emit3(a, TRACE_STORE, r, i, src);
}

static void store_take(actor *a) {
  gc_reg r, src = draw_owning(a);
  uint32_t i;
  if (draw_slot(a, true, &r, &i) && may_store(a, held_by(a, r), src))
    emit3(a, TRACE_STORE_TAKE, r, i, src);
}

static void store_null(actor *a) {
  gc_reg r;
  uint32_t i;
  if (draw_slot(a, true, &r, &i))
    emit2(a, TRACE_STORE_NULL, r, i);
}

static void copy(actor *a) {
  gc_reg dst = draw_owning(a);
  emit2(a, TRACE_COPY, dst, draw_register(a));
}

static void move(actor *a) {
  gc_reg dst = draw_owning(a);
  emit2(a, TRACE_MOVE, dst, draw_owning(a));
}

static void clear(actor *a) {
  emit1(a, TRACE_CLEAR, draw_owning(a));
}

static void payload(actor *a) {
  gc_reg r;
  if (draw_object(a, &r))
    emit1(a, TRACE_PAYLOAD, r);
}

static void global_load(actor *a) {
  uint32_t g = draw_global(a, false);
  emit2(a, TRACE_GLOBAL_LOAD, draw_owning(a), g);
}

static void global_borrow(actor *a) {
  gc_reg to = draw_kind(a, false);
  if (!can_lend(a, to))
    return;
  uint32_t g = a->f->parallel ? choose(a->source, FROZEN_GLOBALS)
                              : choose(a->source, GC_GLOBALS);
  if (emit2(a, TRACE_GLOBAL_BORROW, to, g) == PERFORMED)
    lend(a, (loan){.to = to, .root = 'g', .number = g});
}

static void global_store(actor *a) {
  gc_reg src = draw_register(a);
  uint32_t g = draw_global(a, true);
  if (may_store(a, 0, src))
    emit2(a, TRACE_GLOBAL_STORE, g, src);
}

static void global_clear(actor *a) {
  emit1(a, TRACE_GLOBAL_CLEAR, draw_global(a, true));
}

static void tls_load(actor *a) {
  gc_reg dst = draw_owning(a);
  emit2(a, TRACE_TLS_LOAD, dst, choose(a->source, GC_TLS));
}

static void tls_borrow(actor *a) {
  gc_reg to = draw_kind(a, false);
  uint32_t l = choose(a->source, GC_TLS);
  if (can_lend(a, to) && emit2(a, TRACE_TLS_BORROW, to, l) == PERFORMED)
    lend(a, (loan){.to = to, .root = 'l', .number = l});
}

static void tls_store(actor *a) {
  uint32_t l = choose(a->source, GC_TLS);
  emit2(a, TRACE_TLS_STORE, l, draw_register(a));
}

static void tls_clear(actor *a) {
  emit1(a, TRACE_TLS_CLEAR, choose(a->source, GC_TLS));
}

/* Whether the object in `r` is another thread's, to be let go at once. */
static bool is_foreign(const actor *a, gc_reg r) {
  shadow_ref o = held_by(a, r);
  return a->f->parallel && o && owner_of(a, o) != a->number &&
         owner_of(a, o) != SHARED && owner_of(a, o) != FROZEN;
}

static void weak_get(actor *a) {
  if (!gc_this_collector.can.weak)
    return;
  if (chance(a->source, 2))
    emit2(a, TRACE_GLOBAL_LOAD, draw_owning(a), draw_weak_global(a));
  for (int tries = 0; tries < 12; tries++) {
    gc_reg r = draw_register(a);
    shadow_ref o = held_by(a, r);
    if (!o || !object_at(a, o)->weak)
      continue;
    manner way = may_touch(a, o, true);
    if (way == FORBIDDEN && owner_of(a, o) != FROZEN)
      continue;
    take_lock(a, way != FREELY);
    gc_reg dst = draw_owning(a);
    emit2(a, TRACE_WEAK_GET, dst, r);
    if (is_foreign(a, dst))
      emit1(a, TRACE_CLEAR, dst);
    return;
  }
}

/* What the finalizer of the object in `r` does with it. */
static void finalizer(actor *a, gc_reg r) {
  if (a->f->parallel && !a->f->x.standing) {
    emit1(a, TRACE_CLEAR, r);
    return;
  }
  switch (choose(a->source, 8)) {
  case 0: /* resurrects it */
    if (a->f->parallel)
      hand_over(a, held_by(a, r), TURNS_NOBODY, SHARED);
    emit2(a, TRACE_GLOBAL_STORE,
          a->f->parallel ? GC_GLOBALS - 1 - choose(a->source, 8)
                         : choose(a->source, GC_GLOBALS),
          r);
    break;
  case 1:
    if (a->f->collections)
      emit1(a, TRACE_COLLECT, 0);
    break;
  case 2: /* allocates */
    emit2(a, TRACE_ENTER, 1, 0);
    make(a, shadow_top(a->x.shadow) - 1, draw_shape(a->source), false);
    emit1(a, TRACE_LEAVE, 0);
    break;
  case 3: /* keeps it for a while */
    if (!a->f->parallel)
      return;
    break;
  default:
    break;
  }
  emit1(a, TRACE_CLEAR, r);
}

static void finalize(actor *a) {
  if (!gc_this_collector.can.finalizers)
    return;
  gc_reg r = draw_owning(a);
  uint64_t before = a->x.counts.handed_out;
  emit1(a, TRACE_FINALIZER_NEXT, r);
  if (a->x.counts.handed_out != before)
    finalizer(a, r);
}

static void safepoint(actor *a) {
  emit1(a, TRACE_SAFEPOINT, 0);
}

static void collect(actor *a) {
  if (a->f->collections)
    emit1(a, TRACE_COLLECT, 0);
}

/* ------------------------------------------------------------------------- *
 * Actions: short programs.  They work in a frame of their own and leave their
 * result in an owning register, or drop it.
 * ------------------------------------------------------------------------- */

/* An object and its own slot: x.f = x; x.f = x.f by load and by borrow; the
 * register that is all that holds it is taken into it; an object that only its
 * own slot leads to is loaded over its holder. */
static void itself(actor *a) {
  gc_reg r;
  uint32_t i;
  if (!draw_slot(a, true, &r, &i))
    return;
  switch (choose(a->source, 5)) {
  case 0:
    if (may_store(a, held_by(a, r), r))
      emit3(a, TRACE_STORE, r, i, r);
    break;
  case 1: {
    gc_reg temp = draw_owning(a);
    if (temp == r || emit3(a, TRACE_LOAD, temp, r, i) != PERFORMED)
      break;
    emit3(a, TRACE_STORE, r, i, temp);
    break;
  }
  case 2: {
    gc_reg temp = BASE_OWNING; /* borrowing */
    if (loan_of(a, temp) || emit3(a, TRACE_BORROW, temp, r, i) != PERFORMED)
      break;
    /* It stays alive while the slot is written with what it held. */
    emit3(a, TRACE_STORE, r, i, temp);
    emit1(a, TRACE_UNBORROW, temp);
    break;
  }
  case 3:
    if (shadow_is_owning(a->x.shadow, r) && may_store(a, held_by(a, r), r))
      emit3(a, TRACE_STORE_TAKE, r, i, r);
    break;
  case 4:
    if (shadow_is_owning(a->x.shadow, r))
      emit3(a, TRACE_LOAD, r, r, i);
    break;
  }
}

static uint32_t draw_length(source *s) {
  return chance(s, 16) ? 1 + choose(s, 200) : 1 + choose(s, 8);
}

/* dst <- a ring of n nodes of some shape with the link in slot 0.  `work` are
 * two owning registers. */
static bool make_ring(actor *a, gc_reg dst, gc_reg work, uint32_t n) {
  gc_shape shape = {1 + choose(a->source, 3), 8 * choose(a->source, 4)};
  if (chance(a->source, 8)) /* few objects, much memory */
    shape.bytes = 1000 + choose(a->source, 7000);
  bool finalizable = choose(a->source, 1000) < a->f->finalizable;
  if (make(a, work, shape, finalizable) != PERFORMED)
    return false;
  emit2(a, TRACE_COPY, dst, work);
  for (uint32_t i = 1; i < n; i++) {
    if (make(a, work + 1, shape, false) != PERFORMED)
      break;
    emit3(a, TRACE_STORE_TAKE, work + 1, 0, dst);
    emit2(a, TRACE_MOVE, dst, work + 1);
  }
  emit3(a, TRACE_STORE_TAKE, work, 0, dst);
  /* What closes the ring is all that holds it, or the first is handed on. */
  emit2(a, TRACE_LOAD, dst, work);
  emit3(a, TRACE_LOAD, dst, work, 0);
  return true;
}

/* A frame of owning registers to work in; 0 if there is none to be had. */
static gc_reg workplace(actor *a, uint32_t owning) {
  if (emit2(a, TRACE_ENTER, owning, 0) != PERFORMED)
    return 0;
  return shadow_top(a->x.shadow) - owning;
}

/* Leaves it; what is in `result` goes to some register, or is dropped. */
static void hand_on(actor *a, gc_reg result) {
  gc_reg dst = choose(a->source, BASE_OWNING);
  if (!chance(a->source, 3))
    emit2(a, TRACE_MOVE, dst, result);
  emit1(a, TRACE_LEAVE, 0);
}

static void ring(actor *a) {
  gc_reg w = workplace(a, 3);
  make_ring(a, w, w + 1, draw_length(a->source));
  hand_on(a, w);
}

/* Each ring's first node refers to the ring before in its last slot. */
static void chain(actor *a) {
  gc_reg w = workplace(a, 4);
  uint32_t n = draw_length(a->source);
  for (uint32_t i = 0; i < n; i++) {
    if (!make_ring(a, w + 1, w + 2, 1 + choose(a->source, 3)))
      break;
    uint32_t last = object_at(a, held_by(a, w + 1))->slot_count - 1;
    if (last > 0)
      emit3(a, TRACE_STORE_TAKE, w + 1, last, w);
    emit2(a, TRACE_MOVE, w, w + 1);
  }
  hand_on(a, w);
}

static void doubly(actor *a) {
  enum { NEXT, BEFORE };
  gc_reg w = workplace(a, 2);
  uint32_t n = draw_length(a->source);
  for (uint32_t i = 0; i < n; i++) {
    if (make(a, w + 1, (gc_shape){2, 8 * choose(a->source, 3)}, false) !=
        PERFORMED)
      break;
    if (held_by(a, w)) {
      emit3(a, TRACE_STORE, w, BEFORE, w + 1);
      emit3(a, TRACE_STORE_TAKE, w + 1, NEXT, w);
    }
    emit2(a, TRACE_MOVE, w, w + 1);
  }
  hand_on(a, w);
}

/* An object of many slots, each with an object of its own, small or large by
 * its payload, as every fourth of these is to a collector that copies.  Some
 * are looked at again after a collection. */
static void wide(actor *a) {
  gc_reg w = workplace(a, 2);
  uint32_t n = 50 + choose(a->source, 500);
  uint32_t bytes = chance(a->source, 2) ? 8 : 8000;
  if (make(a, w, (gc_shape){n, bytes}, false) == PERFORMED) {
    for (uint32_t i = 0; i < n; i++) {
      if (make(a, w + 1, (gc_shape){0, i % 4 ? 8 : 1200}, false) != PERFORMED)
        break;
      emit3(a, TRACE_STORE_TAKE, w, i, w + 1);
    }
    if (chance(a->source, 2)) {
      collect(a);
      for (int i = 0; i < 8; i++)
        emit3(a, TRACE_LOAD, w + 1, w, choose(a->source, n));
    }
  }
  hand_on(a, w);
}

static uint32_t deepest(const actor *a) {
  uint64_t limit = a->f->run->heap_limit;
  if (a->f->deepest)
    return (uint32_t)a->f->deepest;
  if (wl_get(a->f->sources[0].random, OPS) < 1000000 ||
      (limit && limit < 1 << 26) || gc_this_collector.can.shallow)
    return 2000;
  return DEEP_LIST;
}

/* An object to which more references lead than 8 bits count, in long runs than
 * 16 bits do; half of them are dropped while the others are held. */
static void popular(actor *a) {
  gc_reg w = workplace(a, 2);
  uint32_t n = 200 + choose(a->source, 200);
  if (!a->source->end && deepest(a) == DEEP_LIST && chance(a->source, 16))
    n = 70000;
  if (make(a, w, (gc_shape){n, 8}, false) == PERFORMED &&
      make(a, w + 1, (gc_shape){1, 8}, false) == PERFORMED) {
    for (uint32_t i = 0; i < n; i++)
      emit3(a, TRACE_STORE, w, i, w + 1);
    for (uint32_t i = 0; i < n / 2; i++)
      emit2(a, TRACE_STORE_NULL, w, i);
  }
  hand_on(a, w);
}

/* A list of n objects, which goes on living for a while or is dropped. */
static void make_list(actor *a, uint32_t n) {
  gc_reg w = workplace(a, 2);
  for (uint32_t i = 0; i < n && !a->source->over; i++) {
    if (make(a, w + 1, (gc_shape){1, 8}, false) != PERFORMED)
      break;
    emit3(a, TRACE_STORE_TAKE, w + 1, 0, w);
    emit2(a, TRACE_MOVE, w, w + 1);
  }
  hand_on(a, w);
}

static void deep(actor *a) {
  uint32_t n = 20 + choose(a->source, 200);
  if (!a->source->end && chance(a->source, 32))
    n = deepest(a);
  make_list(a, n);
}

/* One of few frozen objects is owned and let go again and again, while others
 * do the same. */
static void hammer(actor *a) {
  if (!a->f->parallel)
    return;
  gc_reg r = draw_owning(a);
  uint32_t g = choose(a->source, 2);
  for (uint32_t n = 20 + choose(a->source, 100); n > 0; n--) {
    emit2(a, TRACE_GLOBAL_LOAD, r, g);
    emit1(a, TRACE_CLEAR, r);
  }
}

/* A fresh graph, to which nothing else refers, is put into a global root and
 * taken from there by whoever comes by. */
static void send(actor *a) {
  if (!a->f->parallel)
    return;
  uint32_t g = FROZEN_GLOBALS + choose(a->source, MAIL_GLOBALS);
  gc_reg w = workplace(a, 3);
  if (make_ring(a, w, w + 1, draw_length(a->source))) {
    emit1(a, TRACE_CLEAR, w + 1);
    take_lock(a, true);
    if (!shadow_global(a->f->x.shadow, g)) {
      hand_over(a, held_by(a, w), a->number, MAILED);
      emit2(a, TRACE_GLOBAL_STORE, g, w);
    }
  }
  emit1(a, TRACE_LEAVE, 0);
}

static void receive(actor *a) {
  if (!a->f->parallel)
    return;
  uint32_t g = FROZEN_GLOBALS + choose(a->source, MAIL_GLOBALS);
  gc_reg dst = draw_owning(a);
  take_lock(a, true);
  if (!shadow_global(a->f->x.shadow, g))
    return;
  emit2(a, TRACE_GLOBAL_LOAD, dst, g);
  emit1(a, TRACE_GLOBAL_CLEAR, g);
  hand_over(a, held_by(a, dst), MAILED, a->number);
}

/* ------------------------------------------------------------------------- *
 * Checks.
 * ------------------------------------------------------------------------- */

/* Drops about half of what the thread and the process hold. */
static void cull(actor *a) {
  a->cull = false;
  for (gc_reg r = 0; r < shadow_top(a->x.shadow); r++)
    if (shadow_is_owning(a->x.shadow, r) && held_by(a, r) &&
        chance(a->source, 2))
      emit1(a, TRACE_CLEAR, r);
  for (uint32_t l = 0; l < GC_TLS; l++)
    if (shadow_tls(a->x.shadow, l) && chance(a->source, 2))
      emit1(a, TRACE_TLS_CLEAR, l);
  take_lock(a, a->f->parallel);
  uint32_t first = a->f->parallel ? FROZEN_GLOBALS : 0;
  for (uint32_t g = first; g < GC_GLOBALS; g++)
    if (shadow_global(a->f->x.shadow, g) && chance(a->source, 2))
      emit1(a, TRACE_GLOBAL_CLEAR, g);
}

/* Collects, and runs finalizers, until none is left to be run; some bring their
 * objects back. */
static void run_finalizers(actor *a) {
  gc_reg r = shadow_top(a->x.shadow);
  emit2(a, TRACE_ENTER, 1, 0);
  for (bool again = true; again;) {
    emit1(a, TRACE_COLLECT, 0);
    again = false;
    while (gc_this_collector.can.finalizers) {
      emit1(a, TRACE_FINALIZER_NEXT, r);
      if (!held_by(a, r))
        break;
      finalizer(a, r);
      emit1(a, TRACE_CLEAR, r);
      again = true;
    }
  }
  emit1(a, TRACE_LEAVE, 0);
}

/* What was frozen is shared again, and some of what is shared frozen. */
static void freeze(actor *a) {
  fuzz *f = a->f;
  if (!f->parallel)
    return;
  for (shadow_ref o = 1; o < shadow_end(f->x.shadow); o++)
    if (owner_of(a, o) == FROZEN)
      set_owner(a, o, SHARED);
  gc_reg r = workplace(a, 1);
  for (uint32_t g = 0; g < FROZEN_GLOBALS; g++) {
    uint32_t from = 0;
    for (int tries = 0; tries < 4 && !shadow_global(f->x.shadow, from); tries++)
      from = FROZEN_GLOBALS + MAIL_GLOBALS +
             choose(a->source, GC_GLOBALS - FROZEN_GLOBALS - MAIL_GLOBALS);
    emit2(a, TRACE_GLOBAL_LOAD, r, from);
    emit2(a, TRACE_GLOBAL_STORE, g, r);
    if (held_by(a, r))
      hand_over(a, held_by(a, r), SHARED, FROZEN);
  }
  emit1(a, TRACE_LEAVE, 0);
}

/* All others wait. */
static void check(actor *a) {
  fuzz *f = a->f;
  executor_stand(&a->x, true);
  f->to_check = (int64_t)f->every;
  run_finalizers(a);
  emit1(a, TRACE_CHECK, 0);
  executor_check(&a->x, turns_each,
                 &(turns_call){&f->turns, a->x.wl, a->number});
  if (f->x.reachable.objects > f->live)
    for (unsigned i = 0; i < f->threads; i++)
      f->actors[i].cull = true;
  freeze(a);
  executor_stand(&a->x, !f->parallel);
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

static void live(wl_thread *t, void *data);

static void begin(actor *a, wl_thread *t) {
  executor_attach(&a->x, &a->f->x, t, (uint16_t)a->number);
  turns_sit(&a->f->turns, a->number, &a->x);
  a->depth = 0;
  emit2(a, TRACE_ENTER, BASE_OWNING, BASE_BORROWING);
}

static void drop_frames(actor *a) {
  end_loans(a);
  for (; a->depth > 0; a->depth--)
    emit1(a, TRACE_LEAVE, 0);
  emit1(a, TRACE_LEAVE, 0);
}

/* Lets go of all; what only this thread held dies with it. */
static void finish(actor *a) {
  drop_frames(a);
  turns_sit(&a->f->turns, a->number, NULL);
  executor_detach(&a->x);
}

/* Who is next, of those that live. */
static unsigned draw_next(actor *a) {
  fuzz *f = a->f;
  unsigned next = choose(a->source, f->threads);
  while (!turns_taken(&f->turns, next))
    next = (next + 1) % f->threads;
  return next;
}

/* Those that have ended are waited for before anything else happens, so that
 * it does not matter how long their ends take. */
static void join_ended(actor *a) {
  fuzz *f = a->f;
  for (unsigned i = 0; i < f->threads; i++) {
    actor *other = &f->actors[i];
    if (!__atomic_load_n(&other->ended, __ATOMIC_ACQUIRE))
      continue;
    wl_thread_join(a->x.wl, other->child);
    other->child = NULL;
    other->ended = false;
    f->alive--;
  }
}

static void start(actor *a) {
  fuzz *f = a->f;
  if ((f->parallel && a->number > 0) || f->alive == f->threads || f->quit)
    return;
  unsigned n = 1;
  while (f->actors[n].child)
    n++;
  actor *born = &f->actors[n];
  *born = (actor){.f = f, .number = n, .source = born->source};
  f->alive++;
  if (f->parallel)
    turns_expect(&f->turns);
  born->child = wl_thread_start(a->x.wl, n, live, born);
  if (!f->parallel) {
    turns_give(&f->turns, a->x.wl, a->number, n, true);
    join_ended(a);
  }
}

static void die(actor *a) {
  a->dies = a->number > 0;
}

/* Some actions of one thread. */
static void act(actor *a) {
  source *s = a->source;
  fuzz *f = a->f;
  uint64_t before = a->x.counts.operations;
  if (a->cull)
    cull(a);
  for (uint32_t n = 1 + choose(s, 32); n > 0 && !s->over && !a->dies; n--) {
    if (s->phase == 0)
      draw_phase(s);
    s->phase--;
    actions[s->table[choose(s, TABLE)]].act(a);
    if (a->x.locked)
      emit1(a, TRACE_UNLOCK, 0);
  }
  int64_t done = (int64_t)(a->x.counts.operations - before);
  if (f->parallel) {
    __atomic_fetch_sub(&f->to_check, done, __ATOMIC_RELAXED);
  } else {
    f->to_check -= done;
    f->left -= done;
  }
}

/* Threads by turns: until the thread dies or the run is over. */
static void take_turns(actor *a) {
  fuzz *f = a->f;
  while (!a->dies && !f->quit) {
    act(a);
    if (f->to_check <= 0)
      check(a);
    if (f->left <= 0 || a->source->over)
      f->quit = true;
    if (f->threads == 1 || a->dies || f->quit)
      continue;
    unsigned next = draw_next(a);
    turns_give(&f->turns, a->x.wl, a->number, next, !chance(a->source, 4));
    join_ended(a);
  }
}

/* Threads beside each other: the first checks when all have met, and looks
 * after those that die. */
static void run_beside(actor *a) {
  fuzz *f = a->f;
  while (!a->dies && !f->quit) {
    while (!a->dies && __atomic_load_n(&f->to_check, __ATOMIC_RELAXED) > 0) {
      act(a);
      if (a->number == 0)
        join_ended(a);
    }
    if (a->dies)
      return;
    end_loans(a);
    turns_meet(&f->turns, a->x.wl, a->number);
    if (a->number > 0)
      continue;
    f->left -= (int64_t)f->every;
    join_ended(a);
    check(a);
    f->quit = f->left <= 0;
    turns_part(&f->turns);
  }
}

/* The life of a thread but the first. */
static void live(wl_thread *t, void *data) {
  actor *a = data;
  fuzz *f = a->f;
  if (f->parallel) {
    a->source->random = t;
    begin(a, t);
    run_beside(a);
    finish(a);
    __atomic_store_n(&a->ended, true, __ATOMIC_RELEASE);
    turns_resign(&f->turns);
    return;
  }
  turns_await(&f->turns, t, a->number);
  begin(a, t);
  take_turns(a);
  finish(a);
  a->ended = true;
  turns_give_up(&f->turns, f->quit ? 0 : draw_next(a));
}

/* The others end, one after the other. */
static void end_others(actor *a) {
  fuzz *f = a->f;
  for (unsigned i = 1; i < f->threads; i++) {
    if (!f->actors[i].child)
      continue;
    if (!f->parallel && turns_taken(&f->turns, i))
      turns_give(&f->turns, a->x.wl, a->number, i, true);
    while (!__atomic_load_n(&f->actors[i].ended, __ATOMIC_ACQUIRE))
      wl_yield(a->x.wl);
    join_ended(a);
  }
}

/* ------------------------------------------------------------------------- *
 * The run.
 * ------------------------------------------------------------------------- */

/* With the settings in `f`: from an empty heap to one that holds nothing that
 * can be reached. */
static void open_episode(fuzz *f, wl_thread *t, unsigned oracles) {
  f->run = t->run;
  executor_open(&f->x, t, oracles, f->parallel);
  turns_open(&f->turns, f->threads);
  f->actors = own_memory(f->threads, sizeof *f->actors);
  f->sources = own_memory(f->threads, sizeof *f->sources);
  for (unsigned i = 0; i < f->threads; i++)
    f->actors[i] = (actor){
        .f = f, .number = i, .source = &f->sources[f->parallel ? i : 0]};
  f->sources[0].random = t;
  f->to_check = (int64_t)f->every;
  f->alive = 1;
}

static void run_episode(fuzz *f, wl_thread *t) {
  actor *a = &f->actors[0];
  begin(a, t);
  if (f->deepest)
    make_list(a, (uint32_t)f->deepest);
  if (f->parallel)
    turns_give_up(&f->turns, TURNS_NOBODY);
  while (f->alive < f->threads && !f->quit)
    start(a);
  if (f->parallel)
    run_beside(a);
  else
    take_turns(a);
  end_others(a);

  executor_stand(&a->x, true);
  f->parallel = f->x.parallel = false;
  drop_frames(a);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    if (shadow_global(f->x.shadow, g))
      emit1(a, TRACE_GLOBAL_CLEAR, g);
  for (uint32_t l = 0; l < GC_TLS; l++)
    if (shadow_tls(a->x.shadow, l))
      emit1(a, TRACE_TLS_CLEAR, l);
  emit1(a, TRACE_CHECK, 0);
  executor_check(&a->x, turns_each, &(turns_call){&f->turns, t, 0});
}

static void close_episode(fuzz *f) {
  turns_sit(&f->turns, 0, NULL);
  executor_detach(&f->actors[0].x);
  executor_close(&f->x);
  turns_close(&f->turns);
  free(f->sources);
  free(f->actors);
}

void fuzz_bytes(wl_thread *t, const uint8_t *bytes, size_t n) {
  fuzz f = {.every = 200,
            .live = 500,
            .finalizable = 60,
            .weak = 60,
            .collections = true,
            .left = INT64_MAX,
            .threads = 1};
  static const uint8_t none;
  open_episode(&f, t, ORACLE_ALL);
  f.sources[0].next = n ? bytes : &none; /* engines may pass NULL */
  f.sources[0].end = f.sources[0].next + n;
  run_episode(&f, t);
  close_episode(&f);
}

/* The bytes of a file; ends the process if it cannot be read. */
static uint8_t *read_bytes(const char *path, size_t *n) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = NULL;
  size_t room = 0, got;
  *n = 0;
  do {
    room = 2 * room + 4096;
    bytes = realloc(bytes, room);
    if (!file || !bytes)
      break;
    got = fread(bytes + *n, 1, room - *n, file);
    *n += got;
  } while (got > 0);
  if (!file || !bytes || ferror(file)) {
    fprintf(stderr, "fuzz: --input %s: %s\n", path, strerror(errno));
    exit(2);
  }
  fclose(file);
  return bytes;
}

/* Every kind of operation is to be expected of a long run. */
static uint64_t expected(const fuzz *f, uint64_t operations) {
  const gc_capabilities *can = &gc_this_collector.can;
  if (operations < 200000 || f->sources[0].end)
    return 0;
  uint64_t kinds = ((uint64_t)1 << TRACE_DEAD) - 1;
#define WITHOUT(NAME) kinds &= ~((uint64_t)1 << TRACE_##NAME)
  if (f->threads == 1) {
    WITHOUT(ATTACH);
    WITHOUT(DETACH);
  }
  if (f->schedule == TURNS) {
    WITHOUT(LOCK);
    WITHOUT(UNLOCK);
  }
  if (!can->weak || f->weak == 0) {
    WITHOUT(WEAK_NEW);
    WITHOUT(WEAK_GET);
  }
  if (!can->finalizers)
    WITHOUT(FINALIZER_NEXT);
#undef WITHOUT
  return kinds;
}

static void run(wl_thread *t) {
  fuzz f = {.schedule = wl_get(t, SCHEDULE),
            .every = wl_get(t, EVERY),
            .live = wl_get(t, LIVE),
            .finalizable = wl_get(t, FINALIZABLE),
            .weak = wl_get(t, WEAK),
            .deepest = wl_get(t, DEEPEST),
            .collections = wl_get(t, COLLECTIONS),
            .left = (int64_t)wl_get(t, OPS),
            .threads = t->run->threads};
  f.parallel = f.schedule == FREE && f.threads > 1;
  uint8_t *bytes = NULL;
  open_episode(&f, t, executor_oracle_bits(wl_get(t, ORACLE)));
  if (t->run->input) {
    size_t n;
    if (f.parallel) {
      fputs("fuzz: --input is for schedule=turns\n", stderr);
      exit(2);
    }
    bytes = read_bytes(t->run->input, &n);
    f.sources[0].next = bytes;
    f.sources[0].end = bytes + n;
    f.left = INT64_MAX;
  }
  wl_begin(t);
  run_episode(&f, t);
  wl_step(t, 0, f.x.clock);
  wl_end(t);
  executor_conclude(&f.actors[0].x, expected(&f, f.x.clock));
  close_episode(&f);
  free(bytes);
}

/* Roughly: how much is alive depends on the choices. */
static wl_volume volume(const uint64_t *p, unsigned threads) {
  (void)threads;
  uint64_t object = 400;
  return (wl_volume){.live = 2 * p[LIVE] * object + (8 << 20),
                     .cyclic = p[OPS] / 8 * object,
                     .allocated = p[OPS] / 3 * object + (32 << 20)};
}

const workload workload_fuzz = {
    .name = "fuzz",
    .summary = "random operations compared with a model (for correctness)",
    .source = "model-based random testing; swarm testing (ISSTA 2012)",
    .unit = "operations",
    .steps = {"all"},
    .params = {{"ops", "operations", 200000, 0, 1ull << 40, NULL},
               {"schedule", "threads by turns, or free-running", TURNS, 0, 0,
                schedules},
               {"every", "operations between checks", 5000, 10, 1 << 30, NULL},
               {"live", "objects alive, about", 4000, 10, 1 << 22, NULL},
               {"finalizable", "of new objects, per mille", 20, 0, 500, NULL},
               {"weak", "weak references, per mille of new objects", 60, 0, 500,
                NULL},
               {"deep",
                "objects of the longest lists, one at once; 0: by `ops`", 0, 0,
                1 << 20, NULL},
               {"collections", "1: some are asked for between checks; 0: none",
                1, 0, 1, NULL},
               {"oracle", "what is compared", 0, 0, 0, executor_oracles}},
    .needs = WL_TAKES_THREADS,
    .volume = volume,
    .run = run};
