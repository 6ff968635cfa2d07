/* gbench-loops c|native ITERATIONS: runs an empty benchmark loop so often, for
 * its instructions to be counted from outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gbench.h"

void native_loop(const char *name, int64_t iterations);

static void c_loop(gb_state *st, void *data) {
  (void)data;
  for (uint64_t n = gb_begin(st); n > 0; n--)
    gb_clobber();
  gb_end(st);
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  long iterations = strtol(argv[2], NULL, 10);
  if (strcmp(argv[1], "native") == 0) {
    native_loop("loop", iterations);
    return 0;
  }
  const gb_config config = {.name = "loop", .iterations = (uint64_t)iterations};
  const char *problem = gb_register(&config, c_loop, NULL);
  if (problem) {
    fprintf(stderr, "%s\n", problem);
    return 2;
  }
  return gb_run(NULL, NULL, NULL);
}
