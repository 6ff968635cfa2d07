/* perform.c: performs one operation on the collector and on the shadow heap,
 * and compares what it returns.  Compiled for each collector, because the
 * operations are the inline half of gc.h. */
#include "comparison.h"
#include "inside.h"
#include "questions.h"

#include <inttypes.h>

#include "common/hostile/hostile.h"
#include "parts.h"

/* Compares a register with what the shadow heap has in it. */
static void confirm(executor_thread *t, gc_reg r, shadow_ref o) {
  if (asks(t, ORACLE_GRAPH))
    comparison_register(t, r, o, "graph", true);
}

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

/* Whether allocations are made to fail on purpose, even with room left. */
static bool may_fail(void) {
  return hostile.fail_at || hostile.fail_every;
}

/* An allocation failed: compares whether there was no room for it. */
static executor_result failed(executor_thread *t, gc_reg dst, gc_shape shape) {
  executor *x = t->x;
  t->counts.failed++;
  uint64_t limit = x->run->heap_limit, bytes = gc_shape_bytes(shape);
  /* A trace that states deaths states them for the objects that it makes: with
   * one object missing, the rest would be wrong. */
  if (GC_EXPLICIT_FREE || (!limit && !may_fail()))
    gc_out_of_memory(t->m, shape);
  confirm(t, dst, shadow_register(t->shadow, dst));
  if (!asks(t, ORACLE_LIMIT) || may_fail() ||
      (x->standing && !question_afford_mark(t)))
    return FAILED;
  uint64_t held = __atomic_load_n(&x->safe_bytes, __ATOMIC_RELAXED);
  if (x->standing) {
    uint64_t before = shadow_steps(x->shadow);
    shadow_volume v =
        shadow_mark_surviving(x->shadow, gc_this_collector.can.reclaims);
    question_marked(x, before);
    held = v.bytes + v.external;
  }
  if ((held + bytes + LIMIT_SPARE) * LIMIT_SHARE < limit)
    executor_violation(t, "limit", 0,
                       "no room for %" PRIu64 " bytes, though only %" PRIu64
                       " of %" PRIu64 " are held by what must survive",
                       bytes, held, limit);
  return FAILED;
}

/* References between objects are not what they were, or weak references. */
static void note_change(executor_thread *t) {
  if (t->x->standing) /* else executor_stand does it for all threads */
    t->x->changed = t->now;
}

/* Gives the new object in register `dst` its number and its stamp. */
static void name_object(executor_thread *t, gc_reg dst, shadow_ref o,
                        uint64_t number) {
  executor *x = t->x;
  *past(t, o) = (executor_past){.number = number, .owner = t->number};
  const shadow_object *object = at(t, o);
  comparison_stamp(t, dst, o);
  uint64_t bytes =
      gc_shape_bytes((gc_shape){object->slot_count, object->bytes});
  t->counts.made++;
  t->counts.bytes += bytes;
  if (x->parallel && x->run->heap_limit)
    __atomic_fetch_add(&x->safe_bytes, bytes, __ATOMIC_RELAXED);
}

/* Where deaths are stated, a table in the heap refers to every object that was
 * not freed yet, by number, since the trace may have dropped its last reference
 * long ago.  This global root holds the table. */
enum { HELD = GC_GLOBALS };

/* Puts the object in register `r` into the table. */
static void hold(executor_thread *t, gc_reg r, uint64_t number) {
  gc_reg table = gc_frame_enter(t->m, 0, 1);
  gc_global_borrow(t->m, table, HELD);
  gc_store(t->m, table, (uint32_t)(number - 1), r);
  gc_frame_leave(t->m, table, 0, 1);
}

/* The operation `new`. */
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

/* The operation `weak-new`. */
static executor_result make_weak(executor_thread *t, const trace_op *op,
                                 uint64_t number) {
  hostile_before_new(t->m);
  if (!gc_try_weak_new(t->m, op->a, op->b))
    return failed(t, op->a, GC_WEAK_SHAPE);
  name_object(t, op->a, shadow_apply(t->shadow, op, 0), number);
  note_change(t);
  return PERFORMED;
}

