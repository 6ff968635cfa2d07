/* choose.c: `reapmark choose`: from a newcomer's question to a suite, its run
 * and a page.  Everything that runs is the work of `run` and `report`, whose
 * commands are said, so that a user can go on without `choose`. */
#include "draft.h"
#include "harness/base/arena.h"
#include "harness/base/options.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/base/words.h"
#include "harness/driver/commands.h"
#include "harness/driver/plan/plan.h"
#include "harness/driver/programs/spawn.h"
#include "harness/driver/run/runlog.h"
#include "harness/report/load.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* The suites that kinds of programs stand behind begin with this. */
#define PREFIX "like-"

/* Of the live bytes, the least heap in which some collector of these suites
 * completed their workloads (docs/choose.md). */
static const double LEAST_HEAP = 1.05;

/* ------------------------------------------------------------------------- *
 * Command line.
 * ------------------------------------------------------------------------- */

typedef struct choose_options {
  const char *like, *live, *heap, *p99, *budget, *collectors, *dir;
  uint64_t threads, rate, runs;
  bool dry, needs;
} choose_options;

#define FIELD(member) offsetof(choose_options, member)
static const option_row option_rows[] = {
    {"like", 0, "KIND",
     "cache, server, compiler, events (what your program is like)",
     .kind = OPTION_TEXT, .offset = FIELD(like)},
    {"live", 0, "SIZE", "what is alive in it at most, such as 300M",
     .kind = OPTION_TEXT, .offset = FIELD(live)},
    {"heap", 0, "SIZE", "the memory that its heap may take, such as 512M",
     .kind = OPTION_TEXT, .offset = FIELD(heap)},
    {"p99", 0, "TIME",
     "99 of 100 requests are to be answered within it, such as 5ms",
     .kind = OPTION_TEXT, .offset = FIELD(p99)},
    {"rate", 0, "N", "requests a second (half of what a trial can serve)",
     .kind = OPTION_NUMBER, .offset = FIELD(rate), .min = 1, .max = 1 << 24},
    {"threads", 't', "N", "mutator threads; adds a workload that has several",
     .kind = OPTION_NUMBER, .offset = FIELD(threads), .min = 1, .max = 1024},
    {"collectors", 'c', "COLLECTOR,...",
     "NAME[:OPTION=VALUE,...], or all, models, references (the suite's)",
     .kind = OPTION_LIST, .offset = FIELD(collectors)},
    {"invocations", 'n', "N", "runs of each cell (3 to 10, as many as fit)",
     .kind = OPTION_NUMBER, .offset = FIELD(runs), .min = 1,
     .max = PLAN_MOST_INVOCATIONS},
    {"for", 0, "TIME",
     "stop then, such as 90s, and answer by what was run (5m)",
     .kind = OPTION_TEXT, .offset = FIELD(budget)},
    {"output", 'o', "DIR", "directory for the results (results/runs/TIME)",
     .kind = OPTION_TEXT, .offset = FIELD(dir)},
    {"dry-run", 0, NULL, "print the suite, after a trial; run no more",
     .kind = OPTION_FLAG, .offset = FIELD(dry)},
    {"needs", 0, NULL, "print the names of the collectors needed; run nothing",
     .kind = OPTION_FLAG, .offset = FIELD(needs)},
    {0}};

const option_usage choose_usage = {
    .name = "choose",
    .summary = "answer which collector suits a program like yours",
    .synopsis = "--like KIND --live SIZE --heap SIZE [options]",
    .description =
        "Which collector suits my program?  Takes the workloads that stand for "
        "its kind (the\nsuite like-KIND), gives them SIZE of live data and "
        "requests that arrive at a steady\nrate, plans as many runs as fit "
        "into the time, runs them in that heap, and ends with\nthe answer in "
        "words and with DIR/page.html.  DIR/suite.yml is what was run: "
        "'reapmark\n"
        "run' takes it.\n\nA kind without requests (compiler) has no p99: "
        "TIME then bounds the longest pause.\n\nexit status: as 'reapmark "
        "run'; 2 also if the question cannot be: more alive than the\nheap "
        "holds, or too little time.",
    .example = "--like cache --live 300M --heap 512M --p99 5ms -o DIR",
    .options = option_rows};

