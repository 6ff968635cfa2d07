/* comparison.c: compares the collector's heap with the shadow heap: a register
 * after an operation, and at a check everything that can be reached.  Compiled
 * for each collector. */
#include "comparison.h"
#include "inside.h"

#include <inttypes.h>
#include <string.h>

#include "common/hostile/hostile.h"
#include "parts.h"

/* ------------------------------------------------------------------------- *
 * The payload.  A pattern fills whatever a stamp (parts.h) leaves out: words in
 * the middle, bytes after the last word, or all bytes of a payload that has no
 * word.
 * ------------------------------------------------------------------------- */

/* Words `first` to `end` - 1, and the bytes from word `words` on. */
typedef struct stretch {
  uint64_t first, end, words;
} stretch;

static stretch pattern_in(uint64_t bytes) {
  uint64_t words = bytes / 8, first = words >= 4 ? 3 : 1;
  return (stretch){first, words > first ? words - 1 : first, words};
}

/* Word `i` of the pattern: no address, and not that of a neighbour. */
static uint64_t pattern(uint64_t id, uint64_t i) {
  return (~(id * 0x9e3779b97f4a7c15u) - i) | (uint64_t)0xa5 << 56;
}

void comparison_stamp(executor_thread *t, gc_reg r, shadow_ref o) {
  uint64_t bytes = at(t, o)->bytes, id = stamp_of(t, o);
  if (at(t, o)->weak || bytes == 0)
    return;
  if (bytes >= 8)
    stamp(t->m, r, bytes, id);
  uint64_t *word = gc_payload(t->m, r), tail = pattern(id, 0);
  stretch s = pattern_in(bytes);
  for (uint64_t i = s.first; i < s.end; i++)
    word[i] = pattern(id, i);
  memcpy(word + s.words, &tail, bytes % 8);
}

/* Whether the pattern of `o` in register `r` is as it was written: `all` of it,
 * or a few words that are other ones each time. */
static bool pattern_is(const executor_thread *t, gc_reg r, shadow_ref o,
                       bool all) {
  enum { FEW = 8 };
  uint64_t bytes = at(t, o)->bytes, id = stamp_of(t, o), differs = 0;
  if (at(t, o)->weak || bytes == 0)
    return true;
  const uint64_t *word = gc_payload(t->m, r);
  uint64_t tail = pattern(id, 0);
  stretch s = pattern_in(bytes);
  if (!all && s.end - s.first > FEW) {
    s.first += t->now % (s.end - s.first - FEW);
    s.end = s.first + FEW;
  }
  for (uint64_t i = s.first; i < s.end; i++)
    differs |= word[i] ^ pattern(id, i);
  return !differs && !memcmp(word + s.words, &tail, bytes % 8);
}

/* ------------------------------------------------------------------------- *
 * One register.
 * ------------------------------------------------------------------------- */

_Noreturn static void damaged(executor_thread *t, const char *oracle,
                              shadow_ref o) {
  executor_violation(t, oracle, o,
                     "the payload of object %" PRIu64 " is damaged",
                     past(t, o)->number);
}

