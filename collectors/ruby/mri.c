/* mri.c: Ruby, the out-of-line half.
 *
 * A process has one interpreter, which is started once.  A second heap in the
 * same process (tests make several) is the same interpreter, emptied.  Only the
 * thread that started the interpreter can be a mutator, as Ruby has no function
 * to register a foreign thread.
 *
 * Ruby passes to a finalizer the number of an object that is gone.  Finalizers
 * of gc.h get the object itself, so they are not offered. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_getattr_np */
#endif
#include <ruby.h>
#include <ruby/debug.h>
#include <ruby/version.h>
#undef snprintf /* Ruby's version needs a running interpreter */
#undef setenv

#include "common/external.h"
#include "common/listener.h"
#include "common/signals.h"
#include "ruby/mri.h"
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

_Static_assert(sizeof(mri_value) == sizeof(VALUE) && Qfalse == 0,
               "null is false");
_Static_assert(offsetof(mri_object, node) == offsetof(struct RTypedData, data),
               "typed data objects");

struct gc_heap {
  uint64_t began;
  gc_mutator *mutator; /* the only mutator, or NULL */
};

static uint64_t malloc_limit = 16 << 20, old_factor = 200;

/* Weak references are made of ObjectSpace::WeakMap, whose entries Ruby 3.3 may
 * free while a collection still knows them.  The workload weakrefs crashed in
 * nine of 30 runs with 3.3.14, within the marking of the map; a script in Ruby
 * alone, which fills a map and starts collections, once in 26 ("try to mark
 * T_NONE object").  The map was written anew for 3.3, and nothing is known of
 * later versions. */
enum {
  WEAK_MAP_IS_SOUND =
      RUBY_API_VERSION_MAJOR * 100 + RUBY_API_VERSION_MINOR < 303
};

const gc_collector gc_this_collector = {
    .name = "ruby",
    .runtime = "Ruby " MRI_VERSION,
    .summary = "Ruby " MRI_VERSION
               ", generational mark-sweep, incremental, lazy sweeping",
    .source = "Sasada, RGenGC, ISMM 2019",
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNALS_COUNTED,
            .weak = WEAK_MAP_IS_SOUND,
            .conservative = true},
    .options =
        (const gc_option[]){
            {"malloc-limit",
             "bytes allocated by malloc that start a collection", &malloc_limit,
             1 << 16, 1ull << 40},
            {"old-factor",
             "a full collection starts when the old objects are this per cent "
             "of those that the last one left",
             &old_factor, 101, 100000},
            {0}},
};

static gc_heap the_heap;
static pthread_t starter;
mri_value mri_globals[GC_GLOBALS];

/* ------------------------------------------------------------------------- *
 * Memory: the memory from malloc of our objects, and the pages that contain
 * Ruby's part of them.  The number of pages is read around collections.
 * ------------------------------------------------------------------------- */

static uint64_t made, freed; /* objects */
static struct { _Atomic uint64_t bytes, pages, peak; } held;
static VALUE allocated_pages; /* a symbol */
static size_t page_bytes;

static uint64_t held_now(void) {
  return held.bytes + held.pages + external_held();
}

static void note_peak(void) {
  uint64_t now = held_now();
  if (now > held.peak)
    held.peak = now;
}

static void look_at_pages(void) {
  held.pages = rb_gc_stat(allocated_pages) * page_bytes;
  note_peak();
}

/* ------------------------------------------------------------------------- *
 * Types.
 * ------------------------------------------------------------------------- */

static void node_mark(void *data) {
  mri_node *n = data;
  if (!n)
    return; /* mri_new has not allocated its memory yet */
  for (uint32_t i = 0; i < n->slots; i++)
    rb_gc_mark(n->slot[i]);
}

/* External memory is malloc's, as it is of libraries that an extension wraps.
 * Ruby is told how much more there is, or less, and counts it as memory from
 * its own malloc. */
