/* containers.c: finds dead cycles among a set of containers by what is left of
 * their counts without the references that they have from each other: the way
 * of CPython's detector (Schemenauer, Python 2.0; that the unreachable are
 * moved and moved back: Peters, 2003).
 *
 * The set is the list RC_EXAMINED.  It may be any part of the containers:
 * references from the others count as coming from outside, so that garbage may
 * be overlooked, but nothing that is alive is freed.
 *
 *   number     gives each object its place in the set, and a copy of its count;
 *   subtract   takes the references from each other off the copies: what is
 *              left of a copy comes from outside;
 *   separate   goes through the list.  An object with something left is alive,
 *              and so is what it refers to.  An object without is moved to
 *              RC_UNREACHABLE; if something further on turns out to be alive
 *              and refers to it, it is moved back to the end of the list, to be
 *              gone through.  Whatever stays there is dead.
 *
 * No pass takes a stack: the list is the queue of what has yet to be gone
 * through.  An object that is alive is given the number of the list that it is
 * going to, so that the number tells what is known of each object:
 *
 *     RC_EXAMINED, refs > 0    alive, and not gone through
 *     RC_EXAMINED, refs = 0    nothing is known
 *     RC_UNREACHABLE           nothing that was gone through leads to it
 *     any other                alive: outside, or gone through
 *
 * What is dead dies in this order.  Weak references to all of it are cleared.
 * Its finalizable objects get a count from the queue of finalizers, and what is
 * left is examined once more: what the queue leads to is spared.  Then each
 * object is let go of what is in its slots, so that everything dies by its
 * count, as any garbage does (cascade.c).  An object that is still alive after
 * that waits, in the list of survivors, for the last one that refers to it.
 *
 * Ephemerons.  The value is alive by the ephemeron only if the ephemeron *and*
 * the key are.  So the ephemeron's reference to it is subtracted if one of the
 * two is in the set, and the value becomes alive when the second of the two
 * does.  A key without slots is in no list; only when all containers are
 * examined it is clear who refers to it.  Its copied count is in the first
 * ephemeron of that key, and its death is found like that of any other object.
 * Otherwise such keys count as alive. */
#include "gc.h"
#include "common/hostile/mutants.h"
#include "refcount/rc-internal.h"

rc_list rc_lists[RC_LISTS];
uint64_t rc_fresh, rc_fresh_most;

static struct {
  unsigned to;     /* the list where what is alive goes */
  bool pairs;      /* there are ephemerons */
  bool keys;       /* all containers are examined, and there are ephemerons */
  object_bag work; /* keys without slots that are alive, to be gone through */
  /* Counters since the heap was made. */
  uint64_t examined;   /* objects, each time that they were */
  uint64_t moved_back; /* from RC_UNREACHABLE */
  uint64_t freed;      /* objects of dead cycles */
  uint64_t spared;     /* that were dead but for a finalizer */
} examination;

void rc_list_splice(unsigned from, unsigned to) {
  rc_list *f = &rc_lists[from], *t = &rc_lists[to];
  if (!f->first)
    return;
  if (t->last) {
    rc_container_at(t->last)->next = f->first;
    rc_container_at(f->first)->previous = t->last;
  } else {
    t->first = f->first;
  }
  t->last = f->last;
  t->size += f->size;
  *f = (rc_list){0};
}

uint64_t rc_containers(void) {
  uint64_t all = 0;
  for (unsigned i = 1; i < RC_LISTS; i++)
    all += rc_lists[i].size;
  return all;
}

static gc_object *first_of(unsigned list) {
  uint32_t granule = rc_lists[list].first;
  return granule ? space_address(granule) : NULL;
}

static gc_object *next_of(const gc_object *o) {
  uint32_t granule = rc_container_of(o)->next;
  return granule ? space_address(granule) : NULL;
}

/* Loops over a list that the body does not change. */
#define EACH(o, list) for (gc_object *o = first_of(list); o; o = next_of(o))

/* ------------------------------------------------------------------------- *
 * Ephemerons.
 * ------------------------------------------------------------------------- */

/* Loops over the ephemerons of a key that have a value. */
#define EACH_PAIR(p, key)                                                      \
  for (rc_pair *p = rc_pairs_of(key); p;                                       \
       p = p->link.next ? rc_pair_of(p->link.next) : NULL)                     \
    if (p->value)

/* Whether `o` may be the key of an ephemeron. */
static inline bool is_key(const gc_object *o) {
  return gc_unlikely(examination.pairs) && o->meta & OBJECT_WEAK_TARGET;
}

/* The place of the copied count of a key without slots; NULL if the object is
 * none or its count is not looked at. */
static rc_pair *bare_key(const gc_object *o) {
  return gc_unlikely(examination.keys) && o->meta & OBJECT_WEAK_TARGET
             ? rc_pairs_of(o)
             : NULL;
}

static bool is_alive(const gc_object *o) {
  if (object_slots(o) == 0) {
    const rc_pair *first = bare_key(o);
    return !first || first->key_refs > 0;
  }
  const rc_container *c = rc_container_of(o);
  return c->list == RC_EXAMINED ? c->refs > 0 : c->list != RC_UNREACHABLE;
}

