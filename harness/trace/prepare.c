/* prepare.c: see prepare.h.
 *
 * The trace is read once and performed on the shadow heap, which tells whether
 * an operation can be performed and what is certain to be alive; what is left
 * of the operations goes into a temporary file.  That file is read twice: for
 * the figures that need the deaths, and to write the deaths where they belong.
 *
 * The model knows of no finalizers: to a prepared trace an object that waits
 * for its finalizer is dead. */
#include "prepare.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "deaths.h"
#include "memory.h"

enum {
  NOBODY = -1,
  /* Weak references to what is dead are cleared in the model when it has twice
   * as many objects as it had the last time, and this many more. */
  MODEL_SLACK = 1 << 16,
  ALIVE_LINE = 900 /* bytes of a comment after which a new one begins */
};

typedef struct preparer {
  walk *w;
  shadow *m;
  trace_writer *out;
  trace_prepared p;
  prepare_report *report;
  trace_deaths deaths; /* before the end */
  bool over;           /* the roots are being dropped */
  int locker;          /* the thread that has the lock, or NOBODY */
  uint64_t mutators;   /* now */
  uint64_t searched;   /* operations when the heap was last searched */
  uint64_t cleared;    /* objects made when the model was last cleared */
  uint64_t kept;       /* objects that it had after that */
  uint64_t *unmade;    /* numbers in the walk of objects that were not made */
  size_t unmade_count, unmade_room;
} preparer;

/* ------------------------------------------------------------------------- *
 * Numbers.  The walk has a number for each line that makes an object, also
 * where the line is left out.
 * ------------------------------------------------------------------------- */

static void note_unmade(preparer *p) {
  p->unmade = trace_more(p->unmade, &p->unmade_room, p->unmade_count + 1,
                         sizeof *p->unmade);
  p->unmade[p->unmade_count++] = walk_numbered(p->w);
}

static uint64_t number_of(const preparer *p, uint64_t in_walk) {
  size_t low = 0, high = p->unmade_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (p->unmade[middle] < in_walk)
      low = middle + 1;
    else
      high = middle;
  }
  return in_walk - low;
}

static uint64_t number_at(const preparer *p, shadow_ref o) {
  return o ? number_of(p, walk_number(p->w, o)) : 0;
}

/* ------------------------------------------------------------------------- *
 * Operations that are performed.
 * ------------------------------------------------------------------------- */

