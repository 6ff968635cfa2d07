/* prepared.c: see prepared.h. */
#include "prepared.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/random.h"
#include "memory.h"

static const struct figure {
  const char *key;
  size_t offset;
} figures[] = {
#define FIGURE(member, key) {key, offsetof(trace_prepared, member)},
    PREPARED_FIGURES(FIGURE)
#undef FIGURE
};
enum { FIGURES = sizeof figures / sizeof *figures };

#define HEAD "prepared:"

void trace_prepared_text(const trace_prepared *p, char text[PREPARED_TEXT]) {
  size_t n = (size_t)snprintf(text, PREPARED_TEXT, "%s", HEAD);
  for (size_t i = 0; i < FIGURES; i++) {
    uint64_t value;
    memcpy(&value, (const char *)p + figures[i].offset, sizeof value);
    n += (size_t)snprintf(text + n, PREPARED_TEXT - n, " %s=%" PRIu64,
                          figures[i].key, value);
  }
  snprintf(text + n, PREPARED_TEXT - n, " order=%s graph=%016" PRIx64,
           p->free_order ? "free" : "turns", p->graph);
}

/* Reads a number at *at and moves *at behind it. */
static bool take_number(const char **at, int base, uint64_t *value) {
  char *end;
  if (**at < '0' || (**at > '9' && base == 10))
    return false;
  *value = strtoull(*at, &end, base);
  *at = end;
  return true;
}

static bool take_figure(const char *word, trace_prepared *p, unsigned *seen) {
  for (size_t i = 0; i < FIGURES; i++) {
    size_t n = strlen(figures[i].key);
    if (strncmp(word, figures[i].key, n) || word[n] != '=')
      continue;
    const char *at = word + n + 1;
    uint64_t value;
    *seen |= 1u << i;
    if (!take_number(&at, 10, &value) || (*at && *at != ' '))
      return false;
    memcpy((char *)p + figures[i].offset, &value, sizeof value);
  }
  if (!strncmp(word, "order=", 6))
    p->free_order = !strncmp(word + 6, "free", 4);
  if (!strncmp(word, "graph=", 6)) {
    *seen |= 1u << FIGURES;
    p->graph = strtoull(word + 6, NULL, 16);
  }
  return true;
}

bool trace_prepared_parse(const char *text, trace_prepared *p) {
  unsigned seen = 0;
  *p = (trace_prepared){0};
  if (strncmp(text, HEAD, strlen(HEAD)))
    return false;
  for (const char *word = text + strlen(HEAD); *word;) {
    word += *word == ' ';
    if (!take_figure(word, p, &seen))
      return false;
    word += strcspn(word, " ");
  }
  return seen == (1u << (FIGURES + 1)) - 1;
}

uint64_t trace_graph_term(uint64_t a, uint64_t b, uint64_t c) {
  return random_mix(random_mix(random_mix(a) + b) + c);
}

/* ------------------------------------------------------------------------- *
 * What is alive at the end.
 * ------------------------------------------------------------------------- */

static const char unreadable[] = "a comment on what is alive cannot be read";

static void add_edge(alive_edge **edges, size_t *count, size_t *room,
                     uint64_t place, uint64_t number) {
  if (*count == *room)
    *edges = trace_more(*edges, room, *count + 64, sizeof **edges);
  (*edges)[(*count)++] = (alive_edge){.place = place, .number = number};
}

/* "register R = N", "global G = N", "tls L = N" */
static const char *add_root(trace_alive *a, const char *text) {
  static const struct {
    const char *word;
    uint64_t base, most;
  } kinds[] = {{"register ", 0, GC_REGISTERS},
               {"global ", PREPARED_GLOBALS, GC_GLOBALS},
               {"tls ", PREPARED_TLS, GC_TLS}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strncmp(text, kinds[i].word, strlen(kinds[i].word)))
      continue;
    uint64_t index, number;
    const char *at = text + strlen(kinds[i].word);
    if (!take_number(&at, 10, &index) || index >= kinds[i].most ||
        strncmp(at, " = ", 3) || (at += 3, !take_number(&at, 10, &number)) ||
        *at)
      return unreadable;
    add_edge(&a->roots, &a->roots_count, &a->roots_room, kinds[i].base + index,
             number);
    return NULL;
  }
  return unreadable;
}

/* " I=C I=C ..." */
static const char *add_slots(trace_alive *a, const char *at) {
  if (a->objects_count == 0)
    return unreadable;
  alive_object *o = &a->objects[a->objects_count - 1];
  while (*at == ' ') {
    uint64_t slot, number;
    at++;
    if (!take_number(&at, 10, &slot) || *at++ != '=' ||
        !take_number(&at, 10, &number) || slot >= o->slots)
      return unreadable;
    add_edge(&a->edges, &a->edges_count, &a->edges_room, slot, number);
    o->edges++;
  }
  return *at ? unreadable : NULL;
}

