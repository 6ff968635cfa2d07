/* checkpoint.c: see checkpoint.h. */
#include "checkpoint.h"
#include "actions.h"
#include "choice.h"
#include "loans.h"
#include "ownership.h"

/* Clears about half of the thread's slots of common objects. */
static void cull_commons(actor *a) {
  gc_reg r = emit_frame(a, 1);
  uint32_t step = a->f->parallel ? a->f->threads : 1;
  for (uint32_t g = COMMON_FIRST; g < SHARED_FIRST; g++) {
    if (emit2(a, TRACE_GLOBAL_LOAD, r, g) != PERFORMED || !held_by(a, r))
      continue;
    const shadow_object *common = object_at(a, held_by(a, r));
    for (uint32_t i = a->f->parallel ? a->number : 0; i < common->slot_count;
         i += step)
      if (common->slots[i] && chance(a->source, 2))
        emit2(a, TRACE_STORE_NULL, r, i);
  }
  emit1(a, TRACE_LEAVE, 0);
}

void fuzz_cull(actor *a) {
  a->cull = false;
  for (gc_reg r = 0; r < shadow_top(a->x.shadow); r++)
    if (shadow_is_owning(a->x.shadow, r) && held_by(a, r) &&
        chance(a->source, 2))
      emit1(a, TRACE_CLEAR, r);
  for (uint32_t l = 0; l < GC_TLS; l++)
    if (shadow_tls(a->x.shadow, l) && chance(a->source, 2))
      emit1(a, TRACE_TLS_CLEAR, l);
  cull_commons(a);
  emit_lock(a, a->f->parallel);
  uint32_t first = a->f->parallel ? FROZEN_GLOBALS : 0;
  for (uint32_t g = first; g < GC_GLOBALS; g++)
    if ((g < COMMON_FIRST || g >= SHARED_FIRST) &&
        shadow_global(a->f->x.shadow, g) && chance(a->source, 2))
      emit1(a, TRACE_GLOBAL_CLEAR, g);
}

/* Collects and runs finalizers until none waits after a collection.  Some bring
 * their objects back. */
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
      program_finalizer(a, r);
      emit1(a, TRACE_CLEAR, r);
      again = true;
    }
  }
  emit1(a, TRACE_LEAVE, 0);
}

/* What was frozen becomes shared again, and some of what is shared is frozen.
 */
static void freeze(actor *a) {
  fuzz *f = a->f;
  if (!f->parallel)
    return;
  for (shadow_ref o = 1; o < shadow_end(f->x.shadow); o++)
    if (owner_of(a, o) == OWNER_FROZEN)
      owner_set(a, o, OWNER_SHARED);
  gc_reg r = emit_frame(a, 1);
  for (uint32_t g = 0; g < FROZEN_GLOBALS; g++) {
    uint32_t from = 0;
    for (int tries = 0; tries < 4 && !shadow_global(f->x.shadow, from); tries++)
      from = SHARED_FIRST + choose(a->source, GC_GLOBALS - SHARED_FIRST);
    emit2(a, TRACE_GLOBAL_LOAD, r, from);
    emit2(a, TRACE_GLOBAL_STORE, g, r);
    if (held_by(a, r))
      owner_hand_over(a, held_by(a, r), OWNER_SHARED, OWNER_FROZEN);
  }
  emit1(a, TRACE_LEAVE, 0);
}

void fuzz_check(actor *a) {
  fuzz *f = a->f;
  executor_stand(&a->x, true);
  f->to_check = (int64_t)f->every;
  executor_set_aside(&a->x, true);
  run_finalizers(a);
  emit1(a, TRACE_CHECK, 0);
  executor_check(&a->x, turns_each,
                 &(turns_call){&f->turns, a->x.wl, a->number});
  if (f->x.reachable.objects > f->live)
    for (unsigned i = 0; i < f->threads; i++)
      f->actors[i].cull = true;
  program_commons(a);
  freeze(a);
  executor_set_aside(&a->x, false);
  executor_stand(&a->x, !f->parallel);
}
