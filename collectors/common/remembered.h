/* remembered.h: the remembered sets of collectors with generations: which old
 * objects may refer to young ones.
 *
 * An old object with slots has the flag REMEMBERED_NOT in its header or is in
 * exactly one set.  The first store of a reference into it takes the flag off
 * and puts the object into the mutator's set, so that the next collection that
 * looks only at what is young scans the object again.  A store thus costs a
 * test of the header, and a call once per object and collection.
 *
 * A *wide* object keeps the flag, and the call remembers the part of it that is
 * stored into, a *card*: to scan all of a large array again would cost more
 * than the rest of the collection.  So each store into an old wide object costs
 * a call.
 *
 * Stores of null cost nothing: they make no old object refer to a young one.
 * Roots have no barrier: every collection visits all of them.
 *
 * No set loses anything for want of memory: objects are in bags (stack.h), and
 * a card for which there is no room is remembered with its whole object.
 *
 * Sources: logging objects once, Blackburn & McKinley, ISMM 2002; cards in
 * remembered sets, Hosking & Hudson, OOPSLA GC workshop 1993. */
#ifndef REAPMARK_COMMON_REMEMBERED_H
#define REAPMARK_COMMON_REMEMBERED_H

#include "common/hostile/mutants.h"
#include "common/stack.h"

/* The object is old, has slots, and is in no remembered set.  A wide object
 * whose cards are remembered has the flag too. */
#define REMEMBERED_NOT OBJECT_FLAG_B

enum {
  REMEMBERED_CARD = 32,                  /* slots of a card */
  REMEMBERED_WIDE = 2 * REMEMBERED_CARD, /* objects with more slots are wide */
};

/* A mutator's set, or one that belongs to the heap. */
typedef struct remembered_set {
  object_bag objects; /* old objects stored into since the last collection */
  object_stack cards; /* cards stored into: pairs (object, number) */
} remembered_set;

/* How many entries a set has room for; 0: it grows as needed. */
extern uint64_t remembered_most;
#define REMEMBERED_OPTION                                                      \
  {                                                                            \
    "remembered-set",                                                          \
        "most entries of a thread's remembered set before it spills into "     \
        "a table, 0: no cap",                                                  \
        &remembered_most, 0, (uint64_t)1 << 32                                 \
  }

/* Counts of events and of work so far, for gc_heap_counters. */
typedef struct remembered_counts {
  uint64_t objects, cards; /* that were remembered */
  uint64_t rescanned;      /* slots scanned because of that */
  uint64_t inherited;      /* mutators that left something remembered behind */
} remembered_counts;
extern remembered_counts remembered_counted;
#define REMEMBERED_EVENTS                                                      \
  "objects-remembered", "cards-remembered", "remembered-inherited", "spilled"
#define REMEMBERED_WORK                                                        \
  "slots-rescanned", "objects-remembered", "cards-remembered"
#define REMEMBERED_COUNTERS                                                    \
  {"objects-remembered", remembered_counted.objects},                          \
      {"cards-remembered", remembered_counted.cards},                          \
      {"slots-rescanned", remembered_counted.rescanned},                       \
      {"remembered-inherited", remembered_counted.inherited}, {                \
    "spilled", bag_spills                                                      \
  }

/* Makes an empty set whose bag uses this table (stack.h).  Hostile conditions
 * or the option limit its room. */
void remembered_begin(remembered_set *set, unsigned table);

/* Puts an old object, or of a wide one the card that `place` is in, into the
 * mutator's set, unless it is in one.  Any thread, with a set of its own. */
void remembered_add(remembered_set *set, gc_object *o, gc_object **place);

/* The write barrier, before `value` is stored at `place` in `o`.  Reads the
 * header atomically, because other mutators may be storing into other slots of
 * the object. */
static inline void remembered_barrier(remembered_set *set, gc_object *o,
                                      gc_object **place, gc_object *value) {
  if (gc_mutant(barrier_tests_value) && value)
    o = value;
  if (value &&
      gc_unlikely(__atomic_load_n(&o->meta, __ATOMIC_RELAXED) & REMEMBERED_NOT))
    remembered_add(set, o, place);
}

/* Hands on what a detaching mutator remembered, to a set of the heap's, under
 * a lock of the heap's, and frees the memory of the first. */
void remembered_inherit(remembered_set *from, remembered_set *to);

/* Empties a set; the world is stopped.  Calls `object` for each object, which
 * is in no set from then on and has no flag; and `card` for each card, of which
 * it gets the object and the first and the end of the slots.  If `card` returns
 * true the card stays in the set.  With `scan` NULL everything is only
 * forgotten: a full collection, which gives the flag to all that it scans, has
 * no need of it. */
typedef struct remembered_scan {
  void (*object)(gc_object *o);
  bool (*card)(gc_object *o, uint32_t first, uint32_t end);
} remembered_scan;
void remembered_take(remembered_set *set, const remembered_scan *scan);

/* Bytes of memory that a set holds, and that all sets share.  Any thread. */
uint64_t remembered_bytes(const remembered_set *set);
uint64_t remembered_shared_bytes(void);

/* Frees the memory of a set, and what all sets share. */
void remembered_free(remembered_set *set);
void remembered_destroy(void);

/* A check of all sets, in this order; the world is stopped.  Each function but
 * the first returns what is wrong, or NULL.  `is`: whether there is an object
 * at this address; `old`: whether an object is old. */
bool remembered_check_begin(void); /* false: no memory to check in */
const char *remembered_check_set(const remembered_set *set,
                                 bool (*is)(const gc_object *o),
                                 bool (*old)(const gc_object *o));
/* For each old object, once. */
const char *remembered_check_object(const gc_object *o,
                                    bool (*old)(const gc_object *o));
const char *remembered_check_end(void); /* whatever went wrong before */

#endif
