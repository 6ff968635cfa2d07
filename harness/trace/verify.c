/* verify.c: see verify.h. */
#include "verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "walk.h"

#define NEVER UINT64_MAX

/* A line `dead` that was not compared yet with the death of its object. */
typedef struct claim {
  uint64_t number, line;
  uint64_t after; /* the line of the operation before the claim */
} claim;

typedef struct verifier {
  void (*problem)(void *data, uint64_t line, const char *what);
  void *data;
  verify_counts *counts;
  claim *claims;
  size_t claims_count, claims_room;
  bool sorted; /* sorted by number */
  /* Bit sets by object number: the object was made; a line says that it is
   * dead; it was buried. */
  uint8_t *made, *claimed, *buried;
  size_t bits_room;
} verifier;

static void complain(verifier *v, uint64_t line, const char *what) {
  v->counts->problems++;
  v->problem(v->data, line, what);
}

static bool has(const uint8_t *bits, uint64_t number) {
  return bits[number / 8] >> number % 8 & 1;
}

static void set(uint8_t *bits, uint64_t number) {
  bits[number / 8] = (uint8_t)(bits[number / 8] | 1u << number % 8);
}

static void make_bits(verifier *v, uint64_t number) {
  size_t old = v->bits_room;
  if (number / 8 < old)
    return;
  v->bits_room = old ? 2 * old : 1024;
  uint8_t **all[] = {&v->made, &v->claimed, &v->buried};
  for (size_t i = 0; i < 3; i++) {
    *all[i] = trace_memory(*all[i], v->bits_room);
    memset(*all[i] + old, 0, v->bits_room - old);
  }
}

static int by_number(const void *a, const void *b) {
  uint64_t x = ((const claim *)a)->number, y = ((const claim *)b)->number;
  return (x > y) - (x < y);
}

/* Judges a claim about an object that is dead since `when`. */
static void judge(verifier *v, const claim *c, uint64_t when) {
  if (c->after == when)
    v->counts->dead_exact++;
  if (c->after >= when)
    return;
  char what[96];
  if (when == NEVER)
    snprintf(what, sizeof what, "object %" PRIu64 " is alive at the end",
             c->number);
  else
    snprintf(what, sizeof what,
             "object %" PRIu64 " is still used until line %" PRIu64, c->number,
             when);
  complain(v, c->line, what);
}

static void died(void *data, const walk_death *death) {
  verifier *v = data;
  v->counts->deaths++;
  set(v->buried, death->number);
  if (!has(v->claimed, death->number))
    return;
  if (!v->sorted)
    qsort(v->claims, v->claims_count, sizeof *v->claims, by_number);
  v->sorted = true;
  claim key = {.number = death->number};
  claim *c = bsearch(&key, v->claims, v->claims_count, sizeof key, by_number);
  judge(v, c, death->when);
  c->line = 0; /* judged: removed when new claims come */
}

static void misused(void *data, uint64_t when, const char *what) {
  complain(data, when, what);
}

static void drop_judged(verifier *v) {
  size_t kept = 0;
  for (size_t i = 0; i < v->claims_count; i++)
    if (v->claims[i].line)
      v->claims[kept++] = v->claims[i];
  v->claims_count = kept;
}

static void claim_death(verifier *v, const walk *w, const trace_op *op,
                        uint64_t line, uint64_t after) {
  char what[96] = "";
  v->counts->dead++;
  if (op->a > walk_numbered(w))
    snprintf(what, sizeof what, "there is no object %u yet", op->a);
  else if (!has(v->made, op->a))
    snprintf(what, sizeof what,
             "object %u was never made: its line was refused", op->a);
  else if (has(v->claimed, op->a))
    snprintf(what, sizeof what, "object %u is dead already", op->a);
  if (*what) {
    complain(v, line, what);
    return;
  }
  set(v->claimed, op->a);
  if (has(v->buried, op->a))
    return; /* the line is late, which is allowed */
  if (v->claims_count == v->claims_room) {
    drop_judged(v);
    if (2 * v->claims_count >= v->claims_room) {
      v->claims_room = 2 * v->claims_room + 1024;
      v->claims = trace_memory(v->claims, v->claims_room * sizeof *v->claims);
    }
  }
  v->sorted = false;
  v->claims[v->claims_count++] =
      (claim){.number = op->a, .line = line, .after = after};
}

static void step(verifier *v, walk *w, const trace_op *op, uint64_t line,
                 bool lenient) {
  const char *why;
  char what[160];
  uint64_t numbered = walk_numbered(w);
  v->counts->operations++;
  walk_outcome outcome = walk_step(w, op, line, &why);
  if (walk_numbered(w) > numbered) {
    make_bits(v, walk_numbered(w));
    if (outcome == WALK_DONE) {
      set(v->made, walk_numbered(w));
      v->counts->objects++;
    }
  }
  if (outcome != WALK_REFUSED)
    return;
  v->counts->refused++;
  if (lenient)
    return;
  snprintf(what, sizeof what, "'%s' cannot be performed: %s",
           trace_kinds[op->kind].name, why);
  complain(v, line, what);
}

bool trace_verify(trace_reader *r, bool lenient,
                  void (*problem)(void *data, uint64_t line, const char *what),
                  void *data, verify_counts *counts) {
  *counts = (verify_counts){0};
  verifier v = {.problem = problem, .data = data, .counts = counts};
  make_bits(&v, 0);
  walk *w = walk_create(
      WALK_LATE, (walk_listener){.died = died, .misused = misused, .data = &v});
  trace_op op;
  trace_status status;
  uint64_t after = 0;
  while ((status = trace_read(r, &op)) == TRACE_READ_OP)
    if (op.kind == TRACE_DEAD)
      claim_death(&v, w, &op, trace_reader_line(r), after);
    else
      step(&v, w, &op, after = trace_reader_line(r), lenient);
  walk_finish(w);
  for (size_t i = 0; i < v.claims_count; i++)
    if (v.claims[i].line)
      judge(&v, &v.claims[i], NEVER);
  walk_destroy(w);
  free(v.claims);
  free(v.made);
  free(v.claimed);
  free(v.buried);
  return status == TRACE_READ_END;
}