/* Ends the run because register `r` does not hold `o` as `o` was left. */
_Noreturn static void wrong_object(executor_thread *t, const char *oracle,
                                   gc_reg r, shadow_ref o) {
  uint64_t expected = stamp_of(t, o), found = stamp_id(t->m, r), freed;
  shadow_ref place = (shadow_ref)(found & (PLACES - 1));
  if (found == expected)
    damaged(t, oracle, o);
  if (hostile_is_pattern(found, &freed))
    executor_violation(
        t, oracle, o,
        "object %" PRIu64
        " is not there: its memory was freed in operation %" PRIu64,
        past(t, o)->number, freed);
  if (is_place(t, place) && past(t, place)->number == found >> PLACE_BITS)
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
 * the same object. */
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

void comparison_register(executor_thread *t, gc_reg r, shadow_ref o,
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
  if (whole && !pattern_is(t, r, o, false))
    damaged(t, oracle, o);
}

void comparison_uncleared(executor_thread *t, shadow_ref weak) {
  shadow_ref target = at(t, weak)->target;
  if (at(t, weak)->birth <= past(t, target)->condemned)
    executor_violation(t, "weak", target,
                       "%s %" PRIu64 " %s object %" PRIu64
                       ", which was found dead and handed out for finalization "
                       "by operation %" PRIu64,
                       at(t, weak)->ephemeron ? "ephemeron" : "weak reference",
                       past(t, weak)->number,
                       at(t, weak)->ephemeron ? "was not cleared with its key,"
                                              : "gives",
                       past(t, target)->number, past(t, target)->condemned);
}

/* ------------------------------------------------------------------------- *
 * A walk through the collector's heap in step with the shadow heap, depth
 * first. Each thread starts from its own roots.  An object that an earlier
 * thread has visited is compared again, but its slots are not.
 *
 * The way back to a parent is kept as numbers of slots.  Only every
 * `spacing`th object on the way is held by a register, and the others are found
 * again from there, so that the depth is not bounded by the number of
 * registers.
 * ------------------------------------------------------------------------- */

enum {
  WITNESSES = 64, /* registers that hold objects without a stamp */
  SPACING = 8     /* objects between two that are held, if registers suffice */
};

typedef struct step {
  shadow_ref at; /* an object on the way */
  uint32_t next; /* the next of its slots to visit */
} step;

typedef struct walk {
  executor_thread *t;
  /* Registers: an owning one; borrowing ones for the last object, for the
   * object that is compared, for the witnesses (by place modulo WITNESSES) and
   * for every `spacing`th object on the way. */
  gc_reg own, here, look, witnesses, held;
  shadow_ref witnessed[WITNESSES]; /* what the witnesses hold */
  uint32_t spacing;
  gc_reg base; /* holds the first object on the way */
  step *steps;
  size_t depth, room;
} walk;

/* Where the content of a register came from, for the story: slot `number` of
 * object `from`, or root `number` of this kind. */
typedef struct origin {
  const char *kind;
  uint32_t number;
  shadow_ref from;
} origin;

/* Ends the run because what came from `from` is not `o`. */
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

/* Compares the weak reference or ephemeron `o`, which register `r` holds, with
 * its target or value. */
static void compare_weak(walk *w, gc_reg r, shadow_ref o) {
  executor_thread *t = w->t;
  executor *x = t->x;
  const shadow_object *weak = at(t, o);
  bool pair = weak->ephemeron;
  const char *kind = pair ? "ephemeron" : "weak reference";
  const char *end = pair ? "key" : "target";
  shadow_ref target = weak->target;
  bool got =
      pair ? gc_ephemeron_get(t->m, w->own, r) : gc_weak_get(t->m, w->own, r);
  bool late = got && (!target || !at(t, target)->marked);
  if (late && must_find())
    executor_violation(t, "weak", o,
                       "%s %" PRIu64 " was not cleared, though its %s is gone",
                       kind, past(t, o)->number, end);
  if (got && !late) {
    comparison_uncleared(t, o);
    comparison_register(t, w->own, pair ? weak->value : target, "weak", false);
  }
  if (!got && target) {
    const executor_past *p = past(t, target);
    if (p->reached == x->checks && weak->birth > p->doubt)
      executor_violation(t, "weak", target,
                         "%s %" PRIu64 " was cleared, though its %s %" PRIu64
                         " is alive",
                         kind, past(t, o)->number, end, p->number);
  }
  if (!got || late)
    shadow_clear(x->shadow, o, t->now);
  gc_clear(t->m, w->own);
}

/* Compares what register `r` holds with `o`.  Returns whether the object is
 * visited for the first time and has slots to be visited. */
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
  if (first && asks(t, ORACLE_GRAPH) && !pattern_is(t, r, o, true))
    damaged(t, "graph", o);
  if (first && object->weak && asks(t, ORACLE_WEAK))
    compare_weak(w, r, o);
  return first && object->slot_count > 0;
}

static void push(walk *w, shadow_ref o) {
  w->steps = grown(w->steps, w->depth, &w->room, sizeof *w->steps);
  w->steps[w->depth++] = (step){o, 0};
}

/* The register that holds the object at `depth`, a multiple of the spacing. */
static gc_reg held_at(const walk *w, size_t depth) {
  return depth == 0 ? w->base : w->held + (gc_reg)(depth / w->spacing);
}

/* The register with the last object on the way, which is found again. */
static gc_reg find_last(walk *w) {
  size_t depth = w->depth - 1, d = depth - depth % w->spacing;
  gc_reg r = held_at(w, d);
  for (; d < depth; d++) {
    gc_borrow(w->t->m, w->here, r, w->steps[d].next - 1);
    r = w->here;
  }
  return r;
}

/* Visits everything that the object `o` in register `base` leads to. */
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

void comparison_walk(executor_thread *t) {
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
