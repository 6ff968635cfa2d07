/* seeded-bugs.c: see seeded-bugs.h.  The programs in the folder mutants/ list
 * their bugs themselves (--mutant list; collectors/common/hostile/mutants.h).
 */
#include "seeded-bugs.h"
#include "ladder.h"
#include "harness/base/arena.h"
#include "harness/base/oracles.h"
#include "harness/driver/live/live.h"
#include "harness/driver/plan/resolve.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/driver/programs/spawn.h"
#include "harness/record/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LIST_TIMEOUT 10.0

/* The search for a bug with one seed.  It begins where the bug is likely to be
 * caught (is_lead).  Then short episodes come first: under every condition of
 * every program, and then again with more operations. */
typedef struct hunt {
  uint64_t seed;
  size_t leads;  /* trials that were begun where the bug is likely */
  size_t trials; /* that were begun after these */
  trial now;     /* the last of them */
  bool begun;    /* it has not ended */
  trial check;   /* the same without the bug, where it failed */
  bool checks;
  bool ended;                   /* the hunt */
  const json_t *fault;          /* the entry that gave the bug away, or NULL */
  uint64_t operations, elapsed; /* up to that, or all */
} hunt;

/* The question whether an oracle catches a bug alone. */
typedef struct question {
  size_t condition; /* 0: that of the fault; then all */
  trial now;
  bool begun, ended;
} question;

typedef struct bug {
  const char *name;    /* FAMILY+NAME */
  const json_t *about; /* name, family, class, oracle, text */
  ladder ladder;       /* the programs of the family, under each condition */
  hunt *hunts;         /* one for each seed */
  question
      *questions;  /* one for each oracle, after the hunt of the first seed */
  word_list alone; /* the oracles that catch it with no other */
  bool told;
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
      say_warning("W-no-such-bug", "there is no seeded bug '%s'%s", word,
                  suggest(word, known));
  }
}

/* Whether the program is of the family: `refcount-atomic` is a refcount.  Bugs
 * of the harness are in all. */
static bool is_of(const char *family, const char *program) {
  if (!strcmp(family, "harness"))
    return true;
  size_t n = strlen(family);
  return !strncmp(program, family, n) && (!program[n] || program[n] == '-');
}

static void add_bug(bugs *all, const campaign *c, const collectors *programs,
                    json_t *about, bool by_user) {
  const char *family = entry_text(about, "family");
  const char *name = entry_text(about, "name");
  bug one = {.about = json_incref(about),
             .name = arena_text("%s+%s", family, name)};
  for (size_t i = 0; i < programs->count; i++) {
    const collector *p = &programs->items[i];
    if (!p->trouble && is_of(family, p->name))
      ladder_add(&one.ladder, c, p, about, by_user);
  }
  if (!by_user)
    ladder_sort(&one.ladder);
  all->items = arena_more(all->items, all->count, sizeof one);
  all->items[all->count++] = one;
}

/* Every program lists the bugs of all. */
static bugs find_bugs(const campaign *c, const collectors *programs,
                      const bug_hunting *how) {
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
    if (*name && is_wanted(how->words, family, name))
      add_bug(&all, c, programs, about, how->chosen);
  }
  json_decref(list);
  check_words(how->words, &known);
  return all;
}

/* ------------------------------------------------------------------------- *
 * Catching them.
 * ------------------------------------------------------------------------- */

/* Operations of an episode in the first rung, if the share of its condition is
 * 100; each further rung has RUNG_FACTOR times as many. */
enum { RUNG_FIRST = 10000, RUNG_FACTOR = 4 };

/* Whether an entry says that something is wrong; one that proves nothing does
 * not. */
static bool is_proof(const json_t *fault) {
  return fault && !strcmp(entry_text(fault, "result"), "failed");
}

/* Operations in the rung; in the last one, those of the campaign. */
static uint64_t operations_of(size_t rung, uint64_t most) {
  uint64_t n = RUNG_FIRST;
  while (rung-- && n < most)
    n *= RUNG_FACTOR;
  return n < most ? n : most;
}