static void adjust(uint64_t before) {
  rb_gc_adjust_memory_usage((ssize_t)external_held() - (ssize_t)before);
}

bool mri_external(mri_node *n, uint32_t bytes) {
  uint64_t before = external_held();
  bool added = external_own(n, bytes, &external_malloc);
  n->external |= added;
  adjust(before);
  note_peak();
  return added;
}

static void node_disown(const mri_node *n) {
  uint64_t before = external_held();
  external_disown(n, &external_malloc);
  adjust(before);
}

static void node_free(void *data) {
  if (!data)
    return;
  if (((mri_node *)data)->external)
    node_disown(data);
  held.bytes -= malloc_usable_size(data);
  freed++;
  xfree(data);
}

static const rb_data_type_t node_type = {
    "reapmark.node",
    {.dmark = node_mark, .dfree = node_free},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY | RUBY_TYPED_WB_PROTECTED};

static void roots_mark(void *data) {
  gc_mutator *m = ((gc_heap *)data)->mutator;
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    rb_gc_mark(mri_globals[g]);
  for (uint32_t t = 0; m && t < GC_TLS; t++)
    rb_gc_mark(m->tls[t]);
  for (gc_reg r = 0; m && r < m->top; r++)
    rb_gc_mark(m->reg[r]);
}

static const rb_data_type_t roots_type = {
    "reapmark.roots", {.dmark = roots_mark}, .flags = 0};

static VALUE node_class, weak_map;
static VALUE state, marking, sweeping; /* symbols */
static ID get_id, set_id;

/* ------------------------------------------------------------------------- *
 * Objects.
 * ------------------------------------------------------------------------- */

mri_value mri_new(gc_shape shape) {
  size_t bytes = sizeof(mri_node) + 8 * (size_t)shape.slots + shape.bytes;
  VALUE o = rb_data_typed_object_wrap(node_class, NULL, &node_type);
  mri_node *n = ruby_xmalloc(bytes); /* may collect; the stack holds `o` */
  n->slots = shape.slots;
  n->external = false;
  for (uint32_t i = 0; i < shape.slots; i++)
    n->slot[i] = 0;
  RTYPEDDATA_DATA(o) = n;
  made++;
  held.bytes += malloc_usable_size(n);
  note_peak();
  RB_GC_GUARD(o);
  return o;
}

/* A weak reference is an object that ObjectSpace::WeakMap maps to its target.
 * Ruby removes entries of dead objects when the interpreter checks for pending
 * work.  Ruby code makes that check itself; here no Ruby code runs. */
mri_value mri_weak_new(gc_mutator *m, gc_reg target) {
  rb_thread_check_ints();
  VALUE weak = mri_new((gc_shape){0, 0});
  rb_funcall(weak_map, set_id, 2, weak, m->reg[target]);
  return weak;
}

mri_value mri_weak_get(mri_value weak) {
  VALUE o = rb_funcall(weak_map, get_id, 1, weak);
  return NIL_P(o) ? 0 : o;
}

_Noreturn void mri_stack_overflow(void) {
  fprintf(stderr, "shadow stack overflow: more than %d registers\n",
          GC_REGISTERS);
  abort();
}

/* ------------------------------------------------------------------------- *
 * Starting.
 * ------------------------------------------------------------------------- */

/* What a collection that was left under way goes on with; NULL: there is none.
 * Ruby marks and sweeps in steps, each between the events ENTER and EXIT. */
static const char *phase_under_way(void) {
  const VALUE now = rb_gc_latest_gc_info(state);
  return now == marking ? "mark" : now == sweeping ? "sweep" : NULL;
}

