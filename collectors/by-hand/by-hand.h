/* by-hand.h: programs written by hand, in plain C, for a library that other
 * programs use: what the peer can do without our interface.
 *
 * The adapters run the workloads through gc.h: references are in registers, an
 * object has a header that says how many slots it has, and payload lies behind
 * the slots.  A C programmer who uses the library needs none of that: objects
 * are structs, references are pointers in variables.  So the ratio of a model
 * to an adapter flatters the model, and the ratio to the program by hand says
 * by how much.
 *
 * Each program is the adapter's out-of-line half (the library's settings, its
 * pauses, its memory) and the workloads of this folder: the same steps, numbers
 * and checks as those of workloads/, and the same cell runtime, so that clocks,
 * verdict and record are the same, too.  Only what is between is different.
 *
 * For each library a header says how a C program makes, shares and drops an
 * object there; GC_COLLECTOR_HEADER names it.  It defines
 *
 *   HAND_HEAD       the fields that the library wants at the start of a struct
 *   hand_type       a type of objects
 *   hand_new(t)     a new object, of which no field is set yet.  Ends the run
 *                   as OOM if there is no memory
 *   hand_built(o)   to be called when the fields are set
 *   hand_leaf(t)    a new object of a type without slots; no hand_built
 *   hand_share(o)   o, for one more reference to it
 *   hand_drop(o)    gives up a reference.  Where GC_EXPLICIT_FREE, it does
 *                   nothing, and the object dies by hand_free
 *   hand_bytes(n)   memory without references, or NULL; hand_bytes_free(p)
 *
 * All of them are inline.  An object is its head, its slots (pointers to other
 * objects), and other data.  Static variables that refer to objects are told by
 * hand_root; pointers on the stack need not be told to anybody. */
#ifndef REAPMARK_BY_HAND_H
#define REAPMARK_BY_HAND_H

#include "gc.h"

/* Makes objects of a type have so many bytes, head and slots included.  To be
 * called once, before the first object is made.  Ends the process if the
 * library refuses. */
void hand_type_begin(hand_type *t, unsigned slots, size_t bytes);

/* The same for objects without slots, that hand_leaf makes. */
void hand_leaf_begin(hand_type *t, size_t bytes);

/* Makes `count` pointers at `from`, which lasts until the process ends, roots.
 * At most 8 times. */
void hand_root(void *from, size_t count);

#endif
