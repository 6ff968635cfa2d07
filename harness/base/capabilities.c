/* capabilities.c: see capabilities.h. */
#include "capabilities.h"

#define WORDS(name, noun)                                                      \
  { name, noun, "needs " noun }

const struct capability_words capability_words[CAPABILITIES] = {
    [CAPABILITY_THREADS] = WORDS("threads", "threads"),
    [CAPABILITY_WEAK] = WORDS("weak", "weak references"),
    [CAPABILITY_EPHEMERONS] = WORDS("ephemerons", "ephemerons"),
    [CAPABILITY_FINALIZERS] = WORDS("finalizers", "finalizers"),
    [CAPABILITY_EXTERNAL] = WORDS("external", "external memory"),
    [CAPABILITY_DEEP] = WORDS("deep", "drops of any depth"),
    [CAPABILITY_HEAP_LIMIT] = WORDS("heap_limit", "a heap limit")};
