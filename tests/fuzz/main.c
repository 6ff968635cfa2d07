/* main.c: runs a fuzz target on the files of the folders that are named,
 * without a fuzzer: what was once found stays found, with any compiler. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_file(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  enum { MOST = 1 << 20 };
  uint8_t *data = malloc(MOST);
  size_t size = data ? fread(data, 1, MOST, file) : 0;
  fclose(file);
  printf("%s: %zu bytes\n", path, size);
  LLVMFuzzerTestOneInput(data, size);
  free(data);
}

int main(int argc, char **argv) {
  unsigned files = 0;
  for (int i = 1; i < argc; i++) {
    DIR *folder = opendir(argv[i]);
    if (!folder) {
      perror(argv[i]);
      return 1;
    }
    for (struct dirent *e; (e = readdir(folder)) != NULL;)
      if (*e->d_name != '.') {
        run_file(argv[i], e->d_name);
        files++;
      }
    closedir(folder);
  }
  if (files == 0)
    fputs("no files to run\n", stderr);
  return files == 0;
}
