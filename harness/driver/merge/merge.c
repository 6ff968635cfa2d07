/* merge.c: puts the rounds of one plan that were run in several directories, on
 * one machine or on many, together into one directory. */
#include "agree.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/warn.h"
#include "harness/driver/commands.h"
#include "harness/driver/plan/plan-json.h"
#include "harness/driver/run/runlog.h"
#include "share.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------------- *
 * Command line.
 * ------------------------------------------------------------------------- */

typedef struct merge_options {
  bool strata;
} merge_options;

static const option_row option_rows[] = {
    {"strata", 0, NULL, "machines may be of several kinds", .kind = OPTION_FLAG,
     .offset = offsetof(merge_options, strata)},
    {0}};

const option_usage merge_usage = {
    .name = "merge",
    .summary = "join the rounds of one plan that machines have shared",
    .synopsis = "OUT DIR... [options]",
    .description =
        "What do many machines say together?  Joins the rounds in each DIR, "
        "which 'run\n--rounds' has made, into a new directory OUT.  They must "
        "be of one plan and one\nbuild, and unless --strata is given of "
        "machines with the same processor,\nmicrocode and kernel; statistics "
        "keep the machines apart in any case.\n\n"
        "A round counts if it is whole, and of one machine.  One that was cut "
        "is left out\nand named, and can be run again, there by 'run --resume' "
        "or elsewhere by 'run\n--rounds'.  A round that two directories have "
        "is a mistake.  Each DIR stays as it is,\nand may be the OUT of a "
        "merge before.\n\n"
        "exit status: 0 all rounds of the plan are in OUT, 1 some are missing, "
        "2 usage, or the\ndirectories do not belong together, 3 no round is "
        "whole.",
    .example = "all node-1 node-2 node-3\n"
               "all old-machine new-machine --strata",
    .options = option_rows,
    .min_operands = 2,
    .max_operands = INT_MAX,
    .missing = "the directories: OUT and at least one DIR"};

/* ------------------------------------------------------------------------- *
 * What is merged.
 * ------------------------------------------------------------------------- */

/* A machine in OUT. */
typedef struct merged_machine {
  const char *id;     /* in OUT */
  const char *own_id; /* in the share */
  json_t *about;      /* borrowed: its description in a share */
  round_set rounds;
} merged_machine;

typedef struct merging {
  share *shares;
  size_t count;
  merged_machine *machines;
  size_t machines_count;
  unsigned rounds;                       /* of the plan */
  const share *from[ROUND_SET_MOST + 1]; /* who has the whole round, or NULL */
  const merged_machine *machine[ROUND_SET_MOST + 1]; /* that ran it */
} merging;

/* The machine of this name and this state, which may be new. */
static merged_machine *take_machine(merging *m, json_t *about) {
  const char *own = record_text(about, "id");
  size_t namesakes = 0;
  for (size_t i = 0; i < m->machines_count; i++) {
    merged_machine *known = &m->machines[i];
    if (strcmp(known->own_id, own) != 0)
      continue;
    if (!agree_on_machine(known->about, about))
      return known;
    namesakes++;
  }
  /* The same machine with another kernel or microcode is another one. */
  const char *id = namesakes ? arena_text("%s (%zu)", own, namesakes + 1) : own;
  m->machines = arena_more(m->machines, m->machines_count, sizeof *m->machines);
  m->machines[m->machines_count] =
      (merged_machine){.id = id, .own_id = own, .about = about};
  return &m->machines[m->machines_count++];
}

/* The description of the machine that ran the round of a share. */
static json_t *description_of(const share *s, unsigned round) {
  size_t i;
  json_t *about;
  json_array_foreach(s->machines, i, about) {
    if (!strcmp(record_text(about, "id"), s->rounds[round].machine))
      return about;
  }
  return NULL;
}

/* ------------------------------------------------------------------------- *
 * Whether it may be merged.
 * ------------------------------------------------------------------------- */

/* False after a mistake, which was said. */
static bool read_shares(merging *m, char **dirs) {
  while (dirs[m->count])
    m->count++;
  m->shares = arena_take(m->count * sizeof *m->shares);
  for (size_t i = 0; i < m->count; i++)
    if (!share_read(&m->shares[i], dirs[i]))
      return false;
  return true;
}

static bool check_shares(const merging *m) {
  const share *first = &m->shares[0];
  json_t *seen = json_object();
  const char *wrong = NULL;
  bool good = true;
  for (size_t i = 0; i < m->count && good && !wrong; i++) {
    const share *s = &m->shares[i];
    wrong = agree_on_plan(first, s);
    wrong = wrong ? wrong : agree_on_build(first, s);
    wrong = wrong ? wrong : agree_on_programs(seen, s, &good);
  }
  json_decref(seen);
  if (wrong)
    say("%s", wrong);
  return good && !wrong;
}

