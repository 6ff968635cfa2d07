/* growth.c: see growth.h. */
#include "growth.h"
#include "harness/base/arena.h"

#include <string.h>

/* ------------------------------------------------------------------------- *
 * The rule.
 * ------------------------------------------------------------------------- */

/* A figure that is linear doubles.  Collectors begin a collection when a heap
 * that is alive has grown by a share of itself, so that their work is a
 * geometric series, and the sum of such a series jumps by up to three times
 * where one more collection is made, or by any factor where the first is, but
 * not three times in a row.  A figure that is quadratic grows by four times at
 * each doubling.  So a figure is too much if it grows by more than two and a
 * half times at each of three doublings; the larger sizes run only after an
 * excess. */
enum { LINEAR_PERCENT = 250, SIZES = 4 };

/* A figure that is flat may vary with where in its course the program ends. */
enum { FLAT_PERCENT = 125 };

/* What a figure may grow by in any case: work that each collection does
 * whatever the program is (roots, size classes, the last checks), a few
 * collections, and memory that is taken in pieces. */
static const uint64_t slack[] = {[GROWTH_WORK] = 8192,
                                 [GROWTH_COLLECTIONS] = 16,
                                 [GROWTH_BYTES] = 128 << 10};

bool growth_exceeds(growth_kind kind, bool flat, uint64_t before,
                    uint64_t after) {
  uint64_t percent = flat ? FLAT_PERCENT : LINEAR_PERCENT;
  return after >
         before / 100 * percent + before % 100 * percent / 100 + slack[kind];
}

/* ------------------------------------------------------------------------- *
 * The shapes.
 * ------------------------------------------------------------------------- */

/* In what a shape is flat. */
typedef enum flatness {
  LINEAR,
  LINEAR_TIGHT, /* but small, and run with all tight settings */
  FLAT,         /* if the collector reclaims anything */
  FLAT_BYTES, /* the same, but a little that is alive grows, and work with it */
  FLAT_CYCLES,  /* if it reclaims cycles */
  FLAT_COUNTED, /* if it reclaims anything and counts external memory */
  IDLE          /* so little is made that with the default options no collection
                   is due: their number must not grow, and nothing else is
                   compared */
} flatness;

typedef struct shape {
  const char *condition, *workload; /* the condition names the shape */
  unsigned n; /* at which whatever grows takes 4 MiB or more (growth.c of the
                 workloads says why) */
  flatness flat;
} shape;

static const shape shapes[] = {
    {"growth-churn", "growth", 256, FLAT},
    {"growth-list", "growth", 256, LINEAR},
    {"growth-visits", "growth", 256, LINEAR},
    {"growth-one-target", "growth", 1024, LINEAR},
    {"growth-old-array", "growth", 256, LINEAR},
    {"growth-old-nodes", "growth", 512, LINEAR},
    {"growth-queue", "growth", 1024, FLAT},
    {"growth-large-small", "growth", 512, FLAT},
    {"growth-large-kept", "growth", 256, LINEAR},
    {"growth-tree-pieces", "growth", 256, LINEAR},
    {"growth-fans", "growth", 256, FLAT},
    {"growth-rings", "growth", 256, FLAT_CYCLES},
    {"growth-rings-beside", "growth", 256, LINEAR},
    {"growth-rings-pinned", "growth", 256, FLAT_CYCLES},
    {"growth-rings-taken", "growth", 256, FLAT_CYCLES},
    {"growth-large-alone", "growth", 512, FLAT},
    {"growth-sizes", "growth", 64, FLAT},
    {"growth-crannies", "growth", 256, LINEAR},
    {"growth-backlog", "growth-finalizers", 256, FLAT},
    {"growth-waiting", "growth-finalizers", 256, LINEAR},
    {"growth-finalizable", "growth-finalizers", 256, LINEAR},
    {"growth-one-by-one", "growth-finalizers", 256, LINEAR},
    {"growth-queued", "growth-finalizers", 512, LINEAR},
    {"growth-taken", "growth-finalizers", 1024, FLAT},
    {"growth-finalized", "growth-finalizers", 1024, FLAT},
    {"growth-weak-one", "growth-weak", 256, LINEAR},
    {"growth-weak-dead", "growth-weak", 256, LINEAR},
    {"growth-weak-dropped", "growth-weak", 1024, FLAT},
    {"growth-weak-alive", "growth-weak", 256, LINEAR},
    {"growth-weak-turnover", "growth-weak", 512, FLAT},
    {"growth-pairs-one-key", "growth-ephemerons", 256, LINEAR},
    {"growth-pairs-forwards", "growth-ephemerons", 256, LINEAR},
    {"growth-pairs-backwards", "growth-ephemerons", 256, LINEAR},
    {"growth-pairs-dropped", "growth-ephemerons", 1024, FLAT},
    {"growth-pairs-turnover", "growth-ephemerons", 512, FLAT},
    {"growth-pairs-nested", "growth-ephemerons", 128, LINEAR_TIGHT},
    {"growth-pairs-bare", "growth-ephemerons", 128, LINEAR},
    {"growth-external-buffers", "growth-external", 64, FLAT_COUNTED},
    {"growth-external-alive", "growth-external", 256, LINEAR},
    {"growth-external-turnover", "growth-external", 512, FLAT_COUNTED},
    {"growth-threads-pairs", "growth-threads", 400, FLAT_CYCLES},
    {"growth-threads-stores", "growth-threads", 300, FLAT},
    {"growth-threads-idle", "growth-threads", 32, LINEAR},
    {"growth-threads-partner", "growth-threads", 512, FLAT},
    {"growth-threads-brief", "growth-threads", 16, FLAT},
    {"growth-threads-sizes", "growth-threads", 16, FLAT},
    {"growth-threads-spent", "growth-threads", 256, FLAT},
    {"growth-threads-left", "growth-threads", 32, FLAT_BYTES},
    {"growth-threads-idling", "growth-threads", 128, IDLE},
};

