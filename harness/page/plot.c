/* plot.c: see plot.h.  From a figure to gnuplot's script, and from gnuplot's
 * SVG to one that fits into a page. */
#include "plot.h"
#include "harness/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Size of a figure in a page.  Narrow, so that its text stays legible on a
 * phone, where the whole figure is scaled. */
enum { WIDTH = 440, HEIGHT = 300 };

/* In a file each figure has its legend below, in columns, and the figure is
 * higher by the lines of the longest one: beside many series a legend would
 * leave the figure no room. */
enum {
  FILE_WIDTH = 620,
  FILE_HEIGHT = 380,
  LEGEND_COLUMNS = 3,
  LEGEND_LINE = 16,
  PDF_DOTS = 100,       /* so many of them are an inch of a PDF */
  PDF_INCHES_MOST = 200 /* which a PDF may be high */
};

/* ------------------------------------------------------------------------- *
 * Scripts.
 * ------------------------------------------------------------------------- */

/* In single quotes the quote itself is the only special character, and is
 * doubled; texts of tables have no newlines. */
static void put_text(const char *text, FILE *out) {
  fputc('\'', out);
  for (; *text; text++) {
    if (*text == '\'')
      fputc('\'', out);
    fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
  }
  fputc('\'', out);
}

static void put_number(double value, FILE *out) {
  if (isfinite(value))
    fprintf(out, " %.9g", value);
  else
    fputs(" NaN", out);
}

/* The data of series `i`; where there is no interval, it is a point. */
static void put_data(const figure_series *s, size_t i, FILE *out) {
  fprintf(out, "$s%zu << END\n", i);
  for (size_t k = 0; k < s->count; k++) {
    const figure_point *p = &s->points[k];
    put_number(p->x, out);
    put_number(p->y, out);
    put_number(isnan(p->low) ? p->y : p->low, out);
    put_number(isnan(p->high) ? p->y : p->high, out);
    fputc('\n', out);
  }
  fputs("END\n", out);
}

static void put_axis(const figure_axis *a, const char *name, FILE *out) {
  fprintf(out, "%sset logscale %s\n", a->log ? "" : "un", name);
  fprintf(out, "set %slabel ", name);
  put_text(a->label, out);
  fprintf(out, " noenhanced\nset %srange [", name);
  if (isfinite(a->from))
    fprintf(out, "%.9g", a->from);
  else
    fputc('*', out);
  fputc(':', out);
  if (isfinite(a->to))
    fprintf(out, "%.9g", a->to);
  else
    fputc('*', out);
  fputs("]\n", out);
  if (!a->tics_count) {
    fprintf(out, "set %stics autofreq\nset format %s '%%g'\n", name, name);
    return;
  }
  fprintf(out, "set %stics (", name);
  for (size_t i = 0; i < a->tics_count; i++) {
    fputs(i ? ", " : "", out);
    put_text(a->tics[i].label, out);
    fprintf(out, " %.9g", a->tics[i].at);
  }
  fputs(")\n", out);
}

/* How many failures stand at this place in the series before `series`. */
static size_t failed_before(const figure *f, size_t series, double x) {
  size_t count = 0;
  for (size_t i = 0; i < series; i++)
    for (size_t k = 0;
         f->series[i].kind == SERIES_FAILED && k < f->series[i].count; k++)
      count += fabs(f->series[i].points[k].x - x) <= 0;
  return count;
}

/* One element of a plot command.  The failures at a place stand at the top, one
 * below the other. */
static void put_element(const figure *f, size_t i, FILE *out) {
  const figure_series *s = &f->series[i];
  const figure_look look = figure_look_of(s->style);
  fputs(i ? ", " : "plot ", out);
  switch (s->kind) {
  case SERIES_LINE:
    fprintf(out,
            "$s%zu using 1:2:3:4 with yerrorlines lc rgb '%s' lw 1.6 dt %u "
            "pt %u ps 0.7",
            i, look.colour, look.dash, look.marker);
    break;
  case SERIES_DASHED:
    fprintf(out, "$s%zu using 1:2 with lines lc rgb '%s' lw 1.3 dt '.'", i,
            look.colour);
    break;
  case SERIES_PLAIN:
    fprintf(out,
            "$s%zu using 1:2 with linespoints lc rgb '%s' lw 1.4 dt %u pt %u "
            "ps 0.7 pn 6",
            i, look.colour, look.dash, look.marker);
    break;
  case SERIES_FAILED:
    for (size_t k = 0; k < s->count; k++) {
      fputs(k ? ", " : "", out);
      fprintf(out, "'+' every ::0::0 using (%.9g):(%.3f):(", s->points[k].x,
              0.96 - 0.07 * (double)(failed_before(f, i, s->points[k].x) % 13));
      put_text(s->words[k], out);
      fprintf(out,
              ") axes x1y2 with labels point lc rgb '%s' pt %u ps 0.7 left "
              "offset 0.7,0 font ',10' noenhanced tc rgb '%s' title ",
              look.colour, look.marker, look.colour);
      put_text(s->name, out);
      fputs(" noenhanced", out);
    }
    return;
  }
  fputs(" title ", out);
  put_text(s->name, out);
  fputs(" noenhanced", out);
}

