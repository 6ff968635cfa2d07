/* bdwgc.c: the Boehm-Demers-Weiser collector (libgc), the out-of-line half.
 *
 * A process has one libgc, which cannot be shut down.  A second heap in the
 * same process (tests make several) is the same heap after a collection. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CPU affinity */
#endif
#include "bdwgc/bdwgc.h"
#include "common/external.h"
#include "common/finalizers.h"
#include "common/listener.h"
#include "common/world.h"

#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>
#include <gc/gc_inline.h>
#include <gc/gc_mark.h>
#include <pthread.h>
#include <sched.h>

struct gc_heap {
  /* When the current pause began, and its stop was asked for; written by the
   * collector. */
  uint64_t began, asked;
  bool whole; /* a collection that is not divided into slices is running */
};

static uint64_t markers = 1, incremental = 0, time_limit = 5, divisor = 3;

#define BDWGC_RUNTIME "libgc " BDWGC_VERSION

const gc_collector gc_this_collector = {
#if BDWGC_BY_HAND
    .name = "by-hand-bdwgc",
    .summary =
        "diagnostic: plain C on " BDWGC_RUNTIME ", without the interface",
#elif BDWGC_EXACT
    .name = "bdwgc-exact",
    .summary = BDWGC_RUNTIME ", with the interface's roots only",
#else
    .name = "bdwgc",
    .summary =
        BDWGC_RUNTIME ": conservative stacks, exact objects, lazy sweeping",
#endif
    .runtime = BDWGC_RUNTIME,
    .source = "Boehm & Weiser, Software: Practice and Experience 1988",
    .kind = BDWGC_BY_HAND ? GC_KIND_DIAGNOSTIC : GC_KIND_REFERENCE,
    .faults = true,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external =
                BDWGC_BY_HAND ? GC_EXTERNALS_NONE : GC_EXTERNALS_COUNTED,
            .threads = !BDWGC_EXACT && !BDWGC_BY_HAND,
            .weak = !BDWGC_BY_HAND,
            .finalizers = !BDWGC_BY_HAND,
            .heap_limit = true,
            .overhead_bytes = 512 << 10,
            .conservative = !BDWGC_EXACT},
    .options =
        (const gc_option[]){
            {"markers", "number of threads that mark", &markers, 1, 16},
            {"incremental", "1: generational and in slices, by page protection",
             &incremental, 0, 1},
            {"time-limit",
             "milliseconds of a slice of an incremental collection",
             &time_limit, 1, 10000},
            {"free-space-divisor",
             "collect after allocating about the heap's size divided by this",
             &divisor, 1, 1000},
            {0}},
};

static gc_heap the_heap;
static unsigned kinds[BDWGC_KINDS]; /* libgc's number of each kind */

/* ------------------------------------------------------------------------- *
 * Marking.
 * ------------------------------------------------------------------------- */

/* The mark procedure of nodes.  It may be called for a heap cell that is on a
 * free list, if a stale word looks like a reference to that cell. */
static struct GC_ms_entry *mark_node(GC_word *at, struct GC_ms_entry *top,
                                     struct GC_ms_entry *limit, GC_word env) {
  (void)env;
  gc_object *o = (gc_object *)at;
  if (o->word != BDWGC_OBJECT)
    return top;
  uint32_t slots = object_slots(o);
  for (uint32_t i = 0; i < slots; i++)
    top = GC_MARK_AND_PUSH(o->slots[i], top, limit, (void **)&o->slots[i]);
  return top;
}

static GC_push_other_roots_proc push_default;

static void push_all(void *from, size_t words) {
  GC_push_all(from, (void **)from + words);
}

static void push_blocks(void);

/* Runs with the world stopped, perhaps while another thread changes the list of
 * mutators.  The list's links are valid at any time. */
