/* figure.c: see figure.h. */
#include "figure.h"
#include "harness/base/arena.h"

#include <math.h>
#include <string.h>

figure *figure_new(const char *title, const char *description) {
  figure *f = arena_take(sizeof *f);
  *f = (figure){.title = title,
                .description = description,
                .x = {.label = "", .from = NAN, .to = NAN},
                .y = {.label = "", .from = NAN, .to = NAN}};
  return f;
}

figure_series *figure_series_of(figure *f, const char *name, size_t style,
                                series_kind kind) {
  for (size_t i = 0; i < f->count; i++)
    if (f->series[i].kind == kind && !strcmp(f->series[i].name, name))
      return &f->series[i];
  f->series = arena_more(f->series, f->count, sizeof *f->series);
  f->series[f->count] =
      (figure_series){.name = name, .style = style, .kind = kind};
  return &f->series[f->count++];
}

void figure_add(figure_series *s, figure_point point, const char *word) {
  s->points = arena_more(s->points, s->count, sizeof *s->points);
  if (s->kind == SERIES_FAILED) {
    s->words = arena_more(s->words, s->count, sizeof *s->words);
    s->words[s->count] = word;
  }
  s->points[s->count++] = point;
}

void figure_add_tic(figure_axis *axis, double at, const char *label) {
  axis->tics = arena_more(axis->tics, axis->tics_count, sizeof *axis->tics);
  axis->tics[axis->tics_count++] = (figure_tic){at, label};
}

/* ------------------------------------------------------------------------- *
 * Times.
 * ------------------------------------------------------------------------- */

void figure_time_tics(figure *f) {
  for (int power = 0; power < 12; power++) {
    const double at = pow(10, power);
    static const char *const units[] = {"ns", "µs", "ms", "s"};
    figure_add_tic(&f->y, at,
                   arena_text("%.0f %s", pow(10, power % 3), units[power / 3]));
  }
}

/* ------------------------------------------------------------------------- *
 * Styles.
 * ------------------------------------------------------------------------- */

size_t figure_style(json_t *styles, const char *collector) {
  const json_t *known = json_object_get(styles, collector);
  if (known)
    return (size_t)json_integer_value(known);
  const size_t style = json_object_size(styles);
  json_object_set_new(styles, collector, json_integer((json_int_t)style));
  return style;
}

figure_look figure_look_of(size_t style) {
  /* After Okabe & Ito's palette, dark enough for thin lines on white (contrast
   * 3 or more).  style.css has the same ones for dark backgrounds. */
  static const char *const colours[] = {"#0072b2", "#c65102", "#00805f",
                                        "#a0457f", "#7a6000", "#4d5b66"};
  static const unsigned markers[] = {7, 5,  9,  11, 13, 15, 6, 4,
                                     8, 10, 12, 14, 1,  2,  3};
  enum {
    COLOURS = sizeof colours / sizeof *colours,
    MARKERS = sizeof markers / sizeof *markers
  };
  if (style == FIGURE_NEUTRAL)
    return (figure_look){"#4d5b66", 1, 3};
  return (figure_look){colours[style % COLOURS], markers[style % MARKERS],
                       (unsigned)(style / COLOURS % 3) + 1};
}