/* ------------------------------------------------------------------------- *
 * The question.
 * ------------------------------------------------------------------------- */

typedef struct kinds {
  candidates names;
  const char *wanted, *path;
} kinds;

static void note_kind(void *data, const char *name, const char *path) {
  kinds *k = data;
  if (strncmp(name, PREFIX, strlen(PREFIX)))
    return;
  const char *kind = arena_text("%s", name + strlen(PREFIX));
  candidates_add(&k->names, kind);
  if (!strcmp(kind, k->wanted))
    k->path = arena_text("%s", path);
}

/* The suite of the kind; NULL after a mistake, which was said. */
static const suite *find_suite(const char *like) {
  kinds k = {.wanted = like ? like : ""};
  discover_suites(note_kind, &k);
  if (k.path)
    return suite_load(k.path);
  if (like)
    say("--like: unknown kind of program '%s'%s", like,
        suggest_any(like, &k.names));
  else
    say("choose needs --like, what your program is like%s",
        suggest_any("", &k.names));
  return NULL;
}

static const char *read_size(const char *option, const char *text,
                             const char *example, heap_size *out) {
  if (!text)
    return arena_text("choose needs --%s, such as %s", option, example);
  const char *wrong = heap_size_take(text, out);
  if (wrong)
    return arena_text("--%s: %s", option, wrong);
  return out->kind == HEAP_BYTES
             ? NULL
             : arena_text("--%s: '%s' is not a size in bytes, such as %s",
                          option, text, example);
}

