/* ocaml.c: OCaml, the out-of-line half.
 *
 * A process has one OCaml runtime, which is started once.  A second heap in the
 * same process (tests make several) is the same runtime, emptied. */
#include "ocaml/ocaml.h"
#include "common/external.h"
#include "common/finalizers.h"
#include "common/listener.h"

#define CAML_INTERNALS
#include <caml/alloc.h>
#include <caml/callback.h>
#include <caml/custom.h>
#include <caml/finalise.h>
#include <caml/major_gc.h>
#include <caml/minor_gc.h>
#include <caml/roots.h>
#include <caml/signals.h>
#include <caml/weak.h>
#include <sys/mman.h>

#if OCAML_VERSION >= 50000
#include "ocaml/heap-pools.h"
#else
#include "ocaml/heap-chunks.h"
#endif

/* Primitives of OCaml's module Gc, which no header declares. */
value caml_gc_full_major(value unit);
value caml_gc_quick_stat(value unit);
value caml_final_register(value function, value object);
value caml_final_register_called_without_value(value function, value object);

struct gc_heap {
  uint64_t began, ended; /* of the pause in progress; 0: none */
  bool full;             /* in a full collection, without hooks of its own */
  uint64_t most;         /* the highest peak of the footprint that was told */
};

static uint64_t minor_heap = 256 * 1024, space_overhead = 80;

const gc_collector gc_this_collector = {
    .name = "ocaml",
    .runtime = "OCaml " OCAML_VERSION_STRING,
    .summary = "OCaml " OCAML_VERSION_STRING
               ", copying nursery and incremental mark-sweep",
    .source = HEAP_SOURCE,
    .kind = GC_KIND_REFERENCE,
    .can = {.reclaims = GC_RECLAIMS_ALL,
            .external = GC_EXTERNAL ? GC_EXTERNALS_COUNTED : GC_EXTERNALS_NONE,
            .weak = true,
            .ephemerons = true,
            .finalizers = true,
            .moving = true,
            .long_weak = true},
    .options =
        (const gc_option[]){
            {"minor-heap", "size of the nursery in words", &minor_heap, 4096,
             1 << 28},
            {"space-overhead",
             "per cent of the live memory that may be wasted; less waste takes "
             "larger slices of the major collector",
             &space_overhead, 1, 1000000},
            {0}},
};

static gc_heap the_heap;
static value died;   /* the finalizer of all objects, an OCaml function */
static value disown; /* likewise of owners, once it has their block */
value ml_globals[GC_GLOBALS];

/* ------------------------------------------------------------------------- *
 * Roots: one block of global roots, one for the finalizer queue, and two for
 * each mutator.
 * ------------------------------------------------------------------------- */

static struct caml__roots_block globals, queue;

static void root(struct caml__roots_block *b, value *table, size_t items) {
  for (size_t i = 0; i < items; i++)
    table[i] = Val_unit;
  b->ntables = 1;
  b->nitems = (intnat)items;
  b->tables[0] = table;
  b->next = Caml_state->local_roots;
  Caml_state->local_roots = b;
}

static void unroot(struct caml__roots_block *b) {
  struct caml__roots_block **at = &Caml_state->local_roots;
  while (*at != b)
    at = &(*at)->next;
  *at = b->next;
}

/* To be called after every change to the finalizer queue. */
static void root_queue(void) {
  queue.tables[0] = (value *)finalizers_first();
  queue.nitems = (intnat)finalizers_count();
}

/* ------------------------------------------------------------------------- *
 * Pauses.  An allocation may start a collection of the nursery and then a slice
 * of the major heap, each with hooks of its own.  To the mutator that waits
 * they are one pause.
 *
 * What a slice of the major heap does is known by the state in which it begins.
 * Of a full collection no more is told than its collections of the nursery, the
 * slices that OCaml 5 makes it of, and when finalizers run.
 * ------------------------------------------------------------------------- */

static void begin(const char *phase) {
  if (!the_heap.began)
    the_heap.began = listener_begins();
  listener_phase(phase);
}

/* A part of the pause is over; perhaps it was the last one. */
static void end(void) {
  listener_phase(the_heap.full ? "full" : NULL);
  the_heap.ended = gc_now_ns();
}

