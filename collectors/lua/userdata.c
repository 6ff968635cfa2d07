/* userdata.c: Lua's collector, the out-of-line half.
 *
 * Lua does not report the pauses of its own collections: a step of a collection
 * is part of the allocation that starts it.  Stopping the collector and asking
 * for steps instead would make a different collector: a step with an argument
 * pays the whole debt at once, and a step without one differs in length from
 * Lua's own.  So the adapter reports the pauses of whole collections only,
 * which the workload or a full heap asks for; the steps are visible from
 * outside only.  But it counts all collections (the sentinel, below). */
#include "lua/userdata.h"
#include "common/external.h"

static uint64_t mode = 0, step_pause = 200, multiplier = 100, minor = 20,
                major = 100;

const gc_collector gc_this_collector = {
    .name = "lua",
    .runtime = LUA_RELEASE,
    .summary = LUA_RELEASE ", incremental or generational; objects are full "
                           "userdata",
    .source =
        "Ierusalimschy; incremental mode after Dijkstra et al., CACM 1978",
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNALS_UNSEEN,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .heap_limit = true},
    .options =
        (const gc_option[]){
            {"mode", "0: incremental, 1: generational", &mode, 0, 1},
            {"pause",
             "incremental: a collection begins when the heap has grown to this "
             "per cent of its size after the last one",
             &step_pause, 1, 1000},
            {"step-multiplier",
             "incremental: collection work, in per cent of the bytes allocated",
             &multiplier, 1, 1000},
            {"minor-multiplier",
             "generational: per cent by which the heap grows before a young "
             "collection",
             &minor, 1, 100},
            {"major-multiplier",
             "generational: per cent by which the heap grows before an old one",
             &major, 1, 1000},
            {0}},
};

static gc_heap the_heap;

/* ------------------------------------------------------------------------- *
 * Memory.  Lua tells its allocator what kind of thing it asks for, but not what
 * kind it gives back.  To count objects without a table of them, everything
 * else is placed half-way between the multiples of 16 that malloc returns.
 * ------------------------------------------------------------------------- */

static bool is_object(void *block) {
  return (uintptr_t)block % 16 == 0;
}

/* Bytes between malloc's block and the address that Lua gets. */
static size_t gap(bool object) {
  return object ? 0 : 8;
}

static void account(gc_heap *h, bool object, uint64_t more, uint64_t less) {
  h->bytes += more - less;
  if (h->bytes > h->peak)
    h->peak = h->bytes;
  if (object)
    h->cells += more - less;
}

/* A lua_Alloc.  For a new block `before` is the kind of thing. */
static void *take_or_give(void *data, void *old, size_t before, size_t bytes) {
  gc_heap *h = data;
  bool object =
      old ? is_object(old)
          : h->counts && (before == LUA_TUSERDATA || before == LUA_TTABLE);
  char *block = old ? (char *)old - gap(object) : NULL;
  uint64_t less = old ? ud_chunk(before, object) : 0;
  if (bytes == 0) {
    free(block);
    h->objects -= old && object;
    h->freed += old && object;
    account(h, object, 0, less);
    return NULL;
  }
  block = realloc(block, bytes + gap(object));
  if (!block)
    return NULL;
  h->objects += !old && object;
  account(h, object, ud_chunk(bytes, object), less);
  return block + gap(object);
}

/* Called if the system's memory runs out: memory beyond the heap limit is not
 * asked for. */
static int out_of_memory(lua_State *lua) {
  (void)lua;
  gc_out_of_memory(NULL, (gc_shape){0, 0});
}

/* Whether there is room for `bytes` more.  Collects if there is none at
 * first. */
static bool make_room(gc_mutator *m, uint64_t bytes) {
  gc_heap *h = m->heap;
  if (h->bytes + bytes > h->limit)
    gc_collect(m);
  return h->bytes + bytes <= h->limit;
}

/* ------------------------------------------------------------------------- *
 * The shared roots are user values of the anchor, which every mutator's stack
 * refers to.  After the global roots come the first and the last object of the
 * finalizer queue.  Finalizable objects have one user value more, the link of
 * the queue, since there may be no memory for a link when an object is found
 * dead.  The number of that user value is stored behind the object's payload,
 * negative once the object has been queued.
 *
 * Until then the link may hold the object's token, a table whose only entry is
 * the object.  Weak references and ephemerons refer to the token in place of
 * the object, because Lua would spare some when the object is found dead:
 * ephemerons as long as its finalizer keeps it, and weak references to which
 * only dead objects lead.
 * ------------------------------------------------------------------------- */

