/* walk.c: tests of what is found out about a trace without a collector: what is
 * refused, borrowed objects that are dead, and the date of every death against
 * a brute force that asks after every operation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/trace/proof.h"
#include "harness/trace/verify.h"
#include "harness/trace/walk.h"
#include "tests/trace/random.h"

/* ------------------------------------------------------------------------- *
 * Random traces: few registers, slots and threads, so that all meet.
 * ------------------------------------------------------------------------- */

enum { OPERATIONS = 3000, OWNING = 5, BORROWING = 4, THREADS = 3 };

static uint32_t some_operand(char letter) {
  switch (letter) {
  case 'd':
  case 't':
    return below(OWNING);
  case 'b':
    return OWNING + below(BORROWING);
  case 'g':
  case 'l':
    return below(2);
  case 'i':
    return below(3);
  case 'n':
    return below(3);
  case '?':
    return 0;
  default:
    return below(OWNING + BORROWING);
  }
}

static trace_op likely_operation(void) {
  static const uint8_t often[] = {TRACE_NEW,     TRACE_STORE,      TRACE_LOAD,
                                  TRACE_CLEAR,   TRACE_STORE_TAKE, TRACE_BORROW,
                                  TRACE_PAYLOAD, TRACE_COPY};
  trace_op op = {.thread = (uint16_t)(below(4) ? 0 : below(THREADS))};
  op.kind = below(2) ? often[below(sizeof often)] : (uint8_t)below(TRACE_DEAD);
  if (op.kind == TRACE_COLLECT && below(3))
    op.kind = TRACE_NEW;
  if (op.kind == TRACE_LEAVE && below(4)) /* the first frames stay for long */
    op.kind = TRACE_ENTER;
  uint32_t *operands[] = {&op.a, &op.b, &op.c};
  size_t n = 0;
  for (const char *l = trace_kinds[op.kind].operands; *l; l++)
    if (*l == 's') {
      op.b = below(4);
      op.c = below(64);
      op.finalizable = below(8) == 0;
    } else
      *operands[n++] = some_operand(*l);
  return op;
}

/* Every thread has a frame from the start. */
static size_t make_trace(trace_op *ops, uint64_t seed) {
  random_seed(seed);
  size_t n = 0;
  for (uint16_t t = 0; t < THREADS; t++) {
    ops[n++] = (trace_op){.kind = TRACE_ATTACH, .thread = t};
    ops[n++] = (trace_op){
        .kind = TRACE_ENTER, .thread = t, .a = OWNING, .b = BORROWING};
  }
  while (n < OPERATIONS)
    ops[n++] = likely_operation();
  return n;
}

/* ------------------------------------------------------------------------- *
 * Deaths.
 * ------------------------------------------------------------------------- */

typedef struct dates {
  uint64_t last[OPERATIONS + 1]; /* after it the object was still reachable */
  uint64_t when[OPERATIONS + 1]; /* its death by the walk; 0: none */
  uint64_t deaths;
} dates;

static void note_death(void *data, const walk_death *death) {
  dates *d = data;
  assert_int_equal(d->when[death->number], 0);
  d->when[death->number] = death->when;
  d->deaths++;
}

static void note_reachable(const walk *w, dates *d, uint64_t now) {
  shadow *m = walk_shadow(w);
  shadow_mark_reachable(m);
  for (shadow_ref o = 1; o < shadow_end(m); o++)
    if (shadow_at(m, o)->marked)
      d->last[walk_number(w, o)] = now;
}

/* With burials at random times, which must not show. */
static void deaths_are_those_of_brute_force(void **state) {
  (void)state;
  static trace_op ops[OPERATIONS];
  uint64_t deaths = 0, given = 0;
  for (uint64_t seed = 1; seed <= 30; seed++) {
    size_t n = make_trace(ops, seed);
    static dates d;
    memset(&d, 0, sizeof d);
    walk *brute = walk_create(WALK_AT_ONCE, (walk_listener){0});
    walk *w = walk_create(WALK_AT_ONCE,
                          (walk_listener){.died = note_death, .data = &d});
    for (size_t i = 0; i < n; i++) {
      const char *why;
      walk_outcome one = walk_step(brute, &ops[i], i + 1, &why);
      assert_int_equal(walk_step(w, &ops[i], i + 1, &why), one);
      if (ops[i].kind == TRACE_FINALIZER_NEXT || ops[i].kind == TRACE_WEAK_GET)
        given += walk_given(w) != 0;
      note_reachable(brute, &d, i + 1);
      if (below(50) == 0)
        walk_bury(w);
    }
    walk_finish(w);
    for (uint64_t k = 1; k <= walk_numbered(w); k++)
      assert_int_equal(d.when[k],
                       d.last[k] == 0 || d.last[k] == n ? 0 : d.last[k] + 1);
    deaths += d.deaths;
    walk_destroy(w);
    walk_destroy(brute);
  }
  /* The test has seen something. */
  assert_true(deaths > 5000);
  assert_true(given > 500);
}

typedef struct cyclic_deaths {
  uint64_t all, cyclic;
} cyclic_deaths;

static void count_cyclic(void *data, const walk_death *death) {
  cyclic_deaths *c = data;
  c->all++;
  c->cyclic += death->cyclic;
}