static void push_roots(void) {
  if (!BDWGC_EXACT && push_default)
    push_default(); /* pushes the threads' stacks */
  push_all(object_globals, GC_GLOBALS);
  push_all(finalizers_first(), finalizers_count());
  push_blocks();
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    push_all(m->reg, m->base.top);
    push_all(m->base.tls, GC_TLS);
    push_all(&m->held, 1);
    for (unsigned kind = 0; kind < BDWGC_WIDE; kind++)
      for (unsigned n = 0; n < BDWGC_SMALL; n++)
        for (void *cell = m->free[kind][n]; cell; cell = *(void **)cell)
          GC_set_mark_bit(cell);
  }
#if BDWGC_BY_HAND
  hand_push_roots();
#endif
}

/* ------------------------------------------------------------------------- *
 * Allocation.
 * ------------------------------------------------------------------------- */

gc_object *bdwgc_refill(gc_mutator *m, unsigned kind, size_t granules) {
  void **list = &m->free[kind][granules];
  /* The first call may fail although a collection would find room. */
  for (unsigned tries = 0; tries < 2 && !*list; tries++) {
    if (tries)
      GC_gcollect();
    GC_generic_malloc_many(granules * BDWGC_GRANULE, (int)kinds[kind], list);
  }
  gc_object *o = *list;
  if (o)
    *list = *(void **)o;
  return o;
}

gc_object *bdwgc_large(size_t bytes, unsigned kind) {
  /* For objects larger than a block, libgc can be told that only references to
   * an object's start count.  Then fewer stray words get in its way. */
  for (unsigned tries = 0; tries < 2; tries++) {
    if (tries)
      GC_gcollect();
    gc_object *o =
        bytes > 100000
            ? GC_generic_malloc_ignore_off_page(bytes, (int)kinds[kind])
            : GC_malloc_kind(bytes, (int)kinds[kind]);
    if (o)
      return o;
  }
  return NULL;
}

