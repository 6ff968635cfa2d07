/* actor.h: the data of the random mutator: where choices come from, the
 * threads, the run. */
#ifndef REAPMARK_FUZZ_ACTOR_H
#define REAPMARK_FUZZ_ACTOR_H

#include "operations/executor/executor.h"
#include "operations/turns.h"

enum {
  BASE_OWNING = 8, /* registers of the frame that a thread keeps all its life */
  BASE_BORROWING = 4,
  DEPTH_MOST = 10,   /* frames */
  LINKS = 4,         /* slots on the way to a borrowed object, at most */
  BORROWS = 8,       /* loans of one thread, at most */
  TABLE = 4096,      /* entries of a table of weights */
  ACTIONS_MOST = 64, /* kinds of actions, at most */
};

/* Where choices come from: a random generator, or the bytes of a string. */
typedef struct source {
  wl_thread *random;
  const uint8_t *next, *end; /* of the bytes; NULL: random */
  bool over;                 /* the bytes are used up */
  unsigned phase;            /* actions left in this phase (actions.h) */
  uint8_t table[TABLE];      /* actions in proportion to the phase's weights */
  uint64_t acted[ACTIONS_MOST]; /* actions so far, by kind */
} source;

/* A borrowing register in use.  What it holds stays alive as long as the root
 * and the slots that lead to it are left alone. */
typedef struct loan {
  gc_reg to; /* the borrowing register */
  char root; /* where the way begins: 'r'egister, 'g'lobal, thread-'l'ocal */
  uint32_t number; /* of that root */
  unsigned links;  /* slots on the way */
  shadow_ref holder[LINKS];
  uint32_t slot[LINKS];
} loan;

typedef struct fuzz fuzz;

/* A mutator thread of the run. */
typedef struct actor {
  executor_thread x;
  fuzz *f;
  source *source;
  unsigned number;
  unsigned depth; /* frames besides the first */
  bool cull;      /* is to drop about half of what it holds */
  bool dies;      /* is to end */
  bool ended;     /* has given up its turn, and is to be joined */
  wl_child *child;
  unsigned loans_count;
  loan loans[BORROWS];
} actor;

struct fuzz {
  executor x;
  turns turns;
  wl_run *run;
  /* The workload's parameters. */
  uint64_t ops, schedule, every, live, finalizable, weak, deepest;
  bool collections;
  bool parallel;    /* threads run beside each other */
  bool quit;        /* all threads but the first are to end */
  int64_t left;     /* operations; if parallel, of all threads since the last
                       check together */
  int64_t to_check; /* operations until the next check */
  uint64_t numbers; /* objects made so far */
  unsigned threads, alive; /* at most, and now */
  unsigned leaving;        /* so many threads end soon after another */
  source *sources; /* one for all threads if they take turns, else one each */
  actor *actors;
};

static inline shadow_object *object_at(const actor *a, shadow_ref o) {
  return shadow_at(a->f->x.shadow, o);
}

/* What register `r` of the thread holds. */
static inline shadow_ref held_by(const actor *a, gc_reg r) {
  return shadow_register(a->x.shadow, r);
}

#endif
