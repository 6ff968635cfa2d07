/* section.c: what sections share. */
#include "section.h"
#include "harness/base/arena.h"
#include "harness/output/html.h"

#include <string.h>

section *const sections[SECTIONS] = {
    section_trust,   section_answer, section_overview, section_overhead,
    section_latency, section_phases, section_memory,   section_growth,
    section_leaks,   section_cells};

void section_begin(document *d, const char *id, const char *title) {
  fprintf(d->out,
          "<section id=\"%s%s\" aria-labelledby=\"h-%s%s\">\n<h%d "
          "id=\"h-%s%s\">",
          id, d->suffix, id, d->suffix, d->level, id, d->suffix);
  html_text(title, d->out);
  fprintf(d->out, "</h%d>\n", d->level);
  d->contents = arena_text("%s<li><a href=\"#%s%s\">%s</a></li>\n", d->contents,
                           id, d->suffix, title);
}

void section_end(document *d) {
  fputs("</section>\n", d->out);
}

void section_says(document *d, const char *html) {
  fprintf(d->out, "<p class=\"lead\">%s</p>\n", html);
}

void section_fold(document *d, const char *summary) {
  fputs("<details><summary>", d->out);
  html_text(summary, d->out);
  fputs("</summary>\n", d->out);
}

void section_unfold(document *d) {
  fputs("</details>\n", d->out);
}

/* ------------------------------------------------------------------------- *
 * Legend.
 * ------------------------------------------------------------------------- */

static void print_swatch(const figure_look *look, FILE *out) {
  static const char *const dashes[] = {"", "8 4", "2 4"};
  fprintf(out,
          "<svg class=\"plot swatch\" viewBox=\"0 0 36 14\" "
          "aria-hidden=\"true\"><path d=\"M0,7 H36\" fill=\"none\" "
          "stroke-width=\"2\" stroke-dasharray=\"%s\" stroke=\"%s\"/>"
          "<use href=\"#gpPt%u\" transform=\"translate(18,7) scale(4)\" "
          "color=\"%s\" fill=\"none\"/></svg>",
          dashes[look->dash - 1], look->colour, look->marker - 1, look->colour);
}

/* A button for each collector of the panels; script.js shows it alone. */
static void print_legend(document *d, const panels *all) {
  json_t *seen = json_object();
  fputs("<ul class=\"legend\" aria-label=\"Collectors\">\n", d->out);
  for (size_t i = 0; i < all->count; i++)
    for (size_t k = 0; k < all->items[i].figure->count; k++) {
      const figure_series *s = &all->items[i].figure->series[k];
      if (json_object_get(seen, s->name))
        continue;
      json_object_set_new(seen, s->name, json_true());
      const figure_look look = figure_look_of(s->style);
      fputs("<li><button type=\"button\" aria-pressed=\"false\" data-series=\"",
            d->out);
      html_text(s->name, d->out);
      fputs("\">", d->out);
      print_swatch(&look, d->out);
      html_text(s->name, d->out);
      fputs("</button></li>\n", d->out);
    }
  fputs("</ul>\n", d->out);
  json_decref(seen);
}

/* ------------------------------------------------------------------------- *
 * Panels.
 * ------------------------------------------------------------------------- */

static void print_svg(document *d, const figure *f, const char *id,
                      const char *svg) {
  fprintf(d->out,
          "<svg class=\"plot\" viewBox=\"0 0 440 300\" role=\"img\" "
          "aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">",
          id, id, id);
  html_text(f->title, d->out);
  fprintf(d->out, "</title><desc id=\"%s-d\">", id);
  html_text(f->description, d->out);
  fprintf(d->out, "</desc>%s</svg>\n", svg);
}

static void print_panel(document *d, const panel *p) {
  const char *id = arena_text("f%zu", ++d->figures);
  const char *svg = plot_inline(&d->plot, p->figure, id);
  fputs("<figure>\n<figcaption>", d->out);
  html_text(p->figure->title, d->out);
  fputs("</figcaption>\n", d->out);
  if (svg)
    print_svg(d, p->figure, id, svg);
  else {
    fputs("<p class=\"missing\">", d->out);
    html_text(d->plot.why, d->out);
    fputs("</p>\n", d->out);
  }
  fprintf(d->out, "<details%s><summary>Numbers</summary>\n",
          svg ? "" : " open");
  html_group(p->table, p->group, arena_text("%s: numbers", p->figure->title),
             d->out);
  fputs("</details></figure>\n", d->out);
}

/* So many charts are seen at once; the others are shown on demand. */
enum { FIRST_CHARTS = 9 };

static void print_grid(document *d, const panels *all, size_t begin,
                       size_t end) {
  fputs("<div class=\"grid\">\n", d->out);
  for (size_t i = begin; i < end && i < all->count; i++)
    print_panel(d, &all->items[i]);
  fputs("</div>\n", d->out);
}

void section_panels(document *d, const panels *all) {
  print_legend(d, all);
  print_grid(d, all, 0, FIRST_CHARTS);
  if (all->count <= FIRST_CHARTS)
    return;
  section_fold(d, arena_text("%zu more charts", all->count - FIRST_CHARTS));
  print_grid(d, all, FIRST_CHARTS, all->count);
  section_unfold(d);
}
