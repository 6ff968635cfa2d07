/* live.c: see live.h. */
#include "live.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "harness/output/terminal.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
  LINES = 4,
  TEXT = 256,   /* bytes of a line's text, with its final 0 */
  VERDICTS = 8, /* that are remembered */
  WORD = 24,    /* bytes of a verdict, with its final 0 */
  MARGIN = 3,   /* columns that stay free: a terminal echoes ^C there */
  COLUMNS = 80, /* of a terminal that does not say */
  SELDOM = 100  /* ms */
};

#define RED   "\033[31m"
#define PLAIN "\033[0m"

static struct view {
  bool on, colour;
  size_t drawn; /* lines that are on the terminal, the cursor in the last */
  uint64_t drawn_at;
  size_t done, planned;
  double left;
  char now[TEXT], worst[TEXT];
  double badness;
  struct {
    char word[WORD];
    bool failed;
  } verdicts[VERDICTS]; /* a ring */
  size_t verdicts_count;
} view;

static bool is_terminal(void) {
  const char *term = getenv("TERM");
  return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb");
}

static bool has_colour(void) {
  const char *no = getenv("NO_COLOR");
  return is_terminal() && !(no && *no);
}

static uint64_t milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------------- *
 * What is drawn.
 * ------------------------------------------------------------------------- */

const char *live_time(double seconds) {
  const unsigned long s = (unsigned long)(seconds + 0.5);
  return s < 3600 ? arena_text("%lu:%02lu", s / 60, s % 60)
                  : arena_text("%lu h %02lu min", s / 3600, s / 60 % 60);
}

/* Text that is put together, of which `columns` are still free.  Escape
 * sequences take none. */
typedef struct line {
  char *out;
  size_t room, columns;
} line;

static void put_escape(line *l, const char *sequence) {
  const size_t n = strlen(sequence);
  if (n >= l->room)
    return;
  memcpy(l->out, sequence, n + 1);
  l->out += n;
  l->room -= n;
}

/* Puts as many characters as fit; a continuation byte belongs to the character
 * before. */
static void put(line *l, const char *text) {
  for (; *text && l->room > 1; text++) {
    const bool begins = ((unsigned char)*text & 0xc0) != 0x80;
    if (begins && !l->columns)
      break;
    l->columns -= begins;
    *l->out++ = *text;
    l->room--;
  }
  *l->out = 0;
}

static void put_verdicts(line *l) {
  const size_t n =
      view.verdicts_count < VERDICTS ? view.verdicts_count : VERDICTS;
  for (size_t i = view.verdicts_count - n; i < view.verdicts_count; i++) {
    const bool red = view.verdicts[i % VERDICTS].failed && view.colour;
    put(l, " ");
    if (red)
      put_escape(l, RED);
    put(l, view.verdicts[i % VERDICTS].word);
    if (red)
      put_escape(l, PLAIN);
  }
}

/* Puts one of the lines; false if it would be empty. */
static bool put_line(line *l, size_t which) {
  char left[64] = "";
  switch (which) {
  case 0:
    if (!isnan(view.left) && view.done < view.planned)
      snprintf(left, sizeof left, ", %s left", live_time(view.left));
    char text[TEXT];
    snprintf(text, sizeof text, "%zu of %zu done%s", view.done, view.planned,
             left);
    put(l, view.planned ? text : "");
    return view.planned;
  case 1:
    put(l, "now   ");
    put(l, view.now);
    return *view.now;
  case 2:
    put(l, "last ");
    put_verdicts(l);
    return view.verdicts_count;
  default:
    put(l, "worst ");
    put(l, view.worst);
    return *view.worst;
  }
}

/* ------------------------------------------------------------------------- *
 * Drawing.
 * ------------------------------------------------------------------------- */

/* How many characters a line may have. */
static size_t columns_free(void) {
  const size_t told = terminal_width(stderr);
  const size_t columns = told ? told : COLUMNS;
  return columns > MARGIN ? columns - MARGIN : 1;
}

/* How many lines may be drawn: one, if the terminal is so low that others would
 * scroll. */
static size_t lines_free(void) {
  struct winsize size = {0};
  const bool known = !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_row;
  return known && size.ws_row <= LINES ? 1 : LINES;
}

/* Goes to the first line of the view and erases from there on.  Never further
 * up, whatever the terminal made of the lines when its size changed. */
static void put_erasure(line *l) {
  if (view.drawn > 1)
    put_escape(l, arena_text("\033[%zuA", view.drawn - 1));
  put_escape(l, view.drawn ? "\r\033[J" : "");
}

static void clear(void) {
  char text[32];
  line l = {.out = text, .room = sizeof text};
  *text = 0;
  put_erasure(&l);
  fputs(text, stderr);
  fflush(stderr);
  view.drawn = 0;
}

void live_draw(void) {
  if (!view.on)
    return;
  static char out[LINES * (4 * TEXT + 2 * VERDICTS * sizeof RED) + 64];
  const size_t columns = columns_free(), most = lines_free();
  line l = {.out = out, .room = sizeof out};
  fflush(stdout); /* what was printed stands above */
  put_erasure(&l);
  put_escape(&l, "\033[?7l"); /* no wrapping: characters may be wide */
  view.drawn = 0;
  for (size_t i = 0; i < LINES && view.drawn < most; i++) {
    line next = l;
    next.columns = columns;
    put_escape(&next, view.drawn ? "\r\n" : "");
    if (!put_line(&next, i)) {
      *l.out = 0;
      continue;
    }
    l = next;
    view.drawn++;
  }
  put_escape(&l, "\033[?7h");
  fputs(out, stderr);
  fflush(stderr);
  view.drawn_at = milliseconds();
}

void live_draw_seldom(void) {
  if (view.on && milliseconds() - view.drawn_at >= SELDOM)
    live_draw();
}

/* ------------------------------------------------------------------------- *
 * What the view knows.
 * ------------------------------------------------------------------------- */

bool live_begin(void) {
  view = (struct view){.on = is_terminal(),
                       .colour = has_colour(),
                       .left = NAN,
                       .badness = -HUGE_VAL};
  if (view.on)
    say_before = clear;
  return view.on;
}

bool live_is_on(void) {
  return view.on;
}

/* Formats a text that may come from programs. */
static void set_text(char *out, size_t room, const char *format, va_list args) {
  vsnprintf(out, room, format, args);
  words_clean(out, false);
}

void live_now(const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (view.on)
    set_text(view.now, sizeof view.now, format, args);
  va_end(args);
}

void live_done(size_t done, size_t planned, double left) {
  view.done = done;
  view.planned = planned;
  view.left = left;
}

void live_verdict(const char *word, bool failed) {
  if (!view.on)
    return;
  const size_t at = view.verdicts_count++ % VERDICTS;
  words_copy(view.verdicts[at].word, WORD, word, strlen(word));
  view.verdicts[at].failed = failed;
}

void live_worst(double badness, const char *format, ...) {
  if (!view.on || !(badness > view.badness))
    return;
  va_list args;
  va_start(args, format);
  view.badness = badness;
  set_text(view.worst, sizeof view.worst, format, args);
  va_end(args);
}

void live_say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = arena_vtext(format, args);
  va_end(args);
  words_clean(text, false); /* the reason may be a program's */
  fflush(stdout);
  if (view.on)
    clear();
  fprintf(stderr, has_colour() ? RED "%s" PLAIN "\n" : "%s\n", text);
}

void live_end(void) {
  if (!view.on)
    return;
  clear();
  say_before = NULL;
  view.on = false;
}