static void step_all(walk *w, const trace_op *ops, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const char *why;
    if (walk_step(w, &ops[i], i + 1, &why) != WALK_DONE)
      fail_msg("operation %zu: %s", i + 1, why);
  }
}

/* A ring of two with a tail, a chain, and an object that leads to the ring. */
static void cyclic_garbage_is_told(void **state) {
  (void)state;
  static const trace_op ops[] = {
      {.kind = TRACE_ENTER, .a = 5},
      {.kind = TRACE_NEW, .a = 0, .b = 2},
      {.kind = TRACE_NEW, .a = 1, .b = 2},
      {.kind = TRACE_STORE, .a = 0, .b = 0, .c = 1},
      {.kind = TRACE_STORE, .a = 1, .b = 0, .c = 0},
      {.kind = TRACE_NEW, .a = 2}, /* the tail */
      {.kind = TRACE_STORE, .a = 1, .b = 1, .c = 2},
      {.kind = TRACE_NEW, .a = 3, .b = 1}, /* leads to the ring */
      {.kind = TRACE_STORE, .a = 3, .b = 0, .c = 0},
      {.kind = TRACE_NEW, .a = 4}, /* alone */
      {.kind = TRACE_LEAVE},
  };
  cyclic_deaths c = {0};
  walk *w =
      walk_create(WALK_LATE, (walk_listener){.died = count_cyclic, .data = &c});
  step_all(w, ops, sizeof ops / sizeof *ops);
  walk_finish(w);
  walk_destroy(w);
  assert_int_equal(c.all, 5);
  assert_int_equal(c.cyclic, 3);
}

/* A ring of one that dies first keeps from counting what it led to, and what
 * that leads to: whether the dead ring was buried meanwhile must not show. */
static void dead_cycles_go_on_holding(void **state) {
  (void)state;
  static const trace_op ops[] = {
      {.kind = TRACE_ENTER, .a = 3},
      {.kind = TRACE_NEW, .a = 0, .b = 2}, /* the ring */
      {.kind = TRACE_STORE, .a = 0, .b = 0, .c = 0},
      {.kind = TRACE_NEW, .a = 1, .b = 1}, /* held by the ring */
      {.kind = TRACE_STORE, .a = 0, .b = 1, .c = 1},
      {.kind = TRACE_NEW, .a = 2}, /* held by that */
      {.kind = TRACE_STORE, .a = 1, .b = 0, .c = 2},
      {.kind = TRACE_NEW, .a = 0}, /* the ring dies; this one is free */
      {.kind = TRACE_NEW, .a = 1}, /* what the ring holds dies */
      {.kind = TRACE_LEAVE},
  };
  enum { COUNT = sizeof ops / sizeof *ops };
  for (size_t buried = 0; buried <= COUNT; buried++) {
    cyclic_deaths c = {0};
    walk *w = walk_create(WALK_LATE,
                          (walk_listener){.died = count_cyclic, .data = &c});
    step_all(w, ops, buried);
    walk_bury(w);
    for (size_t i = buried; i < COUNT; i++) {
      const char *why;
      assert_int_equal(walk_step(w, &ops[i], i + 1, &why), WALK_DONE);
    }
    walk_finish(w);
    walk_destroy(w);
    assert_int_equal(c.all, 5);
    assert_int_equal(c.cyclic, 3);
  }
}

/* ------------------------------------------------------------------------- *
 * What the collector decides.
 * ------------------------------------------------------------------------- */

static uint64_t given(walk *w, trace_op op) {
  static uint64_t now = 1000;
  const char *why;
  assert_int_equal(walk_step(w, &op, ++now, &why), WALK_DONE);
  return walk_given(w) ? walk_number(w, walk_given(w)) : 0;
}

static const char *refused(walk *w, trace_op op) {
  static uint64_t now = 100000;
  const char *why;
  assert_int_equal(walk_step(w, &op, ++now, &why), WALK_REFUSED);
  return why;
}

static void the_laziest_collector(void **state) {
  (void)state;
  static const trace_op ops[] = {
      {.kind = TRACE_ENTER, .a = 3},
      {.kind = TRACE_NEW, .a = 0, .finalizable = true},
      {.kind = TRACE_WEAK_NEW, .a = 1, .b = 0},
      {.kind = TRACE_CLEAR, .a = 0},
  };
  const trace_op get = {.kind = TRACE_WEAK_GET, .a = 2, .b = 1};
  const trace_op next = {.kind = TRACE_FINALIZER_NEXT, .a = 2};
  const trace_op clear = {.kind = TRACE_CLEAR, .a = 2};
  walk *w = walk_create(WALK_LATE, (walk_listener){0});
  step_all(w, ops, 4);
  /* Before a collection nothing is cleared and nothing waits. */
  assert_int_equal(given(w, next), 0);
  assert_int_equal(given(w, get), 1);
  given(w, clear);
  given(w, (trace_op){.kind = TRACE_COLLECT});
  assert_int_equal(given(w, get), 0);
  /* It waits, once. */
  assert_int_equal(given(w, next), 1);
  given(w, clear);
  given(w, (trace_op){.kind = TRACE_COLLECT});
  assert_int_equal(given(w, next), 0);
  walk_destroy(w);
}

