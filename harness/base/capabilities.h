/* capabilities.h: what a workload, a heap limit or a hostile condition may need
 * of a collector: the name in self-descriptions (results/schema.md), and the
 * words for people where a collector lacks it: "needs weak references". */
#ifndef REAPMARK_CAPABILITIES_H
#define REAPMARK_CAPABILITIES_H

typedef enum capability {
  CAPABILITY_THREADS,
  CAPABILITY_WEAK,
  CAPABILITY_EPHEMERONS,
  CAPABILITY_FINALIZERS,
  CAPABILITY_EXTERNAL,
  CAPABILITY_DEEP,
  CAPABILITY_HEAP_LIMIT,
  CAPABILITIES
} capability;

extern const struct capability_words {
  const char *name;  /* of a member of `capabilities`, and in `needs` */
  const char *noun;  /* "weak references" */
  const char *needs; /* "needs weak references" */
} capability_words[CAPABILITIES];

#endif
