/* candidates.h: an object that may have become part of a dead cycle is buffered
 * as a candidate for the cycle detector (cycles.c).
 * The part `candidates` of a counting collector (parts.h), for counts-word.h
 * only: the detector changes counts in place. */
#ifndef REAPMARK_REFCOUNT_CANDIDATES_H
#define REAPMARK_REFCOUNT_CANDIDATES_H

#include "refcount/parts.h"
#include "refcount/untracked.h"

_Static_assert(RC_COUNT_IS_WORD, "the detector changes counts in place");

/* For the collector's description (describe.c). */
#define RC_RECLAIMS GC_RECLAIMS_ALL
#define RC_SOURCE   "trial deletion: Bacon & Rajan, ECOOP 2001, section 3"
#define RC_OPTIONS  rc_candidates_options
#define RC_WORDS    rc_candidates_words
extern const gc_option rc_candidates_options[];
extern const gc_words rc_candidates_words[];

/* The counters of cycles.c. */
#define RC_CANDIDATES_EVENTS                                                   \
  "detections", "full-detections", "bounded", "put-off", "candidates",         \
      "dead-candidates", "purges", "traces", "objects-restored",               \
      "cycle-freed", "cycle-spared",                                           \
      RC_CANDIDATES_PACING RC_IF_SHARED("inherited", )
#define RC_CANDIDATES_WORK                                                     \
  "candidates", "objects-traced", "objects-scanned", "objects-restored",
/* A detection at each candidate; bounds that are reached all the time, with a
 * threshold that follows the yield and with a fixed one; full detections by the
 * growth of the heap alone. */
#define RC_CANDIDATES_TIGHT                                                    \
  "threshold=1", "threshold=4,most=20", "threshold=2,adaptive=0,most=5",       \
      RC_CANDIDATES_BYTES
/* Settings and events of what is due by bytes.  Where each object comes from
 * the allocator, the allocator keeps the pages of objects that died, so that
 * goals in bytes are coarse and nothing is given back. */
#if RC_CELLS_DIRECT
#define RC_CANDIDATES_BYTES
#define RC_CANDIDATES_PACING
#else
#define RC_CANDIDATES_BYTES                                                    \
  "threshold=1000000,least=64,purge=1",                                        \
      "policy=sqrt,root=1,least=64,give-back=1",                               \
      "policy=count,threshold=4,see-external=0",                               \
      "policy=balance,root=1,least=64,heap-least=128,heap-most=512",
#define RC_CANDIDATES_PACING PACING_EVENTS,
#endif
/* No full detection because the heap has grown. */
#define RC_CANDIDATES_PARTIAL                                                  \
  { "threshold=4,most=20,least=4294967296", GC_RECLAIMS_ALL }
#define RC_CANDIDATES_HOSTILE GC_HOSTILE_BUFFERS
#define RC_EXTERNAL           GC_EXTERNALS_COUNTED

/* The object is in a candidate buffer; or it has no slots, so that it can never
 * be part of a cycle and must not be buffered (Bacon & Rajan's green).  One
 * flag for both makes one test of the two. */
#define RC_BUFFERED OBJECT_FLAG_A

/* The array does not come last: gcc would take it for one of unknown length, so
 * that writing it could change the registers behind it. */
typedef struct rc_candidates {
  bool lent[GC_REGISTERS]; /* registers that have borrowed something */
  object_bag bag;
  unsigned fresh; /* in the bag, and not yet counted for all mutators */
  unsigned died;  /* candidates that this mutator found dead, likewise */
} rc_candidates;

static inline rc_candidates *rc_candidates_of(gc_mutator *m);

/* The slow paths, in cycles.c. */

/* Drops a count of an object that is in no candidate buffer and may be part of
 * a cycle.  Where one thread counts, it is not the last count. */
void rc_release_candidate(gc_mutator *m, gc_object *o);
/* Drops a count and, unless it was the last, makes the object a candidate, if
 * it may be one.  Returns whether it was the last. */
bool rc_release_buffering(gc_mutator *m, gc_object *o);
/* Makes a candidate of an object, of which the caller owns a count. */
void rc_candidate(gc_mutator *m, gc_object *o);
/* A candidate has died and given up its children. */
void rc_candidate_died(gc_mutator *m);

