/* remembered.c: see remembered.h. */
#include "common/remembered.h"
#include "common/bitmap.h"
#include "common/blocks.h"
#include "common/hostile/hostile.h"
#include <pthread.h>

uint64_t remembered_most = 0;
remembered_counts remembered_counted;

/* A bit for each REMEMBERED_CARD words of the heap: a card that begins there is
 * remembered.  NULL until the first one is. */
static uint64_t *_Atomic remembered_dirty;
static pthread_mutex_t remembered_lock = PTHREAD_MUTEX_INITIALIZER;
enum {
  CARD_GRANULES = REMEMBERED_CARD * sizeof(gc_object *) / SPACE_GRANULE,
};

static size_t remembered_dirty_bytes(void) {
  return space_bytes / SPACE_GRANULE / CARD_GRANULES / 8 + 8;
}

void remembered_begin(remembered_set *set, unsigned table) {
  bag_init(&set->objects, table);
  if (!set->objects.stack.most)
    set->objects.stack.most = remembered_most;
  set->cards.most = set->objects.stack.most;
}

/* ------------------------------------------------------------------------- *
 * Remembering.
 * ------------------------------------------------------------------------- */

/* Two mutators may store into one object at the same time; only the one that
 * takes the flag off remembers the object. */
static void remembered_add_whole(object_bag *objects, gc_object *o) {
  hostile_race();
  if (!(__atomic_fetch_and(&o->meta, ~REMEMBERED_NOT, __ATOMIC_RELAXED) &
        REMEMBERED_NOT) &&
      !gc_mutant(remembered_by_both))
    return;
  if (gc_mutant(remembered_overflow_lost))
    (void)object_push(&objects->stack, o);
  else
    bag_put(objects, o);
}

/* The number of the card that slot `i` of a wide object is in.  What is left
 * over at the end belongs to the last card, so that all have REMEMBERED_CARD
 * slots or more, and no two begin in the same REMEMBERED_CARD words of the
 * heap. */
static uint32_t remembered_card_of(const gc_object *o, uint32_t i) {
  uint32_t card = i / REMEMBERED_CARD;
  uint32_t last = object_slots(o) / REMEMBERED_CARD - 1;
  return card < last ? card : last;
}

/* The number of the bit of card `card` of `o`. */
static size_t remembered_bit(const gc_object *o, uint32_t card) {
  return (space_granule(o) + (size_t)card * CARD_GRANULES) / CARD_GRANULES;
}

/* Makes the table of cards when it is first needed; NULL if the system refuses
 * memory. */
static uint64_t *remembered_table(void) {
  uint64_t *table = remembered_dirty;
  if (table)
    return table;
  pthread_mutex_lock(&remembered_lock);
  table = remembered_dirty;
  if (!table)
    remembered_dirty = table = space_table_create(remembered_dirty_bytes());
  pthread_mutex_unlock(&remembered_lock);
  return table;
}

/* Makes sure that both halves of a pair can be pushed. */
static bool remembered_reserve(object_stack *cards) {
  return cards->room - cards->size >= 2 ||
         (object_stack_grow(cards) && cards->room - cards->size >= 2);
}

/* Remembers card `card` of `o`.  Returns false if there is no memory for
 * that. */
static bool remembered_add_card(object_stack *cards, gc_object *o,
                                uint32_t card) {
  uint64_t *dirty = remembered_table();
  if (!dirty || !remembered_reserve(cards))
    return false;
  size_t bit = remembered_bit(o, card);
  uint64_t mask = (uint64_t)1 << bit % 64;
  hostile_race();
  if (gc_mutant(card_not_atomic)
          ? (mutant_set_bits(&dirty[bit / 64], mask) ? 0 : mask)
          : __atomic_fetch_or(&dirty[bit / 64], mask, __ATOMIC_RELAXED) & mask)
    return true; /* another mutator was faster */
  cards->items[cards->size++] = o;
  cards->items[cards->size++] = (gc_object *)(uintptr_t)card;
  return true;
}

