/* userdata.h: Lua's collector, the inline half.
 *
 * Objects are full userdata: their slots are user values, and their payload is
 * the userdata's memory.  C programs have their own objects in Lua this way,
 * and through this interface it costs half as much as tables.  A mutator is a
 * Lua thread (a coroutine) with a stack of its own, a register is a place on
 * that stack, and null is nil.  No Lua code runs.
 *
 * Lua counts user values in 16 bits and silently cuts off a larger number.  The
 * slots of a wider object from UD_DIRECT on are in a table of that object, held
 * by the user value after those.
 *
 * All threads share one state, which Lua does not guard: one runs at a time. */
#ifndef REAPMARK_LUA_USERDATA_H
#define REAPMARK_LUA_USERDATA_H

#define GC_EPHEMERONS 1
#define GC_EXTERNAL   1

#include <lua.h>
#include "common/object.h"

enum {
  UD_DIRECT = 65532, /* slots that are user values directly */
  UD_REST,        /* the user value that holds the table of the other slots */
  UD_ANCHOR = 1,  /* places on a mutator's stack: the shared roots, */
  UD_FINALIZABLE, /* the metatables, */
  UD_WEAK,
  UD_EPHEMERON,
  UD_SHARED = UD_EPHEMERON,       /* the last of those that all stacks share, */
  UD_TLS,                         /* thread-local roots, */
  UD_REGISTERS = UD_TLS + GC_TLS, /* and from here on the registers */
  UD_SPARE = LUA_MINSTACK         /* places above them, for operands */
};

/* An upper bound of the bytes that Lua asks for to make an object. */
static inline uint64_t ud_bytes(gc_shape shape) {
  return 40 + 16 * (uint64_t)shape.slots + shape.bytes;
}

/* Bytes that malloc takes for a block, its header included.  Objects are at
 * multiples of 16, everything else half-way between two of them. */
static inline uint64_t ud_chunk(size_t bytes, bool object) {
  size_t whole = bytes + (object ? 8 : 16);
  return whole <= 32 ? 32 : (whole + 15) & ~(size_t)15;
}

struct gc_heap {
  uint64_t limit; /* the most that `bytes` may reach; UINT64_MAX: none */
  uint64_t bytes; /* taken from malloc since the state was made */
  uint64_t peak;
  uint64_t freed;          /* objects, so far */
  uint64_t objects, cells; /* their number; the part of `bytes` they take */
  uint64_t collections;    /* all, by the sentinel's deaths */
  uint64_t whole;          /* those that were asked for */
  uint64_t at_start;       /* bytes of the state itself */
  bool counts;             /* a block that is made now may be an object */
  bool closing;
  gc_listener listener;
  lua_State *state;
};

struct gc_mutator {
  gc_heap *heap;
  lua_State *lua;
  gc_reg top, room; /* registers in use; registers that fit on the stack */
};

/* Slow paths, in userdata.c. */
bool ud_new(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags);
bool ud_weak_new(gc_mutator *m, gc_reg dst, gc_reg target);
void ud_open_token(gc_mutator *m); /* replaces the token on top by its entry */
bool ud_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key, gc_reg value);
bool ud_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair);
bool ud_finalizer_next(gc_mutator *m, gc_reg dst);
bool ud_external(gc_mutator *m, gc_reg obj, uint32_t bytes);
void ud_rest_load(gc_mutator *m, gc_reg obj, uint32_t i);
void ud_rest_store(gc_mutator *m, gc_reg obj, uint32_t i);
void ud_grow(gc_mutator *m);

static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

/* ------------------------------------------------------------------------- *
 * Places of the stack.
 * ------------------------------------------------------------------------- */

static inline int ud_at(gc_reg r) {
  return UD_REGISTERS + (int)r;
}

static inline int ud_tls(uint32_t t) {
  return UD_TLS + (int)t;
}

static inline void ud_pop_into(gc_mutator *m, int place) {
  lua_copy(m->lua, -1, place);
  lua_settop(m->lua, -2);
}

static inline void ud_clear(gc_mutator *m, int place) {
  lua_pushnil(m->lua);
  ud_pop_into(m, place);
}

