/* infer-write.c: makes operations of what was inferred (infer-inside.h). */
#include "infer-inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"

enum {
  TABLE_SLOTS = 4096, /* of a table of holders */
  TABLES_MOST = 5000,
  NONE = UINT32_MAX
};

/* ------------------------------------------------------------------------- *
 * Positions.  At each one: a birth, references that end, stores,
 * registers that are cleared.  What is stored elsewhere in the same position is
 * in a register meanwhile.
 * ------------------------------------------------------------------------- */

/* What there is to do at a position. */
typedef struct actions {
  void (*bear)(maker *k, uint32_t object);
  void (*store)(maker *k, edge *e, uint32_t index);
  void (*cut)(maker *k, edge *e, uint32_t index);
  void (*clear)(maker *k, uint32_t object);
  void (*done)(maker *k, uint32_t position);
} actions;

static void each_position(maker *k, const actions *a) {
  const recording *r = k->r;
  size_t born = 0, stored = 0, ended = 0, cleared = 0;
  for (uint32_t p = 0; p <= r->end; p++) {
    for (; born < r->objects_count && r->objects[born].birth == p; born++)
      a->bear(k, (uint32_t)born);
    for (; ended < k->edges_count; ended++) {
      uint32_t i = k->by_end[ended];
      if (k->edges[i].end != p)
        break;
      if (!k->edges[i].left_out && is_cut(k, &k->edges[i]))
        a->cut(k, &k->edges[i], i);
    }
    for (; stored < k->edges_count; stored++) {
      uint32_t i = k->by_start[stored];
      if (k->edges[i].start != p)
        break;
      if (!k->edges[i].left_out)
        a->store(k, &k->edges[i], i);
    }
    for (; cleared < r->objects_count; cleared++) {
      uint32_t i = k->by_until[cleared];
      if (k->plans[i].until != p)
        break;
      a->clear(k, i);
    }
    a->done(k, p);
  }
}

/* ------------------------------------------------------------------------- *
 * First slots and registers are chosen, so that an object has as many slots as
 * it needs at once.  Registers are taken again, the last one first.
 * ------------------------------------------------------------------------- */

static void choose_register(maker *k, uint32_t object) {
  register_pool *pool = &k->pool;
  k->plans[object].reg =
      pool->free_count ? pool->free[--pool->free_count] : pool->used++;
  k->plans[object].slots = 0;
  k->plans[object].free_slots = NONE;
}

static void return_register(maker *k, uint32_t object) {
  register_pool *pool = &k->pool;
  pool->free = trace_more(pool->free, &pool->free_room, pool->free_count + 1,
                          sizeof *pool->free);
  pool->free[pool->free_count++] = k->plans[object].reg;
}

static void choose_slot(maker *k, edge *e, uint32_t index) {
  (void)index;
  plan *p = &k->plans[e->source];
  if (p->free_slots == NONE) {
    e->slot = p->slots++;
  } else {
    e->slot = k->edges[p->free_slots].slot;
    p->free_slots = k->edges[p->free_slots].next_free;
  }
}

static void return_slot(maker *k, edge *e, uint32_t index) {
  e->next_free = k->plans[e->source].free_slots;
  k->plans[e->source].free_slots = index;
}

static void nothing_more(maker *k, uint32_t position) {
  (void)k;
  (void)position;
}

/* ------------------------------------------------------------------------- *
 * Then operations are written.
 * ------------------------------------------------------------------------- */

static void emit(maker *k, trace_kind kind, uint32_t a, uint32_t b,
                 uint32_t c) {
  inferred *in = k->in;
  if (in->count == in->room) {
    in->room = in->room ? 2 * in->room : 1 << 16;
    in->ops = trace_memory(in->ops, in->room * sizeof *in->ops);
  }
  in->ops[in->count++] =
      (trace_op){.kind = (uint8_t)kind, .a = a, .b = b, .c = c};
}

