/* page.c: see page.h. */
#include "page.h"
#include "assets.h"
#include "section.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/output/html.h"
#include "harness/report/compare.h"

#include <stdlib.h>
#include <string.h>

void page_gather(report *r, const report_cell *c, const json_t *record) {
  report_gather(r, c, record);
  report_gather_traces(r, c, record);
  report_gather_phases(r, c, record);
}

static const char *suite_of(const report *r) {
  const char *name = json_string_value(json_object_get(r->plan, "suite"));
  return name ? name : "?";
}

static const char *suffix_of(size_t i) {
  return i ? arena_text("-%zu", i + 1) : "";
}

/* ------------------------------------------------------------------------- *
 * Frame.
 * ------------------------------------------------------------------------- */

/* The policy lets a browser load nothing, whatever slipped into the page. */
static void print_head(const char *title, FILE *out) {
  fputs(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src "
      "'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light "
      "dark\">\n<title>",
      out);
  html_text(title, out);
  fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n",
          asset_style_css);
  fputs("<a class=\"skip\" href=\"#main\">To the content</a>\n", out);
}

/* ------------------------------------------------------------------------- *
 * Several directories.
 * ------------------------------------------------------------------------- */

static void print_comparisons(document *d, const report *const *reports,
                              size_t count) {
  static const char *const compared[] = {"wall_ns", "step_max_ns",
                                         "peak_rss_bytes"};
  enum { COMPARED = sizeof compared / sizeof *compared };
  comparison **all = arena_take(COMPARED * count * sizeof *all);
  size_t n = 0;
  for (size_t i = 1; i < count; i++) {
    const compare_side base = {.name = reports[0]->dir, .report = reports[0]};
    const compare_side fresh = {.name = reports[i]->dir, .report = reports[i]};
    const compare_sides *sides = compare_match(base, fresh);
    for (size_t m = 0; m < COMPARED; m++)
      all[n++] = compare_make(sides, metric_find(compared[m]),
                              (compare_rules){.alpha = 0.05});
  }
  section_begin(d, "side-by-side", "Side by side");
  page *p = compare_page(all, n);
  html_parts(p, d->level + 1, d->out);
  json_decref(p->json);
  section_end(d);
}

/* ------------------------------------------------------------------------- *
 * All of it.
 * ------------------------------------------------------------------------- */

/* A line of the contents that links to a report, new. */
static char *contents_line(const document *d, const report *r) {
  char *line = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&line, &bytes);
  if (!out)
    return NULL;
  fprintf(out, "<li class=\"part\"><a href=\"#report%s\">", d->suffix);
  html_text(r->dir, out);
  fputs("</a></li>\n", out);
  fclose(out);
  return line;
}

static void print_report(document *d, const report *r, bool alone) {
  if (!alone) {
    char *line = contents_line(d, r);
    d->contents = arena_text("%s%s", d->contents, line ? line : "");
    free(line);
    fprintf(d->out, "<article id=\"report%s\">\n<h2>", d->suffix);
    html_text(r->dir, d->out);
    fputs("</h2>\n", d->out);
  }
  for (size_t i = 0; i < SECTIONS; i++)
    sections[i](d, r);
  if (!alone)
    fputs("</article>\n", d->out);
}

/* What follows the contents, which are known afterwards only. */
static char *make_body(document *d, const report *const *reports,
                       size_t count) {
  char *body = NULL;
  size_t bytes = 0;
  d->out = open_memstream(&body, &bytes);
  if (!d->out) {
    say("out of memory");
    exit(EXIT_SOME_FAILED);
  }
  if (count > 1)
    print_comparisons(d, reports, count);
  d->level = count > 1 ? 3 : 2;
  for (size_t i = 0; i < count; i++) {
    d->suffix = suffix_of(i);
    print_report(d, reports[i], count == 1);
  }
  fclose(d->out);
  return body;
}

const char *page_write(const report *const *reports, size_t count,
                       const char *made_by, FILE *out) {
  document d = {
      .styles = json_object(), .suffix = "", .level = 2, .contents = ""};
  plot_begin(&d.plot);
  char *body = make_body(&d, reports, count);
  const char *title =
      arena_text("Reapmark: suite %s%s", suite_of(reports[0]),
                 count > 1 ? arena_text(" and %zu more", count - 1) : "");
  print_head(title, out);
  fputs("<header>\n<h1>", out);
  html_text(title, out);
  fprintf(out,
          "</h1>\n<button type=\"button\" id=\"theme\" hidden>Light or "
          "dark</button>\n<nav aria-label=\"Contents\"><ul>\n%s</ul></nav>\n"
          "</header>\n<svg class=\"markers\" aria-hidden=\"true\"><defs>%s"
          "</defs></svg>\n<main id=\"main\">\n%s</main>\n",
          d.contents, plot_markers(&d.plot), body);
  free(body);
  fputs("<footer><p>Made by ", out);
  html_text(made_by, out);
  fprintf(out, ".</p></footer>\n<script>\n%s</script>\n</body>\n</html>\n",
          asset_script_js);
  const char *why = d.plot.why;
  plot_end(&d.plot);
  json_decref(d.styles);
  return why;
}