static void number_key(void *data, gc_object *key, gc_object *pair) {
  (void)data;
  rc_pair *first = (rc_pair *)pair;
  if (object_slots(key) == 0 && !first->link.previous)
    first->key_refs = key->word;
}

static void find_dead_key(void *data, gc_object *key, gc_object *pair) {
  (void)data;
  const rc_pair *first = (const rc_pair *)pair;
  if (object_slots(key) == 0 && !first->link.previous && !first->key_refs)
    bag_put(&examination.work, key);
}

/* ------------------------------------------------------------------------- *
 * The three passes.
 * ------------------------------------------------------------------------- */

static void number(void) {
  if (examination.keys)
    rc_each_pair(number_key, NULL);
  EACH(o, RC_EXAMINED) {
    rc_container *c = rc_container_of(o);
    c->list = RC_EXAMINED;
    c->refs = o->word - gc_mutant(outside_uncounted);
  }
  examination.examined += rc_lists[RC_EXAMINED].size;
}

static inline void subtract_reference(gc_object *child) {
  if (object_slots(child) > 0) {
    rc_container *c = rc_container_of(child);
    c->refs -= c->list == RC_EXAMINED;
    return;
  }
  rc_pair *first = bare_key(child);
  if (first)
    first->key_refs--;
}

/* A key is in the set: its ephemerons outside refer to their values no more
 * than the key does. */
static void subtract_values(const gc_object *key) {
  EACH_PAIR(p, key) {
    if (rc_container_of((gc_object *)p)->list != RC_EXAMINED)
      subtract_reference(p->value);
  }
}

static void subtract(void) {
  EACH(o, RC_EXAMINED) {
    uint32_t slots = object_slots(o);
    if (gc_mutant(last_slot_unsubtracted) && slots > 1)
      slots--;
    for (uint32_t i = 0; i < slots; i++)
      if (o->slots[i])
        subtract_reference(o->slots[i]);
    if (is_key(o))
      subtract_values(o);
  }
}

/* Something that is alive refers to `child`. */
static inline void reach(gc_object *child) {
  if (object_slots(child) > 0) {
    rc_container *c = rc_container_of(child);
    if (c->list == RC_EXAMINED && c->refs == 0) {
      c->refs = 1;
    } else if (c->list == RC_UNREACHABLE) {
      rc_list_remove(child);
      rc_list_append(gc_mutant(moved_back_unfollowed) ? examination.to
                                                      : RC_EXAMINED,
                     child);
      c->refs = 1;
      examination.moved_back++;
    }
    return;
  }
  rc_pair *first = bare_key(child);
  if (first && first->key_refs == 0) {
    first->key_refs = 1;
    bag_put(&examination.work, child);
  }
}

/* A key is alive: so are the values of its ephemerons that are. */
static void reach_values(gc_object *key) {
  EACH_PAIR(p, key) {
    if (is_alive((gc_object *)p))
      reach(p->value);
  }
}

/* An object is alive, and so is what it refers to. */
static void go_through(gc_object *o) {
  rc_container_of(o)->list = examination.to;
  if (gc_unlikely(o->meta & OBJECT_WEAK_REFERENCE)) {
    const rc_pair *p = (const rc_pair *)o;
    if (p->value && p->link.target &&
        (is_alive(p->link.target) || gc_mutant(ephemeron_reaches)))
      reach(p->value);
    return;
  }
  uint32_t slots = object_slots(o);
  for (uint32_t i = 0; i < slots; i++)
    if (o->slots[i])
      reach(o->slots[i]);
  if (is_key(o) && !gc_mutant(late_key_unnoticed))
    reach_values(o);
}

/* Goes through the list, at whose end objects that are moved back appear. */
static void separate(void) {
  gc_object *o = first_of(RC_EXAMINED), *before = NULL;
  for (;;) {
    for (; o; o = before ? next_of(before) : first_of(RC_EXAMINED)) {
      if (rc_container_of(o)->refs > 0) {
        go_through(o);
        before = o;
      } else {
        rc_list_remove(o);
        rc_list_append(RC_UNREACHABLE, o);
      }
    }
    gc_object *key = bag_take(&examination.work);
    if (!key)
      return;
    reach_values(key);
    o = before ? next_of(before) : first_of(RC_EXAMINED);
  }
}

/* Divides RC_EXAMINED into survivors and RC_UNREACHABLE; returns how many
 * survive. */
static uint64_t divide(void) {
  listener_phase("number");
  number();
  listener_phase("subtract");
  subtract();
  listener_phase("separate");
  separate();
  uint64_t alive = rc_lists[RC_EXAMINED].size;
  rc_list_splice(RC_EXAMINED, examination.to);
  return alive;
}

/* ------------------------------------------------------------------------- *
 * The death of what is unreachable.
 * ------------------------------------------------------------------------- */

/* Clears weak references and ephemerons, also those of objects that a finalizer
 * is going to see: otherwise a program could get such an object back while the
 * finalizer uses it.  Returns whether counts have changed by that. */
