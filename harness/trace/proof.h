/* proof.h: a spanning tree of what the roots of a shadow heap reach by slots,
 * which shows without a search that an object is reachable.
 *
 * In the tree an object hangs on one place that holds it: a root, or a slot of
 * an object in the tree.  An object whose place lets go of it leaves the tree
 * with all that hangs on it, except for objects that a root is known to hold as
 * well.  Such objects may still be reachable in other ways: an object in the
 * tree is reachable, and of an object that is not, nothing is known until the
 * tree is renewed.  Values of ephemerons are in the tree only if slots or roots
 * hold them.
 *
 * Renewing costs what is alive.  All else costs as much as the operations,
 * since an object that leaves the tree has come into it before.
 *
 * A proof belongs to one thread, as the walk does. */
#ifndef REAPMARK_TRACE_PROOF_H
#define REAPMARK_TRACE_PROOF_H

#include "shadow-heap.h"

typedef struct proof proof;

/* The tree is empty, and stays so until it is renewed.  Ends the process if
 * there is no memory, as all functions here do. */
proof *proof_create(shadow *m);
void proof_destroy(proof *p);

/* To be called for each mutator that is attached. */
void proof_attach(proof *p, const shadow_mutator *t);

/* To be called before and after each operation of the mutator that the shadow
 * heap performs.  Before DETACH, but not after, since the mutator is gone. */
void proof_before(proof *p, const shadow_mutator *t, const trace_op *op);
void proof_after(proof *p);

/* Whether the object is in the tree. */
bool proof_has(const proof *p, shadow_ref o);

/* Builds the tree anew from all that is reachable. */
void proof_renew(proof *p);

/* How many places and references have been looked at, for tests. */
uint64_t proof_steps(const proof *p);

#endif
