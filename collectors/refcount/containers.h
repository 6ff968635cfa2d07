/* containers.h: every object with slots, a *container*, is in one of a few
 * lists, and a detector of dead cycles examines some of these lists as CPython
 * does (containers.c).  What two parts `candidates` (parts.h) have in common;
 * the parts decide which lists are examined when.
 *
 * A container has 16 bytes before its header, as in CPython: the links of its
 * list, the number of the list, and a count for examinations.  Objects without
 * slots cannot be part of a cycle and are in no list.  A release does no more
 * than count. */
#ifndef REAPMARK_REFCOUNT_CONTAINERS_H
#define REAPMARK_REFCOUNT_CONTAINERS_H

#include "common/space.h"
#include "refcount/parts.h"
#include "refcount/unbuffered.h"

_Static_assert(RC_COUNT_IS_WORD, "examinations read counts from the header");
_Static_assert(!RC_SHARED, "the lists have no lock");

#define RC_RECLAIMS           GC_RECLAIMS_ALL
#define RC_OPTIONS            rc_candidates_options
#define RC_CANDIDATES_HOSTILE 0
/* As in CPython: what objects own outside the heap makes no collection due. */
#define RC_EXTERNAL GC_EXTERNALS_UNSEEN
extern const gc_option rc_candidates_options[];

/* The counters of containers.c. */
#define RC_CONTAINERS_EVENTS "objects-moved-back", "cycle-freed", "cycle-spared"
#define RC_CONTAINERS_WORK   "objects-visited", "objects-moved-back"

#define RC_BUFFERED 0u /* no object is a candidate */

typedef struct rc_candidates {
} rc_candidates;

/* The lists, by number.  No list is number 0 (rc_cell_object). */
enum {
  RC_YOUNG = 1,   /* what was made since the last collection */
  RC_OLD_A,       /* what survived: two lists, */
  RC_OLD_B,       /* to which the parts give names */
  RC_EXAMINED,    /* during a collection: objects that are examined, */
  RC_UNREACHABLE, /* those of them to which nothing is known to lead, */
  RC_MARKED,      /* and those that are known to be alive */
  RC_LISTS
};

/* What stands before a container's header.  Links are numbers of granules, 0 at
 * the ends. */
typedef struct rc_container {
  uint32_t next;
  uint32_t list;
  uint32_t previous;
  uint32_t refs; /* during an examination: references from outside of what is
                    examined; not exact once it is known to be alive */
} rc_container;

enum { RC_PREFIX = sizeof(rc_container) };
_Static_assert(sizeof(rc_container) == SPACE_GRANULE,
               "objects begin on granules");
_Static_assert(offsetof(rc_container, list) == offsetof(gc_object, meta),
               "rc_cell_object tells containers by their lists");

/* By granules, as the links. */
typedef struct rc_list {
  uint32_t first, last;
  uint64_t size;
} rc_list;
extern rc_list rc_lists[RC_LISTS];

/* Containers made since the last collection that emptied this count, less those
 * that died (whenever these were made, as in CPython), and the count beyond
 * which the detector looks. */
extern uint64_t rc_fresh, rc_fresh_most;

static inline rc_container *rc_container_of(const gc_object *o) {
  return (rc_container *)((uintptr_t)o - RC_PREFIX);
}

/* The container at a granule. */
static inline rc_container *rc_container_at(uint32_t granule) {
  return rc_container_of(space_address(granule));
}

/* Collects what is due: rc_fresh is above rc_fresh_most.  Defined by the part's
 * .c file.  (S) */
void rc_collect_due(gc_mutator *m);

static inline void rc_before_new(gc_mutator *m) {
  if (gc_unlikely(++rc_fresh > rc_fresh_most))
    rc_collect_due(m);
}

/* Appends to a list. */
static inline void rc_list_append(unsigned list, gc_object *o) {
  rc_list *l = &rc_lists[list];
  rc_container *c = rc_container_of(o);
  uint32_t granule = space_granule(o);
  *c = (rc_container){.list = list, .previous = l->last, .refs = c->refs};
  if (gc_likely(l->last))
    rc_container_at(l->last)->next = granule;
  else
    l->first = granule;
  l->last = granule;
  l->size++;
}

/* Takes an object out of its list. */
static inline void rc_list_remove(gc_object *o) {
  const rc_container *c = rc_container_of(o);
  rc_list *l = &rc_lists[c->list];
  if (gc_likely(c->next))
    rc_container_at(c->next)->previous = c->previous;
  else
    l->last = c->previous;
  if (gc_likely(c->previous))
    rc_container_at(c->previous)->next = c->next;
  else
    l->first = c->next;
  l->size--;
}

static inline void rc_track(gc_object *o) {
  rc_container_of(o)->refs = 0;
  rc_list_append(RC_YOUNG, o);
}

static inline void rc_untrack(gc_object *o) {
  if (!gc_mutant(dead_stay_linked))
    rc_list_remove(o);
  rc_fresh -= rc_fresh > 0;
}

/* Moves all objects of a list to the end of another one.  Takes no time for
 * each, but leaves them numbered as before: for RC_EXAMINED, which numbers its
 * objects before it does anything else. */
void rc_list_splice(unsigned from, unsigned to);

/* How many containers there are. */
uint64_t rc_containers(void);

/* Examines the objects in RC_EXAMINED: those to which only references from each
 * other lead are dead cycles, and are freed; the others are appended to the
 * list `to`.  `all`: these are all containers there are.  Returns how many were
 * alive, without those that only a finalizer keeps. */
uint64_t rc_examine(gc_mutator *m, unsigned to, bool all);

/* The hooks.  rc_candidates_create, _collect, _collect_stopped and _counters
 * are in the part's .c file, which calls these for what is common. */

void rc_containers_create(void);
/* `marked`: objects that the part has visited beside examinations. */
size_t rc_containers_counters(gc_counter *out, size_t room, uint64_t marked);

void rc_candidates_create(void);
void rc_candidates_destroy(void);

/* Reclaims all dead cycles.  (S) */
void rc_candidates_collect(gc_mutator *m);
bool rc_candidates_collect_stopped(gc_mutator *m);

static inline void rc_candidates_report(uint64_t begin_ns) {
  rc_report_detection(begin_ns);
}

uint64_t rc_candidates_bytes(void);
size_t rc_candidates_counters(gc_counter *out, size_t room);
/* Sets RC_CENSUS_CANDIDATE (rc-internal.h) in the word of each listed object,
 * in a table with a word for each granule. */
const char *rc_candidates_check(uint32_t *census);
/* The same of one object; `listed`: it was found in a list. */
const char *rc_candidates_check_object(const gc_object *o, bool listed);

#endif
