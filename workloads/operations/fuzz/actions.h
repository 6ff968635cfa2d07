/* actions.h: what the random mutator does.  An action is one operation, or a
 * short program in which collectors have gone wrong.
 *
 * The weights of actions change from phase to phase, so that phases differ in
 * character: some never clear a register, some do little but weak references
 * (swarm testing: Groce et al., ISSTA 2012). */
#ifndef REAPMARK_FUZZ_ACTIONS_H
#define REAPMARK_FUZZ_ACTIONS_H

#include "actor.h"

/* Each with its weight, of 4096 about.  A phase multiplies each weight by 0,
 * 1/4, 1 or 4. */
#define ACTIONS(ACTION)                                                        \
  ACTION(NEW, new_object, 600)                                                 \
  ACTION(LINKED, new_linked, 400) /* and stored somewhere at once */           \
  ACTION(ENTER, enter, 60)                                                     \
  ACTION(LEAVE, leave, 60)                                                     \
  ACTION(LOAD, load, 350)                                                      \
  ACTION(BORROW, borrow, 250)                                                  \
  ACTION(UNBORROW, unborrow, 60)                                               \
  ACTION(STORE, store, 450)                                                    \
  ACTION(STORE_TAKE, store_take, 200)                                          \
  ACTION(STORE_NULL, store_null, 150)                                          \
  ACTION(COPY, copy, 100)                                                      \
  ACTION(MOVE, move, 100)                                                      \
  ACTION(CLEAR, clear, 200)                                                    \
  ACTION(PAYLOAD, payload, 80)                                                 \
  ACTION(GLOBAL_LOAD, global_load, 150)                                        \
  ACTION(GLOBAL_BORROW, global_borrow, 80)                                     \
  ACTION(GLOBAL_STORE, global_store, 150)                                      \
  ACTION(GLOBAL_CLEAR, global_clear, 60)                                       \
  ACTION(TLS_LOAD, tls_load, 60)                                               \
  ACTION(TLS_BORROW, tls_borrow, 40)                                           \
  ACTION(TLS_STORE, tls_store, 60)                                             \
  ACTION(TLS_CLEAR, tls_clear, 30)                                             \
  ACTION(PAIRS, pairs, 60) /* a chain of ephemerons */                         \
  ACTION(WEAK_GET, weak_get, 200)                                              \
  ACTION(FINALIZE, finalize, 80)                                               \
  ACTION(SAFEPOINT, safepoint, 60)                                             \
  ACTION(COLLECT, collect, 2)                                                  \
  ACTION(ITSELF, itself, 80) /* x.f = x and its like */                        \
  ACTION(RING, ring, 40)                                                       \
  ACTION(CHAIN, chain, 10)   /* of cycles, each hanging on the one before */   \
  ACTION(DOUBLY, doubly, 20) /* linked list */                                 \
  ACTION(WIDE, wide, 4)                                                        \
  ACTION(POPULAR, popular, 4) /* many references to one object */              \
  ACTION(DEEP, deep, 2)       /* list */                                       \
  ACTION(HAMMER, hammer, 30)  /* what all threads may read */                  \
  ACTION(SEND, send, 40)      /* a graph to another thread */                  \
  ACTION(RECEIVE, receive, 60)                                                 \
  ACTION(START, start, 24) /* a thread */                                      \
  ACTION(DIE, die, 12)                                                         \
  ACTION(PULL, pull, 150)        /* load, and null the slot */                 \
  ACTION(REVIVE, revive, 40)     /* what only a weak reference knows */        \
  ACTION(COMMON, common, 100)    /* old objects, each slot one thread's */     \
  ACTION(SPARSE, sparse, 20)     /* wide objects with one reference */         \
  ACTION(BORROWED, borrowed, 40) /* a ring, closed by a borrowed holder */     \
  ACTION(RELAY, relay, 40)       /* a chain that several threads make */       \
  ACTION(KEYED, keyed, 20)       /* a key that dies in one of many ways */     \
  ACTION(WEAKS, weaks, 4)                                                      \
  ACTION(FINALIZABLES, finalizables, 2)                                        \
  ACTION(HEIRS, heirs, 20) /* what a dead finalizable object leads to */       \
  ACTION(TRANSPLANT, transplant, 10) /* all that an object refers to */        \
  ACTION(TANGLE, tangle, 24)         /* of all sizes, in any direction */      \
  ACTION(EXTERNAL, external, 150)    /* memory for an object, old or new */    \
  ACTION(LATE, late, 8)              /* weak gets while a collection ends */   \
  ACTION(STACK, stack, 1)            /* of many frames */                      \
  ACTION(GROW, grow, 2)

#define ACTION_FUNCTION(NAME, function, weight)                                \
  void action_##function(actor *a);
ACTIONS(ACTION_FUNCTION)
#undef ACTION_FUNCTION

/* Performs one action, and begins a new phase when it is time. */
void actions_perform(actor *a);

/* Adds to the record how often each kind of action was performed with choices
 * from this source. */
void actions_record(wl_thread *t, const source *s);

/* Does with the object in `r`, which was handed out, what a finalizer may do:
 * drop it, bring it back, collect, allocate. */
void program_finalizer(actor *a, gc_reg r);

/* Looks at what register `r`, which holds an object, leads to. */
void program_look(actor *a, gc_reg r);

/* Puts a new common object (ownership.h) into each global root for one that is
 * empty, and now and then in place of an old one.  Other threads stand still.
 */
void program_commons(actor *a);

/* Stores new objects, which nothing else refers to, into old ones. */
void program_last_store(actor *a);

/* Moves objects, of which some lead to others, between slots of old ones. */
void program_last_moves(actor *a);

/* Takes chains of objects that several threads made, to be dropped when the
 * thread ends. */
void program_last_drop(actor *a);

/* Makes a list of n objects, which lives on for a while or is dropped. */
void program_list(actor *a, uint32_t n);

#endif
