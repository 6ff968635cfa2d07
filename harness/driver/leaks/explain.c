/* explain.c: `reapmark explain CAUSE`: what keeps the objects of a cause of
 * leaks: the path from a root, or the cycle that counting cannot free.
 *
 * The collector `record` runs one round of the cause and writes its operations;
 * they are performed again on the shadow heap (harness/trace/walk.h) up to the
 * moment right after the last reference was dropped, and there the shadow heap
 * is asked. */
#include "leaks.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/base/words.h"
#include "harness/driver/programs/spawn.h"
#include "harness/trace/reader.h"
#include "harness/trace/walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- *
 * The story: the operations, performed, with what made each reference.
 * ------------------------------------------------------------------------- */

/* wl_begin collects, and so does wl_held before the first round; then come the
 * round and its drop, until somebody collects again. */
enum { COLLECTIONS_BEFORE = 2 };

typedef enum place_kind { IN_SLOT, IN_GLOBAL, IN_TLS } place_kind;

/* A place that an operation wrote. */
typedef struct written {
  place_kind kind;
  uint64_t of; /* number of the object or of the thread */
  uint32_t index;
  uint64_t line;    /* of the trace */
  const char *text; /* the operation */
} written;

typedef struct story {
  walk *walk;
  shadow *shadow;
  const json_t *words; /* of the workload */
  uint64_t before;     /* objects that were made before the round */
  written *places;     /* in the order of the operations */
  size_t count;
} story;

static const char *operation_text(const trace_op *op) {
  const uint32_t operands[] = {op->a, op->b, op->c};
  const char *text = trace_kinds[op->kind].name;
  size_t n = strlen(trace_kinds[op->kind].operands);
  for (size_t i = 0; i < n && i < 3; i++)
    text = arena_text("%s %" PRIu32, text, operands[i]);
  return text;
}

/* Remembers the place that the operation is about to write. */
static void note_place(story *s, const trace_op *op, uint64_t line) {
  written w = {.line = line, .of = op->thread, .index = op->a};
  switch (op->kind) {
  case TRACE_STORE:
  case TRACE_STORE_TAKE:
    w.kind = IN_SLOT;
    w.of = walk_number(
        s->walk, shadow_register(walk_mutator(s->walk, op->thread), op->a));
    w.index = op->b;
    break;
  case TRACE_GLOBAL_STORE:
    w.kind = IN_GLOBAL;
    w.of = 0;
    break;
  case TRACE_TLS_STORE:
    w.kind = IN_TLS;
    break;
  default:
    return;
  }
  w.text = operation_text(op);
  s->places = arena_more(s->places, s->count, sizeof *s->places);
  s->places[s->count++] = w;
}

/* Performs the operations up to the drop.  Returns what is wrong, or NULL. */
static const char *perform(story *s, trace_reader *r) {
  trace_op op;
  trace_status status;
  unsigned collections = 0;
  while ((status = trace_read(r, &op)) == TRACE_READ_OP) {
    if (op.kind == TRACE_COLLECT && collections++ == COLLECTIONS_BEFORE)
      return NULL;
    note_place(s, &op, trace_reader_line(r));
    const char *why;
    if (walk_step(s->walk, &op, trace_reader_line(r), &why) != WALK_DONE)
      return arena_text("line %" PRIu64 ": %s", trace_reader_line(r), why);
    if (collections < COLLECTIONS_BEFORE)
      s->before = walk_numbered(s->walk);
  }
  return status == TRACE_READ_END ? "the trace ends before the round does"
                                  : arena_text("%s", trace_reader_error(r));
}

/* ------------------------------------------------------------------------- *
 * Words.
 * ------------------------------------------------------------------------- */

static const char *word_for(const story *s, const char *key) {
  return json_string_value(json_object_get(s->words, key));
}

/* "object 3 (child)".  The workload names the objects of its first thing; the
 * names repeat for each further thing. */
