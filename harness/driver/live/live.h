/* live.h: the live view: a few lines at the bottom of a terminal that say what
 * a long command does right now.
 *
 *   12 of 80 done, 3:41 left
 *   now   requests/mark-sweep/heap=512M/threads=1/seed=42#2
 *   last  ok ok OOM ok
 *   worst 9.20 ms, requests/mark-sweep/heap=512M
 *
 * There is one view in a process, since there is one terminal.  It is shown on
 * stderr, only if that is a terminal that can rewrite lines, and from
 * live_begin to live_end; otherwise every function does nothing.  A message of
 * say() takes its place, and the next live_draw draws it again below.
 *
 * The view is drawn between runs and never during one: a terminal that draws
 * takes processor time from what is measured.  It changes no mode of the
 * terminal that outlives a drawing, so that an interrupt at any time leaves the
 * terminal as it was.  A line is cut off before it would wrap; if the terminal
 * becomes narrower, old lines may stay above, but nothing else is erased.
 *
 * Not for several threads at once. */
#ifndef REAPMARK_LIVE_H
#define REAPMARK_LIVE_H

#include <stdbool.h>
#include <stddef.h>

/* Begins with an empty view.  Returns whether there is one. */
bool live_begin(void);

/* Whether the view is on. */
bool live_is_on(void);

/* What runs now. */
void live_now(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How many are done of those that are planned, and the seconds that the others
 * take, NAN if that is not known. */
void live_done(size_t done, size_t planned, double left);

/* A verdict, which joins the last ones; a failure is red. */
void live_verdict(const char *word, bool failed);

/* Something that went badly; the worst so far, by `badness`, is shown. */
void live_worst(double badness, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Shows the view as it is now. */
void live_draw(void);

/* The same, unless the view was drawn within the last tenth of a second: for
 * commands whose runs may be very short. */
void live_draw_seldom(void);

/* Says a line, in red where there is colour and without the program's name,
 * above the view.  Also where there is no view. */
void live_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes the view away. */
void live_end(void);

/* "3:41", "2 h 05 min". */
const char *live_time(double seconds);

#endif