enum { FIRST = GC_GLOBALS + 1, LAST, ANCHOR_VALUES = LAST };

static char *behind_payload(lua_State *lua, int object) {
  char *memory = lua_touserdata(lua, object);
  return memory + lua_rawlen(lua, object) - sizeof(int);
}

/* The number of the object's link, negative once it has been queued. */
static int link_of(lua_State *lua, int object) {
  int value;
  memcpy(&value, behind_payload(lua, object), sizeof value);
  return value;
}

/* The same of an object that is in the queue. */
static int next_of(lua_State *lua, int object) {
  return -link_of(lua, object);
}

/* Empties the object's token, if there is one, and the link for the queue. */
static void take_token(lua_State *lua, int object) {
  int link = link_of(lua, object), queued = -link;
  if (lua_getiuservalue(lua, object, link) == LUA_TTABLE) {
    lua_pushnil(lua);
    lua_rawseti(lua, -2, 1);
    lua_pushnil(lua);
    lua_setiuservalue(lua, object, link);
  }
  lua_settop(lua, -2);
  memcpy(behind_payload(lua, object), &queued, sizeof queued);
}

/* The metamethod __gc: appends the object, argument 1, to the queue.  Upvalue 1
 * is the anchor. */
static int enqueue(lua_State *lua) {
  const int anchor = lua_upvalueindex(1), object = 1, last = 2;
  lua_settop(lua, object);
  take_token(lua, object);
  lua_getiuservalue(lua, anchor, LAST);
  lua_pushvalue(lua, object);
  if (lua_isnil(lua, last))
    lua_setiuservalue(lua, anchor, FIRST);
  else
    lua_setiuservalue(lua, last, next_of(lua, last));
  lua_pushvalue(lua, object);
  lua_setiuservalue(lua, anchor, LAST);
  return 0;
}

bool ud_finalizer_next(gc_mutator *m, gc_reg dst) {
  lua_State *lua = m->lua;
  if (lua_getiuservalue(lua, UD_ANCHOR, FIRST) == LUA_TNIL) {
    lua_settop(lua, -2);
    return false;
  }
  ud_pop_into(m, ud_at(dst));
  int next = next_of(lua, ud_at(dst));
  if (lua_getiuservalue(lua, ud_at(dst), next) == LUA_TNIL) {
    lua_pushnil(lua);
    lua_setiuservalue(lua, UD_ANCHOR, LAST);
  }
  lua_setiuservalue(lua, UD_ANCHOR, FIRST);
  lua_pushnil(lua);
  lua_setiuservalue(lua, ud_at(dst), next);
  return true;
}

/* ------------------------------------------------------------------------- *
 * Objects that the inline half does not make itself.
 * ------------------------------------------------------------------------- */

/* Pushes a table that is part of an object and does not count as one. */
static void push_part(gc_mutator *m, uint32_t entries) {
  m->heap->counts = false;
  lua_createtable(m->lua, (int)entries, 0);
  m->heap->counts = true;
}

bool ud_new(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags) {
  lua_State *lua = m->lua;
  bool finalizable = flags & GC_FINALIZABLE, wide = shape.slots > UD_DIRECT;
  int values = wide ? UD_REST : (int)shape.slots, next = values + 1;
  size_t bytes = shape.bytes + (finalizable ? sizeof next : 0);
  enum { MORE = 256 }; /* for the table and for rounding */
  if (!make_room(m, ud_bytes(shape) + MORE))
    return false;
  char *memory = lua_newuserdatauv(lua, bytes, values + finalizable);
  if (wide) {
    push_part(m, shape.slots - UD_DIRECT);
    lua_setiuservalue(lua, -2, UD_REST);
  }
  if (finalizable) { /* Lua requires that the metatable has __gc already */
    memcpy(memory + shape.bytes, &next, sizeof next);
    lua_pushvalue(lua, UD_FINALIZABLE);
    lua_setmetatable(lua, -2);
  }
  ud_pop_into(m, ud_at(dst));
  return true;
}

/* Pushes the object in register `r`, or its token if the object is finalizable
 * and was not queued. */
