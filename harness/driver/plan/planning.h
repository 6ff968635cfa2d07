/* planning.h: shared by the parts of plan_make.  plan.c combines the lists of
 * collectors, workloads, heaps and threads; targets.c adds the cells that a
 * suite compares; both make a cell with cells.c. */
#ifndef REAPMARK_PLANNING_H
#define REAPMARK_PLANNING_H

#include "plan.h"
#include "suite.h"
#include "sweep.h"

enum { THREADS_MAX = 1024 };

typedef struct thread_list {
  unsigned *items;
  size_t count;
} thread_list;

/* What collectors, heaps and threads are asked for; an empty list: not said. */
typedef struct choice {
  chosen_list collectors;
  heap_list heaps;
  thread_list threads;
} choice;

/* The workloads of the command line. */
typedef struct listing {
  spec_list workloads;
  bool *used; /* by workload: some cell of the suite has it */
} listing;

typedef struct planning {
  const plan_request *request;
  const collectors *all;
  const suite *suite;
  choice wanted;   /* by the command line; its collectors: see `selects` */
  bool selects;    /* the command line lists collectors */
  choice of_suite; /* for cells that do not say */
  listing listed;
  json_t *minimums; /* bytes of the smallest heaps, by cell; NULL: not asked */
  plan *plan;
} planning;

/* Says what is wrong with a word of the suite, and where the word stands. */
void plan_say(const planning *g, const char *word, const char *wrong);

/* Whether the command line's list has the workload; then the parameters of the
 * list replace those of the suite. */
bool plan_select(planning *g, spec *workload);

/* The rows of minheap.json by what plan_make_cell looks for, new; NULL for
 * NULL. */
json_t *plan_index_minimums(const json_t *minheap);

/* The cell of one collector. */
plan_cell plan_make_cell(const planning *g, const spec *workload,
                         const chosen *with, const heap_size *heap,
                         unsigned threads);

/* The same cell without instruments. */
plan_cell plan_untimed(const plan_cell *c);

/* Adds the canary, where its collector and its workload are there. */
void plan_add_canary(const planning *g);

/* Adds the targets of which all cells are wanted, and these cells.  False after
 * a mistake, which was said. */
bool plan_add_targets(planning *g);

#endif