/* The operation `external`. */
static executor_result give_external(executor_thread *t, const trace_op *op) {
  executor *x = t->x;
  hostile_before_new(t->m);
  if (!gc_try_external(t->m, op->a, op->b))
    return failed(t, op->a, (gc_shape){0, op->b});
  shadow_apply(t->shadow, op, 0);
  t->counts.external += op->b;
  if (x->parallel && x->run->heap_limit)
    __atomic_fetch_add(&x->safe_bytes, op->b, __ATOMIC_RELAXED);
  return PERFORMED;
}

/* The operation `ephemeron-new`. */
static executor_result make_ephemeron(executor_thread *t, const trace_op *op,
                                      uint64_t number) {
  hostile_before_new(t->m);
  if (!gc_try_ephemeron_new(t->m, op->a, op->b, op->c))
    return failed(t, op->a, GC_EPHEMERON_SHAPE);
  name_object(t, op->a, shadow_apply(t->shadow, op, 0), number);
  note_change(t);
  return PERFORMED;
}

/* ------------------------------------------------------------------------- *
 * Weak references, ephemerons and finalizers.
 * ------------------------------------------------------------------------- */

/* A weak reference returned null, or an ephemeron was cleared: its target or
 * key must be unreachable. */
static void weak_cleared(executor_thread *t, shadow_ref weak,
                         shadow_ref target) {
  t->counts.weak_cleared++;
  if (!asks(t, ORACLE_WEAK))
    return;
  executor_question q = {.kind = QUESTION_CLEARED,
                         .object = target,
                         .weak_birth = at(t, weak)->birth,
                         .when = t->now};
  if (question_mark_now(t))
    question_answer(t, q);
  else
    question_add(&t->questions, q);
}

/* The operations `weak-get` and `ephemeron-get`. */
static void weak_get(executor_thread *t, const trace_op *op) {
  bool pair = op->kind == TRACE_EPHEMERON_GET;
  shadow_ref weak = shadow_register(t->shadow, op->b);
  shadow_ref target = at(t, weak)->target;
  bool got = pair ? gc_ephemeron_get(t->m, op->a, op->b)
                  : gc_weak_get(t->m, op->a, op->b);
  if (got && !target) {
    if (asks(t, ORACLE_WEAK) && must_find())
      executor_violation(t, "weak", weak,
                         "%s %" PRIu64 " gives an object, but its %s is gone",
                         pair ? "ephemeron" : "weak reference",
                         past(t, weak)->number, pair ? "key" : "target");
    gc_clear(t->m, op->a);
    got = false;
  }
  if (!got && target)
    weak_cleared(t, weak, target);
  t->counts.weak_alive += got;
  if (got && asks(t, ORACLE_WEAK))
    comparison_uncleared(t, weak);
  shadow_ref o = shadow_apply(t->shadow, op, got);
  if (asks(t, ORACLE_WEAK))
    comparison_register(t, op->a, o, "weak", false);
  if (o && gc_this_collector.can.long_weak)
    question_cast_doubt(t, o, false); /* it may wait for its finalizer */
}

/* The object that was handed out for finalization into register `r`; 0 if it is
 * none that may be handed out. */
