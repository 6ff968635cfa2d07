/* table-machines.c: the table machines: what several machines say together.
 * Ratios are of one machine and round, and then put together; what is absolute
 * stands in a row for each machine. */
#include "compare.h"
#include "exercise.h"
#include "machines.h"
#include "standing.h"
#include "tables.h"
#include "harness/base/arena.h"
#include "harness/stats/summary.h"

#include <math.h>
#include <string.h>

static const table_column columns[] = {
    CELL_COLUMNS,
    {.name = "machine",
     .header = "machine",
     .traits = TABLE_KEY,
     .help = "'all': all machines together"},
    {.name = "rounds",
     .header = "rounds",
     .kind = TABLE_INTEGER,
     .help = "invocations, one in each round"},
    {.name = "ratio",
     .header = "ratio",
     .kind = TABLE_RATIO,
     .absent = "–",
     .help = "throughput over that of the fastest collector of the group in "
             "the same round; geometric mean over rounds"},
    {.name = "ratio_low",
     .header = "from",
     .kind = TABLE_RATIO,
     .help = "the 95 % interval of that of all machines",
     .leaves = 1},
    {.name = "ratio_high", .header = "to", .kind = TABLE_RATIO, .leaves = 1},
    {.name = "interaction_p",
     .header = "agree",
     .kind = TABLE_RATIO,
     .help = "how likely ratios differ so much from machine to machine by "
             "chance: p of Kruskal and Wallis's test, Holm-adjusted over the "
             "table; below 0.05 the ratio depends on the machine"},
    {.name = "throughput_per_s",
     .header = "work/s",
     .kind = TABLE_SCALED,
     .help = "median throughput on that machine"},
    {.name = "cpu_ns",
     .header = "CPU",
     .kind = TABLE_TIME,
     .help = "median CPU time on that machine",
     .leaves = 3},
    {.name = "peak_rss_bytes",
     .header = "peak RSS",
     .unit = "MiB",
     .kind = TABLE_BYTES,
     .help = "median on that machine",
     .leaves = 2},
    {.name = "note"}};

/* A cell beside the fastest one of its group. */
typedef struct entry {
  const report_cell *cell, *best;
  stat_strata ratios;
  size_t *machines; /* places of the machines of `ratios` */
  double p;         /* of the interaction, adjusted */
} entry;

/* ------------------------------------------------------------------------- *
 * Ratios.
 * ------------------------------------------------------------------------- */

static const metric *throughput(void) {
  return &metrics[METRIC_THROUGHPUT];
}

static bool is_usable(const report_cell *c) {
  return report_is_good(c) && report_compares(c, throughput());
}

/* The fastest collector of a cell's group, or NULL.  All are measured by their
 * ratio to the first one. */
static const report_cell *find_best(const report *r, const report_cell *like) {
  const report_cell *first = NULL, *best = NULL;
  double most = 0;
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    if (!report_same_block(c, like) || !is_usable(c))
      continue;
    first = first ? first : c;
    const stat_strata s = machines_ratios(r, c, first, throughput(), NULL);
    const double ratio = stat_strata_ratio(&s, 1);
    if (ratio > most) {
      most = ratio;
      best = c;
    }
  }
  return best;
}

static entry *make_entries(const report *r) {
  entry *all = arena_take((r->count + 1) * sizeof *all);
  double *p = arena_take((r->count + 1) * sizeof *p);
  for (size_t i = 0; i < r->count; i++) {
    entry *e = &all[i];
    e->cell = &r->cells[i];
    e->machines = arena_take(r->machines_count * sizeof *e->machines);
    p[i] = NAN;
    /* A group's cells follow each other, more often than not. */
    e->best = i && report_same_block(e->cell, all[i - 1].cell)
                  ? all[i - 1].best
                  : find_best(r, e->cell);
    if (!e->best || !is_usable(e->cell))
      continue;
    e->ratios = machines_ratios(r, e->cell, e->best, throughput(), e->machines);
    if (e->cell != e->best)
      p[i] = stat_strata_interaction(&e->ratios, STAT_SEED).p;
  }
  stat_holm(p, r->count);
  for (size_t i = 0; i < r->count; i++)
    all[i].p = p[i];
  return all;
}

/* The ratio on one of the machines of an entry. */
static double ratio_on(const entry *e, size_t i) {
  return stat_strata_ratio(&(stat_strata){&e->ratios.items[i], 1}, 1);
}

/* ------------------------------------------------------------------------- *
 * In words.
 * ------------------------------------------------------------------------- */

static const char *add_words(const char *text, const char *more) {
  return *text ? arena_text("%s; %s", text, more) : more;
}

/* "0.81 on two to 1.12 on one" */
static const char *range_text(const report *r, const entry *e) {
  size_t low = 0, high = 0;
  for (size_t i = 1; i < e->ratios.count; i++) {
    low = ratio_on(e, i) < ratio_on(e, low) ? i : low;
    high = ratio_on(e, i) > ratio_on(e, high) ? i : high;
  }
  return arena_text("%.3g on %s to %.3g on %s", ratio_on(e, low),
                    r->machines[e->machines[low]].id, ratio_on(e, high),
                    r->machines[e->machines[high]].id);
}

