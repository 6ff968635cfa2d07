/* proof.c: see proof.h. */
#include "proof.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum {
  /* How far up the tree it is looked whether an object hangs on another one. */
  CLIMB_MOST = 64
};

typedef enum place_kind { NOWHERE, SLOT, GLOBAL, TLS, REGISTER } place_kind;

/* A place that can hold an object. */
typedef struct place {
  uint32_t owner; /* the object with the slot; the number of the thread */
  uint32_t index;
  uint8_t kind; /* place_kind */
} place;

/* What the tree knows of an object.  Objects that hang on slots of the same
 * object are in a list. */
typedef struct node {
  place at;    /* NOWHERE: the object is not in the tree */
  place spare; /* a root that held the object as well when last looked at */
  shadow_ref first_child, next, previous;
} node;

/* A place that an operation may change, and what it held before. */
typedef struct change {
  place at;
  shadow_ref before;
} change;

struct proof {
  shadow *m;
  bool renewed; /* at some time: before that, nothing is noted */
  node *nodes;  /* by shadow_ref */
  size_t nodes_room;
  const shadow_mutator **mutators; /* by number; NULL: not attached */
  size_t mutators_room;
  change *changes; /* of the operation under way */
  size_t changes_count, changes_room;
  shadow_ref *work; /* objects to look at; each is there once at most */
  size_t work_count, work_room;
  uint64_t steps;
};

proof *proof_create(shadow *m) {
  proof *p = trace_zeroed(1, sizeof *p);
  p->m = m;
  return p;
}

void proof_destroy(proof *p) {
  free(p->nodes);
  free(p->mutators);
  free(p->changes);
  free(p->work);
  free(p);
}

uint64_t proof_steps(const proof *p) {
  return p->steps;
}

bool proof_has(const proof *p, shadow_ref o) {
  return o < p->nodes_room && p->nodes[o].at.kind != NOWHERE;
}

void proof_attach(proof *p, const shadow_mutator *t) {
  uint16_t number = shadow_number(t);
  p->mutators = trace_more(p->mutators, &p->mutators_room, (size_t)number + 1,
                           sizeof *p->mutators);
  p->mutators[number] = t;
}

/* ------------------------------------------------------------------------- *
 * Places.
 * ------------------------------------------------------------------------- */

/* What the place holds and keeps alive; 0 if the place is not there any more.
 */
static shadow_ref held(const proof *p, place at) {
  const shadow_mutator *t;
  switch ((place_kind)at.kind) {
  case NOWHERE:
    break;
  case SLOT:
    return shadow_at(p->m, at.owner)->slots[at.index];
  case GLOBAL:
    return shadow_global(p->m, at.index);
  case TLS:
    t = p->mutators[at.owner];
    return t ? shadow_tls(t, at.index) : 0;
  case REGISTER:
    t = p->mutators[at.owner];
    return t && at.index < shadow_top(t) && shadow_is_owning(t, at.index)
               ? shadow_register(t, at.index)
               : 0;
  }
  return 0;
}

static bool same(place a, place b) {
  return a.kind == b.kind && a.owner == b.owner && a.index == b.index;
}

/* ------------------------------------------------------------------------- *
 * The tree.
 * ------------------------------------------------------------------------- */

static void push(proof *p, shadow_ref o) {
  p->work =
      trace_more(p->work, &p->work_room, p->work_count + 1, sizeof *p->work);
  p->work[p->work_count++] = o;
}

static void hang(proof *p, shadow_ref o, place at) {
  node *n = &p->nodes[o];
  n->at = at;
  n->next = n->previous = 0;
  if (at.kind != SLOT)
    return;
  node *parent = &p->nodes[at.owner];
  n->next = parent->first_child;
  if (n->next)
    p->nodes[n->next].previous = o;
  parent->first_child = o;
}

static void take_down(proof *p, shadow_ref o) {
  node *n = &p->nodes[o];
  if (n->at.kind == SLOT && n->previous)
    p->nodes[n->previous].next = n->next;
  else if (n->at.kind == SLOT)
    p->nodes[n->at.owner].first_child = n->next;
  if (n->next)
    p->nodes[n->next].previous = n->previous;
  n->at.kind = NOWHERE;
}

/* Whether `below` may hang on `o`, directly or not, or be `o`. */
static bool may_hang_on(proof *p, shadow_ref below, shadow_ref o) {
  for (int i = 0; i < CLIMB_MOST; i++, p->steps++) {
    if (below == o)
      return true;
    place at = p->nodes[below].at;
    if (at.kind != SLOT)
      return false;
    below = at.owner;
  }
  return true;
}

/* The place holds `o` now.  Slots are preferred to registers, which are
 * overwritten sooner. */
static void gain(proof *p, place at, shadow_ref o) {
  p->nodes =
      trace_more(p->nodes, &p->nodes_room, (size_t)o + 1, sizeof *p->nodes);
  if (at.kind == SLOT && !proof_has(p, at.owner))
    return;
  node *n = &p->nodes[o];
  if (n->at.kind == NOWHERE) {
    *n = (node){0};
    hang(p, o, at);
  } else if (at.kind != SLOT)
    n->spare = at;
  else if (n->at.kind == REGISTER && !may_hang_on(p, at.owner, o)) {
    n->spare = n->at;
    hang(p, o, at);
  }
}

