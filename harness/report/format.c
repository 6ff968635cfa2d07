/* format.c: a report in several formats. */
#include "format.h"
#include "harness/output/emit.h"
#include "harness/output/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * Table and Markdown: a block per workload, a row per collector, and below the
 * reasons for what is not there.
 * ------------------------------------------------------------------------- */

static const char *words(const json_t *object, const char *key,
                         const char *otherwise) {
  const char *text = json_string_value(json_object_get(object, key));
  return text && *text ? text : otherwise;
}

void report_print_title(const report *r, bool markdown, FILE *out) {
  text_style style = markdown ? TEXT_MARKDOWN : TEXT_PLAIN;
  const json_t *cpu = json_object_get(r->machine, "cpu");
  const json_t *os = json_object_get(r->machine, "os");
  const json_t *build = json_object_get(r->machine, "build");
  const char *hypervisor = words(cpu, "hypervisor", "");
  fprintf(out,
          "%sSuite %s: %zu of %zu runs, %zu invocation%s%s per cell, seed "
          "%lld.\n",
          style == TEXT_MARKDOWN ? "## " : "", words(r->plan, "suite", "?"),
          r->found, r->planned, r->invocations, r->invocations == 1 ? "" : "s",
          r->open_ended ? " or more" : "",
          (long long)json_integer_value(json_object_get(r->plan, "seed")));
  if (style == TEXT_MARKDOWN)
    fputc('\n', out);
  if (r->machine)
    fprintf(out, "%s, %lld CPUs%s%s, %s %s, built with %s (%s).\n",
            words(cpu, "model", "unknown CPU"),
            (long long)json_integer_value(json_object_get(cpu, "allowed")),
            *hypervisor ? ", virtual: " : "", hypervisor,
            words(os, "name", "?"), words(os, "release", "?"),
            words(build, "compiler", "?"), words(build, "type", "?"));
  char canary[REPORT_CANARY];
  if (report_canary_text(canary, r))
    fprintf(out, "%s\n", canary);
}

static void print_legend(const report *r, text_style style, FILE *out) {
  const char *item = style == TEXT_MARKDOWN ? "- " : "  ";
  fprintf(out, "\n↑ higher is better, ↓ lower is better; – cannot be said.\n");
  if (style == TEXT_MARKDOWN)
    fputc('\n', out);
  for (size_t m = 0; m < METRICS; m++)
    if (metrics[m].header)
      fprintf(out, "%s%s: %s.\n", item, metrics[m].header, metrics[m].help);
  bool references = false;
  for (size_t i = 0; i < r->count; i++)
    references |= r->cells[i].reference;
  if (references)
    fprintf(
        out,
        "%sinterface: the share of the CPU time that calls of the runtime's "
        "C interface take, estimated.\n",
        item);
  fprintf(out,
          "%sruns: invocations that went into the row, of those planned where "
          "some are missing.\n%sTime that a thread was runnable but not run is "
          "taken off pauses and steps.\n",
          item, item);
}

static void add_header(text_table *t, const char *ops, bool reference) {
  text_add(t, "collector");
  text_add(t, "verdict");
  for (size_t m = 0; m < METRICS; m++)
    if (metrics[m].header)
      text_add(t, "%s", metrics[m].header);
  if (reference)
    text_add(t, "interface");
  text_add(t, "runs");
  text_add(t, "%s", "");
  text_add(t, "%s", "");
  for (size_t m = 0; m < METRICS; m++)
    if (metrics[m].header) {
      char unit[METRIC_TEXT];
      text_add(t, "%s", metric_unit_text(unit, &metrics[m], ops));
    }
  if (reference)
    text_add(t, "%% ↓");
  text_add(t, "%s", "");
}

/* Whether the time is mostly that of the interface. */
static bool is_grey(const report_cell *c) {
  return report_floor_share(c) > REPORT_FLOOR_BOUND;
}

static void add_row(text_table *t, const report *r, const report_cell *c) {
  char text[VERDICT_TEXT];
  text_add(t, "%s", c->collector);
  text_add(t, "%s", report_verdict_text(text, c));
  for (size_t m = 0; m < METRICS; m++)
    if (metrics[m].header) {
      char value[METRIC_TEXT];
      text_add(t, "%s%s",
               c->count ? metric_text(value, &metrics[m], c->values[m]) : "",
               m == METRIC_THROUGHPUT && is_grey(c) ? " *" : "");
    }
  if (c->reference && c->count) {
    double share = report_floor_share(c);
    text_add(t, isnan(share) ? "–" : "%.0f", 100 * share);
  } else if (c->reference) {
    text_add(t, "%s", "");
  }
  if (c->missing)
    text_add(t, "%s", "");
  else if (c->count < r->invocations)
    text_add(t, "%zu/%zu", c->count, r->invocations);
  else
    text_add(t, "%zu", c->count);
}

