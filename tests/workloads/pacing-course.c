/* pacing-course.c: tests of the course of the workload pacing: how many
 * structures are alive after each birth, and which ones die. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/basics.h"
#include "workloads/pacing.h"

/* Parameters of 12 births of structures of one object. */
static void fill(uint64_t *p, uint64_t phase, uint64_t live, uint64_t low,
                 uint64_t begin, uint64_t length) {
  memset(p, 0, WL_PARAMS * sizeof *p);
  p[SIZE] = 1;
  p[CYCLIC] = 100;
  p[OBJECTS] = 12;
  p[PHASE] = phase;
  p[LIVE] = live;
  p[LOW] = low;
  p[BEGIN] = begin;
  p[LENGTH] = length;
}

static void phases_have_known_live_counts(void **state) {
  (void)state;
  static const struct {
    uint64_t phase, live, low, begin, length;
    unsigned alive[13]; /* before the first birth, after each */
  } rows[] = {
      {STEADY, 4, 0, 0, 0, {4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}},
      {GROWTH, 7, 1, 0, 0, {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7}},
      {GROWTH, 12, 0, 0, 0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
      {PLATEAU, 5, 1, 0, 8, {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5, 5}},
      {PLATEAU, 4, 0, 0, 0, {0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4}},
      {SPIKE, 5, 2, 3, 5, {2, 2, 2, 2, 3, 4, 5, 5, 5, 2, 2, 2, 2}},
      {SPIKE, 4, 0, 0, 4, {0, 1, 2, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1}},
      {SAWTOOTH, 4, 0, 0, 0, {0, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}},
      {SAWTOOTH, 5, 3, 0, 4, {3, 3, 4, 4, 5, 3, 4, 4, 5, 3, 4, 4, 5}},
      {SHRINK, 6, 2, 3, 4, {6, 6, 6, 6, 5, 4, 3, 2, 2, 2, 2, 2, 2}},
      {SHRINK, 6, 0, 3, 0, {6, 6, 6, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {IDLENESS, 3, 0, 4, 0, {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint64_t p[WL_PARAMS];
    fill(p, rows[i].phase, rows[i].live, rows[i].low, rows[i].begin,
         rows[i].length);
    p[IDLE] = p[PHASE] == IDLENESS;
    assert_null(pacing_check(p));
    pacing_course c = pacing_start(p);
    assert_int_equal(c.births, 12);
    for (uint64_t n = 0; n <= 12; n++)
      assert_int_equal(pacing_alive_after(&c, n), rows[i].alive[n]);
  }
}

/* What is in each place, and what has died. */
typedef struct world {
  uint64_t *births; /* by place; UINT64_MAX: nobody */
  uint64_t alive, cyclic_alive, died;
} world;

static void kill(world *w, const pacing_course *c, uint64_t place) {
  assert_true(place < c->places);
  uint64_t number = w->births[place];
  assert_true(number != UINT64_MAX);
  if (c->lifetime == FIFO)
    assert_int_equal(number, w->died); /* the oldest */
  w->births[place] = UINT64_MAX;
  w->alive--;
  w->died++;
  w->cyclic_alive -= pacing_is_cyclic(c, place, number);
}

static void follow(const uint64_t *p) {
  pacing_course c = pacing_start(p);
  world w = {.births = own_memory(c.places, sizeof *w.births)};
  memset(w.births, 0xff, c.places * sizeof *w.births);
  uint64_t random = 1, cyclic_born = 0, most_held = c.initial, idle = 0;
  while (c.measured < c.births) {
    bool set_up = c.born < c.initial;
    pacing_birth b = pacing_next(&c, random = mix(random + 1));
    for (uint64_t i = 0; i < b.dead; i++)
      kill(&w, &c, (b.dead_from + i) % c.places);
    if (w.births[b.place] != UINT64_MAX)
      kill(&w, &c, b.place);
    assert_int_equal(b.cyclic, pacing_is_cyclic(&c, b.place, b.number));
    w.births[b.place] = b.number;
    w.alive++;
    w.cyclic_alive += b.cyclic;
    cyclic_born += b.cyclic;
    idle += b.idle;
    assert_int_equal(c.born, b.number + 1);
    assert_int_equal(w.alive, c.alive);
    assert_int_equal(c.alive,
                     set_up ? c.born : pacing_alive_after(&c, c.measured));
    assert_int_equal(c.cyclic_born, cyclic_born);
    assert_int_equal(pacing_cyclic_alive(&c), w.cyclic_alive);
    most_held = max_u64(most_held, cyclic_born + w.alive - w.cyclic_alive);
  }
  assert_int_equal(idle, p[PHASE] == IDLENESS);
  assert_int_equal(pacing_most_held(p), most_held);
  if (p[PHASE] == STEADY && c.alive > 100) /* as many as asked for */
    assert_true(llabs((long long)(cyclic_born * 100 / c.born) -
                      (long long)p[CYCLIC]) <= 1);
  free(w.births);
}

static void deaths_follow_the_course(void **state) {
  (void)state;
  static const uint64_t live[] = {1, 2, 7, 150}, cyclic[] = {0, 1, 33, 50, 100};
  uint64_t p[WL_PARAMS], courses = 0;
  for (unsigned l = 0; l < sizeof live / sizeof *live; l++)
    for (unsigned s = 0; s < sizeof cyclic / sizeof *cyclic; s++)
      for (uint64_t lifetime = EXPONENTIAL; lifetime <= FIXED; lifetime++)
        for (uint64_t phase = STEADY; phase <= IDLENESS; phase++)
          for (unsigned k = 0; k < 8; k++) {
            uint64_t low = k & 1 ? live[l] / 3 : 0;
            fill(p, phase, live[l], low, k & 2 ? 100 : 0, k & 4 ? 333 : 0);
            p[OBJECTS] = 1000;
            p[CYCLIC] = cyclic[s];
            p[LIFETIME] = lifetime;
            p[IDLE] = phase == IDLENESS;
            if (pacing_check(p))
              continue; /* the phase has no such parameter */
            follow(p);
            courses++;
          }
  assert_true(courses > 1000);
}

/* The newest dies if the lifetime is `fixed`, and any if it is exponential. */
static void lifetimes_differ(void **state) {
  (void)state;
  uint64_t p[WL_PARAMS];
  fill(p, STEADY, 8, 0, 0, 0);
  p[OBJECTS] = 100;
  p[LIFETIME] = FIXED;
  pacing_course c = pacing_start(p);
  while (c.born < c.initial)
    pacing_next(&c, 0);
  for (unsigned i = 0; i < 20; i++)
    assert_int_equal(pacing_next(&c, mix(i)).place, 7);
  p[LIFETIME] = EXPONENTIAL;
  c = pacing_start(p);
  while (c.born < c.initial)
    pacing_next(&c, 0);
  unsigned met = 0;
  for (unsigned i = 0; i < 80; i++)
    met |= 1u << pacing_next(&c, mix(i)).place;
  assert_int_equal(met, 0xff);
}

/* Numbers of objects are rounded up to whole structures. */
static void structures_are_whole(void **state) {
  (void)state;
  uint64_t p[WL_PARAMS];
  fill(p, STEADY, 10, 0, 0, 0);
  p[SIZE] = 4;
  pacing_course c = pacing_start(p);
  assert_int_equal(c.high, 3);
  assert_int_equal(c.births, 3);
}

static void wrong_parameters_are_explained(void **state) {
  (void)state;
  static const struct {
    uint64_t phase, live, low, begin, length, idle;
    const char *line;
  } rows[] = {
      {STEADY, 4, 1, 0, 0, 0, "phase=steady has no low: leave low=1 out"},
      {STEADY, 4, 0, 0, 0, 9, "phase=steady has no idle: leave idle=9 out"},
      {GROWTH, 4, 0, 3, 0, 0, "phase=growth has no begin: leave begin=3 out"},
      {SHRINK, 4, 5, 0, 0, 0,
       "low=5 is more than live=4, the most that is "
       "alive"},
      {IDLENESS, 4, 0, 3, 0, 0, "phase=idle needs idle=MS, for how long"},
      {IDLENESS, 4, 0, 13, 0, 7,
       "phase=idle is longer than the run: it ends when 13 objects were made, "
       "of objects=12"},
      {SPIKE, 4, 0, 8, 5, 0,
       "phase=spike is longer than the run: it ends when 13 objects were made, "
       "of objects=12"},
      {SAWTOOTH, 20, 0, 0, 0, 0,
       "phase=sawtooth is longer than the run: it ends when 20 objects were "
       "made, of objects=12"},
      {GROWTH, 20, 0, 0, 0, 0,
       "phase=growth is too short: from low=0 to live=20 takes 20 objects at "
       "least, not 12"},
      {PLATEAU, 9, 2, 0, 6, 0,
       "phase=plateau is too short: from low=2 to live=9 takes 7 objects at "
       "least, not 6"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint64_t p[WL_PARAMS];
    fill(p, rows[i].phase, rows[i].live, rows[i].low, rows[i].begin,
         rows[i].length);
    p[IDLE] = rows[i].idle;
    const char *line = pacing_check(p);
    assert_non_null(line);
    assert_string_equal(line, rows[i].line);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(phases_have_known_live_counts),
      cmocka_unit_test(deaths_follow_the_course),
      cmocka_unit_test(lifetimes_differ),
      cmocka_unit_test(structures_are_whole),
      cmocka_unit_test(wrong_parameters_are_explained),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