static void *no_memory(size_t bytes) {
  (void)bytes;
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * External memory.  Blocks are libgc's, without references, as buffers are in
 * programs that use it: so it counts them.  A list has all of them, whose
 * memory is a root.  An entry refers to its owner by a *long link*, which libgc
 * clears when the object is dead for good.  The list is in malloc's memory,
 * which libgc does not scan.
 * ------------------------------------------------------------------------- */

typedef struct bdwgc_block {
  void *owner; /* the link */
  void *memory;
  uint64_t bytes;
  struct bdwgc_block *next;
} bdwgc_block;

/* Written under the lock; a collection may read it at any time. */
static bdwgc_block *_Atomic blocks;
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t blocks_seen; /* the collection after which links were read */

static void push_blocks(void) {
  for (bdwgc_block *b = blocks; b; b = b->next)
    push_all(&b->memory, 1);
}

/* Takes the blocks of dead owners off the list; returns them.  Under libgc's
 * lock, which it holds while it clears links. */
static void *unlink_dead(void *unused) {
  bdwgc_block *dead = NULL, *before = NULL;
  (void)unused;
  for (bdwgc_block *b = blocks, *next; b; b = next) {
    next = b->next;
    if (b->owner) {
      before = b;
      continue;
    }
    if (before)
      before->next = next;
    else
      blocks = next;
    b->next = dead;
    dead = b;
  }
  return dead;
}

/* Gives blocks back if there was a collection since the last call. */
static void give_blocks(void) {
  pthread_mutex_lock(&blocks_lock);
  bdwgc_block *dead = NULL;
  if (blocks_seen != GC_get_gc_no()) {
    blocks_seen = GC_get_gc_no();
    dead = GC_call_with_alloc_lock(unlink_dead, NULL);
  }
  pthread_mutex_unlock(&blocks_lock);
  for (bdwgc_block *next; dead; dead = next) {
    next = dead->next;
    if (dead->memory) {
      external_count_given(dead->bytes);
      GC_free(dead->memory);
    }
    free(dead);
  }
}

/* Memory for a block, or NULL.  The object in m->held stays alive. */
static void *block_memory(size_t bytes) {
  for (unsigned tries = 0; tries < 3; tries++) {
    if (tries) {
      GC_gcollect();
      give_blocks();
    }
    void *p = bytes > 100000 ? GC_malloc_atomic_ignore_off_page(bytes)
                             : GC_malloc_atomic(bytes);
    if (p)
      return p;
  }
  return NULL;
}

/* Enters a block without memory, so that the memory has a root as soon as there
 * is any.  NULL without memory for the entry or the link. */
static bdwgc_block *enter_block(gc_object *owner) {
  bdwgc_block *b = malloc(sizeof *b);
  if (!b)
    return NULL;
  *b = (bdwgc_block){.owner = owner};
  pthread_mutex_lock(&blocks_lock);
  b->next = blocks;
  blocks = b;
  bool linked = GC_register_long_link(&b->owner, owner) == GC_SUCCESS;
  if (!linked)
    b->owner = NULL; /* the next collection takes the entry off the list */
  pthread_mutex_unlock(&blocks_lock);
  return linked ? b : NULL;
}

/* The first byte that external_count_taken writes ends what an object may have
 * left there: a header, by which objects are known. */
bool bdwgc_external(gc_mutator *m, gc_object *o, uint32_t bytes) {
  give_blocks();
  m->held = o;
  bdwgc_block *b = enter_block(o);
  if (b)
    b->memory = block_memory(bytes);
  bool good = b && b->memory;
  if (good) {
    b->bytes = bytes;
    external_count_taken(b->memory, bytes);
  } else if (b) {
    GC_unregister_long_link(&b->owner);
    b->owner = NULL;
  }
  m->held = NULL;
  return good;
}

/* ------------------------------------------------------------------------- *
 * Finalizers and weak references.
 * ------------------------------------------------------------------------- */

static void *push_waiting(void *object) {
  finalizers_push(object);
  return NULL;
}

/* Appends to the queue under libgc's lock: no collection can begin, and scan
 * the queue, while the queue is being moved. */
static void enqueue(void *object, void *data) {
  (void)data;
  GC_call_with_alloc_lock(push_waiting, object);
}

/* Registering allocates, so the object is a root meanwhile.  When memory runs
 * out, libgc leaves the object unregistered without an error; a second call
 * that returns the registered function shows it. */
bool bdwgc_finalizable(gc_mutator *m, gc_object *o) {
  GC_finalization_proc now = NULL;
  m->held = o;
  GC_register_finalizer_no_order(o, enqueue, NULL, NULL, NULL);
  GC_register_finalizer_no_order(o, enqueue, NULL, &now, NULL);
  m->held = NULL;
  return now == enqueue;
}

gc_object *bdwgc_finalizer_next(void) {
  if (GC_should_invoke_finalizers())
    GC_invoke_finalizers();
  return finalizers_pop();
}

/* A weak reference is a leaf object whose first word is the target.  libgc
 * knows that word as a disappearing link: it clears the link when the target is
 * dead, and forgets it when the leaf is dead. */
bool bdwgc_weak_new(gc_mutator *m, gc_reg dst, gc_object *target) {
  OBJECT_CHECK(target, "weak reference to null in register", dst);
  gc_object *o = bdwgc_new(m, GC_WEAK_SHAPE, OBJECT_WEAK_REFERENCE);
  if (!o)
    return false;
  m->held = o;
  o->slots[0] = target;
  bool linked = GC_general_register_disappearing_link((void **)&o->slots[0],
                                                      target) == GC_SUCCESS;
  if (linked)
    *object_owning(m, dst) = o;
  else
    o->slots[0] = NULL;
  m->held = NULL;
  return linked;
}

static void *read_link(void *weak) {
  return ((gc_object *)weak)->slots[0];
}

/* libgc clears links after the world runs again, while it holds its lock.
 * Without the lock, another thread might still read a target that is about to
 * be swept. */
gc_object *bdwgc_weak_get(gc_object *weak) {
  return BDWGC_EXACT ? read_link(weak)
                     : GC_call_with_alloc_lock(read_link, weak);
}

/* ------------------------------------------------------------------------- *
 * Pauses.  libgc sends START and END around everything that holds up the thread
 * that collects.  For a slice of an incremental collection, it sends only the
 * events around the stopped world, and within it.
 * ------------------------------------------------------------------------- */

static void on_event(GC_EventType event) {
  gc_heap *h = &the_heap;
  bool ends = false;
  switch (event) {
  case GC_EVENT_START:
    h->whole = true;
    h->began = listener_begins();
    break;
  case GC_EVENT_PRE_STOP_WORLD:
    h->asked = h->whole ? gc_now_ns() : listener_begins();
    if (!h->whole)
      h->began = h->asked;
    listener_asks();
    break;
  case GC_EVENT_POST_STOP_WORLD:
    listener_stopped(h->asked);
    break;
  case GC_EVENT_MARK_START:
    listener_phase("mark");
    break;
  case GC_EVENT_PRE_START_WORLD:
    listener_phase("restart");
    break;
  case GC_EVENT_RECLAIM_START:
    listener_phase("sweep");
    break;
  case GC_EVENT_MARK_END:
  case GC_EVENT_RECLAIM_END:
    listener_phase(NULL);
    break;
  case GC_EVENT_POST_START_WORLD:
    ends = !h->whole;
    listener_phase(NULL);
    break;
  case GC_EVENT_END:
    ends = true;
    h->whole = false;
    break;
  default:
    break;
  }
  if (ends && h->began)
    listener_pause(GC_PAUSE_STOP, h->began);
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

/* Marker threads inherit the CPU binding of the thread that starts them, which
 * is bound to one processor.  So the binding is lifted meanwhile. */
static void start_markers(void) {
  cpu_set_t mine, every;
  bool known = !sched_getaffinity(0, sizeof mine, &mine);
  memset(&every, 0xff, sizeof every);
  sched_setaffinity(0, sizeof every, &every);
  GC_allow_register_threads();
  if (known)
    sched_setaffinity(0, sizeof mine, &mine);
}

static GC_abort_func abort_default;

/* libgc aborts the process if it has no memory for its own data, such as the
 * record of a new thread. */
static void GC_CALLBACK on_abort(const char *message) {
  if (message && strstr(message, "Failed to allocate memory"))
    gc_out_of_memory(NULL, (gc_shape){0, 0});
  abort_default(message);
}

/* The descriptor of an object with so many slots: only the header and the slots
 * are scanned.  The header is odd, and no object begins there.  libgc is twice
 * as fast at this as at a bitmap or at calling a procedure, for it looks ahead.
 */
static GC_word describe_slots(unsigned slots) {
  return (1 + slots) * sizeof(void *) | GC_DS_LENGTH;
}

static void start(void) {
  /* References in the heap are to the start of objects, those on stacks may be
   * to their inside. */
  GC_set_all_interior_pointers(0);
  GC_set_markers_count((unsigned)markers);
  /* Static data is not scanned.  The roots there are pushed, and the rest is
   * data of the harness and of libgc, such as addresses of blocks, which are
   * also addresses of objects. */
  GC_set_no_dls(1);
  GC_set_finalize_on_demand(1);
  GC_set_time_limit((unsigned long)time_limit);
  if (incremental)
    GC_enable_incremental(); /* before GC_init: a later call would collect */
  GC_init();
  GC_clear_roots();
  GC_set_warn_proc(GC_ignore_warn_proc);
  GC_set_oom_fn(no_memory);
  abort_default = GC_get_abort_func();
  GC_set_abort_func(on_abort);
  push_default = GC_get_push_other_roots();
  GC_set_push_other_roots(push_roots);
  kinds[BDWGC_LEAF] = GC_I_PTRFREE;
  kinds[BDWGC_WIDE] = GC_I_NORMAL;
  for (unsigned slots = 1; slots <= BDWGC_FEW; slots++)
    kinds[slots] = GC_new_kind(GC_new_free_list(), describe_slots(slots), 0, 1);
  kinds[BDWGC_NODE] = GC_new_kind(
      GC_new_free_list(), GC_MAKE_PROC(GC_new_proc(mark_node), 0), 0, 1);
  GC_set_on_collection_event(on_event);
  start_markers();
}

gc_heap *gc_heap_create(const gc_config *config) {
  static bool started;
  if (!started)
    start();
  started = true;
  the_heap = (gc_heap){0};
  listener_set(config->listener);
  external_reset();
  GC_set_free_space_divisor(divisor);
  GC_set_max_heap_size(config->heap_limit);
  return &the_heap;
}

void gc_heap_destroy(gc_heap *heap) {
  (void)heap;
  memset(object_globals, 0, sizeof object_globals);
  finalizers_destroy();
  GC_gcollect_and_unmap();
  give_blocks();
  listener_set(GC_NULL_LISTENER);
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  bool registered = !GC_thread_is_registered();
  struct GC_stack_base base;
  if (registered && (GC_get_stack_base(&base) || GC_register_my_thread(&base)))
    return NULL;
  gc_mutator *m = world_mutator_create(heap, sizeof *m);
  if (m) {
    m->registered = registered;
    world_join(m);
  } else if (registered) {
    GC_unregister_my_thread();
  }
  return m;
}

/* The next collection finds the heap cells on the mutator's free lists. */
void gc_thread_detach(gc_mutator *m) {
  bool registered = m->registered;
  world_leave(m);
  world_mutator_destroy(m);
  if (registered)
    GC_unregister_my_thread();
}

/* Blocked threads are stopped by signals, as all others are. */
void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

typedef struct stack_end {
  void *thread;
  struct GC_stack_base base;
} stack_end;

static void *set_stack_end(void *data) {
  stack_end *end = data;
  GC_set_stackbottom(end->thread, &end->base);
  return NULL;
}

/* Overwrites the stale words that finished calls have left on the stack. */
__attribute__((noinline)) static void clear_stack(void) {
  volatile char dead[64 * 1024];
  for (size_t i = 0; i < sizeof dead; i++)
    dead[i] = 0;
}

/* A function with a frame of its own, because the caller's frame contains the
 * caller's registers. */
__attribute__((noinline)) static void collect_below(void) {
  stack_end whole, here;
  whole.thread = here.thread = GC_get_my_stackbottom(&whole.base);
  here.base = whole.base;
  here.base.mem_base = __builtin_frame_address(0);
  GC_call_with_alloc_lock(set_stack_end, &here);
  clear_stack();
  GC_gcollect();
  GC_call_with_alloc_lock(set_stack_end, &whole);
}

/* Only here the caller's own stack is left out of the roots.  It contains no
 * reference that is not in a register of the interface as well, but, by chance
 * of the compilation, stale words, one of which can keep a whole graph.  For
 * the same reason the CPU's registers are cleared, as libgc saves and scans
 * them.  In collections that allocation starts, libgc scans all of these. */
void gc_collect(gc_mutator *m) {
  (void)m;
#ifdef __x86_64__
  __asm__ volatile("xor %%ebx, %%ebx\n\txor %%r12d, %%r12d\n\t"
                   "xor %%r13d, %%r13d\n\txor %%r14d, %%r14d\n\t"
                   "xor %%r15d, %%r15d" ::
                       : "rbx", "r12", "r13", "r14", "r15", "cc");
#endif
#if BDWGC_BY_HAND
  hand_give_up();
#endif
  collect_below();
  give_blocks();
  __asm__ volatile(""); /* no tail call: this frame must stay */
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  uint64_t obtained = GC_get_obtained_from_os_bytes();
  return (gc_footprint){obtained - GC_get_unmapped_bytes(), obtained};
}

/* Counts a heap cell that the last collection marked.  Objects of ours are
 * those with our header. */
static void count_object(void *cell, size_t bytes, void *data) {
  uint64_t *objects = data;
  gc_object *o = cell;
#if BDWGC_BY_HAND
  *objects += hand_owns(cell);
#endif
  *objects += bytes >= sizeof *o && o->word == BDWGC_OBJECT;
}

static void *count_objects(void *data) {
  GC_enumerate_reachable_objects_inner(count_object, data);
  return NULL;
}

uint64_t gc_heap_objects(gc_heap *heap) {
  (void)heap;
  uint64_t objects = 0;
  GC_call_with_alloc_lock(count_objects, &objects);
  return objects;
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  (void)heap;
  const gc_counter all[] = {
      {"collections", GC_get_gc_no()},
      {"markers", (uint64_t)GC_get_parallel() + 1},
      {"incremental", (uint64_t)GC_is_incremental_mode()},
      EXTERNAL_COUNTERS,
  };
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

/* ------------------------------------------------------------------------- *
 * The check: what the interface's roots reach are objects that libgc has not
 * freed.  What a stale word reaches is left out, although libgc marks that,
 * too: the word may refer to an object that was dead in an earlier collection
 * and that nothing has been allocated over yet.  What such an object refers to
 * may have been swept.
 * ------------------------------------------------------------------------- */

/* Objects in the order in which they were reached.  Each of them has BDWGC_SEEN
 * in its header while the check runs. */
typedef struct walk {
  gc_object **objects;
  size_t count, room;
  const char *wrong; /* a static text; NULL: nothing */
} walk;

enum { BDWGC_SEEN = BDWGC_OBJECT ^ 2 };

static void walk_to(walk *w, gc_object *o) {
  if (w->wrong || !o)
    return;
  if (GC_base(o) != o) {
    w->wrong = "a reference is not to the start of a heap cell";
    return;
  }
  if (o->word == BDWGC_SEEN)
    return;
  if (o->word != BDWGC_OBJECT) {
    w->wrong = "a live reference is to a heap cell without an object";
    return;
  }
  if (GC_size(o) < sizeof *o + object_slots(o) * sizeof *o->slots) {
    w->wrong = "an object has more slots than room";
    return;
  }
  if (w->count == w->room) {
    size_t room = w->room ? 2 * w->room : 1024;
    gc_object **objects = realloc(w->objects, room * sizeof *objects);
    if (!objects) {
      w->wrong = "there is no memory for the check";
      return;
    }
    w->objects = objects;
    w->room = room;
  }
  o->word = BDWGC_SEEN;
  w->objects[w->count++] = o;
}

static void walk_all(walk *w, gc_object **from, size_t count) {
  for (size_t i = 0; i < count; i++)
    walk_to(w, from[i]);
}

/* Under libgc's lock, so that no collection reads the changed headers. */
static void *walk_heap(void *data) {
  walk *w = data;
  walk_all(w, object_globals, GC_GLOBALS);
  walk_all(w, finalizers_first(), finalizers_count());
  for (gc_mutator *m = world_mutators(); m; m = m->base.next) {
    walk_all(w, m->reg, m->base.top);
    walk_all(w, m->base.tls, GC_TLS);
    walk_all(w, &m->held, 1);
  }
  for (size_t i = 0; i < w->count; i++)
    walk_all(w, w->objects[i]->slots, object_slots(w->objects[i]));
  for (size_t i = 0; i < w->count; i++)
    w->objects[i]->word = BDWGC_OBJECT;
  return NULL;
}

const char *gc_heap_check(gc_heap *heap) {
  walk w = {0};
  (void)heap;
  GC_call_with_alloc_lock(walk_heap, &w);
  free(w.objects);
  return w.wrong;
}