static shadow_ref identify(executor_thread *t, gc_reg r) {
  bool looks = asks(t, ORACLE_FINALIZER);
  uint64_t id = stamp_id(t->m, r);
  shadow_ref o = (shadow_ref)(id & (PLACES - 1));
  executor_past *p = past(t, o);
  if (!is_place(t, o) || p->number != id >> PLACE_BITS || !at(t, o)->used) {
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

/* Ephemerons of `o` may have been cleared or not, so that their values may die
 * while the object lives. */
static void doubt_values(executor_thread *t, shadow_ref o) {
  for (shadow_ref e = at(t, o)->pairs; e; e = at(t, e)->next_pair)
    if (at(t, e)->value)
      question_cast_doubt(t, at(t, e)->value, false);
}

/* Object `o` was handed out for finalization: it must have been unreachable. */
static void handed_out(executor_thread *t, shadow_ref o) {
  t->counts.handed_out++;
  bool looks = asks(t, ORACLE_FINALIZER) && past(t, o)->doubt == 0;
  executor_question q = {
      .kind = QUESTION_HANDED_OUT, .object = o, .when = t->now};
  if (!t->x->standing) {
    /* The caller drops it at once, so it is unreachable at the next check. */
    if (looks)
      question_add(&t->questions, q);
    past(t, o)->doubt = t->now;
    return;
  }
  if (past(t, o)->doubt == 0) {
    past(t, o)->condemned = t->now;
    while (at(t, o)->pairs) /* which were cleared with it */
      shadow_clear(t->x->shadow, at(t, o)->pairs, t->now);
  } else {
    doubt_values(t, o);
  }
  bool marked = question_mark_now(t);
  if (marked && looks)
    question_answer(t, q);
  question_cast_doubt(t, o, marked);
}

/* The operation `finalizer-next`. */
static void finalizer_next(executor_thread *t, const trace_op *op) {
  if (!gc_finalizer_next(t->m, op->a)) {
    shadow_apply(t->shadow, op, 0);
    confirm(t, op->a, shadow_register(t->shadow, op->a));
    return;
  }
  shadow_ref o = identify(t, op->a);
  if (!o) {
    /* No oracle asks for it, or a conservative collector found it late. */
    gc_clear(t->m, op->a);
    shadow_apply(t->shadow, &(trace_op){.kind = TRACE_CLEAR, .a = op->a}, 0);
    if (!must_find())
      finalizer_next(t, op); /* others may follow it in the queue */
    return;
  }
  handed_out(t, o);
  shadow_apply(t->shadow, op, o);
  confirm(t, op->a, o);
}

/* ------------------------------------------------------------------------- *
 * All other operations.
 * ------------------------------------------------------------------------- */

/* Every fourth safepoint is a blocking stretch, in which a collection does not
 * wait for the thread. */
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
  if (!t->x->parallel) /* threads that take turns need no lock */
    return;
  if (wanted)
    wl_lock_acquire(t->wl, &t->x->lock);
  else
    wl_lock_release(t->wl, &t->x->lock);
}

static void note_stored(executor_thread *t, gc_reg src) {
  note_change(t);
  shadow_ref o = shadow_register(t->shadow, src);
  if (o)
    __atomic_store_n(&past(t, o)->stored, t->now, __ATOMIC_RELAXED);
}

/* Performs an operation to which all collectors give the same answer. */
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
  default: /* perform() does it, or the collector does not see it */
    break;
  }
}

/* Whether the operation leaves something in the register that it names first.
 */
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
  case TRACE_EPHEMERON_NEW:
    return make_ephemeron(t, op, number);
  case TRACE_EXTERNAL:
    return give_external(t, op);
  case TRACE_WEAK_GET:
  case TRACE_EPHEMERON_GET:
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

/* Whether the collector or the shadow heap cannot perform the operation now. */
static bool refuses(const executor_thread *t, const trace_op *op) {
  const gc_capabilities *can = &gc_this_collector.can;
  bool weak = op->kind == TRACE_WEAK_NEW || op->kind == TRACE_WEAK_GET;
  bool pair =
      op->kind == TRACE_EPHEMERON_NEW || op->kind == TRACE_EPHEMERON_GET;
  return (weak && !can->weak) || (pair && !can->ephemerons) ||
         (op->kind == TRACE_FINALIZER_NEXT && !can->finalizers) ||
         (op->kind == TRACE_EXTERNAL && !can->external) ||
         shadow_refuses(t->shadow, op);
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
    executor_advance(t, &op);
  executor_result result = perform(t, &op, number);
  if (gc_unlikely(hostile_violation() != NULL))
    executor_violation(t, "poison", 0, "%s", hostile_violation());
  if (t->x->parallel)
    return result;
  if (!t->x->aside)
    executor_sample(t);
  if (gc_unlikely(number >= t->x->forget_at && !t->checking))
    executor_forget(t);
  if (gc_unlikely(t->x->clock >= t->x->inspect_at && !t->checking))
    executor_inspect_due(t);
  return result;
}

/* The order of `polling` and `hushed` is the same for all threads, so that
 * either this thread sees that it is to stay out, or executor_hush sees that
 * this thread is in. */
void executor_safepoint(executor_thread *t) {
  __atomic_store_n(&t->polling, true, __ATOMIC_SEQ_CST);
  if (!__atomic_load_n(&t->x->hushed, __ATOMIC_SEQ_CST))
    gc_safepoint(t->m);
  __atomic_store_n(&t->polling, false, __ATOMIC_RELEASE);
}

/* ------------------------------------------------------------------------- *
 * Deaths that are stated.
 * ------------------------------------------------------------------------- */

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
