/* check.c: compares the whole heap with the shadow heap while all threads stand
 * still. */
#include "comparison.h"
#include "inside.h"
#include "questions.h"

#include <inttypes.h>
#include <stdlib.h>

#include "basics.h"

/* ------------------------------------------------------------------------- *
 * Finalizers.
 * ------------------------------------------------------------------------- */

/* Collects and takes what waits for its finalizer, until nothing waits after a
 * collection. */
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

/* Compares that every dead finalizable object that the collector reclaims was
 * handed out.  For that the dead ones are treated as ordinary objects for a
 * moment: then they must not be among those that survive. */
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

/* ------------------------------------------------------------------------- *
 * Numbers of objects and bytes.
 * ------------------------------------------------------------------------- */

/* What the memory of the heap is used for, as far as the collector tells. */
static gc_usage usage_of(gc_heap *heap) {
  return gc_heap_usage ? gc_heap_usage(heap)
                       : (gc_usage){.objects = GC_UNKNOWN, .pages = GC_UNKNOWN};
}

/* How many objects more than `expected` there may be.  For a conservative
 * collector a stale word in a register or on a stack is a root, and one such
 * word keeps a whole list or ring: whatever was dropped since the check before
 * may still be there.  By the next check the threads have written over such
 * words, all but a few. */
static uint64_t excess(const executor *x, uint64_t expected) {
  uint64_t garbage = executor_sum(x).made - expected;
  uint64_t few = wl_spare(garbage);
  if (gc_this_collector.can.conservative && garbage > x->buried)
    few += garbage - x->buried;
  return few;
}

/* How much of what survives may be gone: what only the values of
 * ephemerons lead to whose keys were, perhaps, found dead before a finalizer
 * brought them back.  A collector that counts clears an ephemeron only if the
 * key dies itself; one that marks also if only a dead finalizable object leads
 * to the key. */
static shadow_volume count_doubtful(executor_thread *t) {
  executor *x = t->x;
  size_t n = 0, room = 0;
  struct pair {
    shadow_ref ephemeron, value;
  } *pairs = NULL;
  for (shadow_ref o = 1; o < shadow_end(x->shadow); o++) {
    shadow_object *object = at(t, o);
    if (!object->used || !object->value ||
        object->birth > past(t, object->target)->doubt)
      continue;
    pairs = grown(pairs, n, &room, sizeof *pairs);
    pairs[n++] = (struct pair){o, object->value};
    object->value = 0;
  }
  gc_reclaims reclaims = gc_this_collector.can.reclaims;
  shadow_volume least = x->surviving;
  if (n > 0)
    least = shadow_mark_surviving(x->shadow, reclaims);
  for (size_t i = 0; i < n; i++)
    at(t, pairs[i].ephemeron)->value = pairs[i].value;
  if (n > 0)
    shadow_mark_surviving(x->shadow, reclaims);
  free(pairs);
  return (shadow_volume){x->surviving.objects - least.objects,
                         x->surviving.bytes - least.bytes,
                         x->surviving.external - least.external};
}

/* Compares what the collector tells of what it left or freed with the `all`
 * objects that are there right after a collection. */
static void compare_tally(executor_thread *t, uint64_t all) {
  executor *x = t->x;
  if (!gc_heap_tally)
    return;
  gc_tally tally = gc_heap_tally(x->run->heap);
  uint64_t told = x->foreign + executor_sum(x).made + x->foreign_freed;
  if (tally.collections)
    told = tally.left;
  if (told - tally.freed != all)
    executor_violation(t, "count", 0,
                       "gc_heap_tally tells of %" PRIu64
                       " objects right after a collection, gc_heap_objects of "
                       "%" PRIu64,
                       told - tally.freed, all);
}

/* Compares the number of objects with what must survive, of which `doubtful`
 * may be gone. */
