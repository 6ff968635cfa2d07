/* owned.h: which object owns which external memory (external.h), for tracing
 * collectors: a list that a collection goes through, as those of tracked.h.  An
 * object without external memory costs nothing, and does not know of the list.
 *
 * A collection calls owned_prune when all that is alive is marked, what the
 * finalizer queue leads to included: an object that waits for its finalizer is
 * alive.
 *
 * The list keeps the order in which blocks were taken.  So a collector with
 * generations looks only at entries from number `old` on: the owners of the
 * ones before survived its last collection. */
#ifndef REAPMARK_COMMON_OWNED_H
#define REAPMARK_COMMON_OWNED_H

#include "common/external.h"
#include "common/tracked.h"

typedef struct owned_block {
  gc_object *owner;
  void *memory; /* from space_external_take, without a head */
  uint64_t bytes;
} owned_block;

typedef struct owned_list {
  owned_block *items;
  size_t size, room;
  size_t old;       /* entries that survived the last collection of any kind */
  uint64_t visited; /* entries that collections looked at, so far */
} owned_list;

/* There is one per process, as there is one heap. */
extern owned_list owned;

/* Makes `owner` the owner of a block that was just taken.  Returns false, and
 * gives the block back, if the list cannot grow.  Any thread. */
bool owned_note(gc_object *owner, void *memory, uint64_t bytes);

/* Gives back the blocks of dead owners and updates the others, with the world
 * stopped.  `where` and `all` as in tracked.h. */
void owned_prune(tracked_where where, bool all);

/* For a collector in which what survives may still be young: sets how many
 * entries are old, of which there were `old` before.  `is_old` is called with
 * addresses of now. */
void owned_settle(size_t old, bool (*is_old)(gc_object *o));

/* Bytes of memory of the list.  Any thread. */
uint64_t owned_bytes(void);

/* Gives all blocks back when the heap is destroyed. */
void owned_destroy(void);

/* Checks that each owner is an object (`is`) and, unless `dead_too`, is alive
 * (`where`), and that the blocks are all that is held.  Returns what is wrong,
 * or NULL. */
const char *owned_check(bool (*is)(const gc_object *o), tracked_where where,
                        bool dead_too);

/* Checks that the owners of old entries are alive (`where`).  Returns what is
 * wrong, or NULL. */
const char *owned_check_old(tracked_where where);

#endif
