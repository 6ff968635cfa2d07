/* space.c: the reservation, the arena and its extent hooks; see space.h. */
#include "common/space.h"
#include "common/hostile/poison.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>
/* jemalloc's public names with the prefix that the build gives them. */
#define JEMALLOC_MANGLE
#define JEMALLOC_NO_DEMANGLE
#include "common/jemalloc-prefixed.h"

char *space_base;
uint64_t space_bytes;
uint64_t space_huge_pages;

static struct {
  unsigned arena;
  uint64_t limit;        /* UINT64_MAX: none */
  _Atomic uint64_t next; /* bytes of the reservation handed out so far */
  _Atomic uint64_t used; /* committed object pages */
  _Atomic uint64_t peak; /* the most that `used` ever was */
  _Atomic bool full;     /* a commit was refused, and none undone since */
} space;

/* Options of the process's one jemalloc.  The symbol used is the one that takes
 * precedence over the environment, which must not change what is measured.
 * Dirty pages are kept until we purge: giving memory back in the middle of a
 * run would be noise that belongs to no collector. */
const char *rmje_malloc_conf_2_conf_harder =
    "narenas:1,retain:true,background_thread:false,dirty_decay_ms:-1,"
    "muzzy_decay_ms:0,abort_conf:true";

/* ------------------------------------------------------------------------- *
 * Extent hooks.  jemalloc takes address space in large pieces, uncommitted, and
 * commits what it uses page by page: that is where limit and footprint are
 * exact.  It asks for committed memory only for its own metadata.
 * ------------------------------------------------------------------------- */

#define SPACE_HUGE_PAGE ((size_t)2 << 20)

/* Metadata must not lie between objects.  Rare: 2 MiB at a time.  Never freed:
 * the arena is made once. */
