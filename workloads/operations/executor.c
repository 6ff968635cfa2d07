/* executor.c: see executor.h.  Compiled against each collector. */
#include "executor.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/hostile/hostile.h"
#include "harness/base/oracles.h"
#include "parts.h"

/* The places of the shadow heap: a stamp is an object's number and its place.
 */
enum { PLACE_BITS = 27 };
#define PLACES ((uint64_t)1 << PLACE_BITS)

enum { STORY = 8192 };

const char *const executor_oracles[] = {"all", ORACLE_NAMES, "none", NULL};

unsigned executor_oracle_bits(uint64_t choice) {
  static const unsigned bits[] = {
      ORACLE_ALL,       ORACLE_GRAPH, ORACLE_COUNT, ORACLE_WEAK,
      ORACLE_FINALIZER, ORACLE_CHECK, ORACLE_LIMIT, 0};
  return bits[choice];
}

static void *grown(void *array, size_t count, size_t *room, size_t size) {
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

static shadow_object *at(const executor_thread *t, shadow_ref o) {
  return shadow_at(t->x->shadow, o);
}

static executor_past *past(const executor_thread *t, shadow_ref o) {
  return &t->x->pasts[o];
}

/* ------------------------------------------------------------------------- *
 * Stories.
 * ------------------------------------------------------------------------- */

static size_t put_text(char *to, size_t n, size_t room, const char *s) {
  while (*s && n + 1 < room)
    to[n++] = *s++;
  to[n] = 0;
  return n;
}

static size_t put_number(char *to, size_t n, size_t room, uint64_t value) {
  char digits[20];
  size_t count = 0;
  do
    digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  while (count > 0 && n + 1 < room)
    to[n++] = digits[--count];
  to[n] = 0;
  return n;
}

size_t executor_text(char text[EXECUTOR_TEXT], const trace_op *op) {
  const uint32_t operands[] = {op->a, op->b, op->c};
  size_t k = 0;
  size_t n = put_text(text, 0, EXECUTOR_TEXT, trace_kinds[op->kind].name);
  for (const char *c = trace_kinds[op->kind].operands; *c && *c != '?'; c++)
    for (int i = 0; i <= (*c == 's'); i++) {
      n = put_text(text, n, EXECUTOR_TEXT, " ");
      n = put_number(text, n, EXECUTOR_TEXT, operands[k++]);
    }
  return op->kind == TRACE_NEW && op->finalizable
             ? put_text(text, n, EXECUTOR_TEXT, " f")
             : n;
}

typedef struct story {
  size_t n;
  char text[STORY];
} story;

__attribute__((format(printf, 2, 3))) static void
tell(story *s, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(s->text + s->n, sizeof s->text - s->n, format, args);
  va_end(args);
  s->n = min_u64(s->n + (uint64_t)(n > 0 ? n : 0), sizeof s->text - 1);
}

/* An object's life, as far as it is known. */
static void tell_object(story *s, const executor_thread *t, shadow_ref o) {
  const shadow_object *object = at(t, o);
  const executor_past *p = past(t, o);
  tell(s, "object %" PRIu64 ": ", p->number);
  if (!object->used) {
    tell(s, "found unreachable by operation %" PRIu64 "\n", p->gone);
    return;
  }
  if (object->weak)
    tell(s, "a weak reference");
  else
    tell(s, "%" PRIu32 " slots, %" PRIu32 " bytes%s", object->slot_count,
         object->bytes,
         object->finalizable ? ", finalizable"
         : object->finalized ? ", handed out for finalization"
                             : "");
  tell(s, "; made by operation %" PRIu64 " of thread %u", object->birth,
       object->maker);
  if (p->stored)
    tell(s, ", last stored by %" PRIu64, p->stored);
  if (object->loss)
    tell(s, ", lost a reference in %" PRIu64, object->loss);
  tell(s, ", survived %" PRIu32 " checks", p->checks);
  if (p->gone)
    tell(s, ", found unreachable by %" PRIu64, p->gone);
  tell(s, "\n");
}

static void tell_path(story *s, const executor_thread *t, shadow_ref o) {
  enum { SHOWN = 8 };
  shadow_ref way[SHOWN];
  char root[64];
  size_t length = shadow_path(t->x->shadow, o, root, way, SHOWN);
  if (length == 0) {
    tell(s, "no root leads to it\n");
    return;
  }
  tell(s, "it can be reached: %s", root);
  for (size_t i = 0; i < length && i < SHOWN; i++)
    tell(s, " -> object %" PRIu64, past(t, way[i])->number);
  if (length > SHOWN)
    tell(s, " -> ... (%zu objects in all)", length);
  tell(s, "\n");
}

void executor_violation(executor_thread *t, const char *oracle,
                        shadow_ref object, const char *what, ...) {
  /* One story is enough, and other threads may be about to tell theirs. */
  static bool taken;
  while (__atomic_exchange_n(&taken, true, __ATOMIC_ACQ_REL))
    pause();
  static story s;
  va_list args;
  va_start(args, what);
  int n = vsnprintf(s.text, sizeof s.text, what, args);
  va_end(args);
  s.n = (size_t)n;
  char text[EXECUTOR_TEXT];
  executor_text(text, &t->op);
  tell(&s, "\n%soperation %" PRIu64 " of thread %u: %s\n",
       t->checking ? "in the comparison after " : "", t->now, t->number, text);
  if (object)
    tell_object(&s, t, object);
  if (object && at(t, object)->used && t->x->standing)
    tell_path(&s, t, object);
  wl_violation(t->wl, oracle, t->now, s.text);
}

static bool asks(const executor_thread *t, executor_oracle oracle) {
  return t->x->oracles & oracle;
}

/* Whether what is dead must be found dead.  A conservative collector may keep
 * some of it: then weak references to that give it, and it is handed out for
 * finalization later, when the shadow heap has it no more.  Such an object is
 * an object too many, and of those compare_count allows only so many. */
static bool must_find(void) {
  return !gc_this_collector.can.conservative;
}

/* ------------------------------------------------------------------------- *
 * Last words: a signal that kills tells which operation it met.
 * ------------------------------------------------------------------------- */

static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
enum { DEADLY = sizeof deadly / sizeof deadly[0] };
static struct sigaction before[DEADLY];
static _Thread_local executor_thread *self;

enum { HANDLER_STACK = 64 << 10 };

static void last_words(int signal) {
  const executor_thread *t = self;
  char line[256], text[EXECUTOR_TEXT];
  size_t n = put_text(line, 0, sizeof line, gc_this_collector.name);
  n = put_text(line, n, sizeof line, ": signal ");
  n = put_number(line, n, sizeof line, (uint64_t)signal);
  if (t) {
    n = put_text(line, n, sizeof line,
                 t->checking ? " in the comparison after operation "
                             : " in operation ");
    n = put_number(line, n, sizeof line, t->now);
    n = put_text(line, n, sizeof line, " of thread ");
    n = put_number(line, n, sizeof line, t->number);
    n = put_text(line, n, sizeof line, ": ");
    executor_text(text, &t->op);
    n = put_text(line, n, sizeof line, text);
  } else {
    n = put_text(line, n, sizeof line, " outside all operations");
  }
  line[n++] = '\n';
  if (write(STDERR_FILENO, line, n) < 0)
    return;
}

/* Whoever handled the signal before goes on from here: a fault repeats itself
 * on return, what was sent is sent again. */
static void on_deadly(int signal, siginfo_t *info, void *context) {
  (void)context;
  size_t i = 0;
  while (deadly[i] != signal)
    i++;
  last_words(signal);
  sigaction(signal, &before[i], NULL);
  if (info->si_code <= 0)
    raise(signal);
}

/* A collector whose barrier is the fault of a protected page keeps its handler,
 * which must run on the thread's own stack, where a collection looks.  What it
 * does not know it makes an abort, and that is told. */
static void watch_signals(void) {
  struct sigaction action = {.sa_sigaction = on_deadly,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < DEADLY; i++)
    if (sigaction(deadly[i], NULL, &before[i]) == 0 &&
        !(gc_this_collector.faults && before[i].sa_flags & SA_SIGINFO))
      sigaction(deadly[i], &action, NULL);
}

static void unwatch_signals(void) {
  for (size_t i = 0; i < DEADLY; i++)
    sigaction(deadly[i], &before[i], NULL);
}

/* ------------------------------------------------------------------------- *
 * Comparing a register.
 * ------------------------------------------------------------------------- */

static uint64_t stamp_of(const executor_thread *t, shadow_ref o) {
  return past(t, o)->number << PLACE_BITS | o;
}

/* Whether an object says which it is. */
static bool is_stamped(const shadow_object *object) {
  return !object->weak && object->bytes >= 8;
}

/* Fails because register `r` does not hold `o` as it was left. */
_Noreturn static void wrong_object(executor_thread *t, const char *oracle,
                                   gc_reg r, shadow_ref o) {
  uint64_t expected = stamp_of(t, o), found = stamp_id(t->m, r), freed;
  shadow_ref place = (shadow_ref)(found & (PLACES - 1));
  if (found == expected)
    executor_violation(t, oracle, o,
                       "the payload of object %" PRIu64 " is damaged",
                       past(t, o)->number);
  if (hostile_is_pattern(found, &freed))
    executor_violation(
        t, oracle, o,
        "object %" PRIu64
        " is not there: its memory was freed in operation %" PRIu64,
        past(t, o)->number, freed);
  if (place && past(t, place)->number == found >> PLACE_BITS)
    executor_violation(t, oracle, o,
                       "object %" PRIu64 " is expected, and object %" PRIu64
                       " found",
                       past(t, o)->number, past(t, place)->number);
  executor_violation(t, oracle, o,
                     "object %" PRIu64
                     " is expected, and found is what begins with %#" PRIx64,
                     past(t, o)->number, found);
}

/* Objects without a stamp are told apart by asking whether two registers hold
 * the same. */
static void confirm_sameness(executor_thread *t, gc_reg r, shadow_ref o) {
  shadow_frame f;
  if (!shadow_innermost(t->shadow, &f))
    return;
  for (gc_reg k = f.first; k < f.first + f.owning; k++)
    if (gc_same(t->m, r, k) != (shadow_register(t->shadow, k) == o))
      executor_violation(
          t, "graph", o,
          "registers %" PRIu32 " and %" PRIu32 " should hold %s object", r, k,
          shadow_register(t->shadow, k) == o ? "the same" : "not the same");
}

/* Compares register `r`, outside frames of our own, with `o`: which object it
 * is, and with `whole` also whether its payload is as it was left. */
static void confirm_as(executor_thread *t, gc_reg r, shadow_ref o,
                       const char *oracle, bool whole) {
  if (gc_is_null(t->m, r) != !o)
    executor_violation(t, oracle, o,
                       o ? "register %" PRIu32 " is null"
                         : "register %" PRIu32 " is not null",
                       r);
  if (!o)
    return;
  const shadow_object *object = at(t, o);
  if (!is_stamped(object))
    confirm_sameness(t, r, o);
  else if (stamp_id(t->m, r) != stamp_of(t, o) ||
           (whole && !stamp_whole(t->m, r, object->bytes)))
    wrong_object(t, oracle, r, o);
}

static void confirm(executor_thread *t, gc_reg r, shadow_ref o) {
  if (asks(t, ORACLE_GRAPH))
    confirm_as(t, r, o, "graph", true);
}

/* ------------------------------------------------------------------------- *
 * Questions: what must be unreachable is looked for at once if the threads
 * stand still and the time spent on that allows it, else at the next check.
 * ------------------------------------------------------------------------- */

/* Places that may be marked for an operation, on average, and in any case: a
 * short trace is asked everything at once, or it would pass where the long one
 * that it was made from failed. */
enum { CREDIT = 8, CREDIT_FIRST = 1 << 22 };

static bool afford_mark(executor_thread *t) {
  uint64_t price = shadow_end(t->x->shadow);
  if (t->credit < price)
    return false;
  t->credit -= price;
  return true;
}

static bool mark_now(executor_thread *t) {
  if (!t->x->standing || !afford_mark(t))
    return false;
  shadow_mark_reachable(t->x->shadow);
  return true;
}

static void add_question(executor_questions *list, executor_question q) {
  list->items = grown(list->items, list->count, &list->room, sizeof q);
  list->items[list->count++] = q;
}

/* The object is marked if it can be reached. */
static void answer(executor_thread *t, executor_question q) {
  const executor_past *p = past(t, q.object);
  if (!at(t, q.object)->marked)
    return;
  if (q.kind == QUESTION_CLEARED && q.weak_birth > p->doubt)
    executor_violation(t, "weak", q.object,
                       "a weak reference to object %" PRIu64
                       " was cleared by operation %" PRIu64
                       ", though the object is alive",
                       p->number, q.when);
  if (q.kind == QUESTION_HANDED_OUT)
    executor_violation(t, "finalizer", q.object,
                       "object %" PRIu64
                       " was handed out for finalization in operation %" PRIu64
                       " while alive",
                       p->number, q.when);
}

static void answer_all(executor_thread *t, executor_questions *list) {
  for (size_t i = 0; i < list->count; i++)
    answer(t, list->items[i]);
  list->count = 0;
}

/* `o` and what it leads to (with `dead`: as far as it is not marked) may have
 * been found dead up to now. */
static void cast_doubt(executor_thread *t, shadow_ref o, bool dead) {
  size_t count = 0, room = 0;
  shadow_ref *work = grown(NULL, 0, &room, sizeof *work);
  past(t, o)->doubt = t->now;
  work[count++] = o;
  while (count > 0) {
    const shadow_object *object = at(t, work[--count]);
    for (uint32_t i = 0; i < object->slot_count; i++) {
      shadow_ref child = object->slots[i];
      if (!child || past(t, child)->doubt == t->now ||
          (dead && at(t, child)->marked))
        continue;
      past(t, child)->doubt = t->now;
      work = grown(work, count, &room, sizeof *work);
      work[count++] = child;
    }
  }
  free(work);
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

/* Whether allocations are made to fail, with room or without. */
static bool may_fail(void) {
  return hostile.fail_at || hostile.fail_every;
}

/* An allocation failed: was there room? */
static executor_result failed(executor_thread *t, gc_reg dst, gc_shape shape) {
  executor *x = t->x;
  t->counts.failed++;
  uint64_t limit = x->run->heap_limit, bytes = gc_shape_bytes(shape);
  /* Where deaths were stated beforehand, the rest of them would be wrong. */
  if (GC_EXPLICIT_FREE || (!limit && !may_fail()))
    gc_out_of_memory(t->m, shape);
  confirm(t, dst, shadow_register(t->shadow, dst));
  if (!asks(t, ORACLE_LIMIT) || may_fail() || (x->standing && !afford_mark(t)))
    return FAILED;
  uint64_t held =
      x->standing
          ? shadow_mark_surviving(x->shadow, gc_this_collector.can.reclaims)
                .bytes
          : __atomic_load_n(&x->safe_bytes, __ATOMIC_RELAXED);
  if ((held + bytes + LIMIT_SPARE) * LIMIT_SHARE < limit)
    executor_violation(t, "limit", 0,
                       "no room for %" PRIu64 " bytes, though only %" PRIu64
                       " of %" PRIu64 " are held by what must survive",
                       bytes, held, limit);
  return FAILED;
}

/* A new object is in register `dst` of both; names it. */
static void name_object(executor_thread *t, gc_reg dst, shadow_ref o,
                        uint64_t number) {
  executor *x = t->x;
  *past(t, o) = (executor_past){.number = number, .owner = t->number};
  const shadow_object *object = at(t, o);
  if (is_stamped(object))
    stamp(t->m, dst, object->bytes, stamp_of(t, o));
  uint64_t bytes =
      gc_shape_bytes((gc_shape){object->slot_count, object->bytes});
  t->counts.made++;
  t->counts.bytes += bytes;
  if (x->parallel && x->run->heap_limit)
    __atomic_fetch_add(&x->safe_bytes, bytes, __ATOMIC_RELAXED);
}

/* Where deaths are stated, a table in the heap has every object that is not
 * freed yet, by its number: the trace may have lost it long ago. */
enum { HELD = GC_GLOBALS };

static void hold(executor_thread *t, gc_reg r, uint64_t number) {
  gc_reg table = gc_frame_enter(t->m, 0, 1);
  gc_global_borrow(t->m, table, HELD);
  gc_store(t->m, table, (uint32_t)(number - 1), r);
  gc_frame_leave(t->m, table, 0, 1);
}

static executor_result make(executor_thread *t, const trace_op *op,
                            uint64_t number) {
  gc_shape shape = {op->b, op->c};
  hostile_before_new(t->m);
  if (!gc_try_new(t->m, op->a, shape,
                  op->finalizable ? GC_FINALIZABLE : GC_PLAIN))
    return failed(t, op->a, shape);
  name_object(t, op->a, shadow_apply(t->shadow, op, 0), number);
  if (GC_EXPLICIT_FREE && t->x->held)
    hold(t, op->a, number);
  return PERFORMED;
}

static executor_result make_weak(executor_thread *t, const trace_op *op,
                                 uint64_t number) {
  hostile_before_new(t->m);
  if (!gc_try_weak_new(t->m, op->a, op->b))
    return failed(t, op->a, GC_WEAK_SHAPE);
  name_object(t, op->a, shadow_apply(t->shadow, op, 0), number);
  return PERFORMED;
}

static void weak_cleared(executor_thread *t, shadow_ref weak,
                         shadow_ref target) {
  t->counts.weak_cleared++;
  if (!asks(t, ORACLE_WEAK))
    return;
  executor_question q = {.kind = QUESTION_CLEARED,
                         .object = target,
                         .weak_birth = at(t, weak)->birth,
                         .when = t->now};
  if (mark_now(t))
    answer(t, q);
  else
    add_question(&t->questions, q);
}

/* A weak reference gave its target.  It must not if that was found dead since
 * then, whatever its finalizer did with it. */
static void confirm_uncleared(executor_thread *t, shadow_ref weak) {
  shadow_ref target = at(t, weak)->target;
  if (at(t, weak)->birth <= past(t, target)->condemned)
    executor_violation(t, "weak", target,
                       "weak reference %" PRIu64 " gives object %" PRIu64
                       ", which was found dead and handed out for finalization "
                       "by operation %" PRIu64,
                       past(t, weak)->number, past(t, target)->number,
                       past(t, target)->condemned);
}

static void weak_get(executor_thread *t, const trace_op *op) {
  shadow_ref weak = shadow_register(t->shadow, op->b);
  shadow_ref target = at(t, weak)->target;
  bool got = gc_weak_get(t->m, op->a, op->b);
  if (got && !target) {
    if (asks(t, ORACLE_WEAK) && must_find())
      executor_violation(t, "weak", weak,
                         "weak reference %" PRIu64
                         " gives an object, but its target is gone",
                         past(t, weak)->number);
    gc_clear(t->m, op->a);
    got = false;
  }
  if (!got && target)
    weak_cleared(t, weak, target);
  t->counts.weak_alive += got;
  if (got && asks(t, ORACLE_WEAK))
    confirm_uncleared(t, weak);
  shadow_ref o = shadow_apply(t->shadow, op, got);
  if (asks(t, ORACLE_WEAK))
    confirm_as(t, op->a, o, "weak", false);
}

/* The object that was handed out into register `r`; 0 if it is none that may
 * be. */
static shadow_ref identify(executor_thread *t, gc_reg r) {
  bool looks = asks(t, ORACLE_FINALIZER);
  uint64_t id = stamp_id(t->m, r);
  shadow_ref o = (shadow_ref)(id & (PLACES - 1));
  executor_past *p = past(t, o);
  if (!o || p->number != id >> PLACE_BITS || !at(t, o)->used) {
    if (looks && must_find())
      executor_violation(t, "finalizer", 0,
                         "handed out is no live object of ours: it begins "
                         "with %#" PRIx64,
                         id);
    return 0;
  }
  if (__atomic_exchange_n(&p->handed_out, true, __ATOMIC_RELAXED)) {
    if (looks)
      executor_violation(t, "finalizer", o,
                         "object %" PRIu64 " is handed out a second time",
                         p->number);
    return 0;
  }
  if (!at(t, o)->finalizable) {
    if (looks)
      executor_violation(t, "finalizer", o,
                         "object %" PRIu64
                         " is handed out, but is not finalizable",
                         p->number);
    return 0;
  }
  return o;
}

static void handed_out(executor_thread *t, shadow_ref o) {
  t->counts.handed_out++;
  bool looks = asks(t, ORACLE_FINALIZER) && past(t, o)->doubt == 0;
  executor_question q = {
      .kind = QUESTION_HANDED_OUT, .object = o, .when = t->now};
  if (!t->x->standing) {
    /* It will be dropped at once, and so be unreachable then. */
    if (looks)
      add_question(&t->questions, q);
    past(t, o)->doubt = t->now;
    return;
  }
  if (past(t, o)->doubt == 0)
    past(t, o)->condemned = t->now;
  bool marked = mark_now(t);
  if (marked && looks)
    answer(t, q);
  cast_doubt(t, o, marked);
}

static void finalizer_next(executor_thread *t, const trace_op *op) {
  if (!gc_finalizer_next(t->m, op->a)) {
    shadow_apply(t->shadow, op, 0);
    confirm(t, op->a, shadow_register(t->shadow, op->a));
    return;
  }
  shadow_ref o = identify(t, op->a);
  if (!o) {
    /* Nobody looks, or it was found late; forget it. */
    gc_clear(t->m, op->a);
    shadow_apply(t->shadow, &(trace_op){.kind = TRACE_CLEAR, .a = op->a}, 0);
    if (!must_find())
      finalizer_next(t, op); /* others may wait behind it */
    return;
  }
  handed_out(t, o);
  shadow_apply(t->shadow, op, o);
  confirm(t, op->a, o);
}

/* Every few safepoints are blocking stretches: to a collector the thread is
 * away. */
static void safepoint(executor_thread *t) {
  if (t->now % 4 == 0) {
    gc_blocking_enter(t->m);
    gc_blocking_leave(t->m);
  } else {
    gc_safepoint(t->m);
  }
}

static void lock(executor_thread *t, bool wanted) {
  if (t->locked == wanted)
    return;
  t->locked = wanted;
  if (!t->x->parallel) /* turns are order enough */
    return;
  if (wanted)
    wl_lock_acquire(t->wl, &t->x->lock);
  else
    wl_lock_release(t->wl, &t->x->lock);
}

static void note_stored(executor_thread *t, gc_reg src) {
  shadow_ref o = shadow_register(t->shadow, src);
  if (o)
    __atomic_store_n(&past(t, o)->stored, t->now, __ATOMIC_RELAXED);
}

/* What every collector answers alike. */
static void perform_plain(executor_thread *t, const trace_op *op) {
  gc_mutator *m = t->m;
  shadow_frame f;
  switch ((trace_kind)op->kind) {
  case TRACE_ENTER:
    f.first = gc_frame_enter(m, op->a, op->b);
    if (f.first != shadow_top(t->shadow))
      executor_violation(t, "graph", 0, "the frame begins at register %" PRIu32,
                         f.first);
    break;
  case TRACE_LEAVE:
    shadow_innermost(t->shadow, &f);
    gc_frame_leave(m, f.first, f.owning, f.borrowing);
    break;
  case TRACE_LOAD:
    gc_load(m, op->a, op->b, op->c);
    break;
  case TRACE_BORROW:
    gc_borrow(m, op->a, op->b, op->c);
    break;
  case TRACE_UNBORROW:
    gc_unborrow(m, op->a);
    break;
  case TRACE_STORE:
    note_stored(t, op->c);
    gc_store(m, op->a, op->b, op->c);
    break;
  case TRACE_STORE_TAKE:
    note_stored(t, op->c);
    gc_store_take(m, op->a, op->b, op->c);
    break;
  case TRACE_STORE_NULL:
    gc_store_null(m, op->a, op->b);
    break;
  case TRACE_COPY:
    gc_copy(m, op->a, op->b);
    break;
  case TRACE_MOVE:
    gc_move(m, op->a, op->b);
    break;
  case TRACE_CLEAR:
    gc_clear(m, op->a);
    break;
  case TRACE_GLOBAL_LOAD:
    gc_global_load(m, op->a, op->b);
    break;
  case TRACE_GLOBAL_BORROW:
    gc_global_borrow(m, op->a, op->b);
    break;
  case TRACE_GLOBAL_STORE:
    note_stored(t, op->b);
    gc_global_store(m, op->a, op->b);
    break;
  case TRACE_GLOBAL_CLEAR:
    gc_global_clear(m, op->a);
    break;
  case TRACE_TLS_LOAD:
    gc_tls_load(m, op->a, op->b);
    break;
  case TRACE_TLS_BORROW:
    gc_tls_borrow(m, op->a, op->b);
    break;
  case TRACE_TLS_STORE:
    note_stored(t, op->b);
    gc_tls_store(m, op->a, op->b);
    break;
  case TRACE_TLS_CLEAR:
    gc_tls_clear(m, op->a);
    break;
  case TRACE_SAFEPOINT:
    safepoint(t);
    break;
  case TRACE_COLLECT:
    gc_collect(m);
    break;
  case TRACE_LOCK:
  case TRACE_UNLOCK:
    lock(t, op->kind == TRACE_LOCK);
    break;
  default: /* the collector does not see it, or does_perform() does it */
    break;
  }
}

/* The register that the operation leaves something in, if there is one. */
static bool writes_register(const trace_op *op) {
  char first = trace_kinds[op->kind].operands[0];
  return first == 'd' || first == 'b';
}

static executor_result perform(executor_thread *t, const trace_op *op,
                               uint64_t number) {
  switch (op->kind) {
  case TRACE_NEW:
    return make(t, op, number);
  case TRACE_WEAK_NEW:
    return make_weak(t, op, number);
  case TRACE_WEAK_GET:
    weak_get(t, op);
    return PERFORMED;
  case TRACE_FINALIZER_NEXT:
    finalizer_next(t, op);
    return PERFORMED;
  case TRACE_PAYLOAD:
    confirm(t, op->a, shadow_register(t->shadow, op->a));
    return PERFORMED;
  default:
    perform_plain(t, op);
    shadow_apply(t->shadow, op, 0);
    if (writes_register(op))
      confirm(t, op->a, shadow_register(t->shadow, op->a));
    return PERFORMED;
  }
}

static bool refuses(const executor_thread *t, const trace_op *op) {
  const gc_capabilities *can = &gc_this_collector.can;
  bool weak = op->kind == TRACE_WEAK_NEW || op->kind == TRACE_WEAK_GET;
  return (weak && !can->weak) ||
         (op->kind == TRACE_FINALIZER_NEXT && !can->finalizers) ||
         shadow_refuses(t->shadow, op);
}

/* The next operation begins. */
static void advance(executor_thread *t, const trace_op *op) {
  executor *x = t->x;
  t->now = x->parallel ? t->now + 1 : ++x->clock;
  t->credit += CREDIT;
  t->counts.operations++;
  t->counts.kinds[op->kind]++;
  t->op = *op;
  t->op.thread = t->number;
  hostile_clock = t->now;
  shadow_set_clock(t->shadow, t->now);
  if (x->writer)
    trace_write(x->writer, &t->op);
}

executor_result executor_perform(executor_thread *t, const trace_op *wanted,
                                 uint64_t number) {
  trace_op op = *wanted;
  if (op.kind == TRACE_NEW) {
    op.finalizable = op.finalizable && gc_this_collector.can.finalizers;
    if (op.finalizable && op.c < 8)
      op.c = 8;
  }
  if (refuses(t, &op)) {
    t->counts.skipped++;
    return REFUSED;
  }
  if (!t->checking)
    advance(t, &op);
  executor_result result = perform(t, &op, number);
  if (gc_unlikely(hostile_violation() != NULL))
    executor_violation(t, "poison", 0, "%s", hostile_violation());
  return result;
}

void executor_hold(executor_thread *t, uint64_t most) {
  if (!GC_EXPLICIT_FREE || most == 0)
    return;
  gc_reg table = gc_frame_enter(t->m, 1, 0);
  gc_new(t->m, table, (gc_shape){(uint32_t)most, 0}, GC_PLAIN);
  gc_global_store(t->m, HELD, table);
  gc_frame_leave(t->m, table, 1, 0);
  t->x->held = most;
  t->x->foreign++;
}

void executor_dead(executor_thread *t, uint64_t number) {
  if (!GC_EXPLICIT_FREE || number > t->x->held)
    return;
  gc_reg o = gc_frame_enter(t->m, 1, 1), table = o + 1;
  gc_global_borrow(t->m, table, HELD);
  gc_load(t->m, o, table, (uint32_t)(number - 1));
  if (!gc_is_null(t->m, o)) {
    gc_store_null(t->m, table, (uint32_t)(number - 1));
    gc_free(t->m, o);
    t->x->freed++;
  }
  gc_frame_leave(t->m, o, 1, 1);
}

void executor_free_rest(executor_thread *t) {
  if (!GC_EXPLICIT_FREE || t->x->held == 0)
    return;
  for (uint64_t number = 1; number <= t->x->held; number++)
    executor_dead(t, number);
  gc_reg table = gc_frame_enter(t->m, 1, 0);
  gc_global_load(t->m, table, HELD);
  gc_global_clear(t->m, HELD);
  gc_free(t->m, table);
  gc_frame_leave(t->m, table, 1, 0);
  t->x->held = 0;
  t->x->foreign--;
}

/* ------------------------------------------------------------------------- *
 * A walk through the real heap in step with the shadow heap, depth first.  Each
 * thread starts from its own roots; what one has seen the next ones only
 * compare.
 *
 * The way back up from an object is kept as numbers of slots.  Only every so
 * manieth object of it is held by a register, from which the others are found
 * again: the depth is not bounded by the number of registers.
 * ------------------------------------------------------------------------- */

enum {
  WITNESSES = 64, /* registers for objects that are known by nothing else */
  SPACING = 8     /* objects between those held, if registers do not lack */
};

typedef struct step {
  shadow_ref at;
  uint32_t next; /* the slot to look at */
} step;

typedef struct walk {
  executor_thread *t;
  gc_reg own, here, look, witnesses, held;
  shadow_ref witnessed[WITNESSES];
  uint32_t spacing;
  gc_reg base; /* holds the first object */
  step *steps;
  size_t depth, room;
} walk;

/* Where a register's content came from, for the story. */
typedef struct origin {
  const char *kind;
  uint32_t number;
  shadow_ref from;
} origin;

_Noreturn static void differs(walk *w, origin from, shadow_ref o) {
  executor_thread *t = w->t;
  if (from.from)
    executor_violation(t, "graph", o ? o : from.from,
                       "slot %" PRIu32 " of object %" PRIu64
                       " should hold %s %" PRIu64 ", and does not",
                       from.number, past(t, from.from)->number,
                       o ? "object" : "null, not", past(t, o)->number);
  executor_violation(t, "graph", o,
                     "%s %" PRIu32 " of thread %u should hold %s %" PRIu64
                     ", and does not",
                     from.kind, from.number, t->number,
                     o ? "object" : "null, not", past(t, o)->number);
}

static void compare_weak(walk *w, gc_reg r, shadow_ref o) {
  executor_thread *t = w->t;
  executor *x = t->x;
  shadow_object *weak = at(t, o);
  shadow_ref target = weak->target;
  bool got = gc_weak_get(t->m, w->own, r);
  bool late = got && (!target || !at(t, target)->marked);
  if (late && must_find())
    executor_violation(t, "weak", o,
                       "weak reference %" PRIu64
                       " was not cleared, though its target is gone",
                       past(t, o)->number);
  if (late)
    weak->target = 0;
  else if (got) {
    confirm_uncleared(t, o);
    confirm_as(t, w->own, target, "weak", false);
  }
  if (!got && target) {
    const executor_past *p = past(t, target);
    if (p->reached == x->checks && weak->birth > p->doubt)
      executor_violation(t, "weak", target,
                         "weak reference %" PRIu64
                         " was cleared, though its target %" PRIu64 " is alive",
                         past(t, o)->number, p->number);
    weak->target = 0;
  }
  gc_clear(t->m, w->own);
}

/* Compares what register `r` holds with `o`.  Returns whether it is the first
 * time and there is more behind it. */
static bool compare(walk *w, gc_reg r, shadow_ref o, origin from) {
  executor_thread *t = w->t;
  executor *x = t->x;
  if (gc_is_null(t->m, r) != !o) {
    if (asks(t, ORACLE_GRAPH))
      differs(w, from, o);
    return false;
  }
  if (!o)
    return false;
  shadow_object *object = at(t, o);
  executor_past *p = past(t, o);
  bool first = p->walked != x->checks;
  p->walked = (uint32_t)x->checks;
  if (is_stamped(object)) {
    if (!stamp_is(t->m, r, object->bytes, stamp_of(t, o))) {
      if (asks(t, ORACLE_GRAPH))
        wrong_object(t, "graph", r, o);
      return false;
    }
  } else if (w->witnessed[o % WITNESSES] == o && asks(t, ORACLE_GRAPH) &&
             !gc_same(t->m, r, w->witnesses + o % WITNESSES)) {
    differs(w, from, o);
  }
  if (first && object->weak && asks(t, ORACLE_WEAK))
    compare_weak(w, r, o);
  return first && object->slot_count > 0;
}

static void push(walk *w, shadow_ref o) {
  w->steps = grown(w->steps, w->depth, &w->room, sizeof *w->steps);
  w->steps[w->depth++] = (step){o, 0};
}

/* The register with the object at `depth`, which is held. */
static gc_reg held_at(const walk *w, size_t depth) {
  return depth == 0 ? w->base : w->held + (gc_reg)(depth / w->spacing);
}

/* The register with the last object of the way, found again. */
static gc_reg find_last(walk *w) {
  size_t depth = w->depth - 1, d = depth - depth % w->spacing;
  gc_reg r = held_at(w, d);
  for (; d < depth; d++) {
    gc_borrow(w->t->m, w->here, r, w->steps[d].next - 1);
    r = w->here;
  }
  return r;
}

/* Everything behind the object `o` in register `base`. */
static void walk_from(walk *w, gc_reg base, shadow_ref o) {
  executor_thread *t = w->t;
  w->base = base;
  w->depth = 0;
  push(w, o);
  gc_reg r = base;
  while (w->depth > 0) {
    step *s = &w->steps[w->depth - 1];
    if (s->next == at(t, s->at)->slot_count) {
      if (--w->depth > 0)
        r = find_last(w);
      continue;
    }
    uint32_t i = s->next++;
    shadow_ref child = at(t, s->at)->slots[i];
    gc_borrow(t->m, w->look, r, i);
    if (child && !is_stamped(at(t, child)) &&
        past(t, child)->walked != t->x->checks) {
      gc_borrow(t->m, w->witnesses + child % WITNESSES, r, i);
      w->witnessed[child % WITNESSES] = child;
    }
    if (!compare(w, w->look, child, (origin){.number = i, .from = s->at}))
      continue;
    gc_reg to = w->depth % w->spacing == 0 ? held_at(w, w->depth) : w->here;
    gc_borrow(t->m, to, r, i);
    push(w, child);
    r = to;
  }
}

static void walk_root(walk *w, gc_reg r, shadow_ref o, const char *kind,
                      uint32_t n) {
  if (compare(w, r, o, (origin){.kind = kind, .number = n}))
    walk_from(w, r, o);
}

/* All roots of one thread, and of the process for the first. */
static void walk_thread(executor_thread *t) {
  executor *x = t->x;
  gc_mutator *m = t->m;
  gc_reg top = shadow_top(t->shadow);
  walk w = {.t = t};
  uint32_t reachable = (uint32_t)x->reachable.objects;
  uint32_t room = GC_REGISTERS - top - WITNESSES - 16;
  w.spacing = (uint32_t)max_u64(SPACING, reachable / room + 1);
  uint32_t held = reachable / w.spacing + 2, borrowing = 3 + WITNESSES + held;
  t->checking = true;
  w.own = gc_frame_enter(m, 1, borrowing);
  gc_reg root = w.own + 1;
  w.here = w.own + 2;
  w.look = w.own + 3;
  w.witnesses = w.own + 4;
  w.held = w.witnesses + WITNESSES;
  if (t == x->threads)
    for (uint32_t g = 0; g < GC_GLOBALS; g++) {
      gc_global_borrow(m, root, g);
      walk_root(&w, root, shadow_global(x->shadow, g), "global", g);
    }
  for (uint32_t l = 0; l < GC_TLS; l++) {
    gc_tls_borrow(m, root, l);
    walk_root(&w, root, shadow_tls(t->shadow, l), "thread-local root", l);
  }
  for (gc_reg r = 0; r < top; r++)
    walk_root(&w, r, shadow_register(t->shadow, r), "register", r);
  gc_frame_leave(m, w.own, 1, borrowing);
  t->checking = false;
  free(w.steps);
}

/* ------------------------------------------------------------------------- *
 * Checks.
 * ------------------------------------------------------------------------- */

/* Collects and takes what waits for its finalizer, until there is no more. */
static void drain(executor_thread *t) {
  if (!gc_this_collector.can.finalizers) {
    gc_collect(t->m);
    return;
  }
  gc_reg r = shadow_top(t->shadow);
  executor_perform(t, &(trace_op){.kind = TRACE_ENTER, .a = 1}, 0);
  for (bool again = true; again;) {
    again = false;
    gc_collect(t->m);
    for (;;) {
      executor_perform(t, &(trace_op){.kind = TRACE_FINALIZER_NEXT, .a = r}, 0);
      if (!shadow_register(t->shadow, r))
        break;
      executor_perform(t, &(trace_op){.kind = TRACE_CLEAR, .a = r}, 0);
      again = true;
    }
  }
  executor_perform(t, &(trace_op){.kind = TRACE_LEAVE}, 0);
}

/* Remembers what is marked as reachable. */
static void note_reachable(executor_thread *t) {
  executor *x = t->x;
  for (shadow_ref o = 1; o < shadow_end(x->shadow); o++) {
    const shadow_object *object = at(t, o);
    executor_past *p = past(t, o);
    if (object->marked) {
      p->reached = (uint32_t)x->checks;
      p->checks++;
      p->gone = 0;
    } else if (object->used && !p->gone) {
      p->gone = t->now;
    }
  }
}

/* Nothing finalizable that the collector reclaims may be left, unless alive.
 * To a shadow heap in which such objects are ordinary ones, they must not
 * survive. */
static void compare_finalizable(executor_thread *t) {
  executor *x = t->x;
  size_t n = 0, room = 0;
  shadow_ref *dead = NULL;
  for (shadow_ref o = 1; o < shadow_end(x->shadow); o++) {
    shadow_object *object = at(t, o);
    if (!object->used || !object->finalizable ||
        past(t, o)->reached == x->checks)
      continue;
    dead = grown(dead, n, &room, sizeof *dead);
    dead[n++] = o;
    object->finalizable = false;
  }
  if (n > 0)
    shadow_mark_surviving(x->shadow, gc_this_collector.can.reclaims);
  for (size_t i = 0; i < n; i++) {
    at(t, dead[i])->finalizable = true;
    if (!at(t, dead[i])->marked && asks(t, ORACLE_FINALIZER) && must_find())
      executor_violation(t, "finalizer", dead[i],
                         "object %" PRIu64
                         " is dead and was never handed out for finalization",
                         past(t, dead[i])->number);
  }
  free(dead);
}

static void add_counts(executor_counts *to, const executor_counts *from) {
  uint64_t *sum = (uint64_t *)to;
  const uint64_t *more = (const uint64_t *)from;
  for (size_t i = 0; i < sizeof *to / sizeof *sum; i++)
    sum[i] += more[i];
}

static executor_counts counts_of(const executor *x) {
  executor_counts sum = x->ended;
  for (const executor_thread *t = x->threads; t; t = t->next)
    add_counts(&sum, &t->counts);
  return sum;
}

/* What the heap's memory is used for, as far as the collector tells. */
static gc_usage usage_of(gc_heap *heap) {
  return gc_heap_usage ? gc_heap_usage(heap)
                       : (gc_usage){.objects = GC_UNKNOWN, .pages = GC_UNKNOWN};
}

static void compare_count(executor_thread *t, uint64_t expected) {
  if (!asks(t, ORACLE_COUNT))
    return;
  uint64_t all = gc_heap_objects(t->x->run->heap);
  uint64_t used = usage_of(t->x->run->heap).objects;
  if (used != all && used != GC_UNKNOWN)
    executor_violation(t, "count", 0,
                       "gc_heap_usage tells of %" PRIu64
                       " objects right after a collection, gc_heap_objects of "
                       "%" PRIu64,
                       used, all);
  uint64_t found = all - t->x->foreign;
  uint64_t spare = wl_spare(counts_of(t->x).made - expected);
  if (found >= expected && found <= expected + spare)
    return;
  executor_violation(
      t, "count", 0,
      "%" PRIu64 " objects are in the heap, %" PRIu64
      " %s than must be: of %" PRIu64 " that are reachable and %" PRIu64
      " kept as declared",
      found, found < expected ? expected - found : found - expected - spare,
      found < expected ? "fewer" : "more", t->x->reachable.objects,
      expected - t->x->reachable.objects);
}

static void compare_limit(executor_thread *t) {
  uint64_t limit = t->x->run->heap_limit;
  if (!limit || !asks(t, ORACLE_LIMIT))
    return;
  gc_footprint f = gc_heap_footprint(t->x->run->heap);
  if (f.bytes > limit + limit / 4 + LIMIT_OVER)
    executor_violation(t, "limit", 0,
                       "the heap takes %" PRIu64 " bytes, and its limit is "
                       "%" PRIu64,
                       f.bytes, limit);
  uint64_t pages = usage_of(t->x->run->heap).pages;
  if (pages > limit && pages != GC_UNKNOWN)
    executor_violation(t, "limit", 0,
                       "objects take %" PRIu64
                       " bytes of pages, and the limit is %" PRIu64,
                       pages, limit);
}

/* Threads run on from the same time. */
static void synchronise(executor *x) {
  for (executor_thread *t = x->threads; t; t = t->next)
    x->clock = max_u64(x->clock, t->now);
  for (executor_thread *t = x->threads; t; t = t->next)
    t->now = x->clock;
}

static void answer_threads(executor_thread *first) {
  executor *x = first->x;
  shadow_mark_reachable(x->shadow);
  answer_all(first, &x->left);
  for (executor_thread *t = x->threads; t; t = t->next)
    answer_all(t, &t->questions);
}

void executor_stand(executor_thread *t, bool still) {
  t->x->standing = still;
  synchronise(t->x);
  if (still)
    answer_threads(t);
}

void executor_check(executor_thread *t, executor_each *each, void *data) {
  executor *x = t->x;
  t->checking = true;
  x->checks++;
  answer_threads(t);
  drain(t);
  answer_threads(t); /* what the drain gave rise to */
  x->reachable = shadow_mark_reachable(x->shadow);
  note_reachable(t);
  compare_finalizable(t);
  x->surviving =
      shadow_mark_surviving(x->shadow, gc_this_collector.can.reclaims);
  if (x->surviving.bytes > x->peak_bytes)
    x->peak_bytes = x->surviving.bytes;
  /* What is told of deaths frees no more than it was told. */
  compare_count(t, GC_EXPLICIT_FREE ? counts_of(x).made - x->freed
                                    : x->surviving.objects);
  if (asks(t, ORACLE_CHECK)) {
    const char *why = gc_heap_check(x->run->heap);
    if (why)
      executor_violation(t, "check", 0, "%s", why);
  }
  if (asks(t, ORACLE_GRAPH | ORACLE_WEAK)) {
    each(data, walk_thread);
    t->checking = true;
  }
  shadow_bury_unmarked(x->shadow, NULL, NULL);
  x->buried = counts_of(x).made - x->surviving.objects;
  x->safe_bytes = x->surviving.bytes;
  compare_limit(t);
  t->checking = false;
}

/* ------------------------------------------------------------------------- *
 * From end to end.
 * ------------------------------------------------------------------------- */

void executor_open(executor *x, wl_thread *t, unsigned oracles, bool parallel) {
  *x = (executor){.run = t->run,
                  .shadow = shadow_create(),
                  .oracles = oracles,
                  .parallel = parallel,
                  .standing = !parallel};
  pthread_mutex_init(&x->list, NULL);
  x->pasts = mmap(NULL, PLACES * sizeof *x->pasts, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!x->shadow || x->pasts == MAP_FAILED) {
    fputs("executor: no memory for the model\n", stderr);
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
  watch_signals();
}

void executor_close(executor *x) {
  unwatch_signals();
  if (!trace_writer_close(x->writer)) {
    fprintf(stderr, "executor: the trace %s is not whole\n", trace_output);
    exit(EXIT_FAILURE);
  }
  pthread_mutex_destroy(&x->list);
  free(x->left.items);
  munmap(x->pasts, PLACES * sizeof *x->pasts);
  shadow_destroy(x->shadow);
}

/* Operations that are not the shadow heap's. */
static void note_operation(executor_thread *t, trace_kind kind) {
  advance(t, &(trace_op){.kind = (uint8_t)kind});
}

void executor_attach(executor_thread *t, executor *x, wl_thread *wl,
                     uint16_t number) {
  *t = (executor_thread){
      .x = x, .wl = wl, .m = wl->m, .number = number, .credit = CREDIT_FIRST};
  t->shadow = shadow_attach(x->shadow, number);
  if (!t->shadow) {
    fputs("executor: no memory for a thread\n", stderr);
    exit(EXIT_FAILURE);
  }
  stack_t words = {.ss_sp = own_memory(1, HANDLER_STACK),
                   .ss_size = HANDLER_STACK};
  t->words = words.ss_sp;
  sigaltstack(&words, &t->words_before);
  self = t;
  pthread_mutex_lock(&x->list);
  /* The first stays the first: it answers for the process's roots. */
  executor_thread **link = &x->threads;
  while (*link)
    link = &(*link)->next;
  *link = t;
  t->now = x->clock;
  pthread_mutex_unlock(&x->list);
  if (number > 0)
    note_operation(t, TRACE_ATTACH);
}

void executor_detach(executor_thread *t) {
  executor *x = t->x;
  lock(t, false);
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
    add_question(&x->left, t->questions.items[i]);
  pthread_mutex_unlock(&x->list);
  shadow_detach(t->shadow);
  self = NULL;
  sigaltstack(&t->words_before, NULL);
  free(t->words);
  free(t->questions.items);
}

#define KIND_NAME(NAME, text, operands) "op-" text,
static const char *const kind_names[] = {TRACE_OPERATIONS(KIND_NAME)};
#undef KIND_NAME

static void record_counts(executor_thread *t, const executor_counts *c) {
  executor *x = t->x;
  wl_thread *wl = t->wl;
  wl_count(wl, "operations", c->operations);
  wl_count(wl, "skipped", c->skipped);
  wl_count(wl, "checks", x->checks);
  wl_count(wl, "allocations", c->made);
  wl_count(wl, "allocated-bytes", c->bytes);
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
  executor_counts sum = counts_of(x);
  gc_reclaims reclaims = gc_this_collector.can.reclaims;
  record_counts(t, &sum);
  wl_check(t->wl, !expected || x->buried > 0 || reclaims == GC_RECLAIMS_NOTHING,
           "vacuous: no object was reclaimed");
  /* Where most allocations are refused there may be nothing to perform on. */
  for (unsigned k = 0; k < TRACE_KINDS && sum.failed < sum.made; k++)
    wl_check(t->wl, !(expected >> k & 1) || sum.kinds[k] > 0,
             "vacuous: no operation %s", trace_kinds[k].name);
  wl_expect(t->wl, (wl_expectation){.live = x->reachable.objects,
                                    .cyclic = x->surviving.objects -
                                              x->reachable.objects,
                                    .allocated = sum.made});
}