static const char *object_text(const story *s, shadow_ref o) {
  uint64_t number = walk_number(s->walk, o), named = 0;
  while (word_for(s, arena_text("object %" PRIu64, named + 2)))
    named++;
  const char *word = NULL;
  if (number >= 2 && named)
    word = word_for(s, arena_text("object %" PRIu64, 2 + (number - 2) % named));
  return word ? arena_text("object %" PRIu64 " (%s)", number, word)
              : arena_text("object %" PRIu64, number);
}

static const written *find_place(const story *s, place_kind kind, uint64_t of,
                                 uint32_t index) {
  for (size_t i = s->count; i-- > 0;) {
    const written *w = &s->places[i];
    if (w->kind == kind && w->of == of && w->index == index)
      return w;
  }
  return NULL;
}

static const char *made_text(const written *w) {
  return w ? arena_text("line %" PRIu64 ": %s", w->line, w->text) : "";
}

/* ------------------------------------------------------------------------- *
 * A chain: each object is held by what stands before it.
 * ------------------------------------------------------------------------- */

/* Longer chains are shown without their middle. */
enum { CHAIN_SHOWN = 10, INDENT = 3, COLUMN = 60 };

typedef struct chain {
  const char *root; /* in words; NULL: a cycle, the last object is the first */
  const written *made; /* the reference in the root */
  shadow_ref *objects;
  size_t count;
} chain;

static int find_slot(const story *s, shadow_ref from, shadow_ref to) {
  const shadow_object *o = shadow_at(s->shadow, from);
  uint32_t slot = 0;
  while (o->slots[slot] != to)
    slot++;
  return (int)slot;
}

/* Prints a line: `what`, indented by `depth`, and the operation that made the
 * reference in a column. */
static void print_line(int depth, const char *what, const char *made) {
  int right = INDENT * depth, arrow = depth ? INDENT : 0;
  printf("%*s%s%s", right, "", depth ? "└─ " : "", what);
  if (*made)
    printf("%*s  %s", COLUMN - right - arrow - (int)strlen(what), "", made);
  putchar('\n');
}

static void print_chain(const story *s, const chain *c) {
  int depth = 0;
  size_t first = 0;
  if (c->root)
    print_line(depth++, c->root, "");
  else
    print_line(depth++, object_text(s, c->objects[first++]), "");
  for (size_t i = first; i < c->count; i++) {
    size_t hidden = c->count - CHAIN_SHOWN;
    if (c->count > CHAIN_SHOWN && i == CHAIN_SHOWN / 2) {
      print_line(depth++, arena_text("... %zu more ...", hidden), "");
      i += hidden;
    }
    shadow_ref o = c->objects[i];
    if (i == 0) {
      print_line(depth++, object_text(s, o), made_text(c->made));
      continue;
    }
    shadow_ref holder = c->objects[i - 1];
    int slot = find_slot(s, holder, o);
    const written *w =
        find_place(s, IN_SLOT, walk_number(s->walk, holder), (uint32_t)slot);
    print_line(depth++,
               arena_text("slot %d: %s%s", slot, object_text(s, o),
                          !c->root && i + 1 == c->count ? ", again" : ""),
               made_text(w));
  }
}

/* ------------------------------------------------------------------------- *
 * What keeps the objects of the round.
 * ------------------------------------------------------------------------- */

/* The object that was made first among those of the round of which `reachable`
 * is true, after `after`; 0 if there is none. */
static shadow_ref next_object(const story *s, bool reachable, uint64_t after) {
  shadow_ref found = 0;
  uint64_t least = UINT64_MAX;
  for (shadow_ref o = 1; o < shadow_end(s->shadow); o++) {
    const shadow_object *object = shadow_at(s->shadow, o);
    uint64_t number = object->used ? walk_number(s->walk, o) : 0;
    if (number > s->before && number > after && number < least &&
        object->marked == reachable) {
      found = o;
      least = number;
    }
  }
  return found;
}

