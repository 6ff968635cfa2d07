/* emulator.c: see emulator.h.
 *
 * An emulator of programs answers for /proc/self/exe as if it were the program
 * in it, since programs find their own files by that name.  The kernel's own
 * answer stands under /proc/thread-self/exe. */
#include "emulator.h"
#include "harness/base/arena.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The header of this program in memory; the linker defines the name. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static const char *name_of(unsigned machine) {
  static const struct {
    unsigned machine;
    const char *name;
  } names[] = {{EM_X86_64, "x86_64"}, {EM_AARCH64, "aarch64"},
               {EM_386, "i686"},      {EM_ARM, "arm"},
               {EM_PPC64, "ppc64"},   {EM_S390, "s390x"},
               {EM_RISCV, "riscv64"}, {EM_LOONGARCH, "loongarch64"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].machine == machine)
      return names[i].name;
  return arena_text("machine %u", machine);
}

const char *emulator_architecture(void) {
  return name_of(__ehdr_start.e_machine);
}

void emulator_find_in(const char *path, unsigned machine, char *out,
                      size_t room) {
  ElfW(Ehdr) header;
  char target[4096];
  *out = 0;
  FILE *file = fopen(path, "re");
  bool read = file && fread(&header, sizeof header, 1, file) == 1;
  if (file)
    fclose(file);
  if (!read || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_machine == machine)
    return;
  ssize_t n = readlink(path, target, sizeof target - 1);
  target[n > 0 ? n : 0] = 0;
  const char *slash = strrchr(target, '/');
  snprintf(out, room, "%s on %s",
           n <= 0  ? "an emulator"
           : slash ? slash + 1
                   : target,
           name_of(header.e_machine));
}

void emulator_find(char *out, size_t room) {
  emulator_find_in("/proc/thread-self/exe", __ehdr_start.e_machine, out, room);
}