static void compare_count(executor_thread *t, uint64_t expected,
                          uint64_t doubtful) {
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
  compare_tally(t, all);
  uint64_t found = all - t->x->foreign;
  uint64_t spare = excess(t->x, expected);
  if (found + doubtful >= expected && found <= expected + spare) {
    if (found < expected)
      t->x->surviving.objects = found;
    return;
  }
  executor_violation(
      t, "count", 0,
      "%" PRIu64 " objects are in the heap, %" PRIu64
      " %s than must be: of %" PRIu64 " that are reachable and %" PRIu64
      " kept as declared",
      found, found < expected ? expected - found : found - expected - spare,
      found < expected ? "fewer" : "more", t->x->reachable.objects,
      expected - t->x->reachable.objects);
}

/* Compares the bytes of external memory with those of what must survive, of
 * which `doubtful` may be gone.  For collectors that may hold more objects than
 * that, they may be any of those that were ever given. */
static void compare_external(executor_thread *t, uint64_t doubtful) {
  const gc_capabilities *can = &gc_this_collector.can;
  if (!can->external || !asks(t, ORACLE_COUNT))
    return;
  uint64_t held =
      gc_heap_external(t->x->run->heap).bytes - t->x->foreign_external;
  uint64_t expected = t->x->surviving.external, most = expected;
  if (can->conservative || can->explicit_free)
    most = executor_sum(t->x).external;
  if (held + doubtful < expected || held > most)
    executor_violation(
        t, "count", 0,
        "%" PRIu64 " bytes of external memory are held, and objects that must "
        "be there own %" PRIu64,
        held, expected);
  uint64_t footprint = gc_heap_footprint(t->x->run->heap).bytes;
  if (gc_this_collector.kind == GC_KIND_MODEL && footprint < held)
    executor_violation(t, "limit", 0,
                       "the footprint is %" PRIu64
                       " bytes, and external memory alone has %" PRIu64,
                       footprint, held);
}

/* Compares the memory of the heap with its limit. */
static void compare_limit(executor_thread *t) {
  uint64_t limit = t->x->run->heap_limit;
  if (!limit || !asks(t, ORACLE_LIMIT))
    return;
  uint64_t peak = gc_heap_footprint(t->x->run->heap).peak_bytes;
  uint64_t most = gc_footprint_most(&gc_this_collector.can, limit);
  if (peak > most)
    executor_violation(t, "limit", 0,
                       "the heap has taken %" PRIu64
                       " bytes, and with its limit of %" PRIu64
                       " may take %" PRIu64,
                       peak, limit, most);
  uint64_t pages = usage_of(t->x->run->heap).pages;
  if (pages > limit && pages != GC_UNKNOWN)
    executor_violation(t, "limit", 0,
                       "objects take %" PRIu64
                       " bytes of pages, and the limit is %" PRIu64,
                       pages, limit);
}

/* ------------------------------------------------------------------------- *
 * The collector's own invariants.
 * ------------------------------------------------------------------------- */

void executor_inspect(executor_thread *t) {
  executor *x = t->x;
  if (!asks(t, ORACLE_CHECK))
    return;
  x->inspections++;
  executor_hush(t, true);
  const char *why = gc_heap_check(x->run->heap);
  executor_hush(t, false);
  if (why)
    executor_violation(t, "check", 0, "%s", why);
}

void executor_inspect_due(executor_thread *t) {
  executor *x = t->x;
  int64_t price =
      (int64_t)(INSPECTION_BASE + shadow_end(x->shadow) +
                gc_heap_footprint(x->run->heap).bytes / INSPECTION_BYTES);
  /* What was earned since the last one was due, and where that is too little,
   * when it will be enough. */
  x->inspect_credit +=
      INSPECTION_CREDIT * (int64_t)(x->clock - x->inspect_from);
  x->inspect_from = x->clock;
  if (x->inspect_credit < price) {
    x->inspect_at = x->clock + 1 +
                    (uint64_t)(price - x->inspect_credit) / INSPECTION_CREDIT;
    return;
  }
  x->inspect_credit -= price;
  x->inspect_at = x->clock + x->inspect;
  executor_inspect(t);
}

