/* order.c: see order.h. */
#include "order.h"
#include "harness/base/arena.h"
#include "harness/base/random.h"
#include "sweep.h"

#include <string.h>

/* ------------------------------------------------------------------------- *
 * Blocks.
 * ------------------------------------------------------------------------- */

/* Numbers texts as they come: the number that `text` was given before, or the
 * next one.  `numbers` is an object, empty at first. */
static size_t number_of(json_t *numbers, const char *text) {
  const json_t *known = json_object_get(numbers, text);
  if (known)
    return (size_t)json_integer_value(known);
  size_t next = json_object_size(numbers);
  json_object_set_new_nocheck(numbers, text, json_integer((json_int_t)next));
  return next;
}

/* Keeps the first of the cells that have the same identity.  Returns the
 * numbers of the identities, new, which are the cells' indices. */
static json_t *drop_duplicates(plan *p) {
  json_t *ids = json_object();
  size_t kept = 0;
  for (size_t i = 0; i < p->cells_count; i++)
    if (number_of(ids, p->cells[i].id) == kept)
      p->cells[kept++] = p->cells[i];
  p->cells_count = kept;
  return ids;
}

static void number_blocks(plan *p) {
  json_t *blocks = json_object();
  for (size_t i = 0; i < p->cells_count; i++) {
    plan_cell *c = &p->cells[i];
    c->block = number_of(
        blocks, arena_text("%s/%s/%u%s", spec_text(&c->workload), c->heap.text,
                           c->threads, c->canary ? "/canary" : ""));
  }
  json_decref(blocks);
}

/* The block of a target's cell; false if there is no such cell. */
static bool find_block(const plan *p, json_t *ids, const char *id,
                       size_t *block) {
  const json_t *index = id ? json_object_get(ids, id) : NULL;
  if (index)
    *block = p->cells[json_integer_value(index)].block;
  return index;
}

/* The block that `block` became part of. */
static size_t joined(const size_t *into, size_t block) {
  while (into[block] != block)
    block = into[block];
  return block;
}

/* Makes one block of the blocks of each target's cells, so that the cells run
 * next to each other, and numbers the blocks that are left. */
static void join_blocks(plan *p, json_t *ids) {
  size_t n = p->cells_count, blocks = 0, of, over;
  size_t *into = arena_take((n + 1) * sizeof *into);
  size_t *number = arena_take((n + 1) * sizeof *number); /* + 1; 0: none yet */
  for (size_t i = 0; i < n; i++)
    into[i] = i;
  for (size_t i = 0; i < p->targets_count; i++)
    if (find_block(p, ids, p->targets[i].cell, &of) &&
        find_block(p, ids, p->targets[i].over, &over))
      into[joined(into, over)] = joined(into, of);
  for (size_t i = 0; i < n; i++) {
    size_t block = joined(into, p->cells[i].block);
    if (!number[block])
      number[block] = ++blocks;
    p->cells[i].block = number[block] - 1;
  }
}

/* ------------------------------------------------------------------------- *
 * Rounds.
 * ------------------------------------------------------------------------- */

/* The blocks of a plan, and their cells; the same in all rounds. */
typedef struct block_table {
  size_t count;
  size_t *first;    /* of each block, and after the last: index into `cells` */
  size_t *cells;    /* sorted by block, otherwise as in the plan */
  unsigned *levels; /* in which turn the block's heap size comes */
} block_table;

static block_table gather_blocks(const plan *p) {
  block_table t = {.cells = arena_take((p->cells_count + 1) * sizeof *t.cells)};
  for (size_t i = 0; i < p->cells_count; i++)
    if (p->cells[i].block >= t.count)
      t.count = p->cells[i].block + 1;
  t.first = arena_take((t.count + 2) * sizeof *t.first);
  for (size_t i = 0; i < p->cells_count; i++)
    t.first[p->cells[i].block + 2]++;
  for (size_t b = 2; b < t.count + 2; b++)
    t.first[b] += t.first[b - 1];
  /* first[b + 1] is where block b begins, and moves on to where it ends. */
  for (size_t i = 0; i < p->cells_count; i++)
    t.cells[t.first[p->cells[i].block + 1]++] = i;
  return t;
}

/* Finds the levels (sweep_levels) of blocks: each block's heap size has its
 * place among those of the blocks with the same workload and threads.  The
 * canary is in no sweep. */
static void find_levels(const plan *p, block_table *t) {
  json_t *works = json_object();
  size_t *work = arena_take((t->count + 1) * sizeof *work);
  size_t *place = arena_take((t->count + 1) * sizeof *place);
  size_t *sizes = arena_take((t->count + 1) * sizeof *sizes); /* by work */
  unsigned **levels = arena_take((t->count + 1) * sizeof *levels);
  t->levels = arena_take((t->count + 1) * sizeof *t->levels);
  for (size_t b = 0; b < t->count; b++) {
    const plan_cell *c = &p->cells[t->cells[t->first[b]]];
    work[b] =
        number_of(works, arena_text("%s/%u%s", spec_text(&c->workload),
                                    c->threads, c->canary ? "/canary" : ""));
    place[b] = sizes[work[b]]++;
  }
  for (size_t w = 0; w < json_object_size(works); w++) {
    levels[w] = arena_take(sizes[w] * sizeof **levels);
    sweep_levels(sizes[w], levels[w]);
  }
  for (size_t b = 0; b < t->count; b++)
    t->levels[b] = levels[work[b]][place[b]];
  json_decref(works);
}