/* Prints what is to be known of a cell's numbers, and why some are missing. */
static void print_note(const report_cell *c, text_style style, FILE *out) {
  const report_sample *worst = report_worst(c);
  char stall[REPORT_STALL];
  if (report_stall_text(stall, c))
    fprintf(out, "%s%s: WARNING: %s\n", style == TEXT_MARKDOWN ? "\n- " : "  ",
            c->collector, stall);
  if (is_grey(c))
    fprintf(out,
            "%s%s: * more than half of the time may be that of its C "
            "interface\n",
            style == TEXT_MARKDOWN ? "\n- " : "  ", c->collector);
  if (c->turns && c->count)
    fprintf(out,
            "%s%s: its threads take turns, so that more of them are no "
            "faster\n",
            style == TEXT_MARKDOWN ? "\n- " : "  ", c->collector);
  if (!worst && !c->uncorrected)
    return;
  /* Markdown: a list item of its own, whether first or not. */
  fprintf(out, "%s%s: ", style == TEXT_MARKDOWN ? "\n- " : "  ", c->collector);
  if (!worst) {
    fputs("no maxima, because the run-queue delay could not be read\n", out);
    return;
  }
  size_t failures = 0;
  for (size_t i = 0; i < c->count; i++)
    failures += c->samples[i].verdict >= VERDICT_LEAK;
  char text[VERDICT_TEXT];
  const char *reason = worst->reason;
  if (c->verdict == VERDICT_CRASH) /* which shows how its reason begins */
    reason += strcspn(reason, ":");
  reason += strspn(reason, ": ");
  fprintf(out, "%s in %zu of %zu invocations%s%s\n",
          report_verdict_text(text, c), failures, c->count, *reason ? ": " : "",
          reason);
}

/* Prints the block that cell number `first` begins. */
static void print_block(const report *r, size_t first, text_style style,
                        FILE *out) {
  const report_cell *head = &r->cells[first];
  const char *ops = "ops";
  char align[METRICS + 5] = "ll";
  for (size_t m = 0; m < METRICS; m++)
    if (metrics[m].header)
      strcat(align, "r");
  strcat(align, head->reference ? "rr" : "r");
  for (size_t i = first; i < r->count; i++)
    if (report_same_block(head, &r->cells[i]) && r->cells[i].ops)
      ops = r->cells[i].ops;

  text_table *t = text_new(align, 2);
  add_header(t, ops, head->reference);
  for (size_t i = first; i < r->count; i++)
    if (report_same_block(head, &r->cells[i]))
      add_row(t, r, &r->cells[i]);
  fprintf(out, "\n%s%s, heap %s, %d thread%s%s\n%s",
          style == TEXT_MARKDOWN ? "### " : "", head->workload, head->heap,
          head->threads, head->threads == 1 ? "" : "s",
          head->reference ? ": reference runtimes" : "",
          style == TEXT_MARKDOWN ? "\n" : "");
  text_print(t, style, out);
  text_free(t);
  for (size_t i = first; i < r->count; i++)
    if (report_same_block(head, &r->cells[i]))
      print_note(&r->cells[i], style, out);
}

static bool begins_block(const report *r, size_t cell) {
  for (size_t i = 0; i < cell; i++)
    if (report_same_block(&r->cells[i], &r->cells[cell]))
      return false;
  return true;
}

static void print_text(const report *r, text_style style, FILE *out) {
  report_print_title(r, style == TEXT_MARKDOWN, out);
  for (size_t i = 0; i < r->count; i++)
    if (begins_block(r, i))
      print_block(r, i, style, out);
  print_legend(r, style, out);
}

static void print_table(const report *r, FILE *out) {
  print_text(r, TEXT_PLAIN, out);
}

static void print_markdown(const report *r, FILE *out) {
  print_text(r, TEXT_MARKDOWN, out);
}

/* ------------------------------------------------------------------------- *
 * CSV: a row per cell, numbers in base units, quoting by RFC 4180.
 * ------------------------------------------------------------------------- */

