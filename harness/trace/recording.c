/* recording.c: see recording.h. */
#include "recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define FIRST_LINE "python-recording 1\n"

/* A reference that an object has. */
typedef struct held_edge {
  uint32_t target, start;
  bool fleeting;
} held_edge;

/* What is known of an object while the recording is read. */
typedef struct state {
  held_edge *edges; /* sorted by target */
  size_t edges_count;
  uint32_t next_alive, previous_alive; /* numbers; a list with head 0 */
  uint32_t referred;                   /* at a snapshot: references to it */
  bool alive, outside, reached;
} state;

typedef enum event { NOTHING, BIRTH, DEATHS, SNAPSHOT } event;

typedef struct loader {
  recording *r;
  FILE *file;
  char *error;
  const char *path;
  uint64_t line;
  state *states; /* by number */
  size_t states_room;
  uint32_t position, snapshot; /* now, and of the last snapshot */
  event last;
  bool collecting, ended;
  uint32_t *targets; /* of the line that is read */
  size_t targets_room;
  uint32_t *work;
  size_t work_count, work_room;
} loader;

static bool wrong(loader *l, const char *what) {
  snprintf(l->error, RECORDING_ERROR, "%s:%" PRIu64 ": %s", l->path, l->line,
           what);
  return false;
}

/* ------------------------------------------------------------------------- *
 * Numbers.
 * ------------------------------------------------------------------------- */

static bool read_number(loader *l, uint32_t most, uint32_t *n) {
  int c = getc_unlocked(l->file);
  uint64_t value = 0;
  bool any = false;
  while (c == ' ')
    c = getc_unlocked(l->file);
  for (; c >= '0' && c <= '9' && value <= most; c = getc_unlocked(l->file)) {
    value = 10 * value + (uint64_t)(c - '0');
    any = true;
  }
  ungetc(c, l->file);
  *n = (uint32_t)value;
  return any && value <= most ? true : wrong(l, "a number is missing or wrong");
}

static bool read_alive(loader *l, uint32_t *n) {
  if (!read_number(l, (uint32_t)l->r->objects_count, n))
    return false;
  return *n && l->states[*n].alive ? true : wrong(l, "no such object is alive");
}

static bool read_line_end(loader *l) {
  return getc_unlocked(l->file) == '\n'
             ? true
             : wrong(l, "the line does not end where it should");
}

static int by_number(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* Reads targets, and sorts them. */
static bool read_targets(loader *l, uint32_t *count) {
  if (!read_number(l, 1u << 26, count))
    return false;
  for (uint32_t i = 0; i < *count; i++) {
    l->targets = trace_more(l->targets, &l->targets_room, (size_t)i + 1,
                            sizeof *l->targets);
    if (!read_alive(l, &l->targets[i]))
      return false;
  }
  if (*count)
    qsort(l->targets, *count, sizeof *l->targets, by_number);
  return true;
}

/* ------------------------------------------------------------------------- *
 * References.
 * ------------------------------------------------------------------------- */

static uint32_t later(uint32_t a, uint32_t b) {
  return a > b ? a : b;
}

static void end_edge(loader *l, uint32_t source, const held_edge *e,
                     uint32_t end) {
  recording *r = l->r;
  r->edges = trace_more(r->edges, &r->edges_room, r->edges_count + 1,
                        sizeof *r->edges);
  r->edges[r->edges_count++] =
      (recorded_edge){source - 1, e->target - 1, e->start, end, e->fleeting};
}

/* The object refers to l->targets now. */
static void set_targets(loader *l, uint32_t n, uint32_t count, bool fleeting) {
  recording *r = l->r;
  state *s = &l->states[n];
  held_edge *now = trace_memory(NULL, count * sizeof *now);
  size_t old = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t target = l->targets[i];
    for (; old < s->edges_count && s->edges[old].target < target; old++)
      end_edge(l, n, &s->edges[old], l->position);
    if (old < s->edges_count && s->edges[old].target == target) {
      now[i] = s->edges[old++];
      continue;
    }
    uint32_t born =
        later(r->objects[n - 1].birth, r->objects[target - 1].birth);
    now[i] = (held_edge){target, later(born, l->snapshot), fleeting};
  }
  for (; old < s->edges_count; old++)
    end_edge(l, n, &s->edges[old], l->position);
  free(s->edges);
  s->edges = now;
  s->edges_count = count;
}