static bool clear_weak(gc_mutator *m) {
  EACH(o, RC_UNREACHABLE) {
    if (o->meta & OBJECT_WEAK_TARGET && !gc_mutant(unreachable_weak_uncleared))
      rc_weak_clear(o);
  }
  if (examination.keys)
    rc_each_pair(find_dead_key, NULL);
  for (gc_object *key; (key = bag_take(&examination.work));)
    rc_weak_clear(key);
  bool any = rc_any_parted();
  while (rc_any_parted()) {
    gc_object *value = rc_parted_value();
    if (value && rc_drop(m, value))
      rc_dead(m, value);
  }
  return any;
}

/* Puts finalizable objects in the queue, which owns a count of each.  Returns
 * whether there were any. */
static bool queue_finalizable(void) {
  bool any = false;
  EACH(o, RC_UNREACHABLE) {
    if (!(o->meta & OBJECT_FINALIZABLE) || gc_mutant(unreachable_not_finalized))
      continue;
    if (!gc_mutant(finalizable_again))
      o->meta &= ~(uint32_t)OBJECT_FINALIZABLE;
    o->word++;
    rc_queue_for_finalizer(o);
    any = true;
  }
  return any;
}

/* Examines what is unreachable once more, since the queue of finalizers refers
 * to some of it. */
static void spare(void) {
  rc_list_splice(RC_UNREACHABLE, RC_EXAMINED);
  examination.keys = false; /* those that are dead are cleared */
  examination.spared += divide();
}

/* Lets go of what is in the slots of all that is unreachable. */
static void let_go(gc_mutator *m) {
  examination.freed += rc_lists[RC_UNREACHABLE].size;
  for (gc_object *o; (o = first_of(RC_UNREACHABLE));) {
    rc_retain(m, o);
    uint32_t slots = object_slots(o);
    for (uint32_t i = 0; i < slots; i++)
      rc_replace(m, &o->slots[i], NULL);
    rc_list_remove(o);
    rc_list_append(examination.to, o);
    rc_release(m, o);
  }
}

uint64_t rc_examine(gc_mutator *m, unsigned to, bool all) {
  examination.to = to;
  examination.pairs = rc_any_pairs();
  examination.keys = examination.pairs && all && !gc_mutant(bare_keys_live_on);
  uint64_t alive = divide();
  listener_phase("weak");
  bool changed = clear_weak(m);
  listener_phase("finalizers");
  changed |= queue_finalizable();
  if (changed && !gc_mutant(queue_spares_nothing))
    spare();
  listener_phase("free");
  listener_reclaims();
  let_go(m);
  return alive;
}

/* ------------------------------------------------------------------------- *
 * The rest.
 * ------------------------------------------------------------------------- */

void rc_containers_create(void) {
  memset(rc_lists, 0, sizeof rc_lists);
  memset(&examination, 0, sizeof examination);
  bag_init(&examination.work, 0);
  rc_fresh = 0;
}

void rc_candidates_destroy(void) {
  bag_free(&examination.work);
  bag_tables_free();
}

uint64_t rc_candidates_bytes(void) {
  return object_stack_bytes(&examination.work.stack);
}

size_t rc_containers_counters(gc_counter *out, size_t room, uint64_t marked) {
  const gc_counter all[] = {{"objects-examined", examination.examined},
                            {"objects-visited", examination.examined + marked},
                            {"objects-moved-back", examination.moved_back},
                            {"cycle-freed", examination.freed},
                            {"cycle-spared", examination.spared}};
  return gc_counters_fill(out, room, all, sizeof all / sizeof *all);
}

static const char *check_list(unsigned list, uint32_t *census) {
  uint64_t n = 0;
  uint32_t previous = 0;
  EACH(o, list) {
    const rc_container *c = rc_container_of(o);
    if (census[space_granule(c)] & RC_CENSUS_FREE)
      return "an object of a list is free";
    if (n++ == rc_lists[list].size)
      return "a list has more objects than it counts";
    if (c->list != list || c->previous != previous)
      return "an object is numbered or linked wrongly in its list";
    if (object_slots(o) == 0 || o->word == 0)
      return "an object of a list has no slots or no counts";
    previous = space_granule(o);
    census[previous] |= RC_CENSUS_CANDIDATE;
  }
  if (n != rc_lists[list].size || rc_lists[list].last != previous)
    return "a list has fewer objects than it counts";
  return NULL;
}

const char *rc_candidates_check(uint32_t *census) {
  const char *why = NULL;
  for (unsigned i = RC_EXAMINED; i < RC_LISTS; i++)
    if (rc_lists[i].first || rc_lists[i].size)
      why = "a list is in use between collections";
  for (unsigned i = RC_YOUNG; i < RC_EXAMINED && !why; i++)
    why = check_list(i, census);
  return why;
}

const char *rc_candidates_check_object(const gc_object *o, bool listed) {
  if (object_slots(o) > 0 && !listed)
    return "an object with slots is in no list";
  return NULL;
}
