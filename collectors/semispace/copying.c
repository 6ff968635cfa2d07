/* copying.c: how semispace copies what is alive: scanning copies in their
 * order, by one marker or by several.  The world is stopped.  semispace.c says
 * why there always are blocks to copy into. */
#include "gc.h"
#include "common/ephemerons.h"
#include "common/forwarding.h"
#include "common/listener.h"
#include "common/markers.h"
#include "common/prefetch.h"
#include "semispace/layout.h"
#include "common/inline/roots.h"

enum {
  /* References that wait to be forwarded while their objects are fetched
   * (prefetch.h). */
  SEMI_FIFO = 32,
  /* Under a heap limit, there is a further marker for so many of its blocks:
   * each may leave a block unused, and needs another one to copy into. */
  SEMI_BLOCKS_PER_MARKER = 256,
};

/* A marker.  Number 0 is the thread that collects. */
typedef struct semi_copying {
  semi_space to;         /* where copies go */
  char *cursor, *limit;  /* the free part of its last block */
  char *scan;            /* the first copy that was not scanned, ... */
  uint32_t scan_block;   /* ... in this block, ... */
  char *scan_end;        /* ... in which copies are complete up to here */
  void *fifo[SEMI_FIFO]; /* places that wait to be forwarded */
  prefetch_ends ends;    /* of the queue that they form (prefetch.h) */
  object_bag gray;       /* large objects that were reached and not scanned, and
                            copies that other markers gave away */
  uint32_t gifts; /* whole blocks that others gave away: to be scanned, */
  uint32_t done;  /* and scanned; lists linked by `next`, 0 at the end */
  char *gift, *gift_end; /* of the newest of the latter, what was not scanned */
  uint64_t objects;      /* copied in this collection */
  uint64_t large, twice; /* see large_scanned, copied_twice */
} semi_copying;
static semi_copying semi_markers[MARKERS_MOST];

/* How many markers there may be. */
static unsigned semi_markers_for(uint64_t limit) {
  uint64_t n = 1 + limit / BLOCK_BYTES / SEMI_BLOCKS_PER_MARKER;
  return limit && n < MARKERS_MOST ? (unsigned)n : MARKERS_MOST;
}

void semi_markers_create(uint64_t limit) {
  markers_create(semi_markers_for(limit));
  for (unsigned n = 0; n < MARKERS_MOST; n++)
    bag_init(&semi_markers[n].gray, 0);
}

void semi_markers_destroy(void) {
  markers_destroy();
  for (unsigned n = 0; n < MARKERS_MOST; n++) {
    bag_free(&semi_markers[n].gray);
    semi_markers[n] = (semi_copying){0};
  }
}

uint64_t semi_markers_bytes(void) {
  uint64_t bytes = 0;
  for (unsigned n = 0; n < MARKERS_MOST; n++)
    bytes += object_stack_bytes(&semi_markers[n].gray.stack);
  return bytes;
}

/* Notes how full the last block is. */
static void semi_leave_block(semi_copying *c) {
  if (c->to.last)
    semi.blocks[c->to.last].fill =
        (uint32_t)(c->cursor - block_address(c->to.last));
}

/* Goes on to another block to copy into; there is one (see semi_needed). */
static void semi_next_block(semi_copying *c) {
  semi_leave_block(c);
  pthread_mutex_lock(&semi.lock);
  uint32_t number = blocks_take();
  pthread_mutex_unlock(&semi.lock);
  semi_append(&c->to, number);
  c->cursor = block_address(number);
  c->limit = c->cursor + BLOCK_BYTES;
  if (!c->scan_block) {
    c->scan_block = number;
    c->scan = c->scan_end = c->cursor;
  }
}

/* Room for a copy. */
static inline void *semi_room(semi_copying *c, size_t bytes) {
  if (gc_unlikely(bytes > (size_t)(c->limit - c->cursor) +
                              (gc_mutant(copy_past_end) ? SPACE_GRANULE : 0)))
    semi_next_block(c);
  char *to = c->cursor;
  c->cursor += bytes;
  if (gc_unlikely(semi.poisons))
    poison_take(to, bytes);
  return to;
}

/* Copies an object and returns the copy. */
static gc_object *semi_copy(semi_copying *c, gc_object *o) {
  c->objects++;
  return forwarding_move(o, semi_room(c, forwarding_bytes(o)));
}

