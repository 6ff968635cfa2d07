/* plot.h: draws figures with gnuplot, as SVG or PDF.
 *
 * Why gnuplot: docs/page.md.  One gnuplot runs for all figures of a page and is
 * given one script after the other; every text is in single quotes, in which
 * gnuplot interprets nothing. */
#ifndef REAPMARK_PAGE_PLOT_H
#define REAPMARK_PAGE_PLOT_H

#include "figure.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct plotter {
  pid_t process;
  int fd;          /* a socket, both of its input and of its output */
  const char *why; /* why nothing can be drawn; NULL: it can */
} plotter;

/* Starts gnuplot.  Without it, every figure is missing and `why` says so. */
void plot_begin(plotter *p);
void plot_end(plotter *p);

/* The figure as an <svg> to be put into a page, in the arena: without a
 * background and with colours that style.css can change; ids begin with `id`;
 * the markers are those of plot_markers.  NULL if it cannot be drawn. */
const char *plot_inline(plotter *p, const figure *f, const char *id);

/* The markers of all figures, once for a page: an invisible <svg>. */
const char *plot_markers(plotter *p);

/* Draws figures side by side, each with a legend, into the file `path`: PDF if
 * that ends in .pdf, else SVG.  Returns NULL, or what went wrong. */
const char *plot_file(const figure *const *figures, size_t count,
                      const char *path);

#endif
