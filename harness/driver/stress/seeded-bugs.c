/* seeded-bugs.c: see seeded-bugs.h.  The programs in the folder mutants/ list
 * their bugs themselves (--mutant list; collectors/common/hostile/mutants.h).
 */
#include "seeded-bugs.h"
#include "harness/base/arena.h"
#include "harness/base/oracles.h"
#include "harness/driver/plan/resolve.h"
#include "harness/base/say.h"
#include "harness/driver/programs/spawn.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <string.h>

#define LIST_TIMEOUT 10.0

typedef struct bug {
  const char *name;     /* FAMILY+NAME */
  const json_t *about;  /* name, family, class, oracle, text */
  const subject *first; /* of those in the programs of the family */
  size_t subjects;
  const subject *caught;        /* the one in which it was caught, or NULL, */
  const json_t *fault;          /* and the entry that gave it away */
  bool tried;                   /* everything, or until it was caught */
  uint64_t operations, elapsed; /* up to that */
  word_list alone;              /* the oracles that catch it with no other */
} bug;

typedef struct bugs {
  bug *items;
  size_t count;
} bugs;

/* The comparisons that an episode can be told to make alone (parameter `oracle`
 * of the random mutator); with "none", what kills or poisons is still seen. */
static const char *const oracles[] = {ORACLE_NAMES, "none"};
enum { ORACLES = sizeof oracles / sizeof *oracles };

/* ------------------------------------------------------------------------- *
 * What there is.
 * ------------------------------------------------------------------------- */

/* The bugs of a program, as it lists them; NULL, and it was said, if it does
 * not. */
static json_t *read_list(const collector *program) {
  spawn_result r;
  char *argv[] = {(char *)program->path, (char *)"--mutant", (char *)"list",
                  NULL};
  spawn_run(argv, SPAWN_STDOUT, LIST_TIMEOUT, &r);
  json_error_t error = {.text = "no answer"};
  json_t *list = r.end == SPAWN_EXITED && !r.code && r.output
                     ? json_loads(r.output, 0, &error)
                     : NULL;
  if (!json_is_array(list)) {
    say("%s: --mutant list: %s", program->path,
        *r.last_words ? r.last_words : error.text);
    json_decref(list);
    list = NULL;
  }
  spawn_result_free(&r);
  return list;
}

static bool is_wanted(const word_list *words, const char *family,
                      const char *name) {
  return !words->count || word_list_has(words, family) ||
         word_list_has(words, name);
}

static void check_words(const word_list *words, const candidates *known) {
  for (size_t k = 0; k < words->count; k++) {
    const char *word = words->words[k];
    bool found = false;
    for (size_t i = 0; i < known->count; i++)
      found |= !strcmp(known->words[i], word);
    if (!found)
      say("warning: there is no seeded bug '%s'%s", word, suggest(word, known));
  }
}

/* Whether the program is of the family: `refcount-atomic` is a refcount. */
static bool is_of(const char *family, const char *program) {
  size_t n = strlen(family);
  return !strncmp(program, family, n) && (!program[n] || program[n] == '-');
}

static void add_bug(bugs *all, const collectors *programs, json_t *about) {
  const char *family = entry_text(about, "family");
  const char *name = entry_text(about, "name");
  bug one = {.about = json_incref(about),
             .name = arena_text("%s+%s", family, name)};
  subject *subjects = arena_take(programs->count * sizeof *subjects);
  for (size_t i = 0; i < programs->count; i++) {
    const collector *p = &programs->items[i];
    if (!p->trouble && is_of(family, p->name))
      subjects[one.subjects++] =
          (subject){.name = arena_text("%s+%s", p->name, name),
                    .program = p,
                    .options = {.name = p->name},
                    .mutant = name};
  }
  one.first = subjects;
  all->items = arena_more(all->items, all->count, sizeof one);
  all->items[all->count++] = one;
}

/* Every program lists the bugs of all. */
static bugs find_bugs(const collectors *programs, const word_list *words) {
  bugs all = {0};
  candidates known = {0};
  json_t *list = NULL, *about;
  for (size_t i = 0; i < programs->count && !list; i++)
    if (!programs->items[i].trouble)
      list = read_list(&programs->items[i]);
  size_t k;
  json_array_foreach(list, k, about) {
    const char *name = arena_text("%s", entry_text(about, "name"));
    const char *family = arena_text("%s", entry_text(about, "family"));
    candidates_add(&known, name);
    candidates_add(&known, family);
    if (*name && is_wanted(words, family, name))
      add_bug(&all, programs, about);
  }
  json_decref(list);
  check_words(words, &known);
  return all;
}

/* ------------------------------------------------------------------------- *
 * Catching them.
 * ------------------------------------------------------------------------- */

/* Without a bug a program must pass all that its bugs are put through, or
 * nothing would follow from their failing.  Sets whether it does; false if the
 * campaign ends. */
