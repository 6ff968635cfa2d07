/* describe.c: the collector program's description of itself, from the tables
 * that the collector and the workloads define. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dl_iterate_phdr */
#endif
#include "cell.h"

#include "common/listener.h"

#include "common/hostile/hostile.h"
#include "harness/record/record.h"

#include <link.h>
#include <stdio.h>

static const char *const reclaims[] = {[GC_RECLAIMS_NOTHING] = "nothing",
                                       [GC_RECLAIMS_ACYCLIC] = "acyclic",
                                       [GC_RECLAIMS_ALL] = "all"};

static json_t *describe_capabilities(gc_capabilities can) {
  static const char *const prompt[] = {[GC_PROMPT_NO] = "no",
                                       [GC_PROMPT_CONTENTS] = "contents",
                                       [GC_PROMPT_ALL] = "all"};
  return json_pack(
      "{s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:"
      "i,s:i,s:o,s:o}",
      "reclaims", reclaims[can.reclaims], "prompt", prompt[can.prompt],
      "external", can.external != GC_EXTERNALS_NONE, "external_counted",
      can.external == GC_EXTERNALS_COUNTED, "threads", can.threads, "weak",
      can.weak, "ephemerons", can.ephemerons, "weak_keys", can.weak_keys,
      "finalizers", can.finalizers, "moving", can.moving, "heap_limit",
      can.heap_limit, "concurrent", can.concurrent, "explicit_free",
      can.explicit_free, "conservative", can.conservative, "deep", !can.shallow,
      "long_weak", can.long_weak, "turns", can.turns, "reserve", can.reserve,
      "overhead", can.overhead ? can.overhead : GC_OVERHEAD, "overhead_bytes",
      record_integer(can.overhead_bytes ? can.overhead_bytes
                                        : GC_OVERHEAD_BYTES),
      "granule", record_integer(can.granule));
}

static json_t *describe_number(const char *name, const char *help,
                               uint64_t initial, uint64_t min, uint64_t max) {
  return json_pack("{s:s,s:s,s:o,s:o,s:o}", "name", name, "help", help,
                   "default", record_integer(initial), "min",
                   record_integer(min), "max", record_integer(max));
}

static json_t *describe_words(const char *const *words) {
  json_t *list = json_array();
  for (; words && *words; words++)
    json_array_append_new(list, json_string(*words));
  return list;
}

static json_t *describe_choice(const char *name, const char *help,
                               uint64_t initial, const char *const *choices) {
  return json_pack("{s:s,s:s,s:s,s:o}", "name", name, "help", help, "default",
                   choices[initial], "choices", describe_words(choices));
}

static json_t *describe_options(const gc_collector *c) {
  json_t *list = json_array();
  for (const gc_option *o = c->options; o && o->name; o++) {
    const char *const *words = cell_option_words(c, o);
    json_array_append_new(
        list,
        words ? describe_choice(o->name, o->help, *o->value, words)
              : describe_number(o->name, o->help, *o->value, o->min, o->max));
  }
  return list;
}

json_t *cell_describe_needs(unsigned needs) {
  json_t *list = json_array();
  for (const cell_need *n = cell_needs; n->bit; n++)
    if (needs & n->bit)
      json_array_append_new(list,
                            json_string(capability_words[n->capability].name));
  return list;
}

static json_t *describe_value(const wl_param *p) {
  if (wl_is_file(p))
    return json_pack("{s:s,s:s,s:s,s:b}", "name", p->name, "help", p->help,
                     "default", "", "file", true);
  return p->choices
             ? describe_choice(p->name, p->help, p->initial, p->choices)
             : describe_number(p->name, p->help, p->initial, p->min, p->max);
}

static json_t *describe_param(const workload *w, unsigned i) {
  json_t *json = describe_value(&w->params[i]);
  if (w->more_needs.needs && i == w->more_needs.param)
    json_object_set_new(json, "needs",
                        cell_describe_needs(w->more_needs.needs));
  return json;
}