static void push_target(gc_mutator *m, gc_reg r) {
  lua_State *lua = m->lua;
  if (!lua_getmetatable(lua, ud_at(r))) {
    lua_pushvalue(lua, ud_at(r));
    return;
  }
  lua_settop(lua, -2);
  int link = link_of(lua, ud_at(r));
  if (link < 0) {
    lua_pushvalue(lua, ud_at(r));
  } else if (lua_getiuservalue(lua, ud_at(r), link) != LUA_TTABLE) {
    lua_settop(lua, -2);
    push_part(m, 1);
    lua_pushvalue(lua, ud_at(r));
    lua_rawseti(lua, -2, 1);
    lua_pushvalue(lua, -1);
    lua_setiuservalue(lua, ud_at(r), link);
  }
}

enum { TABLE = 128 }; /* the most bytes of a table with one or two entries */

/* Gives the table on top of the stack a metatable, and adds the target in
 * register `r` as its entry 1. */
static void refer_weakly(gc_mutator *m, gc_reg r) {
  lua_pushvalue(m->lua, UD_WEAK);
  lua_setmetatable(m->lua, -2);
  push_target(m, r);
  lua_rawseti(m->lua, -2, 1);
}

bool ud_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  if (!make_room(m, 2 * TABLE))
    return false;
  lua_createtable(m->lua, 1, 0);
  refer_weakly(m, target);
  ud_pop_into(m, ud_at(dst));
  return true;
}

void ud_open_token(gc_mutator *m) {
  lua_rawgeti(m->lua, -1, 1);
  lua_rotate(m->lua, -2, 1);
  lua_settop(m->lua, -2);
}

/* Entry 1 is a weak reference to the key, which Lua clears at once when it
 * finds the key dead.  The other entry is that of the key, which Lua removes
 * only if no finalizer keeps the key. */
bool ud_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key, gc_reg value) {
  lua_State *lua = m->lua;
  if (!make_room(m, 3 * TABLE))
    return false;
  lua_createtable(lua, 1, 1);
  lua_pushvalue(lua, UD_EPHEMERON);
  lua_setmetatable(lua, -2);
  push_part(m, 1);
  refer_weakly(m, key);
  lua_rawseti(lua, -2, 1);
  push_target(m, key);
  if (gc_is_null(m, value))
    lua_pushboolean(lua, false);
  else
    lua_pushvalue(lua, ud_at(value));
  lua_rawset(lua, -3);
  ud_pop_into(m, ud_at(dst));
  return true;
}

bool ud_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  lua_State *lua = m->lua;
  const int top = lua_gettop(lua), weak = top + 1, key = weak + 1,
            value = key + 1;
  lua_rawgeti(lua, ud_at(pair), 1);
  bool alive = ud_push_target(m, weak) != LUA_TNIL;
  lua_settop(lua, weak);
  lua_pushinteger(lua, 1);
  bool held = lua_next(lua, ud_at(pair));
  if (held && !alive) { /* a finalizer keeps the key, but not the value */
    lua_pushvalue(lua, key);
    lua_pushnil(lua);
    lua_rawset(lua, ud_at(pair));
  }
  if (held && alive && !lua_isboolean(lua, value))
    lua_copy(lua, value, ud_at(dst));
  else
    ud_clear(m, ud_at(dst));
  lua_settop(lua, top);
  return held && alive;
}

/* ------------------------------------------------------------------------- *
 * External memory, which Lua has no function to be told of.
 *
 * An object that is there already cannot get a field or, without others taking
 * it for finalizable, a metatable.  So a table with weak keys, in the registry,
 * has for each owner a userdata with the owner's blocks and a finalizer, the
 * *box*.  Lua finds box and owner dead in the same collection.  If the owner is
 * about to be finalized, it lives on, and its box must: the box has a table
 * with the owner for a weak key, from which Lua takes the owner only when that
 * is dead for good.  As long as it is there, the box's finalizer asks to be
 * called again.
 * ------------------------------------------------------------------------- */

static const char boxes; /* its address is the key of that table */

typedef struct ud_box {
  external_block *blocks;
} ud_box;

