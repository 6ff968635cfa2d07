/* conditions.c: the table of hostile conditions, those that take long last.
 * What the keys of `hostile` do stands in collectors/common/hostile.h. */
#include "conditions.h"
#include "growth.h"
#include "heap-sweep.h"
#include "hunting.h"
#include "races.h"
#include "harness/base/arena.h"
#include "harness/base/capabilities.h"

#include <string.h>

#define FIRED(key) "hostile.fired." key
/* Allocations that a heap limit refuses are what the condition is about. */
#define SCARCE                                                                 \
  { "scarce", "1" }
#define REFUSED "counts.allocations-failed"
#define GROWTH(name, shape, provokes)                                          \
  { "growth-" name, provokes, .params = {{"shape", shape}}, .run = growth_run }

#define RACE(name, shape, provokes)                                            \
  {                                                                            \
    "race-" name, provokes, .params = {{"shape", shape}},                      \
                            .needs = NEEDS_THREADS, .races = true,             \
                            .run = races_run                                   \
  }

const condition conditions[] = {
    {"plain", "nothing forced, one mutator: what every collector must survive",
     .one_thread = true, .share = 100},
    {"turns", "several mutators, one at a time: roots of the others, hand-over",
     .needs = NEEDS_THREADS, .share = 100},
    {"free", "several mutators at once: races of counts, barriers, stops",
     .params = {{"schedule", "free"}}, .needs = NEEDS_THREADS, .share = 100,
     .races = true},
    {"yield", "the same, and the processor is lost at the racy points",
     .hostile = "yield=100", .params = {{"schedule", "free"}},
     .needs = NEEDS_THREADS | NEEDS_FREEING | NEEDS_YIELD,
     .proof = FIRED("yield"), .share = 50, .races = true},
    {"large", "a hundred thousand objects: mark stacks grow, blocks fill",
     .params = {{"live", "100000"}, {"every", "50000"}}, .share = 300},
    {"collect-1", "a collection at every allocation: roots and fields missed",
     .hostile = "collect-every=1", .params = {{"live", "100"}},
     .proof = FIRED("collect-every"), .share = 5},
    {"collect-7", "at every seventh: lazy sweeping half done, stale marks",
     .hostile = "collect-every=7", .params = {{"live", "300"}},
     .proof = FIRED("collect-every"), .share = 20},
    {"collect-1000", "at every thousandth: much garbage, long chains",
     .hostile = "collect-every=1000", .proof = FIRED("collect-every"),
     .share = 100},
    {"collect-free", "at every 50th, while other mutators run",
     .hostile = "collect-every=50", .params = {{"schedule", "free"}},
     .needs = NEEDS_THREADS, .proof = FIRED("collect-every"), .share = 50,
     .races = true},
    {"poison", "freed memory is overwritten and watched: use after free",
     .hostile = "poison=1000", .needs = NEEDS_FREEING | NEEDS_POISON,
     .proof = FIRED("poison"), .share = 100},
    {"poison-0", "the same, and it is used again at once",
     .hostile = "poison=0,collect-every=100",
     .needs = NEEDS_FREEING | NEEDS_POISON, .proof = FIRED("poison"),
     .share = 50},
    {"buffers-1", "lists of one entry: overflow, rescan, early detection",
     .hostile = "buffers=1", .needs = NEEDS_TRAVERSING | NEEDS_BUFFERS,
     .proof = FIRED("buffers"), .share = 20},
    {"buffers-2", "lists of two entries", .hostile = "buffers=2",
     .needs = NEEDS_TRAVERSING | NEEDS_BUFFERS, .proof = FIRED("buffers"),
     .share = 20},
    {"buffers-8", "lists of eight entries", .hostile = "buffers=8",
     .needs = NEEDS_TRAVERSING | NEEDS_BUFFERS, .proof = FIRED("buffers"),
     .share = 50},
    {"fail-every", "every 13th internal allocation fails",
     .hostile = "fail-every=13", .needs = NEEDS_FAIL,
     .proof = FIRED("fail-every"), .share = 50, .scarce = true},
    {"heap-200",
     "twice, and nobody asks for collections: what must happen "
     "of itself, leaks of memory",
     .heap = 200, .params = {{"every", "200000"}, {"collections", "0"}, SCARCE},
     .needs = NEEDS_LIMIT, .proof = REFUSED, .uncertain = true, .share = 300,
     .scarce = true},
    {"heap-100", "a heap as large as it must be: collection under pressure",
     .heap = 100, .params = {SCARCE}, .needs = NEEDS_LIMIT, .proof = REFUSED,
     .uncertain = true, .share = 50, .scarce = true},
    {"heap-90", "a bit less than that: out of memory, and recovery", .heap = 90,
     .params = {SCARCE}, .needs = NEEDS_LIMIT, .proof = REFUSED,
     .uncertain = true, .share = 50, .scarce = true},
    {"heap-50", "half of that", .heap = 50, .params = {SCARCE},
     .needs = NEEDS_LIMIT, .proof = REFUSED, .uncertain = true, .share = 50,
     .scarce = true},
    {"heap-live", "half of what was alive: nothing but refusals", .heap = 50,
     .live = true, .params = {SCARCE}, .needs = NEEDS_LIMIT, .proof = REFUSED,
     .share = 50, .scarce = true},
    {"heap-sweep",
     "heaps 5 % larger each: what fits must fit into a larger one",
     .params = {SCARCE}, .needs = NEEDS_LIMIT, .scarce = true,
     .run = heap_sweep_run},
    {"scarcity",
     "heaps that run out, are emptied and filled with another kind of objects",
     .needs = NEEDS_LIMIT | NEEDS_FREEING, .scarce = true,
     .run = hunting_scarcity},
    {"volleys", "threads that write into neighbouring places at one moment",
     .needs = NEEDS_THREADS, .races = true, .spread = true,
     .run = hunting_volleys},
    {"volleys-yield", "the same, and the processor is lost at the racy points",
     .hostile = "yield=200", .needs = NEEDS_THREADS | NEEDS_YIELD,
     .proof = FIRED("yield"), .races = true, .spread = true,
     .run = hunting_volleys},
    GROWTH("churn", "churn", "garbage: what is kept of the dead"),
    GROWTH("list", "list",
           "a large live heap beside garbage: full collections that are too "
           "frequent"),
    GROWTH("visits", "visits",
           "references to all objects that come and go: candidates of live "
           "objects"),
    GROWTH("one-target", "one-target",
           "one object that has very many references"),
    GROWTH(
        "old-array", "old-array",
        "few stores into a large old array: whole objects that are remembered"),
    GROWTH("old-nodes", "old-nodes",
           "stores into many old objects: remembered sets and logs"),
    GROWTH(
        "queue", "queue",
        "a queue that wanders through old memory: dead and old keep the young"),
    GROWTH("large-small", "large-small",
           "large and small objects in turn: memory of one that the other "
           "cannot use"),
    GROWTH("large-kept", "large-kept",
           "many large objects that live: walks of their list"),
    GROWTH("tree-pieces", "tree-pieces",
           "pieces of a tree that are dropped and grown again"),
    GROWTH("fans", "fans",
           "objects of many slots that die: what is torn down late, in parts"),
    GROWTH("rings", "rings", "dead rings: when cycles are found"),
    GROWTH(
        "rings-beside", "rings-beside",
        "dead rings beside a large live heap: detection that walks all of it"),
    GROWTH("rings-pinned", "rings-pinned",
           "dead rings beside a live one that is a candidate again and again: "
           "what waits behind it"),
    GROWTH("rings-taken", "rings-taken",
           "rings that become candidates before they are dropped: who looks "
           "whether they are many"),
    GROWTH("large-alone", "large-alone",
           "large objects and nothing else: collections that only small ones "
           "begin"),
    GROWTH("sizes", "sizes",
           "one size after the other: memory that stays with one size"),
    GROWTH("crannies", "crannies",
           "objects that do not fit between others: searches in vain"),
    GROWTH("backlog", "backlog",
           "finalizers that are never all done: a queue that only grows"),
    GROWTH("waiting", "waiting",
           "many objects that wait for a finalizer: walks of the queue"),
    GROWTH("finalizable", "alive",
           "many finalizable objects that live: walks of their list"),
    GROWTH("one-by-one", "one-by-one",
           "a list of finalizable objects that are taken in turn"),
    GROWTH("queued", "queued",
           "the same, and nobody asks for a collection: what partial ones do"),
    GROWTH("taken", "taken",
           "finalizable objects and nothing else, taken as they come"),
    GROWTH("finalized", "turnover",
           "finalizable objects of a table that hold others, taken as they are "
           "found dead: what is kept of them"),
    GROWTH("weak-one", "one-target", "many weak references to one object"),
    GROWTH("weak-dead", "dead", "many weak references to dead objects"),
    GROWTH("weak-dropped", "dropped",
           "weak references that die before their target"),
    GROWTH("weak-alive", "alive",
           "many weak references to as many objects that live"),
    GROWTH("weak-turnover", "turnover",
           "weak references and targets that die in any order: tables of them"),
    GROWTH("pairs-one-key", "one-key", "many ephemerons with one key"),
    GROWTH("pairs-forwards", "forwards",
           "ephemerons of which each value is the next key: walks of their "
           "list"),
    GROWTH("pairs-backwards", "backwards",
           "the same, and each is made before the one that leads to it"),
    GROWTH("pairs-dropped", "dropped",
           "ephemerons and nothing else, which die before their key"),
    GROWTH("pairs-turnover", "turnover",
           "ephemerons, keys and values that die in any order: tables of them"),
    GROWTH("pairs-nested", "nested",
           "ephemerons that die together with their keys, by the death of "
           "another key"),
    GROWTH("pairs-bare", "bare",
           "dead keys without slots that the values of living ephemerons lead "
           "to"),
    GROWTH("external-buffers", "buffers",
           "few objects with much memory outside the heap: collections that "
           "only that begins"),
    GROWTH("external-alive", "alive",
           "many objects with memory outside the heap: walks of their list"),
    GROWTH("external-turnover", "turnover",
           "such objects come and go: tables of them, and what they had"),
    GROWTH("threads-pairs", "pairs",
           "candidates and blocks of threads that ended"),
    GROWTH("threads-stores", "stores",
           "what ended threads remembered and logged"),
    GROWTH("threads-idle", "idle", "many threads that are attached and wait"),
    GROWTH("threads-partner", "partner",
           "what another thread drops, while nobody blocks or ends: queues"),
    GROWTH("threads-brief", "brief",
           "threads that make one object: memory that ended threads had"),
    GROWTH("threads-sizes", "sizes", "the same with an object of each size"),
    GROWTH("threads-spent", "spent",
           "threads that end after a collection: their lists, empty by then"),
    GROWTH("threads-left", "left",
           "threads that leave one object alive: memory beside it"),
    GROWTH("threads-idling", "sizes",
           "more of them: collections that are due for what nobody made"),
    RACE("drops", "drops",
         "threads drop the same objects: counts, flags, candidates"),
    RACE("handover", "handover",
         "threads make objects for each other: remote frees, queues, rings"),
    RACE("slots", "slots",
         "threads store into common objects: logs, remembered sets, marks"),
    RACE("guests", "guests",
         "threads attach and detach at one moment: lists of what they leave"),
    RACE("visitors", "visitors",
         "threads come and go: what they leave behind, and with whom"),
    RACE("weak", "weak",
         "threads ask weak references for what others drop just now"),
    {"stack", "C stacks of 256 KiB: recursion over the heap",
     .hostile = "stack=262144", .params = {{"deep", "20000"}},
     .needs = NEEDS_DEPTH, .proof = FIRED("stack"), .share = 50},
    {"tight", "small buffers, nurseries, steps: all of an algorithm, often",
     .needs = NEEDS_TIGHT, .share = 100},
    {"tight-free", "the same, several mutators at once",
     .params = {{"schedule", "free"}}, .needs = NEEDS_TIGHT | NEEDS_THREADS,
     .share = 50, .races = true},
    {"tight-yield", "and the processor is lost at the racy points",
     .hostile = "yield=100", .params = {{"schedule", "free"}},
     .needs = NEEDS_TIGHT | NEEDS_THREADS | NEEDS_FREEING | NEEDS_YIELD,
     .proof = FIRED("yield"), .share = 50, .races = true},
    {"tight-collect", "the same, and a collection at every 50th allocation",
     .hostile = "collect-every=50", .needs = NEEDS_TIGHT,
     .proof = FIRED("collect-every"), .share = 50},
    {"tight-poison", "the same, and freed memory is overwritten and watched",
     .hostile = "poison=1000",
     .needs = NEEDS_TIGHT | NEEDS_FREEING | NEEDS_POISON,
     .proof = FIRED("poison"), .share = 50},
    {"tight-buffers", "the same, and lists of two entries",
     .hostile = "buffers=2",
     .needs = NEEDS_TIGHT | NEEDS_TRAVERSING | NEEDS_BUFFERS,
     .proof = FIRED("buffers"), .share = 60},
    {"tight-heap", "the same, in a heap as large as it must be", .heap = 100,
     .params = {SCARCE}, .needs = NEEDS_TIGHT | NEEDS_LIMIT, .proof = REFUSED,
     .uncertain = true, .share = 20, .scarce = true},
    {"tight-heap-25", "a quarter of that: what is done before a refusal, often",
     .heap = 25, .params = {SCARCE}, .needs = NEEDS_TIGHT | NEEDS_LIMIT,
     .proof = REFUSED, .uncertain = true, .share = 20, .scarce = true},
    {"collect-at", "at each single allocation in turn: a root missed once",
     .hostile = "collect-at", .proof = FIRED("collect-at"), .sweep = true},
    {"fail-at", "each internal allocation fails in turn", .hostile = "fail-at",
     .needs = NEEDS_FAIL, .proof = FIRED("fail-at"), .sweep = true,
     .scarce = true},
};
const size_t conditions_count = sizeof conditions / sizeof *conditions;

