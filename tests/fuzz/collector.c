/* collector.c: the mutator interface of one collector as a fuzz target.  Each
 * byte string gives the choices of one thread
 * (workloads/operations/fuzz/fuzz.h) in a heap that lasts for the whole
 * process.  Between the strings nothing is alive, and that is checked.
 *
 * An engine (libFuzzer, AFL++) brings its own main.  Without an engine, the
 * program runs every file that it is given, and byte strings of every length up
 * to a bound, cut from a random one. */
#include "rig.h"

_Noreturn static void rig_violation(const char *oracle, const char *story) {
  fprintf(stderr, "%s: %s", oracle, story);
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
  if (!rig_run.heap) {
    rig_open(0);
    atexit(rig_close);
  }
  fuzz_bytes(&rig_thread, bytes, n);
  return 0;
}

#ifndef FUZZ_ENGINE

enum { LENGTHS = 300, LONG = 20000 };

static void run_file(const char *path) {
  static uint8_t bytes[1 << 20];
  FILE *file = fopen(path, "rb");
  if (!file)
    rig_fail(path);
  size_t n = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  LLVMFuzzerTestOneInput(bytes, n);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    run_file(argv[i]);
  LLVMFuzzerTestOneInput(NULL, 0);
  static uint8_t bytes[LONG];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(wl_random(&rig_thread) >> 56);
  for (size_t n = 0; n <= LENGTHS; n++)
    LLVMFuzzerTestOneInput(bytes + n, n);
  LLVMFuzzerTestOneInput(bytes, sizeof bytes);
  return 0;
}

#endif