static int box_dies(lua_State *lua) {
  const int box = 1;
  lua_settop(lua, box);
  if (!the_heap.closing && lua_getiuservalue(lua, box, 1) == LUA_TTABLE) {
    lua_pushnil(lua);
    if (lua_next(lua, -2)) { /* the owner lives on */
      lua_getmetatable(lua, box);
      lua_setmetatable(lua, box);
      return 0;
    }
  }
  external_give_all(&((ud_box *)lua_touserdata(lua, box))->blocks,
                    &external_malloc);
  return 0;
}

/* Makes the table of boxes, and their metatable in its field 1. */
static void make_boxes(gc_heap *h) {
  lua_State *lua = h->state;
  lua_createtable(lua, 0, 0);
  lua_createtable(lua, 0, 1);
  lua_pushstring(lua, "k");
  lua_setfield(lua, -2, "__mode");
  lua_setmetatable(lua, -2);
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, box_dies);
  lua_setfield(lua, -2, "__gc");
  lua_rawseti(lua, -2, 1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &boxes);
}

/* Makes a box for the object at `owner` and enters it in the table of boxes at
 * `table`; pushes the box. */
static void make_box(gc_mutator *m, int owner, int table) {
  lua_State *lua = m->lua;
  m->heap->counts = false;
  ud_box *box = lua_newuserdatauv(lua, sizeof *box, 1);
  box->blocks = NULL;
  lua_createtable(lua, 0, 1);
  m->heap->counts = true;
  lua_getmetatable(lua, table); /* weak keys */
  lua_setmetatable(lua, -2);
  lua_pushvalue(lua, owner);
  lua_pushboolean(lua, true);
  lua_rawset(lua, -3);
  lua_setiuservalue(lua, -2, 1);
  lua_rawgeti(lua, table, 1);
  lua_setmetatable(lua, -2);
  lua_pushvalue(lua, owner);
  lua_pushvalue(lua, -2);
  lua_rawset(lua, table);
}

bool ud_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  lua_State *lua = m->lua;
  const int top = lua_gettop(lua), table = top + 1;
  if (!make_room(m, 4 * TABLE))
    return false;
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &boxes);
  lua_pushvalue(lua, ud_at(obj));
  if (lua_rawget(lua, table) == LUA_TNIL) {
    lua_settop(lua, table);
    make_box(m, ud_at(obj), table);
  }
  ud_box *box = lua_touserdata(lua, -1);
  bool added = external_add(&box->blocks, bytes, &external_malloc);
  lua_settop(lua, top);
  return added;
}

void ud_rest_load(gc_mutator *m, gc_reg obj, uint32_t i) {
  lua_getiuservalue(m->lua, ud_at(obj), UD_REST);
  lua_rawgeti(m->lua, -1, i - UD_DIRECT + 1);
  lua_rotate(m->lua, -2, 1);
  lua_settop(m->lua, -2);
}

void ud_rest_store(gc_mutator *m, gc_reg obj, uint32_t i) {
  lua_getiuservalue(m->lua, ud_at(obj), UD_REST);
  lua_rotate(m->lua, -2, 1);
  lua_rawseti(m->lua, -2, i - UD_DIRECT + 1);
  lua_settop(m->lua, -2);
}

/* Doubles the room for registers.  Lua may halve a stack again, but not below
 * the size that was asked for. */
void ud_grow(gc_mutator *m) {
  if (m->top > GC_REGISTERS)
    object_stack_overflow();
  m->room = 2 * m->top < GC_REGISTERS ? 2 * m->top : GC_REGISTERS;
  if (!lua_checkstack(m->lua, (int)m->room + UD_SPARE))
    gc_out_of_memory(NULL, (gc_shape){0, 0});
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

/* The sentinel: a userdata to which nothing refers and that has a finalizer, so
 * that each collection, young ones and those of Lua's own included, finds it
 * dead and calls the finalizer, once.  That counts, and makes the next one: an
 * object that the finalizer revives instead would grow old, and young
 * collections would not see it.  Its metatable is upvalue 1. */
static void push_sentinel(lua_State *lua, gc_heap *h, int metatable) {
  const bool counts = h->counts;
  h->counts = false;
  lua_newuserdatauv(lua, 0, 0);
  h->counts = counts;
  lua_pushvalue(lua, metatable);
  lua_setmetatable(lua, -2);
}

static int collected(lua_State *lua) {
  gc_heap *h = &the_heap;
  if (h->closing)
    return 0;
  h->collections++;
  push_sentinel(lua, h, lua_upvalueindex(1));
  return 0;
}

static void begin_counting(gc_heap *h) {
  lua_State *lua = h->state;
  lua_createtable(lua, 0, 1);
  const int metatable = lua_gettop(lua);
  lua_pushvalue(lua, metatable);
  lua_pushcclosure(lua, collected, 1);
  lua_setfield(lua, metatable, "__gc");
  push_sentinel(lua, h, metatable);
  lua_settop(lua, metatable - 1);
}

/* Pushes what stands in the places UD_ANCHOR to UD_SHARED of every mutator's
 * stack. */
static void push_shared(lua_State *lua) {
  lua_newuserdatauv(lua, 0, ANCHOR_VALUES);
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, UD_ANCHOR);
  lua_pushcclosure(lua, enqueue, 1);
  lua_setfield(lua, UD_FINALIZABLE, "__gc");
  lua_createtable(lua, 0, 1);
  lua_pushstring(lua, "v");
  lua_setfield(lua, UD_WEAK, "__mode");
  lua_createtable(lua, 0, 1);
  lua_pushstring(lua, "k");
  lua_setfield(lua, UD_EPHEMERON, "__mode");
}