static bool check_machines(const merging *m) {
  const share *first = &m->shares[0];
  for (size_t i = 0; i < m->count; i++) {
    const share *s = &m->shares[i];
    size_t k;
    json_t *about;
    json_array_foreach(s->machines, k, about) {
      const char *difference =
          agree_on_machine(json_array_get(first->machines, 0), about);
      if (!difference)
        continue;
      say("%s is of another machine than %s: %s; with --strata each kind "
          "counts by itself",
          s->dir, first->dir, difference);
      return false;
    }
  }
  return true;
}

/* Finds who has each round, and by which machine.  False after a mistake, which
 * was said. */
static bool assign_rounds(merging *m) {
  for (size_t i = 0; i < m->count; i++) {
    const share *s = &m->shares[i];
    if (s->plan.invocations > m->rounds)
      m->rounds = s->plan.invocations;
    for (unsigned k = 1; k <= ROUND_SET_MOST; k++) {
      if (s->rounds[k].state != ROUND_WHOLE)
        continue;
      json_t *about = description_of(s, k);
      if (m->from[k]) {
        say("round %u is in both %s and %s; leave one of them out", k,
            m->from[k]->dir, s->dir);
        return false;
      }
      if (!about) {
        say("%s: its machine.json does not describe the machine '%s' of round "
            "%u",
            s->dir, s->rounds[k].machine, k);
        return false;
      }
      m->from[k] = s;
      round_set_add(&take_machine(m, about)->rounds, k);
    }
  }
  for (size_t i = 0; i < m->machines_count; i++) /* which move no more */
    for (unsigned k = 1; k <= m->rounds; k++)
      if (m->machines[i].rounds.has[k])
        m->machine[k] = &m->machines[i];
  return true;
}

/* ------------------------------------------------------------------------- *
 * What is left out.
 * ------------------------------------------------------------------------- */

static void say_cut(const merging *m, const share *s, unsigned k) {
  const share_round *r = &s->rounds[k];
  const bool there = m->from[k] != NULL;
  if (r->state == ROUND_CUT)
    say_warning("W-cut-round",
                "%s: round %u was cut after %zu of %zu runs and is left out%s",
                s->dir, k, r->found, r->planned,
                there ? arena_text("; %s has it whole", m->from[k]->dir) : "");
  if (r->state == ROUND_MIXED)
    say_warning("W-cut-round",
                "%s: round %u is of several machines and is left out%s", s->dir,
                k,
                there ? arena_text("; %s has it whole", m->from[k]->dir) : "");
}

/* Names all that is left out, and the rounds that are missing.  Returns an exit
 * code. */
static int say_missing(const merging *m) {
  round_set missing = {0};
  for (size_t i = 0; i < m->count; i++)
    for (unsigned k = 1; k <= m->rounds; k++)
      say_cut(m, &m->shares[i], k);
  for (unsigned k = 1; k <= m->rounds; k++)
    if (!m->from[k])
      round_set_add(&missing, k);
  if (missing.count == m->rounds) {
    say("no round is whole: nothing to merge");
    return EXIT_NOTHING;
  }
  if (!missing.count)
    return EXIT_OK;
  say("missing: round%s %s of %u; run %s by --rounds %s into another "
      "directory, and merge again",
      missing.count > 1 ? "s" : "", round_set_text(&missing), m->rounds,
      missing.count > 1 ? "them" : "it", round_set_text(&missing));
  return EXIT_SOME_FAILED;
}

/* ------------------------------------------------------------------------- *
 * Writing OUT.
 * ------------------------------------------------------------------------- */

/* The plan of all rounds, new. */
static json_t *merged_plan(const merging *m) {
  round_set all = {0};
  for (unsigned k = 1; k <= m->rounds; k++)
    round_set_add(&all, k);
  json_t *json = json_copy(m->shares[0].plan_json);
  json_object_set_new(json, "invocations", json_integer(m->rounds));
  json_object_set_new(json, "rounds", json_string(round_set_text(&all)));
  return json;
}

/* machine.json, new: of the first machine, with the descriptions of all. */
static json_t *merged_machines(const merging *m) {
  json_t *list = json_array();
  for (size_t i = 0; i < m->machines_count; i++) {
    const merged_machine *machine = &m->machines[i];
    json_t *about = json_copy(machine->about);
    json_object_set_new(about, "id", json_string(machine->id));
    json_object_set_new(about, "rounds",
                        json_string(round_set_text(&machine->rounds)));
    json_array_append_new(list, about);
  }
  json_t *json = json_copy(json_array_get(list, 0));
  json_object_del(json, "rounds");
  json_object_set_new(json, "machines", list);
  return json;
}