/* Pushes the value of slot `i` of the object in register `obj`. */
static inline void ud_push(gc_mutator *m, gc_reg obj, uint32_t i) {
  if (gc_likely(i < UD_DIRECT))
    lua_getiuservalue(m->lua, ud_at(obj), (int)i + 1);
  else
    ud_rest_load(m, obj, i);
}

/* Pops a value into slot `i` of the object in register `obj`. */
static inline void ud_pop(gc_mutator *m, gc_reg obj, uint32_t i) {
  if (gc_likely(i < UD_DIRECT))
    lua_setiuservalue(m->lua, ud_at(obj), (int)i + 1);
  else
    ud_rest_store(m, obj, i);
}

/* ------------------------------------------------------------------------- *
 * The interface.
 * ------------------------------------------------------------------------- */

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  gc_reg frame = m->top;
  m->top += owning + borrowing;
  if (gc_unlikely(m->top > m->room))
    ud_grow(m);
  lua_settop(m->lua, ud_at(m->top) - 1);
  return frame;
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  (void)owning, (void)borrowing;
  m->top = frame;
  lua_settop(m->lua, ud_at(frame) - 1);
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  uint64_t after = m->heap->bytes + ud_bytes(shape);
  if (gc_unlikely(after > m->heap->limit || shape.slots > UD_DIRECT ||
                  flags & GC_FINALIZABLE))
    return ud_new(m, dst, shape, flags);
  lua_newuserdatauv(m->lua, shape.bytes, (int)shape.slots);
  ud_pop_into(m, ud_at(dst));
  return true;
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  ud_push(m, obj, i);
  ud_pop_into(m, ud_at(dst));
}

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  gc_load(m, dst, obj, i);
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  ud_clear(m, ud_at(r));
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  ud_clear(m, ud_at(r));
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  lua_pushvalue(m->lua, ud_at(src));
  ud_pop(m, obj, i);
}

static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  gc_store(m, obj, i, src);
  gc_clear(m, src);
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  lua_pushnil(m->lua);
  ud_pop(m, obj, i);
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  lua_copy(m->lua, ud_at(src), ud_at(dst));
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  gc_copy(m, dst, src);
  gc_clear(m, src);
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  return lua_touserdata(m->lua, ud_at(obj));
}

static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  return lua_type(m->lua, ud_at(r)) == LUA_TNIL;
}

static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  return lua_rawequal(m->lua, ud_at(a), ud_at(b));
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  lua_getiuservalue(m->lua, UD_ANCHOR, (int)g + 1);
  ud_pop_into(m, ud_at(dst));
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  gc_global_load(m, dst, g);
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  lua_pushvalue(m->lua, ud_at(src));
  lua_setiuservalue(m->lua, UD_ANCHOR, (int)g + 1);
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  lua_pushnil(m->lua);
  lua_setiuservalue(m->lua, UD_ANCHOR, (int)g + 1);
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  lua_copy(m->lua, ud_tls(t), ud_at(dst));
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  gc_tls_load(m, dst, t);
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  lua_copy(m->lua, ud_at(src), ud_tls(t));
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  ud_clear(m, ud_tls(t));
}

/* A weak reference is a table with weak values and one entry: the target, or
 * the target's token, which is a table. */
static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  return ud_weak_new(m, dst, target);
}

/* Pushes the target of the weak reference at `place`, and returns its type. */
static inline int ud_push_target(gc_mutator *m, int place) {
  int type = lua_rawgeti(m->lua, place, 1);
  if (gc_likely(type != LUA_TTABLE))
    return type;
  ud_open_token(m);
  return lua_type(m->lua, -1);
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  bool alive = ud_push_target(m, ud_at(weak)) != LUA_TNIL;
  ud_pop_into(m, ud_at(dst));
  return alive;
}

/* An ephemeron is an ephemeron table of Lua's, one with weak keys, in which the
 * key has the value, or false for null. */
static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  return ud_ephemeron_new(m, dst, key, value);
}

static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  return ud_ephemeron_get(m, dst, pair);
}

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return ud_external(m, obj, bytes);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  return ud_finalizer_next(m, dst);
}

#endif