/* An object waits for its finalizer, and leads to the target of a weak
 * reference: a collector that traces clears the weak reference, and one that
 * counts does not.  Both may be in a trace; without an outcome it is cleared.
 */
static void what_waits_may_keep_targets(void **state) {
  (void)state;
  static const trace_op ops[] = {
      {.kind = TRACE_ENTER, .a = 3},
      {.kind = TRACE_NEW, .a = 0, .b = 1, .finalizable = true},
      {.kind = TRACE_NEW, .a = 1},
      {.kind = TRACE_WEAK_NEW, .a = 2, .b = 1},
      {.kind = TRACE_STORE_TAKE, .a = 0, .b = 0, .c = 1},
      {.kind = TRACE_CLEAR, .a = 0},
      {.kind = TRACE_COLLECT},
  };
  for (uint32_t outcome = 0; outcome <= 3; outcome++) {
    walk *w = walk_create(WALK_LATE, (walk_listener){0});
    step_all(w, ops, 7);
    trace_op get = {.kind = TRACE_WEAK_GET, .a = 1, .b = 2, .c = outcome};
    if (outcome == 2)
      assert_string_equal(refused(w, get),
                          "the weak reference does not refer to that object");
    else
      assert_int_equal(given(w, get), outcome == 3 ? 2 : 0);
    /* What was given once remains; what was cleared does, too. */
    get.c = 0;
    assert_int_equal(given(w, get), outcome == 3 ? 2 : 0);
    walk_destroy(w);
  }
}

static void the_trace_has_the_last_word(void **state) {
  (void)state;
  static const trace_op ops[] = {
      {.kind = TRACE_ENTER, .a = 3},
      {.kind = TRACE_NEW, .a = 0, .finalizable = true},
      {.kind = TRACE_NEW, .a = 2, .finalizable = true},
      {.kind = TRACE_WEAK_NEW, .a = 1, .b = 0},
      {.kind = TRACE_CLEAR, .a = 0},
      {.kind = TRACE_CLEAR, .a = 2},
  };
  trace_op get = {.kind = TRACE_WEAK_GET, .a = 2, .b = 1};
  trace_op next = {.kind = TRACE_FINALIZER_NEXT, .a = 2};
  walk *w = walk_create(WALK_LATE, (walk_listener){0});
  step_all(w, ops, 6);
  get.c = 2 + 1;
  assert_string_equal(refused(w, get),
                      "the weak reference does not refer to that object");
  get.c = 1; /* it gave nothing */
  assert_int_equal(given(w, get), 0);
  get.c = 0; /* and then it gives nothing any more */
  assert_int_equal(given(w, get), 0);
  next.b = 2 + 1; /* the second before the first, and before any `collect` */
  assert_int_equal(given(w, next), 2);
  assert_string_equal(refused(w, next),
                      "the object is not one that waits for its finalizer");
  next.b = 1; /* nothing waits */
  assert_int_equal(given(w, next), 0);
  walk_destroy(w);
}

/* ------------------------------------------------------------------------- *
 * Borrowed objects.
 * ------------------------------------------------------------------------- */

/* What a walk has reported: how many uses, and the first of them in time. */
typedef struct misuses {
  uint64_t count, first;
} misuses;

static void note_misuse(void *data, uint64_t when, const char *what) {
  (void)what;
  misuses *found = data;
  if (found->count++ == 0 || when < found->first)
    found->first = when;
}

/* With burials at random times.  Notes which operations were misuse (may be
 * NULL), which only WALK_AT_ONCE tells. */
static misuses misuses_of(walk_rigour rigour, const trace_op *ops, size_t n,
                          bool *misuse) {
  misuses found = {0};
  walk *w = walk_create(
      rigour, (walk_listener){.misused = note_misuse, .data = &found});
  for (size_t i = 0; i < n; i++) {
    const char *why;
    walk_outcome outcome = walk_step(w, &ops[i], i + 1, &why);
    if (misuse)
      misuse[i] = outcome == WALK_MISUSED;
    if (below(20) == 0)
      walk_bury(w);
  }
  walk_finish(w);
  walk_destroy(w);
  return found;
}

/* Either way of looking finds misuse, or neither does. */
static misuses check_agreement(const trace_op *ops, size_t n, uint64_t seed) {
  misuses now = misuses_of(WALK_AT_ONCE, ops, n, NULL);
  misuses late = misuses_of(WALK_LATE, ops, n, NULL);
  if ((now.count > 0) != (late.count > 0) || late.first < now.first)
    fail_msg("seed %" PRIu64 ": %" PRIu64 " misuses from %" PRIu64
             " at once, %" PRIu64 " from %" PRIu64 " late",
             seed, now.count, now.first, late.count, late.first);
  return now;
}

/* Random traces as they are, without any misuse, and with one misuse, which no
 * other one can cover up for. */