static void on_minor_begin(void) {
  begin(heap_nursery_begins());
}

static void on_slice_begin(void) {
  begin(heap_slice());
}

/* Elsewhere finalizers run when the pause is over. */
static void on_finalizers_begin(void) {
  if (the_heap.full)
    listener_phase("finalizers");
}

static void on_finalizers_end(void) {
  if (the_heap.full)
    listener_phase("full");
}

static void pause_over(void) {
  gc_heap *h = &the_heap;
  if (h->ended)
    listener_pause_until(GC_PAUSE_STOP, h->began, h->ended);
  h->began = h->ended = 0;
}

/* Does the collections that are due and calls finalizers.  In OCaml programs
 * compiled code does this.  Until it is done, every allocation takes the slow
 * path. */
static void catch_up(void) {
  if (caml_check_pending_actions())
    caml_process_pending_actions();
  pause_over();
}

/* ------------------------------------------------------------------------- *
 * Objects.
 * ------------------------------------------------------------------------- */

static value *ml_token(value finalizable) {
  return Op_val(finalizable) + Wosize_val(finalizable) - 2;
}

/* The finalizer of a dead object: it resurrects the object, which waits in the
 * queue. */
value ml_died(value o) {
  Field(*ml_token(o), 0) = Val_false; /* found dead */
  caml_modify(ml_token(o), Val_unit);
  finalizers_push((gc_object *)o);
  root_queue();
  return Val_unit;
}

value *ml_nursery_slow(size_t words) {
  catch_up();
  /* allocates one block, which the caller divides */
  value *at = (value *)Hp_val(caml_alloc_small(words - 1, String_tag));
  pause_over();
  return at;
}

/* Returns a block outside the nursery, or 0.  Never collects. */
static value outside(size_t words, tag_t tag) {
  return heap_block(words ? words : 1, tag);
}

bool ml_new_slow(gc_mutator *m, gc_reg dst, gc_shape shape, unsigned flags) {
  catch_up(); /* allocation outside the nursery requests a slice */
  bool finalizable = flags & GC_FINALIZABLE;
  size_t payload = ml_payload_words(shape);
  if (!finalizable && shape.slots == 0) {
    value leaf = outside(payload, ML_LEAF);
    if (leaf)
      m->reg[dst] = leaf;
    return leaf != 0;
  }
  value p = payload ? outside(payload, String_tag) : Val_unit;
  value token = finalizable ? outside(1, 0) : Val_unit;
  if (token != Val_unit && token)
    Field(token, 0) = Val_true;
  size_t fields = shape.slots + (finalizable ? 2 : payload > 0);
  value o = p && token
                ? outside(fields, finalizable ? ML_FINALIZABLE : ML_OBJECT)
                : 0;
  if (!o)
    return false;
  for (size_t i = 0; i < fields; i++)
    Field(o, i) = Val_unit;
  if (finalizable)
    Field(o, fields - 2) = token;
  if (finalizable || payload)
    Field(o, fields - 1) = p;
  m->reg[dst] = o;
  if (finalizable)
    caml_final_register(died, o);
  return true;
}

/* dst <- a weak reference to the object in `target`, or an ephemeron with this
 * key: one of the runtime's ephemerons, in a block with tag `tag`.
 *
 * The runtime keeps its ephemerons of finalizable objects until such an object
 * is dead for good.  Ours must not return what belongs to an object whose
 * finalizer is due.  So the object's token is a second key, which dies when the
 * finalizer is called, and is checked until then. */
static value pair_new(gc_mutator *m, gc_reg dst, gc_reg target, tag_t tag) {
  catch_up();
  struct caml__roots_block frame;
  value held;
  root(&frame, &held, 1);
  held = ephemeron_new(2);
  value *at = ml_nursery(3);
  value pair = ml_block(at, 2, tag), o = m->reg[target];
  unroot(&frame);
  value token = Tag_val(o) == ML_FINALIZABLE ? *ml_token(o) : Val_unit;
  Field(pair, 0) = held;
  Field(pair, 1) = Val_bool(token != Val_unit);
  ephemeron_set_key(held, 0, o);
  ephemeron_set_key(held, 1, token == Val_unit ? o : token);
  m->reg[dst] = pair;
  return held;
}