/* With several markers: makes sure that it is decided where an object is, and
 * returns that. */
static gc_object *semi_decide(semi_copying *c, gc_object *o) {
  uint64_t header = forwarding_header(o);
  if (forwarding_decided(header))
    return forwarding_decision(o, header);
  size_t bytes = forwarding_header_bytes(header);
  gc_object *to = bytes <= SEMI_LARGEST ? semi_room(c, bytes) : NULL;
  if (to)
    forwarding_copy_to(o, header, to);
  hostile_race();
  if (!forwarding_decide(o, &header, to) &&
      !(to && gc_mutant(loser_keeps_copy))) {
    if (to) {
      c->cursor = (char *)to;
      if (semi.poisons)
        poison_free(to, bytes);
    }
    c->twice += to != NULL;
    return forwarding_decision(o, header);
  }
  if (to)
    c->objects++;
  else
    bag_put(&c->gray, o);
  return to ? to : o;
}

/* Updates the reference at `place`, which is not null, copying the object if
 * this is the first reference to it.  `pairs`, a constant: ephemerons may wait
 * for the object (ephemerons.h).  `shared`, a constant: there are several
 * markers, and no ephemerons wait. */
static inline __attribute__((always_inline)) void
semi_forward_as(semi_copying *c, gc_object **place, bool pairs, bool shared) {
  gc_object *o = *place;
  if (shared) {
    *place = semi_decide(c, o);
    return;
  }
  if (gc_mutant(global_stale) && place >= object_globals &&
      place < object_globals + GC_GLOBALS)
    place = &o;
  if (forwarding_moved(o) && !gc_mutant(forwarding_ignored)) {
    *place = forwarding_copy(o);
  } else if (gc_likely(forwarding_bytes(o) <= SEMI_LARGEST)) {
    *place = semi_copy(c, o);
    if (pairs)
      ephemerons_reached(o);
  } else if (!(o->meta & FORWARDING_STAYS)) {
    o->meta |= FORWARDING_STAYS;
    if (!gc_mutant(large_unscanned) &&
        !(gc_mutant(late_large_unscanned) && pairs))
      bag_put(&c->gray, o);
    if (pairs && !gc_mutant(large_key_unwoken))
      ephemerons_reached(o);
  }
}

/* The same once the object has been fetched.  *place may be null. */
static inline __attribute__((always_inline)) void
semi_visit_as(semi_copying *c, gc_object **place, bool pairs, bool shared) {
  if (!*place)
    return;
  __builtin_prefetch(*place);
  gc_object **due = prefetch_turn(c->fifo, SEMI_FIFO, &c->ends, place);
  if (due)
    semi_forward_as(c, due, pairs, shared);
}

/* `data` is the semi_copying. */
static inline void semi_visit(void *data, gc_object **place) {
  semi_visit_as(data, place, false, false);
}

static inline void semi_visit_paired(void *data, gc_object **place) {
  semi_visit_as(data, place, true, false);
}

/* Forwards all waiting references.  Returns whether there were any. */
static inline bool semi_flush(semi_copying *c, bool pairs, bool shared) {
  bool any = c->ends.size > 0;
  for (gc_object **due; (due = prefetch_take(c->fifo, SEMI_FIFO, &c->ends));)
    semi_forward_as(c, due, pairs, shared);
  return any;
}

/* The next object to scan that is not a copy of the marker's own: a large one,
 * or a copy that it was given.  NULL if there is none. */
static gc_object *semi_next_given(semi_copying *c) {
  gc_object *o = bag_take(&c->gray);
  if (o) {
    c->large += forwarding_bytes(o) > SEMI_LARGEST;
    return o;
  }
  if (c->gift == c->gift_end && c->gifts) {
    uint32_t b = c->gifts;
    c->gifts = semi.blocks[b].next;
    semi.blocks[b].next = c->done;
    c->done = b;
    c->gift = block_address(b);
    c->gift_end = c->gift + semi.blocks[b].fill;
  }
  if (c->gift == c->gift_end)
    return NULL;
  o = (gc_object *)c->gift;
  c->gift += forwarding_bytes(o);
  return o;
}

/* The next object to scan: the oldest copy of the marker's that was not
 * scanned, or a large object, or a copy that it was given.  NULL if there is
 * none so far. */