/* floors.json of the whole rounds, new, or NULL if there are none. */
static json_t *merged_floors(const merging *m) {
  json_t *rows = json_array();
  for (size_t i = 0; i < m->count; i++) {
    char none[256];
    const share *s = &m->shares[i];
    json_t *json = results_read_json(s->dir, "floors.json", none, sizeof none);
    size_t k;
    json_t *row;
    json_array_foreach(json_object_get(json, "floors"), k, row) {
      const json_int_t round =
          json_integer_value(json_object_get(row, "round"));
      if (round < 1 || round > ROUND_SET_MOST || m->from[round] != s)
        continue;
      json_object_set_new(row, "machine", json_string(m->machine[round]->id));
      json_array_append(rows, row);
    }
    json_decref(json);
  }
  json_t *json = json_array_size(rows)
                     ? json_pack("{s:i, s:O}", "schema", 1, "floors", rows)
                     : NULL;
  json_decref(rows);
  return json;
}

typedef struct copying {
  const merging *merging;
  runlog *log;
  size_t runs;
} copying;

static bool copy_record(void *data, json_t *record, unsigned round) {
  copying *c = data;
  json_t *machine = json_object_get(record, "machine");
  json_object_set_new(machine, "id",
                      json_string(c->merging->machine[round]->id));
  const int error = runlog_add(c->log, record);
  if (error)
    say("%s/%s: %s", c->log->dir, c->log->name, strerror(error));
  c->runs++;
  return !error;
}

/* Writes one of OUT's descriptions and releases it; NULL: there is none. */
static bool write_json(runlog *log, const char *name, json_t *json) {
  const bool good = !json || runlog_write(log, name, json);
  json_decref(json);
  return good;
}

/* The records come last, under their name only when all are there: OUT without
 * them holds no results, and a merge that was stopped can be begun again. */
static bool write_out(const merging *m, runlog *log, size_t *runs) {
  copying c = {m, log, 0};
  if (!write_json(log, "plan.json", merged_plan(m)) ||
      !write_json(log, "machine.json", merged_machines(m)) ||
      !write_json(log, "floors.json", merged_floors(m)) ||
      !runlog_begin(log, "runs.jsonl.new", 0))
    return false;
  for (size_t i = 0; i < m->count; i++)
    if (!share_visit(&m->shares[i], copy_record, &c))
      return false;
  *runs = c.runs;
  return runlog_finish(log, "runs.jsonl");
}

static bool is_taken(const char *out) {
  return !access(arena_text("%s/runs.jsonl", out), F_OK);
}

/* Makes OUT.  Returns an exit code, `code` if it is made. */
static int merge_into(const merging *m, const char *out, int code) {
  runlog log;
  size_t runs = 0;
  if (!runlog_open(&log, out)) {
    runlog_close(&log);
    return EXIT_USAGE;
  }
  if (is_taken(out)) {
    say("%s has results already; take another directory", out);
    code = EXIT_USAGE;
  } else if (!write_out(m, &log, &runs))
    code = EXIT_SOME_FAILED;
  else {
    for (size_t i = 0; i < m->machines_count; i++)
      say("%s: round%s %s", m->machines[i].id,
          m->machines[i].rounds.count > 1 ? "s" : "",
          round_set_text(&m->machines[i].rounds));
    say("%zu runs of %zu machine%s in %s; show them by: reapmark report %s",
        runs, m->machines_count, m->machines_count > 1 ? "s" : "", out, out);
  }
  runlog_close(&log);
  return code;
}

int merge_command(int argc, char **argv) {
  merge_options o = {0};
  char **operands;
  int code = options_parse(&merge_usage, argc, argv, &o, &operands);
  if (code != OPTIONS_GO)
    return code;
  const char *out = operands[0];
  if (is_taken(out)) { /* before all is read */
    say("%s has results already; take another directory", out);
    return EXIT_USAGE;
  }
  merging *m = arena_take(sizeof *m);
  code = EXIT_USAGE;
  if (read_shares(m, operands + 1) && check_shares(m) &&
      (o.strata || check_machines(m)) && assign_rounds(m)) {
    code = say_missing(m);
    if (code != EXIT_NOTHING)
      code = merge_into(m, out, code);
  }
  for (size_t i = 0; i < m->count; i++)
    share_free(&m->shares[i]);
  return code;
}
