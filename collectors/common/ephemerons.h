/* ephemerons.h: the list of all ephemerons of a tracing collector, and how it
 * finds the values that they keep alive.
 *
 * A value is alive if its ephemeron and its key are.  Which keys are alive is
 * known only after marking, and a value that is marked then may lead to further
 * keys.  To look at all ephemerons again whenever that happens would take
 * quadratic time.  Instead an ephemeron that waits for an object to be reached
 * is put into a list of that object, and looked at again when the marker
 * reaches the object; so each ephemeron is looked at three times at the most,
 * whatever chains the values form (Barros & Ierusalimschy, Eliminating cycles
 * in weak tables, JUCS 2008).  The marker has a second form that asks at each
 * object whether an ephemeron waits for it, and that runs only after the first
 * has marked what the roots reach, so that a program without ephemerons pays
 * nothing.
 *
 * A collector that has marked (or copied) what the roots reach takes these
 * steps, those of tracked.h in between:
 *
 *     ephemerons_begin   looks at all ephemerons.  If it returns true, the
 *                        collector marks the values that ephemerons_next gives,
 *                        and what they lead to, until there are none, and calls
 *                        ephemerons_reached for each object that it reaches
 *     ephemerons_clear   clears the ephemerons whose keys are dead, together
 *                        with tracked_clear_weak
 *     ...                marks what the finalizer queue reaches, again with
 *                        ephemerons_next: an ephemeron may be revived
 *     ephemerons_prune   takes ephemerons that died or were cleared off the
 *                        list, and updates the others
 *
 * Addresses are those from before the collection, as in tracked.h, and so is
 * `where`.  The list keeps the order in which ephemerons were made.  An
 * ephemeron never changes, so that key and value are older than it, and a
 * collector with generations need not look at the first `old` entries. */
#ifndef REAPMARK_COMMON_EPHEMERONS_H
#define REAPMARK_COMMON_EPHEMERONS_H

#include "common/space.h"
#include "common/tracked.h"

/* An ephemeron as tracing collectors lay it out: an object without slots, since
 * the marker must not see what it refers to. */
typedef struct ephemeron {
  uint64_t header; /* as in gc_object */
  gc_object *key;  /* null once the ephemeron is cleared */
  gc_object *value;
  uint32_t next;    /* during a collection: the granule of the next ephemeron in
                       the list it waits in, 0 at the end */
  uint32_t counted; /* for collectors that count: the value has a count */
} ephemeron;

/* There is one list per process, as there is one heap. */
extern tracked_list ephemerons;

/* For each granule that of the first ephemeron that waits for the object there;
 * 0: none waits.  Mapped when the first ephemeron waits. */
extern uint32_t *ephemerons_waiting;

typedef struct ephemerons_counts {
  uint64_t cleared; /* ephemerons whose keys died */
  uint64_t visited; /* looks at ephemerons */
} ephemerons_counts;
extern ephemerons_counts ephemerons_counted; /* so far */

static inline ephemeron *ephemeron_at(gc_object *o) {
  return (ephemeron *)o;
}

/* Adds an ephemeron that was just made.  If the list cannot grow, the process
 * ends by gc_out_of_memory.  Any thread. */
void ephemerons_note(gc_object *e);

/* The steps, with the world stopped.  `all`: old entries too.  ephemerons_begin
 * returns false if there are no entries to look at. */
bool ephemerons_begin(tracked_where where, bool all);
void ephemerons_clear(tracked_where where, bool all);
void ephemerons_prune(tracked_where where, bool all);

/* The place of the next value that is alive, not null, in the ephemeron as it
 * lies now; the caller marks the value and, if it moves, updates the place.
 * NULL: no more so far. */
gc_object **ephemerons_next(tracked_where where);

/* To be called for each object that is reached after ephemerons_begin returned
 * true. */
void ephemerons_wake(const gc_object *o);
static inline void ephemerons_reached(const gc_object *o) {
  if (gc_unlikely(ephemerons_waiting[space_granule(o)]))
    ephemerons_wake(o);
}

/* For collectors that find deaths one by one: puts `e` into the list of those
 * that wait for `o`; takes the first that waits for `o` off that list, NULL if
 * there is none. */
void ephemerons_wait(const gc_object *o, gc_object *e);
gc_object *ephemerons_take(const gc_object *o);

/* Bytes of memory of the list.  Any thread. */
uint64_t ephemerons_bytes(void);

/* Empties the list when the heap is destroyed. */
void ephemerons_destroy(void);

/* Checks that each entry is an object (`is`) with its flags, and unless
 * `dead_too`, that it, its key and its value are alive (`where`).  Returns what
 * is wrong, or NULL. */
const char *ephemerons_check(bool (*is)(const gc_object *o),
                             tracked_where where, bool dead_too);

#endif