static bool check_healthy(campaign *c, const collector *p, bool *healthy) {
  const subject s = {
      .name = p->name, .program = p, .options = {.name = p->name}};
  *healthy = true;
  for (uint64_t round = 0; round < c->seeds; round++)
    for (size_t k = 0; k < c->conditions_count; k++) {
      trial one = {.subject = &s,
                   .under = c->conditions[k],
                   .seed = c->first_seed + round};
      if (!campaign_try(c, &one))
        return false;
      const tally t = one.tally;
      if (!t.fault)
        continue;
      say("%s without any bug fails: %s, seed %ju: %s: %s", p->path,
          c->conditions[k]->name, (uintmax_t)(c->first_seed + round),
          entry_text(t.fault, "oracle"), entry_text(t.fault, "reason"));
      *healthy = false;
      return true;
    }
  return true;
}

/* Whether an entry says that something is wrong; one that proves nothing does
 * not. */
static bool is_proof(const json_t *fault) {
  return fault && !strcmp(entry_text(fault, "result"), "failed");
}

/* Tries the conditions until the bug is caught in the program.  False if the
 * campaign ends. */
static bool catch_in(campaign *c, bug *b, const subject *in) {
  for (uint64_t round = 0; round < c->seeds && !b->fault; round++)
    for (size_t k = 0; k < c->conditions_count && !b->fault; k++) {
      trial one = {.subject = in,
                   .under = c->conditions[k],
                   .seed = c->first_seed + round};
      if (!campaign_try(c, &one))
        return false;
      const tally t = one.tally;
      b->operations += t.operations;
      b->elapsed += t.elapsed;
      if (is_proof(t.fault))
        b->fault = t.fault;
    }
  if (!b->fault)
    return true;
  b->caught = in;
  if (!entry_number(b->fault, "operations"))
    b->operations += entry_number(b->fault, "operation");
  return true;
}

/* Whether it is seen whatever is compared.  The count at the end of a run is
 * too, and is what "count" does after each collection. */
static bool is_always_seen(const char *by) {
  return *by && strcmp(by, "count") && strcmp(by, "verdict");
}

/* Adds the oracle to those of the bug, if it catches it alone under some
 * condition with the seed that gave the bug away: that condition first.  Other
 * sweeps are left out, as they take long. */
static bool try_alone(campaign *c, bug *b, const char *oracle) {
  const condition *first = condition_find(entry_text(b->fault, "condition"));
  uint64_t seed = entry_number(b->fault, "seed");
  bool caught = false, hung = false;
  for (size_t k = 0; k <= c->conditions_count && !caught && !hung; k++) {
    const condition *under = k ? c->conditions[k - 1] : first;
    trial one = {
        .subject = b->caught, .under = under, .seed = seed, .oracle = oracle};
    if (!under || (k && (under == first || under->sweep)))
      continue;
    if (!campaign_try(c, &one))
      return false;
    const json_t *fault = one.tally.fault;
    const char *by = is_proof(fault) ? entry_accuser(fault) : "";
    hung = !strcmp(by, "hang"); /* once is enough waiting */
    caught = !strcmp(oracle, "none") ? is_always_seen(by) : !strcmp(by, oracle);
    if (caught)
      word_list_add(&b->alone, by);
  }
  return true;
}

static bool run_bugs(campaign *c, bugs *all, const collectors *programs) {
  bool *healthy = arena_take(programs->count * sizeof *healthy);
  for (size_t i = 0; i < programs->count; i++)
    for (size_t k = 0; k < all->count; k++)
      if (is_of(entry_text(all->items[k].about, "family"),
                programs->items[i].name)) {
        if (!check_healthy(c, &programs->items[i], &healthy[i]))
          return false;
        break;
      }
  for (size_t i = 0; i < all->count; i++) {
    bug *b = &all->items[i];
    for (size_t k = 0; k < b->subjects && !b->fault; k++)
      if (healthy[b->first[k].program - programs->items]) {
        if (!catch_in(c, b, &b->first[k]))
          return false;
        b->tried = true;
      }
    /* What hangs does so whatever is compared: once is enough waiting. */
    bool hangs = b->fault && !strcmp(entry_accuser(b->fault), "hang");
    for (size_t k = hangs ? ORACLES - 1 : 0; b->fault && k < ORACLES; k++)
      if (!try_alone(c, b, oracles[k]))
        return false;
    say("%zu of %zu, %s: %s", i + 1, all->count, b->name,
        b->fault   ? entry_accuser(b->fault)
        : b->tried ? "NOT CAUGHT"
                   : "not tried");
  }
  return true;
}

