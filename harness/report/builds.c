/* builds.c: see builds.h. */
#include "builds.h"
#include "harness/base/arena.h"
#include "harness/base/say.h"
#include "harness/record/build.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a program of a collector: that it is new, and that it is the
 * first by which the collector is known to have changed. */
typedef struct meeting {
  bool fresh, changed;
} meeting;

static meeting meet(report_builds *all, const char *collector, const char *text,
                    const char *id) {
  json_t *programs = json_object_get(all->met, collector);
  char *key = NULL;
  if (asprintf(&key, "%s\n%s", text, id) < 0) {
    say("out of memory");
    exit(EXIT_SOME_FAILED);
  }
  if (!all->met)
    all->met = json_object();
  if (!programs) {
    programs = json_object();
    json_object_set_new(all->met, collector, programs);
  }
  static const char changed[] = ""; /* no program's key */
  meeting m = {.fresh = !json_object_get(programs, key)};
  m.changed = m.fresh && strcmp(text, BUILD_UNKNOWN) != 0 &&
              json_object_size(programs) > 0 &&
              !json_object_get(programs, changed);
  if (m.fresh)
    json_object_set_new(programs, key, json_true());
  if (m.changed)
    json_object_set_new(programs, changed, json_true());
  free(key);
  return m;
}

void builds_add(report_builds *all, const char *collector,
                const json_t *build) {
  char text[BUILD_TEXT];
  const char *id = record_text(build, "id");
  build_text(build, text);
  const meeting m = meet(all, collector, text, id);
  if (!m.fresh)
    return;
  all->items = arena_more(all->items, all->count, sizeof *all->items);
  all->items[all->count++] = (report_build){
      arena_text("%s", collector), arena_text("%s", text), arena_text("%s", id),
      arena_text("%s", record_text(build, "runtime")), m.changed};
}

void builds_free(report_builds *all) {
  json_decref(all->met);
  all->met = NULL;
}

static bool is_known(const report_build *b) {
  return strcmp(b->text, BUILD_UNKNOWN) != 0;
}

/* What the others are held against: the driver, or the first program whose
 * build is known. */
static report_build find_reference(const report_builds *all,
                                   const json_t *driver) {
  char text[BUILD_TEXT];
  build_text(driver, text);
  report_build found = {
      .collector = "the driver", .text = arena_text("%s", text), .id = ""};
  for (size_t i = 0; i < all->count && !is_known(&found); i++)
    found = all->items[i];
  return found;
}

/* Names, the first ones of which are shown. */
enum { NAMES_SHOWN = 16 };
typedef struct names {
  const char *text;
  size_t count;
} names;

static void add_name(names *all, const char *name) {
  if (all->count++ < NAMES_SHOWN)
    all->text = all->text ? arena_text("%s, %s", all->text, name) : name;
}

static const char *names_text(const names *all) {
  return all->count <= NAMES_SHOWN ? all->text
                                   : arena_text("%s and %zu more", all->text,
                                                all->count - NAMES_SHOWN);
}

const char *builds_text(const report_builds *all, const json_t *driver) {
  names other = {0}, changed = {0};
  const report_build usual = find_reference(all, driver);
  for (size_t i = 0; i < all->count; i++) {
    const report_build *b = &all->items[i];
    if (is_known(b) && strcmp(b->text, usual.text))
      add_name(&other, other.count < NAMES_SHOWN
                           ? arena_text("%s (%s)", b->collector, b->text)
                           : "");
    if (b->changed)
      add_name(&changed, b->collector);
  }
  const char *one = "", *two = "";
  if (other.count)
    one = arena_text("Compiled otherwise than %s (%s): %s.", usual.collector,
                     usual.text, names_text(&other));
  if (changed.count)
    two =
        arena_text("Compiled anew between two runs: %s.", names_text(&changed));
  return !other.count && !changed.count
             ? NULL
             : arena_text("%s%s%s", one, *one && *two ? "  " : "", two);
}

const char *builds_unknown(const report_builds *all) {
  names unknown = {0};
  for (size_t i = 0; i < all->count; i++)
    if (!is_known(&all->items[i]))
      add_name(&unknown, all->items[i].collector);
  return unknown.count ? arena_text("How these were compiled is unknown: %s.",
                                    names_text(&unknown))
                       : NULL;
}

const char *builds_runtimes(const report_builds *all) {
  names runtimes = {0};
  json_t *told = json_object();
  for (size_t i = 0; i < all->count; i++) {
    const report_build *b = &all->items[i];
    const char *name = arena_text("%s %s", b->collector, b->runtime);
    if (*b->runtime && !json_object_get(told, name)) {
      json_object_set_new(told, name, json_true());
      add_name(&runtimes, name);
    }
  }
  json_decref(told);
  return runtimes.count ? arena_text("Runtimes: %s.", names_text(&runtimes))
                        : NULL;
}

json_t *builds_json(const report_builds *all) {
  json_t *list = json_array();
  for (size_t i = 0; i < all->count; i++)
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s, s:s*}", "collector",
                        all->items[i].collector, "build", all->items[i].text,
                        "id", all->items[i].id, "runtime",
                        *all->items[i].runtime ? all->items[i].runtime : NULL));
  return list;
}