static void late_and_at_once_agree(void **state) {
  (void)state;
  static trace_op ops[OPERATIONS];
  static bool misuse[OPERATIONS];
  uint64_t with = 0, without = 0;
  for (uint64_t seed = 1; seed <= 60; seed++) {
    make_trace(ops, seed);
    size_t n = 20 + below(OPERATIONS - 20);
    uint64_t count = check_agreement(ops, n, seed).count;
    misuses_of(WALK_AT_ONCE, ops, n, misuse);
    uint64_t chosen = count ? below((uint32_t)count) : 0;
    size_t where = 0;
    trace_op one = {.kind = TRACE_SAFEPOINT};
    for (size_t i = 0; i < n; i++)
      if (misuse[i]) {
        if (chosen-- == 0) {
          where = i;
          one = ops[i];
        }
        ops[i] = (trace_op){.kind = TRACE_SAFEPOINT, .thread = ops[i].thread};
      }
    without += check_agreement(ops, n, seed).count == 0;
    ops[where] = count ? one : ops[where];
    with += check_agreement(ops, n, seed).count == 1;
  }
  assert_int_equal(without, 60);
  assert_true(with > 25);
}

/* Performs the operation with a proof, unless it is refused. */
static void apply_with_proof(shadow *m, proof *p, shadow_mutator **crew,
                             const trace_op *op, uint64_t now) {
  shadow_mutator **t = &crew[op->thread];
  shadow_frame frame;
  if (op->kind == TRACE_ATTACH && !*t) {
    *t = shadow_attach(m, op->thread);
    proof_attach(p, *t);
  }
  if (*t)
    shadow_set_clock(*t, now);
  if (op->kind == TRACE_DETACH && *t && !shadow_innermost(*t, &frame)) {
    proof_before(p, *t, op);
    shadow_detach(*t);
    *t = NULL;
  }
  if (!*t || shadow_refuses(*t, op))
    return;
  proof_before(p, *t, op);
  shadow_apply(*t, op, op->kind != TRACE_FINALIZER_NEXT && below(2));
  proof_after(p);
}

/* Dead objects are borrowed and brought back as well. */
static void what_has_proof_is_reachable(void **state) {
  (void)state;
  static trace_op ops[OPERATIONS];
  uint64_t reachable = 0, proved = 0, renewals = 0;
  for (uint64_t seed = 1; seed <= 5; seed++) {
    size_t n = make_trace(ops, seed);
    shadow *m = shadow_create();
    proof *p = proof_create(m);
    shadow_mutator *crew[THREADS] = {NULL};
    for (size_t i = 0; i < n; i++) {
      apply_with_proof(m, p, crew, &ops[i], i + 1);
      if (below(300) == 0) {
        proof_renew(p);
        renewals++;
      }
      shadow_mark_reachable(m);
      for (shadow_ref o = 1; o < shadow_end(m); o++) {
        bool marked = shadow_at(m, o)->marked, has = proof_has(p, o);
        reachable += marked;
        proved += has;
        if (has && !marked)
          fail_msg("seed %" PRIu64 ", operation %zu, object %" PRIu32, seed,
                   i + 1, o);
      }
    }
    proof_destroy(p);
    shadow_destroy(m);
  }
  assert_true(renewals > 20);
  assert_true(proved > reachable / 2);
}

/* ------------------------------------------------------------------------- *
 * Verification, by a trace's text.
 * ------------------------------------------------------------------------- */

typedef struct found {
  char text[1000];
} found;

static void note_problem(void *data, uint64_t line, const char *what) {
  found *f = data;
  size_t used = strlen(f->text);
  snprintf(f->text + used, sizeof f->text - used, "%" PRIu64 ": %s\n", line,
           what);
}

static found problems_of(const char *text, bool lenient,
                         verify_counts *counts) {
  found f = {""};
  char whole[2000];
  int length = snprintf(whole, sizeof whole, "reapmark-trace 2\n%s", text);
  FILE *file = fmemopen(whole, (size_t)length, "r");
  assert_non_null(file);
  trace_reader *r = trace_reader_from(file, "text");
  assert_true(trace_verify(r, lenient, note_problem, &f, counts));
  trace_reader_close(r);
  fclose(file);
  return f;
}

