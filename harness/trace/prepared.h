/* prepared.h: what a prepared trace states in comments (docs/trace-format.md,
 * "A prepared trace"): figures of the whole at its head, and at its end what is
 * alive.  prepare.h makes such traces. */
#ifndef REAPMARK_TRACE_PREPARED_H
#define REAPMARK_TRACE_PREPARED_H

#include "reader.h"

/* The figures, X(member, key): numbers without unit are counts, the others
 * nominal bytes (gc_shape_bytes). */
#define PREPARED_FIGURES(X)                                                    \
  X(operations, "operations") /* without lines `dead` */                       \
  X(objects, "objects")                                                        \
  X(bytes, "bytes")                                                            \
  X(live, "live")     /* the most bytes that are reachable at a time */        \
  X(cyclic, "cyclic") /* bytes dead in cycles, or led to by them */            \
  X(cyclic_objects, "cyclic-objects")                                          \
  X(end_objects, "end-objects") /* reachable at the end */                     \
  X(end_bytes, "end-bytes")                                                    \
  X(end_cyclic_objects, "end-cyclic-objects") /* when the roots are dropped */ \
  X(mutators, "mutators")                     /* the most at a time */         \
  X(weak, "weak")                                                              \
  X(ephemerons, "ephemerons")                                                  \
  X(finalizable, "finalizable")                                                \
  X(external, "external") /* lines */                                          \
  X(registers, "registers")                                                    \
  X(slots, "slots")       /* of the largest object */                          \
  X(payloads, "payloads") /* the sum that `payload` reads, modulo 2^64 */

typedef struct trace_prepared {
#define PREPARED_MEMBER(member, key) uint64_t member;
  PREPARED_FIGURES(PREPARED_MEMBER)
#undef PREPARED_MEMBER
  bool free_order; /* threads may run at the same time */
  uint64_t graph;  /* the checksum of what is alive at the end */
} trace_prepared;

/* The longest comment of a prepared trace, without the "# ", with its 0. */
enum { PREPARED_TEXT = TRACE_LINE - 2 };

/* Writes the comment with the figures, "prepared: ...". */
void trace_prepared_text(const trace_prepared *p, char text[PREPARED_TEXT]);

/* Reads that comment.  False if the comment is another one, or lacks a figure.
 */
bool trace_prepared_parse(const char *text, trace_prepared *p);

/* A part of the checksum, and the first operand of those of roots, and the
 * second ones of global and thread-local roots and of an object's shape. */
uint64_t trace_graph_term(uint64_t a, uint64_t b, uint64_t c);
#define PREPARED_GLOBALS 0x100000000u
#define PREPARED_TLS     0x200000000u
#define PREPARED_SHAPE   0x100000000u

/* An object with as many bytes of payload has its number in the first of them,
 * the lowest byte first. */
enum { PREPARED_STAMP = 8 };

/* ------------------------------------------------------------------------- *
 * What is alive at the end, as the comments say.
 * ------------------------------------------------------------------------- */

typedef enum alive_kind {
  ALIVE_OBJECT,
  ALIVE_WEAK,
  ALIVE_EPHEMERON
} alive_kind;

/* A place that holds an object: a root or a slot. */
typedef struct alive_edge {
  uint64_t place; /* of a root as in the checksum */
  uint64_t number;
  uint32_t target; /* index of the object */
} alive_edge;

typedef struct alive_object {
  uint64_t number;
  alive_kind kind;
  uint32_t slots, bytes;
  size_t first, edges; /* of its slots that are not null; of a weak reference
                          its target, of an ephemeron its key and value, if they
                          are alive */
} alive_object;

typedef struct trace_alive {
  alive_edge *roots, *edges;
  size_t roots_count, roots_room, edges_count, edges_room;
  alive_object *objects; /* sorted by number after trace_alive_end */
  size_t objects_count, objects_room;
} trace_alive;

/* Adds what a comment says, if it says something of this.  Returns NULL, or
 * what is wrong with the comment. */
const char *trace_alive_add(trace_alive *a, const char *text);

/* Finds the objects that places hold, and compares all with the figures of the
 * head.  Returns NULL, or what does not go together. */
const char *trace_alive_end(trace_alive *a, const trace_prepared *p);

void trace_alive_free(trace_alive *a);

#endif
