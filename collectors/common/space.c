/* space.c: see space.h: the reservation, the arena and its extent hooks. */
#include "common/space.h"
#include "common/external.h"
#include "common/hostile/mutants.h"
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
  uint64_t limit;        /* in bytes; UINT64_MAX: none */
  _Atomic uint64_t next; /* bytes of the reservation that the arena has got */
  _Atomic uint64_t used; /* bytes of committed pages for objects, and of
                            external memory */
  _Atomic uint64_t external; /* the part of `used` that is external memory;
                                what a collector does not see is no part */
  _Atomic uint64_t peak;     /* the most that `used` ever was */
  _Atomic uint64_t told; /* the highest peak that space_footprint has told */
  _Atomic bool
      full; /* the arena was refused pages, and no page decommitted since */
} space;

/* jemalloc's options.  This symbol takes precedence over the environment, which
 * must not change what is measured.  Dirty pages are kept until space_purge:
 * giving them back in the middle of a run would be noise that belongs to no
 * collector.  So an allocation may split any free extent: by default jemalloc
 * takes new memory rather than split an extent of more than 64 times the size,
 * and what a collection frees in one piece would never be used again. */
const char *rmje_malloc_conf_2_conf_harder =
    "narenas:1,retain:true,background_thread:false,dirty_decay_ms:-1,"
    "muzzy_decay_ms:0,lg_extent_max_active_fit:63,abort_conf:true";

#ifdef __aarch64__
/* Debian's jemalloc for arm64 has pages of 64 KiB, for any kernel there.  A
 * page more for each allocation (space.h) would be a quarter of a group of
 * blocks, so there is none.  jemalloc 5.3 documents the option cache_oblivious
 * and does not read it; the variable behind it is set before jemalloc looks at
 * it. */
extern bool je_opt_cache_oblivious;
__attribute__((constructor(101))) static void space_spread_nothing(void) {
  je_opt_cache_oblivious = false;
}
#endif

/* ------------------------------------------------------------------------- *
 * Pages.
 * ------------------------------------------------------------------------- */

/* Counts so many bytes of pages, unless the limit forbids that. */
static bool space_count_pages(uint64_t bytes) {
  uint64_t used = atomic_load(&space.used);
  do {
    if (bytes > space.limit - used)
      return false;
  } while (!atomic_compare_exchange_weak(&space.used, &used, used + bytes));
  uint64_t peak = atomic_load(&space.peak);
  while (used + bytes > peak &&
         !atomic_compare_exchange_weak(&space.peak, &peak, used + bytes))
    continue;
  return true;
}

bool space_commit(uint64_t bytes) {
  return !hostile_fails() && space_count_pages(bytes);
}

static void space_uncount(uint64_t bytes) {
  atomic_fetch_sub(&space.used, bytes);
  atomic_store(&space.full, false);
}

static void space_external_uncount(uint64_t bytes) {
  if (gc_mutant(external_unlimited))
    return;
  atomic_fetch_sub(&space.external, bytes);
  space_uncount(bytes);
}

void *space_external_take(size_t head, uint64_t bytes) {
  if (!gc_mutant(external_unlimited)) {
    if (!space_count_pages(bytes))
      return NULL;
    atomic_fetch_add(&space.external, bytes);
  }
  void *p = external_take(head, bytes);
  if (!p)
    space_external_uncount(bytes);
  return p;
}

void space_external_give(void *head, uint64_t bytes) {
  external_give(head, bytes);
  space_external_uncount(bytes);
}

/* The system drops whole pages of its own, also where part of one is named. */
static bool space_drop(void *p, size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return ((uintptr_t)p | bytes) % page == 0 &&
         !madvise(p, bytes, MADV_DONTNEED);
}

bool space_decommit(void *p, size_t bytes) {
  if (!space_drop(p, bytes))
    return false;
  /* The arena's metadata comes here too, when the arena goes. */
  if ((uintptr_t)p - (uintptr_t)space_base < space_bytes)
    poison_forget(p, bytes);
  space_uncount(bytes);
  return true;
}

/* ------------------------------------------------------------------------- *
 * Extent hooks.  jemalloc takes address space in large uncommitted pieces and
 * commits the pages that it uses: there the limit and the footprint are exact.
 * Only for its own metadata does it ask for committed memory.
 * ------------------------------------------------------------------------- */

#define SPACE_HUGE_PAGE ((size_t)2 << 20)

