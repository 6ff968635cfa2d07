/* builds.c: see builds.h. */
#include "builds.h"
#include "harness/base/arena.h"
#include "harness/record/build.h"
#include "harness/record/record.h"

#include <string.h>

void builds_add(report_builds *all, const char *collector,
                const json_t *build) {
  char text[BUILD_TEXT];
  const char *id = record_text(build, "id");
  build_text(build, text);
  for (size_t i = 0; i < all->count; i++)
    if (!strcmp(all->items[i].collector, collector) &&
        !strcmp(all->items[i].text, text) && !strcmp(all->items[i].id, id))
      return;
  all->items = arena_more(all->items, all->count, sizeof *all->items);
  all->items[all->count++] =
      (report_build){arena_text("%s", collector), arena_text("%s", text),
                     arena_text("%s", id)};
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
  report_build found = {"the driver", arena_text("%s", text), ""};
  for (size_t i = 0; i < all->count && !is_known(&found); i++)
    found = all->items[i];
  return found;
}

/* Whether another program of the same name came before. */
static bool is_changed(const report_builds *all, size_t i) {
  for (size_t k = 0; k < i; k++)
    if (!strcmp(all->items[k].collector, all->items[i].collector))
      return true;
  return false;
}

static const char *add_word(const char *list, const char *word) {
  return arena_text("%s%s%s", list, *list ? ", " : "", word);
}

const char *builds_text(const report_builds *all, const json_t *driver) {
  const char *other = "", *changed = "";
  const report_build usual = find_reference(all, driver);
  for (size_t i = 0; i < all->count; i++) {
    const report_build *b = &all->items[i];
    if (is_known(b) && strcmp(b->text, usual.text))
      other = add_word(other, arena_text("%s (%s)", b->collector, b->text));
    if (is_known(b) && is_changed(all, i))
      changed = add_word(changed, b->collector);
  }
  if (*other)
    other = arena_text("Compiled otherwise than %s (%s): %s.", usual.collector,
                       usual.text, other);
  if (*changed)
    changed = arena_text("Compiled anew between two runs: %s.", changed);
  return !*other && !*changed
             ? NULL
             : arena_text("%s%s%s", other, *other && *changed ? "  " : "",
                          changed);
}

const char *builds_unknown(const report_builds *all) {
  const char *unknown = "";
  for (size_t i = 0; i < all->count; i++)
    if (!is_known(&all->items[i]))
      unknown = add_word(unknown, all->items[i].collector);
  return *unknown
             ? arena_text("How these were compiled is unknown: %s.", unknown)
             : NULL;
}

json_t *builds_json(const report_builds *all) {
  json_t *list = json_array();
  for (size_t i = 0; i < all->count; i++)
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s}", "collector", all->items[i].collector,
                        "build", all->items[i].text, "id", all->items[i].id));
  return list;
}
