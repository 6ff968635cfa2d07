/* heap-size.h: sizes of the heap as users and plans write them.
 *
 *   none      no limit
 *   64M       bytes, with an optional k, M or G (powers of 1024).  64MB, 64MiB
 *             and 0.0625G are the same.
 *   1.5x      a multiple of the bytes that the workload must hold at its peak
 *   1.5xmin   a multiple of the smallest heap in which the cell completes.
 *             Plans and records have these, users do not write them.
 *
 * The driver, the collector programs and the reports parse them with this
 * code. */
#ifndef REAPMARK_HEAP_SIZE_H
#define REAPMARK_HEAP_SIZE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum heap_kind {
  HEAP_UNLIMITED,
  HEAP_BYTES,
  HEAP_MULTIPLE,
  HEAP_OF_MINIMUM
} heap_kind;

typedef struct heap_size {
  heap_kind kind;
  double multiple;  /* of HEAP_MULTIPLE and HEAP_OF_MINIMUM */
  uint64_t bytes;   /* of HEAP_BYTES; of HEAP_OF_MINIMUM: the limit that follows
                       from the multiple, 0 if the minimum is not known */
  const char *text; /* as written, borrowed from what was parsed; of bytes with
                       a fraction or a unit in B, an equal size without */
} heap_size;

/* What to say of a text that is none of what users write. */
#define HEAP_SIZE_WRONG                                                        \
  "heap size '%s' is neither bytes such as 64M, nor a multiple such as 1.5x, " \
  "nor none"

/* Parses what users write.  False: it is something else, and *out is without a
 * limit. */
bool heap_size_parse(const char *text, heap_size *out);

/* The same for the driver's command line and for suites.  There, a number
 * without a unit that is below HEAP_BARE_LEAST is a mistake: no heap is that
 * small, and megabytes or a multiple were meant.  Returns NULL, or what is
 * wrong with the text, as arena_text. */
enum { HEAP_BARE_LEAST = 64 << 10 };
const char *heap_size_take(const char *text, heap_size *out);

/* The same for what plans and records hold: also multiples of minimums. */
bool heap_size_read(const char *text, heap_size *out);

/* Sizes that the driver makes; their texts live as long as the process. */
heap_size heap_size_of_bytes(uint64_t bytes);
heap_size heap_size_of_multiple(double multiple);

/* The same multiple of a minimum heap of so many bytes (0: not known). */
heap_size heap_size_of_minimum(const heap_size *multiple, uint64_t minimum);

/* The limit in bytes if 1x means `one` bytes; 0 without a limit.  False if the
 * limit is too large for a size. */
bool heap_size_limit(const heap_size *h, uint64_t one, uint64_t *limit);

/* The size as a collector program is told it, which knows no minimums. */
const char *heap_size_argument(const heap_size *h);

/* Whether one of two sizes can be called the larger: both are of one kind, or
 * one has no limit. */
bool heap_size_comparable(const heap_size *a, const heap_size *b);

/* Of two such sizes, whether `a` is the larger. */
bool heap_size_larger(const heap_size *a, const heap_size *b);

#endif