/* Whether a hunt begins in this place: where the bug was caught with the first
 * seed, or under the condition that the list of bugs names.  A lead changes
 * only the order: all places follow. */
static bool is_lead(const bug *b, const hunt *h, const bug_place *at) {
  const hunt *first = b->hunts;
  if (h != first && first->fault)
    return at->subject == first->now.subject && at->under == first->now.under;
  return at->hinted;
}

/* Begins the next trial of the hunt that applies, or ends the hunt. */
static void begin_next(const campaign *c, const bug *b, hunt *h) {
  if (!b->ladder.count) {
    h->ended = true;
    return;
  }
  const bug_place *first = b->ladder.places;
  const uint64_t most =
      campaign_trial(c, first->subject, first->under, h->seed).ordinary;
  while (!h->begun && h->leads < b->ladder.count) {
    const bug_place *at = &b->ladder.places[h->leads++];
    h->begun = is_lead(b, h, at) &&
               !condition_missing(at->under, at->subject->program);
    h->now = campaign_trial(c, at->subject, at->under, h->seed);
    h->now.ordinary = most;
    h->now.variant = "lead";
  }
  for (; !h->begun && !h->ended; h->trials++) {
    const size_t rung = h->trials / b->ladder.count;
    const bug_place *at = &b->ladder.places[h->trials % b->ladder.count];
    trial *t = &h->now;
    *t = campaign_trial(c, at->subject, at->under, h->seed);
    t->ordinary = operations_of(rung, most);
    t->variant = arena_text("rung-%zu", rung + 1);
    h->ended = rung && operations_of(rung - 1, most) == most;
    h->begun = !h->ended &&
               !condition_missing(at->under, at->subject->program) &&
               (rung == at->rung || (rung > at->rung && !at->once) ||
                (rung < at->rung && t->ordinary == most));
  }
}

/* Programs, conditions and seeds that failed without a bug, and were told. */
static word_list sick;

/* Whether the program passes without the bug where it failed with it: otherwise
 * nothing follows from the failure.  False if that is not known yet. */
static bool check_sound(campaign *c, hunt *h, bool *sound) {
  const json_t *fault = h->now.tally.fault, *entry;
  trial *t = &h->check;
  if (!h->checks)
    *t = (trial){.subject = h->now.subject->sound,
                 .under = h->now.under,
                 .seed = h->seed,
                 .ordinary = h->now.ordinary,
                 .variant = h->now.variant,
                 .only = h->now.step};
  h->checks = true;
  if (t->under->sweep) {
    episode e = campaign_episode(c, t);
    e.operations = c->sweep;
    e.place = entry_number(fault, "place");
    entry = campaign_entry(c, &e);
    if (!entry)
      return false;
    trial_add(t, entry);
  } else if (!campaign_try(c, t))
    return false;
  *sound = !is_proof(t->tally.fault);
  const char *where = arena_text("%s/%s/%ju", t->subject->name, t->under->name,
                                 (uintmax_t)t->seed);
  if (!*sound && !word_list_has(&sick, where)) {
    word_list_add(&sick, where);
    say("%s without any bug fails: %s, seed %ju: %s: %s",
        t->subject->program->path, t->under->name, (uintmax_t)t->seed,
        entry_accuser(t->tally.fault), entry_text(t->tally.fault, "reason"));
  }
  return true;
}

/* Goes on with the hunt.  Whether it has ended; if not, it waits. */
static bool go_on(campaign *c, const bug *b, hunt *h) {
  while (!h->ended) {
    if (!h->begun)
      begin_next(c, b, h);
    if (h->ended || !campaign_try(c, &h->now))
      break;
    const tally *t = &h->now.tally;
    bool sound = true;
    if (is_proof(t->fault) && !check_sound(c, h, &sound))
      break;
    h->begun = h->checks = false;
    h->operations += t->operations;
    h->elapsed += t->elapsed;
    if (is_proof(t->fault) && sound) {
      h->fault = t->fault;
      h->ended = true;
    }
  }
  return h->ended;
}

/* Whether it is seen whatever is compared.  The count at the end of a run is
 * too, and is what "count" does after each collection. */
static bool is_always_seen(const char *by) {
  return *by && strcmp(by, "count") && strcmp(by, "verdict");
}