const condition condition_peak = {
    "peak", "comes before heap-...: the footprint that limits follow from",
    .hostile = "collect-every=10", .share = 50};

void condition_list_add(condition_list *list, const condition *c) {
  list->items = arena_more(list->items, list->count, sizeof *list->items);
  list->items[list->count++] = c;
}

const condition *condition_find(const char *name) {
  size_t n = strcspn(name, ":");
  for (size_t i = 0; i < conditions_count; i++)
    if (strlen(conditions[i].name) == n &&
        !strncmp(conditions[i].name, name, n) &&
        (!name[n] || conditions[i].needs & NEEDS_TIGHT))
      return &conditions[i];
  return NULL;
}

const condition *condition_with(const condition *c, const char *setting) {
  condition *one = arena_take(sizeof *one);
  *one = *c;
  one->name = arena_text("%s:%s", c->name, setting);
  one->setting = setting;
  return one;
}

/* An array of the collector's self-description. */
static const json_t *declared(const collector *of, const char *name) {
  return json_object_get(of->about, name);
}

static bool has_word(const json_t *list, const char *word) {
  size_t i;
  json_t *other;
  json_array_foreach(list, i, other) {
    if (json_is_string(other) && !strcmp(json_string_value(other), word))
      return true;
  }
  return false;
}