static uint64_t larger(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static void count_new(preparer *p, const trace_op *op) {
  p->p.objects++;
  p->p.weak += op->kind == TRACE_WEAK_NEW;
  p->p.ephemerons += op->kind == TRACE_EPHEMERON_NEW;
  p->p.finalizable += op->finalizable;
  if (op->kind == TRACE_NEW)
    p->p.slots = larger(p->p.slots, op->b);
}

/* Writes an operation that was performed, with numbers of the prepared trace.
 */
static void emit(preparer *p, trace_op op) {
  const shadow_mutator *t = walk_mutator(p->w, op.thread);
  switch (op.kind) {
  case TRACE_ATTACH:
    p->mutators++;
    p->p.mutators = larger(p->p.mutators, p->mutators);
    p->p.free_order = false;
    break;
  case TRACE_DETACH:
    p->mutators--;
    break;
  case TRACE_ENTER:
    p->p.registers = larger(p->p.registers, shadow_top(t));
    break;
  case TRACE_WEAK_GET:
  case TRACE_EPHEMERON_GET:
    op.c = (uint32_t)number_at(p, walk_given(p->w)) + 1;
    break;
  case TRACE_PAYLOAD:
    p->p.payloads += number_at(p, shadow_register(t, op.a));
    break;
  case TRACE_EXTERNAL:
    p->p.external++;
    break;
  }
  if (trace_makes_object(&op))
    count_new(p, &op);
  p->p.operations++;
  trace_write(p->out, &op);
}

/* Performs an operation on the model, and writes it if that was possible. */
static bool perform(preparer *p, const trace_op *op) {
  const char *why;
  trace_op modelled = *op;
  modelled.finalizable = false;
  if (walk_step(p->w, &modelled, p->p.operations + 1, &why) == WALK_DONE) {
    emit(p, *op);
    return true;
  }
  p->report->left_out++;
  if (trace_makes_object(op))
    note_unmade(p);
  return false;
}

/* Performs an operation on the model alone. */
static void pretend(preparer *p, trace_op op) {
  const char *why;
  walk_step(p->w, &op, p->p.operations + 1, &why);
}

/* ------------------------------------------------------------------------- *
 * Outcomes.
 * ------------------------------------------------------------------------- */

/* Whether the target of a weak reference is certain to be alive.  The heap is
 * searched only so often that the time stays proportional to the operations. */
static bool is_certain(preparer *p, shadow_ref target) {
  if (walk_reaches(p->w, target, false))
    return true;
  uint64_t alive = p->p.objects - p->deaths.count; /* or some more */
  if (p->p.operations < p->searched + alive)
    return false;
  p->searched = p->p.operations;
  return walk_reaches(p->w, target, true);
}

/* What a weak reference gives on every collector.  That is found out whatever
 * the outcome was, so that a prepared trace is prepared as it was before. */
static shadow_ref settle_weak(preparer *p, const trace_op *op,
                              const shadow_object *o) {
  bool certain = o->target && is_certain(p, o->target);
  return certain && op->c != 1 ? o->target : 0;
}

/* The same for an ephemeron.  What it keeps depends on its key, which has to be
 * known; a dead key lets the value go when the key dies and not now. */
static shadow_ref settle_pair(preparer *p, const shadow_object *o) {
  if (o->target && !walk_reaches(p->w, o->target, true))
    pretend(p, (trace_op){.kind = TRACE_COLLECT});
  return o->target ? o->value : 0;
}

/* Gives a weak reference or an ephemeron the outcome that it has on every
 * collector. */
static void settle_read(preparer *p, trace_op *op) {
  const shadow_mutator *t = walk_mutator(p->w, op->thread);
  if (!t || shadow_refuses(t, op))
    return;
  const shadow_object *o = shadow_at(p->m, shadow_register(t, op->b));
  shadow_ref given =
      op->kind == TRACE_WEAK_GET ? settle_weak(p, op, o) : settle_pair(p, o);
  p->report->uncertain += op->c > 1 && !given;
  op->c = given ? (uint32_t)walk_number(p->w, given) + 1 : 1;
}

/* A replay keeps nothing that was finalized: if the trace has the object in a
 * register from here on, then the register is null. */
static void settle_finalizer(preparer *p, trace_op *op) {
  bool given = op->b > 1;
  trace_op clear = {.kind = TRACE_CLEAR, .thread = op->thread, .a = op->a};
  op->b = 1;
  if (perform(p, op) && given) {
    p->report->finalized++;
    perform(p, &clear);
  }
}

/* Lets the model bury what only weak references and ephemerons lead to. */
static void clear_model(preparer *p) {
  if (p->p.weak + p->p.ephemerons == 0 ||
      p->p.objects < p->cleared + p->kept + MODEL_SLACK)
    return;
  pretend(p, (trace_op){.kind = TRACE_COLLECT});
  p->cleared = p->p.objects;
  p->kept = shadow_mark_reachable(p->m).objects;
}

/* ------------------------------------------------------------------------- *
 * Threads.
 * ------------------------------------------------------------------------- */

static void unlock(preparer *p, uint16_t thread) {
  if (p->locker == thread)
    perform(p, &(trace_op){.kind = TRACE_UNLOCK, .thread = thread});
  p->locker = p->locker == thread ? NOBODY : p->locker;
}

/* Leaves the frames, or drops the thread-local roots. */
static void leave_all(preparer *p, uint16_t thread) {
  shadow_frame frame;
  while (shadow_innermost(walk_mutator(p->w, thread), &frame))
    perform(p, &(trace_op){.kind = TRACE_LEAVE, .thread = thread});
}

static void clear_locals(preparer *p, uint16_t thread) {
  for (uint32_t l = 0; l < GC_TLS; l++)
    if (shadow_tls(walk_mutator(p->w, thread), l))
      perform(p,
              &(trace_op){.kind = TRACE_TLS_CLEAR, .thread = thread, .a = l});
}

/* Ends a thread.  Thread 0 is a mutator to the end, whatever the trace says, so
 * only its roots go. */
static void end_thread(preparer *p, uint16_t thread) {
  unlock(p, thread);
  leave_all(p, thread);
  if (thread > 0)
    perform(p, &(trace_op){.kind = TRACE_DETACH, .thread = thread});
  else
    clear_locals(p, 0);
}

/* ------------------------------------------------------------------------- *
 * The trace.
 * ------------------------------------------------------------------------- */

static bool is_attached(const preparer *p, uint16_t thread) {
  return walk_mutator(p->w, thread) != NULL;
}

/* Whether PAYLOAD is of an object without room for its number. */
static bool touches_nothing(const preparer *p, const trace_op *op) {
  const shadow_mutator *t = walk_mutator(p->w, op->thread);
  if (op->kind != TRACE_PAYLOAD || !t || shadow_refuses(t, op))
    return false;
  const shadow_object *o = shadow_at(p->m, shadow_register(t, op->a));
  return o->weak || o->bytes < PREPARED_STAMP;
}

static void take(preparer *p, trace_op *op) {
  switch (op->kind) {
  case TRACE_CHECK:
  case TRACE_DEAD:
    return;
  case TRACE_ATTACH:
    if (op->thread > 0)
      perform(p, op);
    return;
  case TRACE_DETACH:
    if (is_attached(p, op->thread))
      end_thread(p, op->thread);
    return;
  case TRACE_LOCK:
    if (perform(p, op))
      p->locker = op->thread;
    return;
  case TRACE_UNLOCK:
    if (perform(p, op))
      p->locker = NOBODY;
    return;
  case TRACE_FINALIZER_NEXT:
    settle_finalizer(p, op);
    return;
  case TRACE_WEAK_GET:
  case TRACE_EPHEMERON_GET:
    settle_read(p, op);
    break;
  }
  if (!touches_nothing(p, op))
    perform(p, op);
  if (trace_makes_object(op))
    clear_model(p);
}

/* ------------------------------------------------------------------------- *
 * What is alive at the end.
 * ------------------------------------------------------------------------- */

/* The objects that were found, in order; `shared` marks them in the model. */
typedef struct search {
  preparer *p;
  shadow_ref *found;
  size_t count, room;
  size_t next; /* the object whose slots are looked at next */
} search;

static void find(search *s, shadow_ref o) {
  if (!o || shadow_at(s->p->m, o)->shared)
    return;
  shadow_at(s->p->m, o)->shared = true;
  s->found = trace_more(s->found, &s->room, s->count + 1, sizeof *s->found);
  s->found[s->count++] = o;
}

static void find_root(search *s, const char *word, uint32_t index,
                      uint64_t place, shadow_ref o) {
  char text[64];
  if (!o)
    return;
  uint64_t number = number_at(s->p, o);
  snprintf(text, sizeof text, "root: %s %u = %" PRIu64, word, index, number);
  trace_write_comment(s->p->out, text);
  s->p->p.graph += trace_graph_term(0, place, number);
  find(s, o);
}

static void find_roots(search *s) {
  const shadow_mutator *t = walk_mutator(s->p->w, 0);
  for (gc_reg r = 0; r < shadow_top(t); r++)
    if (shadow_is_owning(t, r))
      find_root(s, "register", r, r, shadow_register(t, r));
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    find_root(s, "global", g, PREPARED_GLOBALS + g, shadow_global(s->p->m, g));
  for (uint32_t l = 0; l < GC_TLS; l++)
    find_root(s, "tls", l, PREPARED_TLS + l, shadow_tls(t, l));
}

/* What the object refers to, if that is alive. */
static uint64_t alive_number(const search *s, shadow_ref o) {
  return o && shadow_at(s->p->m, o)->marked ? number_at(s->p, o) : 0;
}

static void tell_object(search *s, shadow_ref o) {
  preparer *p = s->p;
  const shadow_object *object = shadow_at(p->m, o);
  uint64_t number = number_at(p, o);
  char text[PREPARED_TEXT];
  size_t n = (size_t)snprintf(text, sizeof text, "alive: %" PRIu64, number);
  uint32_t slots = object->weak ? 0 : object->slot_count;
  uint32_t bytes = object->weak ? GC_WEAK_SHAPE.bytes : object->bytes;
  p->p.graph += trace_graph_term(number, PREPARED_SHAPE + slots, bytes);
  if (object->ephemeron)
    snprintf(text + n, sizeof text - n, " ephemeron %" PRIu64 " %" PRIu64,
             alive_number(s, object->target), alive_number(s, object->value));
  else if (object->weak)
    snprintf(text + n, sizeof text - n, " weak %" PRIu64,
             alive_number(s, object->target));
  else
    n += (size_t)snprintf(text + n, sizeof text - n, " %u %u", slots, bytes);
  for (uint32_t i = 0; i < slots; i++) {
    if (!object->slots[i])
      continue;
    if (n > ALIVE_LINE) {
      trace_write_comment(p->out, text);
      n = (size_t)snprintf(text, sizeof text, "more:");
    }
    uint64_t held = number_at(p, object->slots[i]);
    n += (size_t)snprintf(text + n, sizeof text - n, " %u=%" PRIu64, i, held);
    p->p.graph += trace_graph_term(number, i, held);
    find(s, object->slots[i]);
  }
  trace_write_comment(p->out, text);
}

/* Finds the values of ephemerons that were found and whose keys were. */
static void find_values(search *s) {
  for (size_t i = 0, end = s->count; i < end; i++) {
    const shadow_object *o = shadow_at(s->p->m, s->found[i]);
    if (o->ephemeron && o->target && shadow_at(s->p->m, o->target)->shared)
      find(s, o->value);
  }
}

static void tell_alive(preparer *p) {
  search s = {.p = p};
  shadow_volume v = shadow_mark_reachable(p->m);
  p->p.end_objects = v.objects;
  p->p.end_bytes = v.bytes;
  for (shadow_ref o = 1; o < shadow_end(p->m); o++)
    shadow_at(p->m, o)->shared = false;
  find_roots(&s);
  while (s.next < s.count) {
    tell_object(&s, s.found[s.next++]);
    if (s.next == s.count && p->p.ephemerons > 0)
      find_values(&s);
  }
  free(s.found);
}

/* Drops all that is alive, to learn what is in cycles. */
static void drop_all(preparer *p) {
  shadow_frame frame;
  p->over = true;
  while (shadow_innermost(walk_mutator(p->w, 0), &frame))
    pretend(p, (trace_op){.kind = TRACE_LEAVE});
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    pretend(p, (trace_op){.kind = TRACE_GLOBAL_CLEAR, .a = g});
  for (uint32_t l = 0; l < GC_TLS; l++)
    pretend(p, (trace_op){.kind = TRACE_TLS_CLEAR, .a = l});
  walk_finish(p->w);
}

static void died(void *data, const walk_death *death) {
  preparer *p = data;
  if (p->over && death->when > p->p.operations) {
    p->p.end_cyclic_objects += death->cyclic;
    return;
  }
  trace_deaths_add(&p->deaths, death);
  p->p.cyclic_objects += death->cyclic;
  p->p.cyclic += death->cyclic ? death->bytes : 0;
}

static bool settle(preparer *p, trace_reader *r) {
  trace_op op;
  trace_status status;
  pretend(p, (trace_op){.kind = TRACE_ATTACH});
  p->mutators = p->p.mutators = 1;
  while ((status = trace_read(r, &op)) == TRACE_READ_OP) {
    p->report->read += op.kind != TRACE_DEAD;
    take(p, &op);
  }
  if (status == TRACE_READ_FAILED)
    return false;
  unlock(p, 0);
  for (uint32_t thread = 1; thread < TRACE_THREADS; thread++)
    if (is_attached(p, (uint16_t)thread))
      end_thread(p, (uint16_t)thread);
  p->p.bytes = walk_allocated(p->w);
  tell_alive(p);
  drop_all(p);
  trace_deaths_sort(&p->deaths);
  return true;
}

/* ------------------------------------------------------------------------- *
 * The second and third reading, of the temporary file.
 * ------------------------------------------------------------------------- */

static uint64_t bytes_of(const trace_op *op) {
  return !trace_makes_object(op) ? 0
         : op->kind == TRACE_NEW ? gc_shape_bytes((gc_shape){op->b, op->c})
                                 : gc_shape_bytes(GC_WEAK_SHAPE);
}

/* Finds how much is reachable at a time; what an operation lets go is there
 * while the operation allocates. */
static void find_peak(preparer *p, FILE *file) {
  rewind(file);
  trace_reader *r = trace_reader_from(file, "a temporary file");
  uint64_t alive = 0, n = 0;
  size_t next = 0;
  for (trace_op op; trace_read(r, &op) == TRACE_READ_OP;) {
    n++;
    alive += bytes_of(&op);
    p->p.live = larger(p->p.live, alive);
    for (; next < p->deaths.count && p->deaths.items[next].when == n; next++)
      alive -= p->deaths.items[next].bytes;
  }
  trace_reader_close(r);
}

static void copy_comment(void *data, const char *text) {
  trace_write_comment(data, text);
}

static void write_prepared(preparer *p, FILE *file, trace_writer *w) {
  char head[PREPARED_TEXT];
  trace_prepared_text(&p->p, head);
  trace_write_comment(w, head);
  rewind(file);
  trace_reader *r = trace_reader_from(file, "a temporary file");
  trace_reader_comments(r, copy_comment, w);
  uint64_t n = 0;
  size_t next = 0;
  for (trace_op op; trace_read(r, &op) == TRACE_READ_OP;) {
    trace_write(w, &op);
    n++;
    for (; next < p->deaths.count && p->deaths.items[next].when == n; next++)
      trace_write(w, &(trace_op){.kind = TRACE_DEAD,
                                 .thread = op.thread,
                                 .a = (uint32_t)number_of(
                                     p, p->deaths.items[next].number)});
  }
  trace_reader_close(r);
}

static prepare_status prepare(preparer *p, trace_reader *r, trace_writer *w,
                              FILE *file) {
  if (!settle(p, r)) {
    trace_writer_abandon(p->out);
    return PREPARE_UNREADABLE;
  }
  if (!trace_writer_close(p->out))
    return PREPARE_NO_FILE;
  find_peak(p, file);
  write_prepared(p, file, w);
  return PREPARE_DONE;
}

prepare_status trace_prepare(trace_reader *r, trace_writer *w,
                             prepare_report *report) {
  FILE *file = tmpfile();
  trace_writer *out = file ? trace_writer_from(file) : NULL;
  if (!out) {
    if (file)
      fclose(file);
    return PREPARE_NO_FILE;
  }
  preparer p = {.out = out,
                .report = report,
                .locker = NOBODY,
                .p = {.free_order = true}};
  *report = (prepare_report){0};
  p.w = walk_create(WALK_AT_ONCE, (walk_listener){.died = died, .data = &p});
  p.m = walk_shadow(p.w);
  prepare_status status = prepare(&p, r, w, file);
  int trouble = errno;
  walk_destroy(p.w);
  trace_deaths_free(&p.deaths);
  free(p.unmade);
  fclose(file);
  errno = trouble;
  return status;
}
