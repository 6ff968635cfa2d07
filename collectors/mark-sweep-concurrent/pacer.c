/* pacer.c: see pacer.h. */
#include "mark-sweep-concurrent/pacer.h"

enum {
  /* A cycle begins no sooner than when this share of the live bytes was handed
   * out since the cycle before began, or of what there is room for if that is
   * less: if cycles followed each other at once, marking would cost far more
   * than allocation pays for. */
  PACER_APART = 16,
  /* It begins early enough to leave this share of the room, however fast the
   * marker was in the last cycle: allocation may have become faster since. */
  PACER_LEAST = 16,
  /* However much was made in a cycle, the heap may grow by this share of what
   * it might grow by otherwise.  With less, a cycle in which the marker was
   * slow would be followed by one that mutators have to mark nearly alone. */
  PACER_FLOOR = 4,
  /* By this share the next cycle may have more to mark, and the marker be
   * slower in comparison, before mutators have to assist.  Both change little
   * from cycle to cycle where the program is steady. */
  PACER_MARGIN = 8,
  /* A cycle begins with this share of its marking as a credit, which dwindles
   * until its end: the marker thread takes a moment to wake up, and mutators
   * should not assist because of that. */
  PACER_CREDIT = 32,
  /* A mutator pays for what is behind, but at most so many times its share of
   * what is left: one that allocates little should not pay for others, but what
   * was not expected has to be caught up with before the end. */
  PACER_HASTE = 4,
  /* Of a heap limit this share is not planned for, because some memory is lost
   * where no object fits. */
  PACER_SPARE = 16,
};

static double pacer_higher_rate(const pacer *p) {
  return p->rates[0] > p->rates[1] ? p->rates[0] : p->rates[1];
}

/* Bytes allocated while the marker marks a word, if nobody assists.  A mutator
 * that marks does not allocate: what it marked is time that it lacked.  At most
 * half of the time is taken for lost, since several mutators may have marked.
 */
static void pacer_learn(pacer *p, const pacer_cycle *c) {
  if (!c->beside)
    return;
  uint64_t assisted = c->words - c->beside, half = c->beside / 2;
  uint64_t undisturbed = c->beside - (assisted < half ? assisted : half);
  p->rates[1] = p->rates[0];
  p->rates[0] = (double)c->born / (double)undisturbed;
}

/* Bytes that may be handed out until marking should have ended.  Of the live
 * bytes, those that were handed out during the cycle may have died since, and
 * must not let the heap grow. */
static uint64_t pacer_room(const pacer *p, const pacer_rules *rules,
                           const pacer_cycle *c) {
  uint64_t dead = c->born < p->live ? c->born : p->live;
  uint64_t least = c->growth / PACER_FLOOR;
  uint64_t room = c->growth > dead + least ? c->growth - dead : least;
  if (rules->limit) {
    uint64_t taken = p->live + p->lost + rules->limit / PACER_SPARE;
    uint64_t left = rules->limit > taken ? rules->limit - taken : 0;
    room = left < room ? left : room;
  }
  return room;
}

/* When a cycle begins that should end after `room` bytes. */
static uint64_t pacer_trigger(const pacer *p, const pacer_rules *rules,
                              uint64_t room) {
  double rate = pacer_higher_rate(p);
  if (rate == 0)
    return room / 100 * rules->trigger;
  double runway = rate * (double)p->words;
  runway += runway / PACER_MARGIN;
  uint64_t least = room / PACER_LEAST;
  if (runway < (double)least)
    return room - least;
  return runway < (double)room ? room - (uint64_t)runway : 0;
}

void pacer_plan(pacer *p, const pacer_rules *rules, const pacer_cycle *c) {
  p->live = c->live;
  p->words = c->words + c->words / PACER_MARGIN;
  p->lost = c->unused ? p->lost + c->unused : p->lost / 2;
  pacer_learn(p, c);
  uint64_t room = pacer_room(p, rules, c);
  p->end = room;
  p->goal = p->live + room;
  p->begin = pacer_trigger(p, rules, room);
  uint64_t apart = (p->live < room ? p->live : room) / PACER_APART;
  if (p->begin + c->born < apart)
    p->begin = apart - c->born;
  if (p->begin == 0) /* or no memory could be handed out between cycles */
    p->begin = 1;
}

/* How many words there are, as far as is known when the share `left` of the
 * room is left: first those that were expected, at last the upper bound, in
 * between more and more of the difference.  A program that builds a heap has
 * twice as much to mark as in the cycle before, which is seen only by the
 * cycle's not ending.  The eighth power hardly asks for more before the marker
 * should have ended by its plan, which is at four fifths (PACER_MARGIN), and
 * spreads what was not expected over the last sixth of the room. */
static double pacer_all(const pacer *p, const pacer_state *s, double left) {
  double gone = 1 - left, most = (double)s->most;
  if (!p->words || p->words > s->most)
    return most;
  double expected = (double)p->words;
  double squared = gone * gone, fourth = squared * squared;
  return expected + (most - expected) * fourth * fourth;
}

uint64_t pacer_owed(const pacer *p, const pacer_state *s, uint64_t debt) {
  if (s->handed >= p->end)
    return UINT64_MAX;
  uint64_t room = p->end - (s->began < p->end ? s->began : p->end);
  double left = (double)(p->end - s->handed) / (double)room;
  double all = pacer_all(p, s, left);
  double due = all * (1 - left - left / PACER_CREDIT);
  if ((double)s->words >= due)
    return 0;
  /* What is left is spread over the bytes that may still be handed out. */
  double share = (all - (double)s->words) / (double)(p->end - s->handed);
  double behind = due - (double)s->words;
  double own = PACER_HASTE * share * (double)debt;
  return (uint64_t)(own < behind ? own : behind);
}
