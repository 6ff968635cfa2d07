/* tangles.c: the action that makes objects of all sizes which refer to each
 * other in any direction: old ones to new ones and the reverse, large ones to
 * large ones.  What a collector does in the order of addresses, or of a list
 * of its own, then meets references against that order. */
#include "actions.h"
#include "choice.h"
#include "loans.h"
#include "operands.h"

enum { MOST = 24, FAN = 3 };

/* Some tangles are of large objects alone, some of small ones. */
static gc_shape draw_shape(source *s, uint32_t larges) {
  uint32_t slots = FAN + 1 + choose(s, 4);
  if (choose(s, 4) < larges)
    return (gc_shape){slots, 8000 + 8 * choose(s, 500)};
  return (gc_shape){slots, 8 * choose(s, 16)};
}

/* Slot `i` of the object that is number `from` in register `all` <- the one
 * that is number `to`.  The two registers after `all` are free for use. */
static void tie(actor *a, gc_reg all, uint32_t from, uint32_t i, uint32_t to) {
  emit3(a, TRACE_LOAD, all + 1, all, from);
  emit3(a, TRACE_LOAD, all + 2, all, to);
  emit3(a, TRACE_STORE, all + 1, i, all + 2);
}

/* A tree, whose order is not that in which its objects were made; another slot
 * of each holds any of them.  In the end a register holds the root alone. */
void action_tangle(actor *a) {
  gc_reg all = emit_frame(a, 3);
  uint32_t n = 4 + choose(a->source, MOST - 3), larges = choose(a->source, 5);
  uint32_t order[MOST] = {0};
  bool room = emit_new(a, all, (gc_shape){n, 8}, false) == PERFORMED;
  for (uint32_t i = 0; room && i < n; i++) {
    room =
        emit_new(a, all + 1, draw_shape(a->source, larges), false) == PERFORMED;
    if (room)
      emit3(a, TRACE_STORE_TAKE, all, i, all + 1);
    uint32_t k = choose(a->source, i + 1);
    order[i] = order[k];
    order[k] = i;
  }
  for (uint32_t i = 0; room && i < n; i++) {
    if (i > 0)
      tie(a, all, order[(i - 1) / FAN], (i - 1) % FAN, order[i]);
    tie(a, all, i, FAN, choose(a->source, n));
  }
  if (room)
    emit3(a, TRACE_LOAD, all + 1, all, order[0]);
  emit1(a, TRACE_CLEAR, all);
  emit1(a, TRACE_CLEAR, all + 2);
  if (chance(a->source, 2))
    action_collect(a);
  emit2(a, TRACE_MOVE, choose(a->source, BASE_OWNING), all + 1);
  emit1(a, TRACE_LEAVE, 0);
}