/* Without the size of the box gnuplot 6 puts a white one behind each point,
 * which a dark page shows. */
static void put_figure(const figure *f, bool legend, FILE *out) {
  fputs("set grid lw 0.5 lc rgb '#b0b0b0'\nset border 3\nset xtics nomirror\n"
        "set ytics nomirror\nset tics scale 0.5\nset errorbars small\n"
        "set y2range [0:1]\nunset y2tics\nset pointintervalbox 0\n",
        out);
  if (legend)
    fprintf(out,
            "set bmargin\nset key outside below center horizontal maxcols %d "
            "noenhanced font ',10'\n",
            LEGEND_COLUMNS);
  else
    fputs("set bmargin 3.2\nunset key\nset tmargin 0.6\nset rmargin 2\n", out);
  fputs("set title ", out);
  put_text(legend ? f->title : "", out);
  fputs(" noenhanced\n", out);
  put_axis(&f->x, "x", out);
  put_axis(&f->y, "y", out);
  for (size_t i = 0; i < f->count; i++)
    put_data(&f->series[i], i, out);
  for (size_t i = 0; i < f->count; i++)
    put_element(f, i, out);
  fputc('\n', out);
}

/* ------------------------------------------------------------------------- *
 * gnuplot.
 * ------------------------------------------------------------------------- */

#define ABSENT                                                                 \
  "no charts, as gnuplot is not installed: apt-get install gnuplot-nox"

void plot_begin(plotter *p) {
  int ends[2];
  *p = (plotter){.fd = -1, .why = ABSENT};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
    p->why = arena_text("no charts: %s", strerror(errno));
    return;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  /* -d: no settings of the user's, and so no figures that differ by them. */
  char *const words[] = {"gnuplot", "-d", "-", NULL};
  const int error =
      posix_spawnp(&p->process, "gnuplot", &actions, NULL, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error) {
    close(ends[0]);
    return;
  }
  /* A figure takes some ms; nobody is to wait for a gnuplot that hangs. */
  const struct timeval limit = {.tv_sec = 60};
  setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  p->fd = ends[0];
  p->why = NULL;
}

void plot_end(plotter *p) {
  if (p->fd < 0)
    return;
  close(p->fd);
  p->fd = -1;
  if (p->why) /* it may hang */
    kill(p->process, SIGKILL);
  while (waitpid(p->process, NULL, 0) < 0 && errno == EINTR)
    continue;
}

