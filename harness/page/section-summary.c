/* section-summary.c: the sections that come first: trust, answer, overview. */
#include "section.h"
#include "harness/base/arena.h"
#include "harness/output/html.h"
#include "harness/report/standing.h"

#include <math.h>
#include <string.h>

void section_trust(document *d, const report *r) {
  const page *p = report_trust(r);
  const bool doubtful = report_is_suspect(r) || isnan(report_drift(r)) ||
                        report_emulated_text(r) || report_busy_text(r) ||
                        report_machines_text(r) || r->found < r->planned;
  size_t failed = 0;
  for (size_t i = 0; i < r->count; i++)
    failed += verdict_is_failure(r->cells[i].verdict);
  section_begin(d, "trust", "Can this be trusted?");
  fprintf(d->out, "<div class=\"banner %s\">\n<p class=\"sign\">%s",
          doubtful ? "doubt" : "good",
          doubtful ? "⚠ With doubts: see below."
                   : "✓ Nothing disturbed these runs that Reapmark could see.");
  if (failed)
    fprintf(d->out, " %zu of %zu cells failed.", failed, r->count);
  fputs("</p>\n", d->out);
  html_parts(p, d->level + 1, d->out);
  fputs("</div>\n", d->out);
  section_end(d);
}

void section_answer(document *d, const report *r) {
  page *p = report_answer(r);
  if (!p)
    return;
  section_begin(d, "answer", "The answer");
  page words = *p;
  while (words.count && words.parts[words.count - 1].kind == PAGE_GROUP)
    words.count--;
  html_parts(&words, d->level + 1, d->out);
  section_fold(d, "As a table, and for each workload by itself");
  for (size_t i = words.count; i < p->count; i++)
    html_group(p->parts[i].table, p->parts[i].group, NULL, d->out);
  section_unfold(d);
  json_decref(p->json);
  section_end(d);
}

void section_overview(document *d, const report *r) {
  page *p = report_overview(r);
  if (!p)
    return;
  const table *t = p->data;
  section_begin(d, "overview", "All collectors");
  section_says(
      d, "Overhead: time over that of the cheapest run of the workload less "
         "its pauses, a <em>lower</em> bound. Geometric mean over the "
         "workloads that all ranked collectors completed; [&nbsp;] is its 95 % "
         "interval by the bootstrap, given 6 runs of each cell. Steps: of the "
         "workload where they are longest; a maximum has no interval. "
         "<span class=\"best\">Best</span> of its column; <span "
         "class=\"tie\">cannot be told apart</span> from the best.");
  for (size_t g = 0; g < t->groups_count; g++) {
    if (g == 1)
      section_fold(d, "In the other heaps");
    html_group(t, g, NULL, d->out);
  }
  if (t->groups_count > 1)
    section_unfold(d);
  json_decref(p->json);
  section_end(d);
}

void section_overhead(document *d, const report *r) {
  const panels wall = figures_overhead(r, d->styles);
  section_begin(d, "overhead", "Cost by heap size");
  if (!wall.count) {
    section_says(d, "The runs have one heap size only: <code>reapmark run "
                    "--heap 1.5x,2x,3x,4x,6x</code> shows what memory buys.");
    section_end(d);
    return;
  }
  section_says(
      d, "What time each collector takes in how much memory: wall time over "
         "the lower bound, against the heap limit, from 1. Bars are 95 % "
         "intervals of the median, given 6 runs; without a bar there is none, "
         "and where they are far wider than all differences they are cut. "
         "A failure has no time: its marker stands at the top, at the size "
         "where it failed.");
  section_panels(d, &wall);
  const panels cpu = figures_overhead_cpu(r, d->styles);
  if (cpu.count) {
    section_fold(d, "The same in CPU time, with the work of helper threads");
    section_panels(d, &cpu);
    section_unfold(d);
  }
  section_end(d);
}