bool condition_declares(const collector *of, const char *setting) {
  return has_word(declared(of, "tight"), setting);
}

condition_list condition_expand(const condition_list *chosen,
                                const collector *of) {
  condition_list out = {0};
  const json_t *settings = declared(of, "tight");
  for (size_t i = 0; i < chosen->count; i++) {
    const condition *c = chosen->items[i];
    size_t k;
    json_t *setting;
    if (!(c->needs & NEEDS_TIGHT) || c->setting || !json_array_size(settings))
      condition_list_add(&out, c);
    else
      json_array_foreach(settings, k, setting) condition_list_add(
          &out, condition_with(c, json_string_value(setting)));
  }
  return out;
}

const char *condition_family(const char *name) {
  return arena_text("%.*s", (int)strcspn(name, "-:"), name);
}

const char *condition_params(const condition *c) {
  const char *text = NULL;
  for (const spec_setting *p = c->params; p->key; p++)
    text = text ? arena_text("%s,%s=%s", text, p->key, p->value)
                : arena_text("%s=%s", p->key, p->value);
  return text;
}

/* The hooks that conditions need, and what is said of a collector that lacks
 * one. */
static const struct {
  unsigned need;
  const char *hook, *missing;
} hooks[] = {
    {NEEDS_POISON, "poison", "does not poison what it frees"},
    {NEEDS_BUFFERS, "buffers", "has no list with a bound"},
    {NEEDS_FAIL, "fail", "its own allocations have no hook"},
    {NEEDS_YIELD, "yield", "its races have no hook"},
};

