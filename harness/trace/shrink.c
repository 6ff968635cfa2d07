/* shrink.c: see shrink.h. */
#include "shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "walk.h"

/* The most slots, roots or registers that get other numbers. */
enum { RENUMBERED = 256 };

typedef struct program {
  trace_op *ops;
  size_t count, room;
} program;

typedef struct shrinker {
  const trace_shrinking *how;
  program best;      /* the simplest program that failed */
  program candidate; /* a simpler one, to be tried */
  bool keep_refused;
  uint32_t threads; /* all numbers of threads are below this one */
  uint64_t tries;
  bool over; /* no more tries are left */
} shrinker;

static void add(program *p, trace_op op) {
  if (p->count == p->room) {
    p->room = 2 * p->room + 64;
    p->ops = trace_memory(p->ops, p->room * sizeof *p->ops);
  }
  p->ops[p->count++] = op;
}

/* ------------------------------------------------------------------------- *
 * One try.
 * ------------------------------------------------------------------------- */

/* Removes operations that the rest of the program does not allow. */
static void repair(program *p, bool keep_refused) {
  walk *w = walk_create(WALK_AT_ONCE, (walk_listener){0});
  size_t kept = 0;
  for (size_t i = 0; i < p->count; i++) {
    const char *why;
    walk_outcome outcome = walk_step(w, &p->ops[i], i + 1, &why);
    if (outcome == WALK_DONE || (outcome == WALK_REFUSED && keep_refused))
      p->ops[kept++] = p->ops[i];
  }
  p->count = kept;
  walk_destroy(w);
}

/* Whether `a` is simpler than `b`: it has fewer operations, or as many and a
 * smaller sum of operands.  Every change goes down in this order, so that the
 * shrinking ends. */
static bool is_simpler(const program *a, const program *b) {
  if (a->count != b->count)
    return a->count < b->count;
  uint64_t sums[2] = {0, 0};
  const program *both[2] = {a, b};
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < both[k]->count; i++) {
      const trace_op *op = &both[k]->ops[i];
      sums[k] += (uint64_t)op->a + op->b + op->c + op->finalizable + op->thread;
    }
  return sums[0] < sums[1];
}

static bool fails(shrinker *s, const program *p) {
  if (s->tries >= s->how->most_tries ||
      (s->how->stop && s->how->stop(s->how->data)))
    s->over = true;
  if (s->over)
    return false;
  s->tries++;
  return s->how->fails(s->how->data, p->ops, p->count);
}

/* Repairs and tries the candidate, which becomes the best program if it fails.
 */
static bool try_candidate(shrinker *s) {
  repair(&s->candidate, s->keep_refused);
  if (!is_simpler(&s->candidate, &s->best) || !fails(s, &s->candidate))
    return false;
  program old = s->best;
  s->best = s->candidate;
  s->candidate = old;
  if (s->how->progress)
    s->how->progress(s->how->data, s->tries, s->best.count);
  return true;
}

/* Tries the best program without its operations from `from` to before `to`. */
static bool try_without(shrinker *s, size_t from, size_t to) {
  s->candidate.count = 0;
  for (size_t i = 0; i < s->best.count; i++)
    if (i < from || i >= to)
      add(&s->candidate, s->best.ops[i]);
  return try_candidate(s);
}

/* Tries the best program with another operation at `i`. */
static bool try_with(shrinker *s, size_t i, trace_op op) {
  s->candidate.count = 0;
  for (size_t k = 0; k < s->best.count; k++)
    add(&s->candidate, k == i ? op : s->best.ops[k]);
  return try_candidate(s);
}

/* ------------------------------------------------------------------------- *
 * Fewer operations.
 * ------------------------------------------------------------------------- */

/* Cuts off the end after the failure, by bisection: most failures end the run.
 */
static void cut_end(shrinker *s) {
  for (size_t low = 0; low + 1 < s->best.count && !s->over;) {
    size_t middle = low + (s->best.count - low) / 2;
    if (!try_without(s, middle, s->best.count))
      low = middle;
  }
}

/* Leaves out parts of `size` operations, from the end on, as long as that
 * succeeds: late operations depend on early ones. */