/* " T" and " K V": what is 0 is not alive. */
static const char *add_pair(trace_alive *a, alive_object *o, const char *at,
                            unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    uint64_t number;
    if (*at++ != ' ' || !take_number(&at, 10, &number))
      return unreadable;
    if (!number)
      continue;
    add_edge(&a->edges, &a->edges_count, &a->edges_room, i, number);
    o->edges++;
  }
  return *at ? unreadable : NULL;
}

/* "N SLOTS BYTES I=C ...", "N weak T", "N ephemeron K V" */
static const char *add_object(trace_alive *a, const char *at) {
  uint64_t number, slots, bytes;
  if (!take_number(&at, 10, &number) || *at++ != ' ')
    return unreadable;
  if (a->objects_count == a->objects_room)
    a->objects = trace_more(a->objects, &a->objects_room, a->objects_count + 64,
                            sizeof *a->objects);
  alive_object *o = &a->objects[a->objects_count++];
  *o = (alive_object){
      .number = number, .bytes = GC_WEAK_SHAPE.bytes, .first = a->edges_count};
  if (!strncmp(at, "weak", 4)) {
    o->kind = ALIVE_WEAK;
    return add_pair(a, o, at + 4, 1);
  }
  if (!strncmp(at, "ephemeron", 9)) {
    o->kind = ALIVE_EPHEMERON;
    return add_pair(a, o, at + 9, 2);
  }
  if (!take_number(&at, 10, &slots) || *at++ != ' ' ||
      !take_number(&at, 10, &bytes) || slots > GC_SLOTS_MAX ||
      bytes > GC_BYTES_MAX)
    return unreadable;
  o->slots = (uint32_t)slots;
  o->bytes = (uint32_t)bytes;
  return add_slots(a, at);
}

const char *trace_alive_add(trace_alive *a, const char *text) {
  static const struct {
    const char *word;
    const char *(*add)(trace_alive *a, const char *text);
  } kinds[] = {
      {"root: ", add_root}, {"alive: ", add_object}, {"more:", add_slots}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strncmp(text, kinds[i].word, strlen(kinds[i].word)))
      return kinds[i].add(a, text + strlen(kinds[i].word));
  return NULL;
}

static int by_number(const void *x, const void *y) {
  uint64_t a = ((const alive_object *)x)->number;
  uint64_t b = ((const alive_object *)y)->number;
  return (a > b) - (a < b);
}

static bool find(const trace_alive *a, alive_edge *edge) {
  const alive_object key = {.number = edge->number};
  const alive_object *o = NULL; /* without any there is no array to search */
  if (a->objects_count)
    o = bsearch(&key, a->objects, a->objects_count, sizeof key, by_number);
  edge->target = o ? (uint32_t)(o - a->objects) : 0;
  return o != NULL;
}

static uint64_t graph_of(const trace_alive *a) {
  uint64_t sum = 0;
  for (size_t i = 0; i < a->roots_count; i++)
    sum += trace_graph_term(0, a->roots[i].place, a->roots[i].number);
  for (size_t i = 0; i < a->objects_count; i++) {
    const alive_object *o = &a->objects[i];
    sum += trace_graph_term(o->number, PREPARED_SHAPE + o->slots, o->bytes);
    for (size_t k = 0; k < o->edges && o->kind == ALIVE_OBJECT; k++)
      sum += trace_graph_term(o->number, a->edges[o->first + k].place,
                              a->edges[o->first + k].number);
  }
  return sum;
}

const char *trace_alive_end(trace_alive *a, const trace_prepared *p) {
  if (a->objects_count != p->end_objects)
    return "the comments on what is alive do not have as many objects as the "
           "head says";
  if (a->objects_count > UINT32_MAX)
    return "more objects are alive than can be compared";
  if (a->objects_count > 0)
    qsort(a->objects, a->objects_count, sizeof *a->objects, by_number);
  for (size_t i = 1; i < a->objects_count; i++)
    if (a->objects[i - 1].number == a->objects[i].number)
      return "an object is alive twice";
  bool found = true;
  for (size_t i = 0; i < a->roots_count; i++)
    found &= find(a, &a->roots[i]);
  for (size_t i = 0; i < a->edges_count; i++)
    found &= find(a, &a->edges[i]);
  if (!found)
    return "what is alive refers to what is not";
  return graph_of(a) == p->graph
             ? NULL
             : "what is alive has another checksum than the head says";
}

void trace_alive_free(trace_alive *a) {
  free(a->roots);
  free(a->edges);
  free(a->objects);
  *a = (trace_alive){0};
}