/* ------------------------------------------------------------------------- *
 * Standing still.
 * ------------------------------------------------------------------------- */

/* Sets the clocks of all threads to the latest of them. */
static void synchronise(executor *x) {
  for (executor_thread *t = x->threads; t; t = t->next)
    x->clock = max_u64(x->clock, t->now);
  for (executor_thread *t = x->threads; t; t = t->next)
    t->now = x->clock;
}

/* Answers the questions of all threads. */
static void answer_threads(executor_thread *first) {
  executor *x = first->x;
  shadow_mark_reachable(x->shadow);
  question_answer_all(first, &x->left);
  for (executor_thread *t = x->threads; t; t = t->next)
    question_answer_all(t, &t->questions);
}

void executor_stand(executor_thread *t, bool still) {
  t->x->standing = still;
  synchronise(t->x);
  t->x->changed = t->x->clock;
  if (still)
    answer_threads(t);
}

/* ------------------------------------------------------------------------- *
 * Between checks.
 * ------------------------------------------------------------------------- */

/* Marks, in addition, what marked weak references refer to, as long as that
 * leads to more of them. */
static void mark_weakly_held(executor_thread *t) {
  shadow *s = t->x->shadow;
  for (bool again = true; again;) {
    again = false;
    for (shadow_ref o = 1; o < shadow_end(s); o++) {
      const shadow_object *object = at(t, o);
      if (!object->used || !object->weak || !object->marked ||
          !object->target || at(t, object->target)->marked)
        continue;
      shadow_mark_also(s, object->target);
      again = true;
    }
  }
}

/* The collector may not have found out that an object is dead, so that what it
 * can still hand out or must still count stays. */
void executor_forget(executor_thread *t) {
  executor *x = t->x;
  x->forget_at = UINT64_MAX;
  if (gc_this_collector.can.reclaims == GC_RECLAIMS_NOTHING)
    return;
  answer_threads(t);
  shadow_mark_surviving(x->shadow, gc_this_collector.can.reclaims);
  mark_weakly_held(t);
  uint64_t kept = 0;
  for (shadow_ref o = 1; o < shadow_end(x->shadow); o++)
    kept += at(t, o)->used && at(t, o)->marked;
  shadow_bury_unmarked(x->shadow, NULL, NULL);
  executor_counts sum = executor_sum(x);
  x->forgets++;
  x->forget_at = sum.made + sum.failed + max_u64(FORGET_LEAST, kept);
}

/* ------------------------------------------------------------------------- *
 * The check.
 * ------------------------------------------------------------------------- */

/* Notes which objects are marked as reachable. */
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

void executor_check(executor_thread *t, executor_each *each, void *data) {
  executor *x = t->x;
  t->checking = true;
  x->checks++;
  executor_set_aside(t, true);
  answer_threads(t);
  drain(t);
  answer_threads(t); /* those that the drain has added */
  x->reachable = shadow_mark_reachable(x->shadow);
  note_reachable(t);
  compare_finalizable(t);
  x->surviving =
      shadow_mark_surviving(x->shadow, gc_this_collector.can.reclaims);
  if (x->surviving.bytes + x->surviving.external > x->peak_bytes)
    x->peak_bytes = x->surviving.bytes + x->surviving.external;
  shadow_volume doubtful = count_doubtful(t);
  /* A collector that is told of deaths frees those objects and no others. */
  compare_count(t,
                gc_this_collector.can.explicit_free
                    ? executor_sum(x).made - x->freed
                    : x->surviving.objects,
                doubtful.objects);
  compare_external(t, doubtful.external);
  executor_inspect(t);
  if (asks(t, ORACLE_GRAPH | ORACLE_WEAK)) {
    each(data, comparison_walk);
    t->checking = true;
  }
  shadow_bury_unmarked(x->shadow, NULL, NULL);
  x->buried = executor_sum(x).made - x->surviving.objects;
  x->safe_bytes = x->surviving.bytes + x->surviving.external;
  compare_limit(t);
  executor_set_aside(t, false);
  t->checking = false;
}