/* ------------------------------------------------------------------------- *
 * Snapshots: what is reachable, and which objects need a root for that.
 * ------------------------------------------------------------------------- */

/* Marks what the object leads to. */
static void reach(loader *l, uint32_t n) {
  l->work_count = 0;
  l->states[n].reached = true;
  for (;;) {
    const state *s = &l->states[n];
    for (size_t i = 0; i < s->edges_count; i++) {
      state *target = &l->states[s->edges[i].target];
      if (!target->alive || target->reached)
        continue;
      target->reached = true;
      l->work = trace_more(l->work, &l->work_room, l->work_count + 1,
                           sizeof *l->work);
      l->work[l->work_count++] = s->edges[i].target;
    }
    if (!l->work_count)
      return;
    n = l->work[--l->work_count];
  }
}

#define EACH_ALIVE(n)                                                          \
  for (uint32_t n = l->states[0].next_alive; n; n = l->states[n].next_alive)

static void complete_snapshot(loader *l) {
  recording *r = l->r;
  EACH_ALIVE(n) {
    l->states[n].reached = false;
    l->states[n].referred = 0;
  }
  EACH_ALIVE(n)
  for (size_t i = 0; i < l->states[n].edges_count; i++)
    l->states[l->states[n].edges[i].target].referred++;
  /* First those that no object refers to, then what these do not lead to. */
  for (int round = 0; round < 2; round++)
    EACH_ALIVE(n) {
      state *s = &l->states[n];
      if (!s->outside || s->reached || (round == 0 && s->referred))
        continue;
      r->objects[n - 1].outside = l->position;
      reach(l, n);
    }
  EACH_ALIVE(n) {
    recorded_object *o = &r->objects[n - 1];
    if (l->states[n].reached) {
      o->lost = 0;
      o->lost_after = l->position;
    } else if (!o->lost)
      o->lost = l->position;
  }
  r->snapshots = trace_more(r->snapshots, &r->snapshots_room,
                            r->snapshots_count + 1, sizeof *r->snapshots);
  r->snapshots[r->snapshots_count++] = l->snapshot = l->position;
}

/* ------------------------------------------------------------------------- *
 * Events.
 * ------------------------------------------------------------------------- */

static bool advance(loader *l, event e) {
  if (e == BIRTH || l->last != e)
    l->position++;
  l->last = e;
  return l->position < UINT32_MAX - 2 ? true : wrong(l, "it is too long");
}

static bool birth(loader *l) {
  recording *r = l->r;
  size_t n = r->objects_count + 1;
  if (n >= UINT32_MAX || !advance(l, BIRTH))
    return wrong(l, "it has too many objects");
  r->objects = trace_more(r->objects, &r->objects_room, n, sizeof *r->objects);
  l->states = trace_more(l->states, &l->states_room, n + 1, sizeof *l->states);
  r->objects_count = n;
  r->objects[n - 1] =
      (recorded_object){.birth = l->position, .lost_after = l->position};
  state *head = &l->states[0];
  l->states[n].alive = true;
  l->states[n].next_alive = head->next_alive;
  l->states[head->next_alive].previous_alive = (uint32_t)n;
  head->next_alive = (uint32_t)n;
  return true;
}

/* The object goes, at the position. */
static void leave(loader *l, uint32_t n, uint32_t position) {
  recorded_object *o = &l->r->objects[n - 1];
  state *s = &l->states[n];
  o->death = position;
  o->collected = l->collecting;
  if (!o->collected || !o->lost || o->lost > position)
    o->lost = position;
  for (size_t i = 0; i < s->edges_count; i++)
    end_edge(l, n, &s->edges[i], position);
  free(s->edges);
  l->states[s->previous_alive].next_alive = s->next_alive;
  l->states[s->next_alive].previous_alive = s->previous_alive;
  *s = (state){0};
}