static void print_csv(const report *r, FILE *out) {
  fputs("suite,workload,collector,heap,threads,verdict,reason,ops_unit", out);
  for (size_t m = 0; m < METRICS; m++)
    fprintf(out, ",%s", metrics[m].name);
  fputs(",runs,runs_planned\n", out);
  for (size_t i = 0; i < r->count; i++) {
    const report_cell *c = &r->cells[i];
    const report_sample *worst = report_worst(c);
    char verdict_text[VERDICT_TEXT], threads[16];
    snprintf(threads, sizeof threads, "%d", c->threads);
    const char *texts[] = {words(r->plan, "suite", ""),
                           c->workload,
                           c->collector,
                           c->heap,
                           threads,
                           report_verdict_text(verdict_text, c),
                           worst ? worst->reason : "",
                           c->ops ? c->ops : ""};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
      if (k)
        fputc(',', out);
      emit_csv_text(texts[k], out);
    }
    for (size_t m = 0; m < METRICS; m++)
      if (isnan(c->values[m]))
        fputc(',', out);
      else
        fprintf(out, metrics[m].unit == UNIT_COUNT ? ",%.0f" : ",%.12g",
                c->values[m]);
    fprintf(out, ",%zu,%zu\n", c->count, c->missing ? 0 : r->invocations);
  }
}

/* ------------------------------------------------------------------------- *
 * JSON.
 * ------------------------------------------------------------------------- */

/* Sets the numbers that can be said; JSON has no way to write the others.  One
 * invocation has no spread. */
static void set_values(json_t *object, const double *values, bool spread) {
  for (size_t m = 0; m < METRICS; m++)
    if (isfinite(values[m]) && (spread || metrics[m].combine != COMBINE_SPREAD))
      json_object_set_new(object, metrics[m].name,
                          metric_json(&metrics[m], values[m]));
}

static json_t *json_of_cell(const report *r, const report_cell *c) {
  char verdict_text[VERDICT_TEXT];
  const report_sample *worst = report_worst(c);
  json_t *samples = json_array(), *values = json_object();
  for (size_t i = 0; i < c->count; i++) {
    const report_sample *s = &c->samples[i];
    json_t *sample =
        json_pack("{s:i, s:b, s:I, s:s}", "invocation", s->invocation, "failed",
                  s->verdict >= VERDICT_LEAK, "leaked", (json_int_t)s->leaked,
                  "reason", s->reason);
    set_values(sample, s->values, false);
    json_array_append_new(samples, sample);
  }
  set_values(values, c->values, true);
  double share = report_floor_share(c);
  if (isfinite(share))
    json_object_set_new(values, "interface_share", json_real(share));
  return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:s, s:s?, s:i, s:i, "
                   "s:o, s:o}",
                   "cell", c->id, "workload", c->workload, "collector",
                   c->collector, "heap", c->heap, "threads", c->threads,
                   "verdict", report_verdict_text(verdict_text, c), "failed",
                   c->verdict >= VERDICT_LEAK, "reason",
                   worst ? worst->reason : "", "ops_unit", c->ops, "runs",
                   (int)c->count, "runs_planned",
                   c->missing ? 0 : (int)r->invocations, "metrics", values,
                   "samples", samples);
}

/* What makes the numbers doubtful, of the whole and of cells. */
static json_t *json_of_warnings(const report *r) {
  json_t *list = json_array();
  char canary[REPORT_CANARY], stall[REPORT_STALL];
  if (report_is_suspect(r) && report_canary_text(canary, r))
    json_array_append_new(list, json_string(canary));
  for (size_t i = 0; i < r->count; i++)
    if (report_stall_text(stall, &r->cells[i]))
      json_array_append_new(list,
                            json_sprintf("%s: %s", r->cells[i].id, stall));
  return list;
}

