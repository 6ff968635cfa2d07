/* deaths.h: when the objects of a trace die, and two tools that use that:
 * annotating a trace with deaths, and counting what it does.
 *
 * Both tools read a trace twice, because an object's death is known only later
 * than it happens.  The first reading collects the deaths (40 bytes each), the
 * second one puts them where they belong. */
#ifndef REAPMARK_TRACE_DEATHS_H
#define REAPMARK_TRACE_DEATHS_H

#include "live-graph.h"
#include "reader.h"
#include "walk.h"
#include "writer.h"

typedef struct trace_deaths {
  walk_death *items; /* sorted by `when` (in lines), then by number */
  size_t count, room;
  uint64_t bytes; /* allocated in all; set by trace_find_deaths */
} trace_deaths;

/* Reads the trace to its end and collects the deaths, which are to be freed in
 * either case.  Returns false if the trace cannot be read: see
 * trace_reader_error. */
bool trace_find_deaths(trace_reader *r, trace_deaths *deaths);
void trace_deaths_free(trace_deaths *deaths);

/* Add a death, as a listener of a walk does (`data`: a trace_deaths), and sort
 * the deaths. */
void trace_deaths_add(void *data, const walk_death *death);
void trace_deaths_sort(trace_deaths *deaths);

/* Reads the same trace again and writes it, with its comments and with a line
 * `dead` for each object after the operation with which it died.  Lines `dead`
 * of the trace itself are left out.  Returns false if the trace cannot be
 * read. */
bool trace_annotate(trace_reader *r, const trace_deaths *deaths,
                    trace_writer *w);

enum { TRACE_MOMENTS = 20 };

/* What the operations of a trace do.  Bytes are nominal (gc_shape_bytes). */
typedef struct trace_count {
  uint64_t operations, refused; /* without lines `dead` */
  uint64_t kinds[TRACE_KINDS];  /* with refused operations */
  uint64_t threads;             /* threads that performed anything */
  uint64_t objects, bytes, slots;
  uint64_t finalizable, finalized;
  uint64_t weak,
      weak_cleared; /* weak references made; weak-gets that returned null */
  uint64_t ephemerons, ephemerons_null; /* the same of ephemerons */
  uint64_t external; /* bytes of external memory, not among the others */
  uint64_t peak_objects, peak_bytes; /* the most that is ever reachable */
  uint64_t peak_line;                /* where the bytes first were that many */
  uint64_t end_objects, end_bytes;   /* reachable at the end */
  uint64_t cyclic_objects, cyclic_bytes; /* in or reachable from dead cycles */
  /* Lifetimes of the objects that died: bytes allocated between birth and
   * death.  The percentiles are values of the sample (nearest rank). */
  double lifetime_mean;
  uint64_t lifetime_p10, lifetime_p50, lifetime_p90, lifetime_p99, lifetime_max;
  /* Sizes of objects, weak references and ephemerons included.  Percentiles are
   * exact up to 64 KiB, and of larger sizes at most 7 % too large. */
  uint64_t size_p10, size_p50, size_p90, size_p99, size_max;
  uint64_t stores;     /* to slots of objects, null or not */
  uint64_t overwrites; /* of these, to slots that held an object */
  /* Bytes that are reachable after each TRACE_MOMENTS-th part of the
   * allocation. */
  uint64_t live[TRACE_MOMENTS];
  live_graph graph; /* at the moment of these with the most reachable objects */
} trace_count;

/* Reads the same trace again and counts.  The deaths are in no order
 * afterwards.  Returns false if the trace cannot be read. */
bool trace_count_up(trace_reader *r, trace_deaths *deaths, trace_count *count);

#endif
