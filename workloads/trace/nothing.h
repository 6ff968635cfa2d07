/* nothing.h: an inline half without a collector: an operation takes its
 * operands and does nothing.  Against it the loop of a replay costs what the
 * replay itself costs (dry.c). */

/* Makes the compiler compute the operands. */
#define NOTHING(x) __asm__ volatile("" : : "r"(x))

static inline gc_reg gc_frame_enter(gc_mutator *m, uint32_t owning,
                                    uint32_t borrowing) {
  (void)m;
  NOTHING(owning);
  NOTHING(borrowing);
  return 0;
}
static inline void gc_frame_leave(gc_mutator *m, gc_reg frame, uint32_t owning,
                                  uint32_t borrowing) {
  (void)m;
  NOTHING(frame);
  NOTHING(owning);
  NOTHING(borrowing);
}
static inline bool gc_try_new(gc_mutator *m, gc_reg dst, gc_shape shape,
                              unsigned flags) {
  (void)m;
  NOTHING(dst);
  NOTHING(shape.slots);
  NOTHING(flags);
  return true;
}

#define NOTHING_OF_ONE(name)                                                   \
  static inline void gc_##name(gc_mutator *m, uint32_t a) {                    \
    (void)m;                                                                   \
    NOTHING(a);                                                                \
  }
#define NOTHING_OF_TWO(name)                                                   \
  static inline void gc_##name(gc_mutator *m, uint32_t a, uint32_t b) {        \
    (void)m;                                                                   \
    NOTHING(a);                                                                \
    NOTHING(b);                                                                \
  }
#define NOTHING_OF_THREE(name)                                                 \
  static inline void gc_##name(gc_mutator *m, uint32_t a, uint32_t b,          \
                               uint32_t c) {                                   \
    (void)m;                                                                   \
    NOTHING(a);                                                                \
    NOTHING(b);                                                                \
    NOTHING(c);                                                                \
  }
#define TRUE_OF_TWO(name)                                                      \
  static inline bool gc_##name(gc_mutator *m, uint32_t a, uint32_t b) {        \
    (void)m;                                                                   \
    NOTHING(a);                                                                \
    NOTHING(b);                                                                \
    return true;                                                               \
  }
NOTHING_OF_THREE(load)
NOTHING_OF_THREE(borrow)
NOTHING_OF_THREE(store)
NOTHING_OF_THREE(store_take)
NOTHING_OF_TWO(store_null)
NOTHING_OF_TWO(copy)
NOTHING_OF_TWO(move)
NOTHING_OF_ONE(unborrow)
NOTHING_OF_ONE(clear)
NOTHING_OF_TWO(global_load)
NOTHING_OF_TWO(global_borrow)
NOTHING_OF_TWO(global_store)
NOTHING_OF_ONE(global_clear)
NOTHING_OF_TWO(tls_load)
NOTHING_OF_TWO(tls_borrow)
NOTHING_OF_TWO(tls_store)
NOTHING_OF_ONE(tls_clear)
TRUE_OF_TWO(try_weak_new)
TRUE_OF_TWO(weak_get)
TRUE_OF_TWO(ephemeron_get)
TRUE_OF_TWO(try_external)

static inline bool gc_try_ephemeron_new(gc_mutator *m, gc_reg dst, gc_reg key,
                                        gc_reg value) {
  (void)m;
  NOTHING(dst);
  NOTHING(key);
  NOTHING(value);
  return true;
}
static inline void *gc_payload(gc_mutator *m, gc_reg obj) {
  static uint64_t payload;
  (void)m;
  NOTHING(obj);
  return &payload;
}
static inline bool gc_is_null(gc_mutator *m, gc_reg r) {
  (void)m;
  NOTHING(r);
  return false;
}
static inline bool gc_same(gc_mutator *m, gc_reg a, gc_reg b) {
  (void)m;
  return a == b;
}
static inline bool gc_finalizer_next(gc_mutator *m, gc_reg dst) {
  (void)m;
  NOTHING(dst);
  return false;
}
static inline void gc_safepoint(gc_mutator *m) {
  (void)m;
}

#define GC_EPHEMERONS 1
#define GC_EXTERNAL   1