/* Goes on with the question whether the oracle catches the bug alone: in the
 * place where the hunt of the first seed ended, and then under the other
 * conditions of that program but sweeps.  Whether it is answered. */
static bool ask_on(campaign *c, bug *b, question *q, const char *oracle) {
  const hunt *h = b->hunts;
  const subject *in = h->now.subject;
  for (; !q->ended && q->condition <= in->conditions.count; q->condition++) {
    const condition *under =
        q->condition ? in->conditions.items[q->condition - 1] : h->now.under;
    if (q->condition && (under == h->now.under || under->sweep))
      continue;
    if (!q->begun)
      q->now = (trial){.subject = in,
                       .under = under,
                       .seed = h->seed,
                       .ordinary = h->now.ordinary,
                       .variant = h->now.variant,
                       .oracle = oracle};
    q->begun = true;
    if (!campaign_try(c, &q->now))
      return false;
    q->begun = false;
    const json_t *fault = q->now.tally.fault;
    const char *by = is_proof(fault) ? entry_accuser(fault) : "";
    bool caught =
        !strcmp(oracle, "none") ? is_always_seen(by) : !strcmp(by, oracle);
    if (caught)
      word_list_add(&b->alone, by);
    q->ended = caught || !strcmp(by, "hang"); /* once is enough waiting */
  }
  return q->ended = true;
}

/* Goes on with all that concerns the bug.  Whether it is at its end. */
static bool hunt_on(campaign *c, bug *b, bool alone) {
  bool ended = true;
  /* What the first seed finds, the others begin with. */
  for (size_t i = 0; i < c->seeds && (!i || b->hunts->ended); i++)
    ended &= b->hunts[i].ended ||
             (!campaign_is_busy(c) && go_on(c, b, &b->hunts[i]));
  ended &= b->hunts->ended;
  const json_t *fault = b->hunts->fault;
  if (!ended || !alone || !fault)
    return ended;
  /* What hangs does so whatever is compared: once is enough waiting. */
  bool hangs = !strcmp(entry_accuser(fault), "hang");
  for (size_t k = hangs ? ORACLES - 1 : 0; k < ORACLES; k++)
    ended &=
        b->questions[k].ended ||
        (!campaign_is_busy(c) && ask_on(c, b, &b->questions[k], oracles[k]));
  return ended;
}

/* The number of seeds with which the bug was caught. */
static size_t caught_of(const campaign *c, const bug *b) {
  size_t n = 0;
  for (size_t i = 0; i < c->seeds; i++)
    n += b->hunts[i].fault != NULL;
  return n;
}

static void tell(const campaign *c, const bugs *all, bug *b) {
  size_t told = 1;
  for (size_t i = 0; i < all->count; i++)
    told += all->items[i].told;
  b->told = true;
  live_done(told, all->count, NAN);
  if (!live_is_on())
    say("%zu of %zu, %s: caught with %zu of %ju seed%s", told, all->count,
        b->name, caught_of(c, b), (uintmax_t)c->seeds,
        c->seeds == 1 ? "" : "s");
}

/* Goes on with all bugs.  Whether all are at their end. */
static bool hunt_all(campaign *c, bugs *all, bool alone) {
  bool ended = true;
  for (size_t i = 0; i < all->count; i++) {
    bug *b = &all->items[i];
    if (!b->told && !campaign_is_busy(c) && hunt_on(c, b, alone))
      tell(c, all, b);
    ended &= b->told;
  }
  return ended;
}

/* ------------------------------------------------------------------------- *
 * The table.
 * ------------------------------------------------------------------------- */

static const table_column columns[] = {
    {.name = "program", .header = "program", .traits = TABLE_KEY},
    {.name = "bug", .header = "bug", .traits = TABLE_KEY},
    {.name = "family", .traits = TABLE_ONLY_JSON},
    {.name = "class", .header = "class", .kind = TABLE_INTEGER, .leaves = 2},
    {.name = "seed",
     .header = "seed",
     .kind = TABLE_INTEGER,
     .traits = TABLE_KEY},
    {.name = "caught", .header = "caught"},
    {.name = "oracle", .header = "by"},
    {.name = "condition", .header = "under", .leaves = 1},
    {.name = "operations",
     .header = "operations",
     .kind = TABLE_COUNT,
     .leaves = 3},
    {.name = "elapsed", .header = "time", .kind = TABLE_TIME, .leaves = 4},
    {.name = "alone",
     .header = "also alone by",
     .traits = TABLE_OPTIONAL,
     .leaves = 5},
    {.name = "text", .header = "what is wrong"},
};