static bool leave_out_parts(shrinker *s, size_t size) {
  bool any = false;
  for (size_t end = s->best.count; end > 0 && !s->over;) {
    size_t from = end > size ? end - size : 0;
    if (try_without(s, from, end))
      any = true;
    /* The repair may have removed more than the part. */
    end = from < s->best.count ? from : s->best.count;
  }
  return any;
}

/* ddmin by complements: halves, quarters, ... single operations, and these
 * until none can be left out.  Subsets are not tried: nearly all operations of
 * a part are refused without those before it. */
static void leave_out(shrinker *s) {
  cut_end(s);
  for (size_t size = s->best.count / 2; size > 1 && !s->over; size /= 2)
    leave_out_parts(s, size);
  while (leave_out_parts(s, 1))
    ;
}

/* ------------------------------------------------------------------------- *
 * Frames and threads.
 * ------------------------------------------------------------------------- */

/* The index of the `leave` that belongs to the `enter` at `i`, or the end. */
static size_t leave_of(const program *p, size_t i) {
  size_t depth = 0;
  for (size_t k = i; k < p->count; k++) {
    if (p->ops[k].thread != p->ops[i].thread)
      continue;
    depth += p->ops[k].kind == TRACE_ENTER;
    depth -= p->ops[k].kind == TRACE_LEAVE && depth > 0;
    if (depth == 0)
      return k;
  }
  return p->count;
}

static bool is_register(char letter) {
  return strchr("dtbrow", letter) != NULL;
}

/* What `flatten` knows about a thread of the program that it makes. */
typedef struct flat_thread {
  uint32_t counts[2]; /* numbers of owning and borrowing registers so far */
} flat_thread;

/* The new numbers of the registers of a thread of the old program, by old
 * number: one more than the new number, or 0 if there is none yet.  Owning and
 * borrowing registers are counted apart. */
typedef struct renaming {
  uint32_t (*names)[2]; /* by old number and kind */
  size_t room;
} renaming;

enum { BORROWING = 1 << 20 }; /* marks one until settle_registers */

typedef struct flattening {
  walk *w;
  program *out;
  const uint16_t *becomes; /* by thread */
  renaming *renamings;     /* by thread of the old program */
  flat_thread *threads;    /* by thread */
  bool *entered;           /* by thread */
} flattening;

static uint32_t rename_register(flattening *f, uint16_t thread, gc_reg r) {
  const shadow_mutator *t = walk_mutator(f->w, thread);
  if (!t || r >= shadow_top(t))
    return r; /* refused */
  int kind = !shadow_is_owning(t, r);
  renaming *known = &f->renamings[thread];
  if (r >= known->room) {
    size_t room = r < 32 ? 64 : 2 * (size_t)r;
    known->names = trace_memory(known->names, room * sizeof *known->names);
    memset(known->names + known->room, 0,
           (room - known->room) * sizeof *known->names);
    known->room = room;
  }
  uint32_t *name = &known->names[r][kind];
  if (*name == 0)
    *name = ++f->threads[f->becomes[thread]].counts[kind];
  return *name - 1 + (kind ? BORROWING : 0);
}

static void emit(flattening *f, uint16_t thread, trace_op op) {
  op.thread = f->becomes[thread];
  if (!f->entered[op.thread] && op.kind != TRACE_ATTACH) {
    f->entered[op.thread] = true;
    add(f->out, (trace_op){.kind = TRACE_ENTER, .thread = op.thread});
  }
  add(f->out, op);
}

/* Adds operations that do to the registers what leaving the topmost frame did.
 */
static void emit_clears(flattening *f, uint16_t thread) {
  const shadow_mutator *t = walk_mutator(f->w, thread);
  shadow_frame frame;
  if (!t || !shadow_innermost(t, &frame))
    return;
  for (gc_reg r = frame.first; r < shadow_top(t); r++)
    if (shadow_register(t, r))
      emit(f, thread,
           (trace_op){.kind =
                          shadow_is_owning(t, r) ? TRACE_CLEAR : TRACE_UNBORROW,
                      .a = rename_register(f, thread, r)});
}

/* Clears the roots of a thread that has become part of another, when it ends.
 */
