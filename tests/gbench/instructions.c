/* `reapmark micro --instructions` counts what is in a loop, and only that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *reapmark;

/* Of primitive `name` in the record. */
static double instructions(const json_t *record, const char *name) {
  size_t i;
  json_t *p;
  json_array_foreach(json_object_get(record, "primitives"), i, p) if (
      !strcmp(json_string_value(json_object_get(p, "name")),
              name)) return json_real_value(json_object_get(p, "instructions"));
  fail_msg("no primitive '%s'", name);
  return 0;
}

static void test_counts(void **state) {
  (void)state;
  char command[4096];
  snprintf(command, sizeof command,
           "'%s' micro --instructions -c none,refcount -p "
           "loop,copy,borrow,alloc,move --format json",
           reapmark);
  FILE *f = popen(command, "r");
  assert_non_null(f);
  json_t *records = json_loadf(f, 0, NULL);
  assert_int_equal(pclose(f), 0);
  assert_int_equal(json_array_size(records), 2);
  const json_t *none = json_array_get(records, 0);
  const json_t *refcount = json_array_get(records, 1);

  /* Counting down and jumping; a load and a store. */
  assert_true(fabs(instructions(none, "loop") - 2) < 0.01);
  assert_true(fabs(instructions(none, "copy") - 4) < 0.01);
  /* A move is a load and two stores; half of the loop belongs to each. */
  assert_true(fabs(instructions(none, "move") - 4) < 0.01);
  /* The same loop in both, but counting costs, and borrowing does not. */
  assert_true(fabs(instructions(refcount, "loop") - 2) < 0.01);
  assert_true(instructions(refcount, "copy") > instructions(none, "copy") + 2);
  assert_true(fabs(instructions(refcount, "borrow") -
                   instructions(none, "borrow")) < 0.01);
  /* An object from its block's list, and its predecessor back to it. */
  assert_true(instructions(refcount, "alloc") < 70);
  /* Mostly the fast path, which bumps a pointer. */
  assert_true(instructions(none, "alloc") > 5);
  assert_true(instructions(none, "alloc") < 30);
  json_decref(records);
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  reapmark = argv[1];
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