static const struct rule {
  const char *text, *problems;
} rules[] = {
    {"enter 1 0\nnew 0 0 8\nclear 0\ndead 1\nleave\n", ""},
    {"new 0 0 8\n", "2: 'new' cannot be performed: no such register\n"},
    {"enter 1 1\nnew 1 0 8\n",
     "3: 'new' cannot be performed: the register is a borrowing one\n"},
    {"enter 2 0\npayload 0\n",
     "3: 'payload' cannot be performed: the register is null\n"},
    {"enter 2 0\nnew 0 1 0\nload 1 0 1\n",
     "4: 'load' cannot be performed: the object has no such slot\n"},
    {"leave\n", "2: 'leave' cannot be performed: no frame to leave\n"},
    /* Threads. */
    {"attach\ncollect\n", ""},
    {"collect\nattach\n",
     "3: 'attach' cannot be performed: the thread is attached already\n"},
    {"thread 1\ncollect\n",
     "3: 'collect' cannot be performed: the thread is not attached\n"},
    {"thread 1\nattach\ndetach\nattach\ndetach\n", ""},
    {"detach\ncollect\n",
     "3: 'collect' cannot be performed: the thread is not attached\n"},
    {"enter 1 0\ndetach\n",
     "3: 'detach' cannot be performed: frames are open\n"},
    /* The lock. */
    {"lock\nunlock\nlock\n", ""},
    {"unlock\n",
     "2: 'unlock' cannot be performed: the thread does not hold the lock\n"},
    {"lock\nlock\n",
     "3: 'lock' cannot be performed: the thread holds the lock already\n"},
    {"lock\nthread 1\nattach\nlock\nunlock\n",
     "5: 'lock' cannot be performed: another thread holds the lock\n"
     "6: 'unlock' cannot be performed: the thread does not hold the lock\n"},
    {"lock\ndetach\n",
     "3: 'detach' cannot be performed: the thread holds the lock\n"},
    /* Borrowing. */
    {"enter 2 1\nnew 0 1 0\nnew 1 0 8\nstore-take 0 0 1\nborrow 2 0 0\n"
     "payload 2\nunborrow 2\nstore-null 0 0\n",
     ""},
    {"enter 2 1\nnew 0 1 0\nnew 1 0 8\nstore-take 0 0 1\nborrow 2 0 0\n"
     "store-null 0 0\npayload 2\n",
     "8: a borrowed register is used whose object 2 nothing has kept alive "
     "since 7\n"},
    {"enter 2 1\nnew 0 1 0\nnew 1 0 8\nstore-take 0 0 1\nborrow 2 0 0\n"
     "store-null 0 0\ncollect\npayload 2\n",
     "9: the borrowed register's object is kept alive by nothing\n"},
    {"enter 2 1\nnew 0 1 0\nnew 1 0 8\nstore-take 0 0 1\nborrow 2 0 0\n"
     "clear 0\ncopy 1 2\n",
     "8: the borrowed register's object is kept alive by nothing\n"},
    /* The dead object leads back to the one that it was borrowed from. */
    {"enter 2 2\nnew 0 1 8\nnew 1 1 8\nstore 0 0 1\nstore 1 0 0\n"
     "borrow 2 0 0\nleave\nenter 1 0\n",
     ""},
    {"enter 2 2\nnew 0 1 8\nnew 1 1 8\nstore 0 0 1\nstore 1 0 0\n"
     "borrow 2 0 0\nclear 0\nclear 1\nload 0 2 0\n",
     "10: the borrowed register's object is kept alive by nothing\n"},
    {"enter 2 2\nnew 0 1 8\nnew 1 1 8\nstore 0 0 1\nstore 1 0 0\n"
     "borrow 2 0 0\nclear 0\nclear 1\nborrow 3 2 0\nglobal-store 0 3\n",
     "11: the borrowed register's object is kept alive by nothing\n"
     "10: a borrowed register is used whose object 2 nothing has kept alive "
     "since 9\n"},
    /* Kept alive by something else than what it was borrowed from. */
    {"enter 2 1\nnew 0 1 0\nnew 1 0 8\nstore 0 0 1\nborrow 2 0 0\n"
     "store-null 0 0\npayload 2\ncopy 0 2\n",
     ""},
    {"enter 2 1\nnew 0 0 8\nglobal-store 3 0\nclear 0\nglobal-borrow 2 3\n"
     "copy 0 2\nglobal-clear 3\ncopy 1 2\nclear 0\nclear 1\ncopy 0 2\n",
     "12: the borrowed register's object is kept alive by nothing\n"},
    {"enter 2 1\nnew 0 0 8\ntls-store 3 0\nclear 0\ntls-borrow 2 3\n"
     "copy 0 2\ntls-clear 3\nclear 0\ncopy 0 2\n",
     "10: the borrowed register's object is kept alive by nothing\n"},
    /* The dead object is brought back after its use. */
    {"enter 2 1\nnew 0 1 0 f\nnew 1 0 8\nstore-take 0 0 1\nborrow 2 0 0\n"
     "clear 0\npayload 2\ncollect\nfinalizer-next 0\nclear 0\n",
     "8: a borrowed register is used whose object 2 nothing has kept alive "
     "since 7\n"},
    {"enter 2 1\nnew 0 0 8\nglobal-store 3 0\nglobal-borrow 2 3\n"
     "weak-new 1 0\nglobal-clear 3\nclear 0\npayload 2\nweak-get 0 1\n",
     "9: a borrowed register is used whose object 1 nothing has kept alive "
     "since 8\n"},
    {"enter 3 1\nnew 0 1 8\nnew 1 0 8\nephemeron-new 2 0 1\n"
     "store-take 0 0 1\nborrow 3 0 0\nclear 0\npayload 3\n"
     "ephemeron-get 1 2\nclear 1\n",
     "9: a borrowed register is used whose object 2 nothing has kept alive "
     "since 8\n"},
    /* It lets go of itself. */
    {"enter 2 2\nnew 0 2 8\nstore 0 0 0\nglobal-store 3 0\nglobal-borrow 2 3\n"
     "clear 0\nglobal-clear 3\nstore-null 2 0\n",
     "9: the borrowed register's object is kept alive by nothing\n"},
    /* Its object is dead, but nobody looks any more. */
    {"enter 2 1\nnew 0 0 8\nglobal-store 3 0\nclear 0\nglobal-borrow 2 3\n"
     "global-clear 3\nunborrow 2\n",
     ""},
    /* Deaths. */
    {"dead 1\n", "2: there is no object 1 yet\n"},
    {"new 0 0 8\ndead 1\n",
     "2: 'new' cannot be performed: no such register\n"
     "3: object 1 was never made: its line was refused\n"},
    {"enter 1 0\nnew 0 0 8\ndead 1\nclear 0\n",
     "4: object 1 is still used until line 5\n"},
    {"enter 1 0\nnew 0 0 8\ndead 1\n", "4: object 1 is alive at the end\n"},
    {"enter 1 0\nnew 0 0 8\nclear 0\ndead 1\ndead 1\n",
     "6: object 1 is dead already\n"},
    {"enter 1 0\nnew 0 0 8\nclear 0\nsafepoint\ndead 1\n", ""}, /* late */
    {"enter 1 0\nnew 0 0 8\nclear 0\ncollect\ndead 1\n", ""},   /* later */
};