static inline gc_object *semi_next(semi_copying *c) {
  while (gc_unlikely(c->scan == c->scan_end)) {
    bool last = c->scan_block == c->to.last;
    const semi_block *block = &semi.blocks[c->scan_block];
    char *end = last ? c->cursor : block_address(c->scan_block) + block->fill;
    if (c->scan != end) {
      c->scan_end = end;
    } else if (last) {
      return semi_next_given(c);
    } else {
      c->scan_block = block->next;
      c->scan = c->scan_end = block_address(c->scan_block);
    }
  }
  gc_object *o = (gc_object *)c->scan;
  c->scan += forwarding_bytes(o);
  return o;
}

/* No bound on the objects scanned. */
#define SEMI_ALL UINT64_MAX

/* Copies the objects that those copied so far can reach, until nothing is left
 * to be scanned, or `most` objects were; returns whether nothing is left. */
static inline __attribute__((always_inline)) bool
semi_scan(semi_copying *c, uint64_t most, bool pairs, bool shared) {
  uint64_t n = 0;
  do {
    for (gc_object *o; (most == SEMI_ALL || n < most) && (o = semi_next(c));
         n++) {
      gc_object **slot = o->slots, **end = slot + object_slots(o);
      while (slot < end)
        semi_visit_as(c, slot++, pairs, shared);
    }
    if (most != SEMI_ALL && n >= most)
      return false;
  } while (semi_flush(c, pairs, shared));
  return true;
}

/* The pool holds whole blocks besides objects, which begin at even addresses.
 */
static gc_object *semi_block_item(uint32_t b) {
  return (gc_object *)(block_address(b) + 1);
}

static uint32_t semi_item_block(const gc_object *item) {
  return (uintptr_t)item & 1 ? block_number(item) : 0;
}

/* Gives away half of the blocks that are linked from *link on and before `end`.
 * Returns how many, and takes these off the list. */
static uint32_t semi_give_blocks(uint32_t *link, uint32_t end) {
  gc_object *items[MARKERS_POOL];
  size_t all = 0, n = 0;
  for (uint32_t b = *link; b != end; b = semi.blocks[b].next)
    all++;
  uint32_t next = *link;
  for (; n < (all + 1) / 2 && n < MARKERS_POOL; next = semi.blocks[next].next)
    items[n++] = semi_block_item(next);
  size_t given = n ? markers_put(items, n) : 0;
  *link = given < n ? semi_item_block(items[given]) : next;
  return (uint32_t)given;
}

/* Finds the first copies of a marker that were not scanned, at most `most`, and
 * returns how many. */
static size_t semi_find(const semi_copying *c, gc_object **found, size_t most) {
  size_t n = 0;
  uint32_t b = c->scan_block;
  for (char *p = c->scan; b && n < most;) {
    bool last = b == c->to.last;
    char *end = last ? c->cursor : block_address(b) + semi.blocks[b].fill;
    for (; p < end && n < most; p += forwarding_bytes((gc_object *)p))
      found[n++] = (gc_object *)p;
    b = last ? 0 : semi.blocks[b].next;
    p = block_address(b);
  }
  return n;
}

/* Whether the marker has enough to give some away. */
static bool semi_can_give(const semi_copying *c) {
  gc_object *found[MARKERS_POOL];
  size_t n = semi_find(c, found, MARKERS_POOL);
  return markers_have_many(&c->gray.stack, c->ends) ||
         (n > 1 && n >= markers_keep);
}

/* Gives half of what waits to be scanned away: blocks, if there are any that
 * the marker neither scans nor copies into; else objects, if there are many. */
static void semi_give(semi_copying *c) {
  bool between = c->scan_block && c->scan_block != c->to.last;
  if (between) {
    uint32_t given =
        semi_give_blocks(&semi.blocks[c->scan_block].next, c->to.last);
    c->to.count -= given;
    if (given)
      return;
  }
  if (c->gifts && semi_give_blocks(&c->gifts, 0))
    return;
  if (markers_have_many(&c->gray.stack, c->ends)) {
    markers_give(&c->gray.stack, &c->ends);
    return;
  }
  gc_object *found[MARKERS_POOL];
  size_t n = semi_find(c, found, MARKERS_POOL);
  if (n < 2 || n < markers_keep)
    return;
  n = markers_put(found, n / 2) + gc_mutant(one_copy_skipped);
  while (n-- > 0)
    semi_next(c);
}

/* Takes what others gave away.  Returns false if nothing is left for any
 * marker. */
