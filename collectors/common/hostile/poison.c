/* poison.c: see poison.h. */
#include "common/hostile/poison.h"
#include "common/bitmap.h"
#include "common/space.h"
#include <inttypes.h>
#include <pthread.h>

/* For functions that read free memory. */
#define POISON_READS __attribute__((no_sanitize("address")))

/* The most bytes in quarantine, whatever the setting. */
#define POISON_BYTES ((uint64_t)64 << 20)

typedef struct poison_entry {
  char *p;
  size_t bytes;
  void (*release)(void *p);
} poison_entry;

static struct {
  pthread_mutex_t lock; /* for all of this, and for free memory */
  uint64_t *bits;       /* a bit per granule: it is filled with the pattern */
  size_t end;           /* granules from here on were never filled */
  poison_entry *ring;   /* the quarantine: room for hostile.poison entries */
  size_t first, kept;   /* the oldest entry, and how many there are */
  uint64_t bytes;       /* in these entries */
} poison = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t poison_bits_bytes(void) {
  return space_bytes / SPACE_GRANULE / 8 + 8;
}

bool poison_create(void) {
  if (hostile.poison == HOSTILE_NO_POISON)
    return true;
  poison.bits = space_table_create(poison_bits_bytes());
  poison.ring = calloc(hostile.poison + 1, sizeof *poison.ring);
  poison.end = 0;
  return poison.bits && poison.ring;
}

void poison_destroy(void) {
  space_table_destroy(poison.bits, poison_bits_bytes());
  free(poison.ring);
  poison.bits = NULL;
  poison.ring = NULL;
  poison.first = poison.kept = poison.bytes = 0; /* entries go with the space */
}

/* ------------------------------------------------------------------------- *
 * The pattern.
 * ------------------------------------------------------------------------- */

/* Checks a filled granule in the stretch that begins at `stretch`.  Its two
 * words were filled at the same time.  A violation is reported, and the pattern
 * restored. */
POISON_READS static void poison_look(uint64_t granule, const char *stretch) {
  char *at = space_address((uint32_t)granule);
  uint64_t *word = (uint64_t *)at, when[2];
  bool good[2];
  for (unsigned i = 0; i < 2; i++)
    good[i] = hostile_is_pattern(word[i], &when[i]);
  if (good[0] && good[1] && when[0] == when[1])
    return;
  unsigned changed = good[0] ? 1 : 0;
  char freed[48] = "some time ago";
  if (good[0] || good[1])
    snprintf(freed, sizeof freed, "during operation %" PRIu64,
             when[good[0] ? 0 : 1]);
  hostile_violate("freed memory at %p was written to: %#" PRIx64
                  " at offset %td, freed %s",
                  (void *)at, word[changed], at + 8 * changed - stretch, freed);
  word[0] = word[1] = hostile_pattern();
}

POISON_READS void poison_fill(void *p, size_t bytes) {
  if (!poison.bits)
    return;
  pthread_mutex_lock(&poison.lock);
  size_t g = space_granule(p), end = g + bytes / SPACE_GRANULE;
  bool filled = false;
  for (; g < end; g++) {
    /* A shortcut: whole blocks are often free already. */
    if (g % 64 == 0 && end - g >= 64 && poison.bits[g / 64] == UINT64_MAX) {
      g += 63;
      continue;
    }
    if (!bitmap_set(poison.bits, g))
      continue;
    uint64_t *word = space_address((uint32_t)g);
    word[0] = word[1] = hostile_pattern();
    filled = true;
  }
  if (end > poison.end)
    poison.end = end;
  pthread_mutex_unlock(&poison.lock);
  if (filled)
    hostile_fire(HOSTILE_POISON);
}

/* Checks the filled granules in [g, end).  `clear`: they no longer count as
 * filled.  With the lock. */
static void poison_visit(size_t g, size_t end, bool clear) {
  const char *stretch = space_address((uint32_t)g);
  bool any = false;
  for (; (g = bitmap_next(poison.bits, g, end)) < end; g++) {
    poison_look(g, stretch);
    if (clear)
      bitmap_clear(poison.bits, g);
    any = true;
  }
  if (any)
    atomic_fetch_add(&hostile_saw.checked, 1);
}

