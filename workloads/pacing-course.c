/* pacing-course.c: see pacing.h. */
#include "pacing.h"

#include "parts.h"

#include <inttypes.h>
#include <stdarg.h>

const char *const pacing_structures[] = {"chain", "ring", "tree", NULL};
const char *const pacing_lifetimes[] = {"exponential", "fifo", "fixed", NULL};
const char *const pacing_phases[] = {"steady",   "growth", "plateau", "spike",
                                     "sawtooth", "shrink", "idle",    NULL};

/* Which parameters a phase has beside `live`. */
enum { HAS_LOW = 1, HAS_BEGIN = 2, HAS_LENGTH = 4, HAS_IDLE = 8 };
static const unsigned phase_has[] = {[STEADY] = 0,
                                     [GROWTH] = HAS_LOW,
                                     [PLATEAU] = HAS_LOW | HAS_LENGTH,
                                     [SPIKE] = HAS_LOW | HAS_BEGIN | HAS_LENGTH,
                                     [SAWTOOTH] = HAS_LOW | HAS_LENGTH,
                                     [SHRINK] =
                                         HAS_LOW | HAS_BEGIN | HAS_LENGTH,
                                     [IDLENESS] = HAS_BEGIN | HAS_IDLE};

/* ------------------------------------------------------------------------- *
 * How many are alive.
 * ------------------------------------------------------------------------- */

static uint64_t structures(const uint64_t *p, unsigned param) {
  return (p[param] + p[SIZE] - 1) / p[SIZE];
}

/* The value at `at` of a line from `from` at 0 to `to` at `end`. */
static uint64_t between(uint64_t from, uint64_t to, uint64_t at, uint64_t end) {
  if (at >= end)
    return to;
  return from <= to ? from + (to - from) * at / end
                    : from - (from - to) * at / end;
}

uint64_t pacing_alive_after(const pacing_course *c, uint64_t births) {
  uint64_t n = births, alive = c->high;
  uint64_t since = n > c->begin ? n - c->begin : 0;
  switch (c->phase) {
  case GROWTH:
    alive = between(c->low, c->high, n, c->births);
    break;
  case PLATEAU:
    alive = between(c->low, c->high, n, c->length);
    break;
  case SPIKE: /* as steep as births allow */
    alive = since <= c->length ? min_u64(c->high, c->low + since) : c->low;
    break;
  case SAWTOOTH:
    alive = n ? between(c->low, c->high, (n - 1) % c->length + 1, c->length)
              : c->low;
    break;
  case SHRINK:
    alive = since ? between(c->high, c->low, since, c->length) : c->high;
    break;
  default:
    break;
  }
  return n ? max_u64(alive, 1) : alive; /* who is just born is alive */
}

pacing_course pacing_start(const uint64_t *p) {
  pacing_course c = {.phase = p[PHASE],
                     .lifetime = p[LIFETIME],
                     .cyclic = p[CYCLIC],
                     .high = structures(p, LIVE),
                     .low = structures(p, LOW),
                     .births = structures(p, OBJECTS),
                     .begin = structures(p, BEGIN),
                     .length = structures(p, LENGTH)};
  uint64_t shortest = c.phase == SHRINK ? 0 : max_u64(c.high - c.low, 1);
  if (c.length == 0)
    c.length = shortest;
  c.places = c.high;
  c.initial = pacing_alive_after(&c, 0);
  return c;
}

/* ------------------------------------------------------------------------- *
 * Who dies.
 * ------------------------------------------------------------------------- */

bool pacing_is_cyclic(const pacing_course *c, uint64_t place, uint64_t number) {
  return share_has(c->lifetime == FIFO ? number : place, c->cyclic);
}

uint64_t pacing_cyclic_alive(const pacing_course *c) {
  return c->lifetime == FIFO ? share_of(c->born, c->cyclic) -
                                   share_of(c->born - c->alive, c->cyclic)
                             : share_of(c->alive, c->cyclic);
}

/* The place of number `i`, from 0, of the places that share_has, or of the
 * others. */
static uint64_t place_of(uint64_t i, uint64_t percent, bool has) {
  return has ? ((i + 1) * 100 + percent - 1) / percent - 1
             : i * 100 / (100 - percent);
}

