/* registers.h, a template (include it after struct gc_mutator): checked access
 * to registers, and the operations that are plain moves in every collector of
 * ours.
 *
 * It uses the mutator's members `base` and `reg`.  A collector whose stores
 * need no reference counts includes plain-operations.h as well, which leaves
 * only allocation to be defined. */
#ifndef REAPMARK_COMMON_INLINE_REGISTERS_H
#define REAPMARK_COMMON_INLINE_REGISTERS_H

#ifndef GC_MUTATOR_DEFINED
#error "a template: include it after the collector's struct gc_mutator"
#endif

#include "common/object.h"

/* Register `r`, to be written by an owning operation. */
static inline gc_object **object_owning(gc_mutator *m, gc_reg r) {
  OBJECT_CHECK(r < m->base.top, "register outside the frame", r);
  OBJECT_CHECK(!m->base.borrowing[r], "owning write to borrowing register", r);
  return &m->reg[r];
}

/* Register `r`, to be written by a borrowing operation. */
static inline gc_object **object_borrowing(gc_mutator *m, gc_reg r) {
  OBJECT_CHECK(r < m->base.top, "register outside the frame", r);
  OBJECT_CHECK(m->base.borrowing[r], "borrow into owning register", r);
  return &m->reg[r];
}

/* The object in a register, which may be null. */
static inline gc_object *object_read(gc_mutator *m, gc_reg r) {
  OBJECT_CHECK(r < m->base.top, "register outside the frame", r);
  return m->reg[r];
}

/* Slot `i` of the object in a register, which must not be null. */
static inline gc_object **object_slot(gc_mutator *m, gc_reg obj, uint32_t i) {
  gc_object *o = object_read(m, obj);
  OBJECT_CHECK(o, "null object operand in register", obj);
  OBJECT_CHECK(i < object_slots(o), "slot outside the shape", i);
  return &o->slots[i];
}

static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  gc_object *o = object_read(m, obj);
  OBJECT_CHECK(o, "null object operand in register", obj);
  return object_payload(o);
}

static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  return !object_read(m, r);
}

static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  return object_read(m, a) == object_read(m, b);
}

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  gc_reg frame = m->base.top;
  if (gc_unlikely(GC_REGISTERS - frame < owning + borrowing))
    object_stack_overflow();
  for (uint32_t i = 0; i < owning + borrowing; i++)
    m->reg[frame + i] = NULL;
#ifdef GC_CHECKS
  memset(m->base.borrowing + frame, 0, owning);
  memset(m->base.borrowing + frame + owning, 1, borrowing);
#endif
  m->base.top = frame + owning + borrowing;
  return frame;
}

/* The end of gc_frame_leave: pops the topmost frame, of `registers`. */
static inline void object_frame_pop(gc_mutator *m, gc_reg frame,
                                    uint32_t registers) {
  OBJECT_CHECK(m->base.top == frame + registers, "frame left out of order",
               frame);
  (void)registers;
  m->base.top = frame;
}

#endif
