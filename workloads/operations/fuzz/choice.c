/* choice.c: see choice.h. */
#include "choice.h"

uint32_t choose(source *s, uint32_t n) {
  if (!s->end)
    return (uint32_t)wl_random_below(s->random, n);
  uint32_t value = 0;
  for (uint64_t range = 1; range < n; range <<= 8) {
    if (s->next == s->end) {
      s->over = true;
      return 0;
    }
    value = value << 8 | *s->next++;
  }
  return value % n;
}

gc_shape choose_shape(source *s) {
  gc_shape shape;
  uint32_t c = choose(s, 256);
  if (c < 176)
    shape.slots = choose(s, 5);
  else if (c < 240)
    shape.slots = 4 + choose(s, 13);
  else if (c < 252)
    shape.slots = 62 + choose(s, 4);
  else if (c < 255)
    shape.slots = 120 + choose(s, 200);
  else
    shape.slots = chance(s, 8) ? 400 + choose(s, 8000) : 300;
  c = choose(s, 256);
  if (c < 40)
    shape.bytes = 0;
  else if (c < 160)
    shape.bytes = 8 * choose(s, 9);
  else if (c < 210)
    shape.bytes = choose(s, 128);
  else if (c < 245)
    shape.bytes = (16u << choose(s, 7)) + choose(s, 17) - 8;
  else if (c < 254)
    shape.bytes = 4096 * (1 + choose(s, 4)) + choose(s, 65) - 48;
  else
    shape.bytes = chance(s, 8) ? 60000u << choose(s, 4) : 30000;
  return shape;
}

uint32_t choose_length(source *s) {
  return chance(s, 16) ? 1 + choose(s, 200) : 1 + choose(s, 8);
}