/* The place of a structure that dies so that the next one can be born.  It is
 * cyclic if number `replaced` of a sequence is, or if all are. */
static uint64_t choose_victim(const pacing_course *c, uint64_t random) {
  uint64_t cyclic = share_of(c->alive, c->cyclic), others = c->alive - cyclic;
  bool has = others == 0 || (cyclic && share_has(c->replaced, c->cyclic));
  uint64_t n = has ? cyclic : others;
  uint64_t i = c->lifetime == FIXED
                   ? n - 1
                   : (uint64_t)(((unsigned __int128)random * n) >> 64);
  return place_of(i, c->cyclic, has);
}

pacing_birth pacing_next(pacing_course *c, uint64_t random) {
  bool measured = c->born >= c->initial;
  uint64_t to = measured ? pacing_alive_after(c, c->measured + 1) : c->born + 1;
  uint64_t deaths = c->alive + 1 - to;
  pacing_birth b = {.number = c->born,
                    .idle = measured && c->phase == IDLENESS &&
                            c->measured == c->begin};
  if (c->lifetime == FIFO) {
    b.dead_from = (c->born - c->alive) % c->places;
    b.dead = deaths;
    b.place = c->born % c->places;
  } else if (deaths) {
    b.dead_from = c->alive = to;
    b.dead = deaths - 1;
    b.place = choose_victim(c, random);
    c->replaced++;
  } else
    b.place = c->alive;
  b.cyclic = pacing_is_cyclic(c, b.place, b.number);
  c->cyclic_born += b.cyclic;
  c->alive = to;
  c->born++;
  c->measured += measured;
  return b;
}

uint64_t pacing_most_held(const uint64_t *p) {
  pacing_course c = pacing_start(p);
  uint64_t most = 0;
  if (c.cyclic == 100)
    return c.initial + c.births;
  if (c.cyclic == 0)
    return c.high;
  while (c.measured < c.births || c.born < c.initial) {
    pacing_next(&c, 0);
    most = max_u64(most, c.cyclic_born + c.alive - pacing_cyclic_alive(&c));
  }
  return most;
}

/* ------------------------------------------------------------------------- *
 * Wrong parameters.
 * ------------------------------------------------------------------------- */

static const char *wrong(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static const char *wrong(const char *format, ...) {
  static char text[180];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return text;
}

const char *pacing_check(const uint64_t *p) {
  static const struct {
    unsigned param, bit;
    const char *name;
  } rows[] = {{LOW, HAS_LOW, "low"},
              {BEGIN, HAS_BEGIN, "begin"},
              {LENGTH, HAS_LENGTH, "length"},
              {IDLE, HAS_IDLE, "idle"}};
  const char *phase = pacing_phases[p[PHASE]];
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
    if (p[rows[i].param] && !(phase_has[p[PHASE]] & rows[i].bit))
      return wrong("phase=%s has no %s: leave %s=%" PRIu64 " out", phase,
                   rows[i].name, rows[i].name, p[rows[i].param]);
  if (p[LOW] > p[LIVE])
    return wrong("low=%" PRIu64 " is more than live=%" PRIu64
                 ", the most that is alive",
                 p[LOW], p[LIVE]);
  if (p[PHASE] == IDLENESS && !p[IDLE])
    return wrong("phase=idle needs idle=MS, for how long");
  pacing_course c = pacing_start(p);
  uint64_t end = c.begin + (phase_has[p[PHASE]] & HAS_LENGTH ? c.length : 0);
  if (end > c.births)
    return wrong("phase=%s is longer than the run: it ends when %" PRIu64
                 " objects were made, of objects=%" PRIu64,
                 phase, end * p[SIZE], p[OBJECTS]);
  /* A birth makes one structure more at most. */
  uint64_t steepest = p[PHASE] == GROWTH ? c.births : c.length;
  if (phase_has[p[PHASE]] & HAS_LOW && p[PHASE] != SHRINK &&
      c.high - c.low > steepest)
    return wrong("phase=%s is too short: from low=%" PRIu64 " to live=%" PRIu64
                 " takes %" PRIu64 " objects at least, not %" PRIu64,
                 phase, p[LOW], p[LIVE], (c.high - c.low) * p[SIZE],
                 steepest * p[SIZE]);
  return NULL;
}