/* The table that holds what is at this place, and the slot. */
static uint32_t table_of(const maker *k, uint32_t at) {
  return k->registers + (at - k->registers) / TABLE_SLOTS;
}

static uint32_t slot_of(const maker *k, uint32_t at) {
  return (at - k->registers) % TABLE_SLOTS;
}

static uint32_t first_borrower(const maker *k) {
  return k->registers + k->in->tables + 1;
}

static void emit_frame(maker *k) {
  uint32_t tables = k->in->tables;
  k->in->count = 0;
  if (!tables) {
    emit(k, TRACE_ENTER, k->in->holders, 0, 0);
    return;
  }
  emit(k, TRACE_ENTER, k->registers + tables + 1, 2, 0);
  for (uint32_t i = 0; i < tables; i++)
    emit(k, TRACE_NEW, k->registers + i, TABLE_SLOTS, 0);
}

/* An object is as large as it was: what its slots do not take is payload. */
static void emit_birth(maker *k, uint32_t object) {
  const plan *p = &k->plans[object];
  uint64_t slots = (uint64_t)p->slots * 8, bytes = k->r->objects[object].bytes;
  bool fits = p->reg < k->registers;
  uint32_t dst = fits ? p->reg : k->registers + k->in->tables;
  emit(k, TRACE_NEW, dst, p->slots,
       bytes > slots ? least((uint32_t)(bytes - slots), 1u << 30) : 0);
  if (!fits)
    emit(k, TRACE_STORE_TAKE, table_of(k, p->reg), slot_of(k, p->reg), dst);
}

/* The register that the object is in: its own, or borrowing register number
 * `borrower`. */
static uint32_t access_to(maker *k, uint32_t object, uint32_t borrower) {
  uint32_t at = k->plans[object].reg;
  if (at < k->registers)
    return at;
  emit(k, TRACE_BORROW, first_borrower(k) + borrower, table_of(k, at),
       slot_of(k, at));
  return first_borrower(k) + borrower;
}

static void emit_store(maker *k, edge *e, uint32_t index) {
  (void)index;
  uint32_t source = access_to(k, e->source, 0);
  emit(k, TRACE_STORE, source, e->slot, access_to(k, e->target, 1));
}

static void emit_cut(maker *k, edge *e, uint32_t index) {
  (void)index;
  emit(k, TRACE_STORE_NULL, access_to(k, e->source, 0), e->slot, 0);
}

static void emit_clear(maker *k, uint32_t object) {
  uint32_t at = k->plans[object].reg;
  if (k->plans[object].until == k->r->end)
    return;
  if (at < k->registers)
    emit(k, TRACE_CLEAR, at, 0, 0);
  else
    emit(k, TRACE_STORE_NULL, table_of(k, at), slot_of(k, at), 0);
}

/* All that is left dies with the frame. */
static void note_position(maker *k, uint32_t position) {
  if (position == k->r->end)
    emit(k, TRACE_LEAVE, 0, 0, 0);
  k->in->reached[position] = k->in->count;
}

bool infer_write(maker *k, char error[RECORDING_ERROR]) {
  static const actions choosing = {choose_register, choose_slot, return_slot,
                                   return_register, nothing_more};
  static const actions writing = {emit_birth, emit_store, emit_cut, emit_clear,
                                  note_position};
  k->pool.free_count = k->pool.used = 0;
  each_position(k, &choosing);
  k->in->holders = k->pool.used;
  k->in->tables = 0;
  if (k->pool.used > k->registers)
    k->in->tables = (k->pool.used - k->registers - 1) / TABLE_SLOTS + 1;
  if (k->in->tables > TABLES_MOST) {
    snprintf(error, RECORDING_ERROR,
             "%" PRIu32 " objects have to be held at once, which is too many",
             k->pool.used);
    return false;
  }
  emit_frame(k);
  each_position(k, &writing);
  return true;
}
