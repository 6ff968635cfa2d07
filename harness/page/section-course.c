/* section-course.c: the sections on the course of runs: latency and
 * utilisation, memory, growth, leaks. */
#include "section.h"
#include "harness/base/arena.h"
#include "harness/output/html.h"
#include "harness/report/standing.h"

#include <string.h>

/* A paragraph that says of which heap the charts are. */
static void say_heap(document *d, const report *r, const char *what) {
  fputs("<p class=\"lead\">", d->out);
  html_text(arena_text("%s Heap %s; the tables have all heaps.", what,
                       standing_heap(r)),
            d->out);
  fputs("</p>\n", d->out);
}

/* A whole table, on demand; nothing if no run has what it shows. */
static void fold_table(document *d, page *p, const char *summary) {
  if (!p)
    return;
  section_fold(d, summary);
  html_parts(p, d->level + 1, d->out);
  section_unfold(d);
  json_decref(p->json);
}

void section_latency(document *d, const report *r) {
  const panels times = figures_percentiles(r, d->styles);
  const panels use = figures_mmu(r, d->styles);
  if (!times.count && !use.count)
    return;
  section_begin(d, "latency", "Pauses, requests, utilisation");
  say_heap(d, r,
           "How long the program waits, by percentile: requests from when they "
           "were to arrive (open loop), from their start, and metered as "
           "DaCapo does; and pauses as the collector reports them. All "
           "invocations together; the last point of a line is the longest. A "
           "percentile needs at least one time above it.");
  if (times.count)
    section_panels(d, &times);
  if (use.count) {
    say_heap(d, r,
             "The least share of time left to the program in any window of "
             "that length (MMU); dotted: in any window of that length or "
             "longer (BMU). Median of the invocations.");
    section_panels(d, &use);
  }
  fold_table(d, report_latency(r), "Requests in all heaps, as a table");
  section_end(d);
}

void section_phases(document *d, const report *r) {
  page *p = report_phases(r);
  if (!p)
    return;
  section_begin(d, "phases", "What pauses consist of");
  section_says(d, "Where the time of collections goes, by the phases that the "
                  "collectors name, and how long the world takes to stop (time "
                  "to safepoint). One run as a timeline: <code>reapmark run -w "
                  "WORKLOAD -c COLLECTOR -n 1 --timeline FILE</code>.");
  fold_table(d, p, "Phases in all heaps, as a table");
  section_end(d);
}

void section_memory(document *d, const report *r) {
  const panels curves = figures_memory(r, d->styles);
  page *p = report_memory(r);
  if (!curves.count && !p)
    return;
  section_begin(d, "memory", "Memory");
  if (curves.count) {
    say_heap(d, r,
             "What the heap holds from the operating system over the time of "
             "one invocation, from 0. Of many samples, the least and the "
             "greatest of each thirtieth are drawn, so that no peak is lost. "
             "Dotted: the bytes that the workload must hold at its peak.");
    section_panels(d, &curves);
  }
  const panels garbage = figures_garbage(r, d->styles);
  if (garbage.count) {
    say_heap(d, r,
             "How many dead objects the heap holds, of workloads that state "
             "what is alive: the most between samples of one invocation.");
    section_panels(d, &garbage);
  }
  fold_table(d, p, "Overhead, fragmentation and floating garbage, as a table");
  section_end(d);
}

void section_growth(document *d, const report *r) {
  const panels all = figures_growth(r, d->styles);
  if (!all.count)
    return;
  section_begin(d, "growth", "Cost by live objects");
  section_says(d, "What one operation takes when more objects are alive. A "
                  "level line: the cost does not depend on them.");
  section_panels(d, &all);
  section_end(d);
}

void section_leaks(document *d, const report *r) {
  page *p = report_leaks(r);
  if (!p)
    return;
  section_begin(d, "leaks", "Leaks");
  html_parts(p, d->level + 1, d->out);
  json_decref(p->json);
  section_end(d);
}