static void on_event(VALUE point, void *data) {
  gc_heap *h = data;
  switch (rb_tracearg_event_flag(rb_tracearg_from_tracepoint(point))) {
  case RUBY_INTERNAL_EVENT_GC_ENTER:
    h->began = listener_begins();
    listener_reclaims();
    look_at_pages();
    listener_phase(phase_under_way());
    break;
  case RUBY_INTERNAL_EVENT_GC_START:
    listener_phase("mark");
    break;
  case RUBY_INTERNAL_EVENT_GC_END_MARK:
    listener_phase("sweep");
    break;
  case RUBY_INTERNAL_EVENT_GC_END_SWEEP:
    listener_phase(NULL);
    break;
  default: /* EXIT */
    listener_pause(GC_PAUSE_STOP, h->began);
    look_at_pages();
  }
}

static void set_environment(const char *name, double value) {
  char text[40];
  snprintf(text, sizeof text, "%.17g", value);
  setenv(name, text, 1);
}

/* Overrides environment variables that the user may have set for other
 * programs. */
static void set_up(void) {
  static const char *const ignored[] = {
      "RUBYOPT",
      "RUBYLIB",
      "RUBY_GC_HEAP_INIT_SLOTS",
      "RUBY_GC_HEAP_FREE_SLOTS",
      "RUBY_GC_HEAP_GROWTH_FACTOR",
      "RUBY_GC_HEAP_GROWTH_MAX_SLOTS",
      "RUBY_GC_HEAP_FREE_SLOTS_MIN_RATIO",
      "RUBY_GC_HEAP_FREE_SLOTS_GOAL_RATIO",
      "RUBY_GC_HEAP_FREE_SLOTS_MAX_RATIO",
      "RUBY_GC_MALLOC_LIMIT_GROWTH_FACTOR",
      "RUBY_GC_OLDMALLOC_LIMIT_GROWTH_FACTOR"};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
    unsetenv(ignored[i]);
  /* The limit may grow to twice its size, that of old objects to eight times
   * its size. */
  double limit = (double)malloc_limit;
  set_environment("RUBY_GC_MALLOC_LIMIT", limit);
  set_environment("RUBY_GC_MALLOC_LIMIT_MAX", 2 * limit);
  set_environment("RUBY_GC_OLDMALLOC_LIMIT", limit);
  set_environment("RUBY_GC_OLDMALLOC_LIMIT_MAX", 8 * limit);
  set_environment("RUBY_GC_HEAP_OLDOBJECT_LIMIT_FACTOR",
                  (double)old_factor / 100);
}

/* The address where the calling thread's stack begins. */
static void *stack_base(void) {
  pthread_attr_t attr;
  void *low = NULL;
  size_t bytes = 0;
  if (!pthread_getattr_np(pthread_self(), &attr)) {
    pthread_attr_getstack(&attr, &low, &bytes);
    pthread_attr_destroy(&attr);
  }
  return (char *)low + bytes - sizeof(VALUE);
}

static VALUE make_objects(VALUE unused) {
  (void)unused;
  node_class = rb_define_class("ReapmarkNode", rb_cObject);
  rb_undef_alloc_func(node_class);
  VALUE roots = rb_data_typed_object_wrap(rb_cObject, &the_heap, &roots_type);
  rb_gc_register_mark_object(roots);
  VALUE space = rb_const_get(rb_cObject, rb_intern("ObjectSpace"));
  weak_map =
      rb_class_new_instance(0, NULL, rb_const_get(space, rb_intern("WeakMap")));
  rb_gc_register_mark_object(weak_map);
  get_id = rb_intern("[]");
  set_id = rb_intern("[]=");
  allocated_pages = ID2SYM(rb_intern("heap_allocated_pages"));
  VALUE constants = rb_const_get(rb_mGC, rb_intern("INTERNAL_CONSTANTS"));
  page_bytes =
      NUM2SIZET(rb_hash_aref(constants, ID2SYM(rb_intern("HEAP_PAGE_SIZE"))));
  state = ID2SYM(rb_intern("state"));
  marking = ID2SYM(rb_intern("marking"));
  sweeping = ID2SYM(rb_intern("sweeping"));
  look_at_pages();   /* the first call allocates, which handlers must not do */
  phase_under_way(); /* likewise */
  VALUE point = rb_tracepoint_new(
      0,
      RUBY_INTERNAL_EVENT_GC_ENTER | RUBY_INTERNAL_EVENT_GC_START |
          RUBY_INTERNAL_EVENT_GC_END_MARK | RUBY_INTERNAL_EVENT_GC_END_SWEEP |
          RUBY_INTERNAL_EVENT_GC_EXIT,
      on_event, &the_heap);
  rb_gc_register_mark_object(point);
  rb_tracepoint_enable(point);
  return Qnil;
}

