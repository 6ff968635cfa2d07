/* infer-proof.c: whether objects die in an inferred trace when they died in the
 * recorded program (infer.h).  Nothing here knows how the trace was made. */
#include "infer.h"
#include "walk.h"

typedef struct prover {
  const recording *r;
  inferred *in;
} prover;

static void note_death(void *data, const walk_death *death) {
  const prover *v = data;
  uint32_t low = 0, high = v->r->end;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (v->in->reached[middle] >= death->when)
      high = middle;
    else
      low = middle + 1;
  }
  if (death->number > v->in->tables)
    v->in->died[death->number - v->in->tables - 1] = low;
}

static void compare_death(const recorded_object *o, uint32_t end, uint32_t died,
                          inferred *in) {
  if (o->collected) {
    in->cyclic++;
    in->cyclic_within += died >= o->lost_after && died <= o->death;
    if (in->window < o->death - o->lost_after)
      in->window = o->death - o->lost_after;
  } else if (o->death == end) {
    in->kept++;
    in->kept_exact += died == o->death;
  } else {
    in->acyclic++;
    in->acyclic_exact += died == o->death;
  }
}

void infer_prove(const recording *r, inferred *in) {
  const char *why;
  prover v = {r, in};
  for (size_t i = 0; i < r->objects_count; i++)
    in->died[i] = UINT32_MAX; /* not found dead */
  walk *w =
      walk_create(WALK_LATE, (walk_listener){.died = note_death, .data = &v});
  for (size_t i = 0; i < in->count; i++)
    walk_step(w, &in->ops[i], i + 1, &why);
  walk_finish(w);
  walk_destroy(w);
  in->acyclic = in->acyclic_exact = 0;
  in->cyclic = in->cyclic_within = in->window = in->kept = in->kept_exact = 0;
  for (size_t i = 0; i < r->objects_count; i++)
    compare_death(&r->objects[i], r->end, in->died[i], in);
}

bool infer_is_proved(const inferred *in) {
  return in->acyclic_exact == in->acyclic && in->cyclic_within == in->cyclic &&
         in->kept_exact == in->kept;
}