/* What is wrong with the values, each by itself and together; or NULL. */
static const char *read_values(const choose_options *o, question *q) {
  double ns;
  const char *wrong = read_size("live", o->live, "300M", &q->live);
  if (!wrong)
    wrong = read_size("heap", o->heap, "512M", &q->heap);
  if (!wrong && o->p99)
    wrong = options_time("p99", o->p99, "ms", &ns);
  if (!wrong)
    wrong = options_time("for", o->budget, "m", &ns);
  if (wrong)
    return wrong;
  q->budget = ns / 1e9;
  q->like = o->like;
  q->p99 = o->p99;
  q->rate = o->rate;
  q->runs = (unsigned)o->runs;
  q->threads = (unsigned)o->threads;
  if (q->live.bytes >= q->heap.bytes)
    return arena_text("--live %s does not fit into --heap %s: garbage needs "
                      "room beside what is alive",
                      q->live.text, q->heap.text);
  if ((double)q->heap.bytes < LEAST_HEAP * (double)q->live.bytes)
    return arena_text("--heap %s: no collector fits %s of live data into it; "
                      "the least is %.0fM",
                      q->heap.text, q->live.text,
                      ceil(LEAST_HEAP * (double)q->live.bytes / 0x1p20));
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Collectors.
 * ------------------------------------------------------------------------- */

/* Prints the collectors that are needed, for scripts/bench.sh. */
static int print_needs(const choose_options *o, const suite *s) {
  const word_list named = words_split(o->collectors);
  for (size_t i = 0; i < named.count; i++)
    printf("%.*s\n", (int)strcspn(named.words[i], ":"), named.words[i]);
  for (unsigned i = 0; i < s->collectors_count && !o->collectors; i++)
    printf("%s\n", s->collectors[i]);
  printf("%s\n", PLAN_CANARY_COLLECTOR);
  return EXIT_OK;
}

/* Takes the collectors of the command line, or those of the suite that are
 * there, and says which are not and how to get them.  False after a mistake,
 * which was said. */
static bool take_collectors(const choose_options *o, const collectors *all,
                            question *q) {
  const word_list named = words_split(o->collectors);
  for (size_t i = 0; i < named.count; i++) {
    const char *wrong =
        resolve_collectors(all, named.words[i], ABSENT_WRONG, &q->collectors);
    if (wrong) {
      say("--collectors: %s", wrong);
      return false;
    }
  }
  const char *absent = "", *lacking = "", *present = "";
  for (unsigned i = 0; i < q->suite->collectors_count && !named.count; i++) {
    const char *name = q->suite->collectors[i];
    const bool found = discover_find(all, name);
    const char *needs = found ? NULL : discover_needs(name);
    const char **list = found ? &present : needs ? &lacking : &absent;
    *list = arena_text("%s%s%s", *list, **list ? ", " : "", name);
    if (needs)
      *list = arena_text("%s (needs %s)", *list, needs);
    if (found)
      resolve_collectors(all, name, ABSENT_WRONG, &q->collectors);
  }
  if (*present)
    say("collectors that are here: %s", present);
  if (*absent)
    say("not built, and not in the answer: %s; 'scripts/bench.sh choose' with "
        "the same options builds them first",
        absent);
  if (*lacking)
    say("not built, and not in the answer: %s", lacking);
  if (q->collectors.count)
    return true;
  say("none of these collectors is built");
  return false;
}

/* ------------------------------------------------------------------------- *
 * The directory, and what is run in it.
 * ------------------------------------------------------------------------- */

static bool exists(const char *dir, const char *name) {
  return !access(arena_text("%s/%s", dir, name), F_OK);
}

/* Makes DIR with the suite in it.  False, which was said, if that cannot be. */
static bool write_suite(const draft *d, const char *dir, const char *path) {
  runlog log;
  if (!runlog_open(&log, dir))
    return false;
  runlog_close(&log);
  FILE *out = fopen(path, "w");
  if (out)
    draft_write(d, out);
  const bool failed = !out || ferror(out);
  if (!failed && !fclose(out))
    return true;
  say("%s: %s", path, strerror(errno));
  return false;
}

/* Runs a command with these words, after having said it. */
static int run_words(int (*command)(int, char **), word_list words) {
  const char *line = "reapmark";
  for (size_t i = 0; i < words.count; i++)
    line = arena_text(strchr(words.words[i], ' ') ? "%s '%s'" : "%s %s", line,
                      words.words[i]);
  say("%s", line);
  const int count = (int)words.count;
  word_list_add(&words, NULL);
  return command(count, (char **)words.words);
}

static word_list words_of(const char *const *words) {
  word_list list = {0};
  for (; *words; words++)
    word_list_add(&list, *words);
  return list;
}

/* The heap is no goal: a collector is held to it, and fails beyond it. */
static void add_goal(word_list *words, const draft *d) {
  const char *p99 = d->question->p99;
  if (!p99)
    return;
  word_list_add(words, "--goal");
  word_list_add(
      words, arena_text("%s <= %s", draft_is_paced(d) ? "p99" : "pause", p99));
}

/* "globals at 180000/s, requests at 60000/s". */
static const char *rates_text(const draft *d) {
  const char *text = "";
  for (size_t i = 0; i < d->count; i++)
    if (d->cells[i].rate)
      text = arena_text("%s%s%s at %ju/s", text, *text ? ", " : "",
                        d->cells[i].workload.name, (uintmax_t)d->cells[i].rate);
  return text;
}

/* How many runs the cells have of which the answer is made. */
typedef struct runs_done {
  size_t fewest, most; /* 0: not known */
} runs_done;

static runs_done count_runs(const char *dir) {
  char why[256];
  runs_done n = {SIZE_MAX, 0};
  report *r = report_load(dir, NULL, why, sizeof why);
  for (size_t i = 0; r && i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    if (c->missing)
      continue;
    n.fewest = c->count < n.fewest ? c->count : n.fewest;
    n.most = c->count > n.most ? c->count : n.most;
  }
  if (r)
    report_free(r);
  return n.most ? n : (runs_done){0, 0};
}

/* "10 runs of each cell", or what there was time for. */
static const char *runs_text(const draft *d, runs_done n) {
  const char *number = n.fewest == n.most
                           ? arena_text("%zu", n.most)
                           : arena_text("%zu to %zu", n.fewest, n.most);
  const char *text =
      arena_text("%s run%s of each cell", number, n.most == 1 ? "" : "s");
  return n.fewest >= d->schedule.runs
             ? text
             : arena_text("%s, of %u that were planned: the time was up", text,
                          d->schedule.runs);
}

/* The last words: what was asked, how sure the answer above is, and where it
 * can be read again. */
static void print_end(const draft *d, runs_done n, const char *file) {
  const question *q = d->question;
  const bool paced = draft_is_paced(d);
  printf("\nAsked: a program like %s, with %s alive in %s", q->like,
         q->live.text, q->heap.text);
  if (q->p99)
    printf(", %s %s", paced ? "p99 of" : "no pause longer than", q->p99);
  printf("%s%s.\nHow sure: %s.", paced ? "; requests arrive: " : "",
         rates_text(d), runs_text(d, n));
  if (n.fewest > 1)
    printf("  If the median of a collector were on the other side\nof a bound, "
           "all of them would agree as they do once in %.0f times.",
           pow(2, (double)n.fewest));
  printf("\nPage: %s\n", file);
}

static int run_draft(const draft *d, const char *dir) {
  const char *path = arena_text("%s/suite.yml", dir);
  const char *file = arena_text("%s/page.html", dir);
  if (!write_suite(d, dir, path))
    return EXIT_SOME_FAILED;
  /* A moment, where the trial took all of the time: then nothing is run. */
  const char *left = arena_text("%.1fs", fmax(0.1, spawn_time_left()));
  word_list words = words_of(
      (const char *const[]){"run", path, "-o", dir, "--for", left, NULL});
  add_goal(&words, d);
  const int code = run_words(run_command, words);
  if (!exists(dir, "runs.jsonl") || code == EXIT_INTERRUPTED)
    return code;
  words = words_of((const char *const[]){"report", dir, "--format", "html",
                                         "-o", file, NULL});
  add_goal(&words, d);
  const int written = run_words(report_command, words);
  if (!written)
    print_end(d, count_runs(dir), file);
  return code ? code : written;
}

int choose_command(int argc, char **argv) {
  choose_options o = {.budget = "5m"};
  const double began = spawn_clock();
  char **operands;
  int code = options_parse(&choose_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  question q = {.suite = find_suite(o.like)};
  if (!q.suite)
    return EXIT_USAGE;
  if (o.needs)
    return print_needs(&o, q.suite);
  const char *wrong = read_values(&o, &q);
  const char *dir = o.dir ? o.dir : runlog_default_dir("runs");
  if (!wrong && (exists(dir, "plan.json") || exists(dir, "runs.jsonl")))
    wrong = arena_text("%s has results already; take another -o DIR, or go on "
                       "with: reapmark run --resume -o %s",
                       dir, dir);
  if (wrong) {
    say("%s", wrong);
    return EXIT_USAGE;
  }
  const word_list named = words_split(o.collectors);
  const collectors all = discover_collectors(&named);
  draft d;
  spawn_end_at(began + q.budget);
  if (!take_collectors(&o, &all, &q))
    return EXIT_NOTHING;
  if (!draft_size(&d, &q, &all))
    return EXIT_USAGE;
  if (!spawn_catch_interrupts())
    say_warning("W-interrupts", "Ctrl-C will leave a collector running");
  if (q.p99 && !draft_is_paced(&d))
    say("like %s: there are no requests, so %s bounds the longest pause",
        q.like, q.p99);
  code = draft_pace(&d, &all);
  if (code == EXIT_INTERRUPTED)
    say("interrupted; nothing is kept");
  if (code != OPTIONS_GO)
    return code;
  if (!o.dry)
    return run_draft(&d, dir);
  draft_write(&d, stdout);
  return EXIT_OK;
}