static void *space_map_metadata(size_t size, bool *zero) {
  char *p = mmap(NULL, size + SPACE_HUGE_PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    return NULL;
  *zero = true;
  return p + (-(uintptr_t)p & (SPACE_HUGE_PAGE - 1));
}

static void *space_hook_alloc(extent_hooks_t *hooks, void *address, size_t size,
                              size_t alignment, bool *zero, bool *commit,
                              unsigned arena) {
  (void)hooks, (void)arena;
  if (address)
    return NULL;
  if (*commit) {
    /* Committed from the start is wanted for metadata, in huge pages; and, once
     * the commit hook has refused, for a second try at the same object. */
    if (alignment < SPACE_HUGE_PAGE)
      return NULL;
    return space_map_metadata(size, zero);
  }
  /* What could not be committed is address space that the arena keeps, in one
   * piece and longer than all that the limit still allows.  It needs no more
   * then; but it asks at each allocation that is refused, and tracing
   * collectors begin each collection with one. */
  if (atomic_load(&space.full))
    return NULL;
  uint64_t next = atomic_load(&space.next), start;
  do {
    start = (next + alignment - 1) & ~((uint64_t)alignment - 1);
    if (start + size > space_bytes)
      return NULL;
  } while (!atomic_compare_exchange_weak(&space.next, &next, start + size));
  *zero = true;
  return space_base + start;
}

static bool space_hook_refuse(extent_hooks_t *hooks, void *address, size_t size,
                              bool committed, unsigned arena) {
  (void)hooks, (void)address, (void)size, (void)committed, (void)arena;
  return true; /* the arena keeps the address space for reuse */
}

static bool space_hook_commit(extent_hooks_t *hooks, void *address, size_t size,
                              size_t offset, size_t length, unsigned arena) {
  (void)hooks, (void)address, (void)size, (void)offset, (void)arena;
  if (hostile_fails())
    return true;
  uint64_t used = atomic_load(&space.used);
  do {
    if (length > space.limit - used) {
      atomic_store(&space.full, true);
      return true;
    }
  } while (!atomic_compare_exchange_weak(&space.used, &used, used + length));
  uint64_t peak = atomic_load(&space.peak);
  while (used + length > peak &&
         !atomic_compare_exchange_weak(&space.peak, &peak, used + length))
    continue;
  return false;
}

static bool space_hook_decommit(extent_hooks_t *hooks, void *address,
                                size_t size, size_t offset, size_t length,
                                unsigned arena) {
  (void)hooks, (void)size, (void)arena;
  if (madvise((char *)address + offset, length, MADV_DONTNEED))
    return true;
  /* The arena's metadata comes here too, when the arena goes. */
  if ((uintptr_t)address - (uintptr_t)space_base < space_bytes)
    poison_forget((char *)address + offset, length);
  atomic_fetch_sub(&space.used, length);
  atomic_store(&space.full, false);
  return false;
}

static bool space_hook_split(extent_hooks_t *hooks, void *address, size_t size,
                             size_t a, size_t b, bool committed,
                             unsigned arena) {
  (void)hooks, (void)address, (void)size, (void)a, (void)b;
  (void)committed, (void)arena;
  return false;
}

static bool space_hook_merge(extent_hooks_t *hooks, void *a, size_t a_size,
                             void *b, size_t b_size, bool committed,
                             unsigned arena) {
  (void)hooks, (void)a, (void)a_size, (void)b, (void)b_size;
  (void)committed, (void)arena;
  return false;
}

static extent_hooks_t space_hooks = {
    .alloc = space_hook_alloc,
    .dalloc = space_hook_refuse,
    .commit = space_hook_commit,
    .decommit = space_hook_decommit,
    .split = space_hook_split,
    .merge = space_hook_merge,
};

/* ------------------------------------------------------------------------- *
 * Allocation and freeing.  Both go through a pointer, which costs no more than
 * the jump to jemalloc that would be there without, so that hostile conditions
 * see every call and nobody else pays for that.
 * ------------------------------------------------------------------------- */

static void *(*space_allocate)(size_t bytes, int flags);
static void (*space_release)(void *p, int flags);

static void *space_refuse(size_t bytes, int flags) {
  (void)bytes, (void)flags;
  return NULL;
}

static void *space_taken(void *p) {
  if (p && poison_active())
    poison_take(p, rmje_sallocx(p, 0));
  return p;
}

static void *space_allocate_watched(size_t bytes, int flags) {
  return space_taken(rmje_mallocx(bytes, flags));
}

static void space_release_buried(void *p) {
  rmje_dallocx(p, space_uncached());
}

static void space_release_watched(void *p, int flags) {
  (void)flags;
  if (!poison_refuses(p))
    poison_bury(p, rmje_sallocx(p, 0), space_release_buried);
}

static void space_watch(void) {
  space_allocate = hostile_each()    ? space_refuse
                   : poison_active() ? space_allocate_watched
                                     : rmje_mallocx;
  space_release = poison_active() ? space_release_watched : rmje_dallocx;
}

void *space_alloc(size_t bytes, int flags) {
  return space_allocate(bytes, flags);
}

void *space_alloc_slow(size_t bytes, int flags) {
  return space_allocate_watched(bytes, flags);
}

void *space_alloc_aligned(size_t bytes, size_t alignment, int flags) {
  if (hostile_fails())
    return NULL;
  return space_taken(rmje_mallocx(bytes, flags | MALLOCX_ALIGN(alignment)));
}

void *space_alloc_zeroed(size_t bytes, int flags) {
  return space_taken(rmje_mallocx(bytes, flags | MALLOCX_ZERO));
}

void space_free(void *p, int flags) {
  space_release(p, flags);
}

/* ------------------------------------------------------------------------- *
 * Creation.
 * ------------------------------------------------------------------------- */

static uint64_t space_control(const char *name) {
  uint64_t value = 0;
  size_t size = sizeof value;
  /* Some of these are 32-bit. */
  uint32_t narrow;
  size_t narrow_size = sizeof narrow;
  if (!rmje_mallctl(name, &value, &size, NULL, 0))
    return value;
  return rmje_mallctl(name, &narrow, &narrow_size, NULL, 0) ? 0 : narrow;
}

/* The arena's statistic of that name; `number` is the kind of cell, if any. */
static uint64_t space_read(const char *format, unsigned number) {
  char name[96];
  snprintf(name, sizeof name, format, space.arena, number);
  return space_control(name);
}

/* The bytes of a cell of "bin" or "lextent" `number`. */
static uint64_t space_size(const char *kind, unsigned number) {
  char name[96];
  snprintf(name, sizeof name, "arenas.%s.%u.size", kind, number);
  return space_control(name);
}

static void space_refresh(void) {
  uint64_t epoch = 1;
  rmje_mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
}

bool space_create(uint64_t limit) {
  /* Address space is taken in growing pieces and never given back, so the
   * reservation is larger than the limit; only what is touched costs. */
  space_bytes = SPACE_MOST;
  if (limit && limit < SPACE_MOST / 8)
    space_bytes = 4 * limit + ((uint64_t)1 << 28);
  space_base = mmap(NULL, space_bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space_base == MAP_FAILED)
    return false;
  if (space_huge_pages)
    madvise(space_base, space_bytes, MADV_HUGEPAGE); /* a wish: no error */
  space.limit = limit ? limit : UINT64_MAX;
  /* Granule 0 is nobody's, so that 0 can end a list. */
  atomic_store(&space.next, 4096);
  atomic_store(&space.used, 0);
  atomic_store(&space.peak, 0);
  atomic_store(&space.full, false);
  extent_hooks_t *hooks = &space_hooks;
  size_t size = sizeof space.arena;
  if (!poison_create() || rmje_mallctl("arenas.create", &space.arena, &size,
                                       &hooks, sizeof hooks)) {
    poison_destroy();
    munmap(space_base, space_bytes);
    return false;
  }
  space_watch();
  return true;
}

void space_destroy(void) {
  char name[64];
  snprintf(name, sizeof name, "arena.%u.destroy", space.arena);
  rmje_mallctl(name, NULL, NULL, NULL, 0);
  poison_destroy();
  ASAN_UNPOISON_MEMORY_REGION(space_base, space.next);
  munmap(space_base, space_bytes);
  space_base = NULL;
}

/* ------------------------------------------------------------------------- *
 * Use.
 * ------------------------------------------------------------------------- */

int space_uncached(void) {
  return MALLOCX_ARENA(space.arena) | MALLOCX_TCACHE_NONE;
}

int space_cache_create(void) {
  unsigned cache;
  size_t size = sizeof cache;
  if (hostile_fails() || rmje_mallctl("tcache.create", &cache, &size, NULL, 0))
    return space_uncached(); /* slow, but right */
  return MALLOCX_ARENA(space.arena) | MALLOCX_TCACHE(cache);
}

static void space_cache_control(const char *name, int flags) {
  if (flags == space_uncached())
    return;
  /* The inverse of MALLOCX_TCACHE. */
  unsigned cache = ((unsigned)flags >> 8 & 0xfff) - 2;
  rmje_mallctl(name, NULL, NULL, &cache, sizeof cache);
}

void space_cache_flush(int flags) {
  space_cache_control("tcache.flush", flags);
}

void space_cache_destroy(int flags) {
  space_cache_control("tcache.destroy", flags);
}

void space_purge(void) {
  poison_exhume();
  char name[64];
  snprintf(name, sizeof name, "arena.%u.purge", space.arena);
  rmje_mallctl(name, NULL, NULL, NULL, 0);
}

uint64_t space_used(void) {
  return atomic_load(&space.used);
}

uint64_t space_used_peak(void) {
  return atomic_load(&space.peak);
}

uint64_t space_metadata(void) {
  space_refresh();
  return space_read("stats.arenas.%u.base", 0);
}

/* All cells in use, each counted as 1 or as its bytes. */
static uint64_t space_count(bool bytes) {
  space_refresh();
  uint64_t n = 0, bins = space_control("arenas.nbins");
  uint64_t extents = space_control("arenas.nlextents");
  for (unsigned i = 0; i < bins; i++)
    n += space_read("stats.arenas.%u.bins.%u.curregs", i) *
         (bytes ? space_size("bin", i) : 1);
  for (unsigned i = 0; i < extents; i++)
    n += space_read("stats.arenas.%u.lextents.%u.curlextents", i) *
         (bytes ? space_size("lextent", i) : 1);
  return n - poison_kept(bytes);
}

uint64_t space_objects(void) {
  return space_count(false);
}

uint64_t space_cells(void) {
  return space_count(true);
}

size_t space_cell(const void *p) {
  return rmje_sallocx(p, 0);
}

void *space_table_create(size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

void space_table_destroy(void *table, size_t bytes) {
  if (table)
    munmap(table, bytes);
}