/* The place on which `o` hangs does not hold it any more. */
static void lose(proof *p, shadow_ref o) {
  take_down(p, o);
  push(p, o);
  while (p->work_count > 0) {
    o = p->work[--p->work_count];
    node *n = &p->nodes[o];
    p->steps++;
    if (held(p, n->spare) == o) {
      hang(p, o, n->spare);
      continue;
    }
    for (shadow_ref child; (child = n->first_child) != 0;) {
      take_down(p, child);
      push(p, child);
    }
  }
}

static void reach(proof *p, place at) {
  shadow_ref o = held(p, at);
  p->steps++;
  if (!o)
    return;
  bool is_new = !proof_has(p, o);
  gain(p, at, o);
  if (is_new)
    push(p, o);
}

/* Roots that stay for long come first: what they reach hangs on them. */
static void reach_all(proof *p, place root) {
  reach(p, root);
  while (p->work_count > 0) {
    shadow_ref o = p->work[--p->work_count];
    uint32_t count = shadow_at(p->m, o)->slot_count;
    for (uint32_t i = 0; i < count; i++)
      reach(p, (place){o, i, SLOT});
  }
}

void proof_renew(proof *p) {
  size_t end = shadow_end(p->m); /* beyond it nothing is in the tree */
  p->renewed = true;
  p->nodes = trace_more(p->nodes, &p->nodes_room, end, sizeof *p->nodes);
  memset(p->nodes, 0, end * sizeof *p->nodes);
  p->steps += end;
  for (uint32_t g = 0; g < GC_GLOBALS; g++)
    reach_all(p, (place){0, g, GLOBAL});
  for (const shadow_mutator *t = shadow_first_mutator(p->m); t;
       t = shadow_next_mutator(t)) {
    for (uint32_t l = 0; l < GC_TLS; l++)
      reach_all(p, (place){shadow_number(t), l, TLS});
    for (gc_reg r = 0; r < shadow_top(t); r++)
      reach_all(p, (place){shadow_number(t), r, REGISTER});
  }
}

/* ------------------------------------------------------------------------- *
 * Operations.
 * ------------------------------------------------------------------------- */

static void note(proof *p, place_kind kind, uint32_t owner, uint32_t index) {
  p->changes = trace_more(p->changes, &p->changes_room, p->changes_count + 1,
                          sizeof *p->changes);
  place at = {owner, index, (uint8_t)kind};
  p->changes[p->changes_count++] = (change){at, held(p, at)};
}

static void note_registers(proof *p, const shadow_mutator *t, gc_reg from) {
  for (gc_reg r = from; r < shadow_top(t); r++)
    note(p, REGISTER, shadow_number(t), r);
}

void proof_before(proof *p, const shadow_mutator *t, const trace_op *op) {
  uint16_t thread = shadow_number(t);
  shadow_frame frame;
  p->changes_count = 0;
  if (op->kind == TRACE_DETACH) {
    for (uint32_t l = 0; l < GC_TLS && p->renewed; l++)
      note(p, TLS, thread, l);
    p->mutators[thread] = NULL;
    proof_after(p);
    return;
  }
  if (!p->renewed)
    return;
  switch (op->kind) {
  case TRACE_LEAVE:
    if (shadow_innermost(t, &frame))
      note_registers(p, t, frame.first);
    break;
  case TRACE_STORE_TAKE:
    note(p, REGISTER, thread, op->c);
    note(p, SLOT, shadow_register(t, op->a), op->b);
    break;
  case TRACE_STORE:
  case TRACE_STORE_NULL:
    note(p, SLOT, shadow_register(t, op->a), op->b);
    break;
  case TRACE_GLOBAL_STORE:
  case TRACE_GLOBAL_CLEAR:
    note(p, GLOBAL, 0, op->a);
    break;
  case TRACE_TLS_STORE:
  case TRACE_TLS_CLEAR:
    note(p, TLS, thread, op->a);
    break;
  case TRACE_MOVE:
    note(p, REGISTER, thread, op->b);
    note(p, REGISTER, thread, op->a);
    break;
  default:
    if (trace_kinds[op->kind].operands[0] == 'd')
      note(p, REGISTER, thread, op->a);
  }
}

void proof_after(proof *p) {
  for (size_t i = 0; i < p->changes_count; i++) {
    place at = p->changes[i].at;
    shadow_ref o = held(p, at);
    if (o && o != p->changes[i].before)
      gain(p, at, o);
  }
  for (size_t i = 0; i < p->changes_count; i++) {
    change *c = &p->changes[i];
    if (c->before && proof_has(p, c->before) &&
        same(p->nodes[c->before].at, c->at) && held(p, c->at) != c->before)
      lose(p, c->before);
  }
  p->changes_count = 0;
}