static void emit_end(flattening *f, uint16_t thread) {
  const shadow_mutator *t = walk_mutator(f->w, thread);
  if (f->becomes[thread] == thread) {
    emit(f, thread, (trace_op){.kind = TRACE_LEAVE});
    emit(f, thread, (trace_op){.kind = TRACE_DETACH});
    f->entered[thread] = false;
    return;
  }
  for (uint32_t l = 0; t && l < GC_TLS; l++)
    if (shadow_tls(t, l))
      emit(f, thread, (trace_op){.kind = TRACE_TLS_CLEAR, .a = l});
}

static void flatten_one(flattening *f, const trace_op *op) {
  uint16_t thread = op->thread;
  switch (op->kind) {
  case TRACE_ENTER:
    return;
  case TRACE_LEAVE:
    emit_clears(f, thread);
    return;
  case TRACE_ATTACH:
    if (f->becomes[thread] == thread)
      emit(f, thread, *op);
    return;
  case TRACE_DETACH:
    emit_end(f, thread);
    return;
  }
  trace_op renamed = *op;
  uint32_t *operands[] = {&renamed.a, &renamed.b, &renamed.c};
  const char *letters = trace_kinds[op->kind].operands;
  for (size_t i = 0; letters[i]; i++)
    if (is_register(letters[i]))
      *operands[i] = rename_register(f, thread, *operands[i]);
  emit(f, thread, renamed);
}

/* Gives borrowing registers their final numbers, after the owning ones, whose
 * number is known only at the end. */
static void settle_registers(const flattening *f) {
  for (size_t i = 0; i < f->out->count; i++) {
    trace_op *op = &f->out->ops[i];
    const uint32_t *counts = f->threads[op->thread].counts;
    if (op->kind == TRACE_ENTER) {
      op->a = counts[0];
      op->b = counts[1];
    }
    uint32_t *operands[] = {&op->a, &op->b, &op->c};
    const char *letters = trace_kinds[op->kind].operands;
    for (size_t k = 0; letters[k]; k++)
      if (is_register(letters[k]) && *operands[k] >= BORROWING)
        *operands[k] += counts[0] - BORROWING;
  }
}

/* Tries the best program with one frame for each thread, registers in the
 * order of their use, and each thread replaced by the thread in `becomes`. */
static bool try_flat(shrinker *s, const uint16_t *becomes) {
  flattening f = {.w = walk_create(WALK_AT_ONCE, (walk_listener){0}),
                  .out = &s->candidate,
                  .becomes = becomes,
                  .renamings = trace_zeroed(s->threads, sizeof(renaming)),
                  .threads = trace_zeroed(s->threads, sizeof(flat_thread)),
                  .entered = trace_zeroed(s->threads, sizeof(bool))};
  f.out->count = 0;
  for (size_t i = 0; i < s->best.count; i++) {
    const char *why;
    const trace_op *op = &s->best.ops[i];
    flatten_one(&f, op);
    walk_step(f.w, op, i + 1, &why);
  }
  settle_registers(&f);
  for (uint32_t i = 0; i < s->threads; i++)
    free(f.renamings[i].names);
  free(f.renamings);
  free(f.threads);
  free(f.entered);
  walk_destroy(f.w);
  return try_candidate(s);
}

static void simplify_frames(shrinker *s) {
  uint16_t *becomes = trace_zeroed(s->threads, sizeof *becomes);
  bool *present = trace_zeroed(s->threads, sizeof *present);
  for (size_t i = 0; i < s->best.count; i++)
    present[s->best.ops[i].thread] = true;
  bool one = try_flat(s, becomes);
  for (uint32_t t = 0; t < s->threads; t++)
    becomes[t] = (uint16_t)t;
  for (uint32_t t = s->threads - 1; t > 0 && !one; t--)
    if (present[t]) {
      becomes[t] = 0;
      try_flat(s, becomes); /* the best program may lose the thread here */
      becomes[t] = (uint16_t)t;
    }
  if (!one)
    try_flat(s, becomes);
  free(becomes);
  free(present);
  for (size_t i = s->best.count; i-- > 0 && !s->over;) {
    if (i >= s->best.count || s->best.ops[i].kind != TRACE_ENTER)
      continue;
    size_t leave = leave_of(&s->best, i);
    s->candidate.count = 0;
    for (size_t k = 0; k < s->best.count; k++)
      if (k != i && k != leave)
        add(&s->candidate, s->best.ops[k]);
    try_candidate(s);
  }
}