/* Finds the path from a root to a reachable object. */
static chain find_path(const story *s, shadow_ref o) {
  char root[64];
  chain c = {.count = shadow_path(s->shadow, o, root, NULL, 0)};
  c.objects = arena_take(c.count * sizeof *c.objects);
  shadow_path(s->shadow, o, root, c.objects, c.count);
  unsigned index = 0, thread = 0;
  const char *key = root;
  if (sscanf(root, "global %u", &index) == 1)
    c.made = find_place(s, IN_GLOBAL, 0, index);
  else if (sscanf(root, "thread-local root %u of thread %u", &index, &thread) ==
           2) {
    c.made = find_place(s, IN_TLS, thread, index);
    key = arena_text("thread-local %u", index);
  }
  const char *word = word_for(s, key);
  c.root = word ? arena_text("%s: %s", root, word) : arena_text("%s", root);
  return c;
}

/* Finds the shortest way from an object back to itself, breadth first. */
static chain find_cycle(const story *s, shadow_ref start) {
  size_t places = shadow_end(s->shadow), head = 0, count = 1;
  shadow_ref *from = arena_take(places * sizeof *from);
  shadow_ref *queue = arena_take(places * sizeof *queue);
  queue[0] = start;
  while (head < count && !from[start]) {
    shadow_ref here = queue[head++];
    const shadow_object *o = shadow_at(s->shadow, here);
    for (uint32_t i = 0; i < o->slot_count; i++) {
      shadow_ref child = o->slots[i];
      if (!child || from[child])
        continue;
      from[child] = here;
      if (child != start)
        queue[count++] = child;
    }
  }
  chain c = {0};
  if (!from[start])
    return c;
  size_t length = 2;
  for (shadow_ref o = from[start]; o != start; o = from[o])
    length++;
  c.objects = arena_take(length * sizeof *c.objects);
  c.count = length;
  shadow_ref o = start;
  for (size_t i = length; i-- > 0; o = from[o])
    c.objects[i] = o;
  return c;
}

/* ------------------------------------------------------------------------- *
 * What collectors make of it.
 * ------------------------------------------------------------------------- */

/* The collectors that the user asks about. */
typedef struct audience {
  const collectors *all;
  bool *asked;           /* of each */
  const collector *only; /* the one, or NULL if there are several */
} audience;

/* Finds the collectors of a list, or the models if the list is NULL.  Returns
 * NULL, or what is wrong with the list. */
static const char *find_audience(const collectors *all, const char *list,
                                 audience *out) {
  *out =
      (audience){all, arena_take((all->count + 1) * sizeof *out->asked), NULL};
  word_list words = words_split(list ? list : "models");
  for (size_t i = 0; i < words.count; i++) {
    const char *word = words.words[i];
    chosen_list meant = {0};
    const char *wrong = resolve_collectors(all, word, ABSENT_WRONG, &meant);
    if (wrong)
      return wrong;
    for (size_t k = 0; k < meant.count; k++)
      out->asked[meant.items[k].program - all->items] = true;
    if (words.count == 1 && !discover_is_group(word))
      out->only = meant.items[0].program;
  }
  return NULL;
}

static const char *declared(const collector *c, const char *name) {
  const char *text = json_string_value(
      json_object_get(json_object_get(c->about, "capabilities"), name));
  return text ? text : "";
}

/* What the collector does with garbage, by its declaration. */
static const char *fate(const collector *c, bool cyclic) {
  const char *reclaims = declared(c, "reclaims");
  if (!strcmp(reclaims, "nothing"))
    return "never reclaims anything";
  if (cyclic)
    return strcmp(reclaims, "all") ? "never reclaims it: a leak"
                                   : "reclaims it at a collection";
  const char *prompt = declared(c, "prompt");
  return !strcmp(prompt, "all") ? "reclaims them at once"
         : !strcmp(prompt, "contents")
             ? "reclaims them at once, but for the memory of those that had "
               "lost a reference before"
             : "reclaims them at a collection";
}

static void print_fates(const audience *a, bool cyclic) {
  putchar('\n');
  for (size_t i = 0; i < a->all->count; i++)
    if (a->asked[i])
      printf("%s %s.\n", a->all->items[i].name,
             fate(&a->all->items[i], cyclic));
}