/* The machines that ran the cell, how many rounds each, and on how many of them
 * it failed. */
typedef struct presence {
  size_t *rounds, *failed; /* by machine */
  size_t machines;         /* with rounds */
} presence;

static presence find_presence(const report *r, const report_cell *c) {
  presence p = {.rounds = arena_take(r->machines_count * sizeof *p.rounds),
                .failed = arena_take(r->machines_count * sizeof *p.failed)};
  for (size_t i = 0; i < c->count; i++) {
    const report_sample *s = &c->samples[i];
    p.machines += p.rounds[s->machine]++ == 0;
    p.failed[s->machine] += verdict_is_failure(s->verdict);
  }
  return p;
}

static const char *note_of(const report *r, const entry *e,
                           const presence *at) {
  const char *note = "";
  for (size_t m = 0; m < r->machines_count; m++) {
    if (at->failed[m])
      note = add_words(note, arena_text("failed in %zu of %zu rounds on %s",
                                        at->failed[m], at->rounds[m],
                                        r->machines[m].id));
    if (at->machines == 1 && at->rounds[m] && r->machines_count > 1)
      note = add_words(
          note, arena_text("seen by one machine alone, %s: nobody else can "
                           "say whether it is so elsewhere",
                           r->machines[m].id));
  }
  if (e->p <= STANDING_ALPHA)
    note = add_words(note,
                     arena_text("its ratio depends on the machine: %s (p %.2g)",
                                range_text(r, e), e->p));
  return *note ? arena_text("%s: %s", report_heap_title(e->cell), note) : NULL;
}

/* What the test of the interaction found in all. */
static const char *agreement_text(const report *r, const entry *all) {
  size_t tested = 0, differ = 0;
  for (size_t i = 0; i < r->count; i++) {
    tested += isnan(all[i].p) ? 0 : 1;
    differ += all[i].p <= STANDING_ALPHA;
  }
  if (!tested)
    return "Whether ratios depend on the machine could not be tested: it takes "
           "two machines, and one of them with two rounds.";
  if (!differ)
    return arena_text("No ratio is seen to depend on the machine (%zu tested).",
                      tested);
  return arena_text("The machines do not agree: %zu of the %zu ratios that "
                    "were tested depend%s on the machine, and the ratio over "
                    "all is that of these machines only.",
                    differ, tested, differ == 1 ? "s" : "");
}

/* ------------------------------------------------------------------------- *
 * Rows.
 * ------------------------------------------------------------------------- */

static double median_on(const report_cell *c, size_t machine,
                        const char *name) {
  double *values = arena_take((c->count + 1) * sizeof *values);
  size_t n = 0;
  for (size_t i = 0; i < c->count; i++)
    if (c->samples[i].machine == machine)
      values[n++] = sample_metric(&c->samples[i], name);
  return stat_summarize(values, n).median;
}

static void add_absolute(table_row *row, const report_cell *c, size_t machine) {
  static const char *const names[] = {"throughput_per_s", "cpu_ns",
                                      "peak_rss_bytes"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    table_set_real(row, names[i], median_on(c, machine, names[i]));
}

static void add_rows(const report *r, const entry *e, table *t) {
  const report_cell *c = e->cell;
  const presence at = find_presence(r, c);
  const char *title = report_kind_title(c);
  table_row *row = report_add_row(t, c, title);
  table_set_text(row, "machine", "all");
  table_set_integer(row, "rounds", (long long)c->count);
  table_set_text(row, "note", note_of(r, e, &at));
  if (!e->ratios.count) {
    report_show_status(row, "ratio", c);
  } else {
    const stat_interval i =
        stat_strata_interval(&e->ratios, 1, REPORT_CONFIDENCE, STAT_SEED);
    table_set_real(row, "ratio", stat_strata_ratio(&e->ratios, 1));
    if (e->cell != e->best) {
      table_set_real(row, "ratio_low", i.low);
      table_set_real(row, "ratio_high", i.high);
      table_set_real(row, "interaction_p", e->p);
    }
  }
  for (size_t m = 0; m < r->machines_count && is_usable(c); m++) {
    if (!at.rounds[m])
      continue;
    table_row *its = report_add_row(t, c, title);
    table_show(its, "collector", " ");
    table_set_text(its, "machine", r->machines[m].id);
    table_set_integer(its, "rounds", (long long)at.rounds[m]);
    add_absolute(its, c, m);
    for (size_t i = 0; i < e->ratios.count; i++)
      if (e->machines[i] == m)
        table_set_real(its, "ratio", ratio_on(e, i));
  }
}

page *report_machines(const report *r) {
  table *t = table_new(columns, sizeof columns / sizeof *columns);
  const entry *all = make_entries(r);
  for (size_t i = 0; i < r->count; i++)
    if (!r->cells[i].missing)
      add_rows(r, &all[i], t);
  return report_legend_page(
      r, t, "machines",
      arena_text(
          "ratio: throughput over that of the group's fastest "
          "collector, in the same round on the same\nmachine, geometric "
          "mean; of all machines with its 95 %% interval.  agree: p of "
          "the test whether\nthe ratio depends on the machine.  work/s, CPU, "
          "peak RSS: medians on that machine.\n%s",
          agreement_text(r, all)));
}