/* Tries the best program with all operations by thread 0, in their frames. */
static void try_one_thread(shrinker *s) {
  s->candidate.count = 0;
  for (size_t i = 0; i < s->best.count; i++) {
    trace_op op = s->best.ops[i];
    op.thread = 0;
    if (op.kind != TRACE_ATTACH && op.kind != TRACE_DETACH)
      add(&s->candidate, op);
  }
  try_candidate(s);
}

/* The number of the first register of the frame that is entered at `i`: one
 * pass, over the frames that are open. */
static gc_reg first_register(const program *p, size_t i) {
  uint32_t *sizes = trace_memory(NULL, (i + 1) * sizeof *sizes);
  size_t depth = 0;
  gc_reg first = 0;
  for (size_t k = 0; k < i; k++) {
    const trace_op *op = &p->ops[k];
    if (op->thread != p->ops[i].thread)
      continue;
    if (op->kind == TRACE_ENTER)
      first += sizes[depth++] = op->a + op->b;
    else if (op->kind == TRACE_LEAVE && depth > 0)
      first -= sizes[--depth];
  }
  free(sizes);
  return first;
}

/* Tries the best program without register `which` of the frame that is entered
 * at `i`; the registers above it move down.  Operations that use it are
 * refused, and so left out. */
static void try_without_register(shrinker *s, size_t i, uint32_t which) {
  gc_reg gone = first_register(&s->best, i) + which;
  size_t leave = leave_of(&s->best, i);
  s->candidate.count = 0;
  for (size_t k = 0; k < s->best.count; k++) {
    trace_op op = s->best.ops[k];
    uint32_t *operands[] = {&op.a, &op.b, &op.c};
    const char *letters = trace_kinds[op.kind].operands;
    bool inside = k > i && k < leave && op.thread == s->best.ops[i].thread;
    for (size_t l = 0; inside && letters[l]; l++)
      if (is_register(letters[l]) && *operands[l] >= gone)
        *operands[l] = *operands[l] == gone ? GC_REGISTERS : *operands[l] - 1;
    if (k == i && which < op.a)
      op.a--;
    else if (k == i)
      op.b--;
    add(&s->candidate, op);
  }
  try_candidate(s);
}

/* Removes registers one by one from frames that could not become one. */
static void simplify_registers(shrinker *s) {
  for (size_t i = s->best.count; i-- > 0 && !s->over;) {
    if (i >= s->best.count || s->best.ops[i].kind != TRACE_ENTER)
      continue;
    uint32_t n = s->best.ops[i].a + s->best.ops[i].b;
    for (uint32_t which = n < RENUMBERED ? n : 0;
         which-- > 0 && i < s->best.count &&
         s->best.ops[i].kind == TRACE_ENTER;)
      if (which < s->best.ops[i].a + s->best.ops[i].b)
        try_without_register(s, i, which);
  }
}

/* ------------------------------------------------------------------------- *
 * Operands.
 * ------------------------------------------------------------------------- */

/* Gives operand `which` (0: a) at `i` the least value with which the program
 * still fails: 0, or the one that bisection finds. */
static void lower(shrinker *s, size_t i, size_t which) {
  uint32_t passed = 0;
  for (bool first = true; i < s->best.count && !s->over; first = false) {
    trace_op op = s->best.ops[i];
    uint32_t *operands[] = {&op.a, &op.b, &op.c}, failed = *operands[which];
    if (failed == 0 || (!first && failed <= passed + 1))
      return;
    uint32_t middle = first ? 0 : passed + (failed - passed) / 2;
    *operands[which] = middle;
    if (!try_with(s, i, op))
      passed = middle;
  }
}

static void simplify_operands(shrinker *s) {
  for (size_t i = s->best.count; i-- > 0 && !s->over;) {
    if (i >= s->best.count)
      continue;
    trace_op op = s->best.ops[i];
    if (op.finalizable) {
      op.finalizable = false;
      try_with(s, i, op);
    }
    for (size_t which = 0; which < 3; which++)
      lower(s, i, which);
  }
}

/* Gives the used slots, global roots or thread-local roots (by the letter of
 * the operand) the lowest numbers, all at once, so that what is stored in a
 * place is still loaded from there. */