/* With threads, an object may be gone once its count is dropped, so that
 * dropping and becoming a candidate must be one operation. */
static inline void rc_release(gc_mutator *m, gc_object *o) {
  if (!rc_has_one_count(o) && !(rc_meta_relaxed(o) & RC_BUFFERED)) {
    rc_release_candidate(m, o);
    return;
  }
  if (rc_drop(m, o))
    rc_last(m, o);
}

/* Most children have one count: they need no look at the buffers. */
static inline bool rc_release_in_cascade(gc_mutator *m, gc_object *child) {
  if (gc_likely(rc_has_one_count(child)))
    return rc_drop(m, child);
  return rc_release_buffering(m, child);
}

static inline void rc_lent(gc_mutator *m, gc_reg r) {
  rc_candidates_of(m)->lent[r] = true;
}

static inline void rc_unlent(gc_mutator *m, gc_reg first, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    rc_candidates_of(m)->lent[first + i] = false;
}

/* With more slots rc_moves_unnoticed does not look: 7 slots and the header fill
 * a line of the cache. */
enum { RC_FEW_SLOTS = 7 };

/* Whether an object of which the caller owns a count need not become a
 * candidate when that count moves into `into`.  The object need not if it is a
 * candidate, if it has no slots, or if no reference leads from it to `into`
 * because all its slots are null and no other thread can write them.  May say
 * no for an object with many slots. */
static inline bool rc_moves_unnoticed(const gc_object *o,
                                      const gc_object *into) {
  uint64_t header = __atomic_load_n(&o->header, __ATOMIC_ACQUIRE);
  uint32_t meta = (uint32_t)(header >> 32); /* flags above the slot count */
  if (meta & RC_BUFFERED)
    return true;
  if (o == into || (uint32_t)header != 1 || meta > RC_FEW_SLOTS)
    return false;
  for (uint32_t i = 0; i < meta; i++)
    if (o->slots[i])
      return false;
  return true;
}

/* The move may close a cycle around the last reference from outside.  No count
 * is dropped then that would make the object a candidate, so it becomes one
 * here.  An owning register other than `src` that holds the object makes the
 * move harmless: that register will drop its count. */
static inline void rc_before_take(gc_mutator *m, gc_reg obj, gc_reg src) {
  gc_object *o = rc_register(m, src);
  if ((rc_candidates_of(m)->lent[obj] || gc_unlikely(obj == src)) && o &&
      gc_unlikely(!rc_moves_unnoticed(o, rc_register(m, obj))))
    rc_candidate(m, o);
}

/* The hooks, in cycles.c. */

/* Looks for dead cycles if there are candidates enough.  (S) */
void rc_detect_if_due(gc_mutator *m);

/* Elsewhere rc_alloc_slow looks whether a detection is due. */
static inline void rc_before_new(gc_mutator *m) {
  if (RC_CELLS_DIRECT && !gc_mutant(detects_at_drops_only))
    rc_detect_if_due(m);
}
void rc_candidates_create(void);
void rc_candidates_destroy(void);
void rc_candidates_attach(gc_mutator *m);
/* The mutator's candidates go to the heap. */
void rc_candidates_detach(gc_mutator *m);
/* Looks for dead cycles among all candidates and frees them.  (S) */
void rc_candidates_collect(gc_mutator *m);
bool rc_candidates_collect_stopped(gc_mutator *m);
/* Reports a search for cycles that began at `begin_ns`. */
static inline void rc_candidates_report(uint64_t begin_ns) {
  rc_report_detection(begin_ns);
}
uint64_t rc_candidates_bytes(void);
size_t rc_candidates_counters(gc_counter *out, size_t room);
/* Sets RC_CENSUS_CANDIDATE (rc-internal.h) in the word of each candidate, in a
 * table with a word for each granule. */
const char *rc_candidates_check(uint32_t *census);
/* The same of one object; `buffered`: it was found in a candidate buffer. */
const char *rc_candidates_check_object(const gc_object *o, bool buffered);

#endif