static json_t *describe_workload(const workload *w) {
  json_t *steps = json_array(), *params = json_array();
  for (unsigned i = 0; i < WL_STEP_KINDS && w->steps[i]; i++)
    json_array_append_new(steps, json_string(w->steps[i]));
  for (unsigned i = 0; i < WL_PARAMS && w->params[i].name; i++)
    json_array_append_new(params, describe_param(w, i));
  json_t *words = json_object();
  for (const char *const *pair = w->words; pair && *pair; pair += 2)
    json_object_set_new(words, pair[0], json_string(pair[1]));
  return json_pack("{s:s,s:s,s:s*,s:s,s:s,s:o,s:b,s:b,s:b,s:o,s:o,s:o}", "name",
                   w->name, "summary", w->summary, "longer", w->longer,
                   "source", w->source, "unit", w->unit, "needs",
                   cell_describe_needs(w->needs), "takes_threads",
                   (w->needs & WL_TAKES_THREADS) != 0, "knows_deaths",
                   w->knows_deaths, "knows_live", w->knows_live, "steps", steps,
                   "params", params, "words", words);
}

/* Null if the collector declares none. */
static json_t *describe_partial(const gc_collector *c) {
  return c->partial.settings
             ? json_pack("{s:s, s:s}", "settings", c->partial.settings,
                         "reclaims", reclaims[c->partial.reclaims])
             : json_null();
}

static json_t *describe_hooks(unsigned hooks) {
  static const char *const names[] = {"collect", "poison", "buffers", "fail",
                                      "yield"};
  json_t *list = json_array();
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (hooks & 1u << i)
      json_array_append_new(list, json_string(names[i]));
  return list;
}

/* Conditions have no defaults: all of them are off. */
static json_t *describe_hostile(void) {
  json_t *list = json_array();
  for (const gc_option *o = hostile_options; o->name; o++)
    json_array_append_new(list, json_pack("{s:s,s:s,s:o,s:o}", "name", o->name,
                                          "help", o->help, "min",
                                          record_integer(o->min), "max",
                                          record_integer(o->max)));
  return json_pack("{s:o,s:o}", "hooks",
                   describe_hooks(gc_this_collector.hostile), "conditions",
                   list);
}

/* Writes the program's build ID as hexadecimal digits.  The linker makes it, a
 * hash of all that it writes, and the kernel loads it with the program, so it
 * costs no reading of the file. */
static int find_build_id(struct dl_phdr_info *program, size_t size, void *out) {
  (void)size;
  for (size_t i = 0; i < program->dlpi_phnum; i++) {
    const ElfW(Phdr) *h = &program->dlpi_phdr[i];
    const char *at = (const char *)(program->dlpi_addr + h->p_vaddr);
    const char *end = at + h->p_memsz;
    while (h->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= end) {
      const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
      const char *bytes = at + sizeof *note + (note->n_namesz + 3u) / 4 * 4;
      at = bytes + (note->n_descsz + 3u) / 4 * 4;
      if (note->n_type != NT_GNU_BUILD_ID || note->n_descsz > 32)
        continue;
      for (size_t k = 0; k < note->n_descsz; k++)
        sprintf((char *)out + 2 * k, "%02x", (unsigned char)bytes[k]);
    }
  }
  return 1; /* the first entry is the program; libraries follow */
}

json_t *cell_build_json(void) {
  const cell_build *b = &cell_this_build;
  char id[65] = "";
  dl_iterate_phdr(find_build_id, id);
  return json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:s,s:s*}", "compiler",
                   b->compiler, "flags", b->flags, "type", b->type, "sanitizer",
                   b->sanitizer, "optimised", b->optimised, "checks", b->checks,
                   "id", id, "runtime", gc_this_collector.runtime);
}

json_t *cell_describe(void) {
  static const char *const kinds[] = {[GC_KIND_MODEL] = "model",
                                      [GC_KIND_REFERENCE] = "reference",
                                      [GC_KIND_DIAGNOSTIC] = "diagnostic"};
  const gc_collector *c = &gc_this_collector;
  json_t *workloads = json_array(), *primitives = json_array();
  for (const workload *const *w = wl_all; *w; w++)
    json_array_append_new(workloads, describe_workload(*w));
  for (const char *const *p = cell_primitives; *p; p++)
    json_array_append_new(primitives, json_string(*p));
  return json_pack(
      "{s:i,s:i,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s?,s:b,s:b,s:"
      "b,s:o,s:o}",
      "schema", RECORD_SCHEMA, "api", GC_API_VERSION, "name", c->name,
      "summary", c->summary, "source", c->source, "kind", kinds[c->kind],
      "build", cell_build_json(), "capabilities", describe_capabilities(c->can),
      "options", describe_options(c), "hostile", describe_hostile(), "events",
      describe_words(c->events), "work", describe_words(c->work), "tight",
      describe_words(c->tight), "partial", describe_partial(c), "repeatable",
      c->repeatable, "volumes", true, "timeline", true, "probes",
      listener_has_probes, "workloads", workloads, "primitives", primitives);
}