/* Whether card `card` of `o` is remembered. */
static bool remembered_is_dirty(const gc_object *o, uint32_t card) {
  const uint64_t *dirty = remembered_dirty;
  size_t bit = remembered_bit(o, card);
  return dirty &&
         __atomic_load_n(&dirty[bit / 64], __ATOMIC_RELAXED) >> bit % 64 & 1;
}

void remembered_add(remembered_set *set, gc_object *o, gc_object **place) {
  if (gc_unlikely(object_slots(o) > REMEMBERED_WIDE)) {
    uint32_t card = remembered_card_of(o, (uint32_t)(place - o->slots));
    if (remembered_is_dirty(o, card) ||
        remembered_add_card(&set->cards, o, card) ||
        gc_mutant(card_overflow_lost))
      return;
  }
  remembered_add_whole(&set->objects, o);
}

/* ------------------------------------------------------------------------- *
 * Handing on and taking out.
 * ------------------------------------------------------------------------- */

/* Moves a detaching mutator's cards.  Where there is no room, the object is
 * remembered as a whole, which always succeeds; the card then is clean
 * again. */
static void remembered_pour_cards(object_stack *cards, remembered_set *to) {
  if (gc_mutant(empty_cards_leak) && !cards->size)
    return;
  while (cards->size && !gc_mutant(cards_not_inherited)) {
    uint32_t card = (uint32_t)(uintptr_t)object_pop(cards);
    gc_object *o = object_pop(cards);
    if (remembered_reserve(&to->cards)) {
      (void)object_push(&to->cards, o);
      (void)object_push(&to->cards, (gc_object *)(uintptr_t)card);
      continue;
    }
    size_t bit = remembered_bit(o, card);
    __atomic_fetch_and(&remembered_dirty[bit / 64], ~((uint64_t)1 << bit % 64),
                       __ATOMIC_RELAXED);
    remembered_add_whole(&to->objects, o);
  }
  object_stack_free(cards);
}

void remembered_inherit(remembered_set *from, remembered_set *to) {
  if (gc_mutant(remembered_not_inherited))
    bag_free(&from->objects);
  remembered_counted.inherited +=
      !bag_empty(&from->objects) || from->cards.size;
  bag_pour(&from->objects, &to->objects);
  remembered_pour_cards(&from->cards, to);
}

/* Scans a card of `o`, and returns whether it stays. */
static bool remembered_scan_card(const remembered_scan *scan, gc_object *o,
                                 uint32_t card) {
  uint32_t slots = object_slots(o), first = card * REMEMBERED_CARD;
  uint32_t end = card == remembered_card_of(o, slots - 1)
                     ? slots
                     : first + REMEMBERED_CARD;
  if (gc_mutant(last_card_short) && end == slots)
    end = first + REMEMBERED_CARD;
  remembered_counted.rescanned += end - first;
  return scan->card(o, first, end);
}

static void remembered_take_cards(object_stack *cards,
                                  const remembered_scan *scan) {
  size_t kept = 0;
  for (size_t i = 0; i < cards->size; i += 2) {
    gc_object *o = cards->items[i];
    uint32_t card = (uint32_t)(uintptr_t)cards->items[i + 1];
    remembered_counted.cards++;
    if (scan && remembered_scan_card(scan, o, card)) {
      cards->items[kept++] = o;
      cards->items[kept++] = (gc_object *)(uintptr_t)card;
      continue;
    }
    if (!gc_mutant(card_stays_dirty) && !(gc_mutant(full_keeps_cards) && !scan))
      bitmap_clear(remembered_dirty, remembered_bit(o, card));
    if (gc_mutant(one_card_scanned))
      scan = NULL;
  }
  cards->size = kept;
  if (!kept)
    object_stack_rest(cards);
}

void remembered_take(remembered_set *set, const remembered_scan *scan) {
  for (gc_object *o; (o = bag_take(&set->objects));
       remembered_counted.objects++) {
    if (!scan)
      continue;
    remembered_counted.rescanned += object_slots(o);
    scan->object(o);
  }
  object_stack_rest(&set->objects.stack);
  remembered_take_cards(&set->cards, scan);
}

/* ------------------------------------------------------------------------- *
 * Memory.
 * ------------------------------------------------------------------------- */