/* The row of a bug with a seed. */
static void add_row(table *t, const bug *b, const hunt *h) {
  const char *alone = NULL;
  for (size_t i = 0; i < b->alone.count && h == b->hunts; i++)
    alone = arena_text("%s%s%s", alone ? alone : "", alone ? " " : "",
                       b->alone.words[i]);
  table_row *row = table_add(t, 0);
  table_set_object(row, b->about); /* name and oracle are its own words */
  table_set_text(row, "program",
                 h->fault ? h->now.subject->program->name
                          : entry_text(b->about, "family"));
  table_set_text(row, "bug", entry_text(b->about, "name"));
  table_set_integer(row, "seed", (long long)h->seed);
  table_set_text(row, "caught",
                 h->fault                      ? "yes"
                 : h->ended && b->ladder.count ? "NO"
                                               : "not tried");
  table_set_text(row, "oracle", h->fault ? entry_accuser(h->fault) : "");
  table_set_text(row, "alone", alone);
  table_set_integer(row, "operations", (long long)h->operations);
  table_set_integer(row, "elapsed", (long long)h->elapsed);
  if (h->fault)
    table_set_text(row, "condition", h->now.under->name);
  if (h != b->hunts)
    table_show(row, "text", "%s", "");
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

static bool print_bugs(const campaign *c, const bugs *all, bool alone,
                       const output_format *format) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  page *p = page_new(t);
  json_t *only = json_object();
  size_t caught = 0, n;
  for (size_t i = 0; i < all->count; i++) {
    const bug *b = &all->items[i];
    caught += caught_of(c, b) == c->seeds;
    for (size_t k = 0; k < c->seeds; k++)
      add_row(t, b, &b->hunts[k]);
  }
  const word_list found = oracles_of(all);
  page_tables(p, t);
  page_text(
      p, PAGE_PARAGRAPH, "Caught: %zu of %zu, with %s.", caught, all->count,
      c->seeds == 1 ? "one seed"
                    : arena_text("each of %ju seeds", (uintmax_t)c->seeds));
  for (size_t k = 0; alone && k < found.count; k++) {
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

int mutants_run(campaign *c, const bug_hunting *how, const char *dir,
                bool resume, const output_format *format) {
  const collectors programs = discover_mutants();
  if (!how->chosen)
    ladder_order(&c->conditions);
  bugs all = find_bugs(c, &programs, how);
  if (!all.count) {
    say("there are no seeded bugs; 'cmake --build --preset release --target "
        "mutants' makes the programs that have them");
    return EXIT_NOTHING;
  }
  const char *wrong = resolve_workload(&programs, how->workload, &c->workload);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  for (size_t i = 0; i < all.count; i++) {
    bug *b = &all.items[i];
    word_list_add(&c->names, b->name);
    b->hunts = arena_take(c->seeds * sizeof *b->hunts);
    b->questions = arena_take(ORACLES * sizeof *b->questions);
    for (uint64_t k = 0; k < c->seeds; k++)
      b->hunts[k].seed = c->first_seed + k;
  }
  if (!campaign_open(c, dir, resume))
    return EXIT_USAGE;
  live_begin();
  while (!hunt_all(c, &all, how->alone) && campaign_wait(c))
    ;
  live_end();
  bool good = print_bugs(c, &all, how->alone, format);
  if (c->end)
    say("%s; --resume --out %s goes on",
        c->end == OUT_OF_TIME ? "the time is used up" : "interrupted", dir);
  if (c->end == INTERRUPTED)
    return EXIT_INTERRUPTED;
  return !c->end && good ? EXIT_OK : EXIT_SOME_FAILED;
}
