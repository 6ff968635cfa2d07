/* mutants.c: see mutants.h: the table of seeded bugs. */
#include "common/hostile/mutants.h"
#include "common/hostile/hostile.h"
#include "common/hostile/mutant-conditions.h"
#include "harness/base/words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

mutant_id mutant_planted;
static mutant_id mutant_suspended; /* what mutants_resume plants again */

void mutants_suspend(void) {
  mutant_suspended = mutant_planted;
  mutant_planted = MUTANT_NONE;
}

void mutants_resume(void) {
  mutant_planted = mutant_suspended;
}

void mutant_count_up(uint32_t *count) {
  uint32_t old = __atomic_load_n(count, __ATOMIC_RELAXED);
  hostile_race();
  __atomic_store_n(count, old + 1, __ATOMIC_RELAXED);
}

bool mutant_set_bits(uint64_t *word, uint64_t bits) {
  uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
  hostile_race();
  __atomic_store_n(word, old | bits, __ATOMIC_RELAXED);
  return (old & bits) != bits;
}

static const struct {
  const char *name, *family;
  unsigned class;
  const char *oracle, *text;
} table[] = {
#define MUTANT_ROW(name, family, class, oracle, text)                          \
  {#name, family, class, oracle, text},
    MUTANTS(MUTANT_ROW)};
enum { ROWS = sizeof table / sizeof table[0] };

/* The conditions under which bugs are hunted first; null where none is known.
 */
static const char *const conditions[MUTANTS_END] = {
#define MUTANT_CONDITION(name, condition) [MUTANT_##name] = condition,
    MUTANT_CONDITIONS(MUTANT_CONDITION)};

static const char *condition_of(unsigned row) {
  const char *condition = conditions[row + 1]; /* after MUTANT_NONE */
  return condition ? condition : "";
}

/* Prints the table, in which nothing needs escaping. */
static _Noreturn void list(void) {
  for (unsigned i = 0; i < ROWS; i++)
    printf("%s{\"name\":\"%s\",\"family\":\"%s\",\"class\":%u,"
           "\"oracle\":\"%s\",\"under\":\"%s\",\"text\":\"%s\"}",
           i ? ",\n " : "[", table[i].name, table[i].family, table[i].class,
           table[i].oracle, condition_of(i), table[i].text);
  puts("]");
  exit(fflush(stdout) ? 1 : 0);
}

bool mutant_plant(const char *name, const char **hint) {
  if (!strcmp(name, "list"))
    list();
  const char *names[ROWS];
  for (unsigned i = 0; i < ROWS; i++) {
    names[i] = table[i].name;
    if (!strcmp(name, names[i])) {
      mutant_planted = i + 1; /* after MUTANT_NONE */
      return true;
    }
  }
  *hint = words_nearest(name, names, ROWS);
  return false;
}