uint64_t remembered_bytes(const remembered_set *set) {
  return object_stack_bytes(&set->objects.stack) +
         object_stack_bytes(&set->cards);
}

/* Of the table of cards, the part that describes blocks in use. */
uint64_t remembered_shared_bytes(void) {
  return remembered_dirty
             ? (uint64_t)__atomic_load_n(&blocks_end, __ATOMIC_RELAXED) *
                   (BLOCK_GRANULES / CARD_GRANULES / 8)
             : 0;
}

void remembered_free(remembered_set *set) {
  bag_free(&set->objects);
  object_stack_free(&set->cards);
}

void remembered_destroy(void) {
  space_table_destroy(remembered_dirty, remembered_dirty_bytes());
  remembered_dirty = NULL;
  remembered_counted = (remembered_counts){0};
}

/* ------------------------------------------------------------------------- *
 * Checking.
 * ------------------------------------------------------------------------- */

/* During a check: a bit per granule of every remembered object, a bit for every
 * card that is listed, and how many listed cards were not found dirty yet. */
static struct {
  uint64_t *objects, *cards;
  uint64_t clean;
} check;

static size_t check_bytes(void) {
  return space_bytes / SPACE_GRANULE / 8 + 8;
}

bool remembered_check_begin(void) {
  check.objects = space_table_create(check_bytes());
  check.cards = space_table_create(remembered_dirty_bytes());
  check.clean = 0;
  return check.objects && check.cards;
}

static const char *check_objects(const object_bag *objects,
                                 bool (*is)(const gc_object *o),
                                 bool (*old)(const gc_object *o)) {
  uint64_t at = 0;
  for (const gc_object *o; (o = bag_next(objects, &at));) {
    if (!is(o) || !old(o))
      return "a remembered object is not old";
    if (!bitmap_set(check.objects, space_granule(o)))
      return "an object is remembered twice";
  }
  return NULL;
}

const char *remembered_check_set(const remembered_set *set,
                                 bool (*is)(const gc_object *o),
                                 bool (*old)(const gc_object *o)) {
  const object_stack *cards = &set->cards;
  for (size_t i = 0; i + 1 < cards->size; i += 2) {
    const gc_object *o = cards->items[i];
    uintptr_t card = (uintptr_t)cards->items[i + 1];
    if (!is(o) || !old(o) || object_slots(o) <= REMEMBERED_WIDE ||
        card >= object_slots(o) / REMEMBERED_CARD)
      return "a remembered card is not in an old wide object";
    if (!bitmap_set(check.cards, remembered_bit(o, (uint32_t)card)))
      return "a card is remembered twice";
    check.clean++;
  }
  return check_objects(&set->objects, is, old);
}

/* Whether the collector will look at slot `s` of an old object again. */
static bool check_is_remembered(const gc_object *o, uint32_t s) {
  return bitmap_test(check.objects, space_granule(o)) ||
         (object_slots(o) > REMEMBERED_WIDE &&
          remembered_is_dirty(o, remembered_card_of(o, s)));
}

const char *remembered_check_object(const gc_object *o,
                                    bool (*old)(const gc_object *o)) {
  uint32_t slots = object_slots(o);
  bool remembered = bitmap_test(check.objects, space_granule(o));
  if (remembered == !!(o->meta & REMEMBERED_NOT) && slots > 0)
    return "an old object is neither flagged nor remembered, or both";
  for (uint32_t s = 0; s < slots; s++)
    if (o->slots[s] && !old(o->slots[s]) && !check_is_remembered(o, s))
      return "an old object that is not remembered refers to a young one";
  for (uint32_t c = 0; slots > REMEMBERED_WIDE && c < slots / REMEMBERED_CARD;
       c++) {
    if (remembered_is_dirty(o, c) !=
        bitmap_test(check.cards, remembered_bit(o, c)))
      return "a card is dirty and not remembered, or the reverse";
    check.clean -= remembered_is_dirty(o, c);
  }
  return NULL;
}

const char *remembered_check_end(void) {
  space_table_destroy(check.objects, check_bytes());
  space_table_destroy(check.cards, remembered_dirty_bytes());
  return check.clean ? "a remembered card is not dirty" : NULL;
}