static void rules_are_held(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    verify_counts counts;
    found f = problems_of(rules[i].text, false, &counts);
    if (strcmp(f.text, rules[i].problems))
      fail_msg("\n%sgives\n%snot\n%s", rules[i].text, f.text,
               rules[i].problems);
  }
}

static void lenient_counts_refusals(void **state) {
  (void)state;
  verify_counts counts;
  found f = problems_of("new 0 0 8\nenter 1 1\nnew 0 0 8\nclear 0\ndead 2\n"
                        "clear 0\nnew 0 0 8\nleave\nsafepoint\ndead 3\n",
                        true, &counts);
  assert_string_equal(f.text, "");
  assert_int_equal(counts.operations, 8);
  assert_int_equal(counts.refused, 1);
  assert_int_equal(counts.objects, 2);
  assert_int_equal(counts.deaths, 2);
  assert_int_equal(counts.dead, 2);
  assert_int_equal(counts.dead_exact, 1);
  assert_int_equal(counts.problems, 0);
}

/* A few lines must not make the shadow heap take the machine's memory. */
static void memory_is_bounded(void **state) {
  (void)state;
  walk *w = walk_create(WALK_LATE, (walk_listener){0});
  const char *why = NULL;
  trace_op op = {.kind = TRACE_ENTER, .a = 100};
  assert_int_equal(walk_step(w, &op, 1, &why), WALK_DONE);
  uint64_t made = 0;
  for (uint32_t i = 0; i < 100; i++) {
    op = (trace_op){.kind = TRACE_NEW, .a = i, .b = GC_SLOTS_MAX};
    made += walk_step(w, &op, 2 + i, &why) == WALK_DONE;
  }
  assert_true(made > 0 && made < 10);
  assert_string_equal(why, "more slots are alive than the model takes");
  walk_destroy(w);
}

/* ------------------------------------------------------------------------- *
 * What a walk costs, in places, references and objects looked at.
 * ------------------------------------------------------------------------- */

/* A walk over operations as they are made. */
typedef struct course {
  walk *w;
  uint64_t now;
  uint16_t thread;
} course;

static void go(course *c, trace_kind kind, uint32_t a, uint32_t b, uint32_t e) {
  const char *why;
  trace_op op = {.kind = (uint8_t)kind, .thread = c->thread, a, b, e};
  if (walk_step(c->w, &op, ++c->now, &why) != WALK_DONE)
    fail_msg("%s %u %u %u: %s", trace_kinds[kind].name, a, b, e, why);
}

static void go_finalizable(course *c, gc_reg r) {
  const char *why;
  trace_op op = {.kind = TRACE_NEW, .a = r, .c = 8, .finalizable = true};
  assert_int_equal(walk_step(c->w, &op, ++c->now, &why), WALK_DONE);
}

/* The first half of the finalizable objects stay alive. */
static void finalizers_one_by_one(course *c, uint32_t n) {
  go(c, TRACE_ENTER, n + 1, 0, 0);
  for (uint32_t i = 0; i < n; i++)
    go_finalizable(c, i);
  for (uint32_t i = 0; i < n; i++) {
    go_finalizable(c, n);
    go(c, TRACE_CLEAR, n, 0, 0);
  }
  go(c, TRACE_COLLECT, 0, 0, 0);
  for (uint32_t i = 0; i < n; i++) {
    go(c, TRACE_FINALIZER_NEXT, n, 0, 0);
    assert_int_not_equal(walk_given(c->w), 0);
    go(c, TRACE_CLEAR, n, 0, 0);
    if (i == n / 2)
      walk_bury(c->w);
  }
  go(c, TRACE_FINALIZER_NEXT, n, 0, 0);
  assert_int_equal(walk_given(c->w), 0);
}

/* A weak reference to an object that holds the next weak reference, which is
 * younger. */
static void weak_references_in_a_chain(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 3, 0, 0);
  go(c, TRACE_NEW, 0, 1, 8);
  for (uint32_t i = 0; i < n; i++) {
    go(c, TRACE_NEW, 1, 1, 8);
    go(c, TRACE_WEAK_NEW, 2, 1, 0);
    go(c, TRACE_STORE_TAKE, 0, 0, 2);
    if (i == 0)
      go(c, TRACE_GLOBAL_STORE, 0, 0, 0);
    go(c, TRACE_MOVE, 0, 1, 0);
  }
  walk_bury(c->w);
}