static const shape *shape_of(const condition *c) {
  const shape *s = shapes;
  while (strcmp(s->condition, c->name))
    s++;
  return s;
}

static bool is_flat(const shape *s, const collector *c) {
  const char *reclaims = json_string_value(
      json_object_get(json_object_get(c->about, "capabilities"), "reclaims"));
  bool all = reclaims && !strcmp(reclaims, "all");
  bool nothing = reclaims && !strcmp(reclaims, "nothing");
  switch (s->flat) {
  case FLAT_CYCLES:
    return all;
  case FLAT_COUNTED:
    return !nothing && collector_can(c, "external_counted");
  case FLAT:
  case FLAT_BYTES:
    return !nothing;
  default:
    return false;
  }
}

/* ------------------------------------------------------------------------- *
 * The comparison.
 * ------------------------------------------------------------------------- */

/* The figure of an entry: a counter of work, or a member. */
static uint64_t figure_of(const json_t *entry, const char *name) {
  const json_t *work = json_object_get(entry, "work");
  return entry_number(json_object_get(work, name) ? work : entry, name);
}

/* Whether the figure grew too fast between each of the `n` entries, of which
 * each has twice the size of the one before. */
static bool exceeds_always(const json_t *const *entries, size_t n,
                           const char *name, growth_kind kind, bool flat) {
  for (size_t i = 1; i < n; i++)
    if (!growth_exceeds(kind, flat, figure_of(entries[i - 1], name),
                        figure_of(entries[i], name)))
      return false;
  return true;
}

/* The name of a figure that did; NULL if none did. */
static const char *find_excess(const json_t *const *entries, size_t n,
                               const shape *s, bool flat) {
  static const struct {
    const char *name;
    growth_kind kind;
    bool flat; /* in shapes that are flat */
  } figures[] = {{"footprint", GROWTH_BYTES, true},
                 {"held", GROWTH_BYTES, true},
                 {"outside", GROWTH_BYTES, true},
                 {"longest", GROWTH_WORK, true},
                 {"collections", GROWTH_COLLECTIONS, false}};
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(entries[0], "work"), name, value) {
    if (exceeds_always(entries, n, name, GROWTH_WORK, false))
      return name;
  }
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    if (exceeds_always(
            entries, n, figures[i].name, figures[i].kind,
            flat && figures[i].flat &&
                !(s->flat == FLAT_BYTES && figures[i].kind == GROWTH_WORK)))
      return figures[i].name;
  return NULL;
}

/* Whether there are more collections in each entry than in the one before. */
static bool is_collected(const json_t *const *entries, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (figure_of(entries[i], "collections") <=
        figure_of(entries[i - 1], "collections"))
      return false;
  return true;
}

/* What the figure says in words.  NULL: its name does; it counts the
 * collector's work or its collections, which grow even in shapes that are flat.
 */
static const char *meaning_of(const char *figure) {
  static const struct {
    const char *name, *meaning;
  } meanings[] = {{"footprint", "bytes of the footprint at its peak"},
                  {"held", "bytes of the footprint in the end"},
                  {"outside", "bytes from the C library in the end"},
                  {"longest", "units of work in one step"}};
  for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
    if (!strcmp(meanings[i].name, figure))
      return meanings[i].meaning;
  return NULL;
}

