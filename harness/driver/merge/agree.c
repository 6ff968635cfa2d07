/* agree.c: see agree.h. */
#include "agree.h"
#include "harness/base/arena.h"
#include "harness/driver/plan/plan-json.h"
#include "harness/record/identity.h"

#include <stdlib.h>
#include <string.h>

/* The plan without what directories of one plan may differ in, new. */
static json_t *shared_plan(const share *s) {
  json_t *shared = json_copy(s->plan_json);
  json_object_del(shared, "rounds");
  json_object_del(shared, "invocations");
  return shared;
}

const char *agree_on_plan(const share *first, const share *s) {
  json_t *a = shared_plan(s), *b = shared_plan(first);
  const char *difference = plan_difference(a, b);
  if (!difference && !json_equal(a, b))
    difference = "their plan.json differ";
  json_decref(a);
  json_decref(b);
  return difference ? arena_text("%s has another plan than %s: %s", s->dir,
                                 first->dir, difference)
                    : NULL;
}

static const char *text_of(const json_t *value) {
  char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
  const char *kept = text ? arena_text("%s", text) : "not known";
  free(text);
  return kept;
}

/* The first member in which `b` differs from `a`: "its git is "x", not "y"". */
static const char *member_difference(const json_t *a, const json_t *b) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)b, key, value) {
    const json_t *other = json_object_get(a, key);
    if (!json_equal(value, other))
      return arena_text("its %s is %s, not %s", key, text_of(value),
                        text_of(other));
  }
  json_object_foreach((json_t *)a, key, value) if (
      !json_object_get(b, key)) return arena_text("its %s is not known, not %s",
                                                  key, text_of(value));
  return NULL;
}

static bool is_planned(const plan *p, const char *name) {
  for (size_t i = 0; i < p->cells_count; i++)
    if (!strcmp(p->cells[i].options.name, name))
      return true;
  return false;
}

/* The first program of the plan whose size differs, likewise. */
static const char *size_difference(const share *first, const share *s) {
  size_t i, k;
  json_t *a, *b;
  json_array_foreach(json_object_get(first->machine_json, "collectors"), i, a)
      json_array_foreach(json_object_get(s->machine_json, "collectors"), k, b) {
    const char *name = record_text(b, "name");
    const json_t *then = json_object_get(a, "bytes");
    const json_t *now = json_object_get(b, "bytes");
    if (!strcmp(record_text(a, "name"), name) && !json_equal(then, now) &&
        is_planned(&s->plan, name))
      return arena_text("its collector %s has %s bytes, not %s", name,
                        text_of(now), text_of(then));
  }
  return NULL;
}

const char *agree_on_build(const share *first, const share *s) {
  const json_t *a = json_object_get(first->machine_json, "build");
  const json_t *b = json_object_get(s->machine_json, "build");
  const char *difference = member_difference(a, b);
  if (!difference)
    difference = size_difference(first, s);
  return difference ? arena_text("%s is of another build than %s: %s", s->dir,
                                 first->dir, difference)
                    : NULL;
}

typedef struct programs {
  json_t *seen; /* by collector: {"build", "dir"} of its first record */
  const share *share;
  const char *wrong;
} programs;

static bool check_program(void *data, json_t *record, unsigned round) {
  programs *p = data;
  (void)round;
  json_t *build = json_object_get(record, "build");
  const char *name = record_text(record, "collector");
  const json_t *before = json_object_get(p->seen, name);
  if (!build) /* the program left no record, or does not tell */
    return true;
  if (!before) {
    json_object_set_new(
        p->seen, name,
        json_pack("{s:O, s:s}", "build", build, "dir", p->share->dir));
    return true;
  }
  const char *difference =
      member_difference(json_object_get(before, "build"), build);
  if (difference)
    p->wrong = arena_text(
        "%s has another build of the collector %s than %s: %s", p->share->dir,
        name, json_string_value(json_object_get(before, "dir")), difference);
  return !difference;
}

const char *agree_on_programs(json_t *seen, const share *s, bool *good) {
  programs p = {seen, s, NULL};
  *good = share_visit(s, check_program, &p) || p.wrong;
  return p.wrong;
}

const char *agree_on_machine(const json_t *first, const json_t *other) {
  const json_t *a = json_object_get(first, "cpu");
  const json_t *b = json_object_get(other, "cpu");
  char of_a[128], of_b[128];
  const char *field = identity_difference(a, b);
  if (field)
    return arena_text("its cpu %s is %s, not %s", field,
                      identity_text(b, field, of_b, sizeof of_b),
                      identity_text(a, field, of_a, sizeof of_a));
  const char *kernel_a = record_text(first, "os.release");
  const char *kernel_b = record_text(other, "os.release");
  if (*kernel_a && *kernel_b && strcmp(kernel_a, kernel_b) != 0)
    return arena_text("its kernel is %s, not %s", kernel_b, kernel_a);
  return NULL;
}