static void weak_references_to_one_object(course *c, uint32_t n) {
  go(c, TRACE_ENTER, n + 1, 0, 0);
  go(c, TRACE_NEW, n, 0, 8);
  for (uint32_t i = 0; i < n; i++)
    go(c, TRACE_WEAK_NEW, i, n, 0);
  go(c, TRACE_CLEAR, n, 0, 0);
  go(c, TRACE_COLLECT, 0, 0, 0);
  for (uint32_t i = 0; i < n; i++)
    go(c, TRACE_WEAK_GET, n, i, 0);
}

static void threads_in_turn(course *c, uint32_t n) {
  for (uint32_t i = 1; i <= n; i++) {
    c->thread = (uint16_t)i;
    go(c, TRACE_ATTACH, 0, 0, 0);
    go(c, TRACE_ENTER, 1, 0, 0);
    go(c, TRACE_NEW, 0, 0, 8);
    go(c, TRACE_LEAVE, 0, 0, 0);
    go(c, TRACE_DETACH, 0, 0, 0);
  }
}

/* A list is walked by one borrowing register.  Each object on the way is put
 * into a register, and after each something dies. */
static void borrowed_along_a_list(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 3, 1, 0);
  for (uint32_t i = 0; i < n; i++) {
    go(c, TRACE_NEW, 1, 1, 8);
    if (i > 0)
      go(c, TRACE_STORE_TAKE, 1, 0, 0);
    go(c, TRACE_MOVE, 0, 1, 0);
  }
  go(c, TRACE_BORROW, 3, 0, 0);
  for (uint32_t i = 2; i < n; i++) {
    go(c, TRACE_NEW, 2, 0, 8);
    go(c, TRACE_CLEAR, 2, 0, 0);
    go(c, TRACE_COPY, 1, 3, 0);
    go(c, TRACE_BORROW, 3, 3, 0);
  }
}

static void make_list(course *c, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    go(c, TRACE_NEW, 1, 1, 8);
    if (i > 0)
      go(c, TRACE_STORE_TAKE, 1, 0, 0);
    go(c, TRACE_MOVE, 0, 1, 0);
  }
}

/* A list is walked by an owning register.  The object after the one in that
 * register is borrowed; when it is put elsewhere, the register has gone on and
 * something has died. */
static void borrowed_from_a_cursor(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 3, 1, 0);
  make_list(c, n);
  go(c, TRACE_COPY, 1, 0, 0);
  for (uint32_t i = 1; i < n; i++) {
    go(c, TRACE_BORROW, 3, 1, 0);
    go(c, TRACE_LOAD, 1, 1, 0);
    go(c, TRACE_NEW, 2, 0, 8);
    go(c, TRACE_COPY, 2, 3, 0);
  }
}

/* The same with the head of the list in a later register, and a cursor that is
 * far on and goes two objects further. */
static void borrowed_from_an_early_cursor(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 4, 1, 0);
  make_list(c, 3 * n);
  go(c, TRACE_MOVE, 3, 0, 0);
  go(c, TRACE_COPY, 0, 3, 0);
  for (uint32_t i = 1; i < n; i++)
    go(c, TRACE_LOAD, 0, 0, 0);
  for (uint32_t i = 1; i < n; i++) {
    go(c, TRACE_BORROW, 4, 0, 0);
    go(c, TRACE_LOAD, 0, 0, 0);
    go(c, TRACE_LOAD, 0, 0, 0);
    go(c, TRACE_COPY, 2, 4, 0);
  }
}

/* The same while the list grows at its head. */
static void borrowed_from_a_growing_list(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 3, 1, 0);
  make_list(c, n);
  go(c, TRACE_COPY, 2, 0, 0);
  for (uint32_t i = 1; i < n; i++) {
    go(c, TRACE_BORROW, 3, 2, 0);
    go(c, TRACE_LOAD, 2, 2, 0);
    go(c, TRACE_NEW, 1, 1, 8);
    go(c, TRACE_STORE_TAKE, 1, 0, 0);
    go(c, TRACE_MOVE, 0, 1, 0);
    go(c, TRACE_COPY, 1, 3, 0);
  }
}

/* The same while the list is taken apart from its head, by another register. */
static void borrowed_from_a_shrinking_list(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 4, 1, 0);
  make_list(c, 2 * n);
  go(c, TRACE_COPY, 2, 0, 0);
  for (uint32_t i = 1; i < n; i++) {
    go(c, TRACE_BORROW, 4, 2, 0);
    go(c, TRACE_LOAD, 2, 2, 0);
    go(c, TRACE_COPY, 3, 4, 0);
    go(c, TRACE_LOAD, 1, 0, 0);
    go(c, TRACE_STORE_NULL, 0, 0, 0);
    go(c, TRACE_MOVE, 0, 1, 0);
    go(c, TRACE_LOAD, 2, 2, 0);
  }
}

/* Between uses of borrowed objects, others are brought back. */
static void used_and_brought_back(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 4, 1, 0);
  for (uint32_t i = 0; i < n; i++)
    go_finalizable(c, 2);
  go(c, TRACE_WEAK_NEW, 3, 2, 0);
  make_list(c, n);
  go(c, TRACE_COPY, 1, 0, 0);
  go(c, TRACE_COLLECT, 0, 0, 0);
  for (uint32_t i = 1; i < n; i++) {
    go(c, TRACE_BORROW, 4, 1, 0);
    go(c, TRACE_LOAD, 1, 1, 0);
    go(c, TRACE_PAYLOAD, 4, 0, 0);
    go(c, i % 2 ? TRACE_FINALIZER_NEXT : TRACE_WEAK_GET, 2, i % 2 ? 0 : 3, 0);
    assert_int_not_equal(walk_given(c->w), 0);
  }
}