static bool start(void) {
  signals before;
  signals_save(&before);
  set_up();
  char name[] = "reapmark", plain[] = "--disable=all", run[] = "-e",
       code[] = "";
  char *arguments[] = {name, plain, run, code, NULL};
  int n = 4, failed;
  char **argv = arguments;
  ruby_sysinit(&n, &argv);
  ruby_init_stack(stack_base());
  failed = ruby_setup();
  if (!failed) {
    ruby_options(n, argv);
    rb_protect(make_objects, Qnil, &failed);
  }
  signals_restore(&before);
  starter = pthread_self();
  if (failed)
    fprintf(stderr, "ruby: the interpreter does not start\n");
  return !failed;
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

gc_heap *gc_heap_create(const gc_config *config) {
  static bool started;
  the_heap = (gc_heap){0};
  listener_set(config->listener);
  external_reset();
  if (!started && !start())
    return NULL;
  started = true;
  return &the_heap;
}

gc_mutator *gc_thread_attach(gc_heap *heap) {
  if (heap->mutator || !pthread_equal(pthread_self(), starter))
    return NULL;
  gc_mutator *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED)
    return NULL;
  m->heap = heap;
  heap->mutator = m;
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  m->heap->mutator = NULL;
  munmap(m, sizeof *m);
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

/* Overwrites the stale words that finished calls have left on the stack. */
__attribute__((noinline)) static void clear_stack(void) {
  volatile char dead[64 * 1024];
  for (size_t i = 0; i < sizeof dead; i++)
    dead[i] = 0;
}

/* Clears the CPU's registers, which Ruby saves and scans.  They hold stale
 * words of the caller and no reference that is not in a register of the
 * interface too. */
void gc_collect(gc_mutator *m) {
  (void)m;
  clear_stack();
#ifdef __x86_64__
  __asm__ volatile("xor %%ebx, %%ebx\n\txor %%r12d, %%r12d\n\t"
                   "xor %%r13d, %%r13d\n\txor %%r14d, %%r14d\n\t"
                   "xor %%r15d, %%r15d" ::
                       : "rbx", "r12", "r13", "r14", "r15", "cc");
#endif
  rb_gc_start();
  rb_thread_check_ints();
}

void gc_heap_destroy(gc_heap *heap) {
  (void)heap;
  listener_set(GC_NULL_LISTENER);
  memset(mri_globals, 0, sizeof mri_globals);
  gc_collect(NULL);
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  (void)heap;
  return (gc_footprint){held_now(), held.peak};
}

uint64_t gc_heap_objects(gc_heap *heap) {
  (void)heap;
  return made - freed;
}

gc_tally gc_heap_tally(gc_heap *heap) {
  (void)heap;
  return (gc_tally){.freed = freed};
}

static uint64_t figure(const char *name) {
  return rb_gc_stat(ID2SYM(rb_intern(name)));
}

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  (void)heap;
  const gc_counter all[] = {
      {"minor-collections", figure("minor_gc_count")},
      {"major-collections", figure("major_gc_count")},
      {"old-objects", figure("old_objects")},
      EXTERNAL_COUNTERS,
  };
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  return NULL; /* a debug build of the interpreter checks itself */
}