static void print_json(const report *r, FILE *out) {
  static const char *const combined[] = {"median", "spread", "maximum",
                                         "pooled", "pooled", "total"};
  static const char *const better[] = {"lower", "neither", "higher"};
  json_t *described = json_array(), *cells = json_array();
  for (size_t m = 0; m < METRICS; m++)
    json_array_append_new(
        described,
        json_pack("{s:s, s:s, s:s, s:s}", "name", metrics[m].name, "better",
                  better[metrics[m].better + 1], "combined",
                  combined[metrics[m].combine], "help", metrics[m].help));
  for (size_t i = 0; i < r->count; i++)
    json_array_append_new(cells, json_of_cell(r, &r->cells[i]));
  emit_json(
      json_pack("{s:i, s:O, s:b, s:o, s:O, s:O, s:O?, s:i, s:i, s:o, s:o}",
                "schema", 1, "suite", json_object_get(r->plan, "suite"),
                "suspect", report_is_suspect(r), "warnings",
                json_of_warnings(r), "seed", json_object_get(r->plan, "seed"),
                "invocations", json_object_get(r->plan, "invocations"),
                "machine", r->machine, "runs", (int)r->found, "runs_planned",
                (int)r->planned, "metrics", described, "cells", cells),
      out);
}

/* ------------------------------------------------------------------------- *
 * Google Benchmark's JSON: a benchmark per cell, a repetition per invocation,
 * one iteration each: the measured part.  The other metrics are user counters,
 * which stand beside the fields of a repetition.
 * ------------------------------------------------------------------------- */

static json_t *gbench_context(const json_t *machine) {
  const json_t *cpu = json_object_get(machine, "cpu");
  json_t *context = json_object();
  json_object_set_new(context, "date", json_string(words(machine, "date", "")));
  json_object_set_new(context, "executable", json_string("reapmark"));
  json_object_set_new(
      context, "num_cpus",
      json_integer(json_integer_value(json_object_get(cpu, "allowed"))));
  json_object_set_new(
      context, "mhz_per_cpu",
      json_integer(json_integer_value(json_object_get(cpu, "mhz"))));
  json_object_set_new(
      context, "cpu_scaling_enabled",
      json_boolean(!strcmp(words(cpu, "governor", ""), "powersave")));
  json_object_set_new(context, "caches", json_array());
  json_t *load = json_object_get(machine, "load");
  json_object_set(context, "load_avg", load ? load : json_null());
  json_object_set_new(context, "library_build_type", json_string("release"));
  return context;
}

static json_t *gbench_repetition(const report *r, const report_cell *c,
                                 size_t family, const report_sample *s) {
  json_t *b = json_pack(
      "{s:s, s:i, s:i, s:s, s:s, s:i, s:i, s:i}", "name", c->id, "family_index",
      (int)family, "per_family_instance_index", 0, "run_name", c->id,
      "run_type", "iteration", "repetitions", (int)r->invocations,
      "repetition_index", s->invocation - 1, "threads", c->threads);
  if (!report_is_good(c)) {
    json_object_set_new(b, "error_occurred", json_true());
    json_object_set_new(b, "error_message", json_string(s->reason));
    json_object_set_new(b, "iterations", json_integer(0));
    json_object_set_new(b, "real_time", json_real(0));
    json_object_set_new(b, "cpu_time", json_real(0));
    json_object_set_new(b, "time_unit", json_string("ms"));
    return b;
  }
  json_object_set_new(b, "iterations", json_integer(1));
  json_object_set_new(b, "time_unit", json_string("ms"));
  for (size_t m = 0; m < METRICS; m++) {
    double value = s->values[m];
    const char *name = metrics[m].name;
    if (!strcmp(name, "wall_ns") || !strcmp(name, "cpu_ns")) {
      name = name[0] == 'w' ? "real_time" : "cpu_time";
      value /= 1e6;
    } else if (!strcmp(name, "throughput_per_s"))
      name = "items_per_second";
    else if (metrics[m].combine == COMBINE_SPREAD)
      continue; /* its tools work it out themselves */
    if (isfinite(value))
      json_object_set_new(b, name, metric_json(&metrics[m], value));
  }
  return b;
}

static void print_gbench(const report *r, FILE *out) {
  json_t *benchmarks = json_array();
  for (size_t i = 0; i < r->count; i++)
    for (size_t k = 0; k < r->cells[i].count; k++)
      json_array_append_new(
          benchmarks,
          gbench_repetition(r, &r->cells[i], i, &r->cells[i].samples[k]));
  emit_json(json_pack("{s:o, s:o}", "context", gbench_context(r->machine),
                      "benchmarks", benchmarks),
            out);
}

const report_format report_formats[REPORT_FORMATS] = {
    {"table", print_table, true},    {"markdown", print_markdown, true},
    {"csv", print_csv, false},       {"json", print_json, true},
    {"gbench", print_gbench, false},
};