/* Whether the target or key of `pair`, which becomes `*o`, is alive.  Runs the
 * finalizers that are due. */
static bool pair_get(gc_mutator *m, gc_reg pair, value *o) {
  finalizers_run();
  value p = m->reg[pair], token;
  if (Bool_val(Field(p, 1)) &&
      !(ephemeron_key(Field(p, 0), 1, &token) && Bool_val(Field(token, 0))))
    return false;
  return ephemeron_key(Field(m->reg[pair], 0), 0, o);
}

bool ml_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  pair_new(m, dst, target, ML_WEAK);
  return true;
}

bool ml_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  value o;
  bool alive = pair_get(m, weak, &o);
  m->reg[dst] = alive ? o : Val_unit;
  pause_over();
  return alive;
}

bool ml_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key, gc_reg data) {
  struct caml__roots_block frame;
  value v;
  root(&frame, &v, 1);
  v = m->reg[data]; /* dst may be the same register */
  value held = pair_new(m, dst, key, ML_EPHEMERON);
  unroot(&frame);
  ephemeron_set_data(held, v);
  return true;
}

bool ml_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  value key, v = Val_unit;
  bool alive =
      pair_get(m, pair, &key) && ephemeron_data(Field(m->reg[pair], 0), &v);
  m->reg[dst] = alive ? v : Val_unit;
  pause_over();
  return alive;
}

bool ml_finalizer_next(gc_mutator *m, gc_reg dst) {
  finalizers_run();
  value o = (value)finalizers_pop();
  root_queue();
  if (!o)
    return false;
  m->reg[dst] = o;
  return true;
}

/* ------------------------------------------------------------------------- *
 * External memory.  A block is a custom block of the runtime, which is told how
 * much memory outside the heap that keeps, and runs faster for it.  No object
 * has a field for it, so the closure that Gc.finalise_last calls for the owner
 * holds the block.
 * ------------------------------------------------------------------------- */

static struct custom_operations external_operations = {
    "reapmark.external",        custom_finalize_default,
    custom_compare_default,     custom_hash_default,
    custom_serialize_default,   custom_deserialize_default,
    custom_compare_ext_default, custom_fixed_length_default};

#define EXTERNAL_OF(block) (*(external_block **)Data_custom_val(block))

/* The owner of the block is dead for good. */
value ml_disowned(value block) {
  external_give_all(&EXTERNAL_OF(block), &external_malloc);
  return Val_unit;
}

bool ml_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  catch_up();
  external_block *memory = NULL;
  if (!external_add(&memory, bytes, &external_malloc))
    return false;
  value block =
      caml_alloc_custom_mem(&external_operations, sizeof memory, bytes);
  EXTERNAL_OF(block) = memory;
  value call = caml_callback(disown, block); /* with this block */
  caml_final_register_called_without_value(call, m->reg[obj]);
  pause_over();
  return true;
}

_Noreturn void ml_stack_overflow(void) {
  fprintf(stderr, "shadow stack overflow: more than %d registers\n",
          GC_REGISTERS);
  abort();
}

/* ------------------------------------------------------------------------- *
 * The heap.
 * ------------------------------------------------------------------------- */

gc_mutator *gc_thread_attach(gc_heap *heap) {
  if (!heap_is_ours())
    return NULL;
  size_t bytes = sizeof(gc_mutator) + GC_REGISTERS * sizeof(value);
  gc_mutator *m = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED)
    return NULL;
  m->heap = heap;
  root(&m->registers, m->reg, 0);
  root(&m->locals, m->tls, GC_TLS);
  return m;
}

void gc_thread_detach(gc_mutator *m) {
  unroot(&m->registers);
  unroot(&m->locals);
  munmap(m, sizeof(gc_mutator) + GC_REGISTERS * sizeof(value));
}

void gc_blocking_enter(gc_mutator *m) {
  (void)m;
}

void gc_blocking_leave(gc_mutator *m) {
  (void)m;
}