/* Fisher and Yates's shuffle. */
static void shuffle(plan_run *runs, size_t n, uint64_t *state) {
  for (size_t i = n; i > 1; i--) {
    size_t j = random_below(state, i);
    plan_run swapped = runs[i - 1];
    runs[i - 1] = runs[j];
    runs[j] = swapped;
  }
}

/* Adds a run of the canary, if the plan has one. */
static void add_canary_run(plan *p) {
  for (size_t i = p->cells_count; i-- > 0;)
    if (p->cells[i].canary) {
      p->runs[p->runs_count++] = (plan_run){i, ++p->canary_runs};
      return;
    }
}

static void add_block(plan *p, const block_table *t, size_t block,
                      unsigned invocation, const bool *wanted) {
  size_t begin = p->runs_count;
  for (size_t k = t->first[block]; k < t->first[block + 1]; k++) {
    size_t i = t->cells[k];
    if (!p->cells[i].missing && !p->cells[i].canary && (!wanted || wanted[i]))
      p->runs[p->runs_count++] = (plan_run){i, invocation};
  }
  shuffle(p->runs + begin, p->runs_count - begin, &p->order);
}

/* Adds a round of every cell that can run, or of those that are wanted. */
static void add_round(plan *p, const block_table *t, unsigned invocation,
                      const bool *wanted) {
  size_t seen = 0;
  add_canary_run(p);
  for (unsigned level = 0; seen < t->count; level++)
    for (size_t block = 0; block < t->count; block++)
      if (t->levels[block] == level) {
        add_block(p, t, block, invocation, wanted);
        if (seen++ == t->count / 2)
          add_canary_run(p);
      }
}

/* At most three runs of the canary in each round, and at most three more. */
static size_t runs_of_rounds(const plan *p, unsigned rounds) {
  return (p->cells_count + ROUND_SET_CANARIES) * rounds + 3;
}

/* Makes room for the runs of so many rounds more. */
static void make_room(plan *p, unsigned rounds) {
  size_t wanted = p->runs_count + runs_of_rounds(p, rounds);
  if (wanted <= p->runs_room)
    return;
  p->runs_room = p->runs_count ? 2 * wanted : wanted;
  plan_run *runs = arena_take(p->runs_room * sizeof *runs);
  if (p->runs_count)
    memcpy(runs, p->runs, p->runs_count * sizeof *runs);
  p->runs = runs;
}

/* Adds the plan's rounds, one after the other. */
static void add_all_rounds(plan *p, const block_table *t) {
  /* Of a single round three runs of the canary would tell no drift. */
  const bool few = p->invocations == 1;
  if (few)
    add_canary_run(p);
  for (unsigned invocation = 1; invocation <= p->invocations; invocation++)
    add_round(p, t, invocation, NULL);
  add_canary_run(p);
  if (few)
    add_canary_run(p);
}

/* Adds those of the plan's rounds that are wanted, each with the canary at both
 * ends.  The others are made, too, and dropped: the order within a round
 * depends on the rounds before it. */
static void add_rounds_alone(plan *p, const block_table *t) {
  for (unsigned round = 1; round <= p->invocations; round++) {
    const size_t before = p->runs_count;
    add_round(p, t, round, NULL);
    add_canary_run(p);
    if (!p->rounds->has[round])
      p->runs_count = before;
  }
}

void plan_order(plan *p) {
  json_t *ids = drop_duplicates(p);
  number_blocks(p);
  join_blocks(p, ids);
  json_decref(ids);
  block_table *t = arena_take(sizeof *t);
  *t = gather_blocks(p);
  find_levels(p, t);
  p->blocks = t;
  p->runs_count = p->runs_room = 0;
  p->canary_runs = 0;
  p->order = p->seed;
  make_room(p, p->invocations);
  if (p->rounds)
    add_rounds_alone(p, t);
  else
    add_all_rounds(p, t);
}

void plan_add_round(plan *p, unsigned invocation, const bool *wanted) {
  make_room(p, 1);
  add_round(p, p->blocks, invocation, wanted);
  add_canary_run(p);
}

unsigned plan_round(const plan *p, const plan_run *run) {
  return p->cells[run->cell].canary ? round_set_of_canary(run->invocation)
                                    : run->invocation;
}

const char *plan_key(const plan *p, const plan_run *run) {
  return arena_text("%s#%u", p->cells[run->cell].id, run->invocation);
}
