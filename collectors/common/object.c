/* object.c: see object.h. */
#include "common/object.h"

gc_object *object_globals[GC_GLOBALS + 1];

void object_stack_overflow(void) {
  fprintf(stderr, "shadow stack overflow: more than %d registers in use\n",
          GC_REGISTERS);
  abort();
}

#ifdef GC_CHECKS
void object_misuse(const char *what, uint32_t number) {
  fprintf(stderr, "misuse of the mutator interface: %s %u\n", what, number);
  abort();
}
#endif