static void print_explanation(story *s, const char *workload,
                              const audience *a) {
  printf("%s: right after the last reference was dropped\n\n", workload);
  shadow_mark_reachable(s->shadow);
  shadow_ref o = next_object(s, true, 0);
  if (o) {
    chain c = find_path(s, o);
    print_chain(s, &c);
    printf("\nA root reaches %s, so %s holds it, by design.\n",
           object_text(s, o), a->only ? a->only->name : "every collector");
    return;
  }
  chain c = {0};
  for (o = next_object(s, false, 0); o && !c.count;
       o = next_object(s, false, walk_number(s->walk, o)))
    c = find_cycle(s, o);
  if (c.count) {
    print_chain(s, &c);
    puts("\nNo root reaches the cycle, and no count of references in it gets "
         "to 0.");
  } else
    puts("Nothing keeps the objects of the round: no root reaches them, and "
         "none of them\nis on a cycle.");
  print_fates(a, c.count > 0);
}

/* ------------------------------------------------------------------------- *
 * All of it.
 * ------------------------------------------------------------------------- */

/* Runs the workload; r->output becomes its trace, and is freed with `r`. False,
 * after saying why, if there is none. */
static bool record_trace(const collector *recorder, const char *workload,
                         spawn_result *r) {
  /* The trace is written to the descriptor for records; no record is. */
  const char *argv[] = {recorder->path,
                        "--run",
                        workload,
                        "--pin",
                        "none",
                        "--trace",
                        arena_text("/dev/fd/%d", SPAWN_RECORD),
                        NULL};
  enum { TIMEOUT = 60 };
  spawn_run((char *const *)argv, SPAWN_RECORD, TIMEOUT, r);
  if (r->end == SPAWN_EXITED && r->code == 0 && r->output)
    return true;
  say("explain: %s: %s", recorder->name, spawn_trouble(r, TIMEOUT));
  return false;
}

static int explain(const spec *cause, const audience *a,
                   const collector *recorder) {
  const char *workload = spec_text(cause);
  spawn_result r;
  if (!record_trace(recorder, workload, &r)) {
    spawn_result_free(&r);
    return EXIT_SOME_FAILED;
  }
  FILE *text = fmemopen(r.output, r.output_bytes, "r");
  if (!text) {
    say("explain: %s", strerror(errno));
    return EXIT_SOME_FAILED;
  }
  trace_reader *reader = trace_reader_from(text, recorder->name);
  story s = {.walk = walk_create(WALK_LATE, (walk_listener){0}),
             .words = json_object_get(discover_workload(a->all, cause->name),
                                      "words")};
  s.shadow = walk_shadow(s.walk);
  const char *wrong = perform(&s, reader);
  if (wrong)
    say("explain: %s", wrong);
  else
    print_explanation(&s, workload, a);
  walk_destroy(s.walk);
  trace_reader_close(reader);
  fclose(text);
  spawn_result_free(&r);
  return wrong ? EXIT_SOME_FAILED : EXIT_OK;
}

static void set_unless(spec *s, const char *key, const char *value) {
  if (!spec_value(s, key))
    spec_set(s, key, value);
}

int leaks_explain(const char *word, const char *list) {
  const word_list named = words_split(list);
  collectors all = discover_collectors(&named);
  spec cause;
  audience a;
  const char *wrong = leaks_choose(&all, word, &cause);
  if (!wrong)
    wrong = find_audience(&all, list, &a);
  if (wrong) {
    say("explain: %s", wrong);
    return EXIT_USAGE;
  }
  const collector *recorder = discover_find(&all, "record");
  if (!recorder) {
    say("collector 'record' is not found, which writes what happens");
    return EXIT_NOTHING;
  }
  set_unless(&cause, "objects", "3");
  spec_set(&cause, "rounds", "1");
  spec_set(&cause, "quiet", "0");
  resolve_parameters(&all, &cause); /* for their order */
  return explain(&cause, &a, recorder);
}
