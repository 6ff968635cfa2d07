/* figure.h: what a chart shows, apart from how it is drawn (plot.h): axes, and
 * series of points with intervals.
 *
 * The points come from the rows of tables (harness/report): a figure computes
 * nothing.  Everything lives in the arena. */
#ifndef REAPMARK_PAGE_FIGURE_H
#define REAPMARK_PAGE_FIGURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct figure_point {
  double x, y;      /* NAN: a gap */
  double low, high; /* of the interval of y; NAN: none */
} figure_point;

typedef enum series_kind {
  SERIES_LINE,   /* with markers and intervals */
  SERIES_DASHED, /* dashed and without markers: a companion of another */
  SERIES_PLAIN,  /* a line without markers, for many points */
  SERIES_FAILED  /* markers at the top, each with a word: no value is known */
} series_kind;

/* Points in the style of their collector. */
typedef struct figure_series {
  const char *name;
  size_t style; /* as figure_style gives it; FIGURE_NEUTRAL: none's */
  series_kind kind;
  figure_point *points;
  const char **words; /* of SERIES_FAILED, one for each point */
  size_t count;
} figure_series;

#define FIGURE_NEUTRAL ((size_t)-1)

/* A place on an axis with a word of its own. */
typedef struct figure_tic {
  double at;
  const char *label;
} figure_tic;

typedef struct figure_axis {
  const char *label;
  bool log;
  double from, to; /* NAN: as the points need */
  figure_tic *tics;
  size_t tics_count; /* 0: numbers, wherever they fit */
} figure_axis;

typedef struct figure {
  const char *title;
  const char *description; /* what to see in it, for those who cannot see it */
  figure_axis x, y;
  figure_series *series;
  size_t count;
} figure;

figure *figure_new(const char *title, const char *description);

/* The series of this name and kind, which is added if there is none. */
figure_series *figure_series_of(figure *f, const char *name, size_t style,
                                series_kind kind);

/* Adds a point; `word` is that of a SERIES_FAILED, or NULL. */
void figure_add(figure_series *s, figure_point point, const char *word);

void figure_add_tic(figure_axis *axis, double at, const char *label);

/* Sets tics at the powers of ten of a logarithmic axis of ns: "10 µs". */
void figure_time_tics(figure *f);

/* The same style for the same collector in all figures of a page; `styles` is
 * an empty JSON object at first. */
size_t figure_style(json_t *styles, const char *collector);

/* How a style looks: colours are told apart by those who do not see all of
 * them, and markers and dashes tell the same. */
typedef struct figure_look {
  const char *colour; /* "#0072b2" */
  unsigned marker;    /* gnuplot's number of the point type, from 1 */
  unsigned dash;      /* and of the dash type */
} figure_look;
figure_look figure_look_of(size_t style);

#endif