gc_heap *gc_heap_create(const gc_config *config) {
  gc_heap *h = &the_heap;
  *h = (gc_heap){.limit = UINT64_MAX, .listener = config->listener};
  h->state = lua_newstate(take_or_give, h);
  if (!h->state)
    return NULL;
  lua_atpanic(h->state, out_of_memory);
  push_shared(h->state);
  begin_counting(h);
  make_boxes(h);
  external_reset();
  if (mode)
    lua_gc(h->state, LUA_GCGEN, (int)minor, (int)major);
  else
    lua_gc(h->state, LUA_GCINC, (int)step_pause, (int)multiplier, 0);
  h->counts = true;
  h->at_start = h->peak = h->bytes;
  if (config->heap_limit)
    h->limit = h->bytes + config->heap_limit;
  return h;
}

void gc_heap_destroy(gc_heap *h) {
  h->closing = true;
  lua_close(h->state);
}

gc_mutator *gc_thread_attach(gc_heap *h) {
  gc_mutator *m = calloc(1, sizeof *m);
  if (!m)
    return NULL;
  m->heap = h;
  m->lua = lua_newthread(h->state);
  lua_rawsetp(h->state, LUA_REGISTRYINDEX, m);
  m->room = 64;
  if (!lua_checkstack(m->lua, UD_REGISTERS + (int)m->room + UD_SPARE))
    gc_out_of_memory(NULL, (gc_shape){0, 0});
  for (int shared = UD_ANCHOR; shared <= UD_SHARED; shared++)
    lua_pushvalue(h->state, shared);
  lua_xmove(h->state, m->lua, UD_SHARED);
  lua_settop(m->lua, ud_at(0) - 1);
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  lua_settop(m->lua, 0);
  lua_pushnil(m->heap->state);
  lua_rawsetp(m->heap->state, LUA_REGISTRYINDEX, m);
  free(m);
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

void gc_collect(gc_mutator *m) {
  gc_heap *h = m->heap;
  gc_listener_begins(&h->listener);
  uint64_t began = gc_now_ns();
  lua_gc(m->lua, LUA_GCCOLLECT);
  h->whole++;
  h->listener.pause(h->listener.data, GC_PAUSE_STOP, began, gc_now_ns());
}

gc_footprint gc_heap_footprint(gc_heap *h) {
  return (gc_footprint){h->bytes, h->peak};
}

uint64_t gc_heap_objects(gc_heap *h) {
  return h->objects;
}

gc_tally gc_heap_tally(gc_heap *h) {
  return (gc_tally){.freed = h->freed};
}

/* The heap cells leave out the tables within weak references, ephemerons and
 * wide objects, and malloc's free memory is not known. */
gc_usage gc_heap_usage(gc_heap *h) {
  return (gc_usage){h->objects, h->cells, GC_UNKNOWN, GC_UNKNOWN, GC_UNKNOWN};
}

size_t gc_heap_counters(gc_heap *h, gc_counter *out, size_t room) {
  const gc_counter all[] = {{"collections", h->collections},
                            {"asked-collections", h->whole},
                            EXTERNAL_COUNTERS};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *h) {
  (void)h;
  return NULL; /* a build of Lua for tests checks itself */
}