static void renumber(shrinker *s, char letter) {
  uint32_t names[RENUMBERED]; /* old numbers, by the new number */
  uint32_t count = 0;
  s->candidate.count = 0;
  for (size_t i = 0; i < s->best.count; i++) {
    trace_op op = s->best.ops[i];
    uint32_t *operands[] = {&op.a, &op.b, &op.c};
    const char *letters = trace_kinds[op.kind].operands;
    const char *at = strchr(letters, letter);
    if (at) {
      uint32_t *operand = operands[at - letters], k = 0;
      while (k < count && names[k] != *operand)
        k++;
      if (k == RENUMBERED)
        return; /* too many to be worth it */
      if (k == count)
        names[count++] = *operand;
      *operand = k;
    }
    add(&s->candidate, op);
  }
  try_candidate(s);
}

/* Takes the payload and the unused slots from all objects at once. */
static void simplify_objects(shrinker *s) {
  uint32_t used = 0;
  for (size_t i = 0; i < s->best.count; i++) {
    const trace_op *op = &s->best.ops[i];
    const uint32_t operands[] = {op->a, op->b, op->c};
    const char *at = strchr(trace_kinds[op->kind].operands, 'i');
    if (at && operands[at - trace_kinds[op->kind].operands] >= used)
      used = operands[at - trace_kinds[op->kind].operands] + 1;
  }
  for (int bytes = 0; bytes <= 8; bytes += 8) {
    s->candidate.count = 0;
    for (size_t i = 0; i < s->best.count; i++) {
      trace_op op = s->best.ops[i];
      if (op.kind == TRACE_NEW && op.b > used)
        op.b = used;
      if (op.kind == TRACE_NEW && op.c > (uint32_t)bytes)
        op.c = (uint32_t)bytes;
      if (op.kind == TRACE_EXTERNAL)
        op.b = 1;
      add(&s->candidate, op);
    }
    if (try_candidate(s))
      return;
  }
}

/* ------------------------------------------------------------------------- */

/* Both programs begin as the trace, without `dead` lines and recorded answers.
 */
static void start(shrinker *s, const trace_op *ops, size_t n) {
  for (size_t i = 0; i < n; i++) {
    trace_op op = ops[i];
    if (op.kind == TRACE_DEAD)
      continue;
    if (op.thread >= s->threads)
      s->threads = op.thread + 1u;
    if (op.kind == TRACE_WEAK_GET || op.kind == TRACE_EPHEMERON_GET)
      op.c = 0;
    if (op.kind == TRACE_FINALIZER_NEXT)
      op.b = 0;
    add(&s->best, op);
    add(&s->candidate, op);
  }
}

/* Whether the trace fails once it is repaired, or as it is. */
static bool fails_at_first(shrinker *s) {
  repair(&s->candidate, false);
  if (fails(s, &s->candidate)) {
    program old = s->best;
    s->best = s->candidate;
    s->candidate = old;
    return true;
  }
  size_t repaired = s->candidate.count;
  s->keep_refused = true;
  repair(&s->best, true);
  return s->best.count > repaired && fails(s, &s->best);
}

trace_shrunk trace_shrink(trace_op *ops, size_t *n,
                          const trace_shrinking *how) {
  shrinker s = {.how = how, .threads = 1};
  start(&s, ops, *n);
  bool failed = fails_at_first(&s);
  program before = {0};
  while (failed && !s.over) {
    before.count = 0;
    for (size_t i = 0; i < s.best.count; i++)
      add(&before, s.best.ops[i]);
    leave_out(&s);
    renumber(&s, 'g');
    renumber(&s, 'l');
    renumber(&s, 'i');
    simplify_objects(&s);
    simplify_frames(&s);
    try_one_thread(&s);
    simplify_registers(&s);
    simplify_operands(&s);
    if (!is_simpler(&s.best, &before))
      break;
  }
  if (failed) {
    memcpy(ops, s.best.ops, s.best.count * sizeof *ops);
    *n = s.best.count;
  }
  free(before.ops);
  free(s.best.ops);
  free(s.candidate.ops);
  return !failed ? TRACE_DID_NOT_FAIL : s.over ? TRACE_CUT_OFF : TRACE_SHRUNK;
}