/* Metadata is mapped apart, so that it does not lie between objects.  It comes
 * 2 MiB at a time and is never freed, since the arena is made once. */
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
    /* Memory that is committed from the start is asked for metadata, aligned to
     * huge pages; and again for an object that the commit hook has refused. */
    if (alignment < SPACE_HUGE_PAGE)
      return NULL;
    return space_map_metadata(size, zero);
  }
  /* After a refused commit the arena keeps the address space, in one piece that
   * is longer than what the limit still allows, so it needs no more.  Yet it
   * asks for more at each allocation that is refused, and tracing collectors
   * begin each collection with one. */
  if (atomic_load(&space.full))
    return NULL;
  /* What is aligned is the address: a page of jemalloc's may be longer than one
   * of the system's, at which the reservation begins. */
  uint64_t next = atomic_load(&space.next), start;
  do {
    uintptr_t at = (uintptr_t)space_base + next;
    start = next + (-at & (alignment - 1));
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
  if (space_count_pages(length))
    return false;
  atomic_store(&space.full, true);
  return true;
}

static bool space_hook_decommit(extent_hooks_t *hooks, void *address,
                                size_t size, size_t offset, size_t length,
                                unsigned arena) {
  (void)hooks, (void)size, (void)arena;
  return !space_decommit((char *)address + offset, length);
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
 * Allocation and freeing.  Both go through a function pointer, so that hostile
 * conditions can see every call.  That costs no more than the jump to jemalloc
 * that would be needed anyway.
 * ------------------------------------------------------------------------- */

static void *(*space_allocate)(size_t bytes, int flags);
static void (*space_release)(void *p, int flags);

static void *space_refuse(size_t bytes, int flags) {
  (void)bytes, (void)flags;
  return NULL;
}

/* The memory at `p`, which may be null, is in use from now on. */
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

/* Chooses the two functions by the hostile conditions. */
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

/* One of jemalloc's statistics or settings; 0 if there is none of that name. */
static uint64_t space_control(const char *name) {
  uint64_t value = 0;
  size_t size = sizeof value;
  /* Some of them have 32 bits. */
  uint32_t narrow;
  size_t narrow_size = sizeof narrow;
  if (!rmje_mallctl(name, &value, &size, NULL, 0))
    return value;
  return rmje_mallctl(name, &narrow, &narrow_size, NULL, 0) ? 0 : narrow;
}

/* A statistic of the arena; `number` is that of a size class, if any. */
static uint64_t space_read(const char *format, unsigned number) {
  char name[96];
  snprintf(name, sizeof name, format, space.arena, number);
  return space_control(name);
}

/* The bytes of an allocation in "bin" or "lextent" `number`. */
static uint64_t space_size(const char *kind, unsigned number) {
  char name[96];
  snprintf(name, sizeof name, "arenas.%s.%u.size", kind, number);
  return space_control(name);
}

/* Brings jemalloc's statistics up to date. */
static void space_refresh(void) {
  uint64_t epoch = 1;
  rmje_mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
}

bool space_create(uint64_t limit) {
  /* The arena takes address space in growing pieces and never gives it back, so
   * the reservation is larger than the limit.  Only touched pages cost memory.
   */
  space_bytes = SPACE_MOST;
  if (limit && limit < SPACE_MOST / 8)
    space_bytes = 4 * limit + ((uint64_t)1 << 28);
  space_base = mmap(NULL, space_bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space_base == MAP_FAILED)
    return false;
  if (space_huge_pages)
    madvise(space_base, space_bytes, MADV_HUGEPAGE); /* may be refused */
  space.limit = limit ? limit : UINT64_MAX;
  /* No object has granule 0, so that 0 can end a list. */
  atomic_store(&space.next, 4096);
  atomic_store(&space.used, 0);
  atomic_store(&space.peak, 0);
  atomic_store(&space.told, 0);
  atomic_store(&space.full, false);
  external_reset();
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
    return space_uncached(); /* slow, but correct */
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

void space_trim(void) {
  if (!poison_active())
    space_purge();
}

uint64_t space_used(void) {
  return atomic_load(&space.used);
}

uint64_t space_pages(void) {
  return space_used() - atomic_load(&space.external);
}

uint64_t space_used_peak(void) {
  return atomic_load(&space.peak);
}

gc_footprint space_footprint(uint64_t side) {
  uint64_t now = space_used_peak() + side;
  uint64_t peak = atomic_load(&space.told);
  while (now > peak && !atomic_compare_exchange_weak(&space.told, &peak, now))
    continue;
  return (gc_footprint){space_used() + side, now > peak ? now : peak};
}

uint64_t space_metadata(void) {
  space_refresh();
  return space_read("stats.arenas.%u.base", 0);
}

/* The number of allocations in use, or their bytes. */
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