/* "5 at n=256, 20 at n=512, ..." */
static const char *list_figures(const json_t *const *entries, const char *name,
                                unsigned n) {
  const char *text = "";
  for (size_t i = 0; i < SIZES; i++, n *= 2)
    text = arena_text("%s%s%ju at n=%u", text, i ? ", " : "",
                      (uintmax_t)figure_of(entries[i], name), n);
  return text;
}

/* The settings without a last resort, if the shape is flat with them; NULL if
 * the collector declares none. */
static const char *partial_of(const shape *s, const collector *c) {
  const json_t *partial = json_object_get(c->about, "partial");
  const char *of = json_string_value(json_object_get(partial, "reclaims"));
  bool applies = s->flat == FLAT || s->flat == FLAT_COUNTED ||
                 (s->flat == FLAT_CYCLES && of && !strcmp(of, "all"));
  return applies ? json_string_value(json_object_get(partial, "settings"))
                 : NULL;
}

/* Runs the shape with one of the settings, up to the first failure.  False if
 * it has to wait for an episode; *seen counts the entries of the trial. */
static bool compare(campaign *c, trial *t, const char *settings, size_t *seen) {
  const shape *s = shape_of(t->under);
  bool flat = is_flat(s, t->subject->program);
  const json_t *entries[SIZES];
  const char *excess = NULL;
  size_t k = 0;
  episode e = campaign_episode(c, t);
  e.subject = subject_with(t->subject, settings);
  e.operations = 0;
  e.seed = 1; /* nothing is drawn: all rounds are the same */
  do {
    unsigned n = s->n << k;
    e.run =
        arena_text("%s:%s,n=%u", s->workload, condition_params(t->under), n);
    e.variant = arena_text("%u", n);
    entries[k] = campaign_entry(c, &e);
    if (!entries[k])
      return false;
    if ((*seen)++ == t->step)
      trial_add(t, entries[k]);
    if (t->tally.fault)
      return true;
    if (!k)
      continue;
    if (s->flat == IDLE)
      excess = is_collected(entries, k + 1) ? "collections" : NULL;
    else
      excess = find_excess(entries, k + 1, s, flat);
  } while (++k < 2 || (k < SIZES && excess));
  if (!excess)
    return true;
  const char *meaning = meaning_of(excess);
  const char *reason =
      arena_text("%s, %s with %s: %s, where %s", meaning ? meaning : excess,
                 condition_params(t->under), e.subject->name,
                 list_figures(entries, excess, s->n),
                 s->flat == IDLE   ? "so little is made that none is due"
                 : flat && meaning ? "nothing that is alive grows"
                                   : "the program only doubles");
  json_t *fault = json_copy((json_t *)entries[SIZES - 1]);
  json_object_set_new(fault, "result", json_string("failed"));
  json_object_set_new(fault, "oracle", json_string("growth"));
  json_object_set_new(fault, "reason", json_string(reason));
  t->tally.fault = fault;
  return true;
}

/* Whether a setting bounds bytes at all: policies that count objects, and those
 * that do not see external memory, have no bound on them. */
static bool bounds_bytes(const char *setting) {
  return !strstr(setting, "policy=count") && !strstr(setting, "see-external=0");
}

/* With the default options and with the first tight setting.  A shape that is
 * flat runs with the others too: there, nothing that is alive depends on n.
 * Beside a heap that grows, some of them may bound a list to very few entries,
 * and a collector that then goes through the heap instead does what it should,
 * at any cost. */
bool growth_run(campaign *c, trial *t) {
  const shape *s = shape_of(t->under);
  const collector *program = t->subject->program;
  const json_t *tight = json_object_get(program->about, "tight");
  const char *partial = partial_of(s, program);
  size_t all = json_array_size(tight), seen = 0;
  if (all > 1 && s->flat == LINEAR)
    all = 1;
  if (s->flat == IDLE)
    all = 0;
  t->tally.missing = collector_lacks(program, s->workload);
  if (t->oracle || t->tally.missing) /* a comparison of the random mutator */
    return true;
  if (!compare(c, t, NULL, &seen))
    return false;
  for (size_t i = 0; i < all && !t->tally.fault; i++) {
    const char *setting = json_string_value(json_array_get(tight, i));
    if ((i == 0 || bounds_bytes(setting)) && !compare(c, t, setting, &seen))
      return false;
  }
  return !partial || t->tally.fault || compare(c, t, partial, &seen);
}