/* Overrides OCAMLRUNPARAM, which the user may have set for other programs. */
static bool start(void) {
  char name[] = "reapmark", *argv[] = {name, NULL}, settings[64];
  snprintf(settings, sizeof settings, "s=%llu,o=%llu" HEAP_SETTINGS,
           (unsigned long long)minor_heap, (unsigned long long)space_overhead);
  setenv("OCAMLRUNPARAM", settings, 1);
  caml_startup(argv);
  heap_hooks();
  caml_minor_gc_begin_hook = on_minor_begin;
  caml_minor_gc_end_hook = end;
  caml_major_slice_begin_hook = on_slice_begin;
  caml_major_slice_end_hook = end;
  caml_finalise_begin_hook = on_finalizers_begin;
  caml_finalise_end_hook = on_finalizers_end;
  died = *caml_named_value("died");
  caml_register_generational_global_root(&died);
  disown = *caml_named_value("disown");
  caml_register_generational_global_root(&disown);
  root(&globals, ml_globals, GC_GLOBALS);
  root(&queue, NULL, 0);
  if (!heap_is_known())
    fprintf(stderr, "ocaml: the heap of OCaml " OCAML_VERSION_STRING
                    " is not laid out as this adapter knows it\n");
  return heap_is_known();
}

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

void gc_heap_destroy(gc_heap *heap) {
  listener_set(GC_NULL_LISTENER);
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    ml_globals[g] = Val_unit;
  do { /* again if finalizers resurrected objects */
    finalizers_destroy();
    root_queue();
    caml_gc_full_major(Val_unit);
  } while (finalizers_count());
  heap->began = heap->ended = 0;
}

/* A full collection has no hooks of its own. */
void gc_collect(gc_mutator *m) {
  (void)m;
  the_heap.full = true;
  begin("full");
  caml_gc_full_major(Val_unit);
  the_heap.full = false;
  end();
  pause_over();
}

gc_footprint gc_heap_footprint(gc_heap *heap) {
  uint64_t other =
      Caml_state->minor_heap_wsz * sizeof(value) + finalizers_bytes();
  /* What is not of the runtime may shrink; its peak is no more than was told.
   */
  uint64_t peak = other + external.peak + heap_peak();
  if (peak > heap->most)
    heap->most = peak;
  return (gc_footprint){other + external_held() + heap_bytes(), heap->most};
}

static bool is_object(value o) {
  switch (Tag_val(o)) {
  case ML_OBJECT:
  case ML_FINALIZABLE:
  case ML_WEAK:
  case ML_EPHEMERON:
  case ML_LEAF:
    return true;
  default:
    return false;
  }
}

static void count_object(value o, void *data) {
  *(uint64_t *)data += is_object(o);
}

/* Exact right after a collection: the nursery is empty, and everything is
 * swept. */
uint64_t gc_heap_objects(gc_heap *heap) {
  (void)heap;
  uint64_t objects = 0;
  heap_walk(count_object, &objects);
  return objects;
}

/* The runtime's own statistics, in the order of OCaml's record Gc.stat. */
enum { PROMOTED_WORDS = 1, MINORS = 3, MAJORS = 4, COMPACTIONS = 13 };

size_t gc_heap_counters(gc_heap *heap, gc_counter *out, size_t room) {
  (void)heap;
  value s = caml_gc_quick_stat(Val_unit);
  const gc_counter all[] = {
      {"minor-collections", (uint64_t)Long_val(Field(s, MINORS))},
      {"major-collections", (uint64_t)Long_val(Field(s, MAJORS))},
      {"compactions", (uint64_t)Long_val(Field(s, COMPACTIONS))},
      {"promoted-words", (uint64_t)Double_val(Field(s, PROMOTED_WORDS))},
      EXTERNAL_COUNTERS,
  };
  pause_over();
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

static void check_fields(value o, void *data) {
  if (Tag_val(o) != ML_OBJECT && Tag_val(o) != ML_FINALIZABLE)
    return;
  if (heap_may_be_dead(o))
    return;
  for (mlsize_t i = 0; i < Wosize_val(o); i++) {
    value f = Field(o, i);
    if (Is_block(f) && !Is_young(f) && heap_is_free(f))
      *(const char **)data = "a field refers to a free block";
  }
}

const char *gc_heap_check(gc_heap *heap) {
  (void)heap;
  const char *wrong = heap_check();
  heap_walk(check_fields, &wrong);
  return wrong;
}