void poison_check(void *p, size_t bytes) {
  if (!poison.bits)
    return;
  pthread_mutex_lock(&poison.lock);
  size_t g = space_granule(p);
  poison_visit(g, g + bytes / SPACE_GRANULE, true);
  pthread_mutex_unlock(&poison.lock);
}

void poison_forget(void *p, size_t bytes) {
  if (!poison.bits)
    return;
  pthread_mutex_lock(&poison.lock);
  size_t g = space_granule(p), end = g + bytes / SPACE_GRANULE;
  for (; (g = bitmap_next(poison.bits, g, end)) < end; g++)
    bitmap_clear(poison.bits, g);
  pthread_mutex_unlock(&poison.lock);
}

bool poison_is_free(const void *p) {
  if (!poison.bits)
    return false;
  pthread_mutex_lock(&poison.lock);
  bool is_free = bitmap_test(poison.bits, space_granule(p));
  pthread_mutex_unlock(&poison.lock);
  return is_free;
}

void poison_check_all(void) {
  if (!poison.bits)
    return;
  pthread_mutex_lock(&poison.lock);
  /* Stretch by stretch, because reports name an offset in the stretch. */
  for (size_t g = 0; (g = bitmap_next(poison.bits, g, poison.end)) < poison.end;
       g++) {
    size_t begin = g;
    while (g < poison.end && bitmap_test(poison.bits, g))
      g++;
    poison_visit(begin, g, false);
  }
  pthread_mutex_unlock(&poison.lock);
}

/* ------------------------------------------------------------------------- *
 * The quarantine.
 * ------------------------------------------------------------------------- */

/* Takes the oldest entry out.  With the lock. */
static poison_entry poison_oldest(void) {
  poison_entry e = poison.ring[poison.first];
  poison.first = (poison.first + 1) % hostile.poison;
  poison.kept--;
  poison.bytes -= e.bytes;
  size_t g = space_granule(e.p);
  poison_visit(g, g + e.bytes / SPACE_GRANULE, false);
  return e;
}

/* Releases the oldest entry if there are more than `most` entries or more than
 * `most_bytes` bytes.  Returns whether it did. */
static bool poison_leave(size_t most, uint64_t most_bytes) {
  poison_entry e = {0};
  pthread_mutex_lock(&poison.lock);
  if (poison.kept && (poison.kept > most || poison.bytes > most_bytes))
    e = poison_oldest();
  pthread_mutex_unlock(&poison.lock);
  if (e.p)
    e.release(e.p);
  return e.p != NULL;
}

bool poison_refuses(const void *p) {
  bool is_free = poison_is_free(p);
  if (is_free)
    hostile_violate("the object at %p was freed twice", p);
  return is_free;
}

void poison_bury(void *p, size_t bytes, void (*release)(void *p)) {
  poison_free(p, bytes);
  if (hostile.poison == HOSTILE_NO_POISON || hostile.poison == 0) {
    release(p);
    return;
  }
  poison_entry leaves = {0};
  pthread_mutex_lock(&poison.lock);
  if (poison.kept == hostile.poison)
    leaves = poison_oldest();
  size_t at = (poison.first + poison.kept++) % hostile.poison;
  poison.ring[at] = (poison_entry){p, bytes, release};
  poison.bytes += bytes;
  pthread_mutex_unlock(&poison.lock);
  if (leaves.p)
    leaves.release(leaves.p);
  while (poison_leave(SIZE_MAX, POISON_BYTES))
    continue;
}

void poison_exhume(void) {
  while (poison_leave(0, 0))
    continue;
}

uint64_t poison_kept(bool bytes) {
  pthread_mutex_lock(&poison.lock);
  uint64_t n = bytes ? poison.bytes : poison.kept;
  pthread_mutex_unlock(&poison.lock);
  return n;
}