static bool send_all(plotter *p, const char *text, size_t bytes) {
  while (bytes) {
    const ssize_t n = send(p->fd, text, bytes, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    text += n;
    bytes -= (size_t)n;
  }
  return true;
}

/* Reads up to the end of an SVG; NULL if there is none. */
static char *receive_svg(plotter *p) {
  static const char end[] = "</svg>";
  size_t room = 1 << 16, used = 0;
  char *text = malloc(room);
  while (text) {
    if (used + 1 == room) {
      char *more = realloc(text, room *= 2);
      if (!more)
        break;
      text = more;
    }
    const ssize_t n = recv(p->fd, text + used, room - used - 1, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    used += (size_t)n;
    text[used] = 0;
    const size_t tail = used < 64 ? used : 64;
    if (strstr(text + used - tail, end))
      return text;
  }
  free(text);
  return NULL;
}

/* Runs a script that draws one SVG to stdout; NULL, for good, if that fails. */
static char *draw(plotter *p, const figure *f, const char *id) {
  char *script = NULL;
  size_t bytes = 0;
  FILE *out = p->why ? NULL : open_memstream(&script, &bytes);
  if (!out)
    return NULL;
  fprintf(out,
          "reset session\nset terminal svg size %d,%d dynamic font 'sans,13' "
          "name '%s'\nset encoding utf8\nset output\n",
          WIDTH, HEIGHT, id);
  put_figure(f, false, out);
  fputs("set output\n", out);
  fclose(out);
  char *svg = send_all(p, script, bytes) ? receive_svg(p) : NULL;
  free(script);
  if (!svg)
    p->why = "no charts: gnuplot did not draw one";
  return svg;
}

/* ------------------------------------------------------------------------- *
 * From gnuplot's SVG to one in a page.
 * ------------------------------------------------------------------------- */

/* The text between two marks, without them, or "" if it has not both. */
static const char *between(const char *text, const char *begin,
                           const char *end) {
  const char *from = strstr(text, begin);
  const char *to = from ? strstr(from + strlen(begin), end) : NULL;
  from = from ? from + strlen(begin) : NULL;
  return to ? arena_text("%.*s", (int)(to - from), from) : "";
}

/* Takes out, in place, all occurrences of a text. */
static void remove_all(char *text, const char *what) {
  const size_t n = strlen(what);
  char *to = text;
  for (const char *from = text; *from;) {
    if (!strncmp(from, what, n))
      from += n;
    else
      *to++ = *from++;
  }
  *to = 0;
}

/* Writes all colours, in place, as style.css and legends do: "rgb(  0, 114,
 * 178)" as "#0072b2". */
static void write_hex(char *text) {
  char *to = text;
  for (const char *from = text; *from;) {
    unsigned r, g, b;
    int bytes = 0;
    if (!strncmp(from, "rgb(", 4) &&
        sscanf(from, "rgb(%u ,%u ,%u)%n", &r, &g, &b, &bytes) == 3 && bytes) {
      char hex[8];
      snprintf(hex, sizeof hex, "#%02x%02x%02x", r & 255, g & 255, b & 255);
      memcpy(to, hex, 7); /* "rgb(0,0,0)" is longer */
      to += 7;
      from += bytes;
    } else
      *to++ = *from++;
  }
  *to = 0;
}

/* What says nothing: half of the text of a chart. */
static const char *const needless[] = {
    " font-family=\"sans\"",
    " stroke-linecap=\"butt\" stroke-linejoin=\"miter\"",
    "<tspan >",
    "</tspan>",
    "<tspan>",
    ("<g fill=\"none\" color=\"black\" stroke=\"currentColor\" "
     "stroke-width=\"1.00\">\n</g>\n")};

const char *plot_inline(plotter *p, const figure *f, const char *id) {
  char *svg = draw(p, f, id);
  if (!svg)
    return NULL;
  const char *body = between(svg, "</defs>", "</svg>");
  free(svg);
  char *text = arena_text("%s", body);
  for (size_t i = 0; i < sizeof needless / sizeof *needless; i++)
    remove_all(text, needless[i]);
  write_hex(text);
  /* The group that </defs> stands in is cut off with it. */
  char *end = strrchr(text, '<');
  if (end && !strncmp(end, "</g>", 4))
    *end = 0;
  return text;
}

const char *plot_markers(plotter *p) {
  figure *f = figure_new("", "");
  figure_add(figure_series_of(f, "", 0, SERIES_LINE),
             (figure_point){1, 1, NAN, NAN}, NULL);
  char *svg = draw(p, f, "markers");
  const char *markers = svg ? between(svg, "<defs>", "<filter") : "";
  free(svg);
  return arena_text("%s", markers);
}

/* ------------------------------------------------------------------------- *
 * Files.
 * ------------------------------------------------------------------------- */

static bool ends_in(const char *text, const char *end) {
  const size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

const char *plot_file(const figure *const *figures, size_t count,
                      const char *path) {
  const size_t columns = count < 2 ? 1 : 2;
  const size_t rows = (count + columns - 1) / columns;
  size_t most = 0; /* series of a figure */
  for (size_t i = 0; i < count; i++)
    most = figures[i]->count > most ? figures[i]->count : most;
  const size_t height =
      rows * (FILE_HEIGHT +
              LEGEND_LINE * ((most + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS));
  char *script = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&script, &bytes);
  if (!out)
    return "out of memory";
  if (ends_in(path, ".pdf"))
    fprintf(out, "set terminal pdfcairo size %.2f,%.2f font 'sans,10'\n",
            (double)(columns * FILE_WIDTH) / PDF_DOTS,
            fmin((double)height / PDF_DOTS, PDF_INCHES_MOST));
  else
    fprintf(out,
            "set terminal svg size %zu,%zu font 'sans,12' background "
            "rgb 'white'\n",
            columns * FILE_WIDTH, height);
  fputs("set encoding utf8\nset output ", out);
  put_text(path, out);
  fprintf(out, "\nset multiplot layout %zu,%zu\n", rows, columns);
  for (size_t i = 0; i < count; i++)
    put_figure(figures[i], true, out);
  fputs("unset multiplot\nset output\nprint 'drawn'\n", out);
  fclose(out);
  plotter p;
  plot_begin(&p);
  if (!p.why && !send_all(&p, script, bytes))
    p.why = "gnuplot did not take the figure";
  free(script);
  if (!p.why)
    shutdown(p.fd, SHUT_WR);
  char word[64];
  while (!p.why) {
    const ssize_t n = recv(p.fd, word, sizeof word, 0);
    if (n <= 0)
      break;
  }
  const char *why = p.why;
  plot_end(&p);
  return why ? why
         : access(path, R_OK)
             ? arena_text("%s: gnuplot could not write it", path)
             : NULL;
}
