/* php-node.h: PHP's memory management, the inline half.
 *
 * PHP counts references and keeps a buffer of possible roots of dead cycles,
 * which it searches when the buffer is full.  Objects are those of an
 * extension's class: a zend_object with a table of slots, which get_gc shows to
 * the collector.  An owning register owns a reference, a borrowing one borrows
 * it.  No PHP code runs except the methods of WeakReference and WeakMap, which
 * are written in C.
 *
 * PHP's headers are full of macros and stay in php-node.c.  The declarations
 * that the fast paths need are repeated here and checked there. */
#ifndef REAPMARK_PHP_NODE_H
#define REAPMARK_PHP_NODE_H

#define GC_EPHEMERONS 1
#define GC_EXTERNAL   1

#include <stdio.h>
#include <string.h>
#include "gc.h"

typedef struct php_node php_node;

/* The layout of a zval. */
typedef struct php_slot {
  php_node *object;
  uint32_t type; /* PHP_NULL, or PHP_OBJECT if there is one */
  uint32_t unused;
} php_slot;

enum {
  PHP_NULL = 1,
  PHP_OBJECT = 0x308,
  /* Bits of `info`.  If any is set, the object is in the buffer or need not
   * be. */
  PHP_NO_CANDIDATE = (int)0xfffffc10
};

/* The layout of a zend_object, then the fields of our classes. */
struct php_node {
  uint32_t count, info;
  uint64_t others[6];
  uint32_t slots;
  uint32_t external; /* whether the object has external memory */
  php_slot slot[];   /* then payload */
};

struct gc_mutator {
  gc_heap *heap;
  gc_reg top;
  bool lent[GC_REGISTERS]; /* by register in use: whether it borrows */
  php_node *tls[GC_TLS];
  php_node *reg[GC_REGISTERS];
};

extern php_node *php_globals[GC_GLOBALS];

/* Slow paths, in php-node.c.  They end the process when memory runs out. */
php_node *php_new(gc_shape shape, unsigned flags);
php_node *php_weak_new(php_node *target);
php_node *php_weak_get(php_node *weak); /* a new reference, or NULL */
php_node *php_pair_new(php_node *key, php_node *value);
/* Whether the key is alive; *value: a new reference, or NULL. */
bool php_pair_get(php_node *pair, php_node **value);
php_node *php_finalizer_next(void);
bool php_external(php_node *o, uint32_t bytes);
void php_candidate(php_node *o);
_Noreturn void php_stack_overflow(void);

/* A function of PHP, which destroys an object whose count is zero. */
struct _zend_object;
void zend_objects_store_del(struct _zend_object *o);

/* ------------------------------------------------------------------------- *
 * Owners of a reference: registers, roots, slots.
 * ------------------------------------------------------------------------- */

static inline void php_retain(php_node *o) {
  if (o)
    o->count++;
}

static inline void php_release(php_node *o) {
  if (!o)
    return;
  if (--o->count == 0)
    zend_objects_store_del((struct _zend_object *)o);
  else if (gc_unlikely(!(o->info & (uint32_t)PHP_NO_CANDIDATE)))
    php_candidate(o);
}

/* *place <- o.  The caller hands over one count of `o`. */
static inline void php_replace(php_node **place, php_node *o) {
  php_node *old = *place;
  *place = o;
  php_release(old);
}

static inline void php_assign(php_node **place, php_node *o) {
  php_retain(o);
  php_replace(place, o);
}

static inline void php_set(php_slot *slot, php_node *o) {
  php_node *old = slot->object;
  slot->object = o;
  slot->type = o ? PHP_OBJECT : PHP_NULL;
  php_release(old);
}

static inline php_slot *php_at(gc_mutator *m, gc_reg obj, uint32_t i) {
  return &m->reg[obj]->slot[i];
}

/* ------------------------------------------------------------------------- *
 * The interface.
 * ------------------------------------------------------------------------- */

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  gc_reg frame = m->top;
  if (gc_unlikely(GC_REGISTERS - frame < owning + borrowing))
    php_stack_overflow();
  for (uint32_t i = 0; i < owning + borrowing; i++) {
    m->reg[frame + i] = NULL;
    m->lent[frame + i] = i >= owning;
  }
  m->top = frame + owning + borrowing;
  return frame;
}

static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  (void)borrowing;
  for (uint32_t i = 0; i < owning; i++)
    php_replace(&m->reg[frame + i], NULL);
  m->top = frame;
}

static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  php_replace(&m->reg[dst], php_new(shape, flags));
  return true;
}

