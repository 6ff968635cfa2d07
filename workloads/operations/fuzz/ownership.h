/* ownership.h: which thread may touch which object, while threads run beside
 * each other.  Every object has one owner:
 *
 *   a thread      made the object, and no other thread can reach it but by
 *                 weak references and finalization: the thread touches its
 *                 slots freely
 *   OWNER_SHARED  global roots lead to the object: its slots are touched under
 *                 the lock
 *   OWNER_FROZEN  the object is shared, and until the next check all threads
 *                 read its slots without the lock and none writes them
 *   OWNER_MAILED  the object is in a global root, on its way from one thread
 *                 to another
 *   OWNER_COMMON  each slot of the object is one thread's, by its number modulo
 *                 the number of threads: that thread alone touches the slot,
 *                 freely, while others touch their slots of the same object
 *
 * A thread's own objects, and its slots of common ones, refer to its own,
 * shared, frozen and common objects.  Shared and frozen objects refer to
 * shared, frozen and common ones: whatever else is stored into them becomes
 * shared, with all that it leads to.  An object of another thread that a weak
 * reference or a finalizer brings up is looked at and let go. */
#ifndef REAPMARK_FUZZ_OWNERSHIP_H
#define REAPMARK_FUZZ_OWNERSHIP_H

#include "actor.h"

enum { OWNER_SHARED = TRACE_THREADS, OWNER_FROZEN, OWNER_MAILED, OWNER_COMMON };
_Static_assert(OWNER_COMMON <= UINT16_MAX, "owners are kept in 16 bits");

/* The first global roots lead to frozen objects, the next ones carry mail, the
 * next ones hold common objects, which grow old there, and the rest lead to
 * shared objects. */
enum {
  FROZEN_GLOBALS = 8,
  MAIL_GLOBALS = 8,
  COMMON_GLOBALS = 4,
  COMMON_FIRST = FROZEN_GLOBALS + MAIL_GLOBALS,
  SHARED_FIRST = COMMON_FIRST + COMMON_GLOBALS
};

static inline uint16_t owner_of(const actor *a, shadow_ref o) {
  return __atomic_load_n(&a->f->x.pasts[o].owner, __ATOMIC_RELAXED);
}

static inline void owner_set(const actor *a, shadow_ref o, unsigned owner) {
  __atomic_store_n(&a->f->x.pasts[o].owner, (uint16_t)owner, __ATOMIC_RELAXED);
}

/* How the thread may read or write the object's slots: not at all, without the
 * lock, its own ones without the lock, or with the lock.  Threads that take
 * turns may do everything. */
typedef enum manner { FORBIDDEN, FREELY, OWN_SLOTS, LOCKED } manner;
manner owner_may_touch(const actor *a, shadow_ref o, bool writes);

/* Whether any object may refer to the object, as far as ownership matters. */
bool owner_is_public(const actor *a, shadow_ref o);

/* Whether the object in register `r` is another thread's, to be let go at once.
 */
bool owner_is_foreign(const actor *a, gc_reg r);

/* Gives `o` and what it leads to, as far as `from` owns it, to `to`.  With
 * TURNS_NOBODY as `from`: as far as any thread owns it. */
void owner_hand_over(actor *a, shadow_ref o, uint32_t from, unsigned to);

#endif