static bool semi_take_given(semi_copying *c) {
  gc_object *taken[MARKERS_POOL];
  int n = markers_take((unsigned)(c - semi_markers), taken, MARKERS_POOL, NULL);
  for (int i = 0; i < n; i++) {
    uint32_t b = semi_item_block(taken[i]);
    if (b) {
      semi.blocks[b].next = c->gifts;
      c->gifts = b;
    } else {
      bag_put(&c->gray, taken[i]);
    }
  }
  return n > 0;
}

/* What each of several markers does. */
static void semi_help(unsigned number) {
  semi_copying *c = &semi_markers[number];
  do {
    while (!semi_scan(c, markers_batch, false, true)) {
      hostile_race();
      if (markers_wanted())
        semi_give(c);
    }
  } while (semi_take_given(c));
}

/* Copies all objects that those copied so far can reach, by several markers if
 * there are many, and they offer work for more than one. */
static void semi_copy_reached(semi_copying *c) {
  uint64_t most = markers_alone;
  while (markers_most() > 1 && !semi_scan(c, most, false, false)) {
    most = markers_batch;
    if (!semi_can_give(c))
      continue;
    markers_begin(semi_help);
    semi_help(0);
    return;
  }
  semi_scan(c, SEMI_ALL, false, false);
}

/* Copies the values of ephemerons that are alive, too.  `revived`: what the
 * finalizer queue leads to. */
void semi_copy_values(bool revived) {
  semi_copying *c = &semi_markers[0];
  for (bool more = true; more;) {
    more = false;
    semi_scan(c, SEMI_ALL, true, false);
    for (gc_object **value; (value = ephemerons_next(forwarding_where));) {
      gc_object *moved = *value;
      bool stale = gc_mutant(ephemeron_value_stale) ||
                   (gc_mutant(revived_value_stale) && revived);
      semi_forward_as(c, stale ? &moved : value, true, false);
      more = true;
    }
  }
}

void semi_copy_roots(void) {
  roots_each(semi_visit, &semi_markers[0]);
  listener_phase("copy");
  semi_copy_reached(&semi_markers[0]);
}

void semi_copy_queue(size_t first, bool pairs) {
  if (!gc_mutant(queue_stale))
    roots_queue(first + gc_mutant(queue_first_stale),
                pairs ? semi_visit_paired : semi_visit, &semi_markers[0]);
  if (pairs)
    semi_copy_values(true);
  else
    semi_copy_reached(&semi_markers[0]);
}

/* ------------------------------------------------------------------------- *
 * The end.
 * ------------------------------------------------------------------------- */

/* Puts the blocks of a list that is not empty before those of another. */
static void semi_prepend(semi_space *s, semi_space before) {
  semi.blocks[before.last].next = s->first;
  s->first = before.first;
  if (!s->last)
    s->last = before.last;
  s->count += before.count;
}

/* Adds the blocks of a marker to the space.  Its last block, if it has room, is
 * open to mutators. */
static void semi_add_blocks(semi_copying *c) {
  semi_leave_block(c);
  if (c->cursor < c->limit) {
    semi.blocks[c->to.last].next_open = semi.open;
    semi.open = c->to.last;
  }
  if (c->to.count)
    semi_prepend(&semi.space, c->to);
  for (uint32_t b; (b = c->done);) {
    c->done = semi.blocks[b].next;
    semi_prepend(&semi.space, (semi_space){b, b, 1});
  }
  c->to = (semi_space){0};
  c->cursor = c->limit = c->scan = c->scan_end = c->gift = c->gift_end = NULL;
  c->scan_block = 0;
}

/* Counts what the markers did; returns how many objects they copied. */
static uint64_t semi_count(void) {
  uint64_t objects = 0;
  for (unsigned n = 0; n < MARKERS_MOST; n++) {
    semi_copying *c = &semi_markers[n];
    objects += c->objects;
    markers_counted.scanned += n ? c->objects : 0;
    semi.large_scanned += c->large;
    semi.copied_twice += c->twice;
    c->objects = c->large = c->twice = 0;
    object_stack_rest(&c->gray.stack);
  }
  return objects;
}

uint64_t semi_finish(void) {
  semi.space = (semi_space){0};
  if (!gc_mutant(open_list_stale))
    semi.open = 0;
  for (unsigned n = 0; n < MARKERS_MOST; n++)
    semi_add_blocks(&semi_markers[n]);
  return semi_count();
}
