/* deaths.h: when the objects of a trace die, and what follows from that.
 *
 * Both tools go through a trace twice, because an object's death is known only
 * later than it happened: the first time collects the deaths, 40 bytes each,
 * the second time puts them where they belong. */
#ifndef REAPMARK_TRACE_DEATHS_H
#define REAPMARK_TRACE_DEATHS_H

#include "reader.h"
#include "walk.h"
#include "writer.h"

typedef struct trace_deaths {
  walk_death *items; /* by `when` (in lines), then by number */
  size_t count, room;
} trace_deaths;

/* Reads the trace to its end and collects the deaths.  Returns false if it
 * cannot be read: see trace_reader_error.  To be freed in either case. */
bool trace_find_deaths(trace_reader *r, trace_deaths *deaths);
void trace_deaths_free(trace_deaths *deaths);

/* Reads the same trace again and writes it, comments included, with a line
 * `dead` for each object after the operation that it died with; lines `dead`
 * that were there before are left out.  Returns false if it cannot be read. */
bool trace_annotate(trace_reader *r, const trace_deaths *deaths,
                    trace_writer *w);

/* What a trace does.  Bytes are nominal (gc_shape_bytes). */
typedef struct trace_count {
  uint64_t operations, refused; /* lines `dead` not included */
  uint64_t kinds[TRACE_KINDS];  /* refused ones included */
  uint64_t threads;             /* numbers of threads that performed anything */
  uint64_t objects, bytes, slots;
  uint64_t finalizable, finalized;
  uint64_t weak,
      weak_cleared; /* references made; weak-gets that gave nothing */
  uint64_t peak_objects, peak_bytes; /* reachable after an operation */
  uint64_t peak_line;                /* where the bytes were that many first */
  uint64_t end_objects, end_bytes;   /* reachable at the end */
  uint64_t cyclic_objects, cyclic_bytes; /* on dead cycles, or led to by them */
  /* Bytes allocated between the birth and the death of an object, of those that
   * died; the percentiles are those values themselves (nearest rank). */
  double lifetime_mean;
  uint64_t lifetime_p10, lifetime_p50, lifetime_p90, lifetime_p99, lifetime_max;
} trace_count;

/* Reads the same trace again and counts.  The deaths are used up: they are in
 * no order afterwards.  Returns false if it cannot be read. */
bool trace_count_up(trace_reader *r, trace_deaths *deaths, trace_count *count);

#endif