/* The way down a tree by frames, each of which borrows from the one below. */
static void borrowed_in_frames(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 2, 0, 0);
  go(c, TRACE_NEW, 0, 1, 8);
  go(c, TRACE_NEW, 1, 1, 8);
  go(c, TRACE_STORE, 0, 0, 1);
  go(c, TRACE_STORE_TAKE, 1, 0, 0);
  go(c, TRACE_GLOBAL_STORE, 0, 1, 0);
  go(c, TRACE_CLEAR, 1, 0, 0);
  for (uint32_t i = 0; i < n; i += 16) {
    go(c, TRACE_ENTER, 1, 16, 0);
    go(c, TRACE_GLOBAL_BORROW, 3, 0, 0);
    for (uint32_t k = 1; k < 16; k++) {
      go(c, TRACE_BORROW, 3 + k, 2 + k, 0);
      go(c, TRACE_NEW, 2, 0, 8);
      go(c, TRACE_COPY, 2, 3 + k, 0);
    }
    go(c, TRACE_LEAVE, 0, 0, 0);
  }
}

/* Objects die young beside one wide object. */
static void beside_a_wide_object(course *c, uint32_t n) {
  go(c, TRACE_ENTER, 2, 0, 0);
  go(c, TRACE_NEW, 0, n, 8);
  for (uint32_t i = 0; i < 64 * n; i++) {
    go(c, TRACE_NEW, 1, 0, 8);
    go(c, TRACE_STORE, 0, i % n, 1);
  }
}

/* Many collections after many objects have died. */
static void after_a_peak(course *c, uint32_t n) {
  go(c, TRACE_ENTER, n + 1, 0, 0);
  for (uint32_t i = 0; i < n; i++)
    go(c, TRACE_NEW, i, 0, 8);
  go(c, TRACE_LEAVE, 0, 0, 0);
  for (uint32_t i = 0; i < n; i++)
    go(c, TRACE_COLLECT, 0, 0, 0);
}

static void costs_are_linear(void **state) {
  (void)state;
  static const struct shape {
    const char *name;
    void (*play)(course *, uint32_t n);
  } shapes[] = {
#define SHAPE(name) {#name, name}
      SHAPE(finalizers_one_by_one),
      SHAPE(weak_references_in_a_chain),
      SHAPE(weak_references_to_one_object),
      SHAPE(threads_in_turn),
      SHAPE(borrowed_along_a_list),
      SHAPE(borrowed_in_frames),
      SHAPE(borrowed_from_a_cursor),
      SHAPE(borrowed_from_an_early_cursor),
      SHAPE(borrowed_from_a_growing_list),
      SHAPE(borrowed_from_a_shrinking_list),
      SHAPE(used_and_brought_back),
      SHAPE(beside_a_wide_object),
      SHAPE(after_a_peak),
#undef SHAPE
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    uint64_t steps[2];
    for (uint32_t k = 0; k < 2; k++) {
      course c = {.w = walk_create(WALK_LATE, (walk_listener){0})};
      shapes[i].play(&c, k ? 4000 : 2000);
      walk_bury(c.w);
      steps[k] = walk_steps(c.w);
      walk_finish(c.w);
      walk_destroy(c.w);
    }
    /* A tenth more, since burials come in whole numbers. */
    if (10 * steps[1] > 22 * steps[0] + 200000)
      fail_msg("%s: %" PRIu64 " steps for 2000, %" PRIu64 " for 4000",
               shapes[i].name, steps[0], steps[1]);
  }
}

/* Memory follows what is alive: the places of dead objects are used again, and
 * those of a peak are given back. */
static void places_follow_what_is_alive(void **state) {
  (void)state;
  course c = {.w = walk_create(WALK_LATE, (walk_listener){0})};
  go(&c, TRACE_ENTER, 1, 0, 0);
  for (int i = 0; i < 400000; i++)
    go(&c, TRACE_NEW, 0, 1, 8);
  assert_true(shadow_end(walk_shadow(c.w)) < 70000);
  walk_bury(c.w);
  go(&c, TRACE_NEW, 0, 1, 8); /* the last object may have a high place */
  walk_bury(c.w);
  assert_int_equal(shadow_end(walk_shadow(c.w)), 2);
  walk_destroy(c.w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(deaths_are_those_of_brute_force),
      cmocka_unit_test(cyclic_garbage_is_told),
      cmocka_unit_test(dead_cycles_go_on_holding),
      cmocka_unit_test(the_laziest_collector),
      cmocka_unit_test(what_waits_may_keep_targets),
      cmocka_unit_test(the_trace_has_the_last_word),
      cmocka_unit_test(late_and_at_once_agree),
      cmocka_unit_test(what_has_proof_is_reachable),
      cmocka_unit_test(rules_are_held),
      cmocka_unit_test(lenient_counts_refusals),
      cmocka_unit_test(memory_is_bounded),
      cmocka_unit_test(costs_are_linear),
      cmocka_unit_test(places_follow_what_is_alive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
