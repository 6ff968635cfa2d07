/* external.c: see external.h. */
#include "common/external.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutants.h"
#include <stdlib.h>

external_figures external;
uint64_t external_seen = 1;

enum { EXTERNAL_PAGE = 4096 };

gc_external_usage gc_heap_external(gc_heap *heap) {
  (void)heap;
  return (gc_external_usage){external.held, external.peak, external.blocks};
}

static void external_note_peak(uint64_t held) {
  uint64_t peak = atomic_load(&external.peak);
  while (held > peak &&
         !atomic_compare_exchange_weak(&external.peak, &peak, held))
    continue;
}

void *external_take(size_t head, uint64_t bytes) {
  char *p = hostile_fails() ? NULL : malloc(head + bytes);
  if (!p)
    return NULL;
  /* Volatile: nothing reads what is written. */
  volatile char *block = p + head;
  for (uint64_t i = 0; i < bytes; i += EXTERNAL_PAGE)
    block[i] = 1;
  external_note_peak(atomic_fetch_add(&external.held, bytes) + bytes);
  external.blocks++;
  external.added += gc_mutant(external_unpaced) ? 0 : bytes;
  external.taken++;
  return p;
}

void external_give(void *head, uint64_t bytes) {
  external.held -= bytes;
  external.blocks--;
  external.given++;
  free(head);
}

void external_reset(void) {
  external = (external_figures){0};
}