/* What the detector has cleared already is not there to be seen. */
static bool death(loader *l) {
  uint32_t n, count;
  if (!read_alive(l, &n) ||
      !read_number(l, UINT32_MAX - 1, &l->r->objects[n - 1].bytes) ||
      !read_targets(l, &count) || !advance(l, DEATHS))
    return false;
  if (!l->collecting && count)
    set_targets(l, n, count, true);
  leave(l, n, l->position);
  return true;
}

static bool edges(loader *l) {
  uint32_t n, count;
  if (!read_alive(l, &n) || !read_targets(l, &count) || !advance(l, SNAPSHOT))
    return false;
  set_targets(l, n, count, false);
  return true;
}

static bool outside(loader *l) {
  uint32_t n, flag;
  if (!read_alive(l, &n) || !read_number(l, 1, &flag) || !advance(l, SNAPSHOT))
    return false;
  l->states[n].outside = flag;
  return true;
}

static bool snapshot(loader *l) {
  if (!advance(l, SNAPSHOT))
    return false;
  complete_snapshot(l);
  l->last = NOTHING;
  return true;
}

/* What is alive at the end dies behind the last position, but for dead cycles
 * that the detector has not come to. */
static bool alive_at_end(loader *l) {
  uint32_t n;
  if (!read_alive(l, &n) ||
      !read_number(l, UINT32_MAX - 1, &l->r->objects[n - 1].bytes))
    return false;
  l->collecting = l->r->objects[n - 1].lost != 0;
  leave(l, n, l->position + 1);
  return true;
}

static bool end(loader *l) {
  uint32_t late;
  if (!read_number(l, UINT32_MAX - 1, &late))
    return false;
  if (l->states && l->states[0].next_alive)
    return wrong(l, "objects are left over");
  l->r->late = late;
  l->r->end = l->position + 1;
  l->ended = true;
  return true;
}

static bool read_event(loader *l, int c) {
  switch (c) {
  case 'b':
    return birth(l);
  case 'd':
    return death(l);
  case 'e':
    if (getc_unlocked(l->file) != 'n')
      return edges(l);
    return getc_unlocked(l->file) == 'd' ? end(l) : wrong(l, "unknown line");
  case 'x':
    return outside(l);
  case 's':
    return snapshot(l);
  case '(':
  case ')':
    l->collecting = c == '(';
    return true;
  case 'l':
    return alive_at_end(l);
  default:
    return wrong(l, "unknown line");
  }
}

static bool read_all(loader *l) {
  char first[sizeof FIRST_LINE];
  l->line = 1;
  if (!fgets(first, sizeof first, l->file) || strcmp(first, FIRST_LINE))
    return wrong(l, "this is no recording: the first line is not "
                    "'python-recording 1'");
  for (int c; l->line++, !l->ended && (c = getc_unlocked(l->file)) != EOF;)
    if (!read_event(l, c) || !read_line_end(l))
      return false;
  return l->ended ? true : wrong(l, "the recording is cut: it has no line end");
}

bool recording_read(const char *path, recording *r,
                    char error[RECORDING_ERROR]) {
  *r = (recording){0};
  loader l = {.r = r, .error = error, .path = path};
  l.file = strcmp(path, "-") ? fopen(path, "re") : stdin;
  if (!l.file) {
    snprintf(error, RECORDING_ERROR, "%s: %s", path, strerror(errno));
    return false;
  }
  l.states = trace_more(NULL, &l.states_room, 1, sizeof *l.states);
  bool good = read_all(&l);
  for (size_t n = 0; n <= r->objects_count; n++)
    free(l.states[n].edges);
  free(l.states);
  free(l.targets);
  free(l.work);
  if (l.file != stdin)
    fclose(l.file);
  return good;
}

void recording_free(recording *r) {
  free(r->objects);
  free(r->edges);
  free(r->snapshots);
  *r = (recording){0};
}