/* ------------------------------------------------------------------------- *
 * The table.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "program", .header = "program"},
    {.name = "bug", .header = "bug"},
    {.name = "family", .traits = TABLE_ONLY_JSON},
    {.name = "class", .header = "class", .kind = TABLE_INTEGER},
    {.name = "caught", .header = "caught"},
    {.name = "oracle", .header = "by"},
    {.name = "condition", .header = "under"},
    {.name = "seed", .traits = TABLE_ONLY_JSON},
    {.name = "operations", .header = "operations", .kind = TABLE_COUNT},
    {.name = "elapsed", .header = "time", .kind = TABLE_TIME},
    {.name = "alone", .header = "also alone by"},
    {.name = "text", .header = "what is wrong"},
};

static void add_row(table *t, const bug *b) {
  const char *alone = "";
  for (size_t i = 0; i < b->alone.count; i++)
    alone = arena_text("%s%s%s", alone, *alone ? " " : "", b->alone.words[i]);
  table_row *row = table_add(t, 0);
  table_set_object(row, b->about); /* name and oracle are its own words */
  table_set_text(row, "program",
                 b->caught ? b->caught->program->name
                           : entry_text(b->about, "family"));
  table_set_text(row, "bug", entry_text(b->about, "name"));
  table_set_text(row, "caught",
                 b->fault   ? "yes"
                 : b->tried ? "NO"
                            : "not tried");
  table_set_text(row, "oracle", b->fault ? entry_accuser(b->fault) : "");
  table_set_text(row, "alone", alone);
  table_set_integer(row, "operations", (long long)b->operations);
  table_set_integer(row, "elapsed", (long long)b->elapsed);
  if (b->fault) {
    table_set_json(row, "condition", json_object_get(b->fault, "condition"));
    table_set_json(row, "seed", json_object_get(b->fault, "seed"));
  }
}

/* The bugs that no other oracle catches, as one text. */
static const char *only_by(const bugs *all, const char *oracle, size_t *n) {
  const char *text = "";
  *n = 0;
  for (size_t i = 0; i < all->count; i++) {
    const bug *b = &all->items[i];
    if (b->alone.count == 1 && !strcmp(b->alone.words[0], oracle)) {
      text = arena_text("%s%s%s", text, (*n)++ ? ", " : "", b->name);
    }
  }
  return text;
}

/* Every oracle that caught something, once. */
static word_list oracles_of(const bugs *all) {
  word_list found = {0};
  for (size_t k = 0; k + 1 < ORACLES; k++)
    word_list_add(&found, oracles[k]);
  for (size_t i = 0; i < all->count; i++)
    for (size_t k = 0; k < all->items[i].alone.count; k++)
      if (!word_list_has(&found, all->items[i].alone.words[k]))
        word_list_add(&found, all->items[i].alone.words[k]);
  return found;
}

static bool print_bugs(const bugs *all, const output_format *format) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  page *p = page_new(t);
  json_t *only = json_object();
  size_t caught = 0, n;
  for (size_t i = 0; i < all->count; i++) {
    caught += all->items[i].fault != NULL;
    add_row(t, &all->items[i]);
  }
  const word_list found = oracles_of(all);
  page_tables(p, t);
  page_text(p, PAGE_PARAGRAPH, "Caught: %zu of %zu.", caught, all->count);
  for (size_t k = 0; k < found.count; k++) {
    const char *names = only_by(all, found.words[k], &n);
    json_object_set_new(only, found.words[k], json_string(names));
    page_text(p, PAGE_LINE, "Only by %s: %s.", found.words[k],
              n ? names : "none");
  }
  p->json = json_pack("{s:i, s:i, s:i, s:o, s:o}", "schema", 1, "bugs",
                      (int)all->count, "caught", (int)caught, "rows",
                      table_rows_json(t), "only", only);
  format_print(format, p, stdout);
  return caught == all->count;
}

int mutants_run(campaign *c, const char *workload, const word_list *words,
                const char *dir, bool resume, const output_format *format) {
  const collectors programs = discover_mutants();
  bugs all = find_bugs(&programs, words);
  if (!all.count) {
    say("there are no seeded bugs; 'cmake --build --preset release --target "
        "mutants' makes the programs that have them");
    return EXIT_NOTHING;
  }
  const char *wrong = resolve_workload(&programs, workload, &c->workload);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  for (size_t i = 0; i < all.count; i++)
    word_list_add(&c->names, all.items[i].name);
  if (!campaign_open(c, dir, resume))
    return EXIT_USAGE;
  bool whole = run_bugs(c, &all, &programs);
  bool good = print_bugs(&all, format);
  if (!whole)
    say("%s; --resume --out %s goes on",
        c->end == OUT_OF_TIME ? "the time is used up" : "interrupted", dir);
  if (c->end == INTERRUPTED)
    return EXIT_INTERRUPTED;
  return whole && good ? EXIT_OK : EXIT_SOME_FAILED;
}