static inline void gc_load(gc_mutator *m, gc_reg dst, gc_reg obj, uint32_t i) {
  php_assign(&m->reg[dst], php_at(m, obj, i)->object);
}

static inline void gc_borrow(gc_mutator *m, gc_reg dst, gc_reg obj,
                             uint32_t i) {
  m->reg[dst] = php_at(m, obj, i)->object;
}

static inline void gc_unborrow(gc_mutator *m, gc_reg r) {
  m->reg[r] = NULL;
}

static inline void gc_store(gc_mutator *m, gc_reg obj, uint32_t i, gc_reg src) {
  php_retain(m->reg[src]);
  php_set(php_at(m, obj, i), m->reg[src]);
}

/* The store may close a cycle around the last reference from outside.  A take
 * drops no count that would make the object a candidate, so here a plain store
 * and a drop are done instead.  That is not necessary while an owning register
 * other than `src` holds the object, because that register will drop its count
 * later. */
static inline void gc_store_take(gc_mutator *m, gc_reg obj, uint32_t i,
                                 gc_reg src) {
  php_node *o = m->reg[src];
  php_slot *slot = php_at(m, obj, i);
  if (gc_unlikely(m->lent[obj] || obj == src) && o &&
      !(o->info & (uint32_t)PHP_NO_CANDIDATE)) {
    gc_store(m, obj, i, src);
    php_replace(&m->reg[src], NULL);
    return;
  }
  m->reg[src] = NULL;
  php_set(slot, o);
}

static inline void gc_store_null(gc_mutator *m, gc_reg obj, uint32_t i) {
  php_set(php_at(m, obj, i), NULL);
}

static inline void gc_copy(gc_mutator *m, gc_reg dst, gc_reg src) {
  php_assign(&m->reg[dst], m->reg[src]);
}

static inline void gc_move(gc_mutator *m, gc_reg dst, gc_reg src) {
  php_node *o = m->reg[src];
  m->reg[src] = NULL;
  php_replace(&m->reg[dst], o);
}

static inline void gc_clear(gc_mutator *m, gc_reg r) {
  php_replace(&m->reg[r], NULL);
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  php_node *o = m->reg[obj];
  return &o->slot[o->slots];
}

static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  return !m->reg[r];
}

static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  return m->reg[a] == m->reg[b];
}

static inline void gc_global_load(gc_mutator *m, gc_reg dst, uint32_t g) {
  php_assign(&m->reg[dst], php_globals[g]);
}

static inline void gc_global_borrow(gc_mutator *m, gc_reg dst, uint32_t g) {
  m->reg[dst] = php_globals[g];
}

static inline void gc_global_store(gc_mutator *m, uint32_t g, gc_reg src) {
  php_assign(&php_globals[g], m->reg[src]);
}

static inline void gc_global_clear(gc_mutator *m, uint32_t g) {
  (void)m;
  php_replace(&php_globals[g], NULL);
}

static inline void gc_tls_load(gc_mutator *m, gc_reg dst, uint32_t t) {
  php_assign(&m->reg[dst], m->tls[t]);
}

static inline void gc_tls_borrow(gc_mutator *m, gc_reg dst, uint32_t t) {
  m->reg[dst] = m->tls[t];
}

static inline void gc_tls_store(gc_mutator *m, uint32_t t, gc_reg src) {
  php_assign(&m->tls[t], m->reg[src]);
}

static inline void gc_tls_clear(gc_mutator *m, uint32_t t) {
  php_replace(&m->tls[t], NULL);
}

static inline bool gc_try_weak_new(gc_mutator *m, gc_reg dst, gc_reg target) {
  php_replace(&m->reg[dst], php_weak_new(m->reg[target]));
  return true;
}

static inline bool gc_weak_get(gc_mutator *m, gc_reg dst, gc_reg weak) {
  php_node *o = php_weak_get(m->reg[weak]);
  php_replace(&m->reg[dst], o);
  return o != NULL;
}

static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  php_replace(&m->reg[dst], php_pair_new(m->reg[key], m->reg[value]));
  return true;
}

static inline bool gc_ephemeron_get(gc_mutator *m, gc_reg dst, gc_reg pair) {
  php_node *value;
  bool alive = php_pair_get(m->reg[pair], &value);
  php_replace(&m->reg[dst], value);
  return alive;
}

static inline bool gc_try_external(gc_mutator *m, gc_reg obj, uint32_t bytes) {
  return php_external(m->reg[obj], bytes);
}

static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  php_node *o = php_finalizer_next();
  if (o)
    php_replace(&m->reg[dst], o);
  return o != NULL;
}

/* Nothing to do: there is one thread. */
static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

#endif
