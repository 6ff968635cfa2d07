/* mutators.c: see mutators.h. */
#include "mutators.h"
#include "actions.h"
#include "checkpoint.h"
#include "choice.h"
#include "loans.h"

/* ------------------------------------------------------------------------- *
 * Beginning and end.
 * ------------------------------------------------------------------------- */

void mutator_begin(actor *a, wl_thread *t) {
  executor_attach(&a->x, &a->f->x, t, (uint16_t)a->number);
  turns_sit(&a->f->turns, a->number, &a->x);
  a->depth = 0;
  emit2(a, TRACE_ENTER, BASE_OWNING, BASE_BORROWING);
}

void mutator_drop_frames(actor *a) {
  loan_end_all(a);
  for (; a->depth > 0; a->depth--)
    emit1(a, TRACE_LEAVE, 0);
  emit1(a, TRACE_LEAVE, 0);
}

/* Ends the thread.  What only it held is garbage after that. */
static void mutator_finish(actor *a) {
  mutator_drop_frames(a);
  turns_sit(&a->f->turns, a->number, NULL);
  executor_detach(&a->x);
}

/* Draws who is next, of the threads that live. */
static unsigned draw_next(actor *a) {
  fuzz *f = a->f;
  unsigned next = choose(a->source, f->threads);
  while (!turns_taken(&f->turns, next))
    next = (next + 1) % f->threads;
  return next;
}

/* Waits for the threads that have given up their turn before anything else
 * happens, so that it does not matter how long they take to end. */
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

/* ------------------------------------------------------------------------- *
 * Life.
 * ------------------------------------------------------------------------- */

/* Some actions of one thread. */
static void act(actor *a) {
  source *s = a->source;
  fuzz *f = a->f;
  uint64_t before = a->x.counts.operations;
  if (a->cull)
    fuzz_cull(a);
  if (f->leaving && a->number > 0) {
    f->leaving--;
    action_die(a);
  }
  for (uint32_t n = 1 + choose(s, 32); n > 0 && !s->over && !a->dies; n--) {
    actions_perform(a);
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

void mutator_take_turns(actor *a) {
  fuzz *f = a->f;
  while (!a->dies && !f->quit) {
    act(a);
    if (f->to_check <= 0)
      fuzz_check(a);
    if (f->left <= 0 || a->source->over)
      f->quit = true;
    if (f->threads == 1 || a->dies || f->quit)
      continue;
    unsigned next = draw_next(a);
    turns_give(&f->turns, a->x.wl, a->number, next, !chance(a->source, 4));
    join_ended(a);
  }
}

/* The first thread also joins the threads that have died. */
void mutator_run_beside(actor *a) {
  fuzz *f = a->f;
  while (!a->dies && !f->quit) {
    while (!a->dies && __atomic_load_n(&f->to_check, __ATOMIC_RELAXED) > 0) {
      act(a);
      if (a->number == 0)
        join_ended(a);
    }
    if (a->dies)
      return;
    loan_end_all(a);
    turns_meet(&f->turns, a->x.wl, a->number);
    if (a->number > 0)
      continue;
    f->left -= (int64_t)f->every;
    join_ended(a);
    fuzz_check(a);
    f->quit = f->left <= 0;
    turns_part(&f->turns);
  }
}

/* The life of a thread other than the first. */
static void live(wl_thread *t, void *data) {
  actor *a = data;
  fuzz *f = a->f;
  if (f->parallel) {
    a->source->random = t;
    mutator_begin(a, t);
    mutator_run_beside(a);
    mutator_finish(a);
    __atomic_store_n(&a->ended, true, __ATOMIC_RELEASE);
    turns_resign(&f->turns);
    return;
  }
  turns_await(&f->turns, t, a->number);
  mutator_begin(a, t);
  mutator_take_turns(a);
  mutator_finish(a);
  a->ended = true;
  turns_give_up(&f->turns, f->quit ? 0 : draw_next(a));
}

/* ------------------------------------------------------------------------- *
 * Starting and dying.
 * ------------------------------------------------------------------------- */

void action_start(actor *a) {
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

/* What the collector knows of the thread's last stores must outlive it, of what
 * it stored and of what it overwrote. */
void action_die(actor *a) {
  a->dies = a->number > 0;
  if (!a->dies)
    return;
  program_last_store(a);
  program_last_drop(a);
  program_last_moves(a);
  if (!a->f->parallel && chance(a->source, 6)) /* before a collection comes */
    a->f->leaving = a->f->threads;
}

static void give_way(wl_thread *t, unsigned tries) {
  gc_blocking_enter(t->m);
  wl_give_way(tries);
  gc_blocking_leave(t->m);
}

void mutator_end_others(actor *a) {
  fuzz *f = a->f;
  for (unsigned i = 1; i < f->threads; i++) {
    if (!f->actors[i].child)
      continue;
    if (!f->parallel && turns_taken(&f->turns, i))
      turns_give(&f->turns, a->x.wl, a->number, i, true);
    for (unsigned n = 0;
         !__atomic_load_n(&f->actors[i].ended, __ATOMIC_ACQUIRE); n++)
      give_way(a->x.wl, n);
    join_ended(a);
  }
}