const char *condition_missing(const condition *c, const collector *of) {
  const char *reclaims = json_string_value(
      json_object_get(json_object_get(of->about, "capabilities"), "reclaims"));
  if (c->needs & NEEDS_THREADS && !collector_can(of, "threads"))
    return capability_words[CAPABILITY_THREADS].needs;
  if (c->needs & NEEDS_LIMIT && !collector_can(of, "heap_limit"))
    return capability_words[CAPABILITY_HEAP_LIMIT].needs;
  if (c->needs & NEEDS_FREEING && reclaims && !strcmp(reclaims, "nothing"))
    return "frees nothing";
  if (c->needs & NEEDS_TRAVERSING && reclaims && strcmp(reclaims, "all"))
    return "never traverses";
  if (c->needs & NEEDS_DEPTH && !collector_can(of, "deep"))
    return capability_words[CAPABILITY_DEEP].needs;
  if (c->needs & NEEDS_TIGHT && !c->setting)
    return "declares no tight settings";
  if (c->setting && !condition_declares(of, c->setting))
    return "does not declare this setting";
  const json_t *its = json_object_get(declared(of, "hostile"), "hooks");
  for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++)
    if (c->needs & hooks[i].need && !has_word(its, hooks[i].hook))
      return hooks[i].missing;
  return NULL;
}

const char *collector_lacks(const collector *c, const char *workload) {
  const json_t *w = collector_workload(c, workload);
  if (!w)
    return "it lacks the workload";
  for (size_t i = 0; i < CAPABILITIES; i++)
    if (workload_needs(w, capability_words[i].name) &&
        !collector_can(c, capability_words[i].name))
      return capability_words[i].needs;
  return NULL;
}
