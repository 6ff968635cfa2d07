/* emulator.c: whether another program interprets this one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/driver/programs/emulator.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static char folder[] = "emulator-XXXXXX";

static int enter_folder(void **state) {
  (void)state;
  return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int leave_folder(void **state) {
  (void)state;
  remove("made-up");
  remove("exe");
  return chdir("..") || rmdir(folder);
}

/* A file that begins like a program for this machine, and a link to it like the
 * one that the kernel has. */
static void make_program(Elf64_Half machine) {
  Elf64_Ehdr header = {.e_ident = ELFMAG, .e_machine = machine};
  FILE *file = fopen("made-up", "w");
  assert_non_null(file);
  assert_int_equal(fwrite(&header, sizeof header, 1, file), 1);
  fclose(file);
  remove("exe");
  assert_int_equal(symlink("made-up", "exe"), 0);
}

static void check(const char *path, unsigned machine, const char *expected) {
  char found[64] = "before";
  emulator_find_in(path, machine, found, sizeof found);
  assert_string_equal(found, expected);
}

static void its_file_is_of_another_architecture(void **state) {
  (void)state;
  make_program(EM_X86_64);
  check("exe", EM_AARCH64, "made-up on x86_64");
  check("exe", EM_X86_64, "");
  make_program(EM_AARCH64);
  check("exe", EM_X86_64, "made-up on aarch64");
  check("made-up", EM_X86_64, "an emulator on aarch64");
  make_program(0x1234);
  check("exe", EM_X86_64, "made-up on machine 4660");
}

static void what_is_no_program_tells_nothing(void **state) {
  (void)state;
  check("no-such-file", EM_X86_64, "");
  make_program(EM_AARCH64);
  assert_int_equal(truncate("made-up", sizeof(Elf64_Ehdr) - 1), 0);
  check("exe", EM_X86_64, "");
  FILE *file = fopen("made-up", "w");
  assert_non_null(file);
  fprintf(file, "%*s", 128, "no program");
  fclose(file);
  check("exe", EM_X86_64, "");
}

/* The emulator, if there is one, answers for the kernel here. */
static void this_program_knows_its_architecture(void **state) {
  (void)state;
  struct utsname name;
  assert_int_equal(uname(&name), 0);
  assert_string_equal(emulator_architecture(), name.machine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(its_file_is_of_another_architecture),
      cmocka_unit_test(what_is_no_program_tells_nothing),
      cmocka_unit_test(this_program_knows_its_architecture),
  };
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
